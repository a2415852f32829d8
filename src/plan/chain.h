/* SPDX-License-Identifier: Apache-2.0 */
/* A step that does several elementwise ones block by block, as the pass makes it and it runs. */
#ifndef TARE_SRC_PLAN_CHAIN_H
#define TARE_SRC_PLAN_CHAIN_H

#include "graph/op.h"

enum {
    TARE_CHAIN_BLOCK = 1024, /* elements of a block, about: a few of them stay in the nearest
                                cache */
    TARE_MOST_LINKS = 12,
    TARE_LINK_INPUTS = 4
};

/* One of the steps. An input is what an earlier link made (its number), or, counted down from -1,
 * an input of the chain. */
typedef struct tare_link {
    const tare_op_def *def;
    const void *options;
    int32_t input_count;
    int32_t inputs[TARE_LINK_INPUTS];
    tare_dtype dtypes[TARE_LINK_INPUTS], output; /* of what it takes and makes */
    bool single[TARE_LINK_INPUTS];               /* the input is one number for all elements */
} tare_link;

/* The chain's options. */
typedef struct tare_chain {
    int32_t count;
    tare_link links[TARE_MOST_LINKS];
    int64_t period; /* elements after which what is broadcast repeats at the latest */
    int32_t over;   /* input of the chain whose memory the result may take; -1 */
} tare_chain;

tare_status tare_chain_prepare(tare_prepare *prepare);

#endif
