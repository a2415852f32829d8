/* SPDX-License-Identifier: Apache-2.0 */
/* Data frames: filling them, asking them. */
#include "data/data_frame.h"
#include "base/status.h"
#include "data/csv_reader.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define MOST_POOL_BYTES ((size_t)UINT32_MAX)
#define MISSING         0 /* offset of the empty text */

/* ----------------------------------------------------------------------------------- filling */

tare_status tare_data_frame_begin(const char *source, tare_data_frame **frame, tare_error *error) {
    tare_data_frame *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    made->arena = tare_arena_new(NULL);
    made->places = tare_map_new(NULL);
    if (made->arena != NULL) made->source = tare_arena_text(made->arena, source);
    tare_text_add_bytes(&made->pool, "", 1);
    *frame = made;
    const bool whole = made->source != NULL && made->places != NULL && !made->pool.failed;
    return whole ? TARE_OK : tare_fail_memory(error);
}

bool tare_data_frame_add_column(tare_data_frame *frame, const char *name) {
    if (!tare_vector_reserve(NULL, &frame->columns, 1)) return false;
    const char *kept = tare_arena_text(frame->arena, name);
    if (kept == NULL || !tare_map_set(frame->places, name, frame->columns.count)) return false;
    frame->columns.items[frame->columns.count++] = (tare_frame_column){.name = kept};
    return true;
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }

/* The column that the next value is for. */
static tare_frame_column *next_column(tare_data_frame *frame) {
    return &frame->columns.items[frame->values.count % frame->columns.count];
}

/* Counts a text as a number or as words; false: it says "nan", which is missing. */
static bool count_text(tare_frame_column *column, const char *text) {
    double number;
    const bool is_number = tare_csv_number(text, &number);
    if (is_number && isnan(number)) return false;
    const bool finite = is_number && isfinite(number);
    column->numbers += finite;
    column->words += !finite;
    return true;
}

bool tare_data_frame_add(tare_data_frame *frame, const char *text) {
    if (text == NULL) text = "";
    while (is_blank(*text)) text++;
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1])) length--;
    if (!tare_vector_reserve(NULL, &frame->values, 1)) return false;
    const size_t offset = frame->pool.length;
    uint32_t value = MISSING;
    if (length > 0) {
        if (offset + length >= MOST_POOL_BYTES) return false;
        tare_text_add_bytes(&frame->pool, text, length);
        tare_text_add_bytes(&frame->pool, "", 1);
        if (frame->pool.failed) return false;
        if (count_text(next_column(frame), frame->pool.data + offset)) value = (uint32_t)offset;
    }
    frame->values.items[frame->values.count++] = value;
    return true;
}

bool tare_data_frame_end_row(tare_data_frame *frame, int64_t row_number) {
    if (!tare_vector_reserve(NULL, &frame->row_numbers, 1)) return false;
    frame->row_numbers.items[frame->row_numbers.count++] = row_number;
    return true;
}

void tare_data_frame_free(tare_data_frame *frame) {
    if (frame == NULL) return;
    tare_arena_free(frame->arena);
    tare_map_free(frame->places);
    tare_vector_free(NULL, &frame->columns);
    tare_vector_free(NULL, &frame->values);
    tare_vector_free(NULL, &frame->row_numbers);
    tare_text_clear(&frame->pool);
    tare_release(NULL, frame, sizeof *frame);
}

/* ------------------------------------------------------------------------------------ asking */

int64_t tare_data_frame_rows(const tare_data_frame *frame) {
    return frame == NULL ? 0 : frame->row_numbers.count;
}

int64_t tare_data_frame_columns(const tare_data_frame *frame) {
    return frame == NULL ? 0 : frame->columns.count;
}

static bool has_column(const tare_data_frame *frame, int64_t column) {
    return frame != NULL && column >= 0 && column < frame->columns.count;
}

const char *tare_data_frame_name(const tare_data_frame *frame, int64_t column) {
    return has_column(frame, column) ? frame->columns.items[column].name : NULL;
}

int64_t tare_data_frame_find(const tare_data_frame *frame, const char *name) {
    return frame == NULL || name == NULL ? -1 : tare_map_get(frame->places, name, -1);
}

tare_column_kind tare_data_frame_kind(const tare_data_frame *frame, int64_t column) {
    if (!has_column(frame, column)) return TARE_COLUMN_NUMBERS;
    const tare_frame_column *found = &frame->columns.items[column];
    if (found->words == 0) return TARE_COLUMN_NUMBERS;
    return found->numbers > found->words ? TARE_COLUMN_MIXED : TARE_COLUMN_NAMES;
}

const char *tare_data_frame_text(const tare_data_frame *frame, int64_t row, int64_t column) {
    if (!has_column(frame, column) || row < 0 || row >= frame->row_numbers.count) return NULL;
    const uint32_t value = frame->values.items[row * frame->columns.count + column];
    return value == MISSING ? NULL : frame->pool.data + value;
}

bool tare_data_frame_has_number(const tare_data_frame *frame, int64_t row, int64_t column,
                                double *number) {
    const char *text = tare_data_frame_text(frame, row, column);
    return text != NULL && tare_csv_number(text, number) && isfinite(*number);
}

double tare_data_frame_number(const tare_data_frame *frame, int64_t row, int64_t column) {
    double number;
    return tare_data_frame_has_number(frame, row, column, &number) ? number : (double)NAN;
}

tare_status tare_data_frame_refuse(const tare_data_frame *frame, int64_t row, int64_t column,
                                   const char *need, tare_error *error) {
    const char *text = tare_data_frame_text(frame, row, column);
    char got[64] = "nothing";
    if (text != NULL) tare_print(got, sizeof got, "'%.40s%s'", text, strlen(text) > 40 ? ".." : "");
    return tare_fail_file(error, TARE_ERROR_FORMAT, frame->source,
                          "row %" PRId64 ", column %" PRId64 " ('%.40s'): got %s; needs %s",
                          frame->row_numbers.items[row], column + 1,
                          tare_data_frame_name(frame, column), got, need);
}
