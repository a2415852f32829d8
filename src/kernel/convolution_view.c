/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of convolutions, cut into strips by shape alone.
 *
 *     forward   result o reads, through tap t, x at     o stride + t dilation - before
 *     data      result j of residue r is input position r + stride j and reads dy at
 *               j + (r + before - t dilation) / stride, for the taps where that divides
 */
#include "kernel/convolution_view.h"

#include <string.h>

#include "kernel/convolution_geometry.h"
#include "kernel/slices.h"

enum {
    STRIP = 48 * 1024,         /* numbers in a strip, about: fits the second-level cache */
    IN_PLACE_STRIP = 8 * 1024, /* the same where nothing is copied: ends of strips cost little */
    LEAST_STRIPS = 16,         /* wanted for threads, when the work is worth it */
    STRIP_WORK = 1 << 18,      /* least multiply-adds that are worth a strip */
    LINE = 64,                 /* bytes that are fetched together */
    ALIGNED = LINE / 4,        /* numbers in them */
    SET = 1024 /* numbers: rows of a tile so far apart would meet in one set of the first cache */
};

/* ---- axes */

static tare_axis forward_axis(const tare_convolution *c, int d) {
    return (tare_axis){.source = c->in[d],
                       .grid = c->out[d],
                       .step = c->stride[d],
                       .taps = c->kernel[d],
                       .first = -c->before[d],
                       .spacing = c->dilation[d],
                       .filter_step = 1,
                       .extent = c->out[d],
                       .spread = 1};
}

/* The input positions residue + stride g; taps from the last to the first, so that source positions
 * ascend. */
static tare_axis data_axis(const tare_convolution *c, int d, int64_t residue) {
    const int64_t stride = c->stride[d];
    tare_axis a = {.source = c->out[d],
                   .grid = tare_quotient_up(c->in[d] - residue, stride),
                   .step = 1,
                   .spacing = 1,
                   .extent = c->in[d],
                   .place = residue,
                   .spread = stride};
    for (int64_t t = c->kernel[d] - 1; t >= 0; t--) {
        const int64_t distance = residue + c->before[d] - t * c->dilation[d];
        if (distance % stride != 0) continue;
        if (a.taps == 0) {
            a.first = distance / stride;
            a.filter = t;
        } else if (a.taps == 1) {
            a.spacing = distance / stride - a.first;
            a.filter_step = t - a.filter;
        }
        a.taps++;
    }
    return a;
}

/* Results that no tap reaches along one dimension are none's along the later ones: the first view
 * of them takes all, the others nothing, so that they lie in long rows. */
static void join_untouched(const tare_convolution *c, const int64_t residue[TARE_SPATIAL],
                           tare_view *v) {
    int d = 0;
    while (d < TARE_SPATIAL && v->axis[d].taps > 0) d++;
    for (d++; d < TARE_SPATIAL; d++)
        v->axis[d] = (tare_axis){.source = c->out[d],
                                 .grid = residue[d] == 0 ? c->in[d] : 0,
                                 .step = 1,
                                 .spacing = 1,
                                 .extent = c->in[d],
                                 .spread = 1};
}

/* How many results fit over so many source positions, at least one. */
static int64_t fit(const tare_axis *a, int64_t positions) {
    const int64_t rest = positions - tare_axis_reach(a, 1);
    return rest < 0 ? 1 : rest / a->step + 1;
}

/* ---- views */

/* Results that read one pixel each, all in order: one long row. */
static void flatten(tare_view *v) {
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const tare_axis *a = &v->axis[d];
        if (a->taps != 1 || a->step != 1 || a->first != 0 || a->spread != 1 || a->place != 0 ||
            a->source != a->grid)
            return;
    }
    tare_axis *row = &v->axis[2];
    for (int d = 0; d < 2; d++) {
        row->grid *= v->axis[d].grid;
        v->axis[d].source = v->axis[d].grid = v->axis[d].extent = 1;
    }
    row->source = row->extent = row->grid *= v->batch;
    v->batch = 1;
}

/* Numbers from one pixel of a copy to the next: with step pixels between the rows of a tile, they
 * shall not all meet in the same set of a cache. */
