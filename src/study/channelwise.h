/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `tare channelwise` share: the comparison of both ways to write it, the images,
 * what is measured of a trained variant, what is learned from that. */
#ifndef TARE_SRC_STUDY_CHANNELWISE_H
#define TARE_SRC_STUDY_CHANNELWISE_H

#include "study/network.h"
#include "zoo/channelwise.h"

/* -------------------------------------------------------- by hand and slim, side by side */

/* One thing that both do, and what a run of each showed. */
typedef struct tare_comparison_row {
    const char *id;   /* in JSON: "averaged_variance" */
    const char *what; /* in the table */
    char by_hand[48], slim[48];
    bool same;
} tare_comparison_row;
#define TARE_COMPARISON_ROWS 16

typedef struct tare_comparison {
    tare_comparison_row rows[TARE_COMPARISON_ROWS];
    int count;
} tare_comparison;

/* Runs both on the same small inputs. */
tare_status tare_comparison_make(tare_comparison *comparison, tare_error *error);
/* Parts of a study's result; user: the comparison. */
void tare_comparison_add_text(tare_text *text, const void *user);
void tare_comparison_add_json(tare_json *json, const void *user);

/* ------------------------------------------------------------------------------- images */

/* Zero at first; tare_channelwise_data_end in any case. */
typedef struct tare_channelwise_data {
    tare_study_data all;
    tare_dataset *sample; /* tare_study_sample's */
    tare_dataset *sorted; /* test, by class */
} tare_channelwise_data;

/* Makes sample and sorted of all. Errors  no classes; images of another size than 28 x 28.
 */
tare_status tare_channelwise_data_derive(tare_study *study, tare_channelwise_data *data);
void tare_channelwise_data_end(tare_channelwise_data *data);

/* ----------------------------------------------------------------- a variant when it is trained */

/* The columns of the table, then what findings stand on. */
typedef struct tare_channelwise_measures {
    double training_loss;  /* of sample, normalised as in training */
    double inference_loss; /* of sample */
    double test_loss, accuracy;
    double alone;             /* accuracy one image at a time */
    double sorted;            /* accuracy in batches of one class, or of few */
    double dependence;        /* of an image's logits on those beside it, of the greatest logit */
    double deviation[2];      /* of one image after conv1, least and most, of that of a batch */
    double gamma[2], beta[2]; /* least and most; NaN: there are none */
    int64_t statistics;       /* moving means and variances */
    int64_t untouched;        /* of them still exactly 0 and 1 */
    int64_t values;           /* of a batch, for each mean of conv1 */
} tare_channelwise_measures;

typedef struct tare_channelwise_variant {
    const char *name;
    int norm;        /* a tare_channelwise_norm */
    int64_t batch;   /* examples in a step */
    int64_t steps;   /* of training that the moving averages saw; 0: they were estimated once */
    double momentum; /* of the moving averages */
    const tare_workshop *workshop;
    tare_channelwise_measures found;
} tare_channelwise_variant;

tare_status tare_channelwise_measure(tare_study *study, tare_channelwise_variant *variant,
                                     const tare_channelwise_data *data);

/* Variable i of the graph: *kind 0 and its value when it is a moving mean, 1 when a moving
 * variance; else -1 and no value. The caller frees the value. */
tare_status tare_channelwise_moving(tare_study *study, const tare_workshop *w, size_t i, int *kind,
                                    const char **name, tare_array **value);

/*
 * Estimates the statistics of a trained network once: its averages start at 0, all batches of
 * examples are seen in training mode without training, in batches of the study, and what weight the
 * averages' first value has left is divided out. momentum: of the averages.
 */
tare_status tare_channelwise_calibrate(tare_study *study, const tare_workshop *workshop,
                                       const tare_dataset *examples, double momentum);

/* ---------------------------------------------------------------------------- what is learned */

#define TARE_CHANNELWISE_ALONE 4 /* the column of a row: accuracy one image at a time */

/* What is wrong with a variant, from what was measured; reference: axes 0, 1, 2, trained alike. */
tare_status tare_channelwise_judge(tare_study *study, const tare_channelwise_variant *variant,
                                   const tare_channelwise_measures *reference);
/* What to do without running statistics, from the rows of all variants. */
tare_status tare_channelwise_conclude(tare_study *study);

#endif
