/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of a depthwise convolution for AVX-512. */
#if defined(__x86_64__)
#define TABLE tare_depthwise_rows_avx512
#define ISA   TARE_ISA_AVX512
#define LANES 16
#include "kernel/depthwise_rows.inc.h"
#else
typedef int tare_depthwise_rows_avx512_is_for_x86;
#endif
