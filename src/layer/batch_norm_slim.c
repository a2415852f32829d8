/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer slim_batch_norm: tf.contrib.layers.batch_norm, which is slim's. It has code of its own
 * beside tf.layers'; which of the three ways a call takes decides what its moving averages become.
 * Its own fused way adds epsilon as it is given: measured with TensorFlow 2.15.1 and tf_slim 1.1.
 *
 * Source: TensorFlow r1.15, contrib/layers/python/layers/layers.py (batch_norm, _fused_batch_norm).
 */
#include "array/shape.h"
#include "base/text.h"
#include "layer/batch_norm.h"
#include "layer/layers.h"

#define TARE_TABLE_STRUCT         tare_slim_batch_norm_options
#define TARE_WORDS_activation     TARE_ACTIVATION_WORDS
#define TARE_WORDS_renorm_formula TARE_RENORM_FORMULA_WORDS
#define TARE_WORDS_fused          TARE_FUSED_WORDS
#define TARE_WORDS_data_format    TARE_DATA_FORMAT_WORDS
#define TARE_WORDS_reuse          TARE_REUSE_WORDS
TARE_OPTION_TABLE(, tare_slim_batch_norm_table, TARE_SLIM_BATCH_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

typedef enum way { WAY_OWN_FUSED, WAY_LAYERS, WAY_OWN_PLAIN } way;

static bool is_given(tare_tensor tensor) { return tensor.graph || tensor.immediate; }

static way choose_way(const tare_slim_batch_norm_options *o, int rank) {
    const bool usual = tare_same_text(o->updates_collections, TARE_UPDATE_OPS);
    const bool weighted = is_given(o->batch_weights);
    const bool adjusted = is_given(o->adjustment_scale) || is_given(o->adjustment_bias);
    const bool can_fuse = !weighted && !o->renorm && !adjusted && (rank == 2 || rank == 4);
    if (o->fused != TARE_FUSED_FALSE && can_fuse &&
        (o->zero_debias_moving_mean || rank == 2 || !usual))
        return WAY_OWN_FUSED;
    return !weighted && usual && !o->zero_debias_moving_mean ? WAY_LAYERS : WAY_OWN_PLAIN;
}

static tare_norm_habits habits_of(way chosen, const tare_slim_batch_norm_options *o) {
    const bool own = chosen != WAY_LAYERS;
    return (tare_norm_habits){.layer = "slim_batch_norm",
                              .activation = o->activation,
                              .beta_first = own,
                              .fused = chosen == WAY_OWN_FUSED,
                              .never_fused = chosen == WAY_OWN_PLAIN,
                              .exact_epsilon = own,
                              .rounds_decay_last = own,
                              .debiases_mean_only = own,
                              .updates_untrainable = own,
                              .collection = TARE_MODEL_VARIABLES,
                              .updates = o->updates_collections,
                              .shadows_by_variable_name = true};
}

static tare_batch_norm_options options_of(const tare_slim_batch_norm_options *o) {
    tare_batch_norm_options options = {TARE_BATCH_NORM_DEFAULTS};
    options.axis = o->data_format == TARE_NCHW ? TARE_LIST(1) : TARE_LIST(-1);
    options.momentum = o->decay;
    options.epsilon = o->epsilon;
    options.center = o->center;
    options.scale = o->scale;
    options.beta_initializer = o->beta_initializer;
    options.gamma_initializer = o->gamma_initializer;
    options.moving_mean_initializer = o->moving_mean_initializer;
    options.moving_variance_initializer = o->moving_variance_initializer;
    options.beta_regularizer = o->beta_regularizer;
    options.gamma_regularizer = o->gamma_regularizer;
    options.training = o->is_training;
    options.trainable = o->trainable;
    options.renorm = o->renorm;
    options.renorm_rmin = o->renorm_rmin;
    options.renorm_rmax = o->renorm_rmax;
    options.renorm_dmax = o->renorm_dmax;
    options.renorm_momentum = o->renorm_decay;
    options.renorm_formula = o->renorm_formula;
    options.fused = o->fused;
    options.adjustment_scale = o->adjustment_scale;
    options.adjustment_bias = o->adjustment_bias;
    options.zero_debias = o->zero_debias_moving_mean;
    options.batch_weights = o->batch_weights;
    options.name = o->scope;
    options.reuse = o->reuse;
    return options;
}

static bool takes(tare_tensor x, way chosen, const tare_slim_batch_norm_options *o) {
    const bool adjusted = is_given(o->adjustment_scale) || is_given(o->adjustment_bias);
    if (!x.graph || chosen != WAY_OWN_PLAIN || !(o->renorm || adjusted)) return true;
    tare_build_fail(x.graph, TARE_ERROR_ARGUMENT, "slim_batch_norm", o->scope ? o->scope : "",
                    "renorm or adjustment with weights, zero_debias or updates_collections",
                    "none of these beside renorm or adjustment");
    return false;
}

tare_tensor tare_slim_batch_norm_with(tare_tensor x, const tare_slim_batch_norm_options *options) {
    tare_slim_batch_norm_options given;
    tare_options_adopt(&tare_slim_batch_norm_table, options, &given);
    const way chosen = choose_way(&given, tare_tensor_shape(x).rank);
    const tare_norm_habits habits = habits_of(chosen, &given);
    const tare_batch_norm_options inner = options_of(&given);
    if (!takes(x, chosen, &given)) return (tare_tensor){.graph = x.graph};
    return tare_norm_build(x, &inner, &habits, "BatchNorm");
}
