/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pooling's slices for one vector length: what pooling.inc.h makes and pooling.c chooses from. A
 * block of channels is one vector, so a vector longer than a pixel's channels is of no use.
 */
#ifndef TARE_SRC_KERNEL_POOLING_KERNEL_H
#define TARE_SRC_KERNEL_POOLING_KERNEL_H

#include "kernel/isa.h"
#include "kernel/pooling.h"

typedef struct tare_pooling_job {
    const tare_pooling *p;
    const void *x, *other; /* other: dy, or what is picked from */
    void *out;
    int64_t items, slices; /* rows of the output, or samples where windows add to their input */
    bool tiled;            /* windows meet without gap or overlap, so every input is in just one */
} tare_pooling_job;

/* Each takes a tare_pooling_job. */
typedef struct tare_pooling_slices {
    tare_slice_function max, pick, average, max_gradient, average_gradient;
} tare_pooling_slices;

typedef struct tare_pooling_kernel {
    int64_t bytes; /* of a vector */
    tare_pooling_slices f32;
} tare_pooling_kernel;

extern const tare_pooling_kernel tare_pooling_kernel_baseline;
#if defined(__x86_64__)
extern const tare_pooling_kernel tare_pooling_kernel_avx2, tare_pooling_kernel_avx512;
#endif

/* Doubles are there for their digits, not for speed: the baseline's slices serve all processors. */
extern const tare_pooling_slices tare_pooling_doubles;

/* The one of an instruction set that suits so many channels. */
const tare_pooling_kernel *tare_pooling_kernel_of(tare_isa isa, int64_t channels);

/* The same for averages of windows that tile the image, which may reach over the next pixel: one
 * vector holds the channels where more than half of it is needed. */
const tare_pooling_kernel *tare_pooling_kernel_over(tare_isa isa, int64_t channels);

#endif
