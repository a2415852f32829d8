/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution with 1 to 3 spatial axes, with strides, dilations, groups and a bias that merging
 * makes. Channels first is lowered to channels last between transposes.
 *
 *     y[n, o, f] = bias[f] + sum over taps k and channels c of x[n, at(o, k), c] w[k, c, f]
 *     at(o, k)   = o stride + k dilation - before
 *     dx = convolution_input_gradient(dy, w, x)
 *     dw = convolution_filter_gradient(dy, x, w)
 *
 * The last inputs of the gradients are there for their shapes. Both are linear in each of their
 * other inputs, so their gradients are convolutions and each other once more. nn_convolution takes
 * any number of spatial axes; the others want theirs.
 *
 * Source: TensorFlow r1.15, core/kernels/conv_ops.cc, conv_ops_3d.cc, depthwise_conv_op.cc,
 * python/ops/nn_ops.py, nn_impl.py, nn_grad.py.
 */
#include "op/convolution.h"

#include "kernel/convolution_geometry.h"
#include "op/affine.h"
#include "op/data_format.h"
#include "op/finished.h"
#include "op/like.h"

extern const tare_op_def tare_convolution_ops[];
enum { CONVOLUTION, CONV1D, CONV2D, CONV3D, DEPTHWISE, INPUT_GRADIENT, FILTER_GRADIENT };

#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
#define TARE_TABLE_STRUCT      tare_nn_conv_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
TARE_OPTION_TABLE(static, conv_table, TARE_NN_CONV_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_nn_depthwise_conv2d_options
TARE_OPTION_TABLE(static, depthwise_table, TARE_NN_DEPTHWISE_CONV2D_FIELDS);
#undef TARE_TABLE_STRUCT

/* A depthwise convolution is one of as many groups as channels. */
static tare_nn_conv_options depthwise_options(const tare_nn_depthwise_conv2d_options *given) {
    tare_nn_conv_options options = {TARE_NN_CONV_DEFAULTS};
    options.strides = given->strides;
    options.padding = given->padding;
    options.dilations = given->dilations;
    options.before = given->before;
    options.after = given->after;
    options.groups = 0;
    options.data_format = given->data_format;
    return options;
}

/* ---- shapes */

static tare_status check_any_rank(const tare_infer *infer, int input, const char *what) {
    TARE_TRY(tare_infer_rank_at_least(infer, input, 3, what));
    if (infer->inputs[input].shape.rank <= 2 + TARE_SPATIAL) return TARE_OK;
    return tare_infer_refuse_shape(infer, input, what, "at most 3 spatial axes");
}

/* rank: of x and filter; 0: any that there is. */
static tare_status check_ranks(const tare_infer *infer, int x, int filter, int rank) {
    if (rank == 0) {
        TARE_TRY(check_any_rank(infer, x, "x"));
        TARE_TRY(check_any_rank(infer, filter, "filter"));
        rank = infer->inputs[x].shape.rank;
        return rank < 0 ? TARE_OK : tare_infer_rank(infer, filter, rank, "filter");
    }
    TARE_TRY(tare_infer_rank(infer, x, rank, "x"));
    return tare_infer_rank(infer, filter, rank, "filter");
}

static tare_status infer_forward(tare_infer *infer, const tare_nn_conv_options *options, int rank) {
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(check_ranks(infer, 0, 1, rank));
    tare_shape x = infer->inputs[0].shape, filter = infer->inputs[1].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (rank == 0) rank = x.rank < 0 ? filter.rank : x.rank;
    if (rank < 0) return TARE_OK;
    x = tare_shape_of_rank(x, rank);
    filter = tare_shape_of_rank(filter, rank);
    TARE_TRY(tare_infer_convolution(infer, options, x, filter, &infer->outputs[0].shape));
    TARE_TRY(tare_infer_convolution_bias(infer, infer->outputs[0].shape.extents[rank - 1]));
    return tare_infer_countable(infer, 0);
}

/* Inputs that are data; their bits, by op. */
enum { FORWARD_DATA = 1 << 0, INPUT_GRADIENT_DATA = 1 << 0 | 1 << 2, FILTER_GRADIENT_DATA = 3 };

#define FORWARD_INFER(kind, rank)                                                                  \
    static tare_status kind##_infer_last(tare_infer *infer) {                                      \
        return infer_forward(infer, infer->options, rank);                                         \
    }                                                                                              \
    static tare_status kind##_infer(tare_infer *infer) {                                           \
        const tare_nn_conv_options *options = infer->options;                                      \
        return tare_infer_formatted(infer, options->data_format, FORWARD_DATA, true,               \
                                    kind##_infer_last);                                            \
    }
