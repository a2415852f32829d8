/* SPDX-License-Identifier: Apache-2.0 */
/* What the loops of update rules are written with, and those compiled for more than one instruction
 * set. */
#ifndef TARE_SRC_KERNEL_UPDATE_LOOP_H
#define TARE_SRC_KERNEL_UPDATE_LOOP_H

#include "kernel/update.h"

/* Tells the compiler that no turn of the loop needs another one's result. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* The rules of update_frequent.inc.h for float32. */
typedef struct tare_update_frequent {
    tare_update_function gradient_descent, momentum, momentum_nesterov, adam;
} tare_update_frequent;

#if defined(__x86_64__)
extern const tare_update_frequent tare_update_frequent_avx2;
#endif

#endif
