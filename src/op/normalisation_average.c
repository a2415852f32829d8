/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving averages of statistics: ops "assign_moving_average" and "assign_moving_deviation";
 * formulas in op/normalisation.h. Known not to be training, they are the variable as it is; else
 * they lower to the step "moving_average" or "moving_deviation". These count, for the variable they
 * average into: updates, N, values that are not finite.
 *
 * Source: TensorFlow r1.15, python/training/moving_averages.py (assign_moving_average,
 * _zero_debias); python/keras/layers/normalization.py (_renorm_correction_and_moments,
 * variance_update).
 */
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "op/batch_norm.h"

#include <string.h>

#define TARE_TABLE_STRUCT   tare_moving_average_options
#define TARE_WORDS_rounding TARE_DECAY_ROUNDING_WORDS
TARE_OPTION_TABLE(static, average_table, TARE_MOVING_AVERAGE_FIELDS);
#undef TARE_TABLE_STRUCT

/* --------------------------------------------------------------------------------- infer */

static bool is_given(const tare_infer *infer, int input) {
    return input < infer->input_count && infer->inputs[input].dtype != TARE_DTYPE_NONE;
}

static tare_status check_like(const tare_infer *infer, int input, tare_type want,
                              const char *what) {
    const tare_type *given = &infer->inputs[input];
    const bool same_dtype = given->dtype == want.dtype;
    if (same_dtype && tare_shape_compatible(given->shape, want.shape)) return TARE_OK;
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 48], need[TARE_SHAPE_TEXT + 48];
    tare_print(got, sizeof got, "%s %s %s", what, tare_dtype_name(given->dtype),
               tare_shape_text(text, given->shape));
    tare_print(need, sizeof need, "%s %s", tare_dtype_name(want.dtype),
               tare_shape_text(text, want.shape));
    return tare_infer_refuse(infer, same_dtype ? TARE_ERROR_SHAPE : TARE_ERROR_TYPE, got, need);
}

static tare_status check_momentum(const tare_infer *infer) {
    const tare_moving_average_options *options = infer->options;
    if (options->momentum >= 0 && options->momentum <= 1) return TARE_OK;
    char number[TARE_NUMBER_TEXT], got[TARE_NUMBER_TEXT + 16];
    tare_print(got, sizeof got, "momentum %s", tare_double_text(number, options->momentum));
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "momentum in 0..1");
}

static tare_status check_samples(const tare_infer *infer) {
    const tare_moving_average_options *options = infer->options;
    if (options->samples >= 0) return TARE_OK;
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "samples below 0", "0 or more");
}

static tare_status average_infer(tare_infer *infer) {
    const tare_type variable = infer->inputs[TARE_MOVING_VARIABLE];
    const tare_type scalar = {variable.dtype, TARE_SCALAR}, truth = {TARE_BOOL, TARE_SCALAR};
    TARE_TRY(tare_infer_floating(infer, TARE_MOVING_VARIABLE, "variable"));
    TARE_TRY(check_like(infer, TARE_MOVING_VALUE, variable, "value"));
    TARE_TRY(check_momentum(infer));
    TARE_TRY(check_samples(infer));
    if (is_given(infer, TARE_MOVING_TRAINING))
        TARE_TRY(check_like(infer, TARE_MOVING_TRAINING, truth, "training"));
    if (is_given(infer, TARE_MOVING_STEP))
        TARE_TRY(check_like(infer, TARE_MOVING_STEP, scalar, "local step"));
    if (is_given(infer, TARE_MOVING_BIASED)) {
        TARE_TRY(check_like(infer, TARE_MOVING_BIASED, variable, "biased average"));
        if (!is_given(infer, TARE_MOVING_STEP))
            return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "a biased average alone",
                                     "its local step too");
    }
    infer->outputs[0] = variable;
    return TARE_OK;
}

