/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building summaries: names as tf.summary makes them, collections, merging.
 *
 * Source: TensorFlow r1.15, python/ops/summary_op_util.py and python/summary/summary.py.
 */
#include "base/text.h"
#include "graph/graph.h"
#include "op/summary.h"

#define TARE_TABLE_STRUCT tare_summary_options
TARE_OPTION_TABLE(static, summary_table, TARE_SUMMARY_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_summary_image_options
TARE_OPTION_TABLE(static, summary_image_table, TARE_SUMMARY_IMAGE_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_summary_merge_options
TARE_OPTION_TABLE(static, merge_table, TARE_SUMMARY_MERGE_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_summary_merge_all_options
TARE_OPTION_TABLE(static, merge_all_table, TARE_SUMMARY_MERGE_ALL_FIELDS);
#undef TARE_TABLE_STRUCT

/* ------------------------------------------------------------------------------------- names */

static bool is_of_names(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '/';
}

/* Appends name without the slashes it begins with; a character that names may not have becomes '_'.
 */
static void add_clean(tare_text *text, const char *name) {
    while (*name == '/') name++;
    for (; *name != '\0'; name++) {
        const bool rest_of_character = ((unsigned char)*name & 0xC0) == 0x80;
        if (!rest_of_character) tare_text_add_bytes(text, is_of_names(*name) ? name : "_", 1);
    }
}

/* The names of a node in clean characters. */
typedef struct names {
    tare_text family, node; /* node begins with the family */
    bool failed;
} names;

static names clean_names(tare_graph *graph, const char *name, const char *family) {
    names n = {.family.allocator = tare_graph_allocator(graph)};
    n.node.allocator = n.family.allocator;
    if (family != NULL) {
        add_clean(&n.family, family);
        tare_text_format(&n.node, "%s/", n.family.data == NULL ? "" : n.family.data);
    }
    if (name != NULL) add_clean(&n.node, name);
    n.failed = n.family.failed || n.node.failed;
    return n;
}

static void free_names(names *n) {
    tare_text_clear(&n->family);
    tare_text_clear(&n->node);
}

static void collect(tare_tensor made, const char *collection) {
    if (tare_tensor_is_valid(made) && collection != NULL && collection[0] != '\0')
        (void)tare_add_to_collection(made.graph, collection, made); /* failure is the graph's */
}

/* ----------------------------------------------------------------------------------- builders */

static tare_tensor no_memory(tare_graph *graph) {
    return tare_build_fail(graph, TARE_ERROR_MEMORY, "summary", "", "no memory for its name", "");
}

/* Builds a node of op, whose options hold the names, and collects it. */
static tare_tensor build(int op, tare_tensor x, const void *options, names *n,
                         const char *collection) {
    const tare_tensor made =
        n->failed ? no_memory(x.graph)
                  : tare_build_node(x.graph, &tare_summary_ops[op], NULL, &x, 1, options);
    free_names(n);
    collect(made, collection);
    return made;
}

static tare_tensor build_plain(int op, const char *name, tare_tensor x,
                               const tare_summary_options *options) {
    if (x.graph == NULL) return TARE_NULL;
    tare_summary_options given;
    tare_options_adopt(&summary_table, options, &given);
    names n = clean_names(x.graph, name, given.family);
    tare_summary_node_options node = {
        TARE_DEFAULTS(tare_summary_node_options, TARE_SUMMARY_NODE_FIELDS)};
    node.name = n.node.data;
    node.family = n.family.data;
    return build(op, x, &node, &n, given.collection);
}

tare_tensor tare_summary_scalar_with(const char *name, tare_tensor x,
                                     const tare_summary_options *options) {
    return build_plain(TARE_SUMMARY_OP_SCALAR, name, x, options);
}

tare_tensor tare_summary_histogram_with(const char *name, tare_tensor x,
                                        const tare_summary_options *options) {
    return build_plain(TARE_SUMMARY_OP_HISTOGRAM, name, x, options);
}

tare_tensor tare_summary_image_with(const char *name, tare_tensor x,
                                    const tare_summary_image_options *options) {
    if (x.graph == NULL) return TARE_NULL;
    tare_summary_image_options given;
    tare_options_adopt(&summary_image_table, options, &given);
    names n = clean_names(x.graph, name, given.family);
    tare_summary_image_node_options node = {
        TARE_DEFAULTS(tare_summary_image_node_options, TARE_SUMMARY_IMAGE_NODE_FIELDS)};
    node.name = n.node.data;
    node.family = n.family.data;
    node.max_outputs = given.max_outputs;
    return build(TARE_SUMMARY_OP_IMAGE, x, &node, &n, given.collection);
}

/* ------------------------------------------------------------------------------------ merging */

static tare_tensor refuse_merge(tare_graph *graph, tare_tensor summary, const char *got,
                                const char *need) {
    return tare_build_fail(graph, TARE_ERROR_ARGUMENT, "summary_merge", tare_tensor_name(summary),
                           got, need);
}

static bool is_summary(tare_tensor tensor) {
    const tare_node *node = tare_tensor_node(tensor);
    for (int op = TARE_SUMMARY_OP_SCALAR; op <= TARE_SUMMARY_OP_MERGE; op++)
        if (node != NULL && node->def == &tare_summary_ops[op]) return true;
    return false;
}

/* Each is a summary, and there only once: two values of one tag and step are one too many. */
static bool check_summaries(tare_graph *graph, const tare_tensor *summaries, size_t count) {
    tare_map *seen = tare_map_new(tare_graph_allocator(graph));
    bool sound = seen != NULL;
    if (!sound) no_memory(graph);
    for (size_t i = 0; i < count && sound; i++) {
        const char *name = tare_tensor_name(summaries[i]);
        sound = is_summary(summaries[i]) && !tare_map_has(seen, name);
        if (!sound) {
            const bool twice = is_summary(summaries[i]);
            refuse_merge(graph, summaries[i],
                         twice ? "a summary that is there twice" : "a tensor that is no summary",
                         twice ? "each one once" : "results of tare_summary_scalar and its kin");
        } else if (!tare_map_set(seen, name, 1)) {
            sound = false;
            no_memory(graph);
        }
    }
    tare_map_free(seen);
    return sound;
}

tare_tensor tare_summary_merge_with(const tare_tensor *summaries, size_t count,
                                    const tare_summary_merge_options *options) {
    tare_graph *graph = tare_graph_of(summaries, count);
    if (graph == NULL || tare_graph_status(graph) != TARE_OK) return (tare_tensor){.graph = graph};
    tare_summary_merge_options given;
    tare_options_adopt(&merge_table, options, &given);
    if (!check_summaries(graph, summaries, count)) return (tare_tensor){.graph = graph};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_tensor merged = {.graph = graph};
    if (tare_name_scope_begin(graph, given.name == NULL ? "Merge" : given.name) == TARE_OK) {
        merged = tare_build_node(graph, &tare_summary_ops[TARE_SUMMARY_OP_MERGE], NULL, summaries,
                                 count, NULL);
        (void)tare_name_scope_end(graph); /* just opened */
    }
    collect(merged, given.collection);
    tare_graph_attempt_end(graph, &attempt);
    return merged;
}

static tare_tensor merge_collected(tare_graph *graph, const tare_summary_merge_all_options *given,
                                   size_t count) {
    const tare_allocator *allocator = tare_graph_allocator(graph);
    tare_tensor *all = tare_allocate_array(allocator, (int64_t)count, sizeof *all);
    if (all == NULL) return no_memory(graph);
    for (size_t i = 0; i < count; i++)
        all[i] = tare_collection_item(graph, given->key, given->scope, i);
    tare_summary_merge_options how = {TARE_SUMMARY_MERGE_DEFAULTS};
    how.name = given->name;
    const tare_tensor merged = tare_summary_merge_with(all, count, &how);
    tare_release(allocator, all, count * sizeof *all);
    return merged;
}

tare_tensor tare_summary_merge_all_with(tare_graph *graph,
                                        const tare_summary_merge_all_options *options) {
    if (graph == NULL) return TARE_NULL;
    tare_summary_merge_all_options given;
    tare_options_adopt(&merge_all_table, options, &given);
    const size_t count = tare_collection_count(graph, given.key, given.scope);
    return count == 0 ? TARE_NULL : merge_collected(graph, &given, count);
}
