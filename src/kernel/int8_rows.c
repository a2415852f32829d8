/* SPDX-License-Identifier: Apache-2.0 */
/* Pools, means and sums of whole-number networks, many channels at a time. */
#include "kernel/int8_kernel.h"

#include <math.h>
#include <string.h>

#include "kernel/convolution_geometry.h"
#include "kernel/slices.h"

enum {
    SLICE_NUMBERS = 65536, /* read by a slice, at least */
    ADD_COST = 16,         /* of a sum, in numbers read */
    BLOCK = 256,           /* channels whose sums are kept at a time */
    ROW = 1024,            /* numbers of a row of narrow pixels that are kept at a time */
    NARROW = 64,           /* channels, at most */
    WIDE = 16              /* channels that are worth a call of a kernel */
};

static int64_t slices_of(int64_t items, int64_t numbers) {
    return tare_slice_count(items, numbers, SLICE_NUMBERS);
}

/* -------------------------------------------------------------------------------------- pools */

typedef struct pool_job {
    const tare_int8_kernel *kernel;
    const tare_int8_pool *p;
    const int8_t *x;
    int8_t *y;
    int64_t items, slices; /* items: pixels, or rows of narrow ones */
} pool_job;

/* The part of a window inside the image: a box of pixels. */
typedef struct box {
    int64_t low[TARE_SPATIAL], high[TARE_SPATIAL];
} box;

static box window_at(const tare_convolution *c, int64_t place) {
    int64_t out[TARE_SPATIAL];
    box window;
    tare_pixel_at(c->out, place, out);
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int64_t begin = out[d] * c->stride[d] - c->before[d];
        window.low[d] = tare_greatest(begin, 0);
        window.high[d] = tare_greatest(tare_least(begin + c->kernel[d], c->in[d]), window.low[d]);
    }
    return window;
}

static int64_t box_pixels(const box *b) {
    return (b->high[0] - b->low[0]) * (b->high[1] - b->low[1]) * (b->high[2] - b->low[2]);
}

static void clamp_all(const tare_int8_pool *p, int64_t count, int8_t *y) {
    if (p->least == INT8_MIN && p->most == INT8_MAX) return;
    for (int64_t i = 0; i < count; i++) y[i] = (int8_t)tare_clamp_32(y[i], p->least, p->most);
}

static void find_greatest(const pool_job *job, const box *b, const int8_t *image, int8_t *y) {
    const tare_convolution *c = &job->p->c;
    const int64_t channels = c->channels;
    memset(y, INT8_MIN, (size_t)channels);
    for (int64_t i = b->low[0]; i < b->high[0]; i++)
        for (int64_t j = b->low[1]; j < b->high[1]; j++)
            for (int64_t k = b->low[2]; k < b->high[2]; k++)
                job->kernel->raise(y, image + ((i * c->in[1] + j) * c->in[2] + k) * channels,
                                   channels);
    clamp_all(job->p, channels, y);
}

/* count: numbers under each sum. */
static void find_quotients(const pool_job *job, const int32_t *sums, int64_t results, int64_t count,
                           int8_t *y) {
    const tare_int8_window window = {.numbers = (int32_t)count,
                                     .least = job->p->least,
                                     .most = job->p->most,
                                     .halves_up = job->p->halves_up};
    if (count >= 1 && count <= TARE_INT8_MOST_AVERAGED)
        job->kernel->average(&window, sums, results, y);
    else
        for (int64_t i = 0; i < results; i++) y[i] = tare_int8_average_of(job->p, sums[i], count);
}

static void find_averages(const pool_job *job, const box *b, const int8_t *image, int8_t *y) {
    const tare_convolution *c = &job->p->c;
    const int64_t channels = c->channels, count = box_pixels(b);
    for (int64_t first = 0; first < channels; first += BLOCK) {
        int32_t sums[BLOCK] = {0};
        const int64_t some = tare_least(BLOCK, channels - first);
        for (int64_t i = b->low[0]; i < b->high[0]; i++)
            for (int64_t j = b->low[1]; j < b->high[1]; j++)
                for (int64_t k = b->low[2]; k < b->high[2]; k++) {
                    const int64_t pixel = (i * c->in[1] + j) * c->in[2] + k;
                    job->kernel->collect(sums, image + pixel * channels + first, some);
                }
        find_quotients(job, sums, some, count, y + first);
    }
}

static void pool_slice(void *context, int64_t slice) {
    const pool_job *job = context;
    const tare_convolution *c = &job->p->c;
    const int64_t places = tare_pixels(c->out), channels = c->channels;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t i = tare_slice_begin(job->items, job->slices, slice); i < end; i++) {
        const int8_t *image = job->x + i / places * tare_pixels(c->in) * channels;
        const box window = window_at(c, i % places);
        (job->p->averages ? find_averages : find_greatest)(job, &window, image,
                                                           job->y + i * channels);
    }
}

