/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Normalisation in slices for one element type; included by normalisation.c with
 *     NUMBER      the element type
 *     NAMED(f)    the name of function f for this type
 */

typedef struct NAMED(job) {
    grid grid;
    const NAMED(tare_row_kernels) * rows;
    const NUMBER *x, *dy;
    NUMBER *out;
    const NUMBER *columns[TARE_ROW_COLUMNS]; /* [channels] each; NULL: not wanted */
    double *scratch;
    bool frozen, streams;       /* streams: a map's results go past the caches */
    tare_unary_loop activation; /* of what a map makes; NULL: none */
} NAMED(job);

static NAMED(job) NAMED(job_over)(const tare_channels *view, bool rectified, const NUMBER *x,
                                  const NUMBER *dy, NUMBER *out, void *scratch) {
    return (NAMED(job)){.grid = make_grid(view, sizeof(NUMBER)),
                        .rows = NAMED(row_kernels)(rectified),
                        .x = x,
                        .dy = dy,
                        .out = out,
                        .scratch = scratch};
}

static void NAMED(run)(NAMED(job) * job, tare_slice_function slice, tare_pool *pool) {
    tare_pool_run(pool, job->grid.row_slices * job->grid.channel_slices, slice, job);
}

void NAMED(tare_fold_columns)(int64_t repeat, int64_t period, NUMBER *columns, double *sums) {
    while (repeat > 1 && repeat % 2 == 0) {
        repeat /= 2;
        for (int64_t j = 0; j < repeat * period; j++) columns[j] += columns[j + repeat * period];
    }
    for (int64_t c = 0; c < period; c++) {
        double sum = 0;
        for (int64_t r = 0; r < repeat; r++) sum += (double)columns[r * period + c];
        sums[c] += sum;
    }
}

static void NAMED(fold)(const strip *s, NUMBER *columns, double *sums) {
    memset(sums, 0, (size_t)s->period * sizeof *sums);
    NAMED(tare_fold_columns)(s->repeat, s->period, columns, sums);
}

static void NAMED(clear)(const strip *s, NUMBER *columns) {
    memset(columns, 0, (size_t)(s->repeat * s->period) * sizeof *columns);
}

/* columns[j] = values[j mod period] */
static void NAMED(spread)(const strip *s, const NUMBER *values, NUMBER *columns) {
    for (int64_t r = 0; r < s->repeat; r++)
        for (int64_t c = 0; c < s->period; c++) columns[r * s->period + c] = values[c];
}

/* What rounding takes from a value. */
static NUMBER NAMED(lost)(double value) { return (NUMBER)(value - (double)(NUMBER)value); }

/* 1 / sqrt(variance + epsilon) of one channel, with all digits there are. */
static double NAMED(inverse_of)(const NAMED(tare_normalisation) * by, int64_t channels, int64_t c) {
    const double low = by->low ? (double)by->low[channels + c] : 0;
    return tare_inverse_deviation((double)by->variance[c] + low, (double)(NUMBER)by->epsilon);
}

void NAMED(tare_normalisation_columns)(int64_t channels, const NAMED(tare_normalisation) * by,
                                       NUMBER *scale, NUMBER *shift) {
    for (int64_t c = 0; c < channels; c++) {
        const double inverse = NAMED(inverse_of)(by, channels, c);
        const double factor = by->gamma ? (double)by->gamma[c] * inverse : inverse;
        const double low = by->low ? (double)by->low[c] : 0;
        scale[c] = (NUMBER)factor;
        shift[c] = (NUMBER)((by->beta ? (double)by->beta[c] : 0) - low * factor);
    }
}

/* into: two columns. */
static void NAMED(make_columns)(const tare_channels *view, const NAMED(tare_normalisation) * by,
                                NUMBER *into, NAMED(job) * job) {
    NUMBER *scale = into, *shift = scale + view->channels;
    NAMED(tare_normalisation_columns)(view->channels, by, scale, shift);
    job->columns[TARE_ROW_CENTRE] = by->mean;
    job->columns[TARE_ROW_SCALE] = scale;
    job->columns[TARE_ROW_SHIFT] = shift;
}

