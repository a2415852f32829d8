/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Huber loss: with e = |predictions - labels| and q = min(e, delta), q^2 / 2 + delta (e - q).
 *
 * Written with e - q, not max(e - delta, 0), so that the gradient at e = delta is counted once.
 *
 * Source: TensorFlow r1.15, python/ops/losses/losses_impl.py (huber_loss).
 */
#include "train/loss.h"

#include <math.h>

#define TARE_TABLE_STRUCT    tare_losses_huber_options
#define TARE_WORDS_reduction TARE_REDUCTION_WORDS
TARE_OPTION_TABLE(static, table, TARE_LOSSES_HUBER_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_tensor formula(tare_tensor labels, tare_tensor predictions, double delta) {
    const tare_tensor error = tare_abs(tare_sub(predictions, labels));
    const tare_tensor quadratic = tare_minimum(error, tare_number(delta));
    const tare_tensor linear = tare_sub(error, quadratic);
    return tare_add(tare_mul(tare_mul(quadratic, quadratic), tare_number(0.5)),
                    tare_mul(linear, tare_number(delta)));
}

static tare_tensor make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_losses_huber_loss_with(labels, predictions, options);
}

const tare_loss_def tare_huber_loss = {"huber_loss",  "huber_loss", "labels",
                                       "predictions", &table,       make};

tare_tensor tare_losses_huber_loss_with(tare_tensor labels, tare_tensor predictions,
                                        const tare_losses_huber_options *options) {
    tare_losses_huber_options given;
    tare_options_adopt(&table, options, &given);
    tare_loss loss;
    tare_tensor losses = TARE_NULL;
    if (tare_loss_begin(&loss, &tare_huber_loss, labels, predictions, TARE_LOSS_COMMON(given)) &&
        tare_loss_match(&loss) &&
        tare_loss_option_within(&loss, "delta", given.delta, 0, (double)INFINITY, "0 or more"))
        losses = formula(loss.labels, loss.predictions, given.delta);
    return tare_loss_end(&loss, losses);
}
