/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions: the fast ones of every instruction set against plain loops in double. */
#include "kernel_check.h"

#include "kernel/convolution_geometry.h"
#include "kernel/convolution_kernel.h"

/* What one test knows: shapes, operands, and for each result the reference and the size of its
 * terms. */
typedef struct layer {
    tare_convolution c;
    int64_t x_count, w_count, y_count;
    float *x, *w, *bias, *dy;
    double *y_wanted, *dx_wanted, *dw_wanted; /* float64 references */
    double *y_size, *dx_size, *dw_size;       /* the same of the operands' magnitudes */
} layer;

static double *widened(const float *values, int64_t count, bool magnitudes) {
    double *wide = malloc((size_t)(count + 1) * sizeof *wide);
    assert_non_null(wide);
    for (int64_t i = 0; i < count; i++)
        wide[i] = magnitudes ? fabs((double)values[i]) : (double)values[i];
    return wide;
}

static double *unset(int64_t count) {
    double *values = malloc((size_t)(count + 1) * sizeof *values);
    assert_non_null(values);
    return values;
}

static void find_wanted(layer *l, bool magnitudes, double **y, double **dx, double **dw) {
    double *x = widened(l->x, l->x_count, magnitudes), *w = widened(l->w, l->w_count, magnitudes);
    double *dy = widened(l->dy, l->y_count, magnitudes);
    double *bias = l->bias ? widened(l->bias, l->c.filters, magnitudes) : NULL;
    *y = unset(l->y_count);
    *dx = unset(l->x_count);
    *dw = unset(l->w_count);
    tare_convolution_forward_reference_f64(&l->c, x, w, bias, *y);
    tare_convolution_data_reference_f64(&l->c, dy, w, *dx);
    tare_convolution_filter_reference_f64(&l->c, x, dy, *dw);
    free(x);
    free(w);
    free(dy);
    free(bias);
}

static layer make_layer(const tare_convolution *c, bool bias, bool references) {
    layer l = {.c = *c};
    l.x_count = c->batch * tare_pixels(c->in) * c->channels;
    l.y_count = c->batch * tare_pixels(c->out) * c->filters;
    l.w_count = tare_pixels(c->kernel) * (c->channels / c->groups) * c->filters;
    l.x = check_random(11, l.x_count);
    l.w = check_random(12, l.w_count);
    l.bias = bias ? check_random(13, c->filters) : NULL;
    l.dy = check_random(14, l.y_count);
    if (references) {
        find_wanted(&l, false, &l.y_wanted, &l.dx_wanted, &l.dw_wanted);
        find_wanted(&l, true, &l.y_size, &l.dx_size, &l.dw_size);
    }
    return l;
}

