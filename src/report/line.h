/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a progress line, and its width on the screen. */
#ifndef TARE_SRC_REPORT_LINE_H
#define TARE_SRC_REPORT_LINE_H

#include "base/text.h"
#include <tare/report.h>

/* "epoch 2/5  step 118/235  9874 images/s  loss 0.4213  1 min 5 s left", and for a finished epoch
 * "epoch 2/5  235 steps  9874 images/s  loss 0.4213  accuracy 0.8712  6 s". */
void tare_line_of_step(tare_text *line, const tare_progress_facts *facts);
void tare_line_of_epoch(tare_text *line, const tare_progress_facts *facts);

/* "850 ms" is 0.9 s: "0.9 s", "12 s", "1 min 5 s", "2 h 10 min". */
void tare_line_duration(tare_text *line, double seconds);

#endif
