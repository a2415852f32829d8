/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failing memory, from two sides: an allocator passed to graph and session, and the C library's own
 * functions as the library calls them (the linker's --wrap). Failing threads beside.
 */
#include "memory/harness.h"

#include "base/threads.h"
#include "wrapped_libc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------ the two sources */

/* Counts calls; the one numbered fail_at fails, and all later ones too unless only_one. */
typedef struct counter {
    int64_t calls, fail_at, blocks, wrong_sizes;
    bool only_one;
} counter;

static bool fails(counter *c) {
    c->calls++;
    return c->fail_at && (c->only_one ? c->calls == c->fail_at : c->calls >= c->fail_at);
}

static counter libc_counter; /* of the wrapped functions; these tests run on one thread */
static bool libc_counts;

static bool libc_fails(void) { return libc_counts && fails(&libc_counter); }

void *__wrap_malloc(size_t bytes) { return libc_fails() ? NULL : __real_malloc(bytes); }
void *__wrap_calloc(size_t count, size_t bytes) {
    return libc_fails() ? NULL : __real_calloc(count, bytes);
}
void *__wrap_realloc(void *block, size_t bytes) {
    return libc_fails() ? NULL : __real_realloc(block, bytes);
}
void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    return libc_fails() ? NULL : __real_aligned_alloc(alignment, bytes);
}
int __wrap_posix_memalign(void **block, size_t alignment, size_t bytes) {
    return libc_fails() ? 12 /* ENOMEM */ : __real_posix_memalign(block, alignment, bytes);
}

#define HEADER 64 /* holds a block's size and keeps its alignment */

static void *hook_allocate(void *user, size_t bytes) {
    counter *c = user;
    if (fails(c) || bytes > SIZE_MAX - 2 * HEADER) return NULL;
    char *block = __real_aligned_alloc(64, (HEADER + bytes + 63) / 64 * 64);
    if (!block) return NULL;
    memcpy(block, &bytes, sizeof bytes);
    memset(block + HEADER, 0xA5, bytes); /* nobody may count on zeros */
    c->blocks++;
    return block + HEADER;
}

static void hook_free(void *user, void *block, size_t bytes) {
    counter *c = user;
    size_t was;
    memcpy(&was, (char *)block - HEADER, sizeof was);
    if (was != bytes) c->wrong_sizes++;
    c->blocks--;
    free((char *)block - HEADER);
}

static void *hook_resize(void *user, void *block, size_t old_bytes, size_t bytes) {
    void *moved = hook_allocate(user, bytes);
    if (!moved) return NULL;
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    hook_free(user, block, old_bytes);
    return moved;
}

/* ------------------------------------------------------------------------------------- the rounds
 */

static int64_t complaints;

static void complain(const char *round, int64_t n, const char *what) {
    if (complaints++ < 20) printf("FAIL %s, call %lld: %s\n", round, (long long)n, what);
}

/* A run in which something failed ends well (the library did without) or with TARE_ERROR_MEMORY. */
static void judge(const char *round, int64_t n, tare_status status) {
    if (status != TARE_OK && status != TARE_ERROR_MEMORY)
        complain(round, n, tare_status_name(status));
}

static tare_status run_hooked(memory_program program, counter *c) {
    const tare_allocator hooks = {hook_allocate, hook_resize, hook_free, c};
    return program(&hooks, 1);
}

static void judge_hooks(const char *round, int64_t n, const counter *c) {
    if (c->blocks) complain(round, n, "blocks were not given back");
    if (c->wrong_sizes) complain(round, n, "blocks came back with another size");
}

/* Each call of the allocator of graph and session fails: alone, and with all that follow. */
static int64_t fail_hooks(memory_program program) {
    counter c = {0};
    judge("allocator", 0, run_hooked(program, &c));
    judge_hooks("allocator", 0, &c);
    int64_t calls = c.calls;
    for (int only_one = 0; only_one < 2; only_one++)
        for (int64_t n = 1; n <= calls; n++) {
            const char *round =
                only_one ? "allocator, one fails" : "allocator, all fail from then on";
            c = (counter){.fail_at = n, .only_one = only_one};
            judge(round, n, run_hooked(program, &c));
            judge_hooks(round, n, &c);
        }
    return calls;
}

/* Each of the library's calls of malloc and its kin fails; leaks are the leak checker's to find. */
static int64_t fail_libc(memory_program program) {
    libc_counts = true;
    libc_counter = (counter){0};
    judge("malloc", 0, program(NULL, 1));
    int64_t calls = libc_counter.calls;
    for (int64_t n = 1; n <= calls; n++) {
        libc_counter = (counter){.fail_at = n, .only_one = n % 2};
        judge("malloc", n, program(NULL, 1));
    }
    libc_counts = false;
    return calls;
}

/* A session of 4 threads of which the n-th cannot be started. */
static void fail_threads(memory_program program) {
    for (int64_t n = 1; n <= 3; n++) {
        tare_pool_fail_thread(n);
        tare_status status = program(NULL, 4);
        if (status != TARE_ERROR_SYSTEM) complain("threads", n, tare_status_name(status));
    }
    tare_pool_fail_thread(0);
    if (program(NULL, 4) != TARE_OK) complain("threads", 0, "fails when none does");
}

int memory_main(int count, char **words, memory_program program) {
    bool once = count > 1 && !strcmp(words[1], "--once");
    if (program(NULL, 1) != TARE_OK) {
        printf("FAIL the program itself\n");
        return 1;
    }
    if (once) return 0;
    int64_t hooked = fail_hooks(program), direct = fail_libc(program);
    fail_threads(program);
    printf("%lld calls of the allocator and %lld of malloc failed in turn, 3 threads: %lld "
           "complaints\n",
           (long long)hooked, (long long)direct, (long long)complaints);
    return complaints || hooked == 0 || direct == 0;
}
