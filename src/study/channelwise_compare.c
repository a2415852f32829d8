/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where batch normalisation by hand and slim's layer agree and where they differ. Every cell comes
 * out of a run: a decay is what one update leaves of the old value, an epsilon what is missing in
 * y.
 */
#include "base/status.h"
#include "base/text.h"
#include "study/channelwise.h"
#include "study/channelwise_trial.h"

#include <math.h>
#include <string.h>
#include <tare/op.h>

#define SAME 1e-5 /* as a share of the greater number */

/* ---------------------------------------------------------------------------------- settings */

static tare_trial_settings usual(tare_shape shape) {
    return (tare_trial_settings){
        .shape = shape, .momentum = .9, .epsilon = 1e-3, .slim = {TARE_SLIM_BATCH_NORM_DEFAULTS}};
}

/* slim's options as they are by hand. */
static tare_trial_settings equal(tare_shape shape) {
    tare_trial_settings s = usual(shape);
    s.slim.decay = s.momentum;
    s.slim.epsilon = s.epsilon;
    s.slim.scale = true;
    return s;
}

static tare_shape image(void) { return TARE_SHAPE(4, 5, 5, 3); }

/* ------------------------------------------------------------------------------------- rows */

static tare_comparison_row *add(tare_comparison *c, const char *id, const char *what) {
    tare_comparison_row *row = &c->rows[c->count++];
    *row = (tare_comparison_row){.id = id, .what = what};
    return row;
}

static void set(tare_comparison_row *row, const double numbers[2]) {
    tare_study_number(row->by_hand, numbers[0]);
    tare_study_number(row->slim, numbers[1]);
    const double most = fmax(fabs(numbers[0]), fabs(numbers[1]));
    row->same = fabs(numbers[0] - numbers[1]) <= SAME * most;
}

/* The first number of each result; the same when all are. */
static void set_arrays(tare_comparison_row *row, tare_array *const results[2]) {
    double most = 0, apart = 0;
    for (int64_t i = 0; i < tare_array_count(results[0]); i++) {
        const double a = tare_array_number(results[0], i), b = tare_array_number(results[1], i);
        most = fmax(most, fabs(a));
        apart = fmax(apart, fabs(a - b));
    }
    set(row, (const double[]){tare_array_number(results[0], 0), tare_array_number(results[1], 0)});
    row->same = apart <= SAME * most;
}

/* ------------------------------------------------------------------- what both compute alike */

/* y^3 in place of a loss: its gradient is not zero, as that of y's sum would be. */
static tare_status differentiate(tare_trial *t, tare_tensor gradients[2]) {
    for (int i = 0; i < 2; i++) {
        const tare_tensor cube = tare_mul(t->y[i], tare_square(t->y[i]));
        TARE_TRY(tare_gradients(&cube, 1, &t->x, 1, NULL, &gradients[i]));
    }
    return TARE_OK;
}

static tare_status compare_results(tare_comparison *c, tare_trial *t) {
    tare_array *results[2];
    tare_tensor gradients[2];
    if (differentiate(t, gradients) != TARE_OK) {
        *t->error = *tare_graph_error(t->graph);
        return t->error->status;
    }
    TARE_TRY(tare_trial_run(t, true, t->y, results));
    set_arrays(add(c, "training", "y[0] in training, equal options"), results);
    TARE_TRY(tare_trial_run(t, true, gradients, results));
    set_arrays(add(c, "gradient", "gradient of sum y^3 for x[0]"), results);
    TARE_TRY(tare_trial_run(t, false, t->y, results));
    set_arrays(add(c, "inference", "y[0] in inference, equal averages"), results);
    return TARE_OK;
}

/* Fetching y in training runs no update; slim's do with updates_collections NULL. */
static tare_status compare_forgotten(tare_comparison *c, tare_trial *t, const char *id,
                                     const char *what) {
    tare_array *results[2];
    double means[2];
    TARE_TRY(tare_trial_run(t, true, t->y, results));
    TARE_TRY(tare_trial_read(t, "moving_mean", means));
    set(add(c, id, what), means);
    return TARE_OK;
}

