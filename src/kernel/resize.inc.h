/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bilinear resizing and the gradients of resizing for one element type; included by resize.c with
 *     NUMBER      the element type
 *     NAMED(f)    the name of function f for this type
 */

/* One row of the result, from two rows of x. */
static void NAMED(blend_row)(const tare_resizing *r, const NUMBER *above, const NUMBER *below,
                             NUMBER down, NUMBER *y) {
    for (int64_t o = 0; o < r->out[1]; o++, y += r->channels) {
        const tare_resize_point at = r->columns[o];
        const int64_t left = at.lower * r->channels, right = at.upper * r->channels;
        const NUMBER across = (NUMBER)at.share;
        for (int64_t c = 0; c < r->channels; c++) {
            const NUMBER top = above[left + c] + (above[right + c] - above[left + c]) * across;
            const NUMBER bottom = below[left + c] + (below[right + c] - below[left + c]) * across;
            y[c] = top + (bottom - top) * down;
        }
    }
}

/* An item is one row of the result. */
static void NAMED(bilinear_slice)(void *context, int64_t slice) {
    const resize_job *job = context;
    const tare_resizing *r = job->r;
    const int64_t in_row = r->in[1] * r->channels, out_row = r->out[1] * r->channels;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(job->items, job->slices, slice); item < end; item++) {
        const tare_resize_point at = r->rows[item % r->out[0]];
        const NUMBER *x = (const NUMBER *)job->from + item / r->out[0] * r->in[0] * in_row;
        NAMED(blend_row)
        (r, x + at.lower * in_row, x + at.upper * in_row, (NUMBER)at.share,
         (NUMBER *)job->to + item * out_row);
    }
}

/* The way back of one row: dy added to the two rows it was made of. */
static void NAMED(spread_row)(const tare_resizing *r, const NUMBER *dy, NUMBER down, NUMBER *above,
                              NUMBER *below) {
    for (int64_t o = 0; o < r->out[1]; o++, dy += r->channels) {
        const tare_resize_point at = r->columns[o];
        const int64_t left = at.lower * r->channels, right = at.upper * r->channels;
        const NUMBER across = (NUMBER)at.share;
        for (int64_t c = 0; c < r->channels; c++) {
            const NUMBER top = dy[c] * (1 - down), bottom = dy[c] * down;
            above[left + c] += top * (1 - across);
            above[right + c] += top * across;
            below[left + c] += bottom * (1 - across);
            below[right + c] += bottom * across;
        }
    }
}

static void NAMED(add_row)(const tare_resizing *r, const NUMBER *dy, NUMBER *row) {
    for (int64_t o = 0; o < r->out[1]; o++, dy += r->channels) {
        NUMBER *to = row + r->columns[o].lower * r->channels;
        for (int64_t c = 0; c < r->channels; c++) to[c] += dy[c];
    }
}

/* An item is one sample: rows of the result add to the same rows of dx. */
static inline void NAMED(spread_samples)(const resize_job *job, int64_t slice, bool nearest) {
    const tare_resizing *r = job->r;
    const int64_t in_row = r->in[1] * r->channels, out_row = r->out[1] * r->channels;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t n = tare_slice_begin(job->items, job->slices, slice); n < end; n++) {
        const NUMBER *dy = (const NUMBER *)job->from + n * r->out[0] * out_row;
        NUMBER *dx = (NUMBER *)job->to + n * r->in[0] * in_row;
        memset(dx, 0, (size_t)(r->in[0] * in_row) * sizeof *dx);
        for (int64_t o = 0; o < r->out[0]; o++, dy += out_row) {
            const tare_resize_point at = r->rows[o];
            NUMBER *above = dx + at.lower * in_row, *below = dx + at.upper * in_row;
            if (nearest)
                NAMED(add_row)(r, dy, above);
            else
                NAMED(spread_row)(r, dy, (NUMBER)at.share, above, below);
        }
    }
}

static void NAMED(nearest_gradient_slice)(void *context, int64_t slice) {
    NAMED(spread_samples)(context, slice, true);
}
static void NAMED(bilinear_gradient_slice)(void *context, int64_t slice) {
    NAMED(spread_samples)(context, slice, false);
}

void NAMED(tare_resize_bilinear)(const tare_resizing *r, const NUMBER *x, NUMBER *y,
                                 tare_pool *pool) {
    run_job((resize_job){.r = r, .from = x, .to = y}, r->batch * r->out[0], NAMED(bilinear_slice),
            pool);
}

void NAMED(tare_resize_nearest_gradient)(const tare_resizing *r, const NUMBER *dy, NUMBER *dx,
                                         tare_pool *pool) {
    run_job((resize_job){.r = r, .from = dy, .to = dx}, r->batch, NAMED(nearest_gradient_slice),
            pool);
}

void NAMED(tare_resize_bilinear_gradient)(const tare_resizing *r, const NUMBER *dy, NUMBER *dx,
                                          tare_pool *pool) {
    run_job((resize_job){.r = r, .from = dy, .to = dx}, r->batch, NAMED(bilinear_gradient_slice),
            pool);
}

#undef NUMBER
#undef NAMED
