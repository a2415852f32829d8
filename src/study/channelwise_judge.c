/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a variant of `tare channelwise`, from what was measured of it. */
#include "base/status.h"
#include "base/text.h"
#include "study/channelwise.h"

#include <inttypes.h>
#include <math.h>

#define MOST_LEFT    .01  /* of the averages' first values, when training ends */
#define MOST_GAP     .1   /* between losses, as a share of the smaller */
#define MOST_DEPENDS 1e-4 /* rounding alone gives 1e-6 */

/* A number as it is said; a struct, so that several can stand in one call. */
typedef struct spelt {
    char text[TARE_NUMBER_TEXT];
} spelt;

static spelt say(double number) {
    spelt s;
    (void)tare_study_number(s.text, number);
    return s;
}

static spelt percent(double share) {
    spelt s;
    (void)tare_fixed_text(s.text, 100 * share, 0);
    return s;
}

static double gap(const tare_channelwise_measures *m) {
    return m->inference_loss / m->training_loss - 1;
}

/* ---------------------------------------------------------------------------- one check each */

/* Each adds a finding where there is something to be found. */
typedef tare_status (*check)(tare_study *study, const tare_channelwise_variant *v,
                             const tare_channelwise_measures *reference);

static tare_status check_updates(tare_study *study, const tare_channelwise_variant *v,
                                 const tare_channelwise_measures *reference) {
    (void)reference;
    const tare_channelwise_measures *m = &v->found;
    if (m->statistics == 0 || m->untouched < m->statistics) return TARE_OK;
    return tare_study_find(
        study, v->name, "never-updated",
        "after %" PRId64 " steps all %" PRId64 " moving means are exactly 0 and all moving "
        "variances exactly 1: nobody ran update_ops. Loss of the same images: %s with the batch's "
        "statistics, %s with these. Cure: run update_ops with the train op",
        v->steps, m->statistics / 2, say(m->training_loss).text, say(m->inference_loss).text);
}

static tare_status check_decay(tare_study *study, const tare_channelwise_variant *v,
                               const tare_channelwise_measures *reference) {
    (void)reference;
    const tare_channelwise_measures *m = &v->found;
    const double left = pow(v->momentum, (double)v->steps);
    if (v->steps == 0 || m->untouched == m->statistics || !(left > MOST_LEFT)) return TARE_OK;
    return tare_study_find(
        study, v->name, "slow-decay",
        "a decay of %s leaves %s %% of the first values 0 and 1 in the moving averages after "
        "%" PRId64 " steps. Loss of the same images: %s in training, %s in inference. Cure: a "
        "decay of %s or less, or the statistics estimated once after training",
        say(v->momentum).text, percent(left).text, v->steps, say(m->training_loss).text,
        say(m->inference_loss).text, say(fmax(0, 1 - 5 / (double)v->steps)).text);
}

static tare_status check_modes(tare_study *study, const tare_channelwise_variant *v,
                               const tare_channelwise_measures *reference) {
    (void)reference;
    const tare_channelwise_measures *m = &v->found;
    if (v->norm != TARE_CHANNELWISE_AXES_1_2 || !(gap(m) > MOST_GAP)) return TARE_OK;
    return tare_study_find(
        study, v->name, "two-functions",
        "training divides each image by a deviation of its own (after conv1 %s to %s times that "
        "of a batch), inference all images by one. Loss of the same images: %s in training, %s in "
        "inference. Cure: axes 0, 1, 2, or the image's own moments always (instance)",
        say(m->deviation[0]).text, say(m->deviation[1]).text, say(m->training_loss).text,
        say(m->inference_loss).text);
}

static tare_status check_places(tare_study *study, const tare_channelwise_variant *v,
                                const tare_channelwise_measures *reference) {
    const tare_channelwise_measures *m = &v->found;
    if (v->norm != TARE_CHANNELWISE_AXES_0) return TARE_OK;
    const bool worse = m->training_loss > (1 + MOST_GAP) * reference->training_loss;
    return tare_study_find(
        study, v->name, worse ? "few-values" : "per-place",
        "every place of a channel has a mean and a variance of its own: %" PRId64 " statistics "
        "instead of %" PRId64 ", each of %" PRId64 " values instead of %" PRId64 ". Loss in "
        "training %s, accuracy %s; with axes 0, 1, 2 in the same batches %s and %s. %s",
        m->statistics, reference->statistics, m->values, reference->values,
        say(m->training_loss).text, say(m->accuracy).text, say(reference->training_loss).text,
        say(reference->accuracy).text,
        worse ? "Cure: axes 0, 1, 2" : "Batches this large hide the fault");
}

