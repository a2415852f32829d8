/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line plots as SVG.
 *
 *     title
 *     y label | ticks | frame with grid and lines | legend
 *                       ticks
 *                       x label
 */
#include "report/plot.h"
#include "report/plot_axis.h"
#include "report/svg.h"

#include <string.h>

#define LEFT           72
#define TOP            40
#define BOTTOM         52
#define RIGHT          20
#define LETTER         7 /* pixels of a letter, about */
#define LEGEND_ROW     20
#define LEGEND_MARK    22
#define LEGEND_LETTERS 28 /* longer labels are cut */
#define MOST_POINTS    2000
#define MOST_DOTS      32 /* lines of so few points get a dot at each */

/* Colours that the colour-blind tell apart (Okabe and Ito 2008), black last. */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                      "#e69f00", "#56b4e9", "#000000"};
#define COLOURS (sizeof colours / sizeof *colours)
/* The second round of colours is dashed, the third dotted. */
static const char *const dashes[] = {"", " stroke-dasharray=\"6 3\"", " stroke-dasharray=\"2 3\""};
#define DASHES (sizeof dashes / sizeof *dashes)

static const char *colour_of(size_t series) { return colours[series % COLOURS]; }
static const char *dash_of(size_t series) { return dashes[series / COLOURS % DASHES]; }

typedef struct drawing {
    const tare_plot *plot;
    tare_text *svg;
    double width, height, left, right, top, bottom; /* of the frame, in pixels */
    tare_axis x, y;
} drawing;

/* ---------------------------------------------------------------------------------- the frame */

/* Letters of the longest label, as far as it is shown. */
static size_t longest_label(const tare_plot *plot) {
    size_t longest = 0;
    for (size_t i = 0; i < plot->series_count; i++) {
        const char *label = plot->series[i].label;
        const size_t length = label == NULL ? 0 : strlen(label);
        if (length > longest) longest = length;
    }
    return longest < LEGEND_LETTERS ? longest : LEGEND_LETTERS;
}

static void set_frame(drawing *d) {
    const tare_plot *plot = d->plot;
    const size_t letters = longest_label(plot);
    d->width = plot->width > 0 ? plot->width : TARE_PLOT_WIDTH;
    d->height = plot->height > 0 ? plot->height : TARE_PLOT_HEIGHT;
    d->left = LEFT;
    d->top = TOP;
    d->right = d->width - RIGHT;
    if (letters > 0) d->right -= (double)(LEGEND_MARK + 10 + LETTER * letters);
    d->bottom = d->height - BOTTOM;
    /* However small the picture, the frame has two sides. */
    if (d->right < d->left + 10) d->right = d->left + 10;
    if (d->bottom < d->top + 10) d->bottom = d->top + 10;
}

static void set_axes(drawing *d) {
    const tare_plot *plot = d->plot;
    d->x.logarithmic = plot->x_log;
    d->y.logarithmic = plot->y_log;
    for (size_t i = 0; i < plot->series_count; i++) {
        const tare_plot_series *s = &plot->series[i];
        for (size_t k = 0; k < s->count; k++) {
            if (!tare_axis_can_show(&d->x, s->x[k]) || !tare_axis_can_show(&d->y, s->y[k]))
                continue;
            tare_axis_show(&d->x, s->x[k]);
            tare_axis_show(&d->y, s->y[k]);
        }
    }
    tare_axis_finish(&d->x, d->left, d->right);
    tare_axis_finish(&d->y, d->bottom, d->top);
}

static void add_ticks(drawing *d) {
    char text[TARE_NUMBER_TEXT];
    for (int i = 0; i < d->x.tick_count; i++) {
        const double x = tare_axis_place(&d->x, d->x.ticks[i]);
        tare_svg_line(d->svg, x, d->top, x, d->bottom, " stroke=\"#e5e5e5\"");
        tare_svg_text(d->svg, x, d->bottom + 18, " text-anchor=\"middle\"",
                      tare_double_text(text, d->x.ticks[i]));
    }
    for (int i = 0; i < d->y.tick_count; i++) {
        const double y = tare_axis_place(&d->y, d->y.ticks[i]);
        tare_svg_line(d->svg, d->left, y, d->right, y, " stroke=\"#e5e5e5\"");
        tare_svg_text(d->svg, d->left - 6, y + 4, " text-anchor=\"end\"",
                      tare_double_text(text, d->y.ticks[i]));
    }
}

static void add_frame(drawing *d) {
    tare_svg_rectangle(d->svg, d->left, d->top, d->right - d->left, d->bottom - d->top,
                       " fill=\"none\" stroke=\"#808080\"");
}

static void add_labels(drawing *d) {
    const double middle = (d->left + d->right) / 2;
    if (d->plot->title != NULL)
        tare_svg_text(d->svg, middle, 24, " text-anchor=\"middle\" font-size=\"15\"",
                      d->plot->title);
    if (d->plot->x_label != NULL)
        tare_svg_text(d->svg, middle, d->height - 12, " text-anchor=\"middle\"", d->plot->x_label);
    if (d->plot->y_label == NULL) return;
    const double height = (d->top + d->bottom) / 2;
    tare_text_add(d->svg, "<g transform=\"translate(16 ");
    tare_svg_pixel(d->svg, height);
    tare_text_add(d->svg, ") rotate(-90)\">");
    tare_svg_text(d->svg, 0, 0, " text-anchor=\"middle\"", d->plot->y_label);
    tare_text_add(d->svg, "</g>\n");
}

