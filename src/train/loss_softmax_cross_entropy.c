/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The softmax cross-entropy of labels that are distributions over C classes, drawn towards 1/C by
 * label smoothing: z = labels (1 - s) + s / C. No gradient flows to the labels.
 *
 * Source: TensorFlow r1.15, python/ops/losses/losses_impl.py (softmax_cross_entropy).
 */
#include "train/loss.h"
#include "train/loss_smoothing.h"

/* The last extent as a number of the logits' dtype, also where it is known at run time only. */
static tare_tensor class_count(tare_tensor logits) {
    const tare_shape shape = tare_tensor_shape(logits);
    const int64_t last = shape.rank > 0 ? shape.extents[shape.rank - 1] : TARE_ANY;
    if (last >= 0) return tare_number(last);
    const tare_tensor extents = tare_shape_of(logits);
    const tare_tensor count = tare_strided_slice(extents, .begin = TARE_LIST(-1),
                                                 .end = TARE_LIST(0), .shrink_axis_mask = 1);
    return tare_cast(count, tare_tensor_dtype(logits));
}

static tare_tensor make(tare_tensor labels, tare_tensor logits, const void *options) {
    return tare_losses_softmax_cross_entropy_with(labels, logits, options);
}

const tare_loss_def tare_softmax_cross_entropy_loss = {"softmax_cross_entropy",
                                                       "softmax_cross_entropy_loss",
                                                       "onehot_labels",
                                                       "logits",
                                                       &tare_losses_smoothed_table,
                                                       make};

tare_tensor tare_losses_softmax_cross_entropy_with(tare_tensor onehot_labels, tare_tensor logits,
                                                   const tare_losses_smoothed_options *options) {
    tare_losses_smoothed_options given;
    tare_options_adopt(&tare_losses_smoothed_table, options, &given);
    tare_loss loss;
    tare_tensor losses = TARE_NULL;
    if (tare_loss_begin(&loss, &tare_softmax_cross_entropy_loss, onehot_labels, logits,
                        TARE_LOSS_COMMON(given)) &&
        tare_loss_match(&loss) &&
        tare_loss_smooth(&loss, given.label_smoothing, class_count(loss.predictions)))
        losses = tare_softmax_cross_entropy_with_logits(tare_stop_gradient(loss.labels),
                                                        loss.predictions);
    return tare_loss_end(&loss, losses);
}
