/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of whole numbers, tile by tile.
 *
 *     for each strip of results, each group:
 *         copy the source rows under it, x_zero beside them: [row][padded width][channel]
 *         for each panel of weights, each row of results, each tile of it: one micro-kernel call
 *
 * Taps that stand side by side in a row are one stretch of a tile's sum. A filter that reads one
 * pixel each takes all images as one row. Strips and slices are cut by shape alone; sums of whole
 * numbers are exact in any order.
 */
#include "kernel/int8_kernel.h"

#include "kernel/buffers.h"
#include "kernel/convolution_geometry.h"

enum {
    STRIP = 48 * 1024,   /* bytes of a copy, about */
    LEAST_ITEMS = 16,    /* wanted for threads, when the work is worth it */
    LEAST_ROWS = 4,      /* of a strip that is cut for threads alone */
    ITEM_WORK = 1 << 19, /* least multiply-adds that are worth a strip, a slice */
    SET = 1024, /* bytes: pixels of a tile so far apart would meet in few sets of a cache */
    LINE = 64
};

/* Height or width. */
typedef struct axis {
    int64_t source, grid; /* extents of x, of y */
    int64_t step, taps, spacing, before;
    int64_t cut, pieces; /* results in a strip; strips */
    int64_t span;        /* source positions of a strip */
} axis;

typedef struct product_job {
    const tare_int8_kernel *kernel;
    const tare_int8_product *p;
    tare_int8_form form;
    const int8_t *x;
    const char *packed;
    int8_t *y;
    axis row, column; /* which row, which place in it */
    int64_t batch;
    int64_t pixel, line; /* bytes from one pixel of a copy to the next, from one row */
    int64_t strips;      /* of all images and groups */
    int64_t ranges;      /* of panels, each an item of its own */
    int64_t items, slices;
    int64_t *offsets; /* of stretches */
    tare_buffers buffers;
} product_job;

/* ---- how it is cut */

static int64_t reach(const axis *a, int64_t results) {
    return (results - 1) * a->step + (a->taps - 1) * a->spacing + 1;
}

static void set_cut(axis *a, int64_t cut) {
    const int64_t pieces = tare_quotient_up(a->grid, tare_greatest(tare_least(cut, a->grid), 1));
    a->cut = tare_quotient_up(a->grid, pieces);
    a->pieces = tare_quotient_up(a->grid, a->cut);
    a->span = reach(a, a->cut);
}

static axis axis_of(const tare_convolution *c, int d) {
    return (axis){.source = c->in[d],
                  .grid = c->out[d],
                  .step = c->stride[d],
                  .taps = c->kernel[d],
                  .spacing = c->dilation[d],
                  .before = c->before[d]};
}

static bool reads_own_pixel(const axis *a) {
    return a->taps == 1 && a->step == 1 && a->before == 0 && a->source == a->grid;
}

/* Whole rows while they fit. */
static void cut_strips(product_job *job) {
    axis *row = &job->row, *column = &job->column;
    const int64_t rows = reach(row, 1), fit = STRIP / (job->pixel * rows);
    const int64_t rest = fit - reach(column, 1);
    const int64_t columns = rest < 0 ? 1 : rest / column->step + 1;
    set_cut(column, columns < column->grid ? tare_round_up(columns, job->kernel->rows) : columns);
    job->line = column->span * job->pixel;
    const int64_t lines = STRIP / job->line - rows;
    set_cut(row, column->pieces > 1 || lines < 0 ? 1 : lines / row->step + 1);
}

static int64_t count_strips(const product_job *job) {
    return job->batch * job->form.groups * job->row.pieces * job->column.pieces;
}

static void cut_rows(product_job *job, int64_t wanted) {
    const int64_t others = count_strips(job) / job->row.pieces;
    const int64_t cut = job->row.grid / tare_quotient_up(wanted, others);
    set_cut(&job->row, tare_least(tare_greatest(cut, LEAST_ROWS), job->row.cut));
    if (job->row.grid > 1) return;
    const int64_t rows = job->kernel->rows, places = count_strips(job) / job->column.pieces;
    const int64_t part = job->column.grid / tare_quotient_up(wanted, places);
    set_cut(&job->column, tare_least(tare_round_up(tare_greatest(part, 1), rows), job->column.cut));
}

static void cut_panels(product_job *job, int64_t wanted) {
    const int64_t strips = count_strips(job);
    job->ranges = tare_least(tare_quotient_up(wanted, strips), job->form.panels);
}

/* More items where threads would lack some: parts of what there is more of, numbers or weights,
 * first. */
