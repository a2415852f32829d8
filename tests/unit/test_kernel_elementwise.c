/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elementwise loops: every instruction set against the C library, accuracy of the exponentials,
 * broadcasting against a plain walk, whole numbers without traps, and the same bits for any number
 * of threads.
 */
#include "kernel_check.h"

#include "kernel/cast.h"
#include "kernel/elementwise.h"
#include "kernel/exponential.h"
#include "kernel/isa.h"

/* ------------------------------------------------------------------------- the exponentials */

/* How far got lies from wanted, in units in the last place of wanted's float. */
static double units(float got, double wanted) {
    const float nearest = (float)wanted;
    if (isnan(wanted)) return isnan(got) ? 0 : INFINITY;
    if (isinf(nearest) || nearest == 0) return got == nearest ? 0 : INFINITY;
    const float unit = nextafterf(fabsf(nearest), INFINITY) - fabsf(nearest);
    return fabs((double)got - wanted) / (double)unit;
}

/* The worst over floats of every size and sign, 1 in `step` of them all. */
static double worst_units(float (*fast)(float), double (*truth)(double), uint32_t step) {
    double worst = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += step) {
        const float x = tare_float_of((uint32_t)bits);
        const double off = units(fast(x), truth((double)x));
        if (off > worst) worst = off;
    }
    return worst;
}

static double sigmoid_truth(double x) { return tare_sigmoid_f64(x); }

static void exponential_is_within_one_unit(void **state) {
    (void)state;
    assert_true(worst_units(tare_exp_f32, exp, 1009) <= 1.0);
}

static void sigmoid_is_within_two_and_a_half_units(void **state) {
    (void)state;
    assert_true(worst_units(tare_sigmoid_f32, sigmoid_truth, 1009) <= 2.5);
}

static void tanh_is_within_one_and_a_half_units(void **state) {
    (void)state;
    assert_true(worst_units(tare_tanh_f32, tanh, 1009) <= 1.5);
}

static void exponential_overflows_and_vanishes_where_floats_do(void **state) {
    (void)state;
    assert_true(isinf(tare_exp_f32(88.8F)) && !isinf(tare_exp_f32(88.7F)));
    assert_true(tare_exp_f32(-103.9F) == 0x1p-149F && tare_exp_f32(-104.0F) == 0);
    assert_true(isnan(tare_exp_f32(NAN)) && tare_exp_f32(-INFINITY) == 0);
    assert_true(tare_exp_f32(0) == 1 && tare_tanh_f32(-0.0F) == 0 && tare_sigmoid_f32(0) == .5F);
}

/* ---------------------------------------------------------------------------- the loops */

static const float edges[] = {-INFINITY, -1e30F, -100,  -2.5F,    -1,  -1e-3F, -1e-30F, -0.0F,
                              0,         1e-30F, 1e-3F, .5F,      1,   1.5F,   2.5F,    6,
                              20,        100,    1e30F, INFINITY, NAN, 3.25F,  -7,      1e-42F};
enum { EDGES = sizeof edges / sizeof *edges };

/* Equal, or both NaN, or off by a few units of the larger of 1 and the value. */
static bool close_to(float got, double wanted) {
    if (isnan(wanted) || isinf((float)wanted))
        return isnan(wanted) ? isnan(got) : got == (float)wanted;
    return fabs((double)got - wanted) <= 3e-7 * (fabs(wanted) + 1e-30);
}

static void check_unary(tare_unary_loop loop, tare_unary which) {
    float x[3 * EDGES], y[3 * EDGES];
    for (int i = 0; i < 3 * EDGES; i++) x[i] = edges[i % EDGES];
    loop(x, y, 3 * EDGES, .25);
    for (int i = 0; i < 3 * EDGES; i++) {
        const double wanted = tare_unary_reference(which, (double)x[i], .25);
        /* Where float32 itself overflows or cancels the answer is float32's. */
        if (which == TARE_UNARY_SELU && fabsf(x[i]) < 1e-2F) continue;
        if (!close_to(y[i], wanted))
            fail_msg("function %d of %g: got %.9g, wanted %.9g", (int)which, (double)x[i],
                     (double)y[i], wanted);
    }
}

