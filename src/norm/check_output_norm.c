/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P23: batch normalisation as the last layer of a regression. Its answers have mean beta and
 * deviation |gamma| whatever the weights before it do; gamma must come all the way from 1 to the
 * labels' scale, by steps that do not know that scale.
 */
#include "array/array.h"
#include "norm/doctor.h"

#include <math.h>

#define LEAST_SCALE .05
#define MOST_SCALE  20.

static bool is_regression(const tare_patient *patient) {
    if (patient->probe.done) return patient->probe.has_targets;
    const tare_dtype dtype = tare_tensor_dtype(patient->network->labels);
    return dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64;
}

static double mean_size(const tare_array *gamma) {
    double sum = 0;
    if (!gamma || gamma->count == 0) return 1;
    for (int64_t c = 0; c < gamma->count; c++) sum += fabs(tare_array_number(gamma, c));
    return sum / (double)gamma->count;
}

/* gamma begins at 1, wherever it is now. */
static void say_scale(tare_finding_draft *draft, const tare_patient *patient, double gamma,
                      double wanted) {
    const double rate = patient->learning_rate, steps = ceil(fabs(1 - wanted) / rate);
    tare_finding_say(draft, " The labels want a deviation of ");
    tare_finding_number(draft, wanted);
    tare_finding_say(draft, ", gamma begins at 1 and is ");
    tare_finding_number(draft, gamma);
    tare_finding_say(draft, " now.");
    tare_finding_evidence(draft, "deviation that the labels want", wanted);
    tare_finding_evidence(draft, "gamma", gamma);
    if (!(rate > 0)) return;
    tare_finding_say(draft, " An optimiser that moves it by the rate, ");
    tare_finding_number(draft, rate);
    tare_finding_say(draft, ", needs %lld steps to get there, each ", (long long)steps);
    tare_finding_number(draft, rate / wanted);
    tare_finding_say(draft, " times the labels' deviation.");
    tare_finding_evidence(draft, "learning rate", rate);
    tare_finding_evidence(draft, "steps from 1", steps);
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_patient_layer *layer = patient->output.layer;
    if (!patient->network || !layer || !is_regression(patient)) return TARE_OK;
    const bool known = patient->probe.done && patient->probe.has_targets;
    const double wanted = known ? patient->probe.label_deviation / fabs(patient->output.factor) : 1;
    const bool far = !(wanted >= LEAST_SCALE && wanted <= MOST_SCALE);
    tare_finding_draft *draft =
        tare_finding_begin(check, patient, far ? TARE_SEVERITY_ERROR : TARE_SEVERITY_WARNING);
    tare_finding_layer(draft, layer, 0);
    tare_finding_say(draft, "The network's answer is a batch normalisation: its mean and deviation "
                            "are beta and gamma, not what the weights before it say, and each "
                            "answer depends on the others of its batch.");
    if (known) say_scale(draft, patient, mean_size(layer->gamma), wanted);
    return tare_finding_end(draft);
}

const tare_check tare_check_output_norm = {
    .about = {"P23", "output-norm", "batch normalisation as the last layer of a regression", false},
    .fix =
        "no batch normalisation on the output: a dense layer or convolution with bias, and labels "
        "scaled to a deviation near 1",
    .run = run,
};
