/* SPDX-License-Identifier: Apache-2.0 */
/* A node that carries others, as the pass makes it and its step runs it. */
#ifndef TARE_SRC_PLAN_CARRY_H
#define TARE_SRC_PLAN_CARRY_H

#include "graph/op.h"

enum { TARE_MOST_SEATS = 8 };

/* A node as it was, its types, and where its inputs and outputs begin among all. */
typedef struct tare_seat {
    const tare_op_def *def;
    const void *options;
    int32_t input_count, output_count;
    int32_t room; /* for inputs */
    int32_t first_input, first_output;
    int32_t host_input; /* that it makes, or changes when that is kept; -1 */
    bool kept;          /* in memory, where the last output is */
    const tare_type *inputs, *outputs;
} tare_seat;

/* The carrying node's options. */
typedef struct tare_carrying {
    uint32_t reads; /* bits of the host's inputs that riders make, and keep */
    int32_t count;
    tare_seat seats[TARE_MOST_SEATS]; /* host first */
} tare_carrying;

tare_status tare_carry_prepare(tare_prepare *prepare);

#endif
