/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator for tests: counts what is out, checks that every block comes back with its size, and
 * fails the n-th call on demand. Not for several threads at once.
 */
#ifndef TARE_TESTS_FAILING_ALLOCATOR_H
#define TARE_TESTS_FAILING_ALLOCATOR_H

#include <stdlib.h>
#include <string.h>
#include <tare/base.h>

typedef struct failing_allocator {
    int64_t calls;        /* allocate and resize */
    int64_t fail_at;      /* this call and all later ones fail; 0: none */
    int64_t blocks;       /* out now */
    int64_t bytes;        /* out now */
    int64_t wrong_sizes;  /* blocks that came back with another size */
    tare_allocator hooks; /* pass &hooks */
} failing_allocator;

#define FAILING_ALLOCATOR_HEADER 64 /* holds the size, keeps the alignment */

static inline void *failing_allocate(void *user, size_t bytes) {
    failing_allocator *self = user;
    self->calls++;
    if (self->fail_at > 0 && self->calls >= self->fail_at) return NULL;
    if (bytes > (size_t)1 << 40) return NULL;
    char *block = aligned_alloc(64, (FAILING_ALLOCATOR_HEADER + bytes + 63) / 64 * 64);
    if (block == NULL) return NULL;
    memcpy(block, &bytes, sizeof bytes);
    memset(block + FAILING_ALLOCATOR_HEADER, 0xA5, bytes); /* nobody may count on zeros */
    self->blocks++;
    self->bytes += (int64_t)bytes;
    return block + FAILING_ALLOCATOR_HEADER;
}

static inline void failing_free(void *user, void *block, size_t bytes) {
    failing_allocator *self = user;
    char *start = (char *)block - FAILING_ALLOCATOR_HEADER;
    size_t was;
    memcpy(&was, start, sizeof was);
    if (was != bytes) self->wrong_sizes++;
    self->blocks--;
    self->bytes -= (int64_t)was;
    free(start);
}

static inline void *failing_resize(void *user, void *block, size_t old_bytes, size_t bytes) {
    void *moved = failing_allocate(user, bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    failing_free(user, block, old_bytes);
    return moved;
}

/* Starts counting anew, with the given call failing. */
static inline const tare_allocator *failing_allocator_start(failing_allocator *self,
                                                            int64_t fail_at) {
    *self = (failing_allocator){.fail_at = fail_at};
    self->hooks = (tare_allocator){failing_allocate, failing_resize, failing_free, self};
    return &self->hooks;
}

/* True when everything came back as it went out. */
static inline bool failing_allocator_is_clean(const failing_allocator *self) {
    return self->blocks == 0 && self->bytes == 0 && self->wrong_sizes == 0;
}

#endif
