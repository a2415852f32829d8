/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk that builds a network anew with fake quantisation. Ids are a topological order, so one
 * loop from the inputs up meets every node after what it reads.
 *
 * Rounded is what an int8 model holds: the input, and each result but sums that stay inside an
 * operator, since a bias, a folded normalisation or a rectifier alone reads them. What only moves
 * numbers, and the greatest of a pool, keeps its input's range and needs no rounding; the mean of a
 * pool is rounded to its input's range again; results that TensorFlow Lite gives a fixed scale have
 * that one.
 *
 * Source: tensorflow/contrib/quantize/python/quantize.py (where); TensorFlow Lite 8-bit
 * quantization specification (which operators share a scale, and which have a fixed one).
 */
#include "array/shape.h"
#include "norm/quantising.h"
#include "op/batch_norm.h"

#include <string.h>

/* ------------------------------------------------------------------------------ what ops are */

typedef enum role {
    COMPUTES,  /* a range of its own */
    MOVES,     /* its input's range, as it is */
    AVERAGES,  /* its input's range, rounded again */
    JOINS,     /* one range for all its inputs and its output */
    SUMS,      /* its own, behind the rectifier that reads it */
    BIASES,    /* goes into the product before it */
    RECTIFIES, /* so does it, or into a sum */
    UNSIGNED,  /* 0 to below 1 */
    SIGNED     /* -1 to below 1 */
} role;

static const struct {
    const char *op;
    role role;
} roles[] = {
    {"add", SUMS},
    {"bias_add", BIASES},
    {"relu", RECTIFIES},
    {"relu6", RECTIFIES},
    {"reshape", MOVES},
    {"squeeze", MOVES},
    {"expand_dims", MOVES},
    {"identity", MOVES},
    {"transpose", MOVES},
    {"nn_max_pool2d", MOVES},
    {"pad", MOVES},
    {"resize_nearest_neighbor", MOVES},
    {"resize_bilinear", AVERAGES},
    {"nn_avg_pool2d", AVERAGES},
    {"concat", JOINS},
    {"sigmoid", UNSIGNED},
    {"softmax", UNSIGNED},
    {"tanh", SIGNED},
};

static role role_of(const tare_node *node) {
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(roles[i].op, node->def->name) == 0) return roles[i].role;
    return COMPUTES;
}

/* --------------------------------------------------------------------------------- products */

/* A product of something that is computed with weights that are not. */
static bool has_weights(const tare_quantising *q, const tare_node *node, tare_product *form) {
    return tare_fold_is_product(&q->found, node, form) && q->copies[node->inputs[0].node].graph &&
           !q->copies[node->inputs[1].node].graph;
}

static tare_tensor copy_product(const tare_quantising *q, const tare_node *node,
                                const tare_product *form) {
    tare_tensor inputs[3] = {{.graph = NULL}};
    for (int32_t i = 0; i < node->input_count && i < 3; i++)
        inputs[i] = tare_quantising_input(q, node, i);
    inputs[1] = tare_quantising_weights(q, form, inputs[1], TARE_NULL);
    return tare_quantising_copy(q, node, inputs, (size_t)node->input_count);
}

/* The node's sums stay as they are: the one that reads them goes into the product. */
static bool is_swallowed(const tare_quantising *q, const tare_node *node) {
    const int32_t reader = q->found.reader[node->id];
    if (q->found.uses[node->id] != 1 || reader == 0 || role_of(node) == RECTIFIES) return false;
    const tare_node *next = tare_graph_node(q->graph, reader);
    const role what = role_of(next);
    const bool joins = what == RECTIFIES || (what == BIASES && role_of(node) != SUMS);
    return joins && next->inputs[0].node == node->id;
}

static bool continues_product(const tare_quantising *q, const tare_node *node) {
    const int32_t before = node->input_count > 0 ? node->inputs[0].node : 0;
    const role what = role_of(node);
    return (what == BIASES || what == RECTIFIES) && q->open[before];
}

/* ---------------------------------------------------------------------------------- rounding */

static double unsigned_end(const tare_quantising *q) {
    return 1 - 1 / (double)((int64_t)1 << q->options.activation_bits);
}

static double signed_end(const tare_quantising *q) {
    return 1 - 2 / (double)((int64_t)1 << q->options.activation_bits);
}

