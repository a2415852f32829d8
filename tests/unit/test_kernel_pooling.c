/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling against loops that look at every input pixel of every window one by one. */
#include "kernel_check.h"

#include "kernel/convolution_geometry.h"
#include "kernel/pooling_kernel.h"

static int64_t in_count(const tare_pooling *p) {
    return p->batch * tare_pixels(p->in) * p->channels;
}
static int64_t out_count(const tare_pooling *p) {
    return p->batch * tare_pixels(p->out) * p->channels;
}

/* Input elements of one window and channel, in row-major order; returns how many. */
static int64_t list_window(const tare_pooling *p, int64_t out_element, int64_t *elements) {
    int64_t out[TARE_SPATIAL], found = 0;
    const int64_t channel = out_element % p->channels, pixel = out_element / p->channels;
    const int64_t sample = pixel / tare_pixels(p->out);
    tare_pixel_at(p->out, pixel % tare_pixels(p->out), out);
    for (int64_t i = 0; i < tare_pixels(p->window); i++) {
        int64_t at[TARE_SPATIAL];
        bool inside = true;
        tare_pixel_at(p->window, i, at);
        for (int d = 0; d < TARE_SPATIAL; d++) {
            at[d] += out[d] * p->stride[d] - p->before[d];
            inside = inside && at[d] >= 0 && at[d] < p->in[d];
        }
        if (!inside) continue;
        elements[found++] =
            (sample * tare_pixels(p->in) + tare_pixel_index(p->in, at)) * p->channels + channel;
    }
    return found;
}

/* The first of the largest; a NaN counts as the largest. */
static int64_t first_largest(const float *x, const int64_t *elements, int64_t count) {
    int64_t best = elements[0];
    for (int64_t i = 1; i < count && !isnan(x[best]); i++)
        if (isnan(x[elements[i]]) || x[elements[i]] > x[best]) best = elements[i];
    return best;
}

typedef struct wanted {
    double *max, *max_gradient, *picked, *average, *average_gradient;
} wanted;

static double *zeros(int64_t count) {
    double *values = calloc((size_t)count + 1, sizeof *values);
    assert_non_null(values);
    return values;
}

static wanted find_wanted(const tare_pooling *p, const float *x, const float *dy, const float *u) {
    wanted w = {zeros(out_count(p)), zeros(in_count(p)), zeros(out_count(p)), zeros(out_count(p)),
                zeros(in_count(p))};
    int64_t *elements = malloc((size_t)tare_pixels(p->window) * sizeof *elements);
    for (int64_t o = 0; o < out_count(p); o++) {
        const int64_t count = list_window(p, o, elements);
        w.max[o] = -INFINITY;
        if (count == 0) continue;
        const int64_t best = first_largest(x, elements, count);
        w.max[o] = (double)x[best];
        w.max_gradient[best] += (double)dy[o];
        w.picked[o] = (double)u[best];
        for (int64_t i = 0; i < count; i++) {
            w.average[o] += (double)x[elements[i]] / (double)count;
            w.average_gradient[elements[i]] += (double)dy[o] / (double)count;
        }
    }
    free(elements);
    return w;
}

static void free_wanted(wanted *w) {
    free(w->max);
    free(w->max_gradient);
    free(w->picked);
    free(w->average);
    free(w->average_gradient);
}

static void compare(const float *got, const double *right, int64_t count, double tolerance) {
    for (int64_t i = 0; i < count; i++) {
        if (isnan(right[i]) && isnan(got[i])) continue;
        if (isinf(right[i]) && (double)got[i] == right[i]) continue;
        if (!(fabs((double)got[i] - right[i]) <= tolerance))
            fail_msg("at %ld: got %.9g, not %.9g", (long)i, (double)got[i], right[i]);
    }
}

typedef struct results {
    float *max, *max_gradient, *picked, *average, *average_gradient;
} results;

