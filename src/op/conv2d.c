/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution over NHWC data, with strides, dilations, groups and a bias that merging makes.
 *
 *     y[n, o, f] = bias[f] + sum over taps k and channels c of x[n, at(o, k), c] w[k, c, f]
 *     at(o, k)   = o stride + k dilation - before
 *     dx = convolution_input_gradient(dy, w, x)
 *     dw = convolution_filter_gradient(dy, x, w)
 *
 * The last inputs of the gradients are there for their shapes. Both are linear in each of their
 * other inputs, so their gradients are convolutions and each other once more.
 *
 * Source: TensorFlow r1.15, core/kernels/conv_ops.cc, python/ops/nn_grad.py.
 */
#include "op/affine.h"
#include "op/like.h"
#include "op/spatial.h"

#include <string.h>

extern const tare_op_def tare_conv2d_ops[];
enum { CONV2D, INPUT_GRADIENT, FILTER_GRADIENT };

#define TARE_TABLE_STRUCT  tare_nn_conv_options
#define TARE_WORDS_padding TARE_PADDING_WORDS
TARE_OPTION_TABLE(static, conv_table, TARE_NN_CONV_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

static tare_status infer_windows(const tare_infer *infer, int rank, tare_windows *windows) {
    const tare_nn_conv_options *options = infer->options;
    *windows = (tare_windows){.rank = rank, .padding = (tare_padding)options->padding};
    TARE_TRY(tare_infer_spatial(infer, "strides", options->strides, rank, windows->stride));
    TARE_TRY(tare_infer_spatial(infer, "dilations", options->dilations, rank, windows->dilation));
    if (options->padding != TARE_PADDING_EXPLICIT) return TARE_OK;
    TARE_TRY(tare_infer_list(infer, "before", options->before, rank, 0));
    TARE_TRY(tare_infer_list(infer, "after", options->after, rank, 0));
    for (int d = 0; d < rank; d++) {
        windows->before[TARE_SPATIAL - rank + d] = options->before.values[d];
        windows->after[TARE_SPATIAL - rank + d] = options->after.values[d];
    }
    return TARE_OK;
}

/* Channels of x = groups times channels of the filter; filters divide into groups. */
static tare_status check_channels(const tare_infer *infer, tare_shape x, tare_shape filter) {
    const tare_nn_conv_options *options = infer->options;
    const int64_t channels = x.extents[x.rank - 1], depth = filter.extents[filter.rank - 2],
                  filters = filter.extents[filter.rank - 1], groups = options->groups;
    char got[2 * TARE_SHAPE_TEXT + 64], a[TARE_SHAPE_TEXT], b[TARE_SHAPE_TEXT];
    tare_print(got, sizeof got, "x of shape %s, a filter of shape %s and %lld groups",
               tare_shape_text(a, x), tare_shape_text(b, filter), (long long)groups);
    if (groups < 1) return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "at least one group");
    if (channels >= 0 && depth >= 0 && channels != depth * groups)
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got,
                                 "as many channels in x as the filter has per group, times groups");
    if (filters >= 0 && filters % groups != 0)
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, "filters that divide into groups");
    return TARE_OK;
}

/* The shape of y for x and filter of known rank. */
static tare_status output_shape(const tare_infer *infer, tare_shape x, tare_shape filter,
                                tare_shape *y) {
    const int rank = x.rank - 2;
    tare_windows windows;
    TARE_TRY(infer_windows(infer, rank, &windows));
    TARE_TRY(check_channels(infer, x, filter));
    *y = (tare_shape){.rank = x.rank};
    y->extents[0] = x.extents[0];
    for (int i = 0; i < rank; i++) {
        const int d = TARE_SPATIAL - rank + i;
        windows.window[d] = filter.extents[i];
        y->extents[1 + i] =
            filter.extents[i] < 0 ? TARE_ANY : tare_windows_place(&windows, d, x.extents[1 + i]);
        if (filter.extents[i] == 0 || y->extents[1 + i] < TARE_ANY) {
            char got[2 * TARE_SHAPE_TEXT + 64], a[TARE_SHAPE_TEXT], b[TARE_SHAPE_TEXT];
            tare_print(got, sizeof got, "x of shape %s and a filter of shape %s",
                       tare_shape_text(a, x), tare_shape_text(b, filter));
            return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got,
                                     "a filter of 1 or more that fits into x and its padding");
        }
    }
    y->extents[x.rank - 1] = filter.extents[filter.rank - 1];
    return TARE_OK;
}

