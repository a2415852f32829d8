/* SPDX-License-Identifier: Apache-2.0 */
/* Fake quantisation, once per element type; slices of the numbers, whose bounds depend on their
 * count alone. */
#include "kernel/fake_quantise.h"

#include "kernel/slices.h"

#include <math.h>

enum { SLICE_ELEMENTS = 16384 };

typedef struct fake_quantise_job {
    const tare_fake_quantisation *how;
    const void *x, *quanta;
    void *y;
    int64_t slices;
} fake_quantise_job;

#define ROUND(NUMBER, T, FLOOR, ROUND_HALF_AWAY)                                                   \
    tare_quanta_##T tare_nudge_##T(const tare_fake_quantisation *how, NUMBER min, NUMBER max) {    \
        const NUMBER least = (NUMBER)how->least, greatest = (NUMBER)how->greatest;                 \
        if (min == 0 && max == 0) return (tare_quanta_##T){-INFINITY, INFINITY, 1};                \
        const NUMBER scale = (max - min) / (greatest - least);                                     \
        NUMBER zero = ROUND_HALF_AWAY(least - min / scale);                                        \
        if (zero < least) zero = least;                                                            \
        if (zero > greatest) zero = greatest;                                                      \
        return (tare_quanta_##T){(least - zero) * scale, (greatest - zero) * scale, scale};        \
    }                                                                                              \
    static NUMBER round_##T(NUMBER x, const tare_quanta_##T *q, bool multiplies) {                 \
        if (q->low == -(NUMBER)INFINITY) return isnan(x) ? x : 0;                                  \
        NUMBER clamped = x > q->high ? q->high : x;                                                \
        clamped = clamped < q->low ? q->low : clamped;                                             \
        const NUMBER shifted = clamped - q->low;                                                   \
        const NUMBER steps = multiplies ? shifted * (1 / q->scale) : shifted / q->scale;           \
        return FLOOR(steps + (NUMBER).5) * q->scale + q->low;                                      \
    }                                                                                              \
    /* One range for all, as activations have it: a loop that fills whole registers. What is       \
     * rounded down is not negative, so that cutting off is rounding down; NaN is counted as low,  \
     * and put back. */                                                                            \
    static void round_run_##T(const NUMBER *x, int64_t count, tare_quanta_##T q, NUMBER *y) {      \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const NUMBER number = x[i], below = number > q.high ? q.high : number;                 \
            const NUMBER steps = ((below >= q.low ? below : q.low) - q.low) / q.scale;             \
            const NUMBER quantum = (NUMBER)(int32_t)(steps + (NUMBER).5) * q.scale + q.low;        \
            y[i] = number == number ? quantum : number;                                            \
        }                                                                                          \
    }                                                                                              \
    static void round_slice_##T(void *context, int64_t slice) {                                    \
        const fake_quantise_job *job = context;                                                    \
        const tare_fake_quantisation *how = job->how;                                              \
        const NUMBER *x = job->x;                                                                  \
        NUMBER *y = job->y;                                                                        \
        const tare_quanta_##T *quanta = job->quanta;                                               \
        const int64_t begin = tare_slice_begin(how->count, job->slices, slice);                    \
        const int64_t end = tare_slice_begin(how->count, job->slices, slice + 1);                  \
        if (how->channels == 1 && !how->multiplies && quanta->low > -(NUMBER)INFINITY &&           \
            quanta->scale > 0) {                                                                   \
            round_run_##T(x + begin, end - begin, *quanta, y + begin);                             \
            return;                                                                                \
        }                                                                                          \
        int64_t channel = begin % how->channels;                                                   \
        for (int64_t i = begin; i < end; i++) {                                                    \
            y[i] = round_##T(x[i], &quanta[channel], how->multiplies);                             \
            channel = channel + 1 == how->channels ? 0 : channel + 1;                              \
        }                                                                                          \
    }                                                                                              \
    void tare_fake_quantise_##T(const tare_fake_quantisation *how, const NUMBER *x,                \
                                const NUMBER *min, const NUMBER *max, NUMBER *y,                   \
                                tare_quanta_##T *quanta, tare_pool *pool) {                        \
        if (how->count < 1) return;                                                                \
        for (int64_t c = 0; c < how->channels; c++)                                                \
            quanta[c] = tare_nudge_##T(how, min[c], max[c]);                                       \
        fake_quantise_job job = {.how = how, .x = x, .quanta = quanta, .y = y};                    \
        job.slices = tare_slice_count(how->count, 1, SLICE_ELEMENTS);                              \
        tare_pool_run(pool, job.slices, round_slice_##T, &job);                                    \
    }

ROUND(float, f32, floorf, roundf)
ROUND(double, f64, floor, round)
