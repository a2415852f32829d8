/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What folding changes: the network's answers before it, each layer computed by itself in a session
 * of its own that merges nothing, against those after it.
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/random.h"
#include "base/status.h"
#include "norm/folding.h"
#include "train/fit_network.h"

#include <math.h>
#include <string.h>

#define SEED 20150211 /* of the examples that are drawn */

/* Inputs from the normal distribution, labels that nobody reads. */
static tare_status draw(tare_fold_trial *trial, tare_shape example, int64_t count) {
    const tare_folding *f = trial->folding;
    tare_array *inputs = NULL, *labels = NULL;
    tare_shape shape = {.rank = example.rank + 1, .extents = {count}};
    for (int axis = 0; axis < example.rank; axis++) shape.extents[axis + 1] = example.extents[axis];
    tare_status status = tare_array_new(TARE_FLOAT32, shape, &f->allocator, &inputs);
    if (status == TARE_OK)
        status = tare_array_new(TARE_INT32, TARE_SHAPE(count), &f->allocator, &labels);
    if (status != TARE_OK) {
        tare_array_free(inputs);
        return tare_fail_memory(f->error);
    }
    const tare_random random = {.key = SEED};
    for (int64_t i = 0; i < inputs->count; i++) {
        double number;
        tare_random_fill_normal(&random, i, 1, 0, 1, &number);
        tare_array_set_number(inputs, i, number);
    }
    memset(labels->data, 0, labels->bytes);
    status = tare_dataset_new(inputs, labels, &trial->examples, f->error);
    tare_array_free(inputs);
    tare_array_free(labels);
    return status;
}

static tare_status choose_examples(tare_fold_trial *trial, const tare_dataset *data,
                                   int64_t examples) {
    tare_fold_difference *difference = &trial->folding->difference;
    const tare_shape example = tare_runner_example_shape(trial->folding->network);
    difference->drawn = !data;
    difference->examples = examples;
    if (data && tare_dataset_count(data) < examples)
        difference->examples = tare_dataset_count(data);
    if (data)
        return tare_dataset_part(data, 0, difference->examples, &trial->examples,
                                 trial->folding->error);
    if (tare_shape_known(example) && example.rank < TARE_MAX_RANK)
        return draw(trial, example, examples);
    difference->examples = 0;
    return TARE_OK;
}

static tare_status copy_variables(const tare_folding *f, tare_session *plain) {
    for (int64_t i = 0; i < f->session->variables.count; i++) {
        const tare_variable_state *state = &f->session->variables.items[i];
        if (!state->initialized) continue;
        const tare_status status =
            tare_session_set(plain, tare_graph_node(f->graph, (int32_t)i)->name, state->array);
        if (status == TARE_OK) continue;
        if (f->error) *f->error = *tare_session_error(plain);
        return status;
    }
    return TARE_OK;
}

static tare_status predict(const tare_fold_trial *trial, tare_session *session,
                           tare_array **answers) {
    return tare_predict_with(session, trial->folding->network, trial->examples, &trial->options,
                             answers, trial->folding->error);
}

tare_status tare_fold_trial_begin(tare_fold_trial *trial, const tare_dataset *data,
                                  const tare_fold_options *options) {
    const tare_folding *f = trial->folding;
    tare_session *plain = NULL;
    tare_session_options how = {TARE_SESSION_DEFAULTS};
    trial->options = (tare_evaluate_options){TARE_EVALUATE_DEFAULTS};
    trial->options.divisor = options->divisor;
    if (options->examples == 0) return TARE_OK;
    TARE_TRY(choose_examples(trial, data, options->examples));
    if (!trial->examples) return TARE_OK;
    how.threads = f->session->threads;
    how.merge = false;
    TARE_TRY(tare_session_new_with(f->session->graph, &how, &plain, f->error));
    tare_status status = copy_variables(f, plain);
    if (status == TARE_OK) status = predict(trial, plain, &trial->before);
    tare_session_free(plain);
    return status;
}

/* NaN and infinities count as no difference only where both answers have the same one. */
static double apart(double a, double b) {
    if (isnan(a) && isnan(b)) return 0;
    return a == b ? 0 : fabs(a - b);
}

tare_status tare_fold_trial_compare(tare_fold_trial *trial) {
    tare_fold_difference *difference = &trial->folding->difference;
    tare_array *after = NULL;
    double least = INFINITY, most = -INFINITY;
    if (!trial->before) return TARE_OK;
    TARE_TRY(predict(trial, trial->folding->session, &after));
    for (int64_t i = 0; i < after->count; i++) {
        const double a = tare_array_number(trial->before, i);
        const double distance = apart(a, tare_array_number(after, i));
        if (!(distance <= difference->worst)) difference->worst = distance;
        least = a < least ? a : least;
        most = a > most ? a : most;
    }
    difference->range = most > least ? most - least : 0;
    tare_array_free(after);
    return TARE_OK;
}

void tare_fold_trial_end(tare_fold_trial *trial) {
    tare_array_free(trial->before);
    tare_dataset_free(trial->examples);
}
