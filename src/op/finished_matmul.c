/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finished_matmul(x, W, bias?, addend?), all axes of x but its last being rows, and pack_matrix(W);
 * see op/finished.h.
 */
#include "op/finished.h"

#include "kernel/gemm.h"

#define TARE_TABLE_STRUCT tare_finished_matmul_options
TARE_OPTION_TABLE(static, finished_table, TARE_FINISHED_MATMUL_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_pack_matrix_options
TARE_OPTION_TABLE(static, pack_table, TARE_PACK_MATRIX_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_gemm product_of(int64_t m, int64_t n, int64_t k, bool transpose_b) {
    return (tare_gemm){.m = m,
                       .n = n,
                       .k = k,
                       .transpose_b = transpose_b,
                       .lda = k,
                       .ldb = transpose_b ? k : n,
                       .ldc = n};
}

static int64_t columns_of(tare_shape w, bool transpose_b) { return w.extents[transpose_b ? 0 : 1]; }

/* ---- finished_matmul */

static tare_gemm gemm_of(const tare_finished_matmul_options *options, tare_shape x, tare_shape w) {
    const int64_t n = options->columns > 0 ? options->columns : columns_of(w, options->transpose_b);
    return product_of(tare_extents_product(x, 0, x.rank - 1), n, x.extents[x.rank - 1],
                      options->transpose_b);
}

static tare_status finished_infer(tare_infer *infer) {
    const tare_type *x = &infer->inputs[FINISHED_X];
    const tare_gemm gemm = gemm_of(infer->options, x->shape, infer->inputs[FINISHED_WEIGHTS].shape);
    infer->outputs[0] = *x;
    infer->outputs[0].shape.extents[x->shape.rank - 1] = gemm.n;
    return TARE_OK;
}

typedef struct finished {
    tare_gemm gemm;
    tare_ending ending;
    bool packed;
} finished;

static tare_status finished_step(const tare_run *run) {
    const finished *state = run->state;
    tare_ending ending = state->ending;
    ending.addend = run->inputs[FINISHED_ADDEND];
    const float *weights = run->inputs[FINISHED_WEIGHTS];
    const tare_gemm_riders riders = {.ending = &ending, .packed = state->packed ? weights : NULL};
    tare_gemm_riding_f32(&state->gemm, run->inputs[FINISHED_X], weights, run->inputs[FINISHED_BIAS],
                         run->outputs[0], &riders, run->scratch, run->pool);
    return TARE_OK;
}

static tare_status finished_prepare(tare_prepare *prepare) {
    const tare_finished_matmul_options *options = prepare->options;
    finished state = {.packed = options->columns > 0};
    state.gemm = gemm_of(options, prepare->inputs[FINISHED_X].shape,
                         prepare->inputs[FINISHED_WEIGHTS].shape);
    prepare->scratch_bytes = tare_gemm_scratch(&state.gemm);
    prepare->flops = tare_gemm_flops(&state.gemm);
    tare_prepare_finish(prepare, options->low, options->high, &state.ending);
    /* Some ways add up what they make in several passes, before the addend comes. */
    prepare->in_place = -1;
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- pack_matrix */

static tare_gemm packed_gemm(const tare_pack_matrix_options *options, tare_shape w) {
    const int64_t n = columns_of(w, options->transpose_b);
    return product_of(options->rows, n, tare_extents_product(w, 0, 2) / n, options->transpose_b);
}

static tare_status pack_infer(tare_infer *infer) {
    const tare_gemm gemm = packed_gemm(infer->options, infer->inputs[0].shape);
    infer->outputs[0] = (tare_type){TARE_FLOAT32, TARE_SHAPE(tare_gemm_packed(&gemm))};
    return TARE_OK;
}

static tare_status pack_step(const tare_run *run) {
    tare_gemm_pack_f32(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status pack_prepare(tare_prepare *prepare) {
    const tare_gemm gemm = packed_gemm(prepare->options, prepare->inputs[0].shape);
    return tare_prepare_state(prepare, &gemm, sizeof gemm);
}

/* ---- made from products, finished before or not */

static bool is_plain(const tare_lower *node) {
    return node->type(node, node->inputs[FINISHED_X])->dtype == TARE_FLOAT32 &&
           node->type(node, node->inputs[FINISHED_WEIGHTS])->shape.rank <= 2;
}

static tare_status absorb_finish(tare_lower *node, const tare_finish *finish,
                                 tare_finished_matmul_options *options) {
    tare_value inputs[FINISHED_INPUTS];
    if (!is_plain(node) || !tare_finish_joins(node, finish, &options->low, &options->high))
        return TARE_OK;
    tare_finished_inputs(node, finish->addend, inputs);
    return node->emit(node, "finished_matmul", options, inputs, FINISHED_INPUTS, node->outputs, 1);
}

static tare_status pack_weights(tare_lower *node, tare_finished_matmul_options *options) {
    tare_pack_matrix_options pack = {
        TARE_DEFAULTS(tare_pack_matrix_options, TARE_PACK_MATRIX_FIELDS)};
    tare_value inputs[FINISHED_INPUTS];
    if (options->columns > 0 || !is_plain(node)) return TARE_OK;
    tare_finished_inputs(node, TARE_NO_VALUE, inputs);
    const tare_gemm gemm = gemm_of(options, node->type(node, inputs[FINISHED_X])->shape,
                                   node->type(node, inputs[FINISHED_WEIGHTS])->shape);
    if (tare_gemm_packed(&gemm) == 0) return TARE_OK;
    pack.rows = gemm.m;
    pack.transpose_b = options->transpose_b;
    options->columns = gemm.n;
    const tare_value weights = inputs[FINISHED_WEIGHTS];
    TARE_TRY(node->emit(node, "pack_matrix", &pack, &weights, 1, &inputs[FINISHED_WEIGHTS], 1));
    return node->emit(node, "finished_matmul", options, inputs, FINISHED_INPUTS, node->outputs, 1);
}

/* False: not one product of x's rows. */
static bool adopt(const tare_lower *node, tare_finished_matmul_options *options) {
    const tare_matmul_options *plain = node->options;
    *options = (tare_finished_matmul_options){
        TARE_DEFAULTS(tare_finished_matmul_options, TARE_FINISHED_MATMUL_FIELDS)};
    options->transpose_b = plain->transpose_b;
    return !plain->transpose_a && node->type(node, node->inputs[1])->shape.rank == 2;
}

tare_status tare_matmul_absorb_finish(tare_lower *node, const tare_finish *finish) {
    tare_finished_matmul_options options;
    return adopt(node, &options) ? absorb_finish(node, finish, &options) : TARE_OK;
}
tare_status tare_matmul_pack_weights(tare_lower *node, tare_value result) {
    tare_finished_matmul_options options;
    (void)result;
    return adopt(node, &options) ? pack_weights(node, &options) : TARE_OK;
}

static tare_status finished_absorb_finish(tare_lower *node, const tare_finish *finish) {
    tare_finished_matmul_options options = *(const tare_finished_matmul_options *)node->options;
    return absorb_finish(node, finish, &options);
}
static tare_status finished_pack_weights(tare_lower *node, tare_value result) {
    tare_finished_matmul_options options = *(const tare_finished_matmul_options *)node->options;
    (void)result;
    return pack_weights(node, &options);
}

static const tare_capabilities finished_can = {.absorb_finish = finished_absorb_finish,
                                               .pack_weights = finished_pack_weights};

const tare_op_def tare_finished_matmul_ops[] = {
    {.name = "finished_matmul",
     .node_name = "FinishedMatMul",
     .table = &finished_table,
     .min_inputs = FINISHED_INPUTS,
     .max_inputs = FINISHED_INPUTS,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .optional = 1u << FINISHED_BIAS | 1u << FINISHED_ADDEND,
     .infer = finished_infer,
     .prepare = finished_prepare,
     .run = finished_step,
     .can = &finished_can},
    {.name = "pack_matrix",
     .node_name = "PackMatrix",
     .table = &pack_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .infer = pack_infer,
     .prepare = pack_prepare,
     .run = pack_step},
    {.name = NULL},
};
