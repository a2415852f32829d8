/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving statistics estimated anew from data and set; formulas and source in estimate.h. What is
 * run is written back before the estimates are set, so that a failure leaves the session as it was.
 */
#include "norm/recalibrate.h"

#include "array/array.h"
#include "base/status.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define TARE_TABLE_STRUCT tare_recalibrate_options
TARE_OPTION_TABLE(static, recalibrate_table, TARE_RECALIBRATE_FIELDS);
#undef TARE_TABLE_STRUCT

typedef struct recalibrating {
    tare_patient patient;
    tare_estimator estimator;
    tare_recalibration *made;
} recalibrating;

/* ---------------------------------------------------------------- what debias does alike */

static tare_recalibration *recalibration_new(const tare_allocator *allocator) {
    tare_recalibration *made = tare_allocate_zeroed(allocator, sizeof *made);
    if (!made) return NULL;
    made->allocator = *allocator;
    made->losses.struct_size = sizeof made->losses;
    made->losses.correct_before = made->losses.correct_after = -1;
    made->arena = tare_arena_new(allocator);
    if (made->arena) return made;
    tare_recalibration_free(made);
    return NULL;
}

tare_status tare_recalibration_begin(tare_patient *patient, tare_recalibration **made) {
    *made = recalibration_new(&patient->session->given);
    if (!*made) return tare_fail_memory(patient->error);
    patient->graph = patient->session->graph;
    patient->arena = (*made)->arena;
    return tare_patient_find_layers(patient);
}

tare_status tare_recalibration_refuse_none(const tare_patient *patient, const char *op) {
    return tare_fail_at(patient->error, TARE_ERROR_ARGUMENT, op, "graph",
                        patient->layer_count == 0
                            ? "no layer of batch normalisation"
                            : "no layer of batch normalisation whose averages it updates",
                        "one at least");
}

static void compare_channel(tare_recalibrated_layer *told, const tare_patient_layer *layer,
                            const tare_layer_estimate *estimate, int64_t c) {
    const double old_mean = tare_array_number(layer->mean, c);
    const double old = tare_array_number(layer->variance, c) + layer->epsilon;
    const double new = tare_estimated_variance(estimate, c) + layer->epsilon;
    const double shift = fabs(estimate->mean[c] - old_mean) / sqrt(new);
    const double ratio = old > new ? old / new : new / old;
    const bool sound = isfinite(old_mean) && isfinite(old) && old >= layer->epsilon;
    if (!sound) told->mean_shift = told->variance_ratio = INFINITY;
    if (shift > told->mean_shift) told->mean_shift = shift;
    if (ratio > told->variance_ratio) told->variance_ratio = ratio;
}

tare_status tare_recalibration_compare(tare_recalibration *recalibration,
                                       const tare_patient *patient,
                                       const tare_layer_estimate *estimates) {
    const int64_t count = (int64_t)patient->layer_count;
    recalibration->layers =
        tare_arena_allocate_array(recalibration->arena, count + 1, sizeof *recalibration->layers);
    if (!recalibration->layers) return tare_fail_memory(patient->error);
    recalibration->count = patient->layer_count;
    for (size_t l = 0; l < patient->layer_count; l++) {
        const tare_patient_layer *layer = &patient->layers[l];
        tare_recalibrated_layer *told = &recalibration->layers[l];
        told->name = layer->name;
        told->channels = layer->variance->count;
        if (estimates[l].channels == 0) told->reason = "nothing in the graph updates its averages";
        for (int64_t c = 0; c < estimates[l].channels; c++)
            compare_channel(told, layer, &estimates[l], c);
    }
    return TARE_OK;
}

void tare_recalibration_set(const tare_patient *patient, const tare_layer_estimate *estimates) {
    tare_layer_estimates_set(estimates, patient);
    for (size_t l = 0; l < patient->layer_count; l++) {
        const tare_norm_statistics *variables = &patient->layers[l].variables;
        const int32_t nodes[] = {variables->mean->id, variables->variance->id};
        for (int i = 0; i < 2 && estimates[l].channels > 0; i++)
            tare_session_renew_counts(&patient->session->variables.items[nodes[i]], NULL, true);
    }
}

/* --------------------------------------------------------------------------- estimating */

static tare_status refuse_batch(const recalibrating *r, int64_t i) {
    char got[96];
    tare_print(got, sizeof got,
               "NaN or infinity in the statistics of batch %" PRId64 " (counted from 0)", i);
    return tare_fail_at(r->patient.error, TARE_ERROR_ARGUMENT, "recalibrate",
                        r->estimator.not_finite->name, got,
                        "examples and weights that are finite; nothing was changed");
}

static tare_status check_any(const recalibrating *r) {
    for (size_t l = 0; l < r->patient.layer_count; l++)
        if (r->estimator.layers[l].channels > 0) return TARE_OK;
    return tare_recalibration_refuse_none(&r->patient, "recalibrate");
}