/* Where columns lie beside the partial sums. */
static NUMBER *NAMED(columns_of)(const grid *g, double *scratch) {
    return (NUMBER *)sums_of(g, scratch, g->row_slices, 0);
}

/* ----------------------------------------------------------------------------- moments */

static void NAMED(add)(const NAMED(job) * job, const block *b, NUMBER *sums) {
    for (int64_t line = 0; line < b->lines; line++) {
        const NUMBER *x = job->x + b->at + line * b->step;
        if (b->full.rows) job->rows->sum(&b->full, x, sums);
        if (b->rest.width) job->rows->sum(&b->rest, x + b->rest_at, sums);
    }
}

static void NAMED(deviate)(const NAMED(job) * job, const block *b, const NUMBER *centre,
                           NUMBER *first, NUMBER *second) {
    for (int64_t line = 0; line < b->lines; line++) {
        const NUMBER *x = job->x + b->at + line * b->step;
        if (b->full.rows) job->rows->deviations(&b->full, x, centre, first, second);
        if (b->rest.width) job->rows->deviations(&b->rest, x + b->rest_at, centre, first, second);
    }
}

/* The mean of a block's numbers, near enough to be the centre of the second pass. */
static void NAMED(find_centre)(const NAMED(job) * job, const strip *s, const block *b,
                               NUMBER *centre) {
    enum { WIDTH = ROW_BYTES / sizeof(NUMBER) };
    NUMBER sums[WIDTH];
    double totals[WIDTH];
    NAMED(clear)(s, sums);
    NAMED(add)(job, b, sums);
    NAMED(fold)(s, sums, totals);
    const double count = (double)b->lines * (double)b->items;
    for (int64_t c = 0; c < s->period; c++) sums[c] = (NUMBER)(totals[c] / count);
    NAMED(spread)(s, sums, centre);
}

/* Moments of one block: deviations from a centre, whose own sum corrects both. */
static void NAMED(moments_about)(const NAMED(job) * job, const strip *s, const block *b,
                                 const NUMBER *centre, double *mean, double *squares) {
    enum { WIDTH = ROW_BYTES / sizeof(NUMBER) };
    NUMBER first[WIDTH], second[WIDTH];
    const double count = (double)b->lines * (double)b->items;
    NAMED(clear)(s, first);
    NAMED(clear)(s, second);
    NAMED(deviate)(job, b, centre, first, second);
    NAMED(fold)(s, first, mean);
    NAMED(fold)(s, second, squares);
    for (int64_t c = 0; c < s->period; c++) {
        const double excess = mean[c] / count, left = squares[c] - mean[c] * excess;
        squares[c] = left < 0 ? 0 : left;
        mean[c] = (double)centre[c] + excess;
    }
}

/* rows: of the slice that are done. */
static void NAMED(strip_moments)(const NAMED(job) * job, const part *p, const strip *s,
                                 int64_t rows) {
    enum { WIDTH = ROW_BYTES / sizeof(NUMBER) };
    NUMBER centre[WIDTH];
    double mean[WIDTH], squares[WIDTH], count = (double)rows;
    double *all_mean = sums_of(&job->grid, job->scratch, p->row_slice, 0) + s->channel;
    double *all_squares = sums_of(&job->grid, job->scratch, p->row_slice, 1) + s->channel;
    const block all = all_of(&job->grid, p, s);
    block b;
    for (int64_t line = 0, item = 0; next_block(s, &all, &line, &item, &b);) {
        const double more = (double)b.lines * (double)b.items;
        NAMED(find_centre)(job, s, &b, centre);
        NAMED(moments_about)(job, s, &b, centre, mean, squares);
        merge_moments(all_mean, all_squares, count, mean, squares, more, s->period);
        count += more;
    }
}

static void NAMED(moments_slice)(void *context, int64_t slice) {
    const NAMED(job) *job = context;
    const part p = part_of(&job->grid, slice);
    part some = p;
    strip s;
    for (some.row_end = p.row; next_rows(&job->grid, &p, &some);) {
        for (int64_t channel = p.channel; channel < p.channel_end; channel += s.period) {
            s = strip_at(&job->grid, &p, channel, sizeof(NUMBER));
            NAMED(strip_moments)(job, &some, &s, some.row - p.row);
        }
    }
}

