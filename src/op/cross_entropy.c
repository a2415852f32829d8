/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-entropies from logits.
 *
 *     softmax            loss = -sum labels log softmax(logits) over the last axis
 *     sparse softmax     the same with class numbers
 *     sigmoid            max(x, 0) - x z + log(1 + e^-|x|), elementwise
 *     weighted           the same with positive labels counted pos_weight times
 *
 * The softmax ones have a second output, backprop = softmax(logits) - labels, which is the logits'
 * gradient per loss for labels that add up to 1. As in TensorFlow it is that for any labels, and
 * labels take part in second gradients by the loss alone.
 *
 * Source: TensorFlow r1.15, core/kernels/xent_op.h, sparse_xent_op.h, python/ops/nn_grad.py,
 * nn_impl.py.
 */
#include "kernel/softmax.h"

#include "op/elementwise.h"
#include "op/like.h"
#include <tare/op.h>

extern const tare_op_def tare_cross_entropy_ops[];
enum { SOFTMAX, SPARSE, SIGMOID, WEIGHTED };

/* ------------------------------------------------------------ softmax: labels, logits -> loss,
 * backprop */

/* The shape without its last axis. */
static tare_shape rows_of(tare_shape logits) {
    if (logits.rank > 0) logits.rank--;
    return logits;
}

static tare_status set_outputs(tare_infer *infer, tare_shape logits) {
    infer->outputs[0] = (tare_type){infer->inputs[1].dtype, rows_of(logits)};
    infer->outputs[1] = (tare_type){infer->inputs[1].dtype, logits};
    return TARE_OK;
}

static tare_status softmax_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 1, "logits"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_rank_at_least(infer, 1, 1, "logits"));
    tare_shape logits;
    if (!tare_shape_merge(infer->inputs[0].shape, infer->inputs[1].shape, &logits))
        return tare_infer_refuse_shapes(infer, 0, 1, "labels of the logits' shape");
    return set_outputs(infer, logits);
}

static tare_status sparse_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 1, "logits"));
    TARE_TRY(tare_infer_dtype(infer, 0, "labels", tare_dtype_is_index, NULL));
    TARE_TRY(tare_infer_rank_at_least(infer, 1, 1, "logits"));
    const tare_shape labels = infer->inputs[0].shape;
    tare_shape logits = infer->inputs[1].shape, rows;
    if (logits.rank < 0) return set_outputs(infer, logits);
    if (!tare_shape_merge(labels, rows_of(logits), &rows))
        return tare_infer_refuse_shapes(infer, 0, 1, "one label for every row of the logits");
    for (int d = 0; d < rows.rank; d++) logits.extents[d] = rows.extents[d];
    return set_outputs(infer, logits);
}

static tare_status entropy_f32_step(const tare_run *run) {
    tare_cross_entropy_f32(run->state, run->inputs[0], run->inputs[1], run->outputs[0],
                           run->outputs[1], run->pool);
    return TARE_OK;
}

static tare_status entropy_f64_step(const tare_run *run) {
    tare_cross_entropy_f64(run->state, run->inputs[0], run->inputs[1], run->outputs[0],
                           run->outputs[1], run->pool);
    return TARE_OK;
}

static tare_status prepare_entropy(tare_prepare *prepare, size_t label_size) {
    const tare_shape logits = prepare->inputs[1].shape;
    const tare_cross_entropy state = {.rows = tare_extents_product(logits, 0, logits.rank - 1),
                                      .classes = logits.extents[logits.rank - 1],
                                      .label_size = label_size};
    prepare->run = prepare->inputs[1].dtype == TARE_FLOAT64 ? entropy_f64_step : entropy_f32_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status softmax_prepare(tare_prepare *prepare) { return prepare_entropy(prepare, 0); }
static tare_status sparse_prepare(tare_prepare *prepare) {
    return prepare_entropy(prepare, tare_dtype_size(prepare->inputs[0].dtype));
}

/* One number per row against whole rows. */
static tare_tensor weigh(tare_tensor per_row, tare_tensor rows) {
    return tare_mul(tare_expand_dims(per_row, -1), rows);
}

/* What flows into loss goes on by backprop; what flows into backprop by the derivative of softmax:
 * (u - sum u s) s. */
static tare_tensor logits_gradient(const tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], u = g->output_gradients[1];
    tare_tensor by_loss = TARE_NULL, by_backprop = TARE_NULL;
    if (dy.node) by_loss = weigh(dy, g->outputs[1]);
    if (u.node) {
        const tare_tensor inputs[] = {u, tare_softmax(g->inputs[1])};
        by_backprop = tare_build(g->graph, "softmax_gradient", inputs, 2, NULL);
    }
    if (!u.node) return by_loss;
    return dy.node ? tare_add(by_loss, by_backprop) : by_backprop;
}

