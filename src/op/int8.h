/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ops of whole-number networks, as TensorFlow Lite's specification has them: options, and what
 * their files share. A number q of a tensor stands for (q - zero) scale; least and most bound a
 * result, which is how activations are merged into it. A uint8 tensor is an int8 one whose numbers
 * and zero are 128 less.
 */
#ifndef TARE_SRC_OP_INT8_H
#define TARE_SRC_OP_INT8_H

#include "op/rules.h"
#include "op/spatial.h"

/* clang-format off */
#define TARE_INT8_BOUNDS(field)                                                                    \
    field(integer, least, -128, "least result")                                                    \
    field(integer, most, 127, "greatest result")
#define TARE_INT8_X(field)                                                                         \
    field(real, x_scale, 1, "scale of x")                                                          \
    field(integer, x_zero, 0, "zero of x")
#define TARE_INT8_Y(field)                                                                         \
    field(real, y_scale, 1, "scale of the result")                                                 \
    field(integer, y_zero, 0, "zero of the result")
#define TARE_INT8_WINDOWS(field)                                                                   \
    field(list, strides, TARE_LIST(1), "one for both axes or one for each")                        \
    field(choice, padding, TARE_PADDING_VALID, "valid or same")

/*
 * int8_conv2d           x [N, H, W, C], weights [F, KH, KW, C / groups]
 * int8_depthwise_conv2d x [N, H, W, C], weights [1, KH, KW, C M]
 * int8_dense            x [N, C], weights [F, C]; windows do not apply
 * All: weights_scale float32 [1] or [F], bias int32 [F] (may be left out), of scale x weights.
 */
#define TARE_INT8_PRODUCT_FIELDS(field)                                                            \
    TARE_INT8_WINDOWS(field)                                                                       \
    field(list, dilations, TARE_LIST(1), "one for both axes or one for each")                      \
    TARE_INT8_X(field)                                                                             \
    field(integer, w_zero, 0, "zero of the weights")                                               \
    field(boolean, uint8, false, "round as uint8 models do")                                       \
    TARE_INT8_Y(field)                                                                             \
    TARE_INT8_BOUNDS(field)                                                                        \
    field(text, name, NULL, "name of the node")
/* int8_max_pool, int8_average_pool: scale and zero of the result are those of x. */
#define TARE_INT8_POOL_FIELDS(field)                                                               \
    field(list, ksize, TARE_LIST(1), "window: one for both axes or one for each")                  \
    TARE_INT8_WINDOWS(field)                                                                       \
    TARE_INT8_BOUNDS(field)                                                                        \
    field(boolean, halves_up, false, "averages round halves up, as uint8 ones do")                 \
    field(text, name, NULL, "name of the node")
#define TARE_INT8_MEAN_FIELDS(field)                                                               \
    field(list, axis, TARE_NO_LIST, "neighbouring axes to take the mean over")                     \
    field(boolean, keepdims, false, "keep them with extent 1")                                     \
    TARE_INT8_X(field)                                                                             \
    TARE_INT8_Y(field)                                                                             \
    field(text, name, NULL, "name of the node")
#define TARE_INT8_ADD_FIELDS(field)                                                                \
    TARE_INT8_X(field)                                                                             \
    field(real, z_scale, 1, "scale of the second input")                                           \
    field(integer, z_zero, 0, "zero of the second input")                                          \
    TARE_INT8_Y(field)                                                                             \
    TARE_INT8_BOUNDS(field)                                                                        \
    field(text, name, NULL, "name of the node")
/* int8_conv2d_transpose */
#define TARE_INT8_TRANSPOSE_FIELDS(field)                                                          \
    TARE_INT8_WINDOWS(field)                                                                       \
    field(list, output_size, TARE_NO_LIST, "height and width of the result")                       \
    field(integer, x_zero, 0, "zero of x")                                                         \
    field(integer, w_zero, 0, "zero of the weights")                                               \
    field(integer, y_zero, 0, "zero of the result")                                                \
    TARE_INT8_BOUNDS(field)                                                                        \
    field(text, name, NULL, "name of the node")
#define TARE_INT8_SOFTMAX_FIELDS(field)                                                            \
    field(real, x_scale, 1, "scale of x")                                                          \
    field(real, beta, 1, "factor of x")                                                            \
    field(text, name, NULL, "name of the node")
/* int8_quantise, int8_dequantise */
#define TARE_INT8_CONVERT_FIELDS(field)                                                            \
    field(real, scale, 1, "scale of the whole numbers")                                            \
    field(integer, zero, 0, "zero of the whole numbers")                                           \
    field(text, name, NULL, "name of the node")
/* clang-format on */

TARE_OPTIONS(tare_int8_product_options, TARE_INT8_PRODUCT_FIELDS);
TARE_OPTIONS(tare_int8_transpose_options, TARE_INT8_TRANSPOSE_FIELDS);
TARE_OPTIONS(tare_int8_pool_options, TARE_INT8_POOL_FIELDS);
TARE_OPTIONS(tare_int8_mean_options, TARE_INT8_MEAN_FIELDS);
TARE_OPTIONS(tare_int8_add_options, TARE_INT8_ADD_FIELDS);
TARE_OPTIONS(tare_int8_softmax_options, TARE_INT8_SOFTMAX_FIELDS);
TARE_OPTIONS(tare_int8_convert_options, TARE_INT8_CONVERT_FIELDS);
#define TARE_INT8_PRODUCT_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_int8_product_options, TARE_INT8_PRODUCT_FIELDS)
#define TARE_INT8_TRANSPOSE_DEFAULTS                                                               \
    TARE_DEFAULTS(tare_int8_transpose_options, TARE_INT8_TRANSPOSE_FIELDS)
#define TARE_INT8_POOL_DEFAULTS TARE_DEFAULTS(tare_int8_pool_options, TARE_INT8_POOL_FIELDS)
#define TARE_INT8_MEAN_DEFAULTS TARE_DEFAULTS(tare_int8_mean_options, TARE_INT8_MEAN_FIELDS)
#define TARE_INT8_ADD_DEFAULTS  TARE_DEFAULTS(tare_int8_add_options, TARE_INT8_ADD_FIELDS)
#define TARE_INT8_SOFTMAX_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_int8_softmax_options, TARE_INT8_SOFTMAX_FIELDS)
#define TARE_INT8_CONVERT_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_int8_convert_options, TARE_INT8_CONVERT_FIELDS)

/* Input i has that dtype. */
tare_status tare_infer_exact_dtype(const tare_infer *infer, int i, const char *what,
                                   tare_dtype dtype);
/* A scale is a number above 0, a zero lies in -128..127, least <= most do too. */
tare_status tare_infer_scale(const tare_infer *infer, const char *what, double scale, int64_t zero);
tare_status tare_infer_bounds(const tare_infer *infer, int64_t least, int64_t most);

/* Windows of a 2-D op, and the shape of what they give for x [N, H, W, ..]; channels of the result
 * are the caller's. window: height and width. */
typedef struct tare_int8_windows {
    tare_list strides, dilations;
    int padding;
    int64_t window[2];
} tare_int8_windows;
tare_status tare_infer_int8_windows(const tare_infer *infer, const tare_int8_windows *given,
                                    tare_shape *y);
/* The same as the kernels want it, for known shapes; channels, filters, groups are the caller's. */
tare_convolution tare_int8_geometry(const tare_int8_windows *given, tare_shape x, tare_shape y);

#endif
