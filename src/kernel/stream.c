/* SPDX-License-Identifier: Apache-2.0 */
/* Stores past the caches: those of SSE2, which every x86-64 processor has. */
#include "kernel/stream.h"

#include "kernel/slices.h"

#include <string.h>

/*
 * What a pass touches beyond this is in no cache when the next one reads it: the last caches of
 * today's processors hold this much or, shared by many cores, less. A number of its own for every
 * processor would make speed harder to foresee; it would change no bit.
 */
#define LAST_CACHE ((int64_t)32 << 20)

#if defined(__SSE2__)
#include <emmintrin.h>

enum { LINE = 64, VECTOR = sizeof(__m128i) };

bool tare_stream_pays(int64_t touched) { return touched > LAST_CACHE; }

static void stream_line(char *to, const char *from) {
    for (int i = 0; i < LINE; i += VECTOR)
        _mm_stream_si128((__m128i *)(void *)(to + i),
                         _mm_loadu_si128((const __m128i *)(const void *)(from + i)));
}

/* Only whole lines go past the caches. */
void tare_stream(void *to, const void *from, int64_t bytes) {
    char *at = to;
    const char *source = from;
    const int64_t before = tare_least((int64_t)(-(uintptr_t)to % LINE), bytes);
    memcpy(at, source, (size_t)before);
    int64_t i = before;
    for (; i + LINE <= bytes; i += LINE) stream_line(at + i, source + i);
    memcpy(at + i, source + i, (size_t)(bytes - i));
}

void tare_stream_end(void) { _mm_sfence(); }

#else

bool tare_stream_pays(int64_t touched) {
    (void)touched;
    return false;
}

void tare_stream(void *to, const void *from, int64_t bytes) { memcpy(to, from, (size_t)bytes); }

void tare_stream_end(void) {}

#endif
