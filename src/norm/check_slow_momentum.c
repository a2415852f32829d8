/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P06: too few updates for the momentum. After T updates the first value still has the weight
 *
 *     w = momentum^T
 *
 * in an average that is not debiased. A warning above 1 %, an error above 10 %.
 */
#include "norm/doctor.h"

#include <math.h>

#define WARNING_WEIGHT .01
#define ERROR_WEIGHT   .1

static double weight_of(const tare_patient_layer *layer) {
    const tare_norm_counters *c = &layer->counters;
    const bool applies = layer->update && !layer->debiased && c->complete && c->updates > 0;
    return applies ? pow(layer->momentum, (double)c->updates) : TARE_UNKNOWN;
}

static const tare_patient_layer *worst_of(const tare_patient *patient) {
    const tare_patient_layer *worst = NULL;
    double most = WARNING_WEIGHT;
    for (size_t i = 0; i < patient->layer_count; i++) {
        const double weight = weight_of(&patient->layers[i]);
        if (!(weight > most)) continue;
        most = weight;
        worst = &patient->layers[i];
    }
    return worst;
}

static void say(tare_finding_draft *draft, const tare_patient_layer *worst) {
    const double weight = weight_of(worst), updates = (double)worst->counters.updates;
    char momentum[TARE_NUMBER_TEXT];
    tare_finding_say(draft, "After %lld updates with momentum %s", (long long)updates,
                     tare_double_text(momentum, worst->momentum));
    tare_finding_say(draft, " the moving averages are still ");
    tare_finding_number(draft, 100 * weight);
    tare_finding_say(draft, " %% their first values, mean 0 and variance 1.");
    tare_finding_evidence(draft, "momentum", worst->momentum);
    tare_finding_evidence(draft, "updates", updates);
    tare_finding_evidence(draft, "weight of the first value", weight);
    tare_finding_evidence(draft, "updates until it is below 1 %",
                          ceil(log(WARNING_WEIGHT) / log(worst->momentum)));
    tare_finding_evidence(draft, "momentum that suits the updates done", fmax(0, 1 - 5 / updates));
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_patient_layer *worst = worst_of(patient);
    if (!worst) return TARE_OK;
    const bool bad = weight_of(worst) > ERROR_WEIGHT;
    tare_finding_draft *draft =
        tare_finding_begin(check, patient, bad ? TARE_SEVERITY_ERROR : TARE_SEVERITY_WARNING);
    for (size_t i = 0; i < patient->layer_count; i++) {
        const double weight = weight_of(&patient->layers[i]);
        if (weight > WARNING_WEIGHT) tare_finding_layer(draft, &patient->layers[i], weight);
    }
    say(draft, worst);
    return tare_finding_end(draft);
}

const tare_check tare_check_slow_momentum = {
    .about = {"P06", "slow-momentum", "more momentum than the updates done can wash out", false},
    .fix = "a smaller momentum or more steps; or no first value at all: zero_debias or cumulative; "
           "the weights are fine, statistics estimated anew from training data mend the model: "
           "tare recalibrate FILE",
    .run = run,
};
