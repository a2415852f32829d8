/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What single ops promise beyond what the sweep of all ops sees: TensorFlow's names, failures when
 * running, randomness, assignment, ties and edges in gradients, merging.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tare/op.h>
#include <tare/session.h>

/* ------------------------------------------------------------------------------------ a stage */

typedef struct stage {
    tare_graph *graph;
    tare_session *session;
} stage;

static stage begin(void) { return (stage){.graph = tare_graph_new()}; }

static void open(stage *s) {
    if (tare_session_new(s->graph, &s->session, .threads = 1) != TARE_OK ||
        tare_session_initialize(s->session) != TARE_OK)
        fail_msg("%s", s->session ? tare_session_message(s->session) : tare_message(s->graph));
}

static void end(stage *s) {
    tare_session_free(s->session);
    tare_graph_free(s->graph);
}

static tare_array *row(const float *values, int64_t count) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(count), values, &array), TARE_OK);
    return array;
}

#define ROW(...)                                                                                   \
    row((const float[]){__VA_ARGS__}, sizeof((const float[]){__VA_ARGS__}) / sizeof(float))

/* Runs and returns the session's array. */
static tare_array *fetch_fed(stage *s, tare_tensor fetch, const tare_feed *feeds, size_t count) {
    tare_array *result = NULL;
    if (tare_session_run(s->session, feeds, count, &fetch, 1, &result) != TARE_OK)
        fail_msg("%s", tare_session_message(s->session));
    return result;
}

