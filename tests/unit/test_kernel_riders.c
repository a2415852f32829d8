/* SPDX-License-Identifier: Apache-2.0 */
/* Work that rides on convolutions: readers and finishers of every instruction set. */
#include "kernel_check.h"

#include <stdatomic.h>

#include "kernel/convolution_geometry.h"
#include "kernel/convolution_kernel.h"
#include "kernel/gemm_kernel.h"

enum { MOST_SLICES = 64 };

/* One convolution or data gradient: what it reads and writes, whole pixels of each. */
typedef struct job {
    tare_convolution c;
    bool is_data;
    int64_t source_depth, source_count, result_depth, result_count, filter_count;
    float *source, *doubled, *w;
} job;

static job make_job(const tare_convolution *c, bool is_data) {
    const int64_t x_count = c->batch * tare_pixels(c->in) * c->channels;
    const int64_t y_count = c->batch * tare_pixels(c->out) * c->filters;
    job j = {.c = *c,
             .is_data = is_data,
             .source_depth = is_data ? c->filters : c->channels,
             .source_count = is_data ? y_count : x_count,
             .result_depth = is_data ? c->channels : c->filters,
             .result_count = is_data ? x_count : y_count,
             .filter_count = tare_pixels(c->kernel) * c->channels * c->filters};
    j.source = check_random(21, j.source_count);
    j.doubled = check_array(j.source_count);
    for (int64_t i = 0; i < j.source_count; i++) j.doubled[i] = 2 * j.source[i];
    j.w = check_random(22, j.filter_count);
    return j;
}

static void free_job(job *j) {
    check_release(j->source);
    check_release(j->doubled);
    check_release(j->w);
}

static tare_riding riding_of(const job *j, tare_isa isa, bool reads) {
    return j->is_data ? tare_convolution_data_riding_with(isa, &j->c, reads)
                      : tare_convolution_forward_riding_with(isa, &j->c, reads);
}

static float *run_plain(const job *j, tare_isa isa, const float *from) {
    float *to = check_array(j->result_count);
    void *scratch = check_scratch(j->is_data ? tare_convolution_data_scratch_with(isa, &j->c)
                                             : tare_convolution_forward_scratch_with(isa, &j->c));
    if (j->is_data)
        tare_convolution_data_f32_with(isa, &j->c, from, j->w, to, scratch, NULL);
    else
        tare_convolution_forward_f32_with(isa, &j->c, from, j->w, NULL, to, scratch, NULL);
    free(scratch);
    return to;
}

static float *run_riding(const job *j, tare_isa isa, const tare_riders *riders, float *to,
                         tare_pool *pool) {
    void *scratch = check_scratch(riding_of(j, isa, riders->reader.read != NULL).scratch);
    if (j->is_data)
        tare_convolution_data_riding_f32_with(isa, &j->c, j->source, j->w, to, riders, scratch,
                                              pool);
    else
        tare_convolution_forward_riding_f32_with(isa, &j->c, j->source, j->w, NULL, to, riders,
                                                 scratch, pool);
    free(scratch);
    return to;
}

/* What riders saw. Threads may not fail a test: they say that something is wrong. */
typedef struct witness {
    const job *job;
    float *results;
    int64_t slices;
    _Atomic int *told; /* how often, by result pixel */
    uint64_t order[MOST_SLICES];
    atomic_bool wrong;
} witness;

/* Twice the source. */
static void read_doubled(const void *context, int64_t offset, int64_t pixels, float *to,
                         int64_t stride) {
    witness *w = (witness *)(uintptr_t)context;
    const int64_t depth = w->job->source_depth;
    if (pixels < 1 || offset < 0 || offset % depth != 0 ||
        offset + pixels * depth > w->job->source_count || stride < depth) {
        atomic_store(&w->wrong, true);
        return;
    }
    for (int64_t i = 0; i < pixels; i++)
        for (int64_t k = 0; k < depth; k++)
            to[i * stride + k] = 2 * w->job->source[offset + i * depth + k];
}

