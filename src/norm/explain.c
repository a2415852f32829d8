/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explaining a run: beside what the caller fetches, fetch what every batch normalisation saw and
 * what every moving average was before; look at the variables after. Fetching beside changes no
 * number (the plan's promise), so neither does explaining.
 */
#include "norm/explain.h"

#include <string.h>

#include "array/array.h"
#include "base/status.h"
#include "op/batch_norm.h"
#include "session/session.h"

/* Where a fetched value goes: a field of a layer or of an update. */
typedef struct wish {
    tare_tensor tensor;
    const tare_array **into;
} wish;

/* A variable to look at after the run. */
typedef struct late {
    const tare_node *variable;
    const tare_array **into;
} late;

typedef struct explaining {
    tare_session *session;
    const tare_graph *graph;
    tare_explanation *result;
    bool *reached; /* by node id: on the way of the fetches */
    TARE_VECTOR(wish) wishes;
    TARE_VECTOR(late) lates;
} explaining;

static tare_status no_memory(explaining *e) { return tare_fail_memory(&e->session->error); }

/* ------------------------------------------------------------------- what to look at */

static tare_status want(explaining *e, tare_edge edge, const tare_array **into) {
    if (!edge.node) return TARE_OK;
    if (!tare_vector_reserve(&e->result->allocator, &e->wishes, 1)) return no_memory(e);
    e->wishes.items[e->wishes.count++] =
        (wish){tare_graph_tensor(e->graph, edge.node, edge.output), into};
    return TARE_OK;
}

static tare_status want_after(explaining *e, tare_edge edge, const tare_array **into) {
    if (!edge.node) return TARE_OK;
    const tare_node *node = tare_graph_node(e->graph, edge.node);
    if (!(node->def->flags & TARE_OP_VARIABLE)) return want(e, edge, into);
    if (!tare_vector_reserve(&e->result->allocator, &e->lates, 1)) return no_memory(e);
    e->lates.items[e->lates.count++] = (late){node, into};
    return TARE_OK;
}

static tare_edge input_of(const tare_node *node, int32_t input) {
    return input < node->input_count ? node->inputs[input] : (tare_edge){0, 0};
}

static bool is_op(const tare_node *node, const char *name) {
    return strcmp(node->def->name, name) == 0;
}

/* "a/b/bn" of "a/b/bn/batchnorm/add_1": all of the name before the layer's own nodes. */
static const char *layer_name(explaining *e, const tare_node *node) {
    const tare_edge variable = input_of(node, TARE_BATCH_NORM_MOVING_MEAN);
    const char *name = variable.node ? tare_graph_node(e->graph, variable.node)->name : node->name;
    char *copy = tare_arena_text(e->result->arena, name);
    char *slash = copy ? strrchr(copy, '/') : NULL;
    if (slash) *slash = '\0';
    return copy;
}

static void mark_reached(explaining *e, const tare_tensor *fetches, size_t count) {
    for (size_t f = 0; f < count; f++)
        if (tare_tensor_node(fetches[f])) e->reached[fetches[f].node] = true;
    for (int32_t id = (int32_t)tare_graph_node_count(e->graph); id >= 1; id--) {
        if (!e->reached[id]) continue;
        const tare_node *node = tare_graph_node(e->graph, id);
        for (int32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i].node) e->reached[node->inputs[i].node] = true;
        for (int32_t i = 0; i < node->control_count; i++) e->reached[node->controls[i]] = true;
    }
}

/* An update belongs to the batch normalisation whose statistics it averages. */
static bool is_update_of(const tare_node *update, const tare_node *layer) {
    return is_op(update, "assign_moving_average") &&
           input_of(update, TARE_MOVING_VALUE).node == layer->id;
}

static tare_status add_update(explaining *e, const tare_node *layer, const tare_node *node,
                              tare_explained_update *update) {
    const tare_moving_average_options *options = node->options;
    const tare_batch_norm_node_options *settings = layer->options;
    const tare_edge variable = input_of(node, TARE_MOVING_VARIABLE);
    const tare_edge value = input_of(node, TARE_MOVING_VALUE);
    update->variable = tare_graph_node(e->graph, variable.node)->name;
    update->is_variance =
        value.output == TARE_BATCH_NORM_UPDATE_VARIANCE || value.output == TARE_BATCH_NORM_VARIANCE;
    update->unbiased = value.output == TARE_BATCH_NORM_UPDATE_VARIANCE && settings->unbiased;
    update->momentum = options->momentum;
    TARE_TRY(want(e, variable, &update->before));
    TARE_TRY(want(e, value, &update->batch));
    return want_after(e, variable, &update->after);
}

