/* SPDX-License-Identifier: Apache-2.0 */
/* Event files: their tags, how often and for which steps each was written, and the values. */
#include "base/map.h"
#include "base/memory.h"
#include "base/status.h"
#include "cli/inspect.h"
#include "cli/say.h"
#include "cli/table.h"
#include "report/json.h"

#include <inttypes.h>
#include <math.h>
#include <tare/event.h>

typedef struct point {
    int64_t step;
    double number; /* of a scalar */
} point;

/* All values of one tag. */
typedef struct series {
    char *tag;
    tare_event_value_kind kind;
    TARE_VECTOR(point) points;
    double least, greatest; /* of finite numbers */
    int64_t height, width, channels;
} series;

typedef struct listing {
    TARE_VECTOR(series) all;
    tare_map *places; /* tag -> place in all */
    int64_t events, nodes, graphs;
} listing;

/* ------------------------------------------------------------------------------------ gathering */

/* The series of a tag, new or not; NULL: no memory. */
static series *find(listing *l, const tare_event_value *value) {
    const int64_t known = tare_map_get(l->places, value->tag, -1);
    if (known >= 0) return &l->all.items[known];
    tare_text tag = {.allocator = NULL};
    tare_text_add(&tag, value->tag);
    char *owned = tare_text_hand_out(&tag);
    if (owned == NULL || !tare_vector_reserve(NULL, &l->all, 1) ||
        !tare_map_set(l->places, value->tag, l->all.count)) {
        tare_text_free(owned);
        return NULL;
    }
    series *made = &l->all.items[l->all.count++];
    *made = (series){.tag = owned,
                     .kind = value->kind,
                     .least = (double)INFINITY,
                     .greatest = (double)-INFINITY};
    return made;
}

static void widen(series *s, double least, double greatest) {
    if (isfinite(least) && least < s->least) s->least = least;
    if (isfinite(greatest) && greatest > s->greatest) s->greatest = greatest;
}

static bool add_value(listing *l, int64_t step, const tare_event_value *value) {
    series *s = find(l, value);
    if (s == NULL || !tare_vector_reserve(NULL, &s->points, 1)) return false;
    const bool scalar = value->kind == TARE_VALUE_SCALAR;
    s->points.items[s->points.count++] =
        (point){.step = step, .number = scalar ? value->number : (double)NAN};
    if (scalar) widen(s, value->number, value->number);
    if (value->kind == TARE_VALUE_HISTOGRAM && value->histogram.count > 0)
        widen(s, value->histogram.least, value->histogram.greatest);
    s->height = value->image.height;
    s->width = value->image.width;
    s->channels = value->image.channels;
    return true;
}

static tare_status add_event(listing *l, const tare_event *event, tare_error *error) {
    l->events++;
    l->graphs += event->kind == TARE_EVENT_GRAPH;
    if (event->kind == TARE_EVENT_GRAPH) l->nodes = event->nodes;
    for (size_t i = 0; i < event->value_count; i++)
        if (!add_value(l, event->step, &event->values[i])) return tare_fail_memory(error);
    return TARE_OK;
}

static tare_status gather(listing *l, const char *path, tare_error *error) {
    tare_event_reader *reader = NULL;
    tare_event event = {.struct_size = sizeof event};
    bool found = true;
    l->places = tare_map_new(NULL);
    if (l->places == NULL) return tare_fail_memory(error);
    tare_status status = tare_event_reader_open(path, &reader, error);
    while (status == TARE_OK && found) {
        status = tare_event_reader_next(reader, &event, &found, error);
        if (status == TARE_OK && found) status = add_event(l, &event, error);
    }
    tare_event_reader_close(reader);
    return status;
}

static void release(listing *l) {
    for (int64_t i = 0; i < l->all.count; i++) {
        tare_text_free(l->all.items[i].tag);
        tare_vector_free(NULL, &l->all.items[i].points);
    }
    tare_vector_free(NULL, &l->all);
    tare_map_free(l->places);
}

/* -------------------------------------------------------------------------------------- saying */

