/* SPDX-License-Identifier: Apache-2.0 */
/* Products of all the others, in float64 inside, by the products before and after each number. */
#include "kernel/others.h"

#include <stdbool.h>

/* A number and its multiple of e. */
typedef struct dual {
    double value, slope;
} dual;

static inline dual times(dual a, dual b) {
    return (dual){a.value * b.value, a.value * b.slope + a.slope * b.value};
}

/* How many elements the axes in (or not in) the mask have. */
static int64_t count_of(const tare_others *o, bool reduced) {
    int64_t count = 1;
    for (int d = 0; d < o->rank; d++)
        if ((o->mask >> d & 1) == reduced) count *= o->extents[d];
    return count;
}

int64_t tare_others_scratch(const tare_others *o) {
    return count_of(o, true) * (int64_t)(sizeof(dual) + sizeof(int64_t));
}

/* Offset of the index-th element along the axes in (or not in) the mask. */
static int64_t offset_of(const tare_others *o, bool reduced, int64_t index) {
    int64_t offset = 0, step = 1;
    for (int d = o->rank - 1; d >= 0; d--) {
        if ((o->mask >> d & 1) == reduced) {
            offset += index % o->extents[d] * step;
            index /= o->extents[d];
        }
        step *= o->extents[d];
    }
    return offset;
}

#define OTHERS(name, TYPE)                                                                         \
    void name(const tare_others *o, const TYPE *x, const TYPE *u, TYPE *out, void *scratch) {      \
        const int64_t groups = count_of(o, false), n = count_of(o, true);                          \
        dual *before = scratch;                                                                    \
        int64_t *at = (int64_t *)(before + n);                                                     \
        for (int64_t i = 0; i < n; i++) at[i] = offset_of(o, true, i);                             \
        for (int64_t group = 0; group < groups; group++) {                                         \
            const int64_t start = offset_of(o, false, group);                                      \
            dual product = {1, 0};                                                                 \
            for (int64_t i = 0; i < n; i++) {                                                      \
                const int64_t k = start + at[i];                                                   \
                before[i] = product;                                                               \
                product = times(product, (dual){(double)x[k], u ? (double)u[k] : 0});              \
            }                                                                                      \
            product = (dual){1, 0};                                                                \
            for (int64_t i = n - 1; i >= 0; i--) {                                                 \
                const int64_t k = start + at[i];                                                   \
                const dual others = times(before[i], product);                                     \
                product = times(product, (dual){(double)x[k], u ? (double)u[k] : 0});              \
                out[k] = (TYPE)(u ? others.slope : others.value);                                  \
            }                                                                                      \
        }                                                                                          \
    }
OTHERS(tare_others_f32, float)
OTHERS(tare_others_f64, double)
