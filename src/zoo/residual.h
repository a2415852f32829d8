/* SPDX-License-Identifier: Apache-2.0 */
/* Residual networks: stages of blocks that add what they compute to their input. */
#ifndef TARE_SRC_ZOO_RESIDUAL_H
#define TARE_SRC_ZOO_RESIDUAL_H

#include "zoo/image_classifier.h"

/* What a block computes before the addition; stride: of the convolution that halves the image. */
typedef tare_tensor (*tare_residual_branch)(const tare_image_classifier *m, tare_tensor x,
                                            int64_t width, int64_t stride);

/*
 * Blocks of one width: relu(branch(x) + shortcut(x)). The shortcut is x itself, or where the shape
 * changes (in the first block, which has the stride) a convolution 1x1 and batch normalisation.
 */
tare_tensor tare_residual_stage(const tare_image_classifier *m, tare_tensor x,
                                tare_residual_branch branch, int64_t blocks, int64_t width,
                                int64_t stride);

#endif
