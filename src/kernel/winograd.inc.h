/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transforms of Winograd's convolution (winograd.h) for one instruction set; included once by
 * each of winograd_avx512.c, winograd_avx2.c and winograd_baseline.c, which define LANES and the
 * table's name, KERNEL.
 *
 * Each transform is two of one dimension: down the columns of a tile, then along its rows.
 */
#include "kernel/vector.inc.h"
#include "kernel/winograd.h"

/* ---- the source */

/* B' times a column of four pixels. */
typedef struct column {
    vector at[4];
} column;

static inline column down(const float *const row[4], int64_t at) {
    const vector d0 = load(row[0] + at), d1 = load(row[1] + at);
    const vector d2 = load(row[2] + at), d3 = load(row[3] + at);
    return (column){{d0 - d2, d1 + d2, d2 - d1, d1 - d3}};
}

/* Two of a tile's four columns are the next one's first two. */
static void source(float *v, int64_t point, int64_t tile, const float *const row[4], int64_t pixel,
                   int64_t channels, int64_t tiles) {
    for (int64_t c = 0; c < channels; c += LANES) {
        column a = down(row, c), b = down(row, pixel + c);
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t at = 2 * t * pixel + c;
            const column e = down(row, at + 2 * pixel), f = down(row, at + 3 * pixel);
            float *to = v + t * tile + c;
            for (int i = 0; i < 4; i++, to += 4 * point) {
                store(to, a.at[i] - e.at[i]);
                store(to + point, b.at[i] + e.at[i]);
                store(to + 2 * point, e.at[i] - b.at[i]);
                store(to + 3 * point, b.at[i] - f.at[i]);
            }
            a = e;
            b = f;
        }
    }
}

/* ---- the filter */

/* G times three numbers. */
static inline column spread(vector g0, vector g1, vector g2) {
    const vector outer = (g0 + g2) * .5f, inner = g1 * .5f;
    return (column){{g0, outer + inner, outer - inner, g2}};
}

static void filter(float *u, int64_t point, const float *g, int64_t tap, int64_t count) {
    for (int64_t n = 0; n < count; n += LANES) {
        column each[3];
        for (int j = 0; j < 3; j++)
            each[j] = spread(load(g + j * tap + n), load(g + (3 + j) * tap + n),
                             load(g + (6 + j) * tap + n));
        for (int i = 0; i < 4; i++) {
            const column along = spread(each[0].at[i], each[1].at[i], each[2].at[i]);
            for (int j = 0; j < 4; j++) store(u + (4 * i + j) * point + n, along.at[j]);
        }
    }
}

/* ---- results */

/* A' times four numbers. */
typedef struct pair {
    vector at[2];
} pair;

static inline pair gather(vector s0, vector s1, vector s2, vector s3) {
    return (pair){{s0 + s1 + s2, s1 - s2 - s3}};
}

/* Results of one tile in one vector of columns: [upper, lower][left, right]. */
static inline void gather_tile(const float *sums, int64_t point, vector y[2][2]) {
    pair across[4];
    for (int j = 0; j < 4; j++)
        across[j] = gather(load(sums + j * point), load(sums + (4 + j) * point),
                           load(sums + (8 + j) * point), load(sums + (12 + j) * point));
    for (int i = 0; i < 2; i++) {
        const pair along =
            gather(across[0].at[i], across[1].at[i], across[2].at[i], across[3].at[i]);
        y[i][0] = along.at[0];
        y[i][1] = along.at[1];
    }
}

static void result(const tare_winograd_result *r) {
    const float infinity = __builtin_inff();
    const vector low = (r->ending ? r->ending->low : -infinity) - (vector){0};
    const vector high = (r->ending ? r->ending->high : infinity) - (vector){0};
    for (int64_t c = 0; c < r->columns; c += LANES) {
        const vector bias = r->bias ? load(r->bias + c) : (vector){0};
        for (int64_t t = 0; t < r->tiles; t++) {
            vector y[2][2];
            gather_tile(r->sums + t * r->tile + c, r->point, y);
            const int pixels = 2 * t + 1 < r->width ? 2 : 1;
            for (int i = 0; i < 2; i++) {
                if (!r->row[i]) continue;
                for (int j = 0; j < pixels; j++) {
                    const int64_t at = (2 * t + j) * r->pixel + c;
                    vector sum = y[i][j];
                    if (r->bias) sum += bias;
                    if (r->addend[i]) sum += load(r->addend[i] + at);
                    store(r->row[i] + at, clamp(sum, low, high));
                }
            }
        }
    }
}

/* ---- the filter's gradient */

/* A times two numbers. */
static inline column widen(vector y0, vector y1) { return (column){{y0, y0 + y1, y0 - y1, -y1}}; }

/* A times the pixels of one column of a tile. */
static inline column widen_pixels(const float *const row[2], int64_t at) {
    return widen(load(row[0] + at), row[1] ? load(row[1] + at) : (vector){0});
}

static void gradient(float *d, int64_t point, int64_t tile, const float *const row[2],
                     int64_t pixel, int64_t columns, int64_t width) {
    for (int64_t c = 0; c < columns; c += LANES) {
        float *to = d + c;
        for (int64_t x = 0; x < width; x += 2, to += tile) {
            const int64_t at = x * pixel + c;
            column right = {{{0}}};
            const column left = widen_pixels(row, at);
            if (x + 1 < width) right = widen_pixels(row, at + pixel);
            for (int i = 0; i < 4; i++) {
                const column along = widen(left.at[i], right.at[i]);
                for (int j = 0; j < 4; j++) store(to + (4 * i + j) * point, along.at[j]);
            }
        }
    }
}

/* G' times four numbers. */
typedef struct triple {
    vector at[3];
} triple;

static inline triple narrow(vector u0, vector u1, vector u2, vector u3) {
    const vector outer = (u1 + u2) * .5f;
    return (triple){{u0 + outer, (u1 - u2) * .5f, outer + u3}};
}

static void filter_gradient(float *g, int64_t tap, const float *u, int64_t point, int64_t count) {
    for (int64_t n = 0; n < count; n += LANES) {
        triple each[4];
        for (int j = 0; j < 4; j++)
            each[j] = narrow(load(u + j * point + n), load(u + (4 + j) * point + n),
                             load(u + (8 + j) * point + n), load(u + (12 + j) * point + n));
        for (int i = 0; i < 3; i++) {
            const triple along = narrow(each[0].at[i], each[1].at[i], each[2].at[i], each[3].at[i]);
            for (int j = 0; j < 3; j++) store(g + (3 * i + j) * tap + n, along.at[j]);
        }
    }
}

const tare_winograd_kernel KERNEL = {.source = source,
                                     .filter = filter,
                                     .result = result,
                                     .gradient = gradient,
                                     .filter_gradient = filter_gradient};
