/* SPDX-License-Identifier: Apache-2.0 */
/* Row kernels of normalisation for AVX-512. */
#if defined(__x86_64__)
#define TABLE tare_normalisation_rows_avx512
#define ISA   TARE_ISA_AVX512
#include "kernel/normalisation_rows_table.inc.h"
#else
typedef int tare_normalisation_rows_avx512_is_for_x86;
#endif
