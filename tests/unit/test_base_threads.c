/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the thread pool and of flags. */
#include "base/threads.h"
#include "failing_allocator.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const int thread_counts[] = {1, 2, 3, 4, 7};
#define THREAD_COUNTS (sizeof thread_counts / sizeof *thread_counts)

static tare_pool *new_pool(int threads) {
    tare_pool *pool = NULL;
    assert_int_equal(tare_pool_new(NULL, threads, NULL, NULL, &pool, NULL), TARE_OK);
    assert_non_null(pool);
    return pool;
}

static void pause_for(long microseconds) {
    const struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static int64_t cpu_microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* Threads of this process. */
static int living_threads(void) {
    DIR *folder = opendir("/proc/self/task");
    if (folder == NULL) return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* A thread that was joined may still be listed for a moment. */
static bool threads_come_down_to(int wanted) {
    for (int i = 0; i < 1000 && living_threads() != wanted; i++) pause_for(1000);
    return living_threads() == wanted;
}

/* --------------------------------------------------------------------------------- slices */

typedef struct tally {
    int visits[1000]; /* not atomic: the pool itself has to keep slices and caller apart */
} tally;

static void visit(void *context, int64_t slice) { ((tally *)context)->visits[slice]++; }

static void test_every_slice_runs_once(void **state) {
    (void)state;
    static const int64_t slices[] = {0, 1, 2, 5, 64, 1000};
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        tare_pool *pool = new_pool(thread_counts[t]);
        assert_int_equal(tare_pool_threads(pool), thread_counts[t]);
        for (size_t s = 0; s < sizeof slices / sizeof *slices; s++) {
            tally seen = {{0}};
            tare_pool_run(pool, slices[s], visit, &seen);
            for (int64_t i = 0; i < 1000; i++)
                assert_int_equal(seen.visits[i], i < slices[s] ? 1 : 0);
        }
        tare_pool_free(pool);
    }
}

static void test_without_a_pool_slices_run_in_the_caller(void **state) {
    (void)state;
    tally seen = {{0}};
    tare_pool_run(NULL, 10, visit, &seen);
    for (int i = 0; i < 10; i++) assert_int_equal(seen.visits[i], 1);
    assert_int_equal(tare_pool_threads(NULL), 1);
    assert_false(tare_pool_is_foreign(NULL));
    tare_pool_free(NULL);
}

static void test_a_pool_of_one_starts_no_thread(void **state) {
    (void)state;
    const int before = living_threads();
    tare_pool *pool = new_pool(1);
    assert_int_equal(living_threads(), before);
    tare_pool_free(pool);
}

static void test_many_tiny_runs_in_a_row(void **state) {
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        tare_pool *pool = new_pool(thread_counts[t]);
        tally seen = {{0}};
        const int runs = 3000;
        for (int run = 0; run < runs; run++) {
            tare_pool_run(pool, 1 + run % 8, visit, &seen);
            if (run % 500 == 0) pause_for(200); /* long enough to fall asleep */
        }
        int64_t sum = 0;
        for (int i = 0; i < 8; i++) sum += seen.visits[i];
        assert_int_equal(sum, 3000 / 8 * 36);
        tare_pool_free(pool);
    }
}

typedef struct meeting {
    _Atomic int arrived;
    int wanted;
    _Atomic bool timed_out;
    sigset_t masks[8];
    pthread_t threads[8];
} meeting;

/* Returns once `wanted` slices are here at the same time; gives up after ten seconds. */
static void meet(void *context, int64_t slice) {
    meeting *all = context;
    all->threads[slice] = pthread_self();
    pthread_sigmask(SIG_SETMASK, NULL, &all->masks[slice]);
    atomic_fetch_add(&all->arrived, 1);
    for (int i = 0; atomic_load(&all->arrived) < all->wanted; i++) {
        if (i == 100000) {
            atomic_store(&all->timed_out, true);
            return;
        }
        pause_for(100);
    }
}