/* What was averaged, as a multiple of sum / N: moving = .9 + .1 v after one update. */
static tare_status compare_variance(tare_comparison *c, tare_trial *t, const char *id,
                                    const char *what) {
    double moments[2], numbers[2];
    TARE_TRY(tare_trial_read_moments(t, moments));
    TARE_TRY(tare_trial_update(t));
    TARE_TRY(tare_trial_read(t, "moving_variance", numbers));
    for (int i = 0; i < 2; i++) numbers[i] = (numbers[i] - .9) / .1 / moments[1];
    set(add(c, id, what), numbers);
    return TARE_OK;
}

static void compare_collections(tare_comparison *c, const tare_trial *t) {
    const double counts[] = {
        (double)tare_collection_count(t->graph, TARE_UPDATE_OPS, TARE_TRIAL_HAND),
        (double)tare_collection_count(t->graph, TARE_UPDATE_OPS, TARE_TRIAL_SLIM)};
    set(add(c, "update_ops", "members of update_ops"), counts);
}

static tare_status with_equal_options(tare_comparison *c, tare_trial *t) {
    TARE_TRY(compare_results(c, t));
    compare_collections(c, t);
    return compare_forgotten(c, t, "without_updates", "moving_mean when only y is fetched");
}

static tare_status fused(tare_comparison *c, tare_trial *t) {
    return compare_variance(c, t, "averaged_variance", "averaged variance, of sum / N, rank 4");
}

static tare_status at_rank_2(tare_comparison *c, tare_trial *t) {
    return compare_variance(c, t, "averaged_variance_rank_2",
                            "averaged variance, of sum / N, rank 2");
}

static tare_status not_fused(tare_comparison *c, tare_trial *t) {
    return compare_variance(c, t, "averaged_variance_not_fused", "  with fused = false, rank 4");
}

static tare_status updated_in_place(tare_comparison *c, tare_trial *t) {
    return compare_forgotten(c, t, "updates_in_place", "  with updates_collections = NULL");
}

/* ------------------------------------------------------------------------ what is by default */

/* Names of the variables in a scope, without it. */
static void list_variables(const tare_graph *graph, const char *scope, char *text, size_t size) {
    const size_t count = tare_collection_count(graph, TARE_GLOBAL_VARIABLES, scope);
    const char *separator = "";
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const tare_tensor item = tare_collection_item(graph, TARE_GLOBAL_VARIABLES, scope, i);
        const char *name = strrchr(tare_tensor_name(item), '/');
        if (name == NULL || strncmp(name, "/moving_", 8) == 0) continue;
        const size_t length = strlen(text);
        tare_print(text + length, size - length, "%s%.*s", separator, (int)strcspn(name + 1, ":"),
                   name + 1);
        separator = ", ";
    }
}

static void compare_variables(tare_comparison *c, const tare_trial *t) {
    tare_comparison_row *row = add(c, "trained", "trained variables");
    list_variables(t->graph, TARE_TRIAL_HAND, row->by_hand, sizeof row->by_hand);
    list_variables(t->graph, TARE_TRIAL_SLIM, row->slim, sizeof row->slim);
    row->same = tare_same_text(row->by_hand, row->slim);
}

/* From y = (x - mean) / sqrt(variance + epsilon) where gamma is 1 and beta 0. */
static tare_status compare_epsilon(tare_comparison *c, tare_trial *t, const char *id,
                                   const char *what) {
    double moments[2], numbers[2];
    tare_array *results[2];
    TARE_TRY(tare_trial_read_moments(t, moments));
    TARE_TRY(tare_trial_run(t, true, t->y, results));
    const double apart = tare_array_number(t->input, 0) - moments[0];
    for (int i = 0; i < 2; i++) {
        const double root = apart / tare_array_number(results[i], 0);
        numbers[i] = root * root - moments[1];
    }
    set(add(c, id, what), numbers);
    return TARE_OK;
}

/* x so small that epsilon shows in y's first digits. */
static void shrink(tare_trial *t, double factor) {
    for (int64_t i = 0; i < tare_array_count(t->input); i++) /* i is within */
        (void)tare_array_set_number(t->input, i, tare_array_number(t->input, i) * factor);
}

