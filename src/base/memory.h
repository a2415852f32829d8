/* SPDX-License-Identifier: Apache-2.0 */
/* Memory through an allocator, with checked sizes; arenas; growable vectors. Nothing else in the
 * library calls malloc. */
#ifndef TARE_SRC_BASE_MEMORY_H
#define TARE_SRC_BASE_MEMORY_H

#include <tare/base.h>

#define TARE_ALIGNMENT 64

/* Linux's, on x86-64 and with common kernels on aarch64. */
#define TARE_HUGE_PAGE ((size_t)2 << 20)

/* The C library's aligned_alloc, behind the allocator interface. Blocks of two huge pages and more
 * begin at one and ask for them. */
extern const tare_allocator tare_default_allocator;

/* *product = a * b, or false when it does not fit (or either is negative). */
bool tare_multiply_sizes(int64_t a, int64_t b, int64_t *product);
bool tare_add_sizes(int64_t a, int64_t b, int64_t *sum);

/* Memory of the allocator (NULL: the default one); NULL when there is none. Zero bytes give a
 * one-byte block. */
void *tare_allocate(const tare_allocator *allocator, size_t bytes);
void *tare_allocate_zeroed(const tare_allocator *allocator, size_t bytes);
/* count * size bytes, zeroed; NULL also when the product overflows. */
void *tare_allocate_array(const tare_allocator *allocator, int64_t count, size_t size);
void *tare_resize(const tare_allocator *allocator, void *block, size_t old_bytes, size_t bytes);
/* block may be NULL; bytes as it was allocated. */
void tare_release(const tare_allocator *allocator, void *block, size_t bytes);

/* Blocks that know their size, for libraries that do not tell it when they give one back. */
void *tare_allocate_sized(const tare_allocator *allocator, size_t bytes); /* NULL: no memory */
size_t tare_sized_bytes(const void *block); /* as it was allocated; 0 for NULL */
void tare_release_sized(const tare_allocator *allocator, void *block); /* block may be NULL */

/*
 * An arena: many small blocks, freed all at once. Blocks are aligned to 16 bytes (to 64 from 256
 * bytes on). Grows by chunks through the allocator it was made with (copied).
 */
typedef struct tare_arena tare_arena;
tare_arena *tare_arena_new(const tare_allocator *allocator); /* NULL: no memory */
void *tare_arena_allocate(tare_arena *arena, size_t bytes);  /* NULL: no memory; zeroed */
void *tare_arena_allocate_array(tare_arena *arena, int64_t count, size_t size);
char *tare_arena_text(tare_arena *arena,
                      const char *text); /* a copy; NULL for NULL, or no memory */
void tare_arena_free(tare_arena *arena); /* NULL allowed */

/*
 * A place to return to: tare_arena_rewind gives back everything allocated since (memory is kept for
 * reuse). Used to leave a graph as it was when a builder fails half way.
 */
typedef struct tare_arena_mark {
    void *chunk;
    size_t used;
} tare_arena_mark;
tare_arena_mark tare_arena_where(const tare_arena *arena);
void tare_arena_rewind(tare_arena *arena, tare_arena_mark mark);

/*
 * A growable vector: `struct { T *items; int64_t count, capacity; }`. tare_vector_reserve makes
 * room for `more` items beyond count (capacity doubles); false: no memory, the vector is as it was.
 */
#define TARE_VECTOR(T)                                                                             \
    struct {                                                                                       \
        T *items;                                                                                  \
        int64_t count, capacity;                                                                   \
    }
bool tare_vector_reserve_(const tare_allocator *allocator, void **items, int64_t *capacity,
                          int64_t count, int64_t more, size_t size);
#define tare_vector_reserve(allocator, vector, more)                                               \
    tare_vector_reserve_((allocator), (void **)&(vector)->items, &(vector)->capacity,              \
                         (vector)->count, (more), sizeof *(vector)->items)
#define tare_vector_free(allocator, vector)                                                        \
    tare_release((allocator), (vector)->items, (size_t)(vector)->capacity * sizeof *(vector)->items)

#endif
