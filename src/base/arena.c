/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arenas: blocks cut from a list of chunks, given back all at once or down to a mark.
 *
 *     first -> chunk -> chunk -> chunk -> NULL
 *              full     current  empty, kept by a rewind
 */
#include "base/memory.h"

#include <string.h>

#define FIRST_CHUNK     ((size_t)4096)
#define LARGEST_CHUNK   ((size_t)1 << 20) /* larger only for a block that needs it */
#define SMALL_ALIGNMENT ((size_t)16)
#define LARGE_BLOCK     ((size_t)256) /* from here on blocks are aligned to TARE_ALIGNMENT */

typedef struct chunk {
    struct chunk *next;
    size_t bytes, used; /* of the whole chunk, this header counted */
} chunk;

#define HEADER ((sizeof(chunk) + TARE_ALIGNMENT - 1) / TARE_ALIGNMENT * TARE_ALIGNMENT)

struct tare_arena {
    tare_allocator allocator;
    chunk *first;
    chunk *current;    /* NULL: nothing is in use */
    size_t next_bytes; /* size of the next chunk */
};

tare_arena *tare_arena_new(const tare_allocator *allocator) {
    tare_arena *arena = tare_allocate_zeroed(allocator, sizeof *arena);
    if (arena == NULL) return NULL;
    arena->allocator = allocator == NULL ? tare_default_allocator : *allocator;
    arena->next_bytes = FIRST_CHUNK;
    return arena;
}

void tare_arena_free(tare_arena *arena) {
    if (arena == NULL) return;
    const tare_allocator allocator = arena->allocator;
    for (chunk *at = arena->first, *next; at != NULL; at = next) {
        next = at->next;
        tare_release(&allocator, at, at->bytes);
    }
    tare_release(&allocator, arena, sizeof *arena);
}

/* Cuts a block from a chunk; NULL when it does not fit. */
static void *cut(chunk *from, size_t bytes) {
    const size_t alignment = bytes >= LARGE_BLOCK ? TARE_ALIGNMENT : SMALL_ALIGNMENT;
    const size_t start = (from->used + alignment - 1) / alignment * alignment;
    if (start > from->bytes || bytes > from->bytes - start) return NULL;
    from->used = start + bytes;
    return (char *)from + start;
}

/* Puts a new chunk that holds at least one block of `bytes` behind the current one. */
static chunk *grow(tare_arena *arena, size_t bytes) {
    size_t size = arena->next_bytes;
    if (size < LARGEST_CHUNK) arena->next_bytes = 2 * size;
    if (size - HEADER < bytes) size = bytes + HEADER;
    chunk *added = tare_allocate(&arena->allocator, size);
    if (added == NULL) return NULL;
    chunk **link = arena->current == NULL ? &arena->first : &arena->current->next;
    *added = (chunk){.next = *link, .bytes = size, .used = HEADER};
    *link = added;
    return added;
}

void *tare_arena_allocate(tare_arena *arena, size_t bytes) {
    if (bytes == 0) bytes = 1;
    if (bytes > SIZE_MAX - HEADER) return NULL;
    void *block = arena->current == NULL ? NULL : cut(arena->current, bytes);
    if (block == NULL) {
        chunk *kept = arena->current == NULL ? arena->first : arena->current->next;
        if (kept == NULL || kept->bytes - HEADER < bytes) kept = grow(arena, bytes);
        if (kept == NULL) return NULL;
        kept->used = HEADER;
        arena->current = kept;
        block = cut(kept, bytes);
    }
    memset(block, 0, bytes);
    return block;
}

void *tare_arena_allocate_array(tare_arena *arena, int64_t count, size_t size) {
    int64_t bytes;
    if (size > INT64_MAX || !tare_multiply_sizes(count, (int64_t)size, &bytes)) return NULL;
    if ((uint64_t)bytes > SIZE_MAX) return NULL;
    return tare_arena_allocate(arena, (size_t)bytes);
}

char *tare_arena_text(tare_arena *arena, const char *text) {
    if (text == NULL) return NULL;
    const size_t bytes = strlen(text) + 1;
    char *copy = tare_arena_allocate(arena, bytes);
    if (copy != NULL) memcpy(copy, text, bytes);
    return copy;
}

tare_arena_mark tare_arena_where(const tare_arena *arena) {
    return (tare_arena_mark){.chunk = arena->current,
                             .used = arena->current == NULL ? 0 : arena->current->used};
}

void tare_arena_rewind(tare_arena *arena, tare_arena_mark mark) {
    arena->current = mark.chunk;
    if (arena->current != NULL) arena->current->used = mark.used;
}
