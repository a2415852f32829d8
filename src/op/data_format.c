/* SPDX-License-Identifier: Apache-2.0 */
/* Data with its channels first, through ops that know channels last. */
#include "op/data_format.h"

#include "array/permutation.h"
#include "base/status.h"
#include "base/text.h"
#include "op/like.h"

enum { MOST_INPUTS = 3 };

int tare_channel_axis(int data_format, int rank) { return data_format == TARE_NCHW ? 1 : rank - 1; }

/* Channels first to last: 0, 2, 3, .., 1. */
static tare_list to_last(int rank) {
    tare_list perm = {.count = rank};
    for (int k = 1; k < rank; k++) perm.values[k] = k == rank - 1 ? 1 : k + 1;
    return perm;
}

static tare_list to_first(int rank) { return tare_inverse_permutation(to_last(rank)); }

static tare_shape ordered(tare_shape shape, tare_list (*order)(int rank)) {
    return shape.rank < 3 ? shape : tare_permuted_shape(shape, order(shape.rank));
}

/* Says of a refusal's shapes that they are not in the order in which they were given. */
static tare_status explain(const tare_infer *infer, tare_status status) {
    char got[sizeof infer->error->got], need[sizeof infer->error->need];
    if (!infer->error) return status;
    tare_print(got, sizeof got, "%s", infer->error->got);
    tare_print(need, sizeof need, "%s (shapes shown channels last)", infer->error->need);
    return tare_infer_refuse(infer, status, got, need);
}

tare_status tare_infer_formatted(tare_infer *infer, int data_format, uint32_t data,
                                 bool result_is_data,
                                 tare_status (*infer_last)(tare_infer *infer)) {
    if (data_format == TARE_NHWC || infer->input_count > MOST_INPUTS) return infer_last(infer);
    tare_type inputs[MOST_INPUTS];
    for (int i = 0; i < infer->input_count; i++) {
        inputs[i] = infer->inputs[i];
        if (data >> i & 1u) inputs[i].shape = ordered(inputs[i].shape, to_last);
    }
    tare_infer last = *infer;
    last.inputs = inputs;
    const tare_status status = infer_last(&last);
    if (status != TARE_OK) return explain(infer, status);
    infer->output_count = last.output_count;
    if (result_is_data) infer->outputs[0].shape = ordered(infer->outputs[0].shape, to_first);
    return TARE_OK;
}

static tare_status emit_transpose(tare_lower *lower, tare_list perm, tare_value value,
                                  tare_value *result) {
    tare_transpose_options options = {TARE_TRANSPOSE_DEFAULTS};
    options.perm = perm;
    return lower->emit(lower, "transpose", &options, &value, 1, result, 1);
}

tare_status tare_lower_channels_first(tare_lower *lower, const char *op, const void *options,
                                      uint32_t data, bool result_is_data) {
    tare_value inputs[MOST_INPUTS], result;
    for (int32_t i = 0; i < lower->input_count; i++) {
        inputs[i] = lower->inputs[i];
        const int rank = lower->type(lower, inputs[i])->shape.rank;
        if (data >> i & 1u) TARE_TRY(emit_transpose(lower, to_last(rank), inputs[i], &inputs[i]));
    }
    TARE_TRY(lower->emit(lower, op, options, inputs, lower->input_count, &result, 1));
    lower->outputs[0] = result;
    if (!result_is_data) return TARE_OK;
    const int rank = lower->type(lower, result)->shape.rank;
    return emit_transpose(lower, to_first(rank), result, &lower->outputs[0]);
}

tare_status tare_sum_of_channels(tare_gradient *g, int data_format, tare_tensor dy,
                                 tare_tensor like, tare_tensor *sum) {
    const int rank = tare_tensor_shape(dy).rank;
    tare_list axes = {.count = 0};
    if (data_format == TARE_NHWC) {
        *sum = tare_sum_like(dy, like);
        return TARE_OK;
    }
    if (rank < 2)
        return tare_fail_at(g->error, TARE_ERROR_GRADIENT, "bias_add", g->node,
                            "channels first and an unknown rank", "a known rank");
    for (int axis = 0; axis < rank; axis++)
        if (axis != 1) axes.values[axes.count++] = axis;
    *sum = tare_reduce_sum(dy, .axis = axes);
    return TARE_OK;
}
