/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-number products for 64-bit ARM with dot products (ARMv8.2): four products of signed bytes a
 * lane. */
#if defined(__aarch64__)
#include "kernel/int8_kernel.h"
#include "kernel/int8_neon.h"

#define ROWS   12
#define KERNEL tare_int8_kernel_dotprod
#define ISA    TARE_ISA_DOTPROD
#define NUMBER int8_t

static inline vector dot(vector sum, vector x, vector w) {
    return (vector)vdotq_s32((int32x4_t)sum, (int8x16_t)x, (int8x16_t)w);
}
/* The upper bytes are 0: a depthwise step has one number. */
static inline vector widen(const char *from) {
    uint32_t four;
    memcpy(&four, from, sizeof four);
    return (vector)vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(four))));
}

#include "kernel/int8_kernel.inc.h"
#else
typedef int tare_int8_kernel_dotprod_is_for_arm;
#endif