static void NAMED(moments_lines)(void *context, int64_t slice) {
    const NAMED(job) *job = context;
    const part p = part_of(&job->grid, slice);
    const int64_t n = job->grid.view.inner;
    double *mean = sums_of(&job->grid, job->scratch, 0, 0);
    double *squares = sums_of(&job->grid, job->scratch, 0, 1);
    for (int64_t c = p.channel; c < p.channel_end; c++)
        job->rows->line_moments(job->x + c * n, n, &mean[c], &squares[c]);
}

/* From means and sums of squares about them, each of n numbers. */
static void NAMED(keep_moments)(int64_t channels, double n, const double *mean,
                                const double *squares, const NAMED(tare_moments) * moments) {
    for (int64_t c = 0; c < channels; c++) {
        const double variance = squares[c] / n;
        if (moments->mean) moments->mean[c] = (NUMBER)mean[c];
        if (moments->variance) moments->variance[c] = (NUMBER)variance;
        if (moments->unbiased) moments->unbiased[c] = (NUMBER)(squares[c] / (n > 1 ? n - 1 : 1));
        if (!moments->low) continue;
        moments->low[c] = NAMED(lost)(mean[c]);
        moments->low[channels + c] = NAMED(lost)(variance);
    }
}

void NAMED(tare_channel_moments)(const tare_channels *view, const NUMBER *x,
                                 const NAMED(tare_moments) * moments, void *scratch,
                                 tare_pool *pool) {
    if (is_tiny(view)) {
        NAMED(tare_channel_moments_reference)(view, x, moments);
        return;
    }
    NAMED(job) job = NAMED(job_over)(view, false, x, NULL, NULL, scratch);
    NAMED(run)(&job, is_lines(view) ? NAMED(moments_lines) : NAMED(moments_slice), pool);
    int64_t counts[TARE_MOST_SLICES];
    for (int64_t s = 0; s < job.grid.row_slices; s++) counts[s] = numbers_of(&job.grid, s);
    merge_all_moments(job.grid.row_slices, view->channels, counts, scratch);
    NAMED(keep_moments)
    (view->channels, (double)view->outer * (double)view->inner, sums_of(&job.grid, scratch, 0, 0),
     sums_of(&job.grid, scratch, 0, 1), moments);
}

/* ----------------------------------------------------------------------- gradient sums */

static void NAMED(block_gradient_sums)(const NAMED(job) * job, const strip *s, const block *b,
                                       const NUMBER *const *columns, double *sums,
                                       double *products) {
    enum { WIDTH = ROW_BYTES / sizeof(NUMBER) };
    NUMBER first[WIDTH], second[WIDTH];
    NAMED(clear)(s, first);
    NAMED(clear)(s, second);
    for (int64_t line = 0; line < b->lines; line++) {
        const int64_t at = b->at + line * b->step, rest = at + b->rest_at;
        if (b->full.rows)
            job->rows->gradient_sums(&b->full, job->dy + at, job->x + at, columns, first, second);
        if (b->rest.width)
            job->rows->gradient_sums(&b->rest, job->dy + rest, job->x + rest, columns, first,
                                     second);
    }
    NAMED(fold)(s, first, sums);
    NAMED(fold)(s, second, products);
}

