/* SPDX-License-Identifier: Apache-2.0 */
/* First values of variables: what is certain about each initialiser, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "failing_allocator.h"
#include "session/initialize.h"

/* ------------------------------------------------------------------------------ helpers */

static const tare_node *variable_node(tare_graph *graph, tare_shape shape, tare_dtype dtype,
                                      tare_initializer initializer) {
    const tare_tensor v =
        tare_variable(graph, "v", shape, .dtype = dtype, .initializer = initializer);
    if (!tare_tensor_is_valid(v)) fail_msg("%s", tare_message(graph));
    return tare_tensor_node(v);
}

static tare_array *value_of(tare_graph *graph, const tare_node *node) {
    tare_array *array = NULL;
    tare_error error = {.status = TARE_OK};
    assert_int_equal(tare_array_new(node->outputs[0].dtype, node->outputs[0].shape, NULL, &array),
                     TARE_OK);
    if (tare_initial_value(graph, node, NULL, array, &error)) fail_msg("%s", error.message);
    return array;
}

/* The numbers that a pool's threads made would differ if a slice were anyhow its own. */
static void no_number_depends_on_the_threads(void **state) {
    (void)state;
    tare_pool *pool = NULL;
    assert_int_equal(tare_pool_new(NULL, 3, NULL, NULL, &pool, NULL), TARE_OK);
    const tare_initializer kinds[] = {TARE_RANDOM_UNIFORM(-1, 1), TARE_TRUNCATED_NORMAL(0, 1),
                                      TARE_CONSTANT(3)};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        tare_graph *graph = tare_graph_new();
        const tare_node *node = variable_node(graph, TARE_SHAPE(131, 257), TARE_FLOAT32, kinds[k]);
        tare_array *alone = value_of(graph, node), *shared = value_of(graph, node);
        memset(tare_array_data(shared), 0x5A, tare_array_bytes(shared));
        assert_int_equal(tare_initial_value(graph, node, pool, shared, NULL), TARE_OK);
        assert_memory_equal(tare_array_data(shared), tare_array_data(alone),
                            tare_array_bytes(alone));
        tare_array_free(alone);
        tare_array_free(shared);
        tare_graph_free(graph);
    }
    tare_pool_free(pool);
}

static tare_array *initial(tare_shape shape, tare_dtype dtype, tare_initializer initializer) {
    tare_graph *graph = tare_graph_new();
    tare_array *array = value_of(graph, variable_node(graph, shape, dtype, initializer));
    tare_graph_free(graph);
    return array;
}

static void assert_near(double got, double wanted, double tolerance) {
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("got %.9g, wanted %.9g within %g", got, wanted, tolerance);
}

/* ------------------------------------------------------------------------------ fixed values */

static void every_element_has_the_fixed_value(void **state) {
    (void)state;
    static const struct {
        tare_initializer_kind kind;
        double a, value;
    } cases[] = {
        {TARE_INITIALIZER_ZEROS, 0, 0},
        {TARE_INITIALIZER_ONES, 0, 1},
        {TARE_INITIALIZER_CONSTANT, 0.25, 0.25},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        tare_array *array = initial(TARE_SHAPE(3, 2, 4, 13), TARE_FLOAT32,
                                    TARE_INITIALIZER_1(cases[c].kind, cases[c].a, 0));
        for (int64_t i = 0; i < tare_array_count(array); i++)
            assert_true(tare_array_number(array, i) == cases[c].value);
        tare_array_free(array);
    }
}

static void a_constant_array_is_copied_in_order(void **state) {
    (void)state;
    const float numbers[] = {6, 5, 4, 3, 2, 1};
    tare_array *given = NULL;
    tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(3, 2), numbers, &given);
    tare_initializer initializer = TARE_CONSTANT(0);
    initializer.array = given;
    tare_array *array = initial(TARE_SHAPE(3, 2), TARE_FLOAT64, initializer);
    for (int64_t i = 0; i < 6; i++) assert_true(tare_array_number(array, i) == numbers[i]);
    tare_array_free(array);
    tare_array_free(given);
}

