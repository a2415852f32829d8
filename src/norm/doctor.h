/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the doctor. A patient is what checks look at: layers, their statistics and
 * counters, and what a probe with data measured. A check is one const struct, one file, one line in
 * the table of doctor_checks.c; it adds findings and knows no other check.
 */
#ifndef TARE_SRC_NORM_DOCTOR_H
#define TARE_SRC_NORM_DOCTOR_H

#include "norm/layers.h"

#define TARE_UNKNOWN ((double)NAN)

/* A batch normalisation layer. Arrays are the session's own numbers. */
typedef struct tare_patient_layer {
    const char *name;
    tare_norm_statistics variables;
    const tare_array *mean, *variance, *gamma, *beta; /* gamma, beta: NULL where there is none */
    tare_norm_counters counters;
    /* How moving_variance is updated; NULL: nothing in the graph updates it. */
    const tare_node *update;
    int64_t calls;   /* updates of moving_variance in the graph: one for each call in training */
    double momentum; /* of the average; NaN: each value has the same weight, or no update */
    bool debiased;   /* the first value has no weight in it */
    bool initial;    /* both statistics are their first values, to the bit */
    double epsilon;
    tare_edge x; /* what is normalised; node 0: not known */
    tare_edge batch_mean,
        batch_variance; /* statistics of a batch, when training; node 0: unknown */
    bool is_deviation;  /* batch_variance is a root */
    /* By the probe. */
    double spread; /* deviation over mean of the batches' deviations, median of channels; NaN */
} tare_patient_layer;

/* Losses less those by the batch's statistics, batch by batch. */
typedef struct tare_gap {
    double mean, standard_error;
    int64_t worse; /* batches whose loss is greater, or NaN */
} tare_gap;

/* What running the network on data showed. */
typedef struct tare_probe {
    bool done;
    int64_t batches, batch;
    /* Mean losses on the same batches: by the batch's statistics, by the stored ones, by statistics
     * estimated anew from these batches. NaN: no such mode. */
    double batch_loss, stored_loss, estimated_loss;
    tare_gap stored_gap, estimated_gap;
    bool has_targets; /* labels are numbers to be met; else classes */
    double label_mean, label_deviation;
    double answer_deviation, squared_error; /* of the answers in inference mode */
} tare_probe;

/* What lies between the last layer and the network's answer. */
typedef struct tare_output_path {
    const tare_node *node;     /* what the answer is made of; NULL: not known */
    double factor;             /* the answer is that times it */
    tare_patient_layer *layer; /* the batch normalisation that it is; NULL: it is none */
} tare_output_path;

typedef struct tare_patient {
    tare_session *session;
    tare_graph *graph;
    const tare_network *network; /* NULL: none */
    const tare_dataset *data;    /* NULL: none */
    tare_examine_options options;
    tare_arena *arena; /* the diagnosis's */
    tare_diagnosis *diagnosis;
    tare_patient_layer *layers;
    size_t layer_count;
    int64_t steps;        /* of the optimiser; -1: not known */
    bool trained;         /* some step was taken, or some gamma or beta is no more what it was */
    double learning_rate; /* at the first step; NaN: not known */
    tare_output_path output;
    tare_probe probe;
    tare_error *error;
} tare_patient;

typedef struct tare_check {
    tare_check_description about;
    const char *fix;
    tare_status (*run)(const struct tare_check *check, tare_patient *patient);
} tare_check;

extern const tare_check tare_check_never_updated, tare_check_update_rhythm,
    tare_check_slow_momentum, tare_check_inverted_momentum, tare_check_one_value,
    tare_check_tiny_batches, tare_check_not_finite, tare_check_missing_statistics,
    tare_check_output_norm, tare_check_label_scale, tare_check_predicts_mean, tare_check_mode_gap,
    tare_check_several_streams, tare_check_dropout_before, tare_check_bias_before,
    tare_check_dead_channels;
/* Check i of the table; NULL beyond the last. */
const tare_check *tare_check_of_table(size_t i);

/* doctor_layers.c: fills layers; in the arena. */
tare_status tare_patient_find_layers(tare_patient *patient);
/* doctor_training.c: fills steps, trained, learning_rate. */
tare_status tare_patient_find_training(tare_patient *patient);
/* doctor_output.c: fills output. */
void tare_patient_find_output(tare_patient *patient);
/* doctor_probe.c: fills probe and the layers' spread, where there are a network and data. */
tare_status tare_patient_probe(tare_patient *patient);

/* ---- what checks tell */

#define TARE_MOST_EVIDENCE 8

/* A finding being made, in the diagnosis already. NULL: no memory, which the functions below take
 * for nothing to do; tare_finding_end tells. */
typedef struct tare_finding_draft tare_finding_draft;
tare_finding_draft *tare_finding_begin(const tare_check *check, tare_patient *patient,
                                       tare_severity severity);
/* Layers in any order; the worst first by `badness`. */
void tare_finding_layer(tare_finding_draft *draft, const tare_patient_layer *layer, double badness);
void tare_finding_evidence(tare_finding_draft *draft, const char *name, double value);
/* The sentence, in parts. */
void tare_finding_say(tare_finding_draft *draft, const char *format, ...) TARE_PRINTF(2, 3);
/* A number as people read it, three significant digits, into the sentence. */
void tare_finding_number(tare_finding_draft *draft, double number);
tare_status tare_finding_end(tare_finding_draft *draft);

/* Whether a check was asked to be silent. */
bool tare_check_is_suppressed(const tare_check *check, const char *list);

/* ---- the diagnosis */

struct tare_finding_draft {
    tare_finding finding;
    tare_diagnosis *diagnosis;
    const char **layers;     /* [layers of the patient] */
    double *badness;         /* [layers of the patient] */
    tare_evidence *evidence; /* [TARE_MOST_EVIDENCE] */
    tare_text sentence;
    tare_error *error;
    struct tare_finding_draft *next;
};

struct tare_diagnosis {
    tare_allocator allocator;
    tare_arena *arena;
    tare_finding_draft *first, **last;
    const tare_finding **findings; /* sorted; filled at the end */
    size_t count;
    size_t layers, checks_run;
    const tare_check **left_out; /* for want of data */
    size_t left_out_count;
    tare_probe probe;
};

#endif
