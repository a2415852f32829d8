/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P10: momentum taken for the weight of the new value, as PyTorch has it. An average with momentum
 * m remembers about (1 + m) / (1 - m) batches: less than 3 when m < 0.5.
 */
#include "norm/doctor.h"

#define LEAST_MOMENTUM .5

static bool is_inverted(const tare_patient_layer *layer) {
    return layer->update && layer->momentum < LEAST_MOMENTUM;
}

static const tare_patient_layer *worst_of(const tare_patient *patient) {
    const tare_patient_layer *worst = NULL;
    for (size_t i = 0; i < patient->layer_count; i++)
        if (is_inverted(&patient->layers[i]) &&
            (!worst || patient->layers[i].momentum < worst->momentum))
            worst = &patient->layers[i];
    return worst;
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_patient_layer *worst = worst_of(patient);
    if (!worst) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_WARNING);
    for (size_t i = 0; i < patient->layer_count; i++)
        if (is_inverted(&patient->layers[i]))
            tare_finding_layer(draft, &patient->layers[i], -patient->layers[i].momentum);
    const double memory = (1 + worst->momentum) / (1 - worst->momentum);
    char momentum[TARE_NUMBER_TEXT];
    tare_finding_say(draft,
                     "Momentum %s is the weight of the old value: the moving averages remember ",
                     tare_double_text(momentum, worst->momentum));
    tare_finding_number(draft, memory);
    tare_finding_say(draft, " batches. PyTorch's momentum is the weight of the new one.");
    tare_finding_evidence(draft, "momentum", worst->momentum);
    tare_finding_evidence(draft, "batches remembered", memory);
    return tare_finding_end(draft);
}

const tare_check tare_check_inverted_momentum = {
    .about = {"P10", "inverted-momentum", "a momentum that forgets all but the last batches",
              false},
    .fix = "1 - momentum, if the number comes from PyTorch; else 0.9 to 0.99",
    .run = run,
};