static void one_number_fills_the_variable(void **state) {
    (void)state;
    tare_array *given = tare_array_float(7);
    tare_initializer initializer = TARE_CONSTANT(0);
    initializer.array = given;
    tare_array *array = initial(TARE_SHAPE(5), TARE_INT32, initializer);
    for (int64_t i = 0; i < 5; i++) assert_true(tare_array_number(array, i) == 7);
    tare_array_free(array);
    tare_array_free(given);
}

static void an_identity_has_its_gain_on_the_diagonal(void **state) {
    (void)state;
    tare_array *array = initial(TARE_SHAPE(6, 3), TARE_FLOAT32, TARE_IDENTITY(-2));
    for (int64_t i = 0; i < 18; i++)
        assert_true(tare_array_number(array, i) == (i / 3 == i % 3 ? -2 : 0));
    tare_array_free(array);
}

static void whole_numbers_and_truths_start_at_zero_by_default(void **state) {
    (void)state;
    static const tare_dtype dtypes[] = {TARE_INT32, TARE_INT64, TARE_UINT8, TARE_BOOL};
    for (size_t d = 0; d < 4; d++) {
        tare_array *array = initial(TARE_SHAPE(4), dtypes[d], TARE_DEFAULT_INITIALIZER);
        for (int64_t i = 0; i < 4; i++) assert_true(tare_array_number(array, i) == 0);
        tare_array_free(array);
    }
}

/* ------------------------------------------------------------------------------ drawn values */

typedef struct moments {
    int64_t count;
    double sum, squares, least, most;
} moments;

/* Adds the first values of many variables of that shape to the moments. */
static moments moments_of(tare_shape shape, tare_initializer initializer, int64_t wanted) {
    moments m = {.least = HUGE_VAL, .most = -HUGE_VAL};
    tare_graph *graph = tare_graph_new();
    while (m.count < wanted) {
        tare_array *array = value_of(graph, variable_node(graph, shape, TARE_FLOAT32, initializer));
        for (int64_t i = 0; i < tare_array_count(array); i++) {
            const double x = tare_array_number(array, i);
            m.sum += x;
            m.squares += x * x;
            m.least = x < m.least ? x : m.least;
            m.most = x > m.most ? x : m.most;
        }
        m.count += tare_array_count(array);
        tare_array_free(array);
    }
    tare_graph_free(graph);
    return m;
}

/* mean and deviation of the numbers; low, high: where they all lie, and how near they come. */
static void check_moments(const moments *m, double mean, double deviation, double low,
                          double high) {
    const double got_mean = m->sum / (double)m->count;
    const double got = sqrt(m->squares / (double)m->count - got_mean * got_mean);
    const double slack = 1e-6 * (fabs(low) + fabs(high));
    assert_near(got_mean, mean, 5 * deviation / sqrt((double)m->count));
    assert_near(got / deviation, 1, .02);
    if (!(low < high)) return;
    assert_true(m->least >= low - slack && m->most <= high + slack);
    assert_near(m->least, low, .02 * (high - low));
    assert_near(m->most, high, .02 * (high - low));
}

enum { SAMPLE = 20000 };

