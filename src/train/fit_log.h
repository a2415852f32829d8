/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What training leaves behind for TensorBoard: an event file with the graph, numbers of steps and
 * of epochs, the network's own summaries, and how batch norm's variables are spread.
 */
#ifndef TARE_SRC_TRAIN_FIT_LOG_H
#define TARE_SRC_TRAIN_FIT_LOG_H

#include "train/fit_network.h"
#include <tare/event.h>

/* Zero at first: nothing is logged. */
typedef struct tare_fit_log {
    tare_event_writer *writer;
    const tare_fit_options *options;
    tare_runner *runner;
    bool classes;    /* labels are classes, so that steps have an accuracy */
    int64_t images;  /* of this call up to the latest step that was logged */
    double seconds;  /* likewise */
    double accuracy; /* of the latest step that was run for the log; NaN: there is none */
    double rate;
    tare_array *summary; /* what the network's summary came to in that step; the session's */
} tare_fit_log;

/*
 * Begins a file in options->log and writes the graph. first_step: of the steps to come, counted
 * from 1 over the whole training; what an earlier file has from there on is void.
 */
tare_status tare_fit_log_begin(tare_fit_log *log, const tare_fit_options *options,
                               tare_runner *runner, bool classes, int64_t first_step);
/* Runs a training step; where it is due, with what the log tells of it. step: as above. */
tare_status tare_fit_log_run(tare_fit_log *log, tare_runner *runner, const tare_batch *batch,
                             int64_t step, double *loss);
/* Tells of the step that was just run, if it is due. */
tare_status tare_fit_log_step(tare_fit_log *log, int64_t step, double loss,
                              const tare_fit_result *so_far);
/* Tells of an epoch that was finished with `step`. */
tare_status tare_fit_log_epoch(tare_fit_log *log, int64_t step, const tare_progress_facts *facts);
/* Closes the file; `status`, or that of a failure to close. */
tare_status tare_fit_log_end(tare_fit_log *log, tare_status status);

#endif
