/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of tensors in checkpoints: ranges, and the counts of moving averages; see checkpoint.h. */
#include "base/status.h"
#include "base/text.h"
#include "model/checkpoint.h"
#include "model/json_depth.h"
#include "report/json.h"

#include <string.h>

/* ----------------------------------------------------------------------------------- writing */

static void add_range(tare_json *json, const tare_graph *graph, const char *name) {
    double min = 0, max = 0;
    if (!tare_graph_range(graph, name, &min, &max)) return;
    tare_json_key(json, name);
    tare_json_begin_object(json);
    tare_json_key(json, "range");
    tare_json_begin_array(json);
    tare_json_double(json, min);
    tare_json_double(json, max);
    tare_json_end_array(json);
    tare_json_end_object(json);
}

static void add_counts(tare_json *json, const char *name, const tare_variable_state *state) {
    const tare_update_counts none = {0}, *counts = state->counts ? state->counts : &none;
    tare_json_key(json, name);
    tare_json_begin_object(json);
    tare_json_member_integer(json, "updates", counts->updates);
    tare_json_key(json, "elements");
    tare_json_begin_array(json);
    tare_json_integer(json, counts->last);
    tare_json_integer(json, counts->least);
    tare_json_integer(json, counts->most);
    tare_json_end_array(json);
    tare_json_member_integer(json, "not_finite", counts->not_finite);
    tare_json_member_boolean(json, "complete", !state->given);
    tare_json_end_object(json);
}

/* The variable that a node averages into and counts for; 0: none, or one that is not saved. */
static int32_t counted_by(const tare_graph *graph, const tare_node *node) {
    if (!(node->def->flags & TARE_OP_COUNTS)) return 0;
    const tare_node *variable = tare_graph_node(graph, node->inputs[0].node);
    if (!(variable->def->flags & TARE_OP_VARIABLE)) return 0;
    return ((const tare_variable_node_options *)variable->options)->local ? 0 : variable->id;
}

/* Each variable once, though several nodes may average into it. */
static tare_status add_all_counts(tare_json *json, const tare_session *session, tare_arena *arena,
                                  tare_error *error) {
    const tare_graph *graph = session->graph;
    const int32_t nodes = (int32_t)tare_graph_node_count(graph);
    bool *told = tare_arena_allocate_array(arena, nodes + 1, sizeof *told);
    if (told == NULL) return tare_fail_memory(error);
    for (int32_t id = 1; id <= nodes; id++) {
        const int32_t variable = counted_by(graph, tare_graph_node(graph, id));
        if (variable == 0 || told[variable] || variable >= session->variables.count) continue;
        told[variable] = true;
        add_counts(json, tare_graph_node(graph, variable)->name,
                   &session->variables.items[variable]);
    }
    return TARE_OK;
}

tare_status tare_tensor_facts_text(const tare_session *session, tare_arena *arena,
                                   const char **text, tare_error *error) {
    tare_json json = {.text = {.allocator = &session->given}};
    const char *name;
    *text = NULL;
    tare_json_begin_object(&json);
    tare_status status = add_all_counts(&json, session, arena, error);
    for (size_t i = 0; (name = tare_graph_range_name(session->graph, i)) != NULL; i++)
        add_range(&json, session->graph, name);
    const bool any = json.text.length > strlen("{");
    tare_json_end_object(&json);
    if (status == TARE_OK && !json.text.failed && any)
        *text = tare_arena_text(arena, json.text.data);
    if (status == TARE_OK && (json.text.failed || (any && *text == NULL)))
        status = tare_fail_memory(error);
    tare_text_clear(&json.text);
    return status;
}

/* ----------------------------------------------------------------------------------- reading */

#ifdef TARE_HAVE_JANSSON
#include <jansson.h>

#define DEEPEST 3

typedef struct reading {
    const tare_graph *graph;
    const char *path;
    bool lenient;
    tare_tensor_facts *facts;
    tare_error *error;
} reading;

static tare_status refuse(const reading *r, const char *name, const char *sentence) {
    return tare_fail_file(r->error, TARE_ERROR_FORMAT, r->path, "the metadata's '%s', '%.120s': %s",
                          TARE_KEY_FACTS, name, sentence);
}

