/* SPDX-License-Identifier: Apache-2.0 */
/* Row kernels of normalisation for the baseline (SSE2, NEON); of doubles for every processor. */
#define TABLE tare_normalisation_rows_baseline
#define ISA   TARE_ISA_BASELINE
#include "kernel/normalisation_rows_table.inc.h"

#define NUMBER   double
#define NAMED(f) f##_f64
#include "kernel/normalisation_rows.inc.h"

const tare_normalisation_rows_doubles tare_normalisation_doubles = {ROWS(, f64),
                                                                    ROWS(rectified_, f64)};