static int64_t padded_depth(int64_t depth, int64_t step) {
    return depth * step % SET == 0 ? depth + ALIGNED : depth;
}

static void lay_out(tare_view *v, bool copied) {
    const tare_axis *row = &v->axis[2];
    v->taps = v->axis[0].taps * v->axis[1].taps * row->taps;
    const bool fits =
        row->first >= 0 && row->first + tare_axis_reach(row, row->grid) <= row->source;
    v->in_place = v->taps == 0 || (!copied && fits && v->channels * row->step % SET != 0);
    v->pixel = v->in_place ? v->channels : padded_depth(v->depth, row->step);
    v->merged = row->spacing == 1 && v->pixel == v->depth;
    v->run = v->merged ? row->taps * v->depth : v->depth;
    v->segments = v->merged ? v->axis[0].taps * v->axis[1].taps : v->taps;
}

static void set_cut(tare_axis *a, int64_t cut) {
    const int64_t pieces = tare_greatest(tare_quotient_up(a->grid, tare_greatest(cut, 1)), 1);
    a->cut = tare_greatest(tare_quotient_up(a->grid, pieces), 1);
    a->pieces = tare_quotient_up(a->grid, a->cut);
}

/* Whole rows while they fit, then whole planes; more and smaller strips when threads would lack
 * some. */
static void cut_view(tare_view *v, int64_t rows) {
    const int64_t strip = v->in_place ? IN_PLACE_STRIP : STRIP;
    int64_t inner = tare_greatest(v->pixel, 1);
    bool whole = true;
    for (int d = TARE_SPATIAL - 1; d >= 0; d--) {
        tare_axis *a = &v->axis[d];
        int64_t outer = 1;
        for (int e = 0; e < d; e++) outer *= tare_axis_reach(&v->axis[e], 1);
        int64_t cut = whole ? fit(a, strip / (inner * outer)) : 1;
        if (d == 2 && cut < a->grid) cut = tare_round_up(cut, rows);
        set_cut(a, tare_least(cut, a->grid));
        whole = whole && a->pieces == 1;
        inner *= tare_axis_reach(a, a->cut);
    }
    v->strips = v->batch * v->groups * v->axis[0].pieces * v->axis[1].pieces * v->axis[2].pieces;
    const int64_t work = v->batch * v->axis[0].grid * v->axis[1].grid * v->axis[2].grid * v->taps *
                         v->channels * v->columns;
    const int64_t wanted = tare_least(work / STRIP_WORK, LEAST_STRIPS);
    for (int d = 0; d < TARE_SPATIAL && v->strips < wanted; d++) {
        tare_axis *a = &v->axis[d];
        const int64_t others = v->strips / a->pieces;
        const int64_t most = d == 2 ? tare_quotient_up(a->grid, rows) : a->grid;
        const int64_t pieces = tare_least(tare_quotient_up(wanted, others), most);
        if (pieces > a->pieces) set_cut(a, tare_quotient_up(a->grid, pieces));
        v->strips = others * a->pieces;
    }
}

/* Residues that have pixels: a stride longer than the image has none for its last ones. */
static void count_residues(const tare_convolution *c, int64_t residues[TARE_SPATIAL]) {
    for (int d = 0; d < TARE_SPATIAL; d++) residues[d] = tare_least(c->stride[d], c->in[d]);
}

/* What follows from how the axes are cut. */
static void measure(tare_view *v) {
    for (int d = 0; d < TARE_SPATIAL; d++)
        v->span[d] = tare_axis_reach(&v->axis[d], v->axis[d].cut);
    v->row = (v->in_place ? v->axis[2].source : v->span[2]) * v->pixel;
    v->plane = (v->in_place ? v->axis[1].source : v->span[1]) * v->row;
    v->copy = v->in_place ? 0 : v->span[0] * v->plane;
    v->strips = v->batch * v->groups * v->axis[0].pieces * v->axis[1].pieces * v->axis[2].pieces;
}

