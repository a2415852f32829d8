/* SPDX-License-Identifier: Apache-2.0 */
/* The filter gradient by Winograd's minimal filtering against plain loops in double, within what
 * its additions can round; its bits with threads; which shapes it takes. */
#include "kernel_check.h"

#include "kernel/convolution_geometry.h"
#include "kernel/convolution_kernel.h"
#include "kernel/convolution_winograd_filter.h"

/* Results as many as fit, with so many zeros before and behind. */
static tare_convolution space(int64_t batch, const int64_t in[TARE_SPATIAL], int64_t channels,
                              int64_t filters, int64_t depth, const int64_t before[TARE_SPATIAL],
                              const int64_t behind[TARE_SPATIAL]) {
    tare_convolution c = {.batch = batch, .channels = channels, .filters = filters, .groups = 1};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        c.in[d] = in[d];
        c.kernel[d] = d == 0 ? depth : 3;
        c.stride[d] = c.dilation[d] = 1;
        c.before[d] = before[d];
        c.out[d] = in[d] + before[d] + behind[d] - c.kernel[d] + 1;
    }
    return c;
}

/* Over height and width, `pad` zeros on every side. */
static tare_convolution plane(int64_t batch, int64_t height, int64_t width, int64_t channels,
                              int64_t filters, int64_t pad) {
    const int64_t in[] = {1, height, width}, zeros[] = {0, pad, pad};
    return space(batch, in, channels, filters, 1, zeros, zeros);
}

typedef struct operands {
    tare_convolution c;
    int64_t x_count, dy_count, dw_count;
    float *x, *dy;
} operands;

static operands begin(const tare_convolution *c) {
    operands o = {.c = *c};
    o.x_count = c->batch * tare_pixels(c->in) * c->channels;
    o.dy_count = c->batch * tare_pixels(c->out) * c->filters;
    o.dw_count = tare_pixels(c->kernel) * c->channels * c->filters;
    o.x = check_random(21, o.x_count);
    o.dy = check_random(22, o.dy_count);
    assert_true(tare_winograd_filter_takes(c));
    return o;
}

static void end(operands *o) {
    check_release(o->x);
    check_release(o->dy);
}

static float *gradient_of(const operands *o, tare_isa isa, tare_pool *pool) {
    float *dw = check_array(o->dw_count);
    float *x = check_exact_copy(o->x, o->x_count), *dy = check_exact_copy(o->dy, o->dy_count);
    void *scratch = check_scratch(tare_convolution_filter_scratch_with(isa, &o->c));
    tare_convolution_filter_f32_with(isa, &o->c, x, dy, dw, scratch, pool);
    free(x);
    free(dy);
    free(scratch);
    return dw;
}

/* ---- against plain loops */

/* |B'|, |A| and |G'|: every factor's magnitude. */
static const double source_factor[4][4] = {{1, 0, 1, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 1, 0, 1}};
static const double gradient_factor[4][2] = {{1, 0}, {1, 1}, {1, 1}, {0, 1}};
static const double filter_factor[3][4] = {{1, .5, .5, 0}, {0, .5, .5, 0}, {0, .5, .5, 1}};

static double magnitude(const float *values, const int64_t extent[TARE_SPATIAL], int64_t depth,
                        int64_t sample, const int64_t at[TARE_SPATIAL], int64_t number) {
    for (int d = 0; d < TARE_SPATIAL; d++)
        if (at[d] < 0 || at[d] >= extent[d]) return 0;
    const int64_t pixel = sample * tare_pixels(extent) + tare_pixel_index(extent, at);
    return fabs((double)values[pixel * depth + number]);
}

/* size[tap, i, j] += what one tile adds, all terms as magnitudes, for one channel and filter. */
static void add_tile(const operands *o, int64_t sample, const int64_t at[TARE_SPATIAL], int64_t tap,
                     int64_t channel, int64_t filter, double points[4][4]) {
    const tare_convolution *c = &o->c;
    double source[4][4] = {{0}}, result[4][4] = {{0}}, down[4][4] = {{0}};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            const int64_t from[] = {at[0] + tap - c->before[0], at[1] + i - c->before[1],
                                    at[2] + j - c->before[2]};
            const double x = magnitude(o->x, c->in, c->channels, sample, from, channel);
            for (int p = 0; p < 4; p++) down[p][j] += source_factor[p][i] * x;
        }
    for (int p = 0; p < 4; p++)
        for (int q = 0; q < 4; q++)
            for (int j = 0; j < 4; j++) source[p][q] += source_factor[q][j] * down[p][j];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            const int64_t to[] = {at[0], at[1] + i, at[2] + j};
            const double dy = magnitude(o->dy, c->out, c->filters, sample, to, filter);
            for (int p = 0; p < 4; p++)
                for (int q = 0; q < 4; q++)
                    result[p][q] += gradient_factor[p][i] * gradient_factor[q][j] * dy;
        }
    for (int p = 0; p < 4; p++)
        for (int q = 0; q < 4; q++) points[p][q] += source[p][q] * result[p][q];
}