static void NAMED(strip_gradient_sums)(const NAMED(job) * job, const part *p, const strip *s,
                                       bool first) {
    enum { WIDTH = ROW_BYTES / sizeof(NUMBER) };
    NUMBER spread[TARE_ROW_SHIFT + 1][WIDTH];
    const NUMBER *const columns[TARE_ROW_COLUMNS] = {spread[0], spread[1], spread[2]};
    double sums[WIDTH], products[WIDTH];
    double *all_sums = sums_of(&job->grid, job->scratch, p->row_slice, 0) + s->channel;
    double *all_products = sums_of(&job->grid, job->scratch, p->row_slice, 1) + s->channel;
    const block all = all_of(&job->grid, p, s);
    block b;
    for (int64_t c = 0; first && c < s->period; c++) all_sums[c] = all_products[c] = 0;
    for (int k = 0; k <= TARE_ROW_SHIFT; k++) {
        if (job->columns[k])
            NAMED(spread)(s, job->columns[k] + s->channel, spread[k]);
        else
            NAMED(clear)(s, spread[k]);
    }
    for (int64_t line = 0, item = 0; next_block(s, &all, &line, &item, &b);) {
        NAMED(block_gradient_sums)(job, s, &b, columns, sums, products);
        for (int64_t c = 0; c < s->period; c++) {
            all_sums[c] += sums[c];
            all_products[c] += products[c];
        }
    }
}

static void NAMED(gradient_sums_slice)(void *context, int64_t slice) {
    const NAMED(job) *job = context;
    const part p = part_of(&job->grid, slice);
    part some = p;
    strip s;
    for (some.row_end = p.row; next_rows(&job->grid, &p, &some);) {
        for (int64_t channel = p.channel; channel < p.channel_end; channel += s.period) {
            s = strip_at(&job->grid, &p, channel, sizeof(NUMBER));
            NAMED(strip_gradient_sums)(job, &some, &s, some.row == p.row);
        }
    }
}

static void NAMED(gradient_sums_lines)(void *context, int64_t slice) {
    const NAMED(job) *job = context;
    const part p = part_of(&job->grid, slice);
    const int64_t n = job->grid.view.inner;
    const NUMBER *mean = job->columns[TARE_ROW_CENTRE];
    double *sums = sums_of(&job->grid, job->scratch, 0, 0);
    double *products = sums_of(&job->grid, job->scratch, 0, 1);
    for (int64_t c = p.channel; c < p.channel_end; c++)
        job->rows->line_sums(job->dy + c * n, job->x + c * n, n, mean ? mean[c] : 0, &sums[c],
                             &products[c]);
}

void NAMED(tare_keep_sums)(int64_t channels, const NAMED(tare_normalisation) * by,
                           const double *dbeta, const double *products,
                           const NAMED(tare_sums) * sums) {
    for (int64_t c = 0; c < channels; c++) {
        if (sums->dbeta) sums->dbeta[c] = (NUMBER)dbeta[c];
        if (!sums->dgamma && !sums->low) continue;
        const double low = by->low ? (double)by->low[c] : 0;
        const double dgamma = (products[c] - low * dbeta[c]) * NAMED(inverse_of)(by, channels, c);
        if (sums->dgamma) sums->dgamma[c] = (NUMBER)dgamma;
        if (!sums->low) continue;
        sums->low[c] = NAMED(lost)(dgamma);
        sums->low[channels + c] = NAMED(lost)(dbeta[c]);
    }
}

void NAMED(tare_gradient_sums)(const tare_channels *view, const NAMED(tare_normalisation) * by,
                               const NUMBER *dy, const NUMBER *x, const NAMED(tare_sums) * sums,
                               void *scratch, tare_pool *pool) {
    if (is_tiny(view)) {
        NAMED(tare_gradient_sums_reference)(view, by, dy, x, sums);
        return;
    }
    /* Without dgamma the second sum is made of dy and thrown away. */
    const bool wants_dgamma = sums->dgamma || sums->low, wants_x = wants_dgamma || by->rectified;
    NAMED(job) job = NAMED(job_over)(view, by->rectified, wants_x ? x : dy, dy, NULL, scratch);
    job.columns[TARE_ROW_CENTRE] = wants_x ? by->mean : NULL;
    if (by->rectified) NAMED(make_columns)(view, by, NAMED(columns_of)(&job.grid, scratch), &job);
    NAMED(run)
    (&job, is_lines(view) ? NAMED(gradient_sums_lines) : NAMED(gradient_sums_slice), pool);
    merge_all_sums(&job.grid, scratch);
    NAMED(tare_keep_sums)
    (view->channels, by, sums_of(&job.grid, scratch, 0, 0), sums_of(&job.grid, scratch, 0, 1),
     sums);
}

