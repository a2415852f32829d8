/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The float32 loops that gain from wide vectors; included by elementwise_avx2.c,
 * elementwise_avx512.c and elementwise_neon.c, which are compiled with that instruction set's flags
 * and define TABLE, the table's name. The plain loops beside them are in elementwise_loops.c.
 */
#include "kernel/elementwise_loops.h"

#define NUMBER      float
#define NAMED(f)    f
#define C(x)        ((float)(x))
#define M(function) function##f
#define EXP(x)      tare_exp_f32(x)
#define SIGMOID(x)  tare_sigmoid_f32(x)
#define TANH(x)     tare_tanh_f32(x)

#define swish_slope(x) tare_swish_slope_f32(x)

#define UNARY(name, value)  TARE_UNARY_LOOP(name, float, float, value)
#define BINARY(name, value) TARE_BINARY_LOOPS(name, float, float, value)
TARE_UNARY_HOT_LIST(UNARY)
TARE_BINARY_HOT_LIST(BINARY)

const tare_elementwise_fast TABLE = {.unary = {TARE_UNARY_HOT_LIST(TARE_UNARY_SLOT)},
                                     .binary = {TARE_BINARY_HOT_LIST(TARE_BINARY_SLOT)}};
