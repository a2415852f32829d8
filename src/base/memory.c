/* SPDX-License-Identifier: Apache-2.0 */
/* Memory through an allocator: the default one, checked sizes, growable vectors. */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Passes over arrays of some megabytes wait for addresses to be looked up more than for memory:
 * huge pages make batch normalisation of 26 MB 1.1 times as fast.
 */
static void wish_for_huge_pages(void *block, size_t bytes) {
#ifdef MADV_HUGEPAGE
    if (block != NULL) (void)madvise(block, bytes, MADV_HUGEPAGE); /* refused: as before */
#else
    (void)block;
    (void)bytes;
#endif
}

static void *default_allocate(void *user, size_t bytes) {
    (void)user;
    const bool large = bytes >= 2 * TARE_HUGE_PAGE;
    const size_t alignment = large ? TARE_HUGE_PAGE : TARE_ALIGNMENT;
    if (bytes > SIZE_MAX - (alignment - 1)) return NULL;
    /* aligned_alloc wants a multiple of the alignment. */
    const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    void *block = aligned_alloc(alignment, rounded);
    if (large) wish_for_huge_pages(block, rounded);
    return block;
}

static void default_free(void *user, void *block, size_t bytes) {
    (void)user;
    (void)bytes;
    free(block);
}

/* realloc would lose the alignment, so a block moves by hand. */
static void *default_resize(void *user, void *block, size_t old_bytes, size_t bytes) {
    void *moved = default_allocate(user, bytes);
    if (moved == NULL) return NULL;
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    default_free(user, block, old_bytes);
    return moved;
}

const tare_allocator tare_default_allocator = {default_allocate, default_resize, default_free,
                                               NULL};

bool tare_multiply_sizes(int64_t a, int64_t b, int64_t *product) {
    if (a < 0 || b < 0) return false;
    if (b != 0 && a > INT64_MAX / b) return false;
    *product = a * b;
    return true;
}

bool tare_add_sizes(int64_t a, int64_t b, int64_t *sum) {
    if (a < 0 || b < 0 || a > INT64_MAX - b) return false;
    *sum = a + b;
    return true;
}

static const tare_allocator *chosen(const tare_allocator *allocator) {
    return allocator == NULL ? &tare_default_allocator : allocator;
}

/* An allocator is never asked for nothing, so that NULL always means that there is no memory. */
static size_t at_least_one(size_t bytes) { return bytes == 0 ? 1 : bytes; }

void *tare_allocate(const tare_allocator *allocator, size_t bytes) {
    allocator = chosen(allocator);
    return allocator->allocate(allocator->user, at_least_one(bytes));
}

void *tare_allocate_zeroed(const tare_allocator *allocator, size_t bytes) {
    void *block = tare_allocate(allocator, bytes);
    if (block != NULL) memset(block, 0, at_least_one(bytes));
    return block;
}

void *tare_allocate_array(const tare_allocator *allocator, int64_t count, size_t size) {
    int64_t bytes;
    if (size > INT64_MAX || !tare_multiply_sizes(count, (int64_t)size, &bytes)) return NULL;
    if ((uint64_t)bytes > SIZE_MAX) return NULL;
    return tare_allocate_zeroed(allocator, (size_t)bytes);
}

void *tare_resize(const tare_allocator *allocator, void *block, size_t old_bytes, size_t bytes) {
    if (block == NULL) return tare_allocate(allocator, bytes);
    allocator = chosen(allocator);
    return allocator->resize(allocator->user, block, at_least_one(old_bytes), at_least_one(bytes));
}

void tare_release(const tare_allocator *allocator, void *block, size_t bytes) {
    if (block == NULL) return;
    allocator = chosen(allocator);
    allocator->free(allocator->user, block, at_least_one(bytes));
}

/* The size lies in front of such a block. */
#define SIZE_HEADER TARE_ALIGNMENT

void *tare_allocate_sized(const tare_allocator *allocator, size_t bytes) {
    if (bytes > SIZE_MAX - SIZE_HEADER) return NULL;
    char *whole = tare_allocate(allocator, bytes + SIZE_HEADER);
    if (whole == NULL) return NULL;
    memcpy(whole, &bytes, sizeof bytes);
    return whole + SIZE_HEADER;
}

size_t tare_sized_bytes(const void *block) {
    size_t bytes = 0;
    if (block != NULL) memcpy(&bytes, (const char *)block - SIZE_HEADER, sizeof bytes);
    return bytes;
}

void tare_release_sized(const tare_allocator *allocator, void *block) {
    if (block == NULL) return;
    tare_release(allocator, (char *)block - SIZE_HEADER, tare_sized_bytes(block) + SIZE_HEADER);
}

bool tare_vector_reserve_(const tare_allocator *allocator, void **items, int64_t *capacity,
                          int64_t count, int64_t more, size_t size) {
    int64_t wanted, bytes;
    if (!tare_add_sizes(count, more, &wanted)) return false;
    if (wanted <= *capacity) return true;
    if (*capacity <= INT64_MAX / 2 && wanted < 2 * *capacity) wanted = 2 * *capacity;
    if (wanted < 8) wanted = 8;
    if (size > INT64_MAX || !tare_multiply_sizes(wanted, (int64_t)size, &bytes)) return false;
    if ((uint64_t)bytes > SIZE_MAX) return false;
    void *grown = tare_resize(allocator, *items, (size_t)*capacity * size, (size_t)bytes);
    if (grown == NULL) return false;
    *items = grown;
    *capacity = wanted;
    return true;
}
