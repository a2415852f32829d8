/* SPDX-License-Identifier: Apache-2.0 */
/* A session's profile as tables, JSON and a trace. */
#include "cli/profile.h"
#include "base/file.h"
#include "base/status.h"
#include "cli/table.h"
#include "report/trace.h"

#include <inttypes.h>

enum { MOST_ROWS = 24 }; /* of a table; what is beyond is added up in one more */

/* ---- looking */

static tare_profile_entry entry_at(const tare_session *session, int64_t i) {
    tare_profile_entry entry = {.struct_size = sizeof entry};
    (void)tare_session_profile_entry(session, i, &entry); /* i is below the count */
    return entry;
}

static int64_t bytes_of_one(const tare_profile_entry *entry) {
    return entry->runs > 0 ? entry->bytes / entry->runs : 0;
}

static int64_t most_bytes(const tare_profile_view *view) {
    int64_t most = 0;
    for (int64_t i = 0; i < view->counts.entries; i++) {
        const tare_profile_entry entry = entry_at(view->session, i);
        if (bytes_of_one(&entry) > most) most = bytes_of_one(&entry);
    }
    return most;
}

static bool add_entry(tare_profile_view *view, const tare_profile_entry *entry, tare_text *path) {
    const double copy = tare_ceilings_copy(&view->ceilings, bytes_of_one(entry));
    const tare_profile_row row = {.runs = entry->runs,
                                  .bytes = entry->bytes,
                                  .seconds = entry->seconds,
                                  .flops = entry->flops,
                                  .copy_seconds = (double)entry->bytes / copy};
    const char *node = entry->gradient_of ? entry->gradient_of : entry->node;
    view->seconds += entry->seconds;
    return tare_profile_rows_add(&view->kinds, view->arena, entry->op, &row) &&
           tare_profile_rows_add(&view->layers, view->arena,
                                 tare_profile_layer(view->scopes, node, path), &row) &&
           !path->failed;
}

tare_status tare_profile_look(tare_profile_view *view, const tare_graph *graph,
                              const tare_session *session, int64_t threads, tare_error *error) {
    view->session = session;
    view->counts.struct_size = sizeof view->counts;
    TARE_TRY(tare_session_profile_count(session, &view->counts));
    view->arena = tare_arena_new(NULL);
    view->scopes = tare_profile_scopes(graph);
    if (!view->arena || !view->scopes) return tare_fail_memory(error);
    TARE_TRY(tare_ceilings_measure(&view->ceilings, threads, most_bytes(view), error));
    tare_text path = {0};
    bool good = true;
    for (int64_t i = 0; good && i < view->counts.entries; i++) {
        const tare_profile_entry entry = entry_at(session, i);
        good = add_entry(view, &entry, &path);
    }
    tare_text_clear(&path);
    if (!good) return tare_fail_memory(error);
    tare_profile_rows_order(&view->kinds);
    tare_profile_rows_order(&view->layers);
    return TARE_OK;
}

void tare_profile_end(tare_profile_view *view) {
    tare_profile_rows *const both[] = {&view->kinds, &view->layers};
    for (int i = 0; i < 2; i++) {
        tare_map_free(both[i]->places);
        tare_vector_free(NULL, &both[i]->rows);
    }
    tare_map_free(view->scopes);
    tare_arena_free(view->arena);
    *view = (tare_profile_view){.session = NULL};
}

/* ---- tables */

/* "-" where there is nothing to divide. */
static void add_quotient(tare_table *table, double above, double below, int decimals) {
    char text[TARE_NUMBER_TEXT];
    const bool told = above > 0 && below > 0;
    tare_table_cell(table, told ? tare_fixed_text(text, above / below, decimals) : "-");
}

static void add_row(const tare_profile_view *view, tare_table *table, const tare_profile_row *row) {
    tare_table_cell(table, row->name);
    tare_table_integer(table, row->runs);
    add_quotient(table, 1e6 * row->seconds, (double)view->counts.runs, 1);
    add_quotient(table, 100 * row->seconds, view->seconds, 1);
    add_quotient(table, row->flops / 1e9, row->seconds, 1);
    add_quotient(table, 100 * row->flops / view->ceilings.flops, row->seconds, 1);
    add_quotient(table, (double)row->bytes / 1e9, row->seconds, 1);
    add_quotient(table, 100 * row->copy_seconds, row->seconds, 1);
}

static void add_table(const tare_profile_view *view, const char *what,
                      const tare_profile_rows *rows, tare_text *text) {
    const char *const heads[] = {what,      "count",  "us/run", "% time",
                                 "GFLOP/s", "% peak", "GB/s",   "% copy"};
    tare_table table = {.columns = 8, .right = {[1] = true, true, true, true, true, true, true}};
    for (int i = 0; i < table.columns; i++) tare_table_cell(&table, heads[i]);
    const int64_t count = rows->rows.count;
    const int64_t shown = count > MOST_ROWS + 1 ? MOST_ROWS : count;
    for (int64_t i = 0; i < shown; i++) add_row(view, &table, &rows->rows.items[i]);
    if (shown < count) {
        char name[TARE_NUMBER_TEXT];
        tare_profile_row others = {
            .name = tare_print(name, sizeof name, "%" PRId64 " others", count - shown)};
        for (int64_t i = shown; i < count; i++) {
            others.runs += rows->rows.items[i].runs;
            others.bytes += rows->rows.items[i].bytes;
            others.seconds += rows->rows.items[i].seconds;
            others.flops += rows->rows.items[i].flops;
            others.copy_seconds += rows->rows.items[i].copy_seconds;
        }
        add_row(view, &table, &others);
    }
    tare_table_end(&table, text);
}

