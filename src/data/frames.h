/* SPDX-License-Identifier: Apache-2.0 */
/* Videos with their frames in another order: what there is to learn when motion is taken away. */
#ifndef TARE_SRC_DATA_FRAMES_H
#define TARE_SRC_DATA_FRAMES_H

#include <tare/data.h>

typedef enum tare_frames_order {
    TARE_FRAMES_SHUFFLED, /* each video's in an order of its own */
    TARE_FRAMES_ONE       /* one of them, drawn for each video, at all times */
} tare_frames_order;

/*
 * A new data set of the same videos, [frames, ..] each, and their labels. What is drawn depends on
 * the seed and the video's number alone.
 * Errors  examples without an axis of frames.
 */
tare_status tare_frames_reorder(const tare_dataset *videos, tare_frames_order order, uint64_t seed,
                                tare_dataset **reordered, tare_error *error);

#endif
