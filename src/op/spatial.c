/* SPDX-License-Identifier: Apache-2.0 */
/* Windows over spatial axes. */
#include "op/spatial.h"

tare_status tare_infer_spatial(const tare_infer *infer, const char *name, tare_list list, int rank,
                               int64_t out[TARE_SPATIAL]) {
    bool right = list.count == 1 || list.count == rank;
    for (int i = 0; right && i < list.count; i++) right = list.values[i] >= 1;
    if (!right) {
        char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[64];
        tare_print(got, sizeof got, "%s %s", name, tare_list_text(text, list));
        tare_print(need, sizeof need, "1 or %d values of 1 or more", rank);
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

int64_t tare_windows_place(tare_windows *w, int d, int64_t in) {
    const int64_t reach = (w->window[d] - 1) * w->dilation[d] + 1, stride = w->stride[d];
    if (in < 0) return TARE_ANY;
    if (w->padding == TARE_PADDING_SAME) {
        const int64_t out = (in + stride - 1) / stride;
        const int64_t short_of = (out - 1) * stride + reach - in;
        const int64_t zeros = short_of > 0 ? short_of : 0;
        w->before[d] = zeros / 2;
        w->after[d] = zeros - zeros / 2;
        return out;
    }
    if (w->padding == TARE_PADDING_VALID) w->before[d] = w->after[d] = 0;
    const int64_t room = in + w->before[d] + w->after[d] - reach;
    return room < 0 ? -2 : room / stride + 1;
}
