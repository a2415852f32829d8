// SPDX-License-Identifier: Apache-2.0
// The same from C++: options by member assignment in C++17, by name in C++20.
#include <cmath>
#include <cstdio>
#include <tare/tare.h>

#if __cplusplus >= 202002L
static const tare_dense_options dense{.use_bias = false,
                                      .kernel_initializer = TARE_CONSTANT(1.4059724)};
static tare_batch_norm_options norm_of(tare_tensor training) {
    return {.momentum = 0.5, .training = training};
}
static const tare_gradient_descent_options descent{.learning_rate = tare_number(0.5)};
#else
static tare_dense_options make_dense() {
    tare_dense_options options;
    options.use_bias = false;
    options.kernel_initializer = TARE_CONSTANT(1.4059724);
    return options;
}
static const tare_dense_options dense = make_dense();
static tare_batch_norm_options norm_of(tare_tensor training) {
    tare_batch_norm_options options;
    options.momentum = 0.5;
    options.training = training;
    return options;
}
static tare_gradient_descent_options make_descent() {
    tare_gradient_descent_options options;
    options.learning_rate = tare_number(0.5);
    return options;
}
static const tare_gradient_descent_options descent = make_descent();
#endif

static tare_tensor build(tare_graph *g, tare_tensor x, tare_tensor training) {
    const tare_batch_norm_options norm = norm_of(training);
    tare_variable_scope_begin(g, "hidden1", nullptr, TARE_REUSE_INHERIT);
    const tare_tensor y =
        tare_relu_with(tare_batch_norm_with(tare_dense_with(x, 1, &dense), &norm), nullptr);
    tare_variable_scope_end(g);
    const tare_tensor cost = tare_reduce_mean_with(tare_square_with(y, nullptr), nullptr);
    return tare_minimize_with(tare_gradient_descent_with(g, &descent), cost, nullptr);
}

int main() {
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder_with(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 1), nullptr);
    const tare_tensor training = tare_placeholder_with_default_with(g, TARE_FALSE, nullptr);
    const tare_tensor step = build(g, x, training);
    const float numbers[] = {0, 1};
    tare_array *batch = nullptr, *yes = tare_array_bool(true), *mean = nullptr;
    tare_session *s = nullptr;
    if (tare_session_new_with(g, nullptr, &s, nullptr) || tare_session_initialize(s) ||
        tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 1), numbers, &batch)) {
        std::fprintf(stderr, "%s\n", tare_message(g));
        return 1;
    }
    const tare_feed feeds[] = {{x, batch}, {training, yes}};
    if (tare_session_run(s, feeds, 2, &step, 1, nullptr) ||
        tare_session_get(s, "hidden1/batch_normalization/moving_mean", &mean)) {
        std::fprintf(stderr, "%s\n", tare_session_message(s));
        return 1;
    }
    const double off = std::fabs(tare_array_number(mean, 0) - 0.3514931);
    std::printf("moving mean off by %g\n", off);
    tare_array_free(mean);
    tare_array_free(batch);
    tare_array_free(yes);
    tare_session_free(s);
    tare_graph_free(g);
    return off < 1e-7 ? 0 : 1;
}