static tare_status conv2d_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_rank(infer, 0, 4, "x"));
    TARE_TRY(tare_infer_rank(infer, 1, 4, "filter"));
    tare_shape x = infer->inputs[0].shape, filter = infer->inputs[1].shape;
    const tare_shape unknown = {.rank = 4, .extents = {TARE_ANY, TARE_ANY, TARE_ANY, TARE_ANY}};
    if (x.rank < 0) x = unknown;
    if (filter.rank < 0) filter = unknown;
    infer->outputs[0].dtype = infer->inputs[0].dtype;
    TARE_TRY(output_shape(infer, x, filter, &infer->outputs[0].shape));
    if (infer->input_count > 2 && infer->inputs[2].dtype != TARE_DTYPE_NONE) {
        const tare_shape bias = {.rank = 1, .extents = {filter.extents[3]}};
        if (!tare_shape_compatible(bias, infer->inputs[2].shape))
            return tare_infer_refuse_shape(infer, 2, "bias", "one number for every filter");
    }
    return tare_infer_countable(infer, 0);
}

/* Inputs dy and one of x, filter; the third is what is differentiated for. */
static tare_status gradient_infer(tare_infer *infer, int x_input, int filter_input) {
    TARE_TRY(tare_infer_floating(infer, 0, "dy"));
    const tare_shape x = infer->inputs[x_input].shape, filter = infer->inputs[filter_input].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[2].shape};
    if (infer->inputs[0].dtype != infer->inputs[1].dtype) return tare_infer_same_dtypes(infer);
    if (x.rank < 0 || filter.rank < 0) return TARE_OK;
    TARE_TRY(tare_infer_rank_at_least(infer, x_input, 3, "x"));
    TARE_TRY(tare_infer_rank(infer, filter_input, x.rank, "filter"));
    if (x.rank > 2 + TARE_SPATIAL)
        return tare_infer_refuse_shape(infer, x_input, "x", "at most 3 spatial axes");
    tare_shape y;
    TARE_TRY(output_shape(infer, x, filter, &y));
    if (tare_shape_compatible(y, infer->inputs[0].shape)) return TARE_OK;
    return tare_infer_refuse_shape(infer, 0, "dy", "the shape of the convolution's result");
}

static tare_status input_gradient_infer(tare_infer *infer) { return gradient_infer(infer, 2, 1); }
static tare_status filter_gradient_infer(tare_infer *infer) { return gradient_infer(infer, 1, 2); }

/* ---- steps */

/* Known shapes as the kernel wants them: three spatial axes, the leading ones of extent 1. */
static tare_convolution convolution_of(const tare_nn_conv_options *options, tare_shape x,
                                       tare_shape filter, tare_shape y) {
    const int rank = x.rank - 2;
    tare_windows windows = {.rank = rank, .padding = (tare_padding)options->padding};
    tare_spread_spatial(options->strides, rank, windows.stride);
    tare_spread_spatial(options->dilations, rank, windows.dilation);
    tare_convolution c = {.batch = x.extents[0],
                          .channels = x.extents[x.rank - 1],
                          .filters = filter.extents[filter.rank - 1],
                          .groups = options->groups};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int axis = d - (TARE_SPATIAL - rank);
        c.in[d] = axis < 0 ? 1 : x.extents[1 + axis];
        c.out[d] = axis < 0 ? 1 : y.extents[1 + axis];
        c.kernel[d] = windows.window[d] = axis < 0 ? 1 : filter.extents[axis];
        if (axis >= 0 && options->padding == TARE_PADDING_EXPLICIT) {
            windows.before[d] = options->before.values[axis];
            windows.after[d] = options->after.values[axis];
        }
        if (axis >= 0) tare_windows_place(&windows, d, c.in[d]);
        c.stride[d] = windows.stride[d];
        c.dilation[d] = windows.dilation[d];
        c.before[d] = axis < 0 ? 0 : windows.before[d];
    }
    return c;
}

static tare_status prepare_convolution(tare_prepare *prepare, const tare_convolution *c,
                                       int64_t (*scratch)(const tare_convolution *c),
                                       tare_step_function f32, tare_step_function f64) {
    const bool wide = prepare->outputs[0].dtype == TARE_FLOAT64;
    if (!wide) prepare->scratch_bytes = scratch(c);
    prepare->run = wide ? f64 : f32;
    return tare_prepare_state(prepare, c, sizeof *c);
}

