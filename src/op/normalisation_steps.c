/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps that normalisations become in a plan. Each is one call of kernel/normalisation.h, where
 * the formulas are; inputs and outputs of each are listed in op/normalisation.h.
 *
 * "normalise" is an affine map of its input when the channels are the last axis, and says so: with
 * statistics that do not depend on the run, the merge pass folds it into the product before it.
 */
#include "array/permutation.h"
#include "array/shape.h"
#include "base/status.h"
#include "op/normalisation.h"
#include "op/order.h"

#include <string.h>

#define TARE_TABLE_STRUCT tare_normalisation_step_options
TARE_OPTION_TABLE(static, step_table, TARE_NORMALISATION_STEP_FIELDS);
#undef TARE_TABLE_STRUCT

/* Places in the family. */
enum {
    STEP_CHANNEL_MOMENTS,
    STEP_WEIGHTED_CHANNEL_MOMENTS,
    STEP_SHIFTED_SUMS,
    STEP_SELECT_STATISTICS,
    STEP_ZERO_LOW,
    STEP_NORMALISE,
    STEP_NORMALISE_AFFINE,
    STEP_GRADIENT_SUMS,
    STEP_NORMALISE_GRADIENT,
    STEPS
};
extern const tare_op_def tare_normalisation_steps[];

/* -------------------------------------------------------------------------- common to all */

typedef struct step {
    tare_channels view;
    int64_t channels;
    size_t number_size;
    double epsilon;
    bool rectified;
    tare_unary_loop activation; /* NULL: none */
} step;

static tare_channels view_of(const tare_normalisation_step_options *options) {
    return (tare_channels){options->outer, options->channels, options->inner};
}

/* State, scratch and the run function of x's dtype. */
static tare_status prepare_step(tare_prepare *prepare, int x, tare_step_function f32,
                                tare_step_function f64) {
    const tare_normalisation_step_options *options = prepare->options;
    const tare_dtype dtype = prepare->inputs[x].dtype;
    step *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    state->view = view_of(options);
    state->channels = options->channels;
    state->number_size = tare_dtype_size(dtype);
    state->epsilon = options->epsilon;
    state->rectified = options->rectified;
    state->activation = options->activation
                            ? tare_unary_loop_of((tare_unary)(options->activation - 1), dtype)
                            : NULL;
    prepare->state = state;
    prepare->scratch_bytes = tare_normalisation_scratch(&state->view, tare_dtype_size(dtype));
    prepare->run = dtype == TARE_FLOAT32 ? f32 : dtype == TARE_FLOAT64 ? f64 : NULL;
    return TARE_OK;
}

static tare_status infer_statistics(tare_infer *infer, int x, int count) {
    const tare_normalisation_step_options *options = infer->options;
    for (int o = 0; o < count; o++)
        infer->outputs[o] = (tare_type){infer->inputs[x].dtype, options->shape};
    return TARE_OK;
}

#define STEP(name, T) static tare_status name##_##T(const tare_run *run)

/* Both element types of a step, and a prepare that chooses. */
#define STEP_PAIR(name, x)                                                                         \
    static tare_status name##_prepare(tare_prepare *prepare) {                                     \
        return prepare_step(prepare, x, name##_f32, name##_f64);                                   \
    }

/* Steps do not mind where the channels of x lie, as long as they lie together. */
static bool reorder_view(const tare_lower *node, int x, tare_reordering *to) {
    tare_normalisation_step_options *options = to->options;
    const tare_shape shape = tare_permuted_shape(node->type(node, node->inputs[x])->shape,
                                                 tare_inverse_permutation(to->perm));
    tare_axis_mask kept = 0;
    if (options->kept == 0 || !tare_reordered_mask(to, (uint32_t)options->kept, &kept))
        return false;
    const tare_channel_view view = tare_view_by_channel(shape, kept);
    options->outer = view.options.outer;
    options->channels = view.options.channels;
    options->inner = view.options.inner;
    options->kept = view.options.kept;
    return !view.transposed;
}

static bool reorder_statistics(const tare_lower *node, tare_reordering *to) {
    to->outputs = 0;
    return reorder_view(node, 0, to);
}

static bool reorder_numbers(const tare_lower *node, tare_reordering *to) {
    return reorder_view(node, 0, to);
}

static const tare_capabilities statistics_can = {.any_order = 1U << 0,
                                                 .reorder = reorder_statistics};

/* ------------------------------------------------------------------------ channel_moments */

