/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program again and again while each of its allocations fails in turn. Whatever fails, the
 * program must come to a status, give every block back with its size, and leak nothing.
 */
#ifndef TARE_TESTS_MEMORY_HARNESS_H
#define TARE_TESTS_MEMORY_HARNESS_H

#include <tare/base.h>

/* One whole run, everything freed at its end. allocator: NULL for the C library's. threads: of the
 * session. */
typedef tare_status (*memory_program)(const tare_allocator *allocator, int threads);

/* A test's main: "--once" runs the program once, as a leak checker wants it. */
int memory_main(int count, char **words, memory_program program);

#endif
