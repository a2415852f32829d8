/* SPDX-License-Identifier: Apache-2.0 */
/* A program that takes part in a comparison: a child process that speaks the protocol of peer.c. */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { BENCH_LINE_BYTES = 4096 };

/* Zero when there is no process. */
typedef struct bench_runner {
    pid_t process;
    int input, output; /* our ends of the child's standard input and output */
    char buffer[BENCH_LINE_BYTES];
    size_t filled, taken; /* of buffer; what was taken was returned as a line */
} bench_runner;

/* Starts arguments[0] (a path). What it says on standard error goes to the file log. */
bool bench_runner_start(bench_runner *runner, char *const arguments[], const char *log);
/* The next line without its end, valid until the next call. NULL: none came within seconds, or the
 * program ended, or the line is too long. */
const char *bench_runner_line(bench_runner *runner, double seconds);
/* Skips lines until this one comes; false where bench_runner_line gives NULL. */
bool bench_runner_wait_for(bench_runner *runner, const char *line, double seconds);
bool bench_runner_say(bench_runner *runner, const char *word);
/* Processor time that the child has used; 0 where the system does not tell. */
double bench_runner_cpu_seconds(const bench_runner *runner);
/* Ends the child and waits for it. */
void bench_runner_stop(bench_runner *runner);

#endif