#define CHANNEL_MOMENTS(NUMBER, T)                                                                 \
    STEP(channel_moments, T) {                                                                     \
        const step *s = run->state;                                                                \
        const tare_moments_##T moments = {                                                         \
            run->outputs[TARE_MOMENTS_MEAN], run->outputs[TARE_MOMENTS_VARIANCE],                  \
            run->outputs[TARE_MOMENTS_LOW], run->outputs[TARE_MOMENTS_UNBIASED]};                  \
        tare_channel_moments_##T(&s->view, run->inputs[0], &moments, run->scratch, run->pool);     \
        return TARE_OK;                                                                            \
    }
CHANNEL_MOMENTS(float, f32)
CHANNEL_MOMENTS(double, f64)
STEP_PAIR(channel_moments, 0)

static const tare_capabilities channel_moments_can = {
    .rider = &tare_channel_moments_rider, .any_order = 1U << 0, .reorder = reorder_statistics};

/* An output of low digits: two for each channel. */
static void infer_low(tare_infer *infer, int output) {
    const tare_normalisation_step_options *options = infer->options;
    infer->outputs[output].shape = TARE_SHAPE(2 * options->channels);
}

static tare_status channel_moments_infer(tare_infer *infer) {
    TARE_TRY(infer_statistics(infer, 0, TARE_MOMENTS_OUTPUTS));
    infer_low(infer, TARE_MOMENTS_LOW);
    return TARE_OK;
}

/* ---------------------------------------------------------------- weighted_channel_moments */

typedef struct weighing_step {
    tare_weighing how;
    double extra;
} weighing_step;

#define WEIGHTED_MOMENTS(NUMBER, T)                                                                \
    STEP(weighted_moments, T) {                                                                    \
        const weighing_step *s = run->state;                                                       \
        tare_weighted_moments_##T(&s->how, run->inputs[0], run->inputs[1], s->extra,               \
                                  run->outputs[0], run->outputs[1], run->scratch);                 \
        return TARE_OK;                                                                            \
    }
WEIGHTED_MOMENTS(float, f32)
WEIGHTED_MOMENTS(double, f64)

static tare_status weighted_moments_prepare(tare_prepare *prepare) {
    const tare_normalisation_step_options *options = prepare->options;
    const tare_type *x = &prepare->inputs[0];
    weighing_step *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    state->how.rank = x->shape.rank;
    state->how.channels = options->channels;
    state->extra = options->extra;
    for (int axis = 0; axis < x->shape.rank; axis++) {
        state->how.extents[axis] = x->shape.extents[axis];
        state->how.channel_steps[axis] = options->channel_steps.values[axis];
        state->how.weight_steps[axis] = options->weight_steps.values[axis];
    }
    prepare->state = state;
    prepare->scratch_bytes = 3 * options->channels * (int64_t)sizeof(double);
    if (x->dtype == TARE_FLOAT32) prepare->run = weighted_moments_f32;
    if (x->dtype == TARE_FLOAT64) prepare->run = weighted_moments_f64;
    return TARE_OK;
}

static tare_status two_statistics_infer(tare_infer *infer) { return infer_statistics(infer, 0, 2); }

/* ---------------------------------------------------------------------------- shifted_sums */

#define SHIFTED_SUMS(NUMBER, T)                                                                    \
    STEP(shifted_sums, T) {                                                                        \
        const step *s = run->state;                                                                \
        NUMBER *count = run->outputs[0];                                                           \
        if (count) *count = (NUMBER)(s->view.outer * s->view.inner);                               \
        tare_shifted_sums_##T(&s->view, run->inputs[0], run->inputs[1], run->outputs[1],           \
                              run->outputs[2]);                                                    \
        return TARE_OK;                                                                            \
    }
SHIFTED_SUMS(float, f32)
SHIFTED_SUMS(double, f64)
STEP_PAIR(shifted_sums, 0)

static tare_status shifted_sums_infer(tare_infer *infer) {
    TARE_TRY(infer_statistics(infer, 0, 3));
    infer->outputs[0].shape = TARE_SCALAR;
    return TARE_OK;
}

/* ----------------------------------------------------------------------- select_statistics */

enum {
    SELECT_TRAINING,
    SELECT_MEAN,
    SELECT_VARIANCE,
    SELECT_LOW,
    SELECT_MOVING_MEAN,
    SELECT_MOVING_VARIANCE,
    SELECT_INPUTS
};