static results run_pooling(const tare_pooling *p, const float *x, const float *dy, const float *u,
                           tare_pool *pool) {
    results r = {check_array(out_count(p)), check_array(in_count(p)), check_array(out_count(p)),
                 check_array(out_count(p)), check_array(in_count(p))};
    float *exact_x = check_exact_copy(x, in_count(p)),
          *exact_dy = check_exact_copy(dy, out_count(p));
    tare_pool_max_f32(p, exact_x, r.max, pool);
    tare_pool_max_gradient_f32(p, exact_x, exact_dy, r.max_gradient, pool);
    tare_pool_max_pick_f32(p, exact_x, u, r.picked, pool);
    tare_pool_average_f32(p, exact_x, r.average, pool);
    tare_pool_average_gradient_f32(p, exact_dy, r.average_gradient, pool);
    free(exact_x);
    free(exact_dy);
    return r;
}

static void free_results(results *r) {
    check_release(r->max);
    check_release(r->max_gradient);
    check_release(r->picked);
    check_release(r->average);
    check_release(r->average_gradient);
}

/* The same in float64, from the same numbers. */
static void check_doubles(const tare_pooling *p, const float *x, const float *dy, const float *u,
                          const wanted *w) {
    const int64_t in = in_count(p), out = out_count(p);
    double *wide_x = zeros(in), *wide_dy = zeros(out), *wide_u = zeros(in), *to_out = zeros(out),
           *to_in = zeros(in);
    for (int64_t i = 0; i < in; i++) wide_x[i] = (double)x[i], wide_u[i] = (double)u[i];
    for (int64_t i = 0; i < out; i++) wide_dy[i] = (double)dy[i];
    tare_pool_max_f64(p, wide_x, to_out, NULL);
    for (int64_t i = 0; i < out; i++) assert_true(to_out[i] == w->max[i] || isnan(w->max[i]));
    tare_pool_max_pick_f64(p, wide_x, wide_u, to_out, NULL);
    for (int64_t i = 0; i < out; i++) assert_true(to_out[i] == w->picked[i]);
    tare_pool_average_f64(p, wide_x, to_out, NULL);
    for (int64_t i = 0; i < out; i++) assert_true(!(fabs(to_out[i] - w->average[i]) > 1e-14));
    tare_pool_max_gradient_f64(p, wide_x, wide_dy, to_in, NULL);
    for (int64_t i = 0; i < in; i++) assert_true(fabs(to_in[i] - w->max_gradient[i]) <= 1e-13);
    tare_pool_average_gradient_f64(p, wide_dy, to_in, NULL);
    for (int64_t i = 0; i < in; i++) assert_true(fabs(to_in[i] - w->average_gradient[i]) <= 1e-13);
    free(wide_x);
    free(wide_dy);
    free(wide_u);
    free(to_out);
    free(to_in);
}

/* One slice by the kernel of an instruction set, windows added up as if they overlapped. */
static results run_kernel(tare_isa isa, const tare_pooling *p, const float *x, const float *dy,
                          const float *u) {
    const tare_pooling_slices *f32 = &tare_pooling_kernel_of(isa, p->channels)->f32;
    results r = {check_array(out_count(p)), check_array(in_count(p)), check_array(out_count(p)),
                 check_array(out_count(p)), check_array(in_count(p))};
    tare_pooling_job rows = {.p = p, .x = x, .other = x, .slices = 1};
    tare_pooling_job samples = {.p = p, .x = x, .other = dy, .items = p->batch, .slices = 1};
    rows.items = p->batch * p->out[0] * p->out[1];
    rows.out = r.max, f32->max(&rows, 0);
    rows.out = r.average, f32->average(&rows, 0);
    rows.out = r.picked, rows.other = u, f32->pick(&rows, 0);
    samples.out = r.max_gradient, f32->max_gradient(&samples, 0);
    samples.out = r.average_gradient, f32->average_gradient(&samples, 0);
    return r;
}

static void check_kernels(const tare_pooling *p, const float *x, const float *dy, const float *u,
                          const wanted *w, double unit) {
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        results r = run_kernel((tare_isa)isa, p, x, dy, u);
        compare(r.max, w->max, out_count(p), 0);
        compare(r.picked, w->picked, out_count(p), 0);
        compare(r.max_gradient, w->max_gradient, in_count(p),
                unit * (double)tare_pixels(p->window));
        compare(r.average, w->average, out_count(p), unit);
        compare(r.average_gradient, w->average_gradient, in_count(p),
                unit * (double)tare_pixels(p->window));
        free_results(&r);
    }
}

