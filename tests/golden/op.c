/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups nn and op: one function, its gradients under random cotangents, and gradients of those.
 *
 * run/in/ARGUMENT -> run/out/y (or 0, 1, ...); cotangents run/in/dy (dy_0, ...) ->
 * run/grad/ARGUMENT; weights second/in/u_ARGUMENT of the first gradients -> second/grad/ARGUMENT
 * and second/grad/dy.
 */
#include "golden.h"

#include <stdio.h>
#include <string.h>

typedef struct leaves {
    char names[32][GOLDEN_NAME];
    tare_tensor tensors[32];
    size_t count;
} leaves;

typedef struct op_case {
    golden_arguments arguments;
    golden_feeds feeds;
    leaves inputs;                        /* floating inputs, lists flattened */
    leaves cotangents;                    /* dy, or dy_0 ... */
    leaves first;                         /* gradients that were recorded */
    tare_tensor outputs[16], weighed[16]; /* all outputs; those with a cotangent */
    size_t output_count;
} op_case;

static void add_leaf(leaves *to, const char *name, tare_tensor tensor) {
    if (to->count == sizeof to->tensors / sizeof *to->tensors) return;
    snprintf(to->names[to->count], GOLDEN_NAME, "%.*s", GOLDEN_NAME - 1, name);
    to->tensors[to->count++] = tensor;
}

/* A placeholder fed with when/in/name; null when the array cannot be read. */
static tare_tensor feed_placeholder(golden_case *c, op_case *op, const char *when,
                                    const char *name) {
    const tare_array *array = golden_array(c, when, "in", name);
    if (!array) return TARE_NULL;
    tare_tensor tensor =
        tare_placeholder_with(c->graph, tare_array_dtype(array), tare_array_shape(array), NULL);
    golden_feed(&op->feeds, tensor, array);
    return tensor;
}

static void feed_argument(golden_case *c, op_case *op, const char *name, const json_t *what) {
    size_t place = op->arguments.count++;
    snprintf(op->arguments.items[place].name, GOLDEN_NAME, "%s", name);
    const json_t *list = json_object_get(what, "list");
    size_t count = list ? json_array_size(list) : 1;
    for (size_t i = 0; i < count; i++) {
        char full[GOLDEN_NAME + 24];
        snprintf(full, sizeof full, list ? "%s_%zu" : "%s", name, i);
        tare_tensor tensor = feed_placeholder(c, op, "run", full);
        op->arguments.items[place].tensors[i] = tensor;
        op->arguments.items[place].count = i + 1;
        tare_dtype dtype = tare_tensor_dtype(tensor);
        if (dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64) add_leaf(&op->inputs, full, tensor);
    }
}

/* "y" of an op with one output, else "0", "1", ...; how many were recorded. */
static size_t count_outputs(const golden_case *c) {
    if (golden_entry(c, "run", "out", "y")) return 1;
    size_t count = 0;
    for (char name[24]; snprintf(name, sizeof name, "%zu", count),
                        golden_entry(c, "run", "out", name) && count < 16;)
        count++;
    return count;
}

static void name_output(const golden_case *c, const char *prefix, size_t i, char *name) {
    bool single = golden_entry(c, "run", "out", "y") != NULL;
    if (!strcmp(prefix, "dy"))
        snprintf(name, GOLDEN_NAME, single ? "dy" : "dy_%zu", i);
    else
        snprintf(name, GOLDEN_NAME, single ? "y" : "%zu", i);
}

/* First gradients: of the outputs that have a cotangent, for all floating inputs. */
static void build_first(golden_case *c, op_case *op, golden_watch *watch) {
    char name[GOLDEN_NAME];
    for (size_t i = 0; i < op->output_count; i++) {
        name_output(c, "dy", i, name);
        if (!golden_entry(c, "run", "in", name)) continue;
        op->weighed[op->cotangents.count] = op->outputs[i];
        add_leaf(&op->cotangents, name, feed_placeholder(c, op, "run", name));
    }
    if (op->cotangents.count == 0) return;
    tare_tensor gradients[32];
    tare_gradients(op->weighed, op->cotangents.count, op->inputs.tensors, op->inputs.count,
                   op->cotangents.tensors, gradients);
    if (!golden_built(c, "gradient")) return;
    for (size_t i = 0; i < op->inputs.count; i++) {
        if (!golden_entry(c, "run", "grad", op->inputs.names[i])) continue;
        golden_watch_add(watch, "grad", op->inputs.names[i], gradients[i]);
        if (tare_tensor_is_valid(gradients[i]))
            add_leaf(&op->first, op->inputs.names[i], gradients[i]);
    }
}

/* TensorFlow's second gradient, and the true one where TensorFlow's is wrong. */
static void watch_second(golden_case *c, golden_watch *watch, const char *name,
                         tare_tensor gradient) {
    const char *const roles[] = {"grad", "exact"};
    for (size_t i = 0; i < 2; i++)
        if (golden_entry(c, "second", roles[i], name))
            golden_watch_add(watch, roles[i], name, gradient);
}

static void build_second(golden_case *c, op_case *op, golden_watch *watch) {
    tare_tensor weights[32], gradients[64];
    for (size_t i = 0; i < op->first.count; i++) {
        char name[GOLDEN_NAME + 2];
        snprintf(name, sizeof name, "u_%s", op->first.names[i]);
        weights[i] = feed_placeholder(c, op, "second", name);
    }
    leaves *inputs = &op->inputs;
    size_t input_count = inputs->count;
    for (size_t i = 0; i < op->cotangents.count; i++)
        add_leaf(inputs, op->cotangents.names[i], op->cotangents.tensors[i]);
    tare_gradients(op->first.tensors, op->first.count, inputs->tensors, inputs->count, weights,
                   gradients);
    if (golden_built(c, "second gradient"))
        for (size_t i = 0; i < inputs->count; i++)
            watch_second(c, watch, inputs->names[i], gradients[i]);
    inputs->count = input_count;
}

/* `where` of a condition alone is another op: it lists places. */
static bool is_where_places(const golden_case *c, const char *path) {
    return !strcmp(path, "where") && json_object_size(json_object_get(c->spec, "inputs")) == 1;
}

void golden_op(golden_case *c) {
    op_case op = {.output_count = count_outputs(c)};
    const char *path = golden_text(c->spec, "op", "");
    if (is_where_places(c, path)) path = "argwhere";
    const char *name;
    json_t *what;
    json_object_foreach(json_object_get(c->spec, "inputs"), name, what)
        feed_argument(c, &op, name, what);
    if (c->failures || !golden_build_op(c, path, &op.arguments, json_object_get(c->spec, "options"),
                                        op.outputs, op.output_count))
        return;
    if (!golden_built(c, path)) return;

    golden_watch watch = {.count = 0}, second = {.count = 0};
    char output[GOLDEN_NAME];
    for (size_t i = 0; i < op.output_count; i++) {
        name_output(c, "y", i, output);
        golden_watch_add(&watch, "out", output, op.outputs[i]);
    }
    build_first(c, &op, &watch);
    if (golden_boolean(c->spec, "second", false) && op.first.count) build_second(c, &op, &second);
    if (c->failures || !golden_open_session(c)) return;
    golden_run_watch(c, "run", &op.feeds, &watch);
    if (second.count) golden_run_watch(c, "second", &op.feeds, &second);
}