static void test_slices_run_at_the_same_time(void **state) {
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        tare_pool *pool = new_pool(thread_counts[t]);
        meeting all = {.wanted = thread_counts[t]};
        tare_pool_run(pool, thread_counts[t], meet, &all);
        assert_false(all.timed_out);
        tare_pool_free(pool);
    }
}

static void test_workers_block_all_signals_and_the_caller_keeps_its_mask(void **state) {
    (void)state;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    tare_pool *pool = new_pool(3);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int i = 1; i < 32; i++) assert_int_equal(sigismember(&before, i), sigismember(&after, i));
    meeting all = {.wanted = 3};
    tare_pool_run(pool, 3, meet, &all);
    assert_false(all.timed_out);
    for (int slice = 0; slice < 3; slice++) {
        if (pthread_equal(all.threads[slice], pthread_self())) continue;
        assert_int_equal(sigismember(&all.masks[slice], SIGINT), 1);
        assert_int_equal(sigismember(&all.masks[slice], SIGTERM), 1);
        assert_int_equal(sigismember(&all.masks[slice], SIGALRM), 1);
    }
    tare_pool_free(pool);
}

/* Slice 0 is not done before all others are: what it holds up must be taken by somebody else. */
static void wait_for_the_others(void *context, int64_t slice) {
    meeting *all = context;
    if (slice > 0) {
        atomic_fetch_add(&all->arrived, 1);
        return;
    }
    for (int i = 0; atomic_load(&all->arrived) < all->wanted; i++) {
        if (i == 100000) {
            atomic_store(&all->timed_out, true);
            return;
        }
        pause_for(100);
    }
}

static void test_a_slow_slice_holds_up_no_other(void **state) {
    (void)state;
    for (size_t t = 1; t < THREAD_COUNTS; t++) {
        tare_pool *pool = new_pool(thread_counts[t]);
        meeting all = {.wanted = 99};
        tare_pool_run(pool, 100, wait_for_the_others, &all);
        assert_false(all.timed_out);
        tare_pool_free(pool);
    }
}

typedef struct partial_sums {
    float sums[16];
    unsigned seed;
} partial_sums;

static void sum_slowly(void *context, int64_t slice) {
    partial_sums *all = context;
    pause_for((long)(((unsigned)slice * 2654435761u + all->seed) >> 24)); /* up to 255 us */
    float sum = 0;
    for (int i = 0; i < 100; i++) sum += 1.0f / (float)(1 + (int)slice * 100 + i);
    all->sums[slice] = sum;
}

static float merged_sum(tare_pool *pool, unsigned seed) {
    partial_sums all = {.seed = seed};
    tare_pool_run(pool, 16, sum_slowly, &all);
    for (int step = 1; step < 16; step *= 2)
        for (int i = 0; i < 16; i += 2 * step) all.sums[i] += all.sums[i + step];
    return all.sums[0];
}

static void test_sums_have_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    const float expected = merged_sum(NULL, 0);
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        tare_pool *pool = new_pool(thread_counts[t]);
        for (unsigned seed = 1; seed <= 5; seed++) {
            const float sum = merged_sum(pool, seed << 24);
            assert_memory_equal(&sum, &expected, sizeof sum);
        }
        tare_pool_free(pool);
    }
}

static void test_idle_workers_sleep(void **state) {
    (void)state;
    tare_pool *pool = new_pool(2);
    tally seen = {{0}};
    tare_pool_run(pool, 2, visit, &seen);
    pause_for(2000); /* the spinning is over */
    const int64_t before = cpu_microseconds();
    pause_for(100000);
    assert_true(cpu_microseconds() - before < 20000);
    tare_pool_free(pool);
}

/* ------------------------------------------------------------------------ what can go wrong */

