/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AdaGrad: each step is divided by the root of the sum of all squared gradients.
 *
 * Source: TensorFlow r1.15, python/training/adagrad.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_adagrad_options
TARE_OPTION_TABLE(static, table, TARE_ADAGRAD_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_adagrad_with(tare_graph *graph, const tare_adagrad_options *options) {
    tare_adagrad_options o;
    tare_options_adopt(&table, options, &o);
    if (!(o.initial_accumulator_value > 0))
        return tare_optimizer_refuse(graph, "Adagrad", "initial_accumulator_value",
                                     o.initial_accumulator_value, "above 0");
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = "adagrad", .label = "Adagrad", .slots = "accumulator",
                            .initial_0 = o.initial_accumulator_value);
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_adagrad_with(graph, options);
}

const tare_optimizer_kind_def tare_adagrad_kind = {"adagrad", &table, make};
