/* SPDX-License-Identifier: Apache-2.0 */
/* The same without any macro that needs gcc or clang: what any C11 compiler can do. */
#include <math.h>
#include <stdio.h>
#include <tare/tare.h>

static tare_tensor layer(tare_tensor x, tare_tensor training) {
    tare_dense_options dense = {TARE_DENSE_DEFAULTS};
    tare_batch_norm_options norm = {TARE_BATCH_NORM_DEFAULTS};
    dense.use_bias = false;
    dense.kernel_initializer = TARE_CONSTANT(1.4059724);
    norm.training = training;
    norm.momentum = 0.5;
    return tare_relu_with(tare_batch_norm_with(tare_dense_with(x, 1, &dense), &norm), NULL);
}

static tare_tensor build(tare_graph *g, tare_tensor x, tare_tensor training) {
    tare_gradient_descent_options descent = {TARE_GRADIENT_DESCENT_DEFAULTS};
    tare_tensor y;
    descent.learning_rate = tare_number(0.5);
    tare_variable_scope_begin(g, "hidden1", NULL, TARE_REUSE_INHERIT);
    y = layer(x, training);
    tare_variable_scope_end(g);
    return tare_minimize_with(tare_gradient_descent_with(g, &descent),
                              tare_reduce_mean_with(tare_square_with(y, NULL), NULL), NULL);
}

int main(void) {
    tare_graph *g = tare_graph_new();
    tare_tensor x = tare_placeholder_with(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), NULL);
    tare_tensor training = tare_placeholder_with_default_with(g, TARE_FALSE, NULL);
    tare_tensor step = build(g, x, training);
    const float numbers[] = {0, 1};
    tare_array *batch = NULL, *yes = tare_array_bool(true), *mean = NULL;
    tare_session *s = NULL;
    if (tare_session_new_with(g, NULL, &s, NULL) || tare_session_initialize(s) ||
        tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 1), numbers, &batch)) {
        fprintf(stderr, "%s\n", tare_message(g));
        return 1;
    }
    const tare_feed feeds[] = {{x, batch}, {training, yes}};
    if (tare_session_run(s, feeds, 2, &step, 1, NULL) ||
        tare_session_get(s, "hidden1/batch_normalization/moving_mean", &mean)) {
        fprintf(stderr, "%s\n", tare_session_message(s));
        return 1;
    }
    double off = fabs(tare_array_number(mean, 0) - 0.3514931);
    printf("moving mean off by %g\n", off);
    tare_array_free(mean);
    tare_array_free(batch);
    tare_array_free(yes);
    tare_session_free(s);
    tare_graph_free(g);
    return off < 1e-7 ? 0 : 1;
}