static void test_thread_counts_out_of_range_are_refused(void **state) {
    (void)state;
    static const int wrong[] = {0, -1, 1025, INT32_MIN};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tare_error error = {.status = TARE_OK};
        tare_pool *pool = (tare_pool *)&error;
        assert_int_equal(tare_pool_new(NULL, wrong[i], NULL, NULL, &pool, &error),
                         TARE_ERROR_ARGUMENT);
        assert_null(pool);
        assert_non_null(strstr(error.message, "needs 1 to 1024"));
    }
    assert_int_equal(tare_pool_new(NULL, 1, NULL, NULL, NULL, NULL), TARE_ERROR_ARGUMENT);
}

static void test_a_thread_that_cannot_start_ends_in_a_status_and_leaves_none(void **state) {
    (void)state;
    const int before = living_threads();
    for (int64_t nth = 1; nth <= 3; nth++) {
        failing_allocator memory;
        tare_error error;
        tare_pool *pool = NULL;
        tare_pool_fail_thread(nth);
        const tare_status status =
            tare_pool_new(failing_allocator_start(&memory, 0), 4, NULL, NULL, &pool, &error);
        tare_pool_fail_thread(0);
        assert_int_equal(status, TARE_ERROR_SYSTEM);
        assert_null(pool);
        char sentence[64];
        snprintf(sentence, sizeof sentence, "started %d of 3 threads", (int)nth - 1);
        assert_non_null(strstr(error.message, sentence));
        assert_true(failing_allocator_is_clean(&memory));
        assert_true(threads_come_down_to(before));
    }
    tare_pool_free(new_pool(4));
}

static void test_memory_that_runs_out_ends_in_a_status(void **state) {
    (void)state;
    failing_allocator memory;
    tare_pool *pool = NULL;
    tare_error error;
    int64_t nth = 1;
    for (;; nth++) {
        const tare_allocator *allocator = failing_allocator_start(&memory, nth);
        if (tare_pool_new(allocator, 3, NULL, NULL, &pool, &error) == TARE_OK) break;
        assert_int_equal(error.status, TARE_ERROR_MEMORY);
        assert_null(pool);
        assert_true(failing_allocator_is_clean(&memory));
    }
    assert_int_equal(nth, 3); /* the pool and its handles */
    tare_pool_free(pool);
    assert_true(failing_allocator_is_clean(&memory));
}

/* ------------------------------------------------------------------------- host's executor */

typedef struct host {
    int calls;
    int64_t slices;
} host;

static void run_backwards(void *user, int64_t slices, tare_slice_function function, void *context) {
    host *self = user;
    self->calls++;
    self->slices = slices;
    for (int64_t slice = slices - 1; slice >= 0; slice--) function(context, slice);
}

static void test_the_hosts_executor_takes_the_place_of_threads(void **state) {
    (void)state;
    const int before = living_threads();
    host self = {0};
    tare_pool *pool = NULL;
    assert_int_equal(tare_pool_new(NULL, 4, run_backwards, &self, &pool, NULL), TARE_OK);
    assert_int_equal(living_threads(), before);
    assert_int_equal(tare_pool_threads(pool), 4);
    tally seen = {{0}};
    tare_pool_run(pool, 9, visit, &seen);
    assert_int_equal(self.calls, 1);
    assert_int_equal(self.slices, 9);
    for (int i = 0; i < 10; i++) assert_int_equal(seen.visits[i], i < 9 ? 1 : 0);
    tare_pool_free(pool);
}

/* ------------------------------------------------------------------------------------ fork */

/* The thread sanitizer does not let a child of a process with threads start threads. */
#if defined(__SANITIZE_THREAD__)
#define CHILD_MAY_START_THREADS false
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CHILD_MAY_START_THREADS false
#endif
#endif
#ifndef CHILD_MAY_START_THREADS
#define CHILD_MAY_START_THREADS true
#endif

