/* SPDX-License-Identifier: Apache-2.0 */
/* Builds batch normalisation alone. */
#include "bn_alone.h"

#include "batches.h"

#include <string.h>

enum { X, GAMMA, BETA, SOURCES };

/* Height, width and channels: a tensor of 25.7 MB and one of 8.4 MB with the workloads' batches,
 * which straddle the last caches of today's processors. */
typedef struct image {
    const char *workload;
    int64_t height, width, channels;
} image;
static const image images[] = {{"bn_alone", 56, 56, 64}, {"bn_alone_small", 32, 32, 16}};

static const image *image_of(const char *workload) {
    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        if (strcmp(images[i].workload, workload) == 0) return &images[i];
    return NULL;
}

static tare_tensor feed(bench_work *work, const image *i, const char *name) {
    return tare_placeholder(work->graph, TARE_FLOAT32,
                            TARE_SHAPE(work->batch, i->height, i->width, i->channels),
                            .name = name);
}

static tare_status build(bench_work *work, const image *i) {
    tare_graph *g = work->graph;
    tare_network *network = &work->network;
    network->inputs = feed(work, i, "x");
    network->labels = feed(work, i, "dy");
    network->training = tare_placeholder_with_default(g, TARE_FALSE, .name = "training");
    network->logits = tare_batch_norm(network->inputs, .training = network->training);
    const tare_tensor sources[SOURCES] = {
        network->inputs, tare_collection_item(g, TARE_TRAINABLE_VARIABLES, NULL, 0),
        tare_collection_item(g, TARE_TRAINABLE_VARIABLES, NULL, 1)};
    tare_tensor gradients[SOURCES];
    const tare_status status =
        tare_gradients(&network->logits, 1, sources, SOURCES, &network->labels, gradients);
    if (status != TARE_OK) return status;
    network->loss = tare_reduce_mean(gradients[GAMMA]);
    const tare_tensor all[] = {network->logits,
                               gradients[X],
                               gradients[GAMMA],
                               gradients[BETA],
                               tare_collection_item(g, TARE_UPDATE_OPS, NULL, 0),
                               tare_collection_item(g, TARE_UPDATE_OPS, NULL, 1)};
    network->train = tare_group(g, all, sizeof all / sizeof *all);
    return tare_graph_status(g);
}

tare_status bench_build_bn_alone(bench_work *work, bool no_bn, tare_error *error) {
    const image *i = image_of(work->workload->name);
    if (no_bn)
        return bench_fail(error, TARE_ERROR_NAME, "%s cannot do without batch normalisation",
                          work->workload->name);
    if (i == NULL)
        return bench_fail(error, TARE_ERROR_NAME, "%s is no workload of batch normalisation alone",
                          work->workload->name);
    const tare_status status = build(work, i);
    return status == TARE_OK ? TARE_OK : bench_fail(error, status, "%s", tare_message(work->graph));
}
