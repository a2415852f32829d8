/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about dtypes and shapes that several op families share, and keeping a step's state. */
#include "op/rules.h"

#include <string.h>

/* ---- dtypes */

bool tare_dtype_is_number(tare_dtype dtype, const void *unused) {
    return tare_dtype_is_floating(dtype, unused) || tare_dtype_is_index(dtype, unused);
}
bool tare_dtype_is_floating(tare_dtype dtype, const void *unused) {
    (void)unused;
    return dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64;
}
bool tare_dtype_is_index(tare_dtype dtype, const void *unused) {
    (void)unused;
    return dtype == TARE_INT32 || dtype == TARE_INT64;
}
bool tare_dtype_is_bool(tare_dtype dtype, const void *unused) {
    (void)unused;
    return dtype == TARE_BOOL;
}
bool tare_dtype_is_any(tare_dtype dtype, const void *unused) {
    (void)unused;
    return tare_dtype_size(dtype) > 0;
}

/* "float32, float64 or int32" */
static void list_dtypes(tare_text *text, tare_dtype_test allowed, const void *user) {
    int count = 0, written = 0;
    for (int d = TARE_FLOAT32; d <= TARE_BFLOAT16; d++) count += allowed((tare_dtype)d, user);
    for (int d = TARE_FLOAT32; d <= TARE_BFLOAT16; d++) {
        if (!allowed((tare_dtype)d, user)) continue;
        if (written > 0) tare_text_add(text, written == count - 1 ? " or " : ", ");
        tare_text_add(text, tare_dtype_name((tare_dtype)d));
        written++;
    }
}

tare_status tare_infer_dtype(const tare_infer *infer, int input, const char *what,
                             tare_dtype_test allowed, const void *user) {
    const tare_dtype dtype = infer->inputs[input].dtype;
    if (allowed(dtype, user)) return TARE_OK;
    char got[96];
    tare_print(got, sizeof got, "%s of dtype %s", what, tare_dtype_name(dtype));
    tare_text need = {0};
    list_dtypes(&need, allowed, user);
    const tare_status status =
        tare_infer_refuse(infer, TARE_ERROR_TYPE, got, need.data ? need.data : "another dtype");
    tare_text_clear(&need);
    return status;
}

/* ---- shapes */

tare_status tare_infer_like_first(tare_infer *infer) {
    infer->outputs[0] = infer->inputs[0];
    return TARE_OK;
}

tare_status tare_infer_refuse_shapes(const tare_infer *infer, int first, int second,
                                     const char *need) {
    char a[TARE_SHAPE_TEXT], b[TARE_SHAPE_TEXT], got[2 * TARE_SHAPE_TEXT + 32];
    tare_print(got, sizeof got, "shapes %s and %s", tare_shape_text(a, infer->inputs[first].shape),
               tare_shape_text(b, infer->inputs[second].shape));
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

tare_status tare_infer_refuse_shape(const tare_infer *infer, int input, const char *what,
                                    const char *need) {
    char shape[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 64];
    tare_print(got, sizeof got, "%s of shape %s", what,
               tare_shape_text(shape, infer->inputs[input].shape));
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

tare_status tare_infer_all_alike(tare_infer *infer) {
    TARE_TRY(tare_infer_same_dtypes(infer));
    infer->outputs[0] = infer->inputs[0];
    for (int32_t i = 1; i < infer->input_count; i++)
        if (!tare_shape_merge(infer->outputs[0].shape, infer->inputs[i].shape,
                              &infer->outputs[0].shape))
            return tare_infer_refuse_shapes(infer, 0, i, "inputs of one shape");
    return TARE_OK;
}

tare_status tare_infer_list(const tare_infer *infer, const char *name, tare_list list, int rank,
                            int64_t least) {
    bool right = list.count == rank || (rank == 0 && list.count < 0);
    for (int i = 0; right && i < list.count; i++) right = list.values[i] >= least;
    if (right) return TARE_OK;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[96];
    tare_print(got, sizeof got, "%s %s", name, tare_list_text(text, list));
    tare_print(need, sizeof need, "%d values of %lld or more, one for every axis", rank,
               (long long)least);
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

tare_status tare_infer_countable(const tare_infer *infer, int output) {
    const tare_shape shape = infer->outputs[output].shape;
    if (!tare_shape_known(shape) || tare_shape_count(shape) >= 0) return TARE_OK;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
    tare_print(got, sizeof got, "a result of shape %s", tare_shape_text(text, shape));
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, "fewer elements than 2^62");
}

int64_t tare_extents_product(tare_shape shape, int begin, int end) {
    int64_t product = 1;
    for (int d = begin; d < end; d++) product *= shape.extents[d];
    return product;
}

tare_middle tare_shape_around(tare_shape shape, int axis) {
    return (tare_middle){tare_extents_product(shape, 0, axis), shape.extents[axis],
                         tare_extents_product(shape, axis + 1, shape.rank)};
}

/* ---- steps */

tare_status tare_prepare_state(tare_prepare *prepare, const void *state, size_t bytes) {
    prepare->state = tare_arena_allocate(prepare->arena, bytes);
    if (!prepare->state) return tare_fail_memory(prepare->error);
    memcpy(prepare->state, state, bytes);
    return TARE_OK;
}

tare_value tare_given_value(const tare_lower *lower, int input) {
    return input < lower->input_count ? lower->inputs[input] : TARE_NO_VALUE;
}

int64_t tare_input_count(const tare_prepare *prepare, int i) {
    return tare_shape_count(prepare->inputs[i].shape);
}
int64_t tare_output_count(const tare_prepare *prepare, int i) {
    return tare_shape_count(prepare->outputs[i].shape);
}
size_t tare_input_bytes(const tare_prepare *prepare, int i) {
    return (size_t)tare_input_count(prepare, i) * tare_dtype_size(prepare->inputs[i].dtype);
}
size_t tare_output_bytes(const tare_prepare *prepare, int i) {
    return (size_t)tare_output_count(prepare, i) * tare_dtype_size(prepare->outputs[i].dtype);
}

tare_status tare_alias_step(const tare_run *run) {
    (void)run;
    return TARE_OK;
}

tare_status tare_alias_prepare(tare_prepare *prepare) {
    prepare->alias = 0;
    return TARE_OK;
}

tare_status tare_copy_step(const tare_run *run) {
    memmove(run->outputs[0], run->inputs[0], *(const size_t *)run->state);
    return TARE_OK;
}
