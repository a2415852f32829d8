/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of folding: where each batch normalisation can go, the numbers when it does, and what
 * that changes in the network's answers.
 */
#ifndef TARE_SRC_NORM_FOLDING_H
#define TARE_SRC_NORM_FOLDING_H

#include "norm/layers.h"

/* Something between a product and the normalisation behind it: it adds, takes away or multiplies by
 * a variable of its own, a number a channel. */
typedef enum tare_fold_deed {
    TARE_FOLD_ADD = 0,
    TARE_FOLD_SUBTRACT = 1,
    TARE_FOLD_MULTIPLY = 2
} tare_fold_deed;
typedef struct tare_fold_link {
    tare_fold_deed deed;
    const tare_node *variable;
    const struct tare_fold_place *norm; /* whose variable it is, another normalisation; NULL */
} tare_fold_link;
enum { TARE_FOLD_MOST_LINKS = 8 };

/* One batch normalisation, and the product that can take it. Nodes are the graph's. */
typedef struct tare_fold_place {
    tare_folded_layer told;
    tare_norm_statistics statistics;
    const tare_node *norm;         /* NULL: none reads the statistics */
    const tare_node *gamma, *beta; /* variables; NULL: none */
    const tare_node *product;
    const tare_node *weights, *bias; /* variables; bias NULL: none */
    tare_product form;
    tare_fold_link links[TARE_FOLD_MOST_LINKS]; /* from the normalisation down to the product */
    int link_count;
    tare_fold_link followers[TARE_FOLD_MOST_LINKS]; /* of the normalisation, from it onwards */
    int follower_count;
} tare_fold_place;

/* The link that takes the shift of a product without a bias, the nearest to it, so that all that
 * normalise it agree; NULL: the normalisation keeps it. */
static inline const tare_fold_link *tare_fold_shift_link(const tare_fold_place *place) {
    for (int i = place->link_count - 1; !place->bias && i >= 0; i--)
        if (place->links[i].deed != TARE_FOLD_MULTIPLY) return &place->links[i];
    return NULL;
}

struct tare_folding {
    tare_allocator allocator;
    tare_arena *arena;
    tare_session *session; /* during the call only */
    const tare_graph *graph;
    const tare_network *network;
    tare_fold_place *places; /* [count] */
    size_t count, folded;
    int32_t *uses;   /* by node id: how often the network's answer reads it; 0: not at all */
    int32_t *reader; /* by node id: the last node on the way to the answer that reads it; 0: none */
    tare_fold_difference difference;
    tare_error *error;
};

/* fold_find.c: fills uses, reader and places; each has a product or a reason. */
tare_status tare_fold_find(tare_folding *folding);
/* Whether a node is a product, and how. */
bool tare_fold_is_product(const tare_folding *folding, const tare_node *node, tare_product *form);

/* fold_numbers.c: folds one place in the session, or gives it a reason. */
tare_status tare_fold_numbers(tare_folding *folding, tare_fold_place *place);

/* fold_channels.c: notes for each channel of a place its scale and what it does to the weights. */
tare_status tare_fold_note_channels(tare_folding *folding, tare_fold_place *place,
                                    const tare_array *scale, const tare_array *before,
                                    const tare_array *after);

/* fold_measure.c: the answers of the network as it stands, each layer computed by itself, and after
 * folding; data NULL: examples are drawn. *answers: the caller's; NULL where nothing can be drawn.
 */
typedef struct tare_fold_trial {
    tare_folding *folding;
    tare_dataset *examples;
    tare_array *before;
    tare_evaluate_options options;
} tare_fold_trial;
tare_status tare_fold_trial_begin(tare_fold_trial *trial, const tare_dataset *data,
                                  const tare_fold_options *options);
tare_status tare_fold_trial_compare(tare_fold_trial *trial);
void tare_fold_trial_end(tare_fold_trial *trial);

/* The number type of a place's variables, as its two sets of functions want it. */
static inline bool tare_fold_is_wide(const tare_fold_place *place) {
    return place->weights->outputs[0].dtype == TARE_FLOAT64;
}

#endif
