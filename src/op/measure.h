/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that losses and metrics are made of, beside the public ones. */
#ifndef TARE_SRC_OP_MEASURE_H
#define TARE_SRC_OP_MEASURE_H

#include "graph/op.h"

/*
 * Weights as they are, to be broadcast to values. Not NumPy's rule: weights are a scalar, or have
 * as many axes as the values, each of extent 1 or the values'. Held against the rule when building
 * as far as extents are known, and in every run. weights may be an immediate, which takes the
 * values' dtype.
 */
tare_tensor tare_check_weights(tare_tensor weights, tare_tensor values);

/*
 * For each of the T thresholds, the weights of the true positives (output 0), false negatives (1),
 * true negatives (2) and false positives (3) among all elements: positive is a prediction above the
 * threshold. labels: bool; predictions: floating, within 0..1, or the run fails; thresholds [T];
 * weights: of the predictions' shape, or a null tensor for 1 each; all of the predictions' dtype.
 */
tare_tensor tare_threshold_counts(tare_tensor labels, tare_tensor predictions,
                                  tare_tensor thresholds, tare_tensor weights);
enum {
    TARE_COUNT_TRUE_POSITIVES,
    TARE_COUNT_FALSE_NEGATIVES,
    TARE_COUNT_TRUE_NEGATIVES,
    TARE_COUNT_FALSE_POSITIVES,
    TARE_COUNT_OUTPUTS
};

/* Element i of floating numbers as a double, which holds both types exactly. */
static inline double tare_floating_at(const void *numbers, tare_dtype dtype, int64_t i) {
    return dtype == TARE_FLOAT64 ? ((const double *)numbers)[i]
                                 : (double)((const float *)numbers)[i];
}

#endif
