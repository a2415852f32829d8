/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data with its channels first. Kernels know channels last, so an op given TARE_NCHW infers its
 * shapes through these and lowers to itself between transposes, which the plan moves and cancels.
 * "Data" are the inputs, a bit each, whose axes the format orders: images yes, filters no.
 *
 *     nhwc   [N, spatial axes.., C]        nchw   [N, C, spatial axes..]
 */
#ifndef TARE_SRC_OP_DATA_FORMAT_H
#define TARE_SRC_OP_DATA_FORMAT_H

#include "graph/op.h"
#include <tare/op.h>

/* infer as channels last, and output 0 back in the format when result_is_data. Sentences say in
 * which order they show shapes. */
tare_status tare_infer_formatted(tare_infer *infer, int data_format, uint32_t data,
                                 bool result_is_data, tare_status (*infer_last)(tare_infer *infer));

/* Emits op on transposed data, its result transposed back when it is data. options: the op's, with
 * data_format nhwc. */
tare_status tare_lower_channels_first(tare_lower *lower, const char *op, const void *options,
                                      uint32_t data, bool result_is_data);

/* The axis of the channels; spatial axes follow it or lie before it. */
int tare_channel_axis(int data_format, int rank);

/* The gradient of what was added to every channel: dy summed over all other axes. */
tare_status tare_sum_of_channels(tare_gradient *g, int data_format, tare_tensor dy,
                                 tare_tensor like, tare_tensor *sum);

#endif
