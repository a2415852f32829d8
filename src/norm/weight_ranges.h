/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ranges of a network's weights by channel, before its batch normalisations were folded into
 * them and after. A channel is marked where folding makes it reach at least TARE_RANGE_EXPLODES
 * times as far as the median channel does, and farther than it did before: with one scale for all
 * channels it takes the steps from the others.
 */
#ifndef TARE_SRC_NORM_WEIGHT_RANGES_H
#define TARE_SRC_NORM_WEIGHT_RANGES_H

#include "model/tflite.h"
#include "report/range_plot.h"
#include <tare/norm.h>

#define TARE_RANGE_EXPLODES 4

/* Zero at first; tare_weight_ranges_end in any case. */
typedef struct tare_weight_ranges {
    tare_arena *arena;
    tare_range_row *rows; /* of each operator with weights, in running order */
    size_t count;
} tare_weight_ranges;
/* model: what was exported after the folding; folding NULL: none, before is as after. */
tare_status tare_weight_ranges_find(tare_weight_ranges *ranges, const tare_tflite *model,
                                    const tare_folding *folding, tare_error *error);
void tare_weight_ranges_end(tare_weight_ranges *ranges);

/* The picture as a file. */
tare_status tare_weight_ranges_save(const tare_weight_ranges *ranges, const char *network,
                                    const char *path, tare_error *error);

#endif
