/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of a batch normalisation layer: sound ones become facts, others a sentence. */
#include "array/shape.h"
#include "base/text.h"
#include "layer/batch_norm.h"
#include "layer/norm_checks.h"

bool tare_norm_refuse(const tare_norm *norm, tare_status status, const char *got,
                      const char *need) {
    return tare_layer_refuse(norm->graph, norm->habits->layer, status, got, need);
}

static bool is_given(tare_tensor tensor) { return tensor.graph || tensor.immediate; }

/* ---- x and its axes */

static bool check_input(const tare_norm *norm) {
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
    if (norm->dtype != TARE_FLOAT32 && norm->dtype != TARE_FLOAT64) {
        tare_print(got, sizeof got, "an input of dtype %s", tare_dtype_name(norm->dtype));
        return tare_norm_refuse(norm, TARE_ERROR_TYPE, got, "float32 or float64");
    }
    if (norm->shape.rank >= 2) return true;
    tare_print(got, sizeof got, "an input of shape %s", tare_shape_text(text, norm->shape));
    return tare_norm_refuse(norm, TARE_ERROR_SHAPE, got, "a known rank of at least 2");
}

static bool find_axes(tare_norm *norm) {
    const char *layer = norm->habits->layer;
    return tare_layer_axes(norm->graph, layer, norm->options->axis, norm->shape.rank,
                           &norm->kept) &&
           tare_layer_extents_are_known(norm->graph, layer, norm->shape, norm->kept);
}

/* ---- numbers */

static bool check_momentum(const tare_norm *norm, const char *name, double momentum) {
    if (momentum >= 0 && momentum <= 1) return true;
    char number[TARE_NUMBER_TEXT], got[TARE_NUMBER_TEXT + 32], need[48];
    tare_print(got, sizeof got, "%s %s", name, tare_double_text(number, momentum));
    tare_print(need, sizeof need, "%s in 0..1", name);
    return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT, got, need);
}

static bool check_numbers(const tare_norm *norm) {
    const tare_batch_norm_options *o = norm->options;
    if (!tare_layer_epsilon_fits(norm->graph, norm->habits->layer, o->epsilon)) return false;
    if (!check_momentum(norm, "momentum", o->momentum)) return false;
    if (!o->renorm) return true;
    if (!(o->renorm_rmin <= o->renorm_rmax) || !(o->renorm_dmax >= 0))
        return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT, "clipping bounds that leave nothing",
                                "renorm_rmin of at most renorm_rmax, renorm_dmax of at least 0");
    if (o->renorm_formula != TARE_RENORM_R1_15 && o->renorm_formula != TARE_RENORM_R1_12)
        return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT, "another renorm_formula",
                                "a value of tare_renorm_formula");
    return check_momentum(norm, "renorm_momentum", o->renorm_momentum);
}

/* ---- what goes together */

static bool check_ghosts(const tare_norm *norm) {
    const int64_t size = norm->options->virtual_batch_size;
    char got[64];
    tare_print(got, sizeof got, "virtual_batch_size %lld", (long long)size);
    if (size < 0) return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT, got, "1 or more");
    if (!norm->ghosts) return true;
    if (norm->options->virtual_batch_order != TARE_VIRTUAL_BATCH_STRIDED &&
        norm->options->virtual_batch_order != TARE_VIRTUAL_BATCH_CONTIGUOUS)
        return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT, "another virtual_batch_order",
                                "a value of tare_virtual_batch_order");
    if (norm->kept & 1)
        return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT, "virtual batches over axis 0",
                                "axes other than the batch's");
    if (norm->adjusted || norm->weighted)
        return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT,
                                "virtual batches with adjustment, weights or mask", "one of them");
    if (norm->shape.rank < TARE_MAX_RANK) return true;
    return tare_norm_refuse(norm, TARE_ERROR_SHAPE, "virtual batches of rank 8", "rank 7 or less");
}

static bool check_averages(const tare_norm *norm) {
    const tare_batch_norm_options *o = norm->options;
    if (o->cumulative && o->zero_debias)
        return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT, "cumulative and zero_debias", "one");
    if (o->renorm && (o->cumulative || o->zero_debias || norm->weighted))
        return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT,
                                "renorm with weights, mask, cumulative or zero_debias",
                                "plain moving averages of all samples");
    if (norm->weighted && o->moving_variance == TARE_MOVING_VARIANCE_UNBIASED)
        return tare_norm_refuse(norm, TARE_ERROR_ARGUMENT,
                                "an unbiased moving variance with weights or mask",
                                "the biased one");
    return true;
}

