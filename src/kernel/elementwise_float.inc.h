/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementwise loops for one floating type; included once per type by elementwise_loops.c with
 *     NUMBER, NAMED(f)             the type, and the name of f for it
 *     M(f), EXP, SIGMOID, TANH, swish_slope     the mathematical functions for it
 */
#define C(x) ((NUMBER)(x))

static inline NUMBER NAMED(floor_remainder)(NUMBER remainder, NUMBER divisor) {
    return remainder != 0 && (remainder < 0) != (divisor < 0) ? remainder + divisor : remainder;
}
/* (1 - z) x + (1 + (q - 1) z) (log(1 + e^-|x|) + max(-x, 0)) for label z, logit x and weight q. */
static inline NUMBER NAMED(weighted_cross_entropy)(NUMBER z, NUMBER x, NUMBER q) {
    const NUMBER tail = M(log1p)(M(exp)(-M(fabs)(x))) + (x < 0 ? -x : C(0));
    return (C(1) - z) * x + (C(1) + (q - C(1)) * z) * tail;
}
#define floor_remainder        NAMED(floor_remainder)
#define weighted_cross_entropy NAMED(weighted_cross_entropy)

#define UNARY(name, value)   TARE_UNARY_LOOP(name, NUMBER, NUMBER, value)
#define TEST(name, value)    TARE_UNARY_LOOP(name, NUMBER, uint8_t, value)
#define BINARY(name, value)  TARE_BINARY_LOOPS(name, NUMBER, NUMBER, value)
#define COMPARE(name, value) TARE_BINARY_LOOPS(name, NUMBER, uint8_t, value)
TARE_UNARY_HOT_LIST(UNARY)
TARE_UNARY_PLAIN_LIST(UNARY)
TARE_UNARY_TEST_LIST(TEST)
TARE_BINARY_HOT_LIST(BINARY)
TARE_BINARY_PLAIN_LIST(BINARY)
TARE_BINARY_COMPARE_LIST(COMPARE)
#undef UNARY
#undef TEST
#undef BINARY
#undef COMPARE

static const tare_unary_loop NAMED(unary_loops)[TARE_UNARY_COUNT] = {
    TARE_UNARY_HOT_LIST(TARE_UNARY_SLOT) TARE_UNARY_PLAIN_LIST(TARE_UNARY_SLOT)
        TARE_UNARY_TEST_LIST(TARE_UNARY_SLOT)};
static const tare_binary_loops NAMED(binary_loops)[TARE_BINARY_COUNT] = {
    TARE_BINARY_HOT_LIST(TARE_BINARY_SLOT) TARE_BINARY_PLAIN_LIST(TARE_BINARY_SLOT)
        TARE_BINARY_COMPARE_LIST(TARE_BINARY_SLOT)};

#undef floor_remainder
#undef weighted_cross_entropy
#undef C
#undef M
#undef EXP
#undef SIGMOID
#undef TANH
#undef swish_slope
#undef NUMBER
#undef NAMED
