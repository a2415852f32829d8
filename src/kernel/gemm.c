/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrix products of float32: blocks of A and B are packed into panels, then tiles of C are made in
 * registers.
 *
 *     for each block of n, of k, of m:
 *         pack rows of A into panels    [tile of rows][k][panel]
 *         pack columns of B into panels [panel of columns][k][width]
 *         for each tile of rows, for each panel of columns: one micro-kernel call
 *
 * Both steps are cut into slices by shape alone, and each number of C is added up by one slice in
 * the order of k, so no bit depends on threads. A is packed only where its rows cannot be read side
 * by side, B only when C is more than one tile high. Where B is the larger operand, a slice is some
 * panels of columns instead, which it packs and multiplies alone: threads then wait for one another
 * once, and no packed panel goes from one thread's cache to another's. Products with a vector and
 * tiny ones go their own ways.
 *
 * Source: Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication",
 * ACM TOMS 34 (3).
 */
#include "kernel/gemm.h"

#include <assert.h>

#include "kernel/gemm_kernel.h"
#include "kernel/slices.h"

enum {
    TINY = 128,            /* multiply-adds up to which plain loops are the fastest */
    MOST_STEPS = 512,      /* of k in a block: a packed tile of A stays in the first-level cache */
    MOST_ROWS = 1024,      /* of C in a block, about: bounds the scratch */
    MOST_COLUMNS = 1024,   /* the same */
    SLICE_WORK = 1 << 18,  /* least multiply-adds of a slice: five microseconds or so */
    PACK_WORK = 1 << 15,   /* least numbers packed by a slice */
    MOST_OWN_STEPS = 1024, /* of k in a block of a panel that a slice packs for itself */
    TILE_STEPS = 8,        /* as long as so many steps takes what is done once for a tile */
    LEAST_SHARES = 8,      /* panels from which on their number is enough for slices */
    /* Numbers. What is read at such distances meets in few sets of a cache: */
    ROWS_APART = 1024, /* a tile's rows, side by side, a line of each at a time */
    STEPS_APART = 256  /* a tile's steps of a transposed A, of which no line may be lost */
};

const tare_gemm_kernel *tare_gemm_kernel_of(tare_isa isa) {
    if (isa > tare_isa_supported()) return NULL;
#if defined(__x86_64__)
    if (isa == TARE_ISA_AVX512) return &tare_gemm_kernel_avx512;
    if (isa == TARE_ISA_AVX2) return &tare_gemm_kernel_avx2;
#endif
    return &tare_gemm_kernel_baseline;
}

/* ---- how a product is cut */

/* An extent cut into `count` parts of `size` (the last may be shorter). */
typedef struct cut {
    int64_t size, count;
} cut;

/* Parts of at most `most`, as equal as whole multiples of `unit` allow. */
static cut cut_evenly(int64_t extent, int64_t most, int64_t unit) {
    const int64_t parts = tare_quotient_up(extent, most);
    const int64_t size = tare_quotient_up(tare_quotient_up(extent, parts), unit) * unit;
    return (cut){.size = size, .count = tare_quotient_up(extent, size)};
}

typedef struct layout {
    cut steps, tiles, panels;          /* of k, m, n */
    int64_t block_tiles, block_panels; /* tiles and panels of a block */
    bool pack_a, pack_b;
    bool by_columns;            /* slices are panels, which each packs for itself */
    int64_t packed_a, packed_b; /* numbers of scratch */
} layout;

static layout lay_out(const tare_gemm_kernel *kernel, const tare_gemm *gemm) {
    const int64_t width = 2 * (int64_t)kernel->lanes;
    layout l = {0};
    l.tiles = cut_evenly(gemm->m, kernel->rows, 1);
    l.panels = (cut){.size = width, .count = tare_quotient_up(gemm->n, width)};
    l.block_tiles = cut_evenly(l.tiles.count, tare_quotient_up(MOST_ROWS, kernel->rows), 1).size;
    l.block_panels = cut_evenly(l.panels.count, MOST_COLUMNS / width, 1).size;
    l.pack_a =
        l.panels.count > 1 && gemm->lda % (gemm->transpose_a ? STEPS_APART : ROWS_APART) == 0;
    l.pack_b = l.tiles.count > 1 || gemm->transpose_b;
    l.by_columns = !l.pack_a && l.panels.count >= LEAST_SHARES && gemm->n >= gemm->m;
    l.steps = cut_evenly(gemm->k, l.by_columns ? MOST_OWN_STEPS : MOST_STEPS, 1);
    if (l.pack_a) l.packed_a = l.block_tiles * kernel->panel * l.steps.size;
    /* The last panel is packed even so when it is narrower than the loads of a micro-kernel. */
    if (l.pack_b || gemm->n % width != 0) l.packed_b = l.block_panels * width * l.steps.size;
    return l;
}

