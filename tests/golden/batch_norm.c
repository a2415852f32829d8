/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups batch_norm and slim_batch_norm: one normalisation layer. Per step x, cotangent w, y and
 * the gradients of sum(y w), then the variables after UPDATE_OPS; at last an inference pass.
 */
#include "golden.h"

#include <stdio.h>
#include <string.h>

/* --------------------------------------------------------------------------------------- options
 */

/* Named limits of renorm's corrections. */
static void read_clipping(const json_t *json, double *rmin, double *rmax, double *dmax) {
    const json_t *clipping = json_object_get(json, "renorm_clipping");
    *rmin = golden_real(clipping, "rmin", *rmin);
    *rmax = golden_real(clipping, "rmax", *rmax);
    *dmax = golden_real(clipping, "dmax", *dmax);
}

#define NOT_FIELDS "training is_training reuse renorm_clipping updates_collections data_format"

bool golden_batch_norm_options(golden_case *c, const json_t *json,
                               tare_batch_norm_options *options) {
    const tare_option_table *table = tare_layer_option_table("batch_norm");
    read_clipping(json, &options->renorm_rmin, &options->renorm_rmax, &options->renorm_dmax);
    if (table) return golden_set_options(c, table, options, json, NOT_FIELDS);
    golden_lack(c, "layers.batch_normalization");
    return false;
}

static bool read_slim_options(golden_case *c, const json_t *json,
                              tare_slim_batch_norm_options *options) {
    const tare_option_table *table = tare_layer_option_table("slim_batch_norm");
    read_clipping(json, &options->renorm_rmin, &options->renorm_rmax, &options->renorm_dmax);
    if (json_is_null(json_object_get(json, "updates_collections")))
        options->updates_collections = NULL;
    if (!strcmp(golden_text(json, "data_format", "NHWC"), "NCHW")) options->data_format = TARE_NCHW;
    if (table) return golden_set_options(c, table, options, json, NOT_FIELDS);
    golden_lack(c, "slim.batch_norm");
    return false;
}

/* ---------------------------------------------------------------------------------------- building
 */

typedef struct norm_case {
    bool slim;
    tare_tensor x, w, mode;   /* mode: the placeholder, null when there is none */
    tare_tensor y, inference; /* of the training call and of the inference call */
    tare_tensor scale, bias;  /* adjustment, constants */
    tare_tensor weights;      /* batch_weights, a constant */
    golden_watch watch, inference_watch;
} norm_case;

/* Rank 5 with nothing asked for: TensorFlow 2 fuses, which is the one fact taken from an answer. */
static bool fused_as_tf2(const golden_case *c) {
    const json_t *options = json_object_get(c->spec, "options");
    return golden_boolean(c->spec, "fused_in_use", false) &&
           json_array_size(json_object_get(c->spec, "shape")) == 5 &&
           !json_is_boolean(json_object_get(options, "fused"));
}

static tare_tensor call_layer(golden_case *c, norm_case *n, tare_tensor training, bool again) {
    tare_batch_norm_options options = {TARE_BATCH_NORM_DEFAULTS};
    if (!golden_batch_norm_options(c, json_object_get(c->spec, "options"), &options))
        return TARE_NULL;
    options.training = training;
    options.adjustment_scale = n->scale;
    options.adjustment_bias = n->bias;
    if (fused_as_tf2(c)) options.fused = TARE_FUSED_TF2;
    if (again) options.name = "batch_normalization", options.reuse = TARE_REUSE_TRUE;
    return tare_batch_norm_with(n->x, &options);
}

static tare_tensor call_slim(golden_case *c, norm_case *n, tare_tensor training, bool again) {
    tare_slim_batch_norm_options options = {TARE_SLIM_BATCH_NORM_DEFAULTS};
    if (!read_slim_options(c, json_object_get(c->spec, "options"), &options)) return TARE_NULL;
    options.is_training = training;
    options.batch_weights = n->weights;
    if (fused_as_tf2(c)) options.fused = TARE_FUSED_TF2;
    if (again) options.scope = "BatchNorm", options.reuse = TARE_REUSE_TRUE;
    return tare_slim_batch_norm_with(n->x, &options);
}

static tare_tensor call(golden_case *c, norm_case *n, tare_tensor training, bool again) {
    return n->slim ? call_slim(c, n, training, again) : call_layer(c, n, training, again);
}

static tare_tensor recorded_constant(golden_case *c, const char *field, const char *name) {
    if (!golden_boolean(c->spec, field, false)) return TARE_NULL;
    const tare_array *array = golden_array(c, "initial", "in", name);
    return array ? tare_constant_with(c->graph, array, NULL) : TARE_NULL;
}

