/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fake quantisation by a range of variables, by one for each channel, and by numbers; and
 * fake_quant_bounds, the nudged range (low, high) that the gradients are made of:
 *
 *     y    = the quantum nearest to x               kernel/fake_quantise.h has the formula
 *     dx   = dy where low <= x <= high, else 0
 *     dmin = sum of dy where x < low                dmax = sum of dy where x > high
 *
 * The gradient is that of a clip: steps count as the slope they follow.
 *
 * Source: TensorFlow r1.15, core/kernels/fake_quant_ops.cc, fake_quant_ops_functor.h.
 */
#include "kernel/fake_quantise.h"

#include "op/like.h"
#include "op/rules.h"
#include <tare/op.h>
#include <tare/quantise.h>

extern const tare_op_def tare_fake_quant_ops[];
enum { VARS, CHANNELS, ARGS, BOUNDS };
enum { X, MIN, MAX, INPUTS };

#define TARE_TABLE_STRUCT tare_fake_quant_options
TARE_OPTION_TABLE(static, vars_table, TARE_FAKE_QUANT_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_fake_quant_args_options
TARE_OPTION_TABLE(static, args_table, TARE_FAKE_QUANT_ARGS_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_fake_quantisation quantisation_of(int64_t num_bits, bool narrow_range) {
    return (tare_fake_quantisation){.least = narrow_range, .greatest = (1 << num_bits) - 1};
}

/* ------------------------------------------------------------------------------------- shapes */

static tare_status check_bits(const tare_infer *infer, int64_t num_bits) {
    char got[64];
    if (num_bits >= 2 && num_bits <= 16) return TARE_OK;
    tare_print(got, sizeof got, "num_bits %lld", (long long)num_bits);
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "2 to 16");
}

static tare_status infer_ranges(tare_infer *infer, int rank) {
    const tare_fake_quant_options *options = infer->options;
    TARE_TRY(check_bits(infer, options->num_bits));
    TARE_TRY(tare_infer_floating(infer, X, "x"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_rank(infer, MIN, rank, "min"));
    TARE_TRY(tare_infer_rank(infer, MAX, rank, "max"));
    return tare_infer_like_first(infer);
}

static tare_status vars_infer(tare_infer *infer) { return infer_ranges(infer, 0); }

static tare_status channels_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_rank_at_least(infer, X, 1, "x"));
    TARE_TRY(infer_ranges(infer, 1));
    const tare_shape x = infer->inputs[X].shape;
    if (x.rank < 0) return TARE_OK;
    const tare_shape last = {.rank = 1, .extents = {x.extents[x.rank - 1]}};
    for (int i = MIN; i <= MAX; i++)
        if (!tare_shape_compatible(last, infer->inputs[i].shape))
            return tare_infer_refuse_shapes(infer, X, i,
                                            "a range for every entry of the last axis");
    return TARE_OK;
}

static tare_status args_infer(tare_infer *infer) {
    const tare_fake_quant_args_options *options = infer->options;
    char got[2 * TARE_NUMBER_TEXT + 32], min[TARE_NUMBER_TEXT], max[TARE_NUMBER_TEXT];
    TARE_TRY(check_bits(infer, options->num_bits));
    TARE_TRY(tare_infer_floating(infer, X, "x"));
    if (options->min < options->max) return tare_infer_like_first(infer);
    tare_print(got, sizeof got, "min %s and max %s", tare_double_text(min, options->min),
               tare_double_text(max, options->max));
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "min below max");
}

static tare_status bounds_infer(tare_infer *infer) {
    const tare_fake_quant_options *options = infer->options;
    TARE_TRY(check_bits(infer, options->num_bits));
    TARE_TRY(tare_infer_floating(infer, 0, "min"));
    TARE_TRY(tare_infer_all_alike(infer));
    infer->outputs[1] = infer->outputs[0];
    return TARE_OK;
}

/* -------------------------------------------------------------------------------------- steps */

/* The range of a step with numbers stands beside it, in both types. */
typedef struct fake_quant_state {
    tare_fake_quantisation how; /* first */
    float min_f32, max_f32;
    double min_f64, max_f64;
} fake_quant_state;

