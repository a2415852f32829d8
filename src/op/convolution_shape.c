/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of convolutions, and what the kernel makes of them. */
#include "op/convolution.h"

#include "op/spatial.h"

int64_t tare_filter_channels(const tare_nn_conv_options *options, tare_shape filter) {
    const int64_t depth = filter.extents[filter.rank - 2];
    return depth < 0 || options->groups == 0 ? depth : depth * options->groups;
}

int64_t tare_filter_results(const tare_nn_conv_options *options, tare_shape filter) {
    const int64_t depth = filter.extents[filter.rank - 2], last = filter.extents[filter.rank - 1];
    if (options->groups != 0) return last;
    return depth < 0 || last < 0 ? TARE_ANY : depth * last;
}

tare_weights_view tare_filter_by_last(tare_shape filter, int64_t groups) {
    const int split = filter.rank - (groups == 0 ? 2 : 1);
    return (tare_weights_view){.outer = tare_extents_product(filter, 0, split),
                               .minor = 1,
                               .major = tare_extents_product(filter, split, filter.rank),
                               .inner = 1};
}

tare_weights_view tare_filter_by_depth(tare_shape filter, int64_t groups) {
    const int64_t depth = filter.extents[filter.rank - 2], last = filter.extents[filter.rank - 1];
    const int64_t outer = tare_extents_product(filter, 0, filter.rank - 2);
    if (groups == 0) return (tare_weights_view){outer, 1, depth, last};
    return (tare_weights_view){outer, depth, groups, last / groups};
}

tare_shape tare_shape_of_rank(tare_shape shape, int rank) {
    if (shape.rank >= 0) return shape;
    shape.rank = rank;
    for (int d = 0; d < rank; d++) shape.extents[d] = TARE_ANY;
    return shape;
}

static tare_status infer_windows(const tare_infer *infer, const tare_nn_conv_options *options,
                                 int rank, tare_windows *windows) {
    *windows = (tare_windows){.rank = rank, .padding = (tare_padding)options->padding};
    TARE_TRY(tare_infer_spatial(infer, "strides", options->strides, rank, windows->stride));
    TARE_TRY(tare_infer_spatial(infer, "dilations", options->dilations, rank, windows->dilation));
    return tare_infer_explicit(infer, options->before, options->after, windows);
}

/* "x of shape [..] and a filter of shape [..] in 2 groups" */
static tare_status refuse(const tare_infer *infer, const tare_nn_conv_options *options,
                          tare_shape x, tare_shape filter, const char *need) {
    char got[2 * TARE_SHAPE_TEXT + 96], a[TARE_SHAPE_TEXT], b[TARE_SHAPE_TEXT];
    tare_print(got, sizeof got, "x of shape %s and a filter of shape %s in %lld groups",
               tare_shape_text(a, x), tare_shape_text(b, filter), (long long)options->groups);
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

static tare_status check_channels(const tare_infer *infer, const tare_nn_conv_options *options,
                                  tare_shape x, tare_shape filter) {
    const int64_t groups = options->groups, channels = x.extents[x.rank - 1];
    const int64_t depth = filter.extents[filter.rank - 2], last = filter.extents[filter.rank - 1];
    int64_t product = 0;
    if (groups < 0)
        return refuse(infer, options, x, filter, "at least one group, or 0: one for each channel");
    if (depth >= 0 && last >= 0 &&
        !tare_multiply_sizes(depth, groups == 0 ? last : groups, &product))
        return refuse(infer, options, x, filter, "fewer channels");
    if (channels >= 0 && depth >= 0 && channels != tare_filter_channels(options, filter))
        return refuse(infer, options, x, filter,
                      "as many channels in x as the filter has per group, times groups");
    if (last >= 0 && groups > 0 && last % groups != 0)
        return refuse(infer, options, x, filter, "filters that divide into groups");
    return TARE_OK;
}

tare_status tare_infer_convolution(const tare_infer *infer, const tare_nn_conv_options *options,
                                   tare_shape x, tare_shape filter, tare_shape *y) {
    const int rank = x.rank - 2;
    tare_windows windows;
    TARE_TRY(infer_windows(infer, options, rank, &windows));
    TARE_TRY(check_channels(infer, options, x, filter));
    *y = (tare_shape){.rank = x.rank};
    y->extents[0] = x.extents[0];
    for (int i = 0; i < rank; i++) {
        const int d = TARE_SPATIAL - rank + i;
        windows.window[d] = filter.extents[i];
        y->extents[1 + i] =
            filter.extents[i] < 0 ? TARE_ANY : tare_windows_place(&windows, d, x.extents[1 + i]);
        if (filter.extents[i] == 0 || y->extents[1 + i] < TARE_ANY)
            return refuse(infer, options, x, filter,
                          "a filter of 1 or more that fits into x and its padding");
    }
    y->extents[x.rank - 1] = tare_filter_results(options, filter);
    return TARE_OK;
}

tare_status tare_infer_convolution_bias(const tare_infer *infer, int64_t results) {
    if (infer->input_count < 3 || infer->inputs[2].dtype == TARE_DTYPE_NONE) return TARE_OK;
    if (tare_shape_compatible(TARE_SHAPE(results), infer->inputs[2].shape)) return TARE_OK;
    return tare_infer_refuse_shape(infer, 2, "bias", "one number for every filter");
}

tare_convolution tare_convolution_of(const tare_nn_conv_options *options, tare_shape x,
                                     tare_shape filter, tare_shape y) {
    const int rank = x.rank - 2;
    tare_windows windows = {.rank = rank, .padding = (tare_padding)options->padding};
    tare_spread_spatial(options->strides, rank, windows.stride);
    tare_spread_spatial(options->dilations, rank, windows.dilation);
    tare_spread_explicit(options->before, options->after, &windows);
    const int64_t channels = x.extents[x.rank - 1], each = channels > 0 ? channels : 1;
    tare_convolution c = {.batch = x.extents[0],
                          .channels = channels,
                          .filters = tare_filter_results(options, filter),
                          .groups = options->groups == 0 ? each : options->groups};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int axis = d - (TARE_SPATIAL - rank);
        c.in[d] = axis < 0 ? 1 : x.extents[1 + axis];
        c.out[d] = axis < 0 ? 1 : y.extents[1 + axis];
        c.kernel[d] = windows.window[d] = axis < 0 ? 1 : filter.extents[axis];
        if (axis >= 0) tare_windows_place(&windows, d, c.in[d]);
        c.stride[d] = windows.stride[d];
        c.dilation[d] = windows.dilation[d];
        c.before[d] = axis < 0 ? 0 : windows.before[d];
    }
    return c;
}
