/* SPDX-License-Identifier: Apache-2.0 */
/* What normalisation layers refuse alike. */
#include "layer/norm_checks.h"

#include "array/shape.h"
#include "base/text.h"
#include "graph/graph.h"

bool tare_layer_axis(tare_graph *graph, const char *layer, int64_t given, int rank, int *axis) {
    *axis = tare_shape_axis(given, rank);
    if (*axis >= 0) return true;
    char got[64], need[64];
    tare_print(got, sizeof got, "axis %lld", (long long)given);
    tare_print(need, sizeof need, "an axis in %d..%d, for rank %d", -rank, rank - 1, rank);
    return tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, got, need);
}

bool tare_layer_axes(tare_graph *graph, const char *layer, tare_list given, int rank,
                     tare_axis_mask *mask) {
    char text[TARE_SHAPE_TEXT];
    *mask = 0;
    if (given.count <= 0)
        return tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, "no axis", "at least one");
    for (int32_t i = 0; i < given.count; i++) {
        int axis;
        if (!tare_layer_axis(graph, layer, given.values[i], rank, &axis)) return false;
        if (*mask >> axis & 1)
            return tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, tare_list_text(text, given),
                                     "axes that differ");
        *mask |= 1U << axis;
    }
    return true;
}

bool tare_layer_extents_are_known(tare_graph *graph, const char *layer, tare_shape shape,
                                  tare_axis_mask axes) {
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 64];
    int axis = 0;
    while (axis < shape.rank && (!(axes >> axis & 1) || shape.extents[axis] >= 0)) axis++;
    if (axis == shape.rank) return true;
    tare_print(got, sizeof got, "an input of shape %s, axis %d", tare_shape_text(text, shape),
               axis);
    return tare_layer_refuse(graph, layer, TARE_ERROR_SHAPE, got,
                             "a known extent of that axis, for the shape of the variables");
}

bool tare_layer_epsilon_fits(tare_graph *graph, const char *layer, double epsilon) {
    if (epsilon >= 0) return true;
    char number[TARE_NUMBER_TEXT], got[TARE_NUMBER_TEXT + 32];
    tare_print(got, sizeof got, "epsilon %s", tare_double_text(number, epsilon));
    return tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, got, "epsilon of at least 0");
}
