/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Fitting a network to a data set: epochs, evaluation, checkpoints, going on where one stopped.
 *
 * Everything that decides what comes next is in the session's variables, its count of random
 * draws and the position in the data, and all of that is in a checkpoint: training that goes on
 * from one ends with the same bits as training that was never interrupted.
 */
#ifndef TARE_FIT_H
#define TARE_FIT_H

#include <tare/data.h>
#include <tare/model.h>
#include <tare/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A network as fit sees it: the tensors to feed and to fetch. Networks of the zoo come in this
 * form; others are easily put into it.
 */
typedef struct tare_network {
    size_t struct_size;   /* set by the caller: sizeof(tare_network) */
    tare_tensor inputs;   /* placeholder, float32 [?, ...] */
    tare_tensor labels;   /* placeholder, int32 [?], or float32 [?, ...] for targets */
    tare_tensor training; /* bool, fed true in training, false in evaluation; null: none */
    tare_tensor logits;   /* float32 [?, classes]; predictions where there are targets */
    tare_tensor loss;     /* scalar: mean over the batch */
    tare_tensor train;    /* the operation of one training step */
    /* For the log alone; null: none. */
    tare_tensor rate;    /* the learning rate of a step: a scalar, or an immediate number */
    tare_tensor summary; /* summaries, merged */
} tare_network;

/* ------------------------------------------------------------------------------- evaluation */

/* clang-format off */
#define TARE_EVALUATE_FIELDS(field)                                                               \
    field(integer, batch, 500, "examples in a batch")                                             \
    field(boolean, training_mode, false,                                                          \
          "the statistics of each batch itself, as in training; nothing is updated")              \
    field(real, divisor, 0, "inputs are divided by it; 0: 255 for uint8, else 1")
/* clang-format on */
TARE_OPTIONS(tare_evaluate_options, TARE_EVALUATE_FIELDS);
#define TARE_EVALUATE_DEFAULTS TARE_DEFAULTS(tare_evaluate_options, TARE_EVALUATE_FIELDS)

typedef struct tare_evaluation {
    size_t struct_size; /* set by the caller */
    int64_t count;      /* examples */
    int64_t correct;    /* of them with the greatest logit at their label; 0 with targets */
    double loss;        /* mean */
} tare_evaluation;

/**
 * Runs the network over all examples and counts; in inference mode unless told otherwise.
 * Errors  what running can fail of; labels beyond the number of logits; examples that do not fit
 *         the inputs.
 */
TARE_API tare_status tare_evaluate_with(tare_session *session, const tare_network *network,
                                        const tare_dataset *dataset,
                                        const tare_evaluate_options *options,
                                        tare_evaluation *evaluation, tare_error *error);
#define tare_evaluate(...) tare_evaluate_(__VA_ARGS__, .reserved = 0)
#define tare_evaluate_(session, network, dataset, evaluation, error, ...)                          \
    TARE_KW(tare_evaluate_with(session, network, dataset,                                          \
                               &(tare_evaluate_options){TARE_EVALUATE_DEFAULTS, __VA_ARGS__},      \
                               evaluation, error))

/**
 * Runs the network in inference mode over all examples, whose labels are not looked at: *outputs
 * receives a new array of the logits, [examples, ..]. options as for evaluation.
 * Errors  what running can fail of; examples that do not fit the inputs.
 */
TARE_API tare_status tare_predict_with(tare_session *session, const tare_network *network,
                                       const tare_dataset *dataset,
                                       const tare_evaluate_options *options, tare_array **outputs,
                                       tare_error *error);
#define tare_predict(...) tare_predict_(__VA_ARGS__, .reserved = 0)
#define tare_predict_(session, network, dataset, outputs, error, ...)                              \
    TARE_KW(tare_predict_with(session, network, dataset,                                           \
                              &(tare_evaluate_options){TARE_EVALUATE_DEFAULTS, __VA_ARGS__},       \
                              outputs, error))

/* --------------------------------------------------------------------------------- training */

/** What just happened. The values are fixed. */
typedef enum tare_fit_event {
    TARE_FIT_STEP = 0,    /* a training step is done */
    TARE_FIT_EPOCH = 1,   /* an epoch is done, and evaluated where `held` was given */
    TARE_FIT_SAVED = 2,   /* a checkpoint is on the disk */
    TARE_FIT_RESUMED = 3, /* training goes on from a checkpoint */
    TARE_FIT_STOPPED = 4  /* the stop function said so; a checkpoint, if kept, is on the disk */
} tare_fit_event;

