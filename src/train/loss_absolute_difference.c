/* SPDX-License-Identifier: Apache-2.0 */
/* The absolute difference: |predictions - labels|. */
#include "train/loss.h"

static tare_tensor formula(tare_tensor labels, tare_tensor predictions) {
    return tare_abs(tare_sub(predictions, labels));
}

static tare_tensor make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_losses_absolute_difference_with(labels, predictions, options);
}

const tare_loss_def tare_absolute_difference_loss = {
    "absolute_difference", "absolute_difference", "labels",
    "predictions",         &tare_losses_table,    make};

tare_tensor tare_losses_absolute_difference_with(tare_tensor labels, tare_tensor predictions,
                                                 const tare_losses_options *options) {
    return tare_loss_plain(&tare_absolute_difference_loss, formula, labels, predictions, options);
}
