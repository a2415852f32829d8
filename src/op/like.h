/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builders of the ops that gradients are made of. Those called "like" take the shape of their last
 * input and nothing else of it, so gradients are right also where extents are known at run time
 * only.
 */
#ifndef TARE_SRC_OP_LIKE_H
#define TARE_SRC_OP_LIKE_H

#include "graph/op.h"

/* Sums x over the axes along which `like` was broadcast to x: undoes broadcasting. */
tare_tensor tare_sum_like(tare_tensor x, tare_tensor like);
/* x repeated to the shape of `like`. axes: those of `like` that x lacks or has with extent 1; not
 * given: NumPy's rule. mean: also divided by how often each number is repeated. */
tare_tensor tare_broadcast_like(tare_tensor x, tare_tensor like, tare_list axes, bool mean);
/* The same numbers in the shape of `like`. */
tare_tensor tare_reshape_like(tare_tensor x, tare_tensor like);
/* The box of x of the shape of `like` that begins at begin, and its converse: x in zeros of the
 * shape of `like`. */
tare_tensor tare_slice_like(tare_tensor x, tare_tensor like, tare_list begin);
tare_tensor tare_pad_like(tare_tensor x, tare_tensor like, tare_list begin);

/* What flows into each output of a node, zeros where nothing does. [output_count] */
void tare_output_gradients(const tare_gradient *gradient, tare_tensor *each);

/* Gradients of elementwise functions, each one op: dy times the derivative at the output y, or at
 * the input x. */
tare_tensor tare_relu_gradient(tare_tensor dy, tare_tensor y);
tare_tensor tare_relu6_gradient(tare_tensor dy, tare_tensor y);
tare_tensor tare_leaky_relu_gradient(tare_tensor dy, tare_tensor x, double alpha);
tare_tensor tare_elu_gradient(tare_tensor dy, tare_tensor y);
tare_tensor tare_selu_gradient(tare_tensor dy, tare_tensor y);
tare_tensor tare_sigmoid_gradient(tare_tensor dy, tare_tensor y);
tare_tensor tare_tanh_gradient(tare_tensor dy, tare_tensor y);
tare_tensor tare_swish_gradient(tare_tensor dy, tare_tensor x);
tare_tensor tare_square_gradient(tare_tensor dy, tare_tensor x); /* 2 dy x */

#endif
