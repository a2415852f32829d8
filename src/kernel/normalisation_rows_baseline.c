/* SPDX-License-Identifier: Apache-2.0 */
/* Row kernels of normalisation for the baseline (SSE2, NEON). */
#define TABLE tare_normalisation_rows_baseline
#define ISA   TARE_ISA_BASELINE
#include "kernel/normalisation_rows_table.inc.h"
