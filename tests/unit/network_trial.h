/* SPDX-License-Identifier: Apache-2.0 */
/* A network of the zoo with numbers to feed it. */
#ifndef TARE_TESTS_NETWORK_TRIAL_H
#define TARE_TESTS_NETWORK_TRIAL_H

#include "plan_trial.h"

#include <tare/train.h>
#include <tare/zoo.h>

typedef struct network_trial {
    tare_graph *graph;
    tare_network network;
    tare_feed feeds[3]; /* inputs, labels, training */
    size_t feed_count;
} network_trial;

/* settings: "width=4,size=8". */
static inline void network_set(const tare_option_table *table, void *options,
                               const char *settings) {
    char setting[64];
    for (const char *at = settings; *at != '\0'; at += *at == ',') {
        const size_t length = strcspn(at, ",");
        assert_true(length < sizeof setting);
        memcpy(setting, at, length);
        setting[length] = '\0';
        char *value = strchr(setting, '=');
        *value++ = '\0';
        assert_int_equal(tare_option_parse(table, options, setting, value, NULL), TARE_OK);
        at += length;
    }
}

/* Numbers of a tensor's shape, its first extent the batch; whole ones are below `classes`. */
static inline tare_array *network_numbers(tare_tensor tensor, int64_t batch, int64_t classes,
                                          int seed) {
    tare_shape shape = tare_tensor_shape(tensor);
    tare_array *array = NULL;
    shape.extents[0] = batch;
    if (tare_tensor_dtype(tensor) != TARE_INT32)
        return trial_numbers(tare_tensor_dtype(tensor), shape, seed);
    assert_int_equal(tare_array_new(TARE_INT32, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, (double)(i % classes));
    return array;
}

static inline network_trial network_begin(const char *name, const char *settings, int64_t batch) {
    network_trial t = {.graph = tare_graph_new(), .network = {.struct_size = sizeof t.network}};
    tare_error error = {.status = TARE_OK};
    const tare_option_table *table = tare_zoo_option_table(name);
    void *options = malloc(table->size);
    assert_non_null(options);
    table->set_defaults(options);
    network_set(table, options, settings);
    if (tare_zoo_build(t.graph, name, options, &t.network, &error)) fail_msg("%s", error.message);
    free(options);
    const tare_network *n = &t.network;
    const tare_shape logits = tare_tensor_shape(n->logits);
    t.feeds[t.feed_count++] = (tare_feed){n->inputs, network_numbers(n->inputs, batch, 1, 1)};
    t.feeds[t.feed_count++] = (tare_feed){
        n->labels, network_numbers(n->labels, batch, logits.extents[logits.rank - 1], 2)};
    if (n->training.graph)
        t.feeds[t.feed_count++] = (tare_feed){n->training, tare_array_bool(true)};
    return t;
}

static inline void network_end(network_trial *t) {
    for (size_t i = 0; i < t->feed_count; i++) tare_array_free((tare_array *)t->feeds[i].array);
    tare_graph_free(t->graph);
}

#endif
