/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P23: labels of a scale that the last layer does not start from. Weights and batch normalisation
 * make answers of a deviation near 1; labels whose deviation is far from it (0.05 to 20) want the
 * last layer moved by orders of magnitude, and a squared error of 1e-4 looks as if it had been.
 */
#include "norm/doctor.h"

#include <math.h>

#define LEAST_SCALE .05
#define MOST_SCALE  20.

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_probe *probe = &patient->probe;
    if (!probe->has_targets) return TARE_OK;
    const double wanted = probe->label_deviation / fabs(patient->output.factor);
    if (!(wanted > 0) || (wanted >= LEAST_SCALE && wanted <= MOST_SCALE)) return TARE_OK;
    const double rate = patient->learning_rate, steps = rate / wanted;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_WARNING);
    tare_finding_say(draft, "The last layer must answer with a deviation of ");
    tare_finding_number(draft, wanted);
    tare_finding_say(draft, ", the labels'; weights and batch normalisation make one near 1.");
    if (steps > 1) {
        tare_finding_say(draft, " One step of the rate ");
        tare_finding_number(draft, rate);
        tare_finding_say(draft, " is ");
        tare_finding_number(draft, steps);
        tare_finding_say(draft, " times what is to be learned.");
    }
    tare_finding_evidence(draft, "deviation that the labels want", wanted);
    tare_finding_evidence(draft, "deviation of the labels", probe->label_deviation);
    if (rate > 0) tare_finding_evidence(draft, "learning rate", rate);
    tare_finding_evidence(draft, "mean predictor's squared error",
                          probe->label_deviation * probe->label_deviation);
    return tare_finding_end(draft);
}

const tare_check tare_check_label_scale = {
    .about = {"P23", "label-scale", "labels of a scale that the last layer does not start from",
              true},
    .fix = "learn labels divided by their deviation, and multiply the answer by it again",
    .run = run,
};