/* Limits and deviations as TensorFlow 2.15.1 reports them for these shapes. */
static void variance_scaling_has_tensorflows_limits(void **state) {
    (void)state;
    const struct {
        tare_shape shape;
        tare_initializer initializer;
        double limit;
    } uniform[] = {
        {TARE_SHAPE(5), TARE_GLOROT_UNIFORM, 0.7745966692414834},
        {TARE_SHAPE(2, 3, 3, 4, 5), TARE_GLOROT_UNIFORM, 0.19245008972987526},
        {TARE_SHAPE(5, 2, 3), TARE_GLOROT_UNIFORM, 0.4898979485566356},
        {TARE_SHAPE(1, 1, 16, 32), TARE_HE_UNIFORM, 0.6123724356957945},
        {TARE_SHAPE(3, 3, 4, 8), TARE_LECUN_UNIFORM, 0.28867513459481287},
        {TARE_SHAPE(5, 2, 3), TARE_VARIANCE_SCALING(1, TARE_FAN_OUT, TARE_DISTRIBUTION_UNIFORM),
         0.4472135954999579},
        {TARE_SHAPE(3, 3, 4, 8), TARE_DEFAULT_INITIALIZER, 0.23570226039551584},
    };
    for (size_t c = 0; c < sizeof uniform / sizeof *uniform; c++) {
        const double limit = uniform[c].limit;
        const moments m = moments_of(uniform[c].shape, uniform[c].initializer, SAMPLE);
        check_moments(&m, 0, limit / sqrt(3), -limit, limit);
    }
    const struct {
        tare_shape shape;
        tare_initializer initializer;
        double deviation, parameter;
    } truncated[] = {
        {TARE_SHAPE(7, 3), TARE_GLOROT_NORMAL, 0.4472135954999579, 0.508413539202729},
        {TARE_SHAPE(3, 3, 4, 8), TARE_HE_NORMAL, 0.23570226039551584, 0.26795746285798844},
        {TARE_SHAPE(100, 50), TARE_LECUN_NORMAL, 0.1, 0.11368472343385565},
    };
    for (size_t c = 0; c < sizeof truncated / sizeof *truncated; c++) {
        const double limit = 2 * truncated[c].parameter;
        const moments m = moments_of(truncated[c].shape, truncated[c].initializer, SAMPLE);
        check_moments(&m, 0, truncated[c].deviation, -limit, limit);
    }
    const moments normal = moments_of(
        TARE_SHAPE(2, 3, 3, 4, 5),
        TARE_VARIANCE_SCALING(.5, TARE_FAN_AVERAGE, TARE_DISTRIBUTION_UNTRUNCATED_NORMAL), SAMPLE);
    check_moments(&normal, 0, 0.07856742013183861, 0, 0);
}

static void plain_distributions_have_their_moments(void **state) {
    (void)state;
    moments m = moments_of(TARE_SHAPE(400, 3), TARE_RANDOM_UNIFORM(-.3, .7), SAMPLE);
    check_moments(&m, .2, 1 / sqrt(12), -.3, .7);
    m = moments_of(TARE_SHAPE(400, 3), TARE_RANDOM_NORMAL(1, .5), SAMPLE);
    check_moments(&m, 1, .5, 0, 0);
    m = moments_of(TARE_SHAPE(400, 3), TARE_TRUNCATED_NORMAL(0, .1), SAMPLE);
    check_moments(&m, 0, 0.08796256610342398, -.2, .2);
}

static void whole_numbers_are_drawn_below_the_high_end(void **state) {
    (void)state;
    tare_array *array = initial(TARE_SHAPE(2000), TARE_INT32, TARE_RANDOM_UNIFORM(-2, 3));
    int seen[5] = {0};
    for (int64_t i = 0; i < 2000; i++) {
        const double x = tare_array_number(array, i);
        assert_true(x >= -2 && x <= 2);
        seen[(int)x + 2]++;
    }
    for (int k = 0; k < 5; k++) assert_true(seen[k] > 300);
    tare_array_free(array);
}

/* Rows or columns, whichever are fewer, are orthonormal times the gain. */
static void check_orthogonal(tare_shape shape, tare_dtype dtype, double gain, double tolerance) {
    tare_array *array = initial(shape, dtype, TARE_ORTHOGONAL(gain));
    const int64_t columns = shape.extents[shape.rank - 1];
    const int64_t rows = tare_array_count(array) / columns;
    const bool tall = rows >= columns;
    const int64_t count = tall ? columns : rows, length = tall ? rows : columns;
    for (int64_t i = 0; i < count; i++) {
        for (int64_t j = 0; j < count; j++) {
            double product = 0;
            for (int64_t k = 0; k < length; k++)
                product += tare_array_number(array, tall ? k * columns + i : i * columns + k) *
                           tare_array_number(array, tall ? k * columns + j : j * columns + k);
            assert_near(product, i == j ? gain * gain : 0, tolerance);
        }
    }
    tare_array_free(array);
}

