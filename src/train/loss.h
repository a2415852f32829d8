/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every loss goes through: a name scope, its operands checked and made floating, its losses
 * weighed, reduced and collected, and a graph left as it was when something is refused.
 *
 *     tare_loss loss;
 *     tare_tensor losses = TARE_NULL;
 *     if (tare_loss_begin(&loss, &def, labels, predictions, TARE_LOSS_COMMON(options)) &&
 *         tare_loss_match(&loss))
 *         losses = ... of loss.labels and loss.predictions ...
 *     return tare_loss_end(&loss, losses);
 */
#ifndef TARE_SRC_TRAIN_LOSS_H
#define TARE_SRC_TRAIN_LOSS_H

#include "train/operand.h"

#include <tare/loss.h>

/* One kind of loss, as tables see it. */
typedef struct tare_loss_def {
    const char *name;  /* "huber_loss" */
    const char *scope; /* TensorFlow's name scope: "cosine_distance_loss" */
    const char *labels,
        *predictions; /* what the operands are called; labels NULL: there are none */
    const tare_option_table *table;
    tare_tensor (*make)(tare_tensor labels, tare_tensor predictions, const void *options);
} tare_loss_def;

/* The options that all losses have. */
typedef struct tare_loss_common {
    tare_tensor weights;
    int reduction;
    const char *loss_collection, *scope;
} tare_loss_common;
#define TARE_LOSS_COMMON(options)                                                                  \
    ((tare_loss_common){(options).weights, (options).reduction, (options).loss_collection,         \
                        (options).scope})

/* A loss being built; to be ended once it was begun, however that went. */
typedef struct tare_loss {
    const tare_loss_def *def;
    tare_blame blame; /* its graph, and whom errors blame */
    tare_loss_common common;
    tare_tensor labels, predictions;
    tare_graph_attempt attempt;
    bool begun, open, hidden; /* hidden: nodes made now take no names */
} tare_loss;

/* Opens the scope; false after an error. Operands must be tensors; labels are not looked at when
 * the def has none. */
bool tare_loss_begin(tare_loss *loss, const tare_loss_def *def, tare_tensor labels,
                     tare_tensor predictions, tare_loss_common common);
/* Predictions floating, labels of their dtype, one shape; false after an error. */
bool tare_loss_match(tare_loss *loss);
/* "NAME 'SCOPE': got WHAT NUMBER; needs NEED": false, unless the number is within. */
bool tare_loss_option_within(const tare_loss *loss, const char *what, double number, double least,
                             double most, const char *need);
/* Weighs and reduces the losses, then closes. */
tare_tensor tare_loss_end(tare_loss *loss, tare_tensor losses);
/* From here on nodes take their names: for the result itself. */
void tare_loss_show(tare_loss *loss);
/* Closes with a result that is reduced already. */
tare_tensor tare_loss_close(tare_loss *loss, tare_tensor result);

/* Losses that have the public options that all have, and one formula. */
typedef tare_tensor (*tare_loss_formula)(tare_tensor labels, tare_tensor predictions);
tare_tensor tare_loss_plain(const tare_loss_def *def, tare_loss_formula formula, tare_tensor labels,
                            tare_tensor predictions, const tare_losses_options *options);
extern const tare_option_table tare_losses_table;

#endif
