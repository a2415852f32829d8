/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of row kernels for one instruction set; the including file is compiled for it and
 * defines TABLE   the table's name ISA     its instruction set
 */
#include "kernel/normalisation_rows.h"

#include <stdbool.h>
#include <string.h>

#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

enum { LANES = 8 };
typedef double wide __attribute__((vector_size(LANES * sizeof(double))));

static double total(const wide *lanes) {
    const wide v = *lanes;
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

#define NUMBER   float
#define NAMED(f) f##_f32
#include "kernel/normalisation_rows.inc.h"

#define LINES(T)                                                                                   \
    line_moments_##T, line_sums_##T, line_normalise_##T, line_gradient_##T, line_multiply_##T
#define ROWS(kind, T)                                                                              \
    {                                                                                              \
        sum_##T, deviations_##T, kind##gradient_sums_##T, kind##normalise_##T, kind##gradient_##T, \
            kind##multiply_##T, LINES(T)                                                           \
    }

const tare_normalisation_rows TABLE = {ISA, ROWS(, f32), ROWS(rectified_, f32)};