static void check_numbers(const tare_pooling *p, const float *x, const float *dy, const float *u) {
    wanted w = find_wanted(p, x, dy, u);
    results r = run_pooling(p, x, dy, u, NULL);
    /* Sums have at most as many terms as a window has pixels, each below 1. */
    const double unit = ldexp(1, -24) * ((double)tare_pixels(p->window) + 2);
    compare(r.max, w.max, out_count(p), 0);
    compare(r.picked, w.picked, out_count(p), 0);
    compare(r.max_gradient, w.max_gradient, in_count(p), unit * (double)tare_pixels(p->window));
    compare(r.average, w.average, out_count(p), unit);
    compare(r.average_gradient, w.average_gradient, in_count(p),
            unit * (double)tare_pixels(p->window));
    check_doubles(p, x, dy, u, &w);
    if (out_count(p) > 0) check_kernels(p, x, dy, u, &w, unit);
    free_results(&r);
    free_wanted(&w);
}

static void check_pooling(const tare_pooling *p) {
    float *x = check_random(21, in_count(p)), *dy = check_random(22, out_count(p)),
          *u = check_random(23, in_count(p));
    check_numbers(p, x, dy, u);
    check_release(x);
    check_release(dy);
    check_release(u);
}

static tare_pooling plane(int64_t batch, int64_t height, int64_t width, int64_t channels,
                          int64_t window, int64_t stride, int64_t before) {
    tare_pooling p = {.batch = batch,
                      .channels = channels,
                      .in = {1, height, width},
                      .out = {1, 1, 1},
                      .window = {1, window, window},
                      .stride = {1, stride, stride},
                      .before = {0, before, before}};
    for (int d = 1; d < TARE_SPATIAL; d++)
        p.out[d] = (p.in[d] + 2 * before - window + stride) / stride;
    return p;
}

static void agrees_on_planes(void **state) {
    (void)state;
    static const int64_t channels[] = {1, 3, 6, 16, 67, 130};
    for (int s = 0; s < 60; s++) {
        const int64_t window = 1 + s % 4;
        const tare_pooling p = plane(1 + s % 3, 4 + s % 5, 4 + s / 3 % 6, channels[s % 6], window,
                                     1 + s / 4 % 3, s % 2 < window ? s % 2 : 0);
        check_pooling(&p);
    }
}

static void agrees_on_the_layers_of_lenet(void **state) {
    (void)state;
    const tare_pooling first = plane(5, 24, 24, 6, 2, 2, 0), second = plane(5, 8, 8, 16, 2, 2, 0);
    check_pooling(&first);
    check_pooling(&second);
}

/* Windows without gap or overlap are written, not added up: blocks of channels overlap there. */
static void agrees_on_tiles_of_any_number_of_channels(void **state) {
    (void)state;
    for (int64_t channels = 1; channels < 40; channels++) {
        const tare_pooling square = plane(2, 4, 6, channels, 2, 2, 0);
        check_pooling(&square);
    }
    const tare_pooling cube = {.batch = 2,
                               .channels = 35,
                               .in = {2, 6, 4},
                               .out = {1, 2, 2},
                               .window = {2, 3, 2},
                               .stride = {2, 3, 2}};
    check_pooling(&cube);
    const tare_pooling cropped = plane(2, 5, 7, 35, 2, 2, 0);
    check_pooling(&cropped);
}