static void free_layer(layer *l) {
    check_release(l->x);
    check_release(l->w);
    if (l->bias) check_release(l->bias);
    check_release(l->dy);
    double *all[] = {l->y_wanted, l->dx_wanted, l->dw_wanted, l->y_size, l->dx_size, l->dw_size};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* The three results of one instruction set. */
typedef struct results {
    float *y, *dx, *dw;
} results;

static results run_layer(const layer *l, tare_isa isa, tare_pool *pool) {
    const tare_convolution *c = &l->c;
    results r = {check_array(l->y_count), check_array(l->x_count), check_array(l->w_count)};
    float *x = check_exact_copy(l->x, l->x_count), *w = check_exact_copy(l->w, l->w_count);
    float *dy = check_exact_copy(l->dy, l->y_count);
    float *bias = l->bias ? check_exact_copy(l->bias, c->filters) : NULL;
    void *forward = check_scratch(tare_convolution_forward_scratch_with(isa, c));
    void *data = check_scratch(tare_convolution_data_scratch_with(isa, c));
    void *filter = check_scratch(tare_convolution_filter_scratch_with(isa, c));
    tare_convolution_forward_f32_with(isa, c, x, w, bias, r.y, forward, pool);
    tare_convolution_data_f32_with(isa, c, dy, w, r.dx, data, pool);
    tare_convolution_filter_f32_with(isa, c, x, dy, r.dw, filter, pool);
    void *all[] = {x, w, dy, bias, forward, data, filter};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    return r;
}

static void free_results(results *r) {
    check_release(r->y);
    check_release(r->dx);
    check_release(r->dw);
}

/* A float32 sum of t terms is off by at most t epsilon / 2 times the sum of the terms' magnitudes.
 */
static void compare(const char *what, const layer *l, const float *got, const double *wanted,
                    const double *size, int64_t count, int64_t terms) {
    const double unit = ldexp(1, -24) * ((double)terms + 8);
    const tare_convolution *c = &l->c;
    for (int64_t i = 0; i < count; i++)
        if (!(fabs(got[i] - wanted[i]) <= unit * size[i]))
            fail_msg("%s of %ld x %ldx%ldx%ldx%ld -> %ld, groups %ld, at %ld: got %.9g, not %.9g",
                     what, (long)c->batch, (long)c->in[0], (long)c->in[1], (long)c->in[2],
                     (long)c->channels, (long)c->filters, (long)c->groups, (long)i, (double)got[i],
                     wanted[i]);
}

static void check_results(const layer *l, const results *r) {
    const tare_convolution *c = &l->c;
    const int64_t taps = tare_pixels(c->kernel);
    compare("y", l, r->y, l->y_wanted, l->y_size, l->y_count, taps * c->channels / c->groups);
    compare("dx", l, r->dx, l->dx_wanted, l->dx_size, l->x_count, taps * c->filters / c->groups);
    compare("dw", l, r->dw, l->dw_wanted, l->dw_size, l->w_count, c->batch * tare_pixels(c->out));
}

static void check_layer(const tare_convolution *c) {
    layer l = make_layer(c, c->batch % 2 == 0, true);
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        results r = run_layer(&l, (tare_isa)isa, NULL);
        check_results(&l, &r);
        free_results(&r);
    }
    free_layer(&l);
}

/* A convolution over height and width. pad: zeros on every side; outputs as many as fit. */
static tare_convolution plane(int64_t batch, int64_t height, int64_t width, int64_t channels,
                              int64_t filters, int64_t kernel_height, int64_t kernel_width,
                              int64_t stride, int64_t dilation, int64_t pad) {
    tare_convolution c = {.batch = batch,
                          .channels = channels,
                          .filters = filters,
                          .groups = 1,
                          .in = {1, height, width},
                          .kernel = {1, kernel_height, kernel_width},
                          .stride = {1, stride, stride},
                          .dilation = {1, dilation, dilation},
                          .before = {0, pad, pad}};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int64_t reach = (c.kernel[d] - 1) * c.dilation[d] + 1,
                      room = c.in[d] + 2 * c.before[d] - reach;
        c.out[d] = room >= 0 ? room / c.stride[d] + 1 : 0;
    }
    return c;
}

static void agrees_with_plain_loops_on_planes(void **state) {
    (void)state;
    static const int64_t channels[] = {1, 2, 3, 16, 17}, filters[] = {1, 4, 6, 16, 33};
    for (int s = 0; s < 120; s++) {
        const int64_t in = channels[s % 5], out = filters[s / 5 % 5];
        const int64_t height = 1 + s % 9, width = 1 + s * 7 % 11;
        const int64_t kernel_height = 1 + s % 4, kernel_width = 1 + s / 3 % 5;
        tare_convolution c = plane(1 + s % 6, height, width, in, out, kernel_height, kernel_width,
                                   1 + s / 2 % 3, 1 + s / 7 % 2, s % 3);
        check_layer(&c);
    }
}

