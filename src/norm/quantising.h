/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of training with fake quantisation: a network's nodes are built anew, one by one on
 * the way to its answer, with rounding in between. What was there before stays in the graph.
 */
#ifndef TARE_SRC_NORM_QUANTISING_H
#define TARE_SRC_NORM_QUANTISING_H

#include "norm/folding.h"

/* The range that a tensor is rounded to: of variables that training moves, or fixed. */
typedef struct tare_fake_range {
    tare_tensor variables[3]; /* min, max, count; null: fixed */
    tare_tensor min, max;     /* as rounding uses them */
    double low, high;         /* when fixed */
} tare_fake_range;
enum { TARE_FAKE_MIN, TARE_FAKE_MAX, TARE_FAKE_COUNT };

/* An update of moving statistics, and the one that takes its place. */
typedef struct tare_renewed_update {
    tare_tensor before, after, output;
    struct tare_renewed_update *next;
} tare_renewed_update;

typedef struct tare_quantising {
    tare_graph *graph;
    tare_network *network;
    tare_quantise_training_options options;
    tare_folding found; /* what is on the way to the answer, and where layers fold */
    int32_t last;       /* the last node that matters */
    tare_tensor active; /* whether numbers are rounded yet; null: they are from the beginning */
    tare_tensor frozen; /* whether statistics stay; null: never */
    /* By node id. */
    const tare_fold_place **places; /* of the normalisation that stands there, and of what it
                                       swallows: a product and its bias */
    tare_tensor *copies;            /* output 0 anew; null: the node does not depend on the input */
    const tare_fake_range **ranges; /* NULL: it is not rounded */
    bool *open;                     /* sums of a product whose bias or rectifier is to come */
    const tare_node **contexts;     /* of an open one and what closes it: the product */
    bool *matters;                  /* the loss depends on it */
    tare_renewed_update *renewed;   /* the latest first */
    tare_error *error;
} tare_quantising;

/* Collections of the graph, so that what training found is found again. */
#define TARE_QUANTISED_ANSWERS "~quantised_answers" /* pairs: before, after */
#define TARE_QUANTISED_RANGES  "~quantised_ranges"  /* a tensor; min, max and count of its range */
#define TARE_QUANTISED_UPDATES "~quantised_updates" /* whose place others have taken */

extern const tare_option_table tare_quantise_training_table;

/* quantise_walk.c: builds everything; errors are the graph's. */
void tare_quantising_walk(tare_quantising *q);

/* quantise_copy.c */
/* What a node's input i has become. */
tare_tensor tare_quantising_input(const tare_quantising *q, const tare_node *node, int32_t i);
/* What a node that stands for another is called: its name and a tail; NULL: it has none. */
const char *tare_quantising_name(const tare_node *node, const char *tail, char *buffer,
                                 size_t size);
/* The node anew on other inputs: `count` of them; NULL: what its own have become. */
tare_tensor tare_quantising_copy(const tare_quantising *q, const tare_node *node,
                                 const tare_tensor *inputs, size_t count);

/* quantise_weights.c: weights in one of a product's forms, times a scale of its outputs (null:
 * one), rounded. */
tare_tensor tare_quantising_weights(const tare_quantising *q, const tare_product *form,
                                    tare_tensor weights, tare_tensor scale);
/* quantise_fold.c: a product with the normalisation behind it. */
tare_tensor tare_quantising_fold(tare_quantising *q, const tare_fold_place *place);

/* quantise_range.c */
/* x rounded to a range: to a new one of the node's name, or (again) to one there is. */
tare_tensor tare_quantising_round(tare_quantising *q, const tare_node *node, tare_tensor x);
tare_tensor tare_quantising_round_to(tare_quantising *q, const tare_node *node, tare_tensor x,
                                     const tare_fake_range *range);
/* The same of the means of numbers that were rounded to the range, as int8 has them. */
tare_tensor tare_quantising_round_mean(tare_quantising *q, const tare_node *node, tare_tensor x,
                                       const tare_fake_range *range);
const tare_fake_range *tare_quantising_fixed_range(const tare_quantising *q, double low,
                                                   double high);
/* Notes that a tensor of the network as it was has the range. */
void tare_quantising_note_range(const tare_quantising *q, const tare_node *node,
                                const tare_fake_range *range);

#endif
