/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a benchmark as text: tables (Markdown, aligned) and where Tare loses. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include "round.h"

/* Speed: every program's median, how Tare compares with the fastest peer, the noise. */
void bench_print_speed(const bench_round *rounds, size_t count);
/* How many times as fast Tare is with int8 as with float32, where both were measured. */
void bench_print_gains(const bench_round *rounds, size_t count);
/* Start-up time and peak memory, and how Tare's compares with the least of the peers. */
void bench_print_footprint(const bench_round *rounds, size_t count);
/* What Tare does before its first step, in milliseconds. */
void bench_print_start(const bench_round *rounds, size_t count);
/* The rounds that Tare loses, and the noise; or that there are none. */
void bench_print_losses(const bench_round *rounds, size_t count);
/* The rounds in which other processes were at work, however often repeats were done again. */
void bench_print_disturbances(const bench_round *rounds, size_t count);
/* Whether all programs had the same loss after the same training, where they begin the same. */
void bench_print_agreement(const bench_round *rounds, size_t count);

#endif
