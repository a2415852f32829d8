/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a batch normalisation can go: into the product before it, or into the one after it. What
 * others on the way to the network's answer read too stays as it is; so does what reads weights
 * that others share. Reasons are told in words.
 */
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "norm/folding.h"
#include "op/batch_norm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define REASON 400

/* ------------------------------------------------------------------------ the way to the answer */

/* Ids are a topological order: one walk downwards meets every node after all that read it. */
static tare_status find_uses(tare_folding *f) {
    const int32_t nodes = (int32_t)tare_graph_node_count(f->graph);
    f->uses = tare_arena_allocate_array(f->arena, nodes + 1, sizeof *f->uses);
    f->reader = tare_arena_allocate_array(f->arena, nodes + 1, sizeof *f->reader);
    if (!f->uses || !f->reader) return tare_fail_memory(f->error);
    f->uses[tare_tensor_node(f->network->logits)->id] = 1;
    for (int32_t id = nodes; id > 0; id--) {
        const tare_node *node = tare_graph_node(f->graph, id);
        if (f->uses[id] == 0) continue;
        for (int32_t i = 0; i < node->input_count; i++) {
            const int32_t input = node->inputs[i].node;
            if (input == 0) continue;
            f->uses[input]++;
            if (f->reader[input] == 0) f->reader[input] = id;
        }
    }
    return TARE_OK;
}

/* ---------------------------------------------------------------------------------------- parts */

static tare_status say_reason(tare_folding *f, tare_fold_place *place, const char *format, ...)
    TARE_PRINTF(3, 4);
static tare_status say_reason(tare_folding *f, tare_fold_place *place, const char *format, ...) {
    tare_text text = {.allocator = &f->allocator};
    char words[REASON];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (place->told.reason) tare_text_format(&text, "%s; ", place->told.reason);
    tare_text_add(&text, words);
    place->told.reason = text.failed ? NULL : tare_arena_text(f->arena, text.data);
    tare_text_clear(&text);
    return place->told.reason ? TARE_OK : tare_fail_memory(f->error);
}

static const tare_node *input_of(const tare_folding *f, const tare_node *node, int input) {
    const int32_t id = input < node->input_count ? node->inputs[input].node : 0;
    return id > 0 ? tare_graph_node(f->graph, id) : NULL;
}

static bool is_op(const tare_node *node, const char *name) {
    return node && strcmp(node->def->name, name) == 0;
}

static bool is_own_variable(const tare_folding *f, const tare_node *node) {
    return node && (node->def->flags & TARE_OP_VARIABLE) && f->uses[node->id] == 1;
}

/* What a node says of itself when it is asked outside a plan: value i is its input i. */
typedef struct asked {
    tare_lower lower; /* first */
    const tare_graph *graph;
    const tare_node *node;
    tare_type none;
} asked;

static const tare_type *type_of(const tare_lower *lower, tare_value value) {
    const asked *a = (const asked *)lower;
    const tare_edge edge = a->node->inputs[value];
    return edge.node ? &tare_graph_node(a->graph, edge.node)->outputs[edge.output] : &a->none;
}

bool tare_fold_is_product(const tare_folding *f, const tare_node *node, tare_product *form) {
    static const tare_value inputs[] = {0, 1, 2};
    if (!node || !node->def->can || !node->def->can->as_product) return false;
    const asked a = {.lower = {.node = node->name,
                               .options = node->options,
                               .input_count = node->input_count,
                               .inputs = inputs,
                               .type = type_of},
                     .graph = f->graph,
                     .node = node};
    return node->input_count <= (int32_t)(sizeof inputs / sizeof *inputs) &&
           node->def->can->as_product(&a.lower, form);
}

/* ------------------------------------------------------------------------- the layer's own node */

static const tare_node *norm_of(const tare_folding *f, const tare_norm_statistics *statistics) {
    const int32_t id = f->reader[statistics->variance->id];
    const tare_node *node = id > 0 ? tare_graph_node(f->graph, id) : NULL;
    const bool its = is_op(node, "batch_norm") &&
                     node->inputs[TARE_BATCH_NORM_MOVING_VARIANCE].node == statistics->variance->id;
    return its ? node : NULL;
}

