/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row kernels for one element type, as loops that the compiler turns into vectors: columns are
 * independent, so no sum is reordered. Four rows are added before they join the running sum, which
 * saves memory traffic and rounding. Included by normalisation_rows_table.inc.h with
 *     NUMBER      the element type
 *     NAMED(f)    the name of function f for this type
 */

static void NAMED(sum)(const tare_rows *r, const NUMBER *x, NUMBER *restrict sums) {
    const int64_t width = r->width, step = r->stride;
    int64_t row = 0;
    for (; row + 4 <= r->rows; row += 4, x += 4 * step) {
        const NUMBER *b = x + step, *c = b + step, *d = c + step;
        for (int64_t j = 0; j < width; j++) sums[j] += (x[j] + b[j]) + (c[j] + d[j]);
    }
    for (; row < r->rows; row++, x += step)
        for (int64_t j = 0; j < width; j++) sums[j] += x[j];
}

/* Fetches the same rows of the next block, which lies behind this one: sums are found so fast that
 * processors alone fetch too late. */
static inline void NAMED(fetch_ahead)(const tare_rows *r, const NUMBER *x, int64_t rows) {
    for (const NUMBER *row = x + r->rows * r->stride; rows > 0; rows--, row += r->stride)
        for (int64_t j = 0; j < r->width; j += 64 / (int64_t)sizeof(NUMBER))
            __builtin_prefetch(row + j, 0, 2);
}

static void NAMED(deviations)(const tare_rows *r, const NUMBER *x, const NUMBER *restrict centre,
                              NUMBER *restrict first, NUMBER *restrict second) {
    const int64_t width = r->width, step = r->stride;
    int64_t row = 0;
    for (; row + 4 <= r->rows; row += 4, x += 4 * step) {
        NAMED(fetch_ahead)(r, x, 4);
        for (int64_t j = 0; j < width; j++) {
            const NUMBER a = x[j] - centre[j], b = x[j + step] - centre[j];
            const NUMBER c = x[j + 2 * step] - centre[j], d = x[j + 3 * step] - centre[j];
            first[j] += (a + b) + (c + d);
            second[j] += (a * a + b * b) + (c * c + d * d);
        }
    }
    for (; row < r->rows; row++, x += step) {
        for (int64_t j = 0; j < width; j++) {
            const NUMBER a = x[j] - centre[j];
            first[j] += a;
            second[j] += a * a;
        }
    }
}

/*
 * What a column knows of y. gate: dy where y > 0, when y is rectified; the comparison is of the
 * very number that normalise makes.
 */
typedef struct NAMED(column) {
    NUMBER centre, scale, shift;
} NAMED(column);

static inline NUMBER NAMED(affine)(NUMBER x, NAMED(column) c) {
    return (x - c.centre) * c.scale + c.shift;
}
static inline NUMBER NAMED(gate)(NUMBER dy, NUMBER x, NAMED(column) c, bool rectified) {
    return !rectified || NAMED(affine)(x, c) > 0 ? dy : 0;
}
#define COLUMN(j) ((NAMED(column)){centre[j], scale[j], shift[j]})

static inline __attribute__((always_inline)) void
NAMED(any_gradient_sums)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,
                         const NUMBER *const *columns, NUMBER *restrict first,
                         NUMBER *restrict second, bool rectified) {
    const int64_t width = r->width, step = r->stride;
    const NUMBER *restrict centre = columns[TARE_ROW_CENTRE];
    const NUMBER *restrict scale = columns[TARE_ROW_SCALE];
    const NUMBER *restrict shift = columns[TARE_ROW_SHIFT];
    int64_t row = 0;
    for (; row + 2 <= r->rows; row += 2, x += 2 * step, dy += 2 * step) {
        NAMED(fetch_ahead)(r, x, 2);
        NAMED(fetch_ahead)(r, dy, 2);
        for (int64_t j = 0; j < width; j++) {
            const NUMBER a = NAMED(gate)(dy[j], x[j], COLUMN(j), rectified);
            const NUMBER b = NAMED(gate)(dy[j + step], x[j + step], COLUMN(j), rectified);
            first[j] += a + b;
            second[j] += a * (x[j] - centre[j]) + b * (x[j + step] - centre[j]);
        }
    }
    for (; row < r->rows; row++, x += step, dy += step) {
        for (int64_t j = 0; j < width; j++) {
            const NUMBER a = NAMED(gate)(dy[j], x[j], COLUMN(j), rectified);
            first[j] += a;
            second[j] += a * (x[j] - centre[j]);
        }
    }
}

/* The maps below may write where they read, element by element: INDEPENDENT says so. */

static inline __attribute__((always_inline)) void NAMED(any_normalise)(const tare_rows *r,
                                                                       const NUMBER *x,
                                                                       const NUMBER *const *columns,
                                                                       NUMBER *y, bool rectified) {
    const int64_t width = r->width;
    const NUMBER *restrict centre = columns[TARE_ROW_CENTRE];
    const NUMBER *restrict scale = columns[TARE_ROW_SCALE];
    const NUMBER *restrict shift = columns[TARE_ROW_SHIFT];
    for (int64_t row = 0; row < r->rows; row++, x += r->stride, y += r->stride) {
        INDEPENDENT
        for (int64_t j = 0; j < width; j++) {
            const NUMBER v = NAMED(affine)(x[j], COLUMN(j));
            y[j] = rectified && v < 0 ? 0 : v;
        }
    }
}

