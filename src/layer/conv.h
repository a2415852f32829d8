/* SPDX-License-Identifier: Apache-2.0 */
/* The windows of convolution layers: what all of them check and spread over the spatial axes. */
#ifndef TARE_SRC_LAYER_CONV_H
#define TARE_SRC_LAYER_CONV_H

#include "layer/kernel_layer.h"
#include "layer/scope.h"

/* Which layer, and on how many spatial axes. */
typedef struct tare_conv_layer {
    const char *name; /* "conv2d": of the layer and of its scope */
    int rank;
} tare_conv_layer;

/* What is given, and then found: one number for every spatial axis, and the channels of x. */
typedef struct tare_conv_window {
    tare_list kernel_size, strides, dilations;
    int padding, data_format;
    int64_t channels;
} tare_conv_window;

/*
 * Opens the layer's scope, refuses (sticky) an x or a window that does not fit, and fills the
 * window; false: it did not fit. name, reuse: the user's. To be ended by tare_layer_end however it
 * went.
 */
bool tare_conv_layer_begin(const tare_conv_layer *of, tare_tensor x, const char *name, int reuse,
                           tare_conv_window *window, tare_layer *layer);

/* The shape of a kernel: the window's extents, then two more. */
tare_shape tare_conv_kernel_shape(const tare_conv_window *window, int64_t before, int64_t last);

#endif