static bool is_tiny(const tare_gemm *gemm) {
    return gemm->m <= TINY && gemm->n <= TINY && gemm->k <= TINY &&
           gemm->m * gemm->n * gemm->k <= TINY;
}

/* One row, or one column whose numbers stand side by side: a vector times a matrix. */
static bool is_row(const tare_gemm *gemm) {
    return gemm->m == 1 && (!gemm->transpose_a || gemm->lda == 1);
}
static bool is_column(const tare_gemm *gemm) {
    return gemm->n == 1 && gemm->ldc == 1 && (gemm->transpose_b || gemm->ldb == 1);
}

int64_t tare_gemm_scratch_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm) {
    if (is_tiny(gemm) || is_row(gemm) || is_column(gemm)) return 0;
    const layout l = lay_out(kernel, gemm);
    return (l.packed_a + l.packed_b) * (int64_t)sizeof(float);
}

/* ---- tiny products */

enum { PARTS = 8 }; /* of a sum: what is lost to rounding grows with an eighth of its length */

/* Sum of a[p] b[p], steps apart; what is left over after whole rounds of parts is added last. */
static float strided_dot(const float *a, int64_t a_step, const float *b, int64_t b_step,
                         int64_t count) {
    float parts[PARTS] = {0}, sum = 0;
    int64_t p = 0;
    for (; p + PARTS <= count; p += PARTS)
        for (int64_t i = 0; i < PARTS; i++) parts[i] += a[(p + i) * a_step] * b[(p + i) * b_step];
    if (p > 0)
        sum = ((parts[0] + parts[4]) + (parts[2] + parts[6])) +
              ((parts[1] + parts[5]) + (parts[3] + parts[7]));
    for (; p < count; p++) sum += a[p * a_step] * b[p * b_step];
    return sum;
}

static void multiply_tiny(const tare_gemm *gemm, const float *a, const float *b, const float *bias,
                          float *c) {
    const int64_t a_row = gemm->transpose_a ? 1 : gemm->lda;
    const int64_t a_step = gemm->transpose_a ? gemm->lda : 1;
    const int64_t b_step = gemm->transpose_b ? 1 : gemm->ldb;
    const int64_t b_column = gemm->transpose_b ? gemm->ldb : 1;
    for (int64_t i = 0; i < gemm->m; i++, a += a_row, c += gemm->ldc) {
        for (int64_t j = 0; j < gemm->n; j++) {
            float sum = strided_dot(a, a_step, b + j * b_column, b_step, gemm->k);
            if (bias) sum += bias[j];
            c[j] = gemm->accumulate ? c[j] + sum : sum;
        }
    }
}

/* ---- a vector times a matrix */

typedef struct vector_job {
    const tare_gemm_kernel *kernel;
    tare_gemm_vector product;
    bool transposed;
    int64_t pieces; /* of a kilobyte or more, so that slices meet at whole vectors */
    int64_t slices;
} vector_job;

static int64_t piece_columns(const tare_gemm_kernel *kernel) { return 8 * (int64_t)kernel->lanes; }

static void vector_slice(void *context, int64_t slice) {
    const vector_job *job = context;
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t unit = piece_columns(kernel);
    const int64_t first = tare_slice_begin(job->pieces, job->slices, slice) * unit;
    const int64_t end =
        tare_least(tare_slice_begin(job->pieces, job->slices, slice + 1) * unit, job->product.n);
    tare_gemm_vector part = job->product;
    part.matrix += first * (job->transposed ? part.stride : 1);
    part.y += first;
    part.n = end - first;
    if (part.bias) part.bias += first;
    (job->transposed ? kernel->vector_transposed : kernel->vector_matrix)(&part);
}

