/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels that are made of what is trained, for every output by itself:
 *
 *     weight normalisation      w = g v / |v|
 *     weight standardisation    w = (v - mean v) / sqrt(variance v + epsilon)
 *
 * and the first values of g and of a bias b that depend on data: with mean and variance of a
 * layer's result y before the bias, over a batch,
 *
 *     g := g / sqrt(variance + epsilon)      b := -mean / sqrt(variance + epsilon)
 *
 * so that the result has mean 0 and variance 1.
 *
 * Source: Salimans and Kingma 2016, arXiv:1602.07868, equations 2, 5 and 6 (epsilon: their code);
 * Qiao, Wang, Liu, Shen and Yuille 2019, arXiv:1903.10520, equation 6.
 */
#include "layer/kernel_norm.h"

#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "layer/norm_checks.h"
#include "session/session.h"

#include <tare/normalization.h>

#define TARE_TABLE_STRUCT tare_weight_norm_options
TARE_OPTION_TABLE(static, weight_norm_table, TARE_WEIGHT_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_weight_standardize_options
TARE_OPTION_TABLE(static, weight_standardize_table, TARE_WEIGHT_STANDARDIZE_FIELDS);
#undef TARE_TABLE_STRUCT

#define GAINS "~weight_norm_gains" /* collection of the kernel_g that have an initialiser */

/* ---- as functions */

/* The axes of a kernel that belong to one output. */
static bool find_axes(tare_tensor w, const char *name, tare_list outputs, double epsilon,
                      tare_axis_mask *kept) {
    return tare_layer_input_is_floating(w.graph, name, w) &&
           tare_layer_input_has_rank(w.graph, name, w, 1, TARE_MAX_RANK) &&
           tare_layer_epsilon_fits(w.graph, name, epsilon) &&
           tare_layer_axes(w.graph, name, outputs, tare_tensor_shape(w).rank, kept);
}

static bool gain_fits(tare_tensor v, tare_tensor g, tare_shape outputs) {
    const tare_shape shape = tare_tensor_shape(g);
    char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 16], need[TARE_SHAPE_TEXT + 16];
    if (g.graph && tare_shape_compatible(shape, outputs)) return true;
    tare_print(got, sizeof got, "g of shape %s", g.graph ? tare_shape_text(text, shape) : "none");
    tare_print(need, sizeof need, "g of shape %s", tare_shape_text(text, outputs));
    return tare_layer_refuse(v.graph, "weight_norm", TARE_ERROR_SHAPE, got, need);
}

tare_tensor tare_weight_norm_with(tare_tensor v, tare_tensor g,
                                  const tare_weight_norm_options *options) {
    tare_weight_norm_options given;
    tare_axis_mask kept;
    tare_options_adopt(&weight_norm_table, options, &given);
    tare_graph *graph = v.graph;
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const tare_shape shape = tare_tensor_shape(v);
    if (!find_axes(v, "weight_norm", given.axis, given.epsilon, &kept) ||
        !gain_fits(v, g, tare_statistics_shape(shape, kept, false)))
        return (tare_tensor){.graph = graph};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    const tare_list own = tare_axes_list(shape.rank, tare_other_axes(shape.rank, kept));
    tare_graph_hidden_begin(graph);
    const tare_tensor unit = tare_l2_normalize(v, .axis = own, .epsilon = given.epsilon);
    const tare_tensor length = tare_reshape(g, tare_broadcast_shape(shape, kept));
    tare_graph_hidden_end(graph);
    const tare_tensor w = tare_mul(unit, length, .name = given.name ? given.name : "weight_norm");
    tare_graph_attempt_end(graph, &attempt);
    return w;
}

tare_tensor tare_weight_standardize_with(tare_tensor w,
                                         const tare_weight_standardize_options *options) {
    tare_weight_standardize_options given;
    tare_axis_mask kept;
    tare_options_adopt(&weight_standardize_table, options, &given);
    if (!w.graph || tare_graph_status(w.graph)) return (tare_tensor){.graph = w.graph};
    if (!find_axes(w, "weight_standardize", given.axis, given.epsilon, &kept))
        return (tare_tensor){.graph = w.graph};
    const int rank = tare_tensor_shape(w).rank;
    return tare_standardize(w, .axes = tare_axes_list(rank, tare_other_axes(rank, kept)),
                            .epsilon = given.epsilon,
                            .name = given.name ? given.name : "weight_standardize");
}

