/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an explanation, for those who print it. */
#ifndef TARE_SRC_NORM_EXPLAIN_H
#define TARE_SRC_NORM_EXPLAIN_H

#include "base/memory.h"
#include <tare/norm.h>

struct tare_explanation {
    tare_allocator allocator;
    tare_arena *arena; /* layers, updates, names */
    tare_explained_layer *layers;
    tare_explained_update **updates; /* by layer: what layers[i].updates points at */
    const tare_array **training;     /* by layer: the mode that was fed; NULL where it is fixed */
    size_t count;
    tare_array **arrays; /* every array that the layers point at */
    size_t array_count, array_capacity;
};

#endif
