/* SPDX-License-Identifier: Apache-2.0 */
/* The elementwise loops for every type, for any processor, and which of them to take. */
#include "kernel/elementwise_loops.h"

#include "kernel/isa.h"

#define NUMBER         float
#define NAMED(f)       f##_f32
#define M(function)    function##f
#define EXP(x)         tare_exp_f32(x)
#define SIGMOID(x)     tare_sigmoid_f32(x)
#define TANH(x)        tare_tanh_f32(x)
#define swish_slope(x) tare_swish_slope_f32(x)
#include "kernel/elementwise_float.inc.h"

#define NUMBER         double
#define NAMED(f)       f##_f64
#define M(function)    function
#define EXP(x)         exp(x)
#define SIGMOID(x)     tare_sigmoid_f64(x)
#define TANH(x)        tanh(x)
#define swish_slope(x) tare_swish_slope_f64(x)
#include "kernel/elementwise_float.inc.h"

#define NUMBER   int32_t
#define UNSIGNED uint32_t
#define NAMED(f) f##_i32
#include "kernel/elementwise_whole.inc.h"

#define NUMBER   int64_t
#define UNSIGNED uint64_t
#define NAMED(f) f##_i64
#include "kernel/elementwise_whole.inc.h"

/* Bytes: comparisons of uint8, and booleans, of which comparisons see the truth and not the byte.
 */
#define NAMED(f)             f##_u8
#define COMPARE(name, value) TARE_BINARY_LOOPS(name, uint8_t, uint8_t, value)
TARE_BINARY_COMPARE_LIST(COMPARE)
#undef COMPARE
static const tare_binary_loops binary_loops_u8[TARE_BINARY_COUNT] = {
    TARE_BINARY_COMPARE_LIST(TARE_BINARY_SLOT)};
#undef NAMED

#define NAMED(f) f##_bool
TARE_UNARY_LOOP(LOGICAL_NOT, uint8_t, uint8_t, !v)
TARE_BINARY_LOOPS(EQUAL, uint8_t, uint8_t, !a == !b)
TARE_BINARY_LOOPS(NOT_EQUAL, uint8_t, uint8_t, !a != !b)
#define LOGICAL(name, value) TARE_BINARY_LOOPS(name, uint8_t, uint8_t, value)
TARE_BINARY_LOGICAL_LIST(LOGICAL)
#undef LOGICAL
static const tare_unary_loop unary_loops_bool[TARE_UNARY_COUNT] = {TARE_UNARY_SLOT(LOGICAL_NOT, )};
static const tare_binary_loops binary_loops_bool[TARE_BINARY_COUNT] = {TARE_BINARY_SLOT(
    EQUAL, ) TARE_BINARY_SLOT(NOT_EQUAL, ) TARE_BINARY_LOGICAL_LIST(TARE_BINARY_SLOT)};
#undef NAMED

static const tare_unary_loop *const unary_tables[TARE_DTYPE_COUNT] = {
    [TARE_FLOAT32] = unary_loops_f32, [TARE_FLOAT64] = unary_loops_f64,
    [TARE_INT32] = unary_loops_i32,   [TARE_INT64] = unary_loops_i64,
    [TARE_BOOL] = unary_loops_bool,
};
static const tare_binary_loops *const binary_tables[TARE_DTYPE_COUNT] = {
    [TARE_FLOAT32] = binary_loops_f32, [TARE_FLOAT64] = binary_loops_f64,
    [TARE_INT32] = binary_loops_i32,   [TARE_INT64] = binary_loops_i64,
    [TARE_UINT8] = binary_loops_u8,    [TARE_BOOL] = binary_loops_bool,
};

/* The float32 loops of this processor; NULL: it has none of its own. */
static const tare_elementwise_fast *fast(void) {
#if defined(__x86_64__)
    static const tare_elementwise_fast *const tables[] = {
        [TARE_ISA_BASELINE] = NULL,
        [TARE_ISA_AVX2] = &tare_elementwise_avx2,
        [TARE_ISA_AVX512] = &tare_elementwise_avx512,
    };
    return tables[tare_isa_used()];
#elif defined(__aarch64__)
    return &tare_elementwise_neon;
#else
    return NULL;
#endif
}

tare_unary_loop tare_unary_loop_of(tare_unary which, tare_dtype dtype) {
    if ((unsigned)dtype >= TARE_DTYPE_COUNT || !unary_tables[dtype]) return NULL;
    const tare_elementwise_fast *own = dtype == TARE_FLOAT32 ? fast() : NULL;
    if (own && own->unary[which]) return own->unary[which];
    return unary_tables[dtype][which];
}

const tare_binary_loops *tare_binary_loops_of(tare_binary which, tare_dtype dtype) {
    if ((unsigned)dtype >= TARE_DTYPE_COUNT || !binary_tables[dtype]) return NULL;
    const tare_elementwise_fast *own = dtype == TARE_FLOAT32 ? fast() : NULL;
    if (own && own->binary[which].both) return &own->binary[which];
    const tare_binary_loops *loops = &binary_tables[dtype][which];
    return loops->both ? loops : NULL;
}

tare_dtype tare_unary_dtype(tare_unary which, tare_dtype dtype) {
    return which == TARE_UNARY_IS_NAN || which == TARE_UNARY_IS_FINITE ? TARE_BOOL : dtype;
}

tare_dtype tare_binary_dtype(tare_binary which, tare_dtype dtype) {
    if (which >= TARE_BINARY_EQUAL && which <= TARE_BINARY_GREATER_EQUAL) return TARE_BOOL;
    const bool whole = dtype == TARE_INT32 || dtype == TARE_INT64;
    return which == TARE_BINARY_DIV && whole ? TARE_FLOAT64 : dtype;
}

double tare_unary_reference(tare_unary which, double x, double parameter) {
    double y = NAN;
    if (which == TARE_UNARY_IS_NAN || which == TARE_UNARY_IS_FINITE || !unary_loops_f64[which])
        return y;
    unary_loops_f64[which](&x, &y, 1, parameter);
    return y;
}
