/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows over spatial axes, for convolutions and pools of 1 to 3 dimensions: options that hold one
 * value for all axes or one for each, and how far windows reach.
 *
 *     valid      out = (in - reach + stride) / stride
 *     same       out = ceil(in / stride), zeros: the smaller half in front
 *     explicit   as valid, with the given numbers of zeros
 *     reach      (window - 1) dilation + 1
 *
 * Source: TensorFlow r1.15, core/framework/common_shape_fns.cc (GetWindowedOutputSizeVerboseV2).
 */
#ifndef TARE_SRC_OP_SPATIAL_H
#define TARE_SRC_OP_SPATIAL_H

#include "kernel/convolution.h"
#include "op/rules.h"
#include <tare/op.h>

/* Windows along the last `rank` of TARE_SPATIAL axes; the others are of extent 1. */
typedef struct tare_windows {
    int rank;
    tare_padding padding;
    int64_t window[TARE_SPATIAL], stride[TARE_SPATIAL], dilation[TARE_SPATIAL];
    int64_t before[TARE_SPATIAL],
        after[TARE_SPATIAL]; /* explicit, or as tare_windows_place set them */
} tare_windows;

/* Spreads a list (one value for all axes, or one for each) over the last rank entries of out; the
 * others become 1. Refuses other counts and values below 1. */
tare_status tare_infer_spatial(const tare_infer *infer, const char *name, tare_list list, int rank,
                               int64_t out[TARE_SPATIAL]);
void tare_spread_spatial(tare_list list, int rank, int64_t out[TARE_SPATIAL]);

/* Explicit padding as lists, one number for every spatial axis: looks at them and spreads them over
 * windows->before and after; other paddings leave both alone. */
tare_status tare_infer_explicit(const tare_infer *infer, tare_list before, tare_list after,
                                tare_windows *windows);
void tare_spread_explicit(tare_list before, tare_list after, tare_windows *windows);

/* Extent of the result along spatial axis d (of TARE_SPATIAL) for an input extent, and the zeros in
 * front and behind; TARE_ANY for an unknown extent, negative when the window does not fit. */
int64_t tare_windows_place(tare_windows *windows, int d, int64_t in);

#endif
