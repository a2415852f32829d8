/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can do at most, for telling a profile's speeds as parts of it. */
#ifndef TARE_SRC_CLI_CEILINGS_H
#define TARE_SRC_CLI_CEILINGS_H

#include "cli/bench_measure.h"

typedef struct tare_ceilings {
    int64_t threads;
    double flops;                     /* a second: multiply-adds in registers */
    double copies[TARE_BENCH_COPIES]; /* bytes a second, read and written, within
                                         tare_bench_copies[i]; 0: not measured */
} tare_ceilings;

/* Measures with so many threads (the better of these and one where memory is shared), copies as
 * large as most_bytes ask for. Takes some tenths of a second. */
tare_status tare_ceilings_measure(tare_ceilings *ceilings, int64_t threads, int64_t most_bytes,
                                  tare_error *error);
/* Bytes a second of a step that touches so many: data that fits a cache moves faster. */
double tare_ceilings_copy(const tare_ceilings *ceilings, int64_t bytes);

#endif
