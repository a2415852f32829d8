/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores past the caches, for results that would not stay in them: their lines are not read before
 * they are written, and what is in the caches stays there for the next pass.
 */
#ifndef TARE_SRC_KERNEL_STREAM_H
#define TARE_SRC_KERNEL_STREAM_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a pass that touches so many bytes should store its results so; never where the processor
 * has no such stores. */
bool tare_stream_pays(int64_t touched);

/* Copies bytes that are in the nearest cache; neither place need be aligned. */
void tare_stream(void *to, const void *from, int64_t bytes);

/* To be called before other threads may read what this one has streamed. */
void tare_stream_end(void);

#endif
