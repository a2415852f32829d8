/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Op "update_average": one step of an exponential moving average. The share of the new value is
 *
 *     s = 1 - decay                                       without a number of updates n
 *     s = 1 - min(decay, (1 + n) / (10 + n))              with one
 *
 * in float32, and then in the dtype of the shadow
 *
 *     shadow -= (shadow - value) s                        from the value's first one on
 *     biased -= (biased - value) s; steps += 1            debiased, from zero on
 *     shadow  = biased / (1 - (1 - s)^steps)
 *
 * Source: TensorFlow r1.15, python/training/moving_averages.py (ExponentialMovingAverage.apply,
 * assign_moving_average, _zero_debias).
 */
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "kernel/normalisation.h"
#include "kernel/slices.h"
#include "op/update.h"

#include <math.h>

enum { SLICE_OPERATIONS = 65536, ELEMENT_OPERATIONS = 4 };

#define TARE_TABLE_STRUCT tare_update_average_options
TARE_OPTION_TABLE(static, average_table, TARE_UPDATE_AVERAGE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- infer */

static tare_status check_like_shadow(const tare_infer *infer, int input, tare_shape shape,
                                     const char *what) {
    const tare_type *given = &infer->inputs[input], *shadow = &infer->inputs[TARE_AVERAGE_SHADOW];
    if (given->dtype == shadow->dtype && tare_shape_compatible(given->shape, shape)) return TARE_OK;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 48], need[TARE_SHAPE_TEXT + 48];
    tare_print(got, sizeof got, "%s %s %s", what, tare_dtype_name(given->dtype),
               tare_shape_text(text, given->shape));
    tare_print(need, sizeof need, "%s %s, like its average", tare_dtype_name(shadow->dtype),
               tare_shape_text(text, shape));
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

static tare_status check_updates(const tare_infer *infer) {
    const tare_dtype dtype = infer->inputs[TARE_AVERAGE_UPDATES].dtype;
    TARE_TRY(tare_infer_rank(infer, TARE_AVERAGE_UPDATES, 0, "number of updates"));
    if (dtype == TARE_INT32 || dtype == TARE_INT64) return TARE_OK;
    return tare_infer_floating(infer, TARE_AVERAGE_UPDATES, "number of updates");
}

static bool is_given(const tare_infer *infer, int input) {
    return input < infer->input_count && infer->inputs[input].dtype != TARE_DTYPE_NONE;
}

static tare_status average_infer(tare_infer *infer) {
    const tare_shape shape = infer->inputs[TARE_AVERAGE_SHADOW].shape;
    TARE_TRY(tare_infer_floating(infer, TARE_AVERAGE_SHADOW, "average"));
    TARE_TRY(check_like_shadow(infer, TARE_AVERAGE_VALUE, shape, "value"));
    TARE_TRY(tare_infer_floating(infer, TARE_AVERAGE_DECAY, "decay"));
    TARE_TRY(tare_infer_rank(infer, TARE_AVERAGE_DECAY, 0, "decay"));
    if (is_given(infer, TARE_AVERAGE_UPDATES)) TARE_TRY(check_updates(infer));
    if (is_given(infer, TARE_AVERAGE_BIASED) != is_given(infer, TARE_AVERAGE_STEPS))
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "one of biased average and steps",
                                 "both or none");
    if (!is_given(infer, TARE_AVERAGE_BIASED)) return TARE_OK;
    TARE_TRY(check_like_shadow(infer, TARE_AVERAGE_BIASED, shape, "biased average"));
    return check_like_shadow(infer, TARE_AVERAGE_STEPS, TARE_SCALAR, "number of steps");
}

/* ---- run */

typedef struct average_state {
    int64_t count, slices;
    tare_dtype dtype, decay_dtype, updates_dtype; /* updates_dtype NONE: not given */
    bool debias;
} average_state;

typedef struct average_job {
    const average_state *state;
    void **inputs;
    float share;
} average_job;

static tare_dtype dtype_of(const tare_prepare *prepare, int input) {
    return input < prepare->input_count ? prepare->inputs[input].dtype : TARE_DTYPE_NONE;
}