/* Inputs that were left for their reader to round have its range. */
static tare_tensor join(tare_quantising *q, const tare_node *node, tare_tensor y) {
    const tare_tensor joined = tare_quantising_round(q, node, y);
    for (int32_t i = 0; i < node->input_count; i++) {
        const int32_t input = node->inputs[i].node;
        if (!q->copies[input].graph || q->ranges[input] || !q->ranges[node->id]) continue;
        q->ranges[input] = q->ranges[node->id];
        tare_quantising_note_range(q, tare_graph_node(q->graph, input), q->ranges[node->id]);
    }
    return joined;
}

static bool is_joined(const tare_quantising *q, const tare_node *node) {
    const int32_t reader = q->found.reader[node->id];
    return q->found.uses[node->id] == 1 && reader > 0 &&
           role_of(tare_graph_node(q->graph, reader)) == JOINS;
}

static tare_tensor keep_range(tare_quantising *q, const tare_node *node,
                              const tare_fake_range *range, tare_tensor y) {
    q->ranges[node->id] = range;
    tare_quantising_note_range(q, node, range);
    return y;
}

static tare_tensor round_result(tare_quantising *q, const tare_node *node, tare_tensor y) {
    const role what = role_of(node);
    const int32_t before = node->input_count > 0 ? node->inputs[0].node : 0;
    const tare_fake_range *range = q->ranges[before];
    if (q->options.activation_bits == 0) return y;
    if (what == JOINS) return join(q, node, y);
    if (what == MOVES && range) return keep_range(q, node, range, y);
    if (what == AVERAGES && range) return tare_quantising_round_mean(q, node, y, range);
    if (what == UNSIGNED)
        return tare_quantising_round_to(q, node, y,
                                        tare_quantising_fixed_range(q, 0, unsigned_end(q)));
    if (what == SIGNED)
        return tare_quantising_round_to(q, node, y,
                                        tare_quantising_fixed_range(q, -1, signed_end(q)));
    if (is_joined(q, node)) return y;
    return tare_quantising_round(q, node, y);
}

/* ------------------------------------------------------------------------------------ a node */

static bool depends(const tare_quantising *q, const tare_node *node) {
    for (int32_t i = 0; i < node->input_count; i++)
        if (q->copies[node->inputs[i].node].graph) return true;
    return false;
}

static bool is_floating(const tare_node *node) {
    return node->output_count == 1 &&
           (node->outputs[0].dtype == TARE_FLOAT32 || node->outputs[0].dtype == TARE_FLOAT64);
}

static tare_tensor build_again(tare_quantising *q, const tare_node *node, bool *open) {
    const tare_fold_place *place = q->places[node->id];
    tare_product form;
    *open = true;
    q->contexts[node->id] = place ? place->product : node;
    if (place) return tare_quantising_fold(q, place);
    if (has_weights(q, node, &form)) return copy_product(q, node, &form);
    *open = continues_product(q, node);
    q->contexts[node->id] = *open ? q->contexts[node->inputs[0].node] : NULL;
    *open = *open || role_of(node) == SUMS;
    return tare_quantising_copy(q, node, NULL, 0);
}

/* On the way to the answer. */
static void pass(tare_quantising *q, const tare_node *node) {
    const tare_fold_place *place = q->places[node->id];
    bool open = false;
    if (place && place->norm != node) { /* the normalisation builds it */
        q->copies[node->id] = tare_graph_tensor(q->graph, node->id, 0);
        return;
    }
    tare_tensor y = build_again(q, node, &open);
    q->open[node->id] = open && is_swallowed(q, node);
    if (is_floating(node) || place)
        if (!q->open[node->id]) y = round_result(q, node, y);
    q->copies[node->id] = y;
}

/* Beside it: what the loss makes of the answer. Inputs of the network are themselves there. */
static void follow(tare_quantising *q, const tare_node *node) {
    if (depends(q, node)) q->copies[node->id] = tare_quantising_copy(q, node, NULL, 0);
}

static bool is_input(const tare_node *node) {
    return (node->def->flags & TARE_OP_PLACEHOLDER) && is_floating(node);
}

void tare_quantising_walk(tare_quantising *q) {
    for (int32_t id = 1; id <= q->last && tare_graph_status(q->graph) == TARE_OK; id++) {
        const tare_node *node = tare_graph_node(q->graph, id);
        const bool on_way = q->found.uses[id] > 0;
        if (on_way && is_input(node))
            q->copies[id] = round_result(q, node, tare_graph_tensor(q->graph, id, 0));
        else if (on_way && depends(q, node))
            pass(q, node);
        else if (q->matters[id])
            follow(q, node);
    }
}
