/* SPDX-License-Identifier: Apache-2.0 */
/* Windows over spatial axes. */
#include "op/spatial.h"

tare_status tare_infer_spatial(const tare_infer *infer, const char *name, tare_list list, int rank,
                               int64_t out[TARE_SPATIAL]) {
    bool right = list.count == 1 || list.count == rank;
    for (int i = 0; right && i < list.count; i++)
        right = list.values[i] >= 1 && list.values[i] <= INT32_MAX;
    if (!right) {
        char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[64];
        tare_print(got, sizeof got, "%s %s", name, tare_list_text(text, list));
        tare_print(need, sizeof need, "1 or %d values in 1..2147483647", rank);
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, need);
    }
    tare_spread_spatial(list, rank, out);
    return TARE_OK;
}

void tare_spread_spatial(tare_list list, int rank, int64_t out[TARE_SPATIAL]) {
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int axis = d - (TARE_SPATIAL - rank);
        out[d] = axis < 0 ? 1 : list.values[list.count == 1 ? 0 : axis];
    }
}

tare_status tare_infer_explicit(const tare_infer *infer, tare_list before, tare_list after,
                                tare_windows *windows) {
    if (windows->padding != TARE_PADDING_EXPLICIT) return TARE_OK;
    TARE_TRY(tare_infer_list(infer, "before", before, windows->rank, 0));
    TARE_TRY(tare_infer_list(infer, "after", after, windows->rank, 0));
    int64_t both = 0;
    for (int i = 0; i < windows->rank; i++)
        if (!tare_add_sizes(before.values[i], after.values[i], &both))
            return tare_infer_refuse(infer, TARE_ERROR_SHAPE, "large padding", "less of it");
    tare_spread_explicit(before, after, windows);
    return TARE_OK;
}

void tare_spread_explicit(tare_list before, tare_list after, tare_windows *windows) {
    for (int i = 0; i < windows->rank && windows->padding == TARE_PADDING_EXPLICIT; i++) {
        windows->before[TARE_SPATIAL - windows->rank + i] = before.values[i];
        windows->after[TARE_SPATIAL - windows->rank + i] = after.values[i];
    }
}

/* What a window covers; -1: too much to count. */
static int64_t reach_of(const tare_windows *w, int d) {
    int64_t reach = 0;
    return tare_multiply_sizes(w->window[d] - 1, w->dilation[d], &reach) &&
                   tare_add_sizes(reach, 1, &reach)
               ? reach
               : -1;
}

static int64_t place_same(tare_windows *w, int d, int64_t in, int64_t reach) {
    const int64_t stride = w->stride[d], out = (in + stride - 1) / stride;
    const int64_t short_of = reach - in + (out - 1) * stride;
    const int64_t zeros = short_of > 0 ? short_of : 0;
    w->before[d] = zeros / 2;
    w->after[d] = zeros - zeros / 2;
    return out;
}

int64_t tare_windows_place(tare_windows *w, int d, int64_t in) {
    const int64_t reach = reach_of(w, d);
    int64_t room = in;
    if (in < 0) return TARE_ANY;
    if (reach < 0) return -2;
    if (w->padding == TARE_PADDING_SAME) return place_same(w, d, in, reach);
    if (w->padding == TARE_PADDING_VALID) w->before[d] = w->after[d] = 0;
    if (!tare_add_sizes(room, w->before[d], &room) || !tare_add_sizes(room, w->after[d], &room))
        return -2;
    return room < reach ? -2 : (room - reach) / w->stride[d] + 1;
}
