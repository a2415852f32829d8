/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions, pass by pass: neighbouring axes of one kind are joined, and each reduced group, from
 * the last to the first, is one pass over [outer, reduce, inner].
 *
 *     item     (part of the reduced axis, outer index, tile of columns): reduced by one thread
 *     slice    some items in a row
 *
 * A narrow pass (few columns) lays several rows side by side as one, so that its loops are long,
 * and folds them at the end.
 */
#include "kernel/reduction.h"

#include <math.h>
#include <string.h>

#include "kernel/slices.h"

enum {
    TILE = 256,       /* columns reduced together, on the stack */
    FOLD = 64,        /* columns that rows side by side make up, at most */
    COLUMN_ROWS = 16, /* numbers that are added before they merge in a wider type */
    FEW = 64,         /* fewer elements than this are reduced one by one */
    PART_ELEMENTS = 32768
};

struct tare_reduction_kernel {
    void (*columns)(const void *x, int64_t rows, int64_t stride, int64_t width, void *wide);
    void (*few)(const void *x, int64_t rows, int64_t inner, void *wide);
    void (*merge)(void *into, const void *from, int64_t count);
    void (*finish)(const void *wide, void *y, int64_t count, double divisor);
    size_t wide_size, number_size;
};

/* ---- the reductions */

static inline double larger(double a, double b) { return a > b || a != a ? a : b; }
static inline double smaller(double a, double b) { return a < b || a != a ? a : b; }
static inline float larger_f(float a, float b) { return a > b || a != a ? a : b; }
static inline float smaller_f(float a, float b) { return a < b || a != a ? a : b; }
static inline int32_t quotient_i32(int64_t sum, double divisor) {
    return (int32_t)(uint32_t)(divisor > 1 ? sum / (int64_t)divisor : divisor < 1 ? 0 : sum);
}
static inline int64_t quotient_i64(uint64_t sum, double divisor) {
    const int64_t whole = (int64_t)sum;
    return divisor > 1 ? whole / (int64_t)divisor : divisor < 1 ? 0 : whole;
}

#define NUMBER             float
#define LANE               float
#define WIDE               double
#define NAMED(f)           sum_f32_##f
#define START              0
#define STEP(lane, v)      ((lane) + (v))
#define MERGE(a, b)        ((a) + (b))
#define FINISH(w, divisor) ((w) / (divisor))
#include "kernel/reduction.inc.h"

#define NUMBER             double
#define LANE               double
#define WIDE               double
#define NAMED(f)           sum_f64_##f
#define START              0
#define STEP(lane, v)      ((lane) + (v))
#define MERGE(a, b)        ((a) + (b))
#define FINISH(w, divisor) ((w) / (divisor))
#include "kernel/reduction.inc.h"

#define NUMBER             int32_t
#define LANE               int64_t
#define WIDE               int64_t
#define NAMED(f)           sum_i32_##f
#define START              0
#define STEP(lane, v)      ((lane) + (v))
#define MERGE(a, b)        ((a) + (b))
#define FINISH(w, divisor) quotient_i32(w, divisor)
#include "kernel/reduction.inc.h"

#define NUMBER             int64_t
#define LANE               uint64_t
#define WIDE               uint64_t
#define NAMED(f)           sum_i64_##f
#define START              0
#define STEP(lane, v)      ((lane) + (uint64_t)(v))
#define MERGE(a, b)        ((a) + (b))
#define FINISH(w, divisor) quotient_i64(w, divisor)
#include "kernel/reduction.inc.h"

#define NUMBER             float
#define LANE               float
#define WIDE               double
#define NAMED(f)           squares_f32_##f
#define START              0
#define STEP(lane, v)      ((lane) + (v) * (v))
#define MERGE(a, b)        ((a) + (b))
#define FINISH(w, divisor) ((w) / (divisor))
#include "kernel/reduction.inc.h"

#define NUMBER             double
#define LANE               double
#define WIDE               double
#define NAMED(f)           squares_f64_##f
#define START              0
#define STEP(lane, v)      ((lane) + (v) * (v))
#define MERGE(a, b)        ((a) + (b))
#define FINISH(w, divisor) ((w) / (divisor))
#include "kernel/reduction.inc.h"

