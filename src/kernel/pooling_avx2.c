/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling for AVX2. */
#if defined(__x86_64__)
#define KERNEL tare_pooling_kernel_avx2
#define BYTES  32
#include "kernel/pooling_table.inc.h"
#else
typedef int tare_pooling_avx2_is_for_x86;
#endif
