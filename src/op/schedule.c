/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learning-rate schedules: ops of a rate and a step, both scalars; and the piecewise constant one,
 * of a step, boundaries and values. The formulas stand in include/tare/schedule.h and, in the order
 * of their roundings, in schedule.inc.h. No gradient flows through a schedule.
 *
 * Source: TensorFlow r1.15, python/keras/optimizer_v2/learning_rate_schedule.py and
 * python/training/learning_rate_decay.py.
 */
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "graph/graph.h"

#include <tare/schedule.h>

#include <math.h>
#include <string.h>

enum { RATE, STEP };                                 /* inputs of a decay */
enum { PIECE_STEP, PIECE_BOUNDARIES, PIECE_VALUES }; /* inputs of a piecewise constant */

#define NUMBER     float
#define NAMED(f)   f##_f32
#define MATH(name) name##f
#include "op/schedule.inc.h"
#undef NUMBER
#undef NAMED
#undef MATH

#define NUMBER     double
#define NAMED(f)   f##_f64
#define MATH(name) name
#include "op/schedule.inc.h"

/* ---- tables of options */

#define TARE_TABLE_STRUCT tare_decay_options
TARE_OPTION_TABLE(static, decay_table, TARE_DECAY_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_polynomial_decay_options
TARE_OPTION_TABLE(static, polynomial_table, TARE_POLYNOMIAL_DECAY_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_cosine_decay_options
TARE_OPTION_TABLE(static, cosine_table, TARE_COSINE_DECAY_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_cosine_decay_restarts_options
TARE_OPTION_TABLE(static, cosine_restarts_table, TARE_COSINE_DECAY_RESTARTS_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_linear_cosine_decay_options
TARE_OPTION_TABLE(static, linear_cosine_table, TARE_LINEAR_COSINE_DECAY_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_noisy_linear_cosine_decay_options
TARE_OPTION_TABLE(static, noisy_linear_cosine_table, TARE_NOISY_LINEAR_COSINE_DECAY_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- what the schedules differ in */

typedef struct schedule {
    const char *op;
    float (*f32)(const void *options, float rate, float step, float noise);
    double (*f64)(const void *options, double rate, double step, double noise);
} schedule;

#define SCHEDULE(name)                                                                             \
    { #name "_decay", name##_f32, name##_f64 }

static const schedule schedules[] = {
    SCHEDULE(exponential),   SCHEDULE(inverse_time),
    SCHEDULE(natural_exp),   SCHEDULE(polynomial),
    SCHEDULE(cosine),        {"cosine_decay_restarts", cosine_restarts_f32, cosine_restarts_f64},
    SCHEDULE(linear_cosine), SCHEDULE(noisy_linear_cosine),
    {NULL, NULL, NULL},
};

static const schedule *schedule_of(const char *op) {
    const schedule *found = schedules;
    while (found->op && strcmp(found->op, op) != 0) found++;
    return found;
}

/* ---- infer */

static tare_status check_step(const tare_infer *infer, int input) {
    const tare_dtype dtype = infer->inputs[input].dtype;
    TARE_TRY(tare_infer_rank(infer, input, 0, "global step"));
    if (dtype == TARE_INT64 || dtype == TARE_INT32 || dtype == TARE_FLOAT32 ||
        dtype == TARE_FLOAT64)
        return TARE_OK;
    char got[64];
    tare_print(got, sizeof got, "global step of dtype %s", tare_dtype_name(dtype));
    return tare_infer_refuse(infer, TARE_ERROR_TYPE, got, "int32, int64, float32 or float64");
}

/* Every schedule's first option is how many steps it takes. */
static tare_status check_steps(const tare_infer *infer) {
    const double steps = ((const tare_decay_options *)infer->options)->decay_steps;
    if (steps > 0) return TARE_OK;
    char number[TARE_NUMBER_TEXT], got[TARE_NUMBER_TEXT + 16];
    tare_print(got, sizeof got, "%s steps", tare_double_text(number, steps));
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "a number of steps above 0");
}

static tare_status decay_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, RATE, "learning rate"));
    TARE_TRY(tare_infer_rank(infer, RATE, 0, "learning rate"));
    TARE_TRY(check_step(infer, STEP));
    infer->outputs[0] = (tare_type){infer->inputs[RATE].dtype, TARE_SCALAR};
    return check_steps(infer);
}

static tare_status piecewise_infer(tare_infer *infer) {
    const tare_type *boundaries = &infer->inputs[PIECE_BOUNDARIES];
    const tare_type *values = &infer->inputs[PIECE_VALUES];
    const int64_t count = boundaries->shape.extents[0];
    const tare_shape wanted = TARE_SHAPE(count < 0 ? TARE_ANY : count + 1);
    TARE_TRY(check_step(infer, PIECE_STEP));
    if (boundaries->dtype != TARE_FLOAT64 || values->dtype != TARE_FLOAT32 ||
        boundaries->shape.rank != 1 || !tare_shape_compatible(values->shape, wanted))
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, "boundaries and values that do not fit",
                                 "boundaries float64 [n] and values float32 [n + 1]");
    infer->outputs[0] = (tare_type){TARE_FLOAT32, TARE_SCALAR};
    return TARE_OK;
}

/* ---- run */

typedef struct schedule_state {
    const schedule *schedule;
    const void *options;
    tare_dtype rate_dtype, step_dtype;
    int64_t boundaries;
    tare_random random;
    bool draws;
} schedule_state;

static double read_step(const void *step, tare_dtype dtype) {
    switch (dtype) {
    case TARE_INT32:
        return *(const int32_t *)step;
    case TARE_INT64:
        return (double)*(const int64_t *)step;
    case TARE_FLOAT64:
        return *(const double *)step;
    default:
        return (double)*(const float *)step;
    }
}

static tare_status decay_run(const tare_run *run) {
    const schedule_state *s = run->state;
    const double step = read_step(run->inputs[STEP], s->step_dtype);
    double noise = 0;
    if (s->draws) {
        const tare_random random = {s->random.key, *run->random_stream};
        tare_random_fill_normal(&random, 0, 1, 0, 1, &noise);
    }
    if (s->rate_dtype == TARE_FLOAT64)
        *(double *)run->outputs[0] =
            s->schedule->f64(s->options, *(const double *)run->inputs[RATE], step, noise);
    else
        *(float *)run->outputs[0] = s->schedule->f32(s->options, *(const float *)run->inputs[RATE],
                                                     (float)step, (float)noise);
    return TARE_OK;
}

static tare_status decay_prepare(tare_prepare *prepare) {
    schedule_state *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    state->schedule = schedule_of(prepare->op);
    state->options = prepare->options;
    state->rate_dtype = prepare->inputs[RATE].dtype;
    state->step_dtype = prepare->inputs[STEP].dtype;
    prepare->state = state;
    return TARE_OK;
}

static tare_status noisy_prepare(tare_prepare *prepare) {
    TARE_TRY(decay_prepare(prepare));
    schedule_state *state = prepare->state;
    const tare_noisy_linear_cosine_decay_options *options = prepare->options;
    state->draws = true;
    state->random.key =
        options->seed ? tare_random_key((uint64_t)options->seed, 0) : prepare->random_key;
    return TARE_OK;
}

static tare_status piecewise_prepare(tare_prepare *prepare) {
    schedule_state *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    state->step_dtype = prepare->inputs[PIECE_STEP].dtype;
    state->boundaries = tare_shape_count(prepare->inputs[PIECE_BOUNDARIES].shape);
    prepare->state = state;
    return TARE_OK;
}

static tare_status piecewise_run(const tare_run *run) {
    const schedule_state *s = run->state;
    const double *boundaries = run->inputs[PIECE_BOUNDARIES];
    const double step = read_step(run->inputs[PIECE_STEP], s->step_dtype);
    int64_t piece = 0;
    while (piece < s->boundaries && step > boundaries[piece]) piece++;
    *(float *)run->outputs[0] = ((const float *)run->inputs[PIECE_VALUES])[piece];
    return TARE_OK;
}

/* ---- builders */

/* A hidden constant of as many numbers as the shape says. */
static tare_tensor constant_of(tare_graph *graph, tare_dtype dtype, tare_shape shape,
                               const double *numbers) {
    tare_array *array = NULL;
    if (tare_array_new(dtype, shape, tare_graph_allocator(graph), &array))
        return tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, numbers[i]);
    tare_graph_hidden_begin(graph);
    const tare_tensor constant = tare_constant_with(graph, array, NULL);
    tare_graph_hidden_end(graph);
    tare_array_free(array);
    return constant;
}

/* A learning rate given as a number is float32, whatever the step is. */
static tare_tensor rate_tensor(tare_graph *graph, tare_tensor rate) {
    if (rate.immediate != 1) return rate;
    return constant_of(graph, TARE_FLOAT32, TARE_SCALAR, &rate.number);
}

static tare_tensor build_decay(const char *op, tare_tensor rate, tare_tensor step,
                               const void *options) {
    tare_tensor inputs[] = {rate, step};
    tare_graph *graph = tare_graph_of(inputs, 2);
    if (!graph) return (tare_tensor){.graph = NULL};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    inputs[RATE] = rate_tensor(graph, rate);
    const tare_tensor result = tare_build(graph, op, inputs, 2, options);
    tare_graph_attempt_end(graph, &attempt);
    return result;
}

#define BUILDER(name, type)                                                                        \
    tare_tensor tare_##name##_with(tare_tensor learning_rate, tare_tensor global_step,             \
                                   const type *options) {                                          \
        return build_decay(#name, learning_rate, global_step, options);                            \
    }
BUILDER(exponential_decay, tare_decay_options)
BUILDER(inverse_time_decay, tare_decay_options)
BUILDER(natural_exp_decay, tare_decay_options)
BUILDER(polynomial_decay, tare_polynomial_decay_options)
BUILDER(cosine_decay, tare_cosine_decay_options)
BUILDER(cosine_decay_restarts, tare_cosine_decay_restarts_options)
BUILDER(linear_cosine_decay, tare_linear_cosine_decay_options)
BUILDER(noisy_linear_cosine_decay, tare_noisy_linear_cosine_decay_options)

static bool all_rise(const double *numbers, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (!(numbers[i - 1] < numbers[i])) return false;
    return true;
}

tare_tensor tare_piecewise_constant_with(tare_tensor global_step, const double *boundaries,
                                         const double *values, size_t boundary_count,
                                         const tare_op_options *options) {
    tare_graph *graph = global_step.graph;
    if (!graph) return (tare_tensor){.graph = NULL};
    if (!boundaries || !values || boundary_count == 0 || boundary_count > INT32_MAX ||
        !all_rise(boundaries, boundary_count))
        return tare_build_fail(graph, TARE_ERROR_ARGUMENT, "piecewise_constant",
                               options ? options->name : NULL, "boundaries that do not rise",
                               "one boundary or more, each above the one before");
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    const int64_t count = (int64_t)boundary_count;
    const tare_tensor inputs[] = {
        [PIECE_STEP] = global_step,
        [PIECE_BOUNDARIES] = constant_of(graph, TARE_FLOAT64, TARE_SHAPE(count), boundaries),
        [PIECE_VALUES] = constant_of(graph, TARE_FLOAT32, TARE_SHAPE(count + 1), values),
    };
    const tare_tensor result = tare_build(graph, "piecewise_constant", inputs, 3, options);
    tare_graph_attempt_end(graph, &attempt);
    return result;
}

/* ---- the family */

#define ACCEPTED(shapes_, options_)                                                                \
    {                                                                                              \
        .shapes = shapes_, .options = options_, .low = 1, .high = 9,                               \
        .flags = TARE_EXAMPLE_NO_GRADIENT                                                          \
    }
#define REFUSED(shapes_, options_, words)                                                          \
    { .shapes = shapes_, .options = options_, .refused = words }

static const tare_example decay_examples[] = {
    ACCEPTED("[] int64[]", "decay_steps=3,decay_rate=0.5"),
    ACCEPTED("[] int32[]", "decay_steps=3,decay_rate=0.5,staircase=true"),
    ACCEPTED("[] []", "decay_steps=3,decay_rate=0.5"),
    REFUSED("[] int64[]", "decay_rate=0.5", "0 steps"),
    REFUSED("[2] int64[]", "decay_steps=3", "learning rate"),
    REFUSED("[] int64[2]", "decay_steps=3", "global step"),
    REFUSED("int32[] int64[]", "decay_steps=3", "int32"),
    REFUSED("[] bool[]", "decay_steps=3", "bool"),
    {.shapes = NULL},
};
static const tare_example polynomial_examples[] = {
    ACCEPTED("[] int64[]", "decay_steps=4,power=2"),
    ACCEPTED("[] []", "decay_steps=3,cycle=true"),
    REFUSED("[] int64[]", "decay_steps=-1", "-1 steps"),
    {.shapes = NULL},
};
static const tare_example cosine_examples[] = {
    ACCEPTED("[] int64[]", "decay_steps=20,alpha=0.1"),
    REFUSED("[] int64[]", "decay_steps=nan", "nan steps"),
    {.shapes = NULL},
};
static const tare_example restarts_examples[] = {
    ACCEPTED("[] int64[]", "first_decay_steps=4"),
    ACCEPTED("[] []", "first_decay_steps=3,t_mul=1,m_mul=0.5,alpha=0.1"),
    REFUSED("[] int64[]", "", "0 steps"),
    {.shapes = NULL},
};
static const tare_example linear_cosine_examples[] = {
    ACCEPTED("[] int64[]", "decay_steps=20,num_periods=2"),
    {.shapes = NULL},
};
static const tare_example piecewise_examples[] = {
    {.shapes = "int64[] float64[2] float32[3]",
     .options = "",
     .low = 1,
     .high = 9,
     .flags = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN},
    REFUSED("int64[] float64[2] float32[2]", "", "[n + 1]"),
    {.shapes = NULL},
};

#define DECAY(op, node, options, examples_)                                                        \
    {                                                                                              \
        .name = op, .node_name = node, .table = &options, .min_inputs = 2, .max_inputs = 2,        \
        .output_count = 1, .infer = decay_infer, .prepare = decay_prepare, .run = decay_run,       \
        .examples = examples_                                                                      \
    }

const tare_op_def tare_schedule_ops[] = {
    DECAY("exponential_decay", "ExponentialDecay", decay_table, decay_examples),
    DECAY("inverse_time_decay", "InverseTimeDecay", decay_table, decay_examples),
    DECAY("natural_exp_decay", "ExponentialDecay", decay_table, decay_examples),
    DECAY("polynomial_decay", "PolynomialDecay", polynomial_table, polynomial_examples),
    DECAY("cosine_decay", "CosineDecay", cosine_table, cosine_examples),
    DECAY("cosine_decay_restarts", "SGDRDecay", cosine_restarts_table, restarts_examples),
    DECAY("linear_cosine_decay", "LinearCosineDecay", linear_cosine_table, linear_cosine_examples),
    {.name = "noisy_linear_cosine_decay",
     .node_name = "NoisyLinearCosineDecay",
     .table = &noisy_linear_cosine_table,
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 1,
     .flags = TARE_OP_RANDOM,
     .infer = decay_infer,
     .prepare = noisy_prepare,
     .run = decay_run,
     .examples = linear_cosine_examples},
    {.name = "piecewise_constant",
     .node_name = "PiecewiseConstant",
     .min_inputs = 3,
     .max_inputs = 3,
     .output_count = 1,
     .infer = piecewise_infer,
     .prepare = piecewise_prepare,
     .run = piecewise_run,
     .examples = piecewise_examples},
    {.name = NULL},
};
