/* SPDX-License-Identifier: Apache-2.0 */
/* How far one model's answers are from another's, and how often they are right. */
#ifndef TARE_SRC_CLI_ANSWERS_APART_H
#define TARE_SRC_CLI_ANSWERS_APART_H

#include <tare/data.h>

typedef struct tare_apart {
    int64_t examples;          /* 0: none */
    double worst, mean, range; /* differences; greatest less least answer wanted */
    int64_t agreeing;          /* examples with the same greatest answer */
} tare_apart;
/* Both: [examples, ..] float32 of one shape. */
tare_apart tare_answers_apart(const tare_array *wanted, const tare_array *got);

/* Examples whose greatest answer stands at their label. */
int64_t tare_answers_correct(const tare_array *answers, const tare_dataset *examples);

#endif
