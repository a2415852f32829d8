/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan says its steps compute, read and write; and whose gradients they are. */
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/layer.h>
#include <tare/train.h>

/* The plan of a fetch that needs no feeds. */
static const tare_plan *plan_of(tare_session *session, tare_tensor fetch) {
    tare_cached_plan *cached = NULL;
    assert_int_equal(tare_session_enter(session), TARE_OK);
    const tare_status status = tare_session_plan(session, NULL, 0, &fetch, 1, &cached);
    assert_int_equal(tare_session_leave(session, status), TARE_OK);
    return cached->plan;
}

static const tare_step *find(const tare_plan *plan, const char *op) {
    for (int64_t s = 0; s < plan->step_count; s++)
        if (!strcmp(plan->steps[s].op, op)) return &plan->steps[s];
    fail_msg("no step '%s'", op);
    return NULL;
}

static tare_session *open(tare_graph *graph) {
    tare_session *session = NULL;
    if (tare_graph_status(graph)) fail_msg("%s", tare_message(graph));
    assert_int_equal(tare_session_new(graph, &session, .threads = 1), TARE_OK);
    return session;
}

static void close(tare_graph *graph, tare_session *session) {
    tare_session_free(session);
    tare_graph_free(graph);
}

static tare_tensor numbers(tare_graph *graph, const char *name, tare_shape shape) {
    return tare_get_variable(graph, name, shape);
}

/* Operations of the only step of that op. */
static double flops_of(tare_graph *graph, tare_tensor fetch, const char *op) {
    tare_session *session = open(graph);
    const double flops = find(plan_of(session, fetch), op)->flops;
    close(graph, session);
    return flops;
}

static void convolutions_and_their_gradients_count_every_tap(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = numbers(graph, "x", TARE_SHAPE(2, 5, 7, 3));
    const tare_tensor w = numbers(graph, "w", TARE_SHAPE(3, 2, 3, 4));
    const tare_tensor y = tare_nn_conv2d(x, w, .padding = TARE_PADDING_SAME);
    tare_tensor gradients[2];
    const tare_tensor loss = tare_reduce_sum(y), xs[2] = {x, w};
    assert_int_equal(tare_gradients(&loss, 1, xs, 2, NULL, gradients), TARE_OK);
    const tare_tensor both = tare_add(tare_reduce_sum(gradients[0]), tare_reduce_sum(gradients[1]));
    const tare_tensor all = tare_add(loss, both);
    tare_session *session = open(graph);
    const tare_plan *plan = plan_of(session, all);
    const double want = 2. * (2 * 5 * 7) * 4 * (3 * 2) * 3;
    assert_true(find(plan, "nn_conv2d")->flops == want);
    assert_true(find(plan, "convolution_input_gradient")->flops == want);
    assert_true(find(plan, "convolution_filter_gradient")->flops == want);
    assert_true(find(plan, "reduce_sum")->flops == 0);
    close(graph, session);
}

static void depthwise_convolutions_count_one_channel_a_filter(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = numbers(graph, "x", TARE_SHAPE(2, 6, 6, 3));
    const tare_tensor w = numbers(graph, "w", TARE_SHAPE(3, 3, 3, 2));
    const tare_tensor y = tare_nn_depthwise_conv2d(x, w);
    assert_true(flops_of(graph, y, "nn_depthwise_conv2d") == 2. * (2 * 4 * 4) * 6 * 9);
}

static void transposed_convolutions_count_what_the_convolution_would(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = numbers(graph, "x", TARE_SHAPE(2, 3, 3, 4));
    const tare_tensor w = numbers(graph, "w", TARE_SHAPE(2, 2, 5, 4));
    const tare_tensor y = tare_nn_conv2d_transpose(x, w, .strides = TARE_LIST(2, 2));
    assert_true(flops_of(graph, y, "nn_conv2d_transpose") == 2. * (2 * 3 * 3) * 4 * 4 * 5);
}

static void products_count_every_batch(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor a = numbers(graph, "a", TARE_SHAPE(3, 2, 4, 5));
    const tare_tensor b = numbers(graph, "b", TARE_SHAPE(2, 5, 6));
    assert_true(flops_of(graph, tare_matmul(a, b), "matmul") == 2. * 6 * 4 * 6 * 5);
    graph = tare_graph_new();
    const tare_tensor rows = numbers(graph, "a", TARE_SHAPE(3, 4, 5));
    const tare_tensor w = numbers(graph, "b", TARE_SHAPE(5, 6));
    assert_true(flops_of(graph, tare_matmul(rows, w), "matmul") == 2. * 12 * 6 * 5);
    graph = tare_graph_new();
    const tare_tensor c = numbers(graph, "c", TARE_SHAPE(2, 3, 4));
    const tare_tensor d = numbers(graph, "d", TARE_SHAPE(4, 3, 5));
    const tare_tensor y =
        tare_tensordot(c, d, .a_axes = TARE_LIST(1, 2), .b_axes = TARE_LIST(1, 0));
    assert_true(flops_of(graph, y, "tensordot") == 2. * 2 * 5 * 12);
}

static tare_tensor constant(tare_graph *graph, tare_dtype dtype, tare_shape shape) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(dtype, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++) tare_array_set_number(array, i, 1);
    const tare_tensor made = tare_constant(graph, array);
    tare_array_free(array);
    return made;
}