/* Each result plus 1. */
static void finish_shifted(void *context, const tare_finished *f) {
    witness *w = context;
    const int64_t depth = w->job->result_depth;
    const int64_t last = f->offset + (f->pixels - 1) * f->stride;
    if (f->slice < 0 || f->slice >= w->slices || f->pixels < 1 || f->offset < 0 ||
        f->offset % depth != 0 || f->stride % depth != 0 || last + depth > w->job->result_count) {
        atomic_store(&w->wrong, true);
        return;
    }
    for (int64_t i = 0; i < f->pixels; i++) {
        const int64_t at = f->offset + i * f->stride;
        atomic_fetch_add(&w->told[at / depth], 1);
        for (int64_t k = 0; k < depth; k++) w->results[at + k] += 1;
    }
    uint64_t *order = &w->order[f->slice];
    *order = (*order * 31 + (uint64_t)f->offset) * 31 + (uint64_t)f->pixels;
}

static witness make_witness(const job *j, tare_isa isa, bool reads) {
    witness w = {.job = j, .slices = riding_of(j, isa, reads).slices};
    assert_true(w.slices >= 1 && w.slices <= MOST_SLICES);
    w.results = check_array(j->result_count);
    const int64_t pixels = j->result_depth ? j->result_count / j->result_depth : 0;
    w.told = calloc((size_t)pixels + 1, sizeof *w.told);
    assert_non_null(w.told);
    return w;
}

static void free_witness(witness *w) {
    check_release(w->results);
    free((void *)w->told);
}

static void witness_run(witness *w, tare_isa isa, bool reads, tare_pool *pool) {
    const job *j = w->job;
    const tare_riders riders = {.reader = {.read = reads ? read_doubled : NULL, .context = w},
                                .finisher = {.finish = finish_shifted, .context = w}};
    run_riding(j, isa, &riders, w->results, pool);
    assert_false(atomic_load(&w->wrong));
    for (int64_t p = 0; p < j->result_count; p += j->result_depth)
        assert_int_equal(w->told[p / j->result_depth], 1);
}

static void check_riders(const job *j, tare_isa isa, bool reads, tare_pool *const *pools) {
    float *plain = run_plain(j, isa, reads ? j->doubled : j->source);
    for (int64_t i = 0; i < j->result_count; i++) plain[i] += 1;
    uint64_t order[MOST_SLICES];
    for (int p = 0; p < (pools ? CHECK_POOLS : 1); p++) {
        witness w = make_witness(j, isa, reads);
        witness_run(&w, isa, reads, pools ? pools[p] : NULL);
        assert_true(check_same_bits(plain, w.results, j->result_count));
        if (p == 0) memcpy(order, w.order, sizeof order);
        assert_memory_equal(order, w.order, sizeof order);
        free_witness(&w);
    }
    check_release(plain);
}

static void check_convolution(const tare_convolution *c, tare_pool *const *pools) {
    for (int d = 0; d < 2; d++) {
        job j = make_job(c, d == 1);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            if (!riding_of(&j, (tare_isa)isa, false).possible) continue;
            check_riders(&j, (tare_isa)isa, false, pools);
            check_riders(&j, (tare_isa)isa, true, pools);
        }
        free_job(&j);
    }
}

/* A convolution over height and width; outputs as many as fit. */
static tare_convolution plane(int64_t batch, int64_t height, int64_t width, int64_t channels,
                              int64_t filters, int64_t kernel, int64_t stride, int64_t pad) {
    tare_convolution c = {.batch = batch,
                          .channels = channels,
                          .filters = filters,
                          .groups = 1,
                          .in = {1, height, width},
                          .out = {1, (height + 2 * pad - kernel) / stride + 1,
                                  (width + 2 * pad - kernel) / stride + 1},
                          .kernel = {1, kernel, kernel},
                          .stride = {1, stride, stride},
                          .dilation = {1, 1, 1},
                          .before = {0, pad, pad}};
    return c;
}

static tare_convolution solid(void) {
    tare_convolution c = plane(2, 20, 21, 34, 17, 3, 1, 1);
    c.in[0] = c.out[0] = 5;
    c.kernel[0] = 3;
    c.before[0] = 1;
    return c;
}

