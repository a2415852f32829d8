/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the lists of elementwise_list.h become loops; for the files that expand them. They define
 * NAMED(f), the name of a function for the type or instruction set at hand.
 */
#ifndef TARE_SRC_KERNEL_ELEMENTWISE_LOOPS_H
#define TARE_SRC_KERNEL_ELEMENTWISE_LOOPS_H

#include "kernel/elementwise.h"
#include "kernel/exponential.h"

/* An output may be an input, but never shifted against it, so every turn of a loop stands alone. */
#if defined(__clang__)
#define TARE_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define TARE_INDEPENDENT _Pragma("GCC ivdep")
#endif

#define TARE_UNARY_LOOP(name, IN, OUT, value)                                                      \
    static void NAMED(unary_##name)(const void *in, void *out, int64_t n, double parameter) {      \
        const IN *x = in;                                                                          \
        OUT *y = out;                                                                              \
        const IN p = (IN)parameter;                                                                \
        (void)p;                                                                                   \
        TARE_INDEPENDENT                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const IN v = x[i];                                                                     \
            y[i] = (OUT)(value);                                                                   \
        }                                                                                          \
    }

#define TARE_BINARY_LOOP_(name, IN, OUT, value, first, second)                                     \
    static void NAMED(name)(const void *left, const void *right, void *out, int64_t n,             \
                            double parameter) {                                                    \
        const IN *x = left, *z = right;                                                            \
        OUT *y = out;                                                                              \
        const IN p = (IN)parameter;                                                                \
        (void)p;                                                                                   \
        if (n < 1) return;                                                                         \
        const IN x0 = x[0], z0 = z[0];                                                             \
        (void)x0, (void)z0;                                                                        \
        TARE_INDEPENDENT                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const IN a = first, b = second;                                                        \
            y[i] = (OUT)(value);                                                                   \
        }                                                                                          \
    }
#define TARE_BINARY_LOOPS(name, IN, OUT, value)                                                    \
    TARE_BINARY_LOOP_(both_##name, IN, OUT, value, x[i], z[i])                                     \
    TARE_BINARY_LOOP_(right_##name, IN, OUT, value, x[i], z0)                                      \
    TARE_BINARY_LOOP_(left_##name, IN, OUT, value, x0, z[i])

#define TARE_UNARY_SLOT(name, value) [TARE_UNARY_##name] = NAMED(unary_##name),
#define TARE_BINARY_SLOT(name, value)                                                              \
    [TARE_BINARY_##name] = {NAMED(both_##name), NAMED(right_##name), NAMED(left_##name)},

#endif
