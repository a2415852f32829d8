/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matmul: y = a' b' (+ bias) over the last two axes, a' = a or its transpose, b' likewise; axes
 * before them are batches, which broadcast. With 2-D b and higher a, all but a's last axis are
 * rows.
 *
 *     da' = dy b'^T        db' = a'^T dy        dbias = dy summed over rows
 *
 * The bias is an input that merging makes: an affine map of the columns goes into b and bias.
 *
 * Source: TensorFlow r1.15, python/ops/math_grad.py (MatMul, BatchMatMulV2).
 */
#include "kernel/gemm.h"

#include "op/affine.h"
#include "op/finished.h"
#include "op/like.h"
#include "op/rules.h"
#include <tare/op.h>

#include <string.h>

#define TARE_TABLE_STRUCT tare_matmul_options
TARE_OPTION_TABLE(static, matmul_table, TARE_MATMUL_FIELDS);
#undef TARE_TABLE_STRUCT

static bool multiplies(tare_dtype dtype, const void *unused) {
    return tare_dtype_is_floating(dtype, unused) || dtype == TARE_INT32;
}

/* ---- shapes */

/* Extents of the last two axes as the product sees them. */
static void matrix_of(tare_shape shape, bool transposed, int64_t *rows, int64_t *columns) {
    *rows = shape.extents[shape.rank - (transposed ? 1 : 2)];
    *columns = shape.extents[shape.rank - (transposed ? 2 : 1)];
}

static tare_shape batches_of(tare_shape shape) {
    shape.rank -= 2;
    return shape;
}

static tare_status matmul_infer(tare_infer *infer) {
    const tare_matmul_options *options = infer->options;
    TARE_TRY(tare_infer_dtype(infer, 0, "a", multiplies, NULL));
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_rank_at_least(infer, 0, 2, "a"));
    TARE_TRY(tare_infer_rank_at_least(infer, 1, 2, "b"));
    const tare_shape a = infer->inputs[0].shape, b = infer->inputs[1].shape;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (a.rank < 0 || b.rank < 0) return TARE_OK;
    int64_t m, k, k_of_b, n;
    matrix_of(a, options->transpose_a, &m, &k);
    matrix_of(b, options->transpose_b, &k_of_b, &n);
    tare_shape y;
    if (k >= 0 && k_of_b >= 0 && k != k_of_b)
        return tare_infer_refuse_shapes(infer, 0, 1, "as many columns in a as rows in b");
    if (!tare_shape_broadcast(batches_of(a), batches_of(b), &y))
        return tare_infer_refuse_shapes(infer, 0, 1, "leading axes that broadcast");
    y.extents[y.rank++] = m;
    y.extents[y.rank++] = n;
    infer->outputs[0].shape = y;
    if (infer->input_count > 2 && infer->inputs[2].dtype != TARE_DTYPE_NONE) {
        const tare_shape bias = {.rank = 1, .extents = {n}};
        if (!tare_shape_compatible(infer->inputs[2].shape, bias))
            return tare_infer_refuse_shape(infer, 2, "bias", "one number for every column");
    }
    return tare_infer_countable(infer, 0);
}

/* ---- the step: one product, or one for every batch */

typedef struct matmul {
    tare_gemm gemm;
    size_t size;
    int64_t batches; /* 1: the plain product */
    int rank;        /* of the batch axes, with strides in matrices */
    int64_t extents[TARE_MAX_RANK], a_strides[TARE_MAX_RANK], b_strides[TARE_MAX_RANK];
} matmul;

static tare_status matmul_f32_step(const tare_run *run) {
    const matmul *state = run->state;
    tare_gemm_f32(&state->gemm, run->inputs[0], run->inputs[1], run->inputs[2], run->outputs[0],
                  run->scratch, run->pool);
    return TARE_OK;
}

static tare_status matmul_f32_plain_step(const tare_run *run) {
    const matmul *state = run->state;
    tare_gemm_f32(&state->gemm, run->inputs[0], run->inputs[1], NULL, run->outputs[0], run->scratch,
                  run->pool);
    return TARE_OK;
}

static void multiply(const matmul *state, tare_dtype dtype, const void *a, const void *b,
                     const void *bias, void *y, void *scratch, tare_pool *pool) {
    if (dtype == TARE_FLOAT32)
        tare_gemm_f32(&state->gemm, a, b, bias, y, scratch, pool);
    else if (dtype == TARE_FLOAT64)
        tare_gemm_reference_f64(&state->gemm, a, b, bias, y);
    else
        tare_gemm_reference_i32(&state->gemm, a, b, bias, y);
}

