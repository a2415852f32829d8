/* SPDX-License-Identifier: Apache-2.0 */
/* What ops answer when a plan asks whether they mind the order of their inputs' axes. */
#ifndef TARE_SRC_OP_ORDER_H
#define TARE_SRC_OP_ORDER_H

#include "graph/op.h"

/* Ops that do the same to every number wherever it stands; also as part of other capabilities. */
bool tare_reorder_freely(const tare_lower *node, tare_reordering *to);
extern const tare_capabilities tare_pointwise_can;
/* Those of them whose kernel makes each element of its inputs', see tare_capabilities. */
bool tare_is_elementwise(const tare_lower *node);
extern const tare_capabilities tare_elementwise_can;

/* An axis, or a list of axes, of an input of that rank in the other order. */
int64_t tare_reordered_axis(const tare_reordering *to, int64_t axis);
tare_list tare_reordered_axes(const tare_reordering *to, tare_list axes);
/* A list with a value for every axis. */
tare_list tare_reordered_list(const tare_reordering *to, tare_list list);
/* The axes of a mask, and the mask in the other order; false when they would stand differently
 * among themselves. */
bool tare_reordered_mask(const tare_reordering *to, uint32_t mask, uint32_t *result);

#endif
