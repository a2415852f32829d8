/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of row kernels for one instruction set; the including file is compiled for it and
 * defines TABLE   the table's name ISA     its instruction set
 */
#include "kernel/normalisation_rows.h"

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

#define NUMBER   double
#define NAMED(f) f##_f64
#include "kernel/normalisation_rows.inc.h"

const tare_normalisation_rows TABLE = {
    ISA,
    {sum_f32, deviations_f32, gradient_sums_f32, normalise_f32, gradient_f32, multiply_f32,
     line_moments_f32, line_sums_f32, line_normalise_f32, line_gradient_f32, line_multiply_f32},
    {sum_f64, deviations_f64, gradient_sums_f64, normalise_f64, gradient_f64, multiply_f64,
     line_moments_f64, line_sums_f64, line_normalise_f64, line_gradient_f64, line_multiply_f64}};
