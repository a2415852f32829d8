/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that stand beside another tensor: slots of optimisers, shadows of moving averages. */
#ifndef TARE_SRC_TRAIN_SLOT_H
#define TARE_SRC_TRAIN_SLOT_H

#include "graph/graph.h"

/*
 * A new variable with the shape and dtype of primary, not trained, named "PRIMARY/LABEL", then
 * "PRIMARY/LABEL_1" and so on, in the present variable scope. Sticky errors.
 * Source  TensorFlow r1.15, python/training/slot_creator.py.
 */
tare_tensor tare_slot_make(tare_graph *graph, tare_tensor primary, const char *label,
                           tare_initializer first);

/* "PRIMARY/LABEL", kept by the graph; NULL: no memory (sticky). */
const char *tare_slot_name(tare_graph *graph, tare_tensor primary, const char *label);

/* Whether tensor is a variable of that graph. */
bool tare_is_variable(const tare_graph *graph, tare_tensor tensor);

#endif
