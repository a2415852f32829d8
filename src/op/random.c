/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers, new in every run: uniform in [low, high), normal with mean low and deviation
 * high, the same redrawn beyond two deviations.
 */
#include "kernel/draw.h"
#include "op/rules.h"
#include <tare/op.h>

extern const tare_op_def tare_random_ops[];

#define RANDOM_NODE_FIELDS(field)                                                                  \
    field(shape, shape, TARE_SCALAR, "of the result") field(real, low, 0, "low end, or mean")      \
        field(real, high, 1, "high end, or deviation") field(integer, seed, 0, "0: of the graph")  \
            field(dtype, dtype, TARE_FLOAT32, "of the result")                                     \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(random_node_options, RANDOM_NODE_FIELDS);
#define TARE_TABLE_STRUCT random_node_options
TARE_OPTION_TABLE(static, random_table, RANDOM_NODE_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_random_options
TARE_OPTION_TABLE(static, given_table, TARE_RANDOM_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status random_infer(tare_infer *infer) {
    const random_node_options *options = infer->options;
    if (!tare_dtype_is_floating(options->dtype, NULL))
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, tare_dtype_name(options->dtype),
                                 "float32 or float64");
    if (!tare_shape_known(options->shape) || tare_shape_count(options->shape) < 0) {
        char got[TARE_SHAPE_TEXT];
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, tare_shape_text(got, options->shape),
                                 "a known shape");
    }
    infer->outputs[0] = (tare_type){options->dtype, options->shape};
    return TARE_OK;
}

typedef struct draw {
    tare_draw which;
    uint64_t key;
    double low, high;
    int64_t count;
    tare_dtype dtype;
} draw;

static tare_status random_step(const tare_run *run) {
    const draw *state = run->state;
    const tare_random random = {.key = state->key, .stream = *run->random_stream};
    tare_draw_run(state->which, &random, state->dtype, state->count, state->low, state->high,
                  run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status prepare_draw(tare_prepare *prepare, tare_draw which) {
    const random_node_options *options = prepare->options;
    const draw state = {.which = which,
                        .key = tare_random_key(prepare->random_key, (uint64_t)options->seed),
                        .low = options->low,
                        .high = options->high,
                        .count = tare_output_count(prepare, 0),
                        .dtype = options->dtype};
    return tare_prepare_state(prepare, &state, sizeof state);
}

enum { RANDOM = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example random_examples[] = {
    {"", "shape=3,4", 0, 0, NULL, RANDOM},
    {"", "shape=0,4,dtype=float64", 0, 0, NULL, RANDOM},
    {"", "shape=300,low=-1,high=1,seed=7", 0, 0, NULL, RANDOM},
    {"", "shape=?,4", 0, 0, "a known shape", 0},
    {"", "shape=3,dtype=int32", 0, 0, "float32 or float64", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

/* op(name, node name, kernel) */
/* clang-format off */
#define RANDOM_OPS(op)                                  \
    op(random_uniform, "random_uniform", UNIFORM)       \
    op(random_normal, "random_normal", NORMAL)          \
    op(truncated_normal, "truncated_normal", TRUNCATED)
/* clang-format on */

static tare_tensor build(int op, tare_graph *graph, tare_shape shape,
                         const tare_random_options *options) {
    tare_random_options given;
    tare_options_adopt(&given_table, options, &given);
    random_node_options all = {TARE_DEFAULTS(random_node_options, RANDOM_NODE_FIELDS)};
    all.shape = shape;
    all.low = given.low;
    all.high = given.high;
    all.seed = given.seed;
    all.dtype = given.dtype;
    all.name = given.name;
    return tare_build_node(graph, &tare_random_ops[op], NULL, NULL, 0, &all);
}

#define PLACE(name, node, which) AT_##name,
enum { RANDOM_OPS(PLACE) AT_END };
#define FUNCTIONS(name, node, which)                                                               \
    static tare_status name##_prepare(tare_prepare *prepare) {                                     \
        return prepare_draw(prepare, TARE_DRAW_##which);                                           \
    }                                                                                              \
    tare_tensor tare_##name##_with(tare_graph *graph, tare_shape shape,                            \
                                   const tare_random_options *options) {                           \
        return build(AT_##name, graph, shape, options);                                            \
    }
RANDOM_OPS(FUNCTIONS)
#define DEF(name_, node, which)                                                                    \
    [AT_##name_] = {.name = #name_,                                                                \
                    .node_name = node,                                                             \
                    .table = &random_table,                                                        \
                    .min_inputs = 0,                                                               \
                    .max_inputs = 0,                                                               \
                    .output_count = 1,                                                             \
                    .flags = TARE_OP_RANDOM,                                                       \
                    .infer = random_infer,                                                         \
                    .prepare = name_##_prepare,                                                    \
                    .run = random_step,                                                            \
                    .examples = random_examples},
const tare_op_def tare_random_ops[] = {RANDOM_OPS(DEF)[AT_END] = {.name = NULL}};
