/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights in training with fake quantisation: scaled by output where a normalisation is folded into
 * them, and rounded to the range that they have now. Nothing of it is kept: the range follows from
 * the weights whenever it is wanted.
 *
 *     symmetric    -m .. m, m = max |w|            zero is the middle, as int8 has it
 *     else         min(w, 0) .. max(w, 0)          as uint8 has it
 *
 * of each output of a convolution, or of the whole; quanta are narrow: 1 to 2^bits - 1.
 */
#include "array/shape.h"
#include "norm/quantising.h"
#include <tare/op.h>
#include <tare/quantise.h>

/* Weights as [outer, minor, major, inner] of a form. */
static tare_shape seen_as(const tare_weights_view *view) {
    return TARE_SHAPE(view->outer, view->minor, view->major, view->inner);
}

/* A number for each output as it broadcasts against that. */
static tare_tensor by_output(const tare_weights_view *view, tare_tensor vector) {
    const tare_tensor table = tare_reshape(vector, TARE_SHAPE(view->major, view->minor));
    const tare_tensor turned = view->minor == 1 || view->major == 1
                                   ? table
                                   : tare_transpose(table, .perm = TARE_LIST(1, 0));
    return tare_reshape(turned, TARE_SHAPE(1, view->minor, view->major, 1));
}

typedef struct ends {
    tare_tensor min, max;
} ends;

static ends range_of(const tare_quantising *q, tare_tensor weights, tare_list axes) {
    ends found;
    if (q->options.symmetric) {
        found.max = tare_reduce_max(tare_abs(weights), .axis = axes);
        found.min = tare_negative(found.max);
    } else {
        found.max = tare_maximum(tare_reduce_max(weights, .axis = axes), tare_number(0));
        found.min = tare_minimum(tare_reduce_min(weights, .axis = axes), tare_number(0));
    }
    return (ends){tare_stop_gradient(found.min), tare_stop_gradient(found.max)};
}

/* Outputs are the last axis of weights whose ranges are told apart. */
static tare_tensor round_weights(const tare_quantising *q, tare_tensor weights, bool each) {
    tare_fake_quant_options options = {TARE_FAKE_QUANT_DEFAULTS};
    options.num_bits = q->options.weight_bits;
    options.narrow_range = true;
    const ends range = range_of(q, weights, each ? TARE_LIST(0) : TARE_NO_LIST);
    return each ? tare_fake_quant_with_min_max_vars_per_channel_with(weights, range.min, range.max,
                                                                     &options)
                : tare_fake_quant_with_min_max_vars_with(weights, range.min, range.max, &options);
}

static tare_tensor round_in_time(const tare_quantising *q, tare_tensor weights, bool each) {
    if (q->options.weight_bits == 0) return weights;
    if (!q->active.graph) return round_weights(q, weights, each);
    tare_cond_begin(q->graph, q->active);
    const tare_tensor rounded = round_weights(q, weights, each);
    tare_cond_otherwise(q->graph);
    tare_cond_end(q->graph);
    return tare_cond_merge(q->graph, rounded, weights);
}

tare_tensor tare_quantising_weights(const tare_quantising *q, const tare_product *form,
                                    tare_tensor weights, tare_tensor scale) {
    const tare_weights_view *view = &form->by_output;
    const tare_shape shape = tare_tensor_shape(weights);
    const bool last = view->minor == 1 && view->inner == 1;
    /* TensorFlow Lite has one scale for dense weights. */
    const bool each = q->options.per_channel && last && shape.rank > 2;
    tare_tensor w = weights;
    if (scale.graph) w = tare_mul(tare_reshape(w, seen_as(view)), by_output(view, scale));
    if (each) w = tare_reshape(w, TARE_SHAPE(view->outer, view->major));
    w = round_in_time(q, w, each);
    return scale.graph || each ? tare_reshape(w, shape) : w;
}
