/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch normalisation by hand.
 *
 *     mean, variance = moments(x, axes)                      sum / N, as tf.nn.moments has it
 *     moving -= (moving - value) (1 - momentum)              by an assign_sub in update_ops
 *     y = batch_normalization(x, training ? batch's : moving, beta, gamma, epsilon)
 */
#include "zoo/by_hand.h"

#include <tare/op.h>

/* Mean and variance. */
typedef struct moments {
    tare_tensor mean, variance;
} moments;

static bool is_reduced(tare_list axes, int axis) {
    for (int i = 0; i < axes.count; i++)
        if (axes.values[i] == axis) return true;
    return false;
}

/* Extents of what has one number per channel or, where an axis is kept, per place too. */
static tare_shape parameter_shape(tare_shape shape, tare_list axes, bool keeps_channels) {
    for (int axis = 0; axis < shape.rank; axis++) {
        const bool channels = axis == shape.rank - 1;
        if (axis == 0 || (is_reduced(axes, axis) && !(channels && keeps_channels)))
            shape.extents[axis] = 1;
    }
    return shape;
}

/* moving -= (moving - value) (1 - momentum), for whoever runs update_ops. */
static void update(tare_tensor moving, tare_tensor value, const tare_by_hand *how) {
    if (!is_reduced(how->axes, 0))
        value = tare_reduce_mean(value, .axis = TARE_LIST(0), .keepdims = true);
    const tare_tensor step = tare_mul(tare_sub(moving, value), tare_number(1 - how->momentum));
    (void)tare_add_to_collection(moving.graph, TARE_UPDATE_OPS, tare_assign_sub(moving, step));
}

/* The batch's moments in training, else their moving averages. */
static moments with_moving_averages(tare_tensor x, moments batch, const tare_by_hand *how) {
    tare_graph *graph = x.graph;
    const tare_shape shape = parameter_shape(tare_tensor_shape(x), how->axes, false);
    const tare_tensor mean = tare_get_variable(graph, "moving_mean", shape,
                                               .initializer = TARE_ZEROS, .trainable = false);
    const tare_tensor variance = tare_get_variable(graph, "moving_variance", shape,
                                                   .initializer = TARE_ONES, .trainable = false);
    update(mean, batch.mean, how);
    update(variance, batch.variance, how);
    tare_cond_begin(graph, how->training);
    tare_cond_otherwise(graph);
    tare_cond_end(graph);
    return (moments){.mean = tare_cond_merge(graph, batch.mean, mean),
                     .variance = tare_cond_merge(graph, batch.variance, variance)};
}

tare_tensor tare_batch_norm_by_hand(tare_tensor x, const tare_by_hand *how) {
    tare_tensor gamma = TARE_NULL, beta = TARE_NULL;
    if (how->gamma_and_beta) {
        const tare_shape shape = parameter_shape(tare_tensor_shape(x), how->axes, true);
        gamma = tare_get_variable(x.graph, "gamma", shape, .initializer = TARE_ONES);
        beta = tare_get_variable(x.graph, "beta", shape, .initializer = TARE_ZEROS);
    }
    moments of = {.mean = tare_moments(x, .axes = how->axes, .keep_dims = true)};
    of.variance = tare_output(of.mean, 1);
    if (how->moving_averages) of = with_moving_averages(x, of, how);
    return tare_batch_normalization(x, of.mean, of.variance, beta, gamma,
                                    .variance_epsilon = how->epsilon);
}
