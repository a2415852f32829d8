/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strided_slice: what x[begin:end:stride, ...] means in Python, per axis. A mask has a bit for
 * every place of the lists:
 *
 *     begin_mask, end_mask    that end is open: everything on this side
 *     shrink_axis_mask        an index, x[i]: the axis goes
 *     new_axis_mask           an axis of extent 1 comes in
 *     ellipsis_mask           as many whole axes as are missing (at most one bit)
 *
 * Axes that the lists do not reach are whole. Numbers below 0 count from the end; ranges are cut to
 * what is there, indices must be within.
 *
 *     dx = strided_slice_gradient(dy, x): dy where it was taken from, 0 elsewhere; its gradient for
 *          dy is strided_slice again
 *
 * Source: TensorFlow r1.15, core/util/strided_slice_op.cc (ValidateStridedSliceOp).
 */
#include "op/strided.h"
#include <tare/op.h>

#include <string.h>

extern const tare_op_def tare_strided_slice_ops[];
enum { STRIDED_SLICE, STRIDED_SLICE_GRADIENT };

#define TARE_TABLE_STRUCT tare_strided_slice_options
TARE_OPTION_TABLE(static, strided_slice_table, TARE_STRIDED_SLICE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- what is taken */

/* count numbers of an axis of x, from begin in steps of stride. */
typedef struct cut {
    int64_t begin, stride, count; /* count TARE_ANY: the extent is not known */
} cut;

/* All axes of x, and the shape of the result. */
typedef struct cuts {
    cut axis[TARE_MAX_RANK];
    int rank; /* how many axes of x are done */
    tare_shape y;
} cuts;

static bool bit(int64_t mask, int place) { return mask >> place & 1; }

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* One end of a range, counted from the front and cut to what is there. */
static int64_t settle(int64_t at, int64_t extent, int64_t stride) {
    const int64_t from_front = at < 0 ? at + extent : at;
    return stride > 0 ? clamp(from_front, 0, extent) : clamp(from_front, -1, extent - 1);
}

static cut range(const tare_strided_slice_options *o, int place, int64_t extent, int64_t stride) {
    const bool up = stride > 0;
    if (extent < 0) return (cut){.stride = stride, .count = TARE_ANY};
    const int64_t begin = bit(o->begin_mask, place)
                              ? (up ? 0 : extent - 1)
                              : settle(o->begin.values[place], extent, stride);
    const int64_t end =
        bit(o->end_mask, place) ? (up ? extent : -1) : settle(o->end.values[place], extent, stride);
    const int64_t length = up ? end - begin : begin - end, step = up ? stride : -stride;
    return (cut){begin, stride, length > 0 ? (length - 1) / step + 1 : 0};
}

static void add_axis(cuts *all, cut axis) {
    all->axis[all->rank++] = axis;
    all->y.extents[all->y.rank++] = axis.count;
}

static void add_whole_axes(cuts *all, tare_shape x, int until) {
    while (all->rank < until) add_axis(all, (cut){0, 1, x.extents[all->rank]});
}

/* Places that take an axis of x, from `place` on. */
static int count_takers(const tare_strided_slice_options *o, int place) {
    int takers = 0;
    for (; place < o->begin.count; place++)
        takers += !bit(o->new_axis_mask, place) && !bit(o->ellipsis_mask, place);
    return takers;
}

/* NULL, or what the places need to fit the rank of x. */
static const char *check_places(const tare_strided_slice_options *o, int rank) {
    int ellipses = 0, result = rank;
    for (int place = 0; place < o->begin.count; place++) {
        if (bit(o->ellipsis_mask, place))
            ellipses++;
        else if (bit(o->new_axis_mask, place))
            result++;
        else if (bit(o->shrink_axis_mask, place))
            result--;
    }
    if (ellipses > 1) return "one ellipsis at most";
    if (count_takers(o, 0) > rank) return "no more places than x has axes";
    return result > TARE_MAX_RANK ? "a result of rank 8 at most" : NULL;
}

/* The axis that a place takes; NULL, or what it needs. */
static const char *add_place(const tare_strided_slice_options *o, tare_shape x, int place,
                             cuts *all) {
    const int64_t extent = x.extents[all->rank], begin = o->begin.values[place];
    const int64_t stride = o->strides.count == 0 ? 1 : o->strides.values[place];
    if (stride == 0 || stride == INT64_MIN) return "strides other than 0";
    if (!bit(o->shrink_axis_mask, place)) {
        add_axis(all, range(o, place, extent, stride));
        return NULL;
    }
    const int64_t index = begin < 0 && extent >= 0 ? begin + extent : begin;
    if (stride < 0) return "a stride above 0 where an axis goes";
    if (extent >= 0 && (index < 0 || index >= extent)) return "an index within the axis that goes";
    all->axis[all->rank++] = (cut){index, 1, 1};
    return NULL;
}

/* Lays the places out over the axes of x; NULL, or what is needed. */
static const char *lay_out(const tare_strided_slice_options *o, tare_shape x, cuts *all) {
    *all = (cuts){.rank = 0};
    const char *need = check_places(o, x.rank);
    for (int place = 0; place < o->begin.count && !need; place++) {
        if (bit(o->ellipsis_mask, place))
            add_whole_axes(all, x, x.rank - count_takers(o, place + 1));
        else if (bit(o->new_axis_mask, place))
            all->y.extents[all->y.rank++] = 1;
        else
            need = add_place(o, x, place, all);
    }
    if (!need) add_whole_axes(all, x, x.rank);
    return need;
}

/* ---- shapes */

static tare_status refuse(const tare_infer *infer, int input, const char *need) {
    const tare_strided_slice_options *o = infer->options;
    char shape[TARE_SHAPE_TEXT], begin[TARE_SHAPE_TEXT], end[TARE_SHAPE_TEXT],
        strides[TARE_SHAPE_TEXT], got[4 * TARE_SHAPE_TEXT + 64];
    tare_print(got, sizeof got, "begin %s, end %s and strides %s of x of shape %s",
               tare_list_text(begin, o->begin), tare_list_text(end, o->end),
               tare_list_text(strides, o->strides),
               tare_shape_text(shape, infer->inputs[input].shape));
    return tare_infer_refuse(infer, TARE_ERROR_SHAPE, got, need);
}

static tare_status infer_cuts(const tare_infer *infer, int x_input, cuts *all) {
    const tare_strided_slice_options *o = infer->options;
    const tare_shape x = infer->inputs[x_input].shape;
    all->y = TARE_ANY_SHAPE;
    if (o->begin.count != o->end.count ||
        (o->strides.count != 0 && o->strides.count != o->begin.count))
        return refuse(infer, x_input, "lists of one length");
    if (x.rank < 0) return TARE_OK;
    const char *need = lay_out(o, x, all);
    return need ? refuse(infer, x_input, need) : TARE_OK;
}

static tare_status strided_slice_infer(tare_infer *infer) {
    cuts all;
    TARE_TRY(infer_cuts(infer, 0, &all));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, all.y};
    return TARE_OK;
}

