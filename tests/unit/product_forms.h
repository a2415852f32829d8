/* SPDX-License-Identifier: Apache-2.0 */
/* Products in all their forms, for tests of what is done to them: each over the input x, with or
 * without a bias. */
#ifndef TARE_TESTS_PRODUCT_FORMS_H
#define TARE_TESTS_PRODUCT_FORMS_H

#include <tare/layer.h>
#include <tare/op.h>

typedef tare_tensor (*builder)(tare_tensor x, int data_format, bool biased);

static tare_tensor dense(tare_tensor x, int data_format, bool biased) {
    (void)data_format;
    return tare_dense(x, 5, .use_bias = biased);
}
static tare_tensor matmul(tare_tensor x, int data_format, bool biased) {
    (void)data_format;
    const tare_dtype dtype = tare_tensor_dtype(x);
    const tare_tensor w = tare_get_variable(x.graph, "w", TARE_SHAPE(5, 6), .dtype = dtype);
    const tare_tensor y = tare_matmul(x, w, .transpose_b = true);
    if (!biased) return y;
    return tare_bias_add(y, tare_get_variable(x.graph, "b", TARE_SHAPE(5), .dtype = dtype));
}
static tare_tensor conv1d(tare_tensor x, int data_format, bool biased) {
    return tare_conv1d(x, 4, TARE_LIST(3), .padding = TARE_PADDING_SAME, .data_format = data_format,
                       .use_bias = biased);
}
static tare_tensor conv2d(tare_tensor x, int data_format, bool biased) {
    return tare_conv2d(x, 5, TARE_LIST(3, 2), .strides = TARE_LIST(2, 1),
                       .data_format = data_format, .use_bias = biased);
}
static tare_tensor conv3d(tare_tensor x, int data_format, bool biased) {
    return tare_conv3d(x, 3, TARE_LIST(2), .data_format = data_format, .use_bias = biased);
}
static tare_tensor grouped(tare_tensor x, int data_format, bool biased) {
    return tare_conv2d(x, 6, TARE_LIST(3), .groups = 2, .data_format = data_format,
                       .use_bias = biased);
}
static tare_tensor depthwise(tare_tensor x, int data_format, bool biased) {
    return tare_depthwise_conv2d(x, TARE_LIST(3), .depth_multiplier = 2, .data_format = data_format,
                                 .use_bias = biased);
}
static tare_tensor transposed(tare_tensor x, int data_format, bool biased) {
    return tare_conv2d_transpose(x, 5, TARE_LIST(3, 2), .strides = TARE_LIST(2, 1),
                                 .padding = TARE_PADDING_SAME, .data_format = data_format,
                                 .use_bias = biased);
}
static tare_tensor transposed_groups(tare_tensor x, int data_format, bool biased) {
    const tare_dtype dtype = tare_tensor_dtype(x);
    const tare_tensor w = tare_get_variable(x.graph, "w", TARE_SHAPE(2, 3, 3, 4), .dtype = dtype);
    const tare_tensor y = tare_nn_conv2d_transpose(x, w, .groups = 2, .data_format = data_format);
    if (!biased) return y;
    return tare_bias_add(y, tare_get_variable(x.graph, "b", TARE_SHAPE(6), .dtype = dtype),
                         .data_format = data_format);
}

typedef struct form {
    const char *name;
    tare_shape x; /* channels last; axis 0 counts examples */
    builder build;
    bool spatial; /* may be channels first */
    bool exact;   /* takes a layer before it too */
} form;

#define ANY TARE_ANY
static const form forms[] = {
    {"dense", {.rank = 2, .extents = {ANY, 6}}, dense, false, true},
    {"matmul", {.rank = 2, .extents = {ANY, 6}}, matmul, false, true},
    {"conv1d", {.rank = 3, .extents = {ANY, 7, 3}}, conv1d, true, false},
    {"conv2d", {.rank = 4, .extents = {ANY, 7, 6, 3}}, conv2d, true, true},
    {"conv3d", {.rank = 5, .extents = {ANY, 3, 4, 3, 2}}, conv3d, true, true},
    {"grouped", {.rank = 4, .extents = {ANY, 5, 5, 4}}, grouped, true, true},
    {"depthwise", {.rank = 4, .extents = {ANY, 5, 5, 3}}, depthwise, true, true},
    {"transposed", {.rank = 4, .extents = {ANY, 4, 3, 4}}, transposed, true, false},
    {"transposed groups", {.rank = 4, .extents = {ANY, 4, 3, 4}}, transposed_groups, true, false},
};

/* The shape of a form's input, channels first or last. */
static inline tare_shape input_shape(const form *f, bool first) {
    tare_shape shape = f->x;
    if (!first) return shape;
    shape.extents[1] = f->x.extents[shape.rank - 1];
    for (int d = 2; d < shape.rank; d++) shape.extents[d] = f->x.extents[d - 1];
    return shape;
}

#endif
