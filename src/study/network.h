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
/* The first training examples, as many as there are test examples: what training came to is
 * measured on them. */
tare_status tare_study_sample(tare_study *study, const tare_study_data *data,
                              tare_dataset **sample);

/*
 * Makes the network with the study's learning rate, then `settings` ("norm=none,width=8"; NULL:
 * none) in its options, and gives its variables their first values. tare_workshop_end in any case.
 */
tare_status tare_study_open(tare_study *study, const char *network, const char *settings,
                            const tare_study_data *data, tare_workshop *workshop);
/* The same for a network whose options are chosen already. */
tare_status tare_study_build(tare_study *study, tare_workshop *workshop);
/*
 * Gives the trainable variables of one network their values in another where it has them by the
 * same names, so that forms that differ in their normalisation alone begin alike.
 */
tare_status tare_study_copy_weights(tare_study *study, const tare_workshop *from,
                                    const tare_workshop *to);
/* The same from the network with other settings, which is made for it. */
tare_status tare_study_begin_as(tare_study *study, const char *settings,
                                const tare_study_data *data, const tare_workshop *workshop);
/* Trains it as tare_study_fit does; checkpoints remember its options and the data's name. */
tare_status tare_study_train(tare_study *study, const char *variant, const tare_workshop *workshop,
                             const tare_study_data *data, tare_fit_result *result);

/* Examines the trained network as tare doctor does, on its training examples, and adds what is
 * graver than a remark to the study's findings. */
tare_status tare_study_examine(tare_study *study, const char *variant,
                               const tare_workshop *workshop, const tare_study_data *data);

/*
 * Loss and share of right answers on examples in inference; with training_mode in batches of the
 * study, by the statistics of each itself, which are not kept. accuracy may be NULL.
 */
tare_status tare_study_measure(tare_study *study, const tare_workshop *workshop,
                               const tare_dataset *examples, bool training_mode, double *loss,
                               double *accuracy);
/* The same in batches of a size of one's own, for what depends on it; loss may be NULL too. */
tare_status tare_study_measure_in_batches(tare_study *study, const tare_workshop *workshop,
                                          const tare_dataset *examples, int64_t batch,
                                          bool training_mode, double *loss, double *accuracy);
/*
 * The loss in training mode on the study's sample: what training comes to, also where it was done
 * earlier and is only resumed.
 */
tare_status tare_study_training_loss(tare_study *study, const tare_workshop *workshop,
                                     const tare_study_data *data, double *loss);

/* Three standard errors of an accuracy on these examples: smaller differences tell nothing. */
double tare_study_noise(const tare_dataset *examples, double accuracy);

#endif
