/* SPDX-License-Identifier: Apache-2.0 */
/* Learning curves of a study's trainings. */
#include "study/curves.h"
#include "base/file.h"
#include "base/status.h"
#include "report/plot.h"

#include <math.h>

#define TENTHS     10
#define ROWS       16 /* of the legend that such a height has room for */
#define ROW        20
#define LOGARITHMS 50 /* from so great a ratio of losses on, the axis is logarithmic */

/* ----------------------------------------------------------------------------------- gathering */

static void begin_epoch(tare_curves *curves) {
    curves->sum = 0;
    curves->images = curves->tenth = 0;
}

void tare_curves_begin(tare_curves *curves, const char *variant) {
    begin_epoch(curves);
    if (!tare_vector_reserve(NULL, &curves->all, 1)) {
        curves->failed = true;
        return;
    }
    tare_curve *curve = &curves->all.items[curves->all.count++];
    *curve = (tare_curve){.variant = ""};
    tare_print(curve->variant, sizeof curve->variant, "%s", variant);
}

static void add_point(tare_curves *curves, int line, double epoch, double value) {
    if (curves->failed || curves->all.count == 0) return;
    tare_curve_line *to = &curves->all.items[curves->all.count - 1].lines[line];
    curves->failed =
        !tare_vector_reserve(NULL, &to->epochs, 1) || !tare_vector_reserve(NULL, &to->values, 1);
    if (curves->failed) return;
    to->epochs.items[to->epochs.count++] = epoch;
    to->values.items[to->values.count++] = value;
}

/* The loss of a stretch from the means over the epoch at its two ends. */
static void hear_step(tare_curves *curves, const tare_progress_facts *facts) {
    const int64_t tenth = facts->step * TENTHS / facts->steps;
    if (facts->images < curves->images) begin_epoch(curves);
    if (tenth == curves->tenth && facts->step < facts->steps) return;
    const double sum = facts->loss * (double)facts->images;
    const int64_t images = facts->images - curves->images;
    if (images > 0)
        add_point(curves, TARE_CURVE_LOSS,
                  (double)(facts->epoch - 1) + (double)facts->step / (double)facts->steps,
                  (sum - curves->sum) / (double)images);
    curves->sum = sum;
    curves->images = facts->images;
    curves->tenth = tenth;
}

void tare_curves_hear(tare_curves *curves, tare_fit_event event, const tare_progress_facts *facts) {
    if (event == TARE_FIT_STEP) hear_step(curves, facts);
    if (event == TARE_FIT_EPOCH && !isnan(facts->accuracy))
        add_point(curves, TARE_CURVE_ACCURACY, (double)facts->epoch, facts->accuracy);
    if (event == TARE_FIT_EPOCH || event == TARE_FIT_RESUMED) begin_epoch(curves);
}

bool tare_curves_are_empty(const tare_curves *curves) {
    for (int64_t i = 0; i < curves->all.count; i++)
        if (curves->all.items[i].lines[TARE_CURVE_LOSS].values.count > 0) return false;
    return !curves->failed;
}

void tare_curves_free(tare_curves *curves) {
    for (int64_t i = 0; i < curves->all.count; i++) {
        for (int line = 0; line < TARE_CURVE_LINES; line++) {
            tare_vector_free(NULL, &curves->all.items[i].lines[line].epochs);
            tare_vector_free(NULL, &curves->all.items[i].lines[line].values);
        }
    }
    tare_vector_free(NULL, &curves->all);
    *curves = (tare_curves){.failed = false};
}

/* ------------------------------------------------------------------------------------- drawing */

/* Losses that differ by orders of magnitude, all above 0. */
static bool wants_logarithms(const tare_curves *curves) {
    double least = (double)INFINITY, greatest = 0;
    for (int64_t i = 0; i < curves->all.count; i++) {
        const tare_curve_line *line = &curves->all.items[i].lines[TARE_CURVE_LOSS];
        for (int64_t k = 0; k < line->values.count; k++) {
            const double loss = line->values.items[k];
            if (loss < least) least = loss;
            if (isfinite(loss) && loss > greatest) greatest = loss;
        }
    }
    return least > 0 && greatest > LOGARITHMS * least;
}

static int height_of(const tare_curves *curves) {
    const int64_t count = curves->all.count;
    return TARE_PLOT_HEIGHT + (count > ROWS ? ROW * (int)(count - ROWS) : 0);
}

static bool has_accuracies(const tare_curves *curves) {
    for (int64_t i = 0; i < curves->all.count; i++)
        if (curves->all.items[i].lines[TARE_CURVE_ACCURACY].values.count > 0) return true;
    return false;
}

/* The same line of all variants. series: room for as many. */
static void draw_lines(const tare_curves *curves, int line, const char *title,
                       tare_plot_series *series, tare_text *svg) {
    for (int64_t i = 0; i < curves->all.count; i++) {
        const tare_curve_line *of = &curves->all.items[i].lines[line];
        series[i] = (tare_plot_series){curves->all.items[i].variant, of->epochs.items,
                                       of->values.items, (size_t)of->values.count};
    }
    const bool losses = line == TARE_CURVE_LOSS;
    const tare_plot plot = {.title = title,
                            .x_label = "epochs",
                            .y_label = losses ? "training loss" : "accuracy, held out",
                            .y_log = losses && wants_logarithms(curves),
                            .series = series,
                            .series_count = (size_t)curves->all.count,
                            .height = height_of(curves)};
    tare_plot_svg(&plot, svg);
}

/* One plot; or two, the second moved down, in a picture around both. */
static void draw_all(const tare_curves *curves, const char *title, tare_plot_series *series,
                     tare_text *svg) {
    const int height = height_of(curves);
    if (!has_accuracies(curves)) {
        draw_lines(curves, TARE_CURVE_LOSS, title, series, svg);
        return;
    }
    tare_text_format(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n",
                     TARE_PLOT_WIDTH, 2 * height);
    draw_lines(curves, TARE_CURVE_LOSS, title, series, svg);
    tare_text_format(svg, "<g transform=\"translate(0 %d)\">\n", height);
    draw_lines(curves, TARE_CURVE_ACCURACY, title, series, svg);
    tare_text_add(svg, "</g>\n</svg>\n");
}

static tare_status draw(const tare_curves *curves, const char *title, tare_text *svg) {
    const int64_t count = curves->all.count;
    tare_plot_series *series = tare_allocate_array(NULL, count, sizeof *series);
    if (series == NULL) return TARE_ERROR_MEMORY;
    draw_all(curves, title, series, svg);
    tare_release(NULL, series, (size_t)count * sizeof *series);
    return svg->failed ? TARE_ERROR_MEMORY : TARE_OK;
}

tare_status tare_curves_write(const tare_curves *curves, const char *path, const char *title,
                              tare_error *error) {
    tare_text svg = {.allocator = NULL};
    tare_status status = curves->failed ? TARE_ERROR_MEMORY : draw(curves, title, &svg);
    status = status == TARE_OK ? tare_file_write_all(path, svg.data, svg.length, error)
                               : tare_fail_memory(error);
    tare_text_clear(&svg);
    return status;
}