/* -------------------------------------------------------------------------------- maps */

/* Numbers that are just made are taken through the activation. */
static void NAMED(activate)(const NAMED(job) * job, const tare_rows *r, NUMBER *y) {
    if (r->stride == r->width) {
        job->activation(y, y, r->rows * r->width, 0);
        return;
    }
    for (int64_t row = 0; row < r->rows; row++, y += r->stride) job->activation(y, y, r->width, 0);
}

/* With an activation some rows at a time, which then are in the first cache. */
static void NAMED(normalise_rows)(const NAMED(job) * job, const tare_rows *r, int64_t at,
                                  const NUMBER *const *columns, NUMBER *y) {
    const int64_t most = job->activation ? ACTIVATED / (r->width + 1) + 1 : r->rows;
    const NUMBER *x = job->x + at;
    tare_rows some = *r;
    for (int64_t row = 0; row < r->rows; row += most) {
        some.rows = tare_least(most, r->rows - row);
        job->rows->normalise(&some, x + row * r->stride, columns, y + row * r->stride);
        if (job->activation) NAMED(activate)(job, &some, y + row * r->stride);
    }
}

/* y or dx of the rows at `at` into `out`. */
static void NAMED(map_into)(const NAMED(job) * job, const tare_rows *r, int64_t at,
                            const NUMBER *const *columns, NUMBER *out) {
    if (!job->dy)
        NAMED(normalise_rows)(job, r, at, columns, out);
    else if (job->frozen)
        job->rows->multiply(r, job->dy + at, job->x ? job->x + at : NULL, columns, out);
    else
        job->rows->gradient(r, job->dy + at, job->x + at, columns, out);
}

/* What is streamed is made in the first cache, some rows at a time. */
static void NAMED(map_rows)(const NAMED(job) * job, const tare_rows *r, int64_t at,
                            const NUMBER *const *columns) {
    enum { STAGED = STAGE / sizeof(NUMBER) };
    if (!job->streams || r->stride != r->width || r->width > STAGED) {
        NAMED(map_into)(job, r, at, columns, job->out + at);
        return;
    }
    NUMBER made[STAGED];
    const int64_t most = STAGED / r->width;
    tare_rows some = *r;
    for (int64_t row = 0; row < r->rows; row += most, at += most * r->width) {
        some.rows = tare_least(most, r->rows - row);
        NAMED(map_into)(job, &some, at, columns, made);
        tare_stream(job->out + at, made, some.rows * r->width * (int64_t)sizeof(NUMBER));
    }
    tare_stream_end();
}

static void NAMED(map_slice)(void *context, int64_t slice) {
    enum { WIDTH = ROW_BYTES / sizeof(NUMBER) };
    const NAMED(job) *job = context;
    const part p = part_of(&job->grid, slice);
    NUMBER spread[TARE_ROW_COLUMNS][WIDTH];
    const NUMBER *columns[TARE_ROW_COLUMNS];
    strip s;
    if (has_strips(&job->grid, &p)) {
        const int64_t channels = job->grid.view.channels;
        const tare_rows rows = {p.row_end - p.row, channels, channels};
        NAMED(map_rows)(job, &rows, p.row * channels, job->columns);
        return;
    }
    for (int64_t channel = p.channel; channel < p.channel_end; channel += s.period) {
        s = strip_at(&job->grid, &p, channel, sizeof(NUMBER));
        for (int k = 0; k < TARE_ROW_COLUMNS; k++) {
            columns[k] = spread[k];
            if (job->columns[k]) NAMED(spread)(&s, job->columns[k] + s.channel, spread[k]);
        }
        const block b = all_of(&job->grid, &p, &s);
        for (int64_t line = 0; line < b.lines; line++) {
            const int64_t at = b.at + line * b.step;
            if (b.full.rows) NAMED(map_rows)(job, &b.full, at, columns);
            if (b.rest.width) NAMED(map_rows)(job, &b.rest, at + b.rest_at, columns);
        }
    }
}

