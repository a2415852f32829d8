/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch normalisation as programs write it themselves, from tf.nn.moments and
 * tf.nn.batch_normalization: user code on the public headers, to stand beside the layers.
 */
#ifndef TARE_SRC_ZOO_BY_HAND_H
#define TARE_SRC_ZOO_BY_HAND_H

#include <tare/graph.h>

/* What such a program decides. */
typedef struct tare_by_hand {
    tare_list axes;       /* that the moments are taken over */
    bool gamma_and_beta;  /* scale and shift what is normalised */
    bool moving_averages; /* for what is not training; without them the moments serve always */
    double momentum;      /* weight of the old value in them */
    double epsilon;       /* added to the variance */
    tare_tensor training; /* a truth or a boolean scalar */
} tare_by_hand;

/*
 * y = gamma (x - mean) / sqrt(variance + epsilon) + beta with the moments of x [N, .., C] over
 * axes. All extents of x but the first must be known.
 *
 * Variables, in the current scope: gamma, beta, moving_mean, moving_variance, of x's rank with
 * extent 1 where the moments are reduced and at axis 0; gamma and beta have C channels always. The
 * averages' updates go to update_ops; where axes leave out axis 0 each example has moments of its
 * own, and the averages take their mean over the batch.
 */
tare_tensor tare_batch_norm_by_hand(tare_tensor x, const tare_by_hand *how);

#endif
