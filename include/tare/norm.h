/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What only Tare has: every batch normalisation explained with its arithmetic, counted, and
 * examined for the faults that people meet.
 */
#ifndef TARE_NORM_H
#define TARE_NORM_H

#include <tare/fit.h>
#include <tare/tflite.h>

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

/* ----------------------------------------------------------------------------- the doctor */

/** How bad a finding is. The values are fixed. */
typedef enum tare_severity {
    TARE_SEVERITY_REMARK = 0,  /* harmless, or a matter of taste */
    TARE_SEVERITY_WARNING = 1, /* likely to cost accuracy */
    TARE_SEVERITY_ERROR = 2    /* what the network answers in inference is wrong, or will be */
} tare_severity;
/** "remark", "warning", "error"; "" for another value. */
TARE_API const char *tare_severity_name(tare_severity severity);

/** One number that a finding rests on. */
typedef struct tare_evidence {
    const char *name; /* "weight of the first value" */
    double value;
} tare_evidence;

/** What one check found. Everything belongs to the diagnosis. */
typedef struct tare_finding {
    const char *id;    /* of the fault, "P06"; the same fault may be found by several checks */
    const char *check; /* name of the check, "slow-momentum" */
    tare_severity severity;
    const char *const *layers; /* names of the layers concerned, the worst first */
    size_t layer_count;        /* 0: the network as a whole */
    const char *sentence;      /* what is wrong */
    const char *fix;           /* what helps */
    const tare_evidence *evidence;
    size_t evidence_count;
} tare_finding;

/** A check: its fault's id, its name, and what it looks for. */
typedef struct tare_check_description {
    const char *id, *name, *help;
    bool wants_data; /* looks at nothing without a network and a data set */
} tare_check_description;
/** Check i, in order; NULL beyond the last. */
TARE_API const tare_check_description *tare_check_at(size_t i);

/* clang-format off */
#define TARE_EXAMINE_FIELDS(field)                                                                 \
    field(text, suppress, NULL,                                                                    \
          "ids or names of checks to leave out, separated by commas")                              \
    field(integer, batch, 0,                                                                       \
          "examples in a training batch; 0: as many as the counters tell, else 32")                \
    field(integer, batches, 32, "batches of the data that are looked at, at most")                 \
    field(integer, steps, 0, "training steps done; 0: as many as the graph tells")                 \
    field(real, learning_rate, 0, "of the training; 0: what the graph tells")                      \
    field(real, divisor, 0, "inputs are divided by it; 0: 255 for uint8, else 1")                  \
    field(text, checkpoint, NULL, "file that the session was loaded from")
/* clang-format on */
TARE_OPTIONS(tare_examine_options, TARE_EXAMINE_FIELDS);
#define TARE_EXAMINE_DEFAULTS TARE_DEFAULTS(tare_examine_options, TARE_EXAMINE_FIELDS)

/** What an examination found. Owned by the caller. */
typedef struct tare_diagnosis tare_diagnosis;

/**
 * Examines a session's batch normalisation layers: their place in the graph, statistics, counters;
 * with a network and data, also what they do on batches of these. No number of the session is
 * changed: what running the network in training mode writes is written back.
 *
 * network  NULL: only the graph and its statistics are looked at. data: may be NULL; training
 *          examples tell most, since the faults show on what was trained on.
 * Errors   TARE_ERROR_NAME: a check to suppress that there is not; TARE_ERROR_UNINITIALIZED: a
 *          statistic without a value; what running can fail of. *diagnosis is NULL then.
 */
TARE_API tare_status tare_examine_with(tare_session *session, const tare_network *network,
                                       const tare_dataset *data,
                                       const tare_examine_options *options,
                                       tare_diagnosis **diagnosis, tare_error *error);
#define tare_examine(...) tare_examine_(__VA_ARGS__, .reserved = 0)
#define tare_examine_(session, network, data, diagnosis, error, ...)                               \
    TARE_KW(tare_examine_with(session, network, data,                                              \
                              &(tare_examine_options){TARE_EXAMINE_DEFAULTS, __VA_ARGS__},         \
                              diagnosis, error))
