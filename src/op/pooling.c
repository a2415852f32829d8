/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Max and average pooling with 1 to 3 spatial axes; padding counts in neither. Channels first is
 * lowered to channels last between transposes.
 *
 *     max       dx = dy at the first greatest of each window (max_pool_gradient), which for dy is
 *               differentiated by picking there (max_pool_pick)
 *     average   dx = dy / count over each window (average_pool_gradient)
 *
 * nn_max_pool and nn_avg_pool take any number of spatial axes; the others want theirs.
 *
 * Source: TensorFlow r1.15, core/kernels/maxpooling_op.cc, avgpooling_op.cc, pooling_ops_3d.cc,
 * python/ops/nn_grad.py.
 */
#include "kernel/pooling.h"

#include "op/data_format.h"
#include "op/spatial.h"

extern const tare_op_def tare_pooling_ops[];
enum {
    MAX,
    MAX_1D,
    MAX_2D,
    MAX_3D,
    AVERAGE,
    AVERAGE_1D,
    AVERAGE_2D,
    AVERAGE_3D,
    MAX_GRADIENT,
    MAX_PICK,
    AVERAGE_GRADIENT
};

#define TARE_TABLE_STRUCT      tare_nn_pool_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
TARE_OPTION_TABLE(static, pool_table, TARE_NN_POOL_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

/* A window that lies in the padding altogether would have nothing to say. */
static tare_status check_padding(const tare_infer *infer, const tare_windows *windows) {
    for (int d = TARE_SPATIAL - windows->rank; d < TARE_SPATIAL; d++) {
        if (windows->padding != TARE_PADDING_EXPLICIT ||
            (windows->before[d] < windows->window[d] && windows->after[d] < windows->window[d]))
            continue;
        char got[96];
        tare_print(got, sizeof got, "padding %lld and %lld", (long long)windows->before[d],
                   (long long)windows->after[d]);
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got,
                                 "less than a window on each side");
    }
    return TARE_OK;
}

static tare_status infer_windows(const tare_infer *infer, int rank, tare_windows *windows) {
    const tare_nn_pool_options *options = infer->options;
    *windows = (tare_windows){
        .rank = rank, .padding = (tare_padding)options->padding, .dilation = {1, 1, 1}};
    TARE_TRY(tare_infer_spatial(infer, "ksize", options->ksize, rank, windows->window));
    TARE_TRY(tare_infer_spatial(infer, "strides", options->strides, rank, windows->stride));
    TARE_TRY(tare_infer_explicit(infer, options->before, options->after, windows));
    return check_padding(infer, windows);
}

/* The pooled shape of input i. rank: of x; 0: any that there is. */
static tare_status pooled_shape(const tare_infer *infer, int i, int rank, tare_shape *y) {
    tare_shape x = infer->inputs[i].shape;
    tare_windows windows;
    *y = TARE_ANY_SHAPE;
    if (rank > 0) TARE_TRY(tare_infer_rank(infer, i, rank, "x"));
    TARE_TRY(tare_infer_rank_at_least(infer, i, 3, "x"));
    if (x.rank > 2 + TARE_SPATIAL)
        return tare_infer_refuse_shape(infer, i, "x", "at most 3 spatial axes");
    if (x.rank < 0 && rank == 0) return TARE_OK;
    if (x.rank < 0)
        for (x.rank = 0; x.rank < rank; x.rank++) x.extents[x.rank] = TARE_ANY;
    TARE_TRY(infer_windows(infer, x.rank - 2, &windows));
    *y = x;
    for (int axis = 1; axis < x.rank - 1; axis++) {
        const int d = TARE_SPATIAL - (x.rank - 2) + axis - 1;
        y->extents[axis] = tare_windows_place(&windows, d, x.extents[axis]);
        if (y->extents[axis] < TARE_ANY)
            return tare_infer_refuse_shape(infer, i, "x", "extents no smaller than the window");
    }
    return TARE_OK;
}