static void see_every_pixel_once(void **state) {
    (void)state;
    const tare_convolution some[] = {
        plane(3, 9, 11, 16, 16, 3, 1, 1),   plane(2, 7, 8, 20, 35, 3, 2, 1),
        plane(3, 30, 30, 40, 34, 1, 1, 0),  /* one long row through all samples */
        plane(2, 15, 17, 16, 32, 1, 2, 0),  /* three of four residues without a tap */
        plane(2, 5, 7, 1024, 16, 1, 1, 0),  /* pixels apart in the copy */
        plane(1, 5, 6, 1024, 70, 3, 1, 1),  /* the same, several panels of filters */
        plane(1, 70, 40, 32, 20, 3, 1, 1),  /* some rows to a strip */
        plane(1, 5, 1100, 24, 18, 3, 1, 1), /* part of a row to a strip */
        plane(2, 11, 12, 18, 20, 3, 1, 0),  /* read in place, but for a reader */
        plane(2, 11, 12, 32, 2, 3, 1, 1),   /* sums in the lanes of vectors */
        plane(2, 4, 4, 7, 5, 3, 1, 1),      solid()};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) check_convolution(&some[i], NULL);
}

static void have_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    const tare_convolution some[] = {
        plane(16, 16, 16, 16, 32, 3, 1, 1), plane(8, 16, 16, 20, 40, 3, 2, 1),
        plane(4, 8, 8, 128, 70, 3, 1, 1), plane(8, 20, 20, 64, 48, 1, 1, 0)};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) check_convolution(&some[i], pools);
    check_free_pools(pools);
}

/* ---- makers */

/* A source that is made: what of, where, and how often each pixel was. */
typedef struct workshop {
    const job *job;
    float *source;
    _Atomic int *made;
    atomic_bool wrong;
} workshop;

static void make_doubled(const void *context, int64_t offset, int64_t pixels) {
    workshop *w = (workshop *)(uintptr_t)context;
    const int64_t depth = w->job->source_depth;
    if (pixels < 1 || offset < 0 || offset % depth != 0 ||
        offset + pixels * depth > w->job->source_count) {
        atomic_store(&w->wrong, true);
        return;
    }
    for (int64_t i = 0; i < pixels * depth; i++)
        w->source[offset + i] = 2 * w->job->source[offset + i];
    for (int64_t i = 0; i < pixels; i++) atomic_fetch_add(&w->made[offset / depth + i], 1);
}

/* What the convolution makes of a source that is made bit by bit has the bits of one made before,
 * all of it is made, and no pixel twice. */
static void check_maker(const job *j, tare_isa isa, tare_pool *pool) {
    const int64_t pixels = j->source_count / j->source_depth;
    float *plain = run_plain(j, isa, j->doubled), *results = check_array(j->result_count);
    workshop w = {.job = j, .source = check_array(j->source_count)};
    w.made = calloc((size_t)pixels + 1, sizeof *w.made);
    assert_non_null(w.made);
    for (int64_t i = 0; i < j->source_count; i++) w.source[i] = NAN;
    job made = *j;
    made.source = w.source;
    const tare_riders riders = {
        .maker = {.make = make_doubled, .context = &w, .beside = {j->source}}};
    run_riding(&made, isa, &riders, results, pool);
    assert_false(atomic_load(&w.wrong));
    for (int64_t p = 0; p < pixels; p++) assert_int_equal(w.made[p], 1);
    assert_true(check_same_bits(j->doubled, w.source, j->source_count));
    assert_true(check_same_bits(plain, results, j->result_count));
    check_release(plain);
    check_release(results);
    check_release(w.source);
    free((void *)w.made);
}

static int check_makers(const tare_convolution *c, tare_pool *const *pools) {
    int possible = 0;
    for (int d = 0; d < 2; d++) {
        job j = make_job(c, d == 1);
        for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
            if (!riding_of(&j, (tare_isa)isa, false).makes) continue;
            for (int p = 0; p < CHECK_POOLS; p++) check_maker(&j, (tare_isa)isa, pools[p]);
            possible++;
        }
        free_job(&j);
    }
    return possible;
}