TARE_API void tare_diagnosis_free(tare_diagnosis *diagnosis);
/** Number of findings: errors first, then warnings and remarks, each in the order of the checks. */
TARE_API size_t tare_diagnosis_count(const tare_diagnosis *diagnosis);
/** Finding i; NULL beyond the last. */
TARE_API const tare_finding *tare_diagnosis_finding(const tare_diagnosis *diagnosis, size_t i);
/** Findings of that severity. */
TARE_API size_t tare_diagnosis_tally(const tare_diagnosis *diagnosis, tare_severity severity);
/** The findings as text, a paragraph each, and what was looked at. Free with tare_text_free. */
TARE_API char *tare_diagnosis_text(const tare_diagnosis *diagnosis);
/** The same as JSON: an object with an array "findings". */
TARE_API char *tare_diagnosis_json(const tare_diagnosis *diagnosis);

/* -------------------------------------------------------------------------- statistics anew */

/** What became of one layer's statistics. Everything belongs to the recalibration. */
typedef struct tare_recalibrated_layer {
    const char *name; /* "conv2d/batch_normalization" */
    int64_t channels;
    const char *reason; /* why they stay as they were; NULL: they are new */
    /* How far the new ones are from the old, of the channel where that is most; 0 where they stay,
     * infinite where the old ones were no statistics (NaN, infinite, negative). */
    double mean_shift;     /* |new mean - old mean| / sqrt(new variance + epsilon) */
    double variance_ratio; /* of variance + epsilon: the greater over the smaller */
} tare_recalibrated_layer;

/** Mean losses on the batches that the statistics were estimated from. */
typedef struct tare_recalibration_losses {
    size_t struct_size;     /* set by the caller */
    int64_t batches, batch; /* so many, of so many examples; 0: no data (tare_debias) */
    double by_batch;        /* by the statistics of each batch, as in training */
    double before, after;   /* in inference mode, by the old and by the new statistics */
    /* Of all these examples, in inference mode; -1: labels are no classes. */
    int64_t correct_before, correct_after;
} tare_recalibration_losses;

/* clang-format off */
#define TARE_RECALIBRATE_FIELDS(field)                                                             \
    field(integer, batch, 0,                                                                       \
          "examples in a batch; 0: as many as the counters tell of training, else 32")             \
    field(integer, batches, 0, "batches of the data to estimate from, at most; 0: all")            \
    field(real, divisor, 0, "inputs are divided by it; 0: 255 for uint8, else 1")
/* clang-format on */
TARE_OPTIONS(tare_recalibrate_options, TARE_RECALIBRATE_FIELDS);
#define TARE_RECALIBRATE_DEFAULTS TARE_DEFAULTS(tare_recalibrate_options, TARE_RECALIBRATE_FIELDS)

/** What was estimated. Owned by the caller. */
typedef struct tare_recalibration tare_recalibration;

/**
 * Estimates the moving statistics of every batch normalisation layer anew from data, without
 * training, and sets them.
 *
 *     moving_mean      mean of the batches' means
 *     moving_variance  mean of the batches' variances + variance of the batches' means
 *
 * The network runs in training mode, where every layer normalises by its batch: one pass over the
 * data does for all layers. A last batch of fewer examples is left out. The variance of a batch is
 * the one that the layer's moving average takes; with virtual batches both are the ghosts' means. A
 * layer that is called several times takes each call as a batch.
 *
 * Nothing but moving_mean and moving_variance changes: not the weights, not what optimisers, the
 * debiasing of averages and batch renormalisation keep, not the count of random draws. The
 * counters of these layers begin anew and are not complete (tare_norm_counters). A layer whose
 * averages nothing in the graph updates keeps its statistics, with a reason.
 *
 * data    training examples: the statistics are to be those that the weights were trained with.
 * Errors  NaN or infinity in the statistics of a batch, with layer and batch; no layer at all that
 *         is updated; a variable without a value; what running can fail of. Then nothing has
 *         changed, and *recalibration is NULL.
 * Source  Wu and Johnson 2021, arXiv:2105.07576, section 3 (precise statistics).
 */
TARE_API tare_status tare_recalibrate_with(tare_session *session, const tare_network *network,
                                           const tare_dataset *data,
                                           const tare_recalibrate_options *options,
                                           tare_recalibration **recalibration, tare_error *error);
