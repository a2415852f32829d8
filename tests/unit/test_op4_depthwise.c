/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution: the kernels of every instruction set against plain loops in double. */
#include "kernel_check.h"

#include "kernel/convolution_depthwise.h"
#include "kernel/convolution_geometry.h"
#include "kernel/convolution_kernel.h"

enum { FORWARD, DATA, FILTER, RESULTS };

typedef struct layer {
    tare_convolution c;
    int64_t x_count, w_count, y_count, counts[RESULTS];
    float *x, *w, *dy, *bias;
} layer;

/* A depthwise convolution; outputs as many as fit. */
static tare_convolution depthwise(int64_t batch, int64_t height, int64_t width, int64_t channels,
                                  int64_t kernel, int64_t stride, int64_t dilation, int64_t pad) {
    tare_convolution c = {.batch = batch,
                          .channels = channels,
                          .filters = channels,
                          .groups = channels,
                          .in = {1, height, width},
                          .kernel = {1, kernel, kernel},
                          .stride = {1, stride, stride},
                          .dilation = {1, dilation, dilation},
                          .before = {0, pad, pad}};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int64_t room = c.in[d] + 2 * c.before[d] - (c.kernel[d] - 1) * c.dilation[d] - 1;
        c.out[d] = room >= 0 ? room / c.stride[d] + 1 : 0;
    }
    return c;
}

static layer make_layer(const tare_convolution *c) {
    layer l = {.c = *c,
               .x_count = c->batch * tare_pixels(c->in) * c->channels,
               .w_count = tare_pixels(c->kernel) * c->channels,
               .y_count = c->batch * tare_pixels(c->out) * c->channels};
    const int64_t counts[RESULTS] = {l.y_count, l.x_count, l.w_count};
    memcpy(l.counts, counts, sizeof counts);
    l.x = check_random(1, l.x_count);
    l.w = check_random(2, l.w_count);
    l.dy = check_random(3, l.y_count);
    l.bias = check_random(4, c->channels);
    return l;
}

static void free_layer(layer *l) {
    check_release(l->x);
    check_release(l->w);
    check_release(l->dy);
    check_release(l->bias);
}

/* Operands end where their memory ends, so reading on is seen. */
static void run_layer(const layer *l, tare_isa isa, tare_pool *pool, float *results[RESULTS]) {
    const tare_convolution *c = &l->c;
    float *x = check_exact_copy(l->x, l->x_count), *w = check_exact_copy(l->w, l->w_count),
          *dy = check_exact_copy(l->dy, l->y_count);
    void *forward = check_scratch(tare_convolution_forward_scratch_with(isa, c)),
         *data = check_scratch(tare_convolution_data_scratch_with(isa, c)),
         *filter = check_scratch(tare_convolution_filter_scratch_with(isa, c));
    for (int i = 0; i < RESULTS; i++) results[i] = check_array(l->counts[i]);
    const float *bias = c->batch % 2 ? l->bias : NULL;
    tare_convolution_forward_f32_with(isa, c, x, w, bias, results[FORWARD], forward, pool);
    tare_convolution_data_f32_with(isa, c, dy, w, results[DATA], data, pool);
    tare_convolution_filter_f32_with(isa, c, x, dy, results[FILTER], filter, pool);
    void *all[] = {x, w, dy, forward, data, filter};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void free_results(float *results[RESULTS]) {
    for (int i = 0; i < RESULTS; i++) check_release(results[i]);
}

static double *wide(const float *values, int64_t count, bool magnitudes) {
    double *copy = malloc((size_t)(count + 1) * sizeof *copy);
    assert_non_null(copy);
    for (int64_t i = 0; i < count; i++)
        copy[i] = magnitudes ? fabs((double)values[i]) : (double)values[i];
    return copy;
}

/* The results in double, of the operands or of their magnitudes. */
static void find_wanted(const layer *l, bool magnitudes, double *wanted[RESULTS]) {
    double *x = wide(l->x, l->x_count, magnitudes), *w = wide(l->w, l->w_count, magnitudes),
           *dy = wide(l->dy, l->y_count, magnitudes),
           *bias = wide(l->bias, l->c.channels, magnitudes);
    for (int i = 0; i < RESULTS; i++)
        assert_non_null(wanted[i] = calloc((size_t)l->counts[i] + 1, sizeof(double)));
    tare_convolution_forward_reference_f64(&l->c, x, w, l->c.batch % 2 ? bias : NULL,
                                           wanted[FORWARD]);
    tare_convolution_data_reference_f64(&l->c, dy, w, wanted[DATA]);
    tare_convolution_filter_reference_f64(&l->c, x, dy, wanted[FILTER]);
    free(x);
    free(w);
    free(dy);
    free(bias);
}

/* A float32 sum of t terms errs by t / 2 units of the sum of their magnitudes at most. */
static void check_layer(const tare_convolution *c) {
    static const char *const names[RESULTS] = {"y", "dx", "dw"};
    const int64_t taps = tare_pixels(c->kernel) + 1;
    const int64_t terms[RESULTS] = {taps, taps, c->batch * tare_pixels(c->out)};
    layer l = make_layer(c);
    double *wanted[RESULTS], *size[RESULTS];
    find_wanted(&l, false, wanted);
    find_wanted(&l, true, size);
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        float *got[RESULTS];
        run_layer(&l, (tare_isa)isa, NULL, got);
        for (int i = 0; i < RESULTS; i++)
            for (int64_t k = 0; k < l.counts[i]; k++) {
                const double allowed = ldexp((double)terms[i] + 8, -24) * size[i][k];
                if (!(fabs((double)got[i][k] - wanted[i][k]) <= allowed))
                    fail_msg("%s [%ld] of %ld channels with %s: got %.9g, not %.9g", names[i],
                             (long)k, (long)c->channels, tare_isa_name((tare_isa)isa),
                             (double)got[i][k], wanted[i][k]);
            }
        free_results(got);
    }
    for (int i = 0; i < RESULTS; i++) {
        free(wanted[i]);
        free(size[i]);
    }
    free_layer(&l);
}

