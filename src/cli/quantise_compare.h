/* SPDX-License-Identifier: Apache-2.0 */
/* What each choice of quantisation costs: the variants side by side, and where they lose. */
#ifndef TARE_SRC_CLI_QUANTISE_COMPARE_H
#define TARE_SRC_CLI_QUANTISE_COMPARE_H

#include "cli/counter.h"
#include "cli/quantise.h"
#include "norm/noise.h"

enum { TARE_QUANTISE_VARIANTS = 6 };

typedef struct tare_quantise_variant {
    const char *name;
    int64_t correct;  /* examples with the greatest answer at their label */
    tare_apart apart; /* from the float answers */
    int64_t bytes;    /* of the file; -1: there is none */
    double seconds;   /* for all examples */
} tare_quantise_variant;

/* What a variant loses by layer, and why the layer that loses most does. */
typedef struct tare_quantise_loss {
    const char *name;
    tare_noise_report report;
    tare_text reason;
} tare_quantise_loss;
enum {
    TARE_QUANTISE_PER_CHANNEL,
    TARE_QUANTISE_PER_TENSOR,
    TARE_QUANTISE_DEFAULT,
    TARE_QUANTISE_LOSSES
};

typedef struct tare_quantise_comparison {
    tare_quantise_job *job;
    tare_dataset *test;
    const char *data;
    char default_name[64]; /* "default ranges 0,6" */
    tare_array *wanted;    /* the float answers */
    tare_quantise_variant variants[TARE_QUANTISE_VARIANTS];
    int variant_count;
    tare_quantise_loss losses[TARE_QUANTISE_LOSSES];
    tare_counter counter;
} tare_quantise_comparison;

/* quantise_table.c */
void tare_quantise_compare_text(const tare_quantise_comparison *comparison, tare_text *text);
void tare_quantise_compare_json(const tare_quantise_comparison *comparison, tare_json *json);

#endif
