/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution without gathering.
 *
 *     pack the filter into panels [panel of columns][tap][channel][width]
 *     for each strip of results, each group:
 *         copy the source rows under it, zeros beside them: [plane][row][padded width][channel]
 *         for each panel, each row of results, each tile of it: one micro-kernel call
 *
 * Taps that stand side by side in a row are one stretch of a tile's sum, so a 3x3 filter has three
 * stretches; those that fall into the padding above or below are left out. Where nothing is padded
 * at the sides the source is read where it lies.
 *
 * The data gradient with stride is some such convolutions of dy (convolution_view.h). Strips are
 * cut by shape alone and each result is added up in the order of the taps, so no bit depends on
 * threads.
 */
#include "kernel/convolution_direct.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/buffers.h"
#include "kernel/convolution_geometry.h"
#include "kernel/convolution_view.h"

enum {
    LEAST_SLICES = 16,    /* when there are so many strips */
    STRIPS_TOGETHER = 3,  /* of a slice, when there are many more */
    SLICE_WORK = 1 << 18, /* least multiply-adds of a slice */
    FINISHED = 4 * 1024,  /* results told of together, about: still in the first cache */
    AHEAD = 8 * 1024,     /* how many results before a finisher reads beside them it is fetched */
    PACK_WORK = 1 << 15,  /* least numbers packed by a slice */
    ALIGNED = 16          /* numbers in 64 bytes */
};

typedef struct direct_job {
    const tare_gemm_kernel *kernel;
    const tare_convolution *c;
    bool is_data; /* the filter is read transposed */
    const float *source, *w, *bias, *packed;
    float *packing; /* where the filter is packed */
    float *destination;
    tare_riders riders;
    bool reads; /* with a reader: the source is never read in place */
    tare_view *views;
    int64_t view_count;
    int64_t depth, columns;      /* of one group: numbers of a source pixel, of a result */
    int64_t results;             /* numbers of the destination */
    bool dots;                   /* few columns: the filter is packed [column][tap][channel] */
    int64_t panels, panel_width; /* of one group */
    int64_t strips, slices, pack_slices, packed_numbers;
    int64_t unit;         /* strips that slices do not part */
    bool flat;            /* samples are one long row, of which no pixel is read by two strips */
    tare_buffers buffers; /* segments and a strip in each */
} direct_job;

/* ---- the filter */

/* Packed numbers of one group's filter. */
static int64_t group_numbers(const direct_job *job, const tare_view *v) {
    const int64_t columns = job->dots ? job->columns : job->panels * job->panel_width;
    return columns * v->taps * job->depth;
}

/* The filter's numbers of tap t, from a group's column `first` on. */
static const float *filter_at(const direct_job *job, const tare_view *v, int64_t t, int64_t group,
                              int64_t first) {
    const tare_convolution *c = job->c;
    const int64_t taps[TARE_SPATIAL] = {v->axis[0].taps, v->axis[1].taps, v->axis[2].taps};
    int64_t tap[TARE_SPATIAL];
    tare_pixel_at(taps, t, tap);
    for (int d = 0; d < TARE_SPATIAL; d++)
        tap[d] = v->axis[d].filter + tap[d] * v->axis[d].filter_step;
    const float *w =
        job->w + tare_pixel_index(c->kernel, tap) * (c->channels / c->groups) * c->filters;
    return job->is_data ? w + first * c->filters + group * job->depth
                        : w + group * job->columns + first;
}

static void pack_panel(const direct_job *job, const tare_view *v, int64_t group, int64_t panel) {
    const tare_gemm_kernel *kernel = job->kernel;
    const int64_t first = panel * job->panel_width, filters = job->c->filters;
    const int64_t columns = tare_least(job->panel_width, job->columns - first);
    const int64_t width = columns <= kernel->lanes ? kernel->lanes : job->panel_width;
    float *packed =
        job->packing + v->packed + group * group_numbers(job, v) + first * v->taps * job->depth;
    for (int64_t t = 0; t < v->taps; t++, packed += width * job->depth) {
        const float *w = filter_at(job, v, t, group, first);
        if (job->is_data)
            kernel->pack_transposed(packed, width, w, filters, columns, job->depth);
        else
            kernel->pack(packed, width, w, filters, columns, job->depth);
    }
}

