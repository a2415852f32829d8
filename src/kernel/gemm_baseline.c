/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix product micro-kernels for what every processor of the architecture has: SSE2 with 16
 * registers, NEON with 32. */
#define LANES 4
#if defined(__x86_64__)
#define ROWS 6
#else
#define ROWS 12
#endif
#define KERNEL tare_gemm_kernel_baseline
#define ISA    TARE_ISA_BASELINE
#include "kernel/gemm_kernel.inc.h"
