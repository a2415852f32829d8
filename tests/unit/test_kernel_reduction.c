/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions, softmax and running sums against plain loops in double: shapes on both sides of every
 * cut, any number of threads, and sums that cancel.
 */
#include "kernel_check.h"

#include "kernel/argmax.h"
#include "kernel/cumsum.h"
#include "kernel/others.h"
#include "kernel/reduction.h"
#include "kernel/softmax.h"

/* ------------------------------------------------------------------------------- reductions */

typedef struct shape_case {
    int rank;
    int64_t extents[6];
    uint32_t mask;
} shape_case;

/* Narrow, wide, long, several groups, several parts, empty. */
static const shape_case shapes[] = {
    {1, {1}, 1},
    {1, {64}, 1},
    {1, {65}, 1},
    {1, {1025}, 1},
    {1, {200003}, 1},
    {2, {3, 4}, 1},
    {2, {3, 4}, 2},
    {2, {70000, 3}, 1},
    {2, {70000, 3}, 2},
    {2, {2049, 33}, 1},
    {2, {33, 2049}, 2},
    {2, {17, 600}, 1},
    {2, {900, 700}, 1},
    {2, {5, 6}, 0},
    {2, {5, 6}, 3},
    {3, {4, 5000, 7}, 2},
    {3, {40, 30, 50}, 5},
    {4, {2, 3, 4, 5}, 10},
    {4, {30, 1, 40, 50}, 9},
    {6, {2, 3, 2, 3, 2, 3}, 42},
    {2, {0, 3}, 1},
    {2, {3, 0}, 1},
    {2, {0, 300}, 1},
    {2, {3, 0}, 2},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static int64_t count_kept(const shape_case *s, bool reduced) {
    int64_t count = 1;
    for (int d = 0; d < s->rank; d++)
        if ((s->mask >> d & 1) == reduced) count *= s->extents[d];
    return count;
}

/* Which result element `index` of x takes part in. */
static int64_t result_of(const shape_case *s, int64_t index) {
    int64_t at[6] = {0}, result = 0;
    for (int d = s->rank - 1; d >= 0; d--) {
        at[d] = index % s->extents[d];
        index /= s->extents[d];
    }
    for (int d = 0; d < s->rank; d++)
        if (!(s->mask >> d & 1)) result = result * s->extents[d] + at[d];
    return result;
}

static double start_of(tare_reduce which) {
    return which == TARE_REDUCE_MAX    ? -INFINITY
           : which == TARE_REDUCE_MIN  ? INFINITY
           : which == TARE_REDUCE_PROD ? 1
                                       : 0;
}

static double take(tare_reduce which, double so_far, double v) {
    if (which == TARE_REDUCE_MAX) return v > so_far ? v : so_far;
    if (which == TARE_REDUCE_MIN) return v < so_far ? v : so_far;
    if (which == TARE_REDUCE_PROD) return so_far * v;
    return so_far + (which == TARE_REDUCE_SUM_OF_SQUARES ? v * v : v);
}

static void check_reduction(const shape_case *s, tare_reduce which, tare_pool **pools) {
    const int64_t count = count_kept(s, true) * count_kept(s, false), kept = count_kept(s, false);
    float *x = check_random(11, count), *first = NULL;
    /* Products near 1 neither vanish nor overflow. */
    for (int64_t i = 0; i < count && which == TARE_REDUCE_PROD; i++) x[i] = 1 + x[i] * 1e-3F;
    double *wanted = malloc((size_t)(kept + 1) * sizeof *wanted);
    assert_non_null(wanted);
    for (int64_t i = 0; i < kept; i++) wanted[i] = start_of(which);
    for (int64_t i = 0; i < count; i++)
        wanted[result_of(s, i)] = take(which, wanted[result_of(s, i)], (double)x[i]);
    /* Columns of 16 numbers below 1 are rounded on the way, each its own way. */
    const double noise = 3e-7 * sqrt((double)count_kept(s, true));
    tare_reduction reduction;
    assert_true(
        tare_reduction_plan(&reduction, which, TARE_FLOAT32, s->rank, s->extents, s->mask, 1));
    for (int p = 0; p < CHECK_POOLS; p++) {
        float *y = check_array(kept);
        void *scratch = check_scratch(reduction.scratch_bytes);
        tare_reduction_run(&reduction, x, y, scratch, pools[p]);
        for (int64_t i = 0; i < kept; i++)
            if (!((double)y[i] == wanted[i] ||
                  fabs((double)y[i] - wanted[i]) <= 1e-6 * (1 + fabs(wanted[i])) + noise))
                fail_msg("reduction %d, rank %d, mask %u: [%d] is %g, wanted %g", (int)which,
                         s->rank, s->mask, (int)i, (double)y[i], wanted[i]);
        if (first) assert_true(check_same_bits(first, y, kept));
        free(scratch);
        if (first)
            check_release(y);
        else
            first = y;
    }
    check_release(first), check_release(x), free(wanted);
}

static void reductions_agree_with_plain_loops_for_any_threads(void **state) {
    (void)state;
    static const tare_reduce kinds[] = {TARE_REDUCE_SUM, TARE_REDUCE_SUM_OF_SQUARES,
                                        TARE_REDUCE_PROD, TARE_REDUCE_MAX, TARE_REDUCE_MIN};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int i = 0; i < SHAPES; i++) check_reduction(&shapes[i], kinds[k], pools);
    check_free_pools(pools);
}

