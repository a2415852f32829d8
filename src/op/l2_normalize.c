/* SPDX-License-Identifier: Apache-2.0 */
/*
 * l2_normalize: y = x rsqrt(max(sum x^2, epsilon)) over axes, from ordinary ops, so that gradients
 * pass through them.
 *
 * Source: TensorFlow r1.15, python/ops/nn_impl.py (l2_normalize_v2).
 */
#include "graph/graph.h"
#include <tare/op.h>

#define TARE_TABLE_STRUCT tare_l2_normalize_options
TARE_OPTION_TABLE(static, l2_normalize_table, TARE_L2_NORMALIZE_FIELDS);
#undef TARE_TABLE_STRUCT

tare_tensor tare_l2_normalize_with(tare_tensor x, const tare_l2_normalize_options *options) {
    tare_l2_normalize_options given;
    tare_options_adopt(&l2_normalize_table, options, &given);
    tare_graph *graph = x.graph;
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_graph_hidden_begin(graph);
    const tare_tensor sum = tare_reduce_sum(tare_square(x), .axis = given.axis, .keepdims = true);
    const tare_tensor inverse = tare_rsqrt(tare_maximum(sum, tare_number(given.epsilon)));
    tare_graph_hidden_end(graph);
    const tare_tensor y = tare_mul(x, inverse, .name = given.name ? given.name : "l2_normalize");
    tare_graph_attempt_end(graph, &attempt);
    return y;
}
