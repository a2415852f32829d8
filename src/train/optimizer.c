/* SPDX-License-Identifier: Apache-2.0 */
/* Optimisers as nodes of the graph, and where their slots are found. */
#include "train/optimizer.h"

#include "base/text.h"
#include "op/update.h"

#include <string.h>

#define TARE_TABLE_STRUCT tare_optimizer_form
TARE_OPTION_TABLE(static, form_table, TARE_OPTIMIZER_FORM_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status optimizer_infer(tare_infer *infer) {
    for (int32_t i = 0; i < infer->input_count; i++) {
        tare_status status = tare_infer_floating(infer, i, "hyperparameter");
        if (!status) status = tare_infer_rank(infer, i, 0, "hyperparameter");
        if (status) return status;
    }
    return TARE_OK;
}

/* It is there to be asked: nothing fetches it, so nothing runs it. */
static tare_status optimizer_run(const tare_run *run) {
    (void)run;
    return TARE_OK;
}

static const tare_op_def optimizer_def = {.name = "optimizer",
                                          .node_name = "optimizer",
                                          .table = &form_table,
                                          .min_inputs = 1,
                                          .max_inputs = TARE_UPDATE_MOST_NUMBERS,
                                          .infer = optimizer_infer,
                                          .run = optimizer_run};

/* ---- numbers */

static tare_tensor float_constant(tare_graph *graph, double number) {
    tare_array *array = NULL;
    if (tare_array_new(TARE_FLOAT32, TARE_SCALAR, tare_graph_allocator(graph), &array))
        return tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    tare_array_set_number(array, 0, number);
    tare_graph_hidden_begin(graph);
    const tare_tensor constant = tare_constant_with(graph, array, NULL);
    tare_graph_hidden_end(graph);
    tare_array_free(array);
    return constant;
}

tare_tensor tare_train_number(tare_graph *graph, tare_tensor number, const char *op,
                              const char *what) {
    if (number.immediate == 1) return float_constant(graph, number.number);
    if (number.graph) return number;
    char got[96];
    tare_print(got, sizeof got, "%s %s", number.immediate ? "a boolean as" : "no", what);
    return tare_build_fail(graph, TARE_ERROR_ARGUMENT, op, "", got,
                           "a number or a floating scalar tensor");
}

/* ---- making one */

tare_optimizer tare_optimizer_refuse(tare_graph *graph, const char *label, const char *what,
                                     double number, const char *need) {
    char text[TARE_NUMBER_TEXT], got[128];
    tare_print(got, sizeof got, "%s %s", what, tare_double_text(text, number));
    tare_build_fail(graph, TARE_ERROR_ARGUMENT, label, "", got, need);
    return (tare_optimizer){.graph = graph};
}

tare_optimizer tare_optimizer_make(tare_graph *graph, const char *name,
                                   const tare_optimizer_form *form,
                                   const tare_optimizer_number *numbers, int32_t count) {
    tare_optimizer optimizer = {.graph = graph};
    if (!graph || tare_graph_status(graph)) return optimizer;
    tare_optimizer_form own = *form;
    if (name) own.label = name;
    tare_tensor inputs[TARE_UPDATE_MOST_NUMBERS];
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_graph_hidden_begin(graph);
    for (int32_t i = 0; i < count; i++)
        inputs[i] = tare_train_number(graph, numbers[i].value, own.label, numbers[i].name);
    optimizer.node =
        tare_build_node(graph, &optimizer_def, own.label, inputs, (size_t)count, &own).node;
    tare_graph_hidden_end(graph);
    tare_graph_attempt_end(graph, &attempt);
    if (tare_graph_status(graph)) optimizer.node = 0;
    return optimizer;
}

const tare_node *tare_optimizer_node(tare_optimizer optimizer) {
    const tare_tensor tensor = {.graph = optimizer.graph, .node = optimizer.node};
    const tare_node *node = tare_tensor_node(tensor);
    return node && node->def == &optimizer_def ? node : NULL;
}

const tare_optimizer_form *tare_optimizer_form_of(const tare_node *optimizer) {
    return optimizer->options;
}

/* ---- slots */

static bool is_apply(const tare_node *node) { return node->def->table == tare_apply_ops[0].table; }

static tare_tensor input_of(const tare_graph *graph, const tare_node *node, int input) {
    return tare_graph_tensor(graph, node->inputs[input].node, node->inputs[input].output);
}

bool tare_optimizer_find_slots(tare_optimizer optimizer, tare_tensor variable,
                               tare_optimizer_slots *slots) {
    const tare_graph *graph = optimizer.graph;
    const int64_t count = tare_graph_node_count(graph);
    for (int64_t id = (int64_t)optimizer.node + 1; id <= count; id++) {
        const tare_node *node = tare_graph_node(graph, (int32_t)id);
        if (!is_apply(node)) continue;
        const tare_apply_options *options = node->options;
        if (options->owner != optimizer.node) continue;
        if (variable.node && node->inputs[TARE_APPLY_VARIABLE].node != variable.node) continue;
        const tare_optimizer_form *form = tare_optimizer_form_of(tare_optimizer_node(optimizer));
        const tare_update_rule *rule = tare_update_rule_named(form->rule);
        int input = TARE_APPLY_SLOTS;
        for (int i = 0; i < rule->slots; i++) slots->slots[i] = input_of(graph, node, input++);
        for (int i = 0; i < form->powers; i++) slots->powers[i] = input_of(graph, node, input++);
        return true;
    }
    return false;
}

/* The place of a word in "m,v,vhat"; -1: it is not there. */
static int place_of(const char *words, const char *word) {
    const size_t length = strlen(word);
    for (int place = 0; words && *words; place++) {
        const size_t width = strcspn(words, ",");
        if (width == length && strncmp(words, word, length) == 0) return place;
        words += width + (words[width] == ',');
    }
    return -1;
}

tare_tensor tare_optimizer_slot(tare_optimizer optimizer, tare_tensor variable, const char *slot) {
    const tare_tensor none = {.graph = optimizer.graph};
    const tare_node *node = tare_optimizer_node(optimizer);
    tare_optimizer_slots found;
    if (!node || !slot || !variable.node) return none;
    if (!tare_optimizer_find_slots(optimizer, variable, &found)) return none;
    const tare_optimizer_form *form = tare_optimizer_form_of(node);
    const int place = place_of(form->slots, slot),
              power = place_of("beta1_power,beta2_power", slot);
    if (place >= 0) return found.slots[place];
    return power >= 0 && power < form->powers ? found.powers[power] : none;
}
