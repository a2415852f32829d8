/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a data frame as a network's inputs and targets. */
#include "array/array.h"
#include "base/status.h"
#include "data/standardizer.h"

#include <math.h>
#include <string.h>

typedef struct applying {
    const tare_standardizer *standardizer;
    const tare_data_frame *frame;
    tare_row_choice rows;
    float *features; /* [rows, features] */
    tare_text key;
    tare_standardizer_facts facts;
    tare_error *error;
} applying;

static double deviations(double number, double mean, double deviation) {
    return deviation > 0 ? (number - mean) / deviation : 0;
}

/* column: of the standardiser; at: of the frame, -1: it has none of that name. */
static tare_status apply_numbers(applying *a, const tare_standardizer_column *column, int64_t at) {
    const tare_standardizer *s = a->standardizer;
    for (int64_t i = 0; i < a->rows.count; i++) {
        const int64_t row = tare_chosen_row(&a->rows, i);
        double number = column->mean;
        if (tare_data_frame_text(a->frame, row, at) == NULL) {
            a->facts.missing += at >= 0;
        } else if (!tare_data_frame_has_number(a->frame, row, at, &number)) {
            return tare_data_frame_refuse(a->frame, row, at, "a number, as in training", a->error);
        }
        if (s->scale) number = deviations(number, column->mean, column->deviation);
        a->features[i * s->features + column->first] = (float)number;
    }
    return TARE_OK;
}

static void note_unknown(applying *a, const char *column, int64_t row, const char *name) {
    if (a->facts.unknown++ > 0) return;
    a->facts.unknown_column = column;
    a->facts.unknown_name = name;
    a->facts.unknown_row = a->frame->row_numbers.items[row];
}

static tare_status apply_names(applying *a, int64_t which, int64_t at) {
    const tare_standardizer *s = a->standardizer;
    const tare_standardizer_column *column = &s->columns.items[which];
    for (int64_t i = 0; i < a->rows.count; i++) {
        const int64_t row = tare_chosen_row(&a->rows, i);
        const char *name = tare_data_frame_text(a->frame, row, at);
        const int64_t place = tare_standardizer_place(s, which, name == NULL ? "" : name, &a->key);
        if (a->key.failed) return tare_fail_memory(a->error);
        if (place >= 0) a->features[i * s->features + place] = 1;
        if (name == NULL) {
            a->facts.missing += at >= 0;
        } else if (place < 0) {
            note_unknown(a, column->name, row, name);
        }
    }
    return TARE_OK;
}

static tare_status apply_columns(applying *a) {
    const tare_standardizer *s = a->standardizer;
    for (int64_t i = 0; i < s->columns.count; i++) {
        const tare_standardizer_column *column = &s->columns.items[i];
        const int64_t at = tare_data_frame_find(a->frame, column->name);
        if (at < 0 && a->facts.missing_columns++ == 0) a->facts.missing_column = column->name;
        TARE_TRY(column->categories == NULL ? apply_numbers(a, column, at) : apply_names(a, i, at));
    }
    if (a->facts.missing_columns < s->columns.count) return TARE_OK;
    return tare_fail_file(a->error, TARE_ERROR_NAME, a->frame->source,
                          "there is none of the columns of training; the first of them is '%.80s', "
                          "the file's first is '%.80s'",
                          s->columns.items[0].name, tare_data_frame_name(a->frame, 0));
}

static tare_status make_inputs(applying *a, tare_array **inputs) {
    const tare_shape shape = TARE_SHAPE(a->rows.count, a->standardizer->features);
    if (tare_array_new(TARE_FLOAT32, shape, NULL, inputs) != TARE_OK)
        return tare_fail_memory(a->error);
    a->features = (*inputs)->data;
    const tare_status status = apply_columns(a);
    tare_text_clear(&a->key);
    if (status == TARE_OK) return TARE_OK;
    tare_array_free(*inputs);
    *inputs = NULL;
    return status;
}

tare_status tare_standardizer_inputs(const tare_standardizer *standardizer,
                                     const tare_data_frame *frame, const int64_t *rows,
                                     int64_t count, tare_array **inputs,
                                     tare_standardizer_facts *facts, tare_error *error) {
    if (inputs != NULL) *inputs = NULL;
    if (standardizer == NULL || frame == NULL || inputs == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "standardizer_inputs needs a standardizer, a frame and a place for the "
                         "inputs");
    applying a = {.standardizer = standardizer, .frame = frame, .error = error};
    TARE_TRY(tare_choose_rows("standardizer_inputs", frame, rows, count, &a.rows, error));
    TARE_TRY(make_inputs(&a, inputs));
    if (facts == NULL) return TARE_OK;
    const size_t given = facts->struct_size;
    a.facts.struct_size = given;
    memcpy(facts, &a.facts, given < sizeof a.facts ? given : sizeof a.facts);
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ targets */

static tare_status fill_targets(const applying *a, float *targets) {
    const tare_standardizer *s = a->standardizer;
    const int64_t column = tare_data_frame_find(a->frame, s->target);
    if (column < 0)
        return tare_fail_file(a->error, TARE_ERROR_NAME, a->frame->source,
                              "there is no column '%.80s'", s->target);
    for (int64_t i = 0; i < a->rows.count; i++) {
        double number;
        TARE_TRY(tare_standardizer_target_number(s, a->frame, tare_chosen_row(&a->rows, i), column,
                                                 &number, a->error));
        targets[i] = (float)deviations(number, s->target_mean, s->target_deviation);
    }
    return TARE_OK;
}

tare_status tare_standardizer_targets(const tare_standardizer *standardizer,
                                      const tare_data_frame *frame, const int64_t *rows,
                                      int64_t count, tare_array **targets, tare_error *error) {
    if (targets != NULL) *targets = NULL;
    if (standardizer == NULL || standardizer->target == NULL || frame == NULL || targets == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "standardizer_targets needs a standardizer with a target, a frame and a "
                         "place for the targets");
    applying a = {.standardizer = standardizer, .frame = frame, .error = error};
    TARE_TRY(tare_choose_rows("standardizer_targets", frame, rows, count, &a.rows, error));
    if (tare_array_new(TARE_FLOAT32, TARE_SHAPE(a.rows.count, 1), NULL, targets) != TARE_OK)
        return tare_fail_memory(error);
    const tare_status status = fill_targets(&a, (*targets)->data);
    if (status == TARE_OK) return TARE_OK;
    tare_array_free(*targets);
    *targets = NULL;
    return status;
}
