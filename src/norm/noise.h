/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an int8 model loses, layer by layer: the numbers of each tensor against those of the float
 * model it was made from, on the same examples.
 *
 *     signal to noise = 10 log10(sum x^2 / sum (x - x')^2)     dB, of x float and x' whole numbers
 *
 * What a layer adds is its noise per signal less that of its noisiest input. Three causes are told
 * apart by what each would make by itself: numbers beyond the range of the result (clipping), the
 * step between two whole numbers of the result (step^2 / 12), and the rounding of the weights.
 */
#ifndef TARE_SRC_NORM_NOISE_H
#define TARE_SRC_NORM_NOISE_H

#include "base/text.h"
#include "norm/model_run.h"
#include <tare/norm.h>

/* Sums over all examples. */
typedef struct tare_noise {
    const char *name;    /* of the tensor */
    const char *kind;    /* of the operator that made it; NULL: it is the input */
    const char *weights; /* their name; NULL: it has none */
    int64_t op;          /* -1: the input */
    int64_t tensor, count, clipped;
    double signal, noise;
    double min, max; /* that the whole numbers can tell */
    /* noise per signal */
    double added, clipping, rounding, weighing;
} tare_noise;

/* Zero at first; tare_noise_report_end in any case. */
typedef struct tare_noise_report {
    const tare_tflite *from, *to;
    const tare_folding *folding; /* set by the caller: what made the weights; NULL: not known */
    tare_arena *arena;
    tare_noise *layers;
    size_t count;
    size_t worst; /* that adds most; count: none adds anything */
} tare_noise_report;

/* to: the int8 model of `from`, with the same tensors. seen: told after each batch; NULL: not. */
typedef struct tare_noise_options {
    int64_t batch, threads;
    void (*seen)(void *user, int64_t done, int64_t all);
    void *user;
} tare_noise_options;
tare_status tare_noise_measure(tare_noise_report *report, const tare_tflite *from,
                               const tare_tflite *to, const tare_dataset *data,
                               const tare_noise_options *options, tare_error *error);
void tare_noise_report_end(tare_noise_report *report);

/* In dB; infinite where nothing is lost. */
double tare_noise_decibels(const tare_noise *layer);
/* Why the layer adds what it does, as far as it is known: a clause without a full stop. */
void tare_noise_reason(const tare_noise_report *report, const tare_noise *layer, tare_text *text);

#endif
