/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of elementwise ops. Small arrays take a step that goes straight to the loop. */
#include "op/elementwise.h"

tare_status tare_unary_step(const tare_run *run) {
    tare_unary_run(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status short_unary_step(const tare_run *run) {
    const tare_unary_pass *pass = run->state;
    pass->loop(run->inputs[0], run->outputs[0], pass->count, pass->parameter);
    return TARE_OK;
}

static bool has_unary(tare_dtype dtype, const void *user) {
    return tare_unary_loop_of(*(const tare_unary *)user, dtype) != NULL;
}

tare_status tare_infer_unary(tare_infer *infer, tare_unary which) {
    TARE_TRY(tare_infer_dtype(infer, 0, "x", has_unary, &which));
    infer->outputs[0] =
        (tare_type){tare_unary_dtype(which, infer->inputs[0].dtype), infer->inputs[0].shape};
    return TARE_OK;
}

/* Output 0 may take the memory of an input of the same size. */
static void offer_memory(tare_prepare *prepare, int inputs) {
    const size_t bytes = tare_output_bytes(prepare, 0);
    const size_t size = tare_dtype_size(prepare->outputs[0].dtype);
    for (int i = inputs - 1; i >= 0; i--)
        if (tare_input_bytes(prepare, i) == bytes &&
            tare_dtype_size(prepare->inputs[i].dtype) == size)
            prepare->in_place = i;
}

tare_status tare_prepare_unary(tare_prepare *prepare, tare_unary which, double parameter) {
    tare_unary_pass pass;
    tare_unary_plan(&pass, which, prepare->inputs[0].dtype, tare_input_count(prepare, 0),
                    parameter);
    prepare->run = pass.slices == 1 ? short_unary_step : tare_unary_step;
    offer_memory(prepare, 1);
    return tare_prepare_state(prepare, &pass, sizeof pass);
}

tare_status tare_binary_step(const tare_run *run) {
    tare_binary_run(run->state, run->inputs[0], run->inputs[1], run->outputs[0], run->scratch,
                    run->pool);
    return TARE_OK;
}

static tare_status short_binary_step(const tare_run *run) {
    const tare_binary_pass *pass = run->state;
    pass->row(run->inputs[0], run->inputs[1], run->outputs[0], pass->inner, pass->parameter);
    return TARE_OK;
}

static bool has_binary(tare_dtype dtype, const void *user) {
    return tare_binary_loops_of(*(const tare_binary *)user, dtype) != NULL;
}

static tare_status infer_dtypes(tare_infer *infer, tare_binary which) {
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_dtype(infer, 0, "inputs", has_binary, &which));
    infer->outputs[0].dtype = tare_binary_dtype(which, infer->inputs[0].dtype);
    return TARE_OK;
}

tare_status tare_infer_binary(tare_infer *infer, tare_binary which) {
    TARE_TRY(infer_dtypes(infer, which));
    if (!tare_shape_broadcast(infer->inputs[0].shape, infer->inputs[1].shape,
                              &infer->outputs[0].shape))
        return tare_infer_refuse_shapes(infer, 0, 1,
                                        "shapes that broadcast: equal extents, or 1, from the end");
    return tare_infer_countable(infer, 0);
}

tare_status tare_infer_pair(tare_infer *infer, tare_binary which) {
    TARE_TRY(tare_infer_all_alike(infer));
    return infer_dtypes(infer, which);
}

tare_status tare_prepare_binary(tare_prepare *prepare, tare_binary which, double parameter) {
    tare_binary_pass pass;
    tare_binary_plan(&pass, which, prepare->inputs[0].dtype, prepare->inputs[0].shape,
                     prepare->inputs[1].shape, parameter);
    prepare->run = pass.rows == 1 && pass.slices == 1 ? short_binary_step : tare_binary_step;
    prepare->scratch_bytes = tare_binary_scratch(&pass);
    offer_memory(prepare, 2);
    return tare_prepare_state(prepare, &pass, sizeof pass);
}

tare_status tare_prepare_plain_binary(tare_prepare *prepare, tare_binary which) {
    return tare_prepare_binary(prepare, which, 0);
}
