/* SPDX-License-Identifier: Apache-2.0 */
/* argmax and argmin: where the first greatest or smallest number stands along an axis. No gradient
 * flows. */
#include "kernel/argmax.h"
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_argmax_options
TARE_OPTION_TABLE(static, argmax_table, TARE_ARGMAX_FIELDS);
#undef TARE_TABLE_STRUCT

static bool searchable(tare_dtype dtype, const void *unused) {
    return tare_dtype_is_number(dtype, unused) || dtype == TARE_UINT8;
}

static tare_status argmax_infer(tare_infer *infer) {
    const tare_argmax_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    TARE_TRY(tare_infer_dtype(infer, 0, "x", searchable, NULL));
    if (!tare_dtype_is_index(options->output_type, NULL))
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, tare_dtype_name(options->output_type),
                                 "int32 or int64 as output_type");
    infer->outputs[0] = (tare_type){options->output_type, TARE_ANY_SHAPE};
    if (x.rank == TARE_UNKNOWN_RANK) return TARE_OK;
    int axis = 0;
    TARE_TRY(tare_infer_axis(infer, options->axis, x.rank, &axis));
    if (x.extents[axis] == 0)
        return tare_infer_refuse_shape(infer, 0, "x", "at least one number along the axis");
    tare_shape y = {.rank = 0};
    for (int d = 0; d < x.rank; d++)
        if (d != axis) y.extents[y.rank++] = x.extents[d];
    infer->outputs[0].shape = y;
    return TARE_OK;
}

typedef struct search {
    tare_argmax_search search;
    tare_dtype dtype;
} search;

static tare_status argmax_step(const tare_run *run) {
    const search *state = run->state;
    tare_argmax_run(&state->search, state->dtype, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status prepare_search(tare_prepare *prepare, bool smallest) {
    const tare_argmax_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape;
    const tare_middle m = tare_shape_around(x, tare_shape_axis(options->axis, x.rank));
    const search state = {.search = {.outer = m.outer,
                                     .count = m.count,
                                     .inner = m.inner,
                                     .smallest = smallest,
                                     .index_size = tare_dtype_size(options->output_type)},
                          .dtype = prepare->inputs[0].dtype};
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status argmax_prepare(tare_prepare *prepare) { return prepare_search(prepare, false); }
static tare_status argmin_prepare(tare_prepare *prepare) { return prepare_search(prepare, true); }

enum { ARGMAX, ARGMIN, TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example argmax_examples[] = {
    {"[4,3]", "", 0, 0, NULL, TEST},
    {"[4,3]", "axis=-1,output_type=int32", 0, 0, NULL, TEST},
    {"[2,5,3]", "axis=1", 0, 0, NULL, TEST},
    {"int32[5]", "", 0, 9, NULL, TEST},
    {"[3,0]", "", 0, 0, NULL, TEST},
    {"[0,3]", "", 0, 0, "at least one number", 0},
    {"[4,3]", "axis=2", 0, 0, "axis 2", 0},
    {"[4]", "output_type=float32", 0, 0, "int32 or int64", 0},
    {"bool[4]", "", 0, 0, "of dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_argmax_ops[] = {
    [ARGMAX] = {.name = "argmax",
                .node_name = "ArgMax",
                .table = &argmax_table,
                .min_inputs = 1,
                .max_inputs = 1,
                .output_count = 1,
                .infer = argmax_infer,
                .prepare = argmax_prepare,
                .run = argmax_step,
                .examples = argmax_examples},
    [ARGMIN] = {.name = "argmin",
                .node_name = "ArgMin",
                .table = &argmax_table,
                .min_inputs = 1,
                .max_inputs = 1,
                .output_count = 1,
                .infer = argmax_infer,
                .prepare = argmin_prepare,
                .run = argmax_step,
                .examples = argmax_examples},
    {.name = NULL},
};

tare_tensor tare_argmax_with(tare_tensor x, const tare_argmax_options *options) {
    return tare_build_node(NULL, &tare_argmax_ops[ARGMAX], NULL, &x, 1, options);
}

tare_tensor tare_argmin_with(tare_tensor x, const tare_argmax_options *options) {
    return tare_build_node(NULL, &tare_argmax_ops[ARGMIN], NULL, &x, 1, options);
}