static void add_ceilings(const tare_ceilings *ceilings, tare_text *text) {
    char number[TARE_NUMBER_TEXT];
    tare_text_format(text, "peak: %s/s of multiply-adds on %" PRId64 " thread%s\ncopy:",
                     tare_scaled_text(number, ceilings->flops, "FLOP"), ceilings->threads,
                     ceilings->threads == 1 ? "" : "s");
    for (int i = 0; i < TARE_BENCH_COPIES && ceilings->copies[i] > 0; i++) {
        const int64_t bytes = tare_bench_copies[i];
        const bool mega = bytes >= 1 << 20;
        tare_text_format(text, "%s %s/s within %" PRId64 " %s", i > 0 ? "," : "",
                         tare_scaled_text(number, ceilings->copies[i], "B"),
                         mega ? bytes >> 20 : bytes >> 10, mega ? "MiB" : "KiB");
    }
    tare_text_add(text, "\n");
}

void tare_profile_add_text(const tare_profile_view *view, tare_text *text) {
    char seconds[TARE_NUMBER_TEXT];
    tare_text_format(text, "profile of %" PRId64 " runs, %s s in their steps\n", view->counts.runs,
                     tare_significant_text(seconds, view->seconds, 3));
    add_ceilings(&view->ceilings, text);
    tare_text_add(text, "\n");
    add_table(view, "step", &view->kinds, text);
    tare_text_add(text, "\n");
    add_table(view, "layer", &view->layers, text);
}

/* ---- JSON */

static void add_json_rows(const tare_profile_view *view, const char *key,
                          const tare_profile_rows *rows, tare_json *json) {
    tare_json_key(json, key);
    tare_json_begin_array(json);
    for (int64_t i = 0; i < rows->rows.count; i++) {
        const tare_profile_row *row = &rows->rows.items[i];
        tare_json_begin_object(json);
        tare_json_member_text(json, "name", row->name);
        tare_json_member_integer(json, "runs", row->runs);
        tare_json_member_double(json, "seconds", row->seconds);
        tare_json_member_integer(json, "bytes", row->bytes);
        tare_json_member_double(json, "flops", row->flops);
        tare_json_member_double(json, "of_peak", row->flops / view->ceilings.flops / row->seconds);
        tare_json_member_double(json, "of_copy", row->copy_seconds / row->seconds);
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
}

static void add_json_ceilings(const tare_ceilings *ceilings, tare_json *json) {
    tare_json_key(json, "ceilings");
    tare_json_begin_object(json);
    tare_json_member_integer(json, "threads", ceilings->threads);
    tare_json_member_double(json, "flops_per_second", ceilings->flops);
    tare_json_key(json, "copies");
    tare_json_begin_array(json);
    for (int i = 0; i < TARE_BENCH_COPIES && ceilings->copies[i] > 0; i++) {
        tare_json_begin_object(json);
        tare_json_member_integer(json, "within_bytes", tare_bench_copies[i]);
        tare_json_member_double(json, "bytes_per_second", ceilings->copies[i]);
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
    tare_json_end_object(json);
}

void tare_profile_add_json(const tare_profile_view *view, tare_json *json) {
    tare_json_begin_object(json);
    tare_json_member_integer(json, "runs", view->counts.runs);
    tare_json_member_double(json, "seconds", view->seconds);
    add_json_ceilings(&view->ceilings, json);
    add_json_rows(view, "steps", &view->kinds, json);
    add_json_rows(view, "layers", &view->layers, json);
    tare_json_end_object(json);
}

/* ---- the trace */

tare_status tare_profile_write_trace(const tare_profile_view *view, const char *path,
                                     tare_error *error) {
    tare_json json = {.depth = 0};
    tare_text layer = {0};
    double origin = 0;
    tare_json_begin_array(&json);
    for (int64_t i = 0; i < view->counts.events && !json.text.failed; i++) {
        tare_profile_event event = {.struct_size = sizeof event};
        (void)tare_session_profile_event(view->session, i, &event); /* i is below the count */
        if (i == 0) origin = event.begin;
        const char *node = event.gradient_of ? event.gradient_of : event.node;
        tare_text_add(&json.text, "\n");
        tare_trace_add(&json, &event, tare_profile_layer(view->scopes, node, &layer), origin);
    }
    tare_text_add(&json.text, "\n");
    tare_json_end_array(&json);
    tare_text_add(&json.text, "\n");
    const tare_status status =
        json.text.failed || layer.failed
            ? tare_fail_memory(error)
            : tare_file_write_all(path, json.text.data, json.text.length, error);
    tare_text_clear(&json.text);
    tare_text_clear(&layer);
    return status;
}