static void orthogonal_matrices_are(void **state) {
    (void)state;
    check_orthogonal(TARE_SHAPE(4, 4), TARE_FLOAT32, 1, 1e-5);
    check_orthogonal(TARE_SHAPE(3, 2, 4, 8), TARE_FLOAT32, 1, 1e-5);
    check_orthogonal(TARE_SHAPE(6, 3), TARE_FLOAT32, 1.5, 1e-5);
    check_orthogonal(TARE_SHAPE(2, 5), TARE_FLOAT32, 1.5, 1e-5);
    check_orthogonal(TARE_SHAPE(61, 47), TARE_FLOAT64, 1, 1e-13);
}

/* ------------------------------------------------------------------------------ seeds */

static double first_number(uint64_t graph_seed, uint64_t own_seed, int before) {
    tare_graph *graph = tare_graph_new();
    tare_graph_set_seed(graph, graph_seed);
    for (int i = 0; i < before; i++) variable_node(graph, TARE_SCALAR, TARE_FLOAT32, TARE_ZEROS);
    tare_initializer initializer = TARE_RANDOM_NORMAL(0, 1);
    initializer.seed = own_seed;
    tare_array *array =
        value_of(graph, variable_node(graph, TARE_SHAPE(2), TARE_FLOAT64, initializer));
    const double number = tare_array_number(array, 0);
    tare_array_free(array);
    tare_graph_free(graph);
    return number;
}

static void numbers_follow_from_seeds_alone(void **state) {
    (void)state;
    assert_true(first_number(1, 0, 0) == first_number(1, 0, 0));
    assert_true(first_number(1, 0, 0) != first_number(2, 0, 0));
    assert_true(first_number(1, 0, 0) != first_number(1, 0, 1));
    assert_true(first_number(1, 9, 0) == first_number(2, 9, 3));
    assert_true(first_number(1, 9, 0) != first_number(1, 8, 0));
}

static void float32_is_the_same_draw_rounded(void **state) {
    (void)state;
    tare_array *single = initial(TARE_SHAPE(300), TARE_FLOAT32, TARE_RANDOM_NORMAL(0, 1));
    tare_array *twice = initial(TARE_SHAPE(300), TARE_FLOAT64, TARE_RANDOM_NORMAL(0, 1));
    for (int64_t i = 0; i < 300; i++)
        assert_true((float)tare_array_number(twice, i) == (float)tare_array_number(single, i));
    tare_array_free(single);
    tare_array_free(twice);
}

static void a_shadow_starts_as_its_variable(void **state) {
    (void)state;
    tare_graph *graph = tare_graph_new();
    const tare_tensor w = tare_variable(graph, "w", TARE_SHAPE(3, 5));
    tare_initializer of = TARE_ZEROS;
    of.kind = TARE_INITIALIZER_VARIABLE;
    of.variable = w;
    const tare_tensor shadow = tare_variable(graph, "shadow", TARE_SHAPE(3, 5), .initializer = of);
    of.variable = shadow;
    const tare_tensor second = tare_variable(graph, "second", TARE_SHAPE(3, 5), .initializer = of);
    tare_array *a = value_of(graph, tare_tensor_node(w));
    tare_array *b = value_of(graph, tare_tensor_node(second));
    assert_memory_equal(tare_array_data(a), tare_array_data(b), tare_array_bytes(a));
    tare_array_free(a);
    tare_array_free(b);
    tare_graph_free(graph);
}

/* ------------------------------------------------------------------------------ refusals */

