/* SPDX-License-Identifier: Apache-2.0 */
/* What the exporters of nodes share; one exporter for each op that has a form in .tflite. */
#ifndef TARE_SRC_MODEL_TFLITE_EXPORT_H
#define TARE_SRC_MODEL_TFLITE_EXPORT_H

#include "model/tflite.h"
#include "session/session.h"
#include <tare/op.h>

/* What one node may need at most: its result, weights, a bias, lists, a padded image. */
enum { TARE_EXPORT_TENSORS = 6, TARE_EXPORT_OPERATORS = 2, TARE_EXPORT_INPUTS = 4 };

typedef struct tare_exporting {
    tare_session *session;
    const tare_graph *graph;
    tare_tflite *model;
    int32_t *uses;   /* by node id: how often the result's way reads it */
    int32_t *tensor; /* by node id: the tensor that output 0 is; -1 */
    int32_t *maker;  /* by tensor: the operator that gives it; -1 */
    bool batch_of_1; /* an operator takes one example at a time */
    tare_error *error;
} tare_exporting;

tare_status tare_export_refuse(const tare_exporting *e, const tare_node *node, const char *got,
                               const char *need);
/* The node that input i is; NULL: none. */
const tare_node *tare_export_input(const tare_exporting *e, const tare_node *node, int i);
/* The tensor that input i is: computed, and its node's first output. */
tare_status tare_export_operand(const tare_exporting *e, const tare_node *node, int i,
                                int32_t *index);
/* The numbers of a float32 variable that the node reads. */
tare_status tare_export_numbers(const tare_exporting *e, const tare_node *node, const tare_node *of,
                                const tare_array **array);
/* A constant of 32-bit numbers, to be filled; NULL: no memory. */
unsigned char *tare_export_constant(tare_exporting *e, const char *name, int64_t type,
                                    tare_shape shape, int32_t *index);
/* A constant list of whole numbers, which the node's operator calls so: 'shape', 'axes'. */
tare_status tare_export_list(tare_exporting *e, const tare_node *node, const char *what,
                             const int64_t *numbers, int count, int32_t *index);
/* An operator with a float32 result of that name and shape, its batch alone unknown. */
tare_status tare_export_step(tare_exporting *e, const tare_node *node, const char *name,
                             tare_shape shape, int64_t code, const int32_t *inputs, int count,
                             tare_tflite_operator **made);
/* The same, whose result is the node's. */
tare_status tare_export_operator(tare_exporting *e, const tare_node *node, int64_t code,
                                 const int32_t *inputs, int count, tare_tflite_operator **made);
void tare_export_set(tare_tflite_operator *op, const char *name, double value);
/* An entry of a list that has one value for all axes, or one for each. */
int64_t tare_export_entry(tare_list list, int i);
/* Padding and strides; explicit padding is refused. */
tare_status tare_export_windows(const tare_exporting *e, const tare_node *node,
                                tare_tflite_operator *op, int padding, tare_list strides,
                                int data_format);
/* Makes tensor *index one with so many zeros around its spatial axes; lists of one number for all
 * axes, or of one for each. */
tare_status tare_export_padding(tare_exporting *e, const tare_node *node, tare_list before,
                                tare_list after, int32_t *index);

/* tflite_export_products.c: the operator that gives input 0, when nobody else reads it and no
 * activation is merged into it yet; NULL. */
tare_tflite_operator *tare_export_open_before(const tare_exporting *e, const tare_node *node);
/* The same where it is a product. */
tare_tflite_operator *tare_export_product_before(const tare_exporting *e, const tare_node *node);
/* The node is the operator's result from now on. */
tare_status tare_export_take_over(tare_exporting *e, const tare_node *node,
                                  const tare_tflite_operator *op);

#define TARE_EXPORTER(name) tare_status tare_export_##name(tare_exporting *e, const tare_node *node)
/* tflite_export_products.c */
TARE_EXPORTER(conv);
TARE_EXPORTER(conv3d);
TARE_EXPORTER(conv_transpose);
TARE_EXPORTER(depthwise);
TARE_EXPORTER(matmul);
TARE_EXPORTER(bias);
TARE_EXPORTER(batch_norm);
TARE_EXPORTER(mul);
TARE_EXPORTER(div);
/* tflite_export_others.c */
TARE_EXPORTER(relu);
TARE_EXPORTER(relu6);
TARE_EXPORTER(sigmoid);
TARE_EXPORTER(tanh);
TARE_EXPORTER(softmax);
TARE_EXPORTER(max_pool);
TARE_EXPORTER(average_pool);
TARE_EXPORTER(reshape);
TARE_EXPORTER(mean);
TARE_EXPORTER(add);
TARE_EXPORTER(pad);
TARE_EXPORTER(resize_nearest);
TARE_EXPORTER(resize_bilinear);
TARE_EXPORTER(identity);
TARE_EXPORTER(fake_quant_args);
TARE_EXPORTER(fake_quant_vars);

#endif
