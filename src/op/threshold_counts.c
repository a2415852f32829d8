/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threshold_counts: predictions against labels at many thresholds. With p > t a positive at
 * threshold t and w the weight of an element, for each t
 *
 *     true positives   sum of w over label and p > t       false negatives  the rest of the labels
 *     false positives  sum of w over no label and p > t    true negatives   the rest of the others
 *
 * Sums are in double. No gradient flows.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (_confusion_matrix_at_thresholds), which
 * tiles predictions, labels and weights to [T, N] for it.
 */
#include "kernel/cast.h"
#include "op/measure.h"
#include "op/rules.h"

enum { LABELS, PREDICTIONS, THRESHOLDS, WEIGHTS, INPUTS };

static tare_status counts_infer(tare_infer *infer) {
    const tare_shape p = infer->inputs[PREDICTIONS].shape, labels = infer->inputs[LABELS].shape;
    const tare_type *thresholds = &infer->inputs[THRESHOLDS];
    TARE_TRY(tare_infer_dtype(infer, LABELS, "labels", tare_dtype_is_bool, NULL));
    TARE_TRY(tare_infer_floating(infer, PREDICTIONS, "predictions"));
    if (thresholds->dtype != infer->inputs[PREDICTIONS].dtype)
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, "thresholds of another dtype",
                                 "the predictions' dtype");
    TARE_TRY(tare_infer_rank(infer, THRESHOLDS, 1, "thresholds"));
    if (!tare_shape_compatible(labels, p))
        return tare_infer_refuse_shapes(infer, LABELS, PREDICTIONS, "a label per prediction");
    for (int i = 0; i < TARE_COUNT_OUTPUTS; i++) infer->outputs[i] = *thresholds;
    if (infer->input_count <= WEIGHTS || infer->inputs[WEIGHTS].dtype == TARE_DTYPE_NONE)
        return TARE_OK;
    if (infer->inputs[WEIGHTS].dtype != thresholds->dtype)
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, "weights of another dtype",
                                 "the predictions' dtype");
    if (!tare_shape_compatible(infer->inputs[WEIGHTS].shape, p))
        return tare_infer_refuse_shapes(infer, WEIGHTS, PREDICTIONS, "a weight per prediction");
    return TARE_OK;
}

typedef struct counting {
    int64_t elements, thresholds;
    tare_dtype dtype;
    tare_unary_loop widen, narrow; /* from the dtype to double and back */
    const char *op, *node;
} counting;

/* The doubles of a step, T each. */
typedef struct sums {
    double *thresholds, *above[2]; /* above: of elements without a label, and with one */
    double whole[2];               /* of each kind in all */
} sums;

static tare_status refuse_prediction(const tare_run *run, int64_t i, double prediction) {
    const counting *state = run->state;
    char number[TARE_NUMBER_TEXT], got[96];
    tare_print(got, sizeof got, "prediction %s at position %lld",
               tare_double_text(number, prediction), (long long)i);
    return tare_fail_at(run->error, TARE_ERROR_ARGUMENT, state->op, state->node, got,
                        "predictions from 0 to 1");
}

static tare_status count(const tare_run *run, sums *s) {
    const counting *state = run->state;
    const bool *labels = run->inputs[LABELS];
    for (int64_t i = 0; i < state->elements; i++) {
        const double p = tare_floating_at(run->inputs[PREDICTIONS], state->dtype, i);
        const void *weights = run->inputs[WEIGHTS];
        if (!(p >= 0) || !(p <= 1)) return refuse_prediction(run, i, p);
        const double w = weights ? tare_floating_at(weights, state->dtype, i) : 1;
        double *above = s->above[labels[i]];
        s->whole[labels[i]] += w;
        for (int64_t t = 0; t < state->thresholds; t++) above[t] += p > s->thresholds[t] ? w : 0;
    }
    return TARE_OK;
}

static void give(const tare_run *run, int output, const double *numbers) {
    const counting *state = run->state;
    if (run->outputs[output]) state->narrow(numbers, run->outputs[output], state->thresholds, 0);
}