static void whole_number_products_count_like_the_others(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor dense[] = {constant(graph, TARE_INT8, TARE_SHAPE(3, 5)),
                                 constant(graph, TARE_INT8, TARE_SHAPE(2, 5)),
                                 constant(graph, TARE_FLOAT32, TARE_SHAPE(1))};
    const tare_tensor y = tare_build(graph, "int8_dense", dense, 3, NULL);
    assert_true(flops_of(graph, y, "int8_dense_step") == 2. * 3 * 2 * 5);
    graph = tare_graph_new();
    const tare_tensor depthwise[] = {constant(graph, TARE_INT8, TARE_SHAPE(1, 5, 4, 3)),
                                     constant(graph, TARE_INT8, TARE_SHAPE(1, 3, 2, 6)),
                                     constant(graph, TARE_FLOAT32, TARE_SHAPE(6))};
    const tare_tensor z = tare_build(graph, "int8_depthwise_conv2d", depthwise, 3, NULL);
    assert_true(flops_of(graph, z, "int8_depthwise_conv2d_step") == 2. * (3 * 3 * 6) * (3 * 2));
}

static void bytes_are_those_read_and_written(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor v = numbers(graph, "v", TARE_SHAPE(10));
    const tare_tensor w = numbers(graph, "w", TARE_SHAPE(2, 10));
    const tare_tensor sum = tare_add(w, v);
    tare_session *session = open(graph);
    assert_int_equal(find(plan_of(session, sum), "add")->bytes, 4 * (10 + 20 + 20));
    const tare_tensor more = tare_assign_sub(v, tare_exp(v));
    const tare_step *step = find(plan_of(session, more), "assign_sub");
    int64_t outputs = 0;
    for (int32_t o = 0; o < step->output_count; o++)
        if (step->outputs[o].place != TARE_PLACE_NOWHERE) outputs += 4 * 10;
    assert_int_equal(step->bytes,
                     4 * (2 * 10 + 10) + outputs); /* v twice, what is taken off once */
    const tare_tensor anew = tare_assign(v, tare_exp(v));
    step = find(plan_of(session, anew), "assign");
    outputs = 0;
    for (int32_t o = 0; o < step->output_count; o++)
        if (step->outputs[o].place != TARE_PLACE_NOWHERE) outputs += 4 * 10;
    assert_int_equal(step->bytes, 4 * (10 + 10) + outputs); /* v is not read */
    close(graph, session);
}

static void a_gradients_step_names_the_node_behind_it(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = numbers(graph, "x", TARE_SHAPE(4, 3));
    const tare_tensor w = numbers(graph, "w", TARE_SHAPE(3, 2));
    const tare_tensor y = tare_matmul(x, w, .name = "product");
    const tare_tensor loss = tare_reduce_sum(tare_square(y, .name = "squares"));
    tare_tensor first, second;
    assert_int_equal(tare_gradients(&loss, 1, &w, 1, NULL, &first), TARE_OK);
    const tare_tensor norm = tare_reduce_sum(tare_tanh(first));
    assert_int_equal(tare_gradients(&norm, 1, &w, 1, NULL, &second), TARE_OK);
    tare_session *session = open(graph);
    const tare_plan *plan = plan_of(session, first);
    int products = 0;
    for (int64_t s = 0; s < plan->step_count; s++) {
        const tare_step *step = &plan->steps[s];
        if (strcmp(step->op, "matmul") || !step->gradient_of) continue;
        assert_string_equal(step->gradient_of, "product");
        products++;
    }
    assert_int_equal(products, 1);
    assert_string_equal(find(plan, "square_gradient")->gradient_of, "squares");
    assert_null(find(plan, "matmul")->gradient_of);
    plan = plan_of(session, second);
    for (int64_t s = 0; s < plan->step_count; s++)
        if (plan->steps[s].gradient_of) assert_true(plan->steps[s].gradient_of[0] != '~');
    close(graph, session);
}

static void totals_are_the_sums_of_the_steps(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = numbers(graph, "x", TARE_SHAPE(4, 3));
    const tare_tensor w = numbers(graph, "w", TARE_SHAPE(3, 3));
    const tare_tensor y = tare_matmul(tare_tanh(tare_matmul(x, w)), w);
    tare_session *session = open(graph);
    const tare_plan *plan = plan_of(session, y);
    tare_plan_total kinds[16];
    assert_true(plan->step_count < 16);
    const int64_t count = tare_plan_totals(plan, kinds);
    assert_true(count >= 2);
    assert_string_equal(kinds[0].op, "matmul");
    assert_int_equal(kinds[0].steps, 2);
    assert_true(kinds[0].flops == 2 * 2. * 4 * 3 * 3);
    assert_null(kinds[count].op);
    tare_plan_total sum = {.op = NULL};
    for (int64_t i = 0; i < count; i++) {
        sum.steps += kinds[i].steps;
        sum.bytes += kinds[i].bytes;
        sum.flops += kinds[i].flops;
        if (i > 0 && kinds[i].flops == kinds[i - 1].flops)
            assert_true(kinds[i].bytes <= kinds[i - 1].bytes);
    }
    assert_int_equal(sum.steps, plan->step_count);
    assert_int_equal(kinds[count].steps, sum.steps);
    assert_int_equal(kinds[count].bytes, sum.bytes);
    assert_true(kinds[count].flops == sum.flops);
    close(graph, session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_and_their_gradients_count_every_tap),
        cmocka_unit_test(depthwise_convolutions_count_one_channel_a_filter),
        cmocka_unit_test(transposed_convolutions_count_what_the_convolution_would),
        cmocka_unit_test(products_count_every_batch),
        cmocka_unit_test(whole_number_products_count_like_the_others),
        cmocka_unit_test(bytes_are_those_read_and_written),
        cmocka_unit_test(a_gradients_step_names_the_node_behind_it),
        cmocka_unit_test(totals_are_the_sums_of_the_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
