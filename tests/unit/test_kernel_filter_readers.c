/* SPDX-License-Identifier: Apache-2.0 */
/* Filter gradients whose x, dy or both are made while they are read, dy in memory too: the bits of
 * arrays made before, with every instruction set and any number of threads. */
#include "kernel_check.h"

#include <stdatomic.h>

#include "kernel/convolution_geometry.h"
#include "kernel/convolution_kernel.h"
#include "kernel/gemm_kernel.h"

/* An array and its doubles, and whether it was read as it may be. */
typedef struct doubling {
    int64_t depth, count;
    float *plain, *doubled;
    atomic_bool wrong;
} doubling;

static void begin(doubling *d, uint64_t seed, int64_t depth, int64_t count) {
    *d = (doubling){.depth = depth, .count = count, .plain = check_random(seed, count)};
    d->doubled = check_array(count);
    for (int64_t i = 0; i < count; i++) d->doubled[i] = 2 * d->plain[i];
}

static void end(doubling *d) {
    assert_false(atomic_load(&d->wrong));
    check_release(d->plain);
    check_release(d->doubled);
}

static void read_doubled(const void *context, int64_t offset, int64_t pixels, float *to,
                         int64_t stride) {
    doubling *d = (doubling *)(uintptr_t)context;
    if (pixels < 1 || offset < 0 || offset % d->depth != 0 || stride < d->depth ||
        offset + pixels * d->depth > d->count) {
        atomic_store(&d->wrong, true);
        return;
    }
    for (int64_t i = 0; i < pixels; i++)
        for (int64_t k = 0; k < d->depth; k++)
            to[i * stride + k] = 2 * d->plain[offset + i * d->depth + k];
}

static tare_convolution shape(int64_t batch, int64_t channels, int64_t filters, int64_t size,
                              int64_t kernel, int64_t stride) {
    tare_convolution c = {.batch = batch, .channels = channels, .filters = filters, .groups = 1};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const bool flat = d == 0;
        c.in[d] = flat ? 1 : size + d;
        c.kernel[d] = flat ? 1 : kernel;
        c.stride[d] = flat ? 1 : stride;
        c.dilation[d] = 1;
        c.before[d] = flat ? 0 : kernel / 2;
        c.out[d] = (c.in[d] - 1) / c.stride[d] + 1;
    }
    return c;
}

/* 3x3x3 over so many planes. */
static tare_convolution deep(int64_t batch, int64_t channels, int64_t filters, int64_t size) {
    tare_convolution c = shape(batch, channels, filters, size, 3, 1);
    c.in[0] = c.out[0] = 4;
    c.kernel[0] = 3;
    c.before[0] = 1;
    return c;
}

static void expect_bits(tare_isa isa, const tare_convolution *c, bool reads_x, bool reads_dy) {
    const int64_t size = tare_pixels(c->kernel) * c->channels * c->filters;
    doubling x, dy;
    begin(&x, 1, c->channels, c->batch * tare_pixels(c->in) * c->channels);
    begin(&dy, 2, c->filters, c->batch * tare_pixels(c->out) * c->filters);
    float *want = check_array(size), *got = check_array(size);
    void *plain = check_scratch(tare_convolution_filter_scratch_with(isa, c));
    tare_convolution_filter_f32_with(isa, c, reads_x ? x.doubled : x.plain,
                                     reads_dy ? dy.doubled : dy.plain, want, plain, NULL);
    const tare_filter_readers readers = {
        .x = {.read = reads_x ? read_doubled : NULL, .context = &x},
        .dy = {.read = reads_dy ? read_doubled : NULL, .context = &dy}};
    const tare_riding riding = tare_convolution_filter_riding_with(isa, c, reads_x, reads_dy);
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (int k = 0; k < CHECK_POOLS; k++) {
        void *scratch = check_scratch(riding.scratch);
        tare_convolution_filter_riding_f32_with(isa, c, x.plain, dy.plain, got, &readers, scratch,
                                                pools[k]);
        assert_memory_equal(got, want, (size_t)size * sizeof(float));
        free(scratch);
    }
    check_free_pools(pools);
    free(plain);
    check_release(want);
    check_release(got);
    end(&x);
    end(&dy);
}