/* For dots: [column][tap][channel]. */
static void pack_columns(const direct_job *job, const tare_view *v, int64_t group) {
    float *packed = job->packing + v->packed + group * group_numbers(job, v);
    const int64_t filters = job->c->filters, column = v->taps * job->depth;
    const int64_t across = job->is_data ? filters : 1, along = job->is_data ? 1 : filters;
    for (int64_t t = 0; t < v->taps; t++, packed += job->depth) {
        const float *w = filter_at(job, v, t, group, 0);
        for (int64_t j = 0; j < job->columns; j++)
            for (int64_t i = 0; i < job->depth; i++)
                packed[j * column + i] = w[j * across + i * along];
    }
}

static void pack_slice(void *context, int64_t slice) {
    const direct_job *job = context;
    const int64_t groups = job->c->groups, items = job->view_count * groups * job->panels;
    const int64_t end = tare_slice_begin(items, job->pack_slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, job->pack_slices, slice); item < end; item++) {
        const tare_view *v = &job->views[item / job->panels / groups];
        const int64_t group = item / job->panels % groups;
        if (job->dots)
            pack_columns(job, v, group);
        else
            pack_panel(job, v, group, item % job->panels);
    }
}

/* ---- strips */

/* What the stretches of a result take at the head of a buffer. */
static int64_t segment_numbers(const tare_view *v) {
    const int64_t each = (int64_t)(sizeof(tare_gemm_segment) / sizeof(float));
    return tare_round_up(v->segments * each, ALIGNED);
}

/* A strip at work. */
typedef struct strip {
    const tare_view *view;
    tare_strip at;
    tare_gemm_segment *segments;
    tare_strip_source source;
    tare_ahead ahead; /* for the next strip */
    bool spreads;     /* what a finisher reads beside the results is fetched by all tiles */
    bool finishes;    /* the panel at work is the last: its tiles make results whole */
    tare_finished finished;
} strip;

static int64_t result_offset(const direct_job *job, const strip *s, int64_t g0, int64_t g1) {
    const tare_axis *a = s->view->axis;
    const int64_t p0 = a[0].place + (s->at.begin[0] + g0) * a[0].spread;
    const int64_t p1 = a[1].place + (s->at.begin[1] + g1) * a[1].spread;
    const int64_t p2 = a[2].place + s->at.begin[2] * a[2].spread;
    const int64_t pixel = ((s->at.sample * a[0].extent + p0) * a[1].extent + p1) * a[2].extent + p2;
    return (pixel * job->c->groups + s->at.group) * job->columns;
}

/* ---- telling of results */

static void tell_finished(const direct_job *job, strip *s) {
    if (s->finished.pixels == 0) return;
    job->riders.finisher.finish(job->riders.finisher.context, &s->finished);
    s->finished.pixels = 0;
}

/* Some more whole results of a row, told of together with those before where they go on. */
static void finish_pixels(const direct_job *job, strip *s, int64_t offset, int64_t pixels) {
    tare_finished *f = &s->finished;
    if (f->offset + f->pixels * f->stride != offset) tell_finished(job, s);
    if (f->pixels == 0) f->offset = offset;
    f->pixels += pixels;
    if (f->pixels * job->columns >= FINISHED) tell_finished(job, s);
}

/* Results of a strip that lie in one piece. */
static bool is_one_piece(const strip *s) {
    const tare_axis *a = s->view->axis;
    return a[0].spread * a[1].spread * a[2].spread == 1 &&
           (s->at.count[0] * s->at.count[1] == 1 || a[2].pieces == 1) &&
           (s->at.count[0] == 1 || a[1].pieces == 1);
}

/* What a finisher will read beside later results, as many as a tile makes. Inline: gcc drops a call
 * of what does nothing but prefetch. */
static inline __attribute__((always_inline)) void fetch_beside(const direct_job *job,
                                                               int64_t offset, int64_t count) {
    const int64_t begin = offset + AHEAD, end = tare_least(begin + count, job->results);
    for (int k = 0; k < TARE_MOST_BESIDE && job->riders.finisher.beside[k]; k++)
        for (int64_t at = begin; at < end; at += ALIGNED)
            __builtin_prefetch(job->riders.finisher.beside[k] + at, 0, 2);
}