/* Every vector length, also those that reach over a pixel's end. */
static void check_tiled_averages(const tare_pooling *p) {
    float *x = check_random(24, in_count(p)), *dy = check_random(25, out_count(p));
    float *y = check_array(out_count(p)), *dx = check_array(in_count(p));
    wanted w = find_wanted(p, x, dy, x);
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        for (int64_t channels = 4; channels <= 40; channels++) {
            const tare_pooling_kernel *kernel = tare_pooling_kernel_over((tare_isa)isa, channels);
            tare_pooling_job job = {.p = p, .x = x, .other = dy, .out = y, .slices = 1};
            job.tiled = true;
            job.items = p->batch * p->out[0] * p->out[1];
            kernel->f32.average(&job, 0);
            compare(y, w.average, out_count(p), 1e-6);
            job.out = dx;
            job.items = p->batch;
            kernel->f32.average_gradient(&job, 0);
            compare(dx, w.average_gradient, in_count(p), 1e-6);
        }
    }
    check_release(x);
    check_release(dy);
    check_release(y);
    check_release(dx);
    free_wanted(&w);
}

static void averages_tiles_with_vectors_of_any_length(void **state) {
    (void)state;
    for (int64_t channels = 1; channels < 20; channels++) {
        const tare_pooling p = plane(2, 4, 6, channels, 2, 2, 0);
        check_tiled_averages(&p);
    }
}

static void agrees_in_one_and_three_dimensions(void **state) {
    (void)state;
    const tare_pooling line = {.batch = 3,
                               .channels = 5,
                               .in = {1, 1, 11},
                               .out = {1, 1, 6},
                               .window = {1, 1, 3},
                               .stride = {1, 1, 2},
                               .before = {0, 0, 1}};
    check_pooling(&line);
    const tare_pooling cube = {.batch = 2,
                               .channels = 4,
                               .in = {4, 5, 6},
                               .out = {2, 3, 3},
                               .window = {3, 2, 3},
                               .stride = {2, 2, 2},
                               .before = {1, 0, 1}};
    check_pooling(&cube);
}

static void padding_never_counts(void **state) {
    (void)state;
    tare_pooling p = plane(1, 3, 3, 2, 3, 2, 1);
    float x[18], dy[8], u[18] = {0}, y[8];
    for (int i = 0; i < 18; i++) x[i] = -1 - (float)i; /* all below 0 */
    for (int i = 0; i < 8; i++) dy[i] = 1;
    check_numbers(&p, x, dy, u);
    tare_pool_max_f32(&p, x, y, NULL);
    assert_true(y[0] == -1 && y[1] == -2);
    tare_pool_average_f32(&p, x, y, NULL);
    assert_true(y[0] == -(1 + 3 + 7 + 9) / 4.0f); /* four pixels, not nine */
}

static void ties_give_the_gradient_to_the_first(void **state) {
    (void)state;
    const tare_pooling p = {.batch = 1,
                            .channels = 1,
                            .in = {1, 3, 3},
                            .out = {1, 3, 3},
                            .window = {1, 2, 2},
                            .stride = {1, 1, 1}};
    /* TensorFlow's own answer: golden case max_pool_ties. */
    const float x[] = {1, 1, 2, 1, 1, 2, 0, 0, 0}, dy[] = {2, 3, 5, 7, 11, 13, 17, 19, 23};
    const float wanted_dx[] = {2, 0, 3 + 5, 7, 0, 11 + 13, 17, 19, 23};
    float dx[9];
    tare_pool_max_gradient_f32(&p, x, dy, dx, NULL);
    assert_memory_equal(dx, wanted_dx, sizeof dx);
}

static void nan_is_the_maximum_and_takes_the_gradient(void **state) {
    (void)state;
    const tare_pooling p = plane(2, 6, 6, 3, 2, 2, 0);
    float *x = check_random(31, in_count(&p)), *dy = check_random(32, out_count(&p)),
          *u = check_random(33, in_count(&p));
    x[0] = x[3] = NAN;          /* the first of two in one window */
    x[(6 + 3) * 3 + 1] = NAN;   /* the last of its window */
    x[(36 + 2) * 3 + 2] = -NAN; /* the first of its window */
    x[(36 + 4) * 3] = INFINITY; /* and no NaN */
    x[(36 + 5) * 3] = NAN;      /* NaN beats infinity */
    wanted w = find_wanted(&p, x, dy, u);
    results r = run_pooling(&p, x, dy, u, NULL);
    compare(r.max, w.max, out_count(&p), 0);
    compare(r.picked, w.picked, out_count(&p), 0);
    compare(r.max_gradient, w.max_gradient, in_count(&p), 1e-6);
    assert_true(isnan(r.max[0]) && r.max_gradient[0] == dy[0] && r.max_gradient[3] == 0);
    free_results(&r);
    free_wanted(&w);
    check_release(x);
    check_release(dy);
    check_release(u);
}

