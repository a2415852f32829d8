/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementwise loops for one type of whole numbers; included once per type by elementwise_loops.c
 * with
 *
 *     NUMBER, UNSIGNED, NAMED(f)   the type, its unsigned form, and the name of f for it
 *
 * Overflow wraps; a divisor of 0 or -1 traps nowhere.
 */
#define WRAP(x, op, y) ((NUMBER)((UNSIGNED)(x)op(UNSIGNED)(y)))

static inline NUMBER NAMED(whole_square)(NUMBER x) { return WRAP(x, *, x); }
static inline NUMBER NAMED(whole_quotient)(NUMBER a, NUMBER b) {
    return b == 0 ? 0 : b == -1 ? WRAP(0, -, a) : a / b;
}
static inline NUMBER NAMED(whole_remainder)(NUMBER a, NUMBER b) {
    return b == 0 || b == -1 ? 0 : a % b;
}
/* Python's: the quotient rounds down, the remainder has the divisor's sign. */
static inline NUMBER NAMED(whole_floor_quotient)(NUMBER a, NUMBER b) {
    const NUMBER remainder = NAMED(whole_remainder)(a, b), quotient = NAMED(whole_quotient)(a, b);
    return remainder != 0 && (remainder < 0) != (b < 0) ? quotient - 1 : quotient;
}
static inline NUMBER NAMED(whole_floor_remainder)(NUMBER a, NUMBER b) {
    const NUMBER remainder = NAMED(whole_remainder)(a, b);
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}
#define whole_square          NAMED(whole_square)
#define whole_quotient        NAMED(whole_quotient)
#define whole_remainder       NAMED(whole_remainder)
#define whole_floor_quotient  NAMED(whole_floor_quotient)
#define whole_floor_remainder NAMED(whole_floor_remainder)

#define UNARY(name, value)   TARE_UNARY_LOOP(name, NUMBER, NUMBER, value)
#define BINARY(name, value)  TARE_BINARY_LOOPS(name, NUMBER, NUMBER, value)
#define COMPARE(name, value) TARE_BINARY_LOOPS(name, NUMBER, uint8_t, value)
TARE_UNARY_WHOLE_LIST(UNARY)
TARE_BINARY_WHOLE_LIST(BINARY)
TARE_BINARY_WHOLE_TOO_LIST(BINARY)
TARE_BINARY_COMPARE_LIST(COMPARE)
TARE_BINARY_LOOPS(DIV, NUMBER, double, (double)a / (double)b)
#undef UNARY
#undef BINARY
#undef COMPARE

static const tare_unary_loop NAMED(unary_loops)[TARE_UNARY_COUNT] = {
    TARE_UNARY_WHOLE_LIST(TARE_UNARY_SLOT)};
static const tare_binary_loops NAMED(binary_loops)[TARE_BINARY_COUNT] = {
    TARE_BINARY_WHOLE_LIST(TARE_BINARY_SLOT) TARE_BINARY_WHOLE_TOO_LIST(TARE_BINARY_SLOT)
        TARE_BINARY_COMPARE_LIST(TARE_BINARY_SLOT) TARE_BINARY_SLOT(DIV, )};

#undef whole_square
#undef whole_quotient
#undef whole_remainder
#undef whole_floor_quotient
#undef whole_floor_remainder
#undef WRAP
#undef NUMBER
#undef UNSIGNED
#undef NAMED
