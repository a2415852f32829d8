/* SPDX-License-Identifier: Apache-2.0 */
/* cast: the same numbers as another dtype. dx = dy cast back, between floating dtypes. */
#include "kernel/cast.h"
#include "op/order.h"
#include "op/rules.h"
#include <tare/op.h>

#define CAST_FIELDS(field)                                                                         \
    field(dtype, dtype, TARE_FLOAT32, "dtype of the result")                                       \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(cast_options, CAST_FIELDS);
#define TARE_TABLE_STRUCT cast_options
TARE_OPTION_TABLE(static, cast_table, CAST_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status cast_infer(tare_infer *infer) {
    const cast_options *options = infer->options;
    const tare_dtype from = infer->inputs[0].dtype, to = options->dtype;
    infer->outputs[0] = (tare_type){to, infer->inputs[0].shape};
    if (from == to || tare_cast_loop_of(from, to)) return TARE_OK;
    char got[96];
    tare_print(got, sizeof got, "%s to be cast to %s", tare_dtype_name(from), tare_dtype_name(to));
    return tare_infer_refuse(infer, TARE_ERROR_TYPE, got,
                             "float32, float64, int32, int64, int8, uint8 or bool on both sides");
}

static tare_status cast_gradient(tare_gradient *g) {
    const tare_dtype from = tare_tensor_dtype(g->inputs[0]);
    if (tare_dtype_is_floating(from, NULL) &&
        tare_dtype_is_floating(tare_tensor_dtype(g->outputs[0]), NULL))
        g->input_gradients[0] = tare_cast(g->output_gradients[0], from);
    return TARE_OK;
}

static tare_status cast_step(const tare_run *run) {
    tare_unary_run(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status cast_prepare(tare_prepare *prepare) {
    const tare_dtype from = prepare->inputs[0].dtype, to = prepare->outputs[0].dtype;
    if (from == to) return tare_alias_prepare(prepare);
    const tare_unary_pass pass = {.loop = tare_cast_loop_of(from, to),
                                  .count = tare_input_count(prepare, 0),
                                  .slices = 1,
                                  .in_size = tare_dtype_size(from),
                                  .out_size = tare_dtype_size(to)};
    return tare_prepare_state(prepare, &pass, sizeof pass);
}

enum { TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example cast_examples[] = {
    {"[2,3]", "dtype=float64", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[2,3]", "dtype=float32", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[2,3]", "dtype=int32", -9, 9, NULL, TEST},
    {"int32[5]", "dtype=uint8", 0, 9, NULL, TEST},
    {"bool[5]", "dtype=float32", 0, 0, NULL, TEST},
    {"[0]", "dtype=bool", 0, 0, NULL, TEST},
    {"[2]", "dtype=bfloat16", 0, 0, "on both sides", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_cast_ops[] = {
    {.name = "cast",
     .node_name = "Cast",
     .table = &cast_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = cast_infer,
     .gradient = cast_gradient,
     .prepare = cast_prepare,
     .run = cast_step,
     .can = &tare_pointwise_can,
     .examples = cast_examples},
    {.name = NULL},
};

tare_tensor tare_cast_with(tare_tensor x, tare_dtype dtype, const tare_op_options *options) {
    cast_options all = {TARE_DEFAULTS(cast_options, CAST_FIELDS)};
    all.dtype = dtype;
    if (options) all.name = options->name;
    return tare_build_node(NULL, &tare_cast_ops[0], NULL, &x, 1, &all);
}
