/* SPDX-License-Identifier: Apache-2.0 */
/* Timing the passes of one shape in turns with the machine's ceiling. */
#ifndef TARE_SRC_CLI_BENCH_MEASURE_H
#define TARE_SRC_CLI_BENCH_MEASURE_H

#include "cli/bench_family.h"

#define TARE_BENCH_MOST_REPEATS 101
#define TARE_BENCH_COPIES       4

typedef struct tare_bench_plan {
    int64_t repeats;
    double seconds; /* that each pass runs in a repeat, at least once */
    int64_t batch;  /* 0: the shape's own */
    tare_pool *pool;
} tare_bench_plan;

/* Of the repeats. */
typedef struct tare_bench_rate {
    double median, least, greatest;
} tare_bench_rate;

/* Operations or bytes per second; a pass that was not measured has a median of 0. */
typedef struct tare_bench_result {
    tare_bench_rate ceiling, pass[TARE_BENCH_PASSES];
} tare_bench_result;

/* passes: bit i, pass i is wanted. False: no memory. */
bool tare_bench_shape(const tare_bench_plan *plan, const tare_bench_family *family, int64_t shape,
                      uint32_t passes, tare_bench_result *result);
/* The ceilings alone: multiply-adds; copies of so many bytes, read and written. */
tare_bench_rate tare_bench_multiply_add(const tare_bench_plan *plan, bool whole);
extern const int64_t tare_bench_copies[TARE_BENCH_COPIES]; /* worth measuring: one per cache */
bool tare_bench_copy(const tare_bench_plan *plan, int64_t bytes, tare_bench_rate *rate);

#endif
