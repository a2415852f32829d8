/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that reduce axes: what reductions, sum_like, tiles' gradients and l2_loss share. */
#ifndef TARE_SRC_OP_REDUCTION_H
#define TARE_SRC_OP_REDUCTION_H

#include "kernel/reduction.h"
#include "op/rules.h"

/* Sets up a step that reduces input 0, seen as extents, over the axes in mask. */
tare_status tare_prepare_reduction(tare_prepare *prepare, tare_reduce which, int rank,
                                   const int64_t *extents, uint32_t mask, double divisor);
tare_status tare_reduction_step(const tare_run *run);

/* The shape that is left of shape: reduced axes dropped, or kept with extent 1. */
tare_shape tare_reduced_shape(tare_shape shape, uint32_t mask, bool keepdims);

#endif