/* ---- as the kernel of a layer */

static tare_tensor weight_normed(tare_graph *graph, tare_shape shape, int output, tare_dtype dtype,
                                 const tare_layer_weights_options *weights) {
    const tare_layer_weights_options gain = {.initializer = TARE_ONES,
                                             .trainable = weights->trainable};
    const tare_tensor v = tare_layer_weights(graph, "kernel_v", shape, dtype, weights);
    const tare_tensor g =
        tare_layer_weights(graph, "kernel_g", TARE_SHAPE(shape.extents[output]), dtype, &gain);
    return tare_weight_norm(v, g, .axis = TARE_LIST(output));
}

tare_tensor tare_layer_normed_kernel(tare_graph *graph, const char *layer, int kernel_norm,
                                     tare_shape shape, int output, tare_dtype dtype,
                                     const tare_layer_weights_options *weights) {
    if (kernel_norm == TARE_KERNEL_NORM_WEIGHT)
        return weight_normed(graph, shape, output, dtype, weights);
    if (kernel_norm == TARE_KERNEL_NORM_WEIGHT_STANDARDIZED)
        return tare_weight_standardize(tare_layer_weights(graph, "kernel", shape, dtype, weights),
                                       .axis = TARE_LIST(output));
    tare_layer_refuse(graph, layer, TARE_ERROR_ARGUMENT, "another kernel_norm",
                      "a value of tare_kernel_norm");
    return (tare_tensor){.graph = graph};
}

/* ---- first values that depend on data */

static bool is_member(const tare_graph *graph, const char *collection, tare_tensor item) {
    const size_t count = tare_collection_count(graph, collection, NULL);
    for (size_t i = 0; i < count; i++)
        if (tare_collection_item(graph, collection, NULL, i).node == item.node) return true;
    return false;
}

/* The variable kernel_g of the open scope. */
static tare_tensor gain_of_scope(const tare_graph *graph) {
    char name[512];
    const char *scope = tare_graph_variable_scope(graph);
    tare_print(name, sizeof name, "%s%skernel_g:0", scope, *scope ? "/" : "");
    return tare_tensor_named(graph, name);
}

static tare_tensor build_initializer(tare_tensor g, tare_tensor bias, tare_tensor y, int channels) {
    static const double epsilon = 1e-10;
    const int rank = tare_tensor_shape(y).rank;
    const tare_tensor mean =
        tare_moments(y, .axes = tare_axes_list(rank, tare_other_axes(rank, 1U << channels)));
    const tare_tensor inverse = tare_rsqrt(tare_add(tare_output(mean, 1), tare_number(epsilon)));
    const tare_tensor first[] = {
        tare_assign(g, tare_mul(g, inverse)),
        bias.graph ? tare_assign(bias, tare_negative(tare_mul(mean, inverse))) : TARE_NULL};
    return tare_group(g.graph, first, bias.graph ? 2 : 1);
}

void tare_layer_add_weight_norm_initializer(tare_tensor y, int data_format, tare_tensor bias) {
    tare_graph *graph = y.graph;
    if (!graph || tare_graph_status(graph)) return;
    const tare_tensor g = gain_of_scope(graph);
    const int rank = tare_tensor_shape(y).rank;
    if (!tare_tensor_is_valid(g) || rank < 2 || is_member(graph, GAINS, g)) return;
    const bool first = rank > 2 && data_format == TARE_CHANNELS_FIRST;
    tare_graph_hidden_begin(graph);
    const tare_tensor op = build_initializer(g, bias, y, first ? 1 : rank - 1);
    tare_graph_hidden_end(graph);
    tare_add_to_collection(graph, GAINS, g);
    tare_add_to_collection(graph, TARE_WEIGHT_NORM_INITIALIZERS, op);
}

tare_status tare_weight_norm_initialize(tare_session *session, const tare_feed *feeds,
                                        size_t feed_count) {
    if (!session) return TARE_ERROR_ARGUMENT;
    const tare_graph *graph = session->graph;
    const size_t count = tare_collection_count(graph, TARE_WEIGHT_NORM_INITIALIZERS, NULL);
    for (size_t i = 0; i < count; i++) {
        const tare_tensor op = tare_collection_item(graph, TARE_WEIGHT_NORM_INITIALIZERS, NULL, i);
        TARE_TRY(tare_session_run(session, feeds, feed_count, &op, 1, NULL));
    }
    return TARE_OK;
}
