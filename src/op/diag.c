/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag_part: the diagonal y[i..] = x[i.., i..] of x, whose second half of axes repeats the first;
 * diag: an array with x there and 0 elsewhere. Each is the other's gradient.
 *
 * Source: TensorFlow r1.15, core/ops/array_ops.cc (DiagPart, Diag).
 */
#include "op/strided.h"
#include <tare/op.h>

#include <string.h>

extern const tare_op_def tare_diag_ops[];
enum { DIAG_PART, DIAG };

/* ---- shapes */

static tare_status diag_part_infer(tare_infer *infer) {
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (x.rank < 0) return TARE_OK;
    tare_shape first = {.rank = x.rank / 2}, second = {.rank = x.rank / 2};
    for (int d = 0; d < first.rank; d++) {
        first.extents[d] = x.extents[d];
        second.extents[d] = x.extents[first.rank + d];
    }
    if (x.rank == 0 || x.rank % 2 != 0 ||
        !tare_shape_merge(first, second, &infer->outputs[0].shape))
        return tare_infer_refuse_shape(infer, 0, "x", "axes whose second half repeats the first");
    return TARE_OK;
}

static tare_status diag_infer(tare_infer *infer) {
    const tare_shape x = infer->inputs[0].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (x.rank < 0) return TARE_OK;
    if (x.rank == 0 || 2 * x.rank > TARE_MAX_RANK)
        return tare_infer_refuse_shape(infer, 0, "x", "rank 1 to 4");
    tare_shape y = {.rank = 2 * x.rank};
    for (int d = 0; d < y.rank; d++) y.extents[d] = x.extents[d % x.rank];
    infer->outputs[0].shape = y;
    return tare_infer_countable(infer, 0);
}

/* ---- steps: one step along the diagonal is a step along both axes */

static tare_strided copy_of(tare_prepare *prepare, tare_shape part, tare_shape whole, bool back) {
    tare_strided copy = {.rank = part.rank, .size = tare_dtype_size(prepare->outputs[0].dtype)};
    int64_t strides[TARE_MAX_RANK], *in_whole = back ? copy.to : copy.from;
    memcpy(copy.extents, part.extents, sizeof part.extents);
    tare_strided_contiguous(part.rank, part.extents, back ? copy.from : copy.to);
    tare_strided_contiguous(whole.rank, whole.extents, strides);
    for (int d = 0; d < part.rank; d++) in_whole[d] = strides[d] + strides[part.rank + d];
    return copy;
}

static tare_status diag_part_prepare(tare_prepare *prepare) {
    tare_strided copy =
        copy_of(prepare, prepare->outputs[0].shape, prepare->inputs[0].shape, false);
    return tare_prepare_strided(prepare, &copy);
}

typedef struct diag {
    tare_strided copy;
    size_t bytes; /* of the whole, to be zeroed */
} diag;

static tare_status diag_step(const tare_run *run) {
    const diag *state = run->state;
    memset(run->outputs[0], 0, state->bytes);
    tare_strided_run(&state->copy, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status diag_prepare(tare_prepare *prepare) {
    diag state = {.copy =
                      copy_of(prepare, prepare->inputs[0].shape, prepare->outputs[0].shape, true),
                  .bytes = tare_output_bytes(prepare, 0)};
    tare_strided_plan(&state.copy);
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- gradients */

static tare_status diag_part_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_diag(g->output_gradients[0]);
    return TARE_OK;
}
static tare_status diag_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_diag_part(g->output_gradients[0]);
    return TARE_OK;
}

/* ---- the family */

enum { LOSES = TARE_EXAMPLE_NO_NAN, MOVES = TARE_EXAMPLE_NO_GRADIENT | LOSES };
static const tare_example diag_part_examples[] = {{"[4,4]", "", 0, 0, NULL, LOSES},
                                                  {"[2,3,2,3]", "", 0, 0, NULL, LOSES},
                                                  {"[1,1]", "", 0, 0, NULL, 0},
                                                  {"[0,0]", "", 0, 0, NULL, 0},
                                                  {"int64[3,3]", "", 0, 9, NULL, MOVES},
                                                  {"[4,3]", "", 0, 0, "repeats the first", 0},
                                                  {"[3,3,3]", "", 0, 0, "repeats the first", 0},
                                                  {"[]", "", 0, 0, "repeats the first", 0},
                                                  {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example diag_examples[] = {
    {"[4]", "", 0, 0, NULL, 0},         {"[2,3]", "", 0, 0, NULL, 0},
    {"[0]", "", 0, 0, NULL, 0},         {"bool[3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[]", "", 0, 0, "rank 1 to 4", 0}, {"[1,1,1,1,1]", "", 0, 0, "rank 1 to 4", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_diag_ops[] = {
    [DIAG_PART] = {.name = "diag_part",
                   .node_name = "DiagPart",
                   .min_inputs = 1,
                   .max_inputs = 1,
                   .output_count = 1,
                   .infer = diag_part_infer,
                   .gradient = diag_part_gradient,
                   .prepare = diag_part_prepare,
                   .run = tare_strided_step,
                   .examples = diag_part_examples},
    [DIAG] = {.name = "diag",
              .node_name = "Diag",
              .min_inputs = 1,
              .max_inputs = 1,
              .output_count = 1,
              .infer = diag_infer,
              .gradient = diag_gradient,
              .prepare = diag_prepare,
              .run = diag_step,
              .examples = diag_examples},
    {.name = NULL},
};

tare_tensor tare_diag_part_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_diag_ops[DIAG_PART], NULL, &x, 1, options);
}

tare_tensor tare_diag_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_diag_ops[DIAG], NULL, &x, 1, options);
}
