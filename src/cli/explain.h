/* SPDX-License-Identifier: Apache-2.0 */
/* What tare explain prints, from what it found. */
#ifndef TARE_SRC_CLI_EXPLAIN_H
#define TARE_SRC_CLI_EXPLAIN_H

#include "cli/workshop.h"
#include <tare/norm.h>

typedef struct tare_explained_run {
    const tare_workshop *workshop;
    tare_explanation *const *steps; /* of the training steps */
    int64_t step_count;
    const tare_explanation *inference; /* of a run of inference on the same batch after them */
    const tare_array *activation;      /* of the first layer's relu in that run; NULL: none */
    int64_t channels;                  /* to show of each layer; 0: all */
} tare_explained_run;

void tare_explained_text(const tare_explained_run *run, tare_text *text);
void tare_explained_json(const tare_explained_run *run, tare_text *text);

#endif
