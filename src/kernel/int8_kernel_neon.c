/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-number products for every 64-bit ARM: two products of 16-bit numbers a lane. */
#if defined(__aarch64__)
#include "kernel/int8_kernel.h"
#include "kernel/int8_neon.h"

#define ROWS   6
#define KERNEL tare_int8_kernel_baseline
#define ISA    TARE_ISA_BASELINE
#define NUMBER int16_t

static inline vector dot(vector sum, vector x, vector w) {
    const int16x8_t numbers = (int16x8_t)x, weights = (int16x8_t)w;
    const int32x4_t low = vmull_s16(vget_low_s16(numbers), vget_low_s16(weights));
    return (vector)vaddq_s32((int32x4_t)sum, vpaddq_s32(low, vmull_high_s16(numbers, weights)));
}
static inline vector widen(const char *from) {
    int16x4_t four;
    memcpy(&four, from, sizeof four);
    return (vector)vmovl_s16(four);
}

#include "kernel/int8_kernel.inc.h"
#else
typedef int tare_int8_kernel_neon_is_for_arm;
#endif
