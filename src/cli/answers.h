/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a .tflite model answers to examples. Numbers go in and come out as they are meant:
 * whole-number models are given quanta of them, and their answers are scaled back.
 */
#ifndef TARE_SRC_CLI_ANSWERS_H
#define TARE_SRC_CLI_ANSWERS_H

#include <tare/data.h>
#include <tare/tflite.h>

/* batch: examples at once, where the model takes any number. *answers: [examples, ..] float32, the
 * caller's. path: for messages. */
tare_status tare_answers(const tare_tflite *model, const char *path, const tare_dataset *examples,
                         int64_t batch, int64_t threads, tare_array **answers, tare_error *error);

/* Somebody who looks on. Zero: nobody. */
typedef struct tare_answers_watch {
    void (*seen)(void *user, int64_t done, int64_t all);
    void *user;
    double seconds; /* set: that running took, without building the model */
} tare_answers_watch;
/* The same, watched. */
tare_status tare_answers_watched(const tare_tflite *model, const char *path,
                                 const tare_dataset *examples, int64_t batch, int64_t threads,
                                 tare_answers_watch *watch, tare_array **answers,
                                 tare_error *error);

#endif
