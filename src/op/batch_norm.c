/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ops "batch_norm" and "fused_batch_norm", and what they lower to:
 *
 *     y = gamma (x - mean) / sqrt(variance + epsilon) + beta
 *
 * with the moments of this batch (training) or given ones. The mode is an option, or a bool scalar
 * input: known when planning, only its own steps are emitted; else both pairs of statistics are
 * there and each step chooses.
 *
 *     training     channel_moments, normalise
 *     inference    normalise
 *     either       channel_moments, select_statistics, normalise
 *
 * Only y is differentiated, for x, gamma and beta, as in TensorFlow's fused op; the gradient is op
 * "batch_norm_gradient" (batch_norm_gradient.c).
 *
 * Source: Ioffe and Szegedy 2015, arXiv:1502.03167; TensorFlow r1.15,
 * core/kernels/fused_batch_norm_op.cc, python/ops/nn_impl.py (fused_batch_norm).
 */
#include "op/batch_norm.h"
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_batch_norm_node_options
TARE_OPTION_TABLE(static, batch_norm_table, TARE_BATCH_NORM_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT      tare_fused_batch_norm_options
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
TARE_OPTION_TABLE(static, fused_table, TARE_FUSED_BATCH_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

/* The options of either op as batch_norm's. */
static tare_batch_norm_node_options own_settings(const void *options) {
    return *(const tare_batch_norm_node_options *)options;
}

static tare_batch_norm_node_options fused_settings(const void *options) {
    const tare_fused_batch_norm_options *given = options;
    tare_batch_norm_node_options settings = {TARE_BATCH_NORM_NODE_DEFAULTS};
    settings.axis = given->data_format == TARE_NCHW ? TARE_LIST(1) : TARE_LIST(-1);
    settings.epsilon = given->epsilon > TARE_FUSED_LEAST_EPSILON || isnan(given->epsilon)
                           ? given->epsilon
                           : TARE_FUSED_LEAST_EPSILON;
    settings.training = given->is_training;
    settings.unbiased = true;
    return settings;
}

/* --------------------------------------------------------------------------------- infer */

static bool is_given(const tare_infer *infer, int input) {
    return input < infer->input_count && infer->inputs[input].dtype != TARE_DTYPE_NONE;
}

static tare_status check_parameter(const tare_infer *infer, int input, tare_shape shape) {
    static const char *const names[] = {"x", "gamma", "beta", "mean", "variance", "training"};
    const tare_type *given = &infer->inputs[input];
    const bool same_type = given->dtype == infer->inputs[TARE_BATCH_NORM_X].dtype;
    if (same_type && tare_shape_compatible(given->shape, shape)) return TARE_OK;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 48], need[TARE_SHAPE_TEXT + 48];
    tare_print(got, sizeof got, "%s %s %s", names[input], tare_dtype_name(given->dtype),
               tare_shape_text(text, given->shape));
    tare_print(need, sizeof need, "%s %s", tare_dtype_name(infer->inputs[TARE_BATCH_NORM_X].dtype),
               tare_shape_text(text, shape));
    return tare_infer_refuse(infer, same_type ? TARE_ERROR_SHAPE : TARE_ERROR_TYPE, got, need);
}

static tare_status check_mode(const tare_infer *infer, const tare_batch_norm_node_options *s) {
    const bool asked = is_given(infer, TARE_BATCH_NORM_TRAINING);
    const bool statistics = is_given(infer, TARE_BATCH_NORM_MOVING_MEAN) &&
                            is_given(infer, TARE_BATCH_NORM_MOVING_VARIANCE);
    if ((asked || !s->training) && !statistics)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "no mean or no variance",
                                 "both where the batch's own are not used");
    if (!asked) return TARE_OK;
    const tare_type *training = &infer->inputs[TARE_BATCH_NORM_TRAINING];
    if (training->dtype == TARE_BOOL && tare_shape_compatible(training->shape, TARE_SCALAR))
        return TARE_OK;
    return tare_infer_refuse(infer, TARE_ERROR_TYPE, tare_dtype_name(training->dtype),
                             "training to be a bool scalar");
}

