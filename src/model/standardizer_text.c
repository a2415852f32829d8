/* SPDX-License-Identifier: Apache-2.0 */
/* Standardisers as JSON, so that one file holds a network and the eyes it sees through. */
#include "base/status.h"
#include "data/standardizer.h"
#include "report/json.h"
#include <tare/model.h>

/* ----------------------------------------------------------------------------------- writing */

static void add_column(tare_json *json, const tare_standardizer_column *column) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "name", column->name);
    if (column->categories == NULL) {
        tare_json_member_double(json, "mean", column->mean);
        tare_json_member_double(json, "deviation", column->deviation);
    } else {
        tare_json_key(json, "categories");
        tare_json_begin_array(json);
        for (int64_t i = 0; i < column->count; i++) tare_json_text(json, column->categories[i]);
        tare_json_end_array(json);
    }
    tare_json_end_object(json);
}

static void add_target(tare_json *json, const tare_standardizer *standardizer) {
    tare_json_key(json, "target");
    if (standardizer->target == NULL) {
        tare_json_text(json, NULL);
        return;
    }
    tare_json_begin_object(json);
    tare_json_member_text(json, "name", standardizer->target);
    tare_json_member_boolean(json, "log", standardizer->log_target);
    tare_json_member_double(json, "mean", standardizer->target_mean);
    tare_json_member_double(json, "deviation", standardizer->target_deviation);
    tare_json_end_object(json);
}

tare_status tare_standardizer_text(const tare_standardizer *standardizer, char **text,
                                   tare_error *error) {
    if (text != NULL) *text = NULL;
    if (standardizer == NULL || text == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "standardizer_text needs a standardizer and a place for the text");
    tare_json json = {.depth = 0};
    tare_json_begin_object(&json);
    tare_json_member_boolean(&json, "scale", standardizer->scale);
    add_target(&json, standardizer);
    tare_json_key(&json, "columns");
    tare_json_begin_array(&json);
    for (int64_t i = 0; i < standardizer->columns.count; i++)
        add_column(&json, &standardizer->columns.items[i]);
    tare_json_end_array(&json);
    tare_json_end_object(&json);
    *text = tare_text_hand_out(&json.text);
    return *text == NULL ? tare_fail_memory(error) : TARE_OK;
}

/* ----------------------------------------------------------------------------------- reading */

#ifdef TARE_HAVE_JANSSON
#include "model/json_depth.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#define DEEPEST 4 /* object, columns, column, categories */

typedef struct reading {
    tare_standardizer *standardizer;
    tare_map *names;
    tare_error *error;
} reading;

static tare_status refuse(const reading *r, const char *name, const char *sentence) {
    return tare_fail(r->error, TARE_ERROR_FORMAT, "standardizer: '%.80s' %s", name, sentence);
}

/* A text that nothing else is called. */
static tare_status take_name(const reading *r, const json_t *from, const char **name) {
    *name = json_string_value(json_object_get(from, "name"));
    if (*name == NULL)
        return tare_fail(r->error, TARE_ERROR_FORMAT, "standardizer: a column has no name");
    if (tare_map_has(r->names, *name)) return refuse(r, *name, "is there twice");
    return tare_map_set(r->names, *name, 0) ? TARE_OK : tare_fail_memory(r->error);
}

static tare_status take_moments(const reading *r, const json_t *from, const char *name,
                                double *mean, double *deviation) {
    const json_t *first = json_object_get(from, "mean");
    const json_t *second = json_object_get(from, "deviation");
    if (!json_is_number(first) || !json_is_number(second))
        return refuse(r, name, "has no numbers 'mean' and 'deviation'");
    *mean = json_number_value(first);
    *deviation = json_number_value(second);
    const bool fine = isfinite(*mean) && isfinite(*deviation) && *deviation >= 0;
    return fine ? TARE_OK : refuse(r, name, "has a mean or a deviation that cannot be");
}

static tare_status take_target(const reading *r, const json_t *from) {
    tare_standardizer *s = r->standardizer;
    const char *name = NULL;
    const json_t *log = json_object_get(from, "log");
    if (json_is_null(from)) return TARE_OK;
    TARE_TRY(take_name(r, from, &name));
    if (!json_is_boolean(log)) return refuse(r, name, "has no truth 'log'");
    s->log_target = json_is_true(log);
    s->target = tare_arena_text(s->arena, name);
    if (s->target == NULL) return tare_fail_memory(r->error);
    return take_moments(r, from, name, &s->target_mean, &s->target_deviation);
}

