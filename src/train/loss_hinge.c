/* SPDX-License-Identifier: Apache-2.0 */
/* The hinge loss of labels 0 and 1: max(0, 1 - (2 labels - 1) logits). */
#include "train/loss.h"

static tare_tensor formula(tare_tensor labels, tare_tensor logits) {
    const tare_tensor ones = tare_ones_like(labels);
    const tare_tensor sides = tare_sub(tare_mul(labels, tare_number(2)), ones); /* -1 and 1 */
    return tare_relu(tare_sub(ones, tare_mul(sides, logits)));
}

static tare_tensor make(tare_tensor labels, tare_tensor logits, const void *options) {
    return tare_losses_hinge_loss_with(labels, logits, options);
}

const tare_loss_def tare_hinge_loss = {"hinge_loss", "hinge_loss",       "labels",
                                       "logits",     &tare_losses_table, make};

tare_tensor tare_losses_hinge_loss_with(tare_tensor labels, tare_tensor logits,
                                        const tare_losses_options *options) {
    return tare_loss_plain(&tare_hinge_loss, formula, labels, logits, options);
}