void tare_view_cut(tare_view *v, int64_t results) {
    for (int d = TARE_SPATIAL - 1; d >= 0; d--) {
        tare_axis *a = &v->axis[d];
        set_cut(a, tare_least(results, a->grid));
        results = a->pieces == 1 ? results / tare_greatest(a->grid, 1) : 1;
    }
    measure(v);
}

int64_t tare_view_count(const tare_convolution *c, bool is_data) {
    int64_t residues[TARE_SPATIAL];
    count_residues(c, residues);
    return is_data ? tare_pixels(residues) : 1;
}

tare_view tare_view_of(const tare_convolution *c, bool is_data, int64_t i, int64_t rows,
                       bool copied) {
    int64_t residues[TARE_SPATIAL], residue[TARE_SPATIAL];
    tare_view v = {.batch = c->batch, .groups = c->groups};
    v.channels = is_data ? c->filters : c->channels;
    v.depth = v.channels / c->groups;
    v.columns = (is_data ? c->channels : c->filters) / c->groups;
    count_residues(c, residues);
    if (is_data) tare_pixel_at(residues, i, residue);
    for (int d = 0; d < TARE_SPATIAL; d++)
        v.axis[d] = is_data ? data_axis(c, d, residue[d]) : forward_axis(c, d);
    if (is_data) join_untouched(c, residue, &v);
    flatten(&v);
    lay_out(&v, copied);
    cut_view(&v, rows);
    measure(&v);
    return v;
}

/* ---- strips */

tare_strip tare_strip_at(const tare_view *v, int64_t number) {
    const int64_t pieces[TARE_SPATIAL] = {v->axis[0].pieces, v->axis[1].pieces, v->axis[2].pieces};
    const int64_t per_sample = tare_pixels(pieces), in_group = number / v->groups;
    int64_t piece[TARE_SPATIAL];
    tare_strip s = {.group = number % v->groups, .sample = in_group / per_sample};
    tare_pixel_at(pieces, in_group % per_sample, piece);
    for (int d = 0; d < TARE_SPATIAL; d++) {
        const tare_axis *a = &v->axis[d];
        s.begin[d] = piece[d] * a->cut;
        s.count[d] = tare_least(a->cut, a->grid - s.begin[d]);
        s.origin[d] = s.begin[d] * a->step + a->first;
    }
    return s;
}

/* What copies a strip, and from where. */
typedef struct copying {
    const tare_gemm_kernel *kernel;
    const tare_reader *reader;
    const float *source;
} copying;

static void copy_pixels(const copying *how, const tare_view *v, const float *from, int64_t pixels,
                        float *to) {
    const int64_t depth = v->depth, channels = v->channels, pixel = v->pixel;
    if (how->reader && how->reader->read)
        how->reader->read(how->reader->context, from - how->source, pixels, to, pixel);
    else if (pixel == depth && depth == channels)
        how->kernel->copy_block(to, 0, from, 0, 1, pixels * depth);
    else
        how->kernel->copy_block(to, pixel, from, channels, pixels, depth);
}

/* One row of the copy, from source columns origin[2] on, zeros outside. */
static void copy_row(const copying *how, const tare_view *v, const tare_strip *s, const float *from,
                     float *to) {
    const int64_t origin = s->origin[2], width = tare_axis_reach(&v->axis[2], s->count[2]);
    const int64_t begin = tare_least(tare_greatest(-origin, 0), width);
    const int64_t end = tare_greatest(tare_least(v->axis[2].source - origin, width), begin);
    const int64_t pixel = v->pixel;
    memset(to, 0, (size_t)(begin * pixel) * sizeof *to);
    if (end > begin)
        copy_pixels(how, v, from + (origin + begin) * v->channels, end - begin, to + begin * pixel);
    memset(to + end * pixel, 0, (size_t)((width - end) * pixel) * sizeof *to);
}