static void cut_items(product_job *job, int64_t work) {
    const int64_t wanted = tare_least(work / ITEM_WORK, LEAST_ITEMS);
    const int64_t numbers = job->row.span * job->column.span * job->pixel;
    job->ranges = 1;
    if (count_strips(job) < wanted && job->form.group * 4 > numbers) cut_panels(job, wanted);
    if (count_strips(job) * job->ranges < wanted)
        cut_rows(job, tare_quotient_up(wanted, job->ranges));
    if (count_strips(job) < wanted) cut_panels(job, wanted);
    job->line = job->column.span * job->pixel;
    job->strips = count_strips(job);
    job->items = job->strips * job->ranges;
    job->slices = tare_slice_count(job->items, work / tare_greatest(job->items, 1), ITEM_WORK);
}

static int64_t offset_bytes(const product_job *job) {
    return tare_round_up(job->form.stretches * (int64_t)sizeof *job->offsets, LINE);
}

static bool is_empty(const tare_int8_product *p) {
    return p->c.batch * tare_pixels(p->c.out) * p->c.filters == 0;
}

static product_job make_job(const tare_int8_kernel *kernel, const tare_int8_product *p) {
    const tare_convolution *c = &p->c;
    product_job job = {.kernel = kernel, .p = p, .form = tare_int8_form_of(kernel, p)};
    job.batch = c->batch;
    job.row = axis_of(c, 1);
    job.column = axis_of(c, 2);
    if (reads_own_pixel(&job.row) && reads_own_pixel(&job.column)) {
        job.column.source = job.column.grid = c->batch * tare_pixels(c->out);
        job.row.source = job.row.grid = job.batch = 1;
    }
    job.pixel = job.form.depth * kernel->bytes;
    if (c->kernel[2] == 1 && job.pixel * job.column.step % SET == 0) job.pixel += LINE;
    cut_strips(&job);
    cut_items(&job, c->batch * tare_pixels(c->out) * c->filters * job.form.stretches *
                        job.form.run / (job.form.depthwise ? job.form.depth : 1));
    /* Steps and vectors may read past the last number. */
    const int64_t copy = tare_round_up(job.row.span * job.line + LINE, LINE);
    job.buffers.size = copy / (int64_t)sizeof(float);
    return job;
}

int64_t tare_int8_product_scratch_with(const tare_int8_kernel *kernel, const tare_int8_product *p) {
    if (is_empty(p)) return 0;
    const product_job job = make_job(kernel, p);
    return offset_bytes(&job) + job.slices * job.buffers.size * (int64_t)sizeof(float);
}

static void set_offsets(product_job *job) {
    const tare_convolution *c = &job->p->c;
    const int64_t across = job->form.merged ? 1 : c->kernel[2];
    for (int64_t t = 0; t < c->kernel[1]; t++)
        for (int64_t u = 0; u < across; u++)
            job->offsets[t * across + u] =
                t * c->dilation[1] * job->line + u * c->dilation[2] * job->pixel;
}

/* ---- strips */

typedef struct strip {
    int64_t sample, group, row, rows, column, columns;
} strip;

static strip strip_at(const product_job *job, int64_t number) {
    const int64_t pieces = job->row.pieces * job->column.pieces,
                  in_group = number / job->form.groups;
    strip s = {.group = number % job->form.groups, .sample = in_group / pieces};
    s.row = in_group % pieces / job->column.pieces * job->row.cut;
    s.column = in_group % job->column.pieces * job->column.cut;
    s.rows = tare_least(job->row.cut, job->row.grid - s.row);
    s.columns = tare_least(job->column.cut, job->column.grid - s.column);
    return s;
}

/* Pixels of a copied row; from: their first channel in x. */
static void take_pixels(const product_job *job, char *to, const int8_t *from, int64_t pixels) {
    const tare_int8_kernel *kernel = job->kernel;
    const int64_t depth = job->form.depth, channels = job->p->c.channels;
    const int32_t minus = tare_int8_minus(kernel, job->p->x_zero);
    if (depth == channels && job->pixel == depth * kernel->bytes) {
        kernel->take(to, from, pixels * depth, minus);
    } else {
        for (int64_t i = 0; i < pixels; i++)
            kernel->take(to + i * job->pixel, from + i * channels, depth, minus);
    }
}

/* from: the source row, NULL outside the image. */
static void copy_row(const product_job *job, const strip *s, const int8_t *from, char *to) {
    const tare_int8_kernel *kernel = job->kernel;
    const int64_t origin = s->column * job->column.step - job->column.before;
    const int64_t width = reach(&job->column, s->columns), each = job->pixel / kernel->bytes;
    const int32_t zero = job->p->x_zero - tare_int8_minus(kernel, job->p->x_zero);
    const int64_t begin = from ? tare_least(tare_greatest(-origin, 0), width) : width;
    const int64_t end = tare_greatest(tare_least(job->column.source - origin, width), begin);
    kernel->fill(to, begin * each, zero);
    if (end > begin)
        take_pixels(job, to + begin * job->pixel, from + (origin + begin) * job->p->c.channels,
                    end - begin);
    kernel->fill(to + end * job->pixel, (width - end) * each, zero);
}

