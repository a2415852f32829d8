/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/gemm.h"

int64_t tare_gemm_scratch(const tare_gemm *gemm) {
    (void)gemm;
    return 0;
}

void tare_gemm_f32(const tare_gemm *gemm, const float *a, const float *b, const float *bias,
                   float *c, void *scratch, tare_pool *pool) {
    (void)scratch, (void)pool;
    tare_gemm_reference_f32(gemm, a, b, bias, c);
}
