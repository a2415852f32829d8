/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time of a workload's steps goes, by kind of step. */
#ifndef BENCH_KINDS_H
#define BENCH_KINDS_H

#include "workload.h"

/* Times every step from now on, until bench_kinds_print. */
tare_status bench_kinds_begin(bench_work *work, tare_error *error);
/* Prints a JSON object: microseconds of a training step or an inference by the op of its steps. */
void bench_kinds_print(bench_work *work);

#endif
