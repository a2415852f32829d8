/* SPDX-License-Identifier: Apache-2.0 */
/* The first touch of a large block, on all threads and in huge pages. */
#include "base/pages.h"

#include <sys/mman.h>

#include "base/clock.h"
#include "base/memory.h"

#define LEAST_BYTES  ((size_t)16 << 20)
#define MOST_SLOW    2
#define SLOW_SECONDS 1.5e-3 /* a huge page takes .2 milliseconds, its small pages take .8 */

typedef struct touching {
    char *first;
    int64_t slow; /* accessed atomically */
} touching;

int64_t tare_pages_inside(void *block, size_t bytes, char **first) {
    const size_t before = (TARE_HUGE_PAGE - (uintptr_t)block % TARE_HUGE_PAGE) % TARE_HUGE_PAGE;
    *first = (char *)block + before;
    return bytes < LEAST_BYTES ? 0 : (int64_t)((bytes - before) / TARE_HUGE_PAGE);
}

#ifdef MADV_NOHUGEPAGE
static void touch(void *context, int64_t page) {
    touching *t = context;
    if (__atomic_load_n(&t->slow, __ATOMIC_RELAXED) >= MOST_SLOW) return;
    const double begin = tare_clock_seconds();
    *(volatile char *)(t->first + (size_t)page * TARE_HUGE_PAGE) = 0;
    if (tare_clock_seconds() - begin > SLOW_SECONDS)
        (void)__atomic_add_fetch(&t->slow, 1, __ATOMIC_RELAXED);
}

void tare_pages_touch(tare_pool *pool, void *block, size_t bytes) {
    touching t = {.slow = 0};
    const int64_t pages = tare_pages_inside(block, bytes, &t.first);
    if (pages == 0) return;
    tare_pool_run(pool, pages, touch, &t);
    const size_t touched = (size_t)pages * TARE_HUGE_PAGE;
    if (t.slow >= MOST_SLOW) (void)madvise(t.first, touched, MADV_NOHUGEPAGE); /* or stays huge */
}
#else
void tare_pages_touch(tare_pool *pool, void *block, size_t bytes) {
    (void)pool;
    (void)block;
    (void)bytes;
}
#endif
