/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P12: NaN, infinity or a negative variance in the statistics. One batch that overflows poisons a
 * moving average for ever; training, which normalises by the batch, goes on as if nothing were.
 */
#include "array/array.h"
#include "norm/doctor.h"

#include <math.h>

/* Channels whose mean or variance cannot be. */
static int64_t bad_channels(const tare_patient_layer *layer) {
    int64_t bad = 0;
    for (int64_t c = 0; c < layer->variance->count; c++) {
        const double variance = tare_array_number(layer->variance, c);
        const double mean = c < layer->mean->count ? tare_array_number(layer->mean, c) : 0;
        bad += !isfinite(mean) || !isfinite(variance) || variance < 0;
    }
    return bad;
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    int64_t channels = 0, updates = 0;
    size_t layers = 0;
    for (size_t i = 0; i < patient->layer_count; i++) {
        const tare_patient_layer *layer = &patient->layers[i];
        channels += bad_channels(layer);
        updates += layer->counters.not_finite;
        layers += bad_channels(layer) > 0 || layer->counters.not_finite > 0;
    }
    if (layers == 0) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_ERROR);
    for (size_t i = 0; i < patient->layer_count; i++) {
        const tare_patient_layer *layer = &patient->layers[i];
        const int64_t badness = bad_channels(layer) + layer->counters.not_finite;
        if (badness > 0) tare_finding_layer(draft, layer, (double)badness);
    }
    tare_finding_say(draft,
                     "%zu of %zu layers met NaN or infinity: %lld channels of the moving averages "
                     "hold what no mean and no variance can be, and stay so.",
                     layers, patient->layer_count, (long long)channels);
    tare_finding_evidence(draft, "channels not sound", (double)channels);
    tare_finding_evidence(draft, "updates with NaN or infinity", (double)updates);
    return tare_finding_end(draft);
}

const tare_check tare_check_not_finite = {
    .about = {"P12", "not-finite", "NaN, infinity or a negative variance in the statistics", false},
    .fix = "find the batch (NaN in the data, a rate too high) and estimate the statistics anew "
           "(tare recalibrate FILE); the weights may be fine",
    .run = run,
};
