/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P01: moving averages that no training step moved. Inference then normalises by mean 0 and
 * variance 1, whatever the data are. Needs no tolerance: either no update was counted, or both
 * statistics are their first values to the bit.
 */
#include "norm/doctor.h"

static bool is_never_updated(const tare_patient_layer *layer) {
    const tare_norm_counters *c = &layer->counters;
    if (c->complete && layer->update) return c->updates == 0 && c->mean_updates == 0;
    return layer->initial;
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    size_t count = 0;
    for (size_t i = 0; i < patient->layer_count; i++)
        count += is_never_updated(&patient->layers[i]);
    if (count == 0 || !patient->trained) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_ERROR);
    for (size_t i = 0; i < patient->layer_count; i++)
        if (is_never_updated(&patient->layers[i]))
            tare_finding_layer(draft, &patient->layers[i], 0);
    tare_finding_say(draft,
                     "The moving averages of %zu of %zu layers were never updated although the "
                     "network was trained: inference normalises by their first values.",
                     count, patient->layer_count);
    if (patient->steps > 0) tare_finding_evidence(draft, "training steps", (double)patient->steps);
    tare_finding_evidence(draft, "updates", 0);
    tare_finding_evidence(draft, "layers never updated", (double)count);
    return tare_finding_end(draft);
}

const tare_check tare_check_never_updated = {
    .about = {"P01", "never-updated", "moving averages that no training step moved", false},
    .fix =
        "make the updates part of the training step (tare_minimize runs those of the layers that "
        "its loss depends on; else fetch the collection update_ops beside it), then estimate "
        "the statistics anew from training data (tare recalibrate FILE): the weights are fine",
    .run = run,
};
