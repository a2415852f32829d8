/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares a computed array with TensorFlow's: |got - want| <= atol + rtol |want|, NaN equals NaN,
 * an infinity equals itself; or bit by bit.
 */
#include "golden.h"

#include <math.h>
#include <string.h>

static bool same_shape(const tare_array *a, const tare_array *b) {
    tare_shape x = tare_array_shape(a), y = tare_array_shape(b);
    if (x.rank != y.rank) return false;
    for (int32_t i = 0; i < x.rank; i++)
        if (x.extents[i] != y.extents[i]) return false;
    return true;
}

/* How far beyond what is allowed: negative or 0 within it, infinite where no number can say it. */
static double excess(double got, double want, double allowed) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(want) || isinf(got)) return got == want ? 0 : INFINITY;
    return fabs(got - want) - allowed;
}

static bool same_bits(const tare_array *got, const tare_array *want, int64_t i) {
    size_t size = tare_dtype_size(tare_array_dtype(want));
    const char *a = tare_array_const_data(got), *b = tare_array_const_data(want);
    return memcmp(a + (size_t)i * size, b + (size_t)i * size, size) == 0;
}

golden_difference golden_compare(const tare_array *got, const tare_array *want, double atol,
                                 double rtol, bool exact) {
    golden_difference found = {.worst = -1};
    if (!got || tare_array_dtype(got) != tare_array_dtype(want) || !same_shape(got, want))
        return found;
    found.comparable = true;
    double furthest = -INFINITY;
    for (int64_t i = 0; i < tare_array_count(want); i++) {
        double a = tare_array_number(got, i), b = tare_array_number(want, i);
        double allowed = exact ? 0 : atol + rtol * fabs(b);
        double beyond = excess(a, b, allowed);
        if (allowed > 0 && isfinite(a) && isfinite(b))
            found.share = fmax(found.share, fabs(a - b) / allowed);
        bool equal_nan = isnan(a) && isnan(b);
        if (exact && !equal_nan) beyond = same_bits(got, want, i) ? 0 : fmax(beyond, 1e-300);
        if (beyond > 0) found.wrong++;
        if (beyond > furthest) {
            furthest = beyond;
            found.worst = i, found.got = a, found.want = b, found.allowed = allowed;
        }
    }
    return found;
}
