/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Softmax and cross-entropies for one floating type; included once per type by softmax.c with
 *     NUMBER, NAMED(f)   the type, and the name of f for it
 *     EXP, LOG           functions of it
 */

/* ---- rows of numbers side by side: LANES of them at a time, merged in a fixed order */

static NUMBER NAMED(fold_max)(NUMBER *lanes) {
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            lanes[j] =
                lanes[j] > lanes[j + half] || lanes[j] != lanes[j] ? lanes[j] : lanes[j + half];
    return lanes[0];
}

static NUMBER NAMED(fold_sum)(NUMBER *lanes) {
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) lanes[j] += lanes[j + half];
    return lanes[0];
}

static NUMBER NAMED(row_max)(const NUMBER *x, int64_t n) {
    NUMBER lanes[LANES];
    for (int j = 0; j < LANES; j++) lanes[j] = (NUMBER)-INFINITY;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] = lanes[j] > x[i + j] || lanes[j] != lanes[j] ? lanes[j] : x[i + j];
    for (int j = 0; i < n; i++, j++)
        lanes[j] = lanes[j] > x[i] || lanes[j] != lanes[j] ? lanes[j] : x[i];
    return NAMED(fold_max)(lanes);
}

static NUMBER NAMED(row_sum)(const NUMBER *x, int64_t n) {
    NUMBER lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lanes[j] += x[i + j];
    for (int j = 0; i < n; i++, j++) lanes[j] += x[i];
    return NAMED(fold_sum)(lanes);
}

static NUMBER NAMED(row_product)(const NUMBER *x, const NUMBER *z, int64_t n) {
    NUMBER lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lanes[j] += x[i + j] * z[i + j];
    for (int j = 0; i < n; i++, j++) lanes[j] += x[i] * z[i];
    return NAMED(fold_sum)(lanes);
}

/* Lanes filled from a row that is shorter, the rest with -infinity, whose power is 0. */
static void NAMED(pad_lanes)(const NUMBER *x, int64_t n, NUMBER *lanes) {
    for (int j = 0; j < LANES; j++) lanes[j] = (NUMBER)-INFINITY;
    for (int64_t j = 0; j < n; j++) lanes[j] = x[j];
}

/* sum of e^(x - max), without keeping the powers. */
static NUMBER NAMED(row_power_sum)(const NUMBER *x, NUMBER max, int64_t n) {
    NUMBER lanes[LANES] = {0}, rest[LANES];
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lanes[j] += EXP(x[i + j] - max);
    if (i < n) {
        NAMED(pad_lanes)(x + i, n - i, rest);
        for (int j = 0; j < LANES; j++) lanes[j] += EXP(rest[j] - max);
    }
    return NAMED(fold_sum)(lanes);
}

/* y = e^(x - max); returns their sum. Short rows are one set of lanes. */
static NUMBER NAMED(row_powers)(const NUMBER *x, NUMBER max, NUMBER *y, int64_t n) {
    if (n > LANES) {
        for (int64_t i = 0; i < n; i++) y[i] = EXP(x[i] - max);
        return NAMED(row_sum)(y, n);
    }
    NUMBER lanes[LANES];
    NAMED(pad_lanes)(x, n, lanes);
    for (int j = 0; j < LANES; j++) lanes[j] = EXP(lanes[j] - max);
    for (int64_t j = 0; j < n; j++) y[j] = lanes[j];
    return NAMED(fold_sum)(lanes);
}

static void NAMED(softmax_row)(const NUMBER *x, NUMBER *y, int64_t n) {
    const NUMBER sum = NAMED(row_powers)(x, NAMED(row_max)(x, n), y, n);
    for (int64_t i = 0; i < n; i++) y[i] /= sum;
}

static void NAMED(log_softmax_row)(const NUMBER *x, NUMBER *y, int64_t n) {
    const NUMBER max = NAMED(row_max)(x, n), log_sum = LOG(NAMED(row_power_sum)(x, max, n));
    for (int64_t i = 0; i < n; i++) y[i] = x[i] - max - log_sum;
}

static void NAMED(softmax_gradient_row)(const NUMBER *dy, const NUMBER *y, NUMBER *dx, int64_t n) {
    const NUMBER sum = NAMED(row_product)(dy, y, n);
    for (int64_t i = 0; i < n; i++) dx[i] = (dy[i] - sum) * y[i];
}

static void NAMED(log_softmax_gradient_row)(const NUMBER *dy, const NUMBER *y, NUMBER *dx,
                                            int64_t n) {
    const NUMBER sum = NAMED(row_sum)(dy, n);
    for (int64_t i = 0; i < n; i++) dx[i] = dy[i] - EXP(y[i]) * sum;
}

/* ---- the same down `width` columns that stand side by side, `stride` from one row to the next */

