/* SPDX-License-Identifier: Apache-2.0 */
/* What zlib's streams get their memory from; in builds with zlib alone. */
#ifndef TARE_SRC_BASE_ZLIB_MEMORY_H
#define TARE_SRC_BASE_ZLIB_MEMORY_H

#include <tare/base.h>
#include <zlib.h>

/* Makes a stream that was not begun yet take its memory from allocator, which must outlive it. */
void tare_zlib_use(z_stream *stream, const tare_allocator *allocator);

#endif
