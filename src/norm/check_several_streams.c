/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P20: one layer called several times in a step (the halves of a siamese network, real and false
 * examples). Each call normalises by its own batch and updates the same averages, which become
 * those of a mixture that no call has seen.
 */
#include "norm/doctor.h"

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_patient_layer *worst = NULL;
    for (size_t i = 0; i < patient->layer_count; i++)
        if (patient->layers[i].calls > 1 && (!worst || patient->layers[i].calls > worst->calls))
            worst = &patient->layers[i];
    if (!worst) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_WARNING);
    for (size_t i = 0; i < patient->layer_count; i++)
        if (patient->layers[i].calls > 1)
            tare_finding_layer(draft, &patient->layers[i], (double)patient->layers[i].calls);
    tare_finding_say(draft,
                     "A layer is called %lld times in a training step: each call normalises by its "
                     "own batch, and all update the same moving averages.",
                     (long long)worst->calls);
    tare_finding_evidence(draft, "calls in a step", (double)worst->calls);
    return tare_finding_end(draft);
}

const tare_check tare_check_several_streams = {
    .about = {"P20", "several-streams", "a layer that is called several times in a step", false},
    .fix = "one call on all streams put together where they are of one kind; else a layer for each",
    .run = run,
};