/* clang-format off */
#define TARE_FIT_FIELDS(field)                                                                    \
    field(integer, epochs, 1, "times that every example is seen")                                 \
    field(integer, batch, 128, "examples in a step")                                              \
    field(integer, seed, 0, "seed of the order of the examples")                                  \
    field(boolean, shuffle, true, "another order in every epoch")                                 \
    field(choice, last, TARE_LAST_KEEP, "the last, short batch: keep, drop or wrap")              \
    field(real, divisor, 0, "inputs are divided by it; 0: 255 for uint8, else 1")                 \
    field(text, checkpoint, NULL, "file to save to after every epoch and when stopped")           \
    field(integer, checkpoint_steps, 0, "save also after so many steps; 0: never")                \
    field(boolean, resume, false, "go on from the checkpoint, if the file is there")              \
    field(text, log, NULL, "folder for event files, which TensorBoard shows")                     \
    field(boolean, log_histograms, false, "log how batch norm's variables are spread, by epoch")  \
    field(integer, log_steps, 1, "log every so many steps")
/* clang-format on */

#ifdef __cplusplus
struct tare_fit_options {
    size_t struct_size = sizeof(tare_fit_options);
    TARE_FIT_FIELDS(TARE_FIELD_MEMBER)
    const tare_dataset *held = nullptr;
    const tare_metadata *metadata = nullptr;
    size_t metadata_count = 0;
    void (*event)(void *, tare_fit_event, const tare_progress_facts *) = nullptr;
    bool (*stop)(void *) = nullptr;
    void *user = nullptr;
    int reserved = 0;
};
#else
typedef struct tare_fit_options {
    size_t struct_size;
    TARE_FIT_FIELDS(TARE_FIELD_MEMBER)
    const tare_dataset *held; /* evaluated after every epoch; NULL: nothing */
    /* Pairs to be saved in the checkpoint. One to resume from must hold the same ones, which is how
     * a network built with other options is noticed. */
    const tare_metadata *metadata;
    size_t metadata_count;
    /* Called from the calling thread, between steps. */
    void (*event)(void *user, tare_fit_event event, const tare_progress_facts *facts);
    /* Asked after every step; true: save and return. */
    bool (*stop)(void *user);
    void *user;
    int reserved;
} tare_fit_options;
#endif
#define TARE_FIT_DEFAULTS TARE_DEFAULTS(tare_fit_options, TARE_FIT_FIELDS)

/** What a call of tare_fit did. */
typedef struct tare_fit_result {
    size_t struct_size;    /* set by the caller */
    int64_t steps, images; /* in this call */
    int64_t epoch, batch;  /* where training would go on */
    double seconds;        /* of training, without evaluation and saving */
    double loss;           /* mean over what this call did of the latest epoch; NaN: nothing */
    bool resumed, stopped;
} tare_fit_result;

/**
 * Trains until `epochs` epochs are done, counted from the very first, or until stopped. Variables
 * must have values, or a checkpoint be there to resume from. result may be NULL.
 *
 * With a log, an event file tells of the graph; by steps, counted from 1 over the whole training,
 * of loss, accuracy, learning_rate, images_per_second and the network's summaries; by epochs of
 * epoch/loss, held_back/loss and held_back/accuracy. No number of the training depends on it.
 * Training that goes on writes a further file into the same folder.
 * Errors  what running and saving can fail of; a checkpoint of another network, batch, seed,
 *         order or number of examples.
 */
TARE_API tare_status tare_fit_with(tare_session *session, const tare_network *network,
                                   const tare_dataset *dataset, const tare_fit_options *options,
                                   tare_fit_result *result, tare_error *error);
#define tare_fit(...) tare_fit_(__VA_ARGS__, .reserved = 0)
#define tare_fit_(session, network, dataset, result, error, ...)                                   \
    TARE_KW(tare_fit_with(session, network, dataset,                                               \
                          &(tare_fit_options){TARE_FIT_DEFAULTS, __VA_ARGS__}, result, error))

#ifdef __cplusplus
}
#endif

#endif
