/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FTRL-proximal: follow the regularised leader, with shrinkage.
 *
 * Source: TensorFlow r1.15, python/training/ftrl.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_ftrl_options
TARE_OPTION_TABLE(static, table, TARE_FTRL_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_ftrl_with(tare_graph *graph, const tare_ftrl_options *options) {
    tare_ftrl_options o;
    tare_options_adopt(&table, options, &o);
    if (!(o.initial_accumulator_value >= 0))
        return tare_optimizer_refuse(graph, "Ftrl", "initial_accumulator_value",
                                     o.initial_accumulator_value, "0 or above");
    if (!(o.learning_rate_power <= 0))
        return tare_optimizer_refuse(graph, "Ftrl", "learning_rate_power", o.learning_rate_power,
                                     "0 or below");
    if (!(o.l1_regularization_strength >= 0))
        return tare_optimizer_refuse(graph, "Ftrl", "l1_regularization_strength",
                                     o.l1_regularization_strength, "0 or above");
    if (!(o.l2_regularization_strength >= 0))
        return tare_optimizer_refuse(graph, "Ftrl", "l2_regularization_strength",
                                     o.l2_regularization_strength, "0 or above");
    if (!(o.l2_shrinkage_regularization_strength >= 0))
        return tare_optimizer_refuse(graph, "Ftrl", "l2_shrinkage_regularization_strength",
                                     o.l2_shrinkage_regularization_strength, "0 or above");
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = "ftrl", .label = "Ftrl", .slots = "accum,linear",
                            .initial_0 = o.initial_accumulator_value);
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
        {"l1", tare_number(o.l1_regularization_strength)},
        {"l2", tare_number(o.l2_regularization_strength)},
        {"l2_shrinkage", tare_number(o.l2_shrinkage_regularization_strength)},
        {"learning_rate_power", tare_number(o.learning_rate_power)},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_ftrl_with(graph, options);
}

const tare_optimizer_kind_def tare_ftrl_kind = {"ftrl", &table, make};
