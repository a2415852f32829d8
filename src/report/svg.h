/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes that pictures are made of, as SVG text: plain, without scripts or fonts of their own.
 */
#ifndef TARE_SRC_REPORT_SVG_H
#define TARE_SRC_REPORT_SVG_H

#include "base/text.h"

/* Opens a white picture; tare_svg_end closes it. */
void tare_svg_begin(tare_text *svg, double width, double height, const char *title);
void tare_svg_end(tare_text *svg);

/* A coordinate: a hundredth of a pixel is fine enough. */
void tare_svg_pixel(tare_text *svg, double pixel);
/* NAME="PIXEL" with a space before it. */
void tare_svg_attribute(tare_text *svg, const char *name, double pixel);
/* more: further attributes, each with a space before it. */
void tare_svg_text(tare_text *svg, double x, double y, const char *more, const char *text);
void tare_svg_line(tare_text *svg, double x1, double y1, double x2, double y2, const char *more);
void tare_svg_rectangle(tare_text *svg, double x, double y, double width, double height,
                        const char *more);

#endif