static tare_status by_default(tare_comparison *c, tare_trial *t) {
    double moments[2], numbers[2];
    compare_variables(c, t);
    TARE_TRY(tare_trial_read_moments(t, moments));
    TARE_TRY(tare_trial_update(t));
    TARE_TRY(tare_trial_read(t, "moving_mean", numbers));
    for (int i = 0; i < 2; i++) numbers[i] = 1 - numbers[i] / moments[0];
    set(add(c, "decay", "decay by default"), numbers);
    shrink(t, 1e-2);
    return compare_epsilon(c, t, "epsilon", "epsilon by default");
}

static tare_status with_small_epsilon(tare_comparison *c, tare_trial *t) {
    shrink(t, 1e-4);
    return compare_epsilon(c, t, "small_epsilon", "epsilon when 1e-06 is asked for");
}

/* A mean of exactly 1 comes into an average of exactly 0. */
static tare_status with_decay_99(tare_comparison *c, tare_trial *t) {
    double numbers[2];
    for (int64_t i = 0; i < tare_array_count(t->input); i++)
        (void)tare_array_set_number(t->input, i, 1); /* i is within */
    TARE_TRY(tare_trial_update(t));
    TARE_TRY(tare_trial_read(t, "moving_mean", numbers));
    tare_comparison_row *row = add(c, "rounded_decay", "1 - decay, when .99, in float32");
    tare_float_text(row->by_hand, (float)numbers[0]);
    tare_float_text(row->slim, (float)numbers[1]);
    row->same = tare_same_text(row->by_hand, row->slim);
    return TARE_OK;
}

/* ------------------------------------------------------------------------------ all together */

static tare_status attempt(tare_comparison *c, const tare_trial_settings *s,
                           tare_status (*compare)(tare_comparison *c, tare_trial *t),
                           tare_error *error) {
    tare_trial t;
    tare_status status = tare_trial_begin(&t, s, error);
    if (status == TARE_OK) status = compare(c, &t);
    tare_trial_end(&t);
    return status;
}

tare_status tare_comparison_make(tare_comparison *comparison, tare_error *error) {
    comparison->count = 0;
    tare_trial_settings s = equal(image());
    TARE_TRY(attempt(comparison, &s, with_equal_options, error));
    s.slim.updates_collections = NULL;
    TARE_TRY(attempt(comparison, &s, updated_in_place, error));
    s = equal(image());
    TARE_TRY(attempt(comparison, &s, fused, error));
    s.slim.fused = TARE_FUSED_FALSE;
    TARE_TRY(attempt(comparison, &s, not_fused, error));
    s = equal(TARE_SHAPE(8, 3));
    TARE_TRY(attempt(comparison, &s, at_rank_2, error));
    s = usual(image());
    TARE_TRY(attempt(comparison, &s, by_default, error));
    s = equal(image());
    s.epsilon = s.slim.epsilon = 1e-6;
    TARE_TRY(attempt(comparison, &s, with_small_epsilon, error));
    s.momentum = s.slim.decay = .99;
    return attempt(comparison, &s, with_decay_99, error);
}

/* ----------------------------------------------------------------------------------- saying it */

void tare_comparison_add_text(tare_text *text, const void *user) {
    const tare_comparison *c = user;
    tare_table table = {.columns = 4, .right = {[1] = true, [2] = true}};
    static const char *const titles[] = {"batch normalisation", "by hand", "slim", "same"};
    for (int i = 0; i < table.columns; i++) tare_table_cell(&table, titles[i]);
    for (int i = 0; i < c->count; i++) {
        tare_table_cell(&table, c->rows[i].what);
        tare_table_cell(&table, c->rows[i].by_hand);
        tare_table_cell(&table, c->rows[i].slim);
        tare_table_cell(&table, c->rows[i].same ? "yes" : "no");
    }
    tare_table_end(&table, text);
    tare_text_add(text, "\n");
}

void tare_comparison_add_json(tare_json *json, const void *user) {
    const tare_comparison *c = user;
    tare_json_key(json, "comparison");
    tare_json_begin_array(json);
    for (int i = 0; i < c->count; i++) {
        tare_json_begin_object(json);
        tare_json_member_text(json, "id", c->rows[i].id);
        tare_json_member_text(json, "by_hand", c->rows[i].by_hand);
        tare_json_member_text(json, "slim", c->rows[i].slim);
        tare_json_member_boolean(json, "same", c->rows[i].same);
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
}
