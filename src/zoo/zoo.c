/* SPDX-License-Identifier: Apache-2.0 */
/* The table of networks: one line each. */
#include "base/memory.h"
#include "base/nearest.h"
#include "base/status.h"
#include "base/text.h"
#include "zoo/training.h"
#include <tare/summary.h>

#include <string.h>

/* clang-format off */
static const tare_zoo_network *const networks[] = {
    &tare_zoo_question,
    &tare_zoo_mlp_bn,
    &tare_zoo_lenet_bn,
    &tare_zoo_channelwise,
    &tare_zoo_heatmap,
    &tare_zoo_fashion,
    &tare_zoo_action3d,
    &tare_zoo_house_prices,
    &tare_zoo_resnet20,
    &tare_zoo_resnet50,
    &tare_zoo_conv3d,
    &tare_zoo_mobilenet,
};
/* clang-format on */
enum { NETWORKS = sizeof networks / sizeof *networks };

static const tare_zoo_network *find(const char *name) {
    for (size_t i = 0; name != NULL && i < NETWORKS; i++)
        if (strcmp(networks[i]->name, name) == 0) return networks[i];
    return NULL;
}

const char *tare_zoo_name(size_t i) { return i < NETWORKS ? networks[i]->name : NULL; }

const char *tare_zoo_help(const char *name) {
    const tare_zoo_network *network = find(name);
    return network == NULL ? NULL : network->help;
}

const char *tare_zoo_data(const char *name) {
    const tare_zoo_network *network = find(name);
    return network == NULL ? NULL : network->data;
}

const tare_option_table *tare_zoo_option_table(const char *name) {
    const tare_zoo_network *network = find(name);
    return network == NULL ? NULL : network->table;
}

const tare_recipe *tare_zoo_recipe(const char *name, size_t i) {
    const tare_zoo_network *network = find(name);
    if (network == NULL) return NULL;
    for (size_t k = 0; network->recipes[k].name != NULL; k++)
        if (k == i) return &network->recipes[k];
    return NULL;
}

/* The field of that name in a struct of the table's; NULL: there is none. */
static void *field_of(const tare_option_table *table, void *options, const char *name) {
    for (const tare_option *option = table->options; option->name != NULL; option++)
        if (strcmp(option->name, name) == 0) return (char *)options + option->offset;
    return NULL;
}

void tare_zoo_set_steps(const char *name, void *options, int64_t steps) {
    const tare_zoo_network *network = find(name);
    if (network == NULL || options == NULL) return;
    const int *schedule = field_of(network->table, options, "schedule");
    int64_t *all = field_of(network->table, options, "steps");
    const bool constant = schedule != NULL && *schedule == TARE_ZOO_CONSTANT;
    if (all != NULL && *all == 0 && !constant) *all = steps;
}

static tare_status refuse_name(const char *name, tare_error *error) {
    tare_nearest nearest = {.word = name};
    for (size_t i = 0; i < NETWORKS; i++) tare_nearest_offer(&nearest, networks[i]->name);
    if (nearest.best != NULL)
        return tare_fail(error, TARE_ERROR_NAME, "there is no network '%.80s'; did you mean '%s'?",
                         name, nearest.best);
    tare_text known = {0};
    for (size_t i = 0; i < NETWORKS; i++)
        tare_text_format(&known, "%s%s", i > 0 ? ", " : "", networks[i]->name);
    const tare_status status =
        tare_fail(error, TARE_ERROR_NAME, "there is no network '%.80s'; there are %s", name,
                  known.data != NULL ? known.data : "none");
    tare_text_clear(&known);
    return status;
}

tare_status tare_zoo_build(tare_graph *graph, const char *name, const void *options,
                           tare_network *network, tare_error *error) {
    return tare_zoo_build_quantised(graph, name, options, NULL, network, error);
}

tare_status tare_zoo_build_quantised(tare_graph *graph, const char *name, const void *options,
                                     const tare_quantise_training_options *quantise,
                                     tare_network *network, tare_error *error) {
    if (graph == NULL || name == NULL || network == NULL || network->struct_size < sizeof *network)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "zoo_build needs a graph, a name and a network with its struct_size set");
    const tare_zoo_network *found = find(name);
    if (found == NULL) return refuse_name(name, error);
    void *all = tare_allocate_zeroed(tare_graph_allocator(graph), found->table->size);
    if (all == NULL) return tare_fail_memory(error);
    tare_options_adopt(found->table, options, all);
    tare_zoo_making making = {.network = {.struct_size = sizeof making.network},
                              .quantise = quantise};
    found->build(graph, all, &making.network);
    if (making.quantise != NULL)
        (void)tare_build_fail(graph, TARE_ERROR_UNSUPPORTED, "quantise_training", name,
                              "a network with a training step of its own",
                              "one of those that tell classes apart");
    making.network.summary = tare_summary_merge_all(graph);
    making.network.struct_size = network->struct_size;
    *network = making.network;
    tare_release(tare_graph_allocator(graph), all, found->table->size);
    if (tare_graph_status(graph) != TARE_OK && error != NULL) *error = *tare_graph_error(graph);
    return tare_graph_status(graph);
}
