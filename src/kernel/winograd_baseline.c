/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms of Winograd's convolution for what every processor of the architecture has, and
 * the choice among the tables. */
#define LANES  4
#define KERNEL tare_winograd_kernel_baseline
#include "kernel/winograd.inc.h"

const tare_winograd_kernel *tare_winograd_kernel_of(tare_isa isa) {
#if defined(__x86_64__)
    if (isa == TARE_ISA_AVX512) return &tare_winograd_kernel_avx512;
    if (isa == TARE_ISA_AVX2) return &tare_winograd_kernel_avx2;
#endif
    (void)isa;
    return &tare_winograd_kernel_baseline;
}
