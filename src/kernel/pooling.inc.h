/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling for one element type; included by pooling_table.inc.h with
 *     NUMBER      the element type
 *     INTEGER     a whole number of the same size
 *     NAMED(f)    the name of function f for this type
 *
 * Channels are taken in blocks of one vector. The last block of a pixel overlaps the one before, so
 * that none is shorter, unless there are fewer channels than lanes altogether.
 */
#define LANES       ((int64_t)(BYTES / sizeof(NUMBER)))
#define BLOCK       NAMED(block)
#define LOOSE_BLOCK NAMED(loose_block)
#define MASK        NAMED(mask)

typedef NUMBER BLOCK __attribute__((vector_size(BYTES)));
typedef NUMBER LOOSE_BLOCK __attribute__((vector_size(BYTES), aligned(sizeof(NUMBER)), may_alias));
typedef INTEGER MASK __attribute__((vector_size(BYTES)));

static inline BLOCK NAMED(load)(const NUMBER *from, int64_t count) {
    if (count >= LANES) return *(const LOOSE_BLOCK *)from;
    BLOCK block = {0};
    for (int64_t i = 0; i < count; i++) block[i] = from[i];
    return block;
}

static inline void NAMED(store)(NUMBER *to, BLOCK block, int64_t count) {
    if (count >= LANES) {
        *(LOOSE_BLOCK *)to = block;
    } else {
        for (int64_t i = 0; i < count; i++) to[i] = block[i];
    }
}

/* Where the mask is set a, elsewhere b. */
static inline BLOCK NAMED(select)(MASK mask, BLOCK a, BLOCK b) {
    return (BLOCK)((mask & (MASK)a) | (~mask & (MASK)b));
}

/* The first channel of the block that comes after `done` channels. */
static inline int64_t NAMED(block_at)(int64_t done, int64_t channels) {
    return channels < LANES ? done : tare_least(done, channels - LANES);
}

/*
 * The block at channel c of what is to be added: 0 in the channels before `done`, which the block
 * before has dealt with. Where windows are tiled it is not added but put there, twice the same.
 */
static inline BLOCK NAMED(load_new)(const NUMBER *from, int64_t done, int64_t c, int64_t channels,
                                    bool tiled) {
    BLOCK block = NAMED(load)(from + c, channels);
    for (int64_t i = c; i < done && !tiled; i++) block[i - c] = 0;
    return block;
}
static inline void NAMED(add)(NUMBER *to, BLOCK block, int64_t channels, bool tiled) {
    NAMED(store)(to, tiled ? block : NAMED(load)(to, channels) + block, channels);
}

static inline const NUMBER *NAMED(pixel)(const tare_pooling *p, const NUMBER *image, int64_t d,
                                         int64_t h, int64_t w) {
    return image + ((d * p->in[1] + h) * p->in[2] + w) * p->channels;
}

/* ---- max */

/* image and all others point at the block's first channel. */
static inline BLOCK NAMED(largest)(const tare_pooling *p, const box *window, const NUMBER *image) {
    BLOCK largest = (BLOCK){0} - (NUMBER)INFINITY;
    for (int64_t d = window->low[0]; d < window->high[0]; d++) {
        for (int64_t h = window->low[1]; h < window->high[1]; h++) {
            for (int64_t w = window->low[2]; w < window->high[2]; w++) {
                const BLOCK x = NAMED(load)(NAMED(pixel)(p, image, d, h, w), p->channels);
                /* Larger, or the first NaN. */
                const MASK takes = ~(x <= largest) & (largest == largest);
                largest = NAMED(select)(takes, x, largest);
            }
        }
    }
    return largest;
}

static inline void NAMED(max_window)(const tare_pooling *p, const box *window, const NUMBER *image,
                                     const NUMBER *unused, NUMBER *y) {
    (void)unused;
    for (int64_t done = 0; done < p->channels; done += LANES) {
        const int64_t c = NAMED(block_at)(done, p->channels);
        NAMED(store)(y + c, NAMED(largest)(p, window, image + c), p->channels);
    }
}

/* Where a window's maximum stands: the places equal to it, or NaN, of which the first one counts.
 */
static inline MASK NAMED(is_largest)(BLOCK x, BLOCK largest) { return (x == largest) | (x != x); }