tare_status tare_batch_norm_axes(const tare_infer *infer, int x, tare_list axis,
                                 tare_axis_mask *kept) {
    const int rank = infer->inputs[x].shape.rank;
    TARE_TRY(tare_infer_floating(infer, x, "x"));
    if (rank == TARE_UNKNOWN_RANK)
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, "x of unknown rank", "a known rank");
    return tare_infer_axes(infer, axis, rank, kept);
}

/* Parameters have one form among them: the given ones', or that of tf.layers. */
static tare_status find_parameter_shape(const tare_infer *infer, tare_axis_mask kept,
                                        tare_shape *shape) {
    const tare_shape x = infer->inputs[TARE_BATCH_NORM_X].shape;
    *shape = tare_parameter_shape(x, kept);
    for (int i = TARE_BATCH_NORM_GAMMA; i <= TARE_BATCH_NORM_MOVING_VARIANCE; i++) {
        if (!is_given(infer, i) || !tare_shape_known(infer->inputs[i].shape)) continue;
        const int64_t count = tare_shape_count(infer->inputs[i].shape);
        const int64_t channels = tare_shape_count(*shape);
        if (channels < 0 || count == channels) *shape = infer->inputs[i].shape;
        break;
    }
    return TARE_OK;
}

tare_status tare_batch_norm_infer(tare_infer *infer, const tare_batch_norm_node_options *settings) {
    tare_axis_mask kept = 0;
    tare_shape shape;
    TARE_TRY(tare_batch_norm_axes(infer, TARE_BATCH_NORM_X, settings->axis, &kept));
    TARE_TRY(find_parameter_shape(infer, kept, &shape));
    if (!(settings->epsilon >= 0))
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "a negative epsilon",
                                 "epsilon of at least 0");
    for (int i = TARE_BATCH_NORM_GAMMA; i <= TARE_BATCH_NORM_MOVING_VARIANCE; i++)
        if (is_given(infer, i)) TARE_TRY(check_parameter(infer, i, shape));
    TARE_TRY(check_mode(infer, settings));
    infer->outputs[TARE_BATCH_NORM_Y] = infer->inputs[TARE_BATCH_NORM_X];
    for (int o = TARE_BATCH_NORM_MEAN; o < TARE_BATCH_NORM_OUTPUTS; o++)
        infer->outputs[o] = (tare_type){infer->inputs[TARE_BATCH_NORM_X].dtype, shape};
    const int64_t channels = tare_shape_count(shape);
    infer->outputs[TARE_BATCH_NORM_LOW].shape = TARE_SHAPE(channels < 0 ? TARE_ANY : 2 * channels);
    return TARE_OK;
}

static tare_status batch_norm_infer(tare_infer *infer) {
    const tare_batch_norm_node_options settings = own_settings(infer->options);
    return tare_batch_norm_infer(infer, &settings);
}

static tare_status fused_infer(tare_infer *infer) {
    const tare_batch_norm_node_options settings = fused_settings(infer->options);
    TARE_TRY(tare_infer_rank_at_least(infer, TARE_BATCH_NORM_X, 4, "x"));
    if (infer->inputs[TARE_BATCH_NORM_X].shape.rank > 5)
        TARE_TRY(tare_infer_rank(infer, TARE_BATCH_NORM_X, 4, "x"));
    if (settings.training && (is_given(infer, TARE_BATCH_NORM_MOVING_MEAN) ||
                              is_given(infer, TARE_BATCH_NORM_MOVING_VARIANCE)))
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "mean or variance in training",
                                 "neither: training uses the batch's own");
    return tare_batch_norm_infer(infer, &settings);
}

/* ------------------------------------------------------------------------------ gradient */

