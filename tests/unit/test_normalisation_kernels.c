/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of normalisation against sums in long double, and against themselves on other
 * threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/normalisation.h"
#include "kernel/normalisation_fold.h"
#include "kernel/normalisation_rows.h"

/* Numbers that repeat: a multiplicative congruential sequence, about normal. */
static double next_number(uint64_t *state) {
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(*state >> 11) / 9007199254740992.0 - .5;
    }
    return sum * 1.7320508075688772;
}

static int64_t size_of(const tare_channels *v) { return v->outer * v->channels * v->inner; }

static void *allocate(int64_t count, size_t size) {
    void *memory = tare_allocate(NULL, (size_t)(count > 0 ? count : 1) * size);
    assert_non_null(memory);
    return memory;
}

static float *numbers(const tare_channels *v, double mean, double deviation, uint64_t seed) {
    float *x = allocate(size_of(v), sizeof *x);
    for (int64_t i = 0; i < size_of(v); i++) x[i] = (float)(mean + deviation * next_number(&seed));
    return x;
}

/* The truth of one channel. */
typedef struct truth {
    long double mean, variance;
} truth;

static truth truth_of(const tare_channels *v, const float *x, int64_t c) {
    truth t = {0, 0};
    const long double n = (long double)(v->outer * v->inner);
    for (int64_t o = 0; o < v->outer; o++)
        for (int64_t i = 0; i < v->inner; i++)
            t.mean += (long double)x[(o * v->channels + c) * v->inner + i] / n;
    for (int64_t o = 0; o < v->outer; o++) {
        for (int64_t i = 0; i < v->inner; i++) {
            const long double d = (long double)x[(o * v->channels + c) * v->inner + i] - t.mean;
            t.variance += d * d / n;
        }
    }
    return t;
}

/* Everything of one training step over a view. */
typedef struct step {
    tare_channels view;
    float *x, *dy, *y, *dx;
    float *mean, *variance, *unbiased, *gamma, *beta, *dgamma, *dbeta;
    float *low, *sums_low; /* [2][channels] */
    void *scratch;
} step;

enum { EPSILON_INVERSE = 1000 };
static const double epsilon = 1.0 / EPSILON_INVERSE;

static step step_over(tare_channels view, double mean, double deviation) {
    step s = {.view = view};
    const tare_channels per_channel = {1, view.channels, 1};
    s.x = numbers(&view, mean, deviation, 1);
    s.dy = numbers(&view, 0, 1, 2);
    s.y = allocate(size_of(&view), sizeof(float));
    s.dx = allocate(size_of(&view), sizeof(float));
    float **vectors[] = {&s.mean, &s.variance, &s.unbiased, &s.dgamma, &s.dbeta};
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++)
        *vectors[k] = allocate(view.channels, sizeof(float));
    s.low = allocate(2 * view.channels, sizeof(float));
    s.sums_low = allocate(2 * view.channels, sizeof(float));
    s.gamma = numbers(&per_channel, 1, .3, 3);
    s.beta = numbers(&per_channel, 0, 1, 4);
    s.scratch = allocate(tare_normalisation_scratch(&view, sizeof(float)), 1);
    return s;
}

static void release_numbers(float *block, int64_t count) {
    tare_release(NULL, block, (size_t)(count > 0 ? count : 1) * sizeof *block);
}

static void free_step(step *s) {
    float *large[] = {s->x, s->dy, s->y, s->dx};
    float *small[] = {s->mean, s->variance, s->unbiased, s->gamma, s->beta, s->dgamma, s->dbeta};
    for (size_t k = 0; k < sizeof large / sizeof *large; k++)
        release_numbers(large[k], size_of(&s->view));
    for (size_t k = 0; k < sizeof small / sizeof *small; k++)
        release_numbers(small[k], s->view.channels);
    release_numbers(s->low, 2 * s->view.channels);
    release_numbers(s->sums_low, 2 * s->view.channels);
    const int64_t bytes = tare_normalisation_scratch(&s->view, sizeof(float));
    tare_release(NULL, s->scratch, (size_t)(bytes > 0 ? bytes : 1));
}

static tare_normalisation_f32 normalisation_of(const step *s) {
    return (tare_normalisation_f32){.mean = s->mean,
                                    .variance = s->variance,
                                    .low = s->low,
                                    .gamma = s->gamma,
                                    .beta = s->beta,
                                    .epsilon = epsilon};
}

static void run_step(step *s, tare_pool *pool) {
    const tare_moments_f32 moments = {s->mean, s->variance, s->low, s->unbiased};
    const tare_normalisation_f32 by = normalisation_of(s);
    const tare_sums_f32 sums = {s->dgamma, s->dbeta, s->sums_low};
    tare_channel_moments_f32(&s->view, s->x, &moments, s->scratch, pool);
    tare_normalise_f32(&s->view, &by, s->x, s->y, s->scratch, pool);
    tare_gradient_sums_f32(&s->view, &by, s->dy, s->x, &sums, s->scratch, pool);
    tare_normalise_gradient_f32(&s->view, &by, s->dy, s->x, &sums, s->dx, s->scratch, pool);
}