/* dy, x for its shape */
static tare_status strided_slice_gradient_infer(tare_infer *infer) {
    cuts all;
    TARE_TRY(infer_cuts(infer, 1, &all));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[1].shape};
    if (tare_shape_compatible(all.y, infer->inputs[0].shape)) return TARE_OK;
    return tare_infer_refuse_shapes(infer, 0, 1, "what the slice takes of the second");
}

/* ---- steps */

/* A copy between the numbers taken and where they stand in x. */
static tare_strided copy_of(tare_prepare *prepare, tare_shape x, bool back) {
    cuts all;
    lay_out(prepare->options, x, &all);
    tare_strided copy = {.rank = x.rank, .size = tare_dtype_size(prepare->outputs[0].dtype)};
    int64_t *in_x = back ? copy.to : copy.from, *in_y = back ? copy.from : copy.to, start = 0;
    for (int d = 0; d < x.rank; d++) copy.extents[d] = all.axis[d].count;
    tare_strided_contiguous(x.rank, x.extents, in_x);
    tare_strided_contiguous(x.rank, copy.extents, in_y);
    for (int d = 0; d < x.rank; d++) {
        start += all.axis[d].begin * in_x[d];
        in_x[d] *= all.axis[d].stride;
    }
    *(back ? &copy.to_start : &copy.from_start) = start;
    return copy;
}

static tare_status strided_slice_prepare(tare_prepare *prepare) {
    tare_strided copy = copy_of(prepare, prepare->inputs[0].shape, false);
    return tare_prepare_strided(prepare, &copy);
}

typedef struct scatter {
    tare_strided copy;
    size_t bytes; /* of the whole, to be zeroed */
} scatter;

