/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sigmoid cross-entropy, its labels drawn towards 1/2 by label smoothing:
 * z = labels (1 - s) + s / 2.
 *
 * Source: TensorFlow r1.15, python/ops/losses/losses_impl.py (sigmoid_cross_entropy).
 */
#include "train/loss.h"
#include "train/loss_smoothing.h"

static tare_tensor make(tare_tensor labels, tare_tensor logits, const void *options) {
    return tare_losses_sigmoid_cross_entropy_with(labels, logits, options);
}

const tare_loss_def tare_sigmoid_cross_entropy_loss = {
    "sigmoid_cross_entropy",     "sigmoid_cross_entropy_loss",
    "multi_class_labels",        "logits",
    &tare_losses_smoothed_table, make};

tare_tensor tare_losses_sigmoid_cross_entropy_with(tare_tensor multi_class_labels,
                                                   tare_tensor logits,
                                                   const tare_losses_smoothed_options *options) {
    tare_losses_smoothed_options given;
    tare_options_adopt(&tare_losses_smoothed_table, options, &given);
    tare_loss loss;
    tare_tensor losses = TARE_NULL;
    if (tare_loss_begin(&loss, &tare_sigmoid_cross_entropy_loss, multi_class_labels, logits,
                        TARE_LOSS_COMMON(given)) &&
        tare_loss_match(&loss) && tare_loss_smooth(&loss, given.label_smoothing, tare_number(2)))
        losses = tare_sigmoid_cross_entropy_with_logits(loss.labels, loss.predictions);
    return tare_loss_end(&loss, losses);
}