static tare_status check_parameters(tare_study *study, const tare_channelwise_variant *v,
                                    const tare_channelwise_measures *reference) {
    const tare_channelwise_measures *m = &v->found;
    if (v->norm != TARE_CHANNELWISE_NO_GAMMA_BETA) return TARE_OK;
    return tare_study_find(
        study, v->name, "no-parameters",
        "every channel reaches relu with mean 0 and deviation 1, whatever is learned; where gamma "
        "and beta are, they became %s to %s and %s to %s. Loss in training %s, with them %s. The "
        "kernel behind relu makes up for gamma, which slim leaves out too, and not for beta. "
        "Cure: beta",
        say(reference->gamma[0]).text, say(reference->gamma[1]).text, say(reference->beta[0]).text,
        say(reference->beta[1]).text, say(m->training_loss).text,
        say(reference->training_loss).text);
}

static tare_status check_batch(tare_study *study, const tare_channelwise_variant *v,
                               const tare_channelwise_measures *reference) {
    (void)reference;
    const tare_channelwise_measures *m = &v->found;
    if (!(m->dependence > MOST_DEPENDS)) return TARE_OK;
    return tare_study_find(
        study, v->name, "depends-on-batch",
        "the answer to an image depends on those beside it: alone, its logits move by %s %% of the "
        "greatest. Accuracy %s in mixed batches of %" PRId64 ", %s one image at a time, %s in "
        "batches sorted by class. Cure: estimate the statistics once after training, or let each "
        "image have its own",
        percent(m->dependence).text, say(m->accuracy).text, v->batch, say(m->alone).text,
        say(m->sorted).text);
}

/* Not a fault: how far two runs of one computation come apart by rounding. */
static tare_status check_noise(tare_study *study, const tare_channelwise_variant *v,
                               const tare_channelwise_measures *reference) {
    const tare_channelwise_measures *m = &v->found;
    if (v->norm != TARE_CHANNELWISE_SLIM_SAME) return TARE_OK;
    return tare_study_find(
        study, v->name, "as-by-hand",
        "the same computation as axes-0-1-2 from the same weights; rounding alone makes loss in "
        "training %s and %s, accuracy %s and %s. Smaller differences than these tell nothing",
        say(m->training_loss).text, say(reference->training_loss).text, say(m->accuracy).text,
        say(reference->accuracy).text);
}

static const check checks[] = {check_updates,    check_decay, check_modes, check_places,
                               check_parameters, check_batch, check_noise};

tare_status tare_channelwise_judge(tare_study *study, const tare_channelwise_variant *variant,
                                   const tare_channelwise_measures *reference) {
    const int64_t before = study->findings.count;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        TARE_TRY(checks[i](study, variant, reference));
    if (study->findings.count > before) return TARE_OK;
    const tare_channelwise_measures *m = &variant->found;
    const bool agrees = !(gap(m) > MOST_GAP);
    return tare_study_find(study, variant->name, agrees ? "sound" : "mode-gap",
                           "loss of the same images: %s in training, %s in inference; an answer "
                           "does not depend on other images",
                           say(m->training_loss).text, say(m->inference_loss).text);
}

/* The accuracy one image at a time of a variant. */
static double alone(const tare_study *study, const char *variant) {
    for (int64_t i = 0; i < study->rows.count; i++)
        if (tare_same_text(study->rows.items[i].variant, variant))
            return study->rows.items[i].values[TARE_CHANNELWISE_ALONE];
    return (double)NAN;
}

tare_status tare_channelwise_conclude(tare_study *study) {
    return tare_study_find(
        study, "all", "without-running-statistics",
        "accuracy one image at a time: %s with the batch's statistics; %s when they are estimated "
        "once, after training; %s, %s, %s where each image has its own (instance, layer, group); "
        "%s with moving averages (axes-0-1-2)",
        say(alone(study, "no-moving")).text, say(alone(study, "no-moving-calibrated")).text,
        say(alone(study, "instance")).text, say(alone(study, "layer")).text,
        say(alone(study, "group")).text, say(alone(study, "axes-0-1-2")).text);
}
