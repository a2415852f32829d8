/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying gradients: slots are made, one update per variable, then its constraint; when all
 * variables are done the powers of the optimiser are multiplied, then the global step grows. What
 * is made on the way is hidden; the operation that stands for it all bears the optimiser's name.
 *
 * Source: TensorFlow r1.15, python/training/optimizer.py (apply_gradients), adam.py (_finish).
 */
#include "train/apply.h"

#include "base/memory.h"
#include "base/text.h"
#include "op/update.h"
#include "train/slot.h"

typedef struct application {
    tare_graph *graph;
    tare_optimizer optimizer;
    const tare_node *node; /* the optimiser's */
    const tare_optimizer_form *form;
    const tare_update_rule *rule;
    tare_optimizer_slots own; /* the powers, and the slots of the present variable */
    tare_tensor *done;        /* operations that the train op stands for */
    size_t done_count;
} application;

/* ---- variables of the optimiser's own */

static double initial_of_slot(const tare_optimizer_form *form, int slot) {
    return slot == 0 ? form->initial_0 : slot == 1 ? form->initial_1 : form->initial_2;
}

static void find_or_make_slots(application *a, tare_tensor variable) {
    if (tare_optimizer_find_slots(a->optimizer, variable, &a->own)) return;
    for (int i = 0; i < a->rule->slots; i++) {
        const double first = initial_of_slot(a->form, i);
        a->own.slots[i] = tare_slot_make(a->graph, variable, a->form->label,
                                         first == 0 ? TARE_ZEROS : TARE_CONSTANT(first));
    }
}

/* A power starts at its number, which must therefore be known. */
static tare_tensor make_power(const application *a, int power) {
    const tare_node *number = tare_graph_node(a->graph, a->node->inputs[power + 1].node);
    if (!(number->def->flags & TARE_OP_CONSTANT))
        return tare_build_fail(a->graph, TARE_ERROR_ARGUMENT, a->form->label, number->name,
                               "a tensor as beta, whose power has no first value", "a number");
    const tare_constant_node_options *constant = number->options;
    const double first = tare_array_number(constant->array, 0);
    char name[32];
    tare_print(name, sizeof name, "beta%d_power", power + 1);
    return tare_variable(a->graph, name, TARE_SCALAR, .initializer = TARE_CONSTANT(first),
                         .trainable = false);
}

static void find_or_make_powers(application *a) {
    if (tare_optimizer_find_slots(a->optimizer, TARE_NULL, &a->own)) return;
    for (int i = 0; i < a->form->powers; i++) a->own.powers[i] = make_power(a, i);
}

/* ---- one variable */

static tare_tensor build_update(application *a, tare_tensor variable, tare_tensor gradient) {
    tare_tensor inputs[TARE_APPLY_SLOTS + TARE_UPDATE_MOST_SLOTS + TARE_UPDATE_MOST_NUMBERS];
    size_t count = 0;
    inputs[count++] = variable;
    inputs[count++] = gradient;
    for (int i = 0; i < a->rule->slots; i++) inputs[count++] = a->own.slots[i];
    for (int i = 0; i < a->form->powers; i++) inputs[count++] = a->own.powers[i];
    for (int32_t i = 0; i < a->node->input_count; i++) {
        const tare_edge number = a->node->inputs[i];
        inputs[count++] = tare_graph_tensor(a->graph, number.node, number.output);
    }
    char op[64];
    tare_print(op, sizeof op, "apply_%s", a->form->rule);
    const tare_apply_options options = {
        .struct_size = sizeof options,
        .owner = a->optimizer.node,
        .name = tare_slot_name(a->graph, variable, op),
    };
    return tare_build(a->graph, op, inputs, count, &options);
}

static tare_tensor constrain(tare_graph *graph, tare_tensor variable, tare_tensor update) {
    const tare_variable_node_options *made = tare_tensor_node(variable)->options;
    if (made->constraint == TARE_NO_CONSTRAINT || !update.node) return update;
    const tare_constrain_options options = {.struct_size = sizeof options,
                                            .constraint = made->constraint};
    tare_control_dependencies_begin(graph, &update, 1);
    const tare_tensor constrained = tare_build(graph, "constrain", &variable, 1, &options);
    tare_control_dependencies_end(graph);
    return constrained;
}

static void update_variable(application *a, tare_tensor variable, tare_tensor gradient) {
    if (tare_graph_status(a->graph)) return;
    if (!tare_is_variable(a->graph, variable)) {
        tare_build_fail(a->graph, TARE_ERROR_ARGUMENT, a->form->label, tare_tensor_name(variable),
                        "something to update that is no variable of the graph", "variables");
        return;
    }
    find_or_make_slots(a, variable);
    const tare_tensor update = build_update(a, variable, gradient);
    a->done[a->done_count++] = constrain(a->graph, variable, update);
}

