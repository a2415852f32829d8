/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log loss of probabilities: -labels log(predictions + epsilon)
 * - (1 - labels) log(1 - predictions + epsilon).
 *
 * Source: TensorFlow r1.15, python/ops/losses/losses_impl.py (log_loss).
 */
#include "train/loss.h"

#include <math.h>

#define TARE_TABLE_STRUCT    tare_losses_log_options
#define TARE_WORDS_reduction TARE_REDUCTION_WORDS
TARE_OPTION_TABLE(static, table, TARE_LOSSES_LOG_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_tensor formula(tare_tensor labels, tare_tensor predictions, double epsilon) {
    const tare_tensor one = tare_number(1), small = tare_number(epsilon);
    const tare_tensor yes = tare_log(tare_add(predictions, small));
    const tare_tensor no = tare_log(tare_add(tare_sub(one, predictions), small));
    return tare_sub(tare_negative(tare_mul(labels, yes)), tare_mul(tare_sub(one, labels), no));
}

static tare_tensor make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_losses_log_loss_with(labels, predictions, options);
}

const tare_loss_def tare_log_loss = {"log_loss", "log_loss", "labels", "predictions", &table, make};

tare_tensor tare_losses_log_loss_with(tare_tensor labels, tare_tensor predictions,
                                      const tare_losses_log_options *options) {
    tare_losses_log_options given;
    tare_options_adopt(&table, options, &given);
    tare_loss loss;
    tare_tensor losses = TARE_NULL;
    if (tare_loss_begin(&loss, &tare_log_loss, labels, predictions, TARE_LOSS_COMMON(given)) &&
        tare_loss_match(&loss) &&
        tare_loss_option_within(&loss, "epsilon", given.epsilon, 0, (double)INFINITY, "0 or more"))
        losses = formula(loss.labels, loss.predictions, given.epsilon);
    return tare_loss_end(&loss, losses);
}