static tare_status deviation_infer(tare_infer *infer) {
    const tare_type variance = infer->inputs[TARE_DEVIATION_VARIANCE];
    const tare_type truth = {TARE_BOOL, TARE_SCALAR};
    TARE_TRY(tare_infer_floating(infer, TARE_DEVIATION_VARIANCE, "moving variance"));
    TARE_TRY(check_like(infer, TARE_DEVIATION_STDDEV, variance, "moving stddev"));
    TARE_TRY(check_like(infer, TARE_DEVIATION_VALUE, variance, "stddev"));
    TARE_TRY(check_momentum(infer));
    TARE_TRY(check_samples(infer));
    if (is_given(infer, TARE_DEVIATION_TRAINING))
        TARE_TRY(check_like(infer, TARE_DEVIATION_TRAINING, truth, "training"));
    infer->outputs[0] = variance;
    return TARE_OK;
}

/* --------------------------------------------------------------------------------- lower */

static tare_status lower_to(tare_lower *lower, const char *step, int training) {
    tare_value inputs[TARE_MOVING_INPUTS];
    const tare_batch_mode mode = tare_batch_mode_of(lower, training, true);
    lower->outputs[0] = lower->inputs[0];
    if (mode == TARE_MODE_INFERENCE) return TARE_OK;
    for (int32_t i = 0; i < lower->input_count; i++) inputs[i] = lower->inputs[i];
    if (mode == TARE_MODE_TRAINING && training < lower->input_count)
        inputs[training] = TARE_NO_VALUE;
    return lower->emit(lower, step, lower->options, inputs, lower->input_count, lower->outputs, 1);
}

static tare_status average_lower(tare_lower *lower) {
    return lower_to(lower, "moving_average", TARE_MOVING_TRAINING);
}

static tare_status deviation_lower(tare_lower *lower) {
    return lower_to(lower, "moving_deviation", TARE_DEVIATION_TRAINING);
}

/* ----------------------------------------------------------------------------------- run */

typedef struct average {
    int64_t count;
    float decay_f32;
    double decay_f64, epsilon;
    int training; /* input that says so, -1: it always is */
    bool has_biased, has_step;
    int64_t elements; /* N; 0: not known */
} average;

static bool prepared_with(const tare_prepare *prepare, int input) {
    return input < prepare->input_count && prepare->inputs[input].dtype != TARE_DTYPE_NONE;
}

/* The elements of the batch that one number of the value is a statistic of; 0: not known. */
static int64_t count_elements(const tare_prepare *prepare, int batch) {
    const tare_moving_average_options *options = prepare->options;
    const int64_t channels = tare_shape_count(prepare->inputs[0].shape);
    if (!prepared_with(prepare, batch) || channels < 1) return 0;
    const tare_shape shape = prepare->inputs[batch].shape;
    const int64_t elements = tare_shape_count(shape) / channels;
    if (options->samples == 0 || shape.rank < 1 || shape.extents[0] < 1) return elements;
    return elements / shape.extents[0] * options->samples;
}

static tare_status prepare_state(tare_prepare *prepare, int training, int batch, average **made) {
    const tare_moving_average_options *options = prepare->options;
    const tare_decay_rounding rounding = (tare_decay_rounding)options->rounding;
    average *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    state->count = tare_shape_count(prepare->inputs[0].shape);
    state->decay_f32 = tare_decay_f32(options->momentum, rounding);
    state->decay_f64 = tare_decay_f64(options->momentum, rounding);
    state->epsilon = options->epsilon;
    state->training = prepared_with(prepare, training) ? training : -1;
    state->elements = count_elements(prepare, batch);
    prepare->state = *made = state;
    return TARE_OK;
}

static bool is_training(const tare_run *run) {
    const average *state = run->state;
    return state->training < 0 || *(const bool *)run->inputs[state->training];
}

/* The step's output is the variable's new value. */
static void tell(const tare_run *run, const void *variable, int64_t count, size_t size) {
    if (run->outputs[0]) memcpy(run->outputs[0], variable, (size_t)count * size);
}

/* Another N than last time, or a value that is not finite. */
static void count_unusual(tare_update_counts *counts, int64_t elements, bool finite) {
    if (counts->updates == 1 || elements < counts->least) counts->least = elements;
    if (elements > counts->most) counts->most = elements;
    counts->last = elements;
    counts->not_finite += !finite;
}

