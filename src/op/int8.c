/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that ops of whole-number networks share. */
#include "op/int8.h"

#include <math.h>

static bool is_that(tare_dtype dtype, const void *wanted) {
    return dtype == *(const tare_dtype *)wanted;
}

tare_status tare_infer_exact_dtype(const tare_infer *infer, int i, const char *what,
                                   tare_dtype dtype) {
    return tare_infer_dtype(infer, i, what, is_that, &dtype);
}

tare_status tare_infer_scale(const tare_infer *infer, const char *what, double scale,
                             int64_t zero) {
    char got[TARE_NUMBER_TEXT + 96], number[TARE_NUMBER_TEXT];
    if (scale > 0 && isfinite(scale) && zero >= INT8_MIN && zero <= INT8_MAX) return TARE_OK;
    tare_print(got, sizeof got, "%s of scale %s and zero %lld", what,
               tare_double_text(number, scale), (long long)zero);
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got,
                             "a scale above 0 and a zero of -128 to 127");
}

tare_status tare_infer_bounds(const tare_infer *infer, int64_t least, int64_t most) {
    char got[96];
    if (least >= INT8_MIN && least <= most && most <= INT8_MAX) return TARE_OK;
    tare_print(got, sizeof got, "results of %lld to %lld", (long long)least, (long long)most);
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "a range within -128 to 127");
}

enum { FIRST = TARE_SPATIAL - 2 }; /* height's place among spatial axes */

static void spread_windows(const tare_int8_windows *given, tare_windows *windows) {
    *windows = (tare_windows){.rank = 2, .padding = (tare_padding)given->padding, .window = {1}};
    tare_spread_spatial(given->strides, 2, windows->stride);
    tare_spread_spatial(given->dilations, 2, windows->dilation);
    for (int d = 0; d < 2; d++) windows->window[FIRST + d] = given->window[d];
}

tare_status tare_infer_int8_windows(const tare_infer *infer, const tare_int8_windows *given,
                                    tare_shape *y) {
    const tare_shape x = infer->inputs[0].shape;
    int64_t ignored[TARE_SPATIAL];
    tare_windows windows;
    TARE_TRY(tare_infer_spatial(infer, "strides", given->strides, 2, ignored));
    TARE_TRY(tare_infer_spatial(infer, "dilations", given->dilations, 2, ignored));
    if (given->padding == TARE_PADDING_EXPLICIT)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "explicit padding", "valid or same");
    if (given->window[0] < 1 || given->window[1] < 1)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "an empty window",
                                 "a window of 1 or more");
    spread_windows(given, &windows);
    *y = (tare_shape){.rank = 4, .extents = {TARE_ANY, TARE_ANY, TARE_ANY, TARE_ANY}};
    if (x.rank < 0) return TARE_OK;
    y->extents[0] = x.extents[0];
    for (int d = 0; d < 2; d++) {
        y->extents[1 + d] = tare_windows_place(&windows, FIRST + d, x.extents[1 + d]);
        if (y->extents[1 + d] < TARE_ANY)
            return tare_infer_refuse_shape(infer, 0, "x", "extents no smaller than the window");
    }
    return TARE_OK;
}

tare_convolution tare_int8_geometry(const tare_int8_windows *given, tare_shape x, tare_shape y) {
    tare_windows windows;
    spread_windows(given, &windows);
    tare_convolution c = {
        .batch = x.extents[0], .channels = x.extents[3], .groups = 1, .filters = y.extents[3]};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const bool real = d >= FIRST;
        c.in[d] = real ? x.extents[1 + d - FIRST] : 1;
        c.out[d] = real ? y.extents[1 + d - FIRST] : 1;
        if (real) (void)tare_windows_place(&windows, d, c.in[d]);
        c.kernel[d] = windows.window[d];
        c.stride[d] = windows.stride[d];
        c.dilation[d] = windows.dilation[d];
        c.before[d] = real ? windows.before[d] : 0;
    }
    return c;
}