static void assert_near(double got, long double want, double tolerance) {
    if (!(fabsl((long double)got - want) <= (long double)tolerance))
        fail_msg("got %.9g, wanted %.9Lg within %.3g", got, want, tolerance);
}

/* Forward and backward of one channel in long double. */
static void check_channel(const step *s, int64_t c) {
    const tare_channels *v = &s->view;
    const truth t = truth_of(v, s->x, c);
    const long double n = (long double)(v->outer * v->inner);
    const long double inverse = 1 / sqrtl(t.variance + 1.0L / EPSILON_INVERSE);
    long double dbeta = 0, dgamma = 0;
    const double size = (double)fabsl(t.mean);
    assert_near((double)s->mean[c] + (double)s->low[c], t.mean, 1e-7 + 1e-9 * size);
    assert_near(s->variance[c], t.variance, 2e-6 * (double)t.variance);
    assert_near(s->unbiased[c], t.variance * n / (n > 1 ? n - 1 : 1), 2e-6 * (double)t.variance);
    for (int64_t o = 0; o < v->outer; o++) {
        for (int64_t i = 0; i < v->inner; i++) {
            const int64_t at = (o * v->channels + c) * v->inner + i;
            const long double hat = ((long double)s->x[at] - t.mean) * inverse;
            dbeta += (long double)s->dy[at];
            dgamma += (long double)s->dy[at] * hat;
            assert_near(s->y[at], hat * (long double)s->gamma[c] + (long double)s->beta[c], 6e-6);
        }
    }
    assert_near(s->dbeta[c], dbeta, 1e-6 * sqrt((double)n) + 1e-6);
    assert_near(s->dgamma[c], dgamma, 3e-6 * sqrt((double)n) + 1e-6);
    for (int64_t o = 0; o < v->outer; o++) {
        for (int64_t i = 0; i < v->inner; i++) {
            const int64_t at = (o * v->channels + c) * v->inner + i;
            const long double hat = ((long double)s->x[at] - t.mean) * inverse;
            const long double scale = (long double)s->gamma[c] * inverse;
            const long double dx = scale * ((long double)s->dy[at] - dbeta / n - hat * dgamma / n);
            assert_near(s->dx[at], dx, 6e-6 * (double)(1 + fabsl(scale)));
        }
    }
}

static const tare_channels views[] = {
    {1, 1, 1},
    {2, 1, 1},
    {5, 3, 1},
    {1, 4, 1},
    {300, 1, 1},
    {97, 3, 1},
    {50, 17, 1},
    {33, 64, 1},
    {40, 100, 1},
    {7, 257, 1},
    {9, 600, 1},
    {3000, 5, 1},
    {700, 70, 1},
    {400, 300, 1},
    {2, 3, 49},
    {3, 5, 64},
    {1, 2, 1000},
    {4, 7, 130},
    {2, 40, 900},
    {1, 1, 9000},
    {64, 1, 2000},
    {20, 3, 2500},
    {5, 200, 9},
    {70000, 1, 1},
    /* Several strips of channels in a slice, summed in turns. */
    {2100, 257, 1},
    /* Every channel one line, short enough to be walked by itself. */
    {1, 90, 3},
    {1, 60, 5},
    {1, 40, 8},
    {1, 700, 64},
    {1, 333, 77},
    {1, 3, 4096}};
enum { VIEWS = sizeof views / sizeof *views };

static void forward_and_backward_agree_with_long_double(void **state) {
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        step s = step_over(views[k], .5, 1.5);
        run_step(&s, NULL);
        for (int64_t c = 0; c < s.view.channels; c++) check_channel(&s, c);
        free_step(&s);
    }
}

static void a_mean_of_ten_thousand_with_deviation_a_twentieth_keeps_its_digits(void **state) {
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        if (views[k].outer * views[k].inner < 4) continue;
        step s = step_over(views[k], 1e4, .05);
        run_step(&s, NULL);
        for (int64_t c = 0; c < s.view.channels; c++) check_channel(&s, c);
        free_step(&s);
    }
}

static void a_first_number_far_from_the_others_harms_nothing(void **state) {
    (void)state;
    step s = step_over((tare_channels){2000, 3, 1}, 0, .01);
    for (int64_t c = 0; c < 3; c++) s.x[c] = -1000;
    run_step(&s, NULL);
    for (int64_t c = 0; c < 3; c++) {
        const truth t = truth_of(&s.view, s.x, c);
        assert_near(s.variance[c], t.variance, 1e-6 * (double)t.variance);
    }
    free_step(&s);
}

