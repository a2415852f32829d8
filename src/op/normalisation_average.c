/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving averages of statistics: ops "assign_moving_average" and "assign_moving_deviation";
 * formulas in op/normalisation.h. Known not to be training, they are the variable as it is; else
 * they lower to the step "moving_average" or "moving_deviation".
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

static tare_status average_infer(tare_infer *infer) {
    const tare_type variable = infer->inputs[TARE_MOVING_VARIABLE];
    const tare_type scalar = {variable.dtype, TARE_SCALAR}, truth = {TARE_BOOL, TARE_SCALAR};
    TARE_TRY(tare_infer_floating(infer, TARE_MOVING_VARIABLE, "variable"));
    TARE_TRY(check_like(infer, TARE_MOVING_VALUE, variable, "value"));
    TARE_TRY(check_momentum(infer));
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
} average;

static bool prepared_with(const tare_prepare *prepare, int input) {
    return input < prepare->input_count && prepare->inputs[input].dtype != TARE_DTYPE_NONE;
}

static tare_status prepare_average(tare_prepare *prepare, int training, tare_step_function f32,
                                   tare_step_function f64) {
    const tare_moving_average_options *options = prepare->options;
    const tare_decay_rounding rounding = (tare_decay_rounding)options->rounding;
    average *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    state->count = tare_shape_count(prepare->inputs[0].shape);
    state->decay_f32 = tare_decay_f32(options->momentum, rounding);
    state->decay_f64 = tare_decay_f64(options->momentum, rounding);
    state->epsilon = options->epsilon;
    state->training = prepared_with(prepare, training) ? training : -1;
    state->has_biased = prepared_with(prepare, TARE_MOVING_BIASED);
    state->has_step = prepared_with(prepare, TARE_MOVING_STEP);
    prepare->state = state;
    prepare->run = prepare->inputs[0].dtype == TARE_FLOAT64 ? f64 : f32;
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

#define AVERAGE(NUMBER, T, power)                                                                  \
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
        if (is_training(run))                                                                      \
            update_##T(a, run->inputs, variable, run->inputs[TARE_MOVING_VALUE]);                  \
        tell(run, variable, a->count, sizeof *variable);                                           \
        return TARE_OK;                                                                            \
    }                                                                                              \
    static tare_status deviation_run_##T(const tare_run *run) {                                    \
        const average *a = run->state;                                                             \
        NUMBER *variance = run->inputs[TARE_DEVIATION_VARIANCE];                                   \
        NUMBER *stddev = run->inputs[TARE_DEVIATION_STDDEV];                                       \
        if (is_training(run)) {                                                                    \
            tare_moving_average_##T(a->count, stddev, run->inputs[TARE_DEVIATION_VALUE],           \
                                    a->decay_##T);                                                 \
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
    return prepare_average(prepare, TARE_MOVING_TRAINING, average_run_f32, average_run_f64);
}

static tare_status deviation_prepare(tare_prepare *prepare) {
    return prepare_average(prepare, TARE_DEVIATION_TRAINING, deviation_run_f32, deviation_run_f64);
}

/* ------------------------------------------------------------------------------- the ops */

#define AVERAGE_WRITES                                                                             \
    (1U << TARE_MOVING_VARIABLE | 1U << TARE_MOVING_BIASED | 1U << TARE_MOVING_STEP)
#define DEVIATION_WRITES (1U << TARE_DEVIATION_VARIANCE | 1U << TARE_DEVIATION_STDDEV)
#define AVERAGE_OPTIONAL                                                                           \
    (1U << TARE_MOVING_TRAINING | 1U << TARE_MOVING_BIASED | 1U << TARE_MOVING_STEP)

const tare_op_def tare_moving_average_ops[] = {
    {.name = "assign_moving_average",
     .node_name = "AssignMovingAvg",
     .table = &average_table,
     .min_inputs = 2,
     .max_inputs = TARE_MOVING_INPUTS,
     .output_count = 1,
     .writes = AVERAGE_WRITES,
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
     .flags = TARE_OP_INTERNAL,
     .writes = AVERAGE_WRITES,
     .optional = AVERAGE_OPTIONAL,
     .infer = average_infer,
     .prepare = average_prepare},
    {.name = "assign_moving_deviation",
     .node_name = "AssignNewValue",
     .table = &average_table,
     .min_inputs = 3,
     .max_inputs = TARE_DEVIATION_INPUTS,
     .output_count = 1,
     .writes = DEVIATION_WRITES,
     .optional = 1U << TARE_DEVIATION_TRAINING,
     .infer = deviation_infer,
     .no_gradient = "nothing that is differentiated to depend on a moving average's update",
     .lower = deviation_lower},
    {.name = "moving_deviation",
     .node_name = "moving_deviation",
     .table = &average_table,
     .min_inputs = 3,
     .max_inputs = TARE_DEVIATION_INPUTS,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .writes = DEVIATION_WRITES,
     .optional = 1U << TARE_DEVIATION_TRAINING,
     .infer = deviation_infer,
     .prepare = deviation_prepare},
    {.name = NULL},
};
