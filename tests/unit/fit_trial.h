/* SPDX-License-Identifier: Apache-2.0 */
/* A network with all that could make a difference to a training, and examples for it. */
#ifndef TARE_TESTS_UNIT_FIT_TRIAL_H
#define TARE_TESTS_UNIT_FIT_TRIAL_H

#include <tare/tare.h>

#include "scratch_files.h"

static inline void assert_says(const tare_error *error, const char *part) {
    if (strstr(error->message, part) == NULL)
        fail_msg("the sentence lacks \"%s\": %s", part, error->message);
}

/* A network with all that could make a difference: batch norm, dropout, Adam, a global step. */
typedef struct model {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
} model;

static inline model new_model(uint64_t seed) {
    model m = {.graph = tare_graph_new()};
    assert_non_null(m.graph);
    tare_graph_set_seed(m.graph, seed);
    tare_network *n = &m.network;
    n->struct_size = sizeof *n;
    n->inputs = tare_placeholder(m.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4), .name = "x");
    n->labels = tare_placeholder(m.graph, TARE_INT32, TARE_SHAPE(TARE_ANY), .name = "y");
    n->training = tare_placeholder_with_default(m.graph, TARE_FALSE, .name = "training");
    tare_tensor x = tare_dense(n->inputs, 8, .use_bias = false);
    x = tare_relu(tare_batch_norm(x, .training = n->training, .momentum = .9));
    x = tare_dropout(x, .rate = .25, .training = n->training);
    n->logits = tare_dense(x, 3);
    n->loss = tare_reduce_mean(tare_sparse_softmax_cross_entropy_with_logits(n->labels, n->logits));
    n->train = tare_minimize(tare_adam(m.graph, .learning_rate = tare_number(.02)), n->loss,
                             .global_step = tare_global_step(m.graph));
    if (tare_graph_status(m.graph) != TARE_OK) fail_msg("%s", tare_message(m.graph));
    assert_int_equal(tare_session_new(m.graph, &m.session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(m.session), TARE_OK);
    return m;
}

static inline void free_model(model *m) {
    tare_session_free(m->session);
    tare_graph_free(m->graph);
}

/* Examples whose class is the place of the greatest of their first three numbers. */
static inline tare_dataset *new_data(int64_t count) {
    tare_array *inputs = NULL, *labels = NULL;
    tare_dataset *dataset = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(count, 4), NULL, &inputs), TARE_OK);
    assert_int_equal(tare_array_new(TARE_INT32, TARE_SHAPE(count), NULL, &labels), TARE_OK);
    float *x = tare_array_data(inputs);
    int32_t *y = tare_array_data(labels);
    uint32_t state = 12345;
    for (int64_t i = 0; i < 4 * count; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) / 16777216.0f - .5f;
    }
    for (int64_t i = 0; i < count; i++) {
        const float *row = x + 4 * i;
        y[i] = row[0] > row[1] ? (row[0] > row[2] ? 0 : 2) : (row[1] > row[2] ? 1 : 2);
    }
    assert_int_equal(tare_dataset_new(inputs, labels, &dataset, NULL), TARE_OK);
    tare_array_free(inputs);
    tare_array_free(labels);
    return dataset;
}

static inline void fit(model *m, const tare_dataset *data, const tare_fit_options *options,
                       tare_fit_result *result) {
    tare_error error = {0};
    result->struct_size = sizeof *result;
    if (tare_fit_with(m->session, &m->network, data, options, result, &error) != TARE_OK)
        fail_msg("%s", error.message);
}

#endif