static void constant_channels_have_no_variance(void **state) {
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        step s = step_over(views[k], 3.3, 0);
        run_step(&s, NULL);
        for (int64_t c = 0; c < s.view.channels; c++) {
            assert_true(s.variance[c] >= 0 && s.variance[c] < 1e-12f);
            assert_near((double)s.mean[c], 3.3f, 3e-7);
        }
        for (int64_t i = 0; i < size_of(&s.view); i++)
            assert_near(s.y[i], (long double)s.beta[i / s.view.inner % s.view.channels], 1e-6);
        free_step(&s);
    }
}

static void one_number_per_channel_gives_beta_and_no_gradient(void **state) {
    (void)state;
    step s = step_over((tare_channels){1, 5, 1}, 2, 3);
    run_step(&s, NULL);
    for (int64_t c = 0; c < 5; c++) {
        assert_true(s.mean[c] == s.x[c]);
        assert_true(s.variance[c] == 0 && s.unbiased[c] == 0);
        assert_true(s.y[c] == s.beta[c]);
        assert_true(fabsf(s.dx[c]) < 1e-5f);
    }
    free_step(&s);
}

static void nothing_to_reduce_gives_nan_moments_and_zero_sums(void **state) {
    (void)state;
    step s = step_over((tare_channels){0, 3, 1}, 0, 1);
    run_step(&s, NULL);
    for (int64_t c = 0; c < 3; c++) {
        assert_true(isnan(s.mean[c]) && isnan(s.variance[c]) && isnan(s.unbiased[c]));
        assert_true(s.dbeta[c] == 0 && s.dgamma[c] == 0);
    }
    free_step(&s);
}

static void a_nan_stays_in_its_channel(void **state) {
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        if (views[k].channels < 2) continue;
        step s = step_over(views[k], 0, 1);
        s.x[0] = NAN; /* of channel 0 */
        run_step(&s, NULL);
        assert_true(isnan(s.mean[0]) && isnan(s.variance[0]) && isnan(s.dgamma[0]));
        assert_true(!isnan(s.dbeta[0]));
        for (int64_t c = 1; c < s.view.channels; c++) check_channel(&s, c);
        for (int64_t i = 0; i < size_of(&s.view); i++)
            assert_true(isnan(s.y[i]) == (i / s.view.inner % s.view.channels == 0));
        free_step(&s);
    }
}

static bool same_bits(const float *a, const float *b, int64_t count) {
    return memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static void no_thread_count_changes_a_bit(void **state) {
    (void)state;
    static const int counts[] = {2, 3, 4, 7};
    for (int k = 0; k < VIEWS; k++) {
        step alone = step_over(views[k], 3, 2);
        run_step(&alone, NULL);
        for (size_t t = 0; t < sizeof counts / sizeof *counts; t++) {
            tare_pool *pool = NULL;
            assert_int_equal(tare_pool_new(NULL, counts[t], NULL, NULL, &pool, NULL), TARE_OK);
            step s = step_over(views[k], 3, 2);
            run_step(&s, pool);
            assert_true(same_bits(s.y, alone.y, size_of(&s.view)));
            assert_true(same_bits(s.dx, alone.dx, size_of(&s.view)));
            assert_true(same_bits(s.variance, alone.variance, s.view.channels));
            assert_true(same_bits(s.dgamma, alone.dgamma, s.view.channels));
            free_step(&s);
            tare_pool_free(pool);
        }
        free_step(&alone);
    }
}

static void results_may_take_the_place_of_what_they_are_made_from(void **state) {
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        step s = step_over(views[k], 1, 2);
        run_step(&s, NULL);
        const tare_normalisation_f32 by = normalisation_of(&s);
        const tare_sums_f32 sums = {s.dgamma, s.dbeta, s.sums_low};
        tare_normalise_gradient_f32(&s.view, &by, s.dy, s.x, &sums, s.dy, s.scratch, NULL);
        assert_true(same_bits(s.dy, s.dx, size_of(&s.view)));
        tare_normalise_f32(&s.view, &by, s.x, s.x, s.scratch, NULL);
        assert_true(same_bits(s.x, s.y, size_of(&s.view)));
        free_step(&s);
    }
}

/* Arrays of 18 MB: what is not in place of something read is stored past the caches, lines that
 * begin anywhere. */
