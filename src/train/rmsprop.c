/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RMSProp: each step is divided by the root mean square of recent gradients, which starts at 1.
 *
 * Source: TensorFlow r1.15, python/training/rmsprop.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_rmsprop_options
TARE_OPTION_TABLE(static, table, TARE_RMSPROP_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_rmsprop_with(tare_graph *graph, const tare_rmsprop_options *options) {
    tare_rmsprop_options o;
    tare_options_adopt(&table, options, &o);
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = o.centered ? "rmsprop_centered" : "rmsprop", .label = "RMSProp",
                            .slots = o.centered ? "rms,mg,momentum" : "rms,momentum",
                            .initial_0 = 1);
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
        {"decay", o.decay},
        {"momentum", o.momentum},
        {"epsilon", o.epsilon},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_rmsprop_with(graph, options);
}

const tare_optimizer_kind_def tare_rmsprop_kind = {"rmsprop", &table, make};
