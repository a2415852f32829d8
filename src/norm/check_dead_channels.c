/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P30: channels that hardly vary. Where the moving variance is not far above epsilon, the layer
 * multiplies by up to 1 / sqrt(epsilon): noise, or nothing at all, comes out.
 */
#include "array/array.h"
#include "norm/doctor.h"

#define FEW_EPSILONS 10
#define MANY         .1

static int64_t dead_channels(const tare_patient_layer *layer) {
    int64_t dead = 0;
    for (int64_t c = 0; c < layer->variance->count; c++) {
        const double variance = tare_array_number(layer->variance, c);
        dead += variance >= 0 && variance < FEW_EPSILONS * layer->epsilon;
    }
    return dead;
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    int64_t dead = 0, channels = 0;
    if (!patient->trained) return TARE_OK;
    for (size_t i = 0; i < patient->layer_count; i++) {
        dead += dead_channels(&patient->layers[i]);
        channels += patient->layers[i].variance->count;
    }
    if (dead == 0) return TARE_OK;
    const double share = (double)dead / (double)channels;
    tare_finding_draft *draft = tare_finding_begin(
        check, patient, share > MANY ? TARE_SEVERITY_WARNING : TARE_SEVERITY_REMARK);
    for (size_t i = 0; i < patient->layer_count; i++)
        if (dead_channels(&patient->layers[i]) > 0)
            tare_finding_layer(draft, &patient->layers[i],
                               (double)dead_channels(&patient->layers[i]));
    tare_finding_say(draft,
                     "%lld of %lld channels have a moving variance below ten times epsilon: what "
                     "little varies in them is blown up.",
                     (long long)dead, (long long)channels);
    tare_finding_evidence(draft, "channels that hardly vary", (double)dead);
    tare_finding_evidence(draft, "channels", (double)channels);
    return tare_finding_end(draft);
}

const tare_check tare_check_dead_channels = {
    .about = {"P30", "dead-channels", "channels that hardly vary", false},
    .fix = "a smaller network or rate where they are dead; a larger epsilon where they are quiet",
    .run = run,
};
