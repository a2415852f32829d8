/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer batch_norm: tf.layers.batch_normalization.
 *
 * Source: TensorFlow r1.15, python/layers/normalization.py, python/keras/layers/normalization.py
 * (BatchNormalizationBase).
 */
#include "layer/batch_norm.h"

#include "layer/kernel_layer.h"
#include "layer/layers.h"

#define TARE_TABLE_STRUCT              tare_batch_norm_options
#define TARE_WORDS_renorm_formula      TARE_RENORM_FORMULA_WORDS
#define TARE_WORDS_virtual_batch_order TARE_VIRTUAL_BATCH_ORDER_WORDS
#define TARE_WORDS_fused               TARE_FUSED_WORDS
#define TARE_WORDS_moving_variance     TARE_MOVING_VARIANCE_WORDS
#define TARE_WORDS_reuse               TARE_REUSE_WORDS
TARE_OPTION_TABLE(, tare_batch_norm_table, TARE_BATCH_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

tare_tensor tare_norm_build(tare_tensor x, const tare_batch_norm_options *options,
                            const tare_norm_habits *habits, const char *base_name) {
    const tare_kernel_layer after = {.layer = habits->layer, .activation = habits->activation};
    tare_layer layer;
    tare_norm norm;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, base_name, options->name, (tare_reuse)options->reuse, &layer) ==
            TARE_OK &&
        tare_norm_resolve(&norm, x, options, habits) && tare_norm_make_variables(&norm)) {
        /* A batch that ghosts do not divide is refused with the variables made, as in TensorFlow.
         */
        if (norm.ghosts) tare_layer_keep(&layer);
        y = tare_norm_forward(&norm);
        y = tare_norm_update(&norm, y);
        y = tare_layer_finish(&after, y, TARE_NULL);
    }
    return tare_layer_end(&layer, y);
}

tare_tensor tare_batch_norm_with(tare_tensor x, const tare_batch_norm_options *options) {
    static const tare_norm_habits habits = {.layer = "batch_norm", .updates = TARE_UPDATE_OPS};
    tare_batch_norm_options given;
    tare_options_adopt(&tare_batch_norm_table, options, &given);
    return tare_norm_build(x, &given, &habits, "batch_normalization");
}