static tare_status take_range(reading *r, const char *name, const json_t *range) {
    if (json_array_size(range) != 2 || !json_is_number(json_array_get(range, 0)) ||
        !json_is_number(json_array_get(range, 1)))
        return refuse(r, name, "a range is two numbers");
    const double min = json_number_value(json_array_get(range, 0));
    const double max = json_number_value(json_array_get(range, 1));
    TARE_TRY(tare_range_check(name, min, max, r->error));
    const tare_tensor tensor = tare_tensor_named(r->graph, name);
    const tare_node *node = tare_tensor_node(tensor);
    if (node == NULL || node->output_count == 0) {
        if (r->lenient) return TARE_OK;
        return tare_fail_file(r->error, TARE_ERROR_NAME, r->path,
                              "there is a range of '%.120s', which the network has not; was it "
                              "built with the same options? (A lenient load takes what fits)",
                              name);
    }
    r->facts->ranges[r->facts->range_count++] =
        (tare_edge_range){{tensor.node, tensor.output}, min, max};
    return TARE_OK;
}

/* A whole number of at least 0. */
static bool take_count(const json_t *value, int64_t *count) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *count = json_integer_value(value);
    return true;
}

static tare_status take_counts(reading *r, const char *name, const json_t *fact) {
    tare_update_counts counts = {0};
    const json_t *elements = json_object_get(fact, "elements");
    if (!take_count(json_object_get(fact, "updates"), &counts.updates) ||
        !take_count(json_array_get(elements, 0), &counts.last) ||
        !take_count(json_array_get(elements, 1), &counts.least) ||
        !take_count(json_array_get(elements, 2), &counts.most) ||
        !take_count(json_object_get(fact, "not_finite"), &counts.not_finite))
        return refuse(r, name,
                      "updates, elements (three) and not_finite are whole numbers of at "
                      "least 0");
    const tare_node *node = tare_tensor_node(tare_tensor_named(r->graph, name));
    if (node == NULL || !(node->def->flags & TARE_OP_VARIABLE)) return TARE_OK;
    const bool complete = json_is_true(json_object_get(fact, "complete"));
    r->facts->counted[r->facts->counted_count++] =
        (struct tare_counted){node->id, counts, complete};
    return TARE_OK;
}

static tare_status take_all(reading *r, json_t *all, tare_arena *arena) {
    const int64_t count = (int64_t)json_object_size(all);
    tare_tensor_facts *facts = r->facts;
    if (!json_is_object(all)) return refuse(r, "", "no object of facts by name");
    facts->ranges = tare_arena_allocate_array(arena, count + 1, sizeof *facts->ranges);
    facts->counted = tare_arena_allocate_array(arena, count + 1, sizeof *facts->counted);
    if (facts->ranges == NULL || facts->counted == NULL) return tare_fail_memory(r->error);
    const char *name;
    json_t *fact;
    json_object_foreach(all, name, fact) {
        const json_t *range = json_object_get(fact, "range");
        if (range != NULL) TARE_TRY(take_range(r, name, range));
        if (json_object_get(fact, "updates") != NULL) TARE_TRY(take_counts(r, name, fact));
    }
    return TARE_OK;
}

tare_status tare_tensor_facts_read(const tare_graph *graph, const char *path, const char *text,
                                   bool lenient, tare_arena *arena, tare_tensor_facts *facts,
                                   tare_error *error) {
    reading r = {graph, path, lenient, facts, error};
    json_error_t found;
    *facts = (tare_tensor_facts){0};
    if (text == NULL) return TARE_OK;
    if (tare_json_too_deep(text, strlen(text), DEEPEST) >= 0)
        return refuse(&r, "", "nested deeper than facts are");
    json_t *all = json_loads(text, JSON_REJECT_DUPLICATES, &found);
    if (all == NULL) return refuse(&r, "", found.text);
    const tare_status status = take_all(&r, all, arena);
    json_decref(all);
    return status;
}

#else

tare_status tare_tensor_facts_read(const tare_graph *graph, const char *path, const char *text,
                                   bool lenient, tare_arena *arena, tare_tensor_facts *facts,
                                   tare_error *error) {
    (void)graph, (void)lenient, (void)arena;
    *facts = (tare_tensor_facts){0};
    if (text == NULL) return TARE_OK;
    return tare_fail_file(error, TARE_ERROR_UNSUPPORTED, path,
                          "this library was built without jansson, which reads facts");
}

#endif
