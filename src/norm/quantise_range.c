/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activations in training with fake quantisation: a tensor is rounded to the moving range of the
 * batches, this one's counted in while training, which the train op writes into the variables
 * LAYER/act_quant/min, max and count.
 *
 * Source: tensorflow/contrib/quantize/python/quantize.py (_InsertQuantOp), quant_ops.py.
 */
#include "base/status.h"
#include "base/text.h"
#include "layer/update.h"
#include "norm/quantising.h"
#include "op/moving_range.h"
#include <tare/op.h>
#include <tare/quantise.h>

#include <string.h>

/* What TensorFlow's variables are before the first step. */
#define FIRST_LOW  (-6)
#define FIRST_HIGH 6

/* ------------------------------------------------------------------------------------ names */

static bool is_taken(const tare_quantising *q, const char *scope) {
    char name[512];
    tare_print(name, sizeof name, "%s/act_quant/min:0", scope);
    return tare_tensor_is_valid(tare_tensor_named(q->graph, name));
}

/* The scope of the layer that an activation belongs to, "conv2d"; where there is none, or where it
 * has a range already, the node's name. */
static void choose_scope(const tare_quantising *q, const tare_node *node, char *scope,
                         size_t size) {
    const tare_node *product = q->contexts[node->id];
    const char *slash = product ? strrchr(product->name, '/') : NULL;
    const int length = slash ? (int)(slash - product->name) : 0;
    tare_print(scope, size, "%.*s", length, product ? product->name : "");
    if (length > 0 && !strchr(scope, '~') && !is_taken(q, scope)) return;
    tare_print(scope, size, "%s", node->name);
    if (strchr(scope, '~')) tare_print(scope, size, "%s_%d", node->def->name, (int)node->id);
}

/* ------------------------------------------------------------------------------------ ranges */

static tare_tensor make_variable(const tare_quantising *q, const char *scope, const char *what,
                                 tare_dtype dtype, double first) {
    char name[512];
    tare_print(name, sizeof name, "%s/act_quant/%s", scope, what);
    return tare_get_variable(q->graph, name, TARE_SCALAR, .dtype = dtype,
                             .initializer = TARE_CONSTANT(first), .trainable = false);
}

/* The three numbers as this batch makes them in training, as they are otherwise. */
static void move_range(const tare_quantising *q, tare_tensor x, const tare_tensor variables[3],
                       tare_tensor now[3]) {
    tare_moving_range_options options = {TARE_MOVING_RANGE_DEFAULTS};
    const tare_tensor inputs[] = {x, variables[0], variables[1], variables[2]};
    options.decay = q->options.decay;
    tare_cond_begin(q->graph, q->network->training);
    const tare_tensor moved = tare_build(q->graph, "moving_range", inputs, 4, &options);
    tare_cond_otherwise(q->graph);
    tare_cond_end(q->graph);
    for (int i = 0; i < 3; i++)
        now[i] = tare_cond_merge(q->graph, tare_output(moved, i), variables[i]);
}

static tare_fake_range *make_range(const tare_quantising *q, const tare_node *node, tare_tensor x,
                                   tare_tensor now[3]) {
    char scope[400];
    const tare_dtype dtype = tare_tensor_dtype(x);
    tare_fake_range *range = tare_arena_allocate(q->found.arena, sizeof *range);
    if (!range) return NULL;
    choose_scope(q, node, scope, sizeof scope);
    range->variables[TARE_FAKE_MIN] = make_variable(q, scope, "min", dtype, FIRST_LOW);
    range->variables[TARE_FAKE_MAX] = make_variable(q, scope, "max", dtype, FIRST_HIGH);
    range->variables[TARE_FAKE_COUNT] = make_variable(q, scope, "count", dtype, 0);
    tare_graph_hidden_begin(q->graph);
    move_range(q, x, range->variables, now);
    range->min = tare_stop_gradient(now[TARE_FAKE_MIN]);
    range->max = tare_stop_gradient(now[TARE_FAKE_MAX]);
    tare_graph_hidden_end(q->graph);
    return range;
}

const tare_fake_range *tare_quantising_fixed_range(const tare_quantising *q, double low,
                                                   double high) {
    tare_fake_range *range = tare_arena_allocate(q->found.arena, sizeof *range);
    if (!range) return NULL;
    *range = (tare_fake_range){.low = low, .high = high};
    return range;
}

