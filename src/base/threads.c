/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of threads.
 *
 * Every run cuts its slices into lanes, as equal as can be: stretches of slices that follow one
 * another. A thread first takes the slices of its own lane, in their order, then what other lanes
 * have left. So run after run the same thread works on the same part of arrays that are cut alike,
 * which its cache then holds, and yet no slice waits for a slow thread.
 *
 * Every slice of a lane has a ticket; tickets are numbered through, over all runs, and never
 * reused:
 *
 *     run 1: tickets 0..a-1    run 2: tickets a..b-1    run 3: ...
 *             the lane's next ^                  ^ its end
 *
 * A lane's `end` is raised to publish its part of a run, `next` is its next ticket to be taken. The
 * pool's `end` and `done` count the slices of all runs, published and finished. A run is over when
 * done == end, and only then may the next one be published. So a thread that read function, context
 * and base and then moves `next` from t to t + 1 knows that they belong to ticket t: had they been
 * replaced, ticket t would have been taken long ago and the exchange would fail. They are atomic
 * because a thread that is about to lose that exchange may read them while they change.
 */
#include "base/threads.h"
#include "base/birthplace.h"
#include "base/memory.h"
#include "base/status.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define CACHE_LINE       64
#define MOST_THREADS     1024
#define MOST_LANES       64 /* threads beyond share them */
#define STACK_BYTES      ((size_t)256 * 1024)
#define SPIN_NANOSECONDS 30000

typedef struct lane {
    _Alignas(CACHE_LINE) _Atomic int64_t next;
    _Atomic int64_t end;
    _Atomic int64_t base; /* what a ticket is more than its slice; backwards: their sum */
    _Atomic bool backwards;
} lane;

struct tare_pool {
    /* Written when a run is published; many threads watch it. */
    _Alignas(CACHE_LINE) _Atomic int64_t end;
    _Atomic(tare_slice_function) function;
    void *_Atomic context;
    _Atomic bool closing;
    /* Written once per thread and run. */
    _Alignas(CACHE_LINE) _Atomic int64_t done;
    _Atomic bool caller_sleeps;
    _Atomic int sleepers; /* workers that sleep or are about to */
    /* Only for falling asleep and waking. */
    _Alignas(CACHE_LINE) pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    /* Constant once made. */
    tare_allocator allocator;
    int threads; /* the caller counted */
    int workers; /* started by us */
    pthread_t *handles;
    _Atomic int numbered; /* workers that have taken a number */
    int64_t spin;         /* nanoseconds */
    tare_birthplace birthplace;
    tare_parallel_for parallel_for;
    void *user;
    int lane_count;
    lane lanes[MOST_LANES];
};

/*
 * Counts down to the thread creation that fails; 0: none does. A global, because what fails in a
 * test is the system, and that is one for all pools. Nothing but tests sets it.
 */
static _Atomic int64_t threads_until_failure;

void tare_pool_fail_thread(int64_t nth) { atomic_store(&threads_until_failure, nth); }

static bool made_to_fail(void) {
    int64_t left = atomic_load(&threads_until_failure);
    while (left > 1)
        if (atomic_compare_exchange_weak(&threads_until_failure, &left, left - 1)) return false;
    return left == 1;
}

/* -------------------------------------------------------------------------------- waiting */