static tare_status gradient_with(tare_gradient *gradient,
                                 const tare_batch_norm_node_options *settings) {
    if (!gradient->output_gradients[TARE_BATCH_NORM_Y].node) return TARE_OK;
    const tare_tensor none = TARE_NULL;
    const bool asked = gradient->input_count > TARE_BATCH_NORM_TRAINING;
    const tare_tensor inputs[TARE_BATCH_NORM_GRADIENT_INPUTS] = {
        gradient->output_gradients[TARE_BATCH_NORM_Y],
        gradient->inputs[TARE_BATCH_NORM_X],
        gradient->input_count > TARE_BATCH_NORM_GAMMA ? gradient->inputs[TARE_BATCH_NORM_GAMMA]
                                                      : none,
        gradient->outputs[TARE_BATCH_NORM_MEAN],
        gradient->outputs[TARE_BATCH_NORM_VARIANCE],
        gradient->outputs[TARE_BATCH_NORM_LOW],
        asked ? gradient->inputs[TARE_BATCH_NORM_TRAINING] : none};
    const tare_tensor dx = tare_build(gradient->graph, "batch_norm_gradient", inputs,
                                      TARE_BATCH_NORM_GRADIENT_INPUTS, settings);
    for (int i = TARE_BATCH_NORM_X; i <= TARE_BATCH_NORM_BETA && i < gradient->input_count; i++)
        if (gradient->wanted[i]) gradient->input_gradients[i] = tare_output(dx, i);
    return tare_graph_status(gradient->graph);
}

static tare_status batch_norm_gradient(tare_gradient *gradient) {
    const tare_batch_norm_node_options settings = own_settings(gradient->options);
    return gradient_with(gradient, &settings);
}

static tare_status fused_gradient(tare_gradient *gradient) {
    const tare_batch_norm_node_options settings = fused_settings(gradient->options);
    return gradient_with(gradient, &settings);
}

/* --------------------------------------------------------------------------------- lower */

tare_batch_mode tare_batch_mode_of(const tare_lower *lower, int training, bool otherwise) {
    bool truth = otherwise;
    const tare_value value = tare_given_value(lower, training);
    if (value != TARE_NO_VALUE && !lower->known(lower, value, &truth)) return TARE_MODE_EITHER;
    return truth ? TARE_MODE_TRAINING : TARE_MODE_INFERENCE;
}

tare_channel_view tare_batch_norm_view(const tare_lower *lower, tare_value x,
                                       const tare_batch_norm_node_options *settings,
                                       tare_shape statistics) {
    const tare_shape shape = lower->type(lower, x)->shape;
    const tare_axis_mask kept = tare_axes_mask(shape.rank, settings->axis);
    tare_channel_view view = tare_view_by_channel(shape, kept);
    view.options.shape =
        statistics.rank == TARE_UNKNOWN_RANK ? tare_parameter_shape(shape, kept) : statistics;
    view.options.epsilon = settings->epsilon;
    return view;
}

/* The form of the parameters that are given, unknown rank when none is. */
static tare_shape given_parameter_shape(const tare_lower *lower) {
    for (int i = TARE_BATCH_NORM_GAMMA; i <= TARE_BATCH_NORM_MOVING_VARIANCE; i++)
        if (tare_given_value(lower, i) != TARE_NO_VALUE)
            return lower->type(lower, lower->inputs[i])->shape;
    return TARE_ANY_SHAPE;
}

/* Statistics that normalise, and the variance for the moving average. */
typedef struct statistics {
    tare_value mean, variance, low, update_variance;
} statistics;

static statistics moving_statistics(const tare_lower *lower) {
    const tare_value variance = tare_given_value(lower, TARE_BATCH_NORM_MOVING_VARIANCE);
    return (statistics){tare_given_value(lower, TARE_BATCH_NORM_MOVING_MEAN), variance,
                        TARE_NO_VALUE, variance};
}

static tare_status emit_batch_statistics(tare_lower *lower, const tare_channel_view *view,
                                         tare_value x, bool unbiased, statistics *found) {
    tare_value made[TARE_MOMENTS_OUTPUTS];
    TARE_TRY(
        lower->emit(lower, "channel_moments", &view->options, &x, 1, made, TARE_MOMENTS_OUTPUTS));
    *found =
        (statistics){made[TARE_MOMENTS_MEAN], made[TARE_MOMENTS_VARIANCE], made[TARE_MOMENTS_LOW],
                     made[unbiased ? TARE_MOMENTS_UNBIASED : TARE_MOMENTS_VARIANCE]};
    return TARE_OK;
}

