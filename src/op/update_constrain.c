/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "constrain": makes a variable satisfy its constraint, after an optimiser has updated it. The
 * formulas stand in kernel/update.c. Norms are taken over axis 0; a scalar counts as one row.
 *
 * Source: TensorFlow r1.15, python/keras/constraints.py and python/training/optimizer.py
 * (_RefVariableProcessor.update_op).
 */
#include "array/shape.h"
#include "base/status.h"
#include "kernel/update.h"
#include "op/update.h"

#define TARE_TABLE_STRUCT tare_constrain_options
TARE_OPTION_TABLE(static, constrain_table, TARE_CONSTRAIN_FIELDS);
#undef TARE_TABLE_STRUCT

static const tare_constraint_rule rules[] = {
    [TARE_NON_NEGATIVE] = TARE_CONSTRAINT_NON_NEGATIVE,
    [TARE_UNIT_NORM] = TARE_CONSTRAINT_UNIT_NORM,
    [TARE_MAX_NORM_2] = TARE_CONSTRAINT_MAX_NORM,
};

static tare_status constrain_infer(tare_infer *infer) {
    const tare_constrain_options *options = infer->options;
    if (options->constraint < TARE_NON_NEGATIVE || options->constraint > TARE_MAX_NORM_2)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "a constraint that is none",
                                 "a value of tare_constraint");
    return tare_infer_floating(infer, 0, "variable");
}

typedef struct constrain_state {
    tare_constraint_use use; /* x is told by each run */
    bool is_double;
} constrain_state;

static tare_status constrain_prepare(tare_prepare *prepare) {
    constrain_state *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    const tare_constrain_options *options = prepare->options;
    const tare_shape shape = prepare->inputs[0].shape;
    const int64_t count = tare_shape_count(shape), rows = shape.rank > 0 ? shape.extents[0] : 1;
    state->use = (tare_constraint_use){.rule = rules[options->constraint],
                                       .most = 2,
                                       .rows = rows,
                                       .columns = rows > 0 ? count / rows : 0};
    state->is_double = prepare->inputs[0].dtype == TARE_FLOAT64;
    prepare->state = state;
    return TARE_OK;
}

static tare_status constrain_run(const tare_run *run) {
    const constrain_state *state = run->state;
    tare_constraint_use use = state->use;
    use.x = run->inputs[0];
    (state->is_double ? tare_constrain_f64 : tare_constrain_f32)(&use, run->pool);
    return TARE_OK;
}

const tare_op_def tare_constrain_ops[] = {
    {.name = "constrain",
     .node_name = "Constrain",
     .table = &constrain_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .writes = 1u << 0,
     .infer = constrain_infer,
     .prepare = constrain_prepare,
     .run = constrain_run},
    {.name = NULL},
};
