/* SPDX-License-Identifier: Apache-2.0 */
/* The squared error: (predictions - labels)^2. */
#include "train/loss.h"

static tare_tensor formula(tare_tensor labels, tare_tensor predictions) {
    return tare_squared_difference(predictions, labels);
}

static tare_tensor make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_losses_mean_squared_error_with(labels, predictions, options);
}

const tare_loss_def tare_mean_squared_error_loss = {
    "mean_squared_error", "mean_squared_error", "labels", "predictions", &tare_losses_table, make};

tare_tensor tare_losses_mean_squared_error_with(tare_tensor labels, tare_tensor predictions,
                                                const tare_losses_options *options) {
    return tare_loss_plain(&tare_mean_squared_error_loss, formula, labels, predictions, options);
}
