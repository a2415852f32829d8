/* SPDX-License-Identifier: Apache-2.0 */
/* Whole-number products, pools, means and sums: the kernels of every instruction set give the bits
 * of the plain loops. */
#include "kernel_check.h"

#include "kernel/convolution_geometry.h"
#include "kernel/fixed_point.h"
#include "kernel/int8_kernel.h"

enum { EXTREME = 1, HUGE_BIAS = 2, ANY_FACTOR = 4, NO_BIAS = 8 }; /* what numbers a layer has */

typedef struct layer {
    tare_int8_product p;
    int64_t x_count, w_count, y_count;
    int8_t *x, *w, *wanted;
    int32_t *multipliers, *bias;
    tare_int8_weights weights;
} layer;

static int64_t draw(uint64_t seed, int64_t i, int64_t least, int64_t most) {
    const double part = (check_number(seed, i) + 1) / 2;
    return least + (int64_t)(part * (double)(most - least + 1));
}

static int8_t *make_bytes(uint64_t seed, int64_t count, bool extreme) {
    int8_t *bytes = malloc((size_t)count + (count == 0));
    assert_non_null(bytes);
    for (int64_t i = 0; i < count; i++) {
        const int64_t any = draw(seed, i, INT8_MIN, INT8_MAX);
        bytes[i] = (int8_t)(extreme ? (any < 100 ? INT8_MIN : INT8_MAX) : any);
    }
    return bytes;
}

static void draw_columns(layer *l, uint64_t seed, int64_t terms, int kinds) {
    const int64_t filters = l->p.c.filters;
    l->multipliers = malloc((size_t)(2 * filters) * sizeof(int32_t));
    l->bias = malloc((size_t)filters * sizeof(int32_t));
    assert_non_null(l->multipliers);
    assert_non_null(l->bias);
    for (int64_t f = 0; f < filters; f++) {
        double factor = 60.0 / (5000.0 * sqrt((double)terms)) * (1.1 + check_number(seed + 5, f));
        if (kinds & ANY_FACTOR) factor = f % 9 == 8 ? 0 : ldexp(factor, (int)(f * 7 % 40) - 24);
        const tare_multiplier by = tare_multiplier_of(factor);
        l->multipliers[f] = by.multiplier;
        l->multipliers[filters + f] = by.shift;
        const int64_t most = kinds & HUGE_BIAS ? INT32_MAX : 5000;
        l->bias[f] = (int32_t)draw(seed + 6, f, -most - 1, most);
    }
}

static layer make_layer(uint64_t seed, const tare_convolution *c, bool depthwise, int kinds) {
    const int64_t taps = tare_pixels(c->kernel), depth = c->channels / c->groups;
    layer l = {.p = {.c = *c,
                     .filter_step = depthwise ? 1 : taps * depth,
                     .tap_step = depthwise ? c->filters : depth}};
    l.p.x_zero = (int32_t)draw(seed, 0, INT8_MIN, INT8_MAX);
    l.p.y_zero = (int32_t)draw(seed, 1, INT8_MIN, INT8_MAX);
    l.p.w_zero = (int32_t)(seed % 4 == 3 ? draw(seed, 2, INT8_MIN, INT8_MAX) : 0);
    l.p.halves_up = seed % 8 >= 6;
    l.p.least = seed % 3 ? INT8_MIN : l.p.y_zero;
    l.p.most = seed % 5 ? INT8_MAX : (int32_t)draw(seed, 3, l.p.least, INT8_MAX);
    l.x_count = c->batch * tare_pixels(c->in) * c->channels;
    l.w_count = c->filters * taps * depth;
    l.y_count = c->batch * tare_pixels(c->out) * c->filters;
    l.x = make_bytes(seed + 1, l.x_count, kinds & EXTREME);
    l.w = make_bytes(seed + 2, l.w_count, kinds & EXTREME);
    l.wanted = make_bytes(seed + 3, l.y_count, false);
    draw_columns(&l, seed, taps * depth, kinds);
    l.weights = (tare_int8_weights){
        .w = l.w, .multipliers = l.multipliers, .bias = kinds & NO_BIAS ? NULL : l.bias};
    tare_int8_product_reference(&l.p, l.x, &l.weights, l.wanted, NULL);
    return l;
}

