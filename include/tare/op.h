/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Ops: one builder per op, TensorFlow 1's names and semantics. Where a layer has the plain name
 * (tare_conv2d, tare_dropout), the op is tare_nn_... as in tf.nn. Builders give null tensors after
 * an error; see graph.h.
 *
 * Arguments are tensors or immediates (tare_number, TARE_TRUE), which take the dtype of what they
 * meet. Elementwise ops broadcast as NumPy does. `tare_f(a, .opt = v)` is a macro over
 * `tare_f_with(a, &options)`; options NULL: defaults.
 */
#ifndef TARE_OP_H
#define TARE_OP_H

#include <tare/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Padding of convolutions and pools. The values are fixed. */
typedef enum tare_padding {
    TARE_PADDING_VALID = 0,
    TARE_PADDING_SAME = 1,
    TARE_PADDING_EXPLICIT = 2
} tare_padding;
#define TARE_PADDING_WORDS "valid,same,explicit"
typedef enum tare_pad_mode {
    TARE_PAD_CONSTANT = 0,
    TARE_PAD_REFLECT = 1,
    TARE_PAD_SYMMETRIC = 2
} tare_pad_mode;
#define TARE_PAD_WORDS "constant,reflect,symmetric"
/** Whether channels are the last axis or axis 1, for any number of spatial axes. Channels first is
 * computed channels last: plans move the transposes together and drop those that meet. */
typedef enum tare_data_format {
    TARE_NHWC = 0,
    TARE_NCHW = 1,
    TARE_CHANNELS_LAST = 0, /* what layers call the two */
    TARE_CHANNELS_FIRST = 1
} tare_data_format;
#define TARE_DATA_FORMAT_WORDS "nhwc,nchw"
#define TARE_CHANNELS_WORDS    "channels_last,channels_first"

/* Keyword calls with one, two, three leading arguments. */
#define TARE_KW1(f, type, defaults, a, ...)    TARE_KW(f(a, &(type){defaults, __VA_ARGS__}))
#define TARE_KW2(f, type, defaults, a, b, ...) TARE_KW(f(a, b, &(type){defaults, __VA_ARGS__}))
#define TARE_KW3(f, type, defaults, a, b, c, ...)                                                  \
    TARE_KW(f(a, b, c, &(type){defaults, __VA_ARGS__}))
#define TARE_KW4(f, type, defaults, a, b, c, d, ...)                                               \
    TARE_KW(f(a, b, c, d, &(type){defaults, __VA_ARGS__}))
#define TARE_KW5(f, type, defaults, a, b, c, d, e, ...)                                            \
    TARE_KW(f(a, b, c, d, e, &(type){defaults, __VA_ARGS__}))

/* ------------------------------------------------------------- elementwise, one argument */

