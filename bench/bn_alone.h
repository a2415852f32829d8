/* SPDX-License-Identifier: Apache-2.0 */
/* The workloads bn_alone: batch normalisation of what is fed, and its gradients, with nothing
 * around it. */
#ifndef BENCH_BN_ALONE_H
#define BENCH_BN_ALONE_H

#include "workload.h"

/*
 * Makes the tensors of work->network: inputs x and labels dy, both [batch, height, width,
 * channels]; train computes y, the moving statistics, and the gradients of sum(y dy) for x, gamma
 * and beta; the loss is the mean of gamma's. The extents are the workload's. It is refused without
 * batch normalisation.
 */
tare_status bench_build_bn_alone(bench_work *work, bool no_bn, tare_error *error);

#endif
