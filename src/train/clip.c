/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clipping by norms, from ordinary ops, so that gradients pass through them.
 *
 * Source: TensorFlow r1.15, python/ops/clip_ops.py. The order of operations is kept, and so is what
 * follows from it for numbers that are not finite.
 */
#include "base/memory.h"
#include "base/text.h"
#include "graph/graph.h"

#include <tare/train.h>

#define TARE_TABLE_STRUCT tare_clip_options
TARE_OPTION_TABLE(static, clip_table, TARE_CLIP_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_clip_by_global_norm_options
TARE_OPTION_TABLE(static, global_table, TARE_CLIP_BY_GLOBAL_NORM_FIELDS);
#undef TARE_TABLE_STRUCT

static const char *name_or(const char *name, const char *otherwise) {
    return name ? name : otherwise;
}

/* ---- one tensor */

/* The root of a sum of squares whose gradient at 0 is 0, not infinite times 0. */
static tare_tensor safe_root(tare_tensor sum) {
    const tare_tensor positive = tare_greater(sum, tare_number(0));
    const tare_tensor safe = tare_where(positive, sum, tare_ones_like(sum));
    return tare_where(positive, tare_sqrt(safe), sum);
}

tare_tensor tare_clip_by_norm_with(tare_tensor t, tare_tensor clip_norm,
                                   const tare_clip_options *options) {
    tare_clip_options given;
    tare_options_adopt(&clip_table, options, &given);
    tare_graph *graph = t.graph;
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_graph_hidden_begin(graph);
    const tare_tensor squares = tare_mul(t, t);
    const tare_tensor sum = tare_reduce_sum(squares, .axis = given.axes, .keepdims = true);
    const tare_tensor norm = safe_root(sum);
    const tare_tensor scaled = tare_mul(t, clip_norm);
    const tare_tensor clipped = tare_div(scaled, tare_maximum(norm, clip_norm));
    tare_graph_hidden_end(graph);
    const tare_tensor result = tare_identity(clipped, .name = name_or(given.name, "clip_by_norm"));
    tare_graph_attempt_end(graph, &attempt);
    return result;
}

tare_tensor tare_clip_by_average_norm_with(tare_tensor t, tare_tensor clip_norm,
                                           const tare_op_options *options) {
    tare_graph *graph = t.graph;
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const char *name = name_or(options ? options->name : NULL, "clip_by_average_norm");
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_graph_hidden_begin(graph);
    const tare_tensor count = tare_cast(tare_size_of(t), tare_tensor_dtype(t));
    const tare_tensor inverse = tare_rsqrt(tare_reduce_sum(tare_mul(t, t)));
    const tare_tensor per_element = tare_mul(inverse, count);
    const tare_tensor most = tare_div(tare_ones_like(inverse), clip_norm);
    const tare_tensor factor = tare_minimum(per_element, most);
    const tare_tensor clipped = tare_mul(tare_mul(t, clip_norm), factor);
    tare_graph_hidden_end(graph);
    const tare_tensor result = tare_identity(clipped, .name = name);
    tare_graph_attempt_end(graph, &attempt);
    return result;
}

/* ---- many tensors */

/* "SCOPE/NAME", kept by the graph, and with a number behind it when that is not negative. */
static const char *inner_name(tare_graph *graph, const char *scope, const char *name, int64_t i) {
    tare_text text = {.allocator = tare_graph_allocator(graph)};
    tare_text_format(&text, "%s/%s", scope, name);
    if (i >= 0) tare_text_format(&text, "_%lld", (long long)i);
    const char *kept = text.failed ? NULL : tare_graph_keep_text(graph, text.data);
    if (text.failed) tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    tare_text_clear(&text);
    return kept;
}

static bool is_given(tare_tensor tensor) { return tensor.node != 0; }

/* Half the sum of squares of all tensors that are given, in one vector. */
static tare_tensor halves(tare_graph *graph, const tare_tensor *tensors, size_t count) {
    const tare_allocator *allocator = tare_graph_allocator(graph);
    tare_tensor *losses = tare_allocate_array(allocator, (int64_t)count, sizeof *losses);
    if (!losses) return tare_build_fail(graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    size_t given = 0;
    for (size_t i = 0; i < count; i++)
        if (is_given(tensors[i])) losses[given++] = tare_l2_loss(tensors[i]);
    const tare_tensor all = given ? tare_stack(losses, given)
                                  : tare_build_fail(graph, TARE_ERROR_ARGUMENT, "global_norm", "",
                                                    "no tensor", "one tensor or more");
    tare_release(allocator, losses, count * sizeof *losses);
    return all;
}

tare_tensor tare_global_norm_with(const tare_tensor *tensors, size_t count,
                                  const tare_op_options *options) {
    tare_graph *graph = tare_graph_of(tensors, count);
    if (!graph || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_graph_hidden_begin(graph);
    const tare_tensor half = tare_reduce_sum(halves(graph, tensors, count));
    const tare_tensor whole = tare_mul(half, tare_number(2));
    tare_graph_hidden_end(graph);
    const tare_tensor norm =
        tare_sqrt(whole, .name = name_or(options ? options->name : NULL, "global_norm"));
    tare_graph_attempt_end(graph, &attempt);
    return norm;
}

/* clip_norm min(1 / norm, 1 / clip_norm), made NaN by norm - norm where the norm is not finite. */
static tare_tensor global_factor(tare_tensor norm, tare_tensor clip_norm) {
    const tare_tensor one = tare_ones_like(norm);
    const tare_tensor least = tare_minimum(tare_div(one, norm), tare_div(one, clip_norm));
    return tare_add(tare_mul(clip_norm, least), tare_sub(norm, norm));
}

static void scale_all(const tare_tensor *tensors, size_t count, tare_tensor factor,
                      const char *name, tare_tensor *clipped) {
    for (size_t i = 0; i < count; i++) {
        if (!is_given(tensors[i])) {
            clipped[i] = tensors[i];
            continue;
        }
        tare_graph_hidden_begin(factor.graph);
        const tare_tensor scaled = tare_mul(tensors[i], factor);
        tare_graph_hidden_end(factor.graph);
        clipped[i] =
            tare_identity(scaled, .name = inner_name(factor.graph, name, name, (int64_t)i));
    }
}

tare_tensor tare_clip_by_global_norm_with(const tare_tensor *tensors, size_t count,
                                          tare_tensor clip_norm, tare_tensor *clipped,
                                          const tare_clip_by_global_norm_options *options) {
    tare_clip_by_global_norm_options given;
    tare_options_adopt(&global_table, options, &given);
    tare_graph *graph = tare_graph_of(tensors, count);
    if (!graph || !clipped || tare_graph_status(graph)) return (tare_tensor){.graph = graph};
    const char *name = name_or(given.name, "clip_by_global_norm");
    const tare_graph_attempt attempt = tare_graph_attempt_begin(graph);
    tare_tensor norm = given.use_norm;
    if (!is_given(norm))
        norm = tare_global_norm(tensors, count, .name = inner_name(graph, name, "global_norm", -1));
    tare_graph_hidden_begin(graph);
    const tare_tensor factor = global_factor(norm, clip_norm);
    tare_graph_hidden_end(graph);
    scale_all(tensors, count, factor, name, clipped);
    tare_graph_attempt_end(graph, &attempt);
    if (!tare_graph_status(graph)) return norm;
    for (size_t i = 0; i < count; i++) clipped[i] = (tare_tensor){.graph = graph};
    return (tare_tensor){.graph = graph};
}
