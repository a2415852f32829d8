/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrix products: C[m, n] = A' B' (+ C), A' = A or its transpose, B' likewise; row-major with
 * leading dimensions.
 */
#ifndef TARE_SRC_KERNEL_GEMM_H
#define TARE_SRC_KERNEL_GEMM_H

#include "base/threads.h"
#include "kernel/ending.h"

typedef struct tare_gemm {
    int64_t m, n, k;
    bool transpose_a, transpose_b; /* A is stored [k, m], B is stored [n, k] */
    int64_t lda, ldb, ldc;         /* elements from one stored row to the next */
    bool accumulate;               /* C += instead of C = */
} tare_gemm;

/* Operations of the product, a multiply and an add counted as two. */
static inline double tare_gemm_flops(const tare_gemm *gemm) {
    return 2.0 * (double)gemm->m * (double)gemm->n * (double)gemm->k;
}

/* Bytes of scratch that tare_gemm_f32 wants for this product (packed panels); 0 for tiny ones.
 * Depends on shape and instruction set only. */
int64_t tare_gemm_scratch(const tare_gemm *gemm);

/*
 * float32, the best kernel of this machine. bias: NULL or [n], added to every row of the result
 * (not with accumulate). Sums run over k in an order that depends on the shape and instruction set
 * alone. scratch aligned to 64 bytes.
 */
void tare_gemm_f32(const tare_gemm *gemm, const float *a, const float *b, const float *bias,
                   float *c, void *scratch, tare_pool *pool);

/* What may come with a product besides. */
typedef struct tare_gemm_riders {
    const tare_ending *ending; /* NULL: none; its addend's rows are ldc apart, as C's are */
    const float *packed;       /* NULL, or B packed before, which is read instead of b */
} tare_gemm_riders;
void tare_gemm_riding_f32(const tare_gemm *gemm, const float *a, const float *b, const float *bias,
                          float *c, const tare_gemm_riders *riders, void *scratch, tare_pool *pool);

/* Packs B once for many products of this shape. Numbers of packed; 0: this product packs nothing.
 */
int64_t tare_gemm_packed(const tare_gemm *gemm);
void tare_gemm_pack_f32(const tare_gemm *gemm, const float *b, float *packed, tare_pool *pool);

/* Plain loops: the truth the other is held against, and the only ones for float64, int32. */
void tare_gemm_reference_f32(const tare_gemm *gemm, const float *a, const float *b,
                             const float *bias, float *c);
void tare_gemm_reference_f64(const tare_gemm *gemm, const double *a, const double *b,
                             const double *bias, double *c);
void tare_gemm_reference_i32(const tare_gemm *gemm, const int32_t *a, const int32_t *b,
                             const int32_t *bias, int32_t *c);

#endif
