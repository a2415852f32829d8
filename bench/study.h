/* SPDX-License-Identifier: Apache-2.0 */
/* Studies of Tare alone: what batch normalisation costs, what a second thread gains. */
#ifndef BENCH_STUDY_H
#define BENCH_STUDY_H

#include "round.h"

typedef struct bench_study_options {
    const char *workloads; /* list; NULL: those that the study is about */
    const char *modes;     /* list; int8 is passed over */
    const char *threads;   /* list; NULL: one and two. What a second thread gains has no choice */
    int pairs;
    bool profile; /* where the difference lies, by kind of step: what normalisation costs, alone */
} bench_study_options;

/* A study prints a table, writes a line of JSON for each of its rows, and returns false when a
 * program failed. That a bound is missed is a result, no failure. */
typedef bool bench_study(const bench_settings *settings, const bench_study_options *options);

/* A training step with batch normalisation over one without, each kept on one core; and with more
 * threads. */
bench_study bench_study_bn_cost;
/* What two threads gain over one, over what multiply-adds in registers gain in the same turns. */
bench_study bench_study_scaling;

/* The study of that name; NULL: there is none. */
bench_study *bench_study_named(const char *name);

#endif
