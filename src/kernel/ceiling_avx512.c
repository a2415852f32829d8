/* SPDX-License-Identifier: Apache-2.0 */
/* The processor's ceilings with AVX-512. */
#if defined(__x86_64__)
#define LANES 16
#define TABLE tare_ceiling_loops_avx512
#include "kernel/ceiling.inc.h"
#else
typedef int tare_ceiling_avx512_is_for_x86;
#endif
