/* SPDX-License-Identifier: Apache-2.0 */
/* Reflected padding, element by element: an odometer over the padded array. */
#include "kernel/mirror.h"

#include <string.h>

static int64_t source(const tare_mirror *m, int d, int64_t at) {
    const int64_t extent = m->small[d], twice = m->symmetric ? 1 : 0;
    int64_t from = at - m->before[d];
    if (from < 0) from = -from - twice;
    if (from >= extent) from = 2 * extent - 2 + twice - from;
    return from;
}

/* Where the padded element at comes from. */
static int64_t offset_of(const tare_mirror *m, const int64_t at[TARE_MAX_RANK]) {
    int64_t offset = 0;
    for (int d = 0; d < m->rank; d++) offset = offset * m->small[d] + source(m, d, at[d]);
    return offset;
}

static int64_t padded_count(const tare_mirror *m) {
    int64_t count = 1;
    for (int d = 0; d < m->rank; d++) count *= m->large[d];
    return count;
}

static void advance(const tare_mirror *m, int64_t at[TARE_MAX_RANK]) {
    for (int d = m->rank - 1; d >= 0; d--) {
        if (++at[d] < m->large[d]) return;
        at[d] = 0;
    }
}

void tare_mirror_run(const tare_mirror *m, size_t size, const void *x, void *y) {
    int64_t at[TARE_MAX_RANK] = {0};
    const int64_t count = padded_count(m);
    for (int64_t i = 0; i < count; i++, advance(m, at))
        memcpy((char *)y + (size_t)i * size, (const char *)x + (size_t)offset_of(m, at) * size,
               size);
}

void tare_mirror_sum(const tare_mirror *m, tare_dtype dtype, const void *y, void *x) {
    int64_t at[TARE_MAX_RANK] = {0}, small = 1;
    const int64_t count = padded_count(m);
    for (int d = 0; d < m->rank; d++) small *= m->small[d];
    memset(x, 0, (size_t)small * tare_dtype_size(dtype));
    for (int64_t i = 0; i < count; i++, advance(m, at)) {
        const int64_t to = offset_of(m, at);
        if (dtype == TARE_FLOAT32)
            ((float *)x)[to] += ((const float *)y)[i];
        else
            ((double *)x)[to] += ((const double *)y)[i];
    }
}
