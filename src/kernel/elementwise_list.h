/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each elementwise function computes, once: op(NAME, value) with v the argument, or a and b
 * the two, and p the parameter. Expanded for several element types and instruction sets. For a
 * floating type there are
 *
 *     C(x), M(f)             the constant x; f or its float form (sqrt, sqrtf)
 *     EXP, SIGMOID, TANH     from kernel/exponential.h
 *     swish_slope(v)         the derivative of v sigmoid(v)
 *
 * and for a whole type WRAP(x, op, y), arithmetic modulo 2^bits.
 *
 * Source: the formulas are TensorFlow's (core/kernels/cwise_ops.h, relu_op_functor.h), whose
 * answers for NaN, infinities and ties they give.
 */
#ifndef TARE_SRC_KERNEL_ELEMENTWISE_LIST_H
#define TARE_SRC_KERNEL_ELEMENTWISE_LIST_H

#define TARE_SELU_SCALE 1.0507009873554804934193349852946
#define TARE_SELU_ALPHA 1.7580993408473768599402175208123 /* times the scale */
#define TARE_ELU_LEAST  -0x1.fffffep-1                    /* float32's next above -1 */

/* clang-format off */

/* One floating argument; vectors of any width gain. */
#define TARE_UNARY_HOT_LIST(op)                \
    op(NEGATIVE, -v)                           \
    op(ABS, M(fabs)(v))                        \
    op(SQUARE, v * v)                          \
    op(RECIPROCAL, C(1) / v)                   \
    op(SQRT, M(sqrt)(v))                       \
    op(RSQRT, C(1) / M(sqrt)(v))               \
    op(EXP, EXP(v))                            \
    op(SIGMOID, SIGMOID(v))                    \
    op(TANH, TANH(v))                          \
    op(SIGN, v > 0 ? C(1) : v < 0 ? C(-1) : v) \
    op(RELU, v < 0 ? C(0) : v)                 \
    op(RELU6, v < 0 ? C(0) : v > 6 ? C(6) : v) \
    op(LEAKY_RELU, (v > 0 ? C(1) : p) * v)     \
    op(SOFTSIGN, v / (C(1) + M(fabs)(v)))      \
    op(SWISH, v * SIGMOID(v))

/* One floating argument, by the C library. */
#define TARE_UNARY_PLAIN_LIST(op)                                                        \
    op(EXPM1, M(expm1)(v))                                                               \
    op(LOG, M(log)(v))                                                                   \
    op(LOG1P, M(log1p)(v))                                                               \
    op(SIN, M(sin)(v))                                                                   \
    op(COS, M(cos)(v))                                                                   \
    op(ERF, M(erf)(v))                                                                   \
    op(FLOOR, M(floor)(v))                                                               \
    op(CEIL, M(ceil)(v))                                                                 \
    op(ROUND, M(nearbyint)(v))                                                           \
    op(ELU, v < 0 ? M(expm1)(v) : v)                                                     \
    op(ELU_INVERSE, v < 0 ? M(log1p)(v > C(TARE_ELU_LEAST) ? v : C(TARE_ELU_LEAST)) : v) \
    op(SELU, v < 0 ? C(TARE_SELU_ALPHA) * (M(exp)(v) - C(1)) : C(TARE_SELU_SCALE) * v)   \
    op(SOFTPLUS, (v > 0 ? v : C(0)) + M(log1p)(M(exp)(-M(fabs)(v))))

/* Floating to bool. */
#define TARE_UNARY_TEST_LIST(op) \
    op(IS_NAN, v != v)           \
    op(IS_FINITE, v - v == 0)

/* One whole argument. */
#define TARE_UNARY_WHOLE_LIST(op)         \
    op(NEGATIVE, WRAP(0, -, v))           \
    op(ABS, v < 0 ? WRAP(0, -, v) : v)    \
    op(SQUARE, WRAP(v, *, v))             \
    op(SIGN, (NUMBER)((v > 0) - (v < 0))) \
    op(RELU, v < 0 ? 0 : v)

