/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementwise ops as riders and hosts (graph/op.h), float32 and of one shape: what follows a pass
 * changes its results while they are in the nearest cache, and a pass tells of what it makes.
 */
#ifndef TARE_SRC_OP_POINTWISE_RIDING_H
#define TARE_SRC_OP_POINTWISE_RIDING_H

#include "graph/op.h"
#include "kernel/pixel_pass.h"

/* Ops of tare_prepare_unary; of tare_prepare_binary: either input may be what the host makes, or
 * the first one only. */
extern const tare_rider tare_unary_rider, tare_either_rider, tare_first_rider;

/* Ops of tare_prepare_binary. */
extern const tare_host tare_binary_host;

/* Whether a value is float32, has pixels, and is large enough for a pass over it to cost anything.
 */
bool tare_is_worth_riding(const tare_lower *node, tare_value value);

/* For hosts whose results may always be changed. */
bool tare_lets_change(const tare_lower *node);

/* The pass over output 0, whose last axis the channels are. */
tare_pixel_pass tare_pass_over_output(const tare_prepare *prepare);

#endif
