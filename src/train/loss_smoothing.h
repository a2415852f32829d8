/* SPDX-License-Identifier: Apache-2.0 */
/* Label smoothing, which the two cross-entropies of dense labels share. */
#ifndef TARE_SRC_TRAIN_LOSS_SMOOTHING_H
#define TARE_SRC_TRAIN_LOSS_SMOOTHING_H

#include "train/loss.h"

extern const tare_option_table tare_losses_smoothed_table;

/* The loss's labels become labels (1 - smoothing) + smoothing / classes; false after an error. */
bool tare_loss_smooth(tare_loss *loss, double smoothing, tare_tensor classes);

#endif