FORWARD_INFER(convolution, 0)
FORWARD_INFER(conv1d, 3)
FORWARD_INFER(conv2d, 4)
FORWARD_INFER(conv3d, 5)

static tare_status depthwise_infer_last(tare_infer *infer) {
    const tare_nn_conv_options options = depthwise_options(infer->options);
    return infer_forward(infer, &options, 4);
}
static tare_status depthwise_infer(tare_infer *infer) {
    const tare_nn_depthwise_conv2d_options *options = infer->options;
    return tare_infer_formatted(infer, options->data_format, FORWARD_DATA, true,
                                depthwise_infer_last);
}

/* Inputs dy and one of x, filter; the third is what is differentiated for. */
static tare_status gradient_infer(tare_infer *infer, int x_input, int filter_input) {
    TARE_TRY(tare_infer_floating(infer, 0, "dy"));
    const tare_shape x = infer->inputs[x_input].shape, filter = infer->inputs[filter_input].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[2].shape};
    if (infer->inputs[0].dtype != infer->inputs[1].dtype) return tare_infer_same_dtypes(infer);
    TARE_TRY(check_ranks(infer, x_input, filter_input, 0));
    if (x.rank < 0 || filter.rank < 0) return TARE_OK;
    tare_shape y;
    TARE_TRY(tare_infer_convolution(infer, infer->options, x, filter, &y));
    if (tare_shape_compatible(y, infer->inputs[0].shape)) return TARE_OK;
    return tare_infer_refuse_shape(infer, 0, "dy", "the shape of the convolution's result");
}

static tare_status input_gradient_infer_last(tare_infer *infer) {
    return gradient_infer(infer, 2, 1);
}
static tare_status input_gradient_infer(tare_infer *infer) {
    const tare_nn_conv_options *options = infer->options;
    return tare_infer_formatted(infer, options->data_format, INPUT_GRADIENT_DATA, true,
                                input_gradient_infer_last);
}

static tare_status filter_gradient_infer_last(tare_infer *infer) {
    return gradient_infer(infer, 1, 2);
}
static tare_status filter_gradient_infer(tare_infer *infer) {
    const tare_nn_conv_options *options = infer->options;
    return tare_infer_formatted(infer, options->data_format, FILTER_GRADIENT_DATA, false,
                                filter_gradient_infer_last);
}

/* ---- lowering: nothing to do but for channels first */

static tare_status lower_with(tare_lower *lower, const char *op, uint32_t data,
                              bool result_is_data) {
    tare_nn_conv_options options = *(const tare_nn_conv_options *)lower->options;
    if (options.data_format == TARE_NHWC) return TARE_OK;
    options.data_format = TARE_NHWC;
    return tare_lower_channels_first(lower, op, &options, data, result_is_data);
}

static tare_status conv_lower(tare_lower *lower) {
    return lower_with(lower, "nn_convolution", FORWARD_DATA, true);
}
static tare_status input_gradient_lower(tare_lower *lower) {
    return lower_with(lower, "convolution_input_gradient", INPUT_GRADIENT_DATA, true);
}
static tare_status filter_gradient_lower(tare_lower *lower) {
    return lower_with(lower, "convolution_filter_gradient", FILTER_GRADIENT_DATA, false);
}