static void results_past_the_caches_are_those_in_place(void **state) {
    (void)state;
    static const tare_channels large[] = {
        {70001, 63, 1}, {6000, 750, 1}, {40, 32, 3501}, {2100, 2100, 1}};
    for (size_t k = 0; k < sizeof large / sizeof *large; k++) {
        step s = step_over(large[k], 1, 2);
        const int64_t count = size_of(&s.view);
        float *apart = allocate(count + 1, sizeof *apart);
        const tare_normalisation_f32 by = normalisation_of(&s);
        const tare_sums_f32 sums = {.dgamma = s.dgamma, .dbeta = s.dbeta};
        run_step(&s, NULL);
        memset(apart, 0, (size_t)(count + 1) * sizeof *apart);
        tare_normalise_gradient_f32(&s.view, &by, s.dy, s.x, &sums, apart + 1, s.scratch, NULL);
        tare_normalise_gradient_f32(&s.view, &by, s.dy, s.x, &sums, s.dy, s.scratch, NULL);
        assert_true(apart[0] == 0 && same_bits(s.dy, apart + 1, count));
        tare_normalise_f32(&s.view, &by, s.x, apart + 1, s.scratch, NULL);
        tare_normalise_f32(&s.view, &by, s.x, s.x, s.scratch, NULL);
        assert_true(apart[0] == 0 && same_bits(s.x, apart + 1, count));
        release_numbers(apart, count + 1);
        free_step(&s);
    }
}

static void frozen_statistics_only_scale_the_gradient(void **state) {
    (void)state;
    for (int k = 0; k < VIEWS; k++) {
        step s = step_over(views[k], 1, 2);
        run_step(&s, NULL);
        const tare_normalisation_f32 by = normalisation_of(&s);
        tare_normalise_gradient_f32(&s.view, &by, s.dy, NULL, NULL, s.dx, s.scratch, NULL);
        for (int64_t i = 0; i < size_of(&s.view); i++) {
            const int64_t c = i / s.view.inner % s.view.channels;
            const float scale = (float)((double)s.gamma[c] *
                                        tare_inverse_deviation((double)s.variance[c], epsilon));
            assert_near(s.dx[i], (long double)s.dy[i] * (long double)scale,
                        1e-6 * (double)fabsf(scale * s.dy[i]));
        }
        free_step(&s);
    }
}

static void scale_and_shift_say_the_same_as_normalise(void **state) {
    (void)state;
    step s = step_over((tare_channels){30, 9, 1}, 2, 3);
    float scale[9], shift[9];
    run_step(&s, NULL);
    const tare_normalisation_f32 by = normalisation_of(&s);
    tare_scale_and_shift_f32(9, &by, scale, shift);
    for (int64_t i = 0; i < size_of(&s.view); i++)
        assert_near(s.y[i],
                    (long double)s.x[i] * (long double)scale[i % 9] + (long double)shift[i % 9],
                    3e-6);
    free_step(&s);
}

static void folded_weights_give_what_product_and_map_gave(void **state) {
    (void)state;
    const float weights[2][3] = {{1, 2, 3}, {4, 5, 6}}, bias[3] = {1, -1, .5f};
    const float scale[3] = {2, 3, -1}, shift[3] = {10, 20, 30}, x[2] = {7, -2};
    float folded[2][3], folded_bias[3];
    const tare_weights_view columns = {2, 1, 3, 1}, rows = {1, 1, 2, 3};
    tare_fold_weights_f32(&weights[0][0], scale, &columns, &folded[0][0]);
    tare_fold_bias_f32(bias, scale, shift, 3, folded_bias);
    for (int c = 0; c < 3; c++) {
        const float product = x[0] * weights[0][c] + x[1] * weights[1][c] + bias[c];
        assert_true(x[0] * folded[0][c] + x[1] * folded[1][c] + folded_bias[c] ==
                    product * scale[c] + shift[c]);
    }
    tare_fold_weights_f32(&weights[0][0], scale, &rows, &folded[0][0]);
    assert_true(folded[0][2] == 6 && folded[1][0] == 12);
    /* Output 0, 1, 2 stand where minor varies first: 3 minors of 1 major, 2 of each. */
    const tare_weights_view minors = {1, 3, 1, 2};
    tare_fold_weights_f32(&weights[0][0], scale, &minors, &folded[0][0]);
    assert_true(folded[0][1] == 4 && folded[0][2] == 9 && folded[1][2] == -6);
    /* Two minors of 3 majors: number [a][q] is of output a + 2 q. */
    const float six[6] = {1, 10, 100, 1000, 10000, 100000};
    const tare_weights_view both = {1, 2, 3, 1};
    tare_fold_weights_f32(&weights[0][0], six, &both, &folded[0][0]);
    assert_true(folded[0][1] == 200 && folded[1][0] == 40 && folded[1][2] == 600000);
    tare_fold_bias_f32(NULL, scale, shift, 3, folded_bias);
    assert_true(folded_bias[1] == 20);
    tare_fold_bias_f32(bias, NULL, NULL, 3, folded_bias);
    assert_true(folded_bias[2] == .5f);
}

