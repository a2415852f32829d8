/* SPDX-License-Identifier: Apache-2.0 */
/* Data by channel: shapes of statistics, the kernels' [outer, channels, inner], transposing where
 * axes lie apart. */
#include "op/normalisation.h"

#include "array/permutation.h"
#include "array/shape.h"
#include "base/status.h"
#include <tare/op.h>

/* ------------------------------------------------------------------------------ axes */

static bool has_axis(tare_axis_mask mask, int axis) { return mask >> axis & 1; }

tare_axis_mask tare_other_axes(int rank, tare_axis_mask mask) { return ~mask & ((1U << rank) - 1); }

tare_axis_mask tare_axes_mask(int rank, tare_list axes) {
    tare_axis_mask mask = 0;
    for (int32_t i = 0; i < axes.count; i++) mask |= 1U << tare_shape_axis(axes.values[i], rank);
    return mask;
}

tare_axis_mask tare_kept_axes(tare_list reduced, int rank) {
    return reduced.count == 0 ? 0 : tare_other_axes(rank, tare_axes_mask(rank, reduced));
}

tare_list tare_axes_list(int rank, tare_axis_mask mask) {
    tare_list list = {.count = 0};
    for (int axis = 0; axis < rank; axis++)
        if (has_axis(mask, axis)) list.values[list.count++] = axis;
    return list.count ? list : TARE_EMPTY_LIST;
}

tare_shape tare_broadcast_shape(tare_shape x, tare_axis_mask kept) {
    for (int axis = 0; axis < x.rank; axis++)
        if (!has_axis(kept, axis)) x.extents[axis] = 1;
    return x;
}

tare_shape tare_statistics_shape(tare_shape x, tare_axis_mask kept, bool keep_dims) {
    if (keep_dims) return tare_broadcast_shape(x, kept);
    tare_shape shape = {.rank = 0};
    for (int axis = 0; axis < x.rank; axis++)
        if (has_axis(kept, axis)) shape.extents[shape.rank++] = x.extents[axis];
    return shape;
}

tare_shape tare_parameter_shape(tare_shape x, tare_axis_mask kept) {
    const bool one = kept && (kept & (kept - 1)) == 0;
    return tare_statistics_shape(x, kept, !one);
}

/* ------------------------------------------------------------------------------ views */

static void set_transposed(tare_channel_view *view, tare_shape x, tare_axis_mask kept) {
    int64_t reduced = 1, channels = 1;
    view->transposed = true;
    view->options.kept = 0;
    for (int side = 0; side < 2; side++)
        for (int axis = 0; axis < x.rank; axis++) {
            if (has_axis(kept, axis) != (side == 1)) continue;
            if (side == 1) view->options.kept |= 1 << view->forth.count;
            view->forth.values[view->forth.count++] = axis;
        }
    view->back = tare_inverse_permutation(view->forth);
    for (int axis = 0; axis < x.rank; axis++)
        *(has_axis(kept, axis) ? &channels : &reduced) *= x.extents[axis];
    view->options.outer = reduced;
    view->options.channels = channels;
    view->options.inner = 1;
}

tare_channel_view tare_view_by_channel(tare_shape x, tare_axis_mask kept) {
    tare_channel_view view = {.options = {TARE_NORMALISATION_STEP_DEFAULTS}};
    int64_t extents[3] = {1, 1, 1}; /* outer, channels, inner */
    view.options.kept = (int64_t)kept;
    int part = 0;
    for (int axis = 0; axis < x.rank; axis++) {
        if (x.extents[axis] == 1) continue; /* lies anywhere */
        const bool keep = has_axis(kept, axis);
        if (keep && part == 2) {
            set_transposed(&view, x, kept);
            return view;
        }
        if (keep) part = 1;
        if (!keep && part == 1) part = 2;
        extents[part] *= x.extents[axis];
    }
    view.options.outer = extents[0];
    view.options.channels = extents[1];
    view.options.inner = extents[2];
    return view;
}

static tare_status emit_transpose(tare_lower *lower, tare_list perm, tare_value value,
                                  tare_value *result) {
    tare_transpose_options options = {TARE_TRANSPOSE_DEFAULTS};
    options.perm = perm;
    return lower->emit(lower, "transpose", &options, &value, 1, result, 1);
}

tare_status tare_emit_into_view(tare_lower *lower, const tare_channel_view *view, tare_value value,
                                tare_value *seen) {
    *seen = value;
    if (!view->transposed || value == TARE_NO_VALUE) return TARE_OK;
    return emit_transpose(lower, view->forth, value, seen);
}

tare_status tare_emit_out_of_view(tare_lower *lower, const tare_channel_view *view, tare_value seen,
                                  tare_value *value) {
    *value = seen;
    return view->transposed ? emit_transpose(lower, view->back, seen, value) : TARE_OK;
}
