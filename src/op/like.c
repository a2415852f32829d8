/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ops that take the shape of their last input: what gradients need where extents are known at run
 * time only.
 *
 *     sum_like         sums x down to a shape that broadcasts to x's   dx = broadcast_like(dy, x)
 *     broadcast_like   repeats x; a mean divides by the repeats        dx = sum or mean of dy
 *     reshape_like     the same numbers                                dx = reshape_like(dy, x)
 *     slice_like       a box of x                                      dx = pad_like(dy, x)
 *     pad_like         x in zeros                                      dx = slice_like(dy, x)
 */
#include "op/like.h"

#include "kernel/elementwise.h"
#include "kernel/strided.h"
#include "op/order.h"
#include "op/reduction.h"
#include <tare/op.h>

#include <string.h>

extern const tare_op_def tare_like_ops[];
enum { SUM_LIKE, BROADCAST_LIKE, RESHAPE_LIKE, SLICE_LIKE, PAD_LIKE };

static tare_tensor build(int op, tare_tensor x, tare_tensor like, const void *options) {
    const tare_tensor inputs[] = {x, like};
    return tare_build_node(NULL, &tare_like_ops[op], NULL, inputs, 2, options);
}

/* Output 0: dtype of x, shape of like. */
static void take_shape(tare_infer *infer) {
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[1].shape};
}

static bool known_same(tare_tensor a, tare_tensor b) {
    const tare_shape x = tare_tensor_shape(a), y = tare_tensor_shape(b);
    return tare_shape_known(x) && tare_shape_same(x, y);
}

/* ------------------------------------------------------------------------------- sum_like */

/* `like` broadcasts to x as it is. */
static tare_status sum_like_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_dtype(infer, 0, "x", tare_dtype_is_number, NULL));
    const tare_shape x = infer->inputs[0].shape, like = infer->inputs[1].shape;
    tare_shape both;
    if (x.rank >= 0 && (like.rank > x.rank || !tare_shape_broadcast(x, like, &both) ||
                        !tare_shape_compatible(both, x)))
        return tare_infer_refuse_shapes(infer, 0, 1, "a second shape that broadcasts to the first");
    take_shape(infer);
    return TARE_OK;
}

/* Of the same shape it is x itself, which steps behind then see. */
static tare_status sum_like_lower(tare_lower *lower) {
    if (tare_shape_same(lower->type(lower, lower->inputs[0])->shape,
                        lower->type(lower, lower->inputs[1])->shape))
        lower->outputs[0] = lower->inputs[0];
    return TARE_OK;
}

static tare_status sum_like_prepare(tare_prepare *prepare) {
    const tare_shape x = prepare->inputs[0].shape, like = prepare->inputs[1].shape;
    if (tare_shape_count(x) == tare_shape_count(like)) return tare_alias_prepare(prepare);
    uint32_t mask = 0;
    const int extra = x.rank - like.rank;
    for (int d = 0; d < x.rank; d++)
        if (d < extra || like.extents[d - extra] != x.extents[d]) mask |= 1u << d;
    return tare_prepare_reduction(prepare, TARE_REDUCE_SUM, x.rank, x.extents, mask, 1);
}

/* Down to a single number. */
static bool sum_like_reorder(const tare_lower *node, tare_reordering *to) {
    to->outputs = 0;
    return tare_shape_count(node->type(node, node->inputs[1])->shape) == 1;
}

static const tare_capabilities sum_like_can = {.any_order = 1u << 0, .reorder = sum_like_reorder};

tare_tensor tare_sum_like(tare_tensor x, tare_tensor like) {
    return known_same(x, like) ? x : build(SUM_LIKE, x, like, NULL);
}

static tare_status sum_like_gradient(tare_gradient *g) {
    g->input_gradients[0] =
        tare_broadcast_like(g->output_gradients[0], g->inputs[0], TARE_NO_LIST, false);
    return TARE_OK;
}

/* ------------------------------------------------------------------------- broadcast_like */

