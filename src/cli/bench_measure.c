/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing in turns: every repeat measures the ceiling and then each pass, so that a slow spell of
 * the machine meets all of them alike.
 */
#include "cli/bench_measure.h"
#include "base/clock.h"
#include "kernel/ceiling.h"
#include "kernel/slices.h"

#include <stdlib.h>

const int64_t tare_bench_copies[TARE_BENCH_COPIES] = {32 << 10, 1 << 20, 16 << 20, 256 << 20};

enum { MULTIPLY_ADD_ROUNDS = 200 * 1000 }; /* half a millisecond or so */

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Orders the rates. */
static tare_bench_rate summarise(double *rates, int64_t count) {
    qsort(rates, (size_t)count, sizeof *rates, compare_doubles);
    return (tare_bench_rate){.median = (rates[(count - 1) / 2] + rates[count / 2]) / 2,
                             .least = rates[0],
                             .greatest = rates[count - 1]};
}

/* ---- ceilings */

/* Two arrays to copy between; count 0: multiply-adds are the ceiling, of whole numbers perhaps. */
typedef struct ceiling {
    float *to, *from;
    int64_t count;
    bool whole;
} ceiling;

static bool make_ceiling(tare_arena *arena, int64_t bytes, ceiling *c) {
    c->count = tare_greatest(bytes / (int64_t)(2 * sizeof(float)), 1);
    c->to = tare_bench_numbers(arena, c->count);
    c->from = tare_bench_numbers(arena, c->count);
    return c->to != NULL && c->from != NULL;
}

static double one_rate(const ceiling *c, tare_pool *pool) {
    if (c->count > 0) return tare_ceiling_copy(c->to, c->from, c->count, pool);
    return c->whole ? tare_ceiling_int8(MULTIPLY_ADD_ROUNDS, pool)
                    : tare_ceiling_multiply_add(MULTIPLY_ADD_ROUNDS, pool);
}

/* One rate, of at least `seconds`. */
static double ceiling_rate(const ceiling *c, double seconds, tare_pool *pool) {
    const double begin = tare_clock_seconds();
    double sum = 0;
    int64_t runs = 0;
    do {
        sum += 1 / one_rate(c, pool);
        runs++;
    } while (tare_clock_seconds() - begin < seconds);
    return (double)runs / sum;
}

static tare_bench_rate ceiling_alone(const tare_bench_plan *plan, const ceiling *c) {
    double rates[TARE_BENCH_MOST_REPEATS];
    ceiling_rate(c, plan->seconds, plan->pool);
    for (int64_t r = 0; r < plan->repeats; r++)
        rates[r] = ceiling_rate(c, plan->seconds, plan->pool);
    return summarise(rates, plan->repeats);
}

tare_bench_rate tare_bench_multiply_add(const tare_bench_plan *plan, bool whole) {
    return ceiling_alone(plan, &(ceiling){.count = 0, .whole = whole});
}

bool tare_bench_copy(const tare_bench_plan *plan, int64_t bytes, tare_bench_rate *rate) {
    tare_arena *arena = tare_arena_new(NULL);
    ceiling c = {.count = 0};
    const bool made = arena != NULL && make_ceiling(arena, bytes, &c);
    if (made) *rate = ceiling_alone(plan, &c);
    tare_arena_free(arena);
    return made;
}

/* ---- one shape */

typedef struct trial {
    const tare_bench_plan *plan;
    const tare_bench_family *family;
    uint32_t passes;
    void *state;
    ceiling ceiling;
    double rates[1 + TARE_BENCH_PASSES][TARE_BENCH_MOST_REPEATS]; /* of the ceiling, of passes */
} trial;

static double pass_rate(const trial *t, int pass) {
    const double begin = tare_clock_seconds();
    double seconds;
    int64_t runs = 0;
    do {
        t->family->run(t->state, pass, t->plan->pool);
        runs++;
        seconds = tare_clock_seconds() - begin;
    } while (seconds < t->plan->seconds);
    return t->family->work(t->state, pass) * (double)runs / seconds;
}

static bool has_pass(const trial *t, int pass) {
    return (t->passes >> pass & 1) != 0 && t->family->work(t->state, pass) > 0;
}

static bool open_trial(trial *t, int64_t shape, tare_arena *arena) {
    t->state = t->family->open(shape, t->plan->batch, arena);
    t->ceiling.whole = t->family->is_whole;
    if (t->state == NULL || !t->family->is_memory_bound) return t->state != NULL;
    double most = 0;
    for (int pass = 0; pass < TARE_BENCH_PASSES; pass++)
        if (has_pass(t, pass) && t->family->work(t->state, pass) > most)
            most = t->family->work(t->state, pass);
    return make_ceiling(arena, (int64_t)most, &t->ceiling);
}

static void run_trial(trial *t, tare_bench_result *result) {
    const tare_bench_plan *plan = t->plan;
    for (int pass = 0; pass < TARE_BENCH_PASSES; pass++)
        if (has_pass(t, pass)) t->family->run(t->state, pass, plan->pool); /* to warm up */
    for (int64_t r = 0; r < plan->repeats; r++) {
        t->rates[0][r] = ceiling_rate(&t->ceiling, plan->seconds / 4, plan->pool);
        for (int pass = 0; pass < TARE_BENCH_PASSES; pass++)
            if (has_pass(t, pass)) t->rates[1 + pass][r] = pass_rate(t, pass);
    }
    *result = (tare_bench_result){.ceiling = summarise(t->rates[0], plan->repeats)};
    for (int pass = 0; pass < TARE_BENCH_PASSES; pass++)
        if (has_pass(t, pass)) result->pass[pass] = summarise(t->rates[1 + pass], plan->repeats);
}

bool tare_bench_shape(const tare_bench_plan *plan, const tare_bench_family *family, int64_t shape,
                      uint32_t passes, tare_bench_result *result) {
    tare_arena *arena = tare_arena_new(NULL);
    trial t = {.plan = plan, .family = family, .passes = passes};
    const bool opened = arena != NULL && open_trial(&t, shape, arena);
    if (opened) run_trial(&t, result);
    tare_arena_free(arena);
    return opened;
}