static void free_layer(layer *l) {
    void *all[] = {l->x, l->w, l->wanted, l->multipliers, l->bias};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void check_table(const layer *l, const tare_int8_kernel *kernel, tare_pool *pool) {
    const tare_convolution *c = &l->p.c;
    void *packed = check_scratch(tare_int8_packed_bytes_with(kernel, &l->p)),
         *scratch = check_scratch(tare_int8_product_scratch_with(kernel, &l->p));
    int8_t *y = make_bytes(9, l->y_count, false);
    tare_int8_pack_with(kernel, &l->p, &l->weights, packed);
    tare_int8_product_run_with(kernel, &l->p, l->x, packed, y, scratch, pool);
    for (int64_t i = 0; i < l->y_count; i++)
        if (y[i] != l->wanted[i])
            fail_msg("[%ld] of %ldx%ldx%ld, %ld filters of %ldx%ld in %ld groups, with %s of %d "
                     "bytes: got %d, not %d",
                     (long)i, (long)c->in[1], (long)c->in[2], (long)c->channels, (long)c->filters,
                     (long)c->kernel[1], (long)c->kernel[2], (long)c->groups,
                     tare_isa_name(kernel->isa), kernel->bytes, y[i], l->wanted[i]);
    free(y);
    free(scratch);
    free(packed);
}

static void check_layer(const layer *l, tare_pool *pool) {
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++)
        check_table(l, tare_int8_kernel_for((tare_isa)isa, &l->p), pool);
}

static int64_t results_along(const tare_convolution *c, int d, int64_t pad) {
    const int64_t room = c->in[d] + 2 * pad - (c->kernel[d] - 1) * c->dilation[d] - 1;
    return room >= 0 ? room / c->stride[d] + 1 : 0;
}

static tare_convolution convolution(int64_t batch, int64_t height, int64_t width, int64_t channels,
                                    int64_t filters, int64_t groups) {
    return (tare_convolution){.batch = batch,
                              .channels = channels,
                              .filters = filters,
                              .groups = groups,
                              .in = {1, height, width},
                              .out = {1, height, width},
                              .kernel = {1, 1, 1},
                              .stride = {1, 1, 1},
                              .dilation = {1, 1, 1}};
}

/* Windows that the numbers choose, as far as they fit. */
static tare_convolution with_windows(tare_convolution c, uint64_t seed) {
    for (int d = 1; d < TARE_SPATIAL; d++) {
        const int64_t at = 10 * (d + 1);
        c.kernel[d] = draw(seed, at, 1, seed % 7 == 0 ? 7 : 3);
        c.stride[d] = draw(seed, at + 1, 1, 3);
        c.dilation[d] = draw(seed, at + 2, 1, 2);
        c.before[d] = draw(seed, at + 3, 0, c.kernel[d]);
        c.out[d] = results_along(&c, d, c.before[d]);
    }
    return c;
}

static void agrees_with_plain_loops(void **state) {
    (void)state;
    static const int64_t channels[] = {1, 2, 3, 4, 5, 8, 16, 17, 30, 64},
                         filters[] = {1, 5, 8, 9, 16, 17, 32, 33, 48, 70, 8};
    for (uint64_t s = 0; s < 300; s++) {
        const tare_convolution c =
            with_windows(convolution(draw(s, 0, 0, 2), draw(s, 1, 1, 20), draw(s, 2, 1, 34),
                                     channels[s % 10], filters[s % 11], 1),
                         s);
        layer l = make_layer(s, &c, false, (int)draw(s, 4, 0, 15));
        check_layer(&l, NULL);
        free_layer(&l);
    }
}

