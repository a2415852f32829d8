/* SPDX-License-Identifier: Apache-2.0 */
/* The models of a workload's network for engines that only infer: in float32, and in int8. */
#ifndef BENCH_QUANTISED_H
#define BENCH_QUANTISED_H

#include "workload.h"

/*
 * Replaces the workload's network by its int8 model, and its batches by their whole numbers: batch
 * normalisation is folded, ranges are those of a few examples. path: a .tflite file that is to hold
 * the model; NULL: none.
 */
tare_status bench_quantise(bench_work *work, int64_t threads, const char *path, tare_error *error);

/* Writes the workload's network, batch normalisation folded, to a .tflite file in float32. The
 * workload's own session is left folded: nothing is to be measured after it. */
tare_status bench_write_model(const bench_work *work, const char *path, tare_error *error);

#endif
