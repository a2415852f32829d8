/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of a batch normalisation layer. Plain layers are one batch_norm node, gamma and beta
 * inside. Renorm, ghost batches, weights and adjustment normalise first,
 *
 *     xhat = (x - mean) / sqrt(variance + epsilon)
 *
 * and then multiply and add in this order, each where it applies and the first two in training
 * only:
 *
 *     y = ((xhat r + d) adjustment_scale + adjustment_bias) gamma + beta
 *
 * Nodes on the way are hidden; the last one bears the name that TensorFlow's has.
 */
#include "array/shape.h"
#include "base/text.h"
#include "layer/batch_norm.h"
#include "layer/gamma_beta.h"

tare_tensor tare_norm_choose(const tare_norm *norm, tare_tensor a, tare_tensor b) {
    if (norm->mode != TARE_NORM_EITHER) return norm->mode == TARE_NORM_TRAINING ? a : b;
    const tare_tensor inputs[] = {norm->training, a, b};
    return tare_build(norm->graph, "merge", inputs, 3, NULL);
}

/* A variable or statistic in the form that broadcasts against x. */
static tare_tensor against_x(const tare_norm *norm, tare_tensor statistic) {
    if (!statistic.graph) return TARE_NULL;
    return tare_against_channels(statistic, norm->shape, norm->kept);
}

static const char *result_name(const tare_norm *norm) {
    if (!norm->fused) return "batchnorm/add_1";
    return norm->mode == TARE_NORM_EITHER ? "cond/Merge" : "FusedBatchNormV3";
}

static bool wants_unbiased(const tare_norm *norm) {
    const int which = norm->options->moving_variance;
    return which == TARE_MOVING_VARIANCE_BY_FUSED ? norm->fused
                                                  : which == TARE_MOVING_VARIANCE_UNBIASED;
}

void tare_norm_inputs(const tare_norm *norm, tare_tensor x, tare_norm_mode mode, bool affine,
                      tare_tensor inputs[TARE_BATCH_NORM_INPUTS]) {
    for (int i = 0; i < TARE_BATCH_NORM_INPUTS; i++) inputs[i] = TARE_NULL;
    inputs[TARE_BATCH_NORM_X] = x;
    if (affine) {
        inputs[TARE_BATCH_NORM_GAMMA] = norm->gamma;
        inputs[TARE_BATCH_NORM_BETA] = norm->beta;
    }
    if (mode != TARE_NORM_TRAINING) {
        inputs[TARE_BATCH_NORM_MOVING_MEAN] = norm->moving_mean;
        inputs[TARE_BATCH_NORM_MOVING_VARIANCE] = norm->moving_variance;
    }
    if (mode == TARE_NORM_EITHER) inputs[TARE_BATCH_NORM_TRAINING] = norm->training;
}

void tare_norm_take_moments(tare_norm *norm, tare_tensor y) {
    norm->mean = tare_output(y, TARE_BATCH_NORM_MEAN);
    norm->variance = tare_output(y, TARE_BATCH_NORM_UPDATE_VARIANCE);
}

/* A batch_norm node over the kept axes of x, in the given mode. */
static tare_tensor normalise(const tare_norm *norm, const char *name, tare_tensor x,
                             tare_axis_mask kept, tare_norm_mode mode, bool affine) {
    tare_batch_norm_node_options options = {TARE_BATCH_NORM_NODE_DEFAULTS};
    tare_tensor inputs[TARE_BATCH_NORM_INPUTS];
    tare_norm_inputs(norm, x, mode, affine, inputs);
    options.axis = tare_axes_list(tare_tensor_shape(x).rank, kept);
    options.epsilon = norm->epsilon;
    options.training = mode == TARE_NORM_TRAINING;
    options.unbiased = wants_unbiased(norm);
    options.name = name;
    return tare_build(norm->graph, "batch_norm", inputs, TARE_BATCH_NORM_INPUTS, &options);
}

/* ------------------------------------------------------------------------- ghost batches */

/* Which of the two axes that the batch becomes counts the ghosts; the other counts their samples.
 */
static int ghost_axis(const tare_norm *norm) {
    return norm->options->virtual_batch_order == TARE_VIRTUAL_BATCH_CONTIGUOUS ? 0 : 1;
}

