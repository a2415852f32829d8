/* SPDX-License-Identifier: Apache-2.0 */
/* Turning a network into one that is trained with fake quantisation, and taking the ranges back. */
#include "base/status.h"
#include "base/text.h"
#include "layer/update.h"
#include "norm/quantising.h"

#include <string.h>
#include <tare/op.h>
#include <tare/train.h>

#define TARE_TABLE_STRUCT tare_quantise_training_options
TARE_OPTION_TABLE(, tare_quantise_training_table, TARE_QUANTISE_TRAINING_FIELDS);
#undef TARE_TABLE_STRUCT

/* ----------------------------------------------------------------------------------- checking */

static tare_status refuse(const tare_quantising *q, const char *node, const char *got,
                          const char *need) {
    return tare_fail_at(q->error, TARE_ERROR_ARGUMENT, "quantise_training", node, got, need);
}

static tare_status check_bits(const tare_quantising *q, const char *name, int64_t bits) {
    char got[64];
    if (bits == 0 || (bits >= 2 && bits <= 16)) return TARE_OK;
    return refuse(q, name, tare_print(got, sizeof got, "%lld bits", (long long)bits),
                  "2 to 16, or 0 for none");
}

static tare_status check_delay(const tare_quantising *q, const char *name, int64_t delay) {
    char got[64];
    if (delay >= 0) return TARE_OK;
    return refuse(q, name, tare_print(got, sizeof got, "%lld steps", (long long)delay),
                  "0 or more");
}

static tare_status check_options(const tare_quantising *q) {
    const tare_quantise_training_options *o = &q->options;
    TARE_TRY(check_bits(q, "weight_bits", o->weight_bits));
    TARE_TRY(check_bits(q, "activation_bits", o->activation_bits));
    TARE_TRY(check_delay(q, "delay", o->delay));
    TARE_TRY(check_delay(q, "freeze_delay", o->freeze_delay));
    if (o->decay >= 0 && o->decay < 1) return TARE_OK;
    return refuse(q, "decay", "another number", "0 to below 1");
}

static tare_status check_network(const tare_quantising *q) {
    const tare_network *network = q->network;
    if (network->train.graph)
        return refuse(q, tare_tensor_name(network->train),
                      "a training step, whose gradients are those of the network as it was",
                      "a network whose training step is built afterwards");
    if (tare_collection_count(q->graph, TARE_QUANTISED_ANSWERS, NULL) > 0)
        return refuse(q, tare_tensor_name(network->logits), "a network that is quantised already",
                      "one that is not");
    if (network->loss.graph && !tare_tensor_node(network->loss))
        return refuse(q, "loss", "a loss that no builder made", "a tensor, or none");
    return TARE_OK;
}

/* On the way to the answer. */
static tare_status check_node(const tare_quantising *q, const tare_node *node, bool *product) {
    tare_product ignored;
    *product = *product || tare_fold_is_product(&q->found, node, &ignored);
    if (strncmp(node->def->name, "fake_quant", strlen("fake_quant")) == 0)
        return refuse(q, node->name, "fake quantisation on the way to the answer",
                      "a network without");
    if (node->branch)
        return refuse(q, node->name, "a node in a branch of a conditional",
                      "a way to the answer without conditionals");
    if (node->control_count > 0)
        return refuse(q, node->name, "a node that waits for others",
                      "a way to the answer without control dependencies");
    return TARE_OK;
}

static tare_status check_way(const tare_quantising *q) {
    bool product = false;
    for (int32_t id = 1; id <= q->last; id++)
        if (q->found.uses[id] > 0) TARE_TRY(check_node(q, tare_graph_node(q->graph, id), &product));
    if (product) return TARE_OK;
    return refuse(q, tare_tensor_name(q->network->logits), "no product on the way to the answer",
                  "a dense layer or a convolution at least");
}

/* ------------------------------------------------------------------------------------ finding */