/* Plans a whole reduction of n numbers and runs it. */
static void reduce_all(tare_reduce which, tare_dtype dtype, const void *x, int64_t n,
                       double divisor, void *y) {
    tare_reduction reduction;
    assert_true(tare_reduction_plan(&reduction, which, dtype, 1, &n, 1, divisor));
    void *scratch = check_scratch(reduction.scratch_bytes);
    tare_reduction_run(&reduction, x, y, scratch, NULL);
    free(scratch);
}

/* 2^24 + 1 + 1 + ...: a single float32 sum would never move. */
static void long_sums_of_float32_do_not_stall(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    float *x = check_array(COUNT), y = 0;
    for (int i = 0; i < COUNT; i++) x[i] = i == 0 ? 0x1p24F : 1;
    reduce_all(TARE_REDUCE_SUM, TARE_FLOAT32, x, COUNT, 1, &y);
    assert_true(fabs((double)y - (0x1p24 + COUNT - 1)) <= 16);
    check_release(x);
}

static void a_mean_of_nothing_is_nan_and_of_whole_numbers_truncated(void **state) {
    (void)state;
    float f = 0;
    const int32_t x[] = {-3, -4, 2};
    int32_t whole = 9;
    reduce_all(TARE_REDUCE_SUM, TARE_FLOAT32, &f, 0, 0, &f);
    assert_true(isnan(f));
    reduce_all(TARE_REDUCE_SUM, TARE_INT32, x, 3, 3, &whole);
    assert_int_equal(whole, -1);
    reduce_all(TARE_REDUCE_SUM, TARE_INT32, x, 0, 0, &whole);
    assert_int_equal(whole, 0);
}

static void nan_wins_wherever_it_stands(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    float x[COUNT], y = 0;
    for (int at = 0; at < COUNT; at += 37) {
        for (int i = 0; i < COUNT; i++) x[i] = (float)i;
        x[at] = NAN;
        reduce_all(TARE_REDUCE_MAX, TARE_FLOAT32, x, COUNT, 1, &y);
        assert_true(isnan(y));
        reduce_all(TARE_REDUCE_MIN, TARE_FLOAT32, x, COUNT, 1, &y);
        assert_true(isnan(y));
    }
}

static void any_and_all_see_truth_in_every_byte(void **state) {
    (void)state;
    const uint8_t x[] = {0, 2, 0}, ones[] = {1, 2, 255}, none[] = {0, 0, 0};
    uint8_t y = 9;
    reduce_all(TARE_REDUCE_ANY, TARE_BOOL, x, 3, 1, &y);
    assert_int_equal(y, 1);
    reduce_all(TARE_REDUCE_ANY, TARE_BOOL, none, 3, 1, &y);
    assert_int_equal(y, 0);
    reduce_all(TARE_REDUCE_ALL, TARE_BOOL, ones, 3, 1, &y);
    assert_int_equal(y, 1);
    reduce_all(TARE_REDUCE_ALL, TARE_BOOL, x, 3, 1, &y);
    assert_int_equal(y, 0);
    reduce_all(TARE_REDUCE_ALL, TARE_BOOL, x, 0, 1, &y);
    assert_int_equal(y, 1);
}

/* --------------------------------------------------------------------- products of the others */

static void products_of_others_are_exact_with_zeros(void **state) {
    (void)state;
    const tare_others groups = {.rank = 2, .extents = {3, 3}, .mask = 2};
    const float x[] = {1, 0, 2, 0, 0, 3, 4, 2, 5}, wanted[] = {0, 2, 0, 0, 0, 0, 10, 20, 8};
    float y[9];
    void *scratch = check_scratch(tare_others_scratch(&groups));
    tare_others_f32(&groups, x, NULL, y, scratch);
    assert_true(check_same_bits(y, wanted, 9));
    free(scratch);
}

/* ----------------------------------------------------------------------------------- softmax */

static double softmax_at(const float *x, const tare_softmax *s, int64_t at, double *log_of) {
    const int64_t column = at % s->inner + at / (s->count * s->inner) * s->count * s->inner;
    double max = -INFINITY, sum = 0;
    for (int64_t i = 0; i < s->count; i++) max = fmax(max, (double)x[column + i * s->inner]);
    for (int64_t i = 0; i < s->count; i++) sum += exp((double)x[column + i * s->inner] - max);
    *log_of = (double)x[at] - max - log(sum);
    return exp(*log_of);
}

