/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalisation by hand and slim's layer on one small input. */
#include "study/channelwise_trial.h"
#include "base/random.h"
#include "base/status.h"
#include "base/text.h"
#include "zoo/by_hand.h"

#include <tare/op.h>

#define MOST 512 /* numbers that are drawn; a longer input has them again */

/* Normal numbers of mean 1 and deviation 2. */
static void draw(tare_array *input) {
    const tare_random random = {.key = 3};
    double numbers[MOST];
    tare_random_fill_normal(&random, 0, MOST, 1, 2, numbers);
    for (int64_t i = 0; i < tare_array_count(input); i++)
        (void)tare_array_set_number(input, i, numbers[i % MOST]); /* i is within */
}

static tare_status build(tare_trial *t, const tare_trial_settings *s) {
    tare_list axes = TARE_LIST(0);
    for (; axes.count < s->shape.rank - 1; axes.count++) axes.values[axes.count] = axes.count;
    tare_shape any = s->shape;
    any.extents[0] = TARE_ANY;
    t->x = tare_placeholder(t->graph, TARE_FLOAT32, any, .name = "x");
    t->training = tare_placeholder_with_default(t->graph, TARE_FALSE, .name = "training");
    TARE_VARIABLE_SCOPE (t->graph, TARE_TRIAL_HAND) {
        t->y[0] = tare_batch_norm_by_hand(t->x, &(tare_by_hand){.axes = axes,
                                                                .gamma_and_beta = true,
                                                                .moving_averages = true,
                                                                .momentum = s->momentum,
                                                                .epsilon = s->epsilon,
                                                                .training = t->training});
    }
    tare_slim_batch_norm_options slim = s->slim;
    slim.is_training = t->training;
    TARE_VARIABLE_SCOPE (t->graph, TARE_TRIAL_SLIM) {
        t->y[1] = tare_slim_batch_norm_with(t->x, &slim);
    }
    if (tare_graph_status(t->graph) == TARE_OK) return TARE_OK;
    *t->error = *tare_graph_error(t->graph);
    return t->error->status;
}

/* A failure of the session as the trial's. */
static tare_status pass(tare_trial *t, tare_status status) {
    if (status != TARE_OK) *t->error = *tare_session_error(t->session);
    return status;
}

void tare_trial_end(tare_trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    tare_array_free(t->input);
    tare_array_free(t->mode);
}

tare_status tare_trial_begin(tare_trial *t, const tare_trial_settings *s, tare_error *error) {
    *t = (tare_trial){.graph = tare_graph_new(), .error = error};
    t->mode = tare_array_bool(true);
    if (t->graph == NULL || t->mode == NULL ||
        tare_array_new(TARE_FLOAT32, s->shape, NULL, &t->input) != TARE_OK)
        return tare_fail_memory(error);
    draw(t->input);
    TARE_TRY(build(t, s));
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.threads = 1;
    TARE_TRY(tare_session_new_with(t->graph, &options, &t->session, error));
    return pass(t, tare_session_initialize(t->session));
}

tare_status tare_trial_run(tare_trial *t, bool training, const tare_tensor fetches[2],
                           tare_array *results[2]) {
    const tare_feed feeds[] = {{t->x, t->input}, {t->training, t->mode}};
    results[0] = results[1] = NULL;
    return pass(t, tare_session_run(t->session, feeds, training ? 2 : 1, fetches, 2, results));
}

tare_status tare_trial_update(tare_trial *t) {
    const tare_feed feeds[] = {{t->x, t->input}, {t->training, t->mode}};
    return pass(t, tare_session_run_collection(t->session, feeds, 2, TARE_UPDATE_OPS));
}

tare_status tare_trial_read(tare_trial *t, const char *variable, double numbers[2]) {
    static const char *const scopes[] = {TARE_TRIAL_HAND, TARE_TRIAL_SLIM "/BatchNorm"};
    for (int i = 0; i < 2; i++) {
        char name[64];
        tare_array *value = NULL;
        tare_print(name, sizeof name, "%s/%s", scopes[i], variable);
        TARE_TRY(pass(t, tare_session_get(t->session, name, &value)));
        numbers[i] = tare_array_number(value, 0);
        tare_array_free(value);
    }
    return TARE_OK;
}

tare_status tare_trial_read_moments(tare_trial *t, double moments[2]) {
    const tare_tensor mean = tare_tensor_named(t->graph, TARE_TRIAL_HAND "/moments:0");
    const tare_tensor fetches[] = {mean, tare_output(mean, 1)};
    tare_array *results[2];
    TARE_TRY(tare_trial_run(t, true, fetches, results));
    for (int i = 0; i < 2; i++) moments[i] = tare_array_number(results[i], 0);
    return TARE_OK;
}
