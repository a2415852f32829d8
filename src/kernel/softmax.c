/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax and cross-entropies in float32 and float64; one slice is some rows. */
#include "kernel/softmax.h"

#include <math.h>
#include <string.h>

#include "kernel/exponential.h"
#include "kernel/slices.h"

enum {
    LANES = 16,              /* partial sums and maxima of a row */
    COLUMNS = 64,            /* of a strided softmax, taken together */
    ROW_COST = 12,           /* operations an element takes */
    SLICE_OPERATIONS = 24576 /* five microseconds or so of short rows */
};

/* The class of a row; -1: out of range. */
static int64_t class_of(const tare_cross_entropy *c, const void *labels, int64_t row) {
    int64_t label = 0;
    if (c->label_size == sizeof(int32_t))
        label = ((const int32_t *)labels)[row];
    else
        label = ((const int64_t *)labels)[row];
    return label >= 0 && label < c->classes ? label : -1;
}

#define NUMBER   float
#define NAMED(f) f##_f32
#define EXP(x)   tare_exp_f32(x)
#define LOG(x)   logf(x)
#include "kernel/softmax.inc.h"

#define NUMBER   double
#define NAMED(f) f##_f64
#define EXP(x)   exp(x)
#define LOG(x)   log(x)
#include "kernel/softmax.inc.h"
