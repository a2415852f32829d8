/* SPDX-License-Identifier: Apache-2.0 */
/* The int8 model of a workload's network. */
#ifndef BENCH_QUANTISED_H
#define BENCH_QUANTISED_H

#include "workload.h"

/*
 * Replaces the workload's network by its int8 model, and its batches by their whole numbers: batch
 * normalisation is folded, ranges are those of a few examples. path: a .tflite file that is to hold
 * the model; NULL: none.
 */
tare_status bench_quantise(bench_work *work, int64_t threads, const char *path, tare_error *error);

#endif
