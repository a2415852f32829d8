/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "assign_mul": variable *= value, both scalars of one floating dtype. What becomes of an
 * optimiser's powers beta^t once all variables have been updated.
 *
 * Source: TensorFlow r1.15, python/training/adam.py (_finish).
 */
#include "base/status.h"
#include "op/update.h"

static tare_status assign_mul_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "variable"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_rank(infer, 0, 0, "variable"));
    return tare_infer_rank(infer, 1, 0, "factor");
}

static tare_status multiply_f32(const tare_run *run) {
    *(float *)run->inputs[0] *= *(const float *)run->inputs[1];
    return TARE_OK;
}

static tare_status multiply_f64(const tare_run *run) {
    *(double *)run->inputs[0] *= *(const double *)run->inputs[1];
    return TARE_OK;
}

static tare_status assign_mul_prepare(tare_prepare *prepare) {
    prepare->run = prepare->inputs[0].dtype == TARE_FLOAT64 ? multiply_f64 : multiply_f32;
    return TARE_OK;
}

const tare_op_def tare_assign_mul_ops[] = {
    {.name = "assign_mul",
     .node_name = "AssignMul",
     .min_inputs = 2,
     .max_inputs = 2,
     .writes = 1u << 0,
     .infer = assign_mul_infer,
     .prepare = assign_mul_prepare,
     .run = multiply_f32},
    {.name = NULL},
};