static void multiply_batches(const tare_run *run, tare_dtype dtype, const void *bias) {
    const matmul *state = run->state;
    const tare_gemm *gemm = &state->gemm;
    const int64_t size = (int64_t)state->size;
    for (int64_t batch = 0; batch < state->batches; batch++) {
        int64_t rest = batch, a = 0, b = 0;
        for (int d = state->rank - 1; d >= 0; d--) {
            a += rest % state->extents[d] * state->a_strides[d];
            b += rest % state->extents[d] * state->b_strides[d];
            rest /= state->extents[d];
        }
        multiply(state, dtype, (const char *)run->inputs[0] + a * gemm->m * gemm->k * size,
                 (const char *)run->inputs[1] + b * gemm->k * gemm->n * size, bias,
                 (char *)run->outputs[0] + batch * gemm->m * gemm->n * size, run->scratch,
                 run->pool);
    }
}

#define BATCHES(name, dtype, bias)                                                                 \
    static tare_status name(const tare_run *run) {                                                 \
        multiply_batches(run, dtype, bias);                                                        \
        return TARE_OK;                                                                            \
    }
BATCHES(batches_f32_step, TARE_FLOAT32, run->inputs[2])
BATCHES(batches_f32_plain_step, TARE_FLOAT32, NULL)
BATCHES(batches_f64_step, TARE_FLOAT64, run->inputs[2])
BATCHES(batches_f64_plain_step, TARE_FLOAT64, NULL)
BATCHES(batches_i32_step, TARE_INT32, run->inputs[2])
BATCHES(batches_i32_plain_step, TARE_INT32, NULL)

static void lay_out_batches(matmul *state, tare_shape a, tare_shape b, tare_shape y) {
    state->rank = y.rank - 2;
    int64_t a_step = 1, b_step = 1;
    state->batches = 1;
    for (int d = state->rank - 1; d >= 0; d--) {
        const int at_a = d - y.rank + a.rank, at_b = d - y.rank + b.rank;
        const int64_t a_extent = at_a >= 0 ? a.extents[at_a] : 1,
                      b_extent = at_b >= 0 ? b.extents[at_b] : 1;
        state->extents[d] = y.extents[d];
        state->a_strides[d] = a_extent == 1 ? 0 : a_step;
        state->b_strides[d] = b_extent == 1 ? 0 : b_step;
        a_step *= a_extent;
        b_step *= b_extent;
        state->batches *= y.extents[d];
    }
}

