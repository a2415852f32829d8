/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that move input 0 into output 0 by strides: transposes, slices, repeats, reversals. */
#ifndef TARE_SRC_OP_STRIDED_H
#define TARE_SRC_OP_STRIDED_H

#include "kernel/strided.h"
#include "op/rules.h"

/* copy: rank, extents, strides and starts filled in; the element size is the output's. */
tare_status tare_prepare_strided(tare_prepare *prepare, tare_strided *copy);
tare_status tare_strided_step(const tare_run *run);

#endif
