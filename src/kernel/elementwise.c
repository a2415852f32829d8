/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running elementwise loops: over arrays of one shape, and over broadcast ones.
 *
 * Work is cut by shape alone, into slices of at least 32768 elements' worth of additions.
 */
#include "kernel/elementwise.h"

#include <string.h>

#include "kernel/slices.h"

enum {
    SLICE_OPERATIONS = 32768,
    BLOCK = 64,             /* elements: slices begin at whole cache lines */
    REPEATED_ELEMENTS = 512 /* what a short repeating row is written out to, about */
};

/* What an element costs, in additions. */
static int64_t unary_cost(tare_unary which) {
    return which >= TARE_UNARY_EXPM1 && which <= TARE_UNARY_SOFTPLUS ? 16
           : which >= TARE_UNARY_SQRT                                ? 4
                                                                     : 1;
}
static int64_t binary_cost(tare_binary which) {
    return which >= TARE_BINARY_DIV_NO_NAN && which <= TARE_BINARY_WEIGHTED_CROSS_ENTROPY ? 16 : 1;
}

static int64_t blocks_of(int64_t count) { return (count + BLOCK - 1) / BLOCK; }

/* Where slice `slice` begins, in elements. */
static int64_t element_at(int64_t count, int64_t slices, int64_t slice) {
    const int64_t at = tare_slice_begin(blocks_of(count), slices, slice) * BLOCK;
    return at < count ? at : count;
}

/* ------------------------------------------------------------------------------ one argument */

bool tare_unary_plan(tare_unary_pass *pass, tare_unary which, tare_dtype dtype, int64_t count,
                     double parameter) {
    *pass = (tare_unary_pass){.loop = tare_unary_loop_of(which, dtype),
                              .parameter = parameter,
                              .count = count,
                              .in_size = tare_dtype_size(dtype),
                              .out_size = tare_dtype_size(tare_unary_dtype(which, dtype))};
    pass->slices = tare_slice_count(blocks_of(count), BLOCK * unary_cost(which), SLICE_OPERATIONS);
    return pass->loop != NULL;
}

typedef struct unary_job {
    const tare_unary_pass *pass;
    const char *x;
    char *y;
} unary_job;

static void unary_slice(void *context, int64_t slice) {
    const unary_job *job = context;
    const tare_unary_pass *pass = job->pass;
    const int64_t begin = element_at(pass->count, pass->slices, slice),
                  end = element_at(pass->count, pass->slices, slice + 1);
    pass->loop(job->x + (size_t)begin * pass->in_size, job->y + (size_t)begin * pass->out_size,
               end - begin, pass->parameter);
}

void tare_unary_run(const tare_unary_pass *pass, const void *x, void *y, tare_pool *pool) {
    unary_job job = {pass, x, y};
    tare_pool_run(pool, pass->slices, unary_slice, &job);
}

/* ----------------------------------------------------------------------------- broadcasting */

/* The axes of the result with the arguments' strides along them in elements, 0 where they repeat.
 */
static void lay_out(tare_binary_pass *pass, tare_shape a, tare_shape b) {
    const int rank = a.rank > b.rank ? a.rank : b.rank;
    int64_t a_step = 1, b_step = 1;
    pass->rank = rank;
    for (int d = rank - 1; d >= 0; d--) {
        const int at_a = d - rank + a.rank, at_b = d - rank + b.rank;
        const int64_t a_extent = at_a >= 0 ? a.extents[at_a] : 1,
                      b_extent = at_b >= 0 ? b.extents[at_b] : 1;
        pass->extents[d] = a_extent == 1 ? b_extent : a_extent;
        pass->a_strides[d] = a_extent == 1 ? 0 : a_step;
        pass->b_strides[d] = b_extent == 1 ? 0 : b_step;
        a_step *= a_extent;
        b_step *= b_extent;
    }
}

/* Drops axes of extent 1 and joins neighbours that both arguments walk through as one. */
static void join_axes(tare_binary_pass *pass) {
    int kept = 0;
    for (int d = 0; d < pass->rank; d++) {
        if (pass->extents[d] == 1) continue;
        const int64_t extent = pass->extents[d];
        if (kept > 0 && pass->a_strides[kept - 1] == pass->a_strides[d] * extent &&
            pass->b_strides[kept - 1] == pass->b_strides[d] * extent) {
            pass->extents[kept - 1] *= extent;
            pass->a_strides[kept - 1] = pass->a_strides[d];
            pass->b_strides[kept - 1] = pass->b_strides[d];
            continue;
        }
        pass->extents[kept] = extent;
        pass->a_strides[kept] = pass->a_strides[d];
        pass->b_strides[kept] = pass->b_strides[d];
        kept++;
    }
    pass->rank = kept;
}

/* Takes the last axis for the loops and leaves the others as rows. */
static void choose_row(tare_binary_pass *pass) {
    int64_t a_stride = 1, b_stride = 1;
    pass->inner = 1;
    if (pass->rank > 0) {
        const int last = --pass->rank;
        pass->inner = pass->extents[last];
        a_stride = pass->a_strides[last];
        b_stride = pass->b_strides[last];
    }
    pass->row = a_stride == 0   ? pass->loops->left_single
                : b_stride == 0 ? pass->loops->right_single
                                : pass->loops->both;
    pass->rows = 1;
    for (int d = 0; d < pass->rank; d++) pass->rows *= pass->extents[d];
    /* [R, C] with [C]: short rows are worth writing out into a long one. */
    const bool repeats_a = pass->rank == 1 && pass->a_strides[0] == 0,
               repeats_b = pass->rank == 1 && pass->b_strides[0] == 0;
    if (a_stride == 1 && b_stride == 1 && (repeats_a || repeats_b) &&
        pass->inner < REPEATED_ELEMENTS / 2 && pass->rows > 4) {
        const int64_t repeat = REPEATED_ELEMENTS / pass->inner;
        pass->repeat = repeat < pass->rows ? repeat : pass->rows;
        pass->repeat_is_a = repeats_a;
    }
}