/* Batch statistics or the moving ones, which have no digits but their own. */
#define SELECT_STATISTICS(NUMBER, T)                                                               \
    STEP(select_statistics, T) {                                                                   \
        const step *s = run->state;                                                                \
        const bool training = *(const bool *)run->inputs[SELECT_TRAINING];                         \
        const NUMBER *mean = run->inputs[training ? SELECT_MEAN : SELECT_MOVING_MEAN];             \
        const NUMBER *variance = run->inputs[training ? SELECT_VARIANCE : SELECT_MOVING_VARIANCE]; \
        const NUMBER *low = run->inputs[SELECT_LOW];                                               \
        NUMBER *const *out = (NUMBER *const *)run->outputs;                                        \
        for (int64_t c = 0; c < s->channels; c++) {                                                \
            if (out[0]) out[0][c] = mean[c];                                                       \
            if (out[1]) out[1][c] = variance[c];                                                   \
        }                                                                                          \
        for (int64_t c = 0; out[2] && c < 2 * s->channels; c++) out[2][c] = training ? low[c] : 0; \
        return TARE_OK;                                                                            \
    }
SELECT_STATISTICS(float, f32)
SELECT_STATISTICS(double, f64)
STEP_PAIR(select_statistics, SELECT_MEAN)

static tare_status select_statistics_infer(tare_infer *infer) {
    TARE_TRY(infer_statistics(infer, SELECT_MEAN, 3));
    infer_low(infer, 2);
    return TARE_OK;
}

/* -------------------------------------------------------------------------------- zero_low */

static tare_status zero_low_run(const tare_run *run) {
    const step *s = run->state;
    memset(run->outputs[0], 0, (size_t)(2 * s->channels) * s->number_size);
    return TARE_OK;
}

static tare_status zero_low_prepare(tare_prepare *prepare) {
    return prepare_step(prepare, 0, zero_low_run, zero_low_run);
}

static tare_status zero_low_infer(tare_infer *infer) {
    TARE_TRY(infer_statistics(infer, 0, 1));
    infer_low(infer, 0);
    return TARE_OK;
}

/* ------------------------------------------------------------------------------- normalise */

#define NORMALISE(NUMBER, T)                                                                       \
    STEP(normalise, T) {                                                                           \
        const step *s = run->state;                                                                \
        const tare_normalisation_##T by = {run->inputs[TARE_NORMALISE_MEAN],                       \
                                           run->inputs[TARE_NORMALISE_VARIANCE],                   \
                                           run->inputs[TARE_NORMALISE_LOW],                        \
                                           run->inputs[TARE_NORMALISE_GAMMA],                      \
                                           run->inputs[TARE_NORMALISE_BETA],                       \
                                           s->epsilon,                                             \
                                           s->rectified,                                           \
                                           s->activation};                                         \
        tare_normalise_##T(&s->view, &by, run->inputs[TARE_NORMALISE_X], run->outputs[0],          \
                           run->scratch, run->pool);                                               \
        return TARE_OK;                                                                            \
    }
NORMALISE(float, f32)
NORMALISE(double, f64)

static tare_status normalise_prepare(tare_prepare *prepare) {
    prepare->in_place = TARE_NORMALISE_X;
    return prepare_step(prepare, TARE_NORMALISE_X, normalise_f32, normalise_f64);
}

static tare_status normalise_infer(tare_infer *infer) {
    infer->outputs[0] = infer->inputs[TARE_NORMALISE_X];
    return TARE_OK;
}

enum { AFFINE_MEAN, AFFINE_VARIANCE, AFFINE_GAMMA, AFFINE_BETA, AFFINE_INPUTS };

/* Affine along the last axis when the channels are that axis. */
static bool normalise_as_affine(const tare_lower *node) {
    const tare_normalisation_step_options *options = node->options;
    const tare_shape x = node->type(node, node->inputs[TARE_NORMALISE_X])->shape;
    return options->inner == 1 && !options->rectified && !options->activation && x.rank > 0 &&
           x.extents[x.rank - 1] == options->channels &&
           node->inputs[TARE_NORMALISE_LOW] ==
               TARE_NO_VALUE; /* only a batch's own have low digits */
}

static tare_status normalise_make_affine(tare_lower *node, tare_affine *affine) {
    const tare_normalisation_step_options *given = node->options;
    tare_normalisation_step_options options = *given;
    const tare_value inputs[] = {
        node->inputs[TARE_NORMALISE_MEAN], node->inputs[TARE_NORMALISE_VARIANCE],
        node->inputs[TARE_NORMALISE_GAMMA], node->inputs[TARE_NORMALISE_BETA]};
    tare_value made[2];
    options.shape = TARE_SHAPE(options.channels);
    TARE_TRY(node->emit(node, "normalise_affine", &options, inputs, AFFINE_INPUTS, made, 2));
    *affine = (tare_affine){made[0], made[1]};
    return TARE_OK;
}