static void multiply_vector(const tare_gemm_kernel *kernel, const tare_gemm_vector *product,
                            bool transposed, tare_pool *pool) {
    vector_job job = {.kernel = kernel, .product = *product, .transposed = transposed};
    job.pieces = tare_quotient_up(product->n, piece_columns(kernel));
    job.slices = tare_slice_count(job.pieces, piece_columns(kernel) * product->k, SLICE_WORK / 4);
    tare_pool_run(pool, job.slices, vector_slice, &job);
}

static void multiply_row(const tare_gemm_kernel *kernel, const tare_gemm *gemm, const float *a,
                         const float *b, const float *bias, float *c, tare_pool *pool) {
    const tare_gemm_vector product = {.v = a,
                                      .matrix = b,
                                      .bias = bias,
                                      .y = c,
                                      .k = gemm->k,
                                      .n = gemm->n,
                                      .stride = gemm->ldb,
                                      .accumulate = gemm->accumulate};
    multiply_vector(kernel, &product, gemm->transpose_b, pool);
}

/* C' = B' A': the transposed product is a row. */
static void multiply_column(const tare_gemm_kernel *kernel, const tare_gemm *gemm, const float *a,
                            const float *b, const float *bias, float *c, tare_pool *pool) {
    const tare_gemm_vector product = {.v = b,
                                      .matrix = a,
                                      .y = c,
                                      .k = gemm->k,
                                      .n = gemm->m,
                                      .stride = gemm->lda,
                                      .accumulate = gemm->accumulate};
    multiply_vector(kernel, &product, !gemm->transpose_a, pool);
    for (int64_t i = 0; bias && i < gemm->m; i++) c[i] += bias[0];
}

/* ---- blocks of packed panels */

typedef struct block_job {
    const tare_gemm_kernel *kernel;
    const tare_gemm *gemm;
    const layout *cut;
    const float *a, *b, *bias, *prepacked; /* prepacked: all of B, NULL: none */
    const tare_ending *ending;
    float *c, *packed_a, *packed_b;
    /* The block at hand. */
    int64_t first_step, steps, first_tile, tiles, first_panel, panels;
    bool first_rows; /* the first block of m: packs B for all of them */
    /* Its slices. */
    int64_t pack_a_items, pack_b_items, pack_slices, tile_groups, panel_groups;
} block_job;

/* One panel of columns: where it begins, how many there are, and the width of the micro-kernel for
 * it. */
typedef struct panel_place {
    int64_t first, columns, width;
    bool packed;
} panel_place;

static panel_place panel_at(const block_job *job, int64_t panel) {
    panel_place place = {.first = panel * job->cut->panels.size};
    place.columns = tare_least(job->cut->panels.size, job->gemm->n - place.first);
    place.width = place.columns <= job->kernel->lanes ? job->kernel->lanes : job->cut->panels.size;
    place.packed = job->cut->pack_b || place.columns < place.width || job->prepacked;
    return place;
}

static float *packed_panel(const block_job *job, int64_t panel) {
    return job->packed_b +
           (panel - job->first_panel) * job->cut->panels.size * job->cut->steps.size;
}
/* Of B packed before: whole panels, one behind the other. */
static const float *prepacked_panel(const block_job *job, const panel_place *place) {
    return job->prepacked + place->first * job->gemm->k + job->first_step * place->width;
}
static float *packed_tile(const block_job *job, int64_t tile) {
    return job->packed_a + (tile - job->first_tile) * job->kernel->panel * job->cut->steps.size;
}

static void pack_tile(const block_job *job, int64_t tile) {
    const tare_gemm_kernel *kernel = job->kernel;
    const tare_gemm *gemm = job->gemm;
    const int64_t first = tile * job->cut->tiles.size, rest = gemm->m - first;
    float *packed = packed_tile(job, tile);
    if (gemm->transpose_a)
        kernel->pack(packed, kernel->panel, job->a + job->first_step * gemm->lda + first, gemm->lda,
                     rest, job->steps);
    else
        kernel->pack_transposed(packed, kernel->panel, job->a + first * gemm->lda + job->first_step,
                                gemm->lda, tare_least(rest, job->cut->tiles.size), job->steps);
}

