/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nn_dropout: y = x mask, mask = 1 / (1 - rate) with probability 1 - rate, else 0 (output 1).
 * dx = dy mask: the gradient drops what the forward pass dropped.
 *
 * Source: TensorFlow r1.15, python/ops/nn_ops.py (dropout_v2).
 */
#include "kernel/draw.h"
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_nn_dropout_options
TARE_OPTION_TABLE(static, dropout_table, TARE_NN_DROPOUT_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status dropout_infer(tare_infer *infer) {
    const tare_nn_dropout_options *options = infer->options;
    TARE_TRY(tare_infer_floating(infer, 0, "x"));
    if (!(options->rate >= 0 && options->rate < 1)) {
        char text[TARE_NUMBER_TEXT], got[64];
        tare_print(got, sizeof got, "rate %s", tare_double_text(text, options->rate));
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "a rate from 0 to below 1");
    }
    infer->outputs[0] = infer->outputs[1] = infer->inputs[0];
    return TARE_OK;
}

static tare_status dropout_gradient(tare_gradient *g) {
    if (g->output_gradients[0].node)
        g->input_gradients[0] = tare_mul(g->output_gradients[0], g->outputs[1]);
    return TARE_OK;
}

typedef struct dropout {
    uint64_t key;
    double rate;
    int64_t count;
    tare_dtype dtype;
} dropout;

static tare_status dropout_step(const tare_run *run) {
    const dropout *state = run->state;
    const tare_random random = {.key = state->key, .stream = *run->random_stream};
    tare_dropout_run(&random, state->dtype, state->count, state->rate, run->inputs[0],
                     run->outputs[0], run->outputs[1], run->pool);
    return TARE_OK;
}

static tare_status dropout_prepare(tare_prepare *prepare) {
    const tare_nn_dropout_options *options = prepare->options;
    const dropout state = {.key = tare_random_key(prepare->random_key, (uint64_t)options->seed),
                           .rate = options->rate,
                           .count = tare_input_count(prepare, 0),
                           .dtype = prepare->inputs[0].dtype};
    prepare->in_place = 0;
    return tare_prepare_state(prepare, &state, sizeof state);
}

enum { RANDOM = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example dropout_examples[] = {
    {"[30,4]", "", 0, 0, NULL, RANDOM},    {"[5]", "rate=0.9,seed=3", 0, 0, NULL, RANDOM},
    {"[2,3]", "rate=0", 0, 0, NULL, 0},    {"[0,3]", "", 0, 0, NULL, RANDOM},
    {"[5]", "rate=1", 0, 0, "below 1", 0}, {"[5]", "rate=nan", 0, 0, "below 1", 0},
    {"int32[5]", "", 0, 0, "float32", 0},  {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_dropout_ops[] = {
    {.name = "nn_dropout",
     .node_name = "dropout",
     .table = &dropout_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 2,
     .flags = TARE_OP_RANDOM,
     .infer = dropout_infer,
     .gradient = dropout_gradient,
     .prepare = dropout_prepare,
     .run = dropout_step,
     .examples = dropout_examples},
    {.name = NULL},
};

tare_tensor tare_nn_dropout_with(tare_tensor x, const tare_nn_dropout_options *options) {
    return tare_build_node(NULL, &tare_dropout_ops[0], NULL, &x, 1, options);
}
