/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resize_nearest_neighbor and resize_bilinear: NHWC images in another size; kernel/resize.c has the
 * rules. Both are linear in x:
 *
 *     dx = resize_.._gradient(dy, x): each dy added to the pixels that it was made of, as weighed
 *          its gradient for dy is the resizing again
 *
 * Source: TensorFlow r1.15, core/ops/image_ops.cc, python/ops/image_grad.py.
 */
#include "kernel/resize.h"

#include "op/resize.h"
#include "op/rules.h"

extern const tare_op_def tare_resize_ops[];
enum { NEAREST, BILINEAR, NEAREST_GRADIENT, BILINEAR_GRADIENT };

#define TARE_TABLE_STRUCT tare_resize_node_options
TARE_OPTION_TABLE(static, resize_table, TARE_RESIZE_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

/* The shape of input i in the new size. */
static tare_status resized_shape(const tare_infer *infer, int i, tare_shape *y) {
    const tare_resize_node_options *options = infer->options;
    TARE_TRY(tare_infer_rank(infer, i, 4, "images"));
    TARE_TRY(tare_infer_list(infer, "size", options->size, 2, 1));
    if (options->align_corners && options->half_pixel_centers)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "align_corners and half_pixel_centers",
                                 "one of them at most");
    const tare_shape x = infer->inputs[i].shape;
    *y = TARE_SHAPE(TARE_ANY, options->size.values[0], options->size.values[1], TARE_ANY);
    if (x.rank < 0) return TARE_OK;
    if (x.extents[1] == 0 || x.extents[2] == 0)
        return tare_infer_refuse_shape(infer, i, "images", "at least one pixel");
    y->extents[0] = x.extents[0];
    y->extents[3] = x.extents[3];
    return TARE_OK;
}

static tare_status resize_infer(tare_infer *infer) {
    infer->outputs[0].dtype = infer->inputs[0].dtype;
    TARE_TRY(resized_shape(infer, 0, &infer->outputs[0].shape));
    return tare_infer_countable(infer, 0);
}

static tare_status bilinear_infer(tare_infer *infer) {
    TARE_TRY(tare_infer_floating(infer, 0, "images"));
    return resize_infer(infer);
}

/* dy, images for their shape */
static tare_status gradient_infer(tare_infer *infer) {
    tare_shape y;
    TARE_TRY(tare_infer_floating(infer, 0, "dy"));
    TARE_TRY(resized_shape(infer, 1, &y));
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, infer->inputs[1].shape};
    if (tare_shape_compatible(y, infer->inputs[0].shape)) return TARE_OK;
    return tare_infer_refuse_shape(infer, 0, "dy", "the images' shape in the new size");
}

/* ---- steps */

typedef struct resize {
    tare_resizing images;
    size_t size; /* of an element */
} resize;

static const tare_resize_point *points_of(tare_prepare *prepare, bool nearest, int64_t in,
                                          int64_t out) {
    const tare_resize_node_options *options = prepare->options;
    const tare_resize_rule rule = {nearest, options->align_corners, options->half_pixel_centers};
    tare_resize_point *points = tare_arena_allocate_array(prepare->arena, out, sizeof *points);
    if (points) tare_resize_points(rule, in, out, points);
    return points;
}

static tare_status prepare_images(tare_prepare *prepare, tare_shape x, tare_shape y, bool nearest,
                                  tare_step_function f64) {
    const resize state = {
        .images = {.batch = x.extents[0],
                   .channels = x.extents[3],
                   .in = {x.extents[1], x.extents[2]},
                   .out = {y.extents[1], y.extents[2]},
                   .rows = points_of(prepare, nearest, x.extents[1], y.extents[1]),
                   .columns = points_of(prepare, nearest, x.extents[2], y.extents[2])},
        .size = tare_dtype_size(prepare->outputs[0].dtype)};
    if (!state.images.rows || !state.images.columns) return tare_fail_memory(prepare->error);
    if (prepare->outputs[0].dtype == TARE_FLOAT64) prepare->run = f64;
    return tare_prepare_state(prepare, &state, sizeof state);
}

