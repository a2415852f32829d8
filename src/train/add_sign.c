/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AddSign: steps are longer where a gradient agrees in sign with its mean.
 *
 * Source: TensorFlow r1.15, contrib/opt/python/training/addsign.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_add_sign_options
TARE_OPTION_TABLE(static, table, TARE_ADD_SIGN_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_add_sign_with(tare_graph *graph, const tare_add_sign_options *options) {
    tare_add_sign_options o;
    tare_options_adopt(&table, options, &o);
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = "add_sign", .label = "AddSignOptimizer", .slots = "m");
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
        {"alpha", o.alpha},
        {"sign_decay", o.sign_decay},
        {"beta", o.beta},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_add_sign_with(graph, options);
}

const tare_optimizer_kind_def tare_add_sign_kind = {"add_sign", &table, make};