static tare_status conv_f32_step(const tare_run *run) {
    tare_convolution_forward_f32(run->state, run->inputs[0], run->inputs[1], NULL, run->outputs[0],
                                 run->scratch, run->pool);
    return TARE_OK;
}
static tare_status conv_bias_f32_step(const tare_run *run) {
    tare_convolution_forward_f32(run->state, run->inputs[0], run->inputs[1], run->inputs[2],
                                 run->outputs[0], run->scratch, run->pool);
    return TARE_OK;
}
static tare_status conv_f64_step(const tare_run *run) {
    tare_convolution_forward_reference_f64(run->state, run->inputs[0], run->inputs[1], NULL,
                                           run->outputs[0]);
    return TARE_OK;
}
static tare_status conv_bias_f64_step(const tare_run *run) {
    tare_convolution_forward_reference_f64(run->state, run->inputs[0], run->inputs[1],
                                           run->inputs[2], run->outputs[0]);
    return TARE_OK;
}

static tare_status conv2d_prepare(tare_prepare *prepare) {
    const tare_convolution c = convolution_of(prepare->options, prepare->inputs[0].shape,
                                              prepare->inputs[1].shape, prepare->outputs[0].shape);
    const bool biased = prepare->input_count > 2 && prepare->inputs[2].dtype != TARE_DTYPE_NONE;
    return prepare_convolution(prepare, &c, tare_convolution_forward_scratch,
                               biased ? conv_bias_f32_step : conv_f32_step,
                               biased ? conv_bias_f64_step : conv_f64_step);
}

static tare_status input_gradient_f32_step(const tare_run *run) {
    tare_convolution_data_f32(run->state, run->inputs[0], run->inputs[1], run->outputs[0],
                              run->scratch, run->pool);
    return TARE_OK;
}
static tare_status input_gradient_f64_step(const tare_run *run) {
    tare_convolution_data_reference_f64(run->state, run->inputs[0], run->inputs[1],
                                        run->outputs[0]);
    return TARE_OK;
}

static tare_status input_gradient_prepare(tare_prepare *prepare) {
    const tare_convolution c = convolution_of(prepare->options, prepare->outputs[0].shape,
                                              prepare->inputs[1].shape, prepare->inputs[0].shape);
    return prepare_convolution(prepare, &c, tare_convolution_data_scratch, input_gradient_f32_step,
                               input_gradient_f64_step);
}

static tare_status filter_gradient_f32_step(const tare_run *run) {
    tare_convolution_filter_f32(run->state, run->inputs[1], run->inputs[0], run->outputs[0],
                                run->scratch, run->pool);
    return TARE_OK;
}
static tare_status filter_gradient_f64_step(const tare_run *run) {
    tare_convolution_filter_reference_f64(run->state, run->inputs[1], run->inputs[0],
                                          run->outputs[0]);
    return TARE_OK;
}

static tare_status filter_gradient_prepare(tare_prepare *prepare) {
    const tare_convolution c = convolution_of(prepare->options, prepare->inputs[1].shape,
                                              prepare->outputs[0].shape, prepare->inputs[0].shape);
    return prepare_convolution(prepare, &c, tare_convolution_filter_scratch,
                               filter_gradient_f32_step, filter_gradient_f64_step);
}

/* ---- gradients */

static tare_tensor build(int op, tare_tensor a, tare_tensor b, tare_tensor like,
                         const void *options) {
    const tare_tensor inputs[] = {a, b, like};
    return tare_build_node(NULL, &tare_conv2d_ops[op], NULL, inputs, 3, options);
}

static tare_tensor convolve(const tare_gradient *g, tare_tensor x, tare_tensor filter) {
    const tare_tensor inputs[] = {x, filter};
    return tare_build_node(NULL, &tare_conv2d_ops[CONV2D], NULL, inputs, 2, g->options);
}

static tare_status conv2d_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], x = g->inputs[0], filter = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = build(INPUT_GRADIENT, dy, filter, x, g->options);
    if (g->wanted[1]) g->input_gradients[1] = build(FILTER_GRADIENT, dy, x, filter, g->options);
    if (g->input_count > 2 && g->wanted[2]) g->input_gradients[2] = tare_sum_like(dy, g->inputs[2]);
    return TARE_OK;
}

static tare_status input_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], filter = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = convolve(g, u, filter);
    if (g->wanted[1]) g->input_gradients[1] = build(FILTER_GRADIENT, dy, u, filter, g->options);
    return TARE_OK;
}

static tare_status filter_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], x = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = convolve(g, x, u);
    if (g->wanted[1]) g->input_gradients[1] = build(INPUT_GRADIENT, dy, u, x, g->options);
    return TARE_OK;
}