static void NAMED(map_lines)(void *context, int64_t slice) {
    const NAMED(job) *job = context;
    const part p = part_of(&job->grid, slice);
    const int64_t n = job->grid.view.inner;
    for (int64_t c = p.channel; c < p.channel_end; c++) {
        const int64_t at = c * n;
        if (!job->dy) {
            job->rows->line_normalise(job->x + at, n, job->columns, c, job->out + at);
            if (job->activation) job->activation(job->out + at, job->out + at, n, 0);
        } else if (job->frozen)
            job->rows->line_multiply(job->dy + at, n, job->columns[TARE_ROW_SCALE][c],
                                     job->out + at);
        else
            job->rows->line_gradient(job->dy + at, job->x + at, n, job->columns, c, job->out + at);
    }
}

/* Backwards: sums over the same numbers have just been taken. */
static void NAMED(run_map)(NAMED(job) * job, tare_pool *pool) {
    const tare_channels *view = &job->grid.view;
    const int64_t arrays = 1 + (job->x != NULL) + (job->dy != NULL);
    const int64_t bytes = view->outer * view->channels * view->inner * (int64_t)sizeof(NUMBER);
    const int64_t slices = job->grid.row_slices * job->grid.channel_slices;
    const bool lines = is_lines(view), in_place = job->out == job->x || job->out == job->dy;
    job->streams = !in_place && tare_stream_pays(arrays * bytes);
    tare_pool_run_backwards(pool, slices, lines ? NAMED(map_lines) : NAMED(map_slice), job);
}

void NAMED(tare_normalise)(const tare_channels *view, const NAMED(tare_normalisation) * by,
                           const NUMBER *x, NUMBER *y, void *scratch, tare_pool *pool) {
    if (is_tiny(view)) {
        NAMED(tare_normalise_reference)(view, by, x, y);
        if (by->activation) by->activation(y, y, view->outer * view->channels * view->inner, 0);
        return;
    }
    NAMED(job) job = NAMED(job_over)(view, by->rectified, x, NULL, y, scratch);
    job.activation = by->activation;
    NAMED(make_columns)(view, by, scratch, &job);
    NAMED(run_map)(&job, pool);
}

void NAMED(tare_gradient_columns)(int64_t channels, double n, const NAMED(tare_normalisation) * by,
                                  const NAMED(tare_sums) * sums, NUMBER *offset, NUMBER *slope) {
    for (int64_t c = 0; c < channels; c++) {
        const double mean_low = by->low ? (double)by->low[c] : 0;
        const double dgamma = (double)sums->dgamma[c] + (sums->low ? (double)sums->low[c] : 0);
        const double dbeta =
            (double)sums->dbeta[c] + (sums->low ? (double)sums->low[channels + c] : 0);
        const double steep = dgamma * NAMED(inverse_of)(by, channels, c) / n;
        slope[c] = (NUMBER)steep;
        offset[c] = (NUMBER)(dbeta / n - mean_low * steep);
    }
}

void NAMED(tare_normalise_gradient)(const tare_channels *view, const NAMED(tare_normalisation) * by,
                                    const NUMBER *dy, const NUMBER *x,
                                    const NAMED(tare_sums) * sums, NUMBER *dx, void *scratch,
                                    tare_pool *pool) {
    if (is_tiny(view)) {
        NAMED(tare_normalise_gradient_reference)(view, by, dy, x, sums, dx);
        return;
    }
    NAMED(job) job = NAMED(job_over)(view, by->rectified, x, dy, dx, scratch);
    NAMED(make_columns)(view, by, scratch, &job);
    if (sums) {
        NUMBER *offset = (NUMBER *)scratch + 2 * view->channels, *slope = offset + view->channels;
        const double n = (double)view->outer * (double)view->inner;
        NAMED(tare_gradient_columns)(view->channels, n, by, sums, offset, slope);
        job.columns[TARE_ROW_OFFSET] = offset;
        job.columns[TARE_ROW_SLOPE] = slope;
    }
    job.frozen = !sums;
    NAMED(run_map)(&job, pool);
}

#undef NUMBER
#undef NAMED