static tare_status scatter_step(const tare_run *run) {
    const scatter *state = run->state;
    memset(run->outputs[0], 0, state->bytes);
    tare_strided_run(&state->copy, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status strided_slice_gradient_prepare(tare_prepare *prepare) {
    scatter state = {.copy = copy_of(prepare, prepare->outputs[0].shape, true),
                     .bytes = tare_output_bytes(prepare, 0)};
    tare_strided_plan(&state.copy);
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- gradients: the two are each other's */

static tare_status strided_slice_gradient(tare_gradient *g) {
    const tare_tensor inputs[] = {g->output_gradients[0], g->inputs[0]};
    g->input_gradients[0] = tare_build_node(NULL, &tare_strided_slice_ops[STRIDED_SLICE_GRADIENT],
                                            NULL, inputs, 2, g->options);
    return TARE_OK;
}

static tare_status strided_slice_gradient_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_strided_slice_with(g->output_gradients[0], g->options);
    return TARE_OK;
}

/* ---- the family */

enum { LOSES = TARE_EXAMPLE_NO_NAN, MOVES = TARE_EXAMPLE_NO_GRADIENT | LOSES };
static const tare_example strided_slice_examples[] = {
    {"[5,6]", "begin=0,1,end=5,6,strides=2,2", 0, 0, NULL, LOSES},
    {"[5,4]", "begin=4,0,end=0,4,strides=-1,1,end_mask=1", 0, 0, NULL, 0},
    {"[3,4]", "begin=1,0,end=2,3,shrink_axis_mask=1", 0, 0, NULL, LOSES},
    {"[3,4]", "begin=-1,-3,end=0,-1,shrink_axis_mask=1", 0, 0, NULL, LOSES},
    {"[2,3,4]", "begin=0,0,end=0,2,ellipsis_mask=1", 0, 0, NULL, LOSES},
    {"[2,3]", "begin=0,0,1,end=0,0,3,new_axis_mask=1,begin_mask=2,end_mask=2", 0, 0, NULL, LOSES},
    {"[2,3,4]", "begin=1,end=2", 0, 0, NULL, LOSES},
    {"[5]", "begin=3,end=1", 0, 0, NULL, LOSES},
    {"[5]", "begin=9,end=-9,strides=-2", 0, 0, NULL, 0},
    {"[0,3]", "begin=0,end=4", 0, 0, NULL, 0},
    {"[2,3]", "", 0, 0, NULL, 0},
    {"bool[6]", "begin=1,end=5,strides=3", 0, 0, NULL, MOVES},
    {"int64[6]", "begin=1,end=5", 0, 9, NULL, MOVES},
    {"[5,6]", "begin=0,1,end=5", 0, 0, "lists of one length", 0},
    {"[5]", "begin=0,0,end=1,1", 0, 0, "than x has axes", 0},
    {"[5]", "begin=0,end=5,strides=0", 0, 0, "other than 0", 0},
    {"[5]", "begin=5,end=6,shrink_axis_mask=1", 0, 0, "within the axis", 0},
    {"[5]", "begin=1,end=2,strides=-1,shrink_axis_mask=1", 0, 0, "above 0", 0},
    {"[5,5]", "begin=0,0,end=0,0,ellipsis_mask=3", 0, 0, "one ellipsis", 0},
    {"[1,1,1,1,1,1,1,1]", "begin=0,end=0,new_axis_mask=1", 0, 0, "rank 8 at most", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example strided_slice_gradient_examples[] = {
    {"[3,3] [5,6]", "begin=0,1,end=5,6,strides=2,2", 0, 0, NULL, 0},
    {"[2] [5]", "begin=4,end=0,strides=-2", 0, 0, NULL, 0},
    {"[3,2] [5,6]", "begin=0,1,end=5,6,strides=2,2", 0, 0, "what the slice takes", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_strided_slice_ops[] = {
    [STRIDED_SLICE] = {.name = "strided_slice",
                       .node_name = "StridedSlice",
                       .table = &strided_slice_table,
                       .min_inputs = 1,
                       .max_inputs = 1,
                       .output_count = 1,
                       .infer = strided_slice_infer,
                       .gradient = strided_slice_gradient,
                       .prepare = strided_slice_prepare,
                       .run = tare_strided_step,
                       .examples = strided_slice_examples},
    [STRIDED_SLICE_GRADIENT] = {.name = "strided_slice_gradient",
                                .node_name = "StridedSliceGrad",
                                .table = &strided_slice_table,
                                .min_inputs = 2,
                                .max_inputs = 2,
                                .output_count = 1,
                                .shape_only = 1u << 1,
                                .infer = strided_slice_gradient_infer,
                                .gradient = strided_slice_gradient_gradient,
                                .prepare = strided_slice_gradient_prepare,
                                .run = scatter_step,
                                .examples = strided_slice_gradient_examples},
    {.name = NULL},
};

tare_tensor tare_strided_slice_with(tare_tensor x, const tare_strided_slice_options *options) {
    return tare_build_node(NULL, &tare_strided_slice_ops[STRIDED_SLICE], NULL, &x, 1, options);
}
