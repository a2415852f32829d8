/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tf.losses.NAME by the library's table of losses; what is built is judged as any op is, but for
 * one gradient. A weighted mean does not change when its only weight grows, so that weight's
 * gradient is exactly 0: dy loss / w less the same. What TensorFlow says is the rounding error of
 * the two terms. It rounds to float32 in the float64 run too, so `measured` is 0 there and the
 * tolerance with it, where it would be four times the error. Here it is 4 eps of the terms.
 */
#include "golden.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static tare_tensor argument(const golden_arguments *arguments, const char *names) {
    for (size_t i = 0; i < arguments->count; i++)
        if (golden_has_word(names, arguments->items[i].name)) return arguments->items[i].tensors[0];
    return TARE_NULL;
}

#define GOLDEN_STRUCT tare_losses_options
static const tare_option weighted_fields[] = {{"reduction", TARE_OPTION_choice,
                                               offsetof(tare_losses_options, reduction), "",
                                               TARE_REDUCTION_WORDS},
                                              GOLDEN_LAST_FIELD};
#undef GOLDEN_STRUCT

static bool build_weighted(golden_case *c, const golden_arguments *arguments, const json_t *json,
                           tare_tensor *output) {
    tare_losses_options options = {TARE_LOSSES_DEFAULTS};
    const tare_option_table table = {sizeof options, weighted_fields, NULL};
    const tare_tensor weights = argument(arguments, "weights");
    if (!golden_set_options(c, &table, &options, json, "")) return false;
    if (weights.graph) options.weights = weights;
    *output = tare_losses_compute_weighted_loss_with(argument(arguments, "losses"), &options);
    return true;
}

/* Where the option of that name lies in a struct of the table. */
static void *field(const tare_option_table *table, void *options, const char *name) {
    for (const tare_option *option = table->options; option->name; option++)
        if (!strcmp(option->name, name)) return (char *)options + option->offset;
    return NULL;
}

static bool build_kind(golden_case *c, const char *kind, const golden_arguments *arguments,
                       const json_t *json, tare_tensor *output) {
    const tare_option_table *table = tare_losses_option_table(kind);
    const tare_tensor weights = argument(arguments, "weights");
    void *options = calloc(1, table->size);
    if (!options) return false;
    table->set_defaults(options);
    const bool fine = golden_set_options(c, table, options, json, "");
    if (weights.graph) memcpy(field(table, options, "weights"), &weights, sizeof weights);
    if (fine)
        *output = tare_losses_of_kind(
            kind, argument(arguments, "labels multi_class_labels onehot_labels"),
            argument(arguments, "predictions logits"), options);
    free(options);
    return fine;
}

bool golden_build_loss(golden_case *c, const char *kind, const golden_arguments *arguments,
                       const json_t *options, tare_tensor *output) {
    if (!strcmp(kind, "compute_weighted_loss"))
        return build_weighted(c, arguments, options, output);
    if (tare_losses_option_table(kind)) return build_kind(c, kind, arguments, options, output);
    golden_lack(c, kind);
    return false;
}

static double single(golden_case *c, const char *role, const char *name) {
    return tare_array_number(golden_array(c, "run", role, name), 0);
}

double golden_loss_cancels(golden_case *c, const json_t *entry) {
    const json_t *options = json_object_get(c->spec, "options");
    if (strncmp(golden_text(c->spec, "op", ""), "losses.", 7) ||
        strcmp(golden_text(options, "reduction", ""), "weighted_mean") ||
        strcmp(golden_text(entry, "role", ""), "grad") ||
        strcmp(golden_text(entry, "name", ""), "weights") ||
        json_array_size(json_object_get(entry, "shape")) > 0)
        return 0;
    const double term = single(c, "in", "dy") * single(c, "out", "y") / single(c, "in", "weights");
    return 4 * (double)FLT_EPSILON * fabs(term);
}
