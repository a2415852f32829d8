/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of a depthwise convolution for AVX2 with FMA. */
#if defined(__x86_64__)
#define TABLE tare_depthwise_rows_avx2
#define ISA   TARE_ISA_AVX2
#define LANES 8
#include "kernel/depthwise_rows.inc.h"
#else
typedef int tare_depthwise_rows_avx2_is_for_x86;
#endif