static void NAMED(column_powers)(const NUMBER *x, int64_t n, int64_t stride, int64_t width,
                                 NUMBER *max, NUMBER *sum) {
    for (int64_t j = 0; j < width; j++) max[j] = (NUMBER)-INFINITY, sum[j] = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) {
            const NUMBER v = x[i * stride + j];
            max[j] = max[j] > v || max[j] != max[j] ? max[j] : v;
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) sum[j] += EXP(x[i * stride + j] - max[j]);
}

static void NAMED(softmax_columns)(const NUMBER *x, NUMBER *y, int64_t n, int64_t stride,
                                   int64_t width) {
    NUMBER max[COLUMNS], sum[COLUMNS];
    NAMED(column_powers)(x, n, stride, width, max, sum);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++)
            y[i * stride + j] = EXP(x[i * stride + j] - max[j]) / sum[j];
}

static void NAMED(log_softmax_columns)(const NUMBER *x, NUMBER *y, int64_t n, int64_t stride,
                                       int64_t width) {
    NUMBER max[COLUMNS], sum[COLUMNS];
    NAMED(column_powers)(x, n, stride, width, max, sum);
    for (int64_t j = 0; j < width; j++) sum[j] = LOG(sum[j]);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) y[i * stride + j] = x[i * stride + j] - max[j] - sum[j];
}

static void NAMED(softmax_gradient_columns)(const NUMBER *dy, const NUMBER *y, NUMBER *dx,
                                            int64_t n, int64_t stride, int64_t width) {
    NUMBER sum[COLUMNS];
    for (int64_t j = 0; j < width; j++) sum[j] = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) sum[j] += dy[i * stride + j] * y[i * stride + j];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++)
            dx[i * stride + j] = (dy[i * stride + j] - sum[j]) * y[i * stride + j];
}

static void NAMED(log_softmax_gradient_columns)(const NUMBER *dy, const NUMBER *y, NUMBER *dx,
                                                int64_t n, int64_t stride, int64_t width) {
    NUMBER sum[COLUMNS];
    for (int64_t j = 0; j < width; j++) sum[j] = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) sum[j] += dy[i * stride + j];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++)
            dx[i * stride + j] = dy[i * stride + j] - EXP(y[i * stride + j]) * sum[j];
}

/* ---- over a whole array; an item is one row, or one tile of columns */

typedef struct NAMED(softmax_job) {
    const tare_softmax *s;
    int64_t tiles, slices;
    const NUMBER *x, *z;
    NUMBER *y;
    void (*row)(const NUMBER *x, NUMBER *y, int64_t n);
    void (*columns)(const NUMBER *x, NUMBER *y, int64_t n, int64_t stride, int64_t width);
    void (*pair_row)(const NUMBER *x, const NUMBER *z, NUMBER *y, int64_t n);
    void (*pair_columns)(const NUMBER *x, const NUMBER *z, NUMBER *y, int64_t n, int64_t stride,
                         int64_t width);
} NAMED(softmax_job);

static void NAMED(softmax_slice)(void *context, int64_t slice) {
    const NAMED(softmax_job) *job = context;
    const tare_softmax *s = job->s;
    const int64_t items = s->outer * job->tiles;
    const int64_t end = tare_slice_begin(items, job->slices, slice + 1);
    for (int64_t item = tare_slice_begin(items, job->slices, slice); item < end; item++) {
        const int64_t column = item % job->tiles * COLUMNS;
        const int64_t at = item / job->tiles * s->count * s->inner + column;
        const int64_t left = s->inner - column, width = left < COLUMNS ? left : COLUMNS;
        if (job->row && s->inner == 1)
            job->row(job->x + at, job->y + at, s->count);
        else if (job->row)
            job->columns(job->x + at, job->y + at, s->count, s->inner, width);
        else if (s->inner == 1)
            job->pair_row(job->x + at, job->z + at, job->y + at, s->count);
        else
            job->pair_columns(job->x + at, job->z + at, job->y + at, s->count, s->inner, width);
    }
}

static void NAMED(softmax_all)(NAMED(softmax_job) * job, tare_pool *pool) {
    const tare_softmax *s = job->s;
    if (s->outer == 0 || s->count == 0 || s->inner == 0) return;
    job->tiles = (s->inner + COLUMNS - 1) / COLUMNS;
    const int64_t width = s->inner < COLUMNS ? s->inner : COLUMNS;
    job->slices =
        tare_slice_count(s->outer * job->tiles, s->count * width * ROW_COST, SLICE_OPERATIONS);
    tare_pool_run(pool, job->slices, NAMED(softmax_slice), job);
}

void NAMED(tare_softmax)(const tare_softmax *s, const NUMBER *x, NUMBER *y, tare_pool *pool) {
    NAMED(softmax_job)
    job = {.s = s, .x = x, .y = y, .row = NAMED(softmax_row), .columns = NAMED(softmax_columns)};
    NAMED(softmax_all)(&job, pool);
}

