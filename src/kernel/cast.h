/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of one kind as another: float32, float64, int32, int64, int8, uint8, bool.
 *
 * Floats go to whole numbers towards 0; NaN and what does not fit give the lowest int32 or int64,
 * as the x86 instruction does; whole numbers that do not fit wrap; everything but 0 is true.
 */
#ifndef TARE_SRC_KERNEL_CAST_H
#define TARE_SRC_KERNEL_CAST_H

#include "kernel/elementwise.h"

/* NULL: there is no such conversion. */
tare_unary_loop tare_cast_loop_of(tare_dtype from, tare_dtype to);

#endif