static void unary_loops_of_every_isa_agree_with_the_library(void **state) {
    (void)state;
    for (tare_unary which = 0; which < TARE_UNARY_LOGICAL_NOT; which++) {
        if (which == TARE_UNARY_IS_NAN || which == TARE_UNARY_IS_FINITE) continue;
        check_unary(tare_unary_loop_of(which, TARE_FLOAT32), which);
#if defined(__x86_64__)
        const tare_elementwise_fast *tables[] = {&tare_elementwise_avx2, &tare_elementwise_avx512};
        for (int isa = TARE_ISA_AVX2; isa <= (int)tare_isa_supported(); isa++)
            if (tables[isa - TARE_ISA_AVX2]->unary[which])
                check_unary(tables[isa - TARE_ISA_AVX2]->unary[which], which);
#endif
    }
}

/* Both in a row, the right one single, the left one single: against float64's own loop. */
static void check_binary(const tare_binary_loops *loops, tare_binary which) {
    const tare_binary_loops *truth = tare_binary_loops_of(which, TARE_FLOAT64);
    for (int i = 0; i < EDGES; i++) {
        float a[EDGES], b[EDGES], y[3][EDGES];
        for (int j = 0; j < EDGES; j++) a[j] = edges[i], b[j] = edges[j];
        loops->both(a, b, y[0], EDGES, .25);
        loops->left_single(a, b, y[1], EDGES, .25);
        for (int j = 0; j < EDGES; j++) loops->right_single(a + j, b + j, y[2] + j, 1, .25);
        for (int j = 0; j < EDGES; j++) {
            const double p = (double)a[j], q = (double)b[j];
            double wanted;
            truth->both(&p, &q, &wanted, 1, .25);
            if (!(memcmp(&y[0][j], &y[1][j], 4) == 0 || (isnan(y[0][j]) && isnan(y[1][j]))) ||
                !(memcmp(&y[0][j], &y[2][j], 4) == 0 || (isnan(y[0][j]) && isnan(y[2][j]))))
                fail_msg("function %d of %g, %g: %g, %g, %g", (int)which, p, q, (double)y[0][j],
                         (double)y[1][j], (double)y[2][j]);
            /* Products of large numbers overflow on the way in float32 alone. */
            if (fabs(p) > 1e15 || fabs(q) > 1e15 || fabs(p) < 1e-15 || fabs(q) < 1e-15) continue;
            if (!isnan(p) && !isnan(q) &&
                !(fabs((double)y[0][j] - wanted) <= 2e-4 * (1 + fabs(wanted))))
                fail_msg("function %d of %g, %g: got %g, wanted %g", (int)which, p, q,
                         (double)y[0][j], wanted);
        }
    }
}

static void binary_loops_of_every_isa_agree_with_float64(void **state) {
    (void)state;
    for (tare_binary which = 0; which < TARE_BINARY_POW; which++) {
        check_binary(tare_binary_loops_of(which, TARE_FLOAT32), which);
#if defined(__x86_64__)
        const tare_elementwise_fast *tables[] = {&tare_elementwise_avx2, &tare_elementwise_avx512};
        for (int isa = TARE_ISA_AVX2; isa <= (int)tare_isa_supported(); isa++)
            if (tables[isa - TARE_ISA_AVX2]->binary[which].both)
                check_binary(&tables[isa - TARE_ISA_AVX2]->binary[which], which);
#endif
    }
}

static void maximum_and_minimum_keep_nan_on_either_side(void **state) {
    (void)state;
    const float a[] = {NAN, 1, NAN}, b[] = {1, NAN, NAN};
    float y[3];
    tare_binary_loops_of(TARE_BINARY_MAXIMUM, TARE_FLOAT32)->both(a, b, y, 3, 0);
    for (int i = 0; i < 3; i++) assert_true(isnan(y[i]));
    tare_binary_loops_of(TARE_BINARY_MINIMUM, TARE_FLOAT32)->both(a, b, y, 3, 0);
    for (int i = 0; i < 3; i++) assert_true(isnan(y[i]));
}

/* ---------------------------------------------------------------------- whole numbers */

static int32_t whole(tare_binary which, int32_t a, int32_t b) {
    int32_t y = 0;
    tare_binary_loops_of(which, TARE_INT32)->both(&a, &b, &y, 1, 0);
    return y;
}

