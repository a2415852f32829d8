/* SPDX-License-Identifier: Apache-2.0 */
/* One training step from gradients: what tare_minimize and tare_apply_gradients share. */
#ifndef TARE_SRC_TRAIN_APPLY_H
#define TARE_SRC_TRAIN_APPLY_H

#include "train/optimizer.h"

typedef struct tare_training_step {
    tare_optimizer optimizer;
    const tare_tensor *gradients, *variables; /* a null gradient: the variable is left alone */
    size_t count;
    const tare_tensor *others; /* operations that the train op runs too */
    size_t other_count;
    tare_tensor global_step; /* may be null */
    const char *name;        /* NULL: the optimiser's */
} tare_training_step;

/* The train op, added to train_op. Sticky errors: the graph is as it was then. */
tare_tensor tare_training_step_build(const tare_training_step *step);

#endif
