/* SPDX-License-Identifier: Apache-2.0 */
/* The gradient of a normalisation as a rider: its sums as those of a pass of its own, its dx to the
 * bit. */
#include "kernel_check.h"

#include "kernel/gradient_riders.h"

enum { SLICES = 5 };

typedef struct trial {
    tare_channels view;
    int64_t count;
    float *dy, *x, *mean, *variance, *gamma, *beta;
    tare_normalisation_f32 by;
} trial;

static trial begin(int64_t pixels, int64_t channels, bool rectified) {
    trial t = {.view = {pixels, channels, 1}, .count = pixels * channels};
    t.dy = check_random(1, t.count);
    t.x = check_random(2, t.count);
    t.mean = check_random(3, channels);
    t.variance = check_random(4, channels);
    t.gamma = check_random(5, channels);
    t.beta = check_random(6, channels);
    for (int64_t c = 0; c < channels; c++) t.variance[c] = .5F + fabsf(t.variance[c]);
    t.by = (tare_normalisation_f32){.mean = t.mean,
                                    .variance = t.variance,
                                    .gamma = t.gamma,
                                    .beta = t.beta,
                                    .epsilon = 1e-3,
                                    .rectified = rectified};
    return t;
}

static void end(trial *t) {
    float *const all[] = {t->dy, t->x, t->mean, t->variance, t->gamma, t->beta};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_release(all[i]);
}

typedef struct found {
    float *dgamma, *dbeta, *low;
} found;

static found find(int64_t channels) {
    return (found){check_array(channels), check_array(channels), check_array(2 * channels)};
}
static tare_sums_f32 sums_of(const found *f) {
    return (tare_sums_f32){f->dgamma, f->dbeta, f->low};
}
static void forget(found *f) {
    check_release(f->dgamma);
    check_release(f->dbeta);
    check_release(f->low);
}

/* Tells of all pixels, some at a time and slice after slice, apart: every other one first. */
static void tell(const trial *t, tare_finisher finisher, int64_t some, bool apart) {
    const int64_t channels = t->view.channels, step = apart ? 2 : 1;
    int64_t told = 0;
    for (int64_t residue = 0; residue < step; residue++) {
        for (int64_t first = residue; first < t->view.outer; first += some * step) {
            const int64_t left = (t->view.outer - first + step - 1) / step;
            const tare_finished results = {.slice = told++ % SLICES,
                                           .offset = first * channels,
                                           .pixels = left < some ? left : some,
                                           .stride = step * channels};
            finisher.finish(finisher.context, &results);
        }
    }
}

static const int64_t shapes[][2] = {{1000, 1}, {777, 3},  {601, 16},  {300, 20},
                                    {500, 64}, {131, 96}, {129, 200}, {40, 512}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void expect_near(const float *got, const float *want, int64_t count, double scale) {
    for (int64_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= 2e-7 * scale))
            fail_msg("number %d: %.9g, not %.9g", (int)i, (double)got[i], (double)want[i]);
}

static void sums_are_those_of_a_pass_of_their_own(void **state) {
    (void)state;
    for (int k = 0; k < 4 * SHAPES; k++) {
        trial t = begin(shapes[k / 4][0], shapes[k / 4][1], k % 2 == 1);
        const int64_t channels = t.view.channels;
        found want = find(channels), got = find(channels);
        const tare_sums_f32 truth = sums_of(&want), sums = sums_of(&got);
        tare_gradient_sums_reference_f32(&t.view, &t.by, t.dy, t.x, &truth);
        void *scratch = check_scratch(tare_sums_rider_scratch(channels, SLICES));
        const tare_finisher finisher =
            tare_sums_rider_begin(channels, SLICES, &t.by, t.dy, t.x, scratch);
        tell(&t, finisher, 23, k / 2 % 2 == 1);
        tare_sums_rider_end(scratch, &sums);
        expect_near(got.dbeta, want.dbeta, channels, (double)t.view.outer);
        expect_near(got.dgamma, want.dgamma, channels, 3 * (double)t.view.outer);
        free(scratch);
        forget(&want);
        forget(&got);
        end(&t);
    }
}

static void what_is_read_has_the_bits_of_a_pass(void **state) {
    (void)state;
    for (int k = 0; k < 4 * SHAPES; k++) {
        trial t = begin(shapes[k / 4][0], shapes[k / 4][1], k % 2 == 1);
        const int64_t channels = t.view.channels, stride = channels + (k / 2 % 2) * 16, some = 23;
        const bool frozen = k % 3 == 0;
        found f = find(channels);
        const tare_sums_f32 sums = sums_of(&f);
        tare_gradient_sums_reference_f32(&t.view, &t.by, t.dy, t.x, &sums);
        float *want = check_array(t.count), *got = check_array(some * stride);
        void *pass = check_scratch(tare_normalisation_scratch(&t.view, sizeof(float)));
        void *scratch = check_scratch(tare_gradient_rider_scratch(channels));
        tare_normalise_gradient_f32(&t.view, &t.by, t.dy, t.x, frozen ? NULL : &sums, want, pass,
                                    NULL);
        const tare_reader reader =
            tare_gradient_rider_begin(&t.view, &t.by, t.dy, t.x, frozen ? NULL : &sums, scratch);
        for (int64_t first = 0; first < t.view.outer; first += some) {
            const int64_t left = t.view.outer - first, pixels = left < some ? left : some;
            reader.read(reader.context, first * channels, pixels, got, stride);
            for (int64_t i = 0; i < pixels; i++)
                assert_memory_equal(got + i * stride, want + (first + i) * channels,
                                    (size_t)channels * sizeof(float));
        }
        free(scratch);
        free(pass);
        check_release(want);
        check_release(got);
        forget(&f);
        end(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_a_pass_of_their_own),
        cmocka_unit_test(what_is_read_has_the_bits_of_a_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
