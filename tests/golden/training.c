/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are trained: at every recorded step the watched tensors and the gradients of the
 * cost before the update, all variables after it; then inference on the last batch. Values, updates
 * and variables are fetched in separate runs, as they were recorded.
 */
#include "golden.h"

#include <stdio.h>
#include <string.h>

void golden_training_feed(golden_training *program, const char *name, tare_tensor placeholder) {
    size_t i = program->feeds.count++;
    snprintf(program->feed_names[i], sizeof program->feed_names[i], "%s", name);
    program->feeds.items[i].tensor = placeholder;
}

/* Feeds of one run: the recorded batch, and the mode where one is fed. */
static void feed_batch(golden_case *c, const golden_training *program, const char *when,
                       const tare_array *mode, golden_feeds *feeds) {
    feeds->count = 0;
    for (size_t i = 0; i < program->feeds.count; i++)
        golden_feed_recorded(c, feeds, program->feeds.items[i].tensor, when,
                             program->feed_names[i]);
    if (tare_tensor_is_valid(program->training)) golden_feed(feeds, program->training, mode);
}

/* Gradients of the cost that the case recorded, added to what is watched in training. */
static bool watch_gradients(golden_case *c, const golden_training *program, golden_watch *watch) {
    size_t count = tare_collection_count(c->graph, TARE_TRAINABLE_VARIABLES, NULL);
    tare_tensor variables[GOLDEN_MAX_ITEMS], gradients[GOLDEN_MAX_ITEMS];
    if (count > GOLDEN_MAX_ITEMS) return false;
    for (size_t i = 0; i < count; i++)
        variables[i] = tare_collection_item(c->graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    tare_gradients(&program->cost, 1, variables, count, NULL, gradients);
    if (!golden_built(c, "gradients of the cost")) return false;
    for (size_t i = 0; i < count; i++) {
        char name[GOLDEN_NAME];
        snprintf(name, sizeof name, "%s", tare_tensor_name(variables[i]));
        name[strcspn(name, ":")] = 0;
        if (golden_entry(c, "step0", "grad", name))
            golden_watch_add(watch, "grad", name, gradients[i]);
    }
    return true;
}

static bool is_recorded(const golden_case *c, int64_t step) {
    const json_t *steps = json_object_get(c->spec, "record");
    if (!steps) return true;
    for (size_t i = 0; i < json_array_size(steps); i++)
        if ((int64_t)json_integer_value(json_array_get(steps, i)) == step) return true;
    return false;
}

static bool train_step(golden_case *c, const golden_training *program, const golden_watch *watch,
                       int64_t step, const tare_array *mode) {
    char when[32];
    golden_feeds feeds;
    snprintf(when, sizeof when, "step%lld", (long long)step);
    feed_batch(c, program, when, mode, &feeds);
    bool recorded = is_recorded(c, step);
    if (recorded && !golden_run_watch(c, when, &feeds, watch)) return false;
    for (size_t i = 0; i < program->run_count; i++)
        if (!golden_run_operations(c, &feeds, program->runs[i].operations, program->runs[i].count))
            return false;
    if (recorded) golden_judge_variables(c, when);
    return true;
}

void golden_train(golden_case *c, golden_training *program) {
    golden_judge_collection(c, "global_variables", TARE_GLOBAL_VARIABLES);
    golden_judge_collection(c, "trainable_variables", TARE_TRAINABLE_VARIABLES);
    size_t updates = json_array_size(json_object_get(c->spec, "update_ops"));
    if (tare_collection_count(c->graph, TARE_UPDATE_OPS, NULL) != updates)
        golden_fail(c, "update_ops: got %zu, wanted %zu",
                    tare_collection_count(c->graph, TARE_UPDATE_OPS, NULL), updates);
    golden_watch watch = program->watch;
    if (!watch_gradients(c, program, &watch)) return;
    if (!golden_open_session(c) || !golden_assign_initial(c)) return;

    const json_t *fed = json_object_get(c->spec, "feed_training");
    tare_array *yes = golden_keep(c, tare_array_bool(true));
    tare_array *no = golden_keep(c, tare_array_bool(false));
    const tare_array *mode = json_is_null(fed) ? NULL : yes;
    int64_t steps = golden_integer(c->spec, "steps", 1);
    for (int64_t step = 0; step < steps; step++)
        if (!train_step(c, program, &watch, step, mode)) return;
    golden_feeds feeds;
    feed_batch(c, program, "inference", no, &feeds);
    golden_run_watch(c, "inference", &feeds, &program->watch);
}
