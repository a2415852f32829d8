/* SPDX-License-Identifier: Apache-2.0 */
/* The workload chain1x1: convolutions of 1x1, where batch normalisation is largest beside the
 * products. */
#ifndef BENCH_CHAIN1X1_H
#define BENCH_CHAIN1X1_H

#include "workload.h"

/* Makes work->network; without batch normalisation the convolutions have a bias. */
tare_status bench_build_chain1x1(bench_work *work, bool no_bn, tare_error *error);

#endif
