/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrix products as plain loops: the truth for the fast kernels, and the only ones for float64 and
 * int32. float32 adds in double, so its error is the last rounding; int32 wraps around, as
 * TensorFlow's does.
 */
#include "kernel/gemm.h"

#define NUMBER float
#define SUM    double
#define NAME   tare_gemm_reference_f32
#include "kernel/gemm_reference.inc.h"

#define NUMBER double
#define SUM    double
#define NAME   tare_gemm_reference_f64
#include "kernel/gemm_reference.inc.h"

#define NUMBER int32_t
#define SUM    uint32_t
#define NAME   tare_gemm_reference_i32
#include "kernel/gemm_reference.inc.h"
