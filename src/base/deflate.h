/* SPDX-License-Identifier: Apache-2.0 */
/* Packing into a zlib stream (RFC 1950): deflated with zlib, stored without it. */
#ifndef TARE_SRC_BASE_DEFLATE_H
#define TARE_SRC_BASE_DEFLATE_H

#include "base/text.h"

/* Appends the stream of the bytes to text, which is `failed` when memory ran out. */
void tare_deflate(const unsigned char *bytes, size_t count, tare_text *text);

#endif
