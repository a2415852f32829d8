/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instruction set the kernels use: found once from CPUID, lowered by the environment variable
 * TARE_ISA, then constant.
 */
#ifndef TARE_SRC_KERNEL_ISA_H
#define TARE_SRC_KERNEL_ISA_H

#include <stdbool.h>

typedef enum tare_isa { TARE_ISA_BASELINE = 0, TARE_ISA_AVX2 = 1, TARE_ISA_AVX512 = 2 } tare_isa;

/* Thread-safe; TARE_ISA = baseline | avx2 | avx512 never raises above what the processor has. */
tare_isa tare_isa_used(void);
/* The best that the processor has, whatever the environment says. */
tare_isa tare_isa_supported(void);
/* Whether its AVX-512 has products of bytes (VNNI) too. */
bool tare_isa_has_vnni(void);
const char *tare_isa_name(tare_isa isa); /* "avx512" */

#endif
