/* SPDX-License-Identifier: Apache-2.0 */
/* How each kind of operator is built in a graph; the table is in tflite_kinds.c. */
#ifndef TARE_SRC_MODEL_TFLITE_KINDS_H
#define TARE_SRC_MODEL_TFLITE_KINDS_H

#include "model/tflite.h"

#define TARE_TFLITE_BUILDER(name)                                                                  \
    tare_status tare_tflite_build_##name(tare_tflite_import *import, const tare_tflite_operator *op)

/* tflite_products.c */
TARE_TFLITE_BUILDER(conv);
TARE_TFLITE_BUILDER(depthwise);
TARE_TFLITE_BUILDER(dense);
TARE_TFLITE_BUILDER(conv3d);
/* tflite_transpose.c */
TARE_TFLITE_BUILDER(conv_transpose);
/* tflite_pools.c */
TARE_TFLITE_BUILDER(max_pool);
TARE_TFLITE_BUILDER(average_pool);
TARE_TFLITE_BUILDER(mean);
/* tflite_elementwise.c */
TARE_TFLITE_BUILDER(add);
TARE_TFLITE_BUILDER(softmax);
TARE_TFLITE_BUILDER(logistic);
TARE_TFLITE_BUILDER(tanh);
TARE_TFLITE_BUILDER(relu);
TARE_TFLITE_BUILDER(relu6);
TARE_TFLITE_BUILDER(quantise);
TARE_TFLITE_BUILDER(dequantise);
/* tflite_movement.c */
TARE_TFLITE_BUILDER(reshape);
TARE_TFLITE_BUILDER(concat);
TARE_TFLITE_BUILDER(pad);
TARE_TFLITE_BUILDER(resize_nearest);
TARE_TFLITE_BUILDER(resize_bilinear);

/* ---- what builders share: tflite_build.c */

/* What an operator works on: float32 numbers, or whole ones with their scales. Others are refused.
 */
tare_status tare_tflite_numbers(const tare_tflite_import *import, const tare_tflite_operator *op,
                                int input, bool *whole);

/* The one scale and zero point of a tensor, as an int8 one; refused where it has none, or several.
 */
typedef struct tare_tflite_scale {
    double scale;
    int64_t zero;
} tare_tflite_scale;
tare_status tare_tflite_one_scale(const tare_tflite_import *import, const tare_tflite_operator *op,
                                  const tare_tflite_array *array, tare_tflite_scale *found);

/* The activation merged into an operator: applied to float numbers, or the bounds of whole ones. */
tare_status tare_tflite_activate(const tare_tflite_import *import, const tare_tflite_operator *op,
                                 int activation, tare_tensor *y);
typedef struct tare_tflite_bounds {
    int64_t least, most;
} tare_tflite_bounds;
tare_status tare_tflite_bounds_of(const tare_tflite_import *import, const tare_tflite_operator *op,
                                  int activation, tare_tflite_scale y, tare_tflite_bounds *bounds);

/* Weights have one scale, or one for each entry of axis `results`; int8 ones zero points of 0. */
tare_status tare_tflite_check_weights(const tare_tflite_import *import,
                                      const tare_tflite_operator *op, int input, int64_t results);

/* Padding and strides as Tare's ops have them. */
tare_status tare_tflite_windows(const tare_tflite_import *import, const tare_tflite_operator *op,
                                int *padding, tare_list *strides);
/* The whole numbers of a constant int32 input, at most as many as a list holds. */
tare_status tare_tflite_list(const tare_tflite_import *import, const tare_tflite_operator *op,
                             int input, tare_list *list);
/* A constant of the graph. */
tare_tensor tare_tflite_constant(const tare_tflite_import *import, tare_dtype dtype,
                                 tare_shape shape, const void *numbers);

#endif
