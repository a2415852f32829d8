/* SPDX-License-Identifier: Apache-2.0 */
/* What studies do with networks of the zoo and with data: load, open, train. */
#ifndef TARE_SRC_STUDY_NETWORK_H
#define TARE_SRC_STUDY_NETWORK_H

#include "study/study.h"

/* The examples of a study. */
typedef struct tare_study_data {
    const char *name; /* of the data set they came from */
    tare_dataset *training, *test;
} tare_study_data;

/*
 * Loads training and test examples. request->data NULL: Fashion-MNIST where it is installed, else
 * what is drawn; a note tells. test_limit: the first so many test examples; 0: all.
 */
tare_status tare_study_load(tare_study *study, tare_data_request request, int64_t test_limit,
                            tare_study_data *data);
void tare_study_data_end(tare_study_data *data);

/*
 * Makes the network with the study's learning rate, then `settings` ("norm=none,width=8"; NULL:
 * none) in its options, and gives its variables their first values. tare_workshop_end in any case.
 */
tare_status tare_study_open(tare_study *study, const char *network, const char *settings,
                            const tare_study_data *data, tare_workshop *workshop);
/* Trains it as tare_study_fit does; checkpoints remember its options and the data's name. */
tare_status tare_study_train(tare_study *study, const char *variant, const tare_workshop *workshop,
                             const tare_study_data *data, tare_fit_result *result);

/* Examines the trained network as tare doctor does, on its training examples, and adds what is
 * graver than a remark to the study's findings. */
tare_status tare_study_examine(tare_study *study, const char *variant,
                               const tare_workshop *workshop, const tare_study_data *data);

#endif
