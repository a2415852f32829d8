/* SPDX-License-Identifier: Apache-2.0 */
/* Observers: what range numbers have, as they come batch by batch. */
#ifndef TARE_SRC_NORM_OBSERVER_H
#define TARE_SRC_NORM_OBSERVER_H

#include <tare/norm.h>

#define TARE_OBSERVER_BINS 4096
#define TARE_OBSERVER_ROOM (TARE_OBSERVER_BINS + TARE_OBSERVER_BINS / 2)

/* Bins of equal width over -reach..reach; reach doubles when a number lies outside. */
typedef struct tare_observer {
    const tare_observe_options *options;
    int64_t count, batches;
    double min, max; /* of all numbers; of the average: the averages */
    double reach;    /* 0: no number but 0 so far */
    double zeros;    /* numbers that are 0: they stand in no bin */
    double *bins;    /* [TARE_OBSERVER_ROOM], zeros at first; NULL where the kind needs none */
} tare_observer;

bool tare_observer_needs_bins(const tare_observe_options *options);
/* A batch of finite numbers. False: one is not. */
bool tare_observer_see(tare_observer *observer, const float *numbers, int64_t count);
/* The range; not known when no number was seen. */
tare_tflite_range tare_observer_range(const tare_observer *observer);

#endif