static tare_status find_norm(tare_folding *f, tare_fold_place *place) {
    const tare_node *mean = place->statistics.mean, *variance = place->statistics.variance;
    place->norm = norm_of(f, &place->statistics);
    if (f->uses[variance->id] == 0)
        return say_reason(f, place,
                          "its moving statistics are not on the way to the network's answer");
    if (!place->norm)
        return say_reason(f, place,
                          "what reads its moving statistics is no plain batch normalisation");
    if (!is_own_variable(f, variance) || !is_own_variable(f, mean))
        return say_reason(f, place, "it stands in several places");
    place->gamma = input_of(f, place->norm, TARE_BATCH_NORM_GAMMA);
    place->beta = input_of(f, place->norm, TARE_BATCH_NORM_BETA);
    if ((place->gamma && !is_own_variable(f, place->gamma)) ||
        (place->beta && !is_own_variable(f, place->beta)))
        return say_reason(f, place, "its gamma or beta is no variable of its own");
    const tare_batch_norm_node_options *options = place->norm->options;
    if (!(options->epsilon < 1))
        return say_reason(f, place, "with an epsilon of 1 or more no variance leaves x as it is");
    return TARE_OK;
}

/* The layer normalises the channels of the product, and nothing else. */
static bool has_channels(const tare_fold_place *place, const tare_weights_view *view) {
    const tare_batch_norm_node_options *options = place->norm->options;
    const int rank = place->norm->outputs[TARE_BATCH_NORM_Y].shape.rank;
    if (options->axis.count != 1) return false;
    const int64_t axis = options->axis.values[0], channels = view->minor * view->major;
    const int64_t from_start = axis < 0 ? axis + rank : axis;
    return from_start == (place->form.channels_first ? 1 : rank - 1) &&
           tare_shape_count(place->statistics.variance->outputs[0].shape) == channels;
}

/* ------------------------------------------------------------------------------ before and after
 */

static tare_status check_product(tare_folding *f, tare_fold_place *place, const tare_node *product,
                                 const tare_weights_view *view) {
    place->weights = input_of(f, product, 1);
    if (!is_own_variable(f, place->weights))
        return say_reason(f, place, "the weights of '%s' are no variable of its own",
                          product->name);
    if (place->bias && !is_own_variable(f, place->bias))
        return say_reason(f, place, "the bias of '%s' is no variable of its own", product->name);
    if (!has_channels(place, view))
        return say_reason(f, place, "it does not normalise the channels of '%s'", product->name);
    place->product = product;
    return TARE_OK;
}

/* What a normalisation that went into the product before it still adds: its beta, or less its mean.
 */
static bool link_of_norm(const tare_folding *f, const tare_node *node, tare_fold_link *link) {
    for (size_t i = 0; i < f->count; i++) {
        const tare_fold_place *other = &f->places[i];
        if (other->norm != node || !other->product || other->told.before) continue;
        *link = (tare_fold_link){.deed = other->beta ? TARE_FOLD_ADD : TARE_FOLD_SUBTRACT,
                                 .variable = other->beta ? other->beta : other->statistics.mean,
                                 .norm = other};
        return true;
    }
    return false;
}

static bool link_of(const tare_folding *f, const tare_node *node, tare_fold_link *link) {
    static const struct {
        const char *op;
        tare_fold_deed deed;
    } deeds[] = {{"bias_add", TARE_FOLD_ADD},
                 {"add", TARE_FOLD_ADD},
                 {"sub", TARE_FOLD_SUBTRACT},
                 {"mul", TARE_FOLD_MULTIPLY}};
    if (!node) return false;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        if (!is_op(node, deeds[i].op) || !is_own_variable(f, input_of(f, node, 1))) continue;
        *link = (tare_fold_link){.deed = deeds[i].deed, .variable = input_of(f, node, 1)};
        return true;
    }
    return link_of_norm(f, node, link);
}

/* One number for each channel of the product, along their axis. */
static bool is_along_channels(const tare_fold_place *place, const tare_node *node,
                              const tare_fold_link *link) {
    const tare_weights_view *view = &place->form.by_output;
    const tare_shape shape = link->variable->outputs[0].shape;
    const bool formatted = link->norm || is_op(node, "bias_add");
    return shape.rank == 1 && shape.extents[0] == view->minor * view->major &&
           (formatted || !place->form.channels_first);
}

/* Checks the links from the normalisation down to the product again, now that it is known. */
static tare_status check_links(tare_folding *f, tare_fold_place *place) {
    const tare_node *node = input_of(f, place->norm, TARE_BATCH_NORM_X);
    for (int i = 0; i < place->link_count; i++, node = input_of(f, node, 0)) {
        if (f->uses[node->id] != 1)
            return say_reason(f, place, "'%s' is read elsewhere too, as it is", node->name);
        if (!is_along_channels(place, node, &place->links[i]))
            return say_reason(f, place, "'%s' has not one number for each channel", node->name);
    }
    return TARE_OK;
}

