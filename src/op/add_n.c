/* SPDX-License-Identifier: Apache-2.0 */
/* add_n: the sum of tensors of one shape, added from the first to the last. Every dx = dy. */
#include "kernel/elementwise.h"
#include "kernel/slices.h"
#include "op/elementwise.h"
#include "op/order.h"
#include "op/pointwise_riding.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

static tare_status add_n_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "inputs", tare_dtype_is_number, NULL));
    return tare_infer_all_alike(infer);
}

static tare_status add_n_gradient(tare_gradient *g) {
    for (int32_t i = 0; i < g->input_count; i++)
        if (g->wanted[i]) g->input_gradients[i] = g->output_gradients[0];
    return TARE_OK;
}

enum { BLOCK = 4096 }; /* elements that stay in the nearest cache */

typedef struct add_n {
    tare_binary_loop add;
    int32_t inputs;
    int64_t count, slices;
    size_t size;
} add_n;

typedef struct add_n_job {
    const add_n *state;
    const tare_run *run;
} add_n_job;

static void add_block(const add_n_job *job, int64_t begin, int64_t count) {
    const add_n *state = job->state;
    const size_t at = (size_t)begin * state->size;
    char *y = (char *)job->run->outputs[0] + at;
    const char *first = (const char *)job->run->inputs[0] + at;
    for (int32_t i = 1; i < state->inputs; i++)
        state->add(i == 1 ? first : y, (const char *)job->run->inputs[i] + at, y, count, 0);
}

static void add_slice(void *context, int64_t slice) {
    const add_n_job *job = context;
    const add_n *state = job->state;
    const int64_t blocks = (state->count + BLOCK - 1) / BLOCK;
    const int64_t end = tare_slice_begin(blocks, state->slices, slice + 1);
    for (int64_t b = tare_slice_begin(blocks, state->slices, slice); b < end; b++) {
        const int64_t left = state->count - b * BLOCK;
        add_block(job, b * BLOCK, left < BLOCK ? left : BLOCK);
    }
}

static tare_status add_n_step(const tare_run *run) {
    const add_n *state = run->state;
    add_n_job job = {state, run};
    tare_pool_run(run->pool, state->slices, add_slice, &job);
    return TARE_OK;
}

static tare_status prepare_sum(tare_prepare *prepare) {
    const tare_dtype dtype = prepare->inputs[0].dtype;
    const int64_t count = tare_input_count(prepare, 0);
    const add_n state = {.add = tare_binary_loops_of(TARE_BINARY_ADD, dtype)->both,
                         .inputs = prepare->input_count,
                         .count = count,
                         .slices = tare_slice_count((count + BLOCK - 1) / BLOCK,
                                                    (int64_t)BLOCK * prepare->input_count, 65536),
                         .size = tare_dtype_size(dtype)};
    /* With more inputs a later one might be the first again. */
    if (prepare->input_count == 2) prepare->in_place = 0;
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* Two are added as `add` does, as which they ride too. */
static tare_status add_n_prepare(tare_prepare *prepare) {
    if (prepare->input_count == 1) return tare_alias_prepare(prepare);
    if (prepare->input_count > 2) return prepare_sum(prepare);
    return tare_prepare_plain_binary(prepare, TARE_BINARY_ADD);
}

/* ---- as host of riders */

enum { MOST = 4 }; /* inputs of one that carries */

typedef struct carrying {
    const add_n *state;
    tare_pixel_pass pass;
} carrying;

static bool add_n_carries(const tare_lower *node, uint32_t reads) {
    return reads == 0 && node->input_count > 1 && node->input_count <= MOST &&
           tare_is_worth_riding(node, node->inputs[0]);
}

static tare_status carrying_prepare(tare_prepare *prepare, uint32_t reads, int64_t *slices) {
    (void)reads;
    TARE_TRY(prepare_sum(prepare));
    const carrying state = {prepare->state, tare_pass_over_output(prepare)};
    *slices = state.pass.slices;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static void read_sums(const void *context, int64_t offset, int64_t pixels, float *to,
                      int64_t stride) {
    const add_n_job *job = context;
    const float *first = (const float *)job->run->inputs[0] + offset;
    for (int32_t i = 1; i < job->state->inputs; i++)
        job->state->add(i == 1 ? first : to, (const float *)job->run->inputs[i] + offset, to,
                        pixels * stride, 0);
}

static void carrying_run(const tare_run *run, const tare_carried *carried) {
    const carrying *c = run->state;
    const add_n_job job = {c->state, run};
    const tare_reader make = {.read = read_sums, .context = &job};
    tare_pixel_pass_run(&c->pass, &make, &carried->finisher, run->outputs[0], run->pool);
}

static const tare_host add_n_host = {.finishes = true,
                                     .changes = tare_lets_change,
                                     .carries = add_n_carries,
                                     .prepare = carrying_prepare,
                                     .run = carrying_run};
static const tare_example add_n_examples[] = {
    {"[2,3]", "", 0, 0, NULL, 0},
    {"[2,3] [2,3]", "", 0, 0, NULL, 0},
    {"[5] [5] [5] [5]", "", 0, 0, NULL, 0},
    {"[0] [0]", "", 0, 0, NULL, 0},
    {"int32[3] int32[3]", "", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[2,3] [3]", "", 0, 0, "one shape", 0},
    {"[3] int32[3]", "", 0, 0, "one dtype", 0},
    {"bool[3] bool[3]", "", 0, 0, "of dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

/* A sum of one is that one. */
static bool add_n_is_elementwise(const tare_lower *node) { return node->input_count > 1; }

static const tare_capabilities add_n_can = {.host = &add_n_host,
                                            .rider = &tare_either_rider,
                                            .any_order = UINT32_MAX,
                                            .reorder = tare_reorder_freely,
                                            .is_elementwise = add_n_is_elementwise};

const tare_op_def tare_add_n_ops[] = {
    {.name = "add_n",
     .node_name = "AddN",
     .min_inputs = 1,
     .max_inputs = -1,
     .output_count = 1,
     .infer = add_n_infer,
     .gradient = add_n_gradient,
     .prepare = add_n_prepare,
     .run = add_n_step,
     .can = &add_n_can,
     .examples = add_n_examples},
    {.name = NULL},
};

tare_tensor tare_add_n_with(const tare_tensor *inputs, size_t count,
                            const tare_op_options *options) {
    return tare_build_node(NULL, &tare_add_n_ops[0], NULL, inputs, count, options);
}
