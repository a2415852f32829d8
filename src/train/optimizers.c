/* SPDX-License-Identifier: Apache-2.0 */
/* Every optimiser there is: one line each. */
#include "train/optimizer.h"

#include <string.h>

extern const tare_optimizer_kind_def tare_gradient_descent_kind, tare_momentum_kind, tare_adam_kind,
    tare_adamax_kind, tare_rmsprop_kind, tare_adagrad_kind, tare_adadelta_kind, tare_ftrl_kind,
    tare_proximal_gradient_descent_kind, tare_proximal_adagrad_kind, tare_add_sign_kind,
    tare_power_sign_kind;

static const tare_optimizer_kind_def *const kinds[] = {
    &tare_gradient_descent_kind,
    &tare_momentum_kind,
    &tare_adam_kind,
    &tare_adamax_kind,
    &tare_rmsprop_kind,
    &tare_adagrad_kind,
    &tare_adadelta_kind,
    &tare_ftrl_kind,
    &tare_proximal_gradient_descent_kind,
    &tare_proximal_adagrad_kind,
    &tare_add_sign_kind,
    &tare_power_sign_kind,
    NULL,
};

static const tare_optimizer_kind_def *find(const char *kind) {
    for (const tare_optimizer_kind_def *const *def = kinds; *def && kind; def++)
        if (strcmp((*def)->name, kind) == 0) return *def;
    return NULL;
}

const char *tare_optimizer_kind(size_t i) {
    return i < sizeof kinds / sizeof *kinds - 1 ? kinds[i]->name : NULL;
}

const tare_option_table *tare_optimizer_option_table(const char *kind) {
    const tare_optimizer_kind_def *def = find(kind);
    return def ? def->table : NULL;
}

tare_optimizer tare_optimizer_of_kind(tare_graph *graph, const char *kind, const void *options) {
    const tare_optimizer_kind_def *def = find(kind);
    if (def) return def->make(graph, options);
    tare_build_fail(graph, TARE_ERROR_NAME, "optimizer", kind, "a kind that does not exist",
                    "one that tare_optimizer_kind lists");
    return (tare_optimizer){.graph = graph};
}