#define BROADCAST_FIELDS(field)                                                                    \
    field(list, axes, TARE_NO_LIST, "axes of the shape that x lacks")                              \
        field(boolean, mean, false, "divide by the number of repeats")                             \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(broadcast_options, BROADCAST_FIELDS);
#define TARE_TABLE_STRUCT broadcast_options
TARE_OPTION_TABLE(static, broadcast_table, BROADCAST_FIELDS);
#undef TARE_TABLE_STRUCT

/* The shape of x with an axis of extent 1 wherever it lacks one of like's. False: it cannot be. */
static bool spread(tare_shape x, tare_shape like, tare_list axes, tare_shape *result) {
    if (x.rank == like.rank || axes.count == 0) {
        *result = x;
        return true;
    }
    *result = (tare_shape){.rank = like.rank};
    bool lacks[TARE_MAX_RANK] = {false};
    for (int i = 0; i < axes.count; i++) {
        const int axis = tare_shape_axis(axes.values[i], like.rank);
        if (axis < 0) return false;
        lacks[axis] = true;
    }
    int from = 0;
    for (int d = 0; d < like.rank; d++) {
        if (!lacks[d] && from >= x.rank) return false;
        result->extents[d] = lacks[d] ? 1 : x.extents[from++];
    }
    return from == x.rank;
}

static tare_status broadcast_like_infer(tare_infer *infer) {
    const broadcast_options *options = infer->options;
    if (options->mean) TARE_TRY(tare_infer_floating(infer, 0, "x"));
    const tare_shape x = infer->inputs[0].shape, like = infer->inputs[1].shape;
    if (options->mean && options->axes.count == 0 && tare_shape_count(x) > 1)
        return tare_infer_refuse_shape(infer, 0, "x", "axes, or a single number to be repeated");
    tare_shape wide, both;
    if (x.rank >= 0 && like.rank >= 0 &&
        (!spread(x, like, options->axes, &wide) || wide.rank > like.rank ||
         !tare_shape_broadcast(wide, like, &both) || !tare_shape_compatible(both, like)))
        return tare_infer_refuse_shapes(infer, 0, 1, "a first shape that broadcasts to the second");
    take_shape(infer);
    return TARE_OK;
}

/* A single number, or axes of x that keep their order among those that it lacks. */
static bool broadcast_like_reorder(const tare_lower *node, tare_reordering *to) {
    broadcast_options *options = to->options;
    const tare_shape x = node->type(node, node->inputs[0])->shape;
    uint32_t has = (1u << to->perm.count) - 1;
    if (tare_shape_count(x) == 1 && x.rank == 0) return true;
    if (x.rank == to->perm.count || options->axes.count < 1) return false;
    for (int i = 0; i < options->axes.count; i++)
        has &= ~(1u << tare_shape_axis(options->axes.values[i], to->perm.count));
    options->axes = tare_reordered_axes(to, options->axes);
    return tare_reordered_mask(to, has, &has);
}

static const tare_capabilities broadcast_like_can = {.any_order = 1u << 1,
                                                     .reorder = broadcast_like_reorder};

typedef struct broadcast {
    tare_strided copy;
    int64_t count, result_count; /* of x and of the result */
    double divisor;
    const tare_binary_loops *div; /* NULL: no mean */
    size_t size;
} broadcast;

/* What is to be repeated: x, or x / divisor in `quotients`. */
static const void *repeated(const tare_run *run, void *quotients) {
    const broadcast *state = run->state;
    const float narrow = (float)state->divisor;
    if (!state->div) return run->inputs[0];
    const void *divisor =
        state->size == sizeof narrow ? (const void *)&narrow : (const void *)&state->divisor;
    state->div->right_single(run->inputs[0], divisor, quotients, state->count, 0);
    return quotients;
}

static tare_status broadcast_step(const tare_run *run) {
    const broadcast *state = run->state;
    tare_strided_run(&state->copy, repeated(run, run->scratch), run->outputs[0], run->pool);
    return TARE_OK;
}

/* A single number, as the gradient of a mean over everything is. */
static tare_status broadcast_one_step(const tare_run *run) {
    const broadcast *state = run->state;
    double quotient;
    tare_fill(run->outputs[0], repeated(run, &quotient), state->size, state->result_count);
    return TARE_OK;
}

