/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adam, with Nesterov's look ahead (Nadam) or with the largest mean square so far (AMSGrad).
 *
 * Source: TensorFlow r1.15, python/training/adam.py; core/kernels/training_ops.cc
 * (ApplyAdamWithAmsgrad).
 */
#include "train/optimizer.h"

#define TARE_TABLE_STRUCT tare_adam_options
TARE_OPTION_TABLE(static, table, TARE_ADAM_FIELDS);
#undef TARE_TABLE_STRUCT

tare_optimizer tare_adam_with(tare_graph *graph, const tare_adam_options *options) {
    tare_adam_options o;
    tare_options_adopt(&table, options, &o);
    if (o.amsgrad && o.use_nesterov) {
        tare_build_fail(graph, TARE_ERROR_ARGUMENT, "Adam", o.name, "amsgrad and use_nesterov",
                        "one of them at most");
        return (tare_optimizer){.graph = graph};
    }
    const char *rule = o.use_nesterov ? "adam_nesterov" : "adam";
    const tare_optimizer_form form =
        TARE_OPTIMIZER_FORM(.rule = o.amsgrad ? "adam_amsgrad" : rule, .label = "Adam",
                            .slots = o.amsgrad ? "m,v,vhat" : "m,v", .powers = 2);
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
    return tare_adam_with(graph, options);
}

const tare_optimizer_kind_def tare_adam_kind = {"adam", &table, make};