static tare_status matmul_prepare(tare_prepare *prepare) {
    const tare_matmul_options *options = prepare->options;
    const tare_shape a = prepare->inputs[0].shape, b = prepare->inputs[1].shape;
    const tare_shape y = prepare->outputs[0].shape;
    const tare_dtype dtype = prepare->inputs[0].dtype;
    matmul state = {.size = tare_dtype_size(dtype)};
    tare_gemm *gemm = &state.gemm;
    matrix_of(a, options->transpose_a, &gemm->m, &gemm->k);
    gemm->n = y.extents[y.rank - 1];
    gemm->transpose_a = options->transpose_a;
    gemm->transpose_b = options->transpose_b;
    lay_out_batches(&state, a, b, y);
    /* Batches of a against one b are more rows of one product. */
    if (b.rank == 2 && !options->transpose_a) {
        gemm->m = tare_extents_product(a, 0, a.rank - 1);
        state.batches = 1;
        state.rank = 0;
    }
    gemm->lda = options->transpose_a ? gemm->m : gemm->k;
    gemm->ldb = options->transpose_b ? gemm->k : gemm->n;
    gemm->ldc = gemm->n;
    const bool biased = prepare->input_count > 2 && prepare->inputs[2].dtype != TARE_DTYPE_NONE;
    if (dtype == TARE_FLOAT32) prepare->scratch_bytes = tare_gemm_scratch(gemm);
    prepare->flops = tare_gemm_flops(gemm) * (double)state.batches;
    if (dtype == TARE_FLOAT64)
        prepare->run = biased ? batches_f64_step : batches_f64_plain_step;
    else if (dtype == TARE_INT32)
        prepare->run = biased ? batches_i32_step : batches_i32_plain_step;
    else if (state.batches == 1)
        prepare->run = biased ? matmul_f32_step : matmul_f32_plain_step;
    else
        prepare->run = biased ? batches_f32_step : batches_f32_plain_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- gradients */

static tare_tensor product(tare_tensor a, bool transpose_a, tare_tensor b, bool transpose_b) {
    return tare_matmul(a, b, .transpose_a = transpose_a, .transpose_b = transpose_b);
}

/* dy b'^T, stored as a is. */
static tare_tensor gradient_of_a(tare_tensor dy, tare_tensor b, bool ta, bool tb) {
    return ta ? product(b, tb, dy, true) : product(dy, false, b, !tb);
}

/* a'^T dy, stored as b is. */
static tare_tensor gradient_of_b(tare_tensor a, tare_tensor dy, bool ta, bool tb) {
    return tb ? product(dy, true, a, ta) : product(a, !ta, dy, false);
}

static tare_status matmul_gradient(tare_gradient *g) {
    const tare_matmul_options *options = g->options;
    const bool ta = options->transpose_a, tb = options->transpose_b;
    const tare_tensor a = g->inputs[0], b = g->inputs[1], dy = g->output_gradients[0];
    if (g->wanted[0]) g->input_gradients[0] = tare_sum_like(gradient_of_a(dy, b, ta, tb), a);
    if (g->wanted[1]) g->input_gradients[1] = tare_sum_like(gradient_of_b(a, dy, ta, tb), b);
    if (g->input_count > 2 && g->wanted[2]) g->input_gradients[2] = tare_sum_like(dy, g->inputs[2]);
    return TARE_OK;
}

/* ---- merging */

static bool absorbs_affine(const tare_lower *node) {
    const tare_type *b = node->type(node, node->inputs[1]);
    return b->shape.rank == 2 && tare_dtype_is_floating(b->dtype, NULL);
}

/* Rows or columns of b, whichever is asked for. */
static tare_weights_view view_of(tare_shape b, bool rows) {
    return rows ? (tare_weights_view){1, 1, b.extents[0], b.extents[1]}
                : (tare_weights_view){b.extents[0], 1, b.extents[1], 1};
}

static tare_status absorb_affine(tare_lower *node, const tare_affine *affine) {
    const tare_matmul_options *options = node->options;
    const tare_weights_view view =
        view_of(node->type(node, node->inputs[1])->shape, options->transpose_b);
    return tare_absorb_affine(node, "matmul", affine, &view);
}

static bool as_product(const tare_lower *node, tare_product *product) {
    const tare_matmul_options *options = node->options;
    const tare_shape b = node->type(node, node->inputs[1])->shape;
    if (options->transpose_a || !tare_shape_known(b) || !absorbs_affine(node)) return false;
    *product = (tare_product){.by_output = view_of(b, options->transpose_b),
                              .by_input = view_of(b, !options->transpose_b)};
    return true;
}

static const tare_capabilities matmul_can = {.absorbs_affine = absorbs_affine,
                                             .absorb_affine = absorb_affine,
                                             .as_product = as_product,
                                             .absorb_finish = tare_matmul_absorb_finish,
                                             .pack_weights = tare_matmul_pack_weights};

static const tare_example matmul_examples[] = {
    {"[2,3] [3,4]", "", 0, 0, NULL, 0},
    {"[3,2] [3,4]", "transpose_a=true", 0, 0, NULL, 0},
    {"[2,3] [4,3]", "transpose_b=true", 0, 0, NULL, 0},
    {"[3,2] [4,3]", "transpose_a=true,transpose_b=true", 0, 0, NULL, 0},
    {"[2,3] [3,4] [4]", "", 0, 0, NULL, 0},
    {"[1,1] [1,1]", "", 0, 0, NULL, 0},
    {"[5,2,3] [5,3,4]", "", 0, 0, NULL, 0},
    {"[1,3,4] [5,4,2]", "", 0, 0, NULL, 0},
    {"[2,5,3] [3,4]", "", 0, 0, NULL, 0},
    {"[2,3,5] [3,4]", "transpose_a=true", 0, 0, NULL, 0},
    {"[2,1,2,3] [3,4,3]", "transpose_b=true", 0, 0, NULL, 0},
    {"[0,3] [3,4]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[2,0] [0,4]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"int32[2,3] int32[3,2]", "", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[2,3] [4,3]", "", 0, 0, "as many columns in a as rows in b", 0},
    {"[2,2,3] [3,3,4]", "", 0, 0, "leading axes", 0},
    {"[3] [3,4]", "", 0, 0, "at least rank 2", 0},
    {"[2,3] [3,4] [3]", "", 0, 0, "every column", 0},
    {"[2,3] int32[3,4]", "", 0, 0, "one dtype", 0},
    {"bool[2,3] bool[3,4]", "", 0, 0, "of dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_matmul_ops[] = {
    {.name = "matmul",
     .node_name = "MatMul",
     .table = &matmul_table,
     .min_inputs = 2,
     .max_inputs = 3,
     .output_count = 1,
     .optional = 1u << 2,
     .infer = matmul_infer,
     .gradient = matmul_gradient,
     .prepare = matmul_prepare,
     .run = matmul_f32_plain_step,
     .can = &matmul_can,
     .examples = matmul_examples},
    {.name = NULL},
};

tare_tensor tare_matmul_with(tare_tensor a, tare_tensor b, const tare_matmul_options *options) {
    const tare_tensor inputs[] = {a, b};
    return tare_build_node(NULL, &tare_matmul_ops[0], NULL, inputs, 2, options);
}
