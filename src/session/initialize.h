/* SPDX-License-Identifier: Apache-2.0 */
/* First values of variables. */
#ifndef TARE_SRC_SESSION_INITIALIZE_H
#define TARE_SRC_SESSION_INITIALIZE_H

#include "base/threads.h"
#include "graph/graph.h"

/*
 * Computes the first value of a variable into an array of its dtype and shape, as its initialiser
 * says, on the pool's threads (NULL: on the caller's). The same node and seeds give the same
 * numbers, on every machine with the same libm. Errors  a parameter outside its range, a shape or
 * dtype the initialiser cannot serve, a constant with more numbers than the variable; no memory.
 */
tare_status tare_initial_value(const tare_graph *graph, const tare_node *variable, tare_pool *pool,
                               tare_array *into, tare_error *error);

/*
 * Inputs and outputs that one output and one input are connected with: both 1 for a scalar, both
 * the extent for a vector; for a matrix its extents; else the last two extents times the product of
 * the others (a convolution's window). Source  TensorFlow r1.15, init_ops.py, _compute_fans.
 */
void tare_initializer_fans(tare_shape shape, double *fan_in, double *fan_out);

#endif
