/* SPDX-License-Identifier: Apache-2.0 */
/* P05: a batch with one value per channel. Its variance is 0, and the layer's answer is beta. */
#include "norm/doctor.h"

static bool saw_one(const tare_patient_layer *layer) {
    return layer->counters.updates > 0 && layer->counters.elements_least == 1;
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    size_t count = 0, always = 0;
    for (size_t i = 0; i < patient->layer_count; i++) {
        const tare_patient_layer *layer = &patient->layers[i];
        count += saw_one(layer);
        always += saw_one(layer) && layer->counters.elements_most == 1;
    }
    if (count == 0) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_ERROR);
    for (size_t i = 0; i < patient->layer_count; i++)
        if (saw_one(&patient->layers[i])) tare_finding_layer(draft, &patient->layers[i], 0);
    tare_finding_say(
        draft,
        "%zu of %zu layers were trained on a batch with one value per channel%s: it is "
        "its own mean, so what comes out is beta and nothing is learned from it, while "
        "a variance of 0 goes into the moving average.",
        count, patient->layer_count, always > 0 ? ", always" : ", as the last of an epoch may be");
    tare_finding_evidence(draft, "least N", 1);
    tare_finding_evidence(draft, "layers concerned", (double)count);
    tare_finding_evidence(draft, "of them with never more", (double)always);
    return tare_finding_end(draft);
}

const tare_check tare_check_one_value = {
    .about = {"P05", "one-value", "batches with one value per channel", false},
    .fix = "drop or fill up the last batch of an epoch (--last drop or wrap); where batches are of "
           "one example, normalise by layer or group instead",
    .run = run,
};