/* What follows the normalisation and would join the next one as well. */
static void find_followers(const tare_folding *f, tare_fold_place *place) {
    const tare_node *node = place->norm;
    while (place->follower_count < TARE_FOLD_MOST_LINKS && f->uses[node->id] == 1) {
        tare_fold_link *link = &place->followers[place->follower_count];
        const int32_t reader = f->reader[node->id];
        const tare_node *next = reader > 0 ? tare_graph_node(f->graph, reader) : NULL;
        if (!link_of(f, next, link) || next->inputs[0].node != node->id ||
            !is_along_channels(place, next, link))
            return;
        place->follower_count++;
        node = next;
    }
}

static tare_status find_before(tare_folding *f, tare_fold_place *place) {
    const tare_node *made = input_of(f, place->norm, TARE_BATCH_NORM_X), *node = made, *last = NULL;
    place->told.before = false;
    for (int i = 0; i < TARE_FOLD_MOST_LINKS && link_of(f, node, &place->links[i]); i++) {
        place->link_count = i + 1;
        last = node;
        node = input_of(f, node, 0);
    }
    if (!tare_fold_is_product(f, node, &place->form)) {
        place->link_count = 0;
        return say_reason(f, place, "what it normalises, '%s', is no product", made->name);
    }
    TARE_TRY(check_links(f, place));
    if (place->told.reason) return TARE_OK;
    if (f->uses[node->id] != 1)
        return say_reason(f, place, "'%s' is read elsewhere too, as it is", node->name);
    place->bias = input_of(f, node, 2);
    if (!place->bias && is_op(last, "bias_add"))
        place->bias = place->links[--place->link_count].variable;
    TARE_TRY(check_product(f, place, node, &place->form.by_output));
    if (place->product) find_followers(f, place);
    return TARE_OK;
}

static const tare_node *bias_after(const tare_folding *f, const tare_node *product) {
    const tare_node *bias = input_of(f, product, 2);
    const int32_t id = f->uses[product->id] == 1 ? f->reader[product->id] : 0;
    const tare_node *next = id > 0 ? tare_graph_node(f->graph, id) : NULL;
    return bias || !is_op(next, "bias_add") ? bias : input_of(f, next, 1);
}

static tare_status find_after(tare_folding *f, tare_fold_place *place) {
    const int32_t id = f->reader[place->norm->id];
    const tare_node *node = id > 0 ? tare_graph_node(f->graph, id) : NULL;
    place->told.before = true;
    if (!node) return say_reason(f, place, "nothing follows that could take it");
    if (!tare_fold_is_product(f, node, &place->form) || node->inputs[0].node != place->norm->id)
        return say_reason(f, place, "what follows, '%s', is none either", node->name);
    if (f->uses[place->norm->id] != 1)
        return say_reason(f, place, "what it gives is read in several places");
    if (place->form.not_by_input)
        return say_reason(f, place, "'%s' after it cannot take it: %s", node->name,
                          place->form.not_by_input);
    place->bias = bias_after(f, node);
    if (!place->bias)
        return say_reason(f, place, "'%s' after it has no bias to take its shift", node->name);
    return check_product(f, place, node, &place->form.by_input);
}

static tare_status find_place(tare_folding *f, tare_fold_place *place) {
    tare_product ignored;
    TARE_TRY(find_norm(f, place));
    if (place->told.reason) return TARE_OK;
    TARE_TRY(find_before(f, place));
    if (place->product || place->link_count > 0) return TARE_OK;
    const tare_node *x = input_of(f, place->norm, TARE_BATCH_NORM_X);
    if (is_op(x, "bias_add")) x = input_of(f, x, 0);
    if (tare_fold_is_product(f, x, &ignored)) return TARE_OK;
    TARE_TRY(find_after(f, place));
    if (place->product) place->told.reason = NULL;
    return TARE_OK;
}

tare_status tare_fold_find(tare_folding *f) {
    tare_norm_statistics found;
    int64_t position = 0, count = 0;
    TARE_TRY(find_uses(f));
    while (tare_norm_layer_at(f->graph, &position, &found)) count++;
    f->places = tare_arena_allocate_array(f->arena, count + 1, sizeof *f->places);
    if (!f->places) return tare_fail_memory(f->error);
    position = 0;
    while (tare_norm_layer_at(f->graph, &position, &found)) {
        tare_fold_place *place = &f->places[f->count++];
        char *name = tare_arena_allocate(f->arena, (size_t)found.name_length + 1);
        if (!name) return tare_fail_memory(f->error);
        memcpy(name, found.name, (size_t)found.name_length);
        *place = (tare_fold_place){.told = {.name = name}, .statistics = found};
        TARE_TRY(find_place(f, place));
        place->told.product = place->product ? place->product->name : NULL;
    }
    return TARE_OK;
}