static bool check_weights(const tare_norm *norm) {
    const tare_batch_norm_options *o = norm->options;
    const tare_shape samples = {.rank = 1, .extents = {norm->shape.extents[0]}};
    if (is_given(o->batch_weights) &&
        !tare_shape_compatible(tare_tensor_shape(o->batch_weights), samples))
        return tare_norm_refuse(norm, TARE_ERROR_SHAPE, "batch_weights of another shape",
                                "one weight for each sample");
    if (!is_given(o->mask)) return true;
    const tare_axis_mask reduced = tare_other_axes(norm->shape.rank, norm->kept);
    const tare_shape positions = tare_statistics_shape(norm->shape, reduced, false);
    if (tare_shape_compatible(tare_tensor_shape(o->mask), positions)) return true;
    return tare_norm_refuse(norm, TARE_ERROR_SHAPE, "a mask of another shape",
                            "the shape of the input without the channels");
}

/* ---- the mode */

static bool find_mode(tare_norm *norm) {
    const tare_tensor training = norm->options->training;
    bool truth = false;
    norm->mode = TARE_NORM_INFERENCE;
    if (norm->options->frozen || !is_given(training)) return true;
    if (tare_layer_mode_known(training, &truth)) {
        if (truth) norm->mode = TARE_NORM_TRAINING;
        return true;
    }
    if (tare_tensor_dtype(training) != TARE_BOOL ||
        !tare_shape_compatible(tare_tensor_shape(training), TARE_SCALAR))
        return tare_norm_refuse(norm, TARE_ERROR_TYPE, "training that is no truth",
                                "TARE_TRUE, TARE_FALSE or a boolean scalar");
    norm->mode = TARE_NORM_EITHER;
    norm->training = training;
    return true;
}

/* Where TensorFlow fuses: see tare_fused. */
static bool can_fuse(const tare_norm *norm) {
    const int rank = norm->shape.rank;
    const bool last = norm->kept == 1U << (rank - 1), second = norm->kept == 2;
    if (norm->dtype != TARE_FLOAT32 || norm->options->renorm || norm->ghosts || norm->adjusted ||
        norm->weighted || norm->habits->never_fused)
        return false;
    if (norm->habits->fused) return true;
    if (norm->options->fused == TARE_FUSED_FALSE) return false;
    return (rank == 4 || (rank == 5 && norm->options->fused == TARE_FUSED_TF2)) && (last || second);
}

bool tare_norm_resolve(tare_norm *norm, tare_tensor x, const tare_batch_norm_options *options,
                       const tare_norm_habits *habits) {
    *norm = (tare_norm){.graph = x.graph,
                        .options = options,
                        .habits = habits,
                        .x = x,
                        .shape = tare_tensor_shape(x),
                        .dtype = tare_tensor_dtype(x),
                        .ghosts = options->virtual_batch_size > 0,
                        .weighted = is_given(options->batch_weights) || is_given(options->mask),
                        .adjusted = options->adjustment || is_given(options->adjustment_scale) ||
                                    is_given(options->adjustment_bias)};
    if (!check_input(norm) || !find_axes(norm) || !check_numbers(norm) || !check_ghosts(norm) ||
        !check_averages(norm) || !check_weights(norm) || !find_mode(norm))
        return false;
    norm->fused = can_fuse(norm);
    norm->epsilon = options->epsilon;
    if (norm->fused && !habits->exact_epsilon && norm->epsilon < TARE_FUSED_LEAST_EPSILON)
        norm->epsilon = TARE_FUSED_LEAST_EPSILON;
    norm->parameter = norm->ghosts ? tare_broadcast_shape(norm->shape, norm->kept)
                                   : tare_parameter_shape(norm->shape, norm->kept);
    if (!norm->ghosts) return true;
    /* One more 1 after the batch's: x is seen as [samples of a ghost, ghosts, ...]. */
    for (int axis = norm->parameter.rank++; axis > 1; axis--)
        norm->parameter.extents[axis] = norm->parameter.extents[axis - 1];
    norm->parameter.extents[1] = 1;
    return true;
}