/* The magnitudes that are added up for dw[tap, i, j, channel, filter]. */
static void find_sizes(const operands *o, int64_t tap, int64_t channel, int64_t filter,
                       double size[3][3]) {
    const tare_convolution *c = &o->c;
    double points[4][4] = {{0}};
    int64_t at[TARE_SPATIAL];
    for (int64_t n = 0; n < c->batch; n++)
        for (at[0] = 0; at[0] < c->out[0]; at[0]++)
            for (at[1] = 0; at[1] < c->out[1]; at[1] += 2)
                for (at[2] = 0; at[2] < c->out[2]; at[2] += 2)
                    add_tile(o, n, at, tap, channel, filter, points);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            size[i][j] = 0;
            for (int p = 0; p < 4; p++)
                for (int q = 0; q < 4; q++)
                    size[i][j] += filter_factor[i][p] * filter_factor[j][q] * points[p][q];
        }
}

/* Each sum over t tiles is rounded t times on its way, with four additions before it, six behind
 * it and those of partial sums: so much times epsilon / 2 of its terms' magnitudes. */
static void compare(const operands *o, const float *got, const double *wanted) {
    const tare_convolution *c = &o->c;
    const int64_t tiles = c->batch * c->out[0] * ((c->out[1] + 1) / 2) * ((c->out[2] + 1) / 2);
    const double unit = ldexp(1, -24) * ((double)tiles + 16);
    for (int64_t pair = 0; pair < c->channels * c->filters; pair += 1 + pair % 7) {
        const int64_t channel = pair / c->filters, filter = pair % c->filters;
        for (int64_t tap = 0; tap < c->kernel[0]; tap++) {
            double size[3][3];
            find_sizes(o, tap, channel, filter, size);
            for (int i = 0; i < 9; i++) {
                const int64_t at = ((tap * 9 + i) * c->channels + channel) * c->filters + filter;
                if (!(fabs(got[at] - wanted[at]) <= unit * size[i / 3][i % 3]))
                    fail_msg("%ldx%ldx%ldx%ld -> %ld, tap %ld: got %.9g, not %.9g", (long)c->in[0],
                             (long)c->in[1], (long)c->in[2], (long)c->channels, (long)c->filters,
                             (long)(tap * 9 + i), (double)got[at], wanted[at]);
            }
        }
    }
}

static double *widened(const float *values, int64_t count) {
    double *wide = malloc((size_t)count * sizeof *wide);
    assert_non_null(wide);
    for (int64_t i = 0; i < count; i++) wide[i] = (double)values[i];
    return wide;
}

static void expect_reference(const tare_convolution *c) {
    operands o = begin(c);
    double *x = widened(o.x, o.x_count), *dy = widened(o.dy, o.dy_count);
    double *wanted = malloc((size_t)o.dw_count * sizeof *wanted);
    assert_non_null(wanted);
    tare_convolution_filter_reference_f64(c, x, dy, wanted);
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        float *got = gradient_of(&o, (tare_isa)isa, NULL);
        compare(&o, got, wanted);
        check_release(got);
    }
    free(x);
    free(dy);
    free(wanted);
    end(&o);
}

static void agrees_on_even_and_odd_maps(void **state) {
    (void)state;
    const tare_convolution maps[] = {plane(3, 8, 8, 16, 16, 1), plane(5, 7, 7, 16, 32, 1),
                                     plane(3, 5, 9, 32, 16, 1), plane(4, 10, 4, 48, 80, 1),
                                     plane(9, 6, 7, 16, 48, 0), plane(2, 9, 12, 16, 16, 2)};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) expect_reference(&maps[i]);
}