/* ---- all of them */

/* After the updates: each power times its number. */
static void advance_powers(application *a) {
    if (a->form->powers == 0) return;
    tare_control_dependencies_begin(a->graph, a->done, a->done_count);
    for (int i = 0; i < a->form->powers; i++) {
        const tare_edge number = a->node->inputs[i + 1];
        const tare_tensor inputs[] = {a->own.powers[i],
                                      tare_graph_tensor(a->graph, number.node, number.output)};
        a->done[a->done_count++] = tare_build(a->graph, "assign_mul", inputs, 2, NULL);
    }
    tare_control_dependencies_end(a->graph);
}

static void advance_global_step(application *a, tare_tensor global_step) {
    if (!global_step.graph && !global_step.immediate) return;
    if (tare_graph_status(a->graph)) return;
    tare_control_dependencies_begin(a->graph, a->done, a->done_count);
    a->done[a->done_count++] = tare_assign_add(global_step, tare_number(1));
    tare_control_dependencies_end(a->graph);
}

static void build_all(application *a, const tare_training_step *step) {
    tare_graph_hidden_begin(a->graph);
    find_or_make_powers(a);
    for (size_t i = 0; i < step->count; i++)
        if (step->gradients[i].node || step->gradients[i].immediate)
            update_variable(a, step->variables[i], step->gradients[i]);
    if (a->done_count == 0 && !tare_graph_status(a->graph))
        tare_build_fail(a->graph, TARE_ERROR_GRADIENT, a->form->label, "", "no gradient at all",
                        "a gradient for one variable or more");
    advance_powers(a);
    advance_global_step(a, step->global_step);
    tare_graph_hidden_end(a->graph);
    for (size_t i = 0; i < step->other_count; i++) a->done[a->done_count++] = step->others[i];
}

static tare_tensor build_step(application *a, const tare_training_step *step) {
    const tare_graph_attempt attempt = tare_graph_attempt_begin(a->graph);
    build_all(a, step);
    const tare_tensor train = tare_group(a->graph, a->done, a->done_count,
                                         .name = step->name ? step->name : a->form->label);
    if (train.node) tare_add_to_collection(a->graph, TARE_TRAIN_OP, train);
    tare_graph_attempt_end(a->graph, &attempt);
    return tare_graph_status(a->graph) ? (tare_tensor){.graph = a->graph} : train;
}

tare_tensor tare_training_step_build(const tare_training_step *step) {
    tare_graph *graph = step->optimizer.graph;
    const tare_node *node = tare_optimizer_node(step->optimizer);
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    if (!node)
        return tare_build_fail(graph, TARE_ERROR_ARGUMENT, "apply_gradients", "",
                               "an optimiser that failed or belongs to another graph",
                               "an optimiser of this graph");
    application a = {.graph = graph, .optimizer = step->optimizer, .node = node};
    a.form = tare_optimizer_form_of(node);
    a.rule = tare_update_rule_named(a.form->rule);
    const int64_t most =
        (int64_t)step->count + (int64_t)step->other_count + TARE_UPDATE_MOST_NUMBERS + 1;
    a.done = tare_allocate_array(tare_graph_allocator(graph), most, sizeof *a.done);
    if (!a.done) return tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    const tare_tensor train = build_step(&a, step);
    tare_release(tare_graph_allocator(graph), a.done, (size_t)most * sizeof *a.done);
    return train;
}

#define TARE_TABLE_STRUCT tare_apply_gradients_options
TARE_OPTION_TABLE(static, apply_gradients_table, TARE_APPLY_GRADIENTS_FIELDS);
#undef TARE_TABLE_STRUCT

tare_tensor tare_apply_gradients_with(tare_optimizer optimizer, const tare_tensor *gradients,
                                      const tare_tensor *variables, size_t count,
                                      const tare_apply_gradients_options *options) {
    tare_apply_gradients_options given;
    tare_options_adopt(&apply_gradients_table, options, &given);
    if (optimizer.graph && count > 0 && (!gradients || !variables))
        return tare_build_fail(optimizer.graph, TARE_ERROR_ARGUMENT, "apply_gradients", "", "NULL",
                               "arrays of gradients and variables");
    const tare_training_step step = {.optimizer = optimizer,
                                     .gradients = gradients,
                                     .variables = variables,
                                     .count = count,
                                     .global_step = given.global_step,
                                     .name = given.name};
    return tare_training_step_build(&step);
}