/* ---------------------------------------------------------------------------------- the lines */

static bool can_show(const drawing *d, const tare_plot_series *s, size_t i) {
    return tare_axis_can_show(&d->x, s->x[i]) && tare_axis_can_show(&d->y, s->y[i]);
}

static void add_place(drawing *d, const tare_plot_series *s, size_t i) {
    tare_svg_pixel(d->svg, tare_axis_place(&d->x, s->x[i]));
    tare_text_add(d->svg, " ");
    tare_svg_pixel(d->svg, tare_axis_place(&d->y, s->y[i]));
}

/* Of the points begin..end-1 the places of the lowest and the highest, the earlier one first. */
static void find_ends(const tare_plot_series *s, size_t begin, size_t end, size_t ends[2]) {
    size_t low = begin, high = begin;
    for (size_t i = begin; i < end; i++) {
        if (s->y[i] < s->y[low] || s->y[low] != s->y[low]) low = i;
        if (s->y[i] > s->y[high] || s->y[high] != s->y[high]) high = i;
    }
    ends[0] = low < high ? low : high;
    ends[1] = low < high ? high : low;
}

/* A line broken where something cannot be shown. Of long lines every stretch gives its lowest and
 * highest point, so that no spike is lost. */
static void add_path(drawing *d, const tare_plot_series *s, size_t number) {
    const size_t stretch = 1 + (s->count - 1) / (MOST_POINTS / 2);
    bool drawing_on = false;
    tare_text_add(d->svg, "<path d=\"");
    for (size_t begin = 0; begin < s->count; begin += stretch) {
        size_t ends[2];
        const size_t end = s->count - begin < stretch ? s->count : begin + stretch;
        find_ends(s, begin, end, ends);
        for (int k = 0; k < (ends[0] == ends[1] ? 1 : 2); k++) {
            const bool shown = can_show(d, s, ends[k]);
            if (shown) {
                tare_text_add(d->svg, drawing_on ? " L" : " M");
                add_place(d, s, ends[k]);
            }
            drawing_on = shown;
        }
    }
    tare_text_format(d->svg, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\"%s/>\n",
                     colour_of(number), dash_of(number));
}

static void add_dots(drawing *d, const tare_plot_series *s, size_t number) {
    for (size_t i = 0; i < s->count; i++) {
        if (!can_show(d, s, i)) continue;
        tare_text_add(d->svg, "<circle");
        tare_svg_attribute(d->svg, "cx", tare_axis_place(&d->x, s->x[i]));
        tare_svg_attribute(d->svg, "cy", tare_axis_place(&d->y, s->y[i]));
        tare_text_format(d->svg, " r=\"2.5\" fill=\"%s\"/>\n", colour_of(number));
    }
}

static void add_series(drawing *d) {
    for (size_t i = 0; i < d->plot->series_count; i++) {
        const tare_plot_series *s = &d->plot->series[i];
        if (s->count == 0) continue;
        add_path(d, s, i);
        if (s->count <= MOST_DOTS) add_dots(d, s, i);
    }
}

/* A label as far as there is room, not cut within a character. */
static void cut_label(char cut[LEGEND_LETTERS + 8], const char *label) {
    size_t length = 0;
    while (label[length] != '\0' && length < LEGEND_LETTERS) {
        const size_t bytes = tare_utf8_character(label + length);
        length += bytes == 0 ? 1 : bytes;
    }
    memcpy(cut, label, length);
    cut[length] = '\0';
}

static void add_legend(drawing *d) {
    char label[LEGEND_LETTERS + 8], stroke[96];
    double y = d->top + 10;
    for (size_t i = 0; i < d->plot->series_count; i++) {
        if (d->plot->series[i].label == NULL) continue;
        const double x = d->right + 10;
        tare_print(stroke, sizeof stroke, " stroke=\"%s\" stroke-width=\"2.5\"%s", colour_of(i),
                   dash_of(i));
        tare_svg_line(d->svg, x, y, x + LEGEND_MARK - 4, y, stroke);
        cut_label(label, d->plot->series[i].label);
        tare_svg_text(d->svg, x + LEGEND_MARK, y + 4, "", label);
        y += LEGEND_ROW;
    }
}

void tare_plot_svg(const tare_plot *plot, tare_text *svg) {
    drawing d = {.plot = plot, .svg = svg};
    set_frame(&d);
    set_axes(&d);
    tare_svg_begin(svg, d.width, d.height, plot->title == NULL ? "plot" : plot->title);
    add_ticks(&d);
    add_frame(&d);
    add_series(&d);
    add_labels(&d);
    add_legend(&d);
    tare_svg_end(svg);
}
