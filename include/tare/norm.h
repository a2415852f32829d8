/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What only Tare has: every batch normalisation explained with its arithmetic, and counted.
 */
#ifndef TARE_NORM_H
#define TARE_NORM_H

#include <tare/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * One write of a moving average: after = momentum x before + (1 - momentum) x batch, channel by
 * channel. The arrays belong to the explanation.
 */
typedef struct tare_explained_update {
    const char *variable;     /* "hidden1/batch_normalization/moving_mean" */
    bool is_variance;         /* of a variance; else of a mean, or of what else is averaged */
    bool unbiased;            /* the batch's variance divides by N - 1 */
    bool written;             /* false: the run was one of inference, nothing was written */
    double momentum;          /* weight of the old value */
    const tare_array *before; /* the variable before the run */
    const tare_array *batch;  /* the value of this batch; the moving one when not written */
    const tare_array *after;  /* the variable after the run */
} tare_explained_update;

/**
 * One batch normalisation in one run. Arrays that do not apply (no gamma, no moving statistics) are
 * NULL. Statistics, x and y are those of the run: computed with the weights as they were before it.
 */
typedef struct tare_explained_layer {
    const char *name; /* "hidden1/batch_normalization" */
    int64_t elements; /* N: elements reduced per channel; 0 when it is not known */
    double epsilon;
    bool training; /* batch statistics were used; else the moving ones */
    const tare_array *x, *y;
    const tare_array *mean, *variance; /* what x was normalised with; the variance divides by N */
    const tare_array *gamma_before, *beta_before; /* before the run */
    const tare_array *gamma_after, *beta_after;   /* after it: what an optimiser made of them */
    const tare_explained_update *updates;
    size_t update_count;
} tare_explained_layer;

/** What one run did to every batch normalisation. Owned by the caller. */
typedef struct tare_explanation tare_explanation;

/**
 * Runs the fetches as tare_session_run would, and tells beside that, without changing a number,
 * what every batch normalisation and moving average on their way did. The run counts: variables are
 * what they are after it. results: as for tare_session_run, but valid only until the next run.
 * Errors  those of tare_session_run; no memory. *explanation is NULL then.
 */
TARE_API tare_status tare_explain(tare_session *session, const tare_feed *feeds, size_t feed_count,
                                  const tare_tensor *fetches, size_t fetch_count,
                                  tare_array **results, tare_explanation **explanation);
TARE_API void tare_explanation_free(tare_explanation *explanation);
TARE_API size_t tare_explanation_count(const tare_explanation *explanation);
/** Layer i in order of creation; NULL beyond the last. */
TARE_API const tare_explained_layer *tare_explanation_layer(const tare_explanation *explanation,
                                                            size_t i);

/**
 * The arithmetic of every update as text, at most `channels` channels of each (0: all):
 *
 *     hidden1/batch_normalization  (training, N = 2, epsilon 0.001)
 *       moving_mean: 0.5 x 0 + 0.5 x 0.7029862 = 0.3514931
 *
 * Free with tare_text_free. NULL: no memory.
 */
TARE_API char *tare_explanation_text(const tare_explanation *explanation, int64_t channels);
/** The same as JSON: an object with an array "layers". */
TARE_API char *tare_explanation_json(const tare_explanation *explanation, int64_t channels);

/* --------------------------------------------------------------------------------- counters */

/**
 * Name i of the batch normalisation layers of a graph, "hidden1/batch_normalization": the scopes
 * that hold a moving_mean and a moving_variance, in order of creation. NULL beyond the last. Owned
 * by the caller; free with tare_text_free.
 */
TARE_API char *tare_norm_layer_name(const tare_graph *graph, size_t i);

/**
 * What a layer's moving averages have been given so far. Counted by the updates themselves, at no
 * cost that shows; kept in checkpoints; set to nothing by tare_session_initialize, and by
 * tare_session_set of moving_mean or moving_variance.
 */
typedef struct tare_norm_counters {
    size_t struct_size;   /* set by the caller */
    int64_t updates;      /* of moving_variance; a layer called twice updates twice in a run */
    int64_t mean_updates; /* of moving_mean: as many, unless a program runs one without the other */
    /* N of those updates: elements reduced per channel, masked ones too; of one ghost batch with
     * virtual_batch_size. 0: no update yet. */
    int64_t elements_last, elements_least, elements_most;
    int64_t not_finite; /* of those updates: with a variance of the batch that is NaN or infinite */
    bool complete;      /* false: the statistics came from outside, without their counters */
} tare_norm_counters;
/**
 * The counters of a layer by name.
 * Errors  TARE_ERROR_NAME: the graph has no moving_variance in that scope; a busy session.
 */
TARE_API tare_status tare_norm_count(tare_session *session, const char *layer,
                                     tare_norm_counters *counters);

#ifdef __cplusplus
}
#endif

#endif
