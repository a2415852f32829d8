/* SPDX-License-Identifier: Apache-2.0 */
/* Ops by name: the registry searched, and nodes of any op built. */
#include "graph/state.h"

#include <string.h>

const tare_op_def *tare_op_find(const char *name) {
    if (!name) return NULL;
    for (const tare_op_def *const *family = tare_op_families; *family; family++)
        for (const tare_op_def *def = *family; def->name; def++)
            if (strcmp(def->name, name) == 0) return def;
    return NULL;
}

/* The registry is searched once per graph and name. */
static const tare_op_def *find(tare_graph *graph, const char *name) {
    const int64_t known = tare_map_get(graph->ops, name, 0);
    if (known) return (const tare_op_def *)(uintptr_t)known;
    const tare_op_def *def = tare_op_find(name);
    /* Without memory the next search is as slow as this one, nothing worse. */
    if (def) (void)tare_map_set(graph->ops, name, (int64_t)(uintptr_t)def);
    return def;
}

tare_tensor tare_build_named(tare_graph *graph, const char *op, const char *name,
                             const tare_tensor *inputs, size_t count) {
    const tare_op_def *def = find(graph, op);
    if (!def)
        return tare_build_fail(graph, TARE_ERROR_UNSUPPORTED, op, "", "an op that is not built in",
                               "a library that has it");
    return tare_build_node(graph, def, name, inputs, count, NULL);
}

tare_tensor tare_build(tare_graph *graph, const char *op, const tare_tensor *inputs, size_t count,
                       const void *options) {
    if (!graph) graph = tare_graph_of(inputs, count);
    if (!graph || graph->error.status) return tare_graph_null(graph);
    const tare_op_def *def = op ? find(graph, op) : NULL;
    if (!def || (def->flags & TARE_OP_INTERNAL))
        return tare_build_fail(graph, TARE_ERROR_NAME, op, "",
                               def ? "an op that exists in plans only"
                                   : "an op that does not exist",
                               "a kind that tare_op_kind lists");
    return tare_build_node(graph, def, NULL, inputs, count, options);
}

const char *tare_op_kind(size_t i) {
    for (const tare_op_def *const *family = tare_op_families; *family; family++)
        for (const tare_op_def *def = *family; def->name; def++)
            if (!(def->flags & TARE_OP_INTERNAL) && i-- == 0) return def->name;
    return NULL;
}

const tare_option_table *tare_op_option_table(const char *op) {
    const tare_op_def *def = tare_op_find(op);
    return def ? tare_op_table(def) : NULL;
}
