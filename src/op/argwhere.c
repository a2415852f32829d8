/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argwhere: where a condition holds, as rows of indices in row-major order. The shape of a result
 * does not depend on numbers here, so the rows are as many as there is room for:
 *
 *     size given    exactly size places hold, or the run fails
 *     else          one row for every element; those behind the last place are -1, and output 1
 *                   says how many places there are
 *
 * Source: TensorFlow r1.15, core/ops/array_ops.cc (Where), whose result has as many rows as places.
 */
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_argwhere_options
TARE_OPTION_TABLE(static, argwhere_table, TARE_ARGWHERE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status argwhere_infer(tare_infer *infer) {
    const tare_argwhere_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 0, "condition", tare_dtype_is_bool, NULL));
    if (options->size < -1) {
        char got[64];
        tare_print(got, sizeof got, "size %lld", (long long)options->size);
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "0 or more");
    }
    const tare_shape x = infer->inputs[0].shape;
    const int64_t count = tare_shape_count(x), rows = options->size < 0 ? count : options->size;
    infer->outputs[0].dtype = TARE_INT64;
    infer->outputs[0].shape =
        TARE_SHAPE(rows < 0 ? TARE_ANY : rows, x.rank < 0 ? TARE_ANY : x.rank);
    infer->outputs[1] = (tare_type){TARE_INT64, TARE_SCALAR};
    return tare_infer_countable(infer, 0);
}

typedef struct argwhere {
    tare_shape shape;
    int64_t count, rows;
    bool exact;
    const char *op, *node;
} argwhere;

static void write_place(const argwhere *state, int64_t at, int64_t *row) {
    for (int d = state->shape.rank - 1; d >= 0; d--) {
        row[d] = at % state->shape.extents[d];
        at /= state->shape.extents[d];
    }
}

static tare_status check_count(const argwhere *state, int64_t places, tare_error *error) {
    if (!state->exact || places == state->rows) return TARE_OK;
    char got[64], need[64];
    tare_print(got, sizeof got, "a condition that holds at %lld places", (long long)places);
    tare_print(need, sizeof need, "%lld, its size", (long long)state->rows);
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, state->op, state->node, got, need);
}

static tare_status argwhere_step(const tare_run *run) {
    const argwhere *state = run->state;
    const bool *condition = run->inputs[0];
    const int rank = state->shape.rank;
    int64_t *rows = run->outputs[0], *number = run->outputs[1], places = 0;
    for (int64_t i = 0; i < state->count; i++) {
        if (!condition[i]) continue;
        if (rows && places < state->rows) write_place(state, i, rows + places * rank);
        places++;
    }
    for (int64_t i = places * rank; rows && i < state->rows * rank; i++) rows[i] = -1;
    if (number) *number = places;
    return check_count(state, places, run->error);
}

static tare_status argwhere_prepare(tare_prepare *prepare) {
    const tare_argwhere_options *options = prepare->options;
    const argwhere state = {.shape = prepare->inputs[0].shape,
                            .count = tare_input_count(prepare, 0),
                            .rows = prepare->outputs[0].shape.extents[0],
                            .exact = options->size >= 0,
                            .op = prepare->op,
                            .node = tare_arena_text(prepare->arena, prepare->node)};
    if (!state.node) return tare_fail_memory(prepare->error);
    return tare_prepare_state(prepare, &state, sizeof state);
}

enum { TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example argwhere_examples[] = {
    {"bool[3,4]", "", 0, 0, NULL, TEST}, {"bool[]", "", 0, 0, NULL, TEST},
    {"bool[0,3]", "", 0, 0, NULL, TEST}, {"bool[0]", "size=0", 0, 0, NULL, TEST},
    {"[3]", "", 0, 0, "needs bool", 0},  {"bool[3]", "size=-2", 0, 0, "0 or more", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_argwhere_ops[] = {
    {.name = "argwhere",
     .node_name = "Where",
     .table = &argwhere_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 2,
     .flags = TARE_OP_CAN_FAIL,
     .infer = argwhere_infer,
     .prepare = argwhere_prepare,
     .run = argwhere_step,
     .examples = argwhere_examples},
    {.name = NULL},
};

tare_tensor tare_argwhere_with(tare_tensor condition, const tare_argwhere_options *options) {
    return tare_build_node(NULL, &tare_argwhere_ops[0], NULL, &condition, 1, options);
}