static void doubles_agree_with_long_double(void **state) {
    (void)state;
    const tare_channels v = {500, 37, 1};
    const tare_channels w = {3, 37, 130};
    const tare_channels lines = {1, 37, 130};
    const tare_channels both[] = {v, w, lines};
    for (int k = 0; k < 3; k++) {
        const tare_channels *view = &both[k];
        const int64_t n = size_of(view);
        float *x = numbers(view, 100, 1e-3, 7);
        double *wide = allocate(n, sizeof *wide), *y = allocate(n, sizeof *y);
        double mean[37], variance[37];
        void *scratch = allocate(tare_normalisation_scratch(view, sizeof(double)), 1);
        for (int64_t i = 0; i < n; i++) wide[i] = (double)x[i];
        const tare_moments_f64 moments = {mean, variance, NULL, NULL};
        tare_channel_moments_f64(view, wide, &moments, scratch, NULL);
        const tare_normalisation_f64 by = {.mean = mean, .variance = variance, .epsilon = 1e-12};
        tare_normalise_f64(view, &by, wide, y, scratch, NULL);
        for (int64_t c = 0; c < 37; c++) {
            const truth t = truth_of(view, x, c);
            assert_near(mean[c], t.mean, 1e-13 * 100);
            assert_near(variance[c], t.variance, 1e-11 * (double)t.variance);
            const int64_t at = c * view->inner;
            const long double hat = ((long double)x[at] - t.mean) / sqrtl(t.variance + 1e-12L);
            assert_near(y[at], hat, 1e-9);
        }
        const int64_t bytes = tare_normalisation_scratch(view, sizeof(double));
        tare_release(NULL, scratch, (size_t)(bytes > 0 ? bytes : 1));
        tare_release(NULL, y, (size_t)n * sizeof *y);
        tare_release(NULL, wide, (size_t)n * sizeof *wide);
        release_numbers(x, n);
    }
}

static void weights_count_numbers_as_often_as_they_say(void **state) {
    (void)state;
    /* Weights 2 and 0 are the same as a row twice and no row. */
    const float x[4][2] = {{1, 10}, {4, 20}, {-3, 7}, {100, 100}};
    const float weights[4] = {1, 2, 1, 0};
    const float repeated[4][2] = {{1, 10}, {4, 20}, {4, 20}, {-3, 7}};
    const tare_weighing how = {2, {4, 2}, {0, 1}, {1, 0}, 2};
    const tare_channels view = {4, 2, 1};
    float mean[2], variance[2], want_mean[2], want_variance[2];
    double scratch[6];
    const tare_moments_f32 want = {want_mean, want_variance, NULL, NULL};
    tare_weighted_moments_f32(&how, &x[0][0], weights, 0, mean, variance, scratch);
    tare_channel_moments_f32(&view, &repeated[0][0], &want, NULL, NULL);
    for (int c = 0; c < 2; c++) {
        assert_near(mean[c], (long double)want_mean[c], 1e-6);
        assert_near(variance[c], (long double)want_variance[c], 1e-5);
    }
    const float nothing[4] = {0, 0, 0, 0};
    tare_weighted_moments_f32(&how, &x[0][0], nothing, 1e-7, mean, variance, scratch);
    assert_true(mean[0] == 0 && variance[0] == 0);
}

static void sums_are_taken_about_the_shift(void **state) {
    (void)state;
    const float x[2][2] = {{10, 11}, {12, 9}}, shift = 10;
    const tare_channels view = {2, 2, 1};
    float sum[2], squares[2];
    tare_shifted_sums_f32(&view, &x[0][0], &shift, sum, squares);
    assert_true(sum[0] == 2 && sum[1] == 0 && squares[0] == 4 && squares[1] == 2);
    tare_shifted_sums_f32(&view, &x[0][0], NULL, sum, NULL);
    assert_true(sum[0] == 22 && sum[1] == 20);
}

static void decays_are_rounded_as_tensorflow_rounds_them(void **state) {
    (void)state;
    assert_true(tare_decay_f32(.99, TARE_DECAY_ROUNDED_LAST) == 0.01f);
    assert_true(tare_decay_f32(.99, TARE_DECAY_ROUNDED_FIRST) == 0.0099999904632568359375f);
    assert_true(tare_decay_f32(.999, TARE_DECAY_ROUNDED_LAST) == 0.001f);
    assert_true(tare_decay_f32(.999, TARE_DECAY_ROUNDED_FIRST) == 0.00099998712539672851562f);
    assert_true(tare_decay_f64(.99, TARE_DECAY_ROUNDED_LAST) == (double)0.01f);
    float average[3] = {0, 1, -2};
    const float value[3] = {10, 1, 2};
    tare_moving_average_f32(3, average, value, .25f);
    assert_true(average[0] == 2.5f && average[1] == 1 && average[2] == -1);
}

/* ------------------------------------------------- row kernels of every instruction set */

enum { COLUMNS = 37, ROWS = 11, STRIDE = 40 };

