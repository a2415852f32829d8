/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The weight of the first value divided out of moving averages, offline. After T updates
 *
 *     average = w first + (1 - w) mean, weighted by age, of what it was given      w = momentum^T
 *
 * so that (average - w first) / (1 - w) is that mean. momentum is what the update's rounding leaves
 * of it; T is counted by the updates themselves.
 *
 * Source  Kingma and Ba 2015, arXiv:1412.6980, section 3 (initialization bias correction).
 */
#include "norm/recalibrate.h"

#include "array/array.h"
#include "base/status.h"
#include "kernel/normalisation.h"
#include "model/checkpoint.h"
#include "op/batch_norm.h"
#include "session/initialize.h"

#include <math.h>

/* One average of a layer. */
typedef struct average {
    const tare_patient_layer *layer;
    const tare_node *variable;
    const tare_array *now;
    double *into; /* [count] */
} average;

static tare_status refuse(const tare_patient *patient, const average *a, tare_status status,
                          const char *got, const char *need) {
    return tare_fail_at(patient->error, status, "debias", a->layer->name, got, need);
}

/* What is left of the old value by one update, as the update rounds it. */
static double momentum_of(const tare_node *update, tare_dtype dtype) {
    const tare_moving_average_options *options = update->options;
    const tare_decay_rounding rounding = (tare_decay_rounding)options->rounding;
    return dtype == TARE_FLOAT64 ? 1 - tare_decay_f64(options->momentum, rounding)
                                 : 1 - (double)tare_decay_f32(options->momentum, rounding);
}

static tare_status check_update(const tare_patient *patient, const average *a,
                                const tare_node *update) {
    static const char need[] = "plain moving averages, or tare_recalibrate";
    if (tare_norm_variable(patient->graph, &a->layer->variables, "renorm_mean"))
        return refuse(patient, a, TARE_ERROR_ARGUMENT, "a layer with batch renormalisation", need);
    if (update->input_count > TARE_MOVING_STEP && update->inputs[TARE_MOVING_STEP].node)
        return refuse(patient, a, TARE_ERROR_ARGUMENT,
                      "averages that have no bias of their first value (zero_debias or cumulative)",
                      need);
    return TARE_OK;
}

/* What is left of the old value by each update of a variable, which may have several. */
static tare_status find_momentum(const tare_patient *patient, const average *a, double *momentum) {
    *momentum = TARE_UNKNOWN;
    for (int32_t id = 1; id <= (int32_t)tare_graph_node_count(patient->graph); id++) {
        const tare_node *node = tare_graph_node(patient->graph, id);
        if (!(node->def->flags & TARE_OP_COUNTS) || node->inputs[0].node != a->variable->id)
            continue;
        TARE_TRY(check_update(patient, a, node));
        const double found = momentum_of(node, a->now->dtype);
        if (isnan(*momentum)) *momentum = found;
        if (found != *momentum)
            return refuse(patient, a, TARE_ERROR_ARGUMENT, "calls with different momenta",
                          "one momentum, or tare_recalibrate");
    }
    return TARE_OK;
}

/* w: what is left of the first value. */
static tare_status find_weight(const tare_patient *patient, const average *a, double *weight) {
    double momentum = 0;
    const tare_variable_state *state = &patient->session->variables.items[a->variable->id];
    const int64_t updates = state->counts ? state->counts->updates : 0;
    TARE_TRY(find_momentum(patient, a, &momentum));
    if (state->given)
        return refuse(patient, a, TARE_ERROR_STATE,
                      "statistics that came from outside without their counters",
                      "a checkpoint that counted every update, or tare_recalibrate");
    if (updates == 0)
        return refuse(patient, a, TARE_ERROR_STATE, "averages that were never updated",
                      "one update at least, or tare_recalibrate");
    *weight = pow(momentum, (double)updates);
    if (*weight < 1) return TARE_OK;
    return refuse(patient, a, TARE_ERROR_ARGUMENT, "a momentum of 1: only the first value is there",
                  "a momentum below 1, or tare_recalibrate");
}