/* Rectified it costs nothing; so it does where a row holds all channels. */
static tare_status normalise_absorb_rectifier(tare_lower *node) {
    const tare_normalisation_step_options *given = node->options;
    tare_normalisation_step_options options = *given;
    if (given->inner != 1 || given->rectified || given->activation) return TARE_OK;
    options.rectified = true;
    return node->emit(node, "normalise", &options, node->inputs, node->input_count, node->outputs,
                      1);
}

static tare_status normalise_absorb_activation(tare_lower *node, tare_unary activation) {
    const tare_normalisation_step_options *given = node->options;
    tare_normalisation_step_options options = *given;
    const tare_dtype dtype = node->type(node, node->inputs[TARE_NORMALISE_X])->dtype;
    if (given->rectified || given->activation || !tare_unary_loop_of(activation, dtype))
        return TARE_OK;
    options.activation = (int64_t)activation + 1;
    return node->emit(node, "normalise", &options, node->inputs, node->input_count, node->outputs,
                      1);
}

static const tare_capabilities normalise_can = {.host = &tare_normalise_host,
                                                .rider = &tare_normalise_rider,
                                                .as_affine = normalise_as_affine,
                                                .make_affine = normalise_make_affine,
                                                .absorb_rectifier = normalise_absorb_rectifier,
                                                .absorb_activation = normalise_absorb_activation,
                                                .any_order = 1U << TARE_NORMALISE_X,
                                                .reorder = reorder_numbers};

/* ------------------------------------------------------------------------ normalise_affine */

#define NORMALISE_AFFINE(NUMBER, T)                                                                \
    STEP(normalise_affine, T) {                                                                    \
        const step *s = run->state;                                                                \
        const tare_normalisation_##T by = {.mean = run->inputs[AFFINE_MEAN],                       \
                                           .variance = run->inputs[AFFINE_VARIANCE],               \
                                           .gamma = run->inputs[AFFINE_GAMMA],                     \
                                           .beta = run->inputs[AFFINE_BETA],                       \
                                           .epsilon = s->epsilon};                                 \
        tare_scale_and_shift_##T(s->channels, &by, run->outputs[0], run->outputs[1]);              \
        return TARE_OK;                                                                            \
    }
NORMALISE_AFFINE(float, f32)
NORMALISE_AFFINE(double, f64)
STEP_PAIR(normalise_affine, AFFINE_MEAN)

/* --------------------------------------------------------------------------- gradient_sums */

#define GRADIENT_SUMS(NUMBER, T)                                                                   \
    STEP(gradient_sums, T) {                                                                       \
        const step *s = run->state;                                                                \
        const tare_normalisation_##T by = {.mean = run->inputs[TARE_SUMS_MEAN],                    \
                                           .variance = run->inputs[TARE_SUMS_VARIANCE],            \
                                           .low = run->inputs[TARE_SUMS_LOW],                      \
                                           .gamma = run->inputs[TARE_SUMS_GAMMA],                  \
                                           .beta = run->inputs[TARE_SUMS_BETA],                    \
                                           .epsilon = s->epsilon,                                  \
                                           .rectified = s->rectified};                             \
        const tare_sums_##T sums = {run->outputs[0], run->outputs[1], run->outputs[2]};            \
        tare_gradient_sums_##T(&s->view, &by, run->inputs[TARE_SUMS_DY], run->inputs[TARE_SUMS_X], \
                               &sums, run->scratch, run->pool);                                    \
        return TARE_OK;                                                                            \
    }
GRADIENT_SUMS(float, f32)
GRADIENT_SUMS(double, f64)
STEP_PAIR(gradient_sums, TARE_SUMS_DY)

/* Input i of a step, none where it has fewer. */
static tare_value input_of(const tare_lower *node, int i) {
    return i < node->input_count ? node->inputs[i] : TARE_NO_VALUE;
}

/*
 * Whether what the gate lets through is the gradient of a normalise whose input and statistics are
 * this step's, which stand from x on: then y > 0 is known from x.
 */