/*
 * Two floating arguments. A maximum or minimum with a NaN is NaN. In gradients a is the gradient of
 * the output and b the output; for leaky_relu, swish and square b is the input.
 */
#define TARE_BINARY_HOT_LIST(op)                                                     \
    op(ADD, a + b)                                                                   \
    op(SUB, a - b)                                                                   \
    op(MUL, a * b)                                                                   \
    op(DIV, a / b)                                                                   \
    op(MAXIMUM, a > b || a != a ? a : b)                                             \
    op(MINIMUM, a < b || a != a ? a : b)                                             \
    op(SQUARED_DIFFERENCE, (a - b) * (a - b))                                        \
    op(RELU_GRADIENT, b > 0 ? a : C(0))                                              \
    op(RELU6_GRADIENT, b > 0 && b < 6 ? a : C(0))                                    \
    op(LEAKY_RELU_GRADIENT, (b > 0 ? C(1) : p) * a)                                  \
    op(ELU_GRADIENT, b < 0 ? a * (b + C(1)) : a)                                     \
    op(SELU_GRADIENT, b < 0 ? a * (b + C(TARE_SELU_ALPHA)) : C(TARE_SELU_SCALE) * a) \
    op(SIGMOID_GRADIENT, a * b * (C(1) - b))                                         \
    op(TANH_GRADIENT, a * (C(1) - b * b))                                            \
    op(SWISH_GRADIENT, a * swish_slope(b))                                           \
    op(SQUARE_GRADIENT, a * (C(2) * b))

/* Two floating arguments, by the C library. Cross-entropies: a the labels, b the logits. */
#define TARE_BINARY_PLAIN_LIST(op)                                                        \
    op(DIV_NO_NAN, b == 0 ? C(0) : a / b)                                                 \
    op(POW, M(pow)(a, b))                                                                 \
    op(FLOORDIV, M(floor)(a / b))                                                         \
    op(FLOORMOD, floor_remainder(M(fmod)(a, b), b))                                       \
    op(TRUNCATEMOD, M(fmod)(a, b))                                                        \
    op(ATAN2, M(atan2)(a, b))                                                             \
    op(SIGMOID_CROSS_ENTROPY, (b > 0 ? b : C(0)) - b * a + M(log1p)(M(exp)(-M(fabs)(b)))) \
    op(WEIGHTED_CROSS_ENTROPY, weighted_cross_entropy(a, b, p))

/* Two whole arguments only. What a zero divisor gives is unspecified, but nothing is trapped. */
#define TARE_BINARY_WHOLE_LIST(op)        \
    op(TRUNCATEDIV, whole_quotient(a, b))

/* Two whole arguments, functions of the lists above. */
#define TARE_BINARY_WHOLE_TOO_LIST(op)                  \
    op(ADD, WRAP(a, +, b))                              \
    op(SUB, WRAP(a, -, b))                              \
    op(MUL, WRAP(a, *, b))                              \
    op(MAXIMUM, a > b ? a : b)                          \
    op(MINIMUM, a < b ? a : b)                          \
    op(SQUARED_DIFFERENCE, whole_square(WRAP(a, -, b))) \
    op(FLOORDIV, whole_floor_quotient(a, b))            \
    op(FLOORMOD, whole_floor_remainder(a, b))           \
    op(TRUNCATEMOD, whole_remainder(a, b))

/* Two arguments of any kind to bool. */
#define TARE_BINARY_COMPARE_LIST(op) \
    op(EQUAL, a == b)                \
    op(NOT_EQUAL, a != b)            \
    op(LESS, a < b)                  \
    op(LESS_EQUAL, a <= b)           \
    op(GREATER, a > b)               \
    op(GREATER_EQUAL, a >= b)

/* Two booleans; any byte but 0 counts as true. */
#define TARE_BINARY_LOGICAL_LIST(op) \
    op(LOGICAL_AND, a && b)          \
    op(LOGICAL_OR, a || b)           \
    op(LOGICAL_XOR, !a != !b)

/* clang-format on */

#endif