static tare_status infer_pool(tare_infer *infer, int rank) {
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    infer->outputs[0].dtype = infer->inputs[0].dtype;
    TARE_TRY(pooled_shape(infer, 0, rank, &infer->outputs[0].shape));
    return tare_infer_countable(infer, 0);
}

static tare_status pool_infer_last(tare_infer *infer) { return infer_pool(infer, 0); }
static tare_status pool1d_infer_last(tare_infer *infer) { return infer_pool(infer, 3); }
static tare_status pool2d_infer_last(tare_infer *infer) { return infer_pool(infer, 4); }
static tare_status pool3d_infer_last(tare_infer *infer) { return infer_pool(infer, 5); }

static tare_status check_pooled(const tare_infer *infer, int x, int y) {
    tare_shape pooled;
    TARE_TRY(pooled_shape(infer, x, 0, &pooled));
    if (tare_shape_compatible(pooled, infer->inputs[y].shape)) return TARE_OK;
    return tare_infer_refuse_shapes(infer, y, x, "the pooled shape of the second");
}

/* x, dy -> dx */
static tare_status max_gradient_infer_last(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    infer->outputs[0] = infer->inputs[0];
    return check_pooled(infer, 0, 1);
}

/* x, u (both unpooled) -> pooled */
static tare_status max_pick_infer_last(tare_infer *infer) {
    TARE_TRY(tare_infer_all_alike(infer));
    return infer_pool(infer, 0);
}

/* dy, x for its shape -> dx */
static tare_status average_gradient_infer_last(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "dy"));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[1].shape};
    return check_pooled(infer, 1, 0);
}

/* Every input is data, and so is the result. */
enum { ALL_DATA = 3 };
#define INFER(kind)                                                                                \
    static tare_status kind##_infer(tare_infer *infer) {                                           \
        const tare_nn_pool_options *options = infer->options;                                      \
        return tare_infer_formatted(infer, options->data_format, ALL_DATA, true,                   \
                                    kind##_infer_last);                                            \
    }
INFER(pool)
INFER(pool1d)
INFER(pool2d)
INFER(pool3d)
INFER(max_gradient)
INFER(max_pick)
INFER(average_gradient)

/* ---- lowering: nothing to do but for channels first */

static tare_status lower_with(tare_lower *lower, const char *op) {
    tare_nn_pool_options options = *(const tare_nn_pool_options *)lower->options;
    if (options.data_format == TARE_NHWC) return TARE_OK;
    options.data_format = TARE_NHWC;
    return tare_lower_channels_first(lower, op, &options, ALL_DATA, true);
}

static tare_status max_lower(tare_lower *lower) { return lower_with(lower, "nn_max_pool"); }
static tare_status average_lower(tare_lower *lower) { return lower_with(lower, "nn_avg_pool"); }
static tare_status max_gradient_lower(tare_lower *lower) {
    return lower_with(lower, "max_pool_gradient");
}
static tare_status max_pick_lower(tare_lower *lower) { return lower_with(lower, "max_pool_pick"); }
static tare_status average_gradient_lower(tare_lower *lower) {
    return lower_with(lower, "average_pool_gradient");
}

/* ---- steps */

static tare_status prepare_pool(tare_prepare *prepare, tare_shape x, tare_shape y,
                                tare_step_function f32, tare_step_function f64) {
    const tare_nn_pool_options *options = prepare->options;
    const int rank = x.rank - 2;
    tare_windows windows = {
        .rank = rank, .padding = (tare_padding)options->padding, .dilation = {1, 1, 1}};
    tare_spread_spatial(options->ksize, rank, windows.window);
    tare_spread_spatial(options->strides, rank, windows.stride);
    tare_spread_explicit(options->before, options->after, &windows);
    tare_pooling p = {.batch = x.extents[0], .channels = x.extents[x.rank - 1]};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int axis = d - (TARE_SPATIAL - rank);
        p.in[d] = axis < 0 ? 1 : x.extents[1 + axis];
        p.out[d] = axis < 0 ? 1 : y.extents[1 + axis];
        if (axis >= 0) tare_windows_place(&windows, d, p.in[d]);
        p.window[d] = windows.window[d];
        p.stride[d] = windows.stride[d];
        p.before[d] = axis < 0 ? 0 : windows.before[d];
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
    return tare_build_node(NULL, &tare_pooling_ops[op], NULL, inputs, 2, g->options);
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
    g->input_gradients[0] = tare_nn_avg_pool_with(g->output_gradients[0], g->options);
    return TARE_OK;
}