/* The shape [samples of a ghost, ghosts, ...] of x, or [ghosts, samples, ...]; false: refused. */
static bool find_ghost_shape(const tare_norm *norm, tare_shape *shape) {
    const int64_t size = norm->options->virtual_batch_size, batch = norm->shape.extents[0];
    *shape = norm->shape;
    if (batch >= 0 && batch % size != 0) {
        char got[80], need[80];
        tare_print(got, sizeof got, "a batch of %lld samples", (long long)batch);
        tare_print(need, sizeof need, "a multiple of virtual_batch_size %lld", (long long)size);
        return tare_norm_refuse(norm, TARE_ERROR_SHAPE, got, need);
    }
    for (int axis = shape->rank++; axis > 1; axis--)
        shape->extents[axis] = shape->extents[axis - 1];
    shape->extents[1 - ghost_axis(norm)] = size;
    shape->extents[ghost_axis(norm)] = batch >= 0 ? batch / size : TARE_ANY;
    return true;
}

/* The mean of the ghosts' moments. */
static tare_tensor mean_of_ghosts(const tare_norm *norm, tare_tensor moment) {
    return tare_reduce_mean(moment, .axis = TARE_LIST(ghost_axis(norm)), .keepdims = true);
}

static tare_tensor normalise_ghosts(tare_norm *norm) {
    tare_shape shape;
    if (!find_ghost_shape(norm, &shape)) return TARE_NULL;
    /* The kept axes move one further; the ghosts' own axis is kept too. */
    const tare_axis_mask kept = norm->kept << 1 | 1U << ghost_axis(norm);
    const tare_tensor apart = tare_reshape(norm->x, shape);
    const tare_tensor hat = normalise(norm, NULL, apart, kept, TARE_NORM_TRAINING, false);
    tare_norm_take_moments(norm, hat);
    norm->mean = mean_of_ghosts(norm, norm->mean);
    norm->variance = mean_of_ghosts(norm, norm->variance);
    const tare_tensor together = tare_reshape(hat, norm->shape);
    if (norm->mode == TARE_NORM_TRAINING) return together;
    return tare_norm_choose(norm, together,
                            normalise(norm, NULL, norm->x, norm->kept, TARE_NORM_INFERENCE, false));
}

/* ------------------------------------------------------------------------------- weights */

/* The weights of samples and positions as one tensor that broadcasts against x. */
static tare_tensor join_weights(const tare_norm *norm) {
    const tare_batch_norm_options *o = norm->options;
    tare_tensor weights = TARE_NULL, mask = o->mask;
    if (o->batch_weights.graph) {
        weights = tare_cast(o->batch_weights, norm->dtype);
        for (int axis = 1; axis < norm->shape.rank; axis++)
            weights = tare_expand_dims(weights, axis);
    }
    if (!mask.graph) return weights;
    mask = tare_cast(mask, norm->dtype);
    for (int axis = 0; axis < norm->shape.rank; axis++)
        if (norm->kept >> axis & 1) mask = tare_expand_dims(mask, axis);
    return weights.graph ? tare_mul(weights, mask) : mask;
}

static tare_tensor normalise_weighted(tare_norm *norm) {
    /* Keras' share of nothing: a batch without weight has mean and variance 0. */
    static const double keras_epsilon = 1e-7;
    const int rank = norm->shape.rank;
    const tare_tensor inputs[] = {norm->x, join_weights(norm)};
    tare_weighted_moments_options options = {TARE_WEIGHTED_MOMENTS_DEFAULTS};
    options.axes = tare_axes_list(rank, tare_other_axes(rank, norm->kept));
    options.keep_dims = norm->parameter.rank == rank;
    options.extra = norm->options->mask.graph ? keras_epsilon : 0;
    norm->mean = tare_build(norm->graph, "weighted_moments", inputs, 2, &options);
    norm->variance = tare_output(norm->mean, 1);
    const tare_tensor mean = tare_norm_choose(norm, norm->mean, norm->moving_mean);
    const tare_tensor variance = tare_norm_choose(norm, norm->variance, norm->moving_variance);
    return tare_batch_normalization(norm->x, against_x(norm, mean), against_x(norm, variance),
                                    TARE_NULL, TARE_NULL, .variance_epsilon = norm->epsilon);
}

/* -------------------------------------------------------------------------------- renorm */

typedef struct correction {
    tare_tensor r, d;
} correction;

/* An average that began at 0, made up to weight 1 by the batch's own value. */
static tare_tensor mixed(tare_tensor average, tare_tensor weight, tare_tensor value) {
    return tare_add(average, tare_mul(tare_sub(tare_number(1), weight), value));
}

/* The mean and the deviation that the batch is to be normalised by, as they are before this run's
 * updates. */