/* What a child finds: 0 when all is as promised. */
static int look_around_in_child(tare_pool *pool) {
    alarm(20); /* a hang kills the child, which the parent sees */
    if (!tare_pool_is_foreign(pool)) return 1;
    tally seen = {{0}};
    for (int run = 0; run < 50; run++) tare_pool_run(pool, 20, visit, &seen);
    for (int i = 0; i < 20; i++)
        if (seen.visits[i] != 50) return 2;
    tare_pool_free(pool);
    if (!CHILD_MAY_START_THREADS) return 0;
    tare_pool *own = NULL;
    if (tare_pool_new(NULL, 2, NULL, NULL, &own, NULL) != TARE_OK) return 3;
    if (tare_pool_is_foreign(own)) return 4;
    tare_pool_run(own, 20, visit, &seen);
    tare_pool_free(own);
    for (int i = 0; i < 20; i++)
        if (seen.visits[i] != 51) return 5;
    return 0;
}

static void test_a_forked_child_neither_hangs_nor_joins(void **state) {
    (void)state;
    for (int asleep = 0; asleep < 2; asleep++) {
        tare_pool *pool = new_pool(3);
        tally seen = {{0}};
        tare_pool_run(pool, 20, visit, &seen);
        if (asleep) pause_for(20000);
        assert_false(tare_pool_is_foreign(pool));
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) _exit(look_around_in_child(pool));
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        tare_pool_run(pool, 20, visit, &seen);
        assert_int_equal(seen.visits[19], 2);
        tare_pool_free(pool);
    }
}

/* ---------------------------------------------------------------------------- odds and ends */

static void test_processors_are_those_this_process_may_use(void **state) {
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(tare_processor_count(), CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(tare_processor_count(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

typedef struct contest {
    tare_flag flag;
    int inside; /* not atomic: the flag guards it */
    int entered;
} contest;

static void try_to_enter(void *context, int64_t slice) {
    (void)slice;
    contest *all = context;
    if (!tare_flag_take(&all->flag)) return;
    all->inside++;
    all->entered += all->inside == 1;
    all->inside--;
    tare_flag_give(&all->flag);
}

static void test_a_flag_is_taken_by_one_at_a_time(void **state) {
    (void)state;
    tare_flag flag = {0};
    assert_false(tare_flag_read(&flag));
    assert_true(tare_flag_take(&flag));
    assert_true(tare_flag_read(&flag));
    assert_false(tare_flag_take(&flag));
    tare_flag_give(&flag);
    assert_true(tare_flag_take(&flag));
    tare_flag_give(&flag);
    tare_flag_set(&flag);
    assert_true(tare_flag_read(&flag));

    tare_pool *pool = new_pool(4);
    contest all = {{0}, 0, 0};
    tare_pool_run(pool, 1000, try_to_enter, &all);
    assert_int_equal(all.inside, 0);
    assert_true(all.entered > 0);
    assert_false(tare_flag_read(&all.flag));
    tare_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_slice_runs_once),
        cmocka_unit_test(test_without_a_pool_slices_run_in_the_caller),
        cmocka_unit_test(test_a_pool_of_one_starts_no_thread),
        cmocka_unit_test(test_many_tiny_runs_in_a_row),
        cmocka_unit_test(test_slices_run_at_the_same_time),
        cmocka_unit_test(test_workers_block_all_signals_and_the_caller_keeps_its_mask),
        cmocka_unit_test(test_a_slow_slice_holds_up_no_other),
        cmocka_unit_test(test_sums_have_the_same_bits_for_every_thread_count),
        cmocka_unit_test(test_idle_workers_sleep),
        cmocka_unit_test(test_thread_counts_out_of_range_are_refused),
        cmocka_unit_test(test_a_thread_that_cannot_start_ends_in_a_status_and_leaves_none),
        cmocka_unit_test(test_memory_that_runs_out_ends_in_a_status),
        cmocka_unit_test(test_the_hosts_executor_takes_the_place_of_threads),
        cmocka_unit_test(test_a_forked_child_neither_hangs_nor_joins),
        cmocka_unit_test(test_processors_are_those_this_process_may_use),
        cmocka_unit_test(test_a_flag_is_taken_by_one_at_a_time),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