/* ---- making the source */

/* Of a unit of strips, which share their source with no other: a sample, or one strip of a long
 * row. Slices take whole units, so that each makes what it reads. Numbers before `made` are. */
typedef struct front {
    int64_t unit, made;
} front;

/* The first number that the strips from this one on read, when it is the first of its unit. */
static int64_t unit_begin(const direct_job *job, const tare_view *v, const tare_strip *s) {
    const tare_axis *a = v->axis;
    const int64_t pixels = a[0].source * a[1].source * a[2].source;
    return (s->sample * pixels + (job->flat ? s->origin[2] : 0)) * v->channels;
}

/* Behind the last number that strips up to this one read; behind the unit's, when it is the last.
 */
static int64_t strip_end(const direct_job *job, const tare_view *v, const tare_strip *s,
                         bool is_last) {
    const tare_axis *a = v->axis;
    const int64_t source[TARE_SPATIAL] = {a[0].source, a[1].source, a[2].source};
    int64_t last[TARE_SPATIAL];
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const int64_t end = s->origin[d] + tare_axis_reach(&a[d], s->count[d]);
        last[d] = tare_greatest(tare_least(end, source[d]), 1) - 1;
    }
    const int64_t pixels =
        is_last && !job->flat ? tare_pixels(source) : tare_pixel_index(source, last) + 1;
    return (s->sample * tare_pixels(source) + pixels) * v->channels;
}

/* Moves the front behind what the strip reads. */
static void make_source(const direct_job *job, const tare_view *v, const tare_strip *s,
                        int64_t number, front *f) {
    const tare_maker *maker = &job->riders.maker;
    if (!maker->make) return;
    const int64_t unit = number / job->unit;
    if (unit != f->unit) *f = (front){unit, unit_begin(job, v, s)};
    const int64_t end = strip_end(job, v, s, (number + 1) % job->unit == 0);
    if (end <= f->made) return;
    maker->make(maker->context, f->made, (end - f->made) / v->channels);
    f->made = end;
}

/* ---- tiles */

/* The lines of a tile to come: fetched a tile before it is made, they are on their way while this
 * one is computed. */
static inline __attribute__((always_inline)) void fetch_results(const float *to, int64_t rows,
                                                                int64_t stride, int64_t columns) {
    for (int64_t i = 0; i < rows; i++, to += stride)
        for (int64_t j = 0; j < columns; j += ALIGNED) __builtin_prefetch(to + j, 1, 2);
}

/* How tiles are made: micro-kernels by rows - 1, of the tallest one; width of the packed filter;
 * steps that share a fetch. */
typedef struct tiling {
    const tare_gemm_tile_function *by_height;
    int64_t height, width, together;
} tiling;

/* Where a tile's addend stands, when there is one. */
static const float *addend_of(const direct_job *job, const tare_gemm_tile *tile) {
    const float *addend = tile->ending ? tile->ending->addend : NULL;
    return addend ? addend + (tile->c - job->destination) : NULL;
}

/* All results of a strip in the columns of one tile, which are complete but for their place. */
static void run_tiles(const direct_job *job, strip *s, tare_gemm_tile *tile, const tiling *how) {
    const int64_t tiles = tare_quotient_up(s->at.count[2], how->height);
    const int64_t steps = tile->k / how->together;
    float *const corner = tile->c;
    for (int64_t g0 = 0; g0 < s->at.count[0]; g0++) {
        for (int64_t g1 = 0; g1 < s->at.count[1]; g1++) {
            const int64_t offset = result_offset(job, s, g0, g1);
            float *to = corner + offset;
            tile->segment_count =
                tare_strip_segments(s->view, &s->at, g0, g1, &s->source, how->width, s->segments);
            for (int64_t t = 0; t < tiles; t++) {
                const int64_t begin = tare_slice_begin(s->at.count[2], tiles, t);
                const int64_t end = tare_slice_begin(s->at.count[2], tiles, t + 1);
                const int64_t after = tare_slice_begin(s->at.count[2], tiles, t + 2);
                tile->a = s->source.base + begin * tile->a_stride;
                tile->c = to + begin * tile->ldc;
                tile->addend = addend_of(job, tile);
                tare_ahead_share(&s->ahead, tile->segment_count * steps, tile);
                if (t + 1 < tiles && tile->columns < tile->ldc)
                    fetch_results(to + end * tile->ldc, after - end, tile->ldc, tile->columns);
                if (s->finishes && !s->spreads)
                    fetch_beside(job, offset + begin * tile->ldc, (end - begin) * tile->ldc);
                how->by_height[end - begin - 1](tile);
                if (!s->finishes) continue;
                finish_pixels(job, s, offset + begin * tile->ldc, end - begin);
            }
        }
    }
}

