/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The softmax cross-entropy of class numbers. Labels and weights may have a last axis of extent 1
 * too many.
 *
 * Source: TensorFlow r1.15, python/ops/losses/losses_impl.py (sparse_softmax_cross_entropy).
 */
#include "train/loss.h"

static tare_tensor make(tare_tensor labels, tare_tensor logits, const void *options) {
    return tare_losses_sparse_softmax_cross_entropy_with(labels, logits, options);
}

const tare_loss_def tare_sparse_softmax_cross_entropy_loss = {"sparse_softmax_cross_entropy",
                                                              "sparse_softmax_cross_entropy_loss",
                                                              "labels",
                                                              "logits",
                                                              &tare_losses_table,
                                                              make};

tare_tensor tare_losses_sparse_softmax_cross_entropy_with(tare_tensor labels, tare_tensor logits,
                                                          const tare_losses_options *options) {
    tare_losses_options given;
    tare_options_adopt(&tare_losses_table, options, &given);
    tare_loss loss;
    tare_tensor losses = TARE_NULL;
    if (tare_loss_begin(&loss, &tare_sparse_softmax_cross_entropy_loss, labels, logits,
                        TARE_LOSS_COMMON(given))) {
        const int rows = tare_tensor_shape(logits).rank - 1;
        const tare_tensor classes = tare_operand_squeezed(labels, rows);
        loss.common.weights = tare_operand_squeezed(given.weights, rows);
        losses =
            tare_sparse_softmax_cross_entropy_with_logits(classes, tare_operand_floating(logits));
    }
    return tare_loss_end(&loss, losses);
}
