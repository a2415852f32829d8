/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer activated_batch_norm: batch_norm's variables, modes and updates about another op, whose
 * gamma is guarded, |gamma| + epsilon, and whose gradient reads its result alone.
 *
 * Source: Rota Bulo, Porzi and Kontschieder 2018, arXiv:1712.02616; inplace_abn (mapillary).
 */
#include "op/activated_batch_norm.h"
#include "layer/batch_norm.h"
#include "layer/layers.h"

#include <tare/normalization.h>

#define TARE_TABLE_STRUCT     tare_activated_batch_norm_options
#define TARE_WORDS_activation TARE_ACTIVATION_WORDS
#define TARE_WORDS_reuse      TARE_REUSE_WORDS
TARE_OPTION_TABLE(, tare_activated_batch_norm_table, TARE_ACTIVATED_BATCH_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_batch_norm_options options_of(const tare_activated_batch_norm_options *o) {
    tare_batch_norm_options options = {TARE_BATCH_NORM_DEFAULTS};
    options.axis = o->axis;
    options.momentum = o->momentum;
    options.epsilon = o->epsilon;
    options.center = o->center;
    options.scale = o->scale;
    options.beta_initializer = o->beta_initializer;
    options.gamma_initializer = o->gamma_initializer;
    options.moving_mean_initializer = o->moving_mean_initializer;
    options.moving_variance_initializer = o->moving_variance_initializer;
    options.beta_regularizer = o->beta_regularizer;
    options.gamma_regularizer = o->gamma_regularizer;
    options.beta_constraint = o->beta_constraint;
    options.gamma_constraint = o->gamma_constraint;
    options.training = o->training;
    options.trainable = o->trainable;
    options.frozen = o->frozen;
    options.fused = TARE_FUSED_FALSE;
    options.moving_variance = TARE_MOVING_VARIANCE_UNBIASED;
    options.name = o->name;
    options.reuse = o->reuse;
    return options;
}

/* The op's word for the layer's; false: it cannot be undone. */
static bool find_undoable(const tare_norm *norm, int activation, int *undoable) {
    static const struct {
        int activation, undoable;
    } pairs[] = {{TARE_ACTIVATION_NONE, TARE_UNDOABLE_IDENTITY},
                 {TARE_ACTIVATION_LEAKY_RELU, TARE_UNDOABLE_LEAKY_RELU},
                 {TARE_ACTIVATION_ELU, TARE_UNDOABLE_ELU}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].activation == activation) {
            *undoable = pairs[i].undoable;
            return true;
        }
    return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT, "an activation that cannot be undone",
                            "none, leaky_relu or elu");
}

static tare_tensor guard(const tare_norm *norm, tare_tensor gamma) {
    if (!gamma.graph) return TARE_NULL;
    tare_graph_hidden_begin(norm->graph);
    gamma = tare_add(tare_abs(gamma), tare_number(norm->epsilon));
    tare_graph_hidden_end(norm->graph);
    return gamma;
}

static tare_tensor build(tare_norm *norm, int undoable, double alpha) {
    tare_activated_batch_norm_node_options options = {TARE_ACTIVATED_BATCH_NORM_NODE_DEFAULTS};
    tare_tensor inputs[TARE_BATCH_NORM_INPUTS];
    norm->gamma = guard(norm, norm->gamma);
    tare_norm_inputs(norm, norm->x, norm->mode, true, inputs);
    options.axis = tare_axes_list(norm->shape.rank, norm->kept);
    options.epsilon = norm->epsilon;
    options.training = norm->mode == TARE_NORM_TRAINING;
    options.unbiased = true;
    options.activation = undoable;
    options.alpha = alpha;
    const tare_tensor z =
        tare_build(norm->graph, "activated_batch_norm", inputs, TARE_BATCH_NORM_INPUTS, &options);
    tare_norm_take_moments(norm, z);
    return tare_norm_update(norm, z);
}

tare_tensor tare_activated_batch_norm_with(tare_tensor x,
                                           const tare_activated_batch_norm_options *options) {
    static const tare_norm_habits habits = {.layer = "activated_batch_norm",
                                            .updates = TARE_UPDATE_OPS};
    tare_activated_batch_norm_options given;
    tare_options_adopt(&tare_activated_batch_norm_table, options, &given);
    const tare_batch_norm_options inner = options_of(&given);
    tare_layer layer;
    tare_norm norm;
    int undoable = TARE_UNDOABLE_IDENTITY;
    tare_tensor z = TARE_NULL;
    if (tare_layer_begin(x.graph, habits.layer, given.name, (tare_reuse)given.reuse, &layer) ==
            TARE_OK &&
        tare_norm_resolve(&norm, x, &inner, &habits) &&
        find_undoable(&norm, given.activation, &undoable) && tare_norm_make_variables(&norm))
        z = build(&norm, undoable, given.alpha);
    return tare_layer_end(&layer, z);
}
