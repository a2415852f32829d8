/* SPDX-License-Identifier: Apache-2.0 */
/* Row kernels of normalisation for AVX2 with FMA. */
#if defined(__x86_64__)
#define TABLE tare_normalisation_rows_avx2
#define ISA   TARE_ISA_AVX2
#include "kernel/normalisation_rows_table.inc.h"
#else
typedef int tare_normalisation_rows_avx2_is_for_x86;
#endif
