/* SPDX-License-Identifier: Apache-2.0 */
/* The windows of convolution layers: what all of them check and spread over the spatial axes. */
#ifndef TARE_SRC_LAYER_CONV_H
#define TARE_SRC_LAYER_CONV_H

#include "layer/kernel_layer.h"

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

/* Refuses (sticky) an x or a window that does not fit; fills the window. */
bool tare_conv_window_fits(const tare_conv_layer *layer, tare_tensor x, tare_conv_window *window);

/* The shape of a kernel: the window's extents, then two more. */
tare_shape tare_conv_kernel_shape(const tare_conv_window *window, int64_t before, int64_t last);

#endif