static tare_status depthwise_lower(tare_lower *lower) {
    tare_nn_depthwise_conv2d_options options =
        *(const tare_nn_depthwise_conv2d_options *)lower->options;
    if (options.data_format == TARE_NHWC) return TARE_OK;
    options.data_format = TARE_NHWC;
    return tare_lower_channels_first(lower, "nn_depthwise_conv2d", &options, FORWARD_DATA, true);
}

/* ---- steps */

static tare_status prepare_convolution(tare_prepare *prepare, const tare_convolution *c,
                                       int64_t (*scratch)(const tare_convolution *c),
                                       tare_step_function f32, tare_step_function f64) {
    const bool wide = prepare->outputs[0].dtype == TARE_FLOAT64;
    if (!wide) prepare->scratch_bytes = scratch(c);
    prepare->flops = tare_convolution_flops(c);
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

static tare_status prepare_forward(tare_prepare *prepare, const tare_nn_conv_options *options) {
    const tare_convolution c = tare_convolution_of(
        options, prepare->inputs[0].shape, prepare->inputs[1].shape, prepare->outputs[0].shape);
    const bool biased = prepare->input_count > 2 && prepare->inputs[2].dtype != TARE_DTYPE_NONE;
    return prepare_convolution(prepare, &c, tare_convolution_forward_scratch,
                               biased ? conv_bias_f32_step : conv_f32_step,
                               biased ? conv_bias_f64_step : conv_f64_step);
}

static tare_status conv_prepare(tare_prepare *prepare) {
    return prepare_forward(prepare, prepare->options);
}
static tare_status depthwise_prepare(tare_prepare *prepare) {
    const tare_nn_conv_options options = depthwise_options(prepare->options);
    return prepare_forward(prepare, &options);
}

tare_status tare_convolution_data_step(const tare_run *run) {
    tare_convolution_data_f32(run->state, run->inputs[0], run->inputs[1], run->outputs[0],
                              run->scratch, run->pool);
    return TARE_OK;
}
static tare_status data_f64_step(const tare_run *run) {
    tare_convolution_data_reference_f64(run->state, run->inputs[0], run->inputs[1],
                                        run->outputs[0]);
    return TARE_OK;
}

tare_status tare_prepare_convolution_data(tare_prepare *prepare, const tare_convolution *c) {
    return prepare_convolution(prepare, c, tare_convolution_data_scratch,
                               tare_convolution_data_step, data_f64_step);
}

static tare_status input_gradient_prepare(tare_prepare *prepare) {
    const tare_convolution c =
        tare_convolution_of(prepare->options, prepare->outputs[0].shape, prepare->inputs[1].shape,
                            prepare->inputs[0].shape);
    return tare_prepare_convolution_data(prepare, &c);
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
    const tare_convolution c =
        tare_convolution_of(prepare->options, prepare->inputs[1].shape, prepare->outputs[0].shape,
                            prepare->inputs[0].shape);
    return prepare_convolution(prepare, &c, tare_convolution_filter_scratch,
                               filter_gradient_f32_step, filter_gradient_f64_step);
}

/* ---- gradients */

static tare_tensor build(int op, tare_tensor a, tare_tensor b, tare_tensor like,
                         const tare_nn_conv_options *options) {
    const tare_tensor inputs[] = {a, b, like};
    return tare_build_node(NULL, &tare_convolution_ops[op], NULL, inputs, like.node ? 3 : 2,
                           options);
}

tare_tensor tare_convolve(tare_tensor x, tare_tensor filter, const tare_nn_conv_options *options) {
    return build(CONVOLUTION, x, filter, TARE_NULL, options);
}
tare_tensor tare_convolution_input_gradient(tare_tensor dy, tare_tensor filter, tare_tensor x,
                                            const tare_nn_conv_options *options) {
    return build(INPUT_GRADIENT, dy, filter, x, options);
}
tare_tensor tare_convolution_filter_gradient(tare_tensor dy, tare_tensor x, tare_tensor filter,
                                             const tare_nn_conv_options *options) {
    return build(FILTER_GRADIENT, dy, x, filter, options);
}

static tare_status forward_gradient(tare_gradient *g, const tare_nn_conv_options *options) {
    const tare_tensor dy = g->output_gradients[0], x = g->inputs[0], filter = g->inputs[1];
    if (g->wanted[0])
        g->input_gradients[0] = tare_convolution_input_gradient(dy, filter, x, options);
    if (g->wanted[1])
        g->input_gradients[1] = tare_convolution_filter_gradient(dy, x, filter, options);
    if (g->input_count < 3 || !g->wanted[2]) return TARE_OK;
    return tare_sum_of_channels(g, options->data_format, dy, g->inputs[2], &g->input_gradients[2]);
}

static tare_status conv_gradient(tare_gradient *g) { return forward_gradient(g, g->options); }
static tare_status depthwise_gradient(tare_gradient *g) {
    const tare_nn_conv_options options = depthwise_options(g->options);
    return forward_gradient(g, &options);
}

static tare_status input_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], filter = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_convolve(u, filter, g->options);
    if (g->wanted[1])
        g->input_gradients[1] = tare_convolution_filter_gradient(dy, u, filter, g->options);
    return TARE_OK;
}

