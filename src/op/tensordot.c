/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tensordot: sums of products over pairs of axes, one of a and one of b; what is left of a comes
 * first in the result, then what is left of b.
 *
 *     da = tensordot(dy, b) over what is left of b, its axes in the order of a; db likewise
 *
 * As one matrix product: a and b are copied so that the paired axes are side by side, last in a and
 * first in b, unless they stand so already.
 *
 * Source: TensorFlow r1.15, python/ops/math_ops.py (tensordot).
 */
#include "kernel/gemm.h"
#include "kernel/strided.h"
#include "op/rules.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_tensordot_options
TARE_OPTION_TABLE(static, tensordot_table, TARE_TENSORDOT_FIELDS);
#undef TARE_TABLE_STRUCT

static bool multiplies(tare_dtype dtype, const void *unused) {
    return tare_dtype_is_floating(dtype, unused) || dtype == TARE_INT32;
}

/* ---- which axes meet */

/* The axes of one of the two: those that are paired, in the order of the pairs, and the others. */
typedef struct operand {
    int paired[TARE_MAX_RANK], others[TARE_MAX_RANK];
    int pairs, rest;
} operand;

/* Axes from a list; false: one is out of range or there twice. */
static bool take_axes(tare_list axes, int rank, operand *side) {
    uint32_t seen = 0;
    *side = (operand){.pairs = 0};
    for (int i = 0; i < axes.count; i++) {
        const int axis = tare_shape_axis(axes.values[i], rank);
        if (axis < 0 || (seen >> axis & 1)) return false;
        seen |= 1u << axis;
        side->paired[side->pairs++] = axis;
    }
    for (int d = 0; d < rank; d++)
        if (!(seen >> d & 1)) side->others[side->rest++] = d;
    return true;
}

/* count axes from `from` on. */
static tare_list axes_from(int from, int count) {
    tare_list axes = {.count = count};
    for (int i = 0; i < count; i++) axes.values[i] = from + i;
    return axes;
}

/* Both sides, for known ranks; NULL, or what is needed. */
static const char *match(const tare_tensordot_options *o, int a_rank, int b_rank, operand *a,
                         operand *b) {
    const bool listed = o->a_axes.count != 0 || o->b_axes.count != 0;
    const int64_t count = listed ? 0 : o->axes;
    if (!listed && (count < 0 || count > a_rank || count > b_rank))
        return "a number of axes that both have";
    const tare_list a_axes = listed ? o->a_axes : axes_from(a_rank - (int)count, (int)count);
    const tare_list b_axes = listed ? o->b_axes : axes_from(0, (int)count);
    if (a_axes.count != b_axes.count) return "as many axes of b as of a";
    if (!take_axes(a_axes, a_rank, a) || !take_axes(b_axes, b_rank, b))
        return "axes within each rank, none twice";
    return a->rest + b->rest > TARE_MAX_RANK ? "a result of rank 8 at most" : NULL;
}

/* ---- shapes */

static tare_status refuse(const tare_infer *infer, const char *need) {
    const tare_tensordot_options *o = infer->options;
    char a[TARE_SHAPE_TEXT], b[TARE_SHAPE_TEXT], a_axes[TARE_SHAPE_TEXT], b_axes[TARE_SHAPE_TEXT],
        got[4 * TARE_SHAPE_TEXT + 64];
    tare_shape_text(a, infer->inputs[0].shape);
    tare_shape_text(b, infer->inputs[1].shape);
    if (o->a_axes.count != 0 || o->b_axes.count != 0)
        tare_print(got, sizeof got, "shapes %s and %s with axes %s and %s", a, b,
                   tare_list_text(a_axes, o->a_axes), tare_list_text(b_axes, o->b_axes));
    else
        tare_print(got, sizeof got, "shapes %s and %s with %lld axes", a, b, (long long)o->axes);
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

static tare_status tensordot_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "a", multiplies, NULL));
    TARE_TRY(tare_infer_same_dtypes(infer));
    const tare_shape a = infer->inputs[0].shape, b = infer->inputs[1].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (a.rank < 0 || b.rank < 0) return TARE_OK;
    operand of_a, of_b;
    const char *need = match(infer->options, a.rank, b.rank, &of_a, &of_b);
    if (need) return refuse(infer, need);
    for (int i = 0; i < of_a.pairs; i++) {
        const int64_t one = a.extents[of_a.paired[i]], other = b.extents[of_b.paired[i]];
        if (one >= 0 && other >= 0 && one != other)
            return refuse(infer, "equal extents along each pair of axes");
    }
    tare_shape y = {.rank = 0};
    for (int i = 0; i < of_a.rest; i++) y.extents[y.rank++] = a.extents[of_a.others[i]];
    for (int i = 0; i < of_b.rest; i++) y.extents[y.rank++] = b.extents[of_b.others[i]];
    infer->outputs[0].shape = y;
    return tare_infer_countable(infer, 0);
}

