/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pad: x with rows before and after each axis: a constant, or x mirrored without (reflect) or with
 * (symmetric) its edge.
 *
 *     constant             dx = the box of dy where x lies
 *     reflect, symmetric   dx = sums over the places that x was mirrored to (pad_mirror_gradient)
 *
 * Source: TensorFlow r1.15, core/kernels/pad_op.cc, mirror_pad_op.h.
 */
#include "kernel/mirror.h"
#include "op/like.h"
#include "op/order.h"
#include "op/strided.h"
#include <tare/op.h>

#include <string.h>

extern const tare_op_def tare_pad_ops[];
enum { PAD, MIRROR_GRADIENT };

#define TARE_TABLE_STRUCT tare_pad_options
#define TARE_WORDS_mode   TARE_PAD_WORDS
TARE_OPTION_TABLE(static, pad_table, TARE_PAD_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

/* x's shape with the padding, or (sign -1) without it. */
static tare_status pad_shape(const tare_infer *infer, int sign, tare_shape *y) {
    const tare_pad_options *options = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    TARE_TRY(tare_infer_list(infer, "before", options->before, x.rank, 0));
    TARE_TRY(tare_infer_list(infer, "after", options->after, x.rank, 0));
    *y = (tare_shape){.rank = x.rank};
    for (int d = 0; d < x.rank; d++) {
        int64_t more = 0, extent = x.extents[d];
        if (!tare_add_sizes(options->before.values[d], options->after.values[d], &more))
            return tare_infer_refuse_shape(infer, 0, "x", "less padding");
        if (extent >= 0 && sign > 0 && !tare_add_sizes(extent, more, &extent))
            return tare_infer_refuse_shape(infer, 0, "x", "less padding");
        if (extent >= 0 && sign < 0) extent -= more;
        y->extents[d] = extent;
    }
    return TARE_OK;
}

/* A mirror shows no more than there is. */
static tare_status check_mirror(const tare_infer *infer, tare_shape small) {
    const tare_pad_options *options = infer->options;
    const int64_t edge = options->mode == TARE_PAD_REFLECT ? 1 : 0;
    for (int d = 0; d < small.rank && options->mode != TARE_PAD_CONSTANT; d++) {
        const int64_t most = small.extents[d] - edge;
        if (small.extents[d] >= 0 &&
            (options->before.values[d] > most || options->after.values[d] > most))
            return tare_infer_refuse_shape(infer, 0, "x",
                                           "padding no wider than the mirrored part");
    }
    return TARE_OK;
}

static tare_status pad_infer(tare_infer *infer) {
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (infer->inputs[0].shape.rank < 0) return TARE_OK;
    TARE_TRY(pad_shape(infer, 1, &infer->outputs[0].shape));
    TARE_TRY(check_mirror(infer, infer->inputs[0].shape));
    return tare_infer_countable(infer, 0);
}

static tare_status mirror_gradient_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "dy"));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, TARE_ANY_SHAPE};
    if (infer->inputs[0].shape.rank < 0) return TARE_OK;
    TARE_TRY(pad_shape(infer, -1, &infer->outputs[0].shape));
    return check_mirror(infer, infer->outputs[0].shape);
}

/* ---- steps */

typedef struct constant_pad {
    tare_strided copy;
    int64_t count;
    char value[8];
} constant_pad;

