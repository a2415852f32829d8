/* SPDX-License-Identifier: Apache-2.0 */
/* What the merge pass asks of ops that scale or shift the last axis of their input, and of products
 * that can take such a map into their weights. */
#ifndef TARE_SRC_OP_AFFINE_H
#define TARE_SRC_OP_AFFINE_H

#include "graph/op.h"
#include "kernel/normalisation_fold.h"

/* Input 1 is one floating number per entry of input 0's last axis, which keeps its shape. */
bool tare_is_per_channel(const tare_lower *node);

/*
 * Emits a product once more, with the affine map in its weights and bias:
 *     inputs 0 as they are, 1: fold_weights(weights, scale), 2: fold_bias(bias, scale, shift)
 */
tare_status tare_absorb_affine(tare_lower *node, const char *op, const tare_affine *affine,
                               const tare_weights_view *weights);

/* Options of the op fold_weights: a tare_weights_view. */
#define TARE_FOLD_WEIGHTS_FIELDS(field)                                                            \
    field(integer, outer, 1, "rows before the outputs")                                            \
        field(integer, minor, 1, "outputs that differ by this axis first")                         \
            field(integer, major, 1, "and by this one second")                                     \
                field(integer, inner, 1, "numbers after the outputs")                              \
                    field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_fold_weights_options, TARE_FOLD_WEIGHTS_FIELDS);
#define TARE_FOLD_WEIGHTS_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_fold_weights_options, TARE_FOLD_WEIGHTS_FIELDS)

#endif
