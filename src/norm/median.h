/* SPDX-License-Identifier: Apache-2.0 */
/* The middle of some numbers. */
#ifndef TARE_SRC_NORM_MEDIAN_H
#define TARE_SRC_NORM_MEDIAN_H

#include "base/memory.h"

/* The upper one where two stand in the middle; NaN: no numbers, or no memory for their order. */
double tare_median(tare_arena *arena, const double *numbers, int64_t count);

#endif
