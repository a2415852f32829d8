/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The differential diagnosis of "good in training, bad in inference": three losses on the same
 * training batches, by the batches' statistics, by the stored ones, by ones estimated anew.
 *
 *     stored     estimated   reading
 *     as good    -           the statistics are fine
 *     worse      as good     the stored statistics are wrong, the weights are not      (P14)
 *     worse      worse       the network depends on the batch itself                   (P07, P18)
 *
 * Worse: by more than 5 %, and not by chance: the mean difference is above 4 standard errors, or
 * the batches that are worse, k of n, are as unlikely among equals: (2 k - n) / sqrt(n) > 4.
 */
#include "norm/doctor.h"

#include <math.h>

#define WORSE_BY        .05
#define STANDARD_ERRORS 4
#define LEAST_BATCHES   4

static bool is_worse(double loss, const tare_probe *probe, const tare_gap *gap) {
    const double n = (double)probe->batches, by = probe->batch_loss;
    if (isnan(loss)) return !isnan(by);
    const bool by_mean = gap->mean > STANDARD_ERRORS * gap->standard_error;
    const bool by_count = (double)(2 * gap->worse) - n > STANDARD_ERRORS * sqrt(n);
    return loss - by > WORSE_BY * fabs(by) && (by_mean || by_count);
}

static tare_status run(const tare_check *check, tare_patient *patient) {
    const tare_probe *probe = &patient->probe;
    if (probe->batches < LEAST_BATCHES || !patient->trained ||
        !is_worse(probe->stored_loss, probe, &probe->stored_gap))
        return TARE_OK;
    const bool batches_at_fault = isnan(probe->estimated_loss) ||
                                  is_worse(probe->estimated_loss, probe, &probe->estimated_gap);
    tare_finding_draft *draft = tare_finding_begin(check, patient, TARE_SEVERITY_ERROR);
    if (!draft) return tare_finding_end(draft);
    tare_finding_say(draft, "On the same examples the loss is ");
    tare_finding_number(draft, probe->batch_loss);
    tare_finding_say(draft, " by the batch's statistics and ");
    tare_finding_number(draft, probe->stored_loss);
    tare_finding_say(draft, " by the stored ones. By statistics estimated anew it is ");
    tare_finding_number(draft, probe->estimated_loss);
    tare_finding_say(draft, batches_at_fault
                                ? ": the network depends on the batch itself."
                                : ": the stored statistics are wrong, the weights are not.");
    if (batches_at_fault)
        draft->finding.fix =
            "larger or better mixed batches, and training anew: no statistics suit "
            "these weights";
    tare_finding_evidence(draft, "loss by the batch's statistics", probe->batch_loss);
    tare_finding_evidence(draft, "loss by the stored statistics", probe->stored_loss);
    tare_finding_evidence(draft, "loss by statistics estimated anew", probe->estimated_loss);
    tare_finding_evidence(draft, "standard error of the difference",
                          probe->stored_gap.standard_error);
    tare_finding_evidence(draft, "batches", (double)probe->batches);
    tare_finding_evidence(draft, "of them worse by the stored", (double)probe->stored_gap.worse);
    tare_finding_evidence(draft, "examples in a batch", (double)probe->batch);
    return tare_finding_end(draft);
}

const tare_check tare_check_mode_gap = {
    .about = {"P14", "mode-gap", "a loss that is worse in inference than in training mode", true},
    .fix =
        "estimate the statistics anew from training data, without training: tare recalibrate FILE",
    .run = run,
};
