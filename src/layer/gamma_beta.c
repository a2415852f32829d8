/* SPDX-License-Identifier: Apache-2.0 */
/* Gamma and beta of normalisation layers. */
#include "layer/gamma_beta.h"

static tare_tensor make_gamma(tare_graph *graph, const tare_gamma_beta *o, tare_shape shape,
                              tare_dtype dtype) {
    if (!o->scale) return TARE_NULL;
    return tare_get_variable(graph, "gamma", shape, .dtype = dtype,
                             .initializer = o->gamma_initializer,
                             .regularizer = o->gamma_regularizer, .constraint = o->gamma_constraint,
                             .trainable = o->trainable, .collection = o->collection);
}

static tare_tensor make_beta(tare_graph *graph, const tare_gamma_beta *o, tare_shape shape,
                             tare_dtype dtype) {
    if (!o->center) return TARE_NULL;
    return tare_get_variable(graph, "beta", shape, .dtype = dtype,
                             .initializer = o->beta_initializer, .regularizer = o->beta_regularizer,
                             .constraint = o->beta_constraint, .trainable = o->trainable,
                             .collection = o->collection);
}

void tare_make_gamma_beta(tare_graph *graph, const tare_gamma_beta *options, tare_shape shape,
                          tare_dtype dtype, tare_tensor *gamma, tare_tensor *beta) {
    if (options->beta_first) *beta = make_beta(graph, options, shape, dtype);
    *gamma = make_gamma(graph, options, shape, dtype);
    if (!options->beta_first) *beta = make_beta(graph, options, shape, dtype);
}

tare_tensor tare_apply_gamma_beta(tare_tensor y, tare_tensor gamma, tare_tensor beta) {
    if (gamma.graph) y = tare_mul(y, gamma);
    return beta.graph ? tare_add(y, beta) : y;
}