static tare_status constant_step(const tare_run *run) {
    const constant_pad *state = run->state;
    tare_fill(run->outputs[0], state->value, state->copy.size, state->count);
    tare_strided_run(&state->copy, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

/* The constant in the bytes of dtype. */
static void write_value(tare_dtype dtype, double value, char *bytes) {
    const float f32 = (float)value;
    const int64_t whole = (int64_t)value;
    memcpy(bytes, &whole, sizeof whole);
    if (dtype == TARE_FLOAT32) memcpy(bytes, &f32, sizeof f32);
    if (dtype == TARE_FLOAT64) memcpy(bytes, &value, sizeof value);
}

static tare_status prepare_constant(tare_prepare *prepare) {
    const tare_pad_options *options = prepare->options;
    const tare_shape x = prepare->inputs[0].shape, y = prepare->outputs[0].shape;
    if (tare_shape_same(x, y)) return tare_alias_prepare(prepare);
    constant_pad state = {.count = tare_shape_count(y)};
    tare_strided *copy = &state.copy;
    copy->size = tare_dtype_size(prepare->outputs[0].dtype);
    copy->rank = x.rank;
    memcpy(copy->extents, x.extents, sizeof x.extents);
    tare_strided_contiguous(x.rank, x.extents, copy->from);
    tare_strided_contiguous(y.rank, y.extents, copy->to);
    for (int d = 0; d < x.rank; d++) copy->to_start += options->before.values[d] * copy->to[d];
    tare_strided_plan(copy);
    write_value(prepare->outputs[0].dtype, options->constant_values, state.value);
    prepare->run = constant_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

typedef struct mirror {
    tare_mirror mirror;
    tare_dtype dtype;
} mirror;

static tare_status mirror_step(const tare_run *run) {
    const mirror *state = run->state;
    tare_mirror_run(&state->mirror, tare_dtype_size(state->dtype), run->inputs[0], run->outputs[0]);
    return TARE_OK;
}

static tare_status mirror_gradient_step(const tare_run *run) {
    const mirror *state = run->state;
    tare_mirror_sum(&state->mirror, state->dtype, run->inputs[0], run->outputs[0]);
    return TARE_OK;
}

static tare_status prepare_mirror(tare_prepare *prepare, tare_shape small, tare_shape large) {
    const tare_pad_options *options = prepare->options;
    mirror state = {.dtype = prepare->inputs[0].dtype};
    state.mirror.rank = small.rank;
    state.mirror.symmetric = options->mode == TARE_PAD_SYMMETRIC;
    memcpy(state.mirror.small, small.extents, sizeof small.extents);
    memcpy(state.mirror.large, large.extents, sizeof large.extents);
    memcpy(state.mirror.before, options->before.values, sizeof options->before.values);
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status pad_prepare(tare_prepare *prepare) {
    const tare_pad_options *options = prepare->options;
    if (options->mode == TARE_PAD_CONSTANT) return prepare_constant(prepare);
    prepare->run = mirror_step;
    return prepare_mirror(prepare, prepare->inputs[0].shape, prepare->outputs[0].shape);
}

static tare_status mirror_gradient_prepare(tare_prepare *prepare) {
    prepare->run = mirror_gradient_step;
    return prepare_mirror(prepare, prepare->outputs[0].shape, prepare->inputs[0].shape);
}

/* ---- gradients: the two are each other's */

static tare_status pad_gradient(tare_gradient *g) {
    const tare_pad_options *options = g->options;
    const tare_tensor dy = g->output_gradients[0];
    if (options->mode == TARE_PAD_CONSTANT)
        g->input_gradients[0] = tare_slice_like(dy, g->inputs[0], options->before);
    else
        g->input_gradients[0] =
            tare_build_node(NULL, &tare_pad_ops[MIRROR_GRADIENT], NULL, &dy, 1, options);
    return TARE_OK;
}

static tare_status mirror_gradient_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_pad_with(g->output_gradients[0], g->options);
    return TARE_OK;
}

/* ---- the family */

enum { MOVES = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example pad_examples[] = {
    {"[2,3]", "before=1,2,after=1,0", 0, 0, NULL, 0},
    {"[2,3]", "before=0,1,after=1,1,constant_values=7", 0, 0, NULL, 0},
    {"[3,4]", "before=1,2,after=2,3,mode=reflect", 0, 0, NULL, 0},
    {"[3,4]", "before=2,3,after=1,2,mode=symmetric", 0, 0, NULL, 0},
    {"[2,3]", "before=0,0,after=0,0", 0, 0, NULL, 0},
    {"[0,3]", "before=1,0,after=0,0", 0, 0, NULL, 0},
    {"int32[3]", "before=1,after=1,constant_values=7", 0, 9, NULL, MOVES},
    {"uint8[3]", "before=1,after=1,mode=reflect", 0, 9, NULL, MOVES},
    {"[2,3]", "before=1,after=1,0", 0, 0, "before", 0},
    {"[2,3]", "before=1,-2,after=1,0", 0, 0, "before", 0},
    {"[3,4]", "before=3,0,after=0,0,mode=reflect", 0, 0, "no wider", 0},
    {"[3,4]", "before=4,0,after=0,0,mode=symmetric", 0, 0, "no wider", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example mirror_gradient_examples[] = {
    {"[6,9]", "before=1,2,after=2,3,mode=reflect", 0, 0, NULL, 0},
    {"[6,9]", "before=2,3,after=1,2,mode=symmetric", 0, 0, NULL, 0},
    {"[3,9]", "before=1,2,after=2,3,mode=reflect", 0, 0, "no wider", 0},
    {"int32[4]", "before=1,after=1,mode=reflect", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

static bool pad_reorder(const tare_lower *node, tare_reordering *to) {
    (void)node;
    tare_pad_options *options = to->options;
    options->before = tare_reordered_list(to, options->before);
    options->after = tare_reordered_list(to, options->after);
    return true;
}

static const tare_capabilities pad_can = {.any_order = 1, .reorder = pad_reorder};

const tare_op_def tare_pad_ops[] = {
    [PAD] = {.name = "pad",
             .node_name = "Pad",
             .table = &pad_table,
             .min_inputs = 1,
             .max_inputs = 1,
             .output_count = 1,
             .infer = pad_infer,
             .gradient = pad_gradient,
             .prepare = pad_prepare,
             .run = mirror_step,
             .can = &pad_can,
             .examples = pad_examples},
    [MIRROR_GRADIENT] = {.name = "pad_mirror_gradient",
                         .node_name = "MirrorPadGrad",
                         .table = &pad_table,
                         .min_inputs = 1,
                         .max_inputs = 1,
                         .output_count = 1,
                         .infer = mirror_gradient_infer,
                         .gradient = mirror_gradient_gradient,
                         .prepare = mirror_gradient_prepare,
                         .run = mirror_gradient_step,
                         .can = &pad_can,
                         .examples = mirror_gradient_examples},
    {.name = NULL},
};

tare_tensor tare_pad_with(tare_tensor x, const tare_pad_options *options) {
    return tare_build_node(NULL, &tare_pad_ops[PAD], NULL, &x, 1, options);
}
