/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling for AVX-512. */
#if defined(__x86_64__)
#define KERNEL tare_pooling_kernel_avx512
#define BYTES  64
#include "kernel/pooling_table.inc.h"
#else
typedef int tare_pooling_avx512_is_for_x86;
#endif
