/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalisation by hand and slim's layer on one small input, to be run and looked into. */
#ifndef TARE_SRC_STUDY_CHANNELWISE_TRIAL_H
#define TARE_SRC_STUDY_CHANNELWISE_TRIAL_H

#include <tare/batch_norm.h>
#include <tare/session.h>

/* The variable scopes of both. */
#define TARE_TRIAL_HAND "by_hand"
#define TARE_TRIAL_SLIM "slim"

/* What a trial is made with. */
typedef struct tare_trial_settings {
    tare_shape shape;
    double momentum, epsilon; /* by hand; gamma and beta are always there */
    tare_slim_batch_norm_options slim;
} tare_trial_settings;

typedef struct tare_trial {
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, training;
    tare_tensor y[2];  /* by hand, slim's */
    tare_array *input; /* normal numbers of mean 1 and deviation 2 at first */
    tare_array *mode;
    tare_error *error; /* the caller's */
} tare_trial;

/* tare_trial_end in any case. */
tare_status tare_trial_begin(tare_trial *trial, const tare_trial_settings *settings,
                             tare_error *error);
void tare_trial_end(tare_trial *trial);

/* Two results of one run; the session's, valid until its next. */
tare_status tare_trial_run(tare_trial *trial, bool training, const tare_tensor fetches[2],
                           tare_array *results[2]);
/* One update of all moving averages. */
tare_status tare_trial_update(tare_trial *trial);
/* Channel 0 of a variable of both: by hand's, slim's. */
tare_status tare_trial_read(tare_trial *trial, const char *variable, double numbers[2]);
/* Mean and variance (sum / N) of channel 0 of the input. */
tare_status tare_trial_read_moments(tare_trial *trial, double moments[2]);

#endif