static void expect(const tare_array *array, const double *wanted, int64_t count) {
    assert_int_equal(tare_array_count(array), count);
    for (int64_t i = 0; i < count; i++) {
        const double got = tare_array_number(array, i);
        if (isnan(wanted[i]) ? !isnan(got)
                             : !(fabs(got - wanted[i]) <= 1e-6 * (1 + fabs(wanted[i]))))
            fail_msg("[%d] is %.9g, wanted %.9g", (int)i, got, wanted[i]);
    }
}
#define EXPECT(array, ...)                                                                         \
    expect(array, (const double[]){__VA_ARGS__},                                                   \
           sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

/* ------------------------------------------------------------------------------------- names */

static void nodes_bear_tensorflows_names(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor x = tare_placeholder(s.graph, TARE_FLOAT32, TARE_SHAPE(2, 2));
    const struct {
        tare_tensor tensor;
        const char *name;
    } names[] = {
        {tare_add(x, x), "Add:0"},
        {tare_mul(x, x), "Mul:0"},
        {tare_sub(x, x), "Sub:0"},
        {tare_div(x, x), "truediv:0"},
        {tare_relu(x), "Relu:0"},
        {tare_relu(x), "Relu_1:0"},
        {tare_matmul(x, x), "MatMul:0"},
        {tare_reduce_mean(x), "Mean:0"},
        {tare_reduce_sum(x), "Sum:0"},
        {tare_square(x), "Square:0"},
        {tare_transpose(x), "transpose:0"},
        {tare_softmax(x), "Softmax:0"},
        {tare_sigmoid(x), "Sigmoid:0"},
        {tare_identity(x), "Identity:0"},
        {tare_maximum(x, tare_number(0)), "Maximum:0"},
        {tare_argmax(x), "ArgMax:0"},
        {tare_cast(x, TARE_INT32), "Cast:0"},
        {tare_cast(x, TARE_INT32, .name = "mine"), "mine:0"},
        {tare_concat(&x, 1, 0), "concat:0"},
        {tare_group(s.graph, &x, 1), "group_deps"},
        {tare_group(s.graph, &x, 1, .name = "all"), "all"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(tare_tensor_name(names[i].tensor), names[i].name);
    end(&s);
}

/* ---------------------------------------------------------------------------------- immediates */

static void immediates_take_the_dtype_they_meet(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor n = tare_placeholder(s.graph, TARE_INT64, TARE_SHAPE(2));
    assert_int_equal(tare_tensor_dtype(tare_add(n, tare_number(3))), TARE_INT64);
    const tare_tensor chosen = tare_where(tare_greater(n, tare_number(0)), n, tare_zeros_like(n));
    assert_int_equal(tare_tensor_dtype(chosen), TARE_INT64);
    assert_int_equal(tare_graph_status(s.graph), TARE_OK);
    tare_mul(n, tare_number(.5));
    assert_int_equal(tare_graph_status(s.graph), TARE_ERROR_TYPE);
    end(&s);
}

/* --------------------------------------------------------------------------- failing when run */

static void expect_failure(stage *s, tare_tensor fetch, const tare_feed *feeds, size_t count,
                           const char *part) {
    tare_array *result = NULL;
    assert_int_equal(tare_session_run(s->session, feeds, count, &fetch, 1, &result),
                     TARE_ERROR_ARGUMENT);
    if (!strstr(tare_session_message(s->session), part))
        fail_msg("'%s' is not in \"%s\"", part, tare_session_message(s->session));
}

static void whole_division_by_zero_fails_by_name(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor x = tare_placeholder(s.graph, TARE_INT32, TARE_SHAPE(2)),
                      y = tare_placeholder(s.graph, TARE_INT32, TARE_SHAPE(2));
    const tare_tensor q = tare_floordiv(x, y, .name = "quotient");
    tare_array *a = NULL, *b = NULL;
    assert_int_equal(tare_array_copy_of(TARE_INT32, TARE_SHAPE(2), (int32_t[]){7, -7}, &a),
                     TARE_OK);
    assert_int_equal(tare_array_copy_of(TARE_INT32, TARE_SHAPE(2), (int32_t[]){2, 0}, &b), TARE_OK);
    open(&s);
    const tare_feed feeds[] = {{x, a}, {y, b}};
    expect_failure(&s, q, feeds, 2, "quotient");
    tare_array_set_number(b, 1, 2);
    EXPECT(fetch_fed(&s, q, feeds, 2), 3, -4);
    tare_array_free(a), tare_array_free(b);
    end(&s);
}

static void gather_names_the_index_out_of_range(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor x = tare_placeholder(s.graph, TARE_FLOAT32, TARE_SHAPE(3)),
                      i = tare_placeholder(s.graph, TARE_INT32, TARE_SHAPE(2));
    const tare_tensor y = tare_gather(x, i);
    tare_array *a = ROW(1, 2, 3), *b = NULL;
    assert_int_equal(tare_array_copy_of(TARE_INT32, TARE_SHAPE(2), (int32_t[]){2, 3}, &b), TARE_OK);
    open(&s);
    const tare_feed feeds[] = {{x, a}, {i, b}};
    expect_failure(&s, y, feeds, 2, "index 3 at position 1; needs indices in 0..2");
    tare_array_set_number(b, 1, 0);
    EXPECT(fetch_fed(&s, y, feeds, 2), 3, 1);
    tare_array_free(a), tare_array_free(b);
    end(&s);
}

/* --------------------------------------------------------------- gradients at ties and edges */

/* The gradient of the sum of y for x, fed x. */
static void expect_gradient(tare_tensor (*build)(tare_tensor x), tare_array *at,
                            const double *wanted) {
    stage s = begin();
    const tare_tensor x = tare_placeholder(s.graph, TARE_FLOAT32, tare_array_shape(at));
    const tare_tensor y = build(x);
    tare_tensor slope;
    if (tare_gradients(&y, 1, &x, 1, NULL, &slope) != TARE_OK)
        fail_msg("%s", tare_message(s.graph));
    open(&s);
    const tare_feed feed = {x, at};
    expect(fetch_fed(&s, slope, &feed, 1), wanted, tare_array_count(at));
    tare_array_free(at);
    end(&s);
}

static tare_tensor greatest(tare_tensor x) { return tare_reduce_max(x); }
static tare_tensor above_one(tare_tensor x) { return tare_maximum(x, tare_number(1)); }
static tare_tensor product_of_all(tare_tensor x) { return tare_reduce_prod(x); }
static tare_tensor clipped(tare_tensor x) {
    return tare_clip_by_value(x, tare_number(-1), tare_number(1));
}
static tare_tensor squared(tare_tensor x) { return tare_pow(x, tare_number(2)); }
static tare_tensor rectified(tare_tensor x) { return tare_relu(x); }

static void ties_and_edges_share_as_tensorflow_does(void **state) {
    (void)state;
    expect_gradient(greatest, ROW(1, 3, 3), (const double[]){0, .5, .5});
    expect_gradient(above_one, ROW(1, 2, 0, NAN), (const double[]){1, 1, 0, 0});
    expect_gradient(product_of_all, ROW(2, 0, 3), (const double[]){0, 6, 0});
    expect_gradient(product_of_all, ROW(0, 0, 3), (const double[]){0, 0, 0});
    expect_gradient(clipped, ROW(-2, -1, 0, 1, 2), (const double[]){0, 1, 1, 1, 0});
    expect_gradient(squared, ROW(-3, 0, 2), (const double[]){-6, 0, 4});
    expect_gradient(rectified, ROW(-1, 0, 2, NAN), (const double[]){0, 0, 1, 0});
}

/* ---------------------------------------------------------------------------- cross-entropies */

/* With labels that add up to 1: against differences of the loss. */
static void softmax_cross_entropy_gradients_agree_with_differences(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor x = tare_placeholder(s.graph, TARE_FLOAT64, TARE_SHAPE(2, 3)),
                      z = tare_placeholder(s.graph, TARE_FLOAT64, TARE_SHAPE(2, 3));
    const tare_tensor loss =
        tare_reduce_sum(tare_softmax_cross_entropy_with_logits(tare_softmax(z), x));
    tare_tensor slopes[2];
    assert_int_equal(tare_gradients(&loss, 1, (const tare_tensor[]){x, z}, 2, NULL, slopes),
                     TARE_OK);
    const double numbers[] = {.3, -1, 2, 0, .7, -.2, 1, 2, -.5, .1, .4, 0};
    tare_array *arrays[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            tare_array_copy_of(TARE_FLOAT64, TARE_SHAPE(2, 3), numbers + 6 * i, &arrays[i]),
            TARE_OK);
    open(&s);
    const tare_feed feeds[] = {{x, arrays[0]}, {z, arrays[1]}};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 6; k++) {
            const double at = tare_array_number(arrays[i], k), h = 1e-5;
            tare_array_set_number(arrays[i], k, at + h);
            const double above = tare_array_number(fetch_fed(&s, loss, feeds, 2), 0);
            tare_array_set_number(arrays[i], k, at - h);
            const double below = tare_array_number(fetch_fed(&s, loss, feeds, 2), 0);
            tare_array_set_number(arrays[i], k, at);
            const double slope = tare_array_number(fetch_fed(&s, slopes[i], feeds, 2), k);
            assert_true(fabs(slope - (above - below) / (2 * h)) < 1e-8);
        }
    tare_array_free(arrays[0]), tare_array_free(arrays[1]);
    end(&s);
}

static void a_label_out_of_range_spoils_its_own_row_alone(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor x = tare_placeholder(s.graph, TARE_FLOAT32, TARE_SHAPE(2, 2)),
                      labels = tare_placeholder(s.graph, TARE_INT64, TARE_SHAPE(2));
    const tare_tensor loss = tare_sparse_softmax_cross_entropy_with_logits(labels, x);
    tare_tensor slope;
    assert_int_equal(tare_gradients(&loss, 1, &x, 1, NULL, &slope), TARE_OK);
    tare_array *a = NULL, *b = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(2, 2), NULL, &a), TARE_OK);
    assert_int_equal(tare_array_copy_of(TARE_INT64, TARE_SHAPE(2), (int64_t[]){2, 1}, &b), TARE_OK);
    open(&s);
    const tare_feed feeds[] = {{x, a}, {labels, b}};
    EXPECT(fetch_fed(&s, loss, feeds, 2), NAN, .69314718);
    EXPECT(fetch_fed(&s, slope, feeds, 2), NAN, NAN, .5, -.5);
    tare_array_free(a), tare_array_free(b);
    end(&s);
}

