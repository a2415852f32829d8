/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tf.metrics.KIND by the library's table of metrics: the value before the first update, then for
 * every batch what update_op gives, the value afterwards and the variables, each in a run of its
 * own, as they were recorded.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The arguments, as placeholders of the first batch's shapes. */
typedef struct metric_case {
    const char *names[4];
    tare_tensor tensors[4];
    size_t count;
    tare_metric metric;
} metric_case;

static tare_tensor argument(const metric_case *m, const char *names) {
    for (size_t i = 0; i < m->count; i++)
        if (golden_has_word(names, m->names[i])) return m->tensors[i];
    return TARE_NULL;
}

static bool take_arguments(golden_case *c, metric_case *m) {
    const char *name;
    json_t *what;
    json_object_foreach(json_object_get(c->spec, "inputs"), name, what) {
        const tare_array *first = golden_array(c, "step0", "in", name);
        if (!first || m->count == sizeof m->tensors / sizeof *m->tensors) return false;
        m->names[m->count] = name;
        m->tensors[m->count++] =
            tare_placeholder_with(c->graph, tare_array_dtype(first), tare_array_shape(first), NULL);
    }
    return true;
}

/* Sets a field that text cannot give. */
static void set_field(const tare_option_table *table, void *options, const char *name,
                      const void *value, size_t size) {
    for (const tare_option *option = table->options; option->name; option++)
        if (!strcmp(option->name, name)) memcpy((char *)options + option->offset, value, size);
}

static bool build(golden_case *c, metric_case *m, const char *kind) {
    const tare_option_table *table = tare_metrics_option_table(kind);
    const json_t *given = json_object_get(c->spec, "options");
    const tare_tensor weights = argument(m, "weights");
    void *options = calloc(1, table->size);
    if (!options) return false;
    table->set_defaults(options);
    set_field(table, options, "weights", &weights, sizeof weights);
    if (json_object_get(given, "thresholds")) {
        const tare_array *list =
            golden_numbers(c, json_object_get(given, "thresholds"), TARE_FLOAT64);
        set_field(table, options, "thresholds", &list, sizeof list);
    }
    const bool fine = golden_set_options(c, table, options, given, "thresholds");
    if (fine)
        m->metric = tare_metrics_of_kind(kind, argument(m, "labels"),
                                         argument(m, "predictions values"), options);
    free(options);
    return fine && golden_built(c, kind);
}

static void judge_result(golden_case *c, const char *when, const char *name, tare_tensor fetch,
                         const golden_feeds *feeds) {
    golden_watch watch = {.count = 0};
    golden_watch_add(&watch, "out", name, fetch);
    golden_run_watch(c, when, feeds, &watch);
}

static void run_batch(golden_case *c, const metric_case *m, int64_t step) {
    char when[32];
    golden_feeds feeds = {.count = 0};
    const golden_feeds none = {.count = 0};
    snprintf(when, sizeof when, "step%lld", (long long)step);
    for (size_t i = 0; i < m->count; i++)
        golden_feed_recorded(c, &feeds, m->tensors[i], when, m->names[i]);
    judge_result(c, when, "update", m->metric.update_op, &feeds);
    judge_result(c, when, "value", m->metric.value, &none);
    golden_judge_variables(c, when);
}

void golden_metric(golden_case *c) {
    const char *path = golden_text(c->spec, "op", ""), *dot = strrchr(path, '.');
    const char *kind = dot ? dot + 1 : path;
    const golden_feeds none = {.count = 0};
    metric_case m = {.count = 0};
    if (!tare_metrics_option_table(kind)) {
        golden_lack(c, path);
        return;
    }
    if (!take_arguments(c, &m) || !build(c, &m, kind) || !golden_open_session(c)) return;
    golden_judge_collection(c, "variables", TARE_LOCAL_VARIABLES);
    golden_judge_collection(c, "variables", TARE_METRIC_VARIABLES);
    golden_judge_variables(c, "initial");
    judge_result(c, "initial", "value", m.metric.value, &none);
    const int64_t updates = golden_integer(c->spec, "updates", 3);
    for (int64_t step = 0; step < updates && !c->failures; step++) run_batch(c, &m, step);
}
