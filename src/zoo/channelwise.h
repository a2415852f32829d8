/* SPDX-License-Identifier: Apache-2.0 */
/* The network channelwise: its options and the ways to normalise that it knows. */
#ifndef TARE_SRC_ZOO_CHANNELWISE_H
#define TARE_SRC_ZOO_CHANNELWISE_H

#include "zoo/classifier.h"

/* The values are indices into the words. By hand unless the name says otherwise. */
typedef enum tare_channelwise_norm {
    TARE_CHANNELWISE_AXES_0_1_2,    /* batch normalisation: moments per channel */
    TARE_CHANNELWISE_AXES_0,        /* moments per channel and place */
    TARE_CHANNELWISE_AXES_1_2,      /* moments per channel and example */
    TARE_CHANNELWISE_NO_GAMMA_BETA, /* axes 0, 1, 2 from here on */
    TARE_CHANNELWISE_NO_MOVING,     /* the batch's moments serve always */
    TARE_CHANNELWISE_SLIM,          /* with slim's defaults */
    TARE_CHANNELWISE_SLIM_NO_UPDATES,
    TARE_CHANNELWISE_SLIM_SAME, /* with the decay, epsilon and gamma of what is done by hand */
    TARE_CHANNELWISE_INSTANCE,  /* the layers of these names: each example's own moments always */
    TARE_CHANNELWISE_LAYER,
    TARE_CHANNELWISE_GROUP, /* four groups of channels */
    TARE_CHANNELWISE_NORMS
} tare_channelwise_norm;
#define TARE_CHANNELWISE_WORDS                                                                     \
    "axes-0-1-2,axes-0,axes-1-2,no-gamma-beta,no-moving,slim,slim-no-updates,slim-same,instance,"  \
    "layer,group"

/* clang-format off */
#define TARE_CHANNELWISE_FIELDS(field)                                                            \
    field(choice, norm, TARE_CHANNELWISE_AXES_0_1_2, "way to normalise: " TARE_CHANNELWISE_WORDS) \
    TARE_CLASSIFIER_FIELDS(field, .9, 1e-3, TARE_ZOO_ADAM, 5e-3, TARE_ZOO_LINEAR)
/* clang-format on */
TARE_OPTIONS(tare_channelwise_options, TARE_CHANNELWISE_FIELDS);

#endif