static void what_is_read_has_the_bits_of_an_array(void **state) {
    (void)state;
    const tare_convolution shapes[] = {
        shape(6, 16, 16, 12, 3, 1), shape(3, 20, 40, 9, 3, 2),   shape(5, 16, 8, 11, 1, 1),
        shape(2, 3, 5, 14, 5, 1),   shape(7, 1, 16, 15, 3, 1),   shape(3, 16, 1, 12, 3, 1),
        shape(5, 48, 32, 11, 3, 1), shape(1, 16, 16, 203, 3, 1), deep(2, 16, 32, 5)};
    static const tare_isa isas[] = {TARE_ISA_BASELINE, TARE_ISA_AVX2, TARE_ISA_AVX512};
    int possible = 0, tried = 0;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        for (int i = 0; i < 3; i++) {
            if (isas[i] > tare_isa_used()) continue;
            tried++;
            for (int reads = 1; reads < 4; reads++) {
                const bool x = reads & 1, dy = reads & 2;
                if (!tare_convolution_filter_riding_with(isas[i], &shapes[k], x, dy).possible)
                    continue;
                expect_bits(isas[i], &shapes[k], x, dy);
                possible++;
            }
        }
    }
    assert_true(possible >= tried);
}

/* dy in memory, where it is made. */
static void make_doubled(const void *context, int64_t offset, int64_t pixels) {
    doubling *d = (doubling *)(uintptr_t)context;
    if (pixels < 1 || offset < 0 || offset % d->depth != 0 ||
        offset + pixels * d->depth > d->count) {
        atomic_store(&d->wrong, true);
        return;
    }
    for (int64_t i = 0; i < pixels * d->depth; i++) d->plain[offset + i] *= 2;
}

static void expect_made(tare_isa isa, const tare_convolution *c, tare_pool *pool) {
    const int64_t size = tare_pixels(c->kernel) * c->channels * c->filters;
    doubling x, dy;
    begin(&x, 1, c->channels, c->batch * tare_pixels(c->in) * c->channels);
    begin(&dy, 2, c->filters, c->batch * tare_pixels(c->out) * c->filters);
    float *want = check_array(size), *got = check_array(size);
    void *plain = check_scratch(tare_convolution_filter_scratch_with(isa, c));
    void *scratch = check_scratch(tare_convolution_filter_riding_with(isa, c, true, false).scratch);
    tare_convolution_filter_f32_with(isa, c, x.doubled, dy.doubled, want, plain, NULL);
    const tare_filter_readers readers = {
        .x = {.read = read_doubled, .context = &x},
        .dy_maker = {.make = make_doubled, .context = &dy, .beside = {dy.plain, dy.doubled}}};
    tare_convolution_filter_riding_f32_with(isa, c, x.plain, dy.plain, got, &readers, scratch,
                                            pool);
    assert_memory_equal(got, want, (size_t)size * sizeof(float));
    assert_memory_equal(dy.plain, dy.doubled, (size_t)dy.count * sizeof(float)); /* once each */
    free(plain);
    free(scratch);
    check_release(want);
    check_release(got);
    end(&x);
    end(&dy);
}

static void what_is_made_in_memory_has_them_too(void **state) {
    (void)state;
    const tare_convolution shapes[] = {shape(6, 16, 16, 12, 3, 1), shape(3, 20, 40, 17, 3, 2),
                                       shape(5, 16, 18, 41, 1, 1), shape(2, 3, 25, 30, 5, 3),
                                       shape(5, 48, 32, 11, 3, 1), shape(1, 16, 16, 203, 3, 1),
                                       deep(2, 16, 32, 5)};
    tare_pool *pools[CHECK_POOLS];
    int possible = 0;
    check_make_pools(pools);
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            if (!tare_convolution_filter_riding_with((tare_isa)isa, &shapes[k], true, false).makes)
                continue;
            for (int p = 0; p < CHECK_POOLS; p++) expect_made((tare_isa)isa, &shapes[k], pools[p]);
            possible++;
        }
    }
    check_free_pools(pools);
    assert_true(possible >= 3 * ((int)tare_isa_supported() - TARE_ISA_BASELINE + 1));
}

/* Whose kernel gathers each number many times over, or that are grouped, say so. */
static void others_say_that_they_cannot(void **state) {
    (void)state;
    tare_convolution grouped = shape(2, 16, 16, 12, 3, 1);
    const tare_convolution large = shape(2, 256, 256, 12, 3, 1);
    grouped.groups = 4;
    assert_false(tare_convolution_filter_riding(&grouped, true, false).possible);
    assert_false(tare_convolution_filter_riding(&large, false, true).possible);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_has_the_bits_of_an_array),
        cmocka_unit_test(what_is_made_in_memory_has_them_too),
        cmocka_unit_test(others_say_that_they_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