static int64_t now(void) {
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* cannot fail for this clock */
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Tells the processor that this is a waiting loop. */
static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Spins until *watched differs from (or, when `until`, equals) value; false when the time is up. */
static bool spin(const tare_pool *pool, const _Atomic int64_t *watched, int64_t value, bool until) {
    if (pool->spin == 0) return false;
    const int64_t start = now();
    do {
        for (int i = 0; i < 32; i++) {
            if ((atomic_load_explicit(watched, memory_order_acquire) == value) == until)
                return true;
            relax();
        }
    } while (now() - start < pool->spin);
    return false;
}

/*
 * Falling asleep and waking: the sleeper announces itself and then looks once more, the waker
 * changes what is looked at and then reads the announcement, both in the one order of sequentially
 * consistent operations; so at least one sees the other. Taking the mutex in between makes sure
 * that the sleeper really sleeps. What is stored before such a look is exchanged: QEMU's user mode
 * (7.2, ARM on x86-64) lets a load pass a store, though both are sequentially consistent.
 */
static void sleep_for_work(tare_pool *pool, int64_t seen) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->end) == seen && !atomic_load(&pool->closing))
        pthread_cond_wait(&pool->work, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void wake_workers(tare_pool *pool, int64_t wanted) {
    const int sleepers = atomic_load(&pool->sleepers);
    if (sleepers == 0 || tare_pool_is_foreign(pool)) return; /* a child may inherit a held mutex */
    pthread_mutex_lock(&pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    if (wanted >= sleepers)
        pthread_cond_broadcast(&pool->work);
    else
        for (int64_t i = 0; i < wanted; i++) pthread_cond_signal(&pool->work);
}

static void wait_until_finished(tare_pool *pool, int64_t end) {
    if (atomic_load_explicit(&pool->done, memory_order_acquire) == end) return;
    if (spin(pool, &pool->done, end, true)) return;
    pthread_mutex_lock(&pool->mutex);
    (void)atomic_exchange(&pool->caller_sleeps, true);
    while (atomic_load(&pool->done) != end) pthread_cond_wait(&pool->finished, &pool->mutex);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->mutex);
}

static void wake_caller(tare_pool *pool) {
    if (!atomic_load(&pool->caller_sleeps)) return;
    pthread_mutex_lock(&pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_signal(&pool->finished);
}

/* -------------------------------------------------------------------------------- working */

/* Runs slices of a lane until there is none to be taken; returns how many. */
static int64_t take_from(tare_pool *pool, lane *from) {
    int64_t taken = 0;
    int64_t ticket = atomic_load_explicit(&from->next, memory_order_relaxed);
    while (ticket < atomic_load_explicit(&from->end, memory_order_acquire)) {
        const tare_slice_function function =
            atomic_load_explicit(&pool->function, memory_order_relaxed);
        void *context = atomic_load_explicit(&pool->context, memory_order_relaxed);
        const int64_t base = atomic_load_explicit(&from->base, memory_order_relaxed);
        const bool backwards = atomic_load_explicit(&from->backwards, memory_order_relaxed);
        if (!atomic_compare_exchange_weak_explicit(&from->next, &ticket, ticket + 1,
                                                   memory_order_acq_rel, memory_order_relaxed))
            continue; /* ticket now holds what next is */
        function(context, backwards ? base - ticket : ticket - base);
        taken++;
        ticket = atomic_load_explicit(&from->next, memory_order_relaxed);
    }
    return taken;
}

/* The thread's own lane first. */
static int64_t take_slices(tare_pool *pool, int thread) {
    int64_t taken = 0;
    for (int i = 0; i < pool->lane_count; i++)
        taken += take_from(pool, &pool->lanes[(thread + i) % pool->lane_count]);
    return taken;
}

static void work(tare_pool *pool, int thread) {
    const int64_t taken = take_slices(pool, thread);
    if (taken == 0) return;
    const int64_t done = atomic_fetch_add(&pool->done, taken) + taken;
    if (done == atomic_load(&pool->end)) wake_caller(pool);
}

static void *worker(void *argument) {
    tare_pool *pool = argument;
    const int thread = atomic_fetch_add(&pool->numbered, 1) + 1; /* the caller is 0 */
    int64_t seen = 0;
    while (!atomic_load_explicit(&pool->closing, memory_order_acquire)) {
        if (!spin(pool, &pool->end, seen, false)) sleep_for_work(pool, seen);
        seen = atomic_load_explicit(&pool->end, memory_order_acquire);
        work(pool, thread);
    }
    return NULL;
}

static void publish(tare_pool *pool, int64_t slices, bool backwards) {
    int64_t first = 0;
    for (int i = 0; i < pool->lane_count; i++) {
        lane *to = &pool->lanes[i];
        const int64_t behind = slices * (i + 1) / pool->lane_count;
        const int64_t end = atomic_load_explicit(&to->end, memory_order_relaxed);
        const int64_t base = backwards ? end + behind - 1 : end - first;
        atomic_store_explicit(&to->base, base, memory_order_relaxed);
        atomic_store_explicit(&to->backwards, backwards, memory_order_relaxed);
        atomic_store_explicit(&to->end, end + behind - first, memory_order_release);
        first = behind;
    }
}

static void run_here(int64_t slices, tare_slice_function function, void *context, bool backwards) {
    for (int64_t slice = 0; slice < slices; slice++)
        function(context, backwards ? slices - 1 - slice : slice);
}

static void run(tare_pool *pool, int64_t slices, tare_slice_function function, void *context,
                bool backwards) {
    if (pool == NULL || pool->threads == 1 || slices <= 1) {
        run_here(slices, function, context, backwards);
        return;
    }
    if (pool->parallel_for != NULL) {
        pool->parallel_for(pool->user, slices, function, context);
        return;
    }
    const int64_t base = atomic_load_explicit(&pool->end, memory_order_relaxed);
    assert(atomic_load(&pool->done) == base); /* no slice of this pool is running */
    atomic_store_explicit(&pool->function, function, memory_order_relaxed);
    atomic_store_explicit(&pool->context, context, memory_order_relaxed);
    publish(pool, slices, backwards);
    (void)atomic_exchange(&pool->end, base + slices);
    wake_workers(pool, slices - 1);
    atomic_fetch_add(&pool->done, take_slices(pool, 0));
    wait_until_finished(pool, base + slices);
}

void tare_pool_run(tare_pool *pool, int64_t slices, tare_slice_function function, void *context) {
    run(pool, slices, function, context, false);
}

void tare_pool_run_backwards(tare_pool *pool, int64_t slices, tare_slice_function function,
                             void *context) {
    run(pool, slices, function, context, true);
}

/* ------------------------------------------------------------------------ making and freeing */

static void stop_workers(tare_pool *pool) {
    atomic_store(&pool->closing, true);
    pthread_mutex_lock(&pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
    pthread_cond_broadcast(&pool->work);
    for (int i = 0; i < pool->workers; i++) (void)pthread_join(pool->handles[i], NULL);
}

/* Starts one worker with a small stack; the signal mask is the caller's business. */
static bool start_worker(tare_pool *pool) {
    pthread_attr_t attributes;
    if (made_to_fail() || pthread_attr_init(&attributes) != 0) return false;
    (void)pthread_attr_setstacksize(&attributes,
                                    STACK_BYTES); /* where too small, the default stays */
    const int code = pthread_create(&pool->handles[pool->workers], &attributes, worker, pool);
    (void)pthread_attr_destroy(&attributes);
    if (code != 0) return false;
    pool->workers++;
    return true;
}

/* Starts all workers, with every signal blocked in them; none is left when one fails. */
static bool start_workers(tare_pool *pool) {
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
    bool started = true;
    while (started && pool->workers < pool->threads - 1) started = start_worker(pool);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) stop_workers(pool);
    return started;
}

static bool make_locks(tare_pool *pool) {
    if (pthread_mutex_init(&pool->mutex, NULL) != 0) return false;
    if (pthread_cond_init(&pool->work, NULL) == 0) {
        if (pthread_cond_init(&pool->finished, NULL) == 0) return true;
        (void)pthread_cond_destroy(&pool->work);
    }
    (void)pthread_mutex_destroy(&pool->mutex);
    return false;
}

static void destroy_locks(tare_pool *pool) {
    (void)pthread_cond_destroy(&pool->finished);
    (void)pthread_cond_destroy(&pool->work);
    (void)pthread_mutex_destroy(&pool->mutex);
}

static void release(tare_pool *pool) {
    const tare_allocator allocator = pool->allocator;
    tare_release(&allocator, pool->handles, (size_t)pool->threads * sizeof *pool->handles);
    tare_birthplace_forget(&pool->birthplace);
    tare_release(&allocator, pool, sizeof *pool);
}

/* Gives a pool threads of its own. */
static tare_status equip(tare_pool *pool, tare_error *error) {
    pool->handles = tare_allocate_array(&pool->allocator, pool->threads, sizeof *pool->handles);
    if (pool->handles == NULL) return tare_fail_memory(error);
    if (make_locks(pool)) {
        if (start_workers(pool)) return TARE_OK;
        destroy_locks(pool);
    }
    return tare_fail(error, TARE_ERROR_SYSTEM,
                     "the system started %d of %d threads; needs fewer threads", pool->workers,
                     pool->threads - 1);
}

tare_status tare_pool_new(const tare_allocator *allocator, int threads,
                          tare_parallel_for parallel_for, void *user, tare_pool **pool,
                          tare_error *error) {
    if (pool == NULL) return tare_fail(error, TARE_ERROR_ARGUMENT, "no place for the new pool");
    *pool = NULL;
    if (threads < 1 || threads > MOST_THREADS)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "got %d threads; needs 1 to %d", threads,
                         MOST_THREADS);
    tare_pool *made = tare_allocate_zeroed(allocator, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    made->allocator = allocator == NULL ? tare_default_allocator : *allocator;
    made->threads = threads;
    made->lane_count = threads < MOST_LANES ? threads : MOST_LANES;
    made->birthplace = tare_birthplace_here();
    made->parallel_for = parallel_for;
    made->user = user;
    /* With more threads than processors whoever spins keeps another from working. */
    made->spin = threads <= tare_processor_count() ? SPIN_NANOSECONDS : 0;
    const tare_status status = parallel_for == NULL && threads > 1 ? equip(made, error) : TARE_OK;
    if (status == TARE_OK)
        *pool = made;
    else
        release(made);
    return status;
}

void tare_pool_free(tare_pool *pool) {
    if (pool == NULL) return;
    if (pool->workers > 0 && !tare_pool_is_foreign(pool)) {
        stop_workers(pool);
        destroy_locks(pool);
    }
    release(pool);
}

int tare_pool_threads(const tare_pool *pool) { return pool == NULL ? 1 : pool->threads; }

bool tare_pool_is_foreign(const tare_pool *pool) {
    return pool != NULL && tare_birthplace_left(&pool->birthplace);
}

int tare_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* more than 1024 processors, or none told */
    return online > 0 && online <= MOST_THREADS ? (int)online : online > 0 ? MOST_THREADS : 1;
}