#define STEPS(NUMBER, T)                                                                           \
    static tare_status vars_##T##_step(const tare_run *run) {                                      \
        tare_fake_quantise_##T(run->state, run->inputs[X], run->inputs[MIN], run->inputs[MAX],     \
                               run->outputs[0], run->scratch, run->pool);                          \
        return TARE_OK;                                                                            \
    }                                                                                              \
    static tare_status args_##T##_step(const tare_run *run) {                                      \
        const fake_quant_state *state = run->state;                                                \
        tare_fake_quantise_##T(&state->how, run->inputs[X], &state->min_##T, &state->max_##T,      \
                               run->outputs[0], run->scratch, run->pool);                          \
        return TARE_OK;                                                                            \
    }                                                                                              \
    static tare_status bounds_##T##_step(const tare_run *run) {                                    \
        const tare_fake_quantisation *how = run->state;                                            \
        const NUMBER *min = run->inputs[0], *max = run->inputs[1];                                 \
        NUMBER *low = run->outputs[0], *high = run->outputs[1];                                    \
        for (int64_t i = 0; i < how->count; i++) {                                                 \
            const tare_quanta_##T quanta = tare_nudge_##T(how, min[i], max[i]);                    \
            if (low) low[i] = quanta.low;                                                          \
            if (high) high[i] = quanta.high;                                                       \
        }                                                                                          \
        return TARE_OK;                                                                            \
    }
STEPS(float, f32)
STEPS(double, f64)

