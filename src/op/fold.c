/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folding an affine map into a product: fold_weights(w, scale) and fold_bias(bias, scale, shift),
 * which exist in plans only. The arithmetic is kernel/normalisation_fold's.
 *
 *     w' = w scale, per output        bias' = bias scale + shift        (left out: 0, 1, 0)
 */
#include "op/affine.h"
#include "op/rules.h"

#define TARE_TABLE_STRUCT tare_fold_weights_options
TARE_OPTION_TABLE(static, fold_weights_table, TARE_FOLD_WEIGHTS_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- fold_weights: weights of any shape seen as [outer, minor, major, inner], scale [outputs] */

static tare_weights_view view_of(const tare_fold_weights_options *options) {
    return (tare_weights_view){options->outer, options->minor, options->major, options->inner};
}

static tare_status fold_weights_infer(tare_infer *infer) {
    const tare_weights_view view = view_of(infer->options);
    TARE_TRY(tare_infer_floating(infer, 0, "weights"));
    TARE_TRY(tare_infer_same_dtypes(infer));
    const int64_t weights = tare_shape_count(infer->inputs[0].shape);
    const tare_shape scale = infer->inputs[1].shape;
    const bool fits = scale.rank == 1 && scale.extents[0] == view.minor * view.major &&
                      weights == view.outer * view.minor * view.major * view.inner;
    if (!fits) return tare_infer_refuse_shapes(infer, 0, 1, "one factor for every output");
    return tare_infer_like_first(infer);
}

static tare_status fold_weights_f32_step(const tare_run *run) {
    tare_fold_weights_f32(run->inputs[0], run->inputs[1], run->state, run->outputs[0]);
    return TARE_OK;
}

static tare_status fold_weights_f64_step(const tare_run *run) {
    tare_fold_weights_f64(run->inputs[0], run->inputs[1], run->state, run->outputs[0]);
    return TARE_OK;
}

static tare_status fold_weights_prepare(tare_prepare *prepare) {
    const tare_weights_view view = view_of(prepare->options);
    if (prepare->inputs[0].dtype == TARE_FLOAT64) prepare->run = fold_weights_f64_step;
    return tare_prepare_state(prepare, &view, sizeof view);
}

/* ---- fold_bias: bias, scale, shift, each [outputs] or left out, but not all */

static tare_status fold_bias_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_same_dtypes(infer));
    infer->outputs[0] = (tare_type){TARE_DTYPE_NONE, TARE_ANY_SHAPE};
    for (int i = 0; i < infer->input_count; i++) {
        const tare_type *input = &infer->inputs[i];
        if (input->dtype == TARE_DTYPE_NONE) continue;
        TARE_TRY(tare_infer_floating(infer, i, "bias, scale and shift"));
        TARE_TRY(tare_infer_rank(infer, i, 1, "bias, scale and shift"));
        infer->outputs[0].dtype = input->dtype;
        if (!tare_shape_merge(infer->outputs[0].shape, input->shape, &infer->outputs[0].shape))
            return tare_infer_refuse_shape(infer, i, "bias, scale or shift", "equal lengths");
    }
    if (infer->outputs[0].dtype != TARE_DTYPE_NONE) return TARE_OK;
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "nothing to fold",
                             "a bias, scale or shift");
}

static tare_status fold_bias_f32_step(const tare_run *run) {
    tare_fold_bias_f32(run->inputs[0], run->inputs[1], run->inputs[2], *(const int64_t *)run->state,
                       run->outputs[0]);
    return TARE_OK;
}

static tare_status fold_bias_f64_step(const tare_run *run) {
    tare_fold_bias_f64(run->inputs[0], run->inputs[1], run->inputs[2], *(const int64_t *)run->state,
                       run->outputs[0]);
    return TARE_OK;
}

static tare_status fold_bias_prepare(tare_prepare *prepare) {
    const int64_t count = tare_output_count(prepare, 0);
    if (prepare->outputs[0].dtype == TARE_FLOAT64) prepare->run = fold_bias_f64_step;
    return tare_prepare_state(prepare, &count, sizeof count);
}

/* ---- what products share */

tare_status tare_absorb_affine(tare_lower *node, const char *op, const tare_affine *affine,
                               const tare_weights_view *weights) {
    const tare_value given = node->input_count > 2 ? node->inputs[2] : TARE_NO_VALUE;
    tare_value inputs[3] = {node->inputs[0], node->inputs[1], given};
    if (affine->scale != TARE_NO_VALUE) {
        tare_fold_weights_options options = {TARE_FOLD_WEIGHTS_DEFAULTS};
        options.outer = weights->outer;
        options.minor = weights->minor;
        options.major = weights->major;
        options.inner = weights->inner;
        const tare_value both[] = {node->inputs[1], affine->scale};
        TARE_TRY(node->emit(node, "fold_weights", &options, both, 2, &inputs[1], 1));
    }
    if (given != TARE_NO_VALUE || affine->shift != TARE_NO_VALUE) {
        const tare_value bias[] = {given, affine->scale, affine->shift};
        TARE_TRY(node->emit(node, "fold_bias", NULL, bias, 3, &inputs[2], 1));
    }
    const int32_t count = inputs[2] == TARE_NO_VALUE ? 2 : 3;
    return node->emit(node, op, node->options, inputs, count, node->outputs, 1);
}

const tare_op_def tare_fold_ops[] = {
    {.name = "fold_weights",
     .node_name = "FoldWeights",
     .table = &fold_weights_table,
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .infer = fold_weights_infer,
     .prepare = fold_weights_prepare,
     .run = fold_weights_f32_step},
    {.name = "fold_bias",
     .node_name = "FoldBias",
     .min_inputs = 3,
     .max_inputs = 3,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .optional = 7u,
     .infer = fold_bias_infer,
     .prepare = fold_bias_prepare,
     .run = fold_bias_f32_step},
    {.name = NULL},
};