static void agrees_on_the_layers_of_lenet(void **state) {
    (void)state;
    tare_convolution first = plane(3, 28, 28, 1, 6, 5, 5, 1, 1, 0),
                     second = plane(5, 12, 12, 6, 16, 5, 5, 1, 1, 0);
    check_layer(&first);
    check_layer(&second);
}

static void agrees_with_padding_on_one_side(void **state) {
    (void)state;
    /* TensorFlow's SAME with stride 2: nothing in front, one behind. */
    tare_convolution c = plane(2, 8, 10, 5, 7, 3, 3, 2, 1, 0);
    c.out[1] = 4;
    c.out[2] = 5;
    check_layer(&c);
    /* All in front. */
    c = plane(2, 6, 6, 3, 20, 3, 4, 1, 1, 0);
    c.before[1] = 2;
    c.before[2] = 3;
    c.out[1] = c.out[2] = 6;
    check_layer(&c);
}

static void agrees_with_a_kernel_larger_than_the_image(void **state) {
    (void)state;
    tare_convolution c = plane(2, 3, 2, 4, 5, 7, 5, 1, 1, 3);
    check_layer(&c);
    c = plane(2, 2, 2, 3, 3, 5, 5, 3, 2, 4);
    check_layer(&c);
}

static void agrees_in_one_and_three_dimensions(void **state) {
    (void)state;
    tare_convolution line = plane(2, 1, 40, 5, 18, 1, 4, 2, 1, 0);
    line.stride[1] = 1;
    check_layer(&line);
    for (int s = 0; s < 8; s++) {
        tare_convolution c = {.batch = 2,
                              .channels = 3,
                              .filters = 9,
                              .groups = 1,
                              .in = {4, 5, 6},
                              .kernel = {2, 3, 3},
                              .stride = {1 + s % 2, 1 + s / 2 % 2, 1 + s / 4},
                              .dilation = {1, 1 + s % 2, 1},
                              .before = {1, 1, s % 3}};
        for (int d = 0; d < TARE_SPATIAL; d++)
            c.out[d] =
                (c.in[d] + 2 * c.before[d] - (c.kernel[d] - 1) * c.dilation[d] - 1) / c.stride[d] +
                1;
        check_layer(&c);
    }
}

static void agrees_with_groups(void **state) {
    (void)state;
    for (int s = 0; s < 6; s++) {
        static const int64_t channels[] = {6, 6, 32, 8, 8, 66}, filters[] = {9, 6, 64, 8, 16, 2};
        static const int64_t groups[] = {3, 2, 2, 8, 8, 2};
        tare_convolution c = plane(2, 7, 6, channels[s], filters[s], 3, 3, 1 + s % 2, 1 + s / 4, 1);
        c.groups = groups[s];
        check_layer(&c);
    }
}

static void agrees_over_several_strips_and_chunks(void **state) {
    (void)state;
    tare_convolution deep = plane(1, 5, 5, 600, 40, 3, 3, 1, 1, 1); /* more channels than a chunk */
    check_layer(&deep);
    tare_convolution many = plane(9, 20, 20, 20, 35, 3, 3, 1, 1, 1); /* many strips and ranges */
    check_layer(&many);
    many = plane(9, 21, 20, 20, 35, 3, 3, 2, 1, 1);
    check_layer(&many);
}

/* Shapes whose strips are cut along each axis in turn: wide rows, many rows, many planes, one pixel
 * after the other of all samples; results a stride apart; sources read in place and copied. */
