/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assign, assign_add, assign_sub: a variable becomes value, variable + value, variable - value. The
 * output is the new value. No gradient flows.
 */
#include "kernel/elementwise.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

static tare_status assign_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_same_dtypes(infer));
    if (!tare_shape_compatible(infer->inputs[0].shape, infer->inputs[1].shape))
        return tare_infer_refuse_shapes(infer, 0, 1, "a value of the variable's shape");
    return tare_infer_like_first(infer);
}

static tare_status accumulate_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "variable", tare_dtype_is_number, NULL));
    return assign_infer(infer);
}

typedef struct assign {
    size_t bytes;
    tare_binary_pass pass; /* of assign_add and assign_sub */
} assign;

static void give_value(const tare_run *run, size_t bytes) {
    if (run->outputs[0]) memcpy(run->outputs[0], run->inputs[0], bytes);
}

static tare_status assign_step(const tare_run *run) {
    const assign *state = run->state;
    memmove(run->inputs[0], run->inputs[1], state->bytes);
    give_value(run, state->bytes);
    return TARE_OK;
}

static tare_status accumulate_step(const tare_run *run) {
    const assign *state = run->state;
    tare_binary_run(&state->pass, run->inputs[0], run->inputs[1], run->inputs[0], NULL, run->pool);
    give_value(run, state->bytes);
    return TARE_OK;
}

static tare_status assign_prepare(tare_prepare *prepare) {
    const assign state = {.bytes = tare_input_bytes(prepare, 0)};
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status prepare_accumulation(tare_prepare *prepare, tare_binary which) {
    assign state = {.bytes = tare_input_bytes(prepare, 0)};
    const tare_shape shape = prepare->inputs[0].shape;
    tare_binary_plan(&state.pass, which, prepare->inputs[0].dtype, shape, shape, 0);
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status assign_add_prepare(tare_prepare *prepare) {
    return prepare_accumulation(prepare, TARE_BINARY_ADD);
}
static tare_status assign_sub_prepare(tare_prepare *prepare) {
    return prepare_accumulation(prepare, TARE_BINARY_SUB);
}

enum { ASSIGN, ASSIGN_ADD, ASSIGN_SUB };

#define ASSIGNS(function, node, flags_, infer_, step)                                              \
    {                                                                                              \
        .name = #function, .node_name = node, .min_inputs = 2, .max_inputs = 2, .output_count = 1, \
        .flags = TARE_OP_STATEFUL | (flags_), .writes = 1u << 0, .infer = infer_,                  \
        .prepare = function##_prepare, .run = step                                                 \
    }

const tare_op_def tare_assign_ops[] = {
    [ASSIGN] = ASSIGNS(assign, "Assign", TARE_OP_OVERWRITES, assign_infer, assign_step),
    [ASSIGN_ADD] = ASSIGNS(assign_add, "AssignAdd", 0, accumulate_infer, accumulate_step),
    [ASSIGN_SUB] = ASSIGNS(assign_sub, "AssignSub", 0, accumulate_infer, accumulate_step),
    {.name = NULL},
};

static tare_tensor build(int op, tare_tensor variable, tare_tensor value,
                         const tare_op_options *options) {
    const tare_tensor inputs[] = {variable, value};
    return tare_build_node(NULL, &tare_assign_ops[op], NULL, inputs, 2, options);
}

tare_tensor tare_assign_with(tare_tensor variable, tare_tensor value,
                             const tare_op_options *options) {
    return build(ASSIGN, variable, value, options);
}
tare_tensor tare_assign_add_with(tare_tensor variable, tare_tensor value,
                                 const tare_op_options *options) {
    return build(ASSIGN_ADD, variable, value, options);
}
tare_tensor tare_assign_sub_with(tare_tensor variable, tare_tensor value,
                                 const tare_op_options *options) {
    return build(ASSIGN_SUB, variable, value, options);
}