static tare_status add_updates(explaining *e, const tare_node *node, size_t index) {
    tare_explained_layer *layer = &e->result->layers[index];
    const int32_t count = (int32_t)tare_graph_node_count(e->graph);
    size_t found = 0;
    for (int32_t id = node->id; id <= count; id++)
        found += e->reached[id] && is_update_of(tare_graph_node(e->graph, id), node);
    tare_explained_update *updates =
        tare_arena_allocate_array(e->result->arena, (int64_t)found + 1, sizeof *updates);
    if (!updates) return no_memory(e);
    layer->updates = e->result->updates[index] = updates;
    for (int32_t id = node->id; id <= count; id++) {
        const tare_node *update = tare_graph_node(e->graph, id);
        if (e->reached[id] && is_update_of(update, node))
            TARE_TRY(add_update(e, node, update, &updates[layer->update_count++]));
    }
    return TARE_OK;
}

static tare_status add_layer(explaining *e, const tare_node *node, size_t index) {
    tare_explained_layer *layer = &e->result->layers[index];
    const tare_batch_norm_node_options *settings = node->options;
    layer->name = layer_name(e, node);
    if (!layer->name) return no_memory(e);
    layer->epsilon = settings->epsilon;
    layer->training = settings->training;
    TARE_TRY(want(e, input_of(node, TARE_BATCH_NORM_X), &layer->x));
    TARE_TRY(want(e, (tare_edge){node->id, TARE_BATCH_NORM_Y}, &layer->y));
    TARE_TRY(want(e, (tare_edge){node->id, TARE_BATCH_NORM_MEAN}, &layer->mean));
    TARE_TRY(want(e, (tare_edge){node->id, TARE_BATCH_NORM_VARIANCE}, &layer->variance));
    TARE_TRY(want(e, input_of(node, TARE_BATCH_NORM_GAMMA), &layer->gamma_before));
    TARE_TRY(want(e, input_of(node, TARE_BATCH_NORM_BETA), &layer->beta_before));
    TARE_TRY(want_after(e, input_of(node, TARE_BATCH_NORM_GAMMA), &layer->gamma_after));
    TARE_TRY(want_after(e, input_of(node, TARE_BATCH_NORM_BETA), &layer->beta_after));
    TARE_TRY(want(e, input_of(node, TARE_BATCH_NORM_TRAINING), &e->result->training[index]));
    return add_updates(e, node, index);
}

static tare_status find_layers(explaining *e, const tare_tensor *fetches, size_t count) {
    const int32_t nodes = (int32_t)tare_graph_node_count(e->graph);
    e->reached = tare_arena_allocate_array(e->result->arena, nodes + 1, sizeof *e->reached);
    if (!e->reached) return no_memory(e);
    mark_reached(e, fetches, count);
    int64_t layers = 0;
    for (int32_t id = 1; id <= nodes; id++)
        layers += e->reached[id] && is_op(tare_graph_node(e->graph, id), "batch_norm");
    e->result->layers =
        tare_arena_allocate_array(e->result->arena, layers + 1, sizeof *e->result->layers);
    e->result->updates =
        tare_arena_allocate_array(e->result->arena, layers + 1, sizeof *e->result->updates);
    e->result->training =
        tare_arena_allocate_array(e->result->arena, layers + 1, sizeof *e->result->training);
    if (!e->result->layers || !e->result->updates || !e->result->training) return no_memory(e);
    for (int32_t id = 1; id <= nodes; id++) {
        const tare_node *node = tare_graph_node(e->graph, id);
        if (e->reached[id] && is_op(node, "batch_norm"))
            TARE_TRY(add_layer(e, node, e->result->count++));
    }
    return TARE_OK;
}

/* ----------------------------------------------------------------------- looking at it */

static tare_status keep(explaining *e, tare_array *copy, const tare_array **into) {
    e->result->arrays[e->result->array_count++] = copy;
    *into = copy;
    return TARE_OK;
}

static tare_status make_room(explaining *e) {
    tare_explanation *result = e->result;
    result->array_capacity = (size_t)(e->wishes.count + e->lates.count) + 1;
    result->arrays = tare_allocate_array(&result->allocator, (int64_t)result->array_capacity,
                                         sizeof *result->arrays);
    return result->arrays ? TARE_OK : no_memory(e);
}

static tare_status copy_wishes(explaining *e, tare_array *const *arrays) {
    for (int64_t i = 0; i < e->wishes.count; i++) {
        tare_array *copy = NULL;
        if (!arrays[i]) continue;
        if (tare_array_new(arrays[i]->dtype, arrays[i]->shape, &e->result->allocator, &copy) !=
            TARE_OK)
            return no_memory(e);
        memcpy(copy->data, arrays[i]->data, arrays[i]->bytes);
        TARE_TRY(keep(e, copy, e->wishes.items[i].into));
    }
    return TARE_OK;
}

