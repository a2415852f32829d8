/* SPDX-License-Identifier: Apache-2.0 */
/* A user's program in C with the keyword macros: one step of a layer with batch normalisation. */
#include <math.h>
#include <stdio.h>
#include <tare/tare.h>

int main(void) {
    tare_graph *g = tare_graph_new();
    tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), .name = "x");
    tare_tensor training = tare_placeholder_with_default(g, TARE_FALSE, .name = "training");
    tare_tensor y = TARE_NULL;
    TARE_VARIABLE_SCOPE (g, "hidden1") {
        y = tare_dense(x, 1, .use_bias = false, .kernel_initializer = TARE_CONSTANT(1.4059724));
        y = tare_relu(tare_batch_norm(y, .training = training, .momentum = 0.5));
    }
    tare_tensor cost = tare_reduce_mean(tare_square(y));
    tare_tensor step =
        tare_minimize(tare_gradient_descent(g, .learning_rate = tare_number(0.5)), cost);

    tare_session *s = NULL;
    if (tare_session_new(g, &s) || tare_session_initialize(s)) {
        fprintf(stderr, "%s\n", tare_message(g));
        return 1;
    }
    const float numbers[] = {0, 1};
    tare_array *batch = NULL, *yes = tare_array_bool(true), *mean = NULL;
    if (tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 1), numbers, &batch) ||
        tare_session_run(s, TARE_FEEDS({x, batch}, {training, yes}), TARE_FETCHES(step), NULL) ||
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
