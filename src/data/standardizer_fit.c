/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a standardiser learns from training rows: of numbers the mean and the deviation
 *
 *     mean = sum x / N        deviation = sqrt(sum (x - mean)^2 / N)
 *
 * in double, missing ones left out; of names the list of categories. The second pass, over x - m
 * with m the mean of the first, corrects both: mean = m + sum (x - m) / N.
 * Source  Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", (1.7).
 */
#include "base/nearest.h"
#include "base/status.h"
#include "data/options.h"
#include "data/standardizer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct fitting {
    tare_standardizer *standardizer;
    const tare_data_frame *frame;
    tare_row_choice rows;
    const tare_standardizer_options *options;
    tare_error *error;
} fitting;

tare_status tare_choose_rows(const char *op, const tare_data_frame *frame, const int64_t *rows,
                             int64_t count, tare_row_choice *choice, tare_error *error) {
    const int64_t all = tare_data_frame_rows(frame);
    *choice = (tare_row_choice){.rows = rows, .count = rows == NULL ? all : count};
    bool within = choice->count > 0;
    for (int64_t i = 0; rows != NULL && i < count; i++)
        within = within && rows[i] >= 0 && rows[i] < all;
    if (within) return TARE_OK;
    char need[64];
    tare_print(need, sizeof need, "one row at least, of 0 to %" PRId64, all - 1);
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, op, "rows", "rows that are not there", need);
}

/* ----------------------------------------------------------------------------- lists of names */

/* Whether a list with commas between its names has this one. */
static bool lists(const char *list, const char *name) {
    const size_t length = strlen(name);
    while (list != NULL && *list != '\0') {
        const size_t of_item = strcspn(list, ",");
        if (of_item == length && strncmp(list, name, length) == 0) return true;
        list += of_item + (list[of_item] == ',');
    }
    return false;
}

static tare_status refuse_name(const fitting *f, const char *name) {
    tare_nearest nearest = {.word = name};
    const char *known;
    for (int64_t i = 0; (known = tare_data_frame_name(f->frame, i)) != NULL; i++)
        tare_nearest_offer(&nearest, known);
    if (nearest.best != NULL)
        return tare_fail_file(f->error, TARE_ERROR_NAME, f->frame->source,
                              "there is no column '%.80s'; did you mean '%.80s'?", name,
                              nearest.best);
    return tare_fail_file(f->error, TARE_ERROR_NAME, f->frame->source,
                          "there is no column '%.80s'; the first one is '%.80s'", name,
                          tare_data_frame_name(f->frame, 0));
}