/* ---- the step */

typedef struct packing {
    tare_strided copy;
    bool copies;
    int64_t count, at; /* elements; bytes into scratch */
} packing;

typedef struct tensordot {
    tare_gemm gemm;
    tare_dtype dtype;
    packing a, b;
    int64_t gemm_at;
} tensordot;

static const void *pack(const packing *p, const void *x, char *scratch, tare_pool *pool) {
    if (!p->copies) return x;
    tare_strided_run(&p->copy, x, scratch + p->at, pool);
    return scratch + p->at;
}

static tare_status tensordot_step(const tare_run *run) {
    const tensordot *state = run->state;
    char *scratch = run->scratch;
    const void *a = pack(&state->a, run->inputs[0], scratch, run->pool);
    const void *b = pack(&state->b, run->inputs[1], scratch, run->pool);
    void *y = run->outputs[0];
    if (state->dtype == TARE_FLOAT32)
        tare_gemm_f32(&state->gemm, a, b, NULL, y, scratch + state->gemm_at, run->pool);
    else if (state->dtype == TARE_FLOAT64)
        tare_gemm_reference_f64(&state->gemm, a, b, NULL, y);
    else
        tare_gemm_reference_i32(&state->gemm, a, b, NULL, y);
    return TARE_OK;
}

static int64_t extent_of(tare_shape x, const int *axes, int count) {
    int64_t product = 1;
    for (int i = 0; i < count; i++) product *= x.extents[axes[i]];
    return product;
}

/* The copy that puts the axes in order; none where they stand so. */
static packing pack_axes(tare_shape x, size_t size, const int *first, int first_count,
                         const int *second, int second_count) {
    packing p = {.count = tare_shape_count(x), .copy = {.size = size, .rank = x.rank}};
    int64_t strides[TARE_MAX_RANK];
    tare_strided_contiguous(x.rank, x.extents, strides);
    for (int k = 0; k < first_count + second_count; k++) {
        const int axis = k < first_count ? first[k] : second[k - first_count];
        p.copy.extents[k] = x.extents[axis];
        p.copy.from[k] = strides[axis];
        p.copies = p.copies || axis != k;
    }
    tare_strided_contiguous(x.rank, p.copy.extents, p.copy.to);
    if (p.copies) tare_strided_plan(&p.copy);
    return p;
}