static void run_panel(const direct_job *job, strip *s, int64_t panel) {
    const tare_gemm_kernel *kernel = job->kernel;
    const tare_view *v = s->view;
    const int64_t first = panel * job->panel_width;
    const float *packed = job->packed + v->packed + s->at.group * group_numbers(job, v);
    tare_gemm_tile tile = {.k = v->run, .segments = s->segments, .c = job->destination + first};
    tile.a_stride = v->axis[2].step * v->pixel;
    tile.ldc = v->axis[2].spread * job->columns * job->c->groups;
    tile.bias = job->bias ? job->bias + s->at.group * job->columns + first : NULL;
    tile.ending = job->riders.ending;
    if (job->dots) {
        tile.b = packed;
        tile.b_stride = v->taps * job->depth;
        tile.columns = job->columns;
        run_tiles(job, s, &tile, &(tiling){kernel->by_dot, TARE_GEMM_DOT_ROWS, 1, kernel->lanes});
    } else {
        tile.columns = tare_least(job->panel_width, job->columns - first);
        const bool wide = tile.columns > kernel->lanes;
        tile.b = packed + first * v->taps * job->depth;
        tile.b_stride = wide ? job->panel_width : kernel->lanes;
        run_tiles(job, s, &tile, &(tiling){kernel->by_rows[wide], kernel->rows, tile.b_stride, 1});
    }
}

/* A strip that no tap reaches: zeros. */
static void clear_strip(const direct_job *job, strip *s) {
    const int64_t pixels = s->at.count[2], spread = s->view->axis[2].spread;
    const int64_t together = spread * job->c->groups == 1 ? pixels : 1;
    for (int64_t g0 = 0; g0 < s->at.count[0]; g0++) {
        for (int64_t g1 = 0; g1 < s->at.count[1] && pixels > 0; g1++) {
            const int64_t offset = result_offset(job, s, g0, g1);
            float *to = job->destination + offset;
            for (int64_t p = 0; p < pixels; p += together)
                memset(to + p * spread * job->columns * job->c->groups, 0,
                       (size_t)(together * job->columns) * sizeof *to);
            if (job->riders.finisher.finish) finish_pixels(job, s, offset, pixels);
        }
    }
    tell_finished(job, s);
}

/* What a finisher reads beside this strip's results, when their last panel comes. */
static void plan_beside(const direct_job *job, strip *s) {
    const tare_finisher *finisher = &job->riders.finisher;
    const int64_t *count = s->at.count, offset = result_offset(job, s, 0, 0);
    for (int k = 0; k < TARE_MOST_BESIDE && finisher->beside[k]; k++)
        tare_ahead_add(&s->ahead, finisher->beside[k] + offset,
                       count[0] * count[1] * count[2] * job->columns);
}

static void plan_next(const direct_job *job, strip *s, int64_t next) {
    const tare_strip after = tare_strip_at(s->view, next);
    const float *beside = job->riders.reader.beside;
    int64_t count;
    const int64_t at = tare_strip_extent(s->view, &after, &count);
    tare_ahead_add(&s->ahead, job->source + at, count);
    tare_ahead_add(&s->ahead, beside ? beside + at : NULL, count);
    tare_ahead_add_beside(&s->ahead, &job->riders.maker, at, count, job->source);
}

/* next: the strip after this one, or none. */
static void plan_ahead(const direct_job *job, strip *s, int64_t next) {
    const tare_view *v = s->view;
    const int64_t height = job->dots ? TARE_GEMM_DOT_ROWS : job->kernel->rows;
    const int64_t each = job->dots ? v->run / job->kernel->lanes : v->run;
    const int64_t tiles =
        tare_quotient_up(s->at.count[2], height) * s->at.count[0] * s->at.count[1] * job->panels;
    if (s->spreads) plan_beside(job, s);
    if (next < v->strips) plan_next(job, s, next);
    tare_ahead_pace(&s->ahead, tiles * v->segments * each);
}