static tare_status broadcast_like_prepare(tare_prepare *prepare) {
    const broadcast_options *options = prepare->options;
    const tare_shape like = prepare->inputs[1].shape;
    const int64_t small = tare_input_count(prepare, 0), large = tare_output_count(prepare, 0);
    if (small == large) return tare_alias_prepare(prepare);
    tare_shape x;
    spread(prepare->inputs[0].shape, like, options->axes, &x);
    broadcast state = {.count = small,
                       .result_count = large,
                       .size = tare_dtype_size(prepare->inputs[0].dtype),
                       .copy = {.rank = like.rank}};
    state.copy.size = state.size;
    memcpy(state.copy.extents, like.extents, sizeof like.extents);
    tare_strided_contiguous(like.rank, like.extents, state.copy.to);
    int64_t step = 1;
    for (int d = x.rank - 1; d >= 0; d--) {
        state.copy.from[like.rank - x.rank + d] = x.extents[d] == 1 ? 0 : step;
        step *= x.extents[d];
    }
    tare_strided_plan(&state.copy);
    if (options->mean && small > 0) {
        state.div = tare_binary_loops_of(TARE_BINARY_DIV, prepare->inputs[0].dtype);
        state.divisor = (double)(large / small);
        prepare->scratch_bytes = (int64_t)tare_input_bytes(prepare, 0);
    }
    if (small == 1) prepare->run = broadcast_one_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status broadcast_like_gradient(tare_gradient *g) {
    const broadcast_options *options = g->options;
    const tare_tensor x = g->inputs[0], u = g->output_gradients[0];
    if (options->axes.count == 0 && !options->mean) {
        g->input_gradients[0] = tare_sum_like(u, x);
        return TARE_OK;
    }
    const tare_tensor sum = options->mean ? tare_reduce_mean(u, .axis = options->axes)
                                          : tare_reduce_sum(u, .axis = options->axes);
    g->input_gradients[0] = tare_reshape_like(sum, x);
    return TARE_OK;
}

tare_tensor tare_broadcast_like(tare_tensor x, tare_tensor like, tare_list axes, bool mean) {
    broadcast_options options = {TARE_DEFAULTS(broadcast_options, BROADCAST_FIELDS)};
    options.axes = axes;
    options.mean = mean;
    return known_same(x, like) ? x : build(BROADCAST_LIKE, x, like, &options);
}

/* --------------------------------------------------------------------------- reshape_like */

static tare_status reshape_like_infer(tare_infer *infer) {
    const int64_t x = tare_shape_count(infer->inputs[0].shape),
                  like = tare_shape_count(infer->inputs[1].shape);
    if (x >= 0 && like >= 0 && x != like)
        return tare_infer_refuse_shapes(infer, 0, 1, "as many elements in both");
    take_shape(infer);
    return TARE_OK;
}

static tare_status reshape_like_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_reshape_like(g->output_gradients[0], g->inputs[0]);
    return TARE_OK;
}

tare_tensor tare_reshape_like(tare_tensor x, tare_tensor like) {
    return known_same(x, like) ? x : build(RESHAPE_LIKE, x, like, NULL);
}

/* ------------------------------------------------------------------- slice_like, pad_like */

#define BOX_FIELDS(field)                                                                          \
    field(list, begin, TARE_NO_LIST, "where the box begins, per axis")                             \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(box_options, BOX_FIELDS);
#define TARE_TABLE_STRUCT box_options
TARE_OPTION_TABLE(static, box_table, BOX_FIELDS);
#undef TARE_TABLE_STRUCT

/* The box of extents `small` lies within `large`. */
static tare_status box_infer(tare_infer *infer, int small, int large) {
    const box_options *options = infer->options;
    const tare_shape box = infer->inputs[small].shape, around = infer->inputs[large].shape;
    take_shape(infer);
    if (box.rank < 0 || around.rank < 0) return TARE_OK;
    TARE_TRY(tare_infer_list(infer, "begin", options->begin, around.rank, 0));
    bool inside = box.rank == around.rank;
    for (int d = 0; inside && d < box.rank; d++)
        inside = box.extents[d] < 0 || around.extents[d] < 0 ||
                 options->begin.values[d] <= around.extents[d] - box.extents[d];
    if (inside) return TARE_OK;
    return tare_infer_refuse_shapes(infer, small, large, "a first box within the second");
}

