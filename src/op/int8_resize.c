/* SPDX-License-Identifier: Apache-2.0 */
/*
 * int8_resize_bilinear: NHWC images of whole numbers in another size [height, width], scale and
 * zero staying. What a row or column reads is a place in 1024ths of a pixel:
 *
 *     step    round(1024 in / out); corners aligned: round(1024 (in - 1) / (out - 1))
 *     place   o step, or at half pixels o step + step / 2 - 512
 *     y       the four numbers around it, weighed by 1024ths, halves away from 0
 *
 * Source: TensorFlow Lite, kernels/internal/reference/reference_ops.h (ResizeBilinearInteger).
 */
#include "kernel/int8_others.h"
#include "op/int8.h"
#include "op/resize.h"

extern const tare_op_def tare_int8_resize_ops[];

#define TARE_TABLE_STRUCT tare_resize_node_options
TARE_OPTION_TABLE(static, resize_table, TARE_RESIZE_NODE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status resize_infer(tare_infer *infer) {
    const tare_resize_node_options *o = infer->options;
    const tare_shape x = infer->inputs[0].shape;
    TARE_TRY(tare_infer_exact_dtype(infer, 0, "images", TARE_INT8));
    TARE_TRY(tare_infer_rank(infer, 0, 4, "images"));
    TARE_TRY(tare_infer_list(infer, "size", o->size, 2, 1));
    if (o->align_corners && o->half_pixel_centers)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "align_corners and half_pixel_centers",
                                 "one of them at most");
    for (int d = 1; d < 3; d++)
        if (x.rank == 4 && (x.extents[d] == 0 || x.extents[d] > TARE_INT8_MOST_SIDE))
            return tare_infer_refuse_shape(infer, 0, "images", "1 to 100000 pixels on a side");
    if (o->size.values[0] > TARE_INT8_MOST_SIDE || o->size.values[1] > TARE_INT8_MOST_SIDE)
        return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, "a larger size",
                                 "1 to 100000 pixels on a side");
    tare_shape y = TARE_SHAPE(TARE_ANY, o->size.values[0], o->size.values[1], TARE_ANY);
    if (x.rank == 4) y.extents[0] = x.extents[0];
    if (x.rank == 4) y.extents[3] = x.extents[3];
    infer->outputs[0] = (tare_type){TARE_INT8, y};
    return tare_infer_countable(infer, 0);
}

static tare_status resize_step(const tare_run *run) {
    tare_int8_resize_bilinear(run->state, run->inputs[0], run->outputs[0]);
    return TARE_OK;
}

static tare_status resize_prepare(tare_prepare *prepare) {
    const tare_resize_node_options *o = prepare->options;
    const tare_shape x = prepare->inputs[0].shape, y = prepare->outputs[0].shape;
    const tare_int8_resize state = {.batch = x.extents[0],
                                    .channels = x.extents[3],
                                    .in = {x.extents[1], x.extents[2]},
                                    .out = {y.extents[1], y.extents[2]},
                                    .align_corners = o->align_corners,
                                    .half_pixel_centers = o->half_pixel_centers};
    return tare_prepare_state(prepare, &state, sizeof state);
}

#define WHOLE TARE_EXAMPLE_NO_GRADIENT
static const tare_example examples[] = {
    {"int8[2,3,5,2]", "size=8,7", -99, 99, NULL, WHOLE},
    {"int8[1,4,4,1]", "size=7,5,align_corners=true", -99, 99, NULL, WHOLE},
    {"int8[1,3,5,2]", "size=2,3,half_pixel_centers=true", -99, 99, NULL, WHOLE},
    {"int8[0,3,5,2]", "size=2,2", 0, 0, NULL, WHOLE},
    {"int8[2,0,5,2]", "size=2,2", 0, 0, "pixels on a side", 0},
    {"int8[2,3,5,2]", "size=2,2,align_corners=true,half_pixel_centers=true", 0, 0, "one of", 0},
    {"int8[2,3,5]", "size=2,2", 0, 0, "rank 4", 0},
    {"[2,3,5,2]", "size=2,2", 0, 0, "int8", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

const tare_op_def tare_int8_resize_ops[] = {
    {.name = "int8_resize_bilinear",
     .node_name = "Int8ResizeBilinear",
     .table = &resize_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .infer = resize_infer,
     .no_gradient = "whole numbers have no slope",
     .prepare = resize_prepare,
     .run = resize_step,
     .examples = examples},
    {.name = NULL},
};