static inline void count_update(tare_update_counts *counts, int64_t elements, bool finite) {
    counts->updates++;
    if (elements != counts->last || !finite) count_unusual(counts, elements, finite);
}

#define AVERAGE(NUMBER, T, power)                                                                  \
    static bool all_finite_##T(int64_t count, const NUMBER *value) {                               \
        int found = 0;                                                                             \
        for (int64_t i = 0; i < count; i++) found |= !(value[i] - value[i] == 0);                  \
        return !found;                                                                             \
    }                                                                                              \
    static inline bool is_finite_##T(int64_t count, const NUMBER *value) {                         \
        return count == 1 ? value[0] - value[0] == 0 : all_finite_##T(count, value);               \
    }                                                                                              \
    static void update_##T(const average *a, void *const *inputs, NUMBER *variable,                \
                           const NUMBER *value) {                                                  \
        NUMBER *step = a->has_step ? inputs[TARE_MOVING_STEP] : NULL;                              \
        if (step) *step += 1;                                                                      \
        if (!a->has_biased) {                                                                      \
            tare_moving_average_##T(a->count, variable, value, step ? 1 / *step : a->decay_##T);   \
            return;                                                                                \
        }                                                                                          \
        NUMBER *biased = inputs[TARE_MOVING_BIASED];                                               \
        const NUMBER share = 1 - power(1 - a->decay_##T, *step);                                   \
        tare_moving_average_##T(a->count, biased, value, a->decay_##T);                            \
        for (int64_t i = 0; i < a->count; i++) variable[i] = biased[i] / share;                    \
    }                                                                                              \
    static tare_status average_run_##T(const tare_run *run) {                                      \
        const average *a = run->state;                                                             \
        NUMBER *variable = run->inputs[TARE_MOVING_VARIABLE];                                      \
        if (is_training(run)) {                                                                    \
            const NUMBER *value = run->inputs[TARE_MOVING_VALUE];                                  \
            update_##T(a, run->inputs, variable, value);                                           \
            count_update(run->counts, a->elements, is_finite_##T(a->count, value));                \
        }                                                                                          \
        tell(run, variable, a->count, sizeof *variable);                                           \
        return TARE_OK;                                                                            \
    }                                                                                              \
    /* The usual one: always training, no step. */                                                 \
    static tare_status plain_run_##T(const tare_run *run) {                                        \
        const average *a = run->state;                                                             \
        NUMBER *variable = run->inputs[TARE_MOVING_VARIABLE];                                      \
        const NUMBER *value = run->inputs[TARE_MOVING_VALUE];                                      \
        tare_moving_average_##T(a->count, variable, value, a->decay_##T);                          \
        count_update(run->counts, a->elements, is_finite_##T(a->count, value));                    \
        tell(run, variable, a->count, sizeof *variable);                                           \
        return TARE_OK;                                                                            \
    }                                                                                              \
    static tare_status deviation_run_##T(const tare_run *run) {                                    \
        const average *a = run->state;                                                             \
        NUMBER *variance = run->inputs[TARE_DEVIATION_VARIANCE];                                   \
        NUMBER *stddev = run->inputs[TARE_DEVIATION_STDDEV];                                       \
        if (is_training(run)) {                                                                    \
            const NUMBER *value = run->inputs[TARE_DEVIATION_VALUE];                               \
            tare_moving_average_##T(a->count, stddev, value, a->decay_##T);                        \
            count_update(run->counts, a->elements, is_finite_##T(a->count, value));                \
            for (int64_t i = 0; i < a->count; i++) {                                               \
                const NUMBER left = stddev[i] * stddev[i] - (NUMBER)a->epsilon;                    \
                variance[i] = left < 0 ? 0 : left;                                                 \
            }                                                                                      \
        }                                                                                          \
        tell(run, variance, a->count, sizeof *variance);                                           \
        return TARE_OK;                                                                            \
    }
AVERAGE(float, f32, powf)
AVERAGE(double, f64, pow)

static tare_status average_prepare(tare_prepare *prepare) {
    const bool wide = prepare->inputs[0].dtype == TARE_FLOAT64;
    average *state = NULL;
    TARE_TRY(prepare_state(prepare, TARE_MOVING_TRAINING, TARE_MOVING_BATCH, &state));
    state->has_biased = prepared_with(prepare, TARE_MOVING_BIASED);
    state->has_step = prepared_with(prepare, TARE_MOVING_STEP);
    if (state->training < 0 && !state->has_step)
        prepare->run = wide ? plain_run_f64 : plain_run_f32;
    else
        prepare->run = wide ? average_run_f64 : average_run_f32;
    return TARE_OK;
}

static tare_status deviation_prepare(tare_prepare *prepare) {
    const bool wide = prepare->inputs[0].dtype == TARE_FLOAT64;
    average *state = NULL;
    prepare->run = wide ? deviation_run_f64 : deviation_run_f32;
    return prepare_state(prepare, TARE_DEVIATION_TRAINING, TARE_DEVIATION_BATCH, &state);
}

/* ------------------------------------------------------------------------------- the ops */

#define AVERAGE_WRITES                                                                             \
    (1U << TARE_MOVING_VARIABLE | 1U << TARE_MOVING_BIASED | 1U << TARE_MOVING_STEP)
#define DEVIATION_WRITES (1U << TARE_DEVIATION_VARIANCE | 1U << TARE_DEVIATION_STDDEV)
#define AVERAGE_OPTIONAL                                                                           \
    (1U << TARE_MOVING_TRAINING | 1U << TARE_MOVING_BIASED | 1U << TARE_MOVING_STEP |              \
     1U << TARE_MOVING_BATCH)
#define DEVIATION_OPTIONAL (1U << TARE_DEVIATION_TRAINING | 1U << TARE_DEVIATION_BATCH)

const tare_op_def tare_moving_average_ops[] = {
    {.name = "assign_moving_average",
     .node_name = "AssignMovingAvg",
     .table = &average_table,
     .min_inputs = 2,
     .max_inputs = TARE_MOVING_INPUTS,
     .output_count = 1,
     .flags = TARE_OP_COUNTS,
     .writes = AVERAGE_WRITES,
     .shape_only = 1U << TARE_MOVING_BATCH,
     .optional = AVERAGE_OPTIONAL,
     .infer = average_infer,
     .no_gradient = "nothing that is differentiated to depend on a moving average's update",
     .lower = average_lower},
    {.name = "moving_average",
     .node_name = "moving_average",
     .table = &average_table,
     .min_inputs = 2,
     .max_inputs = TARE_MOVING_INPUTS,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL | TARE_OP_COUNTS,
     .writes = AVERAGE_WRITES,
     .shape_only = 1U << TARE_MOVING_BATCH,
     .optional = AVERAGE_OPTIONAL,
     .infer = average_infer,
     .prepare = average_prepare},
    {.name = "assign_moving_deviation",
     .node_name = "AssignNewValue",
     .table = &average_table,
     .min_inputs = 3,
     .max_inputs = TARE_DEVIATION_INPUTS,
     .output_count = 1,
     .flags = TARE_OP_COUNTS,
     .writes = DEVIATION_WRITES,
     .shape_only = 1U << TARE_DEVIATION_BATCH,
     .optional = DEVIATION_OPTIONAL,
     .infer = deviation_infer,
     .no_gradient = "nothing that is differentiated to depend on a moving average's update",
     .lower = deviation_lower},
    {.name = "moving_deviation",
     .node_name = "moving_deviation",
     .table = &average_table,
     .min_inputs = 3,
     .max_inputs = TARE_DEVIATION_INPUTS,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL | TARE_OP_COUNTS,
     .writes = DEVIATION_WRITES,
     .shape_only = 1U << TARE_DEVIATION_BATCH,
     .optional = DEVIATION_OPTIONAL,
     .infer = deviation_infer,
     .prepare = deviation_prepare},
    {.name = NULL},
};
