/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transposed convolution: the gradient of a convolution for its input, as an op of its own.
 *
 *     y = convolution_input_gradient(value, w), of a shape that the convolution takes to value's
 *     dvalue = convolution(dy, w)
 *     dw     = convolution_filter_gradient(value, dy)
 *
 * and a bias that merging makes. Channels first is lowered to channels last between transposes.
 *
 * Several extents may lead to those of value: output_size names them; without it
 *
 *     same      in stride
 *     valid     in stride + max(reach - stride, 0)
 *     explicit  (in - 1) stride + reach - before - after,      reach = (kernel - 1) dilation + 1
 *
 * Source: TensorFlow r1.15, python/ops/nn_ops.py (conv2d_transpose); for the default extents
 * python/keras/utils/conv_utils.py (deconv_output_length).
 */
#include "op/convolution.h"

#include "op/affine.h"
#include "op/data_format.h"
#include "op/elementwise.h"
#include "op/spatial.h"

extern const tare_op_def tare_convolution_transpose_ops[];
enum { CONV1D, CONV2D, CONV3D };

#define TARE_TABLE_STRUCT      tare_nn_conv_transpose_options
#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
TARE_OPTION_TABLE(static, transpose_table, TARE_NN_CONV_TRANSPOSE_FIELDS);
#undef TARE_TABLE_STRUCT

/* The convolution that is transposed. */
static tare_nn_conv_options transposed(const tare_nn_conv_transpose_options *given) {
    tare_nn_conv_options options = {TARE_NN_CONV_DEFAULTS};
    options.strides = given->strides;
    options.padding = given->padding;
    options.dilations = given->dilations;
    options.before = given->before;
    options.after = given->after;
    options.groups = given->groups;
    options.data_format = given->data_format;
    return options;
}

/* ---- shapes */

/* The default extent along spatial axis d; TARE_ANY: not known, -2: none. */
static int64_t default_extent(const tare_windows *w, int d, int64_t in) {
    const int64_t stride = w->stride[d];
    int64_t reach = 0, size = 0;
    if (in < 0 || w->window[d] < 0) return TARE_ANY;
    if (!tare_multiply_sizes(in, stride, &size)) return -2;
    if (w->padding == TARE_PADDING_SAME) return size;
    if (!tare_multiply_sizes(w->window[d] - 1, w->dilation[d], &reach)) return -2;
    const int64_t more = reach + 1 - stride;
    if (more > 0 && !tare_add_sizes(size, more, &size)) return -2;
    if (w->padding == TARE_PADDING_VALID) return size;
    size += (more < 0 ? more : 0) - w->before[d] - w->after[d];
    return size < 0 ? -2 : size;
}

