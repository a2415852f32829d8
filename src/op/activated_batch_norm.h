/* SPDX-License-Identifier: Apache-2.0 */
/* The op activated_batch_norm and its gradient: what they share, and what the layer fills in. */
#ifndef TARE_SRC_OP_ACTIVATED_BATCH_NORM_H
#define TARE_SRC_OP_ACTIVATED_BATCH_NORM_H

#include "op/batch_norm.h"

/* Activations that their output can be undone by. */
typedef enum tare_undoable {
    TARE_UNDOABLE_IDENTITY,
    TARE_UNDOABLE_LEAKY_RELU,
    TARE_UNDOABLE_ELU
} tare_undoable;

/* Inputs and outputs are batch_norm's (TARE_BATCH_NORM_X ...); output 0 is activated. gamma must be
 * above 0. */
#define TARE_ACTIVATED_BATCH_NORM_NODE_FIELDS(field)                                               \
    TARE_BATCH_NORM_NODE_FIELDS(field)                                                             \
    field(choice, activation, TARE_UNDOABLE_LEAKY_RELU, "of the normalised values")                \
        field(real, alpha, .01, "slope of leaky_relu below 0")
TARE_OPTIONS(tare_activated_batch_norm_node_options, TARE_ACTIVATED_BATCH_NORM_NODE_FIELDS);
#define TARE_ACTIVATED_BATCH_NORM_NODE_DEFAULTS                                                    \
    TARE_DEFAULTS(tare_activated_batch_norm_node_options, TARE_ACTIVATED_BATCH_NORM_NODE_FIELDS)
#define TARE_UNDOABLE_WORDS "identity,leaky_relu,elu"

/* Of batch_norm, within. */
tare_batch_norm_node_options
tare_activated_settings(const tare_activated_batch_norm_node_options *options);

/* Op "activated_batch_norm_gradient": inputs dz, z, gamma?, beta?, variance, training?; outputs dx,
 * dgamma, dbeta. */
enum {
    TARE_ACTIVATED_DZ,
    TARE_ACTIVATED_Z,
    TARE_ACTIVATED_GAMMA,
    TARE_ACTIVATED_BETA,
    TARE_ACTIVATED_VARIANCE,
    TARE_ACTIVATED_TRAINING,
    TARE_ACTIVATED_INPUTS
};

/* xhat as z tells it, gamma and beta null where there are none. */
tare_tensor tare_activated_hat(const tare_activated_batch_norm_node_options *options, tare_tensor z,
                               tare_tensor gamma, tare_tensor beta);

#endif
