/* SPDX-License-Identifier: Apache-2.0 */
/* A turn of a program that is alive among others: one repeat, on a quiet machine. */
#ifndef BENCH_TURN_H
#define BENCH_TURN_H

#include "runner.h"

/* Cores that other processes may use during a repeat; beyond it the repeat is done again. */
#define BENCH_TOLERATED_CORES .1
#define BENCH_WARM_UP_PATIENCE                                                                     \
    600. /* seconds until a program is ready; torch.compile builds its code first */
#define BENCH_REPEAT_PATIENCE 300.

/* What is known of a repeat. */
typedef struct bench_turn {
    double others;        /* cores that other processes used meanwhile */
    double seconds, peak; /* of a step; operations a second after it. 0: the program does not say */
} bench_turn;

/* Says the word, go or again, and waits until the repeat is done; before that, at most `patience`
 * seconds until the machine is quiet. False: the program failed. */
bool bench_take_turn(bench_runner *runner, const char *word, double patience, bench_turn *turn);

#endif
