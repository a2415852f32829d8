/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A convolution as tiles walk through it: for each dimension which source positions a result reads,
 * and how results are cut into strips. The forward pass is one such view; the data gradient is one
 * of dy for each residue of the input position, whose results stand a stride apart.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_VIEW_H
#define TARE_SRC_KERNEL_CONVOLUTION_VIEW_H

#include "kernel/convolution_riders.h"
#include "kernel/gemm_kernel.h"

/* One spatial dimension. */
typedef struct tare_axis {
    int64_t source, grid; /* extents of what is read, of the results */
    /* Through tap i, result g reads source position g step + first + i spacing. */
    int64_t step, taps, first, spacing;
    int64_t filter, filter_step;   /* tap i of the filter: filter + i filter_step */
    int64_t extent, place, spread; /* result g stands at place + g spread of the destination */
    int64_t cut, pieces;           /* results in a strip; strips */
} tare_axis;

typedef struct tare_view {
    tare_axis axis[TARE_SPATIAL];
    int64_t batch, groups;
    int64_t depth, columns, channels; /* numbers of a group's source pixel, of its result; of all
                                         groups' source pixel */
    bool in_place; /* nothing is padded at the sides: the source is read where it lies */
    bool merged;   /* taps of a row side by side are one stretch */
    int64_t span[TARE_SPATIAL]; /* source positions that a strip reads */
    int64_t pixel, row, plane;  /* numbers from one position to the next in what tiles read */
    int64_t run, segments;      /* numbers of a stretch; stretches of a result, at most */
    int64_t taps, strips;
    int64_t copy;   /* numbers of a strip's copy; 0 in place */
    int64_t packed; /* where its filter stands among the packed ones */
} tare_view;

/* Source positions under so many results. */
static inline int64_t tare_axis_reach(const tare_axis *a, int64_t results) {
    return a->taps == 0 ? 1 : (results - 1) * a->step + (a->taps - 1) * a->spacing + 1;
}

/* How many views the forward pass or the data gradient has; view i of them. rows: of a tile.
 * copied: it is never read in place. */
int64_t tare_view_count(const tare_convolution *c, bool is_data);
tare_view tare_view_of(const tare_convolution *c, bool is_data, int64_t i, int64_t rows,
                       bool copied);

/* Cuts it into strips of at most so many results (at least one). */
void tare_view_cut(tare_view *v, int64_t results);

/* A strip of results of one group, and where it begins in the source, padding counted. */
typedef struct tare_strip {
    int64_t sample, group, begin[TARE_SPATIAL], count[TARE_SPATIAL];
    int64_t origin[TARE_SPATIAL];
} tare_strip;
tare_strip tare_strip_at(const tare_view *v, int64_t number);

/* What tiles read of a strip: `base` stands for source position `origin`. */
typedef struct tare_strip_source {
    const float *base;
    int64_t origin[TARE_SPATIAL];
} tare_strip_source;
/* The source where it lies, or a copy of the strip with zeros beside it, v->copy numbers. reader:
 * NULL, or what copies, when the view is copied. */
tare_strip_source tare_strip_read(const tare_gemm_kernel *kernel, const tare_view *v,
                                  const tare_strip *s, const tare_reader *reader,
                                  const float *source, float *copy);

/*
 * What the next strip reads, fetched by the tiles of this one (tare_gemm_tile.fetch): array after
 * array, as many lines with each step as it takes, of which a step fetches two.
 */
enum { TARE_MOST_AHEAD = 2 + 2 * TARE_MOST_BESIDE };
typedef struct tare_ahead {
    const char *at[TARE_MOST_AHEAD], *end[TARE_MOST_AHEAD];
    int arrays, next;
    int64_t step; /* bytes */
} tare_ahead;

/* NULL: nothing. */
static inline void tare_ahead_add(tare_ahead *ahead, const float *from, int64_t count) {
    if (!from) return;
    ahead->at[ahead->arrays] = (const char *)from;
    ahead->end[ahead->arrays++] = (const char *)(from + count);
}

/* What a maker reads beside what it makes, when there is one. */
static inline void tare_ahead_add_beside(tare_ahead *ahead, const tare_maker *maker, int64_t at,
                                         int64_t count, const float *made) {
    for (int k = 0; k < TARE_MOST_BESIDE && maker->beside[k]; k++)
        if (maker->beside[k] != made) tare_ahead_add(ahead, maker->beside[k] + at, count);
}

/* After all are added: how many steps the tiles have together. */
void tare_ahead_pace(tare_ahead *ahead, int64_t steps);

/* The share of a tile of so many steps. */
static inline void tare_ahead_share(tare_ahead *ahead, int64_t steps, tare_gemm_tile *tile) {
    while (ahead->next < ahead->arrays && ahead->at[ahead->next] >= ahead->end[ahead->next])
        ahead->next++;
    const bool any = ahead->next < ahead->arrays;
    tile->fetch = any ? ahead->at[ahead->next] : NULL;
    tile->fetch_step = any ? ahead->step : 0;
    if (any) ahead->at[ahead->next] += steps * ahead->step;
}

/* What a strip reads of the source, in one piece: its first number and how many, from its first
 * pixel to behind its last one, of the first plane where planes lie apart. */
int64_t tare_strip_extent(const tare_view *v, const tare_strip *s, int64_t *count);

/*
 * The stretches that results in row (g0, g1) of a strip are summed over: how many. a: from the
 * source's base on, b: in a filter packed [tap][channel][width].
 */
int64_t tare_strip_segments(const tare_view *v, const tare_strip *s, int64_t g0, int64_t g1,
                            const tare_strip_source *source, int64_t width,
                            tare_gemm_segment *segments);

#endif