static tare_status filter_gradient_gradient(tare_gradient *g) {
    const tare_tensor u = g->output_gradients[0], dy = g->inputs[0], x = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_convolve(x, u, g->options);
    if (g->wanted[1]) g->input_gradients[1] = tare_convolution_input_gradient(dy, u, x, g->options);
    return TARE_OK;
}

/* ---- merging */

static bool absorbs_affine(const tare_lower *node) {
    (void)node;
    return true;
}

static bool list_is(tare_list list, int64_t value) {
    for (int i = 0; i < list.count; i++)
        if (list.values[i] != value) return false;
    return true;
}

/* Zeros stand around x that no affine map of x reaches. */
static bool pads(const tare_nn_conv_options *options, tare_shape w) {
    if (options->padding == TARE_PADDING_VALID) return false;
    if (options->padding == TARE_PADDING_EXPLICIT)
        return !list_is(options->before, 0) || !list_is(options->after, 0);
    return tare_extents_product(w, 0, w.rank - 2) != 1;
}

static bool describe(const tare_lower *node, const tare_nn_conv_options *options,
                     tare_product *product) {
    const tare_shape w = node->type(node, node->inputs[1])->shape;
    if (!tare_shape_known(w)) return false;
    *product = (tare_product){.by_output = tare_filter_by_last(w, options->groups),
                              .by_input = tare_filter_by_depth(w, options->groups),
                              .channels_first = options->data_format == TARE_NCHW,
                              .not_by_input = pads(options, w) ? "it pads its input" : NULL};
    return true;
}

static bool conv_as_product(const tare_lower *node, tare_product *product) {
    return describe(node, node->options, product);
}
static bool depthwise_as_product(const tare_lower *node, tare_product *product) {
    const tare_nn_conv_options options = depthwise_options(node->options);
    return describe(node, &options, product);
}

static tare_status absorb_as(tare_lower *node, const char *op, int64_t groups,
                             const tare_affine *affine) {
    const tare_weights_view view =
        tare_filter_by_last(node->type(node, node->inputs[1])->shape, groups);
    return tare_absorb_affine(node, op, affine, &view);
}

static tare_status conv_absorb_affine(tare_lower *node, const tare_affine *affine) {
    const tare_nn_conv_options *options = node->options;
    return absorb_as(node, "nn_convolution", options->groups, affine);
}
static tare_status depthwise_absorb_affine(tare_lower *node, const tare_affine *affine) {
    return absorb_as(node, "nn_depthwise_conv2d", 0, affine);
}