static inline void NAMED(max_gradient_window)(const tare_pooling *p, const box *window,
                                              const NUMBER *image, const NUMBER *dy, NUMBER *dx,
                                              bool tiled) {
    for (int64_t done = 0; done < p->channels; done += LANES) {
        const int64_t c = NAMED(block_at)(done, p->channels);
        const BLOCK largest = NAMED(largest)(p, window, image + c), nothing = {0};
        BLOCK left = NAMED(load_new)(dy, done, c, p->channels, tiled); /* not yet taken */
        for (int64_t d = window->low[0]; d < window->high[0]; d++) {
            for (int64_t h = window->low[1]; h < window->high[1]; h++) {
                for (int64_t w = window->low[2]; w < window->high[2]; w++) {
                    const NUMBER *x = NAMED(pixel)(p, image, d, h, w) + c;
                    const MASK hit = NAMED(is_largest)(NAMED(load)(x, p->channels), largest);
                    NUMBER *to = dx + (x - image);
                    const BLOCK taken = NAMED(select)(hit, left, nothing);
                    NAMED(add)(to, taken, p->channels, tiled);
                    left = NAMED(select)(hit, nothing, left);
                }
            }
        }
    }
}

/* Backwards, so that the first maximum has the last word. */
static inline void NAMED(max_pick_window)(const tare_pooling *p, const box *window,
                                          const NUMBER *image, const NUMBER *u, NUMBER *picked) {
    for (int64_t done = 0; done < p->channels; done += LANES) {
        const int64_t c = NAMED(block_at)(done, p->channels);
        const BLOCK largest = NAMED(largest)(p, window, image + c);
        BLOCK pick = {0};
        for (int64_t d = window->high[0] - 1; d >= window->low[0]; d--) {
            for (int64_t h = window->high[1] - 1; h >= window->low[1]; h--) {
                for (int64_t w = window->high[2] - 1; w >= window->low[2]; w--) {
                    const NUMBER *x = NAMED(pixel)(p, image, d, h, w) + c;
                    const MASK hit = NAMED(is_largest)(NAMED(load)(x, p->channels), largest);
                    pick = NAMED(select)(hit, NAMED(load)(u + (x - image), p->channels), pick);
                }
            }
        }
        NAMED(store)(picked + c, pick, p->channels);
    }
}

/* ---- average */

static inline void NAMED(average_window)(const tare_pooling *p, const box *window,
                                         const NUMBER *image, const NUMBER *unused, NUMBER *y) {
    (void)unused;
    const int64_t pixels = box_pixels(window);
    const NUMBER count = pixels > 0 ? (NUMBER)pixels : 1;
    for (int64_t done = 0; done < p->channels; done += LANES) {
        const int64_t c = NAMED(block_at)(done, p->channels);
        BLOCK sum = {0};
        for (int64_t d = window->low[0]; d < window->high[0]; d++)
            for (int64_t h = window->low[1]; h < window->high[1]; h++)
                for (int64_t w = window->low[2]; w < window->high[2]; w++)
                    sum += NAMED(load)(NAMED(pixel)(p, image, d, h, w) + c, p->channels);
        NAMED(store)(y + c, sum / count, p->channels);
    }
}

static inline void NAMED(average_gradient_window)(const tare_pooling *p, const box *window,
                                                  const NUMBER *unused, const NUMBER *dy,
                                                  NUMBER *dx, bool tiled) {
    const int64_t pixels = box_pixels(window);
    const NUMBER share = pixels > 0 ? 1 / (NUMBER)pixels : 0;
    (void)unused;
    for (int64_t done = 0; done < p->channels; done += LANES) {
        const int64_t c = NAMED(block_at)(done, p->channels);
        const BLOCK each = NAMED(load_new)(dy, done, c, p->channels, tiled) * share;
        for (int64_t d = window->low[0]; d < window->high[0]; d++) {
            for (int64_t h = window->low[1]; h < window->high[1]; h++) {
                NUMBER *to =
                    dx + ((d * p->in[1] + h) * p->in[2] + window->low[2]) * p->channels + c;
                for (int64_t w = window->low[2]; w < window->high[2]; w++, to += p->channels)
                    NAMED(add)(to, each, p->channels, tiled);
            }
        }
    }
}

/* ---- slices */

/* Makes one output pixel from its window. image and other: of the sample. */
typedef void (*NAMED(window_function))(const tare_pooling *p, const box *window,
                                       const NUMBER *image, const NUMBER *other, NUMBER *out);

/* Adds one window's gradient to dx. image and dx: of the sample; dy: of the window. */
typedef void (*NAMED(gradient_function))(const tare_pooling *p, const box *window,
                                         const NUMBER *image, const NUMBER *dy, NUMBER *dx,
                                         bool tiled);

