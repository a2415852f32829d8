/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P23: a regression that came to nothing. Against labels of variance V the best constant has the
 * squared error V; what is learned is
 *
 *     R2 = 1 - squared error / V
 *
 * below 0.05 it is no better than that constant.
 */
#include "norm/doctor.h"

#define LEAST_LEARNED .05
#define LEAST_RATIO   .1

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_probe *probe = &patient->probe;
    const double variance = probe->label_deviation * probe->label_deviation;
    if (!probe->has_targets || !patient->trained || !(variance > 0)) return TARE_OK;
    const double learned = 1 - probe->squared_error / variance;
    if (learned >= LEAST_LEARNED) return TARE_OK;
    const double ratio = probe->answer_deviation / probe->label_deviation;
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_ERROR);
    tare_finding_say(draft, "In inference mode the network has a squared error of ");
    tare_finding_number(draft, probe->squared_error);
    tare_finding_say(draft, ", the mean of the labels alone ");
    tare_finding_number(draft, variance);
    tare_finding_say(draft, ratio < LEAST_RATIO ? ": it predicts the mean."
                                                : ": it is no better than that.");
    tare_finding_evidence(draft, "squared error", probe->squared_error);
    tare_finding_evidence(draft, "mean predictor's squared error", variance);
    tare_finding_evidence(draft, "R2", learned);
    tare_finding_evidence(draft, "deviation of answers over labels'", ratio);
    return tare_finding_end(draft);
}

const tare_check tare_check_predicts_mean = {
    .about = {"P23", "predicts-mean", "a regression no better than the mean of its labels", true},
    .fix = "look at the other findings first: statistics that are not the data's, labels of a "
           "strange scale, batch normalisation on the output",
    .run = run,
};