/* Replaces the batch's statistics by what the run's mode asks for. */
static tare_status emit_selection(tare_lower *lower, const tare_channel_view *view,
                                  statistics *batch) {
    const tare_value inputs[] = {tare_given_value(lower, TARE_BATCH_NORM_TRAINING),
                                 batch->mean,
                                 batch->variance,
                                 batch->low,
                                 tare_given_value(lower, TARE_BATCH_NORM_MOVING_MEAN),
                                 tare_given_value(lower, TARE_BATCH_NORM_MOVING_VARIANCE)};
    tare_value made[3];
    TARE_TRY(lower->emit(lower, "select_statistics", &view->options, inputs,
                         sizeof inputs / sizeof *inputs, made, 3));
    batch->mean = made[0];
    batch->variance = made[1];
    batch->low = made[2];
    return TARE_OK;
}

/* Low digits where nothing was rounded: zeros. */
static tare_status settle_low(tare_lower *lower, const tare_channel_view *view,
                              const statistics *used) {
    tare_value *low = &lower->outputs[TARE_BATCH_NORM_LOW];
    *low = used->low;
    if (*low != TARE_NO_VALUE) return TARE_OK;
    return lower->emit(lower, "zero_low", &view->options, &used->mean, 1, low, 1);
}

/* All outputs are made, wanted or not: of some only the shape is asked for, and pruning drops what
 * nobody reads. */
tare_status tare_batch_norm_lower(tare_lower *lower, const tare_batch_norm_node_options *settings) {
    const tare_batch_mode mode =
        tare_batch_mode_of(lower, TARE_BATCH_NORM_TRAINING, settings->training);
    const tare_channel_view view = tare_batch_norm_view(lower, lower->inputs[TARE_BATCH_NORM_X],
                                                        settings, given_parameter_shape(lower));
    statistics used = moving_statistics(lower);
    tare_value x;
    TARE_TRY(tare_emit_into_view(lower, &view, lower->inputs[TARE_BATCH_NORM_X], &x));
    if (mode != TARE_MODE_INFERENCE)
        TARE_TRY(emit_batch_statistics(lower, &view, x, settings->unbiased, &used));
    if (mode == TARE_MODE_EITHER) TARE_TRY(emit_selection(lower, &view, &used));
    lower->outputs[TARE_BATCH_NORM_MEAN] = used.mean;
    lower->outputs[TARE_BATCH_NORM_VARIANCE] = used.variance;
    lower->outputs[TARE_BATCH_NORM_UPDATE_VARIANCE] = used.update_variance;
    TARE_TRY(settle_low(lower, &view, &used));
    const tare_value inputs[] = {x,
                                 used.mean,
                                 used.variance,
                                 used.low,
                                 tare_given_value(lower, TARE_BATCH_NORM_GAMMA),
                                 tare_given_value(lower, TARE_BATCH_NORM_BETA)};
    tare_value y;
    TARE_TRY(lower->emit(lower, "normalise", &view.options, inputs, sizeof inputs / sizeof *inputs,
                         &y, 1));
    return tare_emit_out_of_view(lower, &view, y, &lower->outputs[TARE_BATCH_NORM_Y]);
}

static tare_status batch_norm_lower(tare_lower *lower) {
    const tare_batch_norm_node_options settings = own_settings(lower->options);
    return tare_batch_norm_lower(lower, &settings);
}

static tare_status fused_lower(tare_lower *lower) {
    const tare_batch_norm_node_options settings = fused_settings(lower->options);
    return tare_batch_norm_lower(lower, &settings);
}

/* ------------------------------------------------------------------------------ builders */