static tare_status softmax_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0];
    if (g->wanted[1]) g->input_gradients[1] = logits_gradient(g);
    if (g->wanted[0])
        g->input_gradients[0] = dy.node ? weigh(dy, tare_negative(tare_log_softmax(g->inputs[1])))
                                        : tare_zeros_like(g->inputs[0]);
    return TARE_OK;
}

static tare_status sparse_gradient(tare_gradient *g) {
    if (g->wanted[1]) g->input_gradients[1] = logits_gradient(g);
    return TARE_OK;
}

/* ------------------------------------------------------------ sigmoid: labels z, logits x -> loss
 */

static tare_status sigmoid_infer(tare_infer *infer) {
    return tare_infer_pair(infer, TARE_BINARY_SIGMOID_CROSS_ENTROPY);
}

static tare_status sigmoid_prepare(tare_prepare *prepare) {
    return tare_prepare_binary(prepare, TARE_BINARY_SIGMOID_CROSS_ENTROPY, 0);
}

/* dx = dy (sigmoid(x) - z), dz = -dy x */
static tare_status sigmoid_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], z = g->inputs[0], x = g->inputs[1];
    if (g->wanted[0]) g->input_gradients[0] = tare_mul(dy, tare_negative(x));
    if (g->wanted[1]) g->input_gradients[1] = tare_mul(dy, tare_sub(tare_sigmoid(x), z));
    return TARE_OK;
}

