/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that rides on a convolution while its numbers are in the cache anyway: reading the source
 * through a map (normalisation), and looking at results or changing them as soon as they are whole
 * (statistics, residual addition, activation). The convolution knows neither; without riders it
 * computes the same bits, and riders themselves change none of its sums.
 *
 * Not every shape is computed by a kernel that carries riders: ask first. Grouped convolutions do
 * not.
 */
#ifndef TARE_SRC_KERNEL_CONVOLUTION_RIDERS_H
#define TARE_SRC_KERNEL_CONVOLUTION_RIDERS_H

#include "kernel/convolution.h"
#include "kernel/ending.h"

/* Takes the place of copying the source. Called by any thread, for any pixels, some of them more
 * than once; zeros of the padding are not asked for. */
typedef struct tare_reader {
    /* Pixel i, all its channels, to `to` + i stride; the source has it at number offset + i
     * channels. */
    void (*read)(const void *context, int64_t offset, int64_t pixels, float *to, int64_t stride);
    const void *context;
    const float *beside; /* another array that it reads at the same numbers, to be fetched ahead
                            with the source; NULL: none */
} tare_reader;

/* Makes the source where it lies, for all who read it later too. Called once for every pixel, by
 * any thread, in runs that follow each other in memory, soon before the run is read. */
enum { TARE_MOST_BESIDE = 4 };
typedef struct tare_maker {
    /* Pixels from number offset on, all their channels. NULL: none. */
    void (*make)(const void *context, int64_t offset, int64_t pixels);
    const void *context;
    const float *beside[TARE_MOST_BESIDE]; /* what it reads at the same numbers; NULL after the
                                              last */
} tare_maker;

/* Some whole results: pixel i, all its channels, stands at number offset + i stride of what the
 * convolution writes. */
typedef struct tare_finished {
    int64_t slice, offset, pixels, stride;
} tare_finished;

/*
 * Is told of every result once, soon after it was written, and may change it in place. Which
 * results come together, in which order within a slice, and how many slices there are follows from
 * the shape and instruction set alone. One slice is never in two threads at a time: what belongs to
 * a slice, such as its partial sum, needs no lock.
 */
typedef struct tare_finisher {
    void (*finish)(void *context, const tare_finished *results);
    void *context;
    /* Arrays that it reads at the same numbers, to be fetched ahead; NULL after the last. */
    const float *beside[TARE_MOST_BESIDE];
} tare_finisher;

/* Functions NULL: none. */
typedef struct tare_riders {
    tare_reader reader; /* this or the maker */
    tare_maker maker;
    tare_finisher finisher;
    const tare_ending *ending; /* NULL, or what comes before the finisher */
    const float *packed;       /* NULL, or the filter packed before, which is read instead of w:
                                  forward only */
} tare_riders;

/* What a convolution with riders wants. reads: whether a reader is among them. */
typedef struct tare_riding {
    bool possible;   /* false: this shape's kernel carries none; the rest is then 0 */
    int64_t scratch; /* bytes, aligned to 64; with a packed filter fewer by its own */
    int64_t slices;  /* numbered from 0 up to this */
    int64_t packed;  /* numbers of the packed filter, a multiple of 16 */
    bool makes;      /* a maker may make the source; of a filter gradient dy */
} tare_riding;
tare_riding tare_convolution_forward_riding(const tare_convolution *c, bool reads);
tare_riding tare_convolution_data_riding(const tare_convolution *c, bool reads);

/* Packs a filter once for many runs of the forward pass, where riders are possible. */
void tare_convolution_pack_f32(const tare_convolution *c, const float *w, float *packed,
                               tare_pool *pool);

/* As without riders (convolution.h), where it is possible. */
void tare_convolution_forward_riding_f32(const tare_convolution *c, const float *x, const float *w,
                                         const float *bias, float *y, const tare_riders *riders,
                                         void *scratch, tare_pool *pool);
void tare_convolution_data_riding_f32(const tare_convolution *c, const float *dy, const float *w,
                                      float *dx, const tare_riders *riders, void *scratch,
                                      tare_pool *pool);

/* The filter gradient reads x and dy by readers, either or both, or dy by a maker; slices are then
 * 0. */
typedef struct tare_filter_readers {
    tare_reader x, dy;
    tare_maker dy_maker; /* or this */
} tare_filter_readers;
tare_riding tare_convolution_filter_riding(const tare_convolution *c, bool reads_x, bool reads_dy);
void tare_convolution_filter_riding_f32(const tare_convolution *c, const float *x, const float *dy,
                                        float *dw, const tare_filter_readers *readers,
                                        void *scratch, tare_pool *pool);

#endif
