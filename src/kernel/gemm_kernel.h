/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a matrix product needs from an instruction set: micro-kernels that make one tile of C in
 * registers, and the packing that feeds them. One table per instruction set, all compiled from
 * gemm_kernel.inc.h.
 */
#ifndef TARE_SRC_KERNEL_GEMM_KERNEL_H
#define TARE_SRC_KERNEL_GEMM_KERNEL_H

#include "kernel/gemm.h"
#include "kernel/isa.h"

#define TARE_GEMM_MOST_ROWS 14
#define TARE_GEMM_DOT_ROWS  8
#define TARE_GEMM_FETCHED   32 /* numbers that a step fetches */

/* Where a stretch of a sum begins: how far behind a and b. */
typedef struct tare_gemm_segment {
    int64_t a, b;
} tare_gemm_segment;

/*
 * One tile: C[rows, columns] = sum over p < k of A[i, p] B[p, j] (+ C) (+ bias[j]). k may be 0.
 *
 * A micro-kernel "by panel" reads A[i, p] at a[p * a_stride + i]: a packed panel, or a transposed
 * matrix where it lies. One "by rows" reads it at a[i * a_stride + p]: a plain matrix where it
 * lies. Row p of B begins at b + p * b_stride and is read in full width (one or two vectors),
 * whatever `columns` says.
 *
 * One "by dot", for few columns, reads A as by rows and B transposed, B[p, j] at b[j * b_stride +
 * p]; it sums steps in the lanes of a vector.
 *
 * With segments, the sum is made of that many stretches of k steps each, in their order; of none,
 * it is 0.
 */
typedef struct tare_gemm_tile {
    const float *a, *b, *bias; /* bias: NULL or [columns] */
    float *c;
    int64_t k, a_stride, b_stride, ldc;
    int64_t columns; /* 1 .. width of the micro-kernel */
    bool accumulate;
    const tare_gemm_segment *segments; /* NULL: one stretch, from a and b on */
    int64_t segment_count;
    const tare_ending *ending; /* NULL: none */
    const float *addend;       /* the ending's, for this tile, its rows ldc apart as C's are */
    /* What later tiles read: two lines are fetched into the second-level cache, fetch_step bytes on
     * with each step (by dot: each vector of steps of the first column), so that no burst of it
     * holds up this tile. NULL and 0: nothing. */
    const char *fetch;
    int64_t fetch_step;
} tare_gemm_tile;

typedef void (*tare_gemm_tile_function)(const tare_gemm_tile *tile);

/* A vector times a matrix: y[j] = sum over p < k of v[p] M[p, j] (+ y[j]) (+ bias[j]), j < n. */
typedef struct tare_gemm_vector {
    const float *v, *matrix, *bias;
    float *y;
    int64_t k, n, stride; /* stride: from one stored row of M (or of its transpose) to the next */
    bool accumulate;
} tare_gemm_vector;

typedef struct tare_gemm_kernel {
    tare_isa isa;
    int rows;  /* of the tallest tile */
    int lanes; /* numbers in a vector; the wide tiles have twice as many columns */
    int panel; /* from one step of a packed panel of A to the next: rows, rounded up to 4 */
    /* [0]: one vector wide, [1]: two; then rows - 1. */
    tare_gemm_tile_function by_panel[2][TARE_GEMM_MOST_ROWS], by_rows[2][TARE_GEMM_MOST_ROWS];
    tare_gemm_tile_function by_dot[TARE_GEMM_DOT_ROWS]; /* rows - 1 */
    /* packed[p * width + i] = from[p * stride + i], i < width, p < k; only the first `have` are
     * read, 0 from there on. */
    void (*pack)(float *packed, int64_t width, const float *from, int64_t stride, int64_t have,
                 int64_t k);
    /* packed[p * width + i] = from[i * stride + p], width a multiple of 4; rows past `have` repeat
     * the last one. */
    void (*pack_transposed)(float *packed, int64_t width, const float *from, int64_t stride,
                            int64_t have, int64_t k);
    /* to[r * to_stride + j] = from[r * from_stride + j], r < rows, j < columns. */
    void (*copy_block)(float *to, int64_t to_stride, const float *from, int64_t from_stride,
                       int64_t rows, int64_t columns);
    /* to[r * to_stride + j] += from[r * from_stride + j], one row after the other: rows of `to` may
     * overlap. */
    void (*add_block)(float *to, int64_t to_stride, const float *from, int64_t from_stride,
                      int64_t rows, int64_t columns);
    /* M[p, j] at matrix[p * stride + j]; at matrix[j * stride + p]. */
    void (*vector_matrix)(const tare_gemm_vector *product);
    void (*vector_transposed)(const tare_gemm_vector *product);
} tare_gemm_kernel;

extern const tare_gemm_kernel tare_gemm_kernel_baseline;
#if defined(__x86_64__)
extern const tare_gemm_kernel tare_gemm_kernel_avx2, tare_gemm_kernel_avx512;
#endif

/* The table of an instruction set that the processor has; NULL when this build has none for it. */
const tare_gemm_kernel *tare_gemm_kernel_of(tare_isa isa);

/* gemm.h's functions with a given table. */
int64_t tare_gemm_scratch_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm);
void tare_gemm_f32_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm, const float *a,
                        const float *b, const float *bias, float *c, void *scratch,
                        tare_pool *pool);
void tare_gemm_riding_f32_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm,
                               const float *a, const float *b, const float *bias, float *c,
                               const tare_gemm_riders *riders, void *scratch, tare_pool *pool);
int64_t tare_gemm_packed_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm);
void tare_gemm_pack_f32_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm, const float *b,
                             float *packed, tare_pool *pool);

#endif