static void draw_columns(float columns[TARE_ROW_COLUMNS][COLUMNS],
                         const float *all[TARE_ROW_COLUMNS]) {
    uint64_t seed = 8;
    for (int k = 0; k < TARE_ROW_COLUMNS; k++) {
        all[k] = columns[k];
        for (int j = 0; j < COLUMNS; j++) columns[k][j] = (float)next_number(&seed);
    }
}

static void check_rows(const tare_normalisation_rows *kernels) {
    const tare_channels area = {1, ROWS, STRIDE};
    float *x = numbers(&area, 1, 2, 5), *dy = numbers(&area, 0, 1, 6);
    float *y = allocate(ROWS * STRIDE, sizeof *y);
    float columns[TARE_ROW_COLUMNS][COLUMNS], first[COLUMNS], second[COLUMNS], sums[COLUMNS];
    const float *all[TARE_ROW_COLUMNS];
    draw_columns(columns, all);
    const tare_rows rows = {ROWS, STRIDE, COLUMNS};
    memset(first, 0, sizeof first), memset(second, 0, sizeof second), memset(sums, 0, sizeof sums);
    kernels->f32.sum(&rows, x, sums);
    kernels->f32.deviations(&rows, x, columns[0], first, second);
    kernels->f32.normalise(&rows, x, all, y);
    for (int j = 0; j < COLUMNS; j++) {
        double sum = 0, deviation = 0, square = 0;
        for (int r = 0; r < ROWS; r++) {
            const double d = (double)x[r * STRIDE + j] - (double)columns[0][j];
            sum += (double)x[r * STRIDE + j], deviation += d, square += d * d;
            assert_near(y[r * STRIDE + j],
                        (long double)(d * (double)columns[TARE_ROW_SCALE][j] +
                                      (double)columns[TARE_ROW_SHIFT][j]),
                        3e-6);
        }
        assert_near(sums[j], sum, 1e-5);
        assert_near(first[j], deviation, 1e-5);
        assert_near(second[j], square, 1e-4);
    }
    memset(first, 0, sizeof first), memset(second, 0, sizeof second);
    kernels->f32.gradient_sums(&rows, dy, x, all, first, second);
    kernels->f32.gradient(&rows, dy, x, all, y);
    for (int j = 0; j < COLUMNS; j++) {
        double sum = 0, product = 0;
        for (int r = 0; r < ROWS; r++) {
            const double g = (double)dy[r * STRIDE + j];
            const double d = (double)x[r * STRIDE + j] - (double)columns[TARE_ROW_CENTRE][j];
            sum += g, product += g * d;
            const double want =
                (g - (double)columns[TARE_ROW_OFFSET][j] - d * (double)columns[TARE_ROW_SLOPE][j]) *
                (double)columns[TARE_ROW_SCALE][j];
            assert_near(y[r * STRIDE + j], want, 1e-5);
        }
        assert_near(first[j], sum, 1e-5);
        assert_near(second[j], product, 1e-4);
    }
    kernels->f32.multiply(&rows, dy, x, all, y);
    for (int r = 0; r < ROWS; r++)
        for (int j = 0; j < COLUMNS; j++)
            assert_true(y[r * STRIDE + j] == dy[r * STRIDE + j] * columns[TARE_ROW_SCALE][j]);
    release_numbers(y, ROWS * STRIDE);
    release_numbers(dy, ROWS * STRIDE);
    release_numbers(x, ROWS * STRIDE);
}

/* The rectified kernels do in one what the plain ones do with a pass before or after. */
static void check_rectified_rows(const tare_normalisation_rows *kernels) {
    enum { SIZE = ROWS * STRIDE };
    const tare_channels area = {1, ROWS, STRIDE};
    const tare_rows rows = {ROWS, STRIDE, COLUMNS};
    float *x = numbers(&area, 1, 2, 5), *dy = numbers(&area, 0, 1, 6);
    float *y = allocate(SIZE, sizeof *y), *gated = allocate(SIZE, sizeof *gated);
    float *plain = allocate(SIZE, sizeof *plain), *merged = allocate(SIZE, sizeof *merged);
    float columns[TARE_ROW_COLUMNS][COLUMNS], sums[4][COLUMNS] = {{0}};
    const float *all[TARE_ROW_COLUMNS];
    draw_columns(columns, all);
    memset(y, 0, SIZE * sizeof *y);
    memset(plain, 0, SIZE * sizeof *plain), memset(merged, 0, SIZE * sizeof *merged);
    x[4] = columns[TARE_ROW_CENTRE][4], columns[TARE_ROW_SHIFT][4] = 0; /* y is 0 */
    kernels->f32.normalise(&rows, x, all, y);
    kernels->rectified_f32.normalise(&rows, x, all, merged);
    int open = 0;
    for (int i = 0; i < SIZE; i++) {
        plain[i] = y[i] < 0 ? 0 : y[i];
        gated[i] = y[i] > 0 ? dy[i] : 0;
        open += y[i] > 0;
    }
    assert_in_range(open, ROWS * COLUMNS / 5, ROWS * COLUMNS * 4 / 5);
    assert_memory_equal(merged, plain, SIZE * sizeof *plain);
    kernels->f32.gradient_sums(&rows, gated, x, all, sums[0], sums[1]);
    kernels->rectified_f32.gradient_sums(&rows, dy, x, all, sums[2], sums[3]);
    assert_memory_equal(sums[0], sums[2], 2 * sizeof *sums);
    kernels->f32.gradient(&rows, gated, x, all, plain);
    kernels->rectified_f32.gradient(&rows, dy, x, all, merged);
    assert_memory_equal(merged, plain, SIZE * sizeof *plain);
    kernels->f32.multiply(&rows, gated, x, all, plain);
    kernels->rectified_f32.multiply(&rows, dy, x, all, merged);
    assert_memory_equal(merged, plain, SIZE * sizeof *plain);
    float *blocks[] = {x, dy, y, gated, plain, merged};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) release_numbers(blocks[k], SIZE);
}

