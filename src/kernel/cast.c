/* SPDX-License-Identifier: Apache-2.0 */
/* Loops that convert every kind of number into every other. */
#include "kernel/cast.h"

static inline int32_t whole_i32(double v) {
    return v > -2147483649.0 && v < 2147483648.0 ? (int32_t)v : INT32_MIN;
}
static inline int64_t whole_i64(double v) {
    return v >= -9223372036854775808.0 && v < 9223372036854775808.0 ? (int64_t)v : INT64_MIN;
}

/* From one type to all; the last four arguments say how a value v of it becomes whole. */
#define FROM(name, TYPE, to_i32, to_i64, to_byte)                                                  \
    TARE_CAST_LOOP(name##_f32, TYPE, float, (float)v)                                              \
    TARE_CAST_LOOP(name##_f64, TYPE, double, (double)v)                                            \
    TARE_CAST_LOOP(name##_i32, TYPE, int32_t, to_i32)                                              \
    TARE_CAST_LOOP(name##_i64, TYPE, int64_t, to_i64)                                              \
    TARE_CAST_LOOP(name##_i8, TYPE, int8_t, (int8_t)(to_byte))                                     \
    TARE_CAST_LOOP(name##_u8, TYPE, uint8_t, (uint8_t)(to_byte))                                   \
    TARE_CAST_LOOP(name##_bool, TYPE, uint8_t, (uint8_t)(v != 0))
#define TARE_CAST_LOOP(name, IN, OUT, value)                                                       \
    static void name(const void *in, void *out, int64_t n, double parameter) {                     \
        const IN *x = in;                                                                          \
        OUT *y = out;                                                                              \
        (void)parameter;                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const IN v = x[i];                                                                     \
            y[i] = value;                                                                          \
        }                                                                                          \
    }
FROM(f32, float, whole_i32((double)v), whole_i64((double)v), whole_i64((double)v))
FROM(f64, double, whole_i32(v), whole_i64(v), whole_i64(v))
FROM(i32, int32_t, v, v, v)
FROM(i64, int64_t, (int32_t)v, v, v)
FROM(i8, int8_t, v, v, v)
FROM(u8, uint8_t, v, v, v)
FROM(bool, uint8_t, v != 0, v != 0, v != 0)

#define ROW(name)                                                                                  \
    {                                                                                              \
        [TARE_FLOAT32] = name##_f32, [TARE_FLOAT64] = name##_f64, [TARE_INT32] = name##_i32,       \
        [TARE_INT64] = name##_i64, [TARE_INT8] = name##_i8, [TARE_UINT8] = name##_u8,              \
        [TARE_BOOL] = name##_bool                                                                  \
    }

tare_unary_loop tare_cast_loop_of(tare_dtype from, tare_dtype to) {
    static const tare_unary_loop loops[TARE_DTYPE_COUNT][TARE_DTYPE_COUNT] = {
        [TARE_FLOAT32] = ROW(f32), [TARE_FLOAT64] = ROW(f64), [TARE_INT32] = ROW(i32),
        [TARE_INT64] = ROW(i64),   [TARE_INT8] = ROW(i8),     [TARE_UINT8] = ROW(u8),
        [TARE_BOOL] = ROW(bool)};
    if ((unsigned)from >= TARE_DTYPE_COUNT || (unsigned)to >= TARE_DTYPE_COUNT) return NULL;
    return loops[from][to];
}