/* Gradients of sum(y w) for x, gamma and beta, as far as they were recorded. */
static void watch_pass(golden_case *c, norm_case *n, const char *when, tare_tensor y,
                       golden_watch *watch) {
    tare_tensor leaves[3] = {n->x}, gradients[3];
    const char *names[3] = {"x"};
    size_t count = 1, variables = tare_collection_count(c->graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < variables; i++) {
        tare_tensor variable = tare_collection_item(c->graph, TARE_GLOBAL_VARIABLES, NULL, i);
        const char *name = strrchr(tare_tensor_name(variable), '/');
        const char *kind = !name                       ? ""
                           : !strcmp(name, "/gamma:0") ? "gamma"
                           : !strcmp(name, "/beta:0")  ? "beta"
                                                       : "";
        if (kind[0] && count < 3) names[count] = kind, leaves[count++] = variable;
    }
    tare_tensor sum = tare_reduce_sum_with(tare_mul_with(y, n->w, NULL), NULL);
    tare_gradients(&sum, 1, leaves, count, NULL, gradients);
    golden_watch_add(watch, "out", "y", y);
    for (size_t i = 0; i < count; i++)
        if (golden_entry(c, when, "grad", names[i]))
            golden_watch_add(watch, "grad", names[i], gradients[i]);
}

static void build(golden_case *c, norm_case *n) {
    tare_shape shape = golden_shape(json_object_get(c->spec, "shape"));
    if (golden_boolean(c->spec, "dynamic_batch", false)) shape.extents[0] = TARE_ANY;
    n->slim = !strcmp(golden_text(c->spec, "layer", ""), "slim.batch_norm");
    n->x = tare_placeholder_with(c->graph, golden_dtype(c), shape, NULL);
    n->w = tare_placeholder_with(c->graph, golden_dtype(c), shape, NULL);
    n->scale = recorded_constant(c, "adjustment", "adjust_scale");
    n->bias = recorded_constant(c, "adjustment", "adjust_bias");
    n->weights = recorded_constant(c, "batch_weights", "batch_weights");
    const json_t *mode = json_object_get(c->spec, "training");
    if (json_is_string(mode)) {
        n->mode = tare_placeholder(c->graph, TARE_BOOL, TARE_SCALAR, .name = "training");
        n->y = n->inference = call(c, n, n->mode, false);
    } else {
        bool training = json_boolean_value(mode);
        n->y = call(c, n, training ? TARE_TRUE : TARE_FALSE, false);
        size_t updates = tare_collection_count(c->graph, TARE_UPDATE_OPS, NULL);
        n->inference = call(c, n, TARE_FALSE, true);
        if (tare_collection_count(c->graph, TARE_UPDATE_OPS, NULL) != updates)
            golden_fail(c, "the inference call adds to update_ops");
    }
    if (!golden_built(c, "layer")) return;
    watch_pass(c, n, "step0", n->y, &n->watch);
    watch_pass(c, n, "inference", n->inference, &n->inference_watch);
}

/* --------------------------------------------------------------------------------------- running
 */

/* Values first, then the updates in a run of their own, as they were recorded. */
static bool pass(golden_case *c, const norm_case *n, const char *when, const golden_watch *watch,
                 bool training) {
    golden_feeds feeds = {.count = 0};
    golden_feed_recorded(c, &feeds, n->x, when, "x");
    golden_feed_recorded(c, &feeds, n->w, when, "w");
    if (tare_tensor_is_valid(n->mode))
        golden_feed(&feeds, n->mode, golden_keep(c, tare_array_bool(training)));
    if (!golden_run_watch(c, when, &feeds, watch)) return false;
    bool inference_alone = !training && !tare_tensor_is_valid(n->mode);
    if (!inference_alone &&
        !golden_ok(
            c, tare_session_run_collection(c->session, feeds.items, feeds.count, TARE_UPDATE_OPS),
            "update_ops"))
        return false;
    golden_judge_variables(c, when);
    return true;
}

void golden_batch_norm(golden_case *c) {
    norm_case n = {.slim = false};
    build(c, &n);
    if (c->failures || !golden_built(c, "gradients")) return;
    golden_judge_collection(c, "variables", TARE_GLOBAL_VARIABLES);
    golden_judge_collection(c, "trainable_variables", TARE_TRAINABLE_VARIABLES);
    size_t updates = tare_collection_count(c->graph, TARE_UPDATE_OPS, NULL);
    if ((int64_t)updates != golden_integer(c->spec, "update_ops", 0))
        golden_fail(c, "update_ops: got %zu, wanted %lld", updates,
                    (long long)golden_integer(c->spec, "update_ops", 0));
    if (!golden_open_session(c) || !golden_assign_initial(c)) return;
    int64_t steps = golden_integer(c->spec, "steps", 2);
    for (int64_t step = 0; step < steps; step++) {
        char when[32];
        snprintf(when, sizeof when, "step%lld", (long long)step);
        if (!pass(c, &n, when, &n.watch, true)) return;
    }
    pass(c, &n, "inference", &n.inference_watch, false);
}
