/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group optimizer: ten steps on given gradients with every slot, moving averages of weights, and
 * (schedule.c) learning-rate schedules.
 */
#include "golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ optimisers
 */

static const struct {
    const char *path, *kind;
    const char *switched_on; /* an option that TensorFlow has as an op of its own */
} optimizers[] = {
    {"train.GradientDescentOptimizer", "gradient_descent", NULL},
    {"train.MomentumOptimizer", "momentum", NULL},
    {"train.AdamOptimizer", "adam", NULL},
    {"train.RMSPropOptimizer", "rmsprop", NULL},
    {"train.AdagradOptimizer", "adagrad", NULL},
    {"train.AdadeltaOptimizer", "adadelta", NULL},
    {"train.FtrlOptimizer", "ftrl", NULL},
    {"train.ProximalGradientDescentOptimizer", "proximal_gradient_descent", NULL},
    {"train.ProximalAdagradOptimizer", "proximal_adagrad", NULL},
    {"raw_ops.ResourceApplyAdam", "adam", NULL},
    {"raw_ops.ResourceApplyAdaMax", "adamax", NULL},
    {"raw_ops.ResourceApplyAddSign", "add_sign", NULL},
    {"raw_ops.ResourceApplyPowerSign", "power_sign", NULL},
    {"raw_ops.ResourceApplyAdamWithAmsgrad", "adam", "amsgrad"},
};

/* The raw ops call the rate lr, and give the base of a power by its logarithm. */
static bool set_raw(golden_case *c, const tare_option_table *table, void *options, const char *name,
                    const json_t *value) {
    if (!strcmp(name, "lr")) return golden_set_option(c, table, options, "learning_rate", value);
    if (strcmp(name, "logbase")) return golden_set_option(c, table, options, name, value);
    json_t *base = json_real(exp(json_number_value(value)));
    bool fine = golden_set_option(c, table, options, "base", base);
    json_decref(base);
    return fine;
}

static bool set_all(golden_case *c, const tare_option_table *table, void *values,
                    const json_t *options, const char *switched_on) {
    const char *name;
    json_t *value;
    bool fine = true;
    json_object_foreach((json_t *)(uintptr_t)options, name, value) fine =
        set_raw(c, table, values, name, value) && fine;
    if (switched_on) fine = golden_set_option(c, table, values, switched_on, json_true()) && fine;
    return fine;
}

bool golden_build_optimizer(golden_case *c, const char *path, const json_t *options,
                            tare_optimizer *optimizer) {
    size_t i = 0, count = sizeof optimizers / sizeof *optimizers;
    while (i < count && strcmp(optimizers[i].path, path)) i++;
    const tare_option_table *table =
        i < count ? tare_optimizer_option_table(optimizers[i].kind) : NULL;
    if (!table) {
        golden_lack(c, path);
        return false;
    }
    void *values = calloc(1, table->size);
    if (!values) return false;
    table->set_defaults(values);
    bool fine = set_all(c, table, values, options, optimizers[i].switched_on);
    *optimizer = tare_optimizer_of_kind(c->graph, optimizers[i].kind, values);
    free(values);
    return fine;
}

/* --------------------------------------------------------------------------------------- the steps
 */

typedef struct optimizer_case {
    tare_optimizer optimizer;
    tare_tensor variables[8], gradients[8];
    size_t count;
    tare_tensor step;
} optimizer_case;

static bool is_raw(const golden_case *c) {
    return !strncmp(golden_text(c->spec, "op", ""), "raw_ops.", 8);
}

static bool build(golden_case *c, optimizer_case *o) {
    const char *path = golden_text(c->spec, "op", "");
    const json_t *shapes = json_object_get(c->spec, "shapes");
    for (o->count = 0; o->count < json_array_size(shapes) && o->count < 8; o->count++) {
        char name[24];
        tare_shape shape = golden_shape(json_array_get(shapes, o->count));
        snprintf(name, sizeof name, "w%zu", o->count);
        tare_variable_options zeros = {TARE_VARIABLE_DEFAULTS};
        zeros.initializer = TARE_ZEROS;
        o->variables[o->count] = tare_variable_with(c->graph, name, shape, &zeros);
        o->gradients[o->count] = tare_placeholder_with(c->graph, TARE_FLOAT32, shape, NULL);
    }
    if (!golden_build_optimizer(c, path, json_object_get(c->spec, "options"), &o->optimizer))
        return false;
    o->step = tare_apply_gradients_with(o->optimizer, o->gradients, o->variables, o->count, NULL);
    return golden_built(c, path);
}

/* Raw ops name their slots by role ("w0/m", "beta1_power"); the optimiser here has TF's names. */
static const char *own_name(golden_case *c, const optimizer_case *o, const char *recorded) {
    const char *slash = strchr(recorded, '/');
    if (!is_raw(c) || (recorded[0] == 'w' && !slash)) return recorded;
    size_t variable = slash ? (size_t)atoi(recorded + 1) : 0;
    tare_tensor slot =
        tare_optimizer_slot(o->optimizer, o->variables[variable], slash ? slash + 1 : recorded);
    if (!tare_tensor_is_valid(slot)) golden_fail(c, "no slot for %s", recorded);
    return tare_tensor_name(slot);
}

