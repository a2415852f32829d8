/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plain matrix product for one element type; included once per type by gemm_reference.c with
 *     NUMBER   the element type
 *     SUM      the type that products are made and added in
 *     NAME     the function's name
 */
void NAME(const tare_gemm *gemm, const NUMBER *a, const NUMBER *b, const NUMBER *bias, NUMBER *c) {
    const int64_t a_row = gemm->transpose_a ? 1 : gemm->lda;
    const int64_t a_step = gemm->transpose_a ? gemm->lda : 1;
    const int64_t b_step = gemm->transpose_b ? 1 : gemm->ldb;
    const int64_t b_column = gemm->transpose_b ? gemm->ldb : 1;
    for (int64_t i = 0; i < gemm->m; i++) {
        for (int64_t j = 0; j < gemm->n; j++) {
            SUM sum = 0;
            for (int64_t p = 0; p < gemm->k; p++)
                sum += (SUM)a[i * a_row + p * a_step] * (SUM)b[p * b_step + j * b_column];
            NUMBER *out = &c[i * gemm->ldc + j];
            if (bias) sum += (SUM)bias[j];
            *out = (NUMBER)(gemm->accumulate ? (SUM)*out + sum : sum);
        }
    }
}

#undef NUMBER
#undef SUM
#undef NAME
