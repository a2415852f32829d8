/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PowerSign: steps grow by a power where a gradient agrees in sign with its mean.
 *
 * Source: TensorFlow r1.15, contrib/opt/python/training/powersign.py.
 */
#include "train/optimizer.h"

#include <math.h>

#define TARE_TABLE_STRUCT tare_power_sign_options
TARE_OPTION_TABLE(static, table, TARE_POWER_SIGN_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_power_sign_with(tare_graph *graph, const tare_power_sign_options *options) {
    tare_power_sign_options o;
    tare_options_adopt(&table, options, &o);
    if (!(o.base > 0))
        return tare_optimizer_refuse(graph, "PowerSignOptimizer", "base", o.base, "above 0");
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = "power_sign", .label = "PowerSignOptimizer", .slots = "m");
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
        {"base", tare_number(log(o.base))},
        {"sign_decay", o.sign_decay},
        {"beta", o.beta},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_power_sign_with(graph, options);
}

const tare_optimizer_kind_def tare_power_sign_kind = {"power_sign", &table, make};
