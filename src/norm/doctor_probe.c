/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe: the network on batches of data, three times. By the statistics of each batch, as in
 * training; by the stored ones, as in inference; and by statistics estimated anew from these
 * batches. Where the three losses part tells whether the stored statistics or the batches are at
 * fault.
 *
 *     mean estimated anew      mean of the batches' means
 *     variance estimated anew  mean of the batches' variances + variance of their means
 *
 * What running in training mode may write (averages that are updated in place) is written back.
 *
 * Source  Wu and Johnson 2021, arXiv:2105.07576, section 3 (precise statistics).
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/status.h"
#include "norm/doctor.h"
#include "train/fit_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_BATCH  32
#define LEAST_SPREAD 4 /* batches that a spread is told of */

/* One variable as it was before the probe. */
typedef struct kept {
    int32_t node;
    tare_array *array;
    tare_update_counts counts;
    bool initialized, given;
} kept;

/* Of one layer's channels, over the batches. */
typedef struct gathered {
    int64_t channels;
    double *mean, *mean_squares, *variance; /* [channels] running means */
    double *deviation, *deviation_squares;  /* [channels] */
} gathered;

/* Running mean and sum of squared differences of numbers that come one by one. */
typedef struct moments {
    int64_t count, above; /* above 0, or NaN */
    double mean, squares;
} moments;

typedef struct probing {
    tare_patient *patient;
    tare_runner runner; /* for its checks, its feeds' arrays and its sentences */
    tare_batches *batches;
    kept *kept;
    size_t kept_count;
    gathered *layers; /* [layers of the patient] */
    tare_tensor *fetches;
    tare_array **results;
    size_t fetch_count;
    double *losses; /* [batches] by the batches' statistics */
    moments stored_gap, estimated_gap, labels, answers;
    double stored_loss, estimated_loss, batch_loss, squared_error;
    int64_t compared; /* numbers of answers and labels */
} probing;

static void add_number(moments *m, double number) {
    const double before = number - m->mean;
    m->count++;
    m->above += !(number <= 0);
    m->mean += before / (double)m->count;
    m->squares += before * (number - m->mean);
}

static double deviation_of(const moments *m) {
    return m->count > 0 ? sqrt(m->squares / (double)m->count) : TARE_UNKNOWN;
}

static tare_gap gap_of(const moments *m) {
    const double error = m->squares / (double)(m->count - 1) / (double)m->count;
    return (tare_gap){m->mean, m->count > 1 ? sqrt(error) : TARE_UNKNOWN, m->above};
}

static tare_status no_memory(const probing *p) { return tare_fail_memory(p->patient->error); }

/* ------------------------------------------------------------- everything as it was before */

static tare_status keep(probing *p, int32_t variable) {
    tare_session *session = p->patient->session;
    for (size_t i = 0; i < p->kept_count; i++)
        if (p->kept[i].node == variable) return TARE_OK;
    if (variable >= session->variables.count) return TARE_OK;
    const tare_variable_state *state = &session->variables.items[variable];
    if (!state->array) return TARE_OK;
    kept *k = &p->kept[p->kept_count];
    *k = (kept){.node = variable, .initialized = state->initialized, .given = state->given};
    if (state->counts) k->counts = *state->counts;
    if (tare_array_new(state->array->dtype, state->array->shape, &session->given, &k->array) !=
        TARE_OK)
        return no_memory(p);
    p->kept_count++;
    memcpy(k->array->data, state->array->data, state->array->bytes);
    return TARE_OK;
}

/* All that averages write, and the statistics themselves. */
static tare_status keep_all(probing *p) {
    const tare_graph *graph = p->patient->graph;
    const int32_t nodes = (int32_t)tare_graph_node_count(graph);
    p->kept = tare_arena_allocate_array(p->patient->arena, nodes + 1, sizeof *p->kept);
    if (!p->kept) return no_memory(p);
    for (int32_t id = 1; id <= nodes; id++) {
        const tare_node *node = tare_graph_node(graph, id);
        if (!(node->def->flags & TARE_OP_COUNTS)) continue;
        for (int32_t i = 0; i < node->input_count; i++)
            if ((node->def->writes >> i & 1u) && node->inputs[i].node)
                TARE_TRY(keep(p, node->inputs[i].node));
    }
    for (size_t i = 0; i < p->patient->layer_count; i++) {
        TARE_TRY(keep(p, p->patient->layers[i].variables.mean->id));
        TARE_TRY(keep(p, p->patient->layers[i].variables.variance->id));
    }
    return TARE_OK;
}