/* Judges every variable recorded at a time, the weights aside when only slots are asked for. */
static void judge_all(golden_case *c, const optimizer_case *o, const char *when, bool slots_only) {
    const json_t *arrays = json_object_get(c->spec, "arrays");
    for (size_t i = 0; i < json_array_size(arrays); i++) {
        const json_t *entry = json_array_get(arrays, i);
        if (strcmp(golden_text(entry, "when", ""), when) ||
            strcmp(golden_text(entry, "role", ""), "var"))
            continue;
        const char *recorded = golden_text(entry, "name", ""), *name = own_name(c, o, recorded);
        if (slots_only && recorded[0] == 'w' && !strchr(recorded, '/')) continue;
        tare_array *value = NULL;
        if (golden_ok(c, tare_session_get(c->session, name, &value), name))
            golden_judge(c, when, "var", recorded, value);
        tare_array_free(value);
    }
}

/* The weights start where they were recorded; slots start there by themselves, which is judged. */
static bool set_weights(golden_case *c, const optimizer_case *o) {
    for (size_t i = 0; i < o->count; i++) {
        char name[24];
        snprintf(name, sizeof name, "w%zu", i);
        const tare_array *value = golden_array(c, "initial", "var", name);
        if (!value || !golden_ok(c, tare_session_set(c->session, name, value), name)) return false;
        golden_judge(c, "initial", "var", name, value);
    }
    return true;
}

static void record_optimizer(golden_case *c) {
    optimizer_case o = {.count = 0};
    if (!build(c, &o)) return;
    if (!is_raw(c)) golden_judge_collection(c, "variables", TARE_GLOBAL_VARIABLES);
    if (!golden_open_session(c) || !set_weights(c, &o)) return;
    judge_all(c, &o, "initial", true);
    int64_t steps = golden_integer(c->spec, "steps", 10);
    for (int64_t step = 0; step < steps && !c->failures; step++) {
        char when[32];
        golden_feeds feeds = {.count = 0};
        snprintf(when, sizeof when, "step%lld", (long long)step);
        for (size_t i = 0; i < o.count; i++) {
            char name[24];
            snprintf(name, sizeof name, "g%zu", i);
            golden_feed_recorded(c, &feeds, o.gradients[i], when, name);
        }
        if (!golden_run_operations(c, &feeds, &o.step, 1)) return;
        judge_all(c, &o, when, false);
    }
}

/* --------------------------------------------------------------------------------- moving averages
 */

#define GOLDEN_STRUCT tare_exponential_moving_average_options
static const tare_option average_fields[] = {TARE_EXPONENTIAL_MOVING_AVERAGE_FIELDS(GOLDEN_FIELD)
                                                 GOLDEN_LAST_FIELD};
#undef GOLDEN_STRUCT

typedef struct average_case {
    tare_tensor value, count, source, update;
    bool of_variable;
} average_case;

static bool build_average(golden_case *c, average_case *a) {
    const json_t *options = json_object_get(c->spec, "options");
    a->value = tare_placeholder_with(c->graph, TARE_FLOAT32, TARE_SHAPE(3), NULL);
    a->count = tare_placeholder_with(c->graph, TARE_FLOAT32, TARE_SCALAR, NULL);
    a->of_variable = !strcmp(golden_text(c->spec, "source", ""), "variable");
    if (a->of_variable)
        a->source = tare_variable(c->graph, "w", TARE_SHAPE(3), .initializer = TARE_ZEROS);
    else
        a->source = tare_identity(a->value, .name = "t");
    tare_exponential_moving_average_options own = {TARE_EXPONENTIAL_MOVING_AVERAGE_DEFAULTS};
    const tare_option_table table = {sizeof own, average_fields, NULL};
    if (!golden_set_options(c, &table, &own, options, "decay")) return false;
    if (json_object_get(c->spec, "num_updates")) own.num_updates = a->count;
    tare_average average = tare_exponential_moving_average_with(
        c->graph, tare_number(golden_real(options, "decay", 0)), &own);
    a->update = tare_average_apply(average, &a->source, 1);
    if (!golden_built(c, "moving average")) return false;
    const char *name = tare_average_name(average, a->source);
    if (strcmp(name, golden_text(c->spec, "average_name", "")))
        golden_fail(c, "average_name: got %s, wanted %s", name,
                    golden_text(c->spec, "average_name", ""));
    return true;
}

static bool average_step(golden_case *c, const average_case *a, int64_t step) {
    char when[32];
    golden_feeds feeds = {.count = 0};
    snprintf(when, sizeof when, "step%lld", (long long)step);
    const tare_array *value = golden_array(c, when, "in", "value");
    golden_feed(&feeds, a->value, value);
    const json_t *counts = json_object_get(c->spec, "num_updates");
    if (counts)
        golden_feed(&feeds, a->count,
                    golden_numbers(c, json_array_get(counts, (size_t)step), TARE_FLOAT32));
    if (a->of_variable && !golden_ok(c, tare_session_set(c->session, "w", value), "w"))
        return false;
    if (!golden_run_operations(c, &feeds, &a->update, 1)) return false;
    golden_judge_variables(c, when);
    return true;
}

static void record_average(golden_case *c) {
    average_case a = {.of_variable = false};
    if (!build_average(c, &a) || !golden_open_session(c) || !golden_assign_initial(c)) return;
    int64_t steps = golden_integer(c->spec, "steps", 6);
    for (int64_t step = 0; step < steps; step++)
        if (!average_step(c, &a, step)) return;
}

void golden_optimizer(golden_case *c) {
    const char *path = golden_text(c->spec, "op", "");
    if (json_object_get(c->spec, "at"))
        golden_schedule(c);
    else if (!strcmp(path, "train.ExponentialMovingAverage"))
        record_average(c);
    else
        record_optimizer(c);
}
