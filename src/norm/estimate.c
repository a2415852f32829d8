/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics estimated from batches; formulas and source in estimate.h. */
#include "norm/estimate.h"

#include "array/array.h"
#include "array/shape.h"
#include "base/status.h"
#include "op/batch_norm.h"

#include <math.h>

#define USUAL_BATCH 32

double tare_estimated_variance(const tare_layer_estimate *layer, int64_t channel) {
    return layer->variance[channel] + layer->mean_squares[channel] / (double)layer->means;
}

tare_status tare_layer_estimate_make(tare_layer_estimate *layer, const tare_patient *patient,
                                     int64_t channels) {
    *layer = (tare_layer_estimate){.channels = channels};
    layer->mean = tare_arena_allocate_array(patient->arena, channels * 5 + 1, sizeof(double));
    if (!layer->mean) return tare_fail_memory(patient->error);
    layer->mean_squares = layer->mean + channels;
    layer->variance = layer->mean + 2 * channels;
    layer->deviation = layer->mean + 3 * channels;
    layer->deviation_squares = layer->mean + 4 * channels;
    return TARE_OK;
}

/* ------------------------------------------------------------------------------- gathering */

/* Running mean, and sum of squared differences from it, of numbers that come one by one. */
static void add_number(double *mean, double *squares, int64_t count, double number) {
    const double before = number - *mean;
    *mean += before / (double)count;
    *squares += before * (number - *mean);
}

/* Whether all numbers are finite. */
static bool add_means(tare_layer_estimate *layer, const tare_array *means) {
    bool finite = true;
    layer->means++;
    for (int64_t c = 0; c < layer->channels && c < means->count; c++) {
        const double mean = tare_array_number(means, c);
        finite &= isfinite(mean);
        add_number(&layer->mean[c], &layer->mean_squares[c], layer->means, mean);
    }
    return finite;
}

static bool add_variances(tare_layer_estimate *layer, const tare_estimate_source *source,
                          const tare_array *variances) {
    bool finite = true;
    layer->variances++;
    layer->deviations += source->is_first;
    for (int64_t c = 0; c < layer->channels && c < variances->count; c++) {
        const double number = tare_array_number(variances, c);
        const double variance = source->is_deviation ? number * number - source->epsilon : number;
        finite &= isfinite(number);
        layer->variance[c] += (variance - layer->variance[c]) / (double)layer->variances;
        if (source->is_first)
            add_number(&layer->deviation[c], &layer->deviation_squares[c], layer->deviations,
                       sqrt(variance > 0 ? variance : 0));
    }
    return finite;
}

static void gather(tare_estimator *e) {
    e->not_finite = NULL;
    for (size_t i = 1; i < e->fetch_count; i++) {
        const tare_estimate_source *source = &e->sources[i];
        tare_layer_estimate *layer = &e->layers[source->layer];
        const bool finite = source->is_variance ? add_variances(layer, source, e->results[i])
                                                : add_means(layer, e->results[i]);
        if (!finite && !e->not_finite) e->not_finite = &e->patient->layers[source->layer];
    }
}

tare_status tare_estimator_add(tare_estimator *e, int64_t i, double *loss) {
    tare_batch batch;
    TARE_TRY(tare_batches_get(e->batches, 0, i, &batch));
    const tare_network *network = &e->runner.network;
    tare_session *session = e->patient->session;
    const tare_feed feeds[] = {{network->inputs, batch.inputs},
                               {network->labels, batch.labels},
                               {network->training, e->runner.mode}};
    const size_t feed_count = tare_tensor_is_valid(network->training) ? 3 : 2;
    for (size_t f = 0; f < e->fetch_count; f++) e->results[f] = NULL;
    tare_array_set_number(e->runner.mode, 0, true);
    const tare_status status =
        tare_session_run(session, feeds, feed_count, e->fetches, e->fetch_count, e->results);
    tare_array_set_number(e->runner.mode, 0, false);
    if (status != TARE_OK) {
        if (e->patient->error && tare_session_error(session))
            *e->patient->error = *tare_session_error(session);
        return status;
    }
    *loss = tare_array_number(e->results[0], 0);
    gather(e);
    return TARE_OK;
}

void tare_layer_estimates_set(const tare_layer_estimate *layers, const tare_patient *patient) {
    tare_session *session = patient->session;
    for (size_t l = 0; l < patient->layer_count; l++) {
        const tare_layer_estimate *layer = &layers[l];
        const tare_norm_statistics *variables = &patient->layers[l].variables;
        if (layer->channels == 0) continue;
        tare_array *mean = session->variables.items[variables->mean->id].array;
        tare_array *variance = session->variables.items[variables->variance->id].array;
        for (int64_t c = 0; c < layer->channels; c++) {
            tare_array_set_number(mean, c, layer->mean[c]);
            tare_array_set_number(variance, c, tare_estimated_variance(layer, c));
        }
    }
    session->epoch++;
}

