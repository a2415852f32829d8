/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that recur in the infer functions of ops, each with its sentence. */
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "graph/op.h"

tare_status tare_infer_refuse(const tare_infer *infer, tare_status status, const char *got,
                              const char *need) {
    return tare_fail_at(infer->error, status, infer->op, infer->node, got, need);
}

static tare_status refuse_rank(const tare_infer *infer, int input, int rank, const char *what,
                               const char *bound) {
    char shape[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 64], need[96];
    tare_print(got, sizeof got, "%s of shape %s", what,
               tare_shape_text(shape, infer->inputs[input].shape));
    tare_print(need, sizeof need, "%s of %srank %d", what, bound, rank);
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

tare_status tare_infer_rank(const tare_infer *infer, int input, int rank, const char *what) {
    const int32_t given = infer->inputs[input].shape.rank;
    if (given == rank || given == TARE_UNKNOWN_RANK) return TARE_OK;
    return refuse_rank(infer, input, rank, what, "");
}

tare_status tare_infer_rank_at_least(const tare_infer *infer, int input, int rank,
                                     const char *what) {
    const int32_t given = infer->inputs[input].shape.rank;
    if (given >= rank || given == TARE_UNKNOWN_RANK) return TARE_OK;
    return refuse_rank(infer, input, rank, what, "at least ");
}

tare_status tare_infer_floating(const tare_infer *infer, int input, const char *what) {
    const tare_dtype dtype = infer->inputs[input].dtype;
    if (dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64) return TARE_OK;
    char got[96], need[96];
    tare_print(got, sizeof got, "%s of dtype %s", what, tare_dtype_name(dtype));
    tare_print(need, sizeof need, "%s of dtype float32 or float64", what);
    return tare_infer_refuse(infer, TARE_ERROR_TYPE, got, need);
}

tare_status tare_infer_same_dtypes(const tare_infer *infer) {
    tare_dtype first = TARE_DTYPE_NONE;
    for (int32_t i = 0; i < infer->input_count; i++) {
        const tare_dtype dtype = infer->inputs[i].dtype;
        if (dtype == TARE_DTYPE_NONE || dtype == first) continue;
        if (first == TARE_DTYPE_NONE) {
            first = dtype;
            continue;
        }
        char got[96];
        tare_print(got, sizeof got, "%s and %s", tare_dtype_name(first), tare_dtype_name(dtype));
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, got, "inputs of one dtype");
    }
    return TARE_OK;
}

tare_status tare_infer_axis(const tare_infer *infer, int64_t axis, int rank, int *result) {
    *result = tare_shape_axis(axis, rank);
    if (*result >= 0) return TARE_OK;
    char got[64], need[96];
    tare_print(got, sizeof got, "axis %lld", (long long)axis);
    if (rank > 0)
        tare_print(need, sizeof need, "an axis in %d..%d, for rank %d", -rank, rank - 1, rank);
    else
        tare_print(need, sizeof need, "no axis, for a scalar");
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, need);
}

tare_status tare_infer_axes(const tare_infer *infer, tare_list axes, int rank, uint32_t *mask) {
    *mask = 0;
    if (axes.count == 0) *mask = (1u << rank) - 1;
    for (int32_t i = 0; i < axes.count; i++) {
        int axis = 0;
        TARE_TRY(tare_infer_axis(infer, axes.values[i], rank, &axis));
        if (*mask >> axis & 1) {
            char got[TARE_SHAPE_TEXT];
            return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, tare_list_text(got, axes),
                                     "axes that differ");
        }
        *mask |= 1u << axis;
    }
    return TARE_OK;
}