static tare_status counts_step(const tare_run *run) {
    const counting *state = run->state;
    const int64_t n = state->thresholds;
    double *scratch = run->scratch;
    sums s = {.thresholds = scratch, .above = {scratch + n, scratch + 2 * n}};
    state->widen(run->inputs[THRESHOLDS], s.thresholds, n, 0);
    for (int64_t t = 0; t < n; t++) s.above[0][t] = s.above[1][t] = 0;
    TARE_TRY(count(run, &s));
    give(run, TARE_COUNT_TRUE_POSITIVES, s.above[1]);
    give(run, TARE_COUNT_FALSE_POSITIVES, s.above[0]);
    for (int kind = 0; kind < 2; kind++)
        for (int64_t t = 0; t < n; t++) s.above[kind][t] = s.whole[kind] - s.above[kind][t];
    give(run, TARE_COUNT_FALSE_NEGATIVES, s.above[1]);
    give(run, TARE_COUNT_TRUE_NEGATIVES, s.above[0]);
    return TARE_OK;
}

static tare_status counts_prepare(tare_prepare *prepare) {
    const tare_dtype dtype = prepare->inputs[PREDICTIONS].dtype;
    const counting state = {.elements = tare_input_count(prepare, PREDICTIONS),
                            .thresholds = tare_input_count(prepare, THRESHOLDS),
                            .dtype = dtype,
                            .widen = tare_cast_loop_of(dtype, TARE_FLOAT64),
                            .narrow = tare_cast_loop_of(TARE_FLOAT64, dtype),
                            .op = prepare->op,
                            .node = tare_arena_text(prepare->arena, prepare->node)};
    if (!state.node ||
        !tare_multiply_sizes(state.thresholds, 3 * sizeof(double), &prepare->scratch_bytes))
        return tare_fail_memory(prepare->error);
    return tare_prepare_state(prepare, &state, sizeof state);
}

enum { FLAGS = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example counts_examples[] = {
    {"bool[5] [5] [3] [5]", "", 0, 1, NULL, FLAGS},
    {"bool[2,3] [2,3] [4] -", "", 0, 1, NULL, FLAGS},
    {"bool[] [] [1] []", "", 0, 1, NULL, FLAGS},
    {"bool[0] [0] [3] [0]", "", 0, 1, NULL, FLAGS},
    {"bool[4] [4] [0] -", "", 0, 1, NULL, FLAGS},
    {"bool[4] [5] [3] -", "", 0, 0, "a label per prediction", 0},
    {"bool[5] [5] [3] [4]", "", 0, 0, "a weight per prediction", 0},
    {"bool[5] [5] [3,1] -", "", 0, 0, "rank 1", 0},
    {"int32[5] [5] [3] -", "", 0, 0, "of dtype", 0},
    {"bool[5] [5] int32[3] -", "", 0, 0, "the predictions' dtype", 0},
    {"bool[5] [5] [3] int32[5]", "", 0, 0, "the predictions' dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_threshold_counts_ops[] = {
    {.name = "threshold_counts",
     .node_name = "threshold_counts",
     .min_inputs = WEIGHTS,
     .max_inputs = INPUTS,
     .output_count = TARE_COUNT_OUTPUTS,
     .flags = TARE_OP_CAN_FAIL,
     .optional = 1u << WEIGHTS,
     .infer = counts_infer,
     .prepare = counts_prepare,
     .run = counts_step,
     .examples = counts_examples},
    {.name = NULL},
};

tare_tensor tare_threshold_counts(tare_tensor labels, tare_tensor predictions,
                                  tare_tensor thresholds, tare_tensor weights) {
    const tare_tensor inputs[] = {[LABELS] = labels,
                                  [PREDICTIONS] = predictions,
                                  [THRESHOLDS] = thresholds,
                                  [WEIGHTS] = weights};
    return tare_build_node(NULL, tare_threshold_counts_ops, NULL, inputs, INPUTS, NULL);
}
