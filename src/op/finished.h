/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products that finish what they make, and read weights that were packed before: ops of plans only.
 *
 *     y = clamp(x W + bias + addend, low, high)      (kernel/ending.h)
 *
 * Left out: bias and addend 0, low and high infinite. To the bit what the product, the addition and
 * the clamp make one after the other.
 */
#ifndef TARE_SRC_OP_FINISHED_H
#define TARE_SRC_OP_FINISHED_H

#include <math.h>

#include "kernel/ending.h"
#include "op/convolution.h"

/* Inputs of both products. W packed: an output of pack_filter or pack_matrix. */
enum { FINISHED_X, FINISHED_WEIGHTS, FINISHED_BIAS, FINISHED_ADDEND, FINISHED_INPUTS };

#define TARE_FINISH_FIELDS(field)                                                                  \
    field(real, low, -INFINITY, "least result") field(real, high, INFINITY, "greatest result")

/* filter: extents of the filter where it is packed. */
#define TARE_FINISHED_CONVOLUTION_FIELDS(field)                                                    \
    TARE_NN_CONV_FIELDS(field)                                                                     \
    field(list, filter, TARE_NO_LIST, "extents of a packed filter") TARE_FINISH_FIELDS(field)
TARE_OPTIONS(tare_finished_convolution_options, TARE_FINISHED_CONVOLUTION_FIELDS);

#define TARE_PACK_FILTER_FIELDS(field)                                                             \
    TARE_NN_CONV_FIELDS(field)                                                                     \
    field(list, x, TARE_NO_LIST, "extents of what the filter goes over")
TARE_OPTIONS(tare_pack_filter_options, TARE_PACK_FILTER_FIELDS);

/* columns: of y, where W is packed; else 0. */
#define TARE_FINISHED_MATMUL_FIELDS(field)                                                         \
    field(boolean, transpose_b, false, "W is stored transposed")                                   \
        field(integer, columns, 0, "of a packed W") TARE_FINISH_FIELDS(field)                      \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_finished_matmul_options, TARE_FINISHED_MATMUL_FIELDS);

#define TARE_PACK_MATRIX_FIELDS(field)                                                             \
    field(boolean, transpose_b, false, "W is stored transposed") field(integer, rows, 0, "of x")   \
        field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_pack_matrix_options, TARE_PACK_MATRIX_FIELDS);

/* Capabilities of nn_convolution and its like, and of matmul. */
tare_status tare_convolution_absorb_finish(tare_lower *node, const tare_finish *finish);
tare_status tare_convolution_pack_weights(tare_lower *node, tare_value result);
tare_status tare_matmul_absorb_finish(tare_lower *node, const tare_finish *finish);
tare_status tare_matmul_pack_weights(tare_lower *node, tare_value result);

/* What absorbing makes of the bounds of a product that may have an addend; false: it cannot. */
bool tare_finish_joins(const tare_lower *node, const tare_finish *finish, double *low,
                       double *high);

/* Inputs of a finished product made from those of a plain or finished one. */
void tare_finished_inputs(const tare_lower *node, tare_value addend,
                          tare_value inputs[FINISHED_INPUTS]);

/* Output 0 may take the addend's memory; what a step makes of its addend and bounds. */
void tare_prepare_finish(tare_prepare *prepare, double low, double high, tare_ending *ending);

#endif