/* ---- pixels of few channels: the rows of a window meet first, many pixels at a time */

/* Results of one row, and what lies under their windows. */
typedef struct row_part {
    int64_t results;
    int64_t begin, low, high; /* source columns: where the first window begins; inside the image */
    const box *window;        /* its rows */
    const int8_t *image;
    int8_t *y;
} row_part;

/* found: the greatest of each column. */
static void raise_windows(const pool_job *job, int64_t results, const int8_t *found, int8_t *y) {
    const tare_convolution *c = &job->p->c;
    const int64_t channels = c->channels;
    for (int64_t j = 0; j < results; j++) {
        const int8_t *x = found + j * c->stride[2] * channels;
        memcpy(y + j * channels, x, (size_t)channels);
        for (int64_t k = 1; k < c->kernel[2]; k++)
            job->kernel->raise(y + j * channels, x + k * channels, channels);
    }
}

static void greatest_of_part(const pool_job *job, const row_part *part) {
    const tare_convolution *c = &job->p->c;
    const int64_t channels = c->channels, step = c->stride[2] * channels;
    int8_t found[ROW];
    memset(found, INT8_MIN, sizeof found);
    for (int64_t i = part->window->low[1]; i < part->window->high[1]; i++)
        job->kernel->raise(found + (part->low - part->begin) * channels,
                           part->image + (i * c->in[2] + part->low) * channels,
                           (part->high - part->low) * channels);
    if (channels >= WIDE) raise_windows(job, part->results, found, part->y);
    for (int64_t j = 0; channels < WIDE && j < part->results; j++)
        for (int64_t i = 0; i < channels; i++) {
            int8_t most = INT8_MIN;
            for (int64_t k = 0; k < c->kernel[2]; k++) {
                const int8_t x = found[j * step + k * channels + i];
                most = x > most ? x : most;
            }
            part->y[j * channels + i] = most;
        }
    clamp_all(job->p, part->results * channels, part->y);
}

/* How many columns of result j's window lie inside the image. */
static int64_t columns_inside(const tare_convolution *c, const row_part *part, int64_t j) {
    const int64_t begin = part->begin + j * c->stride[2];
    return tare_greatest(tare_least(begin + c->kernel[2], c->in[2]) - tare_greatest(begin, 0), 0);
}

/* Sums of windows go where no later window reads. */
static void sum_windows(const tare_convolution *c, int64_t results, int32_t *sums) {
    const int64_t channels = c->channels, step = c->stride[2] * channels;
    for (int64_t j = 0; j < results; j++)
        for (int64_t i = 0; i < channels; i++) {
            int32_t sum = 0;
            for (int64_t k = 0; k < c->kernel[2]; k++) sum += sums[j * step + k * channels + i];
            sums[j * channels + i] = sum;
        }
}

static void averages_of_part(const pool_job *job, const row_part *part) {
    const tare_convolution *c = &job->p->c;
    const int64_t channels = c->channels, rows = part->window->high[1] - part->window->low[1];
    int32_t sums[ROW] = {0};
    for (int64_t i = part->window->low[1]; i < part->window->high[1]; i++)
        job->kernel->collect(sums + (part->low - part->begin) * channels,
                             part->image + (i * c->in[2] + part->low) * channels,
                             (part->high - part->low) * channels);
    sum_windows(c, part->results, sums);
    for (int64_t j = 0, end; j < part->results; j = end) {
        const int64_t columns = columns_inside(c, part, j);
        for (end = j + 1; end < part->results && columns_inside(c, part, end) == columns; end++) {}
        find_quotients(job, sums + j * channels, (end - j) * channels, rows * columns,
                       part->y + j * channels);
    }
}

static void row_slice(void *context, int64_t slice) {
    const pool_job *job = context;
    const tare_convolution *c = &job->p->c;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    const int64_t rest = ROW / c->channels - c->kernel[2], fit = rest / c->stride[2] + 1;
    for (int64_t i = tare_slice_begin(job->items, job->slices, slice); i < end; i++) {
        const box window = window_at(c, i % c->out[1] * c->out[2]);
        row_part part = {.window = &window,
                         .image = job->x + i / c->out[1] * tare_pixels(c->in) * c->channels};
        for (int64_t first = 0; first < c->out[2]; first += fit) {
            part.results = tare_least(fit, c->out[2] - first);
            part.begin = first * c->stride[2] - c->before[2];
            part.low = tare_greatest(part.begin, 0);
            part.high = tare_greatest(
                tare_least(part.begin + (part.results - 1) * c->stride[2] + c->kernel[2], c->in[2]),
                part.low);
            part.y = job->y + (i * c->out[2] + first) * c->channels;
            (job->p->averages ? averages_of_part : greatest_of_part)(job, &part);
        }
    }
}

