/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small pool of threads. Work is cut into slices whose number and bounds depend on shapes alone;
 * any free thread, the caller among them, takes the next slice, so a slow thread delays nobody and
 * no bit depends on the thread count.
 */
#ifndef TARE_SRC_BASE_THREADS_H
#define TARE_SRC_BASE_THREADS_H

#include <tare/base.h>

typedef void (*tare_slice_function)(void *context, int64_t slice);

/*
 * A host's own executor: must call function(context, slice) for every slice in 0..slices-1 and then
 * return.
 */
typedef void (*tare_parallel_for)(void *user, int64_t slices, tare_slice_function function,
                                  void *context);

typedef struct tare_pool tare_pool;

/*
 * threads: how many run slices, 1 to 1024, the caller counted; 1 starts none. Workers have 256 KiB
 * of stack, block all signals, spin briefly (30 microseconds; not at all when there are more
 * threads than processors), then sleep on a condition variable.
 * parallel_for: NULL, or the host's executor used instead of own threads.
 * Errors  TARE_ERROR_ARGUMENT; TARE_ERROR_MEMORY; TARE_ERROR_SYSTEM (a thread could not be started;
 *         none is left running).
 */
tare_status tare_pool_new(const tare_allocator *allocator, int threads,
                          tare_parallel_for parallel_for, void *user, tare_pool **pool,
                          tare_error *error);
/* Joins the workers. NULL allowed. In a forked child it only frees. */
void tare_pool_free(tare_pool *pool);
int tare_pool_threads(const tare_pool *pool); /* 1 for NULL */

/*
 * Runs function(context, slice) for each slice and returns when all are done; what slices wrote is
 * seen by the caller. With pool NULL, one thread, or one slice it is a plain loop in the caller; in
 * a forked child the caller does all the work. Not reentrant: a slice must not call it with the
 * same pool, nor may two threads at once.
 */
void tare_pool_run(tare_pool *pool, int64_t slices, tare_slice_function function, void *context);
/*
 * The same, where order is kept at all from the last slice to the first: for a pass over what the
 * run before has passed over, whose last part is still in the caches.
 */
void tare_pool_run_backwards(tare_pool *pool, int64_t slices, tare_slice_function function,
                             void *context);

/* Logical processors this process may use, at least 1. */
int tare_processor_count(void);
/* True in a child forked since the pool was made: its workers are gone. */
bool tare_pool_is_foreign(const tare_pool *pool);

/* Makes thread creation fail from the n-th on (0: never); for tests of failing systems.
 * Thread-safe. */
void tare_pool_fail_thread(int64_t nth);

/* A lock that tells whether it was taken: 0 free. */
typedef struct tare_flag {
    int32_t value; /* accessed atomically only */
} tare_flag;
bool tare_flag_take(tare_flag *flag); /* false: somebody else holds it */
void tare_flag_give(tare_flag *flag);
bool tare_flag_read(const tare_flag *flag);
void tare_flag_set(tare_flag *flag); /* async-signal-safe */

#endif