/* Lines of one channel against plain sums in long double. */
static void check_lines(const tare_normalisation_rows *kernels) {
    enum { MOST = 40 };
    const tare_channels area = {1, 1, MOST};
    const float centre = 1.5f, scale = -2, shift = -.5f, offset = .75f, slope = .25f;
    const float *const columns[TARE_ROW_COLUMNS] = {&centre, &scale, &shift, &offset, &slope};
    float *x = numbers(&area, 1, 2, 11), *dy = numbers(&area, 0, 1, 12), y[MOST];
    for (int64_t n = 1; n <= MOST; n++) {
        long double sum = 0, squares = 0, first = 0, second = 0;
        double got[4];
        for (int64_t i = 0; i < n; i++) sum += (long double)x[i];
        for (int64_t i = 0; i < n; i++) {
            const long double d = (long double)x[i] - sum / (long double)n;
            squares += d * d;
            first += (long double)dy[i];
            second += (long double)dy[i] * ((long double)x[i] - (long double)centre);
        }
        kernels->f32.line_moments(x, n, &got[0], &got[1]);
        kernels->f32.line_sums(dy, x, n, centre, &got[2], &got[3]);
        assert_near(got[0], sum / (long double)n, 1e-14);
        assert_near(got[1], squares, 1e-13 * (double)squares);
        assert_near(got[2], first, 1e-13);
        assert_near(got[3], second, 1e-13);
        kernels->f32.line_normalise(x, n, columns, 0, y);
        for (int64_t i = 0; i < n; i++) assert_near(y[i], (x[i] - centre) * scale + shift, 1e-5);
        kernels->f32.line_gradient(dy, x, n, columns, 0, y);
        for (int64_t i = 0; i < n; i++)
            assert_near(y[i], (dy[i] - offset - (x[i] - centre) * slope) * scale, 1e-5);
        kernels->f32.line_multiply(dy, n, scale, y);
        for (int64_t i = 0; i < n; i++) assert_true(y[i] == dy[i] * scale);
    }
    release_numbers(x, MOST);
    release_numbers(dy, MOST);
}

static void every_instruction_set_of_this_machine_computes_the_same(void **state) {
    (void)state;
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        const tare_normalisation_rows *kernels = tare_normalisation_rows_of((tare_isa)isa);
#if defined(__aarch64__)
        assert_int_equal(kernels->isa, TARE_ISA_BASELINE); /* what is above it is for bytes */
#else
        assert_int_equal((int)kernels->isa, isa);
#endif
        check_rows(kernels);
        check_rectified_rows(kernels);
        check_lines(kernels);
    }
}

/* ------------------------------------------------------------------------------ rectified */

