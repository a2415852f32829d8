/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling for one element type; included by pooling.c with
 *     NUMBER      the element type
 *     NAMED(f)    the name of function f for this type
 */

/* ---- max */

/* True where x takes the place of the largest so far: it is larger, or it is the first NaN. */
static inline bool NAMED(exceeds)(NUMBER x, NUMBER largest) {
    return !(x <= largest) && largest == largest;
}

static void NAMED(largest_of_window)(const tare_pooling *p, const window *w, const NUMBER *image,
                                     NUMBER *y) {
    const int64_t channels = p->channels;
    for (int64_t c = 0; c < channels; c++) y[c] = -(NUMBER)INFINITY;
    for (int64_t d = w->low[0]; d < w->high[0]; d++) {
        for (int64_t h = w->low[1]; h < w->high[1]; h++) {
            const NUMBER *x = image + row_begin(p, w, d, h) * channels;
            for (int64_t left = row_length(w); left > 0; left--, x += channels)
                for (int64_t c = 0; c < channels; c++)
                    y[c] = NAMED(exceeds)(x[c], y[c]) ? x[c] : y[c];
        }
    }
}

static void NAMED(max_slice)(void *context, int64_t slice) {
    const pooling_job *job = context;
    const tare_pooling *p = job->p;
    const int64_t in_pixels = tare_pixels(p->in), out_pixels = tare_pixels(p->out);
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(job->items, job->slices, slice); item < end; item++) {
        const window w = window_at(p, item % out_pixels);
        const NUMBER *image = (const NUMBER *)job->x + item / out_pixels * in_pixels * p->channels;
        NAMED(largest_of_window)(p, &w, image, (NUMBER *)job->out + item * p->channels);
    }
}

void NAMED(tare_pool_max)(const tare_pooling *p, const NUMBER *x, NUMBER *y, tare_pool *pool) {
    pooling_job job = job_over(p, p->batch * tare_pixels(p->out), x, NULL, y);
    tare_pool_run(pool, job.slices, NAMED(max_slice), &job);
}

/*
 * Where the first maximum of each of `count` channels stands: the element's index from `image`, the
 * channel included; -1 when the window is empty. image points at the first of these channels.
 */
static void NAMED(find_largest)(const tare_pooling *p, const window *w, const NUMBER *image,
                                int64_t count, int64_t *where) {
    NUMBER largest[CHANNEL_BLOCK];
    for (int64_t c = 0; c < count; c++) where[c] = -1;
    for (int64_t d = w->low[0]; d < w->high[0]; d++) {
        for (int64_t h = w->low[1]; h < w->high[1]; h++) {
            int64_t at = row_begin(p, w, d, h) * p->channels;
            for (int64_t left = row_length(w); left > 0; left--, at += p->channels) {
                for (int64_t c = 0; c < count; c++) {
                    const NUMBER x = image[at + c];
                    const bool takes = where[c] < 0 || NAMED(exceeds)(x, largest[c]);
                    largest[c] = takes ? x : largest[c];
                    where[c] = takes ? at + c : where[c];
                }
            }
        }
    }
}

static void NAMED(max_gradient_slice)(void *context, int64_t slice) {
    const pooling_job *job = context;
    const tare_pooling *p = job->p;
    const int64_t in_size = tare_pixels(p->in) * p->channels, out_pixels = tare_pixels(p->out);
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t n = tare_slice_begin(job->items, job->slices, slice); n < end; n++) {
        const NUMBER *image = (const NUMBER *)job->x + n * in_size;
        const NUMBER *dy = (const NUMBER *)job->dy + n * out_pixels * p->channels;
        NUMBER *dx = (NUMBER *)job->out + n * in_size;
        memset(dx, 0, (size_t)in_size * sizeof *dx);
        for (int64_t pixel = 0; pixel < out_pixels; pixel++) {
            const window w = window_at(p, pixel);
            for (int64_t first = 0; first < p->channels; first += CHANNEL_BLOCK) {
                const int64_t rest = p->channels - first,
                              count = rest < CHANNEL_BLOCK ? rest : CHANNEL_BLOCK;
                int64_t where[CHANNEL_BLOCK];
                NAMED(find_largest)(p, &w, image + first, count, where);
                const NUMBER *d = dy + pixel * p->channels + first;
                for (int64_t c = 0; c < count; c++)
                    if (where[c] >= 0) dx[first + where[c]] += d[c];
            }
        }
    }
}

void NAMED(tare_pool_max_gradient)(const tare_pooling *p, const NUMBER *x, const NUMBER *dy,
                                   NUMBER *dx, tare_pool *pool) {
    pooling_job job = job_over(p, p->batch, x, dy, dx);
    tare_pool_run(pool, job.slices, NAMED(max_gradient_slice), &job);
}