static void whole_quotients_round_as_python_or_c(void **state) {
    (void)state;
    static const int32_t cases[][6] = {/* a, b, floordiv, floormod, truncatediv, truncatemod */
                                       {7, 2, 3, 1, 3, 1},     {-7, 2, -4, 1, -3, -1},
                                       {7, -2, -4, -1, -3, 1}, {-7, -2, 3, -1, 3, -1},
                                       {6, -3, -2, 0, -2, 0},  {0, 5, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int32_t *c = cases[i];
        assert_int_equal(whole(TARE_BINARY_FLOORDIV, c[0], c[1]), c[2]);
        assert_int_equal(whole(TARE_BINARY_FLOORMOD, c[0], c[1]), c[3]);
        assert_int_equal(whole(TARE_BINARY_TRUNCATEDIV, c[0], c[1]), c[4]);
        assert_int_equal(whole(TARE_BINARY_TRUNCATEMOD, c[0], c[1]), c[5]);
    }
}

static void whole_numbers_wrap_and_trap_nowhere(void **state) {
    (void)state;
    assert_int_equal(whole(TARE_BINARY_ADD, INT32_MAX, 1), INT32_MIN);
    assert_int_equal(whole(TARE_BINARY_MUL, INT32_MIN, -1), INT32_MIN);
    assert_int_equal(whole(TARE_BINARY_TRUNCATEDIV, INT32_MIN, -1), INT32_MIN);
    assert_int_equal(whole(TARE_BINARY_FLOORMOD, INT32_MIN, -1), 0);
    (void)whole(TARE_BINARY_FLOORDIV, 1, 0);
    (void)whole(TARE_BINARY_TRUNCATEMOD, 1, 0);
}

static void a_quotient_of_whole_numbers_is_float64(void **state) {
    (void)state;
    const int32_t a = 1, b = 3;
    double y = 0;
    assert_int_equal(tare_binary_dtype(TARE_BINARY_DIV, TARE_INT32), TARE_FLOAT64);
    tare_binary_loops_of(TARE_BINARY_DIV, TARE_INT32)->both(&a, &b, &y, 1, 0);
    assert_true(y == 1.0 / 3.0);
}

static void casts_go_towards_zero_and_mark_what_does_not_fit(void **state) {
    (void)state;
    const double x[] = {-2.7, 2.99, 3e9, -3e9, NAN, INFINITY};
    const int32_t wanted[] = {-2, 2, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
    int32_t y[6];
    uint8_t truth[6];
    tare_cast_loop_of(TARE_FLOAT64, TARE_INT32)(x, y, 6, 0);
    for (int i = 0; i < 6; i++) assert_int_equal(y[i], wanted[i]);
    tare_cast_loop_of(TARE_FLOAT64, TARE_BOOL)(x, truth, 6, 0);
    for (int i = 0; i < 6; i++) assert_int_equal(truth[i], 1);
    assert_null(tare_cast_loop_of(TARE_FLOAT32, TARE_BFLOAT16));
}

/* ------------------------------------------------------------------------ broadcasting */

static int64_t count_of(tare_shape shape) {
    int64_t count = 1;
    for (int d = 0; d < shape.rank; d++) count *= shape.extents[d];
    return count;
}

/* Offset in an array of `shape` of the element that meets element `index` of the result. */
static int64_t meets(tare_shape shape, tare_shape result, int64_t index) {
    int64_t offset = 0, step = 1;
    for (int d = result.rank - 1; d >= 0; d--) {
        const int64_t at = index % result.extents[d];
        const int own = d - result.rank + shape.rank;
        index /= result.extents[d];
        if (own < 0) continue;
        if (shape.extents[own] != 1) offset += at * step;
        step *= shape.extents[own];
    }
    return offset;
}

static tare_shape result_of(tare_shape a, tare_shape b) {
    tare_shape y = a.rank > b.rank ? a : b;
    for (int d = 0; d < y.rank; d++) {
        const int at_a = d - y.rank + a.rank, at_b = d - y.rank + b.rank;
        const int64_t p = at_a < 0 ? 1 : a.extents[at_a], q = at_b < 0 ? 1 : b.extents[at_b];
        y.extents[d] = p == 1 ? q : p;
    }
    return y;
}

static void check_broadcast(tare_shape a, tare_shape b, tare_pool *pool) {
    const tare_shape y = result_of(a, b);
    const int64_t count = count_of(y);
    float *x = check_random(1, count_of(a)), *z = check_random(2, count_of(b));
    float *got = check_array(count);
    tare_binary_pass pass;
    assert_true(tare_binary_plan(&pass, TARE_BINARY_SUB, TARE_FLOAT32, a, b, 0));
    void *scratch = check_scratch(tare_binary_scratch(&pass));
    tare_binary_run(&pass, x, z, got, scratch, pool);
    for (int64_t i = 0; i < count; i++)
        if (got[i] != x[meets(a, y, i)] - z[meets(b, y, i)])
            fail_msg("ranks %d and %d: element %d is wrong", a.rank, b.rank, (int)i);
    check_release(x), check_release(z), check_release(got), free(scratch);
}

static void broadcasting_finds_every_pair(void **state) {
    (void)state;
    static const struct {
        tare_shape a, b;
    } shapes[] = {
        {{2, {3, 4}}, {1, {4}}},
        {{1, {4}}, {2, {300, 4}}},
        {{2, {300, 4}}, {1, {4}}},
        {{2, {7, 300}}, {1, {300}}},
        {{2, {5, 1}}, {2, {1, 6}}},
        {{0, {0}}, {3, {2, 3, 4}}},
        {{3, {2, 1, 4}}, {2, {5, 1}}},
        {{4, {2, 3, 4, 5}}, {4, {2, 1, 4, 1}}},
        {{4, {2, 1, 4, 1}}, {4, {1, 3, 1, 5}}},
        {{8, {2, 1, 2, 1, 2, 1, 2, 3}}, {8, {1, 2, 1, 2, 1, 2, 1, 3}}},
        {{3, {1, 1, 1}}, {1, {1}}},
        {{2, {0, 3}}, {1, {3}}},
        {{2, {3, 0}}, {2, {3, 1}}},
        {{3, {40, 50, 60}}, {1, {60}}},
        {{3, {40, 50, 60}}, {3, {40, 1, 60}}},
        {{1, {200001}}, {0, {0}}},
        {{1, {200001}}, {1, {200001}}},
    };
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int p = 0; p < CHECK_POOLS; p += 2)
            check_broadcast(shapes[i].a, shapes[i].b, pools[p]);
    check_free_pools(pools);
}

static void an_output_may_be_an_input(void **state) {
    (void)state;
    const tare_shape shape = {2, {500, 70}}, row = {1, {70}};
    float *x = check_random(3, 35000), *z = check_random(4, 70);
    float *wanted = check_array(35000);
    tare_binary_pass pass;
    assert_true(tare_binary_plan(&pass, TARE_BINARY_MUL, TARE_FLOAT32, shape, row, 0));
    void *scratch = check_scratch(tare_binary_scratch(&pass));
    tare_binary_run(&pass, x, z, wanted, scratch, NULL);
    tare_binary_run(&pass, x, z, x, scratch, NULL);
    assert_true(check_same_bits(x, wanted, 35000));
    check_release(x), check_release(z), check_release(wanted), free(scratch);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    enum { COUNT = 300007 };
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    float *x = check_random(5, COUNT), *first = check_array(COUNT);
    tare_unary_pass pass;
    assert_true(tare_unary_plan(&pass, TARE_UNARY_SIGMOID, TARE_FLOAT32, COUNT, 0));
    assert_true(pass.slices > 1);
    tare_unary_run(&pass, x, first, NULL);
    for (int p = 1; p < CHECK_POOLS; p++) {
        float *y = check_array(COUNT);
        tare_unary_run(&pass, x, y, pools[p]);
        assert_true(check_same_bits(first, y, COUNT));
        check_release(y);
    }
    check_release(x), check_release(first);
    check_free_pools(pools);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponential_is_within_one_unit),
        cmocka_unit_test(sigmoid_is_within_two_and_a_half_units),
        cmocka_unit_test(tanh_is_within_one_and_a_half_units),
        cmocka_unit_test(exponential_overflows_and_vanishes_where_floats_do),
        cmocka_unit_test(unary_loops_of_every_isa_agree_with_the_library),
        cmocka_unit_test(binary_loops_of_every_isa_agree_with_float64),
        cmocka_unit_test(maximum_and_minimum_keep_nan_on_either_side),
        cmocka_unit_test(whole_quotients_round_as_python_or_c),
        cmocka_unit_test(whole_numbers_wrap_and_trap_nowhere),
        cmocka_unit_test(a_quotient_of_whole_numbers_is_float64),
        cmocka_unit_test(casts_go_towards_zero_and_mark_what_does_not_fit),
        cmocka_unit_test(broadcasting_finds_every_pair),
        cmocka_unit_test(an_output_may_be_an_input),
        cmocka_unit_test(threads_change_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
