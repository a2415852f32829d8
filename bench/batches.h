/* SPDX-License-Identifier: Apache-2.0 */
/* The batches of the workloads: what a workload's `load` may be. */
#ifndef BENCH_BATCHES_H
#define BENCH_BATCHES_H

#include "workload.h"

/* Fashion-MNIST: consecutive slices of one copy, shuffled for training. */
tare_status bench_load_fashion_mnist(bench_work *work, const char *folder, tare_error *error);
/* The question's two examples, moved a little in every batch. */
tare_status bench_load_question(bench_work *work, const char *folder, tare_error *error);
/* One batch of drawn numbers in the network's shapes. */
tare_status bench_load_synthetic(bench_work *work, const char *folder, tare_error *error);

/* Fills *error, which is never NULL here; returns status. */
tare_status bench_fail(tare_error *error, tare_status status, const char *format, ...)
    TARE_PRINTF(3, 4);
tare_status bench_fail_memory(tare_error *error);

#endif
