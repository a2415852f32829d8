/* SPDX-License-Identifier: Apache-2.0 */
/* Running a network on batches: what training and evaluation share. */
#ifndef TARE_SRC_TRAIN_FIT_NETWORK_H
#define TARE_SRC_TRAIN_FIT_NETWORK_H

#include "graph/op.h"
#include <tare/fit.h>

extern const tare_option_table tare_evaluate_table; /* tare_evaluate_options */
extern const tare_option_table tare_fit_table; /* tare_fit_options, as far as words can say them */

/* Arrays that are fed or filled again and again. */
typedef struct tare_runner {
    tare_session *session;
    tare_network network;
    tare_array *mode; /* scalar bool */
    tare_array *loss; /* scalar */
    tare_error *error;
} tare_runner;

/* Checks the network's tensors and makes the arrays. tare_runner_end must follow in any case. */
tare_status tare_runner_begin(tare_runner *runner, tare_session *session,
                              const tare_network *network, bool training, tare_error *error);
void tare_runner_end(tare_runner *runner);

/*
 * Runs fetch beside the loss. result: as in tare_session_run. *loss is the loss's number.
 */
tare_status tare_runner_run(tare_runner *runner, const tare_batch *batch, tare_tensor fetch,
                            tare_array **result, double *loss);

/*
 * The same with several fetches, at most TARE_RUNNER_FETCHES. results: one for each, as in
 * tare_session_run.
 */
#define TARE_RUNNER_FETCHES 4
tare_status tare_runner_run_many(tare_runner *runner, const tare_batch *batch,
                                 const tare_tensor *fetches, size_t count, tare_array **results,
                                 double *loss);

/* Rows of logits whose greatest stands at the batch's label; 0 where labels are no classes. */
int64_t tare_runner_count_correct(const tare_array *logits, const tare_batch *batch);

/* The shape of one example that the inputs want; unknown when any extent is. */
tare_shape tare_runner_example_shape(const tare_network *network);

/* Refuses a data set with more classes than logits. */
tare_status tare_runner_check_classes(const tare_network *network, const tare_dataset *dataset,
                                      tare_error *error);

#endif