static void pack_panel_into(const block_job *job, int64_t panel, float *packed) {
    const tare_gemm_kernel *kernel = job->kernel;
    const tare_gemm *gemm = job->gemm;
    const panel_place place = panel_at(job, panel);
    if (gemm->transpose_b)
        kernel->pack_transposed(packed, place.width,
                                job->b + place.first * gemm->ldb + job->first_step, gemm->ldb,
                                place.columns, job->steps);
    else
        kernel->pack(packed, place.width, job->b + job->first_step * gemm->ldb + place.first,
                     gemm->ldb, place.columns, job->steps);
}

static void pack_panel(const block_job *job, int64_t panel) {
    if (panel_at(job, panel).packed) pack_panel_into(job, panel, packed_panel(job, panel));
}

static void pack_slice(void *context, int64_t slice) {
    const block_job *job = context;
    const int64_t items = job->pack_a_items + job->pack_b_items;
    const int64_t end = tare_slice_begin(items, job->pack_slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, job->pack_slices, slice); item < end; item++) {
        if (item < job->pack_a_items)
            pack_tile(job, job->first_tile + item);
        else
            pack_panel(job, job->first_panel + item - job->pack_a_items);
    }
}

static void multiply_tile(const block_job *job, int64_t tile, int64_t panel) {
    const tare_gemm_kernel *kernel = job->kernel;
    const tare_gemm *gemm = job->gemm;
    const panel_place place = panel_at(job, panel);
    const int64_t first_row = tile * job->cut->tiles.size;
    const int64_t rows = tare_least(job->cut->tiles.size, gemm->m - first_row);
    const bool wide = place.width > kernel->lanes, first_block = job->first_step == 0;
    tare_gemm_tile t = {.k = job->steps, .ldc = gemm->ldc, .columns = place.columns};
    t.c = job->c + first_row * gemm->ldc + place.first;
    t.bias = job->bias && first_block ? job->bias + place.first : NULL;
    t.accumulate = gemm->accumulate || !first_block;
    if (job->first_step + job->steps == gemm->k) {
        t.ending = job->ending;
        t.addend = t.ending && t.ending->addend ? t.ending->addend + (t.c - job->c) : NULL;
    }
    t.b = job->prepacked ? prepacked_panel(job, &place)
          : place.packed ? packed_panel(job, panel)
                         : job->b + job->first_step * gemm->ldb + place.first;
    t.b_stride = place.packed ? place.width : gemm->ldb;
    if (job->cut->pack_a) {
        t.a = packed_tile(job, tile);
        t.a_stride = kernel->panel;
        kernel->by_panel[wide][rows - 1](&t);
    } else if (gemm->transpose_a) {
        t.a = job->a + job->first_step * gemm->lda + first_row;
        t.a_stride = gemm->lda;
        kernel->by_panel[wide][rows - 1](&t);
    } else {
        t.a = job->a + first_row * gemm->lda + job->first_step;
        t.a_stride = gemm->lda;
        kernel->by_rows[wide][rows - 1](&t);
    }
}

static void multiply_slice(void *context, int64_t slice) {
    const block_job *job = context;
    const int64_t tile_group = slice / job->panel_groups, panel_group = slice % job->panel_groups;
    const int64_t last_tile =
        job->first_tile + tare_slice_begin(job->tiles, job->tile_groups, tile_group + 1);
    const int64_t first_panel =
        job->first_panel + tare_slice_begin(job->panels, job->panel_groups, panel_group);
    const int64_t last_panel =
        job->first_panel + tare_slice_begin(job->panels, job->panel_groups, panel_group + 1);
    int64_t tile = job->first_tile + tare_slice_begin(job->tiles, job->tile_groups, tile_group);
    for (; tile < last_tile; tile++)
        for (int64_t panel = first_panel; panel < last_panel; panel++)
            multiply_tile(job, tile, panel);
}

