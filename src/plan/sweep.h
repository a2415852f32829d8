/* SPDX-License-Identifier: Apache-2.0 */
/* A step that updates many variables, as the pass makes it and as it runs. */
#ifndef TARE_SRC_PLAN_SWEEP_H
#define TARE_SRC_PLAN_SWEEP_H

#include "graph/op.h"

/* The step's options: updates of one op, whose inputs stand one after the other. */
typedef struct tare_sweep {
    const tare_op_def *def; /* of every update */
    int32_t count, inputs;  /* updates; inputs of each */
    const void **options;   /* by update */
} tare_sweep;

tare_status tare_sweep_prepare(tare_prepare *prepare);

#endif
