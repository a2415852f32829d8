/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AdaDelta: steps are measured in the root mean square of earlier steps.
 *
 * Source: TensorFlow r1.15, python/training/adadelta.py.
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_adadelta_options
TARE_OPTION_TABLE(static, table, TARE_ADADELTA_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_adadelta_with(tare_graph *graph, const tare_adadelta_options *options) {
    tare_adadelta_options o;
    tare_options_adopt(&table, options, &o);
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = "adadelta", .label = "Adadelta", .slots = "accum,accum_update");
    const tare_optimizer_number numbers[] = {
        {"learning_rate", o.learning_rate},
        {"rho", o.rho},
        {"epsilon", o.epsilon},
    };
    return tare_optimizer_make(graph, o.name, &form, numbers,
                               (int32_t)(sizeof numbers / sizeof *numbers));
}

static tare_optimizer make(tare_graph *graph, const void *options) {
    return tare_adadelta_with(graph, options);
}

const tare_optimizer_kind_def tare_adadelta_kind = {"adadelta", &table, make};
