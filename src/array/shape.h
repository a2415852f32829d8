/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes: printing, comparing, counting; partly known ones merge and broadcast. */
#ifndef TARE_SRC_ARRAY_SHAPE_H
#define TARE_SRC_ARRAY_SHAPE_H

#include <tare/array.h>

#define TARE_SHAPE_TEXT 192
/* "[?, 784]", "[]", "unknown rank"; returns buffer, of TARE_SHAPE_TEXT bytes. */
char *tare_shape_text(char *buffer, tare_shape shape);
char *tare_list_text(char *buffer, tare_list list); /* "[1, 2]" */

bool tare_shape_known(tare_shape shape); /* rank and every extent */
bool tare_shape_same(tare_shape a,
                     tare_shape b); /* ranks and extents equal, unknown equals unknown only */
bool tare_shape_compatible(tare_shape a, tare_shape b); /* could be the same at run time */
/* Product of the extents, -1 when not all are known or it does not fit. */
int64_t tare_shape_count(tare_shape shape);
/* What both know; false when they contradict each other. */
bool tare_shape_merge(tare_shape a, tare_shape b, tare_shape *merged);
/* NumPy's broadcasting with unknown extents as in TensorFlow (unknown with n > 1 gives n; unknown
 * with 1 or unknown gives unknown); false: they do not fit. */
bool tare_shape_broadcast(tare_shape a, tare_shape b, tare_shape *both);
/* Axis in -rank..rank-1 to 0..rank-1; -1 when out of range. */
int tare_shape_axis(int64_t axis, int rank);

#endif