#define NUMBER             float
#define LANE               double
#define WIDE               double
#define NAMED(f)           prod_f32_##f
#define START              1
#define STEP(lane, v)      ((lane) * (double)(v))
#define MERGE(a, b)        ((a) * (b))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             double
#define LANE               double
#define WIDE               double
#define NAMED(f)           prod_f64_##f
#define START              1
#define STEP(lane, v)      ((lane) * (v))
#define MERGE(a, b)        ((a) * (b))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             int32_t
#define LANE               uint32_t
#define WIDE               uint32_t
#define NAMED(f)           prod_i32_##f
#define START              1
#define STEP(lane, v)      ((lane) * (uint32_t)(v))
#define MERGE(a, b)        ((a) * (b))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             int64_t
#define LANE               uint64_t
#define WIDE               uint64_t
#define NAMED(f)           prod_i64_##f
#define START              1
#define STEP(lane, v)      ((lane) * (uint64_t)(v))
#define MERGE(a, b)        ((a) * (b))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             float
#define LANE               float
#define WIDE               float
#define NAMED(f)           max_f32_##f
#define START              -INFINITY
#define STEP(lane, v)      larger_f(lane, v)
#define MERGE(a, b)        larger_f(a, b)
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             double
#define LANE               double
#define WIDE               double
#define NAMED(f)           max_f64_##f
#define START              -INFINITY
#define STEP(lane, v)      larger(lane, v)
#define MERGE(a, b)        larger(a, b)
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             int32_t
#define LANE               int32_t
#define WIDE               int32_t
#define NAMED(f)           max_i32_##f
#define START              INT32_MIN
#define STEP(lane, v)      ((v) > (lane) ? (v) : (lane))
#define MERGE(a, b)        ((a) > (b) ? (a) : (b))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             int64_t
#define LANE               int64_t
#define WIDE               int64_t
#define NAMED(f)           max_i64_##f
#define START              INT64_MIN
#define STEP(lane, v)      ((v) > (lane) ? (v) : (lane))
#define MERGE(a, b)        ((a) > (b) ? (a) : (b))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             float
#define LANE               float
#define WIDE               float
#define NAMED(f)           min_f32_##f
#define START              INFINITY
#define STEP(lane, v)      smaller_f(lane, v)
#define MERGE(a, b)        smaller_f(a, b)
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             double
#define LANE               double
#define WIDE               double
#define NAMED(f)           min_f64_##f
#define START              INFINITY
#define STEP(lane, v)      smaller(lane, v)
#define MERGE(a, b)        smaller(a, b)
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             int32_t
#define LANE               int32_t
#define WIDE               int32_t
#define NAMED(f)           min_i32_##f
#define START              INT32_MAX
#define STEP(lane, v)      ((v) < (lane) ? (v) : (lane))
#define MERGE(a, b)        ((a) < (b) ? (a) : (b))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             int64_t
#define LANE               int64_t
#define WIDE               int64_t
#define NAMED(f)           min_i64_##f
#define START              INT64_MAX
#define STEP(lane, v)      ((v) < (lane) ? (v) : (lane))
#define MERGE(a, b)        ((a) < (b) ? (a) : (b))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             uint8_t
#define LANE               uint8_t
#define WIDE               uint8_t
#define NAMED(f)           any_##f
#define START              0
#define STEP(lane, v)      ((uint8_t)((lane) | ((v) != 0)))
#define MERGE(a, b)        ((uint8_t)((a) | (b)))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

#define NUMBER             uint8_t
#define LANE               uint8_t
#define WIDE               uint8_t
#define NAMED(f)           all_##f
#define START              1
#define STEP(lane, v)      ((uint8_t)((lane) & ((v) != 0)))
#define MERGE(a, b)        ((uint8_t)((a) & (b)))
#define FINISH(w, divisor) (w)
#include "kernel/reduction.inc.h"

enum { DTYPES = TARE_BFLOAT16 + 1 };
static const tare_reduction_kernel *const kernels[TARE_REDUCE_COUNT][DTYPES] = {
    [TARE_REDUCE_SUM] = {[TARE_FLOAT32] = &sum_f32_kernel,
                         [TARE_FLOAT64] = &sum_f64_kernel,
                         [TARE_INT32] = &sum_i32_kernel,
                         [TARE_INT64] = &sum_i64_kernel},
    [TARE_REDUCE_SUM_OF_SQUARES] =
        {[TARE_FLOAT32] = &squares_f32_kernel, [TARE_FLOAT64] = &squares_f64_kernel},
    [TARE_REDUCE_PROD] = {[TARE_FLOAT32] = &prod_f32_kernel,
                          [TARE_FLOAT64] = &prod_f64_kernel,
                          [TARE_INT32] = &prod_i32_kernel,
                          [TARE_INT64] = &prod_i64_kernel},
    [TARE_REDUCE_MAX] = {[TARE_FLOAT32] = &max_f32_kernel,
                         [TARE_FLOAT64] = &max_f64_kernel,
                         [TARE_INT32] = &max_i32_kernel,
                         [TARE_INT64] = &max_i64_kernel},
    [TARE_REDUCE_MIN] = {[TARE_FLOAT32] = &min_f32_kernel,
                         [TARE_FLOAT64] = &min_f64_kernel,
                         [TARE_INT32] = &min_i32_kernel,
                         [TARE_INT64] = &min_i64_kernel},
    [TARE_REDUCE_ANY] = {[TARE_BOOL] = &any_kernel},
    [TARE_REDUCE_ALL] = {[TARE_BOOL] = &all_kernel},
};