static tare_status refuse(const tare_infer *infer, const char *need) {
    const tare_nn_conv_transpose_options *options = infer->options;
    char got[3 * TARE_SHAPE_TEXT + 96], value[TARE_SHAPE_TEXT], filter[TARE_SHAPE_TEXT],
        size[TARE_SHAPE_TEXT];
    tare_print(got, sizeof got, "value of shape %s, a filter of shape %s and output_size %s",
               tare_shape_text(value, infer->inputs[0].shape),
               tare_shape_text(filter, infer->inputs[1].shape),
               tare_list_text(size, options->output_size));
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

/* The extents of the result but for batch and channels. */
static tare_status infer_extents(const tare_infer *infer, tare_shape value, tare_shape filter,
                                 tare_shape *y) {
    const tare_nn_conv_transpose_options *o = infer->options;
    const int rank = value.rank - 2;
    tare_windows windows = {.rank = rank, .padding = (tare_padding)o->padding};
    TARE_TRY(tare_infer_spatial(infer, "strides", o->strides, rank, windows.stride));
    TARE_TRY(tare_infer_spatial(infer, "dilations", o->dilations, rank, windows.dilation));
    TARE_TRY(tare_infer_explicit(infer, o->before, o->after, &windows));
    if (o->output_size.count != 0)
        TARE_TRY(tare_infer_list(infer, "output_size", o->output_size, rank, 0));
    for (int i = 0; i < rank; i++) {
        const int d = TARE_SPATIAL - rank + i;
        windows.window[d] = filter.extents[i];
        if (filter.extents[i] == 0) return refuse(infer, "a filter of 1 or more");
        y->extents[1 + i] = o->output_size.count != 0
                                ? o->output_size.values[i]
                                : default_extent(&windows, d, value.extents[1 + i]);
        if (y->extents[1 + i] < TARE_ANY) return refuse(infer, "a result of 0 or more");
    }
    return TARE_OK;
}

static tare_status infer_transpose(tare_infer *infer, int rank) {
    const tare_nn_conv_options options = transposed(infer->options);
    TARE_TRY(tare_infer_floating(infer, 0, "value"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_rank(infer, 0, rank, "value"));
    TARE_TRY(tare_infer_rank(infer, 1, rank, "filter"));
    const tare_shape value = tare_shape_of_rank(infer->inputs[0].shape, rank),
                     filter = tare_shape_of_rank(infer->inputs[1].shape, rank);
    tare_shape y = {.rank = rank}, back;
    TARE_TRY(infer_extents(infer, value, filter, &y));
    y.extents[0] = value.extents[0];
    y.extents[rank - 1] = TARE_ANY;
    TARE_TRY(tare_infer_convolution(infer, &options, y, filter, &back));
    if (!tare_shape_compatible(back, value))
        return refuse(infer, "a result that the convolution takes to the shape of value");
    y.extents[rank - 1] = tare_filter_channels(&options, filter);
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, y};
    TARE_TRY(tare_infer_convolution_bias(infer, y.extents[rank - 1]));
    return tare_infer_countable(infer, 0);
}

/* ---- lowering: nothing to do but for channels first */

static tare_status lower_with(tare_lower *lower, const char *op) {
    tare_nn_conv_transpose_options options =
        *(const tare_nn_conv_transpose_options *)lower->options;
    if (options.data_format == TARE_NHWC) return TARE_OK;
    options.data_format = TARE_NHWC;
    return tare_lower_channels_first(lower, op, &options, 1, true);
}

/* ---- merging */

static bool absorbs_affine(const tare_lower *node) {
    (void)node;
    return true;
}

static tare_status absorb_as(tare_lower *node, const char *op, const tare_affine *affine) {
    const tare_nn_conv_transpose_options *options = node->options;
    const tare_weights_view view =
        tare_filter_by_depth(node->type(node, node->inputs[1])->shape, options->groups);
    return tare_absorb_affine(node, op, affine, &view);
}

static bool as_product(const tare_lower *node, tare_product *product) {
    const tare_nn_conv_transpose_options *options = node->options;
    const tare_shape w = node->type(node, node->inputs[1])->shape;
    if (!tare_shape_known(w)) return false;
    *product =
        (tare_product){.by_output = tare_filter_by_depth(w, options->groups),
                       .by_input = tare_filter_by_last(w, options->groups),
                       .channels_first = options->data_format == TARE_NCHW,
                       .not_by_input = "its taps do not all reach every place of its result"};
    return true;
}

/* ---- one op for every number of spatial axes */

#define RANK(function, rank)                                                                       \
    static tare_status function##_infer_last(tare_infer *infer) {                                  \
        return infer_transpose(infer, rank);                                                       \
    }                                                                                              \
    static tare_status function##_infer(tare_infer *infer) {                                       \
        const tare_nn_conv_transpose_options *options = infer->options;                            \
        return tare_infer_formatted(infer, options->data_format, 1, true, function##_infer_last);  \
    }                                                                                              \
    static tare_status function##_lower(tare_lower *lower) {                                       \
        return lower_with(lower, "nn_" #function);                                                 \
    }                                                                                              \
    static tare_status function##_absorb_affine(tare_lower *node, const tare_affine *affine) {     \
        return absorb_as(node, "nn_" #function, affine);                                           \
    }                                                                                              \
    static const tare_capabilities function##_can = {.absorbs_affine = absorbs_affine,             \
                                                     .absorb_affine = function##_absorb_affine,    \
                                                     .as_product = as_product};