/* A slice of output rows, numbered through planes and samples. */
static inline void NAMED(run_rows)(const tare_pooling_job *job, int64_t slice,
                                   NAMED(window_function) function) {
    const tare_pooling own = *job->p, *p = &own; /* no store can change a copy */
    const int64_t in_size = tare_pixels(p->in) * p->channels;
    const NUMBER *x = job->x, *other = job->other;
    NUMBER *y = job->out;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t row = tare_slice_begin(job->items, job->slices, slice); row < end; row++) {
        const int64_t plane = row / p->out[1], image = plane / p->out[0] * in_size;
        NUMBER *out = y + row * p->out[2] * p->channels;
        box window;
        clip_window(p, 0, plane % p->out[0], &window);
        clip_window(p, 1, row % p->out[1], &window);
        for (int64_t column = 0; column < p->out[2]; column++, out += p->channels) {
            clip_window(p, 2, column, &window);
            function(p, &window, x + image, other + image, out);
        }
    }
}

static void NAMED(max_slice)(void *context, int64_t slice) {
    NAMED(run_rows)(context, slice, NAMED(max_window));
}
static void NAMED(pick_slice)(void *context, int64_t slice) {
    NAMED(run_rows)(context, slice, NAMED(max_pick_window));
}

/* A slice of whole samples: windows overlap, and their gradients add to the same dx. */
static inline void NAMED(run_samples)(const tare_pooling_job *job, int64_t slice,
                                      NAMED(gradient_function) function) {
    const tare_pooling own = *job->p, *p = &own; /* no store can change a copy */
    const int64_t in_size = tare_pixels(p->in) * p->channels,
                  out_size = tare_pixels(p->out) * p->channels;
    const NUMBER *x = job->x, *other = job->other;
    NUMBER *all = job->out;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t n = tare_slice_begin(job->items, job->slices, slice); n < end; n++) {
        const NUMBER *image = x + n * in_size, *dy = other + n * out_size;
        NUMBER *dx = all + n * in_size;
        if (in_size > 0 && !job->tiled) memset(dx, 0, (size_t)in_size * sizeof *dx);
        for (int64_t row = 0; row < p->out[0] * p->out[1]; row++) {
            box window;
            clip_window(p, 0, row / p->out[1], &window);
            clip_window(p, 1, row % p->out[1], &window);
            for (int64_t column = 0; column < p->out[2]; column++, dy += p->channels) {
                clip_window(p, 2, column, &window);
                function(p, &window, image, dy, dx, job->tiled);
            }
        }
    }
}

static void NAMED(max_gradient_slice)(void *context, int64_t slice) {
    NAMED(run_samples)(context, slice, NAMED(max_gradient_window));
}

/* ---- average of windows that tile the image: none is clipped, and rows of them are alike */

/*
 * How many pixels of a row of output can be dealt with in whole vectors: all of them, or, of
 * channels that fill half a vector or more, all but the last. What a vector then holds beyond its
 * pixel is the next one's, and the next vector stored puts that right.
 */
static inline int64_t NAMED(whole_columns)(const tare_pooling *p) {
    if (p->channels >= LANES) return p->out[2];
    return 2 * p->channels >= LANES ? p->out[2] - 1 : 0;
}

/* Some windows side by side, the first of which begins at x. held: numbers of a block that are read
 * and stored. The extents of a window are arguments so that a call can make them constants. */
static inline __attribute__((always_inline)) void
NAMED(average_columns)(const tare_pooling *p, int64_t depth, int64_t height, int64_t width,
                       const NUMBER *x, NUMBER *y, int64_t columns, int64_t held) {
    const int64_t channels = p->channels, row = p->in[2] * channels, plane = p->in[1] * row;
    const NUMBER count = (NUMBER)(depth * height * width);
    for (int64_t column = 0; column < columns; column++, x += width * channels, y += channels) {
        for (int64_t done = 0; done < channels; done += LANES) {
            const int64_t c = NAMED(block_at)(done, channels);
            BLOCK sum = {0};
            for (int64_t d = 0; d < depth; d++)
                for (int64_t h = 0; h < height; h++)
                    for (int64_t w = 0; w < width; w++)
                        sum += NAMED(load)(x + d * plane + h * row + w * channels + c, held);
            NAMED(store)(y + c, sum / count, held);
        }
    }
}