/* goes_on: the next strip is this slice's too. */
static void run_strip(const direct_job *job, const tare_view *v, int64_t number, int64_t slice,
                      bool goes_on, front *f, float *buffer) {
    strip s = {.view = v, .at = tare_strip_at(v, number), .segments = (void *)buffer};
    make_source(job, v, &s.at, number, f);
    s.source = tare_strip_read(job->kernel, v, &s.at, &job->riders.reader, job->source,
                               buffer + segment_numbers(v));
    s.finished = (tare_finished){.slice = slice, .stride = v->axis[2].spread * job->columns};
    if (v->taps == 0 && !job->bias && !job->riders.ending) {
        clear_strip(job, &s);
        return;
    }
    s.spreads = job->panels > 1 && is_one_piece(&s);
    plan_ahead(job, &s, goes_on ? number + 1 : v->strips);
    for (int64_t panel = 0; panel < job->panels; panel++) {
        s.finishes = job->riders.finisher.finish && panel == job->panels - 1;
        run_panel(job, &s, panel);
    }
    tell_finished(job, &s);
}

static void strip_slice(void *context, int64_t slice) {
    direct_job *job = context;
    const int buffer = tare_buffers_take(&job->buffers);
    const int64_t units = job->strips / job->unit;
    const int64_t end = tare_slice_begin(units, job->slices, slice + 1) * job->unit;
    const tare_view *v = job->views;
    front f = {.unit = -1};
    int64_t before = 0; /* strips of earlier views */
    for (int64_t i = tare_slice_begin(units, job->slices, slice) * job->unit; i < end; i++) {
        while (i - before >= v->strips) before += v++->strips;
        run_strip(job, v, i - before, slice, i + 1 < end, &f, tare_buffer(&job->buffers, buffer));
    }
    tare_buffers_give(&job->buffers, buffer);
}

/* ---- the call: views stand at the head of the scratch, the packed filter and buffers behind */

static direct_job make_job(const tare_gemm_kernel *kernel, const tare_convolution *c, bool is_data,
                           bool reads) {
    direct_job job = {.kernel = kernel, .c = c, .is_data = is_data, .reads = reads};
    job.view_count = tare_view_count(c, is_data);
    job.unit = 1;
    job.depth = (is_data ? c->filters : c->channels) / c->groups;
    job.columns = (is_data ? c->channels : c->filters) / c->groups;
    job.results =
        c->batch * (is_data ? tare_pixels(c->in) * c->channels : tare_pixels(c->out) * c->filters);
    job.dots = job.columns * 4 <= kernel->lanes && job.depth * c->kernel[2] >= 2 * kernel->lanes;
    job.panel_width = 2 * (int64_t)kernel->lanes;
    job.panels = job.dots ? 1 : tare_quotient_up(job.columns, job.panel_width);
    return job;
}

static void cut_slices(direct_job *job) {
    const tare_convolution *c = job->c;
    const int64_t outputs = c->batch * tare_pixels(c->out) * c->filters;
    const int64_t work = outputs * tare_pixels(c->kernel) * (c->channels / c->groups);
    const int64_t units = job->strips / job->unit;
    const int64_t wanted = tare_greatest(tare_quotient_up(job->strips, STRIPS_TOGETHER),
                                         tare_least(job->strips, LEAST_SLICES));
    const int64_t runs = tare_least(wanted, units);
    job->slices = tare_slice_count(runs, work / tare_greatest(runs, 1), SLICE_WORK);
    const int64_t items = job->view_count * c->groups * job->panels;
    job->pack_slices =
        tare_slice_count(items, job->packed_numbers / tare_greatest(items, 1), PACK_WORK);
}

/* Whole samples, when there are enough of them for threads. */
static void choose_unit(direct_job *job, const tare_view *v) {
    job->flat = v->batch < job->c->batch;
    if (v->batch >= LEAST_SLICES && v->strips > 0) job->unit = v->strips / v->batch;
}