#define tare_recalibrate(...) tare_recalibrate_(__VA_ARGS__, .reserved = 0)
#define tare_recalibrate_(session, network, data, recalibration, error, ...)                       \
    TARE_KW(                                                                                       \
        tare_recalibrate_with(session, network, data,                                              \
                              &(tare_recalibrate_options){TARE_RECALIBRATE_DEFAULTS, __VA_ARGS__}, \
                              recalibration, error))
/**
 * Divides the weight of the first value out of moving averages, without data.
 *
 *     average = (average - w first) / (1 - w)      w = momentum^updates
 *
 * first is what the layer's initialisers give: 0 for the mean and 1 for the variance by default. A
 * layer whose averages nothing in the graph updates stays, with a reason; counters as for
 * tare_recalibrate.
 *
 * Errors  a layer whose counters are missing or tell of no update, whose averages have no such bias
 *         (zero_debias, cumulative, momentum 1), with renormalisation, or with first values that
 *         are drawn or no longer finite; no layer at all that is updated. Then nothing has changed.
 */
TARE_API tare_status tare_debias(tare_session *session, tare_recalibration **recalibration,
                                 tare_error *error);
TARE_API void tare_recalibration_free(tare_recalibration *recalibration);
/** Number of batch normalisations. */
TARE_API size_t tare_recalibration_count(const tare_recalibration *recalibration);
/** Layer i in order of creation; NULL beyond the last. */
TARE_API const tare_recalibrated_layer *
tare_recalibration_layer(const tare_recalibration *recalibration, size_t i);
TARE_API tare_status tare_recalibration_loss(const tare_recalibration *recalibration,
                                             tare_recalibration_losses *losses);
/** The report as text, and as JSON. Free with tare_text_free. NULL: no memory. */
TARE_API char *tare_recalibration_text(const tare_recalibration *recalibration);
TARE_API char *tare_recalibration_json(const tare_recalibration *recalibration);

/* --------------------------------------------------------------------------------- folding */

/** A channel of weights that a batch normalisation went into. */
typedef struct tare_folded_channel {
    double scale;                  /* gamma / sqrt(variance + epsilon) */
    double before_min, before_max; /* of the weights, without it */
    double after_min, after_max;   /* and with it */
} tare_folded_channel;

/** What became of one batch normalisation. Everything belongs to the folding. */
typedef struct tare_folded_layer {
    const char *name;    /* "conv2d/batch_normalization" */
    const char *product; /* the node that took it, "conv2d/Conv2D"; NULL: it stays */
    bool before;         /* it stands before that product; else behind it */
    const char *reason;  /* why it stays; NULL: it does not */
    const char *weights; /* the variable of that product, "conv2d/kernel"; NULL: it stays */
    const tare_folded_channel
        *channels; /* [channel_count], the product's or, before it, its input's */
    int64_t channel_count;
} tare_folded_layer;

/** How far the network's answers after folding are from those before. */
typedef struct tare_fold_difference {
    size_t struct_size;  /* set by the caller */
    int64_t examples;    /* that were looked at; 0: not measured */
    bool drawn;          /* they were drawn from the normal distribution */
    double worst, range; /* the greatest difference; greatest less least answer before */
} tare_fold_difference;

/* clang-format off */
#define TARE_FOLD_FIELDS(field)                                                                    \
    field(integer, examples, 64, "examples to measure the difference on, at most; 0: do not")      \
    field(real, divisor, 0, "inputs are divided by it; 0: 255 for uint8, else 1")
/* clang-format on */
TARE_OPTIONS(tare_fold_options, TARE_FOLD_FIELDS);
#define TARE_FOLD_DEFAULTS TARE_DEFAULTS(tare_fold_options, TARE_FOLD_FIELDS)

/** What was folded. Owned by the caller. */
typedef struct tare_folding tare_folding;

