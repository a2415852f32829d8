/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch normalisation from primitives.
 *
 *     mean, variance = moments(x, all axes but the last)
 *     training:   averages.apply([mean, variance]), and the batch's moments after it
 *     inference:  the averages, which start at 0
 *
 * "After it" is the control dependency that such programs forget: without it the moments need no
 * update, and what no result needs is not run.
 *     y = batch_normalization(x, mean, variance, beta, gamma, epsilon)
 */
#include "zoo/primitives.h"

#include <stdio.h>
#include <tare/op.h>
#include <tare/summary.h>
#include <tare/train.h>

#define SCOPE_NAME 64

void tare_primitives_summarise(tare_tensor variable, const char *name, const tare_primitives *how) {
    char scope[SCOPE_NAME];
    if (!how->summaries) return;
    (void)snprintf(scope, sizeof scope, "%s_summaries", name);
    TARE_NAME_SCOPE (variable.graph, scope) {
        const tare_tensor mean = tare_reduce_mean(variable);
        const tare_tensor off = tare_squared_difference(variable, mean);
        (void)tare_summary_scalar("mean", mean);
        (void)tare_summary_scalar("stddev", tare_sqrt(tare_reduce_mean(off)));
        (void)tare_summary_scalar("max", tare_reduce_max(variable));
        (void)tare_summary_scalar("min", tare_reduce_min(variable));
        (void)tare_summary_histogram("histogram", variable);
    }
}

/* One number for each channel, of x's dtype. */
static tare_tensor per_channel(tare_tensor x, const char *name, tare_initializer first,
                               const tare_primitives *how) {
    const tare_shape shape = tare_tensor_shape(x);
    const int64_t channels = shape.rank > 0 ? shape.extents[shape.rank - 1] : TARE_ANY;
    const tare_tensor v = tare_get_variable(x.graph, name, TARE_SHAPE(channels),
                                            .initializer = first, .dtype = tare_tensor_dtype(x));
    tare_primitives_summarise(v, name, how);
    return v;
}

/* All axes but the last, of any rank up to 5. */
static tare_list axes_of(tare_tensor x) {
    tare_list axes = TARE_LIST(0, 1, 2, 3);
    axes.count = tare_tensor_shape(x).rank - 1;
    return axes;
}

tare_tensor tare_batch_norm_from_primitives(tare_tensor x, const tare_primitives *how) {
    tare_graph *graph = x.graph;
    const tare_tensor beta = per_channel(x, "beta", TARE_ZEROS, how);
    const tare_tensor gamma = per_channel(x, "gamma", TARE_ONES, how);
    const tare_tensor mean = tare_moments(x, .axes = axes_of(x));
    const tare_tensor moments[] = {mean, tare_output(mean, 1)};
    const tare_average averages =
        tare_exponential_moving_average(graph, tare_number(how->momentum));
    tare_tensor now[2] = {TARE_NULL, TARE_NULL}, later[2];
    tare_cond_begin(graph, how->training);
    const tare_tensor apply = tare_average_apply(averages, moments, 2);
    TARE_CONTROL_DEPENDENCIES (graph, &apply, how->forgets ? 0 : 1) {
        for (int i = 0; i < 2; i++) now[i] = tare_identity(moments[i]);
    }
    tare_cond_otherwise(graph);
    for (int i = 0; i < 2; i++) later[i] = tare_average_of(averages, moments[i]);
    tare_cond_end(graph);
    tare_primitives_summarise(tare_average_of(averages, moments[0]), "average_mean", how);
    tare_primitives_summarise(tare_average_of(averages, moments[1]), "average_variance", how);
    const tare_tensor used_mean = tare_cond_merge(graph, now[0], later[0]);
    const tare_tensor used_variance = tare_cond_merge(graph, now[1], later[1]);
    return tare_batch_normalization(x, used_mean, used_variance, beta, gamma,
                                    .variance_epsilon = how->epsilon);
}