static tare_status average_prepare(tare_prepare *prepare) {
    average_state *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    state->count = tare_shape_count(prepare->inputs[TARE_AVERAGE_SHADOW].shape);
    state->slices = tare_slice_count(state->count, ELEMENT_OPERATIONS, SLICE_OPERATIONS);
    state->dtype = dtype_of(prepare, TARE_AVERAGE_SHADOW);
    state->decay_dtype = dtype_of(prepare, TARE_AVERAGE_DECAY);
    state->updates_dtype = dtype_of(prepare, TARE_AVERAGE_UPDATES);
    state->debias = dtype_of(prepare, TARE_AVERAGE_BIASED) != TARE_DTYPE_NONE;
    prepare->state = state;
    return TARE_OK;
}

/* The count is read here and not cast by a node before: behind a training step it is the new one.
 */
static float read_updates(const void *updates, tare_dtype dtype) {
    if (dtype == TARE_INT32) return (float)*(const int32_t *)updates;
    if (dtype == TARE_INT64) return (float)*(const int64_t *)updates;
    return (float)tare_read_scalar(updates, dtype);
}

static float new_share(const average_state *state, void **inputs) {
    float decay = (float)tare_read_scalar(inputs[TARE_AVERAGE_DECAY], state->decay_dtype);
    if (state->updates_dtype != TARE_DTYPE_NONE) {
        const float updates = read_updates(inputs[TARE_AVERAGE_UPDATES], state->updates_dtype);
        const float early = (1 + updates) / (10 + updates);
        decay = early < decay ? early : decay;
    }
    return 1 - decay;
}

static void average_f32(const average_job *job, int64_t begin, int64_t end) {
    float *shadow = (float *)job->inputs[TARE_AVERAGE_SHADOW] + begin;
    const float *value = (const float *)job->inputs[TARE_AVERAGE_VALUE] + begin;
    if (!job->state->debias) {
        tare_moving_average_f32(end - begin, shadow, value, job->share);
        return;
    }
    float *biased = (float *)job->inputs[TARE_AVERAGE_BIASED] + begin;
    const float steps = *(const float *)job->inputs[TARE_AVERAGE_STEPS];
    const float factor = 1 - powf(1 - job->share, steps);
    tare_moving_average_f32(end - begin, biased, value, job->share);
    for (int64_t i = 0; i < end - begin; i++) shadow[i] = biased[i] / factor;
}

static void average_f64(const average_job *job, int64_t begin, int64_t end) {
    double *shadow = (double *)job->inputs[TARE_AVERAGE_SHADOW] + begin;
    const double *value = (const double *)job->inputs[TARE_AVERAGE_VALUE] + begin;
    const double share = (double)job->share;
    if (!job->state->debias) {
        tare_moving_average_f64(end - begin, shadow, value, share);
        return;
    }
    double *biased = (double *)job->inputs[TARE_AVERAGE_BIASED] + begin;
    const double steps = *(const double *)job->inputs[TARE_AVERAGE_STEPS];
    const double factor = 1 - pow(1 - share, steps);
    tare_moving_average_f64(end - begin, biased, value, share);
    for (int64_t i = 0; i < end - begin; i++) shadow[i] = biased[i] / factor;
}

static void average_slice(void *context, int64_t slice) {
    const average_job *job = context;
    const average_state *state = job->state;
    const int64_t begin = tare_slice_begin(state->count, state->slices, slice);
    const int64_t end = tare_slice_begin(state->count, state->slices, slice + 1);
    (state->dtype == TARE_FLOAT64 ? average_f64 : average_f32)(job, begin, end);
}

static tare_status average_run(const tare_run *run) {
    const average_state *state = run->state;
    average_job job = {state, run->inputs, new_share(state, run->inputs)};
    if (state->debias && state->dtype == TARE_FLOAT64)
        *(double *)run->inputs[TARE_AVERAGE_STEPS] += 1;
    else if (state->debias)
        *(float *)run->inputs[TARE_AVERAGE_STEPS] += 1;
    tare_pool_run(run->pool, state->slices, average_slice, &job);
    return TARE_OK;
}

const tare_op_def tare_update_average_ops[] = {
    {.name = "update_average",
     .node_name = "UpdateAverage",
     .table = &average_table,
     .min_inputs = TARE_AVERAGE_UPDATES,
     .max_inputs = TARE_AVERAGE_INPUTS,
     .writes = 1u << TARE_AVERAGE_SHADOW | 1u << TARE_AVERAGE_BIASED | 1u << TARE_AVERAGE_STEPS,
     .optional = 1u << TARE_AVERAGE_UPDATES | 1u << TARE_AVERAGE_BIASED | 1u << TARE_AVERAGE_STEPS,
     .infer = average_infer,
     .prepare = average_prepare,
     .run = average_run},
    {.name = NULL},
};