static void agrees_however_strips_are_cut(void **state) {
    (void)state;
    const tare_convolution cut[] = {
        plane(1, 3, 1100, 24, 18, 3, 3, 1, 1, 1), /* part of a row */
        plane(1, 70, 40, 32, 20, 3, 3, 1, 1, 1),  /* some rows */
        plane(2, 40, 41, 33, 35, 3, 2, 2, 1, 1),  /* the same, stride 2 */
        plane(3, 30, 30, 40, 34, 1, 1, 1, 1, 0),  /* one long row through all samples */
        plane(2, 15, 17, 16, 32, 1, 1, 2, 1, 0),  /* three of four residues without a tap */
        plane(1, 9, 14, 1024, 16, 1, 1, 1, 1, 0), /* pixels that would meet in one set */
        plane(1, 6, 7, 1024, 5, 3, 3, 1, 2, 2),   /* the same, taps apart */
        plane(2, 12, 13, 16, 40, 3, 4, 3, 2, 2),  /* taps that skip residues */
        plane(2, 12, 13, 16, 16, 2, 2, 2, 2, 1),  /* residues that no tap meets */
        plane(2, 11, 12, 18, 20, 3, 1, 1, 1, 0)}; /* nothing padded at the sides */
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) check_layer(&cut[i]);
    tare_convolution deep = plane(2, 20, 21, 34, 17, 3, 3, 1, 1, 1);
    deep.in[0] = deep.out[0] = 5;
    deep.kernel[0] = 3;
    deep.before[0] = 1;
    check_layer(&deep);
    deep.before[0] = 3; /* whole planes of padding */
    deep.out[0] = 9;
    check_layer(&deep);
}

/* One to four filters, or channels of dx: sums in the lanes of vectors; gradients of the mirror. */
static void agrees_with_few_filters(void **state) {
    (void)state;
    for (int s = 0; s < 16; s++) {
        const int64_t channels = 15 + 7 * (s % 4), filters = 1 + s / 4;
        tare_convolution c = plane(1 + s % 3, 9 + s % 2, 12 + s % 5, channels, filters, 3,
                                   1 + s % 4, 1, 1 + s % 2, s % 3);
        check_layer(&c);
        c = plane(3, 9, 11, filters, channels, 3, 3, 1 + s % 2, 1, 1);
        check_layer(&c);
    }
    tare_convolution grouped = plane(2, 8, 9, 64, 4, 3, 3, 1, 1, 1);
    grouped.groups = 2;
    check_layer(&grouped);
    grouped.groups = 4;
    check_layer(&grouped);
}

static void takes_empty_extents(void **state) {
    (void)state;
    tare_convolution none = plane(0, 4, 4, 3, 2, 3, 3, 1, 1, 1);
    check_layer(&none);
    tare_convolution no_output = plane(2, 2, 2, 3, 4, 3, 3, 1, 1, 0); /* dw and dx are 0 */
    assert_int_equal(no_output.out[1], 0);
    check_layer(&no_output);
    tare_convolution no_channels = plane(2, 4, 4, 0, 4, 3, 3, 1, 1, 1); /* y is the bias */
    check_layer(&no_channels);
    tare_convolution no_filters = plane(2, 4, 4, 3, 0, 3, 3, 1, 1, 1);
    check_layer(&no_filters);
}

static void has_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    const tare_convolution layers[] = {
        plane(16, 28, 28, 1, 6, 5, 5, 1, 1, 0),  plane(32, 12, 12, 6, 16, 5, 5, 1, 1, 0),
        plane(8, 16, 16, 32, 32, 3, 3, 1, 1, 1), plane(8, 16, 16, 20, 40, 3, 3, 2, 1, 1),
        plane(4, 8, 8, 260, 70, 3, 3, 1, 2, 2),  plane(8, 20, 20, 64, 48, 1, 1, 1, 1, 0),
        plane(8, 20, 20, 32, 1, 3, 3, 1, 1, 1),  plane(1, 32, 32, 16, 16, 3, 3, 1, 1, 1)};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        layer l = make_layer(&layers[i], true, false);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            results alone = run_layer(&l, (tare_isa)isa, NULL);
            for (int pool = 0; pool < CHECK_POOLS; pool++) {
                results shared = run_layer(&l, (tare_isa)isa, pools[pool]);
                assert_true(check_same_bits(alone.y, shared.y, l.y_count));
                assert_true(check_same_bits(alone.dx, shared.dx, l.x_count));
                assert_true(check_same_bits(alone.dw, shared.dw, l.w_count));
                free_results(&shared);
            }
            free_results(&alone);
        }
        free_layer(&l);
    }
    check_free_pools(pools);
}

