/* SPDX-License-Identifier: Apache-2.0 */
/* Elementwise float32 loops for AVX2. */
#if defined(__x86_64__)
#define TABLE tare_elementwise_avx2
#include "kernel/elementwise_fast.inc.h"
#else
typedef int tare_elementwise_avx2_is_for_x86;
#endif
