/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What layer, group and instance normalisation share: x is normalised by moments of each sample's
 * own numbers, alike in training and inference, and then scaled and shifted.
 */
#ifndef TARE_SRC_LAYER_SAMPLE_NORM_H
#define TARE_SRC_LAYER_SAMPLE_NORM_H

#include "layer/gamma_beta.h"
#include "layer/norm_checks.h"

typedef struct tare_sample_norm {
    const char *layer;  /* "layer_norm", for messages */
    const char *result; /* name of the result within the layer's scope */
    int activation;
    double epsilon;
    tare_gamma_beta affine;
    tare_shape seen;               /* x as it is normalised: x's own shape, or channels split */
    tare_axis_mask reduced;        /* of `seen`; none: each number is its own mean */
    tare_shape parameter, against; /* gamma and beta, and as they broadcast against `seen` */
} tare_sample_norm;

/* False (sticky): x is not floating, its rank unknown or below least, or epsilon negative. */
bool tare_sample_norm_takes(tare_tensor x, const char *layer, int least, double epsilon);

/* Variables, result and activation; the layer's scope is open. */
tare_tensor tare_sample_norm_build(tare_tensor x, const tare_sample_norm *norm);

#endif
