/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of a depthwise convolution for the baseline (SSE2, NEON). */
#define TABLE tare_depthwise_rows_baseline
#define ISA   TARE_ISA_BASELINE
#define LANES 4
#include "kernel/depthwise_rows.inc.h"
