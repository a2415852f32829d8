/* SPDX-License-Identifier: Apache-2.0 */
/* A network of the zoo: one const struct, one file. */
#ifndef TARE_SRC_ZOO_NETWORK_H
#define TARE_SRC_ZOO_NETWORK_H

#include "graph/graph.h"
#include <tare/zoo.h>

typedef struct tare_zoo_network {
    const char *name, *help, *data;
    const tare_option_table *table;
    const tare_recipe *recipes; /* ends with name NULL */
    /* Errors are the graph's. options: a whole struct of the table's. */
    void (*build)(tare_graph *graph, const void *options, tare_network *network);
} tare_zoo_network;

/* A network while it is made: what `build` is handed is the first member of one of these. */
typedef struct tare_zoo_making {
    tare_network network;
    const tare_quantise_training_options *quantise; /* NULL: not at all, or done */
} tare_zoo_making;

extern const tare_zoo_network tare_zoo_question;
extern const tare_zoo_network tare_zoo_mlp_bn;
extern const tare_zoo_network tare_zoo_lenet_bn;
extern const tare_zoo_network tare_zoo_channelwise;
extern const tare_zoo_network tare_zoo_heatmap;
extern const tare_zoo_network tare_zoo_fashion;
extern const tare_zoo_network tare_zoo_action3d;
extern const tare_zoo_network tare_zoo_house_prices;
extern const tare_zoo_network tare_zoo_resnet20;
extern const tare_zoo_network tare_zoo_resnet50;
extern const tare_zoo_network tare_zoo_conv3d;
extern const tare_zoo_network tare_zoo_mobilenet;

#endif
