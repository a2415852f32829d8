/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clip_by_value: y = max(min(x, high), low), low and high broadcasting to x.
 *
 *     dx = dy where low <= x <= high        dhigh, dlow: dy where they are taken
 *
 * Source: TensorFlow r1.15, python/ops/clip_ops.py: the gradients are those of a minimum and a
 * maximum in this order.
 */
#include "op/elementwise.h"
#include "op/like.h"
#include "op/order.h"
#include <tare/op.h>

static tare_status clip_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_same_dtypes(infer));
    TARE_TRY(tare_infer_dtype(infer, 0, "x", tare_dtype_is_number, NULL));
    infer->outputs[0] = infer->inputs[0];
    for (int i = 1; i < 3; i++) {
        tare_shape both;
        const tare_shape x = infer->inputs[0].shape, bound = infer->inputs[i].shape;
        if (!tare_shape_broadcast(x, bound, &both) || !tare_shape_compatible(both, x))
            return tare_infer_refuse_shapes(infer, 0, i, "bounds that broadcast to x");
    }
    return TARE_OK;
}

static tare_status clip_gradient(tare_gradient *g) {
    const tare_tensor x = g->inputs[0], low = g->inputs[1], high = g->inputs[2];
    const tare_tensor dy = g->output_gradients[0], zeros = tare_zeros_like(dy);
    const tare_tensor capped = tare_minimum(x, high), below = tare_less_equal(x, high);
    const tare_tensor above = tare_greater_equal(capped, low);
    const tare_tensor flow = tare_where(above, dy, zeros);
    if (g->wanted[0]) g->input_gradients[0] = tare_where(below, flow, zeros);
    if (g->wanted[1]) g->input_gradients[1] = tare_sum_like(tare_where(above, zeros, dy), low);
    if (g->wanted[2]) g->input_gradients[2] = tare_sum_like(tare_where(below, zeros, flow), high);
    return TARE_OK;
}

/* Two passes: the minimum into y, then the maximum over it. */
typedef struct clip {
    tare_binary_pass minimum, maximum;
} clip;

static tare_status clip_step(const tare_run *run) {
    const clip *state = run->state;
    tare_binary_run(&state->minimum, run->inputs[0], run->inputs[2], run->outputs[0], run->scratch,
                    run->pool);
    tare_binary_run(&state->maximum, run->outputs[0], run->inputs[1], run->outputs[0], run->scratch,
                    run->pool);
    return TARE_OK;
}

static tare_status clip_prepare(tare_prepare *prepare) {
    clip state;
    const tare_dtype dtype = prepare->inputs[0].dtype;
    const tare_shape x = prepare->inputs[0].shape;
    tare_binary_plan(&state.minimum, TARE_BINARY_MINIMUM, dtype, x, prepare->inputs[2].shape, 0);
    tare_binary_plan(&state.maximum, TARE_BINARY_MAXIMUM, dtype, x, prepare->inputs[1].shape, 0);
    const int64_t first = tare_binary_scratch(&state.minimum),
                  second = tare_binary_scratch(&state.maximum);
    prepare->scratch_bytes = first > second ? first : second;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static const tare_example clip_examples[] = {
    {"[3,4] [] []", "", 0, 0, NULL, 0},
    {"[3,4] [4] [3,1]", "", 0, 0, NULL, 0},
    {"[0,4] [] []", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"int32[4] int32[] int32[]", "", 0, 9, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[4] [3] []", "", 0, 0, "broadcast to x", 0},
    {"[] [3] []", "", 0, 0, "broadcast to x", 0},
    {"[4] int32[] []", "", 0, 0, "one dtype", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_clip_ops[] = {
    {.name = "clip_by_value",
     .node_name = "clip_by_value",
     .min_inputs = 3,
     .max_inputs = 3,
     .output_count = 1,
     .infer = clip_infer,
     .gradient = clip_gradient,
     .prepare = clip_prepare,
     .run = clip_step,
     .can = &tare_pointwise_can,
     .examples = clip_examples},
    {.name = NULL},
};

tare_tensor tare_clip_by_value_with(tare_tensor x, tare_tensor low, tare_tensor high,
                                    const tare_op_options *options) {
    const tare_tensor inputs[] = {x, low, high};
    return tare_build_node(NULL, &tare_clip_ops[0], NULL, inputs, 3, options);
}
