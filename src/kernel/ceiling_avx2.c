/* SPDX-License-Identifier: Apache-2.0 */
/* The processor's ceilings with AVX2. */
#if defined(__x86_64__)
#define LANES 8
#define TABLE tare_ceiling_loops_avx2
#include "kernel/ceiling.inc.h"
#else
typedef int tare_ceiling_avx2_is_for_x86;
#endif
