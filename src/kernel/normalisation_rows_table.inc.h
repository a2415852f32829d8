/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of row kernels for one instruction set; the including file is compiled for it and
 * defines TABLE   the table's name ISA     its instruction set
 */
#include "kernel/normalisation_rows.h"

#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define NUMBER   float
#define NAMED(f) f##_f32
#include "kernel/normalisation_rows.inc.h"

#define NUMBER   double
#define NAMED(f) f##_f64
#include "kernel/normalisation_rows.inc.h"

const tare_normalisation_rows TABLE = {
    ISA,
    {sum_f32, deviations_f32, gradient_sums_f32, normalise_f32, gradient_f32, multiply_f32},
    {sum_f64, deviations_f64, gradient_sums_f64, normalise_f64, gradient_f64, multiply_f64}};
