/* SPDX-License-Identifier: Apache-2.0 */
/* How near a workload comes to what the processor can compute at most. */
#ifndef BENCH_ARITHMETIC_H
#define BENCH_ARITHMETIC_H

#include "workload.h"

/* Operations of one step, a multiply and an add counted as two; 0: no memory to tell. After the
 * first step. */
double bench_operations(const bench_work *work);
/* Operations a second that the session's threads do in registers, over about a hundredth of a
 * second. */
double bench_peak(const bench_work *work);

#endif
