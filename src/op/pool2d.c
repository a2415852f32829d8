/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Max and average pooling over NHWC data; padding counts in neither.
 *
 *     max       dx = dy at the first greatest of each window (max_pool_gradient), which for dy is
 *               differentiated by picking there (max_pool_pick)
 *     average   dx = dy / count over each window (average_pool_gradient)
 *
 * Source: TensorFlow r1.15, core/kernels/maxpooling_op.cc, avgpooling_op.cc, python/ops/nn_grad.py.
 */
#include "kernel/pooling.h"

#include "op/spatial.h"

extern const tare_op_def tare_pool2d_ops[];
enum { MAX, AVERAGE, MAX_GRADIENT, MAX_PICK, AVERAGE_GRADIENT };

#define TARE_TABLE_STRUCT  tare_nn_pool_options
#define TARE_WORDS_padding TARE_PADDING_WORDS
TARE_OPTION_TABLE(static, pool_table, TARE_NN_POOL_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

/* The pooled shape of input i. */
static tare_status pooled_shape(const tare_infer *infer, int i, tare_shape *y) {
    const tare_nn_pool_options *options = infer->options;
    tare_shape x = infer->inputs[i].shape;
    TARE_TRY(tare_infer_rank(infer, i, 4, "x"));
    if (x.rank < 0)
        x = (tare_shape){.rank = 4, .extents = {TARE_ANY, TARE_ANY, TARE_ANY, TARE_ANY}};
    if (options->padding != TARE_PADDING_VALID && options->padding != TARE_PADDING_SAME)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "explicit padding",
                                 "valid or same padding");
    tare_windows windows = {
        .rank = 2, .padding = (tare_padding)options->padding, .dilation = {1, 1, 1}};
    TARE_TRY(tare_infer_spatial(infer, "ksize", options->ksize, 2, windows.window));
    TARE_TRY(tare_infer_spatial(infer, "strides", options->strides, 2, windows.stride));
    *y = x;
    for (int d = 1; d < TARE_SPATIAL; d++) {
        y->extents[d] = tare_windows_place(&windows, d, x.extents[d]);
        if (y->extents[d] < TARE_ANY)
            return tare_infer_refuse_shape(infer, i, "x", "extents no smaller than the window");
    }
    return TARE_OK;
}

static tare_status pool_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    infer->outputs[0].dtype = infer->inputs[0].dtype;
    return pooled_shape(infer, 0, &infer->outputs[0].shape);
}

static tare_status check_pooled(const tare_infer *infer, int x, int y) {
    tare_shape pooled;
    TARE_TRY(pooled_shape(infer, x, &pooled));
    if (tare_shape_compatible(pooled, infer->inputs[y].shape)) return TARE_OK;
    return tare_infer_refuse_shapes(infer, y, x, "the pooled shape of the second");
}

/* x, dy -> dx */
static tare_status max_gradient_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    infer->outputs[0] = infer->inputs[0];
    return check_pooled(infer, 0, 1);
}

/* x, u (both unpooled) -> pooled */
static tare_status max_pick_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_all_alike(infer));
    return pool_infer(infer);
}

/* dy, x for its shape -> dx */
static tare_status average_gradient_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "dy"));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[1].shape};
    return check_pooled(infer, 1, 0);
}

/* ---- steps */

static tare_status prepare_pool(tare_prepare *prepare, tare_shape x, tare_shape y,
                                tare_step_function f32, tare_step_function f64) {
    const tare_nn_pool_options *options = prepare->options;
    tare_windows windows = {
        .rank = 2, .padding = (tare_padding)options->padding, .dilation = {1, 1, 1}};
    tare_spread_spatial(options->ksize, 2, windows.window);
    tare_spread_spatial(options->strides, 2, windows.stride);
    tare_pooling p = {.batch = x.extents[0], .channels = x.extents[3]};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        p.in[d] = d < 1 ? 1 : x.extents[d];
        p.out[d] = d < 1 ? 1 : y.extents[d];
        if (d > 0) tare_windows_place(&windows, d, p.in[d]);
        p.window[d] = windows.window[d];
        p.stride[d] = windows.stride[d];
        p.before[d] = d < 1 ? 0 : windows.before[d];
    }
    prepare->run = prepare->outputs[0].dtype == TARE_FLOAT64 ? f64 : f32;
    return tare_prepare_state(prepare, &p, sizeof p);
}

#define POOL_STEP(kernel, ...)                                                                     \
    static tare_status kernel##_step(const tare_run *run) {                                        \
        tare_pool_##kernel(run->state, __VA_ARGS__, run->outputs[0], run->pool);                   \
        return TARE_OK;                                                                            \
    }
POOL_STEP(max_f32, run->inputs[0])
POOL_STEP(max_f64, run->inputs[0])
POOL_STEP(average_f32, run->inputs[0])
POOL_STEP(average_f64, run->inputs[0])
POOL_STEP(max_gradient_f32, run->inputs[0], run->inputs[1])
POOL_STEP(max_gradient_f64, run->inputs[0], run->inputs[1])
POOL_STEP(max_pick_f32, run->inputs[0], run->inputs[1])
POOL_STEP(max_pick_f64, run->inputs[0], run->inputs[1])
POOL_STEP(average_gradient_f32, run->inputs[0])
POOL_STEP(average_gradient_f64, run->inputs[0])

