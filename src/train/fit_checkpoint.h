/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of training: what is saved beside the variables, and what must be the same to go on.
 */
#ifndef TARE_SRC_TRAIN_FIT_CHECKPOINT_H
#define TARE_SRC_TRAIN_FIT_CHECKPOINT_H

#include <tare/fit.h>

/* The place in the data from which training goes on. */
typedef struct tare_fit_place {
    int64_t epoch, batch;
} tare_fit_place;

/* Saves variables, place and the options that decide the order of the data. */
tare_status tare_fit_save(tare_session *session, const tare_fit_options *options, int64_t examples,
                          tare_fit_place place, tare_error *error);

/*
 * Loads options->checkpoint and *place when the file is there; *found says whether it is. Errors  a
 * checkpoint of another training: the first pair that differs is told.
 */
tare_status tare_fit_load(tare_session *session, const tare_fit_options *options, int64_t examples,
                          tare_fit_place *place, bool *found, tare_error *error);

#endif
