/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's allocating functions where the linker's --wrap leads calls of them, and the real
 * ones. */
#ifndef TARE_TESTS_WRAPPED_LIBC_H
#define TARE_TESTS_WRAPPED_LIBC_H

#include <stddef.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
int __real_posix_memalign(void **block, size_t alignment, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
int __wrap_posix_memalign(void **block, size_t alignment, size_t bytes);

#endif
