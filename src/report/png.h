/* SPDX-License-Identifier: Apache-2.0 */
/* Images as PNG files. */
#ifndef TARE_SRC_REPORT_PNG_H
#define TARE_SRC_REPORT_PNG_H

#include "base/text.h"

/* Pixels of 8 bits a channel, row by row. */
typedef struct tare_picture {
    int64_t width, height, channels; /* channels: 1 grey, 2 with alpha, 3 RGB, 4 with alpha */
    const unsigned char *pixels;
} tare_picture;

/*
 * Appends the file's bytes to text, which is `failed` when memory ran out. False: nothing was
 * appended, since PNG has no such images (no pixel, an extent of 2^31 or more).
 */
bool tare_png_add(tare_text *text, const tare_picture *picture);

#endif