static void NAMED(max_pick_slice)(void *context, int64_t slice) {
    const pooling_job *job = context;
    const tare_pooling *p = job->p;
    const int64_t in_size = tare_pixels(p->in) * p->channels, out_pixels = tare_pixels(p->out);
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(job->items, job->slices, slice); item < end; item++) {
        const window w = window_at(p, item % out_pixels);
        const NUMBER *image = (const NUMBER *)job->x + item / out_pixels * in_size;
        const NUMBER *u = (const NUMBER *)job->dy + item / out_pixels * in_size;
        for (int64_t first = 0; first < p->channels; first += CHANNEL_BLOCK) {
            const int64_t rest = p->channels - first,
                          count = rest < CHANNEL_BLOCK ? rest : CHANNEL_BLOCK;
            int64_t where[CHANNEL_BLOCK];
            NAMED(find_largest)(p, &w, image + first, count, where);
            NUMBER *picked = (NUMBER *)job->out + item * p->channels + first;
            for (int64_t c = 0; c < count; c++) picked[c] = where[c] >= 0 ? u[first + where[c]] : 0;
        }
    }
}

void NAMED(tare_pool_max_pick)(const tare_pooling *p, const NUMBER *x, const NUMBER *u,
                               NUMBER *picked, tare_pool *pool) {
    pooling_job job = job_over(p, p->batch * tare_pixels(p->out), x, u, picked);
    tare_pool_run(pool, job.slices, NAMED(max_pick_slice), &job);
}

/* ---- average */

static void NAMED(average_of_window)(const tare_pooling *p, const window *w, const NUMBER *image,
                                     NUMBER *y) {
    const int64_t channels = p->channels;
    for (int64_t c = 0; c < channels; c++) y[c] = 0;
    for (int64_t d = w->low[0]; d < w->high[0]; d++) {
        for (int64_t h = w->low[1]; h < w->high[1]; h++) {
            const NUMBER *x = image + row_begin(p, w, d, h) * channels;
            for (int64_t left = row_length(w); left > 0; left--, x += channels)
                for (int64_t c = 0; c < channels; c++) y[c] += x[c];
        }
    }
    const int64_t pixels = window_pixels(w);
    const NUMBER count = pixels > 0 ? (NUMBER)pixels : 1;
    for (int64_t c = 0; c < channels; c++) y[c] /= count;
}

static void NAMED(average_slice)(void *context, int64_t slice) {
    const pooling_job *job = context;
    const tare_pooling *p = job->p;
    const int64_t in_pixels = tare_pixels(p->in), out_pixels = tare_pixels(p->out);
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(job->items, job->slices, slice); item < end; item++) {
        const window w = window_at(p, item % out_pixels);
        const NUMBER *image = (const NUMBER *)job->x + item / out_pixels * in_pixels * p->channels;
        NAMED(average_of_window)(p, &w, image, (NUMBER *)job->out + item * p->channels);
    }
}

void NAMED(tare_pool_average)(const tare_pooling *p, const NUMBER *x, NUMBER *y, tare_pool *pool) {
    pooling_job job = job_over(p, p->batch * tare_pixels(p->out), x, NULL, y);
    tare_pool_run(pool, job.slices, NAMED(average_slice), &job);
}

static void NAMED(spread_over_window)(const tare_pooling *p, const window *w, const NUMBER *dy,
                                      NUMBER *dx) {
    const int64_t channels = p->channels;
    const NUMBER share = 1 / (NUMBER)window_pixels(w);
    for (int64_t d = w->low[0]; d < w->high[0]; d++) {
        for (int64_t h = w->low[1]; h < w->high[1]; h++) {
            NUMBER *to = dx + row_begin(p, w, d, h) * channels;
            for (int64_t left = row_length(w); left > 0; left--, to += channels)
                for (int64_t c = 0; c < channels; c++) to[c] += dy[c] * share;
        }
    }
}

static void NAMED(average_gradient_slice)(void *context, int64_t slice) {
    const pooling_job *job = context;
    const tare_pooling *p = job->p;
    const int64_t in_size = tare_pixels(p->in) * p->channels, out_pixels = tare_pixels(p->out);
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t n = tare_slice_begin(job->items, job->slices, slice); n < end; n++) {
        const NUMBER *dy = (const NUMBER *)job->dy + n * out_pixels * p->channels;
        NUMBER *dx = (NUMBER *)job->out + n * in_size;
        memset(dx, 0, (size_t)in_size * sizeof *dx);
        for (int64_t pixel = 0; pixel < out_pixels; pixel++) {
            const window w = window_at(p, pixel);
            NAMED(spread_over_window)(p, &w, dy + pixel * p->channels, dx);
        }
    }
}

void NAMED(tare_pool_average_gradient)(const tare_pooling *p, const NUMBER *dy, NUMBER *dx,
                                       tare_pool *pool) {
    pooling_job job = job_over(p, p->batch, NULL, dy, dx);
    tare_pool_run(pool, job.slices, NAMED(average_gradient_slice), &job);
}

#undef NUMBER
#undef NAMED
