/* SPDX-License-Identifier: Apache-2.0 */
/* shape_of, size_of and rank_of: the extents of x, and how many elements and axes it has, as int32.
 * No gradient flows. */
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

static tare_status check_extents(const tare_infer *infer) {
    const tare_shape x = infer->inputs[0].shape;
    for (int d = 0; d < x.rank; d++)
        if (x.extents[d] > INT32_MAX)
            return tare_infer_refuse_shape(infer, 0, "x", "extents that int32 can hold");
    return TARE_OK;
}

static tare_status shape_of_infer(tare_infer *infer) {
    const int32_t rank = infer->inputs[0].shape.rank;
    TARE_TRY(check_extents(infer));
    infer->outputs[0] = (tare_type){TARE_INT32, rank < 0 ? TARE_SHAPE(TARE_ANY) : TARE_SHAPE(rank)};
    return TARE_OK;
}

static tare_status size_of_infer(tare_infer *infer) {
    TARE_TRY(check_extents(infer));
    if (tare_shape_count(infer->inputs[0].shape) > INT32_MAX)
        return tare_infer_refuse_shape(infer, 0, "x", "a number of elements that int32 can hold");
    infer->outputs[0] = (tare_type){TARE_INT32, TARE_SCALAR};
    return TARE_OK;
}

static tare_status rank_of_infer(tare_infer *infer) {
    infer->outputs[0] = (tare_type){TARE_INT32, TARE_SCALAR};
    return TARE_OK;
}

typedef struct extents {
    int32_t count, values[TARE_MAX_RANK];
} extents;

static tare_status extents_step(const tare_run *run) {
    const extents *state = run->state;
    memcpy(run->outputs[0], state->values, (size_t)state->count * sizeof *state->values);
    return TARE_OK;
}

static tare_status shape_of_prepare(tare_prepare *prepare) {
    const tare_shape x = prepare->inputs[0].shape;
    extents state = {.count = x.rank};
    for (int d = 0; d < x.rank; d++) state.values[d] = (int32_t)x.extents[d];
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status size_of_prepare(tare_prepare *prepare) {
    const extents state = {.count = 1, .values = {(int32_t)tare_input_count(prepare, 0)}};
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status rank_of_prepare(tare_prepare *prepare) {
    const extents state = {.count = 1, .values = {prepare->inputs[0].shape.rank}};
    return tare_prepare_state(prepare, &state, sizeof state);
}

enum { SHAPE_OF, SIZE_OF, RANK_OF, TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example shape_examples[] = {{"[2,3,4]", "", 0, 0, NULL, TEST},
                                              {"[]", "", 0, 0, NULL, TEST},
                                              {"bool[0,3]", "", 0, 0, NULL, TEST},
                                              {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_shape_of_ops[] = {
    [SHAPE_OF] = {.name = "shape_of",
                  .node_name = "Shape",
                  .min_inputs = 1,
                  .max_inputs = 1,
                  .output_count = 1,
                  .shape_only = 1u << 0,
                  .infer = shape_of_infer,
                  .prepare = shape_of_prepare,
                  .run = extents_step,
                  .examples = shape_examples},
    [SIZE_OF] = {.name = "size_of",
                 .node_name = "Size",
                 .min_inputs = 1,
                 .max_inputs = 1,
                 .output_count = 1,
                 .shape_only = 1u << 0,
                 .infer = size_of_infer,
                 .prepare = size_of_prepare,
                 .run = extents_step,
                 .examples = shape_examples},
    [RANK_OF] = {.name = "rank_of",
                 .node_name = "Rank",
                 .min_inputs = 1,
                 .max_inputs = 1,
                 .output_count = 1,
                 .shape_only = 1u << 0,
                 .infer = rank_of_infer,
                 .prepare = rank_of_prepare,
                 .run = extents_step,
                 .examples = shape_examples},
    {.name = NULL},
};

tare_tensor tare_shape_of_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_shape_of_ops[SHAPE_OF], NULL, &x, 1, options);
}

tare_tensor tare_size_of_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_shape_of_ops[SIZE_OF], NULL, &x, 1, options);
}

tare_tensor tare_rank_of_with(tare_tensor x, const tare_op_options *options) {
    return tare_build_node(NULL, &tare_shape_of_ops[RANK_OF], NULL, &x, 1, options);
}
