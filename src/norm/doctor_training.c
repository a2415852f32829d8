/* SPDX-License-Identifier: Apache-2.0 */
/* What the graph and its variables tell of the training: steps done, the rate they began with. */
#include "array/array.h"
#include "norm/doctor.h"
#include "train/optimizer.h"

#include <math.h>
#include <string.h>

static const tare_node *first_optimizer(const tare_graph *graph) {
    const int32_t nodes = (int32_t)tare_graph_node_count(graph);
    for (int32_t id = 1; id <= nodes; id++) {
        const tare_node *node = tare_graph_node(graph, id);
        if (strcmp(node->def->name, "optimizer") == 0) return node;
    }
    return NULL;
}

static const tare_array *numbers_of(const tare_patient *patient, int32_t variable) {
    const tare_session *session = patient->session;
    const bool known =
        variable < session->variables.count && session->variables.items[variable].initialized;
    return known ? session->variables.items[variable].array : NULL;
}

/* Adam's second power is beta2^(steps + 1), until it is too small to tell. */
static int64_t steps_by_power(const tare_patient *patient, const tare_node *optimizer) {
    const tare_optimizer_form *form = tare_optimizer_form_of(optimizer);
    const tare_optimizer who = {patient->graph, optimizer->id};
    tare_optimizer_slots slots;
    if (form->powers < 1 || !tare_optimizer_find_slots(who, TARE_NULL, &slots)) return -1;
    const tare_node *power = tare_tensor_node(slots.powers[form->powers - 1]);
    const tare_node *beta = tare_graph_node(patient->graph, optimizer->inputs[form->powers].node);
    const tare_array *now = power ? numbers_of(patient, power->id) : NULL;
    if (!now || !(beta->def->flags & TARE_OP_CONSTANT)) return -1;
    const tare_constant_node_options *constant = beta->options;
    const double first = log(tare_array_number(constant->array, 0));
    const double all = log(tare_array_number(now, 0));
    return isfinite(all) && first < 0 ? llround(all / first) - 1 : -1;
}

static int64_t find_steps(const tare_patient *patient, const tare_node *optimizer) {
    if (patient->options.steps > 0) return patient->options.steps;
    const tare_tensor step = tare_collection_item(patient->graph, TARE_GLOBAL_STEP, NULL, 0);
    const tare_array *now = step.node ? numbers_of(patient, step.node) : NULL;
    if (now) return (int64_t)tare_array_number(now, 0);
    return optimizer ? steps_by_power(patient, optimizer) : -1;
}

/* The rate as it was at step 0: a schedule may have brought it down to nothing since. */
static double find_rate(tare_patient *patient, const tare_node *optimizer) {
    const tare_tensor step = tare_collection_item(patient->graph, TARE_GLOBAL_STEP, NULL, 0);
    tare_session *session = patient->session;
    if (patient->options.learning_rate > 0) return patient->options.learning_rate;
    if (!optimizer) return TARE_UNKNOWN;
    const tare_tensor rate =
        tare_graph_tensor(patient->graph, optimizer->inputs[0].node, optimizer->inputs[0].output);
    tare_array *zero = NULL, *result = NULL;
    if (step.node &&
        tare_array_new(tare_tensor_dtype(step), TARE_SCALAR, &session->given, &zero) != TARE_OK)
        return TARE_UNKNOWN;
    const tare_feed feed = {step, zero};
    const tare_error before = session->error;
    const tare_status status =
        tare_session_run(session, zero ? &feed : NULL, zero != NULL, &rate, 1, &result);
    const double found =
        status == TARE_OK ? tare_array_number(result, 0) : TARE_UNKNOWN; /* it must be fed */
    if (status != TARE_OK) session->error = before;
    tare_array_free(zero);
    return found;
}

/* gamma is ones and beta zeros until somebody trains them. */
static bool is_all(const tare_array *array, double number) {
    for (int64_t i = 0; array && i < array->count; i++)
        if (tare_array_number(array, i) != number) return false;
    return true;
}

static bool has_moved(const tare_patient *patient) {
    for (size_t i = 0; i < patient->layer_count; i++)
        if (!is_all(patient->layers[i].gamma, 1) || !is_all(patient->layers[i].beta, 0))
            return true;
    return false;
}

tare_status tare_patient_find_training(tare_patient *patient) {
    const tare_node *optimizer = first_optimizer(patient->graph);
    patient->steps = find_steps(patient, optimizer);
    patient->trained = patient->steps > 0 || (patient->steps < 0 && has_moved(patient));
    patient->learning_rate = find_rate(patient, optimizer);
    return TARE_OK;
}
