/* SPDX-License-Identifier: Apache-2.0 */
/* What a benchmark wants to know of the machine: its clock, its processor, how busy it is. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* A clock that never goes back. */
double bench_seconds(void);
void bench_sleep(double seconds);
/* The first line of a file, false when there is none. */
bool bench_read_line(const char *path, char *line, size_t bytes);
/* Processor time that all processes of the machine have used, and what its host took; 0 where the
 * system does not tell. */
double bench_busy_seconds(void);
/* Processor time of this process so far. */
double bench_own_seconds(void);
/* Keeps this process on one core, the last that it may use; false where the system cannot. */
bool bench_pin(void);
/* Memory of this process in megabytes, as Linux counts it: key VmRSS is now, VmHWM at most so far.
 * 0 where the system does not tell. */
double bench_megabytes(const char *key);
/* Name of the processor with family and model, "unknown processor" where the system does not tell.
 */
void bench_processor(char *name, size_t bytes);

#endif
