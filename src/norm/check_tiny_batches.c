/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P07: batches too small to tell mean and deviation. With N values of a channel that do not depend
 * on each other, the batches' deviations spread around their mean by about
 *
 *     N       2     4     8     16    32    64
 *     spread  0.75  0.42  0.27  0.18  0.13  0.09
 *
 * and no normalised value is greater than sqrt(N - 1). The pixels of an image do depend on each
 * other, so where there are data the spread is measured: a warning from 0.18 on, an error from 0.42
 * on. Without, N itself: below 16 and 4.
 */
#include "norm/doctor.h"

#define WARNING_SPREAD   .18
#define ERROR_SPREAD     .42
#define WARNING_ELEMENTS 16
#define ERROR_ELEMENTS   4

/* -1: no fault. Greater is worse; from 1 on it is an error. */
static double badness_of(const tare_patient_layer *layer) {
    const double n = (double)layer->counters.elements_most;
    const bool counted = layer->counters.updates > 0 && n > 0;
    double badness = -1;
    if (counted && n < WARNING_ELEMENTS) badness = ERROR_ELEMENTS / (n + 1);
    if (layer->spread >= WARNING_SPREAD && layer->spread / ERROR_SPREAD > badness)
        badness = layer->spread / ERROR_SPREAD;
    return badness;
}

static const tare_patient_layer *worst_of(const tare_patient *patient) {
    const tare_patient_layer *worst = NULL;
    for (size_t i = 0; i < patient->layer_count; i++) {
        const double badness = badness_of(&patient->layers[i]);
        if (badness > 0 && (!worst || badness > badness_of(worst))) worst = &patient->layers[i];
    }
    return worst;
}

static void say(tare_finding_draft *draft, const tare_patient *patient,
                const tare_patient_layer *worst) {
    const tare_norm_counters *c = &worst->counters;
    if (worst->spread >= WARNING_SPREAD) {
        tare_finding_say(draft, "From batch to batch the deviation of a channel differs by ");
        tare_finding_number(draft, 100 * worst->spread);
        tare_finding_say(draft, " %%, as that of few independent values does: each example is "
                                "normalised by its neighbours' noise.");
    } else {
        tare_finding_say(draft,
                         "Mean and deviation are taken of %lld values per channel, too few to tell "
                         "either: each example is normalised by its neighbours' noise.",
                         (long long)c->elements_most);
    }
    if (c->elements_most > 0) tare_finding_evidence(draft, "N", (double)c->elements_most);
    if (patient->probe.done)
        tare_finding_evidence(draft, "examples in a batch", (double)patient->probe.batch);
    if (worst->spread >= 0) tare_finding_evidence(draft, "spread of the deviation", worst->spread);
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_patient_layer *worst = worst_of(patient);
    if (!worst) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(
        check, patient, badness_of(worst) >= 1 ? TARE_SEVERITY_ERROR : TARE_SEVERITY_WARNING);
    for (size_t i = 0; i < patient->layer_count; i++) {
        const double badness = badness_of(&patient->layers[i]);
        if (badness > 0) tare_finding_layer(draft, &patient->layers[i], badness);
    }
    say(draft, patient, worst);
    return tare_finding_end(draft);
}

const tare_check tare_check_tiny_batches = {
    .about = {"P07", "tiny-batches", "batches too small to tell mean and deviation", false},
    .fix = "larger batches; or batch renormalisation (renorm), group normalisation, frozen "
           "statistics for the last epochs",
    .run = run,
};