/* ---- merging */

static bool absorbs_affine(const tare_lower *node) {
    (void)node;
    return true;
}

static tare_status absorb_affine(tare_lower *node, const tare_affine *affine) {
    return tare_absorb_affine(node, "nn_conv2d", affine, true);
}

static const tare_capabilities conv2d_can = {.absorbs_affine = absorbs_affine,
                                             .absorb_affine = absorb_affine};

/* ---- the family */

static const tare_example conv2d_examples[] = {
    {"[2,5,4,2] [3,3,2,3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,5,4,2] [3,3,2,3]", "padding=same", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,5,4,2] [3,3,2,3] [3]", "padding=same,strides=2", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[1,6,5,1] [2,3,1,2]", "strides=2,1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[1,7,7,1] [3,3,1,2]", "dilations=2,padding=same", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[1,5,4,2] [3,3,2,2]", "padding=explicit,before=2,0,after=1,1", 0, 0, NULL,
     TARE_EXAMPLE_NO_NAN},
    {"[1,4,4,4] [3,3,2,6]", "groups=2,padding=same", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,3,3,1] [1,1,1,1]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[1,2,2,1] [5,5,1,2]", "padding=same", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[0,5,4,2] [3,3,2,3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,5,4,2] [3,3,3,3]", "", 0, 0, "as many channels", 0},
    {"[2,5,4,2] [6,3,2,3]", "", 0, 0, "that fits into x", 0},
    {"[2,5,4,4] [3,3,2,3]", "groups=2", 0, 0, "divide into groups", 0},
    {"[2,5,4,2] [3,3,2,3]", "strides=0", 0, 0, "strides", 0},
    {"[2,5,4,2] [3,3,2,3]", "dilations=1,1,1", 0, 0, "dilations", 0},
    {"[2,5,4,2] [3,3,2,3]", "padding=explicit", 0, 0, "before", 0},
    {"[5,4,2] [3,3,2,3]", "", 0, 0, "rank 4", 0},
    {"[2,5,4,2] [3,3,2,3] [2]", "", 0, 0, "every filter", 0},
    {"int32[2,5,4,2] int32[3,3,2,3]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example input_gradient_examples[] = {
    {"[2,3,2,3] [3,3,2,3] [2,5,4,2]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,3,2,3] [3,3,2,3] [2,6,4,2]", "", 0, 0, "convolution's result", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example filter_gradient_examples[] = {
    {"[2,3,2,3] [2,5,4,2] [3,3,2,3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,3,2,3] [2,5,4,2] [3,2,2,3]", "", 0, 0, "convolution's result", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_conv2d_ops[] = {
    [CONV2D] = {.name = "nn_conv2d",
                .node_name = "Conv2D",
                .table = &conv_table,
                .min_inputs = 2,
                .max_inputs = 3,
                .output_count = 1,
                .optional = 1u << 2,
                .infer = conv2d_infer,
                .gradient = conv2d_gradient,
                .prepare = conv2d_prepare,
                .run = conv_f32_step,
                .can = &conv2d_can,
                .examples = conv2d_examples},
    [INPUT_GRADIENT] = {.name = "convolution_input_gradient",
                        .node_name = "Conv2DBackpropInput",
                        .table = &conv_table,
                        .min_inputs = 3,
                        .max_inputs = 3,
                        .output_count = 1,
                        .shape_only = 1u << 2,
                        .infer = input_gradient_infer,
                        .gradient = input_gradient_gradient,
                        .prepare = input_gradient_prepare,
                        .run = input_gradient_f32_step,
                        .examples = input_gradient_examples},
    [FILTER_GRADIENT] = {.name = "convolution_filter_gradient",
                         .node_name = "Conv2DBackpropFilter",
                         .table = &conv_table,
                         .min_inputs = 3,
                         .max_inputs = 3,
                         .output_count = 1,
                         .shape_only = 1u << 2,
                         .infer = filter_gradient_infer,
                         .gradient = filter_gradient_gradient,
                         .prepare = filter_gradient_prepare,
                         .run = filter_gradient_f32_step,
                         .examples = filter_gradient_examples},
    {.name = NULL},
};

tare_tensor tare_nn_conv2d_with(tare_tensor x, tare_tensor filter,
                                const tare_nn_conv_options *options) {
    const tare_tensor inputs[] = {x, filter};
    return tare_build_node(NULL, &tare_conv2d_ops[CONV2D], NULL, inputs, 2, options);
}
