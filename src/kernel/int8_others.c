/* SPDX-License-Identifier: Apache-2.0 */
/* Pools, means, sums, softmax and conversions of whole-number networks, by plain loops. */
#include "kernel/int8_others.h"

#include "kernel/convolution_geometry.h"

#include <math.h>

/* -------------------------------------------------------------------------------------- pools */

/* Sum or greatest of a channel over the window at `out`, and how many numbers it has. */
static int64_t gather_window(const tare_int8_pool *p, const int8_t *image,
                             const int64_t out[TARE_SPATIAL], int64_t *count) {
    const int64_t taps = tare_pixels(p->c.kernel);
    int64_t found = p->averages ? 0 : INT8_MIN;
    *count = 0;
    for (int64_t k = 0; k < taps; k++) {
        int64_t tap[TARE_SPATIAL], in[TARE_SPATIAL];
        tare_pixel_at(p->c.kernel, k, tap);
        if (!tare_convolution_source(&p->c, out, tap, in)) continue;
        const int32_t x = image[tare_pixel_index(p->c.in, in) * p->c.channels];
        ++*count;
        if (p->averages)
            found += x;
        else if (x > found)
            found = x;
    }
    return found;
}

static int32_t divide_rounded(int64_t sum, int64_t count, bool halves_up) {
    if (count == 0) return 0;
    if (halves_up) return (int32_t)((sum + count / 2 - INT8_MIN * count) / count + INT8_MIN);
    return (int32_t)((sum > 0 ? sum + count / 2 : sum - count / 2) / count);
}

int8_t tare_int8_average_of(const tare_int8_pool *p, int64_t sum, int64_t count) {
    return (int8_t)tare_clamp_32(divide_rounded(sum, count, p->halves_up), p->least, p->most);
}

void tare_int8_pool_reference(const tare_int8_pool *p, const int8_t *x, int8_t *y) {
    const int64_t places = tare_pixels(p->c.out), channels = p->c.channels;
    for (int64_t i = 0; i < p->c.batch * places; i++) {
        const int8_t *image = x + i / places * tare_pixels(p->c.in) * channels;
        int64_t out[TARE_SPATIAL], count;
        tare_pixel_at(p->c.out, i % places, out);
        for (int64_t c = 0; c < channels; c++) {
            const int64_t found = gather_window(p, image + c, out, &count);
            y[i * channels + c] = p->averages
                                      ? tare_int8_average_of(p, found, count)
                                      : (int8_t)tare_clamp_32((int32_t)found, p->least, p->most);
        }
    }
}

/* --------------------------------------------------------------------------------------- mean */

/* The division by count goes into the multiplier, with as many bits as fit. */
tare_multiplier tare_int8_mean_factor(const tare_int8_mean *m) {
    int bits = 0;
    while (bits < 32 && bits < 31 + m->by.shift && m->count >> (bits + 1) != 0) bits++;
    const int64_t multiplier = m->by.multiplier * (INT64_C(1) << bits) / m->count;
    return (tare_multiplier){(int32_t)multiplier, m->by.shift - bits};
}

int8_t tare_int8_mean_of(const tare_int8_mean *m, tare_multiplier by, int64_t sum) {
    const int32_t scaled = tare_scaled(tare_saturate_32(sum), by);
    const int32_t number = tare_saturate_32((int64_t)scaled + m->y_zero);
    return (int8_t)tare_clamp_32(number, INT8_MIN, INT8_MAX);
}

void tare_int8_mean_reference(const tare_int8_mean *m, const int8_t *x, int8_t *y) {
    if (m->count < 1) return;
    const tare_multiplier by = tare_int8_mean_factor(m);
    for (int64_t o = 0; o < m->outer; o++)
        for (int64_t i = 0; i < m->inner; i++) {
            int64_t sum = 0;
            for (int64_t k = 0; k < m->count; k++)
                sum += x[(o * m->count + k) * m->inner + i] - m->x_zero;
            y[o * m->inner + i] = tare_int8_mean_of(m, by, sum);
        }
}

/* ---------------------------------------------------------------------------------------- add */

tare_int8_add tare_int8_add_of(double a_scale, double b_scale, double y_scale) {
    const double twice = 2 * (a_scale > b_scale ? a_scale : b_scale);
    return (tare_int8_add){.a_by = tare_multiplier_of(a_scale / twice),
                           .b_by = tare_multiplier_of(b_scale / twice),
                           .y_by =
                               tare_multiplier_of(twice / ((1 << TARE_INT8_ADD_BITS) * y_scale))};
}

void tare_int8_add_reference(const tare_int8_add *a, const int8_t *x, const int8_t *z, int8_t *y) {
    const int32_t unit = 1 << TARE_INT8_ADD_BITS;
    for (int64_t i = 0; i < a->count; i++) {
        const int32_t first = tare_scaled((x[i] - a->a_zero) * unit, a->a_by);
        const int32_t second = tare_scaled((z[i] - a->b_zero) * unit, a->b_by);
        const int32_t sum = tare_scaled(first + second, a->y_by);
        y[i] = (int8_t)tare_clamp_32(tare_saturate_32((int64_t)sum + a->y_zero), a->least, a->most);
    }
}

/* ------------------------------------------------------------------------------------ softmax */

enum { DIFFERENCE_BITS = 5, SUM_BITS = 12 }; /* before the point */