static void check_refusal(tare_shape shape, tare_dtype dtype, tare_initializer initializer,
                          tare_status status, const char *words) {
    tare_graph *graph = tare_graph_new();
    const tare_node *node = variable_node(graph, shape, dtype, initializer);
    tare_array *array = NULL;
    tare_error error = {.status = TARE_OK};
    assert_int_equal(tare_array_new(dtype, shape, NULL, &array), TARE_OK);
    assert_int_equal(tare_initial_value(graph, node, NULL, array, &error), status);
    if (!strstr(error.message, words)) fail_msg("'%s' lacks '%s'", error.message, words);
    assert_string_equal(error.node, "v");
    tare_array_free(array);
    tare_graph_free(graph);
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    const tare_shape cube = TARE_SHAPE(2, 2, 2), line = TARE_SHAPE(4);
    check_refusal(cube, TARE_FLOAT32, TARE_IDENTITY(1), TARE_ERROR_SHAPE, "[2, 2, 2]");
    check_refusal(line, TARE_FLOAT32, TARE_ORTHOGONAL(1), TARE_ERROR_SHAPE, "two dimensions");
    check_refusal(line, TARE_FLOAT32, TARE_RANDOM_NORMAL(0, -1), TARE_ERROR_ARGUMENT,
                  "deviation -1");
    check_refusal(line, TARE_FLOAT32, TARE_TRUNCATED_NORMAL(0, NAN), TARE_ERROR_ARGUMENT, "nan");
    check_refusal(line, TARE_FLOAT32, TARE_RANDOM_UNIFORM(1, 0), TARE_ERROR_ARGUMENT, "high end 0");
    check_refusal(line, TARE_FLOAT32,
                  TARE_VARIANCE_SCALING(0, TARE_FAN_IN, TARE_DISTRIBUTION_UNIFORM),
                  TARE_ERROR_ARGUMENT, "scale 0");
    check_refusal(line, TARE_INT32, TARE_RANDOM_NORMAL(0, 1), TARE_ERROR_TYPE, "int32");
}

static void an_orthogonal_matrix_without_memory_is_a_status(void **state) {
    (void)state;
    failing_allocator allocator;
    tare_graph *graph = tare_graph_new_with(failing_allocator_start(&allocator, 0));
    const tare_node *node =
        variable_node(graph, TARE_SHAPE(4, 4), TARE_FLOAT32, TARE_ORTHOGONAL(1));
    tare_array *array = NULL;
    tare_error error = {.status = TARE_OK};
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(4, 4), NULL, &array), TARE_OK);
    allocator.fail_at = allocator.calls + 1;
    assert_int_equal(tare_initial_value(graph, node, NULL, array, &error), TARE_ERROR_MEMORY);
    allocator.fail_at = 0;
    assert_int_equal(tare_initial_value(graph, node, NULL, array, &error), TARE_OK);
    tare_array_free(array);
    tare_graph_free(graph);
    assert_true(failing_allocator_is_clean(&allocator));
}

static void an_empty_variable_is_fine(void **state) {
    (void)state;
    tare_array *array = initial(TARE_SHAPE(0, 3), TARE_FLOAT32, TARE_ORTHOGONAL(1));
    assert_int_equal(tare_array_count(array), 0);
    tare_array_free(array);
    array = initial(TARE_SHAPE(0), TARE_FLOAT32, TARE_GLOROT_UNIFORM);
    assert_int_equal(tare_array_count(array), 0);
    tare_array_free(array);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_has_the_fixed_value),
        cmocka_unit_test(a_constant_array_is_copied_in_order),
        cmocka_unit_test(one_number_fills_the_variable),
        cmocka_unit_test(an_identity_has_its_gain_on_the_diagonal),
        cmocka_unit_test(whole_numbers_and_truths_start_at_zero_by_default),
        cmocka_unit_test(variance_scaling_has_tensorflows_limits),
        cmocka_unit_test(plain_distributions_have_their_moments),
        cmocka_unit_test(whole_numbers_are_drawn_below_the_high_end),
        cmocka_unit_test(orthogonal_matrices_are),
        cmocka_unit_test(numbers_follow_from_seeds_alone),
        cmocka_unit_test(float32_is_the_same_draw_rounded),
        cmocka_unit_test(a_shadow_starts_as_its_variable),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(an_orthogonal_matrix_without_memory_is_a_status),
        cmocka_unit_test(no_number_depends_on_the_threads),
        cmocka_unit_test(an_empty_variable_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
