/* SPDX-License-Identifier: Apache-2.0 */
/* Standardisers: their columns, and what can be asked of them. */
#include "data/standardizer.h"
#include "base/status.h"

#include <inttypes.h>
#include <math.h>

tare_standardizer *tare_standardizer_new(void) {
    tare_standardizer *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return NULL;
    made->arena = tare_arena_new(NULL);
    made->places = tare_map_new(NULL);
    if (made->arena != NULL && made->places != NULL) return made;
    tare_standardizer_free(made);
    return NULL;
}

void tare_standardizer_free(tare_standardizer *standardizer) {
    if (standardizer == NULL) return;
    tare_arena_free(standardizer->arena);
    tare_map_free(standardizer->places);
    tare_vector_free(NULL, &standardizer->columns);
    tare_release(NULL, standardizer, sizeof *standardizer);
}

/* -------------------------------------------------------------------------------- its columns */

/* Makes room for a column of so many features and begins it. */
static tare_status begin_column(tare_standardizer *s, const char *name, int64_t count,
                                tare_standardizer_column **column, tare_error *error) {
    if (count > TARE_MOST_FEATURES - s->features)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "the columns up to '%.80s' make %" PRId64
                         " features; needs at most %d (leave columns out that tell single rows "
                         "apart, such as names)",
                         name, s->features + count, TARE_MOST_FEATURES);
    if (!tare_vector_reserve(NULL, &s->columns, 1)) return tare_fail_memory(error);
    *column = &s->columns.items[s->columns.count];
    **column = (tare_standardizer_column){
        .name = tare_arena_text(s->arena, name), .first = s->features, .count = count};
    return (*column)->name == NULL ? tare_fail_memory(error) : TARE_OK;
}

tare_status tare_standardizer_add_numbers(tare_standardizer *s, const char *name, double mean,
                                          double deviation, tare_error *error) {
    tare_standardizer_column *column = NULL;
    TARE_TRY(begin_column(s, name, 1, &column, error));
    column->mean = mean;
    column->deviation = deviation;
    s->columns.count++;
    s->features++;
    return TARE_OK;
}

/* "3:Grvl"; false: no memory. */
static bool write_key(tare_text *key, int64_t column, const char *category) {
    key->length = 0;
    tare_text_format(key, "%" PRId64 ":", column);
    tare_text_add(key, category);
    return !key->failed;
}

static bool add_categories(tare_standardizer *s, tare_standardizer_column *column,
                           const char *const *categories) {
    tare_text key = {0};
    column->categories =
        tare_arena_allocate_array(s->arena, column->count, sizeof *column->categories);
    bool added = column->categories != NULL;
    for (int64_t i = 0; i < column->count && added; i++) {
        column->categories[i] = tare_arena_text(s->arena, categories[i]);
        added = column->categories[i] != NULL && write_key(&key, s->columns.count, categories[i]) &&
                tare_map_set(s->places, key.data, column->first + i);
    }
    tare_text_clear(&key);
    return added;
}

tare_status tare_standardizer_add_names(tare_standardizer *s, const char *name,
                                        const char *const *categories, int64_t count,
                                        tare_error *error) {
    tare_standardizer_column *column = NULL;
    TARE_TRY(begin_column(s, name, count, &column, error));
    if (!add_categories(s, column, categories)) return tare_fail_memory(error);
    s->columns.count++;
    s->features += count;
    return TARE_OK;
}

int64_t tare_standardizer_place(const tare_standardizer *s, int64_t column, const char *category,
                                tare_text *key) {
    return write_key(key, column, category) ? tare_map_get(s->places, key->data, -1) : -1;
}

/* ------------------------------------------------------------------------------------ asking */

static const tare_standardizer_column *column_at(const tare_standardizer *s, int64_t column) {
    return s != NULL && column >= 0 && column < s->columns.count ? &s->columns.items[column] : NULL;
}

int64_t tare_standardizer_columns(const tare_standardizer *s) {
    return s == NULL ? 0 : s->columns.count;
}

int64_t tare_standardizer_features(const tare_standardizer *s) {
    return s == NULL ? 0 : s->features;
}

const char *tare_standardizer_name(const tare_standardizer *s, int64_t column) {
    const tare_standardizer_column *found = column_at(s, column);
    return found == NULL ? NULL : found->name;
}

double tare_standardizer_mean(const tare_standardizer *s, int64_t column) {
    const tare_standardizer_column *found = column_at(s, column);
    return found == NULL || found->categories != NULL ? (double)NAN : found->mean;
}

double tare_standardizer_deviation(const tare_standardizer *s, int64_t column) {
    const tare_standardizer_column *found = column_at(s, column);
    return found == NULL || found->categories != NULL ? (double)NAN : found->deviation;
}

const char *tare_standardizer_category(const tare_standardizer *s, int64_t column, int64_t i) {
    const tare_standardizer_column *found = column_at(s, column);
    if (found == NULL || found->categories == NULL || i < 0 || i >= found->count) return NULL;
    return found->categories[i];
}

const char *tare_standardizer_target(const tare_standardizer *s) {
    return s == NULL ? NULL : s->target;
}

double tare_standardizer_target_deviation(const tare_standardizer *s) {
    return s == NULL || s->target == NULL ? (double)NAN : s->target_deviation;
}

double tare_standardizer_answer(const tare_standardizer *s, double output) {
    if (s == NULL || s->target == NULL) return (double)NAN;
    const double number = s->target_mean + s->target_deviation * output;
    return s->log_target ? exp(number) : number;
}