static void groups_agree_with_plain_loops(void **state) {
    (void)state;
    for (uint64_t s = 0; s < 60; s++) {
        const int64_t groups = draw(s, 5, 2, 4);
        const tare_convolution c =
            with_windows(convolution(1, draw(s, 1, 1, 12), draw(s, 2, 1, 18),
                                     groups * draw(s, 3, 1, 9), groups * draw(s, 6, 1, 9), groups),
                         s);
        layer l = make_layer(s, &c, false, (int)draw(s, 4, 0, 15));
        check_layer(&l, NULL);
        free_layer(&l);
    }
}

static void depthwise_agrees_with_plain_loops(void **state) {
    (void)state;
    static const int64_t channels[] = {1, 2, 3, 4, 7, 8, 15, 16, 17, 33, 64, 70, 131};
    for (uint64_t s = 0; s < 120; s++) {
        const int64_t count = channels[s % 13], multiplier = s % 6 == 0 ? draw(s, 7, 2, 8) : 1;
        const tare_convolution c =
            with_windows(convolution(1 + (int64_t)s % 2, draw(s, 1, 1, 14), draw(s, 2, 1, 20),
                                     count, count * multiplier, count),
                         s);
        layer l = make_layer(s, &c, true, (int)draw(s, 4, 0, 15));
        check_layer(&l, NULL);
        free_layer(&l);
    }
}

/* Images large enough for several strips, weights for several ranges; more threads than either. */
static void threads_change_no_bit(void **state) {
    (void)state;
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    const tare_convolution plain[] = {
        convolution(2, 60, 61, 24, 40, 1),  convolution(1, 7, 7, 64, 300, 1),
        convolution(3, 16, 16, 32, 32, 1),  convolution(1, 1, 1, 700, 1100, 1),
        convolution(90, 1, 1, 300, 100, 1), convolution(1, 3, 4000, 9, 20, 1)};
    for (uint64_t s = 0; s < 12; s++) {
        tare_convolution c = plain[s % 6];
        for (int d = 1; d < TARE_SPATIAL && s >= 6; d++) {
            c.kernel[d] = 3;
            c.before[d] = 1;
        }
        layer l = make_layer(s, &c, false, 0);
        for (int i = 0; i < CHECK_POOLS; i++) check_layer(&l, pools[i]);
        free_layer(&l);
    }
    check_free_pools(pools);
}

/* The greatest sums that int32 holds, and those that it does not. */
static void sums_wrap_as_the_plain_loops_do(void **state) {
    (void)state;
    for (uint64_t s = 0; s < 8; s++) {
        const tare_convolution c = convolution(3, 1, 1, s < 4 ? 33000 : 70000, 3, 1);
        layer l = make_layer(s, &c, false, EXTREME | ANY_FACTOR);
        memset(l.x, s % 2 ? INT8_MIN : INT8_MAX, (size_t)l.x_count);
        memset(l.w, INT8_MIN, (size_t)l.w_count);
        l.p.x_zero = s % 2 ? INT8_MAX : INT8_MIN;
        tare_int8_product_reference(&l.p, l.x, &l.weights, l.wanted, NULL);
        check_layer(&l, NULL);
        free_layer(&l);
    }
}

/* Sums one below, at and one above what ends at a half, of every half there is: the biases, beside
 * weights of 0. */
static void halves_round_as_in_plain_loops(void **state) {
    (void)state;
    for (uint64_t s = 0; s < 48; s++) {
        const tare_convolution c = convolution(15, 1, 1, 4, 3 * 256, 1);
        layer l = make_layer(s, &c, false, 0);
        memset(l.w, (int)l.p.w_zero, (size_t)l.w_count);
        for (int64_t f = 0; f < c.filters; f++) {
            const tare_multiplier by = {l.multipliers[f], l.multipliers[c.filters + f]};
            const double half = (double)(f / 3) - 128 + .5;
            l.bias[f] =
                (int32_t)lround(half / ldexp(by.multiplier, by.shift - 31)) + (int32_t)(f % 3) - 1;
        }
        tare_int8_product_reference(&l.p, l.x, &l.weights, l.wanted, NULL);
        check_layer(&l, NULL);
        free_layer(&l);
    }
}

/* ---- what is no product: each result of a table is held against the plain loops' */

