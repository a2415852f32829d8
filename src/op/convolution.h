/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution of 1 to 3 spatial axes as ops see it: NHWC data x [N, I.., C], a filter
 * [K.., C / groups, F], the result y [N, O.., F]. With 0 groups every channel is one of its own and
 * the filter is [K.., C, F / C] (depthwise); its numbers lie as those of C groups do.
 */
#ifndef TARE_SRC_OP_CONVOLUTION_H
#define TARE_SRC_OP_CONVOLUTION_H

#include "kernel/convolution.h"
#include "op/rules.h"
#include <tare/op.h>

/* Channels of x, and of y; TARE_ANY where the filter's extents are not known. */
int64_t tare_filter_channels(const tare_nn_conv_options *options, tare_shape filter);
int64_t tare_filter_results(const tare_nn_conv_options *options, tare_shape filter);

/* A filter of known shape by its last axis (depthwise, of 0 groups: its last two), which counts a
 * convolution's results and a transposed one's inputs; and by its last axis but one, which counts
 * the others, once more for each group. */
tare_weights_view tare_filter_by_last(tare_shape filter, int64_t groups);
tare_weights_view tare_filter_by_depth(tare_shape filter, int64_t groups);

/* A shape of that rank without known extents where the rank of `shape` is not known. */
tare_shape tare_shape_of_rank(tare_shape shape, int rank);

/* The shape of y for x and filter of known, equal ranks; refuses what does not fit. */
tare_status tare_infer_convolution(const tare_infer *infer, const tare_nn_conv_options *options,
                                   tare_shape x, tare_shape filter, tare_shape *y);

/* Input 2, when given, is one number for every channel of the result. */
tare_status tare_infer_convolution_bias(const tare_infer *infer, int64_t results);

/* Known shapes, which fit, as the kernel wants them. */
tare_convolution tare_convolution_of(const tare_nn_conv_options *options, tare_shape x,
                                     tare_shape filter, tare_shape y);

/* The step of a gradient for x: inputs dy and filter. */
tare_status tare_prepare_convolution_data(tare_prepare *prepare, const tare_convolution *c);
tare_status tare_convolution_data_step(const tare_run *run);

/* Whether it computes long enough for passes over what it reads or makes to be hidden behind it. */
bool tare_convolution_hides_passes(const tare_convolution *c);

/* The convolution and its gradients for x and for the filter as hosts of riders. */
extern const tare_host tare_convolution_forward_host;
extern const tare_host tare_convolution_data_host, tare_convolution_filter_host;

/* Nodes: y of x; dx, of the shape of x; dw, of the shape of the filter. */
tare_tensor tare_convolve(tare_tensor x, tare_tensor filter, const tare_nn_conv_options *options);
tare_tensor tare_convolution_input_gradient(tare_tensor dy, tare_tensor filter, tare_tensor x,
                                            const tare_nn_conv_options *options);
tare_tensor tare_convolution_filter_gradient(tare_tensor dy, tare_tensor x, tare_tensor filter,
                                             const tare_nn_conv_options *options);

#endif
