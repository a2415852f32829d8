/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms of Winograd's convolution for AVX2. */
#if defined(__x86_64__)
#define LANES  8
#define KERNEL tare_winograd_kernel_avx2
#include "kernel/winograd.inc.h"
#else
typedef int tare_winograd_avx2_is_for_x86;
#endif
