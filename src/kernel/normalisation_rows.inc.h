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

static void NAMED(deviations)(const tare_rows *r, const NUMBER *x, const NUMBER *restrict centre,
                              NUMBER *restrict first, NUMBER *restrict second) {
    const int64_t width = r->width, step = r->stride;
    int64_t row = 0;
    for (; row + 4 <= r->rows; row += 4, x += 4 * step) {
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

static void NAMED(gradient_sums)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,
                                 const NUMBER *restrict centre, NUMBER *restrict first,
                                 NUMBER *restrict second) {
    const int64_t width = r->width, step = r->stride;
    int64_t row = 0;
    for (; row + 2 <= r->rows; row += 2, x += 2 * step, dy += 2 * step) {
        for (int64_t j = 0; j < width; j++) {
            const NUMBER a = dy[j], b = dy[j + step];
            first[j] += a + b;
            second[j] += a * (x[j] - centre[j]) + b * (x[j + step] - centre[j]);
        }
    }
    for (; row < r->rows; row++, x += step, dy += step) {
        for (int64_t j = 0; j < width; j++) {
            first[j] += dy[j];
            second[j] += dy[j] * (x[j] - centre[j]);
        }
    }
}

/* The maps below may write where they read, element by element: INDEPENDENT says so. */

static void NAMED(normalise)(const tare_rows *r, const NUMBER *x, const NUMBER *restrict centre,
                             const NUMBER *restrict scale, const NUMBER *restrict shift,
                             NUMBER *y) {
    const int64_t width = r->width;
    for (int64_t row = 0; row < r->rows; row++, x += r->stride, y += r->stride) {
        INDEPENDENT
        for (int64_t j = 0; j < width; j++) y[j] = (x[j] - centre[j]) * scale[j] + shift[j];
    }
}

static void NAMED(gradient)(const tare_rows *r, const NUMBER *dy, const NUMBER *x,
                            const NUMBER *const columns[4], NUMBER *dx) {
    const int64_t width = r->width;
    const NUMBER *restrict centre = columns[TARE_ROW_CENTRE];
    const NUMBER *restrict scale = columns[TARE_ROW_SCALE];
    const NUMBER *restrict offset = columns[TARE_ROW_OFFSET];
    const NUMBER *restrict slope = columns[TARE_ROW_SLOPE];
    for (int64_t row = 0; row < r->rows; row++, x += r->stride, dy += r->stride, dx += r->stride) {
        INDEPENDENT
        for (int64_t j = 0; j < width; j++)
            dx[j] = (dy[j] - offset[j] - (x[j] - centre[j]) * slope[j]) * scale[j];
    }
}

static void NAMED(multiply)(const tare_rows *r, const NUMBER *dy, const NUMBER *restrict scale,
                            NUMBER *dx) {
    const int64_t width = r->width;
    for (int64_t row = 0; row < r->rows; row++, dy += r->stride, dx += r->stride) {
        INDEPENDENT
        for (int64_t j = 0; j < width; j++) dx[j] = dy[j] * scale[j];
    }
}

#undef NUMBER
#undef NAMED