static void put_back(probing *p) {
    tare_session *session = p->patient->session;
    for (size_t i = 0; i < p->kept_count; i++) {
        const kept *k = &p->kept[i];
        tare_variable_state *state = &session->variables.items[k->node];
        memcpy(state->array->data, k->array->data, k->array->bytes);
        state->initialized = k->initialized;
        tare_session_renew_counts(state, &k->counts, k->given);
    }
    session->epoch++;
}

/* --------------------------------------------------------------------------------- running */

static tare_status run(probing *p, const tare_batch *batch, bool training,
                       const tare_tensor *fetches, size_t count, tare_array **results) {
    const tare_network *network = p->patient->network;
    tare_session *session = p->patient->session;
    const tare_feed feeds[] = {{network->inputs, batch->inputs},
                               {network->labels, batch->labels},
                               {network->training, p->runner.mode}};
    const size_t feed_count = tare_tensor_is_valid(network->training) ? 3 : 2;
    tare_array_set_number(p->runner.mode, 0, training);
    for (size_t i = 0; i < count; i++) results[i] = NULL;
    const tare_status status =
        tare_session_run(session, feeds, feed_count, fetches, count, results);
    if (status != TARE_OK && p->patient->error && tare_session_error(session))
        *p->patient->error = *tare_session_error(session);
    return status;
}

static void gather_layer(const tare_patient_layer *layer, gathered *g, const tare_array *mean,
                         const tare_array *variance, double batches) {
    for (int64_t c = 0; c < g->channels && c < mean->count && c < variance->count; c++) {
        const double m = tare_array_number(mean, c), v = tare_array_number(variance, c);
        const double square = layer->is_deviation ? v * v - layer->epsilon : v;
        const double deviation = sqrt(square > 0 ? square : 0);
        g->mean[c] += m / batches;
        g->mean_squares[c] += m * m / batches;
        g->variance[c] += square / batches;
        g->deviation[c] += deviation / batches;
        g->deviation_squares[c] += deviation * deviation / batches;
    }
}

/* By the statistics of each batch. */
static tare_status run_batches(probing *p) {
    const tare_patient *patient = p->patient;
    const int64_t batches = patient->probe.batches;
    for (int64_t i = 0; i < batches; i++) {
        tare_batch batch;
        TARE_TRY(tare_batches_get(p->batches, 0, i, &batch));
        TARE_TRY(run(p, &batch, true, p->fetches, p->fetch_count, p->results));
        p->losses[i] = tare_array_number(p->results[0], 0);
        p->batch_loss += p->losses[i] / (double)batches;
        size_t f = 1;
        for (size_t l = 0; l < patient->layer_count; l++, f += 2)
            if (p->layers[l].channels > 0)
                gather_layer(&patient->layers[l], &p->layers[l], p->results[f], p->results[f + 1],
                             (double)batches);
    }
    return TARE_OK;
}

static void compare(probing *p, const tare_array *answer, const tare_array *labels) {
    if (!p->patient->probe.has_targets || answer->count != labels->count) return;
    for (int64_t i = 0; i < labels->count; i++) {
        const double a = tare_array_number(answer, i), y = tare_array_number(labels, i);
        add_number(&p->answers, a);
        add_number(&p->labels, y);
        p->squared_error += (a - y) * (a - y);
        p->compared++;
    }
}

