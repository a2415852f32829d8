/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transpose: y[i_0, i_1, ..] = x with axis perm[k] of x as axis k of y; without perm the axes are
 * reversed. dx = dy transposed by the inverse permutation.
 */
#include "array/permutation.h"
#include "op/strided.h"
#include <tare/op.h>

#include <string.h>

#define TARE_TABLE_STRUCT tare_transpose_options
TARE_OPTION_TABLE(static, transpose_table, TARE_TRANSPOSE_FIELDS);
#undef TARE_TABLE_STRUCT

/* Axis of x that becomes axis k. */
static int axis_at(tare_list perm, int rank, int k) {
    return perm.count > 0 ? (int)perm.values[k] : rank - 1 - k;
}

static tare_status transpose_infer(tare_infer *infer) {
    const tare_transpose_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    const tare_list perm = options->perm;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (x.rank < 0) return TARE_OK;
    uint32_t seen = 0;
    for (int k = 0; k < perm.count; k++)
        if (perm.values[k] >= 0 && perm.values[k] < x.rank) seen |= 1u << perm.values[k];
    if (perm.count > 0 && (perm.count != x.rank || seen != (1u << x.rank) - 1)) {
        char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32], need[64];
        tare_print(got, sizeof got, "perm %s", tare_list_text(text, perm));
        tare_print(need, sizeof need, "each of the %d axes once", x.rank);
        return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
    }
    tare_shape y = {.rank = x.rank};
    for (int k = 0; k < x.rank; k++) y.extents[k] = x.extents[axis_at(perm, x.rank, k)];
    infer->outputs[0].shape = y;
    return TARE_OK;
}

static tare_status transpose_gradient(tare_gradient *g) {
    const tare_transpose_options *options = g->options;
    g->input_gradients[0] =
        tare_transpose(g->output_gradients[0], .perm = tare_inverse_permutation(options->perm));
    return TARE_OK;
}

/* The permutation, spelt out. */
static tare_list whole_perm(const tare_transpose_options *options, int rank) {
    tare_list perm = {.count = rank};
    for (int k = 0; k < rank; k++) perm.values[k] = axis_at(options->perm, rank, k);
    return perm;
}

static void as_transpose(const tare_lower *node, tare_list *perm) {
    *perm = whole_perm(node->options, node->type(node, node->inputs[0])->shape.rank);
}

static const tare_capabilities transpose_can = {.as_transpose = as_transpose};

static tare_status transpose_prepare(tare_prepare *prepare) {
    const tare_transpose_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape, y = prepare->outputs[0].shape;
    if (tare_permutation_moves_nothing(whole_perm(options, x.rank), x))
        return tare_alias_prepare(prepare);
    int64_t strides[TARE_MAX_RANK];
    tare_strided_contiguous(x.rank, x.extents, strides);
    tare_strided copy = {.rank = y.rank};
    memcpy(copy.extents, y.extents, sizeof y.extents);
    tare_strided_contiguous(y.rank, y.extents, copy.to);
    for (int k = 0; k < y.rank; k++) copy.from[k] = strides[axis_at(options->perm, x.rank, k)];
    return tare_prepare_strided(prepare, &copy);
}

enum { MOVES = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example transpose_examples[] = {
    {"[2,3]", "", 0, 0, NULL, 0},
    {"[2,3,4,5]", "perm=0,2,3,1", 0, 0, NULL, 0},
    {"[3,2,4]", "perm=2,0,1", 0, 0, NULL, 0},
    {"[20,33]", "perm=1,0", 0, 0, NULL, TARE_EXAMPLE_NO_SECOND_GRADIENT},
    {"[]", "", 0, 0, NULL, 0},
    {"[0,3]", "", 0, 0, NULL, 0},
    {"[1,3]", "", 0, 0, NULL, 0},
    {"bool[2,3]", "", 0, 0, NULL, MOVES},
    {"int64[2,3]", "", 0, 9, NULL, MOVES},
    {"[2,3]", "perm=0", 0, 0, "each of the 2 axes", 0},
    {"[2,3]", "perm=0,0", 0, 0, "each of the 2 axes", 0},
    {"[2,3]", "perm=0,2", 0, 0, "each of the 2 axes", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_transpose_ops[] = {
    {.name = "transpose",
     .node_name = "transpose",
     .table = &transpose_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = transpose_infer,
     .gradient = transpose_gradient,
     .prepare = transpose_prepare,
     .run = tare_strided_step,
     .can = &transpose_can,
     .examples = transpose_examples},
    {.name = NULL},
};

tare_tensor tare_transpose_with(tare_tensor x, const tare_transpose_options *options) {
    return tare_build_node(NULL, &tare_transpose_ops[0], NULL, &x, 1, options);
}
