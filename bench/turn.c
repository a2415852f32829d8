/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a quiet machine, one repeat, and who disturbed it. */
#include "turn.h"

#include "machine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define QUIET_LOOK .1
#define PAUSE      .02 /* lets the last one's waiting threads fall asleep */

static void wait_for_quiet(double patience) {
    const double end = bench_seconds() + patience;
    bench_sleep(PAUSE);
    while (bench_seconds() < end) {
        const double before = bench_busy_seconds();
        bench_sleep(QUIET_LOOK);
        if ((bench_busy_seconds() - before) / QUIET_LOOK <= BENCH_TOLERATED_CORES) return;
    }
}

/* Reads what the program says until it is done. */
static bool hear(bench_runner *runner, bench_turn *turn) {
    const double deadline = bench_seconds() + BENCH_REPEAT_PATIENCE;
    const char *said;
    while ((said = bench_runner_line(runner, deadline - bench_seconds())) != NULL) {
        double seconds, peak;
        if (strcmp(said, "done") == 0) return true;
        if (sscanf(said, "step %lf peak %lf", &seconds, &peak) != 2) continue;
        turn->seconds = seconds;
        turn->peak = peak;
    }
    return false;
}

bool bench_take_turn(bench_runner *runner, const char *word, double patience, bench_turn *turn) {
    *turn = (bench_turn){.others = 0};
    wait_for_quiet(patience);
    const double begin = bench_seconds(), all = bench_busy_seconds();
    const double own = bench_runner_cpu_seconds(runner);
    if (!bench_runner_say(runner, word) || !hear(runner, turn)) return false;
    const double used = bench_busy_seconds() - all - (bench_runner_cpu_seconds(runner) - own);
    turn->others = fmax(0, used / (bench_seconds() - begin));
    return true;
}