/* By the stored statistics, whatever they are now. */
static tare_status run_inference(probing *p, double *loss, moments *gap, bool compared) {
    const tare_network *network = p->patient->network;
    const tare_tensor fetches[] = {network->loss, network->logits};
    const int64_t batches = p->patient->probe.batches;
    *loss = 0;
    for (int64_t i = 0; i < batches; i++) {
        tare_batch batch;
        tare_array *results[2];
        TARE_TRY(tare_batches_get(p->batches, 0, i, &batch));
        TARE_TRY(run(p, &batch, false, fetches, 2, results));
        const double found = tare_array_number(results[0], 0);
        *loss += found / (double)batches;
        add_number(gap, found - p->losses[i]);
        if (compared) compare(p, results[1], batch.labels);
    }
    return TARE_OK;
}

/* --------------------------------------------------------------------- estimating anew */

static void set_estimated(const probing *p, const tare_patient_layer *layer, const gathered *g) {
    tare_session *session = p->patient->session;
    tare_array *mean = session->variables.items[layer->variables.mean->id].array;
    tare_array *variance = session->variables.items[layer->variables.variance->id].array;
    for (int64_t c = 0; c < g->channels; c++) {
        const double between = g->mean_squares[c] - g->mean[c] * g->mean[c];
        tare_array_set_number(mean, c, g->mean[c]);
        tare_array_set_number(variance, c, g->variance[c] + (between > 0 ? between : 0));
    }
}

static tare_status run_estimated(probing *p) {
    bool any = false;
    for (size_t l = 0; l < p->patient->layer_count; l++) {
        if (p->layers[l].channels == 0) continue;
        set_estimated(p, &p->patient->layers[l], &p->layers[l]);
        any = true;
    }
    p->patient->session->epoch++;
    p->estimated_loss = TARE_UNKNOWN;
    return any ? run_inference(p, &p->estimated_loss, &p->estimated_gap, false) : TARE_OK;
}

/* ------------------------------------------------------------------------------- results */

