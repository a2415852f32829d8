/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes that pictures are made of, as SVG text. */
#include "report/svg.h"

#include "report/xml.h"

void tare_svg_begin(tare_text *svg, double width, double height, const char *title) {
    tare_text_add(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    tare_svg_attribute(svg, "width", width);
    tare_svg_attribute(svg, "height", height);
    tare_text_add(svg, " font-family=\"sans-serif\" font-size=\"12\" fill=\"#202020\">\n<title>");
    tare_xml_add(svg, title);
    tare_text_add(svg, "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
}

void tare_svg_end(tare_text *svg) { tare_text_add(svg, "</svg>\n"); }

void tare_svg_pixel(tare_text *svg, double pixel) {
    char text[TARE_NUMBER_TEXT];
    tare_text_add(svg, tare_fixed_text(text, pixel, 2));
}

void tare_svg_attribute(tare_text *svg, const char *name, double pixel) {
    tare_text_format(svg, " %s=\"", name);
    tare_svg_pixel(svg, pixel);
    tare_text_add(svg, "\"");
}

void tare_svg_text(tare_text *svg, double x, double y, const char *more, const char *text) {
    tare_text_add(svg, "<text");
    tare_svg_attribute(svg, "x", x);
    tare_svg_attribute(svg, "y", y);
    tare_text_format(svg, "%s>", more);
    tare_xml_add(svg, text);
    tare_text_add(svg, "</text>\n");
}

void tare_svg_line(tare_text *svg, double x1, double y1, double x2, double y2, const char *more) {
    tare_text_add(svg, "<line");
    tare_svg_attribute(svg, "x1", x1);
    tare_svg_attribute(svg, "y1", y1);
    tare_svg_attribute(svg, "x2", x2);
    tare_svg_attribute(svg, "y2", y2);
    tare_text_format(svg, "%s/>\n", more);
}

void tare_svg_rectangle(tare_text *svg, double x, double y, double width, double height,
                        const char *more) {
    tare_text_add(svg, "<rect");
    tare_svg_attribute(svg, "x", x);
    tare_svg_attribute(svg, "y", y);
    tare_svg_attribute(svg, "width", width);
    tare_svg_attribute(svg, "height", height);
    tare_text_format(svg, "%s/>\n", more);
}