/* --------------------------------------------------------------------------------- randomness */

enum { MANY = 2000 };

static void dropouts_gradient_drops_what_the_output_dropped(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor x = tare_placeholder(s.graph, TARE_FLOAT32, TARE_SHAPE(MANY));
    const tare_tensor y = tare_nn_dropout(x, .rate = .3);
    tare_tensor slope;
    assert_int_equal(tare_gradients(&y, 1, &x, 1, NULL, &slope), TARE_OK);
    tare_array *ones = NULL, *results[2] = {NULL, NULL};
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(MANY), NULL, &ones), TARE_OK);
    for (int i = 0; i < MANY; i++) tare_array_set_number(ones, i, 1);
    open(&s);
    const tare_feed feed = {x, ones};
    assert_int_equal(
        tare_session_run(s.session, &feed, 1, (const tare_tensor[]){y, slope}, 2, results),
        TARE_OK);
    assert_memory_equal(tare_array_const_data(results[0]), tare_array_const_data(results[1]),
                        MANY * sizeof(float));
    tare_array_free(ones);
    end(&s);
}

/* The sum of 2000 numbers in each of two runs. */
static void draw_twice(uint64_t graph_seed, int64_t seed, double sums[2]) {
    stage s = begin();
    tare_graph_set_seed(s.graph, graph_seed);
    const tare_tensor sum =
        tare_reduce_sum(tare_random_uniform(s.graph, TARE_SHAPE(MANY), .seed = seed));
    open(&s);
    for (int i = 0; i < 2; i++) sums[i] = tare_array_number(fetch_fed(&s, sum, NULL, 0), 0);
    end(&s);
}

