/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Working memory for slices: as many buffers as there are slices, so that one is always free, but a
 * slice takes the first free one. So only as many are touched as threads run, and a thread finds
 * its own still in its cache. Which buffer a slice gets changes no number: it holds nothing from
 * one slice to the next.
 */
#ifndef TARE_SRC_KERNEL_BUFFERS_H
#define TARE_SRC_KERNEL_BUFFERS_H

#include <assert.h>
#include <stdatomic.h>

#include "kernel/slices.h"

_Static_assert(TARE_MOST_SLICES <= 64, "one bit for each buffer");

typedef struct tare_buffers {
    float *first;
    int64_t size;           /* numbers in one */
    _Atomic uint64_t taken; /* bit i: buffer i is in use */
} tare_buffers;

/* Takes a free buffer: its number, to be given back. */
static inline int tare_buffers_take(tare_buffers *buffers) {
    uint64_t taken = atomic_load_explicit(&buffers->taken, memory_order_relaxed), bit;
    do {
        assert(~taken != 0);
        bit = ~taken & (taken + 1); /* the lowest bit that is not set */
    } while (!atomic_compare_exchange_weak_explicit(&buffers->taken, &taken, taken | bit,
                                                    memory_order_acquire, memory_order_relaxed));
    return __builtin_ctzll(bit);
}

static inline float *tare_buffer(const tare_buffers *buffers, int number) {
    return buffers->first + number * buffers->size;
}

static inline void tare_buffers_give(tare_buffers *buffers, int number) {
    atomic_fetch_and_explicit(&buffers->taken, ~((uint64_t)1 << number), memory_order_release);
}

#endif
