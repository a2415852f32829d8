/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix product micro-kernels for AVX-512. */
#if defined(__x86_64__)
#define LANES  16
#define ROWS   14
#define KERNEL tare_gemm_kernel_avx512
#define ISA    TARE_ISA_AVX512
#include "kernel/gemm_kernel.inc.h"
#else
typedef int tare_gemm_avx512_is_for_x86;
#endif