static void agrees_with_plain_loops(void **state) {
    (void)state;
    static const int64_t channels[] = {2, 3, 4, 7, 8, 15, 16, 17, 33, 64, 70, 131};
    for (int s = 0; s < 96; s++) {
        const tare_convolution c = depthwise(1 + s % 3, 1 + s % 8, 1 + s * 5 % 9, channels[s % 12],
                                             1 + s / 2 % 4, 1 + s / 3 % 3, 1 + s / 5 % 2, s % 3);
        assert_true(tare_depthwise_takes(&c));
        check_layer(&c);
    }
}

static void agrees_over_many_rows(void **state) {
    (void)state;
    const tare_convolution c = depthwise(5, 31, 30, 40, 3, 1, 1, 1),
                           strided = depthwise(4, 33, 32, 36, 5, 2, 1, 2);
    check_layer(&c);
    check_layer(&strided);
}

static void agrees_in_one_and_three_dimensions(void **state) {
    (void)state;
    tare_convolution line = depthwise(2, 1, 50, 9, 1, 1, 1, 0), solid = line;
    line.kernel[2] = 5;
    line.stride[2] = 2;
    line.before[2] = 2;
    line.out[2] = 25;
    check_layer(&line);
    for (int d = 0; d < TARE_SPATIAL; d++) {
        solid.in[d] = 4 + d;
        solid.kernel[d] = 2 + d % 2;
        solid.before[d] = d % 2;
        solid.out[d] = solid.in[d] + 2 * solid.before[d] - solid.kernel[d] + 1;
    }
    check_layer(&solid);
}

static void takes_empty_extents(void **state) {
    (void)state;
    const tare_convolution no_samples = depthwise(0, 4, 4, 3, 3, 1, 1, 1),
                           no_output = depthwise(2, 2, 2, 5, 3, 1, 1, 0);
    assert_int_equal(no_output.out[1], 0);
    check_layer(&no_samples);
    check_layer(&no_output);
}

/* More taps than it has room for, or several filters for a channel, go the other way. */
static void leaves_other_shapes_alone(void **state) {
    (void)state;
    tare_convolution c = depthwise(1, 12, 12, 3, 12, 1, 1, 6);
    assert_false(tare_depthwise_takes(&c));
    check_layer(&c);
    c = depthwise(1, 4, 4, 3, 3, 1, 1, 1);
    c.filters = 6;
    assert_false(tare_depthwise_takes(&c));
}

static void has_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    const tare_convolution layers[] = {depthwise(8, 28, 28, 32, 3, 1, 1, 1),
                                       depthwise(3, 30, 29, 70, 5, 2, 1, 2)};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        layer l = make_layer(&layers[i]);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            float *alone[RESULTS], *shared[RESULTS];
            run_layer(&l, (tare_isa)isa, NULL, alone);
            for (int pool = 0; pool < CHECK_POOLS; pool++) {
                run_layer(&l, (tare_isa)isa, pools[pool], shared);
                for (int k = 0; k < RESULTS; k++)
                    assert_true(check_same_bits(alone[k], shared[k], l.counts[k]));
                free_results(shared);
            }
            free_results(alone);
        }
        free_layer(&l);
    }
    check_free_pools(pools);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_plain_loops),
        cmocka_unit_test(agrees_over_many_rows),
        cmocka_unit_test(agrees_in_one_and_three_dimensions),
        cmocka_unit_test(takes_empty_extents),
        cmocka_unit_test(leaves_other_shapes_alone),
        cmocka_unit_test(has_the_same_bits_for_every_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