/* Every normalisation on the way goes into the product before it. */
static tare_status find_place(tare_quantising *q, const tare_fold_place *place) {
    if (q->found.uses[place->statistics.variance->id] == 0) return TARE_OK;
    if (!place->product)
        return refuse(q, place->told.name, place->told.reason,
                      "a normalisation that folds into the product before it");
    if (place->told.before)
        return refuse(q, place->told.name, "a normalisation before its product",
                      "one that folds into the product before it");
    if (place->link_count > 0)
        return refuse(q, place->told.name, "something between the normalisation and its product",
                      "nothing but a bias there");
    const tare_node *x =
        tare_graph_node(q->graph, place->norm->inputs[0].node); /* the product, or its bias */
    q->places[place->norm->id] = q->places[x->id] = q->places[place->product->id] = place;
    return TARE_OK;
}

static void mark_loss(tare_quantising *q) {
    const tare_node *loss = tare_tensor_node(q->network->loss);
    if (!loss) return;
    q->matters[loss->id] = true;
    for (int32_t id = loss->id; id > 0; id--) {
        const tare_node *node = tare_graph_node(q->graph, id);
        for (int32_t i = 0; q->matters[id] && i < node->input_count; i++)
            q->matters[node->inputs[i].node] = true;
    }
}

static tare_status make_room(tare_quantising *q) {
    tare_arena *arena = q->found.arena;
    const int64_t nodes = tare_graph_node_count(q->graph) + 1;
    q->places = tare_arena_allocate_array(arena, nodes, sizeof *q->places);
    q->copies = tare_arena_allocate_array(arena, nodes, sizeof *q->copies);
    q->ranges = tare_arena_allocate_array(arena, nodes, sizeof *q->ranges);
    q->open = tare_arena_allocate_array(arena, nodes, sizeof *q->open);
    q->contexts = tare_arena_allocate_array(arena, nodes, sizeof *q->contexts);
    q->matters = tare_arena_allocate_array(arena, nodes, sizeof *q->matters);
    if (!q->places || !q->copies || !q->ranges || !q->open || !q->contexts || !q->matters)
        return tare_fail_memory(q->error);
    return TARE_OK;
}

static tare_status find(tare_quantising *q) {
    const tare_node *loss = tare_tensor_node(q->network->loss);
    q->last = tare_tensor_node(q->network->logits)->id;
    if (loss && loss->id > q->last) q->last = loss->id;
    TARE_TRY(make_room(q));
    TARE_TRY(tare_fold_find(&q->found));
    TARE_TRY(check_way(q));
    for (size_t i = 0; i < q->found.count; i++) TARE_TRY(find_place(q, &q->found.places[i]));
    mark_loss(q);
    return TARE_OK;
}

/* ----------------------------------------------------------------------------------- building */

static tare_tensor reached(tare_graph *graph, int64_t steps) {
    const tare_tensor step = tare_global_step(graph);
    return tare_greater_equal(step, tare_number((double)steps));
}

static void build(tare_quantising *q) {
    tare_network *network = q->network;
    const tare_tensor before = network->logits;
    if (!network->training.graph && !network->training.immediate)
        network->training = tare_placeholder_with_default(q->graph, TARE_FALSE, .name = "training");
    tare_name_scope_begin(q->graph, "quantised");
    if (q->options.delay > 0) q->active = reached(q->graph, q->options.delay);
    q->frozen = reached(q->graph, q->options.freeze_delay);
    tare_quantising_walk(q);
    tare_name_scope_end(q->graph);
    if (tare_graph_status(q->graph) != TARE_OK) return;
    network->logits = q->copies[before.node];
    if (network->loss.node && q->copies[network->loss.node].graph)
        network->loss = q->copies[network->loss.node];
    (void)tare_add_to_collection(q->graph, TARE_QUANTISED_ANSWERS, before);
    (void)tare_add_to_collection(q->graph, TARE_QUANTISED_ANSWERS, network->logits);
}

/* Each update in the place of the one it was made from. */
static void put_updates(const tare_quantising *q) {
    for (const tare_renewed_update *r = q->renewed; r; r = r->next) {
        (void)tare_add_to_collection(q->graph, TARE_QUANTISED_UPDATES, r->before);
        (void)tare_layer_replace_update(q->graph, r->before, r->after, r->output);
    }
}