static bool gates_own(const tare_lower *node, const tare_gate *gate, int x) {
    const tare_normalisation_step_options *own = node->options, *made = gate->maker_options;
    if (gate->maker != &tare_normalisation_steps[STEP_NORMALISE] || own->rectified ||
        !made->rectified || own->inner != 1 || made->inner != 1 || own->epsilon != made->epsilon ||
        own->channels != made->channels || own->outer != made->outer)
        return false;
    for (int i = TARE_NORMALISE_MEAN; i <= TARE_NORMALISE_LOW; i++)
        if (input_of(node, x + i) != gate->maker_inputs[i]) return false;
    const tare_value given = input_of(node, x); /* left out where no number of it was wanted */
    return given == TARE_NO_VALUE || given == gate->maker_inputs[TARE_NORMALISE_X];
}

/* Emits the step itself on dy before the gate, with what the gate depends on. */
static tare_status emit_gated(tare_lower *node, const char *op, const tare_gate *gate,
                              tare_value *inputs, int32_t count) {
    const tare_normalisation_step_options *given = node->options;
    tare_normalisation_step_options options = *given;
    options.rectified = true;
    inputs[0] = gate->dy;
    return node->emit(node, op, &options, inputs, count, node->outputs, node->output_count);
}

static tare_status gradient_sums_absorb_gate(tare_lower *node, const tare_gate *gate) {
    tare_value inputs[TARE_SUMS_INPUTS];
    if (node->inputs[TARE_SUMS_DY] != gate->gated || !gates_own(node, gate, TARE_SUMS_X))
        return TARE_OK;
    for (int i = 0; i < TARE_SUMS_GAMMA; i++) inputs[i] = input_of(node, i);
    inputs[TARE_SUMS_X] = gate->maker_inputs[TARE_NORMALISE_X];
    inputs[TARE_SUMS_GAMMA] = gate->maker_inputs[TARE_NORMALISE_GAMMA];
    inputs[TARE_SUMS_BETA] = gate->maker_inputs[TARE_NORMALISE_BETA];
    return emit_gated(node, "gradient_sums", gate, inputs, TARE_SUMS_INPUTS);
}

static const tare_capabilities gradient_sums_can = {.any_order =
                                                        1U << TARE_SUMS_DY | 1U << TARE_SUMS_X,
                                                    .reorder = reorder_statistics,
                                                    .absorb_gate = gradient_sums_absorb_gate,
                                                    .rider = &tare_gradient_sums_rider};

static tare_status gradient_sums_infer(tare_infer *infer) {
    TARE_TRY(infer_statistics(infer, TARE_SUMS_DY, 3));
    infer_low(infer, 2);
    return TARE_OK;
}

/* ---------------------------------------------------------------------- normalise_gradient */

#define NORMALISE_GRADIENT(NUMBER, T)                                                              \
    STEP(normalise_gradient, T) {                                                                  \
        const step *s = run->state;                                                                \
        const tare_sums_##T sums = {run->inputs[TARE_GRADIENT_DGAMMA],                             \
                                    run->inputs[TARE_GRADIENT_DBETA],                              \
                                    run->inputs[TARE_GRADIENT_SUMS_LOW]};                          \
        const tare_normalisation_##T by = {.mean = run->inputs[TARE_GRADIENT_MEAN],                \
                                           .variance = run->inputs[TARE_GRADIENT_VARIANCE],        \
                                           .low = run->inputs[TARE_GRADIENT_LOW],                  \
                                           .gamma = run->inputs[TARE_GRADIENT_GAMMA],              \
                                           .beta = run->inputs[TARE_GRADIENT_BETA],                \
                                           .epsilon = s->epsilon,                                  \
                                           .rectified = s->rectified};                             \
        tare_normalise_gradient_##T(                                                               \
            &s->view, &by, run->inputs[TARE_GRADIENT_DY], run->inputs[TARE_GRADIENT_X],            \
            tare_counts_sums(run) ? &sums : NULL, run->outputs[0], run->scratch, run->pool);       \
        return TARE_OK;                                                                            \
    }
NORMALISE_GRADIENT(float, f32)
NORMALISE_GRADIENT(double, f64)

static tare_status normalise_gradient_absorb_gate(tare_lower *node, const tare_gate *gate) {
    tare_value inputs[TARE_GRADIENT_INPUTS];
    if (node->inputs[TARE_GRADIENT_DY] != gate->gated || !gates_own(node, gate, TARE_GRADIENT_X) ||
        input_of(node, TARE_GRADIENT_GAMMA) != gate->maker_inputs[TARE_NORMALISE_GAMMA])
        return TARE_OK;
    for (int i = 0; i < TARE_GRADIENT_BETA; i++) inputs[i] = input_of(node, i);
    inputs[TARE_GRADIENT_X] = gate->maker_inputs[TARE_NORMALISE_X];
    inputs[TARE_GRADIENT_BETA] = gate->maker_inputs[TARE_NORMALISE_BETA];
    return emit_gated(node, "normalise_gradient", gate, inputs, TARE_GRADIENT_INPUTS);
}