/* Rows outside the source are left as they are: nobody reads them. */
static void copy_strip(const copying *how, const tare_view *v, const tare_strip *s, float *copy) {
    const int64_t extent[] = {v->axis[0].source, v->axis[1].source};
    const int64_t width = v->axis[2].source * v->channels;
    const float *image =
        how->source + s->sample * extent[0] * extent[1] * width + s->group * v->depth;
    const int64_t planes = tare_axis_reach(&v->axis[0], s->count[0]),
                  rows = tare_axis_reach(&v->axis[1], s->count[1]);
    for (int64_t p = tare_greatest(-s->origin[0], 0); p < planes; p++) {
        if (s->origin[0] + p >= extent[0]) break;
        for (int64_t r = tare_greatest(-s->origin[1], 0); r < rows; r++) {
            const int64_t row = s->origin[1] + r;
            if (row >= extent[1]) break;
            const int64_t at = (s->origin[0] + p) * extent[1] + row;
            copy_row(how, v, s, image + at * width, copy + p * v->plane + r * v->row);
        }
    }
}

tare_strip_source tare_strip_read(const tare_gemm_kernel *kernel, const tare_view *v,
                                  const tare_strip *s, const tare_reader *reader,
                                  const float *source, float *copy) {
    tare_strip_source from = {.base = copy, .origin = {s->origin[0], s->origin[1], s->origin[2]}};
    if (v->in_place) {
        const int64_t sample = v->axis[0].source * v->plane;
        from.base = source + s->sample * sample + s->origin[2] * v->pixel + s->group * v->depth;
        from.origin[0] = from.origin[1] = 0;
    } else {
        copy_strip(&(copying){kernel, reader, source}, v, s, copy);
    }
    return from;
}

void tare_ahead_pace(tare_ahead *ahead, int64_t steps) {
    int64_t bytes = 0;
    for (int i = 0; i < ahead->arrays; i++) bytes += ahead->end[i] - ahead->at[i];
    const int64_t each = tare_quotient_up(bytes, tare_greatest(steps, 1));
    ahead->step = tare_round_up(tare_greatest(each, 1), LINE);
}

int64_t tare_strip_extent(const tare_view *v, const tare_strip *s, int64_t *count) {
    const tare_axis *a = v->axis;
    int64_t from[TARE_SPATIAL], to[TARE_SPATIAL];
    for (int d = 0; d < TARE_SPATIAL; d++) {
        from[d] = tare_least(tare_greatest(s->origin[d], 0), a[d].source - 1);
        to[d] = tare_least(s->origin[d] + tare_axis_reach(&a[d], s->count[d]), a[d].source) - 1;
        to[d] = tare_greatest(to[d], from[d]);
    }
    if (a[1].pieces > 1) to[0] = from[0];
    const int64_t source[TARE_SPATIAL] = {a[0].source, a[1].source, a[2].source};
    const int64_t first = tare_pixel_index(source, from);
    *count = (tare_pixel_index(source, to) + 1 - first) * v->channels;
    return (s->sample * tare_pixels(source) + first) * v->channels;
}

int64_t tare_strip_segments(const tare_view *v, const tare_strip *s, int64_t g0, int64_t g1,
                            const tare_strip_source *source, int64_t width,
                            tare_gemm_segment *segments) {
    const tare_axis *a0 = &v->axis[0], *a1 = &v->axis[1];
    const int64_t columns = v->merged ? 1 : v->axis[2].taps;
    int64_t count = 0;
    if (v->taps == 0) return 0;
    for (int64_t t0 = 0; t0 < a0->taps; t0++) {
        const int64_t at0 = (s->begin[0] + g0) * a0->step + a0->first + t0 * a0->spacing;
        for (int64_t t1 = 0; t1 < a1->taps; t1++) {
            const int64_t at1 = (s->begin[1] + g1) * a1->step + a1->first + t1 * a1->spacing;
            if (at0 < 0 || at0 >= a0->source || at1 < 0 || at1 >= a1->source) continue;
            for (int64_t t2 = 0; t2 < columns; t2++) {
                tare_gemm_segment *segment = &segments[count++];
                segment->a = (at0 - source->origin[0]) * v->plane +
                             (at1 - source->origin[1]) * v->row +
                             t2 * v->axis[2].spacing * v->pixel;
                segment->b = ((t0 * a1->taps + t1) * v->axis[2].taps + t2) * v->depth * width;
            }
        }
    }
    return count;
}