static void make_every_pixel_of_the_source_once(void **state) {
    (void)state;
    const tare_convolution both[] = {
        plane(16, 9, 11, 16, 16, 3, 1, 1),  plane(17, 40, 30, 80, 18, 3, 1, 1),
        plane(3, 30, 30, 40, 34, 1, 1, 0),  /* one long row through all samples */
        plane(16, 11, 12, 18, 20, 3, 1, 0), /* read in place */
        plane(16, 5, 6, 1024, 7, 3, 1, 1),  plane(16, 11, 12, 32, 2, 3, 1, 1)};
    /* Of the data gradient of strides several views read dy. */
    const tare_convolution forward[] = {
        plane(16, 7, 8, 20, 35, 3, 2, 1),
        plane(16, 15, 17, 16, 32, 1, 2, 0), /* what no tap reads is made too */
        plane(16, 30, 31, 120, 8, 3, 3, 0)};
    const int isas = (int)tare_isa_supported() - TARE_ISA_BASELINE + 1;
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        assert_int_equal(check_makers(&both[i], pools), 2 * isas);
    for (size_t i = 0; i < sizeof forward / sizeof *forward; i++)
        assert_int_equal(check_makers(&forward[i], pools), isas);
    check_free_pools(pools);
    const tare_convolution few = plane(3, 9, 11, 16, 16, 3, 1, 1);
    assert_false(tare_convolution_forward_riding(&few, false).makes);
}

static void are_not_taken_by_groups_and_planes(void **state) {
    (void)state;
    tare_convolution grouped = plane(2, 8, 8, 16, 16, 3, 1, 1);
    assert_true(tare_convolution_forward_riding(&grouped, true).possible);
    assert_true(tare_convolution_data_riding(&grouped, true).possible);
    grouped.groups = 2;
    assert_false(tare_convolution_forward_riding(&grouped, false).possible);
    assert_false(tare_convolution_data_riding(&grouped, false).possible);
    const tare_convolution first = plane(8, 28, 28, 1, 6, 5, 1, 0);
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        const bool few = tare_gemm_kernel_of((tare_isa)isa)->lanes > 6;
        if (few)
            assert_false(
                tare_convolution_forward_riding_with((tare_isa)isa, &first, false).possible);
        assert_false(tare_convolution_data_riding_with((tare_isa)isa, &first, false).possible);
    }
}

static void default_is_the_machines_best(void **state) {
    (void)state;
    const tare_convolution c = plane(2, 9, 9, 12, 12, 3, 1, 1);
    const tare_riding riding = tare_convolution_forward_riding(&c, false);
    const tare_riding forced = tare_convolution_forward_riding_with(tare_isa_used(), &c, false);
    assert_true(riding.scratch == forced.scratch && riding.slices == forced.slices);
    job j = make_job(&c, false), back = make_job(&c, true);
    float *plain = run_plain(&j, tare_isa_used(), j.source), *y = check_array(j.result_count);
    float *gradient = run_plain(&back, tare_isa_used(), back.source);
    float *dx = check_array(back.result_count);
    void *scratch = check_scratch(riding.scratch);
    void *data = check_scratch(tare_convolution_data_riding(&c, false).scratch);
    const tare_riders none = {.packed = NULL};
    tare_convolution_forward_riding_f32(&c, j.source, j.w, NULL, y, &none, scratch, NULL);
    tare_convolution_data_riding_f32(&c, back.source, back.w, dx, &none, data, NULL);
    assert_true(check_same_bits(plain, y, j.result_count));
    assert_true(check_same_bits(gradient, dx, back.result_count));
    float *all[] = {plain, y, gradient, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) check_release(all[i]);
    free(scratch);
    free(data);
    free_job(&j);
    free_job(&back);
}

static void are_never_called_without_results(void **state) {
    (void)state;
    const tare_convolution none = plane(0, 8, 8, 16, 16, 3, 1, 1);
    check_convolution(&none, NULL);
}

/* ---- endings, and filters packed before */

static const tare_ending rectified = {.low = 0, .high = INFINITY};
static const tare_ending kept_near_zero = {.low = -0.25f, .high = 0.5f};

/* What an addition and a clamp behind the convolution make of its results. */
static void end_apart(const tare_ending *ending, const float *addend, int64_t count, float *y) {
    for (int64_t i = 0; i < count; i++) {
        if (addend) y[i] += addend[i];
        y[i] = y[i] < ending->low ? ending->low : y[i] > ending->high ? ending->high : y[i];
    }
}

/* One convolution with its ending, of a filter packed before or not; in_place: the addend's memory
 * is the result's. */