#define TARE_TABLE_STRUCT tare_weighted_cross_entropy_with_logits_options
TARE_OPTION_TABLE(static, weighted_table, TARE_WEIGHTED_CROSS_ENTROPY_WITH_LOGITS_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status weighted_infer(tare_infer *infer) {
    return tare_infer_pair(infer, TARE_BINARY_WEIGHTED_CROSS_ENTROPY);
}

static tare_status weighted_prepare(tare_prepare *prepare) {
    const tare_weighted_cross_entropy_with_logits_options *options = prepare->options;
    return tare_prepare_binary(prepare, TARE_BINARY_WEIGHTED_CROSS_ENTROPY, options->pos_weight);
}

/* With l = 1 + (q - 1) z:  dx = dy ((1 - z) - l sigmoid(-x)),  dz = dy ((q - 1) softplus(-x) - x).
 */
static tare_status weighted_gradient(tare_gradient *g) {
    const tare_weighted_cross_entropy_with_logits_options *options = g->options;
    const tare_tensor dy = g->output_gradients[0], z = g->inputs[0], x = g->inputs[1];
    const tare_tensor extra = tare_number(options->pos_weight - 1), minus_x = tare_negative(x);
    if (g->wanted[0])
        g->input_gradients[0] =
            tare_mul(dy, tare_add(tare_mul(tare_softplus(minus_x), extra), minus_x));
    if (g->wanted[1]) {
        const tare_tensor weight = tare_add(tare_mul(z, extra), tare_number(1));
        const tare_tensor slope =
            tare_sub(tare_sub(tare_number(1), z), tare_mul(weight, tare_sigmoid(minus_x)));
        g->input_gradients[1] = tare_mul(dy, slope);
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------------- the family */

/* Gradients of the softmax kind are those of labels that add up to 1; tested by name. */
static const tare_example softmax_examples[] = {
    {"[3,4] [3,4]", "", 0, 1, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[2,3,4] [2,3,4]", "", 0, 1, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[4] [4]", "", 0, 1, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[0,4] [0,4]", "", 0, 1, NULL, 0},
    {"[3,4] [3,5]", "", 0, 0, "logits' shape", 0},
    {"[] []", "", 0, 0, "at least rank 1", 0},
    {"int32[3,4] [3,4]", "", 0, 0, "one dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example sparse_examples[] = {
    {"int32[3] [3,4]", "", 0, 4, NULL, 0},
    {"int64[2,3] [2,3,4]", "", 0, 4, NULL, 0},
    {"int32[] [4]", "", 0, 4, NULL, 0},
    {"int32[0] [0,4]", "", 0, 4, NULL, 0},
    {"int32[2] [3,4]", "", 0, 0, "one label for every row", 0},
    {"[3] [3,4]", "", 0, 0, "of dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example sigmoid_examples[] = {{"[3,4] [3,4]", "", 0.1, 0.9, NULL, 0},
                                                {"[5] [5]", "", -4, -0.2, NULL, 0},
                                                {"[0] [0]", "", 0, 0, NULL, 0},
                                                {"[3] [4]", "", 0, 0, "one shape", 0},
                                                {"int32[3] int32[3]", "", 0, 0, "of dtype", 0},
                                                {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example weighted_examples[] = {{"[3,4] [3,4]", "pos_weight=2", 0.1, 0.9, NULL, 0},
                                                 {"[5] [5]", "pos_weight=0.5", -4, -0.2, NULL, 0},
                                                 {"[3] [4]", "", 0, 0, "one shape", 0},
                                                 {NULL, NULL, 0, 0, NULL, 0}};

#define ENTROPY(name_, node, function, table_, outputs, step)                                      \
    {                                                                                              \
        .name = name_, .node_name = node, .table = table_, .min_inputs = 2, .max_inputs = 2,       \
        .output_count = outputs, .infer = function##_infer, .gradient = function##_gradient,       \
        .prepare = function##_prepare, .run = step, .examples = function##_examples                \
    }

const tare_op_def tare_cross_entropy_ops[] = {
    [SOFTMAX] = ENTROPY("softmax_cross_entropy_with_logits", "softmax_cross_entropy_with_logits",
                        softmax, NULL, 2, entropy_f32_step),
    [SPARSE] = ENTROPY("sparse_softmax_cross_entropy_with_logits",
                       "SparseSoftmaxCrossEntropyWithLogits", sparse, NULL, 2, entropy_f32_step),
    [SIGMOID] = ENTROPY("sigmoid_cross_entropy_with_logits", "logistic_loss", sigmoid, NULL, 1,
                        tare_binary_step),
    [WEIGHTED] = ENTROPY("weighted_cross_entropy_with_logits", "logistic_loss", weighted,
                         &weighted_table, 1, tare_binary_step),
    {.name = NULL},
};

static tare_tensor build(int op, tare_tensor labels, tare_tensor logits, const void *options) {
    const tare_tensor inputs[] = {labels, logits};
    return tare_build_node(NULL, &tare_cross_entropy_ops[op], NULL, inputs, 2, options);
}

tare_tensor tare_softmax_cross_entropy_with_logits_with(tare_tensor labels, tare_tensor logits,
                                                        const tare_op_options *options) {
    return build(SOFTMAX, labels, logits, options);
}
tare_tensor tare_sparse_softmax_cross_entropy_with_logits_with(tare_tensor labels,
                                                               tare_tensor logits,
                                                               const tare_op_options *options) {
    return build(SPARSE, labels, logits, options);
}
tare_tensor tare_sigmoid_cross_entropy_with_logits_with(tare_tensor labels, tare_tensor logits,
                                                        const tare_op_options *options) {
    return build(SIGMOID, labels, logits, options);
}
tare_tensor tare_weighted_cross_entropy_with_logits_with(
    tare_tensor labels, tare_tensor logits,
    const tare_weighted_cross_entropy_with_logits_options *options) {
    return build(WEIGHTED, labels, logits, options);
}
