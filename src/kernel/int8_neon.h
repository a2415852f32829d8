/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the whole-number kernels of 64-bit ARM share: bytes to lanes, and sums to results. A rounded
 * high half of a doubled product is one instruction there.
 */
#ifndef TARE_SRC_KERNEL_INT8_NEON_H
#define TARE_SRC_KERNEL_INT8_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LANES 4

typedef int32_t vector __attribute__((vector_size(16)));

/* One instruction; left to themselves, compilers go by an integer register. */
#define SPREAD
static inline vector spread(const char *from) {
    typedef int32_t loose __attribute__((aligned(1), may_alias));
    vector all;
    __asm__("ld1r {%0.4s}, %1" : "=w"(all) : "Q"(*(const loose *)(const void *)from));
    return all;
}

static inline vector bytes_at(const int8_t *from) {
    uint32_t four;
    memcpy(&four, from, sizeof four);
    return (vector)vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(four))));
}

typedef struct factors {
    int32x4_t multiplier, round, left; /* left: a shift to the right counts below 0 */
} factors;
static inline factors factors_of(vector multiplier, vector round, vector shift) {
    return (factors){(int32x4_t)multiplier, (int32x4_t)round, (int32x4_t)-shift};
}

/* Multipliers are not below 0, so that nothing saturates. */
static inline vector scaled(vector number, const factors *by, bool halves_up) {
    const int32x4_t x = (int32x4_t)number;
    const int32x4_t nudged = vaddq_s32(vqrdmulhq_s32(x, by->multiplier), by->round);
    return (vector)vshlq_s32(halves_up ? nudged : vsraq_n_s32(nudged, x, 31), by->left);
}

typedef struct bounds {
    int8x8_t least, most;
} bounds;
static inline bounds bounds_of(int32_t least, int32_t most) {
    return (bounds){vdup_n_s8((int8_t)least), vdup_n_s8((int8_t)most)};
}
/* The first number of a vector stands in the lowest byte. */
static inline void place(int8_t *to, vector y, const bounds *within, int64_t count) {
    const int16x4_t halves = vqmovn_s32((int32x4_t)y);
    const int8x8_t bytes = vqmovn_s16(vcombine_s16(halves, halves));
    const int8x8_t inside = vmin_s8(vmax_s8(bytes, within->least), within->most);
    const uint32_t all = vget_lane_u32(vreinterpret_u32_s8(inside), 0);
    memcpy(to, &all, count >= LANES ? sizeof all : (size_t)count);
}

#endif