/* ------------------------------------------------------------------------------- preparing */

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

static tare_status cut(tare_estimator *e) {
    const tare_patient *patient = e->patient;
    const int64_t examples = tare_dataset_count(patient->data);
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = patient->options.batch;
    if (options.batch == 0) options.batch = batch_of_counters(patient);
    if (options.batch == 0) options.batch = USUAL_BATCH;
    if (options.batch > examples) options.batch = examples;
    options.last = TARE_LAST_DROP;
    options.divisor = patient->options.divisor;
    options.input_shape = tare_runner_example_shape(&e->runner.network);
    TARE_TRY(tare_batches_new_with(patient->data, &options, &e->batches, patient->error));
    const int64_t count = tare_batches_count(e->batches), most = patient->options.batches;
    e->batch = options.batch;
    e->batch_count = most > 0 && most < count ? most : count;
    return TARE_OK;
}

/* What the statistics of a batch go to first: with renormalisation the averages that correct, since
 * in TensorFlow's earlier formula the moving averages take these, not the batch's. */
static int32_t receiver(const tare_estimator *e, size_t l, const char *renorm,
                        const tare_node *usual) {
    const tare_node *variable =
        tare_norm_variable(e->patient->graph, &e->patient->layers[l].variables, renorm);
    return variable ? variable->id : usual->id;
}

/* A fetch for every update of a variable. */
static void add_sources(tare_estimator *e, int32_t variable, tare_estimate_source source) {
    const tare_graph *graph = e->patient->graph;
    source.is_first = true;
    for (int32_t id = 1; id <= (int32_t)tare_graph_node_count(graph); id++) {
        const tare_node *node = tare_graph_node(graph, id);
        if (!(node->def->flags & TARE_OP_COUNTS) || node->inputs[0].node != variable) continue;
        const tare_moving_average_options *options = node->options;
        const tare_edge value = node->inputs[TARE_MOVING_VALUE];
        source.epsilon = options->epsilon;
        e->sources[e->fetch_count] = source;
        e->fetches[e->fetch_count++] = tare_graph_tensor(graph, value.node, value.output);
        source.is_first = false;
    }
}

static tare_status find_sources(tare_estimator *e, size_t l) {
    const tare_patient_layer *layer = &e->patient->layers[l];
    if (!layer->batch_mean.node || !layer->batch_variance.node) return TARE_OK;
    const int32_t mean = receiver(e, l, "renorm_mean", layer->variables.mean);
    const int32_t variance = receiver(e, l, "renorm_stddev", layer->variables.variance);
    const bool renorm = variance != layer->variables.variance->id;
    add_sources(e, mean, (tare_estimate_source){.layer = l});
    add_sources(e, variance,
                (tare_estimate_source){.layer = l, .is_variance = true, .is_deviation = renorm});
    return tare_layer_estimate_make(&e->layers[l], e->patient, layer->variance->count);
}

/* The loss, then means and variances of each layer. */
static tare_status make_fetches(tare_estimator *e) {
    const tare_patient *patient = e->patient;
    const int64_t most = 1 + tare_graph_node_count(patient->graph);
    e->fetches = tare_arena_allocate_array(patient->arena, most, sizeof *e->fetches);
    e->results = tare_arena_allocate_array(patient->arena, most, sizeof *e->results);
    e->sources = tare_arena_allocate_array(patient->arena, most, sizeof *e->sources);
    e->layers = tare_arena_allocate_array(patient->arena, (int64_t)patient->layer_count + 1,
                                          sizeof *e->layers);
    if (!e->fetches || !e->results || !e->sources || !e->layers)
        return tare_fail_memory(patient->error);
    e->fetches[e->fetch_count++] = e->runner.network.loss;
    for (size_t l = 0; l < patient->layer_count; l++) TARE_TRY(find_sources(e, l));
    return TARE_OK;
}

tare_status tare_estimator_begin(tare_estimator *e, const tare_patient *patient) {
    *e = (tare_estimator){.patient = patient};
    TARE_TRY(
        tare_runner_begin(&e->runner, patient->session, patient->network, false, patient->error));
    TARE_TRY(tare_runner_check_classes(patient->network, patient->data, patient->error));
    TARE_TRY(tare_kept_take(&e->kept, patient));
    TARE_TRY(cut(e));
    return make_fetches(e);
}

void tare_estimator_end(tare_estimator *e) {
    tare_kept_free(&e->kept);
    tare_batches_free(e->batches);
    tare_runner_end(&e->runner);
}