static const tare_capabilities normalise_gradient_can = {
    .any_order = 1U << TARE_GRADIENT_DY | 1U << TARE_GRADIENT_X,
    .reorder = reorder_numbers,
    .absorb_gate = normalise_gradient_absorb_gate,
    .rider = &tare_normalise_gradient_rider};

static tare_status normalise_gradient_prepare(tare_prepare *prepare) {
    prepare->in_place = TARE_GRADIENT_DY;
    return prepare_step(prepare, TARE_GRADIENT_DY, normalise_gradient_f32, normalise_gradient_f64);
}

/* ------------------------------------------------------------------------------- the family */

#define INTERNAL(step_name, inputs, outputs, ...)                                                  \
    {                                                                                              \
        .name = #step_name, .node_name = #step_name, .table = &step_table, .min_inputs = 1,        \
        .max_inputs = inputs, .output_count = outputs, .flags = TARE_OP_INTERNAL, __VA_ARGS__      \
    }

const tare_op_def tare_normalisation_steps[] = {
    [STEP_CHANNEL_MOMENTS] =
        INTERNAL(channel_moments, 1, TARE_MOMENTS_OUTPUTS, .infer = channel_moments_infer,
                 .prepare = channel_moments_prepare, .can = &channel_moments_can),
    [STEP_WEIGHTED_CHANNEL_MOMENTS] =
        INTERNAL(weighted_channel_moments, 2, 2, .infer = two_statistics_infer,
                 .prepare = weighted_moments_prepare),
    [STEP_SHIFTED_SUMS] =
        INTERNAL(shifted_sums, 2, 3, .optional = 1U << 1, .infer = shifted_sums_infer,
                 .prepare = shifted_sums_prepare, .can = &statistics_can),
    [STEP_SELECT_STATISTICS] =
        INTERNAL(select_statistics, SELECT_INPUTS, 3, .infer = select_statistics_infer,
                 .prepare = select_statistics_prepare),
    [STEP_ZERO_LOW] = INTERNAL(zero_low, 1, 1, .shape_only = 1U << 0, .infer = zero_low_infer,
                               .prepare = zero_low_prepare),
    [STEP_NORMALISE] =
        INTERNAL(normalise, TARE_NORMALISE_INPUTS, 1,
                 .optional = 1U << TARE_NORMALISE_LOW | 1U << TARE_NORMALISE_GAMMA |
                             1U << TARE_NORMALISE_BETA,
                 .infer = normalise_infer, .prepare = normalise_prepare, .can = &normalise_can),
    [STEP_NORMALISE_AFFINE] = INTERNAL(
        normalise_affine, AFFINE_INPUTS, 2, .optional = 1U << AFFINE_GAMMA | 1U << AFFINE_BETA,
        .infer = two_statistics_infer, .prepare = normalise_affine_prepare),
    [STEP_GRADIENT_SUMS] = INTERNAL(gradient_sums, TARE_SUMS_INPUTS, 3,
                                    .optional = 1U << TARE_SUMS_X | 1U << TARE_SUMS_LOW |
                                                1U << TARE_SUMS_GAMMA | 1U << TARE_SUMS_BETA,
                                    .infer = gradient_sums_infer, .prepare = gradient_sums_prepare,
                                    .can = &gradient_sums_can),
    [STEP_NORMALISE_GRADIENT] =
        INTERNAL(normalise_gradient, TARE_GRADIENT_INPUTS, 1,
                 .optional = 1U << TARE_GRADIENT_X | 1U << TARE_GRADIENT_LOW |
                             1U << TARE_GRADIENT_GAMMA | 1U << TARE_GRADIENT_DGAMMA |
                             1U << TARE_GRADIENT_DBETA | 1U << TARE_GRADIENT_SUMS_LOW |
                             1U << TARE_GRADIENT_TRAINING | 1U << TARE_GRADIENT_BETA,
                 .infer = normalise_infer, .prepare = normalise_gradient_prepare,
                 .can = &normalise_gradient_can),
    [STEPS] = {.name = NULL},
};
