/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradient descent: one line, no slots.
 *
 * Source: TensorFlow r1.15, python/training/gradient_descent.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_gradient_descent_options
TARE_OPTION_TABLE(static, table, TARE_GRADIENT_DESCENT_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_gradient_descent_with(tare_graph *graph,
                                          const tare_gradient_descent_options *options) {
    tare_gradient_descent_options o;
    tare_options_adopt(&table, options, &o);
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = "gradient_descent", .label = "GradientDescent");
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_gradient_descent_with(graph, options);
}

const tare_optimizer_kind_def tare_gradient_descent_kind = {"gradient_descent", &table, make};
