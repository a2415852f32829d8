/* SPDX-License-Identifier: Apache-2.0 */
/* A network of the zoo: its variables, its graph. */
#include "array/shape.h"
#include "cli/inspect.h"
#include "cli/say.h"
#include "cli/table.h"
#include "graph/graph.h"

#include <inttypes.h>

/* ---------------------------------------------------------------------------------- variables */

static const tare_node *variable_at(const tare_graph *graph, int64_t i) {
    return tare_graph_node(graph, tare_graph_variable(graph, i));
}

static bool is_trained(const tare_node *variable) {
    return ((const tare_variable_node_options *)variable->options)->trainable;
}

/* Numbers in all variables, and in those that are trained. */
static void count_numbers(const tare_graph *graph, int64_t *all, int64_t *trained) {
    *all = *trained = 0;
    for (int64_t i = 0; i < tare_graph_variable_count(graph); i++) {
        const tare_node *variable = variable_at(graph, i);
        const int64_t count = tare_shape_count(variable->outputs[0].shape);
        *all += count;
        if (is_trained(variable)) *trained += count;
    }
}

static void add_variables(tare_text *text, const tare_workshop *workshop) {
    const tare_graph *graph = workshop->graph;
    int64_t all, trained;
    tare_table table = {.columns = 5, .right = {[3] = true}};
    static const char *const heads[] = {"variable", "dtype", "shape", "numbers", "trained"};
    for (int i = 0; i < 5; i++) tare_table_cell(&table, heads[i]);
    for (int64_t i = 0; i < tare_graph_variable_count(graph); i++) {
        const tare_node *variable = variable_at(graph, i);
        char shape[TARE_SHAPE_TEXT];
        tare_table_cell(&table, variable->name);
        tare_table_cell(&table, tare_dtype_name(variable->outputs[0].dtype));
        tare_table_cell(&table, tare_shape_text(shape, variable->outputs[0].shape));
        tare_table_integer(&table, tare_shape_count(variable->outputs[0].shape));
        tare_table_cell(&table, is_trained(variable) ? "yes" : "no");
    }
    count_numbers(graph, &all, &trained);
    tare_text_format(text, "%s: %s\n\n", workshop->name, tare_zoo_help(workshop->name));
    tare_table_end(&table, text);
    tare_text_format(text,
                     "\n%" PRId64 " variables, %" PRId64 " numbers, %" PRId64
                     " of them trained; %" PRId64 " nodes\n",
                     tare_graph_variable_count(graph), all, trained, tare_graph_size(graph));
}

static void add_json_variables(tare_json *json, const tare_workshop *workshop) {
    const tare_graph *graph = workshop->graph;
    tare_json_begin_object(json);
    tare_json_member_text(json, "network", workshop->name);
    tare_json_member_integer(json, "nodes", tare_graph_size(graph));
    tare_json_key(json, "variables");
    tare_json_begin_array(json);
    for (int64_t i = 0; i < tare_graph_variable_count(graph); i++) {
        const tare_node *variable = variable_at(graph, i);
        tare_json_begin_object(json);
        tare_json_member_text(json, "name", variable->name);
        tare_json_member_text(json, "dtype", tare_dtype_name(variable->outputs[0].dtype));
        tare_json_member_shape(json, "shape", variable->outputs[0].shape);
        tare_json_member_integer(json, "numbers", tare_shape_count(variable->outputs[0].shape));
        tare_json_member_boolean(json, "trained", is_trained(variable));
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}

/* -------------------------------------------------------------------------------------- graph */

static int say_graph(const tare_workshop *workshop, const tare_inspect_options *options) {
    char *text = options->graph == TARE_GRAPH_DOT ? tare_graph_dot(workshop->graph)
                                                  : tare_graph_text(workshop->graph);
    if (text == NULL) return tare_say_failure("no memory for the graph's text");
    tare_say(text);
    tare_text_free(text);
    return TARE_EXIT_SUCCESS;
}

int tare_inspect_network(tare_workshop *workshop, const tare_inspect_options *options) {
    tare_error error = {0};
    if (tare_workshop_build(workshop, 0, &error) != TARE_OK) return tare_say_error(&error);
    if (options->graph != TARE_GRAPH_NONE) return say_graph(workshop, options);
    if (options->plan) return tare_inspect_plan(workshop, options);
    tare_json json = {.depth = 0};
    if (options->json) {
        add_json_variables(&json, workshop);
    } else {
        add_variables(&json.text, workshop);
    }
    if (!tare_say_text(&json.text)) return tare_say_failure("no memory");
    return TARE_EXIT_SUCCESS;
}