static float *run_ending(const job *j, tare_isa isa, const float *bias, tare_ending ending,
                         bool in_place, bool packs, tare_pool *pool) {
    const tare_riding riding = riding_of(j, isa, false);
    float *y = check_array(j->result_count);
    float *packed = check_scratch(riding.packed * (int64_t)sizeof(float));
    tare_riders riders = {.ending = &ending};
    if (packs) {
        tare_convolution_pack_f32_with(isa, &j->c, j->w, packed, pool);
        riders.packed = packed;
    }
    if (in_place) {
        memcpy(y, ending.addend, (size_t)j->result_count * sizeof *y);
        ending.addend = y;
    }
    const int64_t spared = packs ? riding.packed * (int64_t)sizeof(float) : 0;
    void *scratch = check_scratch(riding.scratch - spared);
    tare_convolution_forward_riding_f32_with(isa, &j->c, j->source, packs ? NULL : j->w, bias, y,
                                             &riders, scratch, pool);
    free(scratch);
    free(packed);
    return y;
}

static void check_ending(const job *j, tare_isa isa, const float *bias, const float *addend,
                         const tare_ending *bounds, tare_pool *const *pools) {
    float *apart = check_array(j->result_count);
    void *scratch = check_scratch(tare_convolution_forward_scratch_with(isa, &j->c));
    tare_convolution_forward_f32_with(isa, &j->c, j->source, j->w, bias, apart, scratch, NULL);
    end_apart(bounds, addend, j->result_count, apart);
    const tare_ending ending = {addend, bounds->low, bounds->high};
    for (int way = 0; way < 4; way++)
        for (int p = 0; p < (pools ? CHECK_POOLS : 1); p++) {
            if (way % 2 == 1 && !addend) continue;
            float *y = run_ending(j, isa, bias, ending, way % 2, way / 2, pools ? pools[p] : NULL);
            assert_true(check_same_bits(apart, y, j->result_count));
            check_release(y);
        }
    free(scratch);
    check_release(apart);
}

static void check_endings(const tare_convolution *c, tare_pool *const *pools) {
    job j = make_job(c, false);
    float *bias = check_random(23, c->filters), *addend = check_random(24, j.result_count);
    if (j.source_count > 0) j.source[j.source_count / 2] = NAN;
    for (int isa = TARE_ISA_BASELINE; isa <= (int)tare_isa_supported(); isa++) {
        if (!riding_of(&j, (tare_isa)isa, false).possible) continue;
        check_ending(&j, (tare_isa)isa, bias, addend, &rectified, pools);
        check_ending(&j, (tare_isa)isa, bias, NULL, &kept_near_zero, pools);
        check_ending(&j, (tare_isa)isa, NULL, addend, &kept_near_zero, pools);
        check_ending(&j, (tare_isa)isa, NULL, NULL, &rectified, pools);
    }
    check_release(bias);
    check_release(addend);
    free_job(&j);
}

static void endings_compute_what_passes_behind_the_convolution_do(void **state) {
    (void)state;
    const tare_convolution some[] = {
        plane(3, 9, 11, 16, 16, 3, 1, 1),  plane(2, 7, 8, 20, 35, 3, 2, 1),
        plane(3, 30, 30, 40, 64, 1, 1, 0), plane(2, 12, 13, 256, 70, 3, 1, 1),
        plane(2, 11, 12, 32, 2, 3, 1, 1),  plane(0, 8, 8, 16, 16, 3, 1, 1),
        plane(2, 4, 4, 7, 5, 3, 1, 1),     solid()};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) check_endings(&some[i], NULL);
}

static void endings_have_the_same_bits_for_every_thread_count(void **state) {
    (void)state;
    const tare_convolution some[] = {plane(8, 16, 16, 20, 40, 3, 2, 1),
                                     plane(8, 20, 20, 64, 48, 1, 1, 0)};
    tare_pool *pools[CHECK_POOLS];
    check_make_pools(pools);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) check_endings(&some[i], pools);
    check_free_pools(pools);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(see_every_pixel_once),
        cmocka_unit_test(have_the_same_bits_for_every_thread_count),
        cmocka_unit_test(make_every_pixel_of_the_source_once),
        cmocka_unit_test(are_not_taken_by_groups_and_planes),
        cmocka_unit_test(default_is_the_machines_best),
        cmocka_unit_test(are_never_called_without_results),
        cmocka_unit_test(endings_compute_what_passes_behind_the_convolution_do),
        cmocka_unit_test(endings_have_the_same_bits_for_every_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