/**
 * Folds every batch normalisation on the way to network's logits into the product (dense or
 * convolution: grouped, depthwise, transposed) behind which it stands, or before which it stands
 * where that is exact.
 *
 *     (x W + b) scale + shift  =  x (W scale) + (b scale + shift)
 *     (x scale + shift) W + b  =  x (scale W) + (b + shift W)         no padding
 *
 * The session's variables change, the graph does not: weights and biases become the folded ones,
 * and the layer's own are set so that it leaves x as it is, to the bit; a product without a bias
 * leaves it the shift to add. Checkpoints of the session go with the same network.
 *
 * What stands between a product and a layer behind it, or follows the layer, joins the map and does
 * nothing afterwards:
 * sums, differences and products with a variable of its own of one number for each channel, and
 * other normalisations that were folded.
 *
 * A layer stays, with a reason, where somebody else on the way to the logits reads the product as
 * it is or shares its weights, where it does not normalise the product's channels, or is no plain
 * batch normalisation by moving statistics.
 *
 * data    for the difference; NULL: examples are drawn where the inputs' shape is known.
 * Errors  a variable without a value; what running can fail of. *folding is NULL then; layers may
 *         have been folded or not, the answers are the same.
 */
TARE_API tare_status tare_fold_with(tare_session *session, const tare_network *network,
                                    const tare_dataset *data, const tare_fold_options *options,
                                    tare_folding **folding, tare_error *error);
#define tare_fold(...) tare_fold_(__VA_ARGS__, .reserved = 0)
#define tare_fold_(session, network, data, folding, error, ...)                                    \
    TARE_KW(tare_fold_with(session, network, data,                                                 \
                           &(tare_fold_options){TARE_FOLD_DEFAULTS, __VA_ARGS__}, folding, error))
TARE_API void tare_folding_free(tare_folding *folding);
/** Number of batch normalisations. */
TARE_API size_t tare_folding_count(const tare_folding *folding);
/** Layer i in order of creation; NULL beyond the last. */
TARE_API const tare_folded_layer *tare_folding_layer(const tare_folding *folding, size_t i);
TARE_API tare_status tare_folding_difference(const tare_folding *folding,
                                             tare_fold_difference *difference);
/** The report as text, and as JSON. Free with tare_text_free. NULL: no memory. */
TARE_API char *tare_folding_text(const tare_folding *folding);
TARE_API char *tare_folding_json(const tare_folding *folding);
/**
 * Writes the weights that the logits depend on as a .safetensors file without the layers that were
 * folded: a product that had no bias has one there, "conv2d/bias" beside "conv2d/kernel". The
 * session of the folding must still be there.
 */
TARE_API tare_status tare_folding_save_weights(tare_folding *folding, const char *path,
                                               tare_error *error);

/* ---------------------------------------------------------------------------------- ranges */

/**
 * How ranges follow from numbers. The values are fixed.
 *
 * minmax      from the least to the greatest number
 * average     of each batch's least and greatest, as tf.contrib.quantize: value -= (value -
 * batch's) (1 - decay), begun with the first batch's percentile  the least range that leaves out
 * the same share of numbers at both ends entropy     the range, cut at both ends by |x|, whose 128
 * levels tell most of |x|'s distribution: least Kullback-Leibler divergence
 */
typedef enum tare_observer_kind {
    TARE_OBSERVER_MINMAX = 0,
    TARE_OBSERVER_AVERAGE = 1,
    TARE_OBSERVER_PERCENTILE = 2,
    TARE_OBSERVER_ENTROPY = 3
} tare_observer_kind;
#define TARE_OBSERVER_WORDS "minmax,average,percentile,entropy"

/* clang-format off */
#define TARE_OBSERVE_FIELDS(field)                                                                 \
    field(choice, observer, TARE_OBSERVER_MINMAX, "minmax, average, percentile or entropy")        \
    field(real, percentile, 99.99, "percent of the numbers that the range holds")                  \
    field(real, decay, .999, "weight of the old value in the average")                             \
    field(integer, batch, 32, "examples in a batch")                                               \
    field(real, divisor, 0, "inputs are divided by it; 0: 255 for uint8, else 1")
/* clang-format on */
TARE_OPTIONS(tare_observe_options, TARE_OBSERVE_FIELDS);
#define TARE_OBSERVE_DEFAULTS TARE_DEFAULTS(tare_observe_options, TARE_OBSERVE_FIELDS)

/**
 * The ranges of a float model's tensors on data: ranges receives one for each tensor, known where
 * it is computed and float32.
 * Errors  a model of several inputs, or quantised already; numbers that are not finite; what
 *         running can fail of.
 */
