/* SPDX-License-Identifier: Apache-2.0 */
/* P25: a bias right before batch normalisation, which subtracts it again with the mean. */
#include "norm/doctor.h"

#include <string.h>

static bool has_bias(const tare_patient *patient, const tare_patient_layer *layer) {
    return layer->x.node != 0 && layer->update &&
           strcmp(tare_graph_node(patient->graph, layer->x.node)->def->name, "bias_add") == 0;
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    size_t count = 0;
    for (size_t i = 0; i < patient->layer_count; i++)
        count += has_bias(patient, &patient->layers[i]);
    if (count == 0) return TARE_OK;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_REMARK);
    for (size_t i = 0; i < patient->layer_count; i++)
        if (has_bias(patient, &patient->layers[i]))
            tare_finding_layer(draft, &patient->layers[i], 0);
    tare_finding_say(draft,
                     "%zu of %zu layers normalise what a bias was added to: the mean takes it away "
                     "again, beta does its work.",
                     count, patient->layer_count);
    tare_finding_evidence(draft, "biases without effect", (double)count);
    return tare_finding_end(draft);
}

const tare_check tare_check_bias_before = {
    .about = {"P25", "bias-before", "a bias that batch normalisation takes away again", false},
    .fix = "use_bias = false in the layer before",
    .run = run,
};
