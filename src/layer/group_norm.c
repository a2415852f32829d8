/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer group_norm: the axis of C channels is seen as two, [groups, C / groups], and moments
 * are taken over the second of them and the reduction axes.
 *
 * Source: Wu and He 2018, arXiv:1803.08494; tf.contrib.layers.group_norm (TensorFlow r1.15,
 * contrib/layers/python/layers/normalization.py).
 */
#include "array/shape.h"
#include "base/text.h"
#include "layer/layers.h"
#include "layer/sample_norm.h"
#include "layer/scope.h"

#define TARE_TABLE_STRUCT     tare_group_norm_options
#define TARE_WORDS_activation TARE_ACTIVATION_WORDS
#define TARE_WORDS_reuse      TARE_REUSE_WORDS
TARE_OPTION_TABLE(, tare_group_norm_table, TARE_GROUP_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

#define LAYER "group_norm"

/* Which axes of x are what. */
typedef struct axes {
    int channels;
    tare_axis_mask reduced;
} axes;

static bool groups_fit(tare_graph *graph, int64_t groups, int64_t channels) {
    if (groups >= 1 && channels % groups == 0) return true;
    char got[64];
    tare_print(got, sizeof got, "%lld groups of %lld channels", (long long)groups,
               (long long)channels);
    return tare_layer_refuse(graph, LAYER, TARE_ERROR_ARGUMENT, got,
                             "a number of groups that divides the channels");
}

/* x is reshaped, so one extent at most may be unknown. */
static bool shape_fits(tare_graph *graph, tare_shape shape) {
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
    int unknown = 0;
    for (int axis = 0; axis < shape.rank; axis++) unknown += shape.extents[axis] < 0;
    if (unknown <= 1 && shape.rank < TARE_MAX_RANK) return true;
    tare_print(got, sizeof got, "an input of shape %s", tare_shape_text(text, shape));
    return tare_layer_refuse(graph, LAYER, TARE_ERROR_SHAPE, got,
                             "rank 7 or less and one unknown extent at most");
}

static bool find_axes(tare_tensor x, const tare_group_norm_options *o, axes *found) {
    const tare_shape shape = tare_tensor_shape(x);
    if (!tare_layer_axis(x.graph, LAYER, o->channels_axis, shape.rank, &found->channels) ||
        !tare_layer_extents_are_known(x.graph, LAYER, shape, 1U << found->channels) ||
        !groups_fit(x.graph, o->groups, shape.extents[found->channels]) ||
        !shape_fits(x.graph, shape))
        return false;
    found->reduced = 0;
    if (o->reduction_axes.count >= 0 &&
        !tare_layer_axes(x.graph, LAYER, o->reduction_axes, shape.rank, &found->reduced))
        return false;
    if (!(found->reduced >> found->channels & 1)) return true;
    return tare_layer_refuse(x.graph, LAYER, TARE_ERROR_ARGUMENT,
                             "the axis of the channels among the reduction axes",
                             "reduction axes beside it");
}

/* An axis of two extents in the place of one. */
static tare_shape split_axis(tare_shape shape, int axis, int64_t first, int64_t second) {
    for (int i = shape.rank++; i > axis + 1; i--) shape.extents[i] = shape.extents[i - 1];
    shape.extents[axis] = first;
    shape.extents[axis + 1] = second;
    return shape;
}

static bool resolve(tare_tensor x, const tare_group_norm_options *o, tare_sample_norm *norm) {
    axes found;
    if (!tare_sample_norm_takes(x, LAYER, 1, o->epsilon) || !find_axes(x, o, &found)) return false;
    const tare_shape shape = tare_tensor_shape(x);
    const int channels = found.channels;
    const int64_t count = shape.extents[channels], each = count / o->groups;
    const tare_axis_mask before = (1U << channels) - 1;
    *norm = (tare_sample_norm){
        .layer = LAYER,
        .result = o->center && o->scale   ? "Reshape_2"
                  : o->center || o->scale ? "Reshape_1"
                                          : "Reshape",
        .activation = o->activation,
        .epsilon = o->epsilon,
        .affine = TARE_GAMMA_BETA_OF(o, .beta_first = true, .collection = TARE_MODEL_VARIABLES),
        .seen = split_axis(shape, channels, o->groups, each),
        .reduced = (found.reduced & before) | 2U << channels | (found.reduced & ~before) << 1,
        .parameter = TARE_SHAPE(count)};
    norm->against = tare_broadcast_shape(norm->seen, 3U << channels);
    return true;
}

tare_tensor tare_group_norm_with(tare_tensor x, const tare_group_norm_options *options) {
    tare_group_norm_options given;
    tare_options_adopt(&tare_group_norm_table, options, &given);
    tare_layer layer;
    tare_sample_norm norm;
    tare_tensor y = TARE_NULL;
    if (tare_layer_begin(x.graph, "GroupNorm", given.scope, (tare_reuse)given.reuse, &layer) ==
            TARE_OK &&
        resolve(x, &given, &norm))
        y = tare_sample_norm_build(x, &norm);
    return tare_layer_end(&layer, y);
}