static int64_t aligned(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

static tare_status tensordot_prepare(tare_prepare *prepare) {
    const tare_shape a = prepare->inputs[0].shape, b = prepare->inputs[1].shape;
    const tare_dtype dtype = prepare->inputs[0].dtype;
    const size_t size = tare_dtype_size(dtype);
    operand of_a, of_b;
    match(prepare->options, a.rank, b.rank, &of_a, &of_b);
    tensordot state = {.dtype = dtype,
                       .a = pack_axes(a, size, of_a.others, of_a.rest, of_a.paired, of_a.pairs),
                       .b = pack_axes(b, size, of_b.paired, of_b.pairs, of_b.others, of_b.rest),
                       .gemm = {.m = extent_of(a, of_a.others, of_a.rest),
                                .n = extent_of(b, of_b.others, of_b.rest),
                                .k = extent_of(a, of_a.paired, of_a.pairs)}};
    state.gemm.lda = state.gemm.k;
    state.gemm.ldb = state.gemm.ldc = state.gemm.n;
    state.b.at = state.a.copies ? aligned(state.a.count * (int64_t)size) : 0;
    state.gemm_at = state.b.at + (state.b.copies ? aligned(state.b.count * (int64_t)size) : 0);
    prepare->scratch_bytes = state.gemm_at;
    prepare->flops = tare_gemm_flops(&state.gemm);
    if (dtype == TARE_FLOAT32) prepare->scratch_bytes += tare_gemm_scratch(&state.gemm);
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- gradients */

static tare_list list_of(const int *axes, int count) {
    tare_list list = {.count = count};
    for (int i = 0; i < count; i++) list.values[i] = axes[i];
    return list;
}

/* How many of the axes stand before this one. */
static int place_among(const int *axes, int count, int axis) {
    int place = 0;
    for (int i = 0; i < count; i++) place += axes[i] < axis;
    return place;
}

/*
 * The product of dy and one side over what is left of it: its axes are what is left of the other
 * side, then this side's paired axes in rising order. They are put in the order of the other side.
 */
static tare_tensor gradient_of(tare_tensor dy, int dy_from, const operand *other, int other_rank,
                               tare_tensor this, const operand *side) {
    const tare_tensor product = tare_tensordot(dy, this, .a_axes = axes_from(dy_from, side->rest),
                                               .b_axes = list_of(side->others, side->rest));
    tare_list perm = {.count = other_rank};
    for (int i = 0; i < other->rest; i++) perm.values[other->others[i]] = i;
    for (int i = 0; i < other->pairs; i++)
        perm.values[other->paired[i]] =
            other->rest + place_among(side->paired, side->pairs, side->paired[i]);
    return tare_transpose(product, .perm = perm);
}

static tare_status tensordot_gradient(tare_gradient *g) {
    const int a_rank = tare_tensor_shape(g->inputs[0]).rank,
              b_rank = tare_tensor_shape(g->inputs[1]).rank;
    if (a_rank < 0 || b_rank < 0)
        return tare_fail_at(g->error, TARE_ERROR_GRADIENT, "tensordot", g->node,
                            "inputs of unknown rank", "known ranks");
    operand a, b;
    match(g->options, a_rank, b_rank, &a, &b);
    const tare_tensor dy = g->output_gradients[0];
    if (g->wanted[0]) g->input_gradients[0] = gradient_of(dy, a.rest, &a, a_rank, g->inputs[1], &b);
    if (g->wanted[1]) g->input_gradients[1] = gradient_of(dy, 0, &b, b_rank, g->inputs[0], &a);
    return TARE_OK;
}

/* ---- the family */

static const tare_example tensordot_examples[] = {
    {"[2,3,4] [4,3,5]", "axes=1", 0, 0, NULL, 0},
    {"[2,3,4] [4,3,5]", "a_axes=1,2,b_axes=1,0", 0, 0, NULL, 0},
    {"[2,3,4] [4,2,3]", "a_axes=0,1,2,b_axes=1,2,0", 0, 0, NULL, 0},
    {"[3,2] [3,4]", "a_axes=0,b_axes=0", 0, 0, NULL, 0},
    {"[3] [3]", "axes=1", 0, 0, NULL, 0},
    {"[2] [3]", "", 0, 0, NULL, 0},
    {"[] [3]", "", 0, 0, NULL, 0},
    {"[0,3] [3,4]", "axes=1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,0] [0,4]", "axes=1", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"int32[2,3] int32[3,2]", "axes=1", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[2,3] [4,5]", "axes=1", 0, 0, "equal extents", 0},
    {"[2,3] [3,5]", "a_axes=1,b_axes=0,1", 0, 0, "as many axes of b", 0},
    {"[2,3] [3,5]", "a_axes=2,b_axes=0", 0, 0, "within each rank", 0},
    {"[2,2] [2,2]", "a_axes=0,0,b_axes=0,1", 0, 0, "none twice", 0},
    {"[2,3] [3]", "axes=2", 0, 0, "that both have", 0},
    {"[1,1,1,1,1] [1,1,1,1]", "", 0, 0, "rank 8 at most", 0},
    {"[3] int32[3]", "axes=1", 0, 0, "one dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_tensordot_ops[] = {
    {.name = "tensordot",
     .node_name = "Tensordot",
     .table = &tensordot_table,
     .min_inputs = 2,
     .max_inputs = 2,
     .output_count = 1,
     .infer = tensordot_infer,
     .gradient = tensordot_gradient,
     .prepare = tensordot_prepare,
     .run = tensordot_step,
     .examples = tensordot_examples},
    {.name = NULL},
};

tare_tensor tare_tensordot_with(tare_tensor a, tare_tensor b,
                                const tare_tensordot_options *options) {
    const tare_tensor inputs[] = {a, b};
    return tare_build_node(NULL, &tare_tensordot_ops[0], NULL, inputs, 2, options);
}