static const tare_capabilities conv_can = {.host = &tare_convolution_forward_host,
                                           .absorbs_affine = absorbs_affine,
                                           .absorb_affine = conv_absorb_affine,
                                           .as_product = conv_as_product,
                                           .absorb_finish = tare_convolution_absorb_finish,
                                           .pack_weights = tare_convolution_pack_weights};
static const tare_capabilities depthwise_can = {.absorbs_affine = absorbs_affine,
                                                .absorb_affine = depthwise_absorb_affine,
                                                .as_product = depthwise_as_product};

/* ---- the family */

#define LOSES TARE_EXAMPLE_NO_NAN
static const tare_example convolution_examples[] = {
    {"[2,6,3] [3,3,2]", "strides=2", 0, 0, NULL, LOSES},
    {"[1,4,5,2] [2,2,2,3] [3]", "padding=same", 0, 0, NULL, LOSES},
    {"[1,3,4,3,1] [2,2,2,1,2]", "dilations=1,2,1", 0, 0, NULL, LOSES},
    {"[1,4,4,3] [2,2,3,2]", "groups=0", 0, 0, NULL, LOSES},
    {"[2,5,2] [3,2,3]", "groups=0,padding=same", 0, 0, NULL, LOSES},
    {"[2,3] [3,3]", "", 0, 0, "at least rank 3", 0},
    {"[1,1,1,1,1,1] [1,1,1,1,1,1]", "", 0, 0, "3 spatial axes", 0},
    {"[2,6,3] [3,3,3,2]", "", 0, 0, "rank 3", 0},
    {"[2,6,3] [3,3,2]", "groups=-1", 0, 0, "at least one group", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example conv1d_examples[] = {
    {"[2,9,3] [3,3,4]", "", 0, 0, NULL, LOSES},
    {"[2,9,3] [4,3,4]", "strides=2,padding=same", 0, 0, NULL, LOSES},
    {"[1,8,4] [3,2,2]", "groups=2,dilations=2,padding=same", 0, 0, NULL, LOSES},
    {"[1,5,2] [3,2,1]", "padding=explicit,before=2,after=0", 0, 0, NULL, LOSES},
    {"[1,1,2] [7,2,3]", "padding=same", 0, 0, NULL, LOSES},
    {"[2,3,9] [4,3,2]", "padding=same,data_format=nchw", 0, 0, NULL, LOSES},
    {"[0,5,2] [3,2,1]", "", 0, 0, NULL, LOSES},
    {"[1,5,2,1] [3,2,1]", "", 0, 0, "rank 3", 0},
    {"[1,2,2] [3,2,1]", "", 0, 0, "that fits into x", 0},
    {"[1,5,2] [3,2,1]", "strides=1,1", 0, 0, "strides", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example conv2d_examples[] = {
    {"[2,5,4,2] [3,3,2,3]", "", 0, 0, NULL, LOSES},
    {"[2,5,4,2] [3,3,2,3]", "padding=same", 0, 0, NULL, LOSES},
    {"[2,5,4,2] [3,3,2,3] [3]", "padding=same,strides=2", 0, 0, NULL, LOSES},
    {"[1,6,5,1] [2,3,1,2]", "strides=2,1", 0, 0, NULL, LOSES},
    {"[1,7,7,1] [3,3,1,2]", "dilations=2,padding=same", 0, 0, NULL, LOSES},
    {"[1,5,4,2] [3,3,2,2]", "padding=explicit,before=2,0,after=1,1", 0, 0, NULL, LOSES},
    {"[1,4,4,4] [3,3,2,6]", "groups=2,padding=same", 0, 0, NULL, LOSES},
    {"[2,2,5,4] [3,2,2,3]", "data_format=nchw", 0, 0, NULL, LOSES},
    {"[1,4,4,3] [3,3,2,6] [6]", "groups=2,padding=same,strides=2,1,data_format=nchw", 0, 0, NULL,
     LOSES},
    {"[0,2,5,4] [3,3,2,3]", "data_format=nchw", 0, 0, NULL, LOSES},
    {"[2,5,4,2] [3,3,2,3]", "data_format=nchw", 0, 0, "shown channels last", 0},
    {"[2,3,3,1] [1,1,1,1]", "", 0, 0, NULL, LOSES},
    {"[1,2,2,1] [5,5,1,2]", "padding=same", 0, 0, NULL, LOSES},
    {"[0,5,4,2] [3,3,2,3]", "", 0, 0, NULL, LOSES},
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
static const tare_example conv3d_examples[] = {
    {"[1,4,5,3,2] [3,3,3,2,3]", "strides=1,2,2", 0, 0, NULL, LOSES},
    {"[1,3,3,6,2] [2,2,2,2,3]", "padding=same,strides=2", 0, 0, NULL, LOSES},
    {"[2,3,2,2,4] [2,1,2,2,2]", "groups=2,padding=same", 0, 0, NULL, LOSES},
    {"[1,5,5,5,1] [2,2,2,1,1]", "dilations=2", 0, 0, NULL, LOSES},
    {"[0,3,3,3,1] [2,2,2,1,1]", "", 0, 0, NULL, LOSES},
    {"[1,2,4,3,3] [3,2,2,2,2]", "strides=1,2,1,data_format=nchw", 0, 0, NULL, LOSES},
    {"[1,4,5,2] [3,3,2,3]", "", 0, 0, "rank 5", 0},
    {"[1,4,5,3,2] [3,3,3,1,3]", "", 0, 0, "as many channels", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example depthwise_examples[] = {
    {"[2,6,5,3] [3,3,3,1]", "padding=same", 0, 0, NULL, LOSES},
    {"[2,6,5,3] [2,2,3,2]", "strides=2", 0, 0, NULL, LOSES},
    {"[1,7,7,2] [3,3,2,2]", "dilations=2,padding=same", 0, 0, NULL, LOSES},
    {"[1,4,4,1] [3,3,1,2] [2]", "padding=explicit,before=1,0,after=1,2", 0, 0, NULL, LOSES},
    {"[0,4,4,2] [3,3,2,1]", "", 0, 0, NULL, LOSES},
    {"[2,3,6,5] [3,2,3,2] [6]", "padding=same,data_format=nchw", 0, 0, NULL, LOSES},
    {"[2,6,5,3] [3,3,2,1]", "", 0, 0, "as many channels", 0},
    {"[2,6,3] [3,3,1]", "", 0, 0, "rank 4", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example input_gradient_examples[] = {
    {"[2,3,2,3] [3,3,2,3] [2,5,4,2]", "", 0, 0, NULL, LOSES},
    {"[2,4,4] [3,3,4] [2,9,3]", "strides=2", 0, 0, NULL, LOSES},
    {"[1,3,3,6] [2,2,3,2] [1,4,4,3]", "groups=0", 0, 0, NULL, LOSES},
    {"[2,3,2,3] [3,3,2,3] [2,6,4,2]", "", 0, 0, "convolution's result", 0},
    {"[2,3,2,3] [3,3,2,3] [2,2]", "", 0, 0, "at least rank 3", 0},
    {"[2,3,2,3] int32[3,3,2,3] [2,5,4,2]", "", 0, 0, "one dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example filter_gradient_examples[] = {
    {"[2,3,2,3] [2,5,4,2] [3,3,2,3]", "", 0, 0, NULL, LOSES},
    {"[1,2,3,1,2] [1,4,5,3,1] [3,3,3,1,2]", "", 0, 0, NULL, LOSES},
    {"[1,3,3,6] [1,4,4,3] [2,2,3,2]", "groups=0", 0, 0, NULL, LOSES},
    {"[2,3,2,3] [2,5,4,2] [3,2,2,3]", "", 0, 0, "convolution's result", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define FORWARD_OP(name_, node, kind, table_, function, can_)                                      \
    {                                                                                              \
        .name = name_, .node_name = node, .table = table_, .min_inputs = 2, .max_inputs = 3,       \
        .output_count = 1, .optional = 1u << 2, .infer = kind##_infer,                             \
        .gradient = function##_gradient, .lower = function##_lower, .prepare = function##_prepare, \
        .run = conv_f32_step, .can = can_, .examples = kind##_examples                             \
    }
static const tare_capabilities input_gradient_can = {.host = &tare_convolution_data_host};
static const tare_capabilities filter_gradient_can = {.host = &tare_convolution_filter_host};

#define GRADIENT_OP(name_, node, kind, step, can_)                                                 \
    {                                                                                              \
        .name = name_, .node_name = node, .table = &conv_table, .min_inputs = 3, .max_inputs = 3,  \
        .output_count = 1, .shape_only = 1u << 2, .infer = kind##_infer,                           \
        .gradient = kind##_gradient, .lower = kind##_lower, .prepare = kind##_prepare,             \
        .run = step, .can = can_, .examples = kind##_examples                                      \
    }

const tare_op_def tare_convolution_ops[] = {
    [CONVOLUTION] =
        FORWARD_OP("nn_convolution", "convolution", convolution, &conv_table, conv, &conv_can),
    [CONV1D] = FORWARD_OP("nn_conv1d", "conv1d", conv1d, &conv_table, conv, &conv_can),
    [CONV2D] = FORWARD_OP("nn_conv2d", "Conv2D", conv2d, &conv_table, conv, &conv_can),
    [CONV3D] = FORWARD_OP("nn_conv3d", "Conv3D", conv3d, &conv_table, conv, &conv_can),
    [DEPTHWISE] = FORWARD_OP("nn_depthwise_conv2d", "depthwise", depthwise, &depthwise_table,
                             depthwise, &depthwise_can),
    [INPUT_GRADIENT] = GRADIENT_OP("convolution_input_gradient", "Conv2DBackpropInput",
                                   input_gradient, tare_convolution_data_step, &input_gradient_can),
    [FILTER_GRADIENT] =
        GRADIENT_OP("convolution_filter_gradient", "Conv2DBackpropFilter", filter_gradient,
                    filter_gradient_f32_step, &filter_gradient_can),
    {.name = NULL},
};

static tare_tensor build_forward(int op, tare_tensor x, tare_tensor filter, const void *options) {
    const tare_tensor inputs[] = {x, filter};
    return tare_build_node(NULL, &tare_convolution_ops[op], NULL, inputs, 2, options);
}

tare_tensor tare_nn_convolution_with(tare_tensor x, tare_tensor filter,
                                     const tare_nn_conv_options *options) {
    return build_forward(CONVOLUTION, x, filter, options);
}
tare_tensor tare_nn_conv1d_with(tare_tensor x, tare_tensor filter,
                                const tare_nn_conv_options *options) {
    return build_forward(CONV1D, x, filter, options);
}
tare_tensor tare_nn_conv2d_with(tare_tensor x, tare_tensor filter,
                                const tare_nn_conv_options *options) {
    return build_forward(CONV2D, x, filter, options);
}
tare_tensor tare_nn_conv3d_with(tare_tensor x, tare_tensor filter,
                                const tare_nn_conv_options *options) {
    return build_forward(CONV3D, x, filter, options);
}
tare_tensor tare_nn_depthwise_conv2d_with(tare_tensor x, tare_tensor filter,
                                          const tare_nn_depthwise_conv2d_options *options) {
    return build_forward(DEPTHWISE, x, filter, options);
}
