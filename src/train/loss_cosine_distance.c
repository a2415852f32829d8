/* SPDX-License-Identifier: Apache-2.0 */
/* The cosine distance of vectors of length 1: 1 - sum labels predictions, along one axis. */
#include "train/loss.h"

#define TARE_TABLE_STRUCT    tare_losses_cosine_options
#define TARE_WORDS_reduction TARE_REDUCTION_WORDS
TARE_OPTION_TABLE(static, table, TARE_LOSSES_COSINE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_tensor formula(tare_tensor labels, tare_tensor predictions, int64_t axis) {
    const tare_tensor products = tare_mul(predictions, labels);
    return tare_sub(tare_number(1),
                    tare_reduce_sum(products, .axis = TARE_LIST(axis), .keepdims = true));
}

static tare_tensor make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_losses_cosine_distance_with(labels, predictions, options);
}

const tare_loss_def tare_cosine_distance_loss = {
    "cosine_distance", "cosine_distance_loss", "labels", "predictions", &table, make};

tare_tensor tare_losses_cosine_distance_with(tare_tensor labels, tare_tensor predictions,
                                             const tare_losses_cosine_options *options) {
    tare_losses_cosine_options given;
    tare_options_adopt(&table, options, &given);
    tare_loss loss;
    tare_tensor losses = TARE_NULL;
    if (tare_loss_begin(&loss, &tare_cosine_distance_loss, labels, predictions,
                        TARE_LOSS_COMMON(given)) &&
        tare_loss_match(&loss))
        losses = formula(loss.labels, loss.predictions, given.axis);
    return tare_loss_end(&loss, losses);
}
