/* SPDX-License-Identifier: Apache-2.0 */
/* The batch normalisation layers of a graph: scopes with a moving_mean and a moving_variance. */
#ifndef TARE_SRC_NORM_LAYERS_H
#define TARE_SRC_NORM_LAYERS_H

#include "session/session.h"
#include <tare/norm.h>

/* The variables that make a layer. */
typedef struct tare_norm_statistics {
    const char *name; /* its first name_length bytes: "hidden1/batch_normalization" */
    int name_length;
    const tare_node *mean, *variance;
} tare_norm_statistics;

/* The next layer in order of creation; start with *position = 0. False: there is none left. */
bool tare_norm_layer_at(const tare_graph *graph, int64_t *position, tare_norm_statistics *found);

/* The variable LAST beside a layer's statistics, "gamma"; NULL: there is none. */
const tare_node *tare_norm_variable(const tare_graph *graph, const tare_norm_statistics *layer,
                                    const char *last);

tare_norm_counters tare_norm_counters_of(const tare_session *session,
                                         const tare_norm_statistics *layer);

#endif
