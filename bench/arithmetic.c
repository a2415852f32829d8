/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of a step, as its plan counts them, and the ceiling on the same threads. */
#include "arithmetic.h"

#include "kernel/ceiling.h"
#include "session/session.h"

#include <stdlib.h>

#define PEAK_ROUNDS 400000 /* of the loop of multiply-adds */

double bench_operations(const bench_work *work) {
    const tare_plan *plan = work->session->latest->plan;
    tare_plan_total *kinds = calloc((size_t)plan->step_count + 1, sizeof *kinds);
    if (kinds == NULL) return 0;
    const int64_t count = tare_plan_totals(plan, kinds);
    const double operations = kinds[count].flops;
    free(kinds);
    return operations;
}

double bench_peak(const bench_work *work) {
    return tare_ceiling_multiply_add(PEAK_ROUNDS, work->session->pool);
}
