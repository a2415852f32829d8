/* SPDX-License-Identifier: Apache-2.0 */
/* What the study of images of clothes finds: one image in both modes, variants side by side, and
 * what batch sizes do. */
#include "base/status.h"
#include "study/fashion.h"

#include <inttypes.h>
#include <math.h>

/* ----------------------------------------------------------------------------------- one image */

/* The test image of that number as the network takes it, alone. The batches own it. */
static tare_status take_image(tare_fashion *f, const tare_workshop *workshop, int64_t number,
                              tare_dataset **one, tare_batches **batches, tare_batch *batch) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    const tare_shape inputs = tare_tensor_shape(workshop->network.inputs);
    options.input_shape = inputs.rank == 2 ? TARE_SHAPE(784) : TARE_SHAPE(28, 28, 1);
    TARE_TRY(tare_dataset_part(f->data.test, number, 1, one, &f->study.error));
    TARE_TRY(tare_batches_new_with(*one, &options, batches, &f->study.error));
    return tare_batches_get(*batches, 0, 0, batch);
}

/* *logits: a new array [1, classes]. */
static tare_status run(tare_fashion *f, const tare_workshop *workshop, const tare_array *image,
                       bool training, tare_array **logits) {
    const tare_network *n = &workshop->network;
    tare_shape shape = tare_tensor_shape(n->logits);
    shape.extents[0] = 1;
    tare_array *mode = tare_array_bool(training);
    tare_status status = TARE_OK;
    if (mode == NULL || tare_array_new(TARE_FLOAT32, shape, NULL, logits) != TARE_OK)
        status = tare_fail_memory(&f->study.error);
    if (status == TARE_OK)
        status =
            tare_session_run(workshop->session, TARE_FEEDS({n->inputs, image}, {n->training, mode}),
                             TARE_FETCHES(n->logits), logits);
    if (status != TARE_OK && mode != NULL && *logits != NULL)
        f->study.error = *tare_session_error(workshop->session);
    tare_array_free(mode);
    return status;
}

/* The answer to one image that is fed alone. */
static tare_status answer(tare_fashion *f, const tare_workshop *workshop, int64_t number,
                          bool training, tare_array **logits) {
    tare_dataset *one = NULL;
    tare_batches *batches = NULL;
    tare_batch batch;
    tare_status status = take_image(f, workshop, number, &one, &batches, &batch);
    if (status == TARE_OK) status = run(f, workshop, batch.inputs, training, logits);
    tare_batches_free(batches);
    tare_dataset_free(one);
    return status;
}

static int64_t class_of(const tare_array *logits) {
    int64_t best = 0;
    for (int64_t c = 1; c < tare_array_count(logits); c++)
        if (tare_array_number(logits, c) > tare_array_number(logits, best)) best = c;
    return best;
}

/* The probability of a class: softmax in double. */
static double probability(const tare_array *logits, int64_t class) {
    double sum = 0;
    for (int64_t c = 0; c < tare_array_count(logits); c++)
        sum += exp(tare_array_number(logits, c) - tare_array_number(logits, class));
    return 1 / sum;
}

static bool is_finite(const tare_array *logits) {
    for (int64_t c = 0; c < tare_array_count(logits); c++)
        if (!isfinite(tare_array_number(logits, c))) return false;
    return true;
}

static bool are_same(const tare_array *a, const tare_array *b) {
    for (int64_t c = 0; c < tare_array_count(a); c++)
        if (tare_array_number(a, c) != tare_array_number(b, c)) return false;
    return true;
}

/* What the switch does: answers in inference mode and in training mode, and that to another image
 * in training mode. */
static const char *explain(const tare_array *inference, const tare_array *training,
                           const tare_array *other) {
    if (are_same(inference, training)) return "and nothing here depends on the switch";
    if (are_same(training, other))
        return "and every other image gets that answer, too: of a batch of one a unit of a dense "
               "layer has one value, which is its own mean and becomes 0";
    return "since the statistics are the image's own";
}

static tare_status find_image(tare_fashion *f, const char *variant, tare_array *answers[3]) {
    const int64_t label = tare_dataset_label(f->data.test, f->options.image);
    char right[2][TARE_NUMBER_TEXT];
    if (!is_finite(answers[0]) || !is_finite(answers[1]))
        return tare_study_find(&f->study, variant, "not-finite",
                               "test image %" PRId64 ", alone, gets an answer that is not finite: "
                               "training diverged. Cure: a smaller --lr",
                               f->options.image);
    for (int i = 0; i < 2; i++) tare_fixed_text(right[i], probability(answers[i], label), 3);
    return tare_study_find(&f->study, variant, "one-image",
                           "test image %" PRId64 " of class %" PRId64 ", alone: in inference mode "
                           "taken for %" PRId64 ", its class has probability %s; with the switch "
                           "left on training its class has %s, %s",
                           f->options.image, label, class_of(answers[0]), right[0], right[1],
                           explain(answers[0], answers[1], answers[2]));
}

tare_status tare_fashion_find_image(tare_fashion *f, const char *variant,
                                    const tare_workshop *workshop) {
    const int64_t image = f->options.image;
    const int64_t other = (image + 1) % tare_dataset_count(f->data.test);
    tare_array *answers[3] = {NULL, NULL, NULL};
    tare_status status = answer(f, workshop, image, false, &answers[0]);
    if (status == TARE_OK) status = answer(f, workshop, image, true, &answers[1]);
    if (status == TARE_OK) status = answer(f, workshop, other, true, &answers[2]);
    if (status == TARE_OK) status = find_image(f, variant, answers);
    for (int i = 0; i < 3; i++) tare_array_free(answers[i]);
    return status;
}

/* --------------------------------------------------------------------------- rows side by side */