static void check_softmax(tare_softmax s, tare_pool **pools) {
    const int64_t count = s.outer * s.count * s.inner;
    float *x = check_random(21, count), *y = check_array(count), *z = check_array(count);
    for (int64_t i = 0; i < count; i++) x[i] *= 20;
    for (int p = 0; p < CHECK_POOLS; p += 3) {
        tare_softmax_f32(&s, x, y, pools[p]);
        tare_log_softmax_f32(&s, x, z, pools[p]);
        for (int64_t i = 0; i < count; i++) {
            double log_of = 0;
            const double wanted = softmax_at(x, &s, i, &log_of);
            /* x - max, up to 40, is rounded before it is an exponent. */
            assert_true(fabs((double)y[i] - wanted) <= 4e-6 * wanted);
            assert_true(fabs((double)z[i] - log_of) <= 1e-6 * (1 + fabs(log_of)));
        }
    }
    check_release(x), check_release(y), check_release(z);
}

static void softmax_agrees_with_double_along_any_axis(void **state) {
    (void)state;
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    check_softmax((tare_softmax){3, 10, 1}, pools);
    check_softmax((tare_softmax){700, 33, 1}, pools);
    check_softmax((tare_softmax){2, 7, 100}, pools);
    check_softmax((tare_softmax){1, 1, 5}, pools);
    check_softmax((tare_softmax){30, 20, 65}, pools);
    check_free_pools(pools);
}

/* loss and backprop of class 2 of 3, by hand; class 3 and -1 make their rows NaN and no other. */
static void labels_out_of_range_make_nan_rows_only(void **state) {
    (void)state;
    const float logits[] = {0, 0, 0, 1, 2, 3, 0, 0, 0};
    const int32_t labels[] = {3, 2, -1};
    const tare_cross_entropy c = {.rows = 3, .classes = 3, .label_size = 4};
    float loss[3], backprop[9];
    tare_cross_entropy_f32(&c, labels, logits, loss, backprop, NULL);
    assert_true(isnan(loss[0]) && isnan(loss[2]));
    assert_true(fabs((double)loss[1] - .40760596) < 1e-6);
    assert_true(fabs((double)backprop[5] - (.66524096 - 1)) < 1e-6);
    for (int i = 0; i < 3; i++) {
        assert_true(isnan(backprop[i]) && isnan(backprop[6 + i]));
        assert_true(!isnan(backprop[3 + i]));
    }
    tare_cross_entropy_f32(&c, labels, logits, loss, NULL, NULL);
    tare_cross_entropy_f32(&c, labels, logits, NULL, backprop, NULL);
}

static void cross_entropy_of_huge_logits_stays_finite(void **state) {
    (void)state;
    const float logits[] = {1e4F, -1e4F}, labels[] = {0, 1};
    const tare_cross_entropy c = {.rows = 1, .classes = 2};
    float loss = 0, backprop[2];
    tare_cross_entropy_f32(&c, labels, logits, &loss, backprop, NULL);
    assert_true(loss == 2e4F && backprop[0] == 1 && backprop[1] == -1);
}

/* ------------------------------------------------------------------- running sums, searching */

static void running_sums_go_either_way_with_or_without_themselves(void **state) {
    (void)state;
    const double x[] = {1, 2, 3}, wanted[4][3] = {{1, 3, 6}, {0, 1, 3}, {6, 5, 3}, {5, 3, 0}};
    for (int way = 0; way < 4; way++) {
        const tare_cumsum_pass pass = {1, 3, 1, .exclusive = way & 1, .reverse = way >> 1};
        double y[3];
        assert_true(tare_cumsum_run(&pass, TARE_FLOAT64, x, y, NULL));
        assert_memory_equal(y, wanted[way], sizeof y);
    }
}

static void searches_find_the_first_and_pass_over_nan(void **state) {
    (void)state;
    const float x[] = {1, 3, 3, 2, NAN, 5, NAN, NAN, 4, 4, 4, NAN};
    const tare_argmax_search search = {.outer = 3, .count = 4, .inner = 1, .index_size = 8};
    const tare_argmax_search least = {3, 4, 1, .smallest = true, .index_size = 4};
    int64_t at[3];
    int32_t low[3];
    assert_true(tare_argmax_run(&search, TARE_FLOAT32, x, at, NULL));
    assert_true(at[0] == 1 && at[1] == 1 && at[2] == 0);
    assert_true(tare_argmax_run(&least, TARE_FLOAT32, x, low, NULL));
    assert_true(low[0] == 0 && low[1] == 1 && low[2] == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions_agree_with_plain_loops_for_any_threads),
        cmocka_unit_test(long_sums_of_float32_do_not_stall),
        cmocka_unit_test(a_mean_of_nothing_is_nan_and_of_whole_numbers_truncated),
        cmocka_unit_test(nan_wins_wherever_it_stands),
        cmocka_unit_test(any_and_all_see_truth_in_every_byte),
        cmocka_unit_test(products_of_others_are_exact_with_zeros),
        cmocka_unit_test(softmax_agrees_with_double_along_any_axis),
        cmocka_unit_test(labels_out_of_range_make_nan_rows_only),
        cmocka_unit_test(cross_entropy_of_huge_logits_stays_finite),
        cmocka_unit_test(running_sums_go_either_way_with_or_without_themselves),
        cmocka_unit_test(searches_find_the_first_and_pass_over_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