static void keeps_nan_in_the_windows_that_hold_it(void **state) {
    (void)state;
    tare_convolution c = plane(2, 6, 6, 2, 8, 3, 3, 1, 1, 1);
    layer l = make_layer(&c, false, false);
    l.x[(36 + 2 * 6 + 3) * 2 + 1] = NAN; /* second sample, row 2, column 3 */
    results r = run_layer(&l, tare_isa_used(), NULL);
    for (int64_t i = 0; i < l.y_count; i++) {
        const int64_t pixel = i / 8 % 36, row = pixel / 6, column = pixel % 6;
        const bool touched =
            i / (8 * 36) == 1 && row >= 1 && row <= 3 && column >= 2 && column <= 4;
        assert_int_equal(isnan(r.y[i]) != 0, touched);
    }
    for (int64_t i = 0; i < l.w_count; i++) assert_int_equal(isnan(r.dw[i]) != 0, i / 8 % 2 == 1);
    free_results(&r);
    free_layer(&l);
}

static void default_is_the_machines_best(void **state) {
    (void)state;
    tare_convolution c = plane(2, 9, 9, 4, 12, 3, 3, 1, 1, 1);
    layer l = make_layer(&c, true, false);
    results forced = run_layer(&l, tare_isa_used(), NULL);
    results r = {check_array(l.y_count), check_array(l.x_count), check_array(l.w_count)};
    void *forward = check_scratch(tare_convolution_forward_scratch(&c));
    void *data = check_scratch(tare_convolution_data_scratch(&c));
    void *filter = check_scratch(tare_convolution_filter_scratch(&c));
    tare_convolution_forward_f32(&c, l.x, l.w, l.bias, r.y, forward, NULL);
    tare_convolution_data_f32(&c, l.dy, l.w, r.dx, data, NULL);
    tare_convolution_filter_f32(&c, l.x, l.dy, r.dw, filter, NULL);
    assert_true(check_same_bits(forced.y, r.y, l.y_count));
    assert_true(check_same_bits(forced.dx, r.dx, l.x_count));
    assert_true(check_same_bits(forced.dw, r.dw, l.w_count));
    free(forward);
    free(data);
    free(filter);
    free_results(&r);
    free_results(&forced);
    free_layer(&l);
}

static void scratch_stays_bounded(void **state) {
    (void)state;
    tare_convolution large = plane(64, 224, 224, 64, 64, 3, 3, 1, 1, 1);
    const int64_t filter_bytes = 9 * 64 * 64 * 4, limit = (24 << 20) + filter_bytes;
    assert_true(tare_convolution_forward_scratch(&large) <= limit);
    assert_true(tare_convolution_data_scratch(&large) <= limit);
    assert_true(tare_convolution_filter_scratch(&large) <= limit);
    tare_convolution deep = plane(32, 7, 7, 512, 512, 3, 3, 1, 1, 1);
    const int64_t deep_bytes = (int64_t)9 * 512 * 512 * 4;
    assert_true(tare_convolution_forward_scratch(&deep) <= (24 << 20) + deep_bytes);
    assert_true(tare_convolution_data_scratch(&deep) <= (24 << 20) + deep_bytes);
    assert_true(tare_convolution_filter_scratch(&deep) <= (24 << 20) + deep_bytes);
}