static tare_status estimate(recalibrating *r) {
    tare_recalibration_losses *losses = &r->made->losses;
    TARE_TRY(tare_estimator_begin(&r->estimator, &r->patient));
    TARE_TRY(check_any(r));
    losses->batches = r->estimator.batch_count;
    losses->batch = r->estimator.batch;
    for (int64_t i = 0; i < losses->batches; i++) {
        double loss = 0;
        TARE_TRY(tare_estimator_add(&r->estimator, i, &loss));
        if (r->estimator.not_finite) return refuse_batch(r, i);
        losses->by_batch += loss / (double)losses->batches;
    }
    return TARE_OK;
}

/* By the statistics as they are now, on the same batches. */
static tare_status evaluate(recalibrating *r, double *loss, int64_t *correct) {
    tare_runner *runner = &r->estimator.runner;
    const int64_t batches = r->estimator.batch_count;
    const bool has_classes = tare_dataset_classes(r->patient.data) > 0;
    *loss = 0;
    *correct = has_classes ? 0 : -1;
    for (int64_t i = 0; i < batches; i++) {
        tare_batch batch;
        tare_array *logits = NULL;
        double found = 0;
        TARE_TRY(tare_batches_get(r->estimator.batches, 0, i, &batch));
        TARE_TRY(tare_runner_run(runner, &batch, runner->network.logits, &logits, &found));
        *loss += found / (double)batches;
        if (has_classes) *correct += tare_runner_count_correct(logits, &batch);
    }
    return TARE_OK;
}

static tare_status recalibrate(recalibrating *r) {
    tare_recalibration_losses *losses = &r->made->losses;
    TARE_TRY(estimate(r));
    tare_kept_put_back(&r->estimator.kept);
    TARE_TRY(tare_recalibration_compare(r->made, &r->patient, r->estimator.layers));
    TARE_TRY(evaluate(r, &losses->before, &losses->correct_before));
    tare_layer_estimates_set(r->estimator.layers, &r->patient);
    return evaluate(r, &losses->after, &losses->correct_after);
}

static tare_status check_options(const tare_recalibrate_options *options, tare_error *error) {
    if (options->batch >= 0 && options->batches >= 0) return TARE_OK;
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, "recalibrate", "options", "a negative number",
                        "batch and batches of at least 0");
}

tare_status tare_recalibrate_with(tare_session *session, const tare_network *network,
                                  const tare_dataset *data, const tare_recalibrate_options *options,
                                  tare_recalibration **recalibration, tare_error *error) {
    tare_recalibrate_options all;
    if (recalibration) *recalibration = NULL;
    if (!session || !network || !data || !recalibration)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "recalibrate needs a session, a network, data and a place for the report");
    tare_options_adopt(&recalibrate_table, options, &all);
    TARE_TRY(check_options(&all, error));
    recalibrating r = {
        .patient = {.session = session, .network = network, .data = data, .error = error}};
    r.patient.options.batch = all.batch;
    r.patient.options.batches = all.batches;
    r.patient.options.divisor = all.divisor;
    tare_status status = tare_recalibration_begin(&r.patient, &r.made);
    if (status == TARE_OK) status = recalibrate(&r);
    tare_kept_put_back(&r.estimator.kept);
    if (status == TARE_OK) tare_recalibration_set(&r.patient, r.estimator.layers);
    tare_estimator_end(&r.estimator); /* what it kept is listed in the report's arena */
    if (status == TARE_OK)
        *recalibration = r.made;
    else
        tare_recalibration_free(r.made);
    return status;
}

/* ----------------------------------------------------------------------------- the report */

void tare_recalibration_free(tare_recalibration *recalibration) {
    if (!recalibration) return;
    tare_arena_free(recalibration->arena);
    const tare_allocator allocator = recalibration->allocator;
    tare_release(&allocator, recalibration, sizeof *recalibration);
}

size_t tare_recalibration_count(const tare_recalibration *recalibration) {
    return recalibration ? recalibration->count : 0;
}

const tare_recalibrated_layer *tare_recalibration_layer(const tare_recalibration *recalibration,
                                                        size_t i) {
    return recalibration && i < recalibration->count ? &recalibration->layers[i] : NULL;
}

tare_status tare_recalibration_loss(const tare_recalibration *recalibration,
                                    tare_recalibration_losses *losses) {
    if (!recalibration || !losses || losses->struct_size < sizeof losses->struct_size)
        return TARE_ERROR_ARGUMENT;
    const size_t begin = sizeof losses->struct_size;
    const size_t bytes =
        losses->struct_size < sizeof *losses ? losses->struct_size : sizeof *losses;
    memcpy((char *)losses + begin, (const char *)&recalibration->losses + begin, bytes - begin);
    return TARE_OK;
}