tare_tensor tare_fused_batch_norm_with(tare_tensor x, tare_tensor scale, tare_tensor offset,
                                       const tare_fused_batch_norm_options *options) {
    tare_fused_batch_norm_options given;
    tare_options_adopt(&fused_table, options, &given);
    const tare_tensor inputs[] = {x, scale, offset, given.mean, given.variance};
    given.mean = given.variance = TARE_NULL;
    return tare_build(NULL, "fused_batch_norm", inputs, sizeof inputs / sizeof *inputs, &given);
}

/* ------------------------------------------------------------------------------ examples */

/* Only y is differentiated, and not for given statistics; the unit tests hold that against
 * differences. */
enum { Y_ONLY = TARE_EXAMPLE_NO_GRADIENT };

static const tare_example batch_norm_examples[] = {
    {.shapes = "[6,3]", .flags = Y_ONLY},
    {.shapes = "[6,3] [3] [3]", .flags = Y_ONLY},
    {.shapes = "[2,3,2,4] [3] [3]", .options = "axis=1", .flags = Y_ONLY},
    {.shapes = "[2,3,2,4] [1,3,1,4] [1,3,1,4]", .options = "axis=1,3", .flags = Y_ONLY},
    {.shapes = "[6,3] [3] - [3] [3]",
     .options = "training=false",
     .low = .2,
     .high = 2,
     .flags = Y_ONLY},
    {.shapes = "[1,3] [3] [3]", .flags = Y_ONLY},
    {.shapes = "[0,3] [3] [3]", .flags = Y_ONLY},
    {.shapes = "[6,3] [4] [3]", .refused = "gamma"},
    {.shapes = "[6,3]", .options = "axis=2", .refused = "axis 2"},
    {.shapes = "[6,3]", .options = "axis=1,1", .refused = "axes that differ"},
    {.shapes = "[6,3]", .options = "epsilon=-1", .refused = "epsilon"},
    {.shapes = "[6,3]", .options = "training=false", .refused = "no mean"},
    {.shapes = "int32[6,3]", .refused = "float32 or float64"},
    {.shapes = NULL},
};

static const tare_example fused_examples[] = {
    {.shapes = "[2,3,2,4] [4] [4]", .flags = Y_ONLY},
    {.shapes = "[2,3,2,4] [3] [3]", .options = "data_format=nchw", .flags = Y_ONLY},
    {.shapes = "[2,3,2,4] [4] [4] [4] [4]",
     .options = "is_training=false",
     .low = .2,
     .high = 2,
     .flags = Y_ONLY},
    {.shapes = "[2,3] [3] [3]", .refused = "rank 4"},
    {.shapes = "[2,3,2,4] [4] [4] [4] [4]", .refused = "in training"},
    {.shapes = NULL},
};

/* -------------------------------------------------------------------------------- the ops */

#define OPTIONAL_PARAMETERS                                                                        \
    (1U << TARE_BATCH_NORM_GAMMA | 1U << TARE_BATCH_NORM_BETA |                                    \
     1U << TARE_BATCH_NORM_MOVING_MEAN | 1U << TARE_BATCH_NORM_MOVING_VARIANCE |                   \
     1U << TARE_BATCH_NORM_TRAINING)

const tare_op_def tare_batch_norm_ops[] = {
    {.name = "batch_norm",
     .node_name = "BatchNorm",
     .table = &batch_norm_table,
     .min_inputs = 1,
     .max_inputs = TARE_BATCH_NORM_INPUTS,
     .output_count = TARE_BATCH_NORM_OUTPUTS,
     .optional = OPTIONAL_PARAMETERS,
     .infer = batch_norm_infer,
     .gradient = batch_norm_gradient,
     .lower = batch_norm_lower,
     .examples = batch_norm_examples},
    {.name = "fused_batch_norm",
     .node_name = "FusedBatchNormV3",
     .table = &fused_table,
     .min_inputs = 3,
     .max_inputs = TARE_BATCH_NORM_TRAINING,
     .output_count = TARE_BATCH_NORM_OUTPUTS,
     .optional = OPTIONAL_PARAMETERS,
     .infer = fused_infer,
     .gradient = fused_gradient,
     .lower = fused_lower,
     .examples = fused_examples},
    {.name = NULL},
};
