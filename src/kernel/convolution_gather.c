/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering the source pixels under a filter into the rows of a matrix, and the way back. */
#include "kernel/convolution_gather.h"

#include <string.h>

#include "kernel/convolution_geometry.h"
#include "kernel/slices.h"

/* ---- describing */

static void add_tap(tare_gather *gather, tare_tap *taps, const int64_t at[TARE_SPATIAL],
                    int64_t filter) {
    for (int d = 0; d < TARE_SPATIAL; d++) {
        if (gather->taps == 0 || at[d] < gather->low[d]) gather->low[d] = at[d];
        if (gather->taps == 0 || at[d] > gather->high[d]) gather->high[d] = at[d];
    }
    if (taps) {
        tare_tap *tap = &taps[gather->taps];
        memcpy(tap->at, at, sizeof tap->at);
        tap->shift = tare_pixel_index(gather->source, at);
        tap->filter = filter;
    }
    gather->taps++;
}

/* The series of runs that the one at tap t begins; those behind it are known. */
static void find_alike(const tare_gather *gather, tare_tap *taps, int64_t t) {
    tare_tap *tap = &taps[t];
    const int64_t next = t + tap->run;
    tap->alike = 1;
    tap->spacing = 0;
    if (next >= gather->taps || taps[next].run != tap->run) return;
    tap->spacing = taps[next].shift - tap->shift;
    tap->alike =
        taps[next].alike > 1 && taps[next].spacing == tap->spacing ? taps[next].alike + 1 : 2;
}

static void find_runs(tare_gather *gather, tare_tap *taps) {
    for (int64_t t = gather->taps - 1; taps && t >= 0; t--) {
        const bool joins = t + 1 < gather->taps && taps[t + 1].at[0] == taps[t].at[0] &&
                           taps[t + 1].at[1] == taps[t].at[1] &&
                           taps[t + 1].at[2] == taps[t].at[2] + 1;
        taps[t].run = joins ? taps[t + 1].run + 1 : 1;
        find_alike(gather, taps, t);
    }
    gather->tap = taps;
}

tare_gather tare_gather_forward(const tare_gemm_kernel *kernel, const tare_convolution *c,
                                tare_tap *taps) {
    tare_gather gather = {.kernel = kernel, .channels = c->channels};
    for (int d = 0; d < TARE_SPATIAL; d++) {
        gather.source[d] = c->in[d];
        gather.grid[d] = c->out[d];
        gather.step[d] = c->stride[d];
    }
    const int64_t count = tare_pixels(c->kernel);
    for (int64_t t = 0; t < count; t++) {
        int64_t at[TARE_SPATIAL];
        tare_pixel_at(c->kernel, t, at);
        for (int d = 0; d < TARE_SPATIAL; d++) at[d] = at[d] * c->dilation[d] - c->before[d];
        add_tap(&gather, taps, at, t);
    }
    find_runs(&gather, taps);
    return gather;
}

/* ---- gathering */

typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));

/* memcpy for a few dozen numbers; the last four overlap. */
static inline void copy_numbers(float *to, const float *from, int64_t count) {
    if (count >= 4) {
        for (int64_t i = 0; i + 4 < count; i += 4) *(quad *)(to + i) = *(const quad *)(from + i);
        *(quad *)(to + count - 4) = *(const quad *)(from + count - 4);
    } else {
        for (int64_t i = 0; i < count; i++) to[i] = from[i];
    }
}

static inline void clear_numbers(float *to, int64_t count) {
    for (int64_t i = 0; i < count; i++) to[i] = 0;
}

/* The taps from t on that can be taken in one piece: side by side, and all channels of each. */
static inline int64_t piece_at(const tare_gather *gather, const tare_gather_part *part, int64_t t) {
    const int64_t left = part->first_tap + part->taps - t, run = gather->tap[t].run;
    return part->channels < gather->channels ? 1 : run < left ? run : left;
}

/* Some grid pixels side by side, all of whose taps lie inside; origin: row-major, of the first one.
 */
static void gather_inside(const tare_gather *gather, const tare_gather_part *part,
                          const float *image, int64_t origin, int64_t pixels, float *rows,
                          int64_t stride) {
    const int64_t step = gather->step[2] * gather->channels;
    for (int64_t t = part->first_tap; t < part->first_tap + part->taps;) {
        const int64_t taps = piece_at(gather, part, t), count = taps * part->channels;
        const int64_t from =
            (origin + gather->tap[t].shift) * gather->channels + part->first_channel;
        gather->kernel->copy_block(rows, stride, image + from, step, pixels, count);
        rows += count;
        t += taps;
    }
}

/* Which taps of a piece that begins at source position `in` lie inside: from *begin to before *end.
 */
static void clip_piece(const tare_gather *gather, const int64_t in[TARE_SPATIAL], int64_t taps,
                       int64_t *begin, int64_t *end) {
    *begin = in[2] < 0 ? -in[2] : 0;
    *end = gather->source[2] - in[2] < taps ? gather->source[2] - in[2] : taps;
    if (in[0] < 0 || in[0] >= gather->source[0] || in[1] < 0 || in[1] >= gather->source[1] ||
        *end <= *begin)
        *begin = *end = taps;
}