/** x itself, under a name of its own. tf.identity. */
TARE_API tare_tensor tare_identity_with(tare_tensor x, const tare_op_options *options);
#define tare_identity(...)                                                                         \
    TARE_KW1(tare_identity_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x, through which no gradient flows. tf.stop_gradient. */
TARE_API tare_tensor tare_stop_gradient_with(tare_tensor x, const tare_op_options *options);
#define tare_stop_gradient(...)                                                                    \
    TARE_KW1(tare_stop_gradient_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** -x. */
TARE_API tare_tensor tare_negative_with(tare_tensor x, const tare_op_options *options);
#define tare_negative(...)                                                                         \
    TARE_KW1(tare_negative_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** |x|. */
TARE_API tare_tensor tare_abs_with(tare_tensor x, const tare_op_options *options);
#define tare_abs(...)                                                                              \
    TARE_KW1(tare_abs_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** e^x. */
TARE_API tare_tensor tare_exp_with(tare_tensor x, const tare_op_options *options);
#define tare_exp(...)                                                                              \
    TARE_KW1(tare_exp_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** e^x - 1. */
TARE_API tare_tensor tare_expm1_with(tare_tensor x, const tare_op_options *options);
#define tare_expm1(...)                                                                            \
    TARE_KW1(tare_expm1_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** natural logarithm. */
TARE_API tare_tensor tare_log_with(tare_tensor x, const tare_op_options *options);
#define tare_log(...)                                                                              \
    TARE_KW1(tare_log_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** log(1 + x). */
TARE_API tare_tensor tare_log1p_with(tare_tensor x, const tare_op_options *options);
#define tare_log1p(...)                                                                            \
    TARE_KW1(tare_log1p_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** square root. */
TARE_API tare_tensor tare_sqrt_with(tare_tensor x, const tare_op_options *options);
#define tare_sqrt(...)                                                                             \
    TARE_KW1(tare_sqrt_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** 1 / sqrt(x). */
TARE_API tare_tensor tare_rsqrt_with(tare_tensor x, const tare_op_options *options);
#define tare_rsqrt(...)                                                                            \
    TARE_KW1(tare_rsqrt_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x x. */
TARE_API tare_tensor tare_square_with(tare_tensor x, const tare_op_options *options);
#define tare_square(...)                                                                           \
    TARE_KW1(tare_square_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** 1 / x. */
TARE_API tare_tensor tare_reciprocal_with(tare_tensor x, const tare_op_options *options);
#define tare_reciprocal(...)                                                                       \
    TARE_KW1(tare_reciprocal_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** 1 / (1 + e^-x). */
TARE_API tare_tensor tare_sigmoid_with(tare_tensor x, const tare_op_options *options);
#define tare_sigmoid(...)                                                                          \
    TARE_KW1(tare_sigmoid_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** hyperbolic tangent. */
TARE_API tare_tensor tare_tanh_with(tare_tensor x, const tare_op_options *options);
#define tare_tanh(...)                                                                             \
    TARE_KW1(tare_tanh_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** sine. */
TARE_API tare_tensor tare_sin_with(tare_tensor x, const tare_op_options *options);
#define tare_sin(...)                                                                              \
    TARE_KW1(tare_sin_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** cosine. */
TARE_API tare_tensor tare_cos_with(tare_tensor x, const tare_op_options *options);
#define tare_cos(...)                                                                              \
    TARE_KW1(tare_cos_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** error function. */
TARE_API tare_tensor tare_erf_with(tare_tensor x, const tare_op_options *options);
#define tare_erf(...)                                                                              \
    TARE_KW1(tare_erf_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** -1, 0 or 1; NaN stays. */
TARE_API tare_tensor tare_sign_with(tare_tensor x, const tare_op_options *options);
#define tare_sign(...)                                                                             \
    TARE_KW1(tare_sign_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** rounds down. */
TARE_API tare_tensor tare_floor_with(tare_tensor x, const tare_op_options *options);
#define tare_floor(...)                                                                            \
    TARE_KW1(tare_floor_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** rounds up. */
TARE_API tare_tensor tare_ceil_with(tare_tensor x, const tare_op_options *options);
#define tare_ceil(...)                                                                             \
    TARE_KW1(tare_ceil_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** to the nearest, halves to even. */
TARE_API tare_tensor tare_round_with(tare_tensor x, const tare_op_options *options);
#define tare_round(...)                                                                            \
    TARE_KW1(tare_round_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** max(x, 0). tf.nn.relu. */
TARE_API tare_tensor tare_relu_with(tare_tensor x, const tare_op_options *options);
#define tare_relu(...)                                                                             \
    TARE_KW1(tare_relu_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** min(max(x, 0), 6). */
TARE_API tare_tensor tare_relu6_with(tare_tensor x, const tare_op_options *options);
#define tare_relu6(...)                                                                            \
    TARE_KW1(tare_relu6_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x, or e^x - 1 below 0. */
TARE_API tare_tensor tare_elu_with(tare_tensor x, const tare_op_options *options);
#define tare_elu(...)                                                                              \
    TARE_KW1(tare_elu_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** scaled elu, Klambauer et al. 2017. */
TARE_API tare_tensor tare_selu_with(tare_tensor x, const tare_op_options *options);
#define tare_selu(...)                                                                             \
    TARE_KW1(tare_selu_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** log(1 + e^x). */
TARE_API tare_tensor tare_softplus_with(tare_tensor x, const tare_op_options *options);
#define tare_softplus(...)                                                                         \
    TARE_KW1(tare_softplus_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x / (1 + |x|). */
TARE_API tare_tensor tare_softsign_with(tare_tensor x, const tare_op_options *options);
#define tare_softsign(...)                                                                         \
    TARE_KW1(tare_softsign_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x sigmoid(x). */
TARE_API tare_tensor tare_swish_with(tare_tensor x, const tare_op_options *options);
#define tare_swish(...)                                                                            \
    TARE_KW1(tare_swish_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** of booleans. */
TARE_API tare_tensor tare_logical_not_with(tare_tensor x, const tare_op_options *options);
#define tare_logical_not(...)                                                                      \
    TARE_KW1(tare_logical_not_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** where x is NaN; bool. */
TARE_API tare_tensor tare_is_nan_with(tare_tensor x, const tare_op_options *options);
#define tare_is_nan(...)                                                                           \
    TARE_KW1(tare_is_nan_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** where x is neither NaN nor infinite; bool. */
TARE_API tare_tensor tare_is_finite_with(tare_tensor x, const tare_op_options *options);
#define tare_is_finite(...)                                                                        \
    TARE_KW1(tare_is_finite_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** zeros of the shape and dtype of x. */
TARE_API tare_tensor tare_zeros_like_with(tare_tensor x, const tare_op_options *options);
#define tare_zeros_like(...)                                                                       \
    TARE_KW1(tare_zeros_like_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** ones of the shape and dtype of x. */
TARE_API tare_tensor tare_ones_like_with(tare_tensor x, const tare_op_options *options);
#define tare_ones_like(...)                                                                        \
    TARE_KW1(tare_ones_like_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_LEAKY_RELU_FIELDS(field)                                                              \
    field(real, alpha, 0.2, "slope below 0") field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_leaky_relu_options, TARE_LEAKY_RELU_FIELDS);
#define TARE_LEAKY_RELU_DEFAULTS TARE_DEFAULTS(tare_leaky_relu_options, TARE_LEAKY_RELU_FIELDS)
/** x, or alpha x below 0. tf.nn.leaky_relu. */
TARE_API tare_tensor tare_leaky_relu_with(tare_tensor x, const tare_leaky_relu_options *options);
#define tare_leaky_relu(...)                                                                       \
    TARE_KW1(tare_leaky_relu_with, tare_leaky_relu_options, TARE_LEAKY_RELU_DEFAULTS, __VA_ARGS__, \
             .reserved = 0)
/** x as another dtype; to whole numbers towards 0, to bool x != 0. tf.cast. */
TARE_API tare_tensor tare_cast_with(tare_tensor x, tare_dtype dtype,
                                    const tare_op_options *options);
#define tare_cast(...)                                                                             \
    TARE_KW2(tare_cast_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ---------------------------------------------- elementwise, two arguments, broadcasting */

/** x + y. */
TARE_API tare_tensor tare_add_with(tare_tensor x, tare_tensor y, const tare_op_options *options);
#define tare_add(...)                                                                              \
    TARE_KW2(tare_add_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x - y. tf.subtract. */
TARE_API tare_tensor tare_sub_with(tare_tensor x, tare_tensor y, const tare_op_options *options);
#define tare_sub(...)                                                                              \
    TARE_KW2(tare_sub_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x y. tf.multiply. */
TARE_API tare_tensor tare_mul_with(tare_tensor x, tare_tensor y, const tare_op_options *options);
#define tare_mul(...)                                                                              \
    TARE_KW2(tare_mul_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x / y; of whole numbers float64 (truediv). tf.divide. */
TARE_API tare_tensor tare_div_with(tare_tensor x, tare_tensor y, const tare_op_options *options);
#define tare_div(...)                                                                              \
    TARE_KW2(tare_div_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** the greater; NaN wins. */
TARE_API tare_tensor tare_maximum_with(tare_tensor x, tare_tensor y,
                                       const tare_op_options *options);
#define tare_maximum(...)                                                                          \
    TARE_KW2(tare_maximum_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** the smaller; NaN wins. */
TARE_API tare_tensor tare_minimum_with(tare_tensor x, tare_tensor y,
                                       const tare_op_options *options);
#define tare_minimum(...)                                                                          \
    TARE_KW2(tare_minimum_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** (x - y)^2. */
TARE_API tare_tensor tare_squared_difference_with(tare_tensor x, tare_tensor y,
                                                  const tare_op_options *options);
#define tare_squared_difference(...)                                                               \
    TARE_KW2(tare_squared_difference_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__,         \
             .reserved = 0)
/** x^y. */
TARE_API tare_tensor tare_pow_with(tare_tensor x, tare_tensor y, const tare_op_options *options);
#define tare_pow(...)                                                                              \
    TARE_KW2(tare_pow_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** floor(x / y). */
TARE_API tare_tensor tare_floordiv_with(tare_tensor x, tare_tensor y,
                                        const tare_op_options *options);
#define tare_floordiv(...)                                                                         \
    TARE_KW2(tare_floordiv_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x - floor(x / y) y. */
TARE_API tare_tensor tare_floormod_with(tare_tensor x, tare_tensor y,
                                        const tare_op_options *options);
#define tare_floormod(...)                                                                         \
    TARE_KW2(tare_floormod_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x / y of whole numbers, towards 0. */
TARE_API tare_tensor tare_truncatediv_with(tare_tensor x, tare_tensor y,
                                           const tare_op_options *options);
#define tare_truncatediv(...)                                                                      \
    TARE_KW2(tare_truncatediv_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** remainder of truncatediv. */
TARE_API tare_tensor tare_truncatemod_with(tare_tensor x, tare_tensor y,
                                           const tare_op_options *options);
#define tare_truncatemod(...)                                                                      \
    TARE_KW2(tare_truncatemod_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** angle of (x = y argument second). */
TARE_API tare_tensor tare_atan2_with(tare_tensor x, tare_tensor y, const tare_op_options *options);
#define tare_atan2(...)                                                                            \
    TARE_KW2(tare_atan2_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x / y, 0 where y is 0. */
TARE_API tare_tensor tare_div_no_nan_with(tare_tensor x, tare_tensor y,
                                          const tare_op_options *options);
#define tare_div_no_nan(...)                                                                       \
    TARE_KW2(tare_div_no_nan_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x == y; bool. */
TARE_API tare_tensor tare_equal_with(tare_tensor x, tare_tensor y, const tare_op_options *options);
#define tare_equal(...)                                                                            \
    TARE_KW2(tare_equal_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x != y; bool. */
TARE_API tare_tensor tare_not_equal_with(tare_tensor x, tare_tensor y,
                                         const tare_op_options *options);
#define tare_not_equal(...)                                                                        \
    TARE_KW2(tare_not_equal_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x < y; bool. */
TARE_API tare_tensor tare_less_with(tare_tensor x, tare_tensor y, const tare_op_options *options);
#define tare_less(...)                                                                             \
    TARE_KW2(tare_less_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x <= y; bool. */
TARE_API tare_tensor tare_less_equal_with(tare_tensor x, tare_tensor y,
                                          const tare_op_options *options);
#define tare_less_equal(...)                                                                       \
    TARE_KW2(tare_less_equal_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x > y; bool. */
TARE_API tare_tensor tare_greater_with(tare_tensor x, tare_tensor y,
                                       const tare_op_options *options);
#define tare_greater(...)                                                                          \
    TARE_KW2(tare_greater_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x >= y; bool. */
TARE_API tare_tensor tare_greater_equal_with(tare_tensor x, tare_tensor y,
                                             const tare_op_options *options);
#define tare_greater_equal(...)                                                                    \
    TARE_KW2(tare_greater_equal_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** of booleans. */
TARE_API tare_tensor tare_logical_and_with(tare_tensor x, tare_tensor y,
                                           const tare_op_options *options);
#define tare_logical_and(...)                                                                      \
    TARE_KW2(tare_logical_and_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** of booleans. */
TARE_API tare_tensor tare_logical_or_with(tare_tensor x, tare_tensor y,
                                          const tare_op_options *options);
#define tare_logical_or(...)                                                                       \
    TARE_KW2(tare_logical_or_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** of booleans. */
TARE_API tare_tensor tare_logical_xor_with(tare_tensor x, tare_tensor y,
                                           const tare_op_options *options);
#define tare_logical_xor(...)                                                                      \
    TARE_KW2(tare_logical_xor_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** Sum of count tensors of one shape. tf.add_n. */
TARE_API tare_tensor tare_add_n_with(const tare_tensor *inputs, size_t count,
                                     const tare_op_options *options);
#define tare_add_n(...)                                                                            \
    TARE_KW2(tare_add_n_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x where condition holds, else y; condition of the same shape, or one value per row. tf.where,
 * three arguments. */
TARE_API tare_tensor tare_where_with(tare_tensor condition, tare_tensor x, tare_tensor y,
                                     const tare_op_options *options);
#define tare_where(...)                                                                            \
    TARE_KW3(tare_where_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** min(max(x, low), high). tf.clip_by_value. */
TARE_API tare_tensor tare_clip_by_value_with(tare_tensor x, tare_tensor low, tare_tensor high,
                                             const tare_op_options *options);
#define tare_clip_by_value(...)                                                                    \
    TARE_KW3(tare_clip_by_value_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** An operation that runs after all the others. tf.group. */
TARE_API tare_tensor tare_group_with(tare_graph *graph, const tare_tensor *operations, size_t count,
                                     const tare_op_options *options);
#define tare_group(...)                                                                            \
    TARE_KW3(tare_group_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** Sets a variable; its value is the new one. tf.assign. */
TARE_API tare_tensor tare_assign_with(tare_tensor variable, tare_tensor value,
                                      const tare_op_options *options);
#define tare_assign(...)                                                                           \
    TARE_KW2(tare_assign_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** variable += value. tf.assign_add. */
TARE_API tare_tensor tare_assign_add_with(tare_tensor variable, tare_tensor value,
                                          const tare_op_options *options);
#define tare_assign_add(...)                                                                       \
    TARE_KW2(tare_assign_add_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** variable -= value. tf.assign_sub. */
TARE_API tare_tensor tare_assign_sub_with(tare_tensor variable, tare_tensor value,
                                          const tare_op_options *options);
#define tare_assign_sub(...)                                                                       \
    TARE_KW2(tare_assign_sub_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ---------------------------------------------------------------------------- reductions */

#define TARE_REDUCE_FIELDS(field)                                                                  \
    field(list, axis, TARE_NO_LIST, "axes to reduce; none given: all")                             \
        field(boolean, keepdims, false, "keep reduced axes with extent 1")                         \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_reduce_options, TARE_REDUCE_FIELDS);
#define TARE_REDUCE_DEFAULTS TARE_DEFAULTS(tare_reduce_options, TARE_REDUCE_FIELDS)
/** Sum over axes. */
TARE_API tare_tensor tare_reduce_sum_with(tare_tensor x, const tare_reduce_options *options);
#define tare_reduce_sum(...)                                                                       \
    TARE_KW1(tare_reduce_sum_with, tare_reduce_options, TARE_REDUCE_DEFAULTS, __VA_ARGS__,         \
             .reserved = 0)
/** Mean over axes; NaN of nothing. */
TARE_API tare_tensor tare_reduce_mean_with(tare_tensor x, const tare_reduce_options *options);
#define tare_reduce_mean(...)                                                                      \
    TARE_KW1(tare_reduce_mean_with, tare_reduce_options, TARE_REDUCE_DEFAULTS, __VA_ARGS__,        \
             .reserved = 0)
/** Greatest; NaN wins. */
TARE_API tare_tensor tare_reduce_max_with(tare_tensor x, const tare_reduce_options *options);
#define tare_reduce_max(...)                                                                       \
    TARE_KW1(tare_reduce_max_with, tare_reduce_options, TARE_REDUCE_DEFAULTS, __VA_ARGS__,         \
             .reserved = 0)
/** Smallest; NaN wins. */
TARE_API tare_tensor tare_reduce_min_with(tare_tensor x, const tare_reduce_options *options);
#define tare_reduce_min(...)                                                                       \
    TARE_KW1(tare_reduce_min_with, tare_reduce_options, TARE_REDUCE_DEFAULTS, __VA_ARGS__,         \
             .reserved = 0)
/** Product. */
TARE_API tare_tensor tare_reduce_prod_with(tare_tensor x, const tare_reduce_options *options);
#define tare_reduce_prod(...)                                                                      \
    TARE_KW1(tare_reduce_prod_with, tare_reduce_options, TARE_REDUCE_DEFAULTS, __VA_ARGS__,        \
             .reserved = 0)
/** Whether any is true. */
TARE_API tare_tensor tare_reduce_any_with(tare_tensor x, const tare_reduce_options *options);
#define tare_reduce_any(...)                                                                       \
    TARE_KW1(tare_reduce_any_with, tare_reduce_options, TARE_REDUCE_DEFAULTS, __VA_ARGS__,         \
             .reserved = 0)
/** Whether all are true. */
TARE_API tare_tensor tare_reduce_all_with(tare_tensor x, const tare_reduce_options *options);
#define tare_reduce_all(...)                                                                       \
    TARE_KW1(tare_reduce_all_with, tare_reduce_options, TARE_REDUCE_DEFAULTS, __VA_ARGS__,         \
             .reserved = 0)
/** log(sum(e^x)) without overflow. */
TARE_API tare_tensor tare_reduce_logsumexp_with(tare_tensor x, const tare_reduce_options *options);
#define tare_reduce_logsumexp(...)                                                                 \
    TARE_KW1(tare_reduce_logsumexp_with, tare_reduce_options, TARE_REDUCE_DEFAULTS, __VA_ARGS__,   \
             .reserved = 0)
#define TARE_ARGMAX_FIELDS(field)                                                                  \
    field(integer, axis, 0, "axis to search")                                                      \
        field(dtype, output_type, TARE_INT64, "int32 or int64")                                    \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_argmax_options, TARE_ARGMAX_FIELDS);
#define TARE_ARGMAX_DEFAULTS TARE_DEFAULTS(tare_argmax_options, TARE_ARGMAX_FIELDS)
/** Index of the first greatest along axis. */
TARE_API tare_tensor tare_argmax_with(tare_tensor x, const tare_argmax_options *options);
#define tare_argmax(...)                                                                           \
    TARE_KW1(tare_argmax_with, tare_argmax_options, TARE_ARGMAX_DEFAULTS, __VA_ARGS__,             \
             .reserved = 0)
/** Index of the first smallest along axis. */
TARE_API tare_tensor tare_argmin_with(tare_tensor x, const tare_argmax_options *options);
#define tare_argmin(...)                                                                           \
    TARE_KW1(tare_argmin_with, tare_argmax_options, TARE_ARGMAX_DEFAULTS, __VA_ARGS__,             \
             .reserved = 0)
/** sum(x^2) / 2. tf.nn.l2_loss. */
TARE_API tare_tensor tare_l2_loss_with(tare_tensor x, const tare_op_options *options);
#define tare_l2_loss(...)                                                                          \
    TARE_KW1(tare_l2_loss_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* -------------------------------------------------------------------------------- shapes */

/** The same numbers in another shape; one extent may be TARE_ANY: it follows. tf.reshape. */
TARE_API tare_tensor tare_reshape_with(tare_tensor x, tare_shape shape,
                                       const tare_op_options *options);
#define tare_reshape(...)                                                                          \
    TARE_KW2(tare_reshape_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_TRANSPOSE_FIELDS(field)                                                               \
    field(list, perm, TARE_NO_LIST, "axis of x for each axis of the result")                       \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_transpose_options, TARE_TRANSPOSE_FIELDS);
#define TARE_TRANSPOSE_DEFAULTS TARE_DEFAULTS(tare_transpose_options, TARE_TRANSPOSE_FIELDS)
/** Axes in the order of perm; reversed when not given. */
TARE_API tare_tensor tare_transpose_with(tare_tensor x, const tare_transpose_options *options);
#define tare_transpose(...)                                                                        \
    TARE_KW1(tare_transpose_with, tare_transpose_options, TARE_TRANSPOSE_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
/** Joins tensors along axis. */
TARE_API tare_tensor tare_concat_with(const tare_tensor *values, size_t count, int64_t axis,
                                      const tare_op_options *options);
#define tare_concat(...)                                                                           \
    TARE_KW3(tare_concat_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_STACK_FIELDS(field)                                                                   \
    field(integer, axis, 0, "where the new axis goes") field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_stack_options, TARE_STACK_FIELDS);
#define TARE_STACK_DEFAULTS TARE_DEFAULTS(tare_stack_options, TARE_STACK_FIELDS)
/** Joins tensors along a new axis. */
TARE_API tare_tensor tare_stack_with(const tare_tensor *values, size_t count,
                                     const tare_stack_options *options);
#define tare_stack(...)                                                                            \
    TARE_KW2(tare_stack_with, tare_stack_options, TARE_STACK_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_SPLIT_FIELDS(field)                                                                   \
    field(integer, num, 0, "number of equal parts")                                                \
        field(list, sizes, TARE_NO_LIST, "extent of each part")                                    \
            field(integer, axis, 0, "axis to cut") field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_split_options, TARE_SPLIT_FIELDS);
#define TARE_SPLIT_DEFAULTS TARE_DEFAULTS(tare_split_options, TARE_SPLIT_FIELDS)
/** Parts along axis: output 0; the others with tare_output. num parts of equal size, or sizes. */
TARE_API tare_tensor tare_split_with(tare_tensor x, const tare_split_options *options);
#define tare_split(...)                                                                            \
    TARE_KW1(tare_split_with, tare_split_options, TARE_SPLIT_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** A box of x: begin and size per axis, size -1: all the rest. tf.slice. */
TARE_API tare_tensor tare_slice_with(tare_tensor x, tare_list begin, tare_list size,
                                     const tare_op_options *options);
#define tare_slice(...)                                                                            \
    TARE_KW3(tare_slice_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_PAD_FIELDS(field)                                                                     \
    field(list, before, TARE_NO_LIST, "rows before, per axis")                                     \
        field(list, after, TARE_NO_LIST, "rows after, per axis")                                   \
            field(choice, mode, TARE_PAD_CONSTANT, "constant, reflect or symmetric")               \
                field(real, constant_values, 0, "what constant rows hold")                         \
                    field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_pad_options, TARE_PAD_FIELDS);
#define TARE_PAD_DEFAULTS TARE_DEFAULTS(tare_pad_options, TARE_PAD_FIELDS)
/** x with rows before and after each axis. */
TARE_API tare_tensor tare_pad_with(tare_tensor x, const tare_pad_options *options);
#define tare_pad(...)                                                                              \
    TARE_KW1(tare_pad_with, tare_pad_options, TARE_PAD_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_SQUEEZE_FIELDS(field)                                                                 \
    field(list, axis, TARE_NO_LIST, "which; none given: all of extent 1")                          \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_squeeze_options, TARE_SQUEEZE_FIELDS);
#define TARE_SQUEEZE_DEFAULTS TARE_DEFAULTS(tare_squeeze_options, TARE_SQUEEZE_FIELDS)
/** x without axes of extent 1. */
TARE_API tare_tensor tare_squeeze_with(tare_tensor x, const tare_squeeze_options *options);
#define tare_squeeze(...)                                                                          \
    TARE_KW1(tare_squeeze_with, tare_squeeze_options, TARE_SQUEEZE_DEFAULTS, __VA_ARGS__,          \
             .reserved = 0)
/** x with a new axis of extent 1. */
TARE_API tare_tensor tare_expand_dims_with(tare_tensor x, int64_t axis,
                                           const tare_op_options *options);
#define tare_expand_dims(...)                                                                      \
    TARE_KW2(tare_expand_dims_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x repeated along each axis. */
TARE_API tare_tensor tare_tile_with(tare_tensor x, tare_list multiples,
                                    const tare_op_options *options);
#define tare_tile(...)                                                                             \
    TARE_KW2(tare_tile_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_GATHER_FIELDS(field)                                                                  \
    field(integer, axis, 0, "axis that indices point into")                                        \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_gather_options, TARE_GATHER_FIELDS);
#define TARE_GATHER_DEFAULTS TARE_DEFAULTS(tare_gather_options, TARE_GATHER_FIELDS)
/** Slices of x at indices along axis. Gradient is dense. Errors at run time: an index out of range.
 */
TARE_API tare_tensor tare_gather_with(tare_tensor x, tare_tensor indices,
                                      const tare_gather_options *options);
#define tare_gather(...)                                                                           \
    TARE_KW2(tare_gather_with, tare_gather_options, TARE_GATHER_DEFAULTS, __VA_ARGS__,             \
             .reserved = 0)
#define TARE_ONE_HOT_FIELDS(field)                                                                 \
    field(real, on_value, 1, "at the index") field(real, off_value, 0, "elsewhere")                \
        field(integer, axis, -1, "where the new axis goes")                                        \
            field(dtype, dtype, TARE_FLOAT32, "of the result")                                     \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_one_hot_options, TARE_ONE_HOT_FIELDS);
#define TARE_ONE_HOT_DEFAULTS TARE_DEFAULTS(tare_one_hot_options, TARE_ONE_HOT_FIELDS)
/** on_value at the index, off_value elsewhere along a new axis. */
TARE_API tare_tensor tare_one_hot_with(tare_tensor indices, int64_t depth,
                                       const tare_one_hot_options *options);
#define tare_one_hot(...)                                                                          \
    TARE_KW2(tare_one_hot_with, tare_one_hot_options, TARE_ONE_HOT_DEFAULTS, __VA_ARGS__,          \
             .reserved = 0)
/** x repeated to a shape it broadcasts to. */
TARE_API tare_tensor tare_broadcast_to_with(tare_tensor x, tare_shape shape,
                                            const tare_op_options *options);
#define tare_broadcast_to(...)                                                                     \
    TARE_KW2(tare_broadcast_to_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** x with the order along axes reversed. */
TARE_API tare_tensor tare_reverse_with(tare_tensor x, tare_list axis,
                                       const tare_op_options *options);
#define tare_reverse(...)                                                                          \
    TARE_KW2(tare_reverse_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_CUMSUM_FIELDS(field)                                                                  \
    field(integer, axis, 0, "axis to sum along")                                                   \
        field(boolean, exclusive, false, "leave the element itself out")                           \
            field(boolean, reverse, false, "from the end")                                         \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_cumsum_options, TARE_CUMSUM_FIELDS);
#define TARE_CUMSUM_DEFAULTS TARE_DEFAULTS(tare_cumsum_options, TARE_CUMSUM_FIELDS)
/** Running sums along axis. */
TARE_API tare_tensor tare_cumsum_with(tare_tensor x, const tare_cumsum_options *options);
#define tare_cumsum(...)                                                                           \
    TARE_KW1(tare_cumsum_with, tare_cumsum_options, TARE_CUMSUM_DEFAULTS, __VA_ARGS__,             \
             .reserved = 0)
/** The extents of x, int32. tf.shape. */
TARE_API tare_tensor tare_shape_of_with(tare_tensor x, const tare_op_options *options);
#define tare_shape_of(...)                                                                         \
    TARE_KW1(tare_shape_of_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The number of elements of x, int32. tf.size. */
TARE_API tare_tensor tare_size_of_with(tare_tensor x, const tare_op_options *options);
#define tare_size_of(...)                                                                          \
    TARE_KW1(tare_size_of_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_STRIDED_SLICE_FIELDS(field)                                                           \
    field(list, begin, TARE_NO_LIST, "where to begin, per axis")                                   \
        field(list, end, TARE_NO_LIST, "where to end, per axis; not taken itself")                 \
            field(list, strides, TARE_NO_LIST, "steps, not 0; not given: 1")                       \
                field(integer, begin_mask, 0, "bits of axes that begin at their start")            \
                    field(integer, end_mask, 0, "bits of axes that end at their end")              \
                        field(integer, ellipsis_mask, 0,                                           \
                              "bit of the place that stands for all axes missing")                 \
                            field(integer, new_axis_mask, 0,                                       \
                                  "bits of places where an axis of extent 1 comes in")             \
                                field(integer, shrink_axis_mask, 0,                                \
                                      "bits of axes that go: begin is an index")                   \
                                    field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_strided_slice_options, TARE_STRIDED_SLICE_FIELDS);
#define TARE_STRIDED_SLICE_DEFAULTS                                                                \
    TARE_DEFAULTS(tare_strided_slice_options, TARE_STRIDED_SLICE_FIELDS)
/** x[begin:end:strides, ..] as in Python; axes that the lists do not reach are whole. A range is
 * cut to what is there, an index must be within. tf.strided_slice. */
TARE_API tare_tensor tare_strided_slice_with(tare_tensor x,
                                             const tare_strided_slice_options *options);
#define tare_strided_slice(...)                                                                    \
    TARE_KW1(tare_strided_slice_with, tare_strided_slice_options, TARE_STRIDED_SLICE_DEFAULTS,     \
             __VA_ARGS__, .reserved = 0)
#define TARE_UNSTACK_FIELDS(field)                                                                 \
    field(integer, num, 0, "how many; 0: the extent of the axis, if known")                        \
        field(integer, axis, 0, "axis to take apart") field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_unstack_options, TARE_UNSTACK_FIELDS);
#define TARE_UNSTACK_DEFAULTS TARE_DEFAULTS(tare_unstack_options, TARE_UNSTACK_FIELDS)
/** The slices of x along axis, which goes: output 0; the others with tare_output. tf.unstack. */
TARE_API tare_tensor tare_unstack_with(tare_tensor x, const tare_unstack_options *options);
#define tare_unstack(...)                                                                          \
    TARE_KW1(tare_unstack_with, tare_unstack_options, TARE_UNSTACK_DEFAULTS, __VA_ARGS__,          \
             .reserved = 0)
/** The last two axes of x change places. tf.matrix_transpose (tf.linalg.transpose). */
TARE_API tare_tensor tare_matrix_transpose_with(tare_tensor x, const tare_op_options *options);
#define tare_matrix_transpose(...)                                                                 \
    TARE_KW1(tare_matrix_transpose_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__,           \
             .reserved = 0)
#define TARE_DEPTH_SPACE_FIELDS(field)                                                             \
    field(choice, data_format, TARE_NHWC, "nhwc, or nchw: channels first")                         \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_depth_space_options, TARE_DEPTH_SPACE_FIELDS);
#define TARE_DEPTH_SPACE_DEFAULTS TARE_DEFAULTS(tare_depth_space_options, TARE_DEPTH_SPACE_FIELDS)
/** Channels of x as blocks of pixels: [N, H, W, b b C] -> [N, b H, b W, C]. tf.depth_to_space. */
TARE_API tare_tensor tare_depth_to_space_with(tare_tensor x, int64_t block_size,
                                              const tare_depth_space_options *options);
#define tare_depth_to_space(...)                                                                   \
    TARE_KW2(tare_depth_to_space_with, tare_depth_space_options, TARE_DEPTH_SPACE_DEFAULTS,        \
             __VA_ARGS__, .reserved = 0)
/** Blocks of pixels of x as channels, the way back. tf.space_to_depth. */
TARE_API tare_tensor tare_space_to_depth_with(tare_tensor x, int64_t block_size,
                                              const tare_depth_space_options *options);
#define tare_space_to_depth(...)                                                                   \
    TARE_KW2(tare_space_to_depth_with, tare_depth_space_options, TARE_DEPTH_SPACE_DEFAULTS,        \
             __VA_ARGS__, .reserved = 0)
#define TARE_BATCH_SPACE_FIELDS(field)                                                             \
    field(list, before, TARE_NO_LIST, "padding or crop in front, per axis; not given: none")       \
        field(list, after, TARE_NO_LIST, "padding or crop behind; not given: none")                \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_batch_space_options, TARE_BATCH_SPACE_FIELDS);
#define TARE_BATCH_SPACE_DEFAULTS TARE_DEFAULTS(tare_batch_space_options, TARE_BATCH_SPACE_FIELDS)
/** Every pixel of a block becomes a sample: the axes behind the first, padded, are cut into blocks
 * of block_shape. tf.space_to_batch_nd. */
TARE_API tare_tensor tare_space_to_batch_with(tare_tensor x, tare_list block_shape,
                                              const tare_batch_space_options *options);
#define tare_space_to_batch(...)                                                                   \
    TARE_KW2(tare_space_to_batch_with, tare_batch_space_options, TARE_BATCH_SPACE_DEFAULTS,        \
             __VA_ARGS__, .reserved = 0)
/** Samples put together into blocks again, and cropped: the way back. tf.batch_to_space_nd. */
TARE_API tare_tensor tare_batch_to_space_with(tare_tensor x, tare_list block_shape,
                                              const tare_batch_space_options *options);
#define tare_batch_to_space(...)                                                                   \
    TARE_KW2(tare_batch_to_space_with, tare_batch_space_options, TARE_BATCH_SPACE_DEFAULTS,        \
             __VA_ARGS__, .reserved = 0)
/** The diagonal x[i.., i..] of x, whose second half of axes repeats the first. tf.diag_part. */
TARE_API tare_tensor tare_diag_part_with(tare_tensor x, const tare_op_options *options);
#define tare_diag_part(...)                                                                        \
    TARE_KW1(tare_diag_part_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** An array with x on its diagonal and 0 elsewhere, of twice the rank. tf.diag. */
TARE_API tare_tensor tare_diag_with(tare_tensor x, const tare_op_options *options);
#define tare_diag(...)                                                                             \
    TARE_KW1(tare_diag_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** Rows of x added by segment: y[s] = sum of the x[i] with segment_ids[i] = s. An id below 0
 * belongs to none. Errors at run time: an id of num_segments or more. tf.unsorted_segment_sum. */
TARE_API tare_tensor tare_unsorted_segment_sum_with(tare_tensor x, tare_tensor segment_ids,
                                                    int64_t num_segments,
                                                    const tare_op_options *options);
#define tare_unsorted_segment_sum(...)                                                             \
    TARE_KW3(tare_unsorted_segment_sum_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__,       \
             .reserved = 0)
/** The k greatest numbers along the last axis (output 0), greatest first, and their indices (output
 * 1, int32). Of equals the first one leads; NaN leads all. tf.nn.top_k. */
TARE_API tare_tensor tare_top_k_with(tare_tensor x, int64_t k, const tare_op_options *options);
#define tare_top_k(...)                                                                            \
    TARE_KW2(tare_top_k_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** Whether each target is among the k greatest of its row of predictions; bool. Equals of the k-th
 * are within; false in a row that is not finite, or for a target out of range. tf.nn.in_top_k. */
TARE_API tare_tensor tare_in_top_k_with(tare_tensor predictions, tare_tensor targets, int64_t k,
                                        const tare_op_options *options);
#define tare_in_top_k(...)                                                                         \
    TARE_KW3(tare_in_top_k_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_ARGWHERE_FIELDS(field)                                                                \
    field(integer, size, -1, "how many places there must be; -1: any number")                      \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_argwhere_options, TARE_ARGWHERE_FIELDS);
#define TARE_ARGWHERE_DEFAULTS TARE_DEFAULTS(tare_argwhere_options, TARE_ARGWHERE_FIELDS)
/** Where condition holds: rows of indices, int64, in row-major order (output 0), and how many there
 * are (output 1). As many rows as size, else as many as condition has elements, -1 behind the last
 * place: shapes do not depend on numbers. Errors at run time: more or fewer places than size.
 * Elsewhere tf.where with one argument, whose result has as many rows as places. */
TARE_API tare_tensor tare_argwhere_with(tare_tensor condition,
                                        const tare_argwhere_options *options);
#define tare_argwhere(...)                                                                         \
    TARE_KW1(tare_argwhere_with, tare_argwhere_options, TARE_ARGWHERE_DEFAULTS, __VA_ARGS__,       \
             .reserved = 0)
#define TARE_CONFUSION_MATRIX_FIELDS(field)                                                        \
    field(tensor, weights, TARE_NULL, "what each element counts; 1 when not given")                \
        field(dtype, dtype, TARE_INT32, "float32, float64, int32 or int64")                        \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_confusion_matrix_options, TARE_CONFUSION_MATRIX_FIELDS);
#define TARE_CONFUSION_MATRIX_DEFAULTS                                                             \
    TARE_DEFAULTS(tare_confusion_matrix_options, TARE_CONFUSION_MATRIX_FIELDS)
/** How often each prediction (column) was made for each label (row): [num_classes, num_classes].
 * labels, predictions: class numbers, of one shape; weights too, floating. Errors at run time: a
 * class number out of range. Elsewhere tf.confusion_matrix, which can count the classes itself. */
TARE_API tare_tensor tare_confusion_matrix_with(tare_tensor labels, tare_tensor predictions,
                                                int64_t num_classes,
                                                const tare_confusion_matrix_options *options);
#define tare_confusion_matrix(...)                                                                 \
    TARE_KW3(tare_confusion_matrix_with, tare_confusion_matrix_options,                            \
             TARE_CONFUSION_MATRIX_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The rank of x, int32. tf.rank. */
TARE_API tare_tensor tare_rank_of_with(tare_tensor x, const tare_op_options *options);
#define tare_rank_of(...)                                                                          \
    TARE_KW1(tare_rank_of_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ------------------------------------------------------------------------------ products */

#define TARE_MATMUL_FIELDS(field)                                                                  \
    field(boolean, transpose_a, false, "a is stored transposed")                                   \
        field(boolean, transpose_b, false, "b is stored transposed")                               \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_matmul_options, TARE_MATMUL_FIELDS);
#define TARE_MATMUL_DEFAULTS TARE_DEFAULTS(tare_matmul_options, TARE_MATMUL_FIELDS)
/** Matrix product over the last two axes; leading axes must be equal. tf.matmul. */
TARE_API tare_tensor tare_matmul_with(tare_tensor a, tare_tensor b,
                                      const tare_matmul_options *options);
#define tare_matmul(...)                                                                           \
    TARE_KW2(tare_matmul_with, tare_matmul_options, TARE_MATMUL_DEFAULTS, __VA_ARGS__,             \
             .reserved = 0)
#define TARE_TENSORDOT_FIELDS(field)                                                               \
    field(integer, axes, 0, "as many last axes of a and first of b, without lists")                \
        field(list, a_axes, TARE_NO_LIST, "axes of a to sum over")                                 \
            field(list, b_axes, TARE_NO_LIST, "the axis of b that goes with each of them")         \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_tensordot_options, TARE_TENSORDOT_FIELDS);
#define TARE_TENSORDOT_DEFAULTS TARE_DEFAULTS(tare_tensordot_options, TARE_TENSORDOT_FIELDS)
/** Sums of products over pairs of axes of a and b; what is left of a comes first, then of b.
 * tf.tensordot. */
TARE_API tare_tensor tare_tensordot_with(tare_tensor a, tare_tensor b,
                                         const tare_tensordot_options *options);
#define tare_tensordot(...)                                                                        \
    TARE_KW2(tare_tensordot_with, tare_tensordot_options, TARE_TENSORDOT_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
#define TARE_BIAS_ADD_FIELDS(field)                                                                \
    field(choice, data_format, TARE_NHWC, "nhwc: along the last axis; nchw: along axis 1")         \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_bias_add_options, TARE_BIAS_ADD_FIELDS);
#define TARE_BIAS_ADD_DEFAULTS TARE_DEFAULTS(tare_bias_add_options, TARE_BIAS_ADD_FIELDS)
/** x + bias, one number of the bias for every channel of x. tf.nn.bias_add. */
TARE_API tare_tensor tare_bias_add_with(tare_tensor x, tare_tensor bias,
                                        const tare_bias_add_options *options);
#define tare_bias_add(...)                                                                         \
    TARE_KW2(tare_bias_add_with, tare_bias_add_options, TARE_BIAS_ADD_DEFAULTS, __VA_ARGS__,       \
             .reserved = 0)

/* ----------------------------------------------------------- softmax and cross-entropies */

#define TARE_SOFTMAX_FIELDS(field)                                                                 \
    field(integer, axis, -1, "axis that sums to 1") field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_softmax_options, TARE_SOFTMAX_FIELDS);
#define TARE_SOFTMAX_DEFAULTS TARE_DEFAULTS(tare_softmax_options, TARE_SOFTMAX_FIELDS)
/** e^x / sum(e^x) along axis. */
TARE_API tare_tensor tare_softmax_with(tare_tensor logits, const tare_softmax_options *options);
#define tare_softmax(...)                                                                          \
    TARE_KW1(tare_softmax_with, tare_softmax_options, TARE_SOFTMAX_DEFAULTS, __VA_ARGS__,          \
             .reserved = 0)
/** log of softmax. */
TARE_API tare_tensor tare_log_softmax_with(tare_tensor logits, const tare_softmax_options *options);
#define tare_log_softmax(...)                                                                      \
    TARE_KW1(tare_log_softmax_with, tare_softmax_options, TARE_SOFTMAX_DEFAULTS, __VA_ARGS__,      \
             .reserved = 0)
/** -sum(labels log softmax(logits)) over the last axis; one loss per row. Gradients: logits and
 * labels (version 2). */
TARE_API tare_tensor tare_softmax_cross_entropy_with_logits_with(tare_tensor labels,
                                                                 tare_tensor logits,
                                                                 const tare_op_options *options);
#define tare_softmax_cross_entropy_with_logits(...)                                                \
    TARE_KW2(tare_softmax_cross_entropy_with_logits_with, tare_op_options, TARE_OP_DEFAULTS,       \
             __VA_ARGS__, .reserved = 0)
/** The same with class numbers as labels (int32 or int64). A label out of range gives NaN loss, as
 * TensorFlow on a GPU. */
TARE_API tare_tensor tare_sparse_softmax_cross_entropy_with_logits_with(
    tare_tensor labels, tare_tensor logits, const tare_op_options *options);
#define tare_sparse_softmax_cross_entropy_with_logits(...)                                         \
    TARE_KW2(tare_sparse_softmax_cross_entropy_with_logits_with, tare_op_options,                  \
             TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** max(x, 0) - x z + log(1 + e^-|x|). */
TARE_API tare_tensor tare_sigmoid_cross_entropy_with_logits_with(tare_tensor labels,
                                                                 tare_tensor logits,
                                                                 const tare_op_options *options);
#define tare_sigmoid_cross_entropy_with_logits(...)                                                \
    TARE_KW2(tare_sigmoid_cross_entropy_with_logits_with, tare_op_options, TARE_OP_DEFAULTS,       \
             __VA_ARGS__, .reserved = 0)
#define TARE_WEIGHTED_CROSS_ENTROPY_WITH_LOGITS_FIELDS(field)                                      \
    field(real, pos_weight, 1, "weight of positive labels")                                        \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_weighted_cross_entropy_with_logits_options,
             TARE_WEIGHTED_CROSS_ENTROPY_WITH_LOGITS_FIELDS);
#define TARE_WEIGHTED_CROSS_ENTROPY_WITH_LOGITS_DEFAULTS                                           \
    TARE_DEFAULTS(tare_weighted_cross_entropy_with_logits_options,                                 \
                  TARE_WEIGHTED_CROSS_ENTROPY_WITH_LOGITS_FIELDS)
/** sigmoid cross-entropy with positive labels weighed. */
TARE_API tare_tensor tare_weighted_cross_entropy_with_logits_with(
    tare_tensor labels, tare_tensor logits,
    const tare_weighted_cross_entropy_with_logits_options *options);
#define tare_weighted_cross_entropy_with_logits(...)                                               \
    TARE_KW2(tare_weighted_cross_entropy_with_logits_with,                                         \
             tare_weighted_cross_entropy_with_logits_options,                                      \
             TARE_WEIGHTED_CROSS_ENTROPY_WITH_LOGITS_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* --------------------------------------------------------------- convolution and pooling */

#define TARE_NN_CONV_FIELDS(field)                                                                 \
    field(list, strides, TARE_LIST(1), "one for all, or one per spatial axis")                     \
        field(choice, padding, TARE_PADDING_VALID, "valid, same, or explicit")                     \
            field(list, dilations, TARE_LIST(1), "one for all, or one per spatial axis")           \
                field(list, before, TARE_NO_LIST, "explicit padding in front, per spatial axis")   \
                    field(list, after, TARE_NO_LIST, "explicit padding behind")                    \
                        field(integer, groups, 1, "groups of channels; 0: one for each channel")   \
                            field(choice, data_format, TARE_NHWC, "nhwc, or nchw: channels first") \
                                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_nn_conv_options, TARE_NN_CONV_FIELDS);
#define TARE_NN_CONV_DEFAULTS TARE_DEFAULTS(tare_nn_conv_options, TARE_NN_CONV_FIELDS)
/** x [N, H, W, C], filter [KH, KW, C / groups, F] -> [N, OH, OW, F]; with 0 groups filter [KH, KW,
 * C, M]
 * -> [N, OH, OW, C M]. tf.nn.conv2d; padding as in common_shape_fns.cc. */
TARE_API tare_tensor tare_nn_conv2d_with(tare_tensor x, tare_tensor filter,
                                         const tare_nn_conv_options *options);
#define tare_nn_conv2d(...)                                                                        \
    TARE_KW2(tare_nn_conv2d_with, tare_nn_conv_options, TARE_NN_CONV_DEFAULTS, __VA_ARGS__,        \
             .reserved = 0)
/** x [N, W, C], filter [K, C / groups, F] -> [N, OW, F]. tf.nn.conv1d. */
TARE_API tare_tensor tare_nn_conv1d_with(tare_tensor x, tare_tensor filter,
                                         const tare_nn_conv_options *options);
#define tare_nn_conv1d(...)                                                                        \
    TARE_KW2(tare_nn_conv1d_with, tare_nn_conv_options, TARE_NN_CONV_DEFAULTS, __VA_ARGS__,        \
             .reserved = 0)
/** x [N, D, H, W, C], filter [KD, KH, KW, C / groups, F] -> [N, OD, OH, OW, F]. tf.nn.conv3d. */
TARE_API tare_tensor tare_nn_conv3d_with(tare_tensor x, tare_tensor filter,
                                         const tare_nn_conv_options *options);
#define tare_nn_conv3d(...)                                                                        \
    TARE_KW2(tare_nn_conv3d_with, tare_nn_conv_options, TARE_NN_CONV_DEFAULTS, __VA_ARGS__,        \
             .reserved = 0)
/** Any of these, by the rank of x and filter. tf.nn.convolution. */
TARE_API tare_tensor tare_nn_convolution_with(tare_tensor x, tare_tensor filter,
                                              const tare_nn_conv_options *options);
#define tare_nn_convolution(...)                                                                   \
    TARE_KW2(tare_nn_convolution_with, tare_nn_conv_options, TARE_NN_CONV_DEFAULTS, __VA_ARGS__,   \
             .reserved = 0)
#define TARE_NN_DEPTHWISE_CONV2D_FIELDS(field)                                                     \
    field(list, strides, TARE_LIST(1), "one for all, or one per spatial axis")                     \
        field(choice, padding, TARE_PADDING_VALID, "valid, same, or explicit")                     \
            field(list, dilations, TARE_LIST(1), "one for all, or one per spatial axis")           \
                field(list, before, TARE_NO_LIST, "explicit padding in front, per spatial axis")   \
                    field(list, after, TARE_NO_LIST, "explicit padding behind")                    \
                        field(choice, data_format, TARE_NHWC, "nhwc, or nchw: channels first")     \
                            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_nn_depthwise_conv2d_options, TARE_NN_DEPTHWISE_CONV2D_FIELDS);
#define TARE_NN_DEPTHWISE_CONV2D_DEFAULTS                                                          \
    TARE_DEFAULTS(tare_nn_depthwise_conv2d_options, TARE_NN_DEPTHWISE_CONV2D_FIELDS)
/** x [N, H, W, C], filter [KH, KW, C, M] -> [N, OH, OW, C M]: M filters for each channel alone.
 * tf.nn.depthwise_conv2d; dilations are its rate. */
TARE_API tare_tensor tare_nn_depthwise_conv2d_with(tare_tensor x, tare_tensor filter,
                                                   const tare_nn_depthwise_conv2d_options *options);
#define tare_nn_depthwise_conv2d(...)                                                              \
    TARE_KW2(tare_nn_depthwise_conv2d_with, tare_nn_depthwise_conv2d_options,                      \
             TARE_NN_DEPTHWISE_CONV2D_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** depthwise_conv2d, then a 1 x 1 convolution with pointwise_filter [1, 1, C M, F]; the options are
 * those of the first. tf.nn.separable_conv2d. */
TARE_API tare_tensor tare_nn_separable_conv2d_with(tare_tensor x, tare_tensor depthwise_filter,
                                                   tare_tensor pointwise_filter,
                                                   const tare_nn_depthwise_conv2d_options *options);
#define tare_nn_separable_conv2d(...)                                                              \
    TARE_KW3(tare_nn_separable_conv2d_with, tare_nn_depthwise_conv2d_options,                      \
             TARE_NN_DEPTHWISE_CONV2D_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_NN_CONV_TRANSPOSE_FIELDS(field)                                                       \
    field(list, strides, TARE_LIST(1), "one for all, or one per spatial axis")                     \
        field(choice, padding, TARE_PADDING_SAME, "valid, same, or explicit")                      \
            field(list, dilations, TARE_LIST(1), "one for all, or one per spatial axis")           \
                field(list, before, TARE_NO_LIST, "explicit padding in front, per spatial axis")   \
                    field(list, after, TARE_NO_LIST, "explicit padding behind") field(             \
                        integer, groups, 1,                                                        \
                        "groups of channels; 0: one for each channel of the result")               \
                        field(list, output_size, TARE_NO_LIST,                                     \
                              "spatial extents of the result; not given: see below")               \
                            field(choice, data_format, TARE_NHWC, "nhwc, or nchw: channels first") \
                                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_nn_conv_transpose_options, TARE_NN_CONV_TRANSPOSE_FIELDS);
#define TARE_NN_CONV_TRANSPOSE_DEFAULTS                                                            \
    TARE_DEFAULTS(tare_nn_conv_transpose_options, TARE_NN_CONV_TRANSPOSE_FIELDS)
/** The gradient of conv2d for its input, as an op of its own: value [N, H, W, F], filter [KH, KW,
 * C / groups, F] -> [N, OH, OW, C], such that conv2d would take it back to the shape of value.
 * Several extents would: without output_size same padding gives in stride, valid in stride +
 * max(reach - stride, 0), explicit (in - 1) stride + reach - before - after, reach = (K - 1)
 * dilation + 1. tf.nn.conv2d_transpose; output_size is the inner part of its output_shape. */
TARE_API tare_tensor tare_nn_conv2d_transpose_with(tare_tensor value, tare_tensor filter,
                                                   const tare_nn_conv_transpose_options *options);
#define tare_nn_conv2d_transpose(...)                                                              \
    TARE_KW2(tare_nn_conv2d_transpose_with, tare_nn_conv_transpose_options,                        \
             TARE_NN_CONV_TRANSPOSE_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The same of conv1d: value [N, W, F], filter [K, C / groups, F]. tf.nn.conv1d_transpose. */
TARE_API tare_tensor tare_nn_conv1d_transpose_with(tare_tensor value, tare_tensor filter,
                                                   const tare_nn_conv_transpose_options *options);
#define tare_nn_conv1d_transpose(...)                                                              \
    TARE_KW2(tare_nn_conv1d_transpose_with, tare_nn_conv_transpose_options,                        \
             TARE_NN_CONV_TRANSPOSE_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The same of conv3d. tf.nn.conv3d_transpose. */
TARE_API tare_tensor tare_nn_conv3d_transpose_with(tare_tensor value, tare_tensor filter,
                                                   const tare_nn_conv_transpose_options *options);
#define tare_nn_conv3d_transpose(...)                                                              \
    TARE_KW2(tare_nn_conv3d_transpose_with, tare_nn_conv_transpose_options,                        \
             TARE_NN_CONV_TRANSPOSE_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_NN_POOL_FIELDS(field)                                                                 \
    field(list, ksize, TARE_LIST(2), "window, one for all or one per spatial axis")                \
        field(list, strides, TARE_LIST(2), "one for all, or one per spatial axis")                 \
            field(choice, padding, TARE_PADDING_VALID, "valid, same, or explicit")                 \
                field(list, before, TARE_NO_LIST, "explicit padding in front, per spatial axis")   \
                    field(list, after, TARE_NO_LIST, "explicit padding behind")                    \
                        field(choice, data_format, TARE_NHWC, "nhwc, or nchw: channels first")     \
                            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_nn_pool_options, TARE_NN_POOL_FIELDS);
#define TARE_NN_POOL_DEFAULTS TARE_DEFAULTS(tare_nn_pool_options, TARE_NN_POOL_FIELDS)
/** Greatest of each window of x [N, H, W, C]. tf.nn.max_pool. */
TARE_API tare_tensor tare_nn_max_pool2d_with(tare_tensor x, const tare_nn_pool_options *options);
#define tare_nn_max_pool2d(...)                                                                    \
    TARE_KW1(tare_nn_max_pool2d_with, tare_nn_pool_options, TARE_NN_POOL_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
/** The same of x [N, W, C]. tf.nn.max_pool1d. */
TARE_API tare_tensor tare_nn_max_pool1d_with(tare_tensor x, const tare_nn_pool_options *options);
#define tare_nn_max_pool1d(...)                                                                    \
    TARE_KW1(tare_nn_max_pool1d_with, tare_nn_pool_options, TARE_NN_POOL_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
/** The same of x [N, D, H, W, C]. tf.nn.max_pool3d. */
TARE_API tare_tensor tare_nn_max_pool3d_with(tare_tensor x, const tare_nn_pool_options *options);
#define tare_nn_max_pool3d(...)                                                                    \
    TARE_KW1(tare_nn_max_pool3d_with, tare_nn_pool_options, TARE_NN_POOL_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
/** Any of these, by the rank of x. tf.nn.max_pool_v2. */
TARE_API tare_tensor tare_nn_max_pool_with(tare_tensor x, const tare_nn_pool_options *options);
#define tare_nn_max_pool(...)                                                                      \
    TARE_KW1(tare_nn_max_pool_with, tare_nn_pool_options, TARE_NN_POOL_DEFAULTS, __VA_ARGS__,      \
             .reserved = 0)
/** Mean of each window of x [N, H, W, C]; padding does not count. tf.nn.avg_pool. */
TARE_API tare_tensor tare_nn_avg_pool2d_with(tare_tensor x, const tare_nn_pool_options *options);
#define tare_nn_avg_pool2d(...)                                                                    \
    TARE_KW1(tare_nn_avg_pool2d_with, tare_nn_pool_options, TARE_NN_POOL_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
/** The same of x [N, W, C]. tf.nn.avg_pool1d. */
TARE_API tare_tensor tare_nn_avg_pool1d_with(tare_tensor x, const tare_nn_pool_options *options);
#define tare_nn_avg_pool1d(...)                                                                    \
    TARE_KW1(tare_nn_avg_pool1d_with, tare_nn_pool_options, TARE_NN_POOL_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
/** The same of x [N, D, H, W, C]. tf.nn.avg_pool3d. */
TARE_API tare_tensor tare_nn_avg_pool3d_with(tare_tensor x, const tare_nn_pool_options *options);
#define tare_nn_avg_pool3d(...)                                                                    \
    TARE_KW1(tare_nn_avg_pool3d_with, tare_nn_pool_options, TARE_NN_POOL_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
/** Any of these, by the rank of x. tf.nn.avg_pool_v2. */
TARE_API tare_tensor tare_nn_avg_pool_with(tare_tensor x, const tare_nn_pool_options *options);
#define tare_nn_avg_pool(...)                                                                      \
    TARE_KW1(tare_nn_avg_pool_with, tare_nn_pool_options, TARE_NN_POOL_DEFAULTS, __VA_ARGS__,      \
             .reserved = 0)
#define TARE_NN_GLOBAL_POOL_FIELDS(field)                                                          \
    field(boolean, keepdims, false, "keep spatial axes with extent 1")                             \
        field(choice, data_format, TARE_NHWC, "nhwc, or nchw: channels first")                     \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_nn_global_pool_options, TARE_NN_GLOBAL_POOL_FIELDS);
#define TARE_NN_GLOBAL_POOL_DEFAULTS                                                               \
    TARE_DEFAULTS(tare_nn_global_pool_options, TARE_NN_GLOBAL_POOL_FIELDS)
/** Greatest of each channel of a sample, [N, .., C] -> [N, C]; 1 to 3 spatial axes.
 * tf.keras.layers.GlobalMaxPooling2D and its kin. */
TARE_API tare_tensor tare_nn_global_max_pool_with(tare_tensor x,
                                                  const tare_nn_global_pool_options *options);
#define tare_nn_global_max_pool(...)                                                               \
    TARE_KW1(tare_nn_global_max_pool_with, tare_nn_global_pool_options,                            \
             TARE_NN_GLOBAL_POOL_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** Mean of each channel of a sample. tf.keras.layers.GlobalAveragePooling2D and its kin. */
TARE_API tare_tensor tare_nn_global_avg_pool_with(tare_tensor x,
                                                  const tare_nn_global_pool_options *options);
#define tare_nn_global_avg_pool(...)                                                               \
    TARE_KW1(tare_nn_global_avg_pool_with, tare_nn_global_pool_options,                            \
             TARE_NN_GLOBAL_POOL_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ---------------------------------------------------------------- images and vectors */

#define TARE_RESIZE_FIELDS(field)                                                                  \
    field(boolean, align_corners, false, "corner pixels keep their places")                        \
        field(boolean, half_pixel_centers, false, "pixels are read at their centers")              \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_resize_options, TARE_RESIZE_FIELDS);
#define TARE_RESIZE_DEFAULTS TARE_DEFAULTS(tare_resize_options, TARE_RESIZE_FIELDS)
/** NHWC images in another size [height, width], each pixel from the nearest one.
 * tf.image.resize_nearest_neighbor (tf.compat.v1; half_pixel_centers as tf.image.resize). */
TARE_API tare_tensor tare_resize_nearest_neighbor_with(tare_tensor images, tare_list size,
                                                       const tare_resize_options *options);
#define tare_resize_nearest_neighbor(...)                                                          \
    TARE_KW2(tare_resize_nearest_neighbor_with, tare_resize_options, TARE_RESIZE_DEFAULTS,         \
             __VA_ARGS__, .reserved = 0)
/** NHWC images in another size [height, width], each pixel from the four around it.
 * tf.image.resize_bilinear. */
TARE_API tare_tensor tare_resize_bilinear_with(tare_tensor images, tare_list size,
                                               const tare_resize_options *options);
#define tare_resize_bilinear(...)                                                                  \
    TARE_KW2(tare_resize_bilinear_with, tare_resize_options, TARE_RESIZE_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
#define TARE_LRN_FIELDS(field)                                                                     \
    field(integer, depth_radius, 5, "half the window of channels")                                 \
        field(real, bias, 1, "added to the sum, so that nothing is divided by 0")                  \
            field(real, alpha, 1, "factor of the sum") field(real, beta, 0.5, "power")             \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_lrn_options, TARE_LRN_FIELDS);
#define TARE_LRN_DEFAULTS TARE_DEFAULTS(tare_lrn_options, TARE_LRN_FIELDS)
/** x (bias + alpha s)^-beta, s the sum of x^2 over the channels within depth_radius; rank 4.
 * tf.nn.local_response_normalization. */
TARE_API tare_tensor tare_lrn_with(tare_tensor x, const tare_lrn_options *options);
#define tare_lrn(...)                                                                              \
    TARE_KW1(tare_lrn_with, tare_lrn_options, TARE_LRN_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_L2_NORMALIZE_FIELDS(field)                                                            \
    field(list, axis, TARE_NO_LIST, "axes of a vector; none given: all")                           \
        field(real, epsilon, 1e-12, "least square of a length")                                    \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_l2_normalize_options, TARE_L2_NORMALIZE_FIELDS);
#define TARE_L2_NORMALIZE_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_l2_normalize_options, TARE_L2_NORMALIZE_FIELDS)
/** x / max(length, sqrt(epsilon)), the length over axes. tf.nn.l2_normalize. */
TARE_API tare_tensor tare_l2_normalize_with(tare_tensor x,
                                            const tare_l2_normalize_options *options);
#define tare_l2_normalize(...)                                                                     \
    TARE_KW1(tare_l2_normalize_with, tare_l2_normalize_options, TARE_L2_NORMALIZE_DEFAULTS,        \
             __VA_ARGS__, .reserved = 0)

/* -------------------------------------------------------------------------------- random */

#define TARE_NN_DROPOUT_FIELDS(field)                                                              \
    field(real, rate, 0.5, "share of elements set to 0")                                           \
        field(integer, seed, 0, "0: of the graph") field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_nn_dropout_options, TARE_NN_DROPOUT_FIELDS);
#define TARE_NN_DROPOUT_DEFAULTS TARE_DEFAULTS(tare_nn_dropout_options, TARE_NN_DROPOUT_FIELDS)
/** x / (1 - rate) with probability 1 - rate, else 0. tf.nn.dropout. */
TARE_API tare_tensor tare_nn_dropout_with(tare_tensor x, const tare_nn_dropout_options *options);
#define tare_nn_dropout(...)                                                                       \
    TARE_KW1(tare_nn_dropout_with, tare_nn_dropout_options, TARE_NN_DROPOUT_DEFAULTS, __VA_ARGS__, \
             .reserved = 0)
#define TARE_RANDOM_FIELDS(field)                                                                  \
    field(real, low, 0, "low end, or mean") field(real, high, 1, "high end, or deviation")         \
        field(integer, seed, 0, "0: of the graph")                                                 \
            field(dtype, dtype, TARE_FLOAT32, "of the result")                                     \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_random_options, TARE_RANDOM_FIELDS);
#define TARE_RANDOM_DEFAULTS TARE_DEFAULTS(tare_random_options, TARE_RANDOM_FIELDS)
/** Uniform in [low, high), new in every run. */
TARE_API tare_tensor tare_random_uniform_with(tare_graph *graph, tare_shape shape,
                                              const tare_random_options *options);
#define tare_random_uniform(...)                                                                   \
    TARE_KW2(tare_random_uniform_with, tare_random_options, TARE_RANDOM_DEFAULTS, __VA_ARGS__,     \
             .reserved = 0)
/** Normal with mean low and deviation high. */
TARE_API tare_tensor tare_random_normal_with(tare_graph *graph, tare_shape shape,
                                             const tare_random_options *options);
#define tare_random_normal(...)                                                                    \
    TARE_KW2(tare_random_normal_with, tare_random_options, TARE_RANDOM_DEFAULTS, __VA_ARGS__,      \
             .reserved = 0)
/** The same, redrawn beyond two deviations. */
TARE_API tare_tensor tare_truncated_normal_with(tare_graph *graph, tare_shape shape,
                                                const tare_random_options *options);
#define tare_truncated_normal(...)                                                                 \
    TARE_KW2(tare_truncated_normal_with, tare_random_options, TARE_RANDOM_DEFAULTS, __VA_ARGS__,   \
             .reserved = 0)

/* -------------------------------------------------------------- normalisation primitives */

#define TARE_MOMENTS_FIELDS(field)                                                                 \
    field(list, axes, TARE_NO_LIST, "axes to reduce")                                              \
        field(boolean, keep_dims, false, "keep reduced axes with extent 1")                        \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_moments_options, TARE_MOMENTS_FIELDS);
#define TARE_MOMENTS_DEFAULTS TARE_DEFAULTS(tare_moments_options, TARE_MOMENTS_FIELDS)
/** Mean (output 0) and biased variance (output 1), in two passes. The second gradient is the true
 * one. tf.nn.moments. */
TARE_API tare_tensor tare_moments_with(tare_tensor x, const tare_moments_options *options);
#define tare_moments(...)                                                                          \
    TARE_KW1(tare_moments_with, tare_moments_options, TARE_MOMENTS_DEFAULTS, __VA_ARGS__,          \
             .reserved = 0)
/** mean = sum(w x) / sum(w); variance = sum(w (x - mean)^2) / sum(w). tf.nn.weighted_moments. */
TARE_API tare_tensor tare_weighted_moments_with(tare_tensor x, tare_tensor frequency_weights,
                                                const tare_moments_options *options);
#define tare_weighted_moments(...)                                                                 \
    TARE_KW2(tare_weighted_moments_with, tare_moments_options, TARE_MOMENTS_DEFAULTS, __VA_ARGS__, \
             .reserved = 0)

/* clang-format off */
#define TARE_STANDARDIZE_FIELDS(field)                                                             \
    field(list, axes, TARE_NO_LIST, "axes of the moments; none given: all")                        \
    field(real, epsilon, 1e-3, "added to the variance")                                            \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_standardize_options, TARE_STANDARDIZE_FIELDS);
#define TARE_STANDARDIZE_DEFAULTS TARE_DEFAULTS(tare_standardize_options, TARE_STANDARDIZE_FIELDS)
/** (x - mean) / sqrt(variance + epsilon), moments of x over axes: mean 0, variance 1. What layer,
 * group and instance normalisation are made of; differentiable to any order. */
TARE_API tare_tensor tare_standardize_with(tare_tensor x, const tare_standardize_options *options);
#define tare_standardize(...)                                                                      \
    TARE_KW1(tare_standardize_with, tare_standardize_options, TARE_STANDARDIZE_DEFAULTS,           \
             __VA_ARGS__, .reserved = 0)
#define TARE_SUFFICIENT_STATISTICS_FIELDS(field)                                                   \
    field(list, axes, TARE_NO_LIST, "axes to reduce")                                              \
        field(tensor, shift, TARE_NULL, "subtracted before summing")                               \
            field(boolean, keep_dims, false, "keep reduced axes with extent 1")                    \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_sufficient_statistics_options, TARE_SUFFICIENT_STATISTICS_FIELDS);
#define TARE_SUFFICIENT_STATISTICS_DEFAULTS                                                        \
    TARE_DEFAULTS(tare_sufficient_statistics_options, TARE_SUFFICIENT_STATISTICS_FIELDS)
/** Count (output 0), sum (1), sum of squares (2) over axes, of x less the shift, which comes back
 * as output 3 when it is given. tf.nn.sufficient_statistics. */
TARE_API tare_tensor
tare_sufficient_statistics_with(tare_tensor x, const tare_sufficient_statistics_options *options);
#define tare_sufficient_statistics(...)                                                            \
    TARE_KW1(tare_sufficient_statistics_with, tare_sufficient_statistics_options,                  \
             TARE_SUFFICIENT_STATISTICS_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_NORMALIZE_MOMENTS_FIELDS(field)                                                       \
    field(tensor, shift, TARE_NULL, "what was subtracted before summing")                          \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_normalize_moments_options, TARE_NORMALIZE_MOMENTS_FIELDS);
#define TARE_NORMALIZE_MOMENTS_DEFAULTS                                                            \
    TARE_DEFAULTS(tare_normalize_moments_options, TARE_NORMALIZE_MOMENTS_FIELDS)
/** Mean and variance from sufficient statistics. tf.nn.normalize_moments. */
TARE_API tare_tensor tare_normalize_moments_with(tare_tensor counts, tare_tensor mean_ss,
                                                 tare_tensor variance_ss,
                                                 const tare_normalize_moments_options *options);
#define tare_normalize_moments(...)                                                                \
    TARE_KW3(tare_normalize_moments_with, tare_normalize_moments_options,                          \
             TARE_NORMALIZE_MOMENTS_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_BATCH_NORMALIZATION_FIELDS(field)                                                     \
    field(real, variance_epsilon, 1e-3, "added to the variance")                                   \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_batch_normalization_options, TARE_BATCH_NORMALIZATION_FIELDS);
#define TARE_BATCH_NORMALIZATION_DEFAULTS                                                          \
    TARE_DEFAULTS(tare_batch_normalization_options, TARE_BATCH_NORMALIZATION_FIELDS)
/** (x - mean) rsqrt(variance + epsilon) scale + offset; offset, scale may be TARE_NULL.
 * tf.nn.batch_normalization. */
TARE_API tare_tensor tare_batch_normalization_with(tare_tensor x, tare_tensor mean,
                                                   tare_tensor variance, tare_tensor offset,
                                                   tare_tensor scale,
                                                   const tare_batch_normalization_options *options);
#define tare_batch_normalization(...)                                                              \
    TARE_KW5(tare_batch_normalization_with, tare_batch_normalization_options,                      \
             TARE_BATCH_NORMALIZATION_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_BATCH_NORM_WITH_GLOBAL_NORMALIZATION_FIELDS(field)                                    \
    field(real, variance_epsilon, 1e-3, "added to the variance")                                   \
        field(boolean, scale_after_normalization, true, "whether gamma multiplies")                \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_batch_norm_with_global_normalization_options,
             TARE_BATCH_NORM_WITH_GLOBAL_NORMALIZATION_FIELDS);
#define TARE_BATCH_NORM_WITH_GLOBAL_NORMALIZATION_DEFAULTS                                         \
    TARE_DEFAULTS(tare_batch_norm_with_global_normalization_options,                               \
                  TARE_BATCH_NORM_WITH_GLOBAL_NORMALIZATION_FIELDS)
/** The same of rank-4 t by mean m and variance v, times gamma if scale_after_normalization, plus
 * beta. tf.nn.batch_norm_with_global_normalization. */
TARE_API tare_tensor tare_batch_norm_with_global_normalization_with(
    tare_tensor t, tare_tensor m, tare_tensor v, tare_tensor beta, tare_tensor gamma,
    const tare_batch_norm_with_global_normalization_options *options);
#define tare_batch_norm_with_global_normalization(...)                                             \
    TARE_KW5(tare_batch_norm_with_global_normalization_with,                                       \
             tare_batch_norm_with_global_normalization_options,                                    \
             TARE_BATCH_NORM_WITH_GLOBAL_NORMALIZATION_DEFAULTS, __VA_ARGS__, .reserved = 0)
#define TARE_FUSED_BATCH_NORM_FIELDS(field)                                                        \
    field(tensor, mean, TARE_NULL, "population mean, for inference")                               \
        field(tensor, variance, TARE_NULL, "population variance, for inference")                   \
            field(real, epsilon, 1e-3, "added to the variance")                                    \
                field(choice, data_format, TARE_NHWC, "nhwc or nchw")                              \
                    field(boolean, is_training, true, "batch or population statistics")            \
                        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_fused_batch_norm_options, TARE_FUSED_BATCH_NORM_FIELDS);
#define TARE_FUSED_BATCH_NORM_DEFAULTS                                                             \
    TARE_DEFAULTS(tare_fused_batch_norm_options, TARE_FUSED_BATCH_NORM_FIELDS)
/** y (output 0), batch mean (1) and unbiased variance (2) of rank-4 x; epsilon at least 1.001e-5.
 * Only y is differentiated. tf.nn.fused_batch_norm. */
TARE_API tare_tensor tare_fused_batch_norm_with(tare_tensor x, tare_tensor scale,
                                                tare_tensor offset,
                                                const tare_fused_batch_norm_options *options);
#define tare_fused_batch_norm(...)                                                                 \
    TARE_KW3(tare_fused_batch_norm_with, tare_fused_batch_norm_options,                            \
             TARE_FUSED_BATCH_NORM_DEFAULTS, __VA_ARGS__, .reserved = 0)

#ifdef __cplusplus
}
#endif

#endif
