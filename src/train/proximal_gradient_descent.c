/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proximal gradient descent: a step, then what penalties draw towards 0.
 *
 * Source: TensorFlow r1.15, python/training/proximal_gradient_descent.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_proximal_gradient_descent_options
TARE_OPTION_TABLE(static, table, TARE_PROXIMAL_GRADIENT_DESCENT_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer
tare_proximal_gradient_descent_with(tare_graph *graph,
                                    const tare_proximal_gradient_descent_options *options) {
    tare_proximal_gradient_descent_options o;
    tare_options_adopt(&table, options, &o);
    const tare_optimizer_form form = TARE_OPTIMIZER_FORM(.rule = "proximal_gradient_descent",
                                                         .label = "ProximalGradientDescent");
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
        {"l1", tare_number(o.l1_regularization_strength)},
        {"l2", tare_number(o.l2_regularization_strength)},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_proximal_gradient_descent_with(graph, options);
}

const tare_optimizer_kind_def tare_proximal_gradient_descent_kind = {"proximal_gradient_descent",
                                                                     &table, make};