static void check_same(const int8_t *got, const int8_t *wanted, int64_t count, const char *what,
                       const tare_int8_kernel *kernel) {
    for (int64_t i = 0; i < count; i++)
        if (got[i] != wanted[i])
            fail_msg("%s [%ld of %ld] with %s: got %d, not %d", what, (long)i, (long)count,
                     tare_isa_name(kernel->isa), got[i], wanted[i]);
}

static void sums_agree_with_plain_loops(void **state) {
    (void)state;
    for (uint64_t s = 0; s < 200; s++) {
        const double x_scale = ldexp(1 + check_number(s, 1) / 2, (int)draw(s, 2, -6, 2));
        const double z_scale = s % 5 == 0 ? x_scale : ldexp(1 + check_number(s, 3) / 2, -3);
        const double y_scale = ldexp(1 + check_number(s, 4) / 2, (int)draw(s, 5, -4, 3));
        tare_int8_add a = tare_int8_add_of(x_scale, s % 11 ? z_scale : ldexp(z_scale, -40),
                                           s % 13 ? y_scale : ldexp(y_scale, -20));
        a.count = draw(s, 6, 0, 200);
        a.a_zero = (int32_t)draw(s, 7, INT8_MIN, INT8_MAX);
        a.b_zero = (int32_t)draw(s, 8, INT8_MIN, INT8_MAX);
        a.y_zero = (int32_t)draw(s, 9, INT8_MIN, INT8_MAX);
        a.least = s % 3 ? INT8_MIN : a.y_zero;
        a.most = s % 4 ? INT8_MAX : (int32_t)draw(s, 10, a.least, INT8_MAX);
        int8_t *x = make_bytes(s + 1, a.count, s % 7 == 0), *z = make_bytes(s + 2, a.count, false),
               *y = make_bytes(s + 3, a.count, false), *wanted = make_bytes(s, a.count, false);
        tare_int8_add_reference(&a, x, z, wanted);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            const tare_int8_kernel *kernel = tare_int8_kernel_of((tare_isa)isa);
            memcpy(y, x, (size_t)a.count);
            tare_int8_add_run_with(kernel, &a, y, z, y, NULL);
            check_same(y, wanted, a.count, "sum", kernel);
        }
        void *all[] = {x, z, y, wanted};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    }
}

/* All there are, of scales that models have and of some whose sums end at halves. */
static void every_sum_agrees_with_plain_loops(void **state) {
    (void)state;
    enum { NUMBERS = 256, PAIRS = NUMBERS * NUMBERS };
    static int8_t x[PAIRS], z[PAIRS], y[PAIRS], wanted[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        x[i] = (int8_t)(i / NUMBERS + INT8_MIN);
        z[i] = (int8_t)(i % NUMBERS + INT8_MIN);
    }
    for (uint64_t s = 0; s < 40; s++) {
        const bool odd = s % 4 != 0; /* else powers of two */
        const double z_scale = odd ? 1 + check_number(s, 1) * .8 : ldexp(1, (int)(s % 3) - 1);
        const double y_scale = odd ? 1.5 + check_number(s, 2) : 2;
        tare_int8_add a = tare_int8_add_of(1, z_scale, y_scale);
        a.count = PAIRS;
        a.a_zero = (int32_t)draw(s, 3, INT8_MIN, INT8_MAX);
        a.b_zero = (int32_t)draw(s, 4, INT8_MIN, INT8_MAX);
        a.y_zero = (int32_t)draw(s, 5, INT8_MIN, INT8_MAX);
        a.least = s % 2 ? INT8_MIN : a.y_zero;
        a.most = INT8_MAX;
        tare_int8_add_reference(&a, x, z, wanted);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            const tare_int8_kernel *kernel = tare_int8_kernel_of((tare_isa)isa);
            tare_int8_add_run_with(kernel, &a, x, z, y, NULL);
            check_same(y, wanted, PAIRS, "sum", kernel);
        }
    }
}

