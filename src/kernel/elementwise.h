/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementwise loops of one and two arguments, and running them over broadcast shapes.
 *
 * A loop goes over n numbers that lie side by side. Its output may be one of its inputs.
 * `parameter` is of the functions that have one (a slope, a weight); the others do not look at it.
 */
#ifndef TARE_SRC_KERNEL_ELEMENTWISE_H
#define TARE_SRC_KERNEL_ELEMENTWISE_H

#include "base/threads.h"
#include "kernel/elementwise_list.h"
#include <tare/array.h>

#define TARE_DTYPE_COUNT 9 /* of enum tare_dtype, TARE_DTYPE_NONE counted */

typedef enum tare_unary {
#define TARE_UNARY_ENTRY(name, value) TARE_UNARY_##name,
    TARE_UNARY_HOT_LIST(TARE_UNARY_ENTRY) TARE_UNARY_PLAIN_LIST(TARE_UNARY_ENTRY)
        TARE_UNARY_TEST_LIST(TARE_UNARY_ENTRY)
#undef TARE_UNARY_ENTRY
            TARE_UNARY_LOGICAL_NOT,
    TARE_UNARY_COUNT
} tare_unary;

typedef enum tare_binary {
#define TARE_BINARY_ENTRY(name, value) TARE_BINARY_##name,
    TARE_BINARY_HOT_LIST(TARE_BINARY_ENTRY) TARE_BINARY_PLAIN_LIST(TARE_BINARY_ENTRY)
        TARE_BINARY_WHOLE_LIST(TARE_BINARY_ENTRY) TARE_BINARY_COMPARE_LIST(TARE_BINARY_ENTRY)
            TARE_BINARY_LOGICAL_LIST(TARE_BINARY_ENTRY)
#undef TARE_BINARY_ENTRY
                TARE_BINARY_COUNT
} tare_binary;

typedef void (*tare_unary_loop)(const void *x, void *y, int64_t n, double parameter);
typedef void (*tare_binary_loop)(const void *a, const void *b, void *y, int64_t n,
                                 double parameter);

/* A function of two arguments with both in a row, or one of them a single number. */
typedef struct tare_binary_loops {
    tare_binary_loop both, right_single, left_single;
} tare_binary_loops;

/* The loop for numbers of dtype; NULL: the function is not defined for them. */
tare_unary_loop tare_unary_loop_of(tare_unary which, tare_dtype dtype);
const tare_binary_loops *tare_binary_loops_of(tare_binary which, tare_dtype dtype);
/* dtype of the result: bool of comparisons and tests, float64 of a quotient of whole numbers, else
 * dtype. */
tare_dtype tare_unary_dtype(tare_unary which, tare_dtype dtype);
tare_dtype tare_binary_dtype(tare_binary which, tare_dtype dtype);

/* The same function of one number in double, by the C library: the truth that fast loops are held
 * against. NaN for what has no loop for float64. */
double tare_unary_reference(tare_unary which, double x, double parameter);

/* Loops for float32 of one instruction set; entries without a loop are NULL. */
typedef struct tare_elementwise_fast {
    tare_unary_loop unary[TARE_UNARY_COUNT];
    tare_binary_loops binary[TARE_BINARY_COUNT];
} tare_elementwise_fast;
#if defined(__x86_64__)
extern const tare_elementwise_fast tare_elementwise_avx2, tare_elementwise_avx512;
#elif defined(__aarch64__)
extern const tare_elementwise_fast tare_elementwise_neon;
#endif

/* ------------------------------------------------------------------- whole arrays of one shape */

typedef struct tare_unary_pass {
    tare_unary_loop loop;
    double parameter;
    int64_t count, slices;
    size_t in_size, out_size; /* bytes of an element */
} tare_unary_pass;

/* False: the function is not defined for dtype. */
bool tare_unary_plan(tare_unary_pass *pass, tare_unary which, tare_dtype dtype, int64_t count,
                     double parameter);
void tare_unary_run(const tare_unary_pass *pass, const void *x, void *y, tare_pool *pool);

/* ----------------------------------------------------------------------------- broadcasting */

/*
 * y = f(a, b) with NumPy's broadcasting. Axes that both arguments walk through alike are joined:
 * what is left are `rows` of `inner` numbers, in which each argument is a row or a single number.
 */
typedef struct tare_binary_pass {
    const tare_binary_loops *loops;
    tare_binary_loop row; /* the one of loops that suits the rows */
    double parameter;
    int64_t rows, inner, slices;
    int rank; /* of the outer axes */
    int64_t extents[TARE_MAX_RANK], a_strides[TARE_MAX_RANK], b_strides[TARE_MAX_RANK];
    size_t in_size, out_size;
    /* Short rows against one row that repeats: that row is written `repeat` times behind itself, so
     * that the loops are long. 0: not so. */
    int64_t repeat;
    bool repeat_is_a;
} tare_binary_pass;

/* The shapes are known and fit. False: the function is not defined for dtype. */
bool tare_binary_plan(tare_binary_pass *pass, tare_binary which, tare_dtype dtype, tare_shape a,
                      tare_shape b, double parameter);
int64_t tare_binary_scratch(const tare_binary_pass *pass); /* bytes */
void tare_binary_run(const tare_binary_pass *pass, const void *a, const void *b, void *y,
                     void *scratch, tare_pool *pool);

#endif