static void run_block(block_job *job, tare_pool *pool) {
    const layout *l = job->cut;
    job->pack_a_items = l->pack_a ? job->tiles : 0;
    job->pack_b_items = job->first_rows && l->packed_b > 0 && !job->prepacked ? job->panels : 0;
    const int64_t items = job->pack_a_items + job->pack_b_items;
    if (items > 0) {
        job->pack_slices = tare_slice_count(items, l->panels.size * job->steps, PACK_WORK);
        tare_pool_run(pool, job->pack_slices, pack_slice, job);
    }
    const int64_t tile_work = l->tiles.size * l->panels.size * job->steps;
    const int64_t slices = tare_slice_count(job->tiles * job->panels, tile_work, SLICE_WORK);
    job->tile_groups = tare_least(job->tiles, slices);
    job->panel_groups = tare_least(job->panels, slices / job->tile_groups);
    tare_pool_run(pool, job->tile_groups * job->panel_groups, multiply_slice, job);
}

/* Some panels of C, with all of their sums. */
static void column_slice(void *context, int64_t slice) {
    block_job job = *(const block_job *)context;
    const int64_t end = tare_slice_begin(job.panels, job.panel_groups, slice + 1);
    for (int64_t p = tare_slice_begin(job.panels, job.panel_groups, slice); p < end; p++) {
        const int64_t panel = job.first_panel + p;
        for (int64_t step = 0; step < job.gemm->k; step += job.cut->steps.size) {
            job.first_step = step;
            job.steps = tare_least(job.cut->steps.size, job.gemm->k - step);
            if (!job.prepacked) pack_panel(&job, panel);
            for (int64_t tile = 0; tile < job.cut->tiles.count; tile++)
                multiply_tile(&job, tile, panel);
        }
    }
}

static void run_columns(block_job *job, tare_pool *pool) {
    const int64_t work = job->gemm->m * (job->gemm->k + TILE_STEPS) * job->cut->panels.size;
    job->panel_groups = tare_slice_count(job->panels, work, SLICE_WORK);
    tare_pool_run(pool, job->panel_groups, column_slice, job);
}

static void multiply_blocks(block_job *job, tare_pool *pool) {
    const layout *l = job->cut;
    for (int64_t panel = 0; panel < l->panels.count; panel += l->block_panels) {
        job->first_panel = panel;
        job->panels = tare_least(l->block_panels, l->panels.count - panel);
        if (l->by_columns) {
            run_columns(job, pool);
            continue;
        }
        for (int64_t step = 0; step < job->gemm->k; step += l->steps.size) {
            job->first_step = step;
            job->steps = tare_least(l->steps.size, job->gemm->k - step);
            for (int64_t tile = 0; tile < l->tiles.count; tile += l->block_tiles) {
                job->first_tile = tile;
                job->tiles = tare_least(l->block_tiles, l->tiles.count - tile);
                job->first_rows = tile == 0;
                run_block(job, pool);
            }
        }
    }
}

/* The ending of ways that have none of their own. */
static void end_rows(const tare_gemm *gemm, const tare_ending *ending, float *c) {
    const float *addend = ending->addend;
    for (int64_t i = 0; i < gemm->m; i++)
        for (int64_t j = 0; j < gemm->n; j++) {
            const int64_t at = i * gemm->ldc + j;
            c[at] = tare_clamp(ending, addend ? c[at] + addend[at] : c[at]);
        }
}

static bool is_blocked(const tare_gemm *gemm) {
    return !is_tiny(gemm) && gemm->k > 0 && !is_row(gemm) && !is_column(gemm);
}

static void multiply_blocked(const tare_gemm_kernel *kernel, const tare_gemm *gemm, const float *a,
                             const float *b, const float *bias, float *c,
                             const tare_gemm_riders *riders, void *scratch, tare_pool *pool) {
    const layout l = lay_out(kernel, gemm);
    block_job job = {
        .kernel = kernel, .gemm = gemm, .cut = &l, .a = a, .b = b, .bias = bias, .c = c};
    if (riders) {
        job.ending = riders->ending;
        job.prepacked = riders->packed;
    }
    job.packed_a = scratch;
    job.packed_b = l.packed_b > 0 ? (float *)scratch + l.packed_a : NULL;
    multiply_blocks(&job, pool);
}