void NAMED(tare_log_softmax)(const tare_softmax *s, const NUMBER *x, NUMBER *y, tare_pool *pool) {
    NAMED(softmax_job)
    job = {.s = s,
           .x = x,
           .y = y,
           .row = NAMED(log_softmax_row),
           .columns = NAMED(log_softmax_columns)};
    NAMED(softmax_all)(&job, pool);
}

void NAMED(tare_softmax_gradient)(const tare_softmax *s, const NUMBER *dy, const NUMBER *y,
                                  NUMBER *dx, tare_pool *pool) {
    NAMED(softmax_job)
    job = {.s = s,
           .x = dy,
           .z = y,
           .y = dx,
           .pair_row = NAMED(softmax_gradient_row),
           .pair_columns = NAMED(softmax_gradient_columns)};
    NAMED(softmax_all)(&job, pool);
}

void NAMED(tare_log_softmax_gradient)(const tare_softmax *s, const NUMBER *dy, const NUMBER *y,
                                      NUMBER *dx, tare_pool *pool) {
    NAMED(softmax_job)
    job = {.s = s,
           .x = dy,
           .z = y,
           .y = dx,
           .pair_row = NAMED(log_softmax_gradient_row),
           .pair_columns = NAMED(log_softmax_gradient_columns)};
    NAMED(softmax_all)(&job, pool);
}

/* ---- cross-entropies */

typedef struct NAMED(entropy_job) {
    const tare_cross_entropy *c;
    int64_t slices;
    const void *labels;
    const NUMBER *logits;
    NUMBER *loss, *backprop;
} NAMED(entropy_job);

/* Labels as shares of every class. powers: e^(x - max) where backprop is to stand, or NULL. */
static void NAMED(entropy_of_shares)(const NAMED(entropy_job) * job, int64_t row, NUMBER max,
                                     NUMBER sum, NUMBER *powers) {
    const int64_t n = job->c->classes;
    const NUMBER *x = job->logits + row * n, *labels = (const NUMBER *)job->labels + row * n;
    if (job->loss) {
        const NUMBER log_sum = LOG(sum);
        NUMBER loss = 0;
        for (int64_t i = 0; i < n; i++) loss += labels[i] * (log_sum - (x[i] - max));
        job->loss[row] = loss;
    }
    for (int64_t i = 0; i < n && powers; i++) powers[i] = powers[i] / sum - labels[i];
}

/* Labels as the number of the one class. */
static void NAMED(entropy_of_class)(const NAMED(entropy_job) * job, int64_t row, NUMBER max,
                                    NUMBER sum, NUMBER *powers) {
    const int64_t n = job->c->classes, class_number = class_of(job->c, job->labels, row);
    const NUMBER *x = job->logits + row * n;
    /* Out of range: everything of the row becomes NaN. */
    if (class_number < 0) sum = (NUMBER)NAN;
    if (job->loss) job->loss[row] = LOG(sum) - (class_number < 0 ? 0 : x[class_number] - max);
    if (!powers) return;
    for (int64_t i = 0; i < n; i++) powers[i] /= sum;
    if (class_number >= 0) powers[class_number] -= 1;
}

static void NAMED(entropy_slice)(void *context, int64_t slice) {
    const NAMED(entropy_job) *job = context;
    const tare_cross_entropy *c = job->c;
    const int64_t end = tare_slice_begin(c->rows, job->slices, slice + 1);
    for (int64_t row = tare_slice_begin(c->rows, job->slices, slice); row < end; row++) {
        const NUMBER *x = job->logits + row * c->classes;
        NUMBER *powers = job->backprop ? job->backprop + row * c->classes : NULL;
        const NUMBER max = NAMED(row_max)(x, c->classes);
        const NUMBER sum = powers ? NAMED(row_powers)(x, max, powers, c->classes)
                                  : NAMED(row_power_sum)(x, max, c->classes);
        if (c->label_size)
            NAMED(entropy_of_class)(job, row, max, sum, powers);
        else
            NAMED(entropy_of_shares)(job, row, max, sum, powers);
    }
}

void NAMED(tare_cross_entropy)(const tare_cross_entropy *c, const void *labels,
                               const NUMBER *logits, NUMBER *loss, NUMBER *backprop,
                               tare_pool *pool) {
    NAMED(entropy_job)
    job = {.c = c, .labels = labels, .logits = logits, .loss = loss, .backprop = backprop};
    const int64_t computed = tare_round_up(c->classes, LANES); /* a short row is padded */
    job.slices = tare_slice_count(c->rows, computed * 2 * ROW_COST, SLICE_OPERATIONS);
    if (c->rows > 0) tare_pool_run(pool, job.slices, NAMED(entropy_slice), &job);
}

#undef NUMBER
#undef NAMED
#undef EXP
#undef LOG
