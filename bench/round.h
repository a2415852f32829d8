/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round of the benchmark: one workload in one mode with so many threads. All programs are started
 * and warmed up, are alive together, and take turns, one repeat each.
 */
#ifndef BENCH_ROUND_H
#define BENCH_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A program that can take part. */
typedef struct bench_program {
    const char *name;   /* at the head of its column */
    const char *family; /* what --peers calls it; NULL: Tare */
    const char *script; /* of a peer, in bench/peers */
    const char *option; /* that the script is given; NULL: none */
    const char *modes;  /* in which it takes part */
    const char *as;     /* mode that it runs in instead; NULL: the round's */
    const char *model;  /* how the file ends that it infers from in float32; NULL: needs none */
} bench_program;

enum { BENCH_PROGRAMS = 8, BENCH_TARE = 0, BENCH_MOST_ROUNDS = 48 };
extern const bench_program bench_programs[BENCH_PROGRAMS];

typedef struct bench_row {
    const char *workload, *mode;
    int threads;
} bench_row;

/* What one program came to in one round; name and version tell whether it was measured. */
bool bench_takes_part(const bench_program *program, const char *mode);

typedef struct bench_score {
    bool measured;
    bool in_microseconds; /* per step; else images per second */
    double median, least, greatest;
    double startup;   /* seconds from the start of the process to the end of the first step */
    double megabytes; /* of memory, at most */
    double step_adds; /* megabytes that steps added to what the process had before the first */
    /* Milliseconds of the start, told by Tare alone, else NaN: until a step runs as it always will,
     * data not counted; that consists of loading the program, graph and session, and what the first
     * step took more than others; the data. */
    double ready, program, setup, planning, data;
    double fraction;     /* of what the threads can compute at most; NaN: not told */
    double others;       /* most cores that other processes used during a repeat */
    double loss_at_1000; /* of a training that begins the same everywhere; NaN: not told */
    char version[32];
} bench_score;

typedef struct bench_round {
    bench_row row;
    bench_score scores[BENCH_PROGRAMS];
} bench_round;

typedef struct bench_settings {
    const char *executables[BENCH_PROGRAMS]; /* tare_peer, or the peer's Python; NULL: left out */
    const char *data;                        /* folder of the images */
    const char *data_name;                   /* what they are */
    const char *folder;                      /* takes what the programs say on standard error */
    const char *seconds;                     /* length of a repeat, as text */
    double patience;                         /* seconds to wait for a quiet machine; 0: never */
    int repeats;
    FILE *results; /* takes a line of JSON for every program of a round */
} bench_settings;

/* Runs round->row and fills the scores. A program that fails is told of on standard error and left
 * out; the others go on. */
void bench_round_run(const bench_settings *settings, bench_round *round);

/* Time of a step, in a unit that is the same for all programs of a round. */
double bench_score_time(const bench_score *score);
/* Half of what the repeats spread over, as a part of their median. */
double bench_score_noise(const bench_score *score);
/* The fastest peer that was measured, another mode of Tare being none; NULL: there is none. */
const bench_score *bench_round_fastest_peer(const bench_round *round);

#endif