void tare_gemm_riding_f32_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm,
                               const float *a, const float *b, const float *bias, float *c,
                               const tare_gemm_riders *riders, void *scratch, tare_pool *pool) {
    assert(!bias || !gemm->accumulate);
    if (gemm->m == 0 || gemm->n == 0) return;
    if (is_blocked(gemm)) {
        multiply_blocked(kernel, gemm, a, b, bias, c, riders, scratch, pool);
        return;
    }
    if (is_tiny(gemm) || gemm->k == 0)
        multiply_tiny(gemm, a, b, bias, c);
    else if (is_row(gemm))
        multiply_row(kernel, gemm, a, b, bias, c, pool);
    else
        multiply_column(kernel, gemm, a, b, bias, c, pool);
    if (riders && riders->ending) end_rows(gemm, riders->ending, c);
}

void tare_gemm_f32_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm, const float *a,
                        const float *b, const float *bias, float *c, void *scratch,
                        tare_pool *pool) {
    tare_gemm_riding_f32_with(kernel, gemm, a, b, bias, c, NULL, scratch, pool);
}

/* ---- B packed before */

int64_t tare_gemm_packed_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm) {
    if (gemm->m == 0 || gemm->n == 0 || !is_blocked(gemm)) return 0;
    const cut panels = lay_out(kernel, gemm).panels;
    return panels.count * panels.size * gemm->k;
}

static void prepack_slice(void *context, int64_t slice) {
    const block_job *job = context;
    const int64_t end = tare_slice_begin(job->panels, job->pack_slices, slice + 1);
    for (int64_t p = tare_slice_begin(job->panels, job->pack_slices, slice); p < end; p++)
        pack_panel_into(job, p, job->packed_b + p * job->cut->panels.size * job->steps);
}

void tare_gemm_pack_f32_with(const tare_gemm_kernel *kernel, const tare_gemm *gemm, const float *b,
                             float *packed, tare_pool *pool) {
    const layout l = lay_out(kernel, gemm);
    block_job job = {.kernel = kernel,
                     .gemm = gemm,
                     .cut = &l,
                     .b = b,
                     .packed_b = packed,
                     .steps = gemm->k,
                     .panels = l.panels.count};
    job.pack_slices = tare_slice_count(job.panels, l.panels.size * gemm->k, PACK_WORK);
    tare_pool_run(pool, job.pack_slices, prepack_slice, &job);
}

/* ---- with the kernel of this machine */

int64_t tare_gemm_scratch(const tare_gemm *gemm) {
    if (gemm->m == 0 || gemm->n == 0 || gemm->k == 0) return 0;
    return tare_gemm_scratch_with(tare_gemm_kernel_of(tare_isa_used()), gemm);
}

void tare_gemm_f32(const tare_gemm *gemm, const float *a, const float *b, const float *bias,
                   float *c, void *scratch, tare_pool *pool) {
    if (is_tiny(gemm) && gemm->m > 0 && gemm->n > 0) {
        multiply_tiny(gemm, a, b, bias, c);
        return;
    }
    tare_gemm_f32_with(tare_gemm_kernel_of(tare_isa_used()), gemm, a, b, bias, c, scratch, pool);
}

void tare_gemm_riding_f32(const tare_gemm *gemm, const float *a, const float *b, const float *bias,
                          float *c, const tare_gemm_riders *riders, void *scratch,
                          tare_pool *pool) {
    if (is_tiny(gemm) && gemm->m > 0 && gemm->n > 0) {
        multiply_tiny(gemm, a, b, bias, c);
        if (riders->ending) end_rows(gemm, riders->ending, c);
        return;
    }
    tare_gemm_riding_f32_with(tare_gemm_kernel_of(tare_isa_used()), gemm, a, b, bias, c, riders,
                              scratch, pool);
}

int64_t tare_gemm_packed(const tare_gemm *gemm) {
    return tare_gemm_packed_with(tare_gemm_kernel_of(tare_isa_used()), gemm);
}

void tare_gemm_pack_f32(const tare_gemm *gemm, const float *b, float *packed, tare_pool *pool) {
    tare_gemm_pack_f32_with(tare_gemm_kernel_of(tare_isa_used()), gemm, b, packed, pool);
}