static bool is_narrow(const tare_convolution *c) {
    return c->channels <= NARROW && c->kernel[2] * c->channels <= ROW && c->in[0] == 1 &&
           c->out[0] == 1 && c->kernel[0] == 1;
}

void tare_int8_pool_run_with(const tare_int8_kernel *kernel, const tare_int8_pool *p,
                             const int8_t *x, int8_t *y, tare_pool *pool) {
    pool_job job = {.kernel = kernel, .p = p, .x = x, .y = y};
    const bool narrow = is_narrow(&p->c);
    const int64_t each = narrow ? p->c.out[2] : 1; /* pixels of an item */
    job.items = p->c.batch * tare_pixels(p->c.out) / tare_greatest(each, 1);
    if (job.items * p->c.channels == 0) return;
    if (p->averages && tare_pixels(p->c.kernel) > INT32_MAX / -INT8_MIN) {
        tare_int8_pool_reference(p, x, y);
        return;
    }
    job.slices = slices_of(job.items, each * tare_pixels(p->c.kernel) * p->c.channels);
    tare_pool_run(pool, job.slices, narrow ? row_slice : pool_slice, &job);
}

void tare_int8_pool_run(const tare_int8_pool *p, const int8_t *x, int8_t *y, tare_pool *pool) {
    tare_int8_pool_run_with(tare_int8_kernel_of(tare_isa_used()), p, x, y, pool);
}

/* --------------------------------------------------------------------------------------- mean */

typedef struct mean_job {
    const tare_int8_kernel *kernel;
    const tare_int8_mean *m;
    tare_multiplier by;
    const int8_t *x;
    int8_t *y;
    int64_t blocks, slices; /* blocks: of one outer entry */
} mean_job;

static void mean_slice(void *context, int64_t slice) {
    const mean_job *job = context;
    const tare_int8_mean *m = job->m;
    const int64_t items = m->outer * job->blocks;
    const int64_t end = tare_slice_begin(items, job->slices, slice + 1);
    for (int64_t i = tare_slice_begin(items, job->slices, slice); i < end; i++) {
        const int64_t outer = i / job->blocks, first = i % job->blocks * BLOCK;
        const int64_t some = tare_least(BLOCK, m->inner - first);
        int32_t sums[BLOCK] = {0};
        for (int64_t k = 0; k < m->count; k++)
            job->kernel->collect(sums, job->x + (outer * m->count + k) * m->inner + first, some);
        for (int64_t c = 0; c < some; c++)
            job->y[outer * m->inner + first + c] =
                tare_int8_mean_of(m, job->by, sums[c] - m->count * m->x_zero);
    }
}

void tare_int8_mean_run_with(const tare_int8_kernel *kernel, const tare_int8_mean *m,
                             const int8_t *x, int8_t *y, tare_pool *pool) {
    mean_job job = {.kernel = kernel, .m = m, .x = x, .y = y};
    if (m->count < 1 || m->outer * m->inner == 0) return;
    if (m->count > INT32_MAX / -INT8_MIN || m->inner == 1) {
        tare_int8_mean_reference(m, x, y);
        return;
    }
    job.by = tare_int8_mean_factor(m);
    job.blocks = tare_quotient_up(m->inner, BLOCK);
    job.slices = slices_of(m->outer * job.blocks, m->count * tare_least(BLOCK, m->inner));
    tare_pool_run(pool, job.slices, mean_slice, &job);
}

void tare_int8_mean_run(const tare_int8_mean *m, const int8_t *x, int8_t *y, tare_pool *pool) {
    tare_int8_mean_run_with(tare_int8_kernel_of(tare_isa_used()), m, x, y, pool);
}

/* ---------------------------------------------------------------------------------------- add */

typedef struct add_job {
    const tare_int8_kernel *kernel;
    tare_int8_sum sum;
    const int8_t *x, *z;
    int8_t *y;
    int64_t count, slices;
} add_job;

static void add_slice(void *context, int64_t slice) {
    const add_job *job = context;
    const int64_t begin = tare_slice_begin(job->count, job->slices, slice);
    const int64_t end = tare_slice_begin(job->count, job->slices, slice + 1);
    job->kernel->add(&job->sum, end - begin, job->x + begin, job->z + begin, job->y + begin);
}

