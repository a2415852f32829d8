/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Momentum, and Nesterov's: the sum of old gradients decays by momentum.
 *
 * Source: TensorFlow r1.15, python/training/momentum.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_momentum_options
TARE_OPTION_TABLE(static, table, TARE_MOMENTUM_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_momentum_with(tare_graph *graph, const tare_momentum_options *options) {
    tare_momentum_options o;
    tare_options_adopt(&table, options, &o);
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = o.use_nesterov ? "momentum_nesterov" : "momentum",
                            .label = "Momentum", .slots = "momentum");
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
        {"momentum", o.momentum},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_momentum_with(graph, options);
}

const tare_optimizer_kind_def tare_momentum_kind = {"momentum", &table, make};