static inline __attribute__((always_inline)) void
NAMED(any_gradient)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,
                    const NUMBER *const *columns, NUMBER *dx, bool rectified) {
    const int64_t width = r->width;
    const NUMBER *restrict centre = columns[TARE_ROW_CENTRE];
    const NUMBER *restrict scale = columns[TARE_ROW_SCALE];
    const NUMBER *restrict shift = columns[TARE_ROW_SHIFT];
    const NUMBER *restrict offset = columns[TARE_ROW_OFFSET];
    const NUMBER *restrict slope = columns[TARE_ROW_SLOPE];
    for (int64_t row = 0; row < r->rows; row++, x += r->stride, dy += r->stride, dx += r->stride) {
        INDEPENDENT
        for (int64_t j = 0; j < width; j++) {
            const NUMBER d = NAMED(gate)(dy[j], x[j], COLUMN(j), rectified);
            dx[j] = (d - offset[j] - (x[j] - centre[j]) * slope[j]) * scale[j];
        }
    }
}

static void NAMED(multiply)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,
                            const NUMBER *const *columns, NUMBER *dx) {
    const int64_t width = r->width;
    const NUMBER *restrict scale = columns[TARE_ROW_SCALE];
    (void)x;
    for (int64_t row = 0; row < r->rows; row++, dy += r->stride, dx += r->stride) {
        INDEPENDENT
        for (int64_t j = 0; j < width; j++) dx[j] = dy[j] * scale[j];
    }
}

static void NAMED(rectified_multiply)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,
                                      const NUMBER *const *columns, NUMBER *dx) {
    const int64_t width = r->width;
    const NUMBER *restrict centre = columns[TARE_ROW_CENTRE];
    const NUMBER *restrict scale = columns[TARE_ROW_SCALE];
    const NUMBER *restrict shift = columns[TARE_ROW_SHIFT];
    for (int64_t row = 0; row < r->rows; row++, x += r->stride, dy += r->stride, dx += r->stride) {
        INDEPENDENT
        for (int64_t j = 0; j < width; j++)
            dx[j] = NAMED(gate)(dy[j], x[j], COLUMN(j), true) * scale[j];
    }
}

#define BOTH(kind, rectified)                                                                      \
    static void NAMED(kind##gradient_sums)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,  \
                                           const NUMBER *const *columns, NUMBER *first,            \
                                           NUMBER *second) {                                       \
        NAMED(any_gradient_sums)(r, dy, x, columns, first, second, rectified);                     \
    }                                                                                              \
    static void NAMED(kind##normalise)(const tare_rows *r, const NUMBER *x,                        \
                                       const NUMBER *const *columns, NUMBER *y) {                  \
        NAMED(any_normalise)(r, x, columns, y, rectified);                                         \
    }                                                                                              \
    static void NAMED(kind##gradient)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,       \
                                      const NUMBER *const *columns, NUMBER *dx) {                  \
        NAMED(any_gradient)(r, dy, x, columns, dx, rectified);                                     \
    }
BOTH(, false)
BOTH(rectified_, true)
#undef BOTH
#undef COLUMN

/* ---- lines: lanes of doubles, added up in one order everywhere */

typedef NUMBER NAMED(numbers) __attribute__((vector_size(LANES * sizeof(NUMBER))));

static inline void NAMED(load)(const NUMBER *x, wide *lanes) {
    NAMED(numbers) narrow;
    memcpy(&narrow, x, sizeof narrow);
    *lanes = __builtin_convertvector(narrow, wide);
}

static void NAMED(line_moments)(const NUMBER *x, int64_t n, double *mean, double *squares) {
    wide sums = {0}, products = {0}, d;
    double sum = 0, product = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        NAMED(load)(x + i, &d);
        sums += d;
    }
    for (; i < n; i++) sum += (double)x[i];
    const double centre = (total(&sums) + sum) / (double)n;
    for (i = 0; i + LANES <= n; i += LANES) {
        NAMED(load)(x + i, &d);
        d -= centre;
        products += d * d;
    }
    for (; i < n; i++) product += ((double)x[i] - centre) * ((double)x[i] - centre);
    *mean = centre;
    *squares = total(&products) + product;
}

static void NAMED(line_sums)(const NUMBER *dy, const NUMBER *x, int64_t n, NUMBER centre,
                             double *first, double *second) {
    wide sums = {0}, products = {0}, d, e;
    double sum = 0, product = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        NAMED(load)(dy + i, &d);
        NAMED(load)(x + i, &e);
        sums += d;
        products += d * (e - (double)centre);
    }
    for (; i < n; i++) {
        sum += (double)dy[i];
        product += (double)dy[i] * ((double)x[i] - (double)centre);
    }
    *first = total(&sums) + sum;
    *second = total(&products) + product;
}

static void NAMED(line_normalise)(const NUMBER *x, int64_t n, const NUMBER *const *columns,
                                  int64_t at, NUMBER *y) {
    const NUMBER centre = columns[TARE_ROW_CENTRE][at], scale = columns[TARE_ROW_SCALE][at];
    const NUMBER shift = columns[TARE_ROW_SHIFT][at];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - centre) * scale + shift;
}

static void NAMED(line_gradient)(const NUMBER *dy, const NUMBER *x, int64_t n,
                                 const NUMBER *const *columns, int64_t at, NUMBER *dx) {
    const NUMBER centre = columns[TARE_ROW_CENTRE][at], scale = columns[TARE_ROW_SCALE][at];
    const NUMBER offset = columns[TARE_ROW_OFFSET][at], slope = columns[TARE_ROW_SLOPE][at];
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) dx[i] = (dy[i] - offset - (x[i] - centre) * slope) * scale;
}

static void NAMED(line_multiply)(const NUMBER *dy, int64_t n, NUMBER scale, NUMBER *dx) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) dx[i] = dy[i] * scale;
}

#undef NUMBER
#undef NAMED
