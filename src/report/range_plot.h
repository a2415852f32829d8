/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ranges of weights as SVG: for every layer two panels side by side, before and after its
 * normalisation was folded in, with a bar from the least to the greatest weight of each channel.
 */
#ifndef TARE_SRC_REPORT_RANGE_PLOT_H
#define TARE_SRC_REPORT_RANGE_PLOT_H

#include "base/text.h"

typedef struct tare_channel_range {
    double before_min, before_max, after_min, after_max;
    bool marked; /* its bar stands out */
} tare_channel_range;

typedef struct tare_range_row {
    const char *name; /* "conv2d_1/kernel" */
    const char *note; /* "channel 13: gamma / sigma 9.1, the median 1.8"; NULL: none */
    const tare_channel_range *channels;
    size_t count;
} tare_range_row;

/* mark: what marked bars are, for the legend. Appends the file's text; `failed` when memory ran
 * out. */
void tare_range_plot_svg(const char *title, const char *mark, const tare_range_row *rows,
                         size_t count, tare_text *svg);

#endif
