/* SPDX-License-Identifier: Apache-2.0 */
/* Gamma and beta of normalisation layers: what they are, their variables, and what they do. */
#ifndef TARE_SRC_LAYER_GAMMA_BETA_H
#define TARE_SRC_LAYER_GAMMA_BETA_H

#include "graph/graph.h"

#include <tare/normalization.h>

/* The options that all of them have, taken out of a layer's own struct. */
typedef struct tare_gamma_beta {
    bool center, scale, trainable;
    tare_initializer beta_initializer, gamma_initializer;
    tare_regularizer beta_regularizer, gamma_regularizer;
    tare_constraint beta_constraint, gamma_constraint;
    bool beta_first;        /* in the order of variables: slim's */
    const char *collection; /* a further one of both, NULL: none */
} tare_gamma_beta;

#define TARE_GAMMA_BETA_OF(o, ...)                                                                 \
    ((tare_gamma_beta){.center = (o)->center,                                                      \
                       .scale = (o)->scale,                                                        \
                       .trainable = (o)->trainable,                                                \
                       .beta_initializer = (o)->beta_initializer,                                  \
                       .gamma_initializer = (o)->gamma_initializer,                                \
                       .beta_regularizer = (o)->beta_regularizer,                                  \
                       .gamma_regularizer = (o)->gamma_regularizer,                                \
                       .beta_constraint = (o)->beta_constraint,                                    \
                       .gamma_constraint = (o)->gamma_constraint,                                  \
                       __VA_ARGS__})

/* The variables "gamma" and "beta" of the open scope, those that options ask for; null otherwise.
 */
void tare_make_gamma_beta(tare_graph *graph, const tare_gamma_beta *options, tare_shape shape,
                          tare_dtype dtype, tare_tensor *gamma, tare_tensor *beta);

/* y gamma + beta, each of which broadcasts against y and may be null. */
tare_tensor tare_apply_gamma_beta(tare_tensor y, tare_tensor gamma, tare_tensor beta);

#endif