static void references_agree_with_each_other(void **state) {
    (void)state;
    /* sum(y dy) is linear in x and w: it equals sum(x dx) and sum(w dw). */
    tare_convolution c = plane(2, 7, 6, 4, 6, 3, 2, 2, 1, 1);
    c.groups = 2;
    layer l = make_layer(&c, false, true);
    double by_y = 0, by_x = 0, by_w = 0;
    for (int64_t i = 0; i < l.y_count; i++) by_y += l.y_wanted[i] * (double)l.dy[i];
    for (int64_t i = 0; i < l.x_count; i++) by_x += l.dx_wanted[i] * (double)l.x[i];
    for (int64_t i = 0; i < l.w_count; i++) by_w += l.dw_wanted[i] * (double)l.w[i];
    assert_true(fabs(by_y) > 1e-3);
    assert_true(fabs(by_y - by_x) <= 1e-12 * (double)l.y_count &&
                fabs(by_y - by_w) <= 1e-12 * (double)l.y_count);
    float *y = check_array(l.y_count), *dx = check_array(l.x_count), *dw = check_array(l.w_count);
    tare_convolution_forward_reference_f32(&c, l.x, l.w, NULL, y);
    tare_convolution_data_reference_f32(&c, l.dy, l.w, dx);
    tare_convolution_filter_reference_f32(&c, l.x, l.dy, dw);
    for (int64_t i = 0; i < l.y_count; i++) assert_true(y[i] == (float)l.y_wanted[i]);
    for (int64_t i = 0; i < l.x_count; i++) assert_true(dx[i] == (float)l.dx_wanted[i]);
    for (int64_t i = 0; i < l.w_count; i++) assert_true(dw[i] == (float)l.dw_wanted[i]);
    check_release(y);
    check_release(dx);
    check_release(dw);
    free_layer(&l);
}

static void reference_is_the_formula(void **state) {
    (void)state;
    /* 1-D by hand: x = 1 2 3 4, w = 1 10 100, one zero in front, stride 2: y = 0 + 10 + 200, 2 + 30
     * + 400. */
    const tare_convolution c = {.batch = 1,
                                .channels = 1,
                                .filters = 1,
                                .groups = 1,
                                .in = {1, 1, 4},
                                .out = {1, 1, 2},
                                .kernel = {1, 1, 3},
                                .stride = {1, 1, 2},
                                .dilation = {1, 1, 1},
                                .before = {0, 0, 1}};
    const double x[] = {1, 2, 3, 4}, w[] = {1, 10, 100}, bias[] = {0.5}, dy[] = {1, 3};
    double y[2], dx[4], dw[3];
    tare_convolution_forward_reference_f64(&c, x, w, bias, y);
    tare_convolution_data_reference_f64(&c, dy, w, dx);
    tare_convolution_filter_reference_f64(&c, x, dy, dw);
    assert_true(y[0] == 210.5 && y[1] == 432.5);
    assert_true(dx[0] == 10 && dx[1] == 100 + 3 && dx[2] == 30 && dx[3] == 300);
    assert_true(dw[0] == 6 && dw[1] == 1 + 9 && dw[2] == 2 + 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_is_the_formula),
        cmocka_unit_test(references_agree_with_each_other),
        cmocka_unit_test(agrees_with_plain_loops_on_planes),
        cmocka_unit_test(agrees_on_the_layers_of_lenet),
        cmocka_unit_test(agrees_with_padding_on_one_side),
        cmocka_unit_test(agrees_with_a_kernel_larger_than_the_image),
        cmocka_unit_test(agrees_in_one_and_three_dimensions),
        cmocka_unit_test(agrees_with_groups),
        cmocka_unit_test(agrees_over_several_strips_and_chunks),
        cmocka_unit_test(agrees_however_strips_are_cut),
        cmocka_unit_test(agrees_with_few_filters),
        cmocka_unit_test(takes_empty_extents),
        cmocka_unit_test(has_the_same_bits_for_every_thread_count),
        cmocka_unit_test(keeps_nan_in_the_windows_that_hold_it),
        cmocka_unit_test(default_is_the_machines_best),
        cmocka_unit_test(scratch_stays_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