static void random_numbers_are_new_in_every_run_and_repeat_with_the_seeds(void **state) {
    (void)state;
    double first[2], again[2], other[2];
    draw_twice(1, 5, first);
    draw_twice(1, 5, again);
    assert_true(first[0] != first[1] && first[0] == again[0] && first[1] == again[1]);
    draw_twice(1, 6, other);
    assert_true(first[0] != other[0]);
    draw_twice(2, 5, other);
    assert_true(first[0] != other[0]);
    assert_true(fabs(first[0] - MANY / 2.0) < 5 * sqrt(MANY / 12.0));
}

/* --------------------------------------------------------------------------------- assignment */

static void an_assignments_value_is_the_new_one(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor v = tare_variable(s.graph, "v", TARE_SHAPE(2), .initializer = TARE_ONES),
                      x = tare_placeholder(s.graph, TARE_FLOAT32, TARE_SHAPE(2));
    const tare_tensor set = tare_assign(v, x), more = tare_assign_add(v, x),
                      less = tare_assign_sub(v, tare_add(x, tare_number(1)));
    tare_array *a = ROW(3, 5);
    open(&s);
    const tare_feed feed = {x, a};
    EXPECT(fetch_fed(&s, more, &feed, 1), 4, 6);
    EXPECT(fetch_fed(&s, v, NULL, 0), 4, 6);
    EXPECT(fetch_fed(&s, set, &feed, 1), 3, 5);
    EXPECT(fetch_fed(&s, less, &feed, 1), -1, -1);
    EXPECT(fetch_fed(&s, v, NULL, 0), -1, -1);
    tare_array_free(a);
    end(&s);
}

static void a_group_runs_all_its_operations(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor v = tare_variable(s.graph, "v", TARE_SCALAR, .initializer = TARE_ZEROS),
                      w = tare_variable(s.graph, "w", TARE_SCALAR, .initializer = TARE_ZEROS);
    const tare_tensor both[] = {tare_assign_add(v, tare_number(1)), tare_assign(w, tare_number(7))};
    const tare_tensor group = tare_group(s.graph, both, 2);
    open(&s);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tare_session_run(s.session, TARE_NO_FEEDS, &group, 1, NULL), TARE_OK);
    EXPECT(fetch_fed(&s, v, NULL, 0), 3);
    EXPECT(fetch_fed(&s, w, NULL, 0), 7);
    end(&s);
}

static void only_variables_are_assigned(void **state) {
    (void)state;
    stage s = begin();
    const tare_tensor x = tare_placeholder(s.graph, TARE_FLOAT32, TARE_SHAPE(2));
    tare_assign(x, x);
    assert_int_equal(tare_graph_status(s.graph), TARE_ERROR_TYPE);
    tare_graph_clear_error(s.graph);
    const tare_tensor v = tare_variable(s.graph, "v", TARE_SHAPE(3));
    tare_assign(v, x);
    assert_int_equal(tare_graph_status(s.graph), TARE_ERROR_SHAPE);
    end(&s);
}

/* ------------------------------------------------------------------------------------ merging */

