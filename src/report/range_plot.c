/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ranges of weights as SVG.
 *
 *     title
 *     legend
 *     name of the layer                        note
 *     ticks | before, a bar a channel | ticks | after
 *             0                     n           0     n
 */
#include "report/range_plot.h"

#include "report/plot_axis.h"
#include "report/svg.h"

#include <inttypes.h>
#include <math.h>

#define LEFT        64 /* of the first panel */
#define PANEL       340
#define GAP         72 /* between the panels: the ticks of the second */
#define RIGHT       20
#define TOP         84
#define PANEL_TOP   22 /* below the row's name */
#define PANEL_HIGH  84
#define ROW         148
#define MOST_BARS   340 /* a panel with more channels shows several in one */
#define MOST_LABELS 5
#define WIDTH       (LEFT + PANEL + GAP + PANEL + RIGHT)

/* Of Okabe and Ito 2008, for the colour-blind. */
#define BEFORE "#56b4e9"
#define AFTER  "#0072b2"
#define MARKED "#d55e00"

typedef struct panel {
    tare_text *svg;
    const tare_range_row *row;
    bool after;
    double left, top;
    tare_axis axis;
} panel;

static double least(const panel *p, size_t i) {
    const tare_channel_range *c = &p->row->channels[i];
    return p->after ? c->after_min : c->before_min;
}

static double greatest(const panel *p, size_t i) {
    const tare_channel_range *c = &p->row->channels[i];
    return p->after ? c->after_max : c->before_max;
}

static void add_axis(panel *p) {
    char text[TARE_NUMBER_TEXT];
    tare_axis_show(&p->axis, 0);
    for (size_t i = 0; i < p->row->count; i++) {
        tare_axis_show(&p->axis, least(p, i));
        tare_axis_show(&p->axis, greatest(p, i));
    }
    tare_axis_finish(&p->axis, p->top + PANEL_HIGH, p->top);
    for (int i = 0; i < p->axis.tick_count; i++) {
        const double y = tare_axis_place(&p->axis, p->axis.ticks[i]);
        const bool zero = p->axis.ticks[i] == 0;
        tare_svg_line(p->svg, p->left, y, p->left + PANEL, y,
                      zero ? " stroke=\"#a0a0a0\"" : " stroke=\"#e8e8e8\"");
        if (p->axis.tick_count > MOST_LABELS && i % 2) continue;
        tare_svg_text(p->svg, p->left - 6, y + 4, " text-anchor=\"end\" font-size=\"10\"",
                      tare_double_text(text, p->axis.ticks[i]));
    }
}

/* One bar for the channels first..end-1; a channel without a number has none. */
static void add_bar(panel *p, size_t first, size_t end) {
    const double each = (double)PANEL / (double)p->row->count;
    double low = INFINITY, high = -INFINITY;
    bool marked = false;
    for (size_t i = first; i < end; i++) {
        low = fmin(low, least(p, i));
        high = fmax(high, greatest(p, i));
        marked = marked || p->row->channels[i].marked;
    }
    if (!tare_axis_can_show(&p->axis, low) || !tare_axis_can_show(&p->axis, high)) return;
    const double top = tare_axis_place(&p->axis, high), bottom = tare_axis_place(&p->axis, low);
    const double wide = each * (double)(end - first);
    const double space = wide > 4 ? wide / 4 : 0;
    const char *colour = marked ? MARKED : p->after ? AFTER : BEFORE;
    char fill[32];
    tare_svg_rectangle(p->svg, p->left + each * (double)first + space / 2, top, wide - space,
                       fmax(bottom - top, .75),
                       tare_print(fill, sizeof fill, " fill=\"%s\"", colour));
}

static void add_panel(panel *p) {
    char text[TARE_NUMBER_TEXT];
    const size_t count = p->row->count;
    const double bottom = p->top + PANEL_HIGH;
    add_axis(p);
    const size_t together = count > MOST_BARS ? (count + MOST_BARS - 1) / MOST_BARS : 1;
    for (size_t i = 0; i < count; i += together)
        add_bar(p, i, count - i < together ? count : i + together);
    tare_svg_rectangle(p->svg, p->left, p->top, PANEL, PANEL_HIGH,
                       " fill=\"none\" stroke=\"#808080\"");
    if (count == 0) return;
    const double half = (double)PANEL / (double)count / 2;
    const char *small = " text-anchor=\"middle\" font-size=\"10\"";
    tare_svg_text(p->svg, p->left + half, bottom + 13, small, "0");
    tare_print(text, sizeof text, "%zu", count - 1);
    if (count > 1) tare_svg_text(p->svg, p->left + PANEL - half, bottom + 13, small, text);
    tare_svg_text(p->svg, p->left + (double)PANEL / 2, bottom + 13, small,
                  p->after ? "channel, after folding" : "channel, before folding");
}

static void add_row(tare_text *svg, const tare_range_row *row, double top) {
    char fill[64];
    panel before = {.svg = svg, .row = row, .left = LEFT, .top = top + PANEL_TOP};
    panel after = {
        .svg = svg, .row = row, .after = true, .left = LEFT + PANEL + GAP, .top = top + PANEL_TOP};
    tare_svg_text(svg, LEFT, top + 14, " font-weight=\"bold\"", row->name);
    if (row->note != NULL)
        tare_svg_text(svg, WIDTH - RIGHT, top + 14,
                      tare_print(fill, sizeof fill, " text-anchor=\"end\" fill=\"%s\"", MARKED),
                      row->note);
    add_panel(&before);
    add_panel(&after);
}

static void add_legend(tare_text *svg, const char *mark) {
    const struct {
        const char *colour, *text;
        double x;
    } entries[] = {{BEFORE, "least to greatest weight of a channel", LEFT},
                   {AFTER, "the same, folded", LEFT + 262},
                   {MARKED, mark, LEFT + 400}};
    char fill[32];
    for (int i = 0; i < 3; i++) {
        tare_svg_rectangle(svg, entries[i].x, 44, 14, 14,
                           tare_print(fill, sizeof fill, " fill=\"%s\"", entries[i].colour));
        tare_svg_text(svg, entries[i].x + 20, 56, "", entries[i].text);
    }
}

void tare_range_plot_svg(const char *title, const char *mark, const tare_range_row *rows,
                         size_t count, tare_text *svg) {
    tare_svg_begin(svg, WIDTH, TOP + ROW * (double)count, title);
    tare_svg_text(svg, (double)WIDTH / 2, 26, " text-anchor=\"middle\" font-size=\"15\"", title);
    add_legend(svg, mark);
    for (size_t i = 0; i < count; i++) add_row(svg, &rows[i], TOP + ROW * (double)i);
    tare_svg_end(svg);
}
