/* SPDX-License-Identifier: Apache-2.0 */
/* zeros_like and ones_like: a constant in the shape and dtype of x. */
#include "kernel/strided.h"
#include "op/order.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

typedef struct fill {
    size_t size;
    int64_t count;
    char one[8]; /* the number 1 of the dtype */
} fill;

static tare_status zeros_step(const tare_run *run) {
    const fill *state = run->state;
    memset(run->outputs[0], 0, state->size * (size_t)state->count);
    return TARE_OK;
}

static tare_status ones_step(const tare_run *run) {
    const fill *state = run->state;
    tare_fill(run->outputs[0], state->one, state->size, state->count);
    return TARE_OK;
}

static void write_one(tare_dtype dtype, char *bytes) {
    const float f32 = 1;
    const double f64 = 1;
    const int64_t whole = 1; /* little-endian: its first bytes are the smaller kinds' */
    const uint16_t bf16 = 0x3f80;
    memcpy(bytes, &whole, sizeof whole);
    if (dtype == TARE_FLOAT32) memcpy(bytes, &f32, sizeof f32);
    if (dtype == TARE_FLOAT64) memcpy(bytes, &f64, sizeof f64);
    if (dtype == TARE_BFLOAT16) memcpy(bytes, &bf16, sizeof bf16);
}

static tare_status fill_prepare(tare_prepare *prepare) {
    fill state = {.size = tare_dtype_size(prepare->outputs[0].dtype),
                  .count = tare_output_count(prepare, 0)};
    write_one(prepare->outputs[0].dtype, state.one);
    return tare_prepare_state(prepare, &state, sizeof state);
}

enum { CONSTANT = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example fill_examples[] = {
    {"[2,3]", "", 0, 0, NULL, CONSTANT},      {"[]", "", 0, 0, NULL, CONSTANT},
    {"[0,3]", "", 0, 0, NULL, CONSTANT},      {"int32[4]", "", 0, 0, NULL, CONSTANT},
    {"uint8[4]", "", 0, 0, NULL, CONSTANT},   {"bool[4]", "", 0, 0, NULL, CONSTANT},
    {"int64[2,2]", "", 0, 0, NULL, CONSTANT}, {NULL, NULL, 0, 0, NULL, 0}};

enum { ZEROS_LIKE, ONES_LIKE };

const tare_op_def tare_fill_ops[] = {
    [ZEROS_LIKE] = {.name = "zeros_like",
                    .node_name = "zeros_like",
                    .min_inputs = 1,
                    .max_inputs = 1,
                    .output_count = 1,
                    .shape_only = 1u << 0,
                    .infer = tare_infer_like_first,
                    .prepare = fill_prepare,
                    .run = zeros_step,
                    .can = &tare_pointwise_can,
                    .examples = fill_examples},
    [ONES_LIKE] = {.name = "ones_like",
                   .node_name = "ones_like",
                   .min_inputs = 1,
                   .max_inputs = 1,
                   .output_count = 1,
                   .shape_only = 1u << 0,
                   .infer = tare_infer_like_first,
                   .prepare = fill_prepare,
                   .run = ones_step,
                   .can = &tare_pointwise_can,
                   .examples = fill_examples},
    {.name = NULL},
};

tare_tensor tare_zeros_like_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_fill_ops[ZEROS_LIKE], NULL, &x, 1, options);
}

tare_tensor tare_ones_like_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_fill_ops[ONES_LIKE], NULL, &x, 1, options);
}