static void agrees_with_zeros_on_one_side(void **state) {
    (void)state;
    const int64_t in[] = {1, 7, 8}, none[] = {0, 0, 0}, left[] = {0, 0, 2}, low[] = {0, 2, 1};
    const tare_convolution maps[] = {space(3, in, 16, 16, 1, left, none),
                                     space(3, in, 16, 16, 1, none, low),
                                     space(3, in, 16, 16, 1, low, left)};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) expect_reference(&maps[i]);
}

/* Blocks of part of a row of tiles, of some rows, of several samples; chunks of dU. */
static void agrees_however_it_is_cut(void **state) {
    (void)state;
    const tare_convolution cut[] = {plane(5, 9, 263, 16, 16, 1), plane(1, 31, 40, 16, 32, 1),
                                    plane(40, 4, 5, 16, 16, 1),  plane(2, 9, 9, 208, 64, 1),
                                    plane(3, 8, 7, 64, 272, 1),  plane(5, 6, 6, 176, 144, 1)};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) expect_reference(&cut[i]);
}

static void agrees_in_depth(void **state) {
    (void)state;
    const int64_t in[] = {4, 6, 5}, flat[] = {1, 9, 9}, wide[] = {3, 3, 210}, none[] = {0, 0, 0},
                  one[] = {1, 1, 1};
    const int64_t far[] = {4, 1, 0}, planes[] = {0, 1, 1}, twice[] = {2, 1, 1};
    const tare_convolution deep[] = {
        space(3, in, 16, 16, 3, one, one),      space(9, in, 16, 32, 2, none, one),
        space(2, in, 32, 16, 3, far, one),      space(3, in, 16, 16, 1, planes, planes),
        space(2, in, 16, 16, 1, one, one),      space(4, flat, 16, 16, 3, one, one),
        space(1, in, 64, 112, 3, one, one),     space(6, wide, 16, 16, 3, one, one),
        space(2, flat, 16, 16, 5, twice, twice)};
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) expect_reference(&deep[i]);
}

/* ---- what else it promises */

static void has_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    const int64_t in[] = {4, 9, 10}, one[] = {1, 1, 1};
    const tare_convolution layers[] = {plane(24, 16, 16, 16, 32, 1), plane(7, 9, 9, 208, 64, 1),
                                       plane(1, 7, 400, 16, 16, 1),
                                       space(5, in, 32, 32, 3, one, one)};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        operands o = begin(&layers[i]);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            float *alone = gradient_of(&o, (tare_isa)isa, NULL);
            for (int pool = 1; pool < CHECK_POOLS; pool++) {
                float *shared = gradient_of(&o, (tare_isa)isa, pools[pool]);
                assert_true(check_same_bits(alone, shared, o.dw_count));
                check_release(shared);
            }
            check_release(alone);
        }
        end(&o);
    }
    check_free_pools(pools);
}

static void leaves_other_shapes(void **state) {
    (void)state;
    tare_convolution c = plane(8, 8, 8, 24, 16, 1); /* half a unit */
    assert_false(tare_winograd_filter_takes(&c));
    c = plane(8, 8, 8, 16, 8, 1);
    assert_false(tare_winograd_filter_takes(&c));
    c = plane(0, 8, 8, 16, 16, 1);
    assert_false(tare_winograd_filter_takes(&c));
    c = plane(16, 2, 2, 16, 16, 0); /* no result */
    assert_false(tare_winograd_filter_takes(&c));
    c = plane(8, 8, 8, 16, 16, 1);
    assert_true(tare_winograd_filter_takes(&c));
    tare_convolution other = c;
    other.stride[2] = 2;
    assert_false(tare_winograd_filter_takes(&other));
    other = c;
    other.dilation[1] = 2;
    assert_false(tare_winograd_filter_takes(&other));
    other = c;
    other.kernel[1] = 5;
    assert_false(tare_winograd_filter_takes(&other));
    other = c;
    other.groups = 16;
    assert_false(tare_winograd_filter_takes(&other));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_on_even_and_odd_maps),
        cmocka_unit_test(agrees_with_zeros_on_one_side),
        cmocka_unit_test(agrees_however_it_is_cut),
        cmocka_unit_test(agrees_in_depth),
        cmocka_unit_test(has_the_same_bits_for_every_thread_count),
        cmocka_unit_test(leaves_other_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
