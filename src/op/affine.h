/* SPDX-License-Identifier: Apache-2.0 */
/* What the merge pass asks of ops that scale or shift the last axis of their input, and of products
 * that can take such a map into their weights. */
#ifndef TARE_SRC_OP_AFFINE_H
#define TARE_SRC_OP_AFFINE_H

#include "graph/op.h"

/* Input 1 is one floating number per entry of input 0's last axis, which keeps its shape. */
bool tare_is_per_channel(const tare_lower *node);

/*
 * Emits a product once more, with the affine map in its weights and bias:
 *     inputs 0 as they are, 1: fold_weights(weights, scale), 2: fold_bias(bias, scale, shift)
 * columns_are_outputs: of the weights seen as a matrix.
 */
tare_status tare_absorb_affine(tare_lower *node, const char *op, const tare_affine *affine,
                               bool columns_are_outputs);

/* Options of the op fold_weights. */
#define TARE_FOLD_WEIGHTS_FIELDS(field)                                                            \
    field(boolean, columns_are_outputs, true, "of the weights seen as a matrix")                   \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_fold_weights_options, TARE_FOLD_WEIGHTS_FIELDS);
#define TARE_FOLD_WEIGHTS_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_fold_weights_options, TARE_FOLD_WEIGHTS_FIELDS)

#endif
