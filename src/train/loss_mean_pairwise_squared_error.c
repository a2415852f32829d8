/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Squared differences between pairs of errors: with e = predictions - labels and n the elements of
 * a sample whose weight is not 0, a sample's loss is
 *
 *     2 sum e^2 / (n - 1) - 2 (sum e)^2 / (n (n - 1)),  0 / 0 = 0
 *
 * Source: TensorFlow r1.15, python/ops/losses/losses_impl.py (mean_pairwise_squared_error).
 */
#include "train/loss.h"

#include "op/like.h"
#include "op/measure.h"

#define TARE_TABLE_STRUCT tare_losses_pairwise_options
TARE_OPTION_TABLE(static, table, TARE_LOSSES_PAIRWISE_FIELDS);
#undef TARE_TABLE_STRUCT

/* Sum over all axes but the first, each kept with extent 1. */
static tare_tensor sum_samples(tare_tensor x) {
    tare_list axes = TARE_EMPTY_LIST;
    const int rank = tare_tensor_shape(x).rank;
    if (rank > 1) axes.count = 0;
    for (int d = 1; d < rank; d++) axes.values[axes.count++] = d;
    return tare_reduce_sum(x, .axis = axes, .keepdims = true);
}

/* 2 x / most(divisor, 0), 0 where that is 0. */
static tare_tensor twice_ratio(tare_tensor x, tare_tensor divisor) {
    const tare_tensor positive = tare_maximum(divisor, tare_number(0));
    return tare_mul(tare_div_no_nan(x, positive), tare_number(2));
}

static tare_tensor build(tare_loss *loss, tare_tensor errors, tare_tensor weights) {
    const tare_tensor wide = tare_broadcast_like(weights, errors, TARE_NO_LIST, false);
    const tare_tensor weighed = tare_not_equal(wide, tare_number(0));
    const tare_tensor n = sum_samples(tare_cast(weighed, tare_tensor_dtype(errors)));
    const tare_tensor others = tare_sub(n, tare_number(1)), sum = sum_samples(errors);
    const tare_tensor each = tare_sub(twice_ratio(sum_samples(tare_square(errors)), others),
                                      twice_ratio(tare_square(sum), tare_mul(n, others)));
    const tare_tensor total = tare_reduce_sum(tare_mul(each, weights));
    const tare_tensor some = tare_greater(tare_reduce_sum(n), tare_number(0));
    const tare_tensor none = tare_zeros_like(total);
    tare_loss_show(loss);
    return tare_where(some, total, none, .name = "value_2");
}

static bool rank_is_known(const tare_loss *loss) {
    const int rank = tare_tensor_shape(loss->predictions).rank;
    return tare_loss_option_within(loss, "predictions of rank", rank, 1, TARE_MAX_RANK,
                                   "predictions whose rank is known, and is at least 1");
}

static tare_tensor make(tare_tensor labels, tare_tensor predictions, const void *options) {
    return tare_losses_mean_pairwise_squared_error_with(labels, predictions, options);
}

const tare_loss_def tare_mean_pairwise_squared_error_loss = {"mean_pairwise_squared_error",
                                                             "mean_pairwise_squared_error",
                                                             "labels",
                                                             "predictions",
                                                             &table,
                                                             make};

tare_tensor
tare_losses_mean_pairwise_squared_error_with(tare_tensor labels, tare_tensor predictions,
                                             const tare_losses_pairwise_options *options) {
    tare_losses_pairwise_options given;
    tare_options_adopt(&table, options, &given);
    const tare_loss_common common = {given.weights, TARE_REDUCTION_NONE, given.loss_collection,
                                     given.scope};
    tare_loss loss;
    tare_tensor result = TARE_NULL;
    if (tare_loss_begin(&loss, &tare_mean_pairwise_squared_error_loss, labels, predictions,
                        common) &&
        tare_loss_match(&loss) && rank_is_known(&loss)) {
        const tare_tensor errors = tare_sub(loss.predictions, loss.labels);
        const tare_tensor weights = tare_operand_as(given.weights, tare_tensor_dtype(errors));
        result = build(&loss, errors, tare_check_weights(weights, errors));
    }
    return tare_loss_close(&loss, result);
}
