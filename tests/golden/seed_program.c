/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group seed_program: the two-layer program of the question this library starts from, with every
 * number of its training, and the numbers that the question printed.
 */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One layer of the question: dense without bias, then batch normalisation. */
static tare_tensor layer(golden_case *c, tare_tensor x, tare_tensor training, tare_tensor *dense) {
    tare_dense_options plain = {TARE_DENSE_DEFAULTS};
    plain.use_bias = false;
    tare_batch_norm_options norm = {TARE_BATCH_NORM_DEFAULTS};
    norm.training = training;
    norm.momentum = golden_real(c->spec, "momentum", 0.5);
    norm.epsilon = golden_real(c->spec, "epsilon", 0.001);
    *dense = tare_dense_with(x, 1, &plain);
    return tare_batch_norm_with(*dense, &norm);
}

/* A step runs the optimiser and, unless the case says no, UPDATE_OPS. */
static void build_step(golden_case *c, tare_tensor rate, golden_training *program) {
    bool updates = golden_boolean(c->spec, "fetch_updates", true);
    tare_adam_options adam = {TARE_ADAM_DEFAULTS};
    adam.learning_rate = rate;
    tare_minimize_options minimize = {TARE_MINIMIZE_DEFAULTS};
    if (!updates) minimize.updates = TARE_UPDATES_MANUAL;
    program->run_count = 1;
    tare_tensor *operations = program->runs[0].operations;
    operations[0] = tare_minimize_with(tare_adam_with(c->graph, &adam), program->cost, &minimize);
    size_t count = tare_collection_count(c->graph, TARE_UPDATE_OPS, NULL);
    program->runs[0].count = 1;
    for (size_t i = 0; updates && i < count; i++)
        operations[program->runs[0].count++] =
            tare_collection_item(c->graph, TARE_UPDATE_OPS, NULL, i);
}

static void build(golden_case *c, golden_training *program) {
    tare_graph *g = c->graph;
    tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), .name = "x");
    tare_tensor y = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), .name = "y");
    tare_tensor rate = tare_placeholder(g, TARE_FLOAT32, TARE_SCALAR, .name = "lx");
    program->training = tare_placeholder_with_default(g, TARE_FALSE, .name = "training");
    tare_tensor hidden_1, bn_1, bn_1x, predx, pred;
    tare_variable_scope_begin(g, "hidden1", NULL, TARE_REUSE_INHERIT);
    bn_1 = layer(c, x, program->training, &hidden_1);
    bn_1x = tare_relu(bn_1);
    tare_variable_scope_end(g);
    tare_variable_scope_begin(g, "output", NULL, TARE_REUSE_INHERIT);
    pred = layer(c, bn_1x, program->training, &predx);
    tare_variable_scope_end(g);
    program->cost = tare_reduce_mean(tare_square(tare_sub(pred, y)));
    build_step(c, rate, program);

    golden_training_feed(program, "x", x);
    golden_training_feed(program, "y", y);
    golden_training_feed(program, "lx", rate);
    golden_watch_add(&program->watch, "out", "hidden_1", hidden_1);
    golden_watch_add(&program->watch, "out", "bn_1", bn_1);
    golden_watch_add(&program->watch, "out", "bn_1x", bn_1x);
    golden_watch_add(&program->watch, "out", "predx", predx);
    golden_watch_add(&program->watch, "out", "pred", pred);
    golden_watch_add(&program->watch, "out", "cost", program->cost);
}

/* What TensorFlow's own output may differ by from the printed decimals, as it was recorded. */
#define PRINTED_WITHIN 1e-7

static void check_number(golden_case *c, const char *name, const json_t *entry, double got,
                         double printed) {
    double allowed = PRINTED_WITHIN + golden_real(entry, "atol", 0) +
                     golden_real(entry, "rtol", 0) * fabs(printed);
    if (!(fabs(got - printed) <= allowed))
        golden_fail(c, "printed %s: got %.9g, the question says %.9g", name, got, printed);
}

/* A variable after the step, or a tensor at inference. */
static tare_array *value_of(golden_case *c, const golden_training *program,
                            const golden_feeds *feeds, const char *name) {
    tare_array *value = NULL;
    if (strchr(name, '/')) {
        golden_ok(c, tare_session_get(c->session, name, &value), name);
        return golden_keep(c, value);
    }
    for (size_t i = 0; i < program->watch.count; i++)
        if (!strcmp(program->watch.items[i].name, name))
            golden_ok(c,
                      tare_session_run(c->session, feeds->items, feeds->count,
                                       &program->watch.tensors[i], 1, &value),
                      name);
    return value;
}

/* The numbers of the question itself, computed here, against the decimals it printed. */
static void check_printed(golden_case *c, const golden_training *program) {
    const char *name;
    json_t *printed;
    golden_feeds feeds = {.count = 0};
    golden_feed_recorded(c, &feeds, program->feeds.items[0].tensor, "inference", "x");
    json_object_foreach(json_object_get(c->spec, "printed"), name, printed) {
        bool variable = strchr(name, '/') != NULL;
        const json_t *entry =
            golden_entry(c, variable ? "step0" : "inference", variable ? "var" : "out", name);
        const tare_array *value = value_of(c, program, &feeds, name);
        size_t wanted = json_is_array(printed) ? json_array_size(printed) : 1;
        if (!value || (size_t)tare_array_count(value) != wanted) {
            golden_fail(c, "printed %s: no such value", name);
            continue;
        }
        for (size_t i = 0; i < wanted; i++) {
            const json_t *number = json_is_array(printed) ? json_array_get(printed, i) : printed;
            check_number(c, name, entry, tare_array_number(value, (int64_t)i),
                         json_number_value(number));
        }
    }
}

void golden_seed_program(golden_case *c) {
    golden_training program = {.run_count = 0};
    build(c, &program);
    if (!golden_built(c, "the program of the question")) return;
    golden_train(c, &program);
    if (!c->failures) check_printed(c, &program);
}
