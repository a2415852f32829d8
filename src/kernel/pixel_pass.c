/* SPDX-License-Identifier: Apache-2.0 */
/* Passes over pixels in slices, and within a slice in runs that stay in the nearest cache. */
#include "kernel/pixel_pass.h"

#include "kernel/slices.h"

enum {
    SLICE = 32768, /* numbers worth a slice of their own */
    RUN = 2048,    /* numbers told of at once: four arrays of them stay in the nearest cache */
    GROUP = 64     /* pixels that row kernels take without a rest, whatever the channels */
};

typedef struct job {
    const tare_pixel_pass *pass;
    const tare_reader *make;
    const tare_finisher *finisher;
    float *y;
} job;

tare_pixel_pass tare_pixel_pass_over(int64_t pixels, int64_t channels) {
    return (tare_pixel_pass){pixels, channels, tare_slice_count(pixels, channels, SLICE)};
}

static int64_t pixels_at_once(int64_t channels) {
    const int64_t fit = tare_greatest(RUN / channels, 1);
    return fit > GROUP ? fit - fit % GROUP : fit;
}

void tare_pixel_pass_part(int64_t channels, const tare_reader *make, const tare_finisher *finisher,
                          float *y, tare_finished part) {
    const int64_t most = pixels_at_once(channels);
    while (part.pixels > 0) {
        const int64_t some = tare_least(part.pixels, most);
        make->read(make->context, part.offset, some, y + part.offset, channels);
        if (finisher->finish)
            finisher->finish(finisher->context,
                             &(tare_finished){part.slice, part.offset, some, channels});
        part.offset += some * channels;
        part.pixels -= some;
    }
}

static void run_slice(void *context, int64_t slice) {
    const job *all = context;
    const tare_pixel_pass *pass = all->pass;
    const int64_t begin = tare_slice_begin(pass->pixels, pass->slices, slice);
    const int64_t end = tare_slice_begin(pass->pixels, pass->slices, slice + 1);
    const tare_finished part = {slice, begin * pass->channels, end - begin, pass->channels};
    tare_pixel_pass_part(pass->channels, all->make, all->finisher, all->y, part);
}

void tare_pixel_pass_run(const tare_pixel_pass *pass, const tare_reader *make,
                         const tare_finisher *finisher, float *y, tare_pool *pool) {
    job all = {pass, make, finisher, y};
    tare_pool_run(pool, pass->slices, run_slice, &all);
}