static tare_status slice_like_infer(tare_infer *infer) { return box_infer(infer, 1, 0); }
static tare_status pad_like_infer(tare_infer *infer) { return box_infer(infer, 0, 1); }

typedef struct box {
    tare_strided copy;
    size_t bytes; /* of the whole, to be zeroed */
} box;

static tare_status slice_like_step(const tare_run *run) {
    const box *state = run->state;
    tare_strided_run(&state->copy, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status pad_like_step(const tare_run *run) {
    const box *state = run->state;
    memset(run->outputs[0], 0, state->bytes);
    tare_strided_run(&state->copy, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

/* Copies a box out of (or into) an array. */
static tare_status box_prepare(tare_prepare *prepare, tare_shape small, tare_shape large,
                               bool into) {
    const box_options *options = prepare->options;
    if (tare_shape_same(small, large)) return tare_alias_prepare(prepare);
    box state = {.bytes = tare_output_bytes(prepare, 0)};
    tare_strided *copy = &state.copy;
    copy->size = tare_dtype_size(prepare->outputs[0].dtype);
    copy->rank = small.rank;
    memcpy(copy->extents, small.extents, sizeof small.extents);
    int64_t *in_large = into ? copy->to : copy->from, *in_small = into ? copy->from : copy->to;
    tare_strided_contiguous(small.rank, large.extents, in_large);
    tare_strided_contiguous(small.rank, small.extents, in_small);
    int64_t start = 0;
    for (int d = 0; d < small.rank; d++) start += options->begin.values[d] * in_large[d];
    *(into ? &copy->to_start : &copy->from_start) = start;
    tare_strided_plan(copy);
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status slice_like_prepare(tare_prepare *prepare) {
    return box_prepare(prepare, prepare->inputs[1].shape, prepare->inputs[0].shape, false);
}

static tare_status pad_like_prepare(tare_prepare *prepare) {
    return box_prepare(prepare, prepare->inputs[0].shape, prepare->inputs[1].shape, true);
}

static bool box_reorder(const tare_lower *node, tare_reordering *to) {
    (void)node;
    box_options *options = to->options;
    options->begin = tare_reordered_list(to, options->begin);
    return true;
}

static const tare_capabilities box_can = {.any_order = UINT32_MAX, .reorder = box_reorder};

static tare_tensor build_box(int op, tare_tensor x, tare_tensor like, tare_list begin) {
    box_options options = {TARE_DEFAULTS(box_options, BOX_FIELDS)};
    options.begin = begin;
    return build(op, x, like, &options);
}

tare_tensor tare_slice_like(tare_tensor x, tare_tensor like, tare_list begin) {
    return known_same(x, like) ? x : build_box(SLICE_LIKE, x, like, begin);
}

tare_tensor tare_pad_like(tare_tensor x, tare_tensor like, tare_list begin) {
    return known_same(x, like) ? x : build_box(PAD_LIKE, x, like, begin);
}

static tare_status slice_like_gradient(tare_gradient *g) {
    const box_options *options = g->options;
    g->input_gradients[0] = tare_pad_like(g->output_gradients[0], g->inputs[0], options->begin);
    return TARE_OK;
}

static tare_status pad_like_gradient(tare_gradient *g) {
    const box_options *options = g->options;
    g->input_gradients[0] = tare_slice_like(g->output_gradients[0], g->inputs[0], options->begin);
    return TARE_OK;
}

/* ------------------------------------------------------------------------------- the family */

static const tare_example sum_like_examples[] = {{"[3,4] [4]", "", 0, 0, NULL, 0},
                                                 {"[3,4] [3,1]", "", 0, 0, NULL, 0},
                                                 {"[2,3,4] [3,1]", "", 0, 0, NULL, 0},
                                                 {"[2,3,4] []", "", 0, 0, NULL, 0},
                                                 {"[2,3] [2,3]", "", 0, 0, NULL, 0},
                                                 {"[0,3] [3]", "", 0, 0, NULL, 0},
                                                 {"[2,3,4,2] [1,3,1,2]", "", 0, 0, NULL, 0},
                                                 {"[3,4] [3]", "", 0, 0, "that broadcasts", 0},
                                                 {"[4] [3,4]", "", 0, 0, "that broadcasts", 0},
                                                 {"bool[4] [1]", "", 0, 0, "of dtype", 0},
                                                 {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example broadcast_like_examples[] = {
    {"[4] [3,4]", "", 0, 0, NULL, 0},
    {"[3] [3,4]", "axes=1", 0, 0, NULL, 0},
    {"[3] [3,4]", "axes=-1,mean=true", 0, 0, NULL, 0},
    {"[3] [2,3,4]", "axes=0,2,mean=true", 0, 0, NULL, 0},
    {"[2,1,4] [2,3,4]", "axes=1", 0, 0, NULL, 0},
    {"[] [2,3]", "mean=true", 0, 0, NULL, 0},
    {"[3] [0,3]", "", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"int32[1] [5]", "", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[3] [3,4]", "", 0, 0, "that broadcasts", 0},
    {"int32[] [3]", "mean=true", 0, 0, "float32", 0},
    {"[3,1] [3,4]", "mean=true", 0, 0, "a single number", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example reshape_like_examples[] = {
    {"[2,3] [3,2]", "", 0, 0, NULL, 0},
    {"bool[4] [2,2]", "", 0, 0, NULL, TARE_EXAMPLE_NO_GRADIENT},
    {"[2,3] [4]", "", 0, 0, "as many elements", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example slice_like_examples[] = {
    {"[4,5] [2,3]", "begin=1,2", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[4,5] [0,3]", "begin=1,2", 0, 0, NULL, TARE_EXAMPLE_NO_NAN},
    {"[4,5] [2,3]", "begin=3,2", 0, 0, "within", 0},
    {"[4,5] [2,3]", "begin=1", 0, 0, "one for every axis", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example pad_like_examples[] = {{"[2,3] [4,5]", "begin=1,2", 0, 0, NULL, 0},
                                                 {"[2,3] [4,5]", "begin=3,2", 0, 0, "within", 0},
                                                 {NULL, NULL, 0, 0, NULL, 0}};

#define LIKE(function, node, table_, can_, lower_)                                                 \
    {                                                                                              \
        .name = #function, .node_name = node, .table = table_, .min_inputs = 2, .max_inputs = 2,   \
        .output_count = 1, .shape_only = 1u << 1, .infer = function##_infer,                       \
        .gradient = function##_gradient, .prepare = function##_prepare, .run = function##_step,    \
        .lower = lower_, .can = can_, .examples = function##_examples                              \
    }
#define sum_like_step        tare_reduction_step
#define broadcast_like_step  broadcast_step
#define reshape_like_step    tare_alias_step
#define reshape_like_prepare tare_alias_prepare

const tare_op_def tare_like_ops[] = {
    [SUM_LIKE] = LIKE(sum_like, "SumLike", NULL, &sum_like_can, sum_like_lower),
    [BROADCAST_LIKE] =
        LIKE(broadcast_like, "BroadcastLike", &broadcast_table, &broadcast_like_can, NULL),
    [RESHAPE_LIKE] = LIKE(reshape_like, "ReshapeLike", NULL, NULL, NULL),
    [SLICE_LIKE] = LIKE(slice_like, "SliceLike", &box_table, &box_can, NULL),
    [PAD_LIKE] = LIKE(pad_like, "PadLike", &box_table, &box_can, NULL),
    {.name = NULL},
};

void tare_output_gradients(const tare_gradient *gradient, tare_tensor *each) {
    for (int32_t i = 0; i < gradient->output_count; i++)
        each[i] = gradient->output_gradients[i].node ? gradient->output_gradients[i]
                                                     : tare_zeros_like(gradient->outputs[i]);
}
