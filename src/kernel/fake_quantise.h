/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers rounded to the quanta of a range, as training with fake quantisation sees them.
 *
 *     scale = (max - min) / (greatest - least)
 *     zero  = least - min / scale, rounded (half away from zero), within least..greatest
 *     low   = (least - zero) scale             high = (greatest - zero) scale
 *     y     = floor((min(max(x, low), high) - low) / scale + 1/2) scale + low
 *
 * so that 0 is a quantum. A range of 0..0 makes y 0, whatever x: its low and high are infinite.
 *
 * Source  TensorFlow r1.15, core/kernels/fake_quant_ops_functor.h.
 */
#ifndef TARE_SRC_KERNEL_FAKE_QUANTISE_H
#define TARE_SRC_KERNEL_FAKE_QUANTISE_H

#include "base/threads.h"

#include <stdbool.h>

/* count numbers whose channel changes fastest; quanta least..greatest of a range for each. */
typedef struct tare_fake_quantisation {
    int64_t count, channels;
    int64_t least, greatest;
    bool multiplies; /* by 1 / scale instead of dividing, as TensorFlow's form with arguments */
} tare_fake_quantisation;

/* quanta: scratch, [channels]. */
#define TARE_FAKE_QUANTISE(NUMBER, T)                                                              \
    typedef struct tare_quanta_##T {                                                               \
        NUMBER low, high, scale;                                                                   \
    } tare_quanta_##T;                                                                             \
    tare_quanta_##T tare_nudge_##T(const tare_fake_quantisation *how, NUMBER min, NUMBER max);     \
    void tare_fake_quantise_##T(const tare_fake_quantisation *how, const NUMBER *x,                \
                                const NUMBER *min, const NUMBER *max, NUMBER *y,                   \
                                tare_quanta_##T *quanta, tare_pool *pool);
TARE_FAKE_QUANTISE(float, f32)
TARE_FAKE_QUANTISE(double, f64)

#endif
