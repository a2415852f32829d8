/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring the machine's ceilings once, with the loops that `tare bench --kernels` uses. */
#include "cli/ceilings.h"
#include "base/status.h"

static bool measure_copies(tare_ceilings *ceilings, const tare_bench_plan *plan,
                           int64_t most_bytes) {
    for (int i = 0; i < TARE_BENCH_COPIES; i++) {
        if (i > 0 && tare_bench_copies[i - 1] >= most_bytes) break;
        tare_bench_rate rate;
        if (!tare_bench_copy(plan, tare_bench_copies[i], &rate)) return false;
        if (rate.median > ceilings->copies[i]) ceilings->copies[i] = rate.median;
    }
    return true;
}

tare_status tare_ceilings_measure(tare_ceilings *ceilings, int64_t threads, int64_t most_bytes,
                                  tare_error *error) {
    tare_bench_plan plan = {.repeats = 5, .seconds = .01};
    *ceilings = (tare_ceilings){.threads = threads};
    bool good = measure_copies(ceilings, &plan, most_bytes);
    if (good && threads > 1) {
        TARE_TRY(tare_pool_new(NULL, (int)threads, NULL, NULL, &plan.pool, error));
        good = measure_copies(ceilings, &plan, most_bytes);
    }
    if (good) ceilings->flops = tare_bench_multiply_add(&plan, false).median;
    tare_pool_free(plan.pool);
    return good ? TARE_OK : tare_fail_memory(error);
}

double tare_ceilings_copy(const tare_ceilings *ceilings, int64_t bytes) {
    int i = 0;
    while (i + 1 < TARE_BENCH_COPIES && tare_bench_copies[i] < bytes && ceilings->copies[i + 1] > 0)
        i++;
    return ceilings->copies[i];
}
