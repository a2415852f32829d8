/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of batch normalisation layers estimated from batches of data, which the doctor tries
 * and tare_recalibrate sets.
 *
 *     mean      mean of the batches' means
 *     variance  mean of the batches' variances + variance of the batches' means
 *
 * For batches of one size that is mean and variance of all examples together. The variance of a
 * batch is the one that the layer's own average takes. A layer that is called several times in a
 * step counts each call as a batch.
 *
 * The network runs in training mode: every layer normalises by the batch's own statistics, so that
 * those of a later layer do not depend on what the earlier ones have stored, and one pass over the
 * data does for all of them.
 *
 * Source  Wu and Johnson 2021, arXiv:2105.07576, section 3 (precise statistics).
 */
#ifndef TARE_SRC_NORM_ESTIMATE_H
#define TARE_SRC_NORM_ESTIMATE_H

#include "norm/kept.h"
#include "train/fit_network.h"

/* Of one layer's channels, over the batches so far. */
typedef struct tare_layer_estimate {
    int64_t channels;         /* 0: nothing in the graph tells the statistics of a batch */
    int64_t means, variances; /* that were added */
    double *mean;             /* [channels] mean of the means */
    double *mean_squares;     /* [channels] sum of their squared differences from it */
    double *variance;         /* [channels] mean of the variances */
    /* [channels] of the deviations of the first call: how much they differ by batch. */
    int64_t deviations;
    double *deviation, *deviation_squares;
} tare_layer_estimate;

/* What a fetched array is. */
typedef struct tare_estimate_source {
    size_t layer;
    bool is_variance;
    bool is_deviation; /* sqrt(variance + epsilon) */
    bool is_first;     /* of the first call of the layer */
    double epsilon;
} tare_estimate_source;

typedef struct tare_estimator {
    const tare_patient *patient;
    tare_runner runner; /* in inference mode, but within tare_estimator_add */
    tare_kept_variables kept;
    tare_batches *batches;
    int64_t batch, batch_count;    /* examples in a batch; batches to look at */
    tare_layer_estimate *layers;   /* [layers of the patient] */
    tare_estimate_source *sources; /* [fetch_count], the first is the loss's: unused */
    tare_tensor *fetches;
    tare_array **results;
    size_t fetch_count;
    const tare_patient_layer
        *not_finite; /* met in the batch added last: NaN or infinity; or NULL */
} tare_estimator;

/*
 * Makes ready for the patient's layers, network, data and options batch, batches (0: all) and
 * divisor; keeps what running may write. tare_estimator_end must follow in any case; it writes
 * nothing back.
 */
tare_status tare_estimator_begin(tare_estimator *estimator, const tare_patient *patient);
/* Runs batch i in training mode and adds its statistics. *loss: by the batch's statistics. */
tare_status tare_estimator_add(tare_estimator *estimator, int64_t i, double *loss);
void tare_estimator_end(tare_estimator *estimator);

/* Room for a layer's estimate, in the arena of the patient. */
tare_status tare_layer_estimate_make(tare_layer_estimate *layer, const tare_patient *patient,
                                     int64_t channels);
/* Makes the estimates of the patient's layers the session's statistics, where there are any. */
void tare_layer_estimates_set(const tare_layer_estimate *layers, const tare_patient *patient);
double tare_estimated_variance(const tare_layer_estimate *layer, int64_t channel);

#endif
