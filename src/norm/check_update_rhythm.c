/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P22: updates that do not go with the training steps. Each step updates a layer once for each of
 * its calls; fewer means that some steps forgot it, more that something else updates it too
 * (validation, a dry run, gradients computed twice).
 */
#include "norm/doctor.h"

#include <math.h>

#define LEAST_RATIO .9
#define MOST_RATIO  1.1

static double ratio_of(const tare_patient *patient, const tare_patient_layer *layer) {
    const tare_norm_counters *c = &layer->counters;
    if (!layer->update || !c->complete || c->updates == 0 || patient->steps <= 0)
        return TARE_UNKNOWN;
    return (double)c->updates / (double)(patient->steps * layer->calls);
}

static bool is_off(double ratio) { return ratio < LEAST_RATIO || ratio > MOST_RATIO; }

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_patient_layer *worst = NULL;
    double most = 0;
    for (size_t i = 0; i < patient->layer_count; i++) {
        const double ratio = ratio_of(patient, &patient->layers[i]);
        if (!is_off(ratio) || fabs(log(ratio)) < most) continue;
        most = fabs(log(ratio));
        worst = &patient->layers[i];
    }
    if (!worst) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_WARNING);
    for (size_t i = 0; i < patient->layer_count; i++) {
        const double ratio = ratio_of(patient, &patient->layers[i]);
        if (is_off(ratio)) tare_finding_layer(draft, &patient->layers[i], fabs(log(ratio)));
    }
    tare_finding_say(draft, "In %lld training steps the moving averages were updated %lld times, ",
                     (long long)patient->steps, (long long)worst->counters.updates);
    tare_finding_say(draft, ratio_of(patient, worst) < 1
                                ? "so some steps left them behind."
                                : "so something beside training updates them.");
    tare_finding_evidence(draft, "training steps", (double)patient->steps);
    tare_finding_evidence(draft, "updates", (double)worst->counters.updates);
    tare_finding_evidence(draft, "calls in a step", (double)worst->calls);
    return tare_finding_end(draft);
}

const tare_check tare_check_update_rhythm = {
    .about = {"P22", "update-rhythm", "updates that do not go with the training steps", false},
    .fix = "run the updates in the training step and nowhere else; validate in inference mode",
    .run = run,
};
