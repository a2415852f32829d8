/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation: the mean loss, and how many examples have their greatest logit at their label. */
#include "base/status.h"
#include "train/fit_network.h"

#include <math.h>
#include <string.h>

typedef struct evaluating {
    tare_runner runner;
    tare_batches *batches;
    tare_evaluation found;
} evaluating;

/* Index of the greatest, the first of equals; NaN is never the greatest; -1: all are NaN. */
static int64_t greatest(const float *numbers, int64_t count) {
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (numbers[i] > numbers[best] || isnan(numbers[best])) best = i;
    return isnan(numbers[best]) ? -1 : best;
}

int64_t tare_runner_count_correct(const tare_array *logits, const tare_batch *batch) {
    if (tare_array_dtype(batch->labels) != TARE_INT32 || tare_array_dtype(logits) != TARE_FLOAT32)
        return 0;
    const int64_t classes = tare_array_count(logits) / batch->count;
    const float *row = tare_array_const_data(logits);
    const int32_t *labels = tare_array_const_data(batch->labels);
    int64_t correct = 0;
    for (int64_t i = 0; i < batch->count && classes > 0; i++)
        correct += greatest(row + i * classes, classes) == labels[i];
    return correct;
}

static tare_status evaluate_batch(evaluating *e, int64_t i) {
    tare_batch batch;
    tare_array *logits = NULL;
    double loss = 0;
    TARE_TRY(tare_batches_get(e->batches, 0, i, &batch));
    TARE_TRY(tare_runner_run(&e->runner, &batch, e->runner.network.logits, &logits, &loss));
    e->found.loss += loss * (double)batch.count;
    e->found.correct += tare_runner_count_correct(logits, &batch);
    e->found.count += batch.count;
    return TARE_OK;
}

static tare_status evaluate_all(evaluating *e, const tare_network *network,
                                const tare_dataset *dataset, const tare_evaluate_options *options,
                                tare_error *error) {
    TARE_TRY(tare_runner_check_classes(network, dataset, error));
    tare_batches_options cut = {TARE_BATCHES_DEFAULTS};
    cut.batch = options->batch;
    cut.divisor = options->divisor;
    cut.shuffle = false;
    cut.input_shape = tare_runner_example_shape(network);
    TARE_TRY(tare_batches_new_with(dataset, &cut, &e->batches, error));
    for (int64_t i = 0; i < tare_batches_count(e->batches); i++) TARE_TRY(evaluate_batch(e, i));
    e->found.loss /= (double)e->found.count;
    return TARE_OK;
}

tare_status tare_evaluate_with(tare_session *session, const tare_network *network,
                               const tare_dataset *dataset, const tare_evaluate_options *options,
                               tare_evaluation *evaluation, tare_error *error) {
    if (session == NULL || network == NULL || dataset == NULL || evaluation == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "evaluate needs a session, a network, a data set and a place for the "
                         "result");
    tare_evaluate_options all;
    tare_options_adopt(&tare_evaluate_table, options, &all);
    evaluating e = {.found.struct_size = evaluation->struct_size};
    tare_status status = tare_runner_begin(&e.runner, session, network, all.training_mode, error);
    if (status == TARE_OK) status = evaluate_all(&e, network, dataset, &all, error);
    tare_batches_free(e.batches);
    tare_runner_end(&e.runner);
    const size_t bytes =
        evaluation->struct_size < sizeof e.found ? evaluation->struct_size : sizeof e.found;
    if (status == TARE_OK) memcpy(evaluation, &e.found, bytes);
    return status;
}
