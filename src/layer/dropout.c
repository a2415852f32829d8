/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dropout layer: drops in training only. A truth is decided while building; a tensor gives a
 * conditional of which one side runs.
 *
 * Source: TensorFlow r1.15, python/layers/core.py, python/keras/layers/core.py (Dropout.call).
 */
#include "layer/checks.h"
#include "layer/layers.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT tare_dropout_options
TARE_OPTION_TABLE(, tare_dropout_table, TARE_DROPOUT_FIELDS);
#undef TARE_TABLE_STRUCT

#define LAYER "dropout"

typedef struct branch {
    tare_tensor x;
    const tare_dropout_options *options;
} branch;

static tare_tensor drop(tare_graph *graph, void *user) {
    (void)graph;
    const branch *b = user;
    return tare_nn_dropout(b->x, .rate = b->options->rate, .seed = b->options->seed);
}

static tare_tensor pass(tare_graph *graph, void *user) {
    (void)graph;
    const branch *b = user;
    return tare_identity(b->x);
}

static tare_tensor build(tare_tensor x, const tare_dropout_options *options) {
    branch b = {x, options};
    bool training;
    if (!tare_layer_mode_known(options->training, &training))
        return tare_cond(x.graph, options->training, drop, pass, &b);
    return training ? drop(x.graph, &b) : pass(x.graph, &b);
}

tare_tensor tare_dropout_with(tare_tensor x, const tare_dropout_options *options) {
    tare_dropout_options given;
    tare_options_adopt(&tare_dropout_table, options, &given);
    tare_layer layer;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, LAYER, given.name, TARE_REUSE_INHERIT, &layer) == TARE_OK &&
        tare_layer_input_is_floating(x.graph, LAYER, x))
        y = build(x, &given);
    return tare_layer_end(&layer, y);
}