/* ---- planning */

/* How many rows of a narrow pass lie side by side as one. */
static int64_t fold_of(const tare_reduction_pass *pass, int64_t rows) {
    if (pass->inner > FOLD / 2) return 1;
    const int64_t fold = FOLD / pass->inner;
    return fold < rows ? fold : rows > 0 ? rows : 1;
}

static void cut(tare_reduction_pass *pass) {
    const int64_t tile = pass->inner < TILE ? (pass->inner > 0 ? pass->inner : 1) : TILE;
    pass->tiles = (pass->inner + tile - 1) / tile;
    const int64_t groups = pass->outer * pass->tiles, work = pass->reduce * tile;
    pass->parts = 1;
    if (groups > 0 && groups < TARE_MOST_SLICES && work > 2 * PART_ELEMENTS) {
        const int64_t parts = work / PART_ELEMENTS, most = TARE_MOST_SLICES / groups;
        pass->parts = parts < most ? parts : most;
        if (pass->parts < 1) pass->parts = 1;
    }
    pass->slices = tare_slice_count(groups * pass->parts, work / pass->parts + 16, PART_ELEMENTS);
}

/* Joins neighbouring axes of one kind: extents of kept and reduced groups by turns, kept first. */
static int join_axes(int rank, const int64_t *extents, uint32_t mask, int64_t *groups) {
    int count = 0; /* groups[even] kept, groups[odd] reduced */
    groups[count++] = 1;
    for (int d = 0; d < rank; d++) {
        if (extents[d] == 1) continue;
        const bool reduced = mask >> d & 1;
        if (reduced != (count % 2 == 0)) groups[count++] = 1;
        groups[count - 1] *= extents[d];
    }
    return count;
}

bool tare_reduction_plan(tare_reduction *r, tare_reduce which, tare_dtype dtype, int rank,
                         const int64_t *extents, uint32_t mask, double divisor) {
    const tare_reduce then = which == TARE_REDUCE_SUM_OF_SQUARES ? TARE_REDUCE_SUM : which;
    if ((unsigned)dtype >= DTYPES || !kernels[which][dtype]) return false;
    *r = (tare_reduction){.first = kernels[which][dtype],
                          .rest = kernels[then][dtype],
                          .divisor = divisor,
                          .size = tare_dtype_size(dtype)};
    int64_t groups[TARE_REDUCTION_RANK + 2];
    int count = join_axes(rank, extents, mask, groups);
    if (count == 1) groups[count++] = 1; /* nothing to reduce: every element is its own result */
    int64_t inner = 1;
    for (int i = count - 1; i > 0; i--) {
        int64_t outer = 1;
        for (int j = 0; j < i; j++) outer *= groups[j];
        if (i % 2 == 0) { /* kept */
            inner *= groups[i];
            continue;
        }
        tare_reduction_pass *pass = &r->pass[r->passes++];
        *pass = (tare_reduction_pass){.outer = outer, .reduce = groups[i], .inner = inner};
        cut(pass);
        const int64_t wide =
            pass->parts > 1 ? pass->parts * pass->outer * pass->inner * (int64_t)r->first->wide_size
                            : 0;
        if (wide > r->scratch_bytes) r->scratch_bytes = wide;
        if (i > 1 && outer * inner * (int64_t)r->size > r->kept_bytes)
            r->kept_bytes = outer * inner * (int64_t)r->size;
    }
    r->is_short = r->passes == 1 && r->pass[0].outer == 1 && r->pass[0].inner <= FEW &&
                  r->pass[0].reduce * r->pass[0].inner <= FEW;
    r->kept_bytes = (r->kept_bytes + 63) & ~(int64_t)63;
    r->scratch_bytes = ((r->scratch_bytes + 63) & ~(int64_t)63) + 2 * r->kept_bytes;
    return true;
}

/* ---- running */

typedef struct reduction_job {
    const tare_reduction_kernel *kernel;
    const tare_reduction_pass *pass;
    double divisor;
    const char *x;
    char *y, *partial;
} reduction_job;