static tare_status quantise(tare_quantising *q) {
    tare_network *network = q->network;
    const tare_network before = *network;
    TARE_TRY(check_options(q));
    TARE_TRY(check_network(q));
    TARE_TRY(find(q));
    const tare_graph_attempt attempt = tare_graph_attempt_begin(q->graph);
    build(q);
    tare_graph_attempt_end(q->graph, &attempt);
    if (tare_graph_status(q->graph) == TARE_OK) put_updates(q);
    const tare_status status = tare_graph_status(q->graph);
    if (status == TARE_OK) return status;
    *network = before;
    if (q->error) *q->error = *tare_graph_error(q->graph);
    return status;
}

tare_status tare_quantise_training_with(tare_network *network,
                                        const tare_quantise_training_options *options,
                                        tare_error *error) {
    if (!network || network->struct_size < sizeof *network || !tare_tensor_node(network->logits))
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "quantise_training needs a network with logits, its struct_size set");
    tare_graph *graph = network->logits.graph;
    if (tare_graph_status(graph) != TARE_OK) {
        if (error) *error = *tare_graph_error(graph);
        return tare_graph_status(graph);
    }
    tare_quantising q = {.graph = graph, .network = network, .error = error};
    tare_options_adopt(&tare_quantise_training_table, options, &q.options);
    q.found = (tare_folding){.allocator = *tare_graph_allocator(graph),
                             .graph = graph,
                             .network = network,
                             .error = error};
    q.found.arena = tare_arena_new(&q.found.allocator);
    const tare_status status = q.found.arena ? quantise(&q) : tare_fail_memory(error);
    tare_arena_free(q.found.arena);
    return status;
}

/* ------------------------------------------------------------------------- what training found */

static tare_status read_number(const tare_session *session, tare_tensor variable, double *number,
                               tare_error *error) {
    const int32_t id = variable.node;
    if (id >= session->variables.count || !session->variables.items[id].initialized)
        return tare_fail_at(error, TARE_ERROR_UNINITIALIZED, "quantise_trained",
                            tare_tensor_name(variable), "a variable without a value",
                            "tare_session_initialize or a checkpoint first");
    *number = tare_array_number(session->variables.items[id].array, 0);
    return TARE_OK;
}

/* Item i of the collection is the tensor, the next three are its range's variables. */
static tare_status take_range(tare_session *session, size_t i, tare_error *error) {
    tare_graph *graph = (tare_graph *)session->graph;
    double numbers[3] = {0};
    for (size_t k = 0; k < 3; k++)
        TARE_TRY(read_number(session,
                             tare_collection_item(graph, TARE_QUANTISED_RANGES, NULL, i + 1 + k),
                             &numbers[k], error));
    if (!(numbers[TARE_FAKE_COUNT] > 0)) return TARE_OK;
    const tare_tensor tensor = tare_collection_item(graph, TARE_QUANTISED_RANGES, NULL, i);
    return tare_graph_set_range(graph, tare_tensor_name(tensor), numbers[TARE_FAKE_MIN],
                                numbers[TARE_FAKE_MAX], error);
}

tare_status tare_quantise_trained(tare_session *session, tare_network *network, tare_error *error) {
    if (!session || !network)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "quantise_trained needs a session and a network");
    const tare_graph *graph = session->graph;
    const tare_tensor before = tare_collection_item(graph, TARE_QUANTISED_ANSWERS, NULL, 0);
    const tare_tensor after = tare_collection_item(graph, TARE_QUANTISED_ANSWERS, NULL, 1);
    if (!after.node || after.node != network->logits.node || network->logits.graph != graph)
        return tare_fail_at(error, TARE_ERROR_STATE, "quantise_trained",
                            tare_tensor_name(network->logits), "a network that is not quantised",
                            "tare_quantise_training before its training step is built");
    const size_t count = tare_collection_count(graph, TARE_QUANTISED_RANGES, NULL);
    for (size_t i = 0; i + 3 < count; i += 4) TARE_TRY(take_range(session, i, error));
    network->logits = before;
    return TARE_OK;
}