static const char *kind_name(tare_event_value_kind kind) {
    static const char *const names[] = {"other", "scalar", "histogram", "image", "text"};
    return names[kind];
}

static point last_of(const series *s) { return s->points.items[s->points.count - 1]; }

static void cell_number(tare_table *table, double number, bool known) {
    char text[TARE_NUMBER_TEXT];
    tare_table_cell(table, known ? tare_float_text(text, (float)number) : "");
}

static void cell_last(tare_table *table, const series *s) {
    char text[96];
    if (s->kind != TARE_VALUE_IMAGE) {
        cell_number(table, last_of(s).number, s->kind == TARE_VALUE_SCALAR);
        return;
    }
    tare_table_cell(table, tare_print(text, sizeof text, "%" PRId64 " x %" PRId64 " x %" PRId64,
                                      s->height, s->width, s->channels));
}

static void add_table(tare_text *text, const listing *l, bool numbers) {
    static const char *const heads[] = {"tag",       "kind",       "events", "first step",
                                        "last step", "last value", "least",  "greatest"};
    tare_table table = {.columns = numbers ? 8 : 6};
    for (int i = 2; i < 8; i++) table.right[i] = true;
    for (int i = 0; i < table.columns; i++) tare_table_cell(&table, heads[i]);
    for (int64_t i = 0; i < l->all.count; i++) {
        const series *s = &l->all.items[i];
        tare_table_cell(&table, s->tag);
        tare_table_cell(&table, kind_name(s->kind));
        tare_table_integer(&table, s->points.count);
        tare_table_integer(&table, s->points.items[0].step);
        tare_table_integer(&table, last_of(s).step);
        cell_last(&table, s);
        if (!numbers) continue;
        cell_number(&table, s->least, isfinite(s->least));
        cell_number(&table, s->greatest, isfinite(s->greatest));
    }
    tare_table_end(&table, text);
    tare_text_format(text, "\n%" PRId64 " events, %" PRId64 " tags", l->events, l->all.count);
    if (l->graphs > 0) tare_text_format(text, ", a graph of %" PRId64 " nodes", l->nodes);
    tare_text_add(text, "\n");
}

static void add_json_series(tare_json *json, const series *s) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "tag", s->tag);
    tare_json_member_text(json, "kind", kind_name(s->kind));
    tare_json_key(json, "steps");
    tare_json_begin_array(json);
    for (int64_t i = 0; i < s->points.count; i++) tare_json_integer(json, s->points.items[i].step);
    tare_json_end_array(json);
    if (s->kind == TARE_VALUE_SCALAR) {
        tare_json_key(json, "values");
        tare_json_begin_array(json);
        for (int64_t i = 0; i < s->points.count; i++)
            tare_json_float(json, (float)s->points.items[i].number);
        tare_json_end_array(json);
    }
    tare_json_end_object(json);
}

static void add_json(tare_json *json, const listing *l, const char *path) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "file", path);
    tare_json_member_integer(json, "events", l->events);
    if (l->graphs > 0) tare_json_member_integer(json, "nodes", l->nodes);
    tare_json_key(json, "tags");
    tare_json_begin_array(json);
    for (int64_t i = 0; i < l->all.count; i++) add_json_series(json, &l->all.items[i]);
    tare_json_end_array(json);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}

/* What was whole is shown, also of a file that is cut: it may still be written. */
int tare_inspect_events(const char *path, const tare_inspect_options *options) {
    listing l = {.events = 0};
    tare_error error = {.status = TARE_OK};
    tare_json json = {.depth = 0};
    const tare_status status = gather(&l, path, &error);
    if (l.events > 0) {
        if (options->json)
            add_json(&json, &l, path);
        else
            add_table(&json.text, &l, options->numbers);
    }
    release(&l);
    const bool said = l.events == 0 || tare_say_text(&json.text);
    if (!said) return tare_say_failure("no memory for the listing");
    return status == TARE_OK ? TARE_EXIT_SUCCESS : tare_say_error(&error);
}