static void find_target(const tare_norm *norm, tare_tensor *mean, tare_tensor *stddev) {
    if (norm->options->renorm_formula == TARE_RENORM_R1_12) {
        *mean = mixed(norm->renorm_mean, norm->renorm_mean_weight, norm->mean);
        *stddev = mixed(norm->renorm_stddev, norm->renorm_stddev_weight, norm->stddev);
        return;
    }
    *mean = norm->renorm_mean;
    *stddev = tare_maximum(norm->renorm_stddev, tare_number(sqrt(norm->epsilon)));
}

/* r and d; 1 and 0 when not training. */
static correction find_correction(tare_norm *norm) {
    const tare_batch_norm_options *o = norm->options;
    tare_tensor mean, stddev;
    norm->stddev = tare_sqrt(tare_add(norm->variance, tare_number(norm->epsilon)));
    find_target(norm, &mean, &stddev);
    tare_tensor r = tare_div(norm->stddev, stddev);
    tare_tensor d = tare_div(tare_sub(norm->mean, mean), stddev);
    if (o->renorm_rmin > 0) r = tare_maximum(r, tare_number(o->renorm_rmin));
    if (!isinf(o->renorm_rmax)) r = tare_minimum(r, tare_number(o->renorm_rmax));
    if (!isinf(o->renorm_dmax)) {
        d = tare_maximum(d, tare_number(-o->renorm_dmax));
        d = tare_minimum(d, tare_number(o->renorm_dmax));
    }
    r = tare_norm_choose(norm, r, tare_ones_like(r));
    d = tare_norm_choose(norm, d, tare_zeros_like(d));
    return (correction){tare_stop_gradient(r), tare_stop_gradient(d)};
}

/* ---------------------------------------------------------------------------- adjustment */

static bool find_adjustment(tare_norm *norm) {
    const tare_batch_norm_options *o = norm->options;
    norm->adjustment_scale = o->adjustment_scale;
    norm->adjustment_bias = o->adjustment_bias;
    if (!o->adjustment) return true;
    const tare_status status = o->adjustment(o->adjustment_user, tare_shape_of(norm->x),
                                             &norm->adjustment_scale, &norm->adjustment_bias);
    if (status == TARE_OK || tare_graph_status(norm->graph) != TARE_OK) return status == TARE_OK;
    return tare_norm_refuse(norm, status, "an adjustment that failed", "one that returns TARE_OK");
}

static tare_tensor multiply(tare_tensor y, tare_tensor by) {
    return by.graph || by.immediate ? tare_mul(y, by) : y;
}

static tare_tensor shift(tare_tensor y, tare_tensor by) {
    return by.graph || by.immediate ? tare_add(y, by) : y;
}

static tare_tensor adjust(const tare_norm *norm, tare_tensor hat) {
    const tare_tensor adjusted =
        shift(multiply(hat, norm->adjustment_scale), norm->adjustment_bias);
    return tare_norm_choose(norm, adjusted, hat);
}

/* ------------------------------------------------------------------------------ together */

static tare_tensor normalise_alone(tare_norm *norm) {
    if (norm->ghosts) return normalise_ghosts(norm);
    if (norm->weighted) return normalise_weighted(norm);
    const tare_tensor hat = normalise(norm, NULL, norm->x, norm->kept, norm->mode, false);
    tare_norm_take_moments(norm, hat);
    return hat;
}

static tare_tensor forward_in_steps(tare_norm *norm) {
    tare_tensor y = normalise_alone(norm);
    if (norm->options->renorm) {
        const correction c = find_correction(norm);
        y = shift(multiply(y, against_x(norm, c.r)), against_x(norm, c.d));
    }
    if (norm->adjusted && find_adjustment(norm)) y = adjust(norm, y);
    return tare_apply_gamma_beta(y, against_x(norm, norm->gamma), against_x(norm, norm->beta));
}

tare_tensor tare_norm_forward(tare_norm *norm) {
    const char *name = result_name(norm);
    const bool in_steps = norm->options->renorm || norm->ghosts || norm->weighted || norm->adjusted;
    if (!in_steps || norm->mode == TARE_NORM_INFERENCE) {
        const tare_tensor y = normalise(norm, name, norm->x, norm->kept, norm->mode, true);
        tare_norm_take_moments(norm, y);
        return y;
    }
    tare_graph_hidden_begin(norm->graph);
    const tare_tensor y = forward_in_steps(norm);
    tare_graph_hidden_end(norm->graph);
    return tare_identity(y, .name = name);
}
