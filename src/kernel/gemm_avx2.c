/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix product micro-kernels for AVX2 with FMA. */
#if defined(__x86_64__)
#define LANES  8
#define ROWS   6
#define KERNEL tare_gemm_kernel_avx2
#define ISA    TARE_ISA_AVX2
#include "kernel/gemm_kernel.inc.h"
#else
typedef int tare_gemm_avx2_is_for_x86;
#endif
