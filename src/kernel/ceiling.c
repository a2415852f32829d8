/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring what the processor can do at most, with the instruction set that the kernels use. */
#include "kernel/ceiling.h"

#include "base/clock.h"
#include "kernel/int8_kernel.h"
#include "kernel/slices.h"

enum { SLICES_PER_THREAD = 8 }; /* so that a thread that is held up delays nobody */

static const tare_ceiling_loops *loops_used(void) {
#if defined(__x86_64__)
    if (tare_isa_used() == TARE_ISA_AVX512) return &tare_ceiling_loops_avx512;
    if (tare_isa_used() == TARE_ISA_AVX2) return &tare_ceiling_loops_avx2;
#endif
    return &tare_ceiling_loops_baseline;
}

typedef struct job {
    const tare_ceiling_loops *loops;
    double (*multiply_add)(int64_t rounds);
    int64_t rounds, count, slices;
    float *to;
    const float *from;
} job;

static job make_job(tare_pool *pool) {
    return (job){.loops = loops_used(), .slices = SLICES_PER_THREAD * tare_pool_threads(pool)};
}

static void multiply_add_slice(void *context, int64_t slice) {
    const job *j = context;
    (void)slice;
    j->multiply_add(j->rounds);
}

static double multiply_add_rate(double (*multiply_add)(int64_t rounds), int64_t rounds,
                                tare_pool *pool) {
    job j = make_job(pool);
    j.multiply_add = multiply_add;
    j.rounds = tare_quotient_up(rounds, SLICES_PER_THREAD);
    const double begin = tare_clock_seconds();
    tare_pool_run(pool, j.slices, multiply_add_slice, &j);
    const double seconds = tare_clock_seconds() - begin;
    return (double)j.slices * (double)j.rounds * multiply_add(1) / seconds;
}

double tare_ceiling_multiply_add(int64_t rounds, tare_pool *pool) {
    return multiply_add_rate(loops_used()->multiply_add, rounds, pool);
}

double tare_ceiling_int8(int64_t rounds, tare_pool *pool) {
    return multiply_add_rate(tare_int8_kernel_of(tare_isa_used())->multiply_add, rounds, pool);
}

static void copy_slice(void *context, int64_t slice) {
    const job *j = context;
    const int64_t begin = tare_slice_begin(j->count, j->slices, slice);
    const int64_t end = tare_slice_begin(j->count, j->slices, slice + 1);
    j->loops->copy(j->to + begin, j->from + begin, end - begin);
}

double tare_ceiling_copy(float *to, const float *from, int64_t count, tare_pool *pool) {
    job j = make_job(pool);
    j.to = to;
    j.from = from;
    j.count = count;
    const double begin = tare_clock_seconds();
    tare_pool_run(pool, j.slices, copy_slice, &j);
    return 2.0 * sizeof *to * (double)count / (tare_clock_seconds() - begin);
}
