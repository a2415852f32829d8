/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of numbers seen batch by batch.
 *
 * Source  average: tensorflow/contrib/quantize/python/quant_ops.py (MovingAvgQuantize); entropy:
 *         Migacz 2017, "8-bit inference with TensorRT".
 */
#include "norm/observer.h"

#include <math.h>

enum { BINS = TARE_OBSERVER_BINS, HALF = BINS / 2, LEVELS = 128 };

bool tare_observer_needs_bins(const tare_observe_options *options) {
    return options->observer == TARE_OBSERVER_PERCENTILE ||
           options->observer == TARE_OBSERVER_ENTROPY;
}

/* --------------------------------------------------------------------------------------- seeing */

/* Twice the reach: each bin now holds what two did, on both sides of the middle. */
static void double_reach(tare_observer *o) {
    double *above = o->bins + HALF, *below = o->bins + HALF - 1;
    for (int i = 0; i < HALF; i++) {
        const bool inner = i < HALF / 2;
        above[i] = inner ? above[2 * i] + above[2 * i + 1] : 0;
        below[-i] = inner ? below[-2 * i] + below[-2 * i - 1] : 0;
    }
    o->reach *= 2;
}

static void count_number(tare_observer *o, double number) {
    const double size = fabs(number);
    if (size == 0) {
        o->zeros++;
        return;
    }
    if (o->reach == 0) o->reach = size;
    while (size > o->reach) double_reach(o);
    const double place = (number / o->reach + 1) * HALF;
    o->bins[place >= BINS ? BINS - 1 : (int)place]++;
}

bool tare_observer_see(tare_observer *o, const float *numbers, int64_t count) {
    double min = INFINITY, max = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        const double number = (double)numbers[i];
        if (!isfinite(number)) return false;
        min = number < min ? number : min;
        max = number > max ? number : max;
        if (o->bins) count_number(o, number);
    }
    if (count == 0) return true;
    if (o->count == 0) {
        o->min = min;
        o->max = max;
    } else if (o->options->observer == TARE_OBSERVER_AVERAGE) {
        o->min -= (o->min - min) * (1 - o->options->decay);
        o->max -= (o->max - max) * (1 - o->options->decay);
    } else {
        o->min = min < o->min ? min : o->min;
        o->max = max > o->max ? max : o->max;
    }
    o->count += count;
    o->batches++;
    return true;
}

/* ----------------------------------------------------------------------------------- percentile */

/* Where a bin begins. */
static double edge(const tare_observer *o, int bin) { return ((double)bin / HALF - 1) * o->reach; }

static double mass_of(const tare_observer *o, int bin) {
    return o->bins[bin] + (bin == HALF ? o->zeros : 0);
}

/* Ends of the bins within which all but a share of the numbers lie, half of it at each end. */
static void cut_tails(const tare_observer *o, tare_tflite_range *range) {
    const double tail = (1 - o->options->percentile / 100) / 2 * (double)o->count;
    double below = 0, above = 0;
    int first = 0, last = BINS - 1;
    for (; first < last && below + mass_of(o, first) <= tail; first++) below += mass_of(o, first);
    for (; last > first && above + mass_of(o, last) <= tail; last--) above += mass_of(o, last);
    const double min = edge(o, first), max = edge(o, last + 1);
    if (min > range->min) range->min = min;
    if (max < range->max) range->max = max;
}

/* -------------------------------------------------------------------------------------- entropy */

/* Zeros count for nothing: every range has them as they are, and a layer of relu has so many that
 * they would outweigh the rest. */

/* Divergence of |x|'s distribution up to bin `kept` from the same in LEVELS steps. */
static double divergence(const double *sizes, int kept, double outside) {
    double total = outside, sum = 0;
    for (int i = 0; i < kept; i++) total += sizes[i];
    for (int level = 0; level < LEVELS; level++) {
        const int begin = level * kept / LEVELS, end = (level + 1) * kept / LEVELS;
        double mass = 0;
        int filled = 0;
        for (int i = begin; i < end; i++) {
            mass += sizes[i];
            filled += sizes[i] > 0;
        }
        for (int i = begin; i < end; i++) {
            /* What lies outside is clipped: it counts in the last bin, which knows nothing of it.
             */
            const double p = sizes[i] + (i == kept - 1 ? outside : 0);
            const double q = sizes[i] > 0 ? mass / filled : 0;
            if (p > 0) sum += p / total * log(p / (q > 0 ? q : 1e-9) * ((total - outside) / total));
        }
    }
    return sum;
}

static void cut_by_entropy(const tare_observer *o, tare_tflite_range *range) {
    double *sizes = o->bins + BINS; /* the room behind the bins */
    double outside = 0, least = INFINITY;
    int best = HALF;
    for (int i = 0; i < HALF; i++) sizes[i] = o->bins[HALF + i] + o->bins[HALF - 1 - i];
    for (int kept = HALF; kept >= LEVELS; kept--) {
        const double found = divergence(sizes, kept, outside);
        if (found < least) {
            least = found;
            best = kept;
        }
        outside += sizes[kept - 1];
    }
    const double limit = (double)best / HALF * o->reach;
    if (range->min < -limit) range->min = -limit;
    if (range->max > limit) range->max = limit;
}

tare_tflite_range tare_observer_range(const tare_observer *o) {
    tare_tflite_range range = {.known = o->count > 0, .min = o->min, .max = o->max};
    if (!range.known || o->reach == 0) return range;
    if (o->options->observer == TARE_OBSERVER_PERCENTILE) cut_tails(o, &range);
    if (o->options->observer == TARE_OBSERVER_ENTROPY) cut_by_entropy(o, &range);
    return range;
}
