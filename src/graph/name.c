/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unique names by TensorFlow's rule (Graph.unique_name, framework/ops.py): the first wish for a
 * name gets it, later ones name_1, name_2 and so on, whatever the case of the letters: sum, sum_1,
 * SUM_2. Scopes take names as nodes do.
 *
 * The map of names holds for each name in lower case how often it was wished for (low 31 bits) and
 * the node that has it (the bits above; 0: a scope). Nodes on the way are not in the map: their
 * names end with their id.
 */
#include "graph/state.h"

#include <string.h>

#define WISHES     INT64_C(0x7fffffff)
#define NODE_SHIFT 32

/* By hand: <ctype.h> asks the locale. */
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool is_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool tare_name_is_valid(const char *scope, const char *name) {
    const size_t length = strlen(name);
    if (!length || name[0] == '/' || name[length - 1] == '/') return false;
    if (!scope[0] && !is_letter_or_digit(name[0]) && name[0] != '.') return false;
    for (const char *c = name; *c; c++)
        if (!is_letter_or_digit(*c) && !strchr("_.-/", *c)) return false;
    return true;
}

static void start_text(tare_text *text) {
    text->length = 0;
    text->failed = false;
}

static void write_key(tare_graph *graph) {
    start_text(&graph->key);
    tare_text_add_bytes(&graph->key, graph->name.data, graph->name.length);
    if (graph->key.failed) return;
    for (size_t i = 0; i < graph->key.length; i++) graph->key.data[i] = lower(graph->key.data[i]);
}

static bool write_name(tare_graph *graph, const char *scope, const char *name) {
    start_text(&graph->name);
    tare_text_add(&graph->name, scope);
    tare_text_add(&graph->name, name);
    if (graph->name.failed) return false;
    write_key(graph);
    return !graph->key.failed;
}

/* Cuts the text to length and adds "_number". */
static void number_text(tare_text *text, size_t length, int64_t number) {
    text->length = length;
    tare_text_format(text, "_%lld", (long long)number);
}

bool tare_name_choose(tare_graph *graph, const char *scope, const char *name,
                      tare_name_choice *choice) {
    if (!write_name(graph, scope, name)) return false;
    const tare_map *names = graph->maps[TARE_MAP_NAMES];
    const size_t length = graph->key.length;
    choice->base_length = length;
    choice->base_value = tare_map_get(names, graph->key.data, TARE_MAP_ABSENT);
    if (choice->base_value == TARE_MAP_ABSENT) return true;
    int64_t number = choice->base_value & WISHES;
    do {
        number_text(&graph->key, length, number);
        if (graph->key.failed) return false;
    } while (tare_map_has(names, graph->key.data) && number++ < WISHES);
    number_text(&graph->name, length, number);
    return !graph->name.failed;
}

bool tare_name_choose_of_scope(tare_graph *graph, const char *name, tare_name_choice *choice) {
    if (!write_name(graph, "", name)) return false;
    const int64_t value =
        tare_map_get(graph->maps[TARE_MAP_NAMES], graph->key.data, TARE_MAP_ABSENT);
    if (value != TARE_MAP_ABSENT && value >> NODE_SHIFT)
        return tare_name_choose(graph, "", name, choice);
    choice->base_length = graph->key.length;
    choice->base_value = TARE_MAP_ABSENT;
    return true;
}

bool tare_name_choose_hidden(tare_graph *graph, const char *scope, const char *name, int64_t id) {
    const char *slash = strrchr(name, '/');
    const char *last = slash ? slash + 1 : name;
    start_text(&graph->name);
    tare_text_add(&graph->name, scope);
    tare_text_add_bytes(&graph->name, name, (size_t)(last - name));
    tare_text_format(&graph->name, "~%s_%lld", last, (long long)id);
    return !graph->name.failed;
}

/* Sets how often the base name, whose key is a prefix of the chosen one, was wished for. */
static bool set_wishes(tare_graph *graph, const tare_name_choice *choice, int64_t more) {
    char *end = graph->key.data + choice->base_length;
    const char kept = *end;
    *end = '\0';
    const bool set =
        tare_graph_map_set(graph, TARE_MAP_NAMES, graph->key.data, choice->base_value + more);
    *end = kept;
    return set;
}

bool tare_name_take(tare_graph *graph, const tare_name_choice *choice, int32_t node) {
    const int64_t value = 1 + ((int64_t)node << NODE_SHIFT);
    const bool numbered = choice->base_value != TARE_MAP_ABSENT;
    const int64_t changes = graph->changes.count;
    if (numbered && !set_wishes(graph, choice, 1)) return false;
    if (tare_graph_map_set(graph, TARE_MAP_NAMES, graph->key.data, value)) return true;
    /* An attempt has noted the first change; without one, setting an entry that exists needs no
     * memory. */
    if (graph->attempts)
        tare_map_changes_drop(graph, changes);
    else if (numbered)
        (void)set_wishes(graph, choice, 0);
    return false;
}

/* The id that a hidden name ends with; 0: it is none. */
static int32_t hidden_id(const tare_graph *graph, const char *name, size_t length) {
    size_t start = length;
    while (start > 0 && name[start - 1] >= '0' && name[start - 1] <= '9') start--;
    const char *digits = name + start;
    int64_t id = 0;
    if (start == length || !tare_parse_integer(&digits, &id)) return 0;
    return id >= 1 && id <= graph->node_count ? (int32_t)id : 0;
}

/* The node that the map of names knows under that name in any case of letters. Memory is needed for
 * very long names only: where there is none, other names are found all the same. */
static int32_t listed_node(const tare_graph *graph, const char *name, size_t length) {
    char usual[512];
    const bool fits = length < sizeof usual;
    char *key = fits ? usual : tare_allocate(&graph->allocator, length + 1);
    if (!key) return 0;
    for (size_t i = 0; i < length; i++) key[i] = lower(name[i]);
    key[length] = '\0';
    const int64_t value = tare_map_get(graph->maps[TARE_MAP_NAMES], key, 0);
    if (!fits) tare_release(&graph->allocator, key, length + 1);
    return (int32_t)(value >> NODE_SHIFT);
}

int32_t tare_name_node(const tare_graph *graph, const char *name, size_t length) {
    const int32_t id = memchr(name, '~', length) ? hidden_id(graph, name, length)
                                                 : listed_node(graph, name, length);
    if (!id) return 0;
    const char *found = tare_graph_node(graph, id)->name;
    return strlen(found) == length && memcmp(found, name, length) == 0 ? id : 0;
}

/* ---- tensors by name */

/* The output number behind the last ':' of a tensor's name; -1: none, the name is an operation's.
 */
static int64_t split_output(const char *name, size_t *length) {
    const char *colon = strrchr(name, ':');
    *length = strlen(name);
    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1)) return -1;
    const char *digits = colon + 1;
    int64_t output = 0;
    if (!tare_parse_integer(&digits, &output)) return INT32_MAX;
    *length = (size_t)(colon - name);
    return output;
}

tare_tensor tare_tensor_named(const tare_graph *graph, const char *name) {
    if (!graph || !name) return tare_graph_null((tare_graph *)graph);
    size_t length = 0;
    const int64_t output = split_output(name, &length);
    const int32_t node = tare_name_node(graph, name, length);
    if (!node || output >= INT32_MAX) return tare_graph_null((tare_graph *)graph);
    const int32_t outputs = tare_graph_node(graph, node)->output_count;
    if (output >= outputs) return tare_graph_null((tare_graph *)graph);
    return tare_graph_tensor(graph, node, output < 0 ? 0 : (int32_t)output);
}