static tare_status look_after(explaining *e) {
    for (int64_t i = 0; i < e->lates.count; i++) {
        tare_array *copy = NULL;
        TARE_TRY(tare_session_get(e->session, e->lates.items[i].variable->name, &copy));
        TARE_TRY(keep(e, copy, e->lates.items[i].into));
    }
    return TARE_OK;
}

/* The run, the caller's fetches first and then ours. */
static tare_status run(explaining *e, const tare_feed *feeds, size_t feed_count,
                       const tare_tensor *fetches, size_t fetch_count, tare_array **results) {
    const int64_t count = (int64_t)fetch_count + e->wishes.count;
    tare_tensor *all = tare_arena_allocate_array(e->result->arena, count + 1, sizeof *all);
    tare_array **arrays = tare_arena_allocate_array(e->result->arena, count + 1, sizeof *arrays);
    if (!all || !arrays) return no_memory(e);
    for (size_t f = 0; f < fetch_count; f++) {
        all[f] = fetches[f];
        arrays[f] = results ? results[f] : NULL;
    }
    for (int64_t i = 0; i < e->wishes.count; i++)
        all[(int64_t)fetch_count + i] = e->wishes.items[i].tensor;
    TARE_TRY(tare_session_run(e->session, feeds, feed_count, all, (size_t)count, arrays));
    for (size_t f = 0; results && f < fetch_count; f++) results[f] = arrays[f];
    TARE_TRY(copy_wishes(e, arrays + fetch_count));
    return look_after(e);
}

/* What can be said only now: N, and whether this was a run of training. */
static void conclude(explaining *e) {
    for (size_t i = 0; i < e->result->count; i++) {
        tare_explained_layer *layer = &e->result->layers[i];
        const int64_t channels = layer->mean ? layer->mean->count : 0;
        layer->elements = layer->x && channels > 0 ? layer->x->count / channels : 0;
        if (e->result->training[i])
            layer->training = tare_array_number(e->result->training[i], 0) != 0;
        for (size_t u = 0; u < layer->update_count; u++)
            e->result->updates[i][u].written = layer->training;
    }
}

static tare_status explain(explaining *e, const tare_feed *feeds, size_t feed_count,
                           const tare_tensor *fetches, size_t fetch_count, tare_array **results) {
    e->result->arena = tare_arena_new(&e->result->allocator);
    if (!e->result->arena) return no_memory(e);
    TARE_TRY(find_layers(e, fetches, fetch_count));
    TARE_TRY(make_room(e));
    TARE_TRY(run(e, feeds, feed_count, fetches, fetch_count, results));
    conclude(e);
    return TARE_OK;
}

tare_status tare_explain(tare_session *session, const tare_feed *feeds, size_t feed_count,
                         const tare_tensor *fetches, size_t fetch_count, tare_array **results,
                         tare_explanation **explanation) {
    if (!explanation) return TARE_ERROR_ARGUMENT;
    *explanation = NULL;
    if (!session || (fetch_count > 0 && !fetches)) return TARE_ERROR_ARGUMENT;
    tare_explanation *result = tare_allocate_zeroed(&session->given, sizeof *result);
    if (!result) return TARE_ERROR_MEMORY;
    result->allocator = session->given;
    explaining e = {.session = session, .graph = session->graph, .result = result};
    const tare_status status = explain(&e, feeds, feed_count, fetches, fetch_count, results);
    tare_vector_free(&result->allocator, &e.wishes);
    tare_vector_free(&result->allocator, &e.lates);
    if (status == TARE_OK)
        *explanation = result;
    else
        tare_explanation_free(result);
    return status;
}

void tare_explanation_free(tare_explanation *explanation) {
    if (!explanation) return;
    for (size_t i = 0; i < explanation->array_count; i++) tare_array_free(explanation->arrays[i]);
    tare_release(&explanation->allocator, explanation->arrays,
                 explanation->array_capacity * sizeof *explanation->arrays);
    tare_arena_free(explanation->arena);
    const tare_allocator allocator = explanation->allocator;
    tare_release(&allocator, explanation, sizeof *explanation);
}

size_t tare_explanation_count(const tare_explanation *explanation) {
    return explanation ? explanation->count : 0;
}

const tare_explained_layer *tare_explanation_layer(const tare_explanation *explanation, size_t i) {
    return explanation && i < explanation->count ? &explanation->layers[i] : NULL;
}
