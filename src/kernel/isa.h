/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instruction set the kernels use: found once from the processor, lowered by the environment
 * variable TARE_ISA, then constant.
 */
#ifndef TARE_SRC_KERNEL_ISA_H
#define TARE_SRC_KERNEL_ISA_H

#include <stdbool.h>

/* The baseline is what every processor of the architecture has, and what is above it the
 * architecture's own: each has what is below it. */
typedef enum tare_isa {
    TARE_ISA_BASELINE = 0, /* SSE2 of x86-64, NEON of 64-bit ARM */
    TARE_ISA_AVX2 = 1,     /* with FMA */
    TARE_ISA_AVX512 = 2,
    TARE_ISA_DOTPROD = 1 /* ARM's products of bytes; of float32 as the baseline */
} tare_isa;

/* Thread-safe; TARE_ISA = baseline | avx2 | avx512, on ARM baseline or neon | dotprod, never raises
 * above what the processor has. */
tare_isa tare_isa_used(void);
/* The best that the processor has, whatever the environment says. */
tare_isa tare_isa_supported(void);
/* Whether its AVX-512 has products of bytes (VNNI) too. */
bool tare_isa_has_vnni(void);
const char *tare_isa_name(tare_isa isa); /* "avx512"; ARM's baseline is "neon" */

#endif
