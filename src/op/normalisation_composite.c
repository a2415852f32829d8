/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients through composites: what an op computes, built again from ops that can be
 * differentiated. */
#include "op/normalisation.h"

#include <tare/op.h>

enum { MOST = 8 }; /* inputs or outputs of a normalisation op */

/* Inputs that no other tensor leads to, so that each gradient is that of one input. */
static void stand_apart(const tare_gradient *gradient, tare_tensor *apart) {
    for (int32_t i = 0; i < gradient->input_count; i++) {
        const tare_tensor input = gradient->inputs[i];
        const tare_dtype dtype = tare_tensor_dtype(input);
        const bool floating = dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64;
        apart[i] = floating ? tare_identity(input) : input;
    }
}

tare_status tare_gradient_by_composite(tare_gradient *gradient, tare_composite composite) {
    tare_tensor apart[MOST] = {TARE_NULL}, outputs[MOST] = {TARE_NULL};
    tare_tensor ys[MOST], weights[MOST], xs[MOST], results[MOST];
    int32_t from[MOST];
    size_t y_count = 0, x_count = 0;
    stand_apart(gradient, apart);
    composite(gradient, apart, outputs);
    for (int32_t i = 0; i < gradient->output_count && i < MOST; i++) {
        if (!gradient->output_gradients[i].node || !outputs[i].node) continue;
        ys[y_count] = outputs[i];
        weights[y_count++] = gradient->output_gradients[i];
    }
    for (int32_t i = 0; i < gradient->input_count; i++) {
        if (!gradient->wanted[i]) continue;
        from[x_count] = i;
        xs[x_count++] = apart[i];
    }
    if (y_count == 0 || x_count == 0) return tare_graph_status(gradient->graph);
    const tare_status status = tare_gradients(ys, y_count, xs, x_count, weights, results);
    for (size_t x = 0; x < x_count && status == TARE_OK; x++)
        if (results[x].node) gradient->input_gradients[from[x]] = results[x];
    return status;
}

tare_tensor tare_mean_of_channels(tare_tensor x, tare_axis_mask kept) {
    const int rank = tare_tensor_shape(x).rank;
    const tare_list axes = tare_axes_list(rank, tare_other_axes(rank, kept));
    return tare_reduce_mean(x, .axis = axes, .keepdims = true);
}

tare_tensor tare_against_channels(tare_tensor statistics, tare_shape x, tare_axis_mask kept) {
    const int rank = tare_tensor_shape(statistics).rank;
    const bool is_last = rank == 1 && kept == 1U << (x.rank - 1);
    if (is_last || rank == x.rank) return statistics;
    return tare_reshape(statistics, tare_broadcast_shape(x, kept));
}
