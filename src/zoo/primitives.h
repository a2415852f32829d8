/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch normalisation from primitives, as the programs of TensorFlow 1's first years wrote it: one
 * helper for every rank, an exponential moving average in a conditional, and summaries of every
 * variable. User code on the public headers.
 */
#ifndef TARE_SRC_ZOO_PRIMITIVES_H
#define TARE_SRC_ZOO_PRIMITIVES_H

#include <tare/graph.h>

/* What such a program decides once for all its layers. */
typedef struct tare_primitives {
    double momentum;      /* weight of the old value in the averages, TensorFlow's decay */
    double epsilon;       /* added to the variance */
    tare_tensor training; /* boolean scalar */
    bool forgets;         /* nothing waits for the averages' update, so that no run makes it */
    bool summaries;       /* of every variable, for TensorBoard */
} tare_primitives;

/*
 * y = gamma (x - mean) / sqrt(variance + epsilon) + beta, the moments of x over all axes but the
 * last.
 *
 * Variables, in the current scope: beta, gamma [C], and the averages of both moments, which start
 * at 0. The averages are updated whenever y is computed in training, by no update op; never, where
 * it forgets them.
 *
 * Shapes  x of rank 2 to 5, C known -> as x.
 */
tare_tensor tare_batch_norm_from_primitives(tare_tensor x, const tare_primitives *how);

/* If wanted, what a program tells TensorBoard of a variable or the like: scalars mean, stddev, max
 * and min, and a histogram, in the scope NAME_summaries of the current one. */
void tare_primitives_summarise(tare_tensor variable, const char *name, const tare_primitives *how);

#endif