/* The greater of two scales is a half of twice itself, which takes a shift alone. */
static bool is_half(tare_multiplier by) { return by.multiplier == 1 << 30 && by.shift == 0; }

/* The factor with `zero` added to its results; false: it has no form of that kind. */
static bool factor_of(tare_multiplier by, int32_t zero, tare_int8_factor *factor) {
    const int most_shift = 22; /* zero 2^shift stays below 2^30 */
    const int shift = -by.shift;
    if (shift < 1 || shift > most_shift) return false;
    *factor = (tare_int8_factor){by.multiplier, (1 << (shift - 1)) + zero * (1 << shift), shift};
    return true;
}

/* The factor as a number. */
static double real_of(const tare_int8_factor *f) { return ldexp(f->multiplier, -31 - f->shift); }

/*
 * What a sum is in real numbers. What is rounded on the way, z and the first quotient of y, is off
 * by 1.5 / 2^shift in all; three numbers and two sums of float32, and the step to whole 65536ths,
 * by no more than 2^-22 of the greatest there can be.
 */
static void estimate_sum(tare_int8_sum *sum, int32_t y_zero) {
    const double by = ldexp(real_of(&sum->y), TARE_INT8_ADD_BITS), parts = 1 << 16;
    const double x_share = by / 2, z_share = sum->alike ? by / 2 : real_of(&sum->z) * by;
    const double offset = y_zero + .5 - x_share * sum->x_zero - z_share * sum->z_zero;
    const double most = -INT8_MIN * (x_share + z_share) + fabs(offset);
    const double wrong = ceil(parts * (ldexp(1.5, -sum->y.shift) + ldexp(most, -22)) + 1);
    sum->x_share = (float)(parts * x_share);
    sum->z_share = (float)(parts * z_share);
    sum->offset = (float)(parts * offset + wrong);
    const double most_wrong = 128; /* beyond it there is doubt too often */
    sum->wrong = wrong <= most_wrong && most < TARE_INT8_BOUNDED ? (int32_t)wrong : 0;
}

/* A sum of two 2^28 stays below 2^30. */
static bool sum_of(const tare_int8_add *a, tare_int8_sum *sum) {
    *sum = (tare_int8_sum){.x_zero = a->a_zero,
                           .z_zero = a->b_zero,
                           .least = a->least,
                           .most = a->most,
                           .alike = is_half(a->b_by),
                           .halves_up = a->least >= a->y_zero};
    if (!is_half(a->a_by) || !(sum->alike || factor_of(a->b_by, 0, &sum->z)) ||
        !factor_of(a->y_by, a->y_zero, &sum->y))
        return false;
    estimate_sum(sum, a->y_zero);
    return true;
}

void tare_int8_add_run_with(const tare_int8_kernel *kernel, const tare_int8_add *a, const int8_t *x,
                            const int8_t *z, int8_t *y, tare_pool *pool) {
    add_job job = {.kernel = kernel, .x = x, .z = z, .y = y};
    tare_int8_add turned = *a;
    if (!is_half(a->a_by)) {
        turned.a_by = a->b_by;
        turned.b_by = a->a_by;
        turned.a_zero = a->b_zero;
        turned.b_zero = a->a_zero;
        job.x = z;
        job.z = x;
    }
    job.count = a->count;
    job.slices = slices_of(job.count, ADD_COST);
    if (sum_of(&turned, &job.sum))
        tare_pool_run(pool, job.slices, add_slice, &job);
    else
        tare_int8_add_reference(a, x, z, y);
}

void tare_int8_add_run(const tare_int8_add *a, const int8_t *x, const int8_t *z, int8_t *y,
                       tare_pool *pool) {
    tare_int8_add_run_with(tare_int8_kernel_of(tare_isa_used()), a, x, z, y, pool);
}

/* ------------------------------------------------------------------------------------- lookup */

typedef struct lookup_job {
    const tare_int8_kernel *kernel;
    const int8_t *x, *table;
    int8_t *y;
    int64_t count, slices;
} lookup_job;

static void lookup_slice(void *context, int64_t slice) {
    const lookup_job *job = context;
    const int64_t end = tare_slice_begin(job->count, job->slices, slice + 1);
    const int64_t begin = tare_slice_begin(job->count, job->slices, slice);
    job->kernel->look_up(job->y + begin, job->x + begin, job->table, end - begin);
}

void tare_int8_lookup(int64_t count, const int8_t *x, const int8_t *table, int8_t *y,
                      tare_pool *pool) {
    lookup_job job = {.x = x, .table = table, .y = y, .count = count};
    job.kernel = tare_int8_kernel_of(tare_isa_used());
    job.slices = slices_of(count, 1);
    tare_pool_run(pool, job.slices, lookup_slice, &job);
}