/* The number that all channels began with. */
static tare_status find_first(const tare_patient *patient, const average *a, double *number) {
    tare_array *first = NULL;
    bool same = true;
    if (tare_array_new(a->now->dtype, a->now->shape, &patient->session->given, &first) != TARE_OK)
        return tare_fail_memory(patient->error);
    tare_status status =
        tare_initial_value(patient->graph, a->variable, NULL, first, patient->error);
    *number = status == TARE_OK && first->count > 0 ? tare_array_number(first, 0) : 0;
    for (int64_t c = 0; status == TARE_OK && c < first->count; c++)
        same &= tare_array_number(first, c) == *number;
    if (!same)
        status = refuse(patient, a, TARE_ERROR_ARGUMENT, "averages with first values that differ",
                        "one number for all channels, or tare_recalibrate");
    tare_array_free(first);
    return status;
}

static tare_status debias_average(const tare_patient *patient, const average *a) {
    double weight = 0, first = 0;
    TARE_TRY(find_weight(patient, a, &weight));
    TARE_TRY(find_first(patient, a, &first));
    for (int64_t c = 0; c < a->now->count; c++) {
        a->into[c] = (tare_array_number(a->now, c) - weight * first) / (1 - weight);
        if (!isfinite(a->into[c]))
            return refuse(patient, a, TARE_ERROR_ARGUMENT, "NaN or infinity in its averages",
                          "finite ones, or tare_recalibrate");
    }
    return TARE_OK;
}

static tare_status debias_layer(const tare_patient *patient, const tare_patient_layer *layer,
                                tare_layer_estimate *estimate) {
    TARE_TRY(tare_layer_estimate_make(estimate, patient, layer->variance->count));
    estimate->means = estimate->variances = 1;
    TARE_TRY(debias_average(patient,
                            &(average){layer, layer->variables.mean, layer->mean, estimate->mean}));
    TARE_TRY(debias_average(patient, &(average){layer, layer->variables.variance, layer->variance,
                                                estimate->variance}));
    for (int64_t c = 0; c < estimate->channels; c++) /* rounding may leave less than 0 */
        estimate->variance[c] = fmax(estimate->variance[c], 0);
    return TARE_OK;
}

static tare_status debias(tare_patient *patient, tare_recalibration *made) {
    size_t found = 0;
    tare_layer_estimate *estimates = tare_arena_allocate_array(
        patient->arena, (int64_t)patient->layer_count + 1, sizeof *estimates);
    if (!estimates) return tare_fail_memory(patient->error);
    for (size_t l = 0; l < patient->layer_count; l++) {
        const tare_patient_layer *layer = &patient->layers[l];
        if (!layer->batch_mean.node || !layer->batch_variance.node) continue;
        TARE_TRY(debias_layer(patient, layer, &estimates[l]));
        found++;
    }
    if (found == 0) return tare_recalibration_refuse_none(patient, "debias");
    TARE_TRY(tare_recalibration_compare(made, patient, estimates));
    tare_recalibration_set(patient, estimates);
    return TARE_OK;
}

tare_status tare_debias(tare_session *session, tare_recalibration **recalibration,
                        tare_error *error) {
    if (recalibration) *recalibration = NULL;
    if (!session || !recalibration)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "debias needs a session and a place for the report");
    tare_patient patient = {.session = session, .error = error};
    tare_recalibration *made = NULL;
    TARE_TRY(tare_checkpoint_enter(session, error));
    tare_status status = tare_recalibration_begin(&patient, &made);
    if (status == TARE_OK) status = debias(&patient, made);
    status = tare_checkpoint_leave(session, status, error);
    if (status == TARE_OK)
        *recalibration = made;
    else
        tare_recalibration_free(made);
    return status;
}