/* scale (product + bias) + shift, with all but x variables. */
static tare_tensor affine_of(tare_graph *graph, tare_tensor product, int64_t channels) {
    const tare_tensor bias = tare_get_variable(graph, "bias", TARE_SHAPE(channels),
                                               .initializer = TARE_RANDOM_UNIFORM(-1, 1)),
                      scale = tare_get_variable(graph, "scale", TARE_SHAPE(channels),
                                                .initializer = TARE_RANDOM_UNIFORM(.5, 2)),
                      shift = tare_get_variable(graph, "shift", TARE_SHAPE(channels),
                                                .initializer = TARE_RANDOM_UNIFORM(-1, 1));
    return tare_add(tare_mul(tare_bias_add(product, bias), scale), shift);
}

/* The merged plan folds, and computes what the unmerged one does. */
static void expect_merged(tare_graph *graph, tare_tensor x, tare_tensor y) {
    tare_array *fed = NULL, *kept = NULL;
    tare_shape shape = tare_tensor_shape(x);
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &fed), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(fed); i++)
        tare_array_set_number(fed, i, sin((double)i));
    const tare_feed feed = {x, fed};
    for (int merge = 0; merge < 2; merge++) {
        tare_session *session = NULL;
        tare_array *result = NULL;
        char *text = NULL;
        assert_int_equal(tare_session_new(graph, &session, .merge = merge), TARE_OK);
        assert_int_equal(tare_session_initialize(session), TARE_OK);
        assert_int_equal(tare_session_run(session, &feed, 1, &y, 1, &result), TARE_OK);
        assert_int_equal(tare_session_plan_text(session, &feed, 1, &y, 1, &text), TARE_OK);
        assert_true((strstr(text, "fold_weights") != NULL) == merge);
        assert_true((strstr(text, "merged: bias_add") != NULL) == merge);
        for (int64_t i = 0; kept && i < tare_array_count(result); i++)
            assert_true(fabs(tare_array_number(result, i) - tare_array_number(kept, i)) < 1e-5);
        if (!kept)
            assert_int_equal(tare_array_copy_of(TARE_FLOAT32, tare_array_shape(result),
                                                tare_array_const_data(result), &kept),
                             TARE_OK);
        tare_text_free(text);
        tare_session_free(session);
    }
    tare_array_free(fed), tare_array_free(kept);
}

static void affine_maps_merge_into_matmul(void **state) {
    (void)state;
    for (int transposed = 0; transposed < 2; transposed++) {
        tare_graph *graph = tare_graph_new();
        const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(5, 4)),
                          w = tare_get_variable(graph, "w",
                                                transposed ? TARE_SHAPE(3, 4) : TARE_SHAPE(4, 3));
        expect_merged(graph, x, affine_of(graph, tare_matmul(x, w, .transpose_b = transposed), 3));
        tare_graph_free(graph);
    }
}

static void affine_maps_merge_into_conv2d(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor x = tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(2, 6, 5, 2)),
                      w = tare_get_variable(graph, "w", TARE_SHAPE(3, 3, 2, 4));
    expect_merged(graph, x,
                  affine_of(graph, tare_nn_conv2d(x, w, .padding = TARE_PADDING_SAME), 4));
    tare_graph_free(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_bear_tensorflows_names),
        cmocka_unit_test(immediates_take_the_dtype_they_meet),
        cmocka_unit_test(whole_division_by_zero_fails_by_name),
        cmocka_unit_test(gather_names_the_index_out_of_range),
        cmocka_unit_test(ties_and_edges_share_as_tensorflow_does),
        cmocka_unit_test(softmax_cross_entropy_gradients_agree_with_differences),
        cmocka_unit_test(a_label_out_of_range_spoils_its_own_row_alone),
        cmocka_unit_test(dropouts_gradient_drops_what_the_output_dropped),
        cmocka_unit_test(random_numbers_are_new_in_every_run_and_repeat_with_the_seeds),
        cmocka_unit_test(an_assignments_value_is_the_new_one),
        cmocka_unit_test(a_group_runs_all_its_operations),
        cmocka_unit_test(only_variables_are_assigned),
        cmocka_unit_test(affine_maps_merge_into_matmul),
        cmocka_unit_test(affine_maps_merge_into_conv2d),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