/* One row of windows. */
static inline __attribute__((always_inline)) void NAMED(average_row)(const tare_pooling *p,
                                                                     int64_t depth, int64_t height,
                                                                     int64_t width, const NUMBER *x,
                                                                     NUMBER *y) {
    const int64_t channels = p->channels, whole = NAMED(whole_columns)(p);
    NAMED(average_columns)(p, depth, height, width, x, y, whole, LANES);
    NAMED(average_columns)
    (p, depth, height, width, x + whole * width * channels, y + whole * channels, p->out[2] - whole,
     channels);
}

/* Where output row `row` of sample `n` begins among the pixels of the input. */
static inline int64_t NAMED(tile_at)(const tare_pooling *p, int64_t n, int64_t row) {
    const int64_t d = row / p->out[1] * p->window[0], h = row % p->out[1] * p->window[1];
    return ((n * p->in[0] + d) * p->in[1] + h) * p->in[2] * p->channels;
}

static void NAMED(average_slice)(void *context, int64_t slice) {
    const tare_pooling_job *job = context;
    if (!job->tiled) {
        NAMED(run_rows)(job, slice, NAMED(average_window));
        return;
    }
    const tare_pooling own = *job->p, *p = &own; /* no store can change a copy */
    const NUMBER *all = job->x;
    NUMBER *out = job->out;
    const int64_t *window = p->window, rows = p->out[0] * p->out[1];
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1);
    for (int64_t row = tare_slice_begin(job->items, job->slices, slice); row < end; row++) {
        const NUMBER *x = all + NAMED(tile_at)(p, row / rows, row % rows);
        NUMBER *y = out + row * p->out[2] * p->channels;
        if (window[0] == 1 && window[1] == 2 && window[2] == 2)
            NAMED(average_row)(p, 1, 2, 2, x, y);
        else
            NAMED(average_row)(p, window[0], window[1], window[2], x, y);
    }
}

/* Pixels of dy, each divided by the window's, fill their stretches of one row of dx. */
static inline __attribute__((always_inline)) void
NAMED(spread_columns)(const tare_pooling *p, NUMBER share, const NUMBER *dy, NUMBER *dx,
                      int64_t columns, int64_t held) {
    const int64_t channels = p->channels, width = p->window[2];
    for (int64_t column = 0; column < columns; column++, dy += channels) {
        for (int64_t done = 0; done < channels; done += LANES) {
            const int64_t c = NAMED(block_at)(done, channels);
            const BLOCK each = NAMED(load)(dy + c, held) * share;
            for (int64_t w = 0; w < width; w++) NAMED(store)(dx + w * channels + c, each, held);
        }
        dx += width * channels;
    }
}

static inline void NAMED(spread_row)(const tare_pooling *p, NUMBER share, const NUMBER *dy,
                                     NUMBER *dx) {
    const int64_t channels = p->channels, whole = NAMED(whole_columns)(p);
    NAMED(spread_columns)(p, share, dy, dx, whole, LANES);
    NAMED(spread_columns)
    (p, share, dy + whole * channels, dx + whole * p->window[2] * channels, p->out[2] - whole,
     channels);
}

static void NAMED(average_gradient_slice)(void *context, int64_t slice) {
    const tare_pooling_job *job = context;
    if (!job->tiled) {
        NAMED(run_samples)(job, slice, NAMED(average_gradient_window));
        return;
    }
    const tare_pooling own = *job->p, *p = &own; /* no store can change a copy */
    const NUMBER *dy = job->other, share = 1 / (NUMBER)tare_pixels(p->window);
    NUMBER *all = job->out;
    const int64_t rows = p->out[0] * p->out[1], numbers = p->in[2] * p->channels;
    const int64_t end = tare_slice_begin(job->items, job->slices, slice + 1) * rows;
    for (int64_t row = tare_slice_begin(job->items, job->slices, slice) * rows; row < end; row++) {
        NUMBER *dx = all + NAMED(tile_at)(p, row / rows, row % rows);
        NAMED(spread_row)(p, share, dy + row * p->out[2] * p->channels, dx);
        for (int64_t i = 1; i < p->window[0] * p->window[1]; i++) {
            const int64_t d = i / p->window[1], h = i % p->window[1];
            memcpy(dx + (d * p->in[1] + h) * numbers, dx, (size_t)numbers * sizeof *dx);
        }
    }
}

#undef LANES
#undef BLOCK
#undef LOOSE_BLOCK
#undef MASK
#undef NUMBER
#undef INTEGER
#undef NAMED
