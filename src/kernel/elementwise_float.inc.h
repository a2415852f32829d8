/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementwise loops for one floating type; included once per type by elementwise_loops.c with
 *     NUMBER, NAMED(f)             the type, and the name of f for it
 *     M(f), EXP, SIGMOID, TANH     the mathematical functions for it
 */
#define C(x) ((NUMBER)(x))

static inline NUMBER NAMED(floor_remainder)(NUMBER remainder, NUMBER divisor) {
    return remainder != 0 && (remainder < 0) != (divisor < 0) ? remainder + divisor : remainder;
}
#define floor_remainder NAMED(floor_remainder)

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
#undef C
#undef M
#undef EXP
#undef SIGMOID
#undef TANH
#undef NUMBER
#undef NAMED