void tare_quantising_note_range(const tare_quantising *q, const tare_node *node,
                                const tare_fake_range *range) {
    const tare_tensor tensor = tare_graph_tensor(q->graph, node->id, 0);
    if (!range->min.graph) {
        const tare_edge_range fixed = {{node->id, 0}, range->low, range->high};
        if (!tare_graph_set_ranges(q->graph, &fixed, 1))
            (void)tare_build_fail(q->graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
        return;
    }
    (void)tare_add_to_collection(q->graph, TARE_QUANTISED_RANGES, tensor);
    for (int i = 0; i < 3; i++)
        (void)tare_add_to_collection(q->graph, TARE_QUANTISED_RANGES, range->variables[i]);
}

/* ---------------------------------------------------------------------------------- rounding */

static tare_tensor round_now(const tare_quantising *q, const char *name, tare_tensor x,
                             const tare_fake_range *range) {
    if (range->min.graph) {
        tare_fake_quant_options options = {TARE_FAKE_QUANT_DEFAULTS};
        options.num_bits = q->options.activation_bits;
        options.name = name;
        return tare_fake_quant_with_min_max_vars_with(x, range->min, range->max, &options);
    }
    tare_fake_quant_args_options options = {TARE_FAKE_QUANT_ARGS_DEFAULTS};
    options.num_bits = q->options.activation_bits;
    options.min = range->low;
    options.max = range->high;
    options.name = name;
    return tare_fake_quant_with_min_max_args_with(x, &options);
}

tare_tensor tare_quantising_round_to(tare_quantising *q, const tare_node *node, tare_tensor x,
                                     const tare_fake_range *range) {
    if (!range) return tare_build_fail(q->graph, TARE_ERROR_MEMORY, "", "", "no memory", "");
    q->ranges[node->id] = range;
    tare_quantising_note_range(q, node, range);
    char name[400];
    const char *named = tare_quantising_name(node, "/act_quant", name, sizeof name);
    if (!q->active.graph) return round_now(q, named, x, range);
    tare_cond_begin(q->graph, q->active);
    const tare_tensor rounded = round_now(q, named, x, range);
    tare_cond_otherwise(q->graph);
    tare_cond_end(q->graph);
    return tare_cond_merge(q->graph, rounded, x);
}

/* Places in a range: of its middle quantum, just above the least one, and how far above. */
typedef struct places {
    tare_tensor middle, above, little;
} places;

static places find_places(const tare_quantising *q, const tare_fake_range *range) {
    const double quanta = (double)((int64_t)1 << q->options.activation_bits);
    const double share = 1. / 1024; /* of a quantum */
    if (!range->min.graph) {
        const double scale = (range->high - range->low) / (quanta - 1);
        return (places){tare_number(range->low + scale * quanta / 2),
                        tare_number(range->low + scale * share), tare_number(scale * share)};
    }
    tare_fake_quant_options options = {TARE_FAKE_QUANT_DEFAULTS};
    options.num_bits = q->options.activation_bits;
    const tare_tensor ends[] = {range->min, range->max};
    const tare_tensor low = tare_build(q->graph, "fake_quant_bounds", ends, 2, &options);
    const tare_tensor scale = tare_div(tare_sub(tare_output(low, 1), low), tare_number(quanta - 1));
    const tare_tensor little = tare_mul(scale, tare_number(share));
    return (places){tare_add(low, tare_mul(scale, tare_number(quanta / 2))), tare_add(low, little),
                    little};
}

/*
 * The mean of whole numbers is rounded, halves away from 0, and that 0 is the middle quantum of
 * int8: below it, what lies between two quanta goes down by less than a mean of 512 can tell. The
 * least quantum stays, and with it the gradient of what a rectifier made 0.
 */
static tare_tensor lower_halves(const tare_quantising *q, tare_tensor x,
                                const tare_fake_range *range) {
    const places at = find_places(q, range);
    const tare_tensor below = tare_logical_and(tare_less(x, at.middle), tare_greater(x, at.above));
    return tare_sub(x, tare_mul(tare_cast(below, tare_tensor_dtype(x)), at.little));
}

tare_tensor tare_quantising_round_mean(tare_quantising *q, const tare_node *node, tare_tensor x,
                                       const tare_fake_range *range) {
    if (!q->options.symmetric) return tare_quantising_round_to(q, node, x, range);
    tare_graph_hidden_begin(q->graph);
    x = lower_halves(q, x, range);
    tare_graph_hidden_end(q->graph);
    return tare_quantising_round_to(q, node, x, range);
}

/* What trains writes the range; whose use calls for it is told with the update. */
static void add_updates(const tare_quantising *q, const tare_fake_range *range,
                        const tare_tensor now[3], tare_tensor y) {
    for (int i = 0; i < 3; i++)
        (void)tare_layer_add_update(q->graph, tare_assign(range->variables[i], now[i]), y);
}

tare_tensor tare_quantising_round(tare_quantising *q, const tare_node *node, tare_tensor x) {
    tare_tensor now[3] = {{.graph = NULL}};
    const tare_fake_range *range = make_range(q, node, x, now);
    const tare_tensor y = tare_quantising_round_to(q, node, x, range);
    if (tare_graph_status(q->graph) == TARE_OK) add_updates(q, range, now, y);
    return y;
}
