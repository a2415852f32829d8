/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways to run a workload of Tare, compared in pairs: both are alive together and take turns, so
 * that what slows the machine down slows both, and a pair's ratio tells what they differ by. Who is
 * first changes from pair to pair. Where a program's memory lies may favour it for as long as it
 * runs, so both are started anew after every BENCH_PAIRS_PER_START pairs.
 */
#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H

#include "round.h"
#include "statistics.h"

#include <jansson.h>

enum { BENCH_MOST_PAIRS = 200, BENCH_PAIRS_PER_START = 10 };

/* One of the two ways. */
typedef struct bench_side {
    int threads; /* one is kept on one core */
    bool no_bn;  /* without batch normalisation */
} bench_side;

typedef struct bench_pairs {
    const char *workload, *mode;
    bench_side sides[2];
    int wanted;
    bool profile; /* also by kind of step */

    /* What it came to. */
    int count;
    double seconds[2][BENCH_MOST_PAIRS]; /* of a step */
    double peak[2][BENCH_MOST_PAIRS];    /* right after it, on as many threads */
    double operations;                   /* of a step of the first side */
    json_t *kinds[2]; /* with profile: by op, microseconds of a step in each start, added up */
    int starts;
    double others; /* most cores that other processes used meanwhile */
    int again;     /* pairs that were done once more */
} bench_pairs;

/* Runs pairs->wanted pairs with settings->executables[BENCH_TARE]; false, with a line on standard
 * error, where a program fails. */
bool bench_pairs_run(const bench_settings *settings, bench_pairs *pairs);

/* Gives up what pairs own. */
void bench_pairs_end(bench_pairs *pairs);

/* Medians of a side. */
double bench_pairs_seconds(const bench_pairs *pairs, int side);
double bench_pairs_peak(const bench_pairs *pairs, int side);
/* Milliseconds of a step that its steps of that op take; 0: it has none. */
double bench_pairs_kind(const bench_pairs *pairs, int side, const char *op);
/* The interval of values[count] and the line of JSON with all that is known of the pairs, to which
 * a study adds its own; NULL: no memory. values are sorted afterwards. */
json_t *bench_pairs_line(const char *study, const bench_pairs *pairs, double *values,
                         bench_interval *interval);
/* Writes a line and gives it up; line may be NULL. */
bool bench_pairs_write(const bench_settings *settings, json_t *line);

#endif
