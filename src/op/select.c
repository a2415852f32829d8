/* SPDX-License-Identifier: Apache-2.0 */
/*
 * where: y = a where condition holds, else b; the condition has the shape of a and b, or one value
 * for every entry of their first axis. da = dy where it holds, else 0; db the rest.
 *
 * Source: TensorFlow r1.15, core/ops/math_ops.cc (Select), python/ops/array_ops.py (where).
 */
#include "kernel/select.h"

#include "op/order.h"
#include "op/rules.h"
#include <tare/op.h>

/* A condition of rank 1 against a higher rank chooses rows. */
static bool chooses_rows(tare_shape condition, tare_shape a) {
    return condition.rank == 1 && a.rank > 1;
}

static tare_status where_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "condition", tare_dtype_is_bool, NULL));
    const tare_type *a = &infer->inputs[1], *b = &infer->inputs[2];
    if (a->dtype != b->dtype) {
        char got[96];
        tare_print(got, sizeof got, "%s and %s", tare_dtype_name(a->dtype),
                   tare_dtype_name(b->dtype));
        return tare_infer_refuse(infer, TARE_ERROR_TYPE, got, "two values of one dtype");
    }
    infer->outputs[0].dtype = a->dtype;
    tare_shape *y = &infer->outputs[0].shape;
    if (!tare_shape_merge(a->shape, b->shape, y))
        return tare_infer_refuse_shapes(infer, 1, 2, "two values of one shape");
    const tare_shape condition = infer->inputs[0].shape;
    if (y->rank < 0 || condition.rank < 0) return TARE_OK;
    if (chooses_rows(condition, *y)) {
        const tare_shape rows = {.rank = 1, .extents = {y->extents[0]}};
        if (tare_shape_compatible(condition, rows)) return TARE_OK;
    } else if (tare_shape_merge(condition, *y, y)) {
        return TARE_OK;
    }
    return tare_infer_refuse_shapes(infer, 0, 1,
                                    "a condition for every element, or one for every row");
}

static tare_status where_gradient(tare_gradient *g) {
    const tare_tensor dy = g->output_gradients[0], zeros = tare_zeros_like(dy);
    if (g->wanted[1]) g->input_gradients[1] = tare_where(g->inputs[0], dy, zeros);
    if (g->wanted[2]) g->input_gradients[2] = tare_where(g->inputs[0], zeros, dy);
    return TARE_OK;
}

static tare_status where_step(const tare_run *run) {
    tare_select_run(run->state, run->inputs[0], run->inputs[1], run->inputs[2], run->outputs[0],
                    run->pool);
    return TARE_OK;
}

static tare_status where_prepare(tare_prepare *prepare) {
    const tare_shape y = prepare->outputs[0].shape;
    const bool rows = chooses_rows(prepare->inputs[0].shape, y);
    const tare_select state = {
        .rows = rows ? y.extents[0] : tare_shape_count(y),
        .inner = rows ? tare_extents_product(y, 1, y.rank) : 1,
        .size = tare_dtype_size(prepare->outputs[0].dtype),
    };
    prepare->in_place = 1;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static const tare_example where_examples[] = {
    {"bool[3,4] [3,4] [3,4]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"bool[3] [3,4] [3,4]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"bool[] [] []", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"bool[0] [0,4] [0,4]", "", 0, 0, NULL, 0},
    {"bool[4] int32[4] int32[4]", "", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"bool[4] uint8[4] uint8[4]", "", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[4] [4] [4]", "", 0, 0, "needs bool", 0},
    {"bool[4] [4] int32[4]", "", 0, 0, "one dtype", 0},
    {"bool[4] [4] [3]", "", 0, 0, "one shape", 0},
    {"bool[4] [3,4] [3,4]", "", 0, 0, "one for every row", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

/* A condition for every number; one that chooses rows counts axes. */
static bool where_reorder(const tare_lower *node, tare_reordering *to) {
    return node->type(node, node->inputs[0])->shape.rank == to->perm.count;
}

static bool where_is_elementwise(const tare_lower *node) {
    return !chooses_rows(node->type(node, node->inputs[0])->shape,
                         node->type(node, node->inputs[1])->shape);
}

static const tare_capabilities where_can = {
    .any_order = UINT32_MAX, .reorder = where_reorder, .is_elementwise = where_is_elementwise};

const tare_op_def tare_select_ops[] = {
    {.name = "where",
     .node_name = "Select",
     .min_inputs = 3,
     .max_inputs = 3,
     .output_count = 1,
     .infer = where_infer,
     .gradient = where_gradient,
     .prepare = where_prepare,
     .run = where_step,
     .can = &where_can,
     .examples = where_examples},
    {.name = NULL},
};

tare_tensor tare_where_with(tare_tensor condition, tare_tensor x, tare_tensor y,
                            const tare_op_options *options) {
    const tare_tensor inputs[] = {condition, x, y};
    return tare_build_node(NULL, &tare_select_ops[0], NULL, inputs, 3, options);
}
