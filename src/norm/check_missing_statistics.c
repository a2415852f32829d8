/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P04: a checkpoint without the statistics. What was loaded leniently leaves mean 0 and variance 1
 * where the file has nothing to say.
 */
#include "norm/doctor.h"

#include <tare/model.h>

static bool has(const tare_safetensors *file, const tare_node *variable) {
    const char *name;
    for (size_t i = 0; (name = tare_safetensors_name(file, i)); i++)
        if (tare_same_text(name, variable->name)) return true;
    return false;
}

static bool lacks(const tare_safetensors *file, const tare_patient_layer *layer) {
    return !has(file, layer->variables.mean) || !has(file, layer->variables.variance);
}

static tare_status look(const tare_check *check, tare_patient *patient,
                        const tare_safetensors *file) {
    size_t count = 0;
    for (size_t i = 0; i < patient->layer_count; i++) count += lacks(file, &patient->layers[i]);
    if (count == 0) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_ERROR);
    for (size_t i = 0; i < patient->layer_count; i++)
        if (lacks(file, &patient->layers[i])) tare_finding_layer(draft, &patient->layers[i], 0);
    tare_finding_say(draft,
                     "The checkpoint has no moving_mean or moving_variance for %zu of %zu layers: "
                     "they keep what the session had.",
                     count, patient->layer_count);
    tare_finding_evidence(draft, "layers without statistics", (double)count);
    return tare_finding_end(draft);
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    tare_safetensors *file = NULL;
    if (!patient->options.checkpoint) return TARE_OK;
    tare_status status = tare_safetensors_open(patient->options.checkpoint, &file, patient->error);
    if (status == TARE_OK) status = look(check, patient, file);
    tare_safetensors_close(file);
    return status;
}

const tare_check tare_check_missing_statistics = {
    .about = {"P04", "missing-statistics", "a checkpoint without the statistics", false},
    .fix = "save all variables, not only the trained ones; here, estimate the statistics anew from "
           "training data: tare recalibrate FILE",
    .run = run,
};