/* All views, into `views` or, where that is NULL, only counted. */
static void make_views(direct_job *job, tare_view *views) {
    for (int64_t i = 0; i < job->view_count; i++) {
        tare_view v = tare_view_of(job->c, job->is_data, i, job->kernel->rows, job->reads);
        v.packed = job->packed_numbers;
        job->packed_numbers += v.groups * group_numbers(job, &v);
        job->strips += v.strips;
        const int64_t size = tare_round_up(segment_numbers(&v) + v.copy, ALIGNED);
        job->buffers.size = tare_greatest(job->buffers.size, size);
        if (views) views[i] = v;
        if (job->view_count == 1) choose_unit(job, &v);
    }
    job->views = views;
    cut_slices(job);
}

static int64_t view_bytes(const direct_job *job) {
    return tare_round_up(job->view_count * (int64_t)sizeof(tare_view), TARE_ALIGNMENT);
}

static int64_t packed_room(const direct_job *job) {
    return tare_round_up(job->packed_numbers, ALIGNED);
}

static int64_t scratch_of(direct_job job) {
    make_views(&job, NULL);
    const int64_t numbers = packed_room(&job) + job.slices * job.buffers.size;
    return view_bytes(&job) + numbers * (int64_t)sizeof(float);
}

static int64_t slices_of(direct_job job) {
    make_views(&job, NULL);
    return job.slices;
}

static void run_job(direct_job *job, void *scratch, tare_pool *pool) {
    make_views(job, scratch);
    if (job->strips == 0 || job->columns == 0) return;
    float *rest = (float *)(void *)((char *)scratch + view_bytes(job));
    job->packed = job->riders.packed;
    if (!job->packed) {
        job->packed = job->packing = rest;
        rest += packed_room(job);
        tare_pool_run(pool, job->pack_slices, pack_slice, job);
    }
    job->buffers.first = rest;
    tare_pool_run(pool, job->slices, strip_slice, job);
}

int64_t tare_direct_forward_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                    bool reads) {
    return scratch_of(make_job(kernel, c, false, reads));
}
int64_t tare_direct_data_scratch(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                 bool reads) {
    return scratch_of(make_job(kernel, c, true, reads));
}

int64_t tare_direct_forward_slices(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                   bool reads) {
    return slices_of(make_job(kernel, c, false, reads));
}
int64_t tare_direct_data_slices(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                bool reads) {
    return slices_of(make_job(kernel, c, true, reads));
}

bool tare_direct_makes(const tare_gemm_kernel *kernel, const tare_convolution *c, bool is_data) {
    direct_job job = make_job(kernel, c, is_data, false);
    make_views(&job, NULL);
    return job.view_count == 1 && (job.flat || c->batch >= LEAST_SLICES);
}

int64_t tare_direct_forward_packed(const tare_gemm_kernel *kernel, const tare_convolution *c) {
    direct_job job = make_job(kernel, c, false, false);
    make_views(&job, NULL);
    return packed_room(&job);
}

void tare_direct_forward_pack(const tare_gemm_kernel *kernel, const tare_convolution *c,
                              const float *w, float *packed, tare_pool *pool) {
    direct_job job = make_job(kernel, c, false, false);
    tare_view view; /* the forward pass has one */
    make_views(&job, &view);
    job.w = w;
    job.packing = packed;
    if (job.columns > 0) tare_pool_run(pool, job.pack_slices, pack_slice, &job);
}

static void take_riders(direct_job *job, const tare_riders *riders) {
    if (!riders) return;
    assert(job->c->groups == 1);
    job->riders = *riders;
    job->reads = riders->reader.read != NULL;
}

void tare_direct_forward(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *x,
                         const float *w, const float *bias, float *y, const tare_riders *riders,
                         void *scratch, tare_pool *pool) {
    direct_job job = make_job(kernel, c, false, false);
    take_riders(&job, riders);
    job.source = x;
    job.w = w;
    job.bias = bias;
    job.destination = y;
    run_job(&job, scratch, pool);
}

void tare_direct_data(const tare_gemm_kernel *kernel, const tare_convolution *c, const float *dy,
                      const float *w, float *dx, const tare_riders *riders, void *scratch,
                      tare_pool *pool) {
    direct_job job = make_job(kernel, c, true, false);
    take_riders(&job, riders);
    job.source = dy;
    job.w = w;
    job.destination = dx;
    run_job(&job, scratch, pool);
}
