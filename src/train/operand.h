/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and predictions: what losses and metrics ask of them before they compute. */
#ifndef TARE_SRC_TRAIN_OPERAND_H
#define TARE_SRC_TRAIN_OPERAND_H

#include "graph/graph.h"

/* Whom an error blames: "huber_loss 'huber_loss_1'". */
typedef struct tare_blame {
    tare_graph *graph;
    const char *op, *node;
} tare_blame;

/* True for a tensor; otherwise the graph gets the error "got no WHAT" or "got a number as WHAT". */
bool tare_operand_given(const tare_blame *blame, tare_tensor tensor, const char *what);
/* False, with an error, when the shapes of the two can never be one. */
bool tare_operand_same_shape(const tare_blame *blame, tare_tensor a, const char *a_name,
                             tare_tensor b, const char *b_name);

/* The tensor in another dtype; itself where it has that dtype already, or is an immediate. */
tare_tensor tare_operand_as(tare_tensor tensor, tare_dtype dtype);
/* In a floating dtype: its own, or float32. */
tare_tensor tare_operand_floating(tare_tensor tensor);
/* Without its last axis where that may have extent 1 and `rank` is one less than the tensor's;
 * unknown ranks stay. */
tare_tensor tare_operand_squeezed(tare_tensor tensor, int rank);

#endif
