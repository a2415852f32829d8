/* SPDX-License-Identifier: Apache-2.0 */
/* Philox blocks, many at a time (base/random.h tells what a block is). */
#ifndef TARE_SRC_KERNEL_DRAW_BLOCKS_H
#define TARE_SRC_KERNEL_DRAW_BLOCKS_H

#include "base/random.h"

enum { TARE_DRAW_BLOCKS = 32 };

/* Blocks first .. first + TARE_DRAW_BLOCKS - 1: of block i, numbers[0][i] are its words 0 (low) and
 * 1 (high), numbers[1][i] its words 2 and 3. */
typedef void (*tare_draw_blocks)(const tare_random *random, uint64_t first,
                                 uint64_t numbers[2][TARE_DRAW_BLOCKS]);

#if defined(__x86_64__)
void tare_draw_blocks_avx2(const tare_random *random, uint64_t first,
                           uint64_t numbers[2][TARE_DRAW_BLOCKS]);
void tare_draw_blocks_avx512(const tare_random *random, uint64_t first,
                             uint64_t numbers[2][TARE_DRAW_BLOCKS]);
#endif

#endif
