/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A product and the batch normalisation behind it, in training with fake quantisation. Weights are
 * rounded as inference will have them, folded with the moving deviation, which moves slowly; what
 * that is off by from the batch's own is put right behind the product:
 *
 *     W' = round(W gamma / s_moving)               s = sqrt(variance + epsilon)
 *     y  = (x W') (s_moving / s) + beta + (b - mean) gamma / s
 *
 * with mean and s of x W + b over the batch while its statistics are used, else the moving ones,
 * where the correction s_moving / s is 1 to the bit and y is what the folded layer computes.
 * Without rounding y is gamma (x W + b - mean) / s + beta, whichever statistics are used.
 *
 * Source: tensorflow/contrib/quantize/python/fold_batch_norms.py (_ComputeBatchNormCorrections);
 * Krishnamoorthi 2018, arXiv:1806.08342, section 3.2.2. There the fused op's outputs let no
 * gradient of mean and variance through; here it flows, as in the normalisation itself.
 */
#include "array/shape.h"
#include "layer/update.h"
#include "norm/quantising.h"
#include "op/batch_norm.h"

#include <string.h>
#include <tare/op.h>

/* Statistics of one layer: the batch's or the moving ones, as the mode says. */
typedef struct statistics {
    tare_tensor mean, variance;
    tare_tensor unbiased; /* what the moving variance takes */
} statistics;

static const tare_node *bias_node(const tare_quantising *q, const tare_fold_place *place) {
    const int32_t x = place->norm->inputs[TARE_BATCH_NORM_X].node;
    return x == place->product->id ? NULL : tare_graph_node(q->graph, x);
}

static tare_tensor variable(const tare_quantising *q, const tare_node *node) {
    return node ? tare_graph_tensor(q->graph, node->id, 0) : TARE_NULL;
}

/* x W + b as it was, for the batch's statistics. */
static tare_tensor plain_sums(const tare_quantising *q, const tare_fold_place *place) {
    const tare_node *adds = bias_node(q, place);
    const tare_tensor sums = tare_quantising_copy(q, place->product, NULL, 0);
    if (!adds) return sums;
    const tare_tensor inputs[] = {sums, variable(q, place->bias)};
    return tare_quantising_copy(q, adds, inputs, 2);
}

/* N / max(N - 1, 1) times the variance, for N numbers a channel. */
static tare_tensor unbias(tare_tensor variance, tare_tensor sums) {
    const tare_tensor all = tare_cast(tare_size_of(sums), tare_tensor_dtype(sums));
    const double channels = (double)tare_shape_count(tare_tensor_shape(variance));
    const tare_tensor n = tare_div(all, tare_number(channels));
    const tare_tensor others = tare_maximum(tare_sub(n, tare_number(1)), tare_number(1));
    return tare_mul(variance, tare_div(n, others));
}

static statistics of_batch(const tare_fold_place *place, tare_tensor sums) {
    const tare_batch_norm_node_options *options = place->norm->options;
    const int rank = place->norm->outputs[TARE_BATCH_NORM_Y].shape.rank;
    const int channels = place->form.channels_first ? 1 : rank - 1;
    tare_list axes = {.count = 0};
    for (int axis = 0; axis < rank; axis++)
        if (axis != channels) axes.values[axes.count++] = axis;
    const tare_tensor mean = tare_moments(sums, .axes = axes);
    const tare_tensor variance = tare_output(mean, 1);
    return (statistics){mean, variance, options->unbiased ? unbias(variance, sums) : variance};
}

static statistics merge(tare_graph *graph, statistics yes, statistics no) {
    return (statistics){tare_cond_merge(graph, yes.mean, no.mean),
                        tare_cond_merge(graph, yes.variance, no.variance),
                        tare_cond_merge(graph, yes.unbiased, no.unbiased)};
}

/* Moving ones when frozen, else the batch's. */
static statistics in_training(const tare_quantising *q, const tare_fold_place *place,
                              statistics moving) {
    if (!q->frozen.graph) return of_batch(place, plain_sums(q, place));
    tare_cond_begin(q->graph, q->frozen);
    tare_cond_otherwise(q->graph);
    const statistics batch = of_batch(place, plain_sums(q, place));
    tare_cond_end(q->graph);
    return merge(q->graph, moving, batch);
}

/* ---------------------------------------------------------------------- the moving averages */

/* The layer's own update anew: it takes these statistics, where they are the batch's. N of its
 * counts is that of `like`, which has the shape of the sums. */
static tare_tensor copy_update(const tare_quantising *q, const tare_node *update, tare_edge norm,
                               const statistics *s, tare_tensor like, tare_tensor training) {
    tare_tensor inputs[TARE_MOVING_INPUTS] = {{.graph = NULL}};
    for (int32_t i = 0; i < update->input_count; i++) {
        const tare_edge edge = update->inputs[i];
        if (edge.node) inputs[i] = tare_graph_tensor(q->graph, edge.node, edge.output);
    }
    const tare_edge value = update->inputs[TARE_MOVING_VALUE];
    if (value.node != norm.node) return TARE_NULL;
    inputs[TARE_MOVING_VALUE] = value.output == TARE_BATCH_NORM_MEAN ? s->mean : s->unbiased;
    inputs[TARE_MOVING_TRAINING] = training;
    if (inputs[TARE_MOVING_BATCH].graph) inputs[TARE_MOVING_BATCH] = like;
    return tare_quantising_copy(q, update, inputs, TARE_MOVING_INPUTS);
}

static void note_renewed(tare_quantising *q, tare_tensor before, tare_tensor after,
                         tare_tensor output) {
    tare_renewed_update *renewed = tare_arena_allocate(q->found.arena, sizeof *renewed);
    if (!renewed) {
        (void)tare_build_fail(q->graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
        return;
    }
    *renewed = (tare_renewed_update){before, after, output, q->renewed};
    q->renewed = renewed;
}

/* What updates this layer is told in update_ops; the copies, which call for y, take its place. */
static void renew_updates(tare_quantising *q, const tare_fold_place *place, const statistics *s,
                          tare_tensor like, tare_tensor y) {
    const tare_edge norm = {place->norm->id, 0};
    const tare_edge asked = place->norm->input_count > TARE_BATCH_NORM_TRAINING
                                ? place->norm->inputs[TARE_BATCH_NORM_TRAINING]
                                : (tare_edge){0, 0};
    if (!asked.node) return;
    tare_tensor training = tare_graph_tensor(q->graph, asked.node, asked.output);
    if (q->frozen.graph) training = tare_logical_and(training, tare_logical_not(q->frozen));
    const size_t count = tare_collection_count(q->graph, TARE_UPDATE_OPS, NULL);
    for (size_t i = 0; i < count; i++) {
        const tare_tensor update = tare_collection_item(q->graph, TARE_UPDATE_OPS, NULL, i);
        const tare_node *node = tare_tensor_node(update);
        if (tare_layer_update_output(q->graph, update).node != norm.node ||
            strcmp(node->def->name, "assign_moving_average") != 0)
            continue;
        const tare_tensor copy = copy_update(q, node, norm, s, like, training);
        if (copy.node) note_renewed(q, update, copy, y);
    }
}

/* -------------------------------------------------------------------------------- together */

/* A vector of the channels as it broadcasts against y. */
static tare_tensor against(const tare_fold_place *place, tare_tensor vector) {
    tare_shape shape = {.rank = place->norm->outputs[TARE_BATCH_NORM_Y].shape.rank};
    if (!place->form.channels_first) return vector;
    for (int i = 0; i < shape.rank; i++) shape.extents[i] = 1;
    shape.extents[1] = tare_shape_count(tare_tensor_shape(vector));
    return tare_reshape(vector, shape);
}

static tare_tensor times(tare_tensor x, tare_tensor factor) {
    return factor.graph ? tare_mul(x, factor) : x;
}

static statistics choose_statistics(const tare_quantising *q, const tare_fold_place *place) {
    const tare_tensor mean = variable(q, place->statistics.mean);
    const tare_tensor variance = variable(q, place->statistics.variance);
    const statistics moving = {mean, variance, variance};
    const tare_node *norm = place->norm;
    const int training = TARE_BATCH_NORM_TRAINING;
    if (norm->input_count <= training || !norm->inputs[training].node) return moving;
    const tare_edge asked = norm->inputs[training];
    tare_cond_begin(q->graph, tare_graph_tensor(q->graph, asked.node, asked.output));
    const statistics batch = in_training(q, place, moving);
    tare_cond_otherwise(q->graph);
    tare_cond_end(q->graph);
    return merge(q->graph, batch, moving);
}

static tare_tensor sum(const tare_fold_place *place, tare_tensor scaled, tare_tensor shift) {
    char name[400];
    return tare_add(scaled, shift,
                    .name = tare_quantising_name(place->norm, "", name, sizeof name));
}

/* (b - mean) gamma / s + beta */
static tare_tensor find_shift(const tare_quantising *q, const tare_fold_place *place,
                              tare_tensor mean, tare_tensor inverse) {
    const tare_tensor beta = variable(q, place->beta);
    const tare_tensor centre =
        place->bias ? tare_sub(variable(q, place->bias), mean) : tare_negative(mean);
    const tare_tensor shift = tare_mul(centre, times(inverse, variable(q, place->gamma)));
    return beta.graph ? tare_add(shift, beta) : shift;
}

static tare_tensor fold(tare_quantising *q, const tare_fold_place *place, const statistics *s,
                        tare_tensor *product, tare_tensor *shift) {
    const tare_batch_norm_node_options *options = place->norm->options;
    const tare_tensor epsilon = tare_number(options->epsilon);
    const tare_tensor moving = variable(q, place->statistics.variance);
    const tare_tensor inverse_moving = tare_rsqrt(tare_add(moving, epsilon));
    const tare_tensor inverse = tare_rsqrt(tare_add(s->variance, epsilon));
    const tare_tensor weights =
        tare_quantising_weights(q, &place->form, tare_quantising_input(q, place->product, 1),
                                times(inverse_moving, variable(q, place->gamma)));
    const tare_tensor inputs[] = {tare_quantising_input(q, place->product, 0), weights};
    *product = tare_quantising_copy(q, place->product, inputs, 2);
    *shift = against(place, find_shift(q, place, s->mean, inverse));
    return tare_mul(*product, against(place, tare_div(inverse, inverse_moving)));
}

tare_tensor tare_quantising_fold(tare_quantising *q, const tare_fold_place *place) {
    tare_tensor product, shift;
    tare_graph_hidden_begin(q->graph);
    const statistics s = choose_statistics(q, place);
    const tare_tensor scaled = fold(q, place, &s, &product, &shift);
    tare_graph_hidden_end(q->graph);
    const tare_tensor y = sum(place, scaled, shift);
    renew_updates(q, place, &s, product, y);
    return y;
}
