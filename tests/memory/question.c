/* SPDX-License-Identifier: Apache-2.0 */
/* The program of the question: two steps, save, load, one inference, everything freed. */
#include "memory/harness.h"

#include <stdio.h>
#include <tare/tare.h>
#include <unistd.h>

typedef struct program {
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, y, rate, training, prediction, step;
    tare_array *numbers[4]; /* of x, y, rate and training */
} program;

static tare_tensor layer(program *p, const char *scope, tare_tensor x) {
    tare_dense_options dense = {TARE_DENSE_DEFAULTS};
    tare_batch_norm_options norm = {TARE_BATCH_NORM_DEFAULTS};
    dense.use_bias = false;
    norm.training = p->training;
    norm.momentum = 0.5;
    tare_variable_scope_begin(p->graph, scope, NULL, TARE_REUSE_INHERIT);
    tare_tensor y = tare_batch_norm_with(tare_dense_with(x, 1, &dense), &norm);
    tare_variable_scope_end(p->graph);
    return y;
}

static tare_status build(program *p) {
    tare_adam_options adam = {TARE_ADAM_DEFAULTS};
    p->x = tare_placeholder(p->graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), .name = "x");
    p->y = tare_placeholder(p->graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), .name = "y");
    p->rate = tare_placeholder(p->graph, TARE_FLOAT32, TARE_SCALAR);
    p->training = tare_placeholder_with_default(p->graph, TARE_FALSE, .name = "training");
    p->prediction = layer(p, "output", tare_relu(layer(p, "hidden1", p->x)));
    tare_tensor cost = tare_reduce_mean(tare_square(tare_sub(p->prediction, p->y)));
    adam.learning_rate = p->rate;
    p->step = tare_minimize_with(tare_adam_with(p->graph, &adam), cost, NULL);
    return tare_graph_status(p->graph);
}

static tare_status feed(program *p) {
    static const float x[] = {0, 1}, y[] = {3, 4}, rate = 0.001f;
    static const bool yes = true;
    tare_status status = tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 1), x, &p->numbers[0]);
    if (!status) status = tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 1), y, &p->numbers[1]);
    if (!status) status = tare_array_copy_of(TARE_FLOAT32, TARE_SCALAR, &rate, &p->numbers[2]);
    if (!status) status = tare_array_copy_of(TARE_BOOL, TARE_SCALAR, &yes, &p->numbers[3]);
    return status;
}

static tare_status train(program *p) {
    const tare_feed feeds[] = {{p->x, p->numbers[0]},
                               {p->y, p->numbers[1]},
                               {p->rate, p->numbers[2]},
                               {p->training, p->numbers[3]}};
    tare_profile_options profile = {TARE_PROFILE_DEFAULTS};
    profile.events = 8;
    for (int step = 0; step < 3; step++) {
        tare_status status = tare_session_run(p->session, feeds, 4, &p->step, 1, NULL);
        if (status == TARE_OK && step == 0)
            status = tare_session_profile_begin_with(p->session, &profile);
        if (status != TARE_OK) return status;
    }
    return tare_session_profile_end(p->session);
}

/* Without jansson there are no checkpoints, and saying so is right. */
static tare_status save_and_load(program *p) {
    char path[1024];
    snprintf(path, sizeof path, TARE_BINARY_DIR "/tests/memory-%ld.safetensors", (long)getpid());
    tare_error error = {.status = TARE_OK};
    tare_status status = tare_checkpoint_save_with(p->session, path, NULL, &error);
    if (status == TARE_ERROR_UNSUPPORTED) return TARE_OK;
    if (status == TARE_OK) status = tare_checkpoint_load_with(p->session, path, NULL, NULL, &error);
    unlink(path);
    return status;
}

static tare_status run(program *p, const tare_allocator *allocator, int threads) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.allocator = allocator;
    options.threads = threads;
    tare_array *prediction = NULL;
    tare_status status = build(p);
    if (!status) status = feed(p);
    if (!status) status = tare_session_new_with(p->graph, &options, &p->session, NULL);
    if (!status) status = tare_session_initialize(p->session);
    if (!status) status = train(p);
    if (!status) status = save_and_load(p);
    const tare_feed x = {p->x, p->numbers[0]};
    if (!status) status = tare_session_run(p->session, &x, 1, &p->prediction, 1, &prediction);
    return status;
}

static tare_status question(const tare_allocator *allocator, int threads) {
    program p = {.graph = tare_graph_new_with(allocator)};
    tare_status status = p.graph ? run(&p, allocator, threads) : TARE_ERROR_MEMORY;
    tare_session_free(p.session);
    tare_graph_free(p.graph);
    for (size_t i = 0; i < sizeof p.numbers / sizeof *p.numbers; i++) tare_array_free(p.numbers[i]);
    return status;
}

int main(int count, char **words) { return memory_main(count, words, question); }
