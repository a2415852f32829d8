/* SPDX-License-Identifier: Apache-2.0 */
/* Normalisation riding on convolutions: moments of what is made, normalising what is read. */
#include "kernel_check.h"

#include "kernel/normalisation_riders.h"

/* Moments of what a convolution of ones makes of x, filters 1 on the diagonal: of x itself. */
static void moments_of(const float *x, int64_t pixels, int64_t channels, tare_pool *pool,
                       const tare_moments_f32 *moments) {
    const tare_convolution c = {.batch = 1,
                                .channels = channels,
                                .filters = channels,
                                .groups = 1,
                                .in = {1, 1, pixels},
                                .out = {1, 1, pixels},
                                .kernel = {1, 1, 1},
                                .stride = {1, 1, 1},
                                .dilation = {1, 1, 1}};
    const tare_riding riding = tare_convolution_forward_riding(&c, false);
    float *w = check_array(channels * channels), *y = check_array(pixels * channels);
    for (int64_t i = 0; i < channels * channels; i++) w[i] = i % (channels + 1) == 0;
    void *scratch = check_scratch(riding.scratch);
    void *sums = check_scratch(tare_moments_rider_scratch(channels, riding.slices));
    const tare_riders riders = {.finisher =
                                    tare_moments_rider_begin(channels, riding.slices, y, sums)};
    tare_convolution_forward_riding_f32(&c, x, w, NULL, y, &riders, scratch, pool);
    assert_true(check_same_bits(x, y, pixels * channels));
    tare_moments_rider_end(sums, moments);
    free(scratch);
    free(sums);
    check_release(w);
    check_release(y);
}

/* What was read from a rider and from plain loops. */
static void check_moments(int64_t pixels, int64_t channels, double mean, double deviation,
                          tare_pool *const *pools) {
    float *x = check_random(31, pixels * channels), *out = check_array(10 * channels);
    for (int64_t i = 0; i < pixels * channels; i++) x[i] = (float)(mean + deviation * (double)x[i]);
    const tare_channels view = {pixels, channels, 1};
    const tare_moments_f32 got = {out, out + channels, out + 2 * channels, out + 4 * channels};
    const tare_moments_f32 want = {out + 5 * channels, out + 6 * channels, out + 7 * channels,
                                   out + 9 * channels};
    tare_channel_moments_reference_f32(&view, x, &want);
    float *first = check_array(5 * channels);
    for (int p = 0; p < CHECK_POOLS; p++) {
        moments_of(x, pixels, channels, pools[p], &got);
        if (p == 0) memcpy(first, out, (size_t)(5 * channels) * sizeof *first);
        assert_true(check_same_bits(first, out, 5 * channels));
    }
    for (int64_t c = 0; c < channels; c++) {
        const double got_mean = (double)got.mean[c] + (double)got.low[c],
                     want_mean = (double)want.mean[c] + (double)want.low[c];
        if (!(fabs(got_mean - want_mean) <= 1e-6 * deviation))
            fail_msg("mean %.9g, not %.9g", got_mean, want_mean);
        if (!(fabs(got.variance[c] - want.variance[c]) <= 2e-6 * want.variance[c]) ||
            !(fabs(got.unbiased[c] - want.unbiased[c]) <= 2e-6 * want.unbiased[c]))
            fail_msg("variance %.9g, not %.9g", (double)got.variance[c], (double)want.variance[c]);
    }
    check_release(first);
    check_release(out);
    check_release(x);
}

static void moments_keep_their_digits(void **state) {
    (void)state;
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    check_moments(3000, 16, 0, 1, pools);
    check_moments(3000, 16, 1e4, .05, pools); /* where E[x^2] - E[x]^2 has none left */
    check_moments(900, 37, -3, .01, pools);
    check_moments(500, 200, 5, 2, pools); /* several rows of channels */
    check_moments(40, 300, 1, 1, pools);
    check_free_pools(pools);
}

static void a_read_number_is_the_normalised_one_to_the_bit(void **state) {
    (void)state;
    static const int64_t channels[] = {3, 16, 37, 128, 200, 256};
    for (size_t k = 0; k < 2 * sizeof channels / sizeof *channels; k++) {
        const int64_t depth = channels[k / 2], pixels = 91, count = depth * pixels,
                      gap = k % 2 * 16;
        const tare_channels view = {pixels, depth, 1};
        float *x = check_random(41, count), *given = check_random(42, 6 * depth);
        float *y = check_array(count), *read = check_array(pixels * (depth + gap));
        for (int64_t c = 0; c < depth; c++) given[depth + c] = fabsf(given[depth + c]);
        for (int64_t c = 2 * depth; c < 4 * depth; c++) given[c] *= 1e-8f;
        const tare_normalisation_f32 by = {.mean = given,
                                           .variance = given + depth,
                                           .low = given + 2 * depth,
                                           .gamma = given + 4 * depth,
                                           .beta = given + 5 * depth,
                                           .epsilon = 1e-3,
                                           .rectified = k % 3 != 0};
        void *scratch = check_scratch(tare_normalisation_scratch(&view, sizeof *x));
        void *columns = check_scratch(tare_normalise_rider_scratch(depth));
        tare_normalise_f32(&view, &by, x, y, scratch, NULL);
        const tare_reader reader = tare_normalise_rider_begin(depth, &by, x, columns);
        for (int64_t at = 0, some = 1; at < pixels; at += some, some++) {
            some = at + some > pixels ? pixels - at : some;
            reader.read(reader.context, at * depth, some, read + at * (depth + gap), depth + gap);
        }
        for (int64_t i = 0; i < pixels; i++)
            assert_true(check_same_bits(y + i * depth, read + i * (depth + gap), depth));
        free(scratch);
        free(columns);
        float *all[] = {x, given, y, read};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_release(all[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_keep_their_digits),
        cmocka_unit_test(a_read_number_is_the_normalised_one_to_the_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