static void pools_agree_with_plain_loops(void **state) {
    (void)state;
    static const int64_t channels[] = {1, 3, 16, 17, 64, 70, 300};
    for (uint64_t s = 0; s < 100; s++) {
        const int64_t count = channels[s % 7];
        tare_int8_pool p = {.c = with_windows(convolution(draw(s, 0, 0, 2), draw(s, 1, 1, 9),
                                                          draw(s, 2, 1, 40), count, count, 1),
                                              s),
                            .averages = s % 2,
                            .halves_up = s % 4 == 3,
                            .least = s % 3 ? INT8_MIN : -5,
                            .most = s % 5 ? INT8_MAX : 60};
        for (int d = 1; d < TARE_SPATIAL; d++) {
            p.c.dilation[d] = 1;
            p.c.out[d] = results_along(&p.c, d, p.c.before[d]);
        }
        const int64_t x_count = p.c.batch * tare_pixels(p.c.in) * count,
                      y_count = p.c.batch * tare_pixels(p.c.out) * count;
        int8_t *x = make_bytes(s + 1, x_count, s % 7 == 0), *y = make_bytes(s + 3, y_count, false),
               *wanted = make_bytes(s, y_count, false);
        tare_int8_pool_reference(&p, x, wanted);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            const tare_int8_kernel *kernel = tare_int8_kernel_of((tare_isa)isa);
            tare_int8_pool_run_with(kernel, &p, x, y, NULL);
            check_same(y, wanted, y_count, p.averages ? "average" : "maximum", kernel);
        }
        free(x);
        free(y);
        free(wanted);
    }
}

static void means_agree_with_plain_loops(void **state) {
    (void)state;
    static const int64_t inner[] = {1, 2, 10, 64, 255, 256, 600};
    for (uint64_t s = 0; s < 60; s++) {
        const tare_int8_mean m = {.outer = draw(s, 0, 0, 3),
                                  .count = draw(s, 1, 1, 100),
                                  .inner = inner[s % 7],
                                  .by = tare_multiplier_of(1 + check_number(s, 2) * .9),
                                  .x_zero = (int32_t)draw(s, 3, INT8_MIN, INT8_MAX),
                                  .y_zero = (int32_t)draw(s, 4, INT8_MIN, INT8_MAX)};
        const int64_t count = m.outer * m.inner;
        int8_t *x = make_bytes(s + 1, count * m.count, s % 7 == 0),
               *y = make_bytes(s + 3, count, false), *wanted = make_bytes(s, count, false);
        tare_int8_mean_reference(&m, x, wanted);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            const tare_int8_kernel *kernel = tare_int8_kernel_of((tare_isa)isa);
            tare_int8_mean_run_with(kernel, &m, x, y, NULL);
            check_same(y, wanted, count, "mean", kernel);
        }
        free(x);
        free(y);
        free(wanted);
    }
}

static void tables_are_looked_up(void **state) {
    (void)state;
    int8_t *table = make_bytes(1, 256, false), got[300];
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        const tare_int8_kernel *kernel = tare_int8_kernel_of((tare_isa)isa);
        for (int64_t count = 0; count < 300; count++) {
            int8_t x[300], wanted[300];
            for (int64_t i = 0; i < 300; i++) {
                x[i] = (int8_t)((i + count) % 256 + INT8_MIN);
                wanted[i] = i < count ? table[x[i] - INT8_MIN] : x[i];
            }
            memcpy(got, x, sizeof got);
            kernel->look_up(got, got, table, count);
            check_same(got, wanted, 300, "answer", kernel);
        }
    }
    free(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_plain_loops),
        cmocka_unit_test(groups_agree_with_plain_loops),
        cmocka_unit_test(depthwise_agrees_with_plain_loops),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(sums_wrap_as_the_plain_loops_do),
        cmocka_unit_test(halves_round_as_in_plain_loops),
        cmocka_unit_test(sums_agree_with_plain_loops),
        cmocka_unit_test(every_sum_agrees_with_plain_loops),
        cmocka_unit_test(pools_agree_with_plain_loops),
        cmocka_unit_test(means_agree_with_plain_loops),
        cmocka_unit_test(tables_are_looked_up),
    };
    return cmocka_run_group_tests_name("int8 kernels", tests, NULL, NULL);
}