tare_int8_softmax tare_int8_softmax_of(double scale, double beta) {
    const double most = 2147483647.0, factor = beta * scale * (1 << (31 - DIFFERENCE_BITS));
    tare_int8_softmax s = {.by = tare_multiplier_of(factor < most ? factor : most)};
    const double reach = ((1 << DIFFERENCE_BITS) - 1) * ldexp(1, 31 - DIFFERENCE_BITS - s.by.shift);
    s.least_difference = reach < 255 ? -(int32_t)floor(reach) : -255;
    return s;
}

static int32_t exp_of_difference(const tare_int8_softmax *s, int32_t difference) {
    return tare_fixed_exp(tare_scaled(difference, s->by));
}

static int leading_zeros(uint32_t x) {
    int zeros = 0;
    for (; zeros < 32 && !(x >> 31); zeros++) x <<= 1;
    return zeros;
}

static void softmax_row(const tare_int8_softmax *s, const int8_t *x, int8_t *y) {
    int32_t greatest = INT8_MIN;
    int64_t sum = 0;
    for (int64_t c = 0; c < s->count; c++) greatest = x[c] > greatest ? x[c] : greatest;
    for (int64_t c = 0; c < s->count; c++)
        if (x[c] - greatest >= s->least_difference)
            sum += tare_divide_by_power(exp_of_difference(s, x[c] - greatest), SUM_BITS);
    const uint32_t fixed = (uint32_t)tare_saturate_32(sum);
    const int zeros = leading_zeros(fixed);
    const int32_t inverse = tare_fixed_inverse((int32_t)((fixed << zeros) - (UINT32_C(1) << 31)));
    const int shift = SUM_BITS - zeros + 31 - 8;
    for (int64_t c = 0; c < s->count; c++) {
        const int32_t difference = x[c] - greatest;
        y[c] = INT8_MIN;
        if (difference < s->least_difference) continue;
        const int32_t share = tare_high_product(inverse, exp_of_difference(s, difference));
        y[c] = (int8_t)tare_clamp_32(tare_divide_by_power(share, shift) + INT8_MIN, INT8_MIN,
                                     INT8_MAX);
    }
}

void tare_int8_softmax_reference(const tare_int8_softmax *s, const int8_t *x, int8_t *y) {
    for (int64_t row = 0; row < s->rows && s->count > 0; row++)
        softmax_row(s, x + row * s->count, y + row * s->count);
}

/* ------------------------------------------------------------------------------------- resize */

enum { UNIT = 1024 }; /* parts of a pixel */

/* Along one axis: the pixels around what `at` reads, and the share of the second in 1024ths. */
typedef struct int8_place {
    int64_t lower, upper, share;
} int8_place;

static int8_place place_of(const tare_int8_resize *r, int axis, int64_t at) {
    const int64_t in = r->in[axis], out = r->out[axis];
    int64_t step = (UNIT * in + out / 2) / out;
    if (r->align_corners && out > 1) step = (UNIT * (in - 1) + (out - 1) / 2) / (out - 1);
    const int64_t place = at * step + (r->half_pixel_centers ? step / 2 - UNIT / 2 : 0);
    int8_place found = {.lower = place > 0 ? place / UNIT : 0, .upper = (place + UNIT - 1) / UNIT};
    if (found.lower > in - 1) found.lower = in - 1;
    if (found.upper > in - 1) found.upper = in - 1;
    found.share = place - UNIT * found.lower;
    return found;
}

void tare_int8_resize_bilinear(const tare_int8_resize *r, const int8_t *x, int8_t *y) {
    const int64_t pixels = r->out[0] * r->out[1], channels = r->channels;
    for (int64_t i = 0; i < r->batch * pixels; i++) {
        const int8_t *image = x + i / pixels * r->in[0] * r->in[1] * channels;
        const int8_place down = place_of(r, 0, i % pixels / r->out[1]),
                         across = place_of(r, 1, i % r->out[1]);
        const int8_t *above = image + down.lower * r->in[1] * channels,
                     *below = image + down.upper * r->in[1] * channels;
        for (int64_t c = 0; c < channels; c++) {
            const int64_t left = across.lower * channels + c, right = across.upper * channels + c;
            const int64_t top = above[left] * (UNIT - across.share) + above[right] * across.share;
            const int64_t end = below[left] * (UNIT - across.share) + below[right] * across.share;
            const int64_t sum = top * (UNIT - down.share) + end * down.share;
            const int64_t half = sum > 0 ? UNIT * UNIT / 2 : -UNIT * UNIT / 2;
            y[i * channels + c] =
                (int8_t)tare_clamp_32((int32_t)((sum + half) / (UNIT * UNIT)), INT8_MIN, INT8_MAX);
        }
    }
}

/* --------------------------------------------------------------------------------- conversions */

void tare_int8_shift(int64_t count, const void *x, void *y) {
    const unsigned char *from = x;
    unsigned char *to = y;
    for (int64_t i = 0; i < count; i++) to[i] = from[i] ^ 0x80U;
}

/* NaN becomes zero. */
void tare_int8_quantise(int64_t count, const float *x, float scale, int32_t zero, int8_t *y) {
    for (int64_t i = 0; i < count; i++) {
        const float steps = roundf(x[i] / scale) + (float)zero;
        if (steps >= INT8_MAX)
            y[i] = INT8_MAX;
        else if (steps >= INT8_MIN)
            y[i] = (int8_t)steps;
        else
            y[i] = (int8_t)(isnan(steps) ? zero : INT8_MIN);
    }
}

void tare_int8_dequantise(int64_t count, const int8_t *x, float scale, int32_t zero, float *y) {
    for (int64_t i = 0; i < count; i++) y[i] = (float)(x[i] - zero) * scale;
}