static void window_in_the_padding_is_empty(void **state) {
    (void)state;
    const tare_pooling p = {.batch = 1,
                            .channels = 2,
                            .in = {1, 2, 2},
                            .out = {1, 2, 2},
                            .window = {1, 2, 2},
                            .stride = {1, 4, 4},
                            .before = {0, 2, 2}};
    check_pooling(&p); /* all four lie outside but the last: -infinity, 0, no gradient */
    const float x[] = {1, 2, 3, 4, 5, 6, 7, 8};
    float y[8];
    tare_pool_max_f32(&p, x, y, NULL);
    assert_true(isinf(y[0]) && y[0] < 0);
    tare_pool_average_f32(&p, x, y, NULL);
    assert_true(y[0] == 0);
}

static void minus_infinity_is_a_number_like_others(void **state) {
    (void)state;
    const tare_pooling p = plane(1, 2, 2, 1, 2, 2, 0);
    const float x[] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY}, dy[] = {3};
    float y, dx[4];
    tare_pool_max_f32(&p, x, &y, NULL);
    tare_pool_max_gradient_f32(&p, x, dy, dx, NULL);
    assert_true(isinf(y) && y < 0 && dx[0] == 3 && dx[1] == 0 && dx[2] == 0 && dx[3] == 0);
}

static void takes_empty_extents(void **state) {
    (void)state;
    const tare_pooling none = plane(0, 4, 4, 3, 2, 2, 0), no_channels = plane(2, 4, 4, 0, 2, 2, 0);
    check_pooling(&none);
    check_pooling(&no_channels);
    tare_pooling no_output = plane(2, 2, 2, 3, 2, 1, 0);
    no_output.out[1] = no_output.out[2] = 0;
    check_pooling(&no_output);
}

static void has_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    const tare_pooling layers[] = {plane(64, 24, 24, 6, 2, 2, 0), plane(16, 17, 17, 67, 3, 2, 1)};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        const tare_pooling *p = &layers[i];
        float *x = check_random(41, in_count(p)), *dy = check_random(42, out_count(p)),
              *u = check_random(43, in_count(p));
        results alone = run_pooling(p, x, dy, u, NULL);
        for (int pool = 0; pool < CHECK_POOLS; pool++) {
            results shared = run_pooling(p, x, dy, u, pools[pool]);
            assert_true(check_same_bits(alone.max, shared.max, out_count(p)));
            assert_true(check_same_bits(alone.max_gradient, shared.max_gradient, in_count(p)));
            assert_true(check_same_bits(alone.picked, shared.picked, out_count(p)));
            assert_true(check_same_bits(alone.average, shared.average, out_count(p)));
            assert_true(
                check_same_bits(alone.average_gradient, shared.average_gradient, in_count(p)));
            free_results(&shared);
        }
        free_results(&alone);
        check_release(x);
        check_release(dy);
        check_release(u);
    }
    check_free_pools(pools);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_on_planes),
        cmocka_unit_test(agrees_on_the_layers_of_lenet),
        cmocka_unit_test(agrees_on_tiles_of_any_number_of_channels),
        cmocka_unit_test(averages_tiles_with_vectors_of_any_length),
        cmocka_unit_test(agrees_in_one_and_three_dimensions),
        cmocka_unit_test(padding_never_counts),
        cmocka_unit_test(ties_give_the_gradient_to_the_first),
        cmocka_unit_test(nan_is_the_maximum_and_takes_the_gradient),
        cmocka_unit_test(window_in_the_padding_is_empty),
        cmocka_unit_test(minus_infinity_is_a_number_like_others),
        cmocka_unit_test(takes_empty_extents),
        cmocka_unit_test(has_the_same_bits_for_every_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