/* ---- the family */

#define LOSES TARE_EXAMPLE_NO_NAN
static const tare_example pool_examples[] = {
    {"[2,6,3]", "", 0, 0, NULL, 0},
    {"[1,4,5,2]", "ksize=3,strides=2,padding=same", 0, 0, NULL, 0},
    {"[1,3,2,4,2]", "padding=same", 0, 0, NULL, 0},
    {"[2,3]", "", 0, 0, "at least rank 3", 0},
    {"[1,2,2,2,2,1]", "", 0, 0, "3 spatial axes", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example pool1d_examples[] = {
    {"[2,7,3]", "", 0, 0, NULL, LOSES},
    {"[2,8,3]", "ksize=3,strides=2,padding=same", 0, 0, NULL, 0},
    {"[1,5,2]", "ksize=3,strides=1,padding=explicit,before=2,after=1", 0, 0, NULL, 0},
    {"[2,3,7]", "ksize=3,padding=same,data_format=nchw", 0, 0, NULL, 0},
    {"[1,1,1]", "ksize=4,padding=same", 0, 0, NULL, 0},
    {"[0,4,1]", "", 0, 0, NULL, 0},
    {"[2,4,6,3]", "", 0, 0, "rank 3", 0},
    {"[2,4,3]", "ksize=2,2", 0, 0, "ksize", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example pool2d_examples[] = {
    {"[2,4,6,3]", "", 0, 0, NULL, 0},
    {"[2,5,5,1]", "ksize=3,strides=2,padding=same", 0, 0, NULL, 0},
    {"[1,7,5,2]", "ksize=3,2,strides=1,2", 0, 0, NULL, LOSES},
    {"[1,3,3,2]", "ksize=2,strides=3,padding=same", 0, 0, NULL, LOSES},
    {"[1,4,5,2]", "ksize=3,strides=2,padding=explicit,before=1,0,after=1,2", 0, 0, NULL, 0},
    {"[0,4,4,1]", "", 0, 0, NULL, 0},
    {"[2,3,5,4]", "ksize=3,2,strides=2,1,padding=same,data_format=nchw", 0, 0, NULL, 0},
    {"[2,4,6,1]", "data_format=nchw", 0, 0, "no smaller than the window", 0},
    {"[2,1,6,3]", "", 0, 0, "no smaller than the window", 0},
    {"[2,4,6]", "", 0, 0, "rank 4", 0},
    {"[2,4,6,3]", "ksize=0", 0, 0, "ksize", 0},
    {"[2,4,6,3]", "strides=1,2,3", 0, 0, "strides", 0},
    {"[2,4,6,3]", "padding=explicit", 0, 0, "before", 0},
    {"[2,4,6,3]", "padding=explicit,before=2,0,after=0,0", 0, 0, "less than a window", 0},
    {"int32[2,4,6,3]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example pool3d_examples[] = {
    {"[1,5,4,3,2]", "strides=1", 0, 0, NULL, 0},
    {"[1,5,4,3,2]", "ksize=3,padding=same", 0, 0, NULL, 0},
    {"[2,3,2,4,1]", "ksize=1,2,3,strides=2,1,1", 0, 0, NULL, LOSES},
    {"[0,4,4,2,1]", "", 0, 0, NULL, 0},
    {"[1,2,4,3,5]", "ksize=2,1,2,padding=same,data_format=nchw", 0, 0, NULL, 0},
    {"[1,4,4,1,2]", "", 0, 0, "no smaller than the window", 0},
    {"[2,4,6,3]", "", 0, 0, "rank 5", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example max_gradient_examples[] = {
    {"[2,4,6,3] [2,2,3,3]", "", 0, 0, NULL, LOSES},
    {"[1,5,2] [1,3,2]", "padding=same", 0, 0, NULL, LOSES},
    {"[2,4,6,3] [2,2,2,3]", "", 0, 0, "pooled shape", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example max_pick_examples[] = {{"[2,4,6,3] [2,4,6,3]", "", 0, 0, NULL, LOSES},
                                                 {"[1,2,4,2,1] [1,2,4,2,1]", "", 0, 0, NULL, LOSES},
                                                 {"[2,4,6,3] [2,4,6,2]", "", 0, 0, "one shape", 0},
                                                 {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example average_gradient_examples[] = {
    {"[2,2,3,3] [2,4,6,3]", "", 0, 0, NULL, LOSES},
    {"[1,3,2] [1,5,2]", "padding=same", 0, 0, NULL, 0},
    {"[2,2,2,3] [2,4,6,3]", "", 0, 0, "pooled shape", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define POOL_OP(name_, node, inputs, like, infer_, function, examples_)                            \
    {                                                                                              \
        .name = name_, .node_name = node, .table = &pool_table, .min_inputs = inputs,              \
        .max_inputs = inputs, .output_count = 1, .shape_only = like, .infer = infer_,              \
        .gradient = function##_gradient, .lower = function##_lower, .prepare = function##_prepare, \
        .run = function##_f32_step, .examples = examples_                                          \
    }

#define FORWARD_OP(name, node, kind, function)                                                     \
    POOL_OP(name, node, 1, 0, kind##_infer, function, kind##_examples)

const tare_op_def tare_pooling_ops[] = {
    [MAX] = FORWARD_OP("nn_max_pool", "MaxPool", pool, max),
    [MAX_1D] = FORWARD_OP("nn_max_pool1d", "MaxPool1d", pool1d, max),
    [MAX_2D] = FORWARD_OP("nn_max_pool2d", "MaxPool2d", pool2d, max),
    [MAX_3D] = FORWARD_OP("nn_max_pool3d", "MaxPool3D", pool3d, max),
    [AVERAGE] = FORWARD_OP("nn_avg_pool", "AvgPool", pool, average),
    [AVERAGE_1D] = FORWARD_OP("nn_avg_pool1d", "AvgPool1D", pool1d, average),
    [AVERAGE_2D] = FORWARD_OP("nn_avg_pool2d", "AvgPool2d", pool2d, average),
    [AVERAGE_3D] = FORWARD_OP("nn_avg_pool3d", "AvgPool3D", pool3d, average),
    [MAX_GRADIENT] = POOL_OP("max_pool_gradient", "MaxPoolGrad", 2, 0, max_gradient_infer,
                             max_gradient, max_gradient_examples),
    [MAX_PICK] = POOL_OP("max_pool_pick", "MaxPoolGradGrad", 2, 0, max_pick_infer, max_pick,
                         max_pick_examples),
    [AVERAGE_GRADIENT] =
        POOL_OP("average_pool_gradient", "AvgPoolGrad", 2, 1u << 1, average_gradient_infer,
                average_gradient, average_gradient_examples),
    {.name = NULL},
};

#define BUILDER(name, op)                                                                          \
    tare_tensor tare_nn_##name##_with(tare_tensor x, const tare_nn_pool_options *options) {        \
        return tare_build_node(NULL, &tare_pooling_ops[op], NULL, &x, 1, options);                 \
    }
BUILDER(max_pool, MAX)
BUILDER(max_pool1d, MAX_1D)
BUILDER(max_pool2d, MAX_2D)
BUILDER(max_pool3d, MAX_3D)
BUILDER(avg_pool, AVERAGE)
BUILDER(avg_pool1d, AVERAGE_1D)
BUILDER(avg_pool2d, AVERAGE_2D)
BUILDER(avg_pool3d, AVERAGE_3D)
