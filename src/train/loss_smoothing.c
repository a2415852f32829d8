/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label smoothing: labels (1 - s) + s / classes.
 *
 * Source: Szegedy et al. 2015, arXiv:1512.00567, section 7.
 */
#include "train/loss_smoothing.h"

#define TARE_TABLE_STRUCT    tare_losses_smoothed_options
#define TARE_WORDS_reduction TARE_REDUCTION_WORDS
TARE_OPTION_TABLE(, tare_losses_smoothed_table, TARE_LOSSES_SMOOTHED_FIELDS);
#undef TARE_TABLE_STRUCT

bool tare_loss_smooth(tare_loss *loss, double smoothing, tare_tensor classes) {
    if (!tare_loss_option_within(loss, "label_smoothing", smoothing, 0, 1, "0 to 1")) return false;
    if (smoothing == 0) return true;
    const tare_tensor share = classes.immediate ? tare_number(smoothing / classes.number)
                                                : tare_div(tare_number(smoothing), classes);
    loss->labels = tare_add(tare_mul(loss->labels, tare_number(1 - smoothing)), share);
    return true;
}