/* Numbers of a row as text. */
typedef struct row_text {
    char training_loss[TARE_NUMBER_TEXT], accuracy[TARE_NUMBER_TEXT],
        training_mode[TARE_NUMBER_TEXT];
} row_text;

static row_text text_of(const tare_study_row *row) {
    row_text text;
    tare_study_number(text.training_loss, row->values[TARE_FASHION_TRAINING_LOSS]);
    tare_study_number(text.accuracy, row->values[TARE_FASHION_ACCURACY]);
    tare_study_number(text.training_mode, row->values[TARE_FASHION_TRAINING_MODE]);
    return text;
}

static const tare_study_row *row_from_end(const tare_fashion *f, int64_t back) {
    return &f->study.rows.items[f->study.rows.count - 1 - back];
}

/* Neither of the two latest trainings diverged, of which not-finite tells. */
static bool are_comparable(const tare_fashion *f) {
    return isfinite(row_from_end(f, 0)->values[TARE_FASHION_TRAINING_LOSS]) &&
           isfinite(row_from_end(f, 1)->values[TARE_FASHION_TRAINING_LOSS]);
}

tare_status tare_fashion_find_gain(tare_fashion *f) {
    const tare_study_row *with = row_from_end(f, 0), *without = row_from_end(f, 1);
    if (!are_comparable(f)) return TARE_OK;
    const row_text a = text_of(with), b = text_of(without);
    return tare_study_find(&f->study, with->variant, "batch-norm",
                           "begun with the same kernels: training loss %s and accuracy %s with "
                           "batch normalisation, %s and %s without",
                           a.training_loss, a.accuracy, b.training_loss, b.accuracy);
}

tare_status tare_fashion_find_same(tare_fashion *f) {
    const tare_study_row *scratch = row_from_end(f, 0), *layer = row_from_end(f, 1);
    if (!are_comparable(f)) return TARE_OK;
    const row_text a = text_of(scratch), b = text_of(layer);
    const double accuracy = layer->values[TARE_FASHION_ACCURACY];
    const bool same = fabs(scratch->values[TARE_FASHION_ACCURACY] - accuracy) <=
                      tare_study_noise(f->data.test, accuracy);
    return tare_study_find(&f->study, scratch->variant, same ? "as-layer" : "not-as-layer",
                           "begun with the same kernels: training loss %s and accuracy %s from "
                           "scratch, %s and %s with the layer%s",
                           a.training_loss, a.accuracy, b.training_loss, b.accuracy,
                           same ? "; the same computation, rounded otherwise"
                                : ": more than chance in the test images explains");
}

/* ----------------------------------------------------------------------------------- the sweep */

static double best_accuracy(const tare_fashion *f, int64_t rows) {
    double best = 0;
    for (int64_t i = 0; i < rows; i++)
        best = fmax(best, row_from_end(f, i)->values[TARE_FASHION_ACCURACY]);
    return best;
}

/* Worse than chance in the test images explains, and not because training diverged. */
static bool suffers(const tare_fashion *f, const tare_study_row *row, double best) {
    return isfinite(row->values[TARE_FASHION_TRAINING_LOSS]) &&
           row->values[TARE_FASHION_ACCURACY] < best - tare_study_noise(f->data.test, best);
}

/* The smallest batches: few values in a channel of a dense layer. */
static tare_status find_few_values(tare_fashion *f, const tare_study_row *row,
                                   const tare_study_row *without, const char *best) {
    const int64_t batch = (int64_t)row->values[TARE_FASHION_BATCH];
    const row_text text = text_of(row), plain = text_of(without);
    return tare_study_find(
        &f->study, row->variant, "few-values",
        "in a dense layer a channel has as many values as the batch has images, %" PRId64
        " (in conv1 %" PRId64 ", in conv2 %" PRId64 "): less their mean and over their deviation "
        "two values are +1 and -1, whatever they were, and the statistics of a batch say little "
        "of those of all. Accuracy %s, at best %s, by the batch's own statistics %s; in the same "
        "batches without batch normalisation %s",
        batch, batch * 24 * 24, batch * 8 * 8, text.accuracy, best, text.training_mode,
        plain.accuracy);
}

/* The largest batches: few steps, so few that moving averages lag behind. */
static tare_status find_few_steps(tare_fashion *f, const tare_study_row *row, int64_t examples,
                                  const char *best) {
    const int64_t batch = (int64_t)row->values[TARE_FASHION_BATCH];
    const int64_t steps = (examples + batch - 1) / batch;
    const row_text text = text_of(row);
    char kept[TARE_NUMBER_TEXT];
    tare_fixed_text(kept, 100 * pow(TARE_FASHION_MOMENTUM, (double)steps), 0);
    return tare_study_find(
        &f->study, row->variant, "few-steps",
        "the same images are only %" PRId64 " step%s, after which moving averages still hold %s %% "
        "of their first values 0 and 1. Accuracy %s, at best %s, by the batch's own statistics %s",
        steps, steps == 1 ? "" : "s", kept, text.accuracy, best, text.training_mode);
}

tare_status tare_fashion_find_sweep(tare_fashion *f, int64_t examples) {
    char text[TARE_NUMBER_TEXT];
    int64_t rows = 0;
    for (int64_t b = TARE_FASHION_LEAST_BATCH; b <= TARE_FASHION_MOST_BATCH; b *= 2) rows++;
    const double best = best_accuracy(f, rows);
    const tare_study_row *least = row_from_end(f, rows - 1), *most = row_from_end(f, 0);
    tare_study_number(text, best);
    if (suffers(f, least, best)) TARE_TRY(find_few_values(f, least, row_from_end(f, rows), text));
    if (suffers(f, most, best)) TARE_TRY(find_few_steps(f, most, examples, text));
    return TARE_OK;
}
