/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AdaMax: Adam with the infinity norm.
 *
 * Source: TensorFlow r1.15, contrib/opt/python/training/adamax.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_adamax_options
TARE_OPTION_TABLE(static, table, TARE_ADAMAX_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_adamax_with(tare_graph *graph, const tare_adamax_options *options) {
    tare_adamax_options o;
    tare_options_adopt(&table, options, &o);
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = "adamax", .label = "AdaMax", .slots = "m,v", .powers = 1);
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
        {"beta1", o.beta1},
        {"beta2", o.beta2},
        {"epsilon", o.epsilon},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_adamax_with(graph, options);
}

const tare_optimizer_kind_def tare_adamax_kind = {"adamax", &table, make};