RANK(conv1d_transpose, 3)
RANK(conv2d_transpose, 4)
RANK(conv3d_transpose, 5)

/* ---- the step */

/* A transposed convolution and the bias that goes onto it; the convolution comes first because the
 * steps without one read it alone. */
typedef struct biased {
    tare_convolution convolution;
    tare_binary_pass add;
    tare_step_function convolve;
} biased;

/* The convolution lays its result down, the bias is added to it in place. */
static tare_status biased_step(const tare_run *run) {
    const biased *state = run->state;
    TARE_TRY(state->convolve(run));
    tare_binary_run(&state->add, run->outputs[0], run->inputs[2], run->outputs[0], run->scratch,
                    run->pool);
    return TARE_OK;
}

static tare_status prepare_biased(tare_prepare *prepare, const tare_convolution *c) {
    const tare_type *y = &prepare->outputs[0];
    biased state = {.convolution = *c, .convolve = prepare->run};
    tare_binary_plan(&state.add, TARE_BINARY_ADD, y->dtype, y->shape, prepare->inputs[2].shape, 0);
    const int64_t scratch = tare_binary_scratch(&state.add);
    if (scratch > prepare->scratch_bytes) prepare->scratch_bytes = scratch;
    prepare->run = biased_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status transpose_prepare(tare_prepare *prepare) {
    const tare_nn_conv_options options = transposed(prepare->options);
    const tare_convolution c = tare_convolution_of(
        &options, prepare->outputs[0].shape, prepare->inputs[1].shape, prepare->inputs[0].shape);
    TARE_TRY(tare_prepare_convolution_data(prepare, &c));
    const bool has_bias = prepare->input_count > 2 && prepare->inputs[2].dtype != TARE_DTYPE_NONE;
    return has_bias ? prepare_biased(prepare, &c) : TARE_OK;
}

static tare_status transpose_gradient(tare_gradient *g) {
    const tare_nn_conv_options options = transposed(g->options);
    const tare_tensor dy = g->output_gradients[0], value = g->inputs[0], filter = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_convolve(dy, filter, &options);
    if (g->wanted[1])
        g->input_gradients[1] = tare_convolution_filter_gradient(value, dy, filter, &options);
    if (g->input_count < 3 || !g->wanted[2]) return TARE_OK;
    return tare_sum_of_channels(g, options.data_format, dy, g->inputs[2], &g->input_gradients[2]);
}

/* ---- the family */

#define LOSES TARE_EXAMPLE_NO_NAN
static const tare_example conv1d_transpose_examples[] = {
    {"[2,4,3] [3,2,3]", "strides=2", 0, 0, NULL, LOSES},
    {"[2,4,3] [3,2,3]", "padding=valid", 0, 0, NULL, LOSES},
    {"[2,3,4] [3,2,3]", "padding=valid,data_format=nchw", 0, 0, NULL, LOSES},
    {"[1,3,2] [2,2,2]", "padding=valid,strides=3,output_size=8", 0, 0, NULL, LOSES},
    {"[0,4,3] [3,2,3]", "", 0, 0, NULL, LOSES},
    {"[2,4,3] [3,2,2]", "", 0, 0, "to the shape of value", 0},
    {"[2,4,3] [3,2,3]", "output_size=9", 0, 0, "to the shape of value", 0},
    {"[2,4,3] [3,2,3]", "output_size=4,4", 0, 0, "output_size", 0},
    {"[2,4,3] [0,2,3]", "", 0, 0, "1 or more", 0},
    {"[2,4,4,3] [3,2,3]", "", 0, 0, "rank 3", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example conv2d_transpose_examples[] = {
    {"[2,3,3,3] [2,2,2,3]", "", 0, 0, NULL, LOSES},
    {"[1,3,3,2] [3,3,1,2]", "strides=2,output_size=5,6", 0, 0, NULL, LOSES},
    {"[2,3,3,3] [4,4,2,3]", "strides=3,padding=valid", 0, 0, NULL, LOSES},
    {"[1,3,2,2] [3,2,2,2]", "strides=2,1,dilations=1,2,padding=valid", 0, 0, NULL, LOSES},
    {"[1,3,3,2] [3,3,1,2]", "strides=2,padding=explicit,before=1,1,after=0,1", 0, 0, NULL, LOSES},
    {"[1,3,3,4] [2,2,3,4]", "groups=2,strides=2", 0, 0, NULL, LOSES},
    {"[1,3,3,6] [2,2,3,2]", "groups=0", 0, 0, NULL, LOSES},
    {"[2,3,3,3] [2,2,2,3] [2]", "strides=2", 0, 0, NULL, LOSES},
    {"[2,3,3,2] [2,2,2,3] [2]", "data_format=nchw,strides=2,1", 0, 0, NULL, LOSES},
    {"[2,3,3,3] [2,2,2,3] [3]", "", 0, 0, "every filter", 0},
    {"[2,3,3,3] [2,2,2,3]", "groups=2", 0, 0, "divide into groups", 0},
    {"[2,3,3,3] [2,2,2,3]", "strides=0", 0, 0, "strides", 0},
    {"[1,1,1,1] [1,1,1,1]", "padding=explicit,before=2,2,after=0,0", 0, 0, "0 or more", 0},
    {"int32[2,3,3,3] int32[2,2,2,3]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example conv3d_transpose_examples[] = {
    {"[1,2,3,2,2] [2,2,2,3,2]", "", 0, 0, NULL, LOSES},
    {"[1,2,2,3,2] [2,2,2,3,2]", "data_format=nchw", 0, 0, NULL, LOSES},
    {"[1,2,2,1,2] [3,2,3,1,2]", "strides=2,padding=valid", 0, 0, NULL, LOSES},
    {"[1,2,3,2,2] [2,2,2,3,3]", "", 0, 0, "to the shape of value", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define TRANSPOSE_OP(function)                                                                     \
    {                                                                                              \
        .name = "nn_" #function, .node_name = #function, .table = &transpose_table,                \
        .min_inputs = 2, .max_inputs = 3, .output_count = 1, .optional = 1u << 2,                  \
        .infer = function##_infer, .gradient = transpose_gradient, .lower = function##_lower,      \
        .prepare = transpose_prepare, .run = tare_convolution_data_step, .can = &function##_can,   \
        .examples = function##_examples                                                            \
    }

const tare_op_def tare_convolution_transpose_ops[] = {
    [CONV1D] = TRANSPOSE_OP(conv1d_transpose),
    [CONV2D] = TRANSPOSE_OP(conv2d_transpose),
    [CONV3D] = TRANSPOSE_OP(conv3d_transpose),
    {.name = NULL},
};

static tare_tensor build(int op, tare_tensor value, tare_tensor filter,
                         const tare_nn_conv_transpose_options *options) {
    const tare_tensor inputs[] = {value, filter};
    return tare_build_node(NULL, &tare_convolution_transpose_ops[op], NULL, inputs, 2, options);
}

tare_tensor tare_nn_conv1d_transpose_with(tare_tensor value, tare_tensor filter,
                                          const tare_nn_conv_transpose_options *options) {
    return build(CONV1D, value, filter, options);
}
tare_tensor tare_nn_conv2d_transpose_with(tare_tensor value, tare_tensor filter,
                                          const tare_nn_conv_transpose_options *options) {
    return build(CONV2D, value, filter, options);
}
tare_tensor tare_nn_conv3d_transpose_with(tare_tensor value, tare_tensor filter,
                                          const tare_nn_conv_transpose_options *options) {
    return build(CONV3D, value, filter, options);
}