/* Rows begin..end of one outer index, columns from `column` on, into wide[width]. */
static void reduce_tile(const reduction_job *job, const char *x, int64_t rows, int64_t width,
                        double *wide) {
    const tare_reduction_pass *pass = job->pass;
    const tare_reduction_kernel *kernel = job->kernel;
    if (pass->inner <= FEW && rows * pass->inner <= FEW) {
        kernel->few(x, rows, pass->inner, wide);
        return;
    }
    const int64_t fold = fold_of(pass, rows), folded = rows / fold;
    if (fold == 1) {
        kernel->columns(x, rows, pass->inner, width, wide);
        return;
    }
    /* fold rows make one; those that are left over join the first ones. */
    const int64_t row = fold * pass->inner, left = rows - folded * fold;
    kernel->columns(x, folded, row, row, wide);
    if (left > 0) {
        double rest[FOLD];
        const size_t skipped = (size_t)(folded * row) * kernel->number_size;
        kernel->columns(x + skipped, 1, row, left * pass->inner, rest);
        kernel->merge(wide, rest, left * pass->inner);
    }
    char *lanes = (char *)wide;
    const size_t step = (size_t)pass->inner * kernel->wide_size;
    for (int64_t n = fold; n > 1;) {
        const int64_t half = (n + 1) / 2;
        kernel->merge(lanes, lanes + (size_t)half * step, (n - half) * pass->inner);
        n = half;
    }
}

static void reduce_item(const reduction_job *job, int64_t item) {
    const tare_reduction_pass *pass = job->pass;
    const int64_t tile = item % pass->tiles, outer = item / pass->tiles % pass->outer,
                  part = item / pass->tiles / pass->outer;
    const int64_t begin = tare_slice_begin(pass->reduce, pass->parts, part),
                  end = tare_slice_begin(pass->reduce, pass->parts, part + 1);
    const int64_t column = tile * TILE;
    const int64_t width = pass->inner - column < TILE ? pass->inner - column : TILE;
    const int64_t at = (outer * pass->reduce + begin) * pass->inner + column;
    double wide[TILE]; /* at least as large as any WIDE */
    reduce_tile(job, job->x + (size_t)at * job->kernel->number_size, end - begin, width, wide);
    const int64_t result = outer * pass->inner + column;
    if (pass->parts == 1) {
        job->kernel->finish(wide, job->y + (size_t)result * job->kernel->number_size, width,
                            job->divisor);
        return;
    }
    const size_t place = (size_t)(part * pass->outer * pass->inner + result);
    memcpy(job->partial + place * job->kernel->wide_size, wide,
           (size_t)width * job->kernel->wide_size);
}

static void reduce_slice(void *context, int64_t slice) {
    const reduction_job *job = context;
    const tare_reduction_pass *pass = job->pass;
    const int64_t items = pass->outer * pass->tiles * pass->parts;
    const int64_t end = tare_slice_begin(items, pass->slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, pass->slices, slice); item < end; item++)
        reduce_item(job, item);
}

/* Partial results merge in a binary tree: 0 with 1, 2 with 3, then 0 with 2, ... */
static void merge_parts(const reduction_job *job) {
    const tare_reduction_pass *pass = job->pass;
    const int64_t count = pass->outer * pass->inner;
    const size_t bytes = (size_t)count * job->kernel->wide_size;
    for (int64_t step = 1; step < pass->parts; step *= 2)
        for (int64_t part = 0; part + step < pass->parts; part += 2 * step)
            job->kernel->merge(job->partial + (size_t)part * bytes,
                               job->partial + (size_t)(part + step) * bytes, count);
    job->kernel->finish(job->partial, job->y, count, job->divisor);
}

void tare_reduction_run(const tare_reduction *r, const void *x, void *y, void *scratch,
                        tare_pool *pool) {
    if (r->is_short) {
        double wide[FEW];
        r->first->few(x, r->pass[0].reduce, r->pass[0].inner, wide);
        r->first->finish(wide, y, r->pass[0].inner, r->divisor);
        return;
    }
    const char *from = x;
    char *kept[2] = {scratch, NULL};
    if (r->kept_bytes) kept[1] = kept[0] + r->kept_bytes;
    for (int i = 0; i < r->passes; i++) {
        const bool last = i == r->passes - 1;
        reduction_job job = {.kernel = i == 0 ? r->first : r->rest,
                             .pass = &r->pass[i],
                             .divisor = last ? r->divisor : 1,
                             .x = from,
                             .y = last ? y : kept[i % 2],
                             .partial = r->scratch_bytes ? kept[0] + 2 * r->kept_bytes : NULL};
        if (job.pass->outer * job.pass->inner > 0) {
            tare_pool_run(pool, job.pass->slices, reduce_slice, &job);
            if (job.pass->parts > 1) merge_parts(&job);
        }
        from = job.y;
    }
}