/* One step over normalise, a rectifier and its gradient in passes of their own, and in one. */
static void check_rectified(tare_channels view) {
    step apart = step_over(view, 1, 2), merged = step_over(view, 1, 2);
    const int64_t n = size_of(&view);
    run_step(&merged, NULL); /* for the moments */
    run_step(&apart, NULL);
    tare_normalisation_f32 by = normalisation_of(&apart);
    const tare_sums_f32 sums = {apart.dgamma, apart.dbeta, apart.sums_low};
    for (int64_t i = 0; i < n; i++) {
        if (!(apart.y[i] > 0)) apart.dy[i] = 0;
        if (apart.y[i] < 0) apart.y[i] = 0;
    }
    tare_gradient_sums_f32(&view, &by, apart.dy, apart.x, &sums, apart.scratch, NULL);
    tare_normalise_gradient_f32(&view, &by, apart.dy, apart.x, &sums, apart.dx, apart.scratch,
                                NULL);
    const tare_sums_f32 other = {merged.dgamma, merged.dbeta, merged.sums_low};
    by.rectified = true;
    tare_normalise_f32(&view, &by, merged.x, merged.y, merged.scratch, NULL);
    tare_gradient_sums_f32(&view, &by, merged.dy, merged.x, &other, merged.scratch, NULL);
    tare_normalise_gradient_f32(&view, &by, merged.dy, merged.x, &other, merged.dx, merged.scratch,
                                NULL);
    const size_t bytes = (size_t)n * sizeof(float), row = (size_t)view.channels * sizeof(float);
    assert_memory_equal(merged.y, apart.y, bytes);
    assert_memory_equal(merged.dgamma, apart.dgamma, row);
    assert_memory_equal(merged.dbeta, apart.dbeta, row);
    assert_memory_equal(merged.sums_low, apart.sums_low, 2 * row);
    assert_memory_equal(merged.dx, apart.dx, bytes);
    by.rectified = false;
    tare_normalise_gradient_f32(&view, &by, apart.dy, apart.x, NULL, apart.dx, apart.scratch, NULL);
    by.rectified = true;
    tare_normalise_gradient_f32(&view, &by, merged.dy, merged.x, NULL, merged.dx, merged.scratch,
                                NULL);
    assert_memory_equal(merged.dx, apart.dx, bytes);
    free_step(&apart);
    free_step(&merged);
}

static void rectifying_on_the_way_changes_no_bit(void **state) {
    (void)state;
    const tare_channels shapes[] = {{3, 5, 1},    {1, 1, 1},     {40, 1, 1},    {200, 3, 1},
                                    {900, 37, 1}, {5000, 16, 1}, {130, 300, 1}, {70000, 2, 1}};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) check_rectified(shapes[k]);
}

static void rectified_a_nan_stays_and_lets_nothing_through(void **state) {
    (void)state;
    float x[2][300], y[2][300], dy[2][300], dx[2][300], mean[300], variance[300];
    for (int i = 0; i < 300; i++) {
        mean[i] = 0, variance[i] = 1;
        for (int r = 0; r < 2; r++) x[r][i] = (float)(i % 7 - 3), dy[r][i] = 1;
    }
    x[1][7] = NAN;
    for (int64_t channels = 3; channels <= 300; channels += 297) {
        const tare_channels view = {2 * 300 / channels, channels, 1};
        const tare_normalisation_f32 by = {
            .mean = mean, .variance = variance, .epsilon = epsilon, .rectified = true};
        void *scratch = allocate(tare_normalisation_scratch(&view, sizeof(float)), 1);
        tare_normalise_f32(&view, &by, x[0], y[0], scratch, NULL);
        tare_normalise_gradient_f32(&view, &by, dy[0], x[0], NULL, dx[0], scratch, NULL);
        assert_true(isnan(y[1][7]));
        assert_true(dx[1][7] == 0);
        assert_true(y[0][3] == 0 && dx[0][3] == 0 && y[0][4] > 0 && dx[0][4] > 0);
        const int64_t bytes = tare_normalisation_scratch(&view, sizeof(float));
        tare_release(NULL, scratch, (size_t)(bytes > 0 ? bytes : 1));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_and_backward_agree_with_long_double),
        cmocka_unit_test(a_mean_of_ten_thousand_with_deviation_a_twentieth_keeps_its_digits),
        cmocka_unit_test(a_first_number_far_from_the_others_harms_nothing),
        cmocka_unit_test(constant_channels_have_no_variance),
        cmocka_unit_test(one_number_per_channel_gives_beta_and_no_gradient),
        cmocka_unit_test(nothing_to_reduce_gives_nan_moments_and_zero_sums),
        cmocka_unit_test(a_nan_stays_in_its_channel),
        cmocka_unit_test(no_thread_count_changes_a_bit),
        cmocka_unit_test(results_may_take_the_place_of_what_they_are_made_from),
        cmocka_unit_test(results_past_the_caches_are_those_in_place),
        cmocka_unit_test(frozen_statistics_only_scale_the_gradient),
        cmocka_unit_test(scale_and_shift_say_the_same_as_normalise),
        cmocka_unit_test(folded_weights_give_what_product_and_map_gave),
        cmocka_unit_test(doubles_agree_with_long_double),
        cmocka_unit_test(weights_count_numbers_as_often_as_they_say),
        cmocka_unit_test(sums_are_taken_about_the_shift),
        cmocka_unit_test(decays_are_rounded_as_tensorflow_rounds_them),
        cmocka_unit_test(every_instruction_set_of_this_machine_computes_the_same),
        cmocka_unit_test(rectifying_on_the_way_changes_no_bit),
        cmocka_unit_test(rectified_a_nan_stays_and_lets_nothing_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