static tare_status nearest_step(const tare_run *run) {
    const resize *state = run->state;
    tare_resize_nearest(&state->images, state->size, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

#define RESIZE_STEP(name)                                                                          \
    static tare_status name##_step(const tare_run *run) {                                          \
        const resize *state = run->state;                                                          \
        tare_resize_##name(&state->images, run->inputs[0], run->outputs[0], run->pool);            \
        return TARE_OK;                                                                            \
    }
RESIZE_STEP(bilinear_f32)
RESIZE_STEP(bilinear_f64)
RESIZE_STEP(nearest_gradient_f32)
RESIZE_STEP(nearest_gradient_f64)
RESIZE_STEP(bilinear_gradient_f32)
RESIZE_STEP(bilinear_gradient_f64)

static tare_status nearest_prepare(tare_prepare *prepare) {
    return prepare_images(prepare, prepare->inputs[0].shape, prepare->outputs[0].shape, true,
                          nearest_step);
}
static tare_status bilinear_prepare(tare_prepare *prepare) {
    return prepare_images(prepare, prepare->inputs[0].shape, prepare->outputs[0].shape, false,
                          bilinear_f64_step);
}
static tare_status nearest_gradient_prepare(tare_prepare *prepare) {
    return prepare_images(prepare, prepare->outputs[0].shape, prepare->inputs[0].shape, true,
                          nearest_gradient_f64_step);
}
static tare_status bilinear_gradient_prepare(tare_prepare *prepare) {
    return prepare_images(prepare, prepare->outputs[0].shape, prepare->inputs[0].shape, false,
                          bilinear_gradient_f64_step);
}

/* ---- gradients */

static void back(tare_gradient *g, int op) {
    const tare_tensor inputs[] = {g->output_gradients[0], g->inputs[0]};
    g->input_gradients[0] =
        tare_build_node(NULL, &tare_resize_ops[op], NULL, inputs, 2, g->options);
}

static void again(tare_gradient *g, int op) {
    g->input_gradients[0] =
        tare_build_node(NULL, &tare_resize_ops[op], NULL, g->output_gradients, 1, g->options);
}

static tare_status nearest_gradient(tare_gradient *g) {
    back(g, NEAREST_GRADIENT);
    return TARE_OK;
}
static tare_status bilinear_gradient(tare_gradient *g) {
    back(g, BILINEAR_GRADIENT);
    return TARE_OK;
}
static tare_status nearest_gradient_gradient(tare_gradient *g) {
    again(g, NEAREST);
    return TARE_OK;
}
static tare_status bilinear_gradient_gradient(tare_gradient *g) {
    again(g, BILINEAR);
    return TARE_OK;
}

/* ---- the family */

enum { LOSES = TARE_EXAMPLE_NO_NAN, MOVES = TARE_EXAMPLE_NO_GRADIENT | LOSES };
static const tare_example nearest_examples[] = {
    {"[2,3,5,2]", "size=8,7", 0, 0, NULL, 0},
    {"[1,4,4,1]", "size=7,5,align_corners=true", 0, 0, NULL, LOSES},
    {"[1,3,5,2]", "size=2,3,half_pixel_centers=true", 0, 0, NULL, LOSES},
    {"[1,3,5,2]", "size=1,1,align_corners=true", 0, 0, NULL, LOSES},
    {"[0,3,5,2]", "size=2,2", 0, 0, NULL, 0},
    {"uint8[1,2,2,3]", "size=3,3", 0, 9, NULL, MOVES},
    {"[2,3,5]", "size=8,7", 0, 0, "rank 4", 0},
    {"[2,3,5,2]", "size=8", 0, 0, "size", 0},
    {"[2,3,5,2]", "size=0,4", 0, 0, "size", 0},
    {"[2,0,5,2]", "size=4,4", 0, 0, "one pixel", 0},
    {"[2,3,5,2]", "size=4,4,align_corners=true,half_pixel_centers=true", 0, 0, "one of them", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example bilinear_examples[] = {
    {"[2,3,5,2]", "size=8,7", 0, 0, NULL, 0},
    {"[1,4,4,1]", "size=7,5,align_corners=true", 0, 0, NULL, 0},
    {"[1,3,5,2]", "size=2,3,half_pixel_centers=true", 0, 0, NULL, LOSES},
    {"[1,3,5,2]", "size=1,1,align_corners=true", 0, 0, NULL, LOSES},
    {"[1,1,1,2]", "size=3,2", 0, 0, NULL, 0},
    {"[0,3,5,2]", "size=2,2", 0, 0, NULL, 0},
    {"int32[2,3,5,2]", "size=4,4", 0, 0, "float32", 0},
    {"[2,3,5,2]", "", 0, 0, "size", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example gradient_examples[] = {
    {"[2,8,7,2] [2,3,5,2]", "size=8,7", 0, 0, NULL, 0},
    {"[1,2,3,1] [1,3,5,1]", "size=2,3,half_pixel_centers=true", 0, 0, NULL, 0},
    {"[2,8,6,2] [2,3,5,2]", "size=8,7", 0, 0, "in the new size", 0},
    {"int32[2,8,7,2] [2,3,5,2]", "size=8,7", 0, 0, "float32", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define RESIZE_OP(name_, node, inputs, like, infer_, function, step, examples_)                    \
    {                                                                                              \
        .name = name_, .node_name = node, .table = &resize_table, .min_inputs = inputs,            \
        .max_inputs = inputs, .output_count = 1, .shape_only = like, .infer = infer_,              \
        .gradient = function##_gradient, .prepare = function##_prepare, .run = step,               \
        .examples = examples_                                                                      \
    }

const tare_op_def tare_resize_ops[] = {
    [NEAREST] = RESIZE_OP("resize_nearest_neighbor", "ResizeNearestNeighbor", 1, 0, resize_infer,
                          nearest, nearest_step, nearest_examples),
    [BILINEAR] = RESIZE_OP("resize_bilinear", "ResizeBilinear", 1, 0, bilinear_infer, bilinear,
                           bilinear_f32_step, bilinear_examples),
    [NEAREST_GRADIENT] =
        RESIZE_OP("resize_nearest_neighbor_gradient", "ResizeNearestNeighborGrad", 2, 1u << 1,
                  gradient_infer, nearest_gradient, nearest_gradient_f32_step, gradient_examples),
    [BILINEAR_GRADIENT] =
        RESIZE_OP("resize_bilinear_gradient", "ResizeBilinearGrad", 2, 1u << 1, gradient_infer,
                  bilinear_gradient, bilinear_gradient_f32_step, gradient_examples),
    {.name = NULL},
};

static tare_tensor build(int op, tare_tensor images, tare_list size,
                         const tare_resize_options *options) {
    tare_resize_node_options all = {
        TARE_DEFAULTS(tare_resize_node_options, TARE_RESIZE_NODE_FIELDS)};
    all.size = size;
    if (options) {
        all.align_corners = options->align_corners;
        all.half_pixel_centers = options->half_pixel_centers;
        all.name = options->name;
    }
    return tare_build_node(NULL, &tare_resize_ops[op], NULL, &images, 1, &all);
}

tare_tensor tare_resize_nearest_neighbor_with(tare_tensor images, tare_list size,
                                              const tare_resize_options *options) {
    return build(NEAREST, images, size, options);
}

tare_tensor tare_resize_bilinear_with(tare_tensor images, tare_list size,
                                      const tare_resize_options *options) {
    return build(BILINEAR, images, size, options);
}