static tare_status prepare_with(tare_prepare *prepare, fake_quant_state state,
                                tare_step_function f64) {
    const bool wide = prepare->inputs[0].dtype == TARE_FLOAT64;
    const int64_t size = wide ? sizeof(tare_quanta_f64) : sizeof(tare_quanta_f32);
    if (!tare_multiply_sizes(state.how.channels, size, &prepare->scratch_bytes))
        return tare_fail_memory(prepare->error);
    if (wide) prepare->run = f64;
    state.how.count = tare_input_count(prepare, 0);
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status vars_prepare(tare_prepare *prepare) {
    const tare_fake_quant_options *options = prepare->options;
    fake_quant_state state = {.how = quantisation_of(options->num_bits, options->narrow_range)};
    state.how.channels = tare_input_count(prepare, MIN);
    prepare->in_place = X;
    return prepare_with(prepare, state, vars_f64_step);
}

static tare_status args_prepare(tare_prepare *prepare) {
    const tare_fake_quant_args_options *options = prepare->options;
    fake_quant_state state = {.how = quantisation_of(options->num_bits, options->narrow_range),
                              .min_f32 = (float)options->min,
                              .max_f32 = (float)options->max,
                              .min_f64 = options->min,
                              .max_f64 = options->max};
    state.how.channels = 1;
    state.how.multiplies = true;
    prepare->in_place = X;
    return prepare_with(prepare, state, args_f64_step);
}

static tare_status bounds_prepare(tare_prepare *prepare) {
    const tare_fake_quant_options *options = prepare->options;
    const fake_quant_state state = {.how =
                                        quantisation_of(options->num_bits, options->narrow_range)};
    return prepare_with(prepare, state, bounds_f64_step);
}

/* ---------------------------------------------------------------------------------- gradients */

static tare_tensor within(tare_tensor dy, tare_tensor x, tare_tensor low, tare_tensor high) {
    const tare_tensor inside =
        tare_logical_and(tare_greater_equal(x, low), tare_less_equal(x, high));
    return tare_where(inside, dy, tare_zeros_like(dy));
}

static tare_status vars_gradient(tare_gradient *g) {
    const tare_tensor x = g->inputs[X], dy = g->output_gradients[0], zeros = tare_zeros_like(dy);
    tare_fake_quant_options options = *(const tare_fake_quant_options *)g->options;
    options.name = NULL;
    const tare_tensor low =
        tare_build_node(g->graph, &tare_fake_quant_ops[BOUNDS], NULL, &g->inputs[MIN], 2, &options);
    const tare_tensor high = tare_output(low, 1);
    if (g->wanted[X]) g->input_gradients[X] = within(dy, x, low, high);
    if (g->wanted[MIN])
        g->input_gradients[MIN] =
            tare_sum_like(tare_where(tare_less(x, low), dy, zeros), g->inputs[MIN]);
    if (g->wanted[MAX])
        g->input_gradients[MAX] =
            tare_sum_like(tare_where(tare_greater(x, high), dy, zeros), g->inputs[MAX]);
    return TARE_OK;
}

static tare_status args_gradient(tare_gradient *g) {
    const tare_fake_quant_args_options *options = g->options;
    const tare_fake_quantisation how = quantisation_of(options->num_bits, options->narrow_range);
    double low, high;
    if (tare_tensor_dtype(g->inputs[X]) == TARE_FLOAT64) {
        const tare_quanta_f64 quanta = tare_nudge_f64(&how, options->min, options->max);
        low = quanta.low, high = quanta.high;
    } else {
        const tare_quanta_f32 quanta =
            tare_nudge_f32(&how, (float)options->min, (float)options->max);
        low = (double)quanta.low, high = (double)quanta.high;
    }
    g->input_gradients[X] =
        within(g->output_gradients[0], g->inputs[X], tare_number(low), tare_number(high));
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ the ops */

#define STEPS_ONLY TARE_EXAMPLE_NO_GRADIENT /* a straight line stands for the steps */
static const tare_example vars_examples[] = {
    {"[3,4] [] []", "", .low = -1, .high = 1, NULL, STEPS_ONLY},
    {"[2,3] [] []", "num_bits=16,narrow_range=true", .low = -1, .high = 1, NULL, STEPS_ONLY},
    {"[0,3] [] []", "", 0, 0, NULL, STEPS_ONLY},
    {"[3,4] [4] [4]", "", 0, 0, "rank 0", 0},
    {"[3] [] []", "num_bits=1", 0, 0, "num_bits 1", 0},
    {"[3] [] []", "num_bits=17", 0, 0, "2 to 16", 0},
    {"int32[3] int32[] int32[]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example channels_examples[] = {
    {"[3,4] [4] [4]", "", .low = -1, .high = 1, NULL, STEPS_ONLY},
    {"[2,2,1,3] [3] [3]", "narrow_range=true", .low = -1, .high = 1, NULL, STEPS_ONLY},
    {"[5] [5] [5]", "num_bits=4", .low = -1, .high = 1, NULL, STEPS_ONLY},
    {"[2,0] [0] [0]", "", 0, 0, NULL, STEPS_ONLY},
    {"[3,4] [3] [3]", "", 0, 0, "last axis", 0},
    {"[3,4] [] []", "", 0, 0, "rank 1", 0},
    {"[] [1] [1]", "", 0, 0, "at least rank 1", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example args_examples[] = {
    {"[3,4]", "min=-1,max=1.5", 0, 0, NULL, STEPS_ONLY},
    {"[7]", "min=0,max=6,num_bits=4,narrow_range=true", 0, 0, NULL, STEPS_ONLY},
    {"[0]", "", 0, 0, NULL, STEPS_ONLY},
    {"[3]", "min=1,max=1", 0, 0, "min 1 and max 1", 0},
    {"[3]", "max=nan", 0, 0, "min below max", 0},
    {"int32[3]", "", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example bounds_examples[] = {
    {"[3] [3]", "", .low = -1, .high = 1, NULL, STEPS_ONLY},
    {"[] []", "narrow_range=true", .low = -1, .high = 1, NULL, STEPS_ONLY},
    {"[3] [2]", "", 0, 0, "shape", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define WITH_RANGES(function, node, examples_of)                                                   \
    {                                                                                              \
        .name = "fake_quant_with_min_max_vars" function, .node_name = node, .table = &vars_table,  \
        .min_inputs = INPUTS, .max_inputs = INPUTS, .output_count = 1, .gradient = vars_gradient,  \
        .prepare = vars_prepare, .run = vars_f32_step, .infer = examples_of##_infer,               \
        .examples = examples_of##_examples                                                         \
    }

const tare_op_def tare_fake_quant_ops[] = {
    [VARS] = WITH_RANGES("", "FakeQuantWithMinMaxVars", vars),
    [CHANNELS] = WITH_RANGES("_per_channel", "FakeQuantWithMinMaxVarsPerChannel", channels),
    [ARGS] = {.name = "fake_quant_with_min_max_args",
              .node_name = "FakeQuantWithMinMaxArgs",
              .table = &args_table,
              .min_inputs = 1,
              .max_inputs = 1,
              .output_count = 1,
              .infer = args_infer,
              .gradient = args_gradient,
              .prepare = args_prepare,
              .run = args_f32_step,
              .examples = args_examples},
    [BOUNDS] = {.name = "fake_quant_bounds",
                .node_name = "FakeQuantBounds",
                .table = &vars_table,
                .min_inputs = 2,
                .max_inputs = 2,
                .output_count = 2,
                .infer = bounds_infer,
                .prepare = bounds_prepare,
                .run = bounds_f32_step,
                .examples = bounds_examples},
    {.name = NULL},
};

/* ----------------------------------------------------------------------------------- builders */

tare_tensor tare_fake_quant_with_min_max_vars_with(tare_tensor x, tare_tensor min, tare_tensor max,
                                                   const tare_fake_quant_options *options) {
    const tare_tensor inputs[] = {x, min, max};
    return tare_build_node(NULL, &tare_fake_quant_ops[VARS], NULL, inputs, INPUTS, options);
}

tare_tensor
tare_fake_quant_with_min_max_vars_per_channel_with(tare_tensor x, tare_tensor min, tare_tensor max,
                                                   const tare_fake_quant_options *options) {
    const tare_tensor inputs[] = {x, min, max};
    return tare_build_node(NULL, &tare_fake_quant_ops[CHANNELS], NULL, inputs, INPUTS, options);
}

tare_tensor tare_fake_quant_with_min_max_args_with(tare_tensor x,
                                                   const tare_fake_quant_args_options *options) {
    return tare_build_node(NULL, &tare_fake_quant_ops[ARGS], NULL, &x, 1, options);
}
