/* SPDX-License-Identifier: Apache-2.0 */
/* Options described by tables: defaults, the user's struct over them, and deep copies for nodes. */
#include "graph/state.h"

#include <string.h>

#define TARE_TABLE_STRUCT tare_op_options
TARE_OPTION_TABLE(static, plain_table, TARE_OP_FIELDS);
#undef TARE_TABLE_STRUCT

const tare_option_table *tare_op_table(const tare_op_def *def) {
    return def->table ? def->table : &plain_table;
}

static size_t size_of_kind(tare_option_kind kind) {
    static const size_t sizes[] = {
        [TARE_OPTION_boolean] = sizeof(TARE_TYPE_boolean),
        [TARE_OPTION_integer] = sizeof(TARE_TYPE_integer),
        [TARE_OPTION_real] = sizeof(TARE_TYPE_real),
        [TARE_OPTION_text] = sizeof(TARE_TYPE_text),
        [TARE_OPTION_list] = sizeof(TARE_TYPE_list),
        [TARE_OPTION_choice] = sizeof(TARE_TYPE_choice),
        [TARE_OPTION_dtype] = sizeof(TARE_TYPE_dtype),
        [TARE_OPTION_shape] = sizeof(TARE_TYPE_shape),
        [TARE_OPTION_tensor] = sizeof(TARE_TYPE_tensor),
        [TARE_OPTION_array] = sizeof(TARE_TYPE_array),
        [TARE_OPTION_initializer] = sizeof(TARE_TYPE_initializer),
        [TARE_OPTION_regularizer] = sizeof(TARE_TYPE_regularizer),
        [TARE_OPTION_constraint] = sizeof(TARE_TYPE_constraint),
    };
    return sizes[kind];
}

/*
 * A struct of the library's own size is copied whole. A shorter one comes from an older header: its
 * fields are those that end before its closing `reserved`. In place of `reserved` later versions
 * have put a new field, which is told from an old one by its size: the first field that a version
 * adds to a struct has eight bytes or more.
 */
void tare_options_adopt(const tare_option_table *table, const void *user, void *into) {
    table->set_defaults(into);
    if (!user) return;
    size_t size = 0;
    memcpy(&size, user, sizeof size);
    if (size >= table->size) {
        memcpy(into, user, table->size);
    } else {
        for (const tare_option *option = table->options; option->name; option++) {
            const size_t bytes = size_of_kind(option->kind);
            if (option->offset + bytes + sizeof(int) <= size)
                memcpy((char *)into + option->offset, (const char *)user + option->offset, bytes);
        }
    }
    memcpy(into, &table->size, sizeof table->size);
}

static bool own_text(tare_graph *graph, void *field) {
    const char *text = NULL;
    memcpy(&text, field, sizeof text);
    if (!text) return true;
    const char *copy = tare_arena_text(graph->memory, text);
    memcpy(field, &copy, sizeof copy);
    return copy != NULL;
}

static bool own_array(tare_graph *graph, const void *field) {
    const tare_array *array = NULL;
    memcpy(&array, field, sizeof array);
    return tare_graph_keep_array(graph, array);
}

bool tare_options_own(tare_graph *graph, const tare_option_table *table, void *options) {
    for (const tare_option *option = table->options; option->name; option++) {
        char *field = (char *)options + option->offset;
        if (option->kind == TARE_OPTION_text && !own_text(graph, field)) return false;
        if (option->kind == TARE_OPTION_array && !own_array(graph, field)) return false;
        if (option->kind == TARE_OPTION_initializer &&
            !own_array(graph, field + offsetof(tare_initializer, array)))
            return false;
    }
    return true;
}

static const tare_option *name_option(const tare_option_table *table) {
    for (const tare_option *option = table->options; option->name; option++)
        if (option->kind == TARE_OPTION_text && strcmp(option->name, "name") == 0) return option;
    return NULL;
}

const char *tare_options_name(const tare_option_table *table, const void *options) {
    const tare_option *option = name_option(table);
    const char *name = NULL;
    if (option) memcpy(&name, (const char *)options + option->offset, sizeof name);
    return name;
}

void tare_options_forget_name(const tare_option_table *table, void *options) {
    const tare_option *option = name_option(table);
    const char *none = NULL;
    if (option) memcpy((char *)options + option->offset, &none, sizeof none);
}
