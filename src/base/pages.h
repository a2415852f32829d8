/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first touch of a large block, on all threads and in huge pages.
 *
 * The system gives memory page by page when it is first written, which for 4 KiB pages takes .3
 * milliseconds a megabyte. Huge pages, which the default allocator asks for, take a quarter of
 * that, and computing in them misses fewer addresses. But a virtual machine may have given its free
 * huge pages back to the host, which then brings them in small ones: 4 milliseconds each. When two
 * have taken longer than their small pages would, the rest of the block is left to small pages.
 */
#ifndef TARE_SRC_BASE_PAGES_H
#define TARE_SRC_BASE_PAGES_H

#include "base/threads.h"

/*
 * Touches a block of the default allocator that will be written as a whole, and whose numbers are
 * not set yet. Blocks below 16 MiB, and all where the system has no such advice, are left as they
 * are. The block is used as any other, and freed as any other.
 */
void tare_pages_touch(tare_pool *pool, void *block, size_t bytes);

/* Pages of such a block that are touched: whole huge pages inside it; *first is the first one's
 * address. */
int64_t tare_pages_inside(void *block, size_t bytes, char **first);

#endif
