/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe: the network on batches of data, three times. By the statistics of each batch, as in
 * training; by the stored ones, as in inference; and by statistics estimated anew from these
 * batches. Where the three losses part tells whether the stored statistics or the batches are at
 * fault.
 *
 * What running in training mode may write (averages that are updated in place) is written back.
 */
#include "array/array.h"
#include "base/status.h"
#include "norm/estimate.h"

#include <math.h>
#include <stdlib.h>

#define LEAST_SPREAD 4 /* batches that a spread is told of */

/* Running mean and sum of squared differences of numbers that come one by one. */
typedef struct moments {
    int64_t count, above; /* above 0, or NaN */
    double mean, squares;
} moments;

typedef struct probing {
    tare_patient *patient;
    tare_estimator estimator;
    double *losses; /* [batches] by the batches' statistics */
    moments stored_gap, estimated_gap, labels, answers;
    double stored_loss, estimated_loss, batch_loss, squared_error;
    int64_t compared; /* numbers of answers and labels */
} probing;

static void add_number(moments *m, double number) {
    const double before = number - m->mean;
    m->count++;
    m->above += !(number <= 0);
    m->mean += before / (double)m->count;
    m->squares += before * (number - m->mean);
}

static double deviation_of(const moments *m) {
    return m->count > 0 ? sqrt(m->squares / (double)m->count) : TARE_UNKNOWN;
}

static tare_gap gap_of(const moments *m) {
    const double error = m->squares / (double)(m->count - 1) / (double)m->count;
    return (tare_gap){m->mean, m->count > 1 ? sqrt(error) : TARE_UNKNOWN, m->above};
}

static tare_status no_memory(const probing *p) { return tare_fail_memory(p->patient->error); }

/* --------------------------------------------------------------------------------- running */

/* By the statistics of each batch. */
static tare_status run_batches(probing *p) {
    const int64_t batches = p->patient->probe.batches;
    for (int64_t i = 0; i < batches; i++) {
        TARE_TRY(tare_estimator_add(&p->estimator, i, &p->losses[i]));
        p->batch_loss += p->losses[i] / (double)batches;
    }
    return TARE_OK;
}

static void compare(probing *p, const tare_array *answer, const tare_array *labels) {
    if (!p->patient->probe.has_targets || answer->count != labels->count) return;
    for (int64_t i = 0; i < labels->count; i++) {
        const double a = tare_array_number(answer, i), y = tare_array_number(labels, i);
        add_number(&p->answers, a);
        add_number(&p->labels, y);
        p->squared_error += (a - y) * (a - y);
        p->compared++;
    }
}

/* By the stored statistics, whatever they are now. */
static tare_status run_inference(probing *p, double *loss, moments *gap, bool compared) {
    tare_runner *runner = &p->estimator.runner;
    const int64_t batches = p->patient->probe.batches;
    *loss = 0;
    for (int64_t i = 0; i < batches; i++) {
        tare_batch batch;
        tare_array *answer = NULL;
        double found = 0;
        TARE_TRY(tare_batches_get(p->estimator.batches, 0, i, &batch));
        TARE_TRY(tare_runner_run(runner, &batch, runner->network.logits, &answer, &found));
        *loss += found / (double)batches;
        add_number(gap, found - p->losses[i]);
        if (compared) compare(p, answer, batch.labels);
    }
    return TARE_OK;
}

static tare_status run_estimated(probing *p) {
    bool any = false;
    for (size_t l = 0; l < p->patient->layer_count; l++) any |= p->estimator.layers[l].channels > 0;
    p->estimated_loss = TARE_UNKNOWN;
    if (!any) return TARE_OK;
    tare_layer_estimates_set(p->estimator.layers, p->patient);
    return run_inference(p, &p->estimated_loss, &p->estimated_gap, false);
}

/* ------------------------------------------------------------------------------- results */

static int compare_numbers(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Deviation over mean of the batches' deviations: the median of the channels that vary at all. */
static tare_status find_spread(const probing *p, tare_patient_layer *layer,
                               const tare_layer_estimate *g) {
    double *spreads =
        tare_arena_allocate_array(p->patient->arena, g->channels + 1, sizeof *spreads);
    size_t count = 0;
    if (!spreads) return no_memory(p);
    for (int64_t c = 0; c < g->channels; c++) {
        const double mean = g->deviation[c];
        const double square = g->deviation_squares[c] / (double)g->deviations;
        if (mean > 0) spreads[count++] = sqrt(square > 0 ? square : 0) / mean;
    }
    if (count == 0 || p->patient->probe.batches < LEAST_SPREAD) return TARE_OK;
    qsort(spreads, count, sizeof *spreads, compare_numbers);
    layer->spread = spreads[count / 2];
    return TARE_OK;
}

static tare_status conclude(probing *p) {
    tare_probe *probe = &p->patient->probe;
    for (size_t l = 0; l < p->patient->layer_count; l++)
        TARE_TRY(find_spread(p, &p->patient->layers[l], &p->estimator.layers[l]));
    probe->batch_loss = p->batch_loss;
    probe->stored_loss = p->stored_loss;
    probe->estimated_loss = p->estimated_loss;
    probe->stored_gap = gap_of(&p->stored_gap);
    probe->estimated_gap = gap_of(&p->estimated_gap);
    probe->label_mean = p->labels.mean;
    probe->label_deviation = deviation_of(&p->labels);
    probe->answer_deviation = deviation_of(&p->answers);
    probe->squared_error = p->compared > 0 ? p->squared_error / (double)p->compared : TARE_UNKNOWN;
    probe->has_targets = p->compared > 0;
    probe->done = true;
    return TARE_OK;
}

/* ------------------------------------------------------------------------------- probing */

static tare_status prepare(probing *p) {
    tare_patient *patient = p->patient;
    tare_probe *probe = &patient->probe;
    TARE_TRY(tare_estimator_begin(&p->estimator, patient));
    probe->batch = p->estimator.batch;
    probe->batches = p->estimator.batch_count;
    probe->has_targets = tare_dataset_classes(patient->data) == 0;
    p->losses = tare_arena_allocate_array(patient->arena, probe->batches + 1, sizeof *p->losses);
    return p->losses ? TARE_OK : no_memory(p);
}

static tare_status probe_all(probing *p) {
    TARE_TRY(prepare(p));
    TARE_TRY(run_batches(p));
    tare_kept_put_back(&p->estimator.kept);
    TARE_TRY(run_inference(p, &p->stored_loss, &p->stored_gap, true));
    TARE_TRY(run_estimated(p));
    return conclude(p);
}

tare_status tare_patient_probe(tare_patient *patient) {
    probing p = {.patient = patient};
    const tare_status status = probe_all(&p);
    tare_kept_put_back(&p.estimator.kept);
    tare_estimator_end(&p.estimator);
    return status;
}
