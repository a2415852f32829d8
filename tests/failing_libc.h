/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for the C library's aligned_alloc in the test program that includes it, so that the
 * default allocator fails at the n-th call. For functions that take no allocator of the caller's.
 */
#ifndef TARE_TESTS_FAILING_LIBC_H
#define TARE_TESTS_FAILING_LIBC_H

#include <stdint.h>
#include <stdlib.h>

static int64_t libc_calls;   /* since they were last set to 0 */
static int64_t libc_fail_at; /* this call and all later ones fail; 0: none */

void *aligned_alloc(size_t alignment, size_t bytes) {
    libc_calls++;
    if (libc_fail_at > 0 && libc_calls >= libc_fail_at) return NULL;
    void *block = NULL;
    return posix_memalign(&block, alignment, bytes) == 0 ? block : NULL;
}

/* From now on the nth call fails; 0: none. */
static inline void libc_fail(int64_t nth) {
    libc_calls = 0;
    libc_fail_at = nth;
}

#endif