static int compare_numbers(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Deviation over mean of the batches' deviations: the median of the channels that vary at all. */
static tare_status find_spread(const probing *p, tare_patient_layer *layer, const gathered *g) {
    double *spreads =
        tare_arena_allocate_array(p->patient->arena, g->channels + 1, sizeof *spreads);
    size_t count = 0;
    if (!spreads) return no_memory(p);
    for (int64_t c = 0; c < g->channels; c++) {
        const double mean = g->deviation[c];
        const double square = g->deviation_squares[c] - mean * mean;
        if (mean > 0) spreads[count++] = sqrt(square > 0 ? square : 0) / mean;
    }
    if (count == 0 || p->patient->probe.batches < LEAST_SPREAD) return TARE_OK;
    qsort(spreads, count, sizeof *spreads, compare_numbers);
    layer->spread = spreads[count / 2];
    return TARE_OK;
}

static tare_status conclude(probing *p) {
    tare_probe *probe = &p->patient->probe;
    for (size_t l = 0; l < p->patient->layer_count; l++)
        TARE_TRY(find_spread(p, &p->patient->layers[l], &p->layers[l]));
    probe->batch_loss = p->batch_loss;
    probe->stored_loss = p->stored_loss;
    probe->estimated_loss = p->estimated_loss;
    probe->stored_gap = gap_of(&p->stored_gap);
    probe->estimated_gap = gap_of(&p->estimated_gap);
    probe->label_mean = p->labels.mean;
    probe->label_deviation = deviation_of(&p->labels);
    probe->answer_deviation = deviation_of(&p->answers);
    probe->squared_error = p->compared > 0 ? p->squared_error / (double)p->compared : TARE_UNKNOWN;
    probe->has_targets = p->compared > 0;
    probe->done = true;
    return TARE_OK;
}

/* ----------------------------------------------------------------------------- preparing */

/* Examples in a training batch, from N and the elements of one example; 0: it cannot be told. */
static int64_t batch_of_counters(const tare_patient *patient) {
    for (size_t i = 0; i < patient->layer_count; i++) {
        const tare_patient_layer *layer = &patient->layers[i];
        const int64_t channels = layer->variance->count;
        if (!layer->x.node || channels < 1 || layer->counters.elements_most < 1) continue;
        tare_shape one =
            tare_graph_node(patient->graph, layer->x.node)->outputs[layer->x.output].shape;
        if (one.rank < 1) continue;
        one.extents[0] = 1;
        const int64_t each = tare_shape_count(one) / channels;
        if (tare_shape_known(one) && each > 0) return layer->counters.elements_most / each;
    }
    return 0;
}

static tare_status cut(probing *p) {
    tare_patient *patient = p->patient;
    tare_probe *probe = &patient->probe;
    const int64_t examples = tare_dataset_count(patient->data);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = patient->options.batch;
    if (options.batch == 0) options.batch = batch_of_counters(patient);
    if (options.batch == 0) options.batch = USUAL_BATCH;
    if (options.batch > examples) options.batch = examples;
    options.last = TARE_LAST_DROP;
    options.divisor = patient->options.divisor;
    options.input_shape = tare_runner_example_shape(patient->network);
    TARE_TRY(tare_batches_new_with(patient->data, &options, &p->batches, patient->error));
    const int64_t count = tare_batches_count(p->batches);
    probe->batch = options.batch;
    probe->batches = count < patient->options.batches ? count : patient->options.batches;
    probe->has_targets = tare_dataset_classes(patient->data) == 0;
    return TARE_OK;
}

static tare_status make_layer(probing *p, const tare_patient_layer *layer, gathered *g) {
    tare_arena *arena = p->patient->arena;
    const int64_t channels = layer->variance->count;
    if (!layer->batch_mean.node || !layer->batch_variance.node) return TARE_OK;
    g->mean = tare_arena_allocate_array(arena, channels * 5 + 1, sizeof(double));
    if (!g->mean) return no_memory(p);
    g->mean_squares = g->mean + channels;
    g->variance = g->mean + 2 * channels;
    g->deviation = g->mean + 3 * channels;
    g->deviation_squares = g->mean + 4 * channels;
    g->channels = channels;
    return TARE_OK;
}

/* The loss, then mean and variance of each layer; where a layer has none the loss again. */
static tare_status make_fetches(probing *p) {
    const tare_patient *patient = p->patient;
    const int64_t most = 1 + 2 * (int64_t)patient->layer_count;
    p->fetches = tare_arena_allocate_array(patient->arena, most, sizeof *p->fetches);
    p->results = tare_arena_allocate_array(patient->arena, most, sizeof *p->results);
    p->losses =
        tare_arena_allocate_array(patient->arena, patient->probe.batches + 1, sizeof *p->losses);
    p->layers = tare_arena_allocate_array(patient->arena, most, sizeof *p->layers);
    if (!p->fetches || !p->results || !p->losses || !p->layers) return no_memory(p);
    p->fetches[p->fetch_count++] = patient->network->loss;
    for (size_t l = 0; l < patient->layer_count; l++) {
        const tare_patient_layer *layer = &patient->layers[l];
        TARE_TRY(make_layer(p, layer, &p->layers[l]));
        const bool has = p->layers[l].channels > 0;
        const tare_edge edges[] = {layer->batch_mean, layer->batch_variance};
        for (int i = 0; i < 2; i++)
            p->fetches[p->fetch_count++] =
                has ? tare_graph_tensor(patient->graph, edges[i].node, edges[i].output)
                    : patient->network->loss;
    }
    return TARE_OK;
}

static tare_status probe_all(probing *p) {
    TARE_TRY(cut(p));
    TARE_TRY(make_fetches(p));
    TARE_TRY(run_batches(p));
    put_back(p);
    TARE_TRY(run_inference(p, &p->stored_loss, &p->stored_gap, true));
    TARE_TRY(run_estimated(p));
    return conclude(p);
}

tare_status tare_patient_probe(tare_patient *patient) {
    probing p = {.patient = patient};
    const uint64_t draws = patient->session->random_draws;
    tare_status status =
        tare_runner_begin(&p.runner, patient->session, patient->network, false, patient->error);
    if (status == TARE_OK)
        status = tare_runner_check_classes(patient->network, patient->data, patient->error);
    if (status == TARE_OK) status = keep_all(&p);
    if (status == TARE_OK) status = probe_all(&p);
    put_back(&p);
    patient->session->random_draws = draws;
    for (size_t i = 0; i < p.kept_count; i++) tare_array_free(p.kept[i].array);
    tare_batches_free(p.batches);
    tare_runner_end(&p.runner);
    return status;
}