/* A grid pixel at the edge. image: of the sample; origin: its position times step. */
static void gather_edge(const tare_gather *gather, const tare_gather_part *part, const float *image,
                        const int64_t origin[TARE_SPATIAL], float *row) {
    for (int64_t t = part->first_tap; t < part->first_tap + part->taps;) {
        const tare_tap *tap = &gather->tap[t];
        const int64_t taps = piece_at(gather, part, t), count = taps * part->channels;
        const int64_t in[TARE_SPATIAL] = {origin[0] + tap->at[0], origin[1] + tap->at[1],
                                          origin[2] + tap->at[2]};
        int64_t begin, end;
        clip_piece(gather, in, taps, &begin, &end);
        clear_numbers(row, begin * part->channels);
        if (begin < end) {
            const float *from =
                image + (tare_pixel_index(gather->source, in) + begin) * gather->channels;
            copy_numbers(row + begin * part->channels, from + part->first_channel,
                         (end - begin) * part->channels);
        }
        clear_numbers(row + end * part->channels, (taps - end) * part->channels);
        row += count;
        t += taps;
    }
}

/* Whether all taps at an origin lie inside along dimension d. */
static inline bool fits(const tare_gather *gather, int d, int64_t origin) {
    return origin + gather->low[d] >= 0 && origin + gather->high[d] < gather->source[d];
}

/* `pixels` grid pixels of one row from position `at` on. */
static void gather_row(const tare_gather *gather, const tare_gather_part *part, const float *image,
                       const int64_t at[TARE_SPATIAL], int64_t pixels, float *rows,
                       int64_t stride) {
    int64_t origin[TARE_SPATIAL] = {at[0] * gather->step[0], at[1] * gather->step[1],
                                    at[2] * gather->step[2]};
    const bool row_fits = fits(gather, 0, origin[0]) && fits(gather, 1, origin[1]);
    for (int64_t done = 0; done < pixels;) {
        const int64_t begin = done;
        const int64_t first = origin[2];
        for (; row_fits && done < pixels && fits(gather, 2, origin[2]); done++)
            origin[2] += gather->step[2];
        if (done > begin) {
            const int64_t from[TARE_SPATIAL] = {origin[0], origin[1], first};
            gather_inside(gather, part, image, tare_pixel_index(gather->source, from), done - begin,
                          rows + begin * stride, stride);
        } else {
            gather_edge(gather, part, image, origin, rows + done * stride);
            origin[2] += gather->step[2];
            done++;
        }
    }
}

void tare_gather_rows(const tare_gather *gather, tare_gather_part part, const float *source,
                      int64_t first, int64_t count, float *rows, int64_t stride) {
    const int64_t pixels = tare_pixels(gather->grid);
    const int64_t image_size = tare_pixels(gather->source) * gather->channels;
    for (int64_t done = 0; done < count;) {
        int64_t at[TARE_SPATIAL];
        tare_pixel_at(gather->grid, (first + done) % pixels, at);
        const float *image = source + (first + done) / pixels * image_size;
        const int64_t in_row = tare_least(count - done, gather->grid[2] - at[2]);
        gather_row(gather, &part, image, at, in_row, rows + done * stride, stride);
        done += in_row;
    }
}

/* ---- scattering */

static bool is_inside(const tare_gather *gather, const int64_t origin[TARE_SPATIAL]) {
    return fits(gather, 0, origin[0]) && fits(gather, 1, origin[1]) && fits(gather, 2, origin[2]);
}

/* Every tap lies inside: a series of runs at a time. */
static void scatter_inside(const tare_gather *gather, const float *row,
                           const int64_t origin[TARE_SPATIAL], float *image) {
    const int64_t channels = gather->channels;
    float *base = image + tare_pixel_index(gather->source, origin) * channels;
    for (int64_t t = 0; t < gather->taps;) {
        const tare_tap *tap = &gather->tap[t];
        const int64_t columns = tap->run * channels;
        gather->kernel->add_block(base + tap->shift * channels, tap->spacing * channels, row,
                                  columns, tap->alike, columns);
        row += tap->alike * columns;
        t += tap->alike * tap->run;
    }
}

static void scatter_edge(const tare_gather *gather, const float *row,
                         const int64_t origin[TARE_SPATIAL], float *image) {
    for (int64_t t = 0; t < gather->taps;) {
        const tare_tap *tap = &gather->tap[t];
        const int64_t in[TARE_SPATIAL] = {origin[0] + tap->at[0], origin[1] + tap->at[1],
                                          origin[2] + tap->at[2]};
        int64_t begin = 0, end = tap->run;
        clip_piece(gather, in, tap->run, &begin, &end);
        if (begin < end) {
            const int64_t pixel = tare_pixel_index(gather->source, in) + begin;
            gather->kernel->add_block(image + pixel * gather->channels, 0,
                                      row + begin * gather->channels, 0, 1,
                                      (end - begin) * gather->channels);
        }
        row += tap->run * gather->channels;
        t += tap->run;
    }
}

void tare_scatter_rows(const tare_gather *gather, const float *rows, int64_t stride, int64_t first,
                       int64_t count, float *image) {
    int64_t at[TARE_SPATIAL];
    tare_pixel_at(gather->grid, first, at);
    for (int64_t r = 0; r < count; r++, rows += stride) {
        const int64_t origin[TARE_SPATIAL] = {at[0] * gather->step[0], at[1] * gather->step[1],
                                              at[2] * gather->step[2]};
        (is_inside(gather, origin) ? scatter_inside : scatter_edge)(gather, rows, origin, image);
        if (++at[2] < gather->grid[2]) continue;
        at[2] = 0;
        if (++at[1] < gather->grid[1]) continue;
        at[1] = 0;
        at[0]++;
    }
}
