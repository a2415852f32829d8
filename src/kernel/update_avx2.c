/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The most frequent update rules in vectors of eight, bit for bit what update.c computes: nothing
 * is contracted. Longer vectors would gain nothing: roots and quotients bound these loops, and
 * processors take twice as long for twice as many.
 */
#include "kernel/update.h"

#include <math.h>

#include "kernel/update_loop.h"

#define NUMBER     float
#define NAMED(f)   f##_avx2
#define MATH(name) name##f
#include "kernel/update_frequent.inc.h"

const tare_update_frequent tare_update_frequent_avx2 = {.gradient_descent = gradient_descent_avx2,
                                                        .momentum = momentum_avx2,
                                                        .momentum_nesterov = momentum_nesterov_avx2,
                                                        .adam = adam_avx2};
