/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confusion_matrix: y[l, p] = the sum of the weights (1 each without them) of the elements whose
 * label is l and whose prediction is p. Sums are in double, then rounded to the dtype; weights lose
 * their fractions first where that is a whole one. No gradient flows.
 *
 * Source: TensorFlow r1.15, python/ops/confusion_matrix.py.
 */
#include "kernel/cast.h"
#include "kernel/gather.h"
#include "op/measure.h"
#include "op/rules.h"
#include <tare/op.h>

#include <math.h>

extern const tare_op_def tare_confusion_matrix_ops[];
enum { LABELS, PREDICTIONS, WEIGHTS, INPUTS };

#define MATRIX_FIELDS(field)                                                                       \
    field(integer, num_classes, 0, "how many classes there are")                                   \
        field(dtype, dtype, TARE_INT32, "of the result")                                           \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(matrix_options, MATRIX_FIELDS);
#define TARE_TABLE_STRUCT matrix_options
TARE_OPTION_TABLE(static, matrix_table, MATRIX_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_confusion_matrix_options
TARE_OPTION_TABLE(static, public_table, TARE_CONFUSION_MATRIX_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

static tare_status check_options(const tare_infer *infer) {
    const matrix_options *options = infer->options;
    char got[64];
    tare_print(got, sizeof got, "num_classes %lld", (long long)options->num_classes);
    if (options->num_classes < 1)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "1 or more");
    if (tare_dtype_is_number(options->dtype, NULL)) return TARE_OK;
    tare_print(got, sizeof got, "dtype %s", tare_dtype_name(options->dtype));
    return tare_infer_refuse(infer, TARE_ERROR_TYPE, got, "float32, float64, int32 or int64");
}

static tare_status matrix_infer(tare_infer *infer) {
    const matrix_options *options = infer->options;
    const tare_shape labels = infer->inputs[LABELS].shape;
    TARE_TRY(tare_infer_dtype(infer, LABELS, "labels", tare_dtype_is_index, NULL));
    TARE_TRY(tare_infer_dtype(infer, PREDICTIONS, "predictions", tare_dtype_is_index, NULL));
    if (!tare_shape_compatible(labels, infer->inputs[PREDICTIONS].shape))
        return tare_infer_refuse_shapes(infer, LABELS, PREDICTIONS, "a label per prediction");
    if (infer->input_count > WEIGHTS && infer->inputs[WEIGHTS].dtype != TARE_DTYPE_NONE) {
        TARE_TRY(tare_infer_floating(infer, WEIGHTS, "weights"));
        if (!tare_shape_compatible(labels, infer->inputs[WEIGHTS].shape))
            return tare_infer_refuse_shapes(infer, WEIGHTS, LABELS, "a weight per label");
    }
    TARE_TRY(check_options(infer));
    infer->outputs[0] =
        (tare_type){options->dtype, TARE_SHAPE(options->num_classes, options->num_classes)};
    return tare_infer_countable(infer, 0);
}

/* ---- the step */

typedef struct matrix {
    int64_t elements, classes;
    size_t label_size, prediction_size;
    tare_dtype weights, dtype;
    tare_unary_loop round;
    const char *op, *node;
} matrix;

/* A class number within 0..classes-1. */
static tare_status read_class(const tare_run *run, int input, int64_t i, int64_t *class_number) {
    const matrix *m = run->state;
    const size_t size = input == LABELS ? m->label_size : m->prediction_size;
    *class_number = tare_index_at(run->inputs[input], size, i);
    if (*class_number >= 0 && *class_number < m->classes) return TARE_OK;
    char got[96], need[64];
    tare_print(got, sizeof got, "%s %lld at position %lld",
               input == LABELS ? "label" : "prediction", (long long)*class_number, (long long)i);
    tare_print(need, sizeof need, "class numbers from 0 to %lld", (long long)(m->classes - 1));
    return tare_fail_at(run->error, TARE_ERROR_ARGUMENT, m->op, m->node, got, need);
}

static double weight_at(const tare_run *run, int64_t i) {
    const matrix *m = run->state;
    if (!run->inputs[WEIGHTS]) return 1;
    const double weight = tare_floating_at(run->inputs[WEIGHTS], m->weights, i);
    return tare_dtype_is_floating(m->dtype, NULL) ? weight : trunc(weight);
}

static tare_status matrix_step(const tare_run *run) {
    const matrix *m = run->state;
    const int64_t cells = m->classes * m->classes;
    double *sums = run->scratch;
    for (int64_t i = 0; i < cells; i++) sums[i] = 0;
    for (int64_t i = 0; i < m->elements; i++) {
        int64_t label = 0, prediction = 0;
        TARE_TRY(read_class(run, LABELS, i, &label));
        TARE_TRY(read_class(run, PREDICTIONS, i, &prediction));
        sums[label * m->classes + prediction] += weight_at(run, i);
    }
    m->round(sums, run->outputs[0], cells, 0);
    return TARE_OK;
}

static tare_status matrix_prepare(tare_prepare *prepare) {
    const matrix_options *options = prepare->options;
    const bool weighed = prepare->input_count > WEIGHTS;
    const matrix state = {.elements = tare_input_count(prepare, LABELS),
                          .classes = options->num_classes,
                          .label_size = tare_dtype_size(prepare->inputs[LABELS].dtype),
                          .prediction_size = tare_dtype_size(prepare->inputs[PREDICTIONS].dtype),
                          .weights = weighed ? prepare->inputs[WEIGHTS].dtype : TARE_DTYPE_NONE,
                          .dtype = options->dtype,
                          .round = tare_cast_loop_of(TARE_FLOAT64, options->dtype),
                          .op = prepare->op,
                          .node = tare_arena_text(prepare->arena, prepare->node)};
    if (!state.node) return tare_fail_memory(prepare->error);
    if (!tare_multiply_sizes(tare_output_count(prepare, 0), sizeof(double),
                             &prepare->scratch_bytes))
        return tare_fail_memory(prepare->error);
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- the op */

static const tare_example matrix_examples[] = {
    {"int32[6] int32[6] -", "num_classes=3", 0, 3, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"int64[2,3] int32[2,3] [2,3]", "num_classes=4,dtype=float64", 0, 4, NULL,
     TARE_EXAMPLE_NO_GRADIENT},
    {"int32[0] int32[0] -", "num_classes=2,dtype=int64", 0, 2, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"int32[] int32[] []", "num_classes=1,dtype=float32", 0, 1, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"int32[6] int32[5] -", "num_classes=3", 0, 0, "a label per prediction", 0},
    {"int32[6] int32[6] [5]", "num_classes=3", 0, 0, "a weight per label", 0},
    {"[6] int32[6] -", "num_classes=3", 0, 0, "of dtype", 0},
    {"int32[6] int32[6] -", "num_classes=0", 0, 0, "1 or more", 0},
    {"int32[6] int32[6] -", "num_classes=3,dtype=bool", 0, 0, "float32, float64", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_confusion_matrix_ops[] = {
    {.name = "confusion_matrix",
     .node_name = "confusion_matrix",
     .table = &matrix_table,
     .min_inputs = WEIGHTS,
     .max_inputs = INPUTS,
     .output_count = 1,
     .flags = TARE_OP_CAN_FAIL,
     .optional = 1u << WEIGHTS,
     .infer = matrix_infer,
     .prepare = matrix_prepare,
     .run = matrix_step,
     .examples = matrix_examples},
    {.name = NULL},
};

tare_tensor tare_confusion_matrix_with(tare_tensor labels, tare_tensor predictions,
                                       int64_t num_classes,
                                       const tare_confusion_matrix_options *options) {
    tare_confusion_matrix_options given;
    tare_options_adopt(&public_table, options, &given);
    matrix_options all = {TARE_DEFAULTS(matrix_options, MATRIX_FIELDS)};
    all.num_classes = num_classes;
    all.dtype = given.dtype;
    all.name = given.name;
    const tare_tensor inputs[] = {
        [LABELS] = labels, [PREDICTIONS] = predictions, [WEIGHTS] = given.weights};
    return tare_build_node(NULL, tare_confusion_matrix_ops, NULL, inputs, INPUTS, &all);
}
