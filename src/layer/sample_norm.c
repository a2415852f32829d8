/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What layer, group and instance normalisation share: y = standardize(x) gamma + beta, and the
 * activation. Nodes on the way are hidden; the last one bears the name that TensorFlow's has.
 */
#include "layer/sample_norm.h"

#include "layer/checks.h"
#include "layer/kernel_layer.h"
#include "op/like.h"

bool tare_sample_norm_takes(tare_tensor x, const char *layer, int least, double epsilon) {
    return tare_layer_input_is_floating(x.graph, layer, x) &&
           tare_layer_input_has_rank(x.graph, layer, x, least, TARE_MAX_RANK) &&
           tare_layer_epsilon_fits(x.graph, layer, epsilon);
}

static tare_tensor reshaped(tare_tensor variable, tare_shape shape) {
    return variable.graph ? tare_reshape(variable, shape) : TARE_NULL;
}

tare_tensor tare_sample_norm_build(tare_tensor x, const tare_sample_norm *norm) {
    const tare_kernel_layer after = {.layer = norm->layer, .activation = norm->activation};
    const bool split = norm->seen.rank != tare_tensor_shape(x).rank;
    tare_tensor gamma, beta;
    tare_make_gamma_beta(x.graph, &norm->affine, norm->parameter, tare_tensor_dtype(x), &gamma,
                         &beta);
    tare_graph_hidden_begin(x.graph);
    tare_tensor y = split ? tare_reshape(x, norm->seen) : x;
    y = tare_standardize(y, .axes = tare_axes_list(norm->seen.rank, norm->reduced),
                         .epsilon = norm->epsilon);
    y = tare_apply_gamma_beta(y, reshaped(gamma, norm->against), reshaped(beta, norm->against));
    if (split) y = tare_reshape_like(y, x);
    tare_graph_hidden_end(x.graph);
    return tare_layer_finish(&after, tare_identity(y, .name = norm->result), TARE_NULL);
}