TARE_API tare_status tare_tflite_observe_with(const tare_tflite *model, const tare_dataset *data,
                                              const tare_observe_options *options,
                                              tare_tflite_range *ranges, tare_error *error);
#define tare_tflite_observe(...) tare_tflite_observe_(__VA_ARGS__, .reserved = 0)
#define tare_tflite_observe_(model, data, ranges, error, ...)                                      \
    TARE_KW(tare_tflite_observe_with(                                                              \
        model, data, &(tare_observe_options){TARE_OBSERVE_DEFAULTS, __VA_ARGS__}, ranges, error))

/* ----------------------------------------------------------- training with fake quantisation */

/* clang-format off */
#define TARE_QUANTISE_TRAINING_FIELDS(field)                                                      \
    field(integer, weight_bits, 8, "bits of a weight, 2 to 16; 0: weights stay as they are")      \
    field(integer, activation_bits, 8,                                                            \
          "bits of an activation, 2 to 16; 0: activations stay as they are")                      \
    field(boolean, per_channel, true, "a range for each channel of a convolution's weights")      \
    field(boolean, symmetric, true,                                                               \
          "weights of -max |w| to max |w|, as int8 has them; else of min w to max w, as uint8")   \
    field(integer, delay, 0, "training steps before numbers are rounded")                         \
    field(integer, freeze_delay, 200000,                                                          \
          "training steps before batch normalisation takes its moving statistics, and keeps them") \
    field(real, decay, .999, "weight of the old value in the moving ranges of activations")
/* clang-format on */
TARE_OPTIONS(tare_quantise_training_options, TARE_QUANTISE_TRAINING_FIELDS);
#define TARE_QUANTISE_TRAINING_DEFAULTS                                                            \
    TARE_DEFAULTS(tare_quantise_training_options, TARE_QUANTISE_TRAINING_FIELDS)

/**
 * Builds a network's way from inputs to logits anew with every number rounded as an int8 model will
 * have it, and its loss from that; to be called before the training step is built. network->logits
 * and network->loss are the new ones afterwards, over the same variables; network->training is made
 * where there was none.
 *
 * Weights are rounded to what they span, folded with the batch normalisation behind them: by the
 * moving deviation, put right by s_moving / s_batch behind the product, so that the rounding does
 * not follow each batch. After freeze_delay steps normalisation goes by its moving statistics,
 * which stay. Activations are rounded to a moving range of the batches' least and greatest numbers,
 * kept in variables LAYER/act_quant/min, max and count, which the training step updates; results
 * with a fixed scale in TensorFlow Lite have that. Steps are those of tare_global_step.
 *
 * In inference mode (training false) the same graph answers as the int8 model will.
 *
 * Gradients  through rounding as through a clip at the ends of the range; none reaches the ranges.
 * Errors     a network whose training step is built already, or that is quantised already; no
 *            product with weights on the way; a batch normalisation that cannot be folded into the
 *            product before it, with the reason; bits, delays or decay out of range. The graph
 *            stays as it was.
 * Source     tensorflow/contrib/quantize (r1.15); Jacob et al. 2018, arXiv:1712.05877, section 3.
 */
TARE_API tare_status tare_quantise_training_with(tare_network *network,
                                                 const tare_quantise_training_options *options,
                                                 tare_error *error);
#define tare_quantise_training(...) tare_quantise_training_(__VA_ARGS__, .reserved = 0)
#define tare_quantise_training_(network, error, ...)                                               \
    TARE_KW(tare_quantise_training_with(                                                           \
        network, &(tare_quantise_training_options){TARE_QUANTISE_TRAINING_DEFAULTS, __VA_ARGS__},  \
        error))

/**
 * What such training found, for folding and exporting: network->logits is again the answer before
 * rounding, and the ranges of the session's variables become those of the graph's tensors
 * (tare_graph_range), which tare_tflite_export takes along. A range that no training step has moved
 * stays unknown.
 * Errors  TARE_ERROR_STATE: a network that is not quantised; variables without values.
 */
TARE_API tare_status tare_quantise_trained(tare_session *session, tare_network *network,
                                           tare_error *error);

#ifdef __cplusplus
}
#endif

#endif
