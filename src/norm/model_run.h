/* SPDX-License-Identifier: Apache-2.0 */
/* A .tflite model that runs over examples with every tensor it computes in sight. */
#ifndef TARE_SRC_NORM_MODEL_RUN_H
#define TARE_SRC_NORM_MODEL_RUN_H

#include "model/tflite.h"
#include <tare/data.h>

/* Zero at first; tare_model_run_end in any case. */
typedef struct tare_model_run {
    const tare_tflite *model;
    const char *who; /* for messages, "observe" */
    tare_arena *arena;
    tare_graph *graph;
    tare_session *session;
    tare_tensor x;
    size_t fetch_count;
    tare_tensor *fetches; /* what is computed in float32, or in whole numbers with a scale */
    size_t *indices;      /* by fetch: the tensor's in the file, rising */
    tare_array **results; /* by fetch: of the latest batch; the session's */
    tare_array *fed;      /* a batch as whole numbers; NULL: none yet */
    tare_error *error;
} tare_model_run;

/* Builds the model. Refused: several inputs or outputs. */
tare_status tare_model_run_begin(tare_model_run *run, const tare_tflite *model, const char *who,
                                 int64_t threads, tare_error *error);
/* Batches as the model takes them, in order; batch: where it takes any number. */
tare_status tare_model_run_cut(const tare_model_run *run, const tare_dataset *data, int64_t batch,
                               double divisor, tare_batches **batches);
/* Runs one batch of float numbers, rounded first where the model takes whole ones. */
tare_status tare_model_run_batch(tare_model_run *run, tare_array *inputs);
/* int8 or uint8 numbers with one scale, and their zero point as int8 ones have it: those of uint8
 * are 128 more, and stand in graphs as int8 but for the model's ends. */
bool tare_model_run_is_whole(const tare_tflite_tensor *tensor);
int64_t tare_model_run_zero(const tare_tflite_tensor *tensor);
/* Where a tensor's numbers stand among the results; -1: nowhere. */
int64_t tare_model_run_result(const tare_model_run *run, size_t tensor);
void tare_model_run_end(tare_model_run *run);

#endif