/* Points texts at the categories, which must differ. */
static tare_status list_categories(const reading *r, const json_t *from, const char *name,
                                   const char **texts) {
    tare_map *seen = tare_map_new(NULL);
    tare_status status = seen == NULL ? tare_fail_memory(r->error) : TARE_OK;
    for (size_t i = 0; i < json_array_size(from) && status == TARE_OK; i++) {
        texts[i] = json_string_value(json_array_get(from, i));
        if (texts[i] == NULL) {
            status = refuse(r, name, "has a category that is no text");
        } else if (tare_map_has(seen, texts[i])) {
            status = refuse(r, name, "has a category twice");
        } else if (!tare_map_set(seen, texts[i], 0)) {
            status = tare_fail_memory(r->error);
        }
    }
    tare_map_free(seen);
    return status;
}

static tare_status take_categories(const reading *r, const json_t *from, const char *name) {
    const int64_t count = (int64_t)json_array_size(from);
    const char **texts = tare_allocate_array(NULL, count, sizeof *texts);
    if (texts == NULL) return tare_fail_memory(r->error);
    tare_status status = list_categories(r, from, name, texts);
    if (status == TARE_OK)
        status = tare_standardizer_add_names(r->standardizer, name, texts, count, r->error);
    tare_release(NULL, texts, (size_t)count * sizeof *texts);
    return status;
}

static tare_status take_column(const reading *r, const json_t *from) {
    const char *name = NULL;
    TARE_TRY(take_name(r, from, &name));
    const json_t *categories = json_object_get(from, "categories");
    if (json_array_size(categories) > 0) return take_categories(r, categories, name);
    double mean = 0, deviation = 0;
    TARE_TRY(take_moments(r, from, name, &mean, &deviation));
    return tare_standardizer_add_numbers(r->standardizer, name, mean, deviation, r->error);
}

static tare_status take_all(const reading *r, const json_t *root) {
    const json_t *scale = json_object_get(root, "scale");
    const json_t *columns = json_object_get(root, "columns");
    if (!json_is_boolean(scale) || json_array_size(columns) == 0)
        return tare_fail(r->error, TARE_ERROR_FORMAT,
                         "standardizer: there is no truth 'scale', or no list 'columns'");
    r->standardizer->scale = json_is_true(scale);
    TARE_TRY(take_target(r, json_object_get(root, "target")));
    for (size_t i = 0; i < json_array_size(columns); i++)
        TARE_TRY(take_column(r, json_array_get(columns, i)));
    return TARE_OK;
}

static tare_status read_text(const reading *r, const char *text) {
    json_error_t where;
    if (tare_json_too_deep(text, strlen(text), DEEPEST) >= 0)
        return tare_fail(r->error, TARE_ERROR_FORMAT,
                         "standardizer: nested deeper than standardizers are");
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        return tare_fail(r->error, TARE_ERROR_FORMAT, "standardizer: byte %d is not JSON: %.120s",
                         where.position, where.text);
    const tare_status status = take_all(r, root);
    json_decref(root);
    return status;
}

tare_status tare_standardizer_from_text(const char *text, tare_standardizer **standardizer,
                                        tare_error *error) {
    if (standardizer != NULL) *standardizer = NULL;
    if (text == NULL || standardizer == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "standardizer_from_text needs a text and a place for the standardizer");
    const reading r = {
        .standardizer = tare_standardizer_new(), .names = tare_map_new(NULL), .error = error};
    tare_status status = TARE_ERROR_MEMORY;
    if (r.standardizer != NULL && r.names != NULL) {
        status = read_text(&r, text);
    } else {
        (void)tare_fail_memory(error); /* status is that already */
    }
    tare_map_free(r.names);
    if (status == TARE_OK) {
        *standardizer = r.standardizer;
    } else {
        tare_standardizer_free(r.standardizer);
    }
    return status;
}

#else

tare_status tare_standardizer_from_text(const char *text, tare_standardizer **standardizer,
                                        tare_error *error) {
    (void)text;
    if (standardizer != NULL) *standardizer = NULL;
    return tare_fail(error, TARE_ERROR_UNSUPPORTED,
                     "reading a standardizer needs jansson, which this library was built without");
}

#endif