bool tare_binary_plan(tare_binary_pass *pass, tare_binary which, tare_dtype dtype, tare_shape a,
                      tare_shape b, double parameter) {
    *pass = (tare_binary_pass){.loops = tare_binary_loops_of(which, dtype),
                               .parameter = parameter,
                               .in_size = tare_dtype_size(dtype),
                               .out_size = tare_dtype_size(tare_binary_dtype(which, dtype)),
                               .slices = 1};
    if (!pass->loops) return false;
    lay_out(pass, a, b);
    join_axes(pass);
    choose_row(pass);
    const int64_t cost = binary_cost(which);
    if (pass->rows == 1)
        pass->slices = tare_slice_count(blocks_of(pass->inner), BLOCK * cost, SLICE_OPERATIONS);
    else if (pass->repeat)
        pass->slices = tare_slice_count(pass->rows / pass->repeat,
                                        pass->repeat * pass->inner * cost, SLICE_OPERATIONS);
    else
        pass->slices = tare_slice_count(pass->rows, pass->inner * cost + 8, SLICE_OPERATIONS);
    return true;
}

int64_t tare_binary_scratch(const tare_binary_pass *pass) {
    return pass->repeat * pass->inner * (int64_t)pass->in_size;
}

typedef struct binary_job {
    const tare_binary_pass *pass;
    const char *a, *b;
    char *y;
} binary_job;

/* One long row: cut anywhere. */
static void row_slice(void *context, int64_t slice) {
    const binary_job *job = context;
    const tare_binary_pass *pass = job->pass;
    const int64_t begin = element_at(pass->inner, pass->slices, slice),
                  end = element_at(pass->inner, pass->slices, slice + 1);
    const size_t skipped = (size_t)begin * pass->in_size;
    pass->row(job->a + (pass->row == pass->loops->left_single ? 0 : skipped),
              job->b + (pass->row == pass->loops->right_single ? 0 : skipped),
              job->y + (size_t)begin * pass->out_size, end - begin, pass->parameter);
}

/* Rows against a repeating row that was written out: `repeat` rows at a time. */
static void repeated_slice(void *context, int64_t slice) {
    const binary_job *job = context;
    const tare_binary_pass *pass = job->pass;
    int64_t row = tare_slice_begin(pass->rows, pass->slices, slice);
    const int64_t end = tare_slice_begin(pass->rows, pass->slices, slice + 1);
    while (row < end) {
        const int64_t rows = end - row < pass->repeat ? end - row : pass->repeat;
        const size_t at = (size_t)(row * pass->inner);
        pass->row(job->a + (pass->repeat_is_a ? 0 : at * pass->in_size),
                  job->b + (pass->repeat_is_a ? at * pass->in_size : 0),
                  job->y + at * pass->out_size, rows * pass->inner, pass->parameter);
        row += rows;
    }
}

/* Rows anywhere: an odometer over the outer axes. */
static void strided_slice(void *context, int64_t slice) {
    const binary_job *job = context;
    const tare_binary_pass *pass = job->pass;
    int64_t row = tare_slice_begin(pass->rows, pass->slices, slice);
    const int64_t end = tare_slice_begin(pass->rows, pass->slices, slice + 1);
    int64_t at[TARE_MAX_RANK], a = 0, b = 0, rest = row;
    for (int d = pass->rank - 1; d >= 0; d--) {
        at[d] = rest % pass->extents[d];
        rest /= pass->extents[d];
        a += at[d] * pass->a_strides[d];
        b += at[d] * pass->b_strides[d];
    }
    for (; row < end; row++) {
        pass->row(job->a + a * (int64_t)pass->in_size, job->b + b * (int64_t)pass->in_size,
                  job->y + row * pass->inner * (int64_t)pass->out_size, pass->inner,
                  pass->parameter);
        for (int d = pass->rank - 1; d >= 0; d--) {
            a += pass->a_strides[d];
            b += pass->b_strides[d];
            if (++at[d] < pass->extents[d]) break;
            a -= at[d] * pass->a_strides[d];
            b -= at[d] * pass->b_strides[d];
            at[d] = 0;
        }
    }
}

void tare_binary_run(const tare_binary_pass *pass, const void *a, const void *b, void *y,
                     void *scratch, tare_pool *pool) {
    binary_job job = {pass, a, b, y};
    if (pass->rows == 0 || pass->inner == 0) return;
    if (pass->rows == 1) {
        tare_pool_run(pool, pass->slices, row_slice, &job);
        return;
    }
    if (!pass->repeat) {
        tare_pool_run(pool, pass->slices, strided_slice, &job);
        return;
    }
    const size_t bytes = (size_t)pass->inner * pass->in_size;
    for (int64_t i = 0; i < pass->repeat; i++)
        memcpy((char *)scratch + (size_t)i * bytes, pass->repeat_is_a ? a : b, bytes);
    if (pass->repeat_is_a)
        job.a = scratch;
    else
        job.b = scratch;
    tare_pool_run(pool, pass->slices, repeated_slice, &job);
}