/* Input and output are the unpooled and the pooled array, or the other way round. */
#define POOL_PREPARE(kernel, x, y)                                                                 \
    static tare_status kernel##_prepare(tare_prepare *prepare) {                                   \
        return prepare_pool(prepare, prepare->x.shape, prepare->y.shape, kernel##_f32_step,        \
                            kernel##_f64_step);                                                    \
    }
POOL_PREPARE(max, inputs[0], outputs[0])
POOL_PREPARE(average, inputs[0], outputs[0])
POOL_PREPARE(max_gradient, inputs[0], inputs[1])
POOL_PREPARE(max_pick, inputs[0], outputs[0])
POOL_PREPARE(average_gradient, inputs[1], inputs[0])

/* ---- gradients */

static tare_tensor build(const tare_gradient *g, int op, tare_tensor first, tare_tensor second) {
    const tare_tensor inputs[] = {first, second};
    return tare_build_node(NULL, &tare_pool2d_ops[op], NULL, inputs, 2, g->options);
}

static tare_status max_gradient(tare_gradient *g) {
    g->input_gradients[0] = build(g, MAX_GRADIENT, g->inputs[0], g->output_gradients[0]);
    return TARE_OK;
}

static tare_status average_gradient(tare_gradient *g) {
    g->input_gradients[0] = build(g, AVERAGE_GRADIENT, g->output_gradients[0], g->inputs[0]);
    return TARE_OK;
}

/* Where the greatest stand does not change with x. */
static tare_status max_gradient_gradient(tare_gradient *g) {
    if (g->wanted[1])
        g->input_gradients[1] = build(g, MAX_PICK, g->inputs[0], g->output_gradients[0]);
    return TARE_OK;
}

static tare_status max_pick_gradient(tare_gradient *g) {
    if (g->wanted[1])
        g->input_gradients[1] = build(g, MAX_GRADIENT, g->inputs[0], g->output_gradients[0]);
    return TARE_OK;
}

static tare_status average_gradient_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_nn_avg_pool2d_with(g->output_gradients[0], g->options);
    return TARE_OK;
}

/* ---- the family */

static const tare_example pool_examples[] = {
    {"[2,4,6,3]", "", 0, 0, NULL, 0},
    {"[2,5,5,1]", "ksize=3,strides=2,padding=same", 0, 0, NULL, 0},
    {"[1,7,5,2]", "ksize=3,2,strides=1,2", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[1,3,3,2]", "ksize=2,strides=3,padding=same", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[0,4,4,1]", "", 0, 0, NULL, 0},
    {"[2,1,6,3]", "", 0, 0, "no smaller than the window", 0},
    {"[2,4,6]", "", 0, 0, "rank 4", 0},
    {"[2,4,6,3]", "ksize=0", 0, 0, "ksize", 0},
    {"[2,4,6,3]", "strides=1,2,3", 0, 0, "strides", 0},
    {"[2,4,6,3]", "padding=explicit", 0, 0, "valid or same", 0},
    {"int32[2,4,6,3]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example max_gradient_examples[] = {
    {"[2,4,6,3] [2,2,3,3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,4,6,3] [2,2,2,3]", "", 0, 0, "pooled shape", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example max_pick_examples[] = {
    {"[2,4,6,3] [2,4,6,3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,4,6,3] [2,4,6,2]", "", 0, 0, "one shape", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example average_gradient_examples[] = {
    {"[2,2,3,3] [2,4,6,3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,2,2,3] [2,4,6,3]", "", 0, 0, "pooled shape", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define POOL_OP(name_, node, inputs, like, infer_, function, examples_)                            \
    {                                                                                              \
        .name = name_, .node_name = node, .table = &pool_table, .min_inputs = inputs,              \
        .max_inputs = inputs, .output_count = 1, .shape_only = like, .infer = infer_,              \
        .gradient = function##_gradient, .prepare = function##_prepare,                            \
        .run = function##_f32_step, .examples = examples_                                          \
    }

const tare_op_def tare_pool2d_ops[] = {
    [MAX] = POOL_OP("nn_max_pool2d", "MaxPool2d", 1, 0, pool_infer, max, pool_examples),
    [AVERAGE] = POOL_OP("nn_avg_pool2d", "AvgPool2d", 1, 0, pool_infer, average, pool_examples),
    [MAX_GRADIENT] = POOL_OP("max_pool_gradient", "MaxPoolGrad", 2, 0, max_gradient_infer,
                             max_gradient, max_gradient_examples),
    [MAX_PICK] = POOL_OP("max_pool_pick", "MaxPoolGradGrad", 2, 0, max_pick_infer, max_pick,
                         max_pick_examples),
    [AVERAGE_GRADIENT] =
        POOL_OP("average_pool_gradient", "AvgPoolGrad", 2, 1u << 1, average_gradient_infer,
                average_gradient, average_gradient_examples),
    {.name = NULL},
};

tare_tensor tare_nn_max_pool2d_with(tare_tensor x, const tare_nn_pool_options *options) {
    return tare_build_node(NULL, &tare_pool2d_ops[MAX], NULL, &x, 1, options);
}

tare_tensor tare_nn_avg_pool2d_with(tare_tensor x, const tare_nn_pool_options *options) {
    return tare_build_node(NULL, &tare_pool2d_ops[AVERAGE], NULL, &x, 1, options);
}
