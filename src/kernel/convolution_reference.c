/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution and its gradients as plain loops over every term of
 *
 *     y[n, o.., f] = bias[f] + sum over k.., c of x[n, o * stride + k * dilation - before.., c]
 * w[k.., c, f]
 *
 * The truth for the fast kernels, and the only ones for float64.
 */
#include "kernel/convolution.h"
#include "kernel/convolution_geometry.h"

#define NUMBER   float
#define NAMED(f) f##_f32
#include "kernel/convolution_reference.inc.h"

#define NUMBER   double
#define NAMED(f) f##_f64
#include "kernel/convolution_reference.inc.h"