static void copy_strip(const product_job *job, const strip *s, char *copy) {
    const int64_t channels = job->p->c.channels, width = job->column.source * channels;
    const int8_t *image = job->x + s->sample * job->row.source * width + s->group * job->form.depth;
    const int64_t origin = s->row * job->row.step - job->row.before;
    for (int64_t r = 0; r < reach(&job->row, s->rows); r++) {
        const bool inside = origin + r >= 0 && origin + r < job->row.source;
        copy_row(job, s, inside ? image + (origin + r) * width : NULL, copy + r * job->line);
    }
}

/* ---- tiles */

/* How tiles are made: micro-kernels by rows - 1, of the tallest one. */
typedef struct tiling {
    const tare_int8_tile_function *by_height;
    int64_t height;
} tiling;

static void run_tiles(const product_job *job, const strip *s, tare_int8_tile *tile,
                      const tiling *how) {
    const int64_t tiles = tare_quotient_up(s->columns, how->height), filters = job->p->c.filters;
    const char *const corner = tile->a;
    int8_t *const y = tile->y;
    for (int64_t r = 0; r < s->rows; r++) {
        const int64_t line =
            (s->sample * job->row.grid + s->row + r) * job->column.grid + s->column;
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t begin = tare_slice_begin(s->columns, tiles, t);
            const int64_t end = tare_slice_begin(s->columns, tiles, t + 1);
            tile->a = corner + r * job->row.step * job->line + begin * tile->a_stride;
            tile->y = y + (line + begin) * filters;
            how->by_height[end - begin - 1](tile);
        }
    }
}

static void run_panel(const product_job *job, const strip *s, const char *copy, int64_t panel) {
    const tare_int8_product *p = job->p;
    const tare_int8_form *f = &job->form;
    const tare_int8_head *head = (const void *)job->packed;
    const int64_t first = panel * f->width;
    const int32_t *packed = (const int32_t *)(const void *)(job->packed + TARE_INT8_HEAD);
    tare_int8_tile tile = {.a = copy,
                           .offsets = job->offsets,
                           .stretches = f->stretches,
                           .steps = f->steps,
                           .a_stride = job->column.step * job->pixel,
                           .panel = packed + s->group * f->group + first * f->column,
                           .y = job->y + s->group * f->columns + first,
                           .y_stride = p->c.filters,
                           .columns = tare_least(f->width, f->columns - first),
                           .y_zero = p->y_zero,
                           .least = p->least,
                           .most = p->most,
                           .halves_up = p->halves_up,
                           .plain = head->plain,
                           .bounded = head->bounded};
    tiling how = {job->kernel->depthwise, TARE_INT8_DEPTHWISE_ROWS};
    if (f->depthwise)
        tile.a += first * job->kernel->bytes;
    else
        how = (tiling){job->kernel->tile[tile.columns > job->kernel->lanes], job->kernel->rows};
    run_tiles(job, s, &tile, &how);
}

/* A strip's ranges follow each other, so a slice copies it once. */
static void run_slice(void *context, int64_t slice) {
    product_job *job = context;
    const int buffer = tare_buffers_take(&job->buffers);
    char *copy = (char *)tare_buffer(&job->buffers, buffer);
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    int64_t copied = -1;
    for (int64_t i = tare_slice_begin(job->items, job->slices, slice); i < end; i++) {
        const int64_t number = i / job->ranges, range = i % job->ranges;
        const strip s = strip_at(job, number);
        if (number != copied) copy_strip(job, &s, copy);
        copied = number;
        const int64_t last = tare_slice_begin(job->form.panels, job->ranges, range + 1);
        for (int64_t p = tare_slice_begin(job->form.panels, job->ranges, range); p < last; p++)
            run_panel(job, &s, copy, p);
    }
    tare_buffers_give(&job->buffers, buffer);
}

void tare_int8_product_run_with(const tare_int8_kernel *kernel, const tare_int8_product *p,
                                const int8_t *x, const void *packed, int8_t *y, void *scratch,
                                tare_pool *pool) {
    if (is_empty(p)) return;
    product_job job = make_job(kernel, p);
    job.x = x;
    job.packed = packed;
    job.y = y;
    job.offsets = scratch;
    job.buffers.first = (float *)(void *)((char *)scratch + offset_bytes(&job));
    set_offsets(&job);
    tare_pool_run(pool, job.slices, run_slice, &job);
}