/* Every name of a list must be a column's. */
static tare_status check_list(const fitting *f, const char *list) {
    while (list != NULL && *list != '\0') {
        const size_t length = strcspn(list, ",");
        char name[256];
        tare_print(name, sizeof name, "%.*s", length < sizeof name ? (int)length : 255, list);
        if (tare_data_frame_find(f->frame, name) < 0) return refuse_name(f, name);
        list += length + (list[length] == ',');
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ numbers */

/* Sums of x - shift, and whether all x are the same: rounding must not make a constant vary. */
typedef struct moments {
    double shift, sum, squares;
    double first;
    bool varies;
    int64_t count;
} moments;

static void add_number(moments *m, double number) {
    const double difference = number - m->shift;
    m->sum += difference;
    m->squares += difference * difference;
    if (m->count++ == 0) m->first = number;
    m->varies = m->varies || number != m->first;
}

static double mean_of(const moments *m) {
    return m->varies ? m->shift + m->sum / (double)m->count : m->first;
}

static double deviation_of(const moments *m) {
    if (!m->varies) return 0;
    const double count = (double)m->count;
    const double variance = (m->squares - m->sum * m->sum / count) / count;
    return variance < 0 ? 0 : sqrt(variance); /* NaN stays NaN */
}

/* Of the numbers of a column in the chosen rows. */
static moments measure(const fitting *f, int64_t column) {
    moments m = {0};
    double number;
    for (int pass = 0; pass < 2; pass++) {
        m = (moments){.shift = mean_of(&m)};
        for (int64_t i = 0; i < f->rows.count; i++)
            if (tare_data_frame_has_number(f->frame, tare_chosen_row(&f->rows, i), column, &number))
                add_number(&m, number);
    }
    return m;
}

static tare_status learn_numbers(const fitting *f, int64_t column) {
    const char *name = tare_data_frame_name(f->frame, column);
    const moments found = measure(f, column);
    const double mean = mean_of(&found), deviation = deviation_of(&found);
    if (!isfinite(mean) || !isfinite(deviation))
        return tare_fail_file(f->error, TARE_ERROR_FORMAT, f->frame->source,
                              "column %" PRId64 " ('%.40s'): its numbers are so large that their "
                              "mean or deviation is not finite",
                              column + 1, name);
    return tare_standardizer_add_numbers(f->standardizer, name, mean, deviation, f->error);
}

/* -------------------------------------------------------------------------------------- names */

typedef TARE_VECTOR(const char *) text_vector;

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The different names in the chosen rows; "" for missing. False: no memory. */
static bool collect(const fitting *f, int64_t column, tare_map *seen, text_vector *names) {
    for (int64_t i = 0; i < f->rows.count; i++) {
        const char *text = tare_data_frame_text(f->frame, tare_chosen_row(&f->rows, i), column);
        if (text == NULL) text = "";
        if (tare_map_has(seen, text)) continue;
        if (!tare_map_set(seen, text, 0) || !tare_vector_reserve(NULL, names, 1)) return false;
        names->items[names->count++] = text;
    }
    return true;
}

static tare_status learn_names(const fitting *f, int64_t column) {
    text_vector names = {0};
    tare_map *seen = tare_map_new(NULL);
    tare_status status = TARE_ERROR_MEMORY;
    if (seen != NULL && collect(f, column, seen, &names)) {
        qsort(names.items, (size_t)names.count, sizeof *names.items, compare_texts);
        status =
            tare_standardizer_add_names(f->standardizer, tare_data_frame_name(f->frame, column),
                                        names.items, names.count, f->error);
    } else {
        (void)tare_fail_memory(f->error); /* status is that already */
    }
    tare_vector_free(NULL, &names);
    tare_map_free(seen);
    return status;
}

/* ------------------------------------------------------------------------------------ columns */

static tare_status refuse_mixed(const fitting *f, int64_t column) {
    double number;
    int64_t row = 0;
    while (tare_data_frame_text(f->frame, row, column) == NULL ||
           tare_data_frame_has_number(f->frame, row, column, &number))
        row++;
    char need[224];
    tare_print(need, sizeof need,
               "a number, as in %" PRId64 " other rows (or leave the column out, or say that its "
               "values are names)",
               f->frame->columns.items[column].numbers);
    return tare_data_frame_refuse(f->frame, row, column, need, f->error);
}

static tare_status learn_column(const fitting *f, int64_t column) {
    const char *name = tare_data_frame_name(f->frame, column);
    if (tare_same_text(name, f->options->target) || lists(f->options->except, name)) return TARE_OK;
    if (lists(f->options->categories, name)) return learn_names(f, column);
    const tare_column_kind kind = tare_data_frame_kind(f->frame, column);
    if (kind == TARE_COLUMN_MIXED) return refuse_mixed(f, column);
    return kind == TARE_COLUMN_NUMBERS ? learn_numbers(f, column) : learn_names(f, column);
}

/* ------------------------------------------------------------------------------------- target */

tare_status tare_standardizer_target_number(const tare_standardizer *standardizer,
                                            const tare_data_frame *frame, int64_t row,
                                            int64_t column, double *number, tare_error *error) {
    if (!tare_data_frame_has_number(frame, row, column, number))
        return tare_data_frame_refuse(frame, row, column, "a number to learn from", error);
    if (!standardizer->log_target) return TARE_OK;
    if (!(*number > 0))
        return tare_data_frame_refuse(frame, row, column,
                                      "a number above 0, since its logarithm is learned", error);
    *number = log(*number);
    return TARE_OK;
}

static tare_status learn_target(const fitting *f) {
    tare_standardizer *s = f->standardizer;
    if (f->options->target == NULL) return TARE_OK;
    const int64_t column = tare_data_frame_find(f->frame, f->options->target);
    if (column < 0) return refuse_name(f, f->options->target);
    s->target = tare_arena_text(s->arena, f->options->target);
    if (s->target == NULL) return tare_fail_memory(f->error);
    s->log_target = f->options->log_target;
    moments m = {0};
    for (int pass = 0; pass < 2; pass++) {
        m = (moments){.shift = mean_of(&m)};
        for (int64_t i = 0; i < f->rows.count; i++) {
            double number;
            TARE_TRY(tare_standardizer_target_number(s, f->frame, tare_chosen_row(&f->rows, i),
                                                     column, &number, f->error));
            add_number(&m, number);
        }
    }
    s->target_mean = mean_of(&m);
    s->target_deviation = deviation_of(&m);
    if (isfinite(s->target_mean) && isfinite(s->target_deviation)) return TARE_OK;
    return tare_fail_file(f->error, TARE_ERROR_FORMAT, f->frame->source,
                          "column '%.80s': its numbers are so large that their deviation is not "
                          "finite",
                          s->target);
}

static tare_status learn(const fitting *f) {
    TARE_TRY(check_list(f, f->options->except));
    TARE_TRY(check_list(f, f->options->categories));
    TARE_TRY(learn_target(f));
    for (int64_t i = 0; i < tare_data_frame_columns(f->frame); i++) TARE_TRY(learn_column(f, i));
    if (f->standardizer->features > 0) return TARE_OK;
    return tare_fail_file(f->error, TARE_ERROR_ARGUMENT, f->frame->source,
                          "no column is left to learn from");
}

tare_status tare_standardizer_fit_with(const tare_data_frame *frame, const int64_t *rows,
                                       int64_t count, const tare_standardizer_options *options,
                                       tare_standardizer **standardizer, tare_error *error) {
    if (standardizer != NULL) *standardizer = NULL;
    if (frame == NULL || standardizer == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "standardizer_fit needs a frame and a place for the standardizer");
    tare_standardizer_options all;
    tare_options_adopt(&tare_standardizer_table, options, &all);
    fitting f = {.frame = frame, .options = &all, .error = error};
    TARE_TRY(tare_choose_rows("standardizer_fit", frame, rows, count, &f.rows, error));
    f.standardizer = tare_standardizer_new();
    if (f.standardizer == NULL) return tare_fail_memory(error);
    f.standardizer->scale = all.scale;
    const tare_status status = learn(&f);
    if (status == TARE_OK) {
        *standardizer = f.standardizer;
    } else {
        tare_standardizer_free(f.standardizer);
    }
    return status;
}
