/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every metric goes through.
 *
 * Source: TensorFlow r1.15, python/ops/metrics_impl.py (metric_variable,
 * _remove_squeezable_dimensions).
 */
#include "train/metric.h"

#include "base/text.h"
#include "op/like.h"
#include "op/measure.h"

#define TARE_TABLE_STRUCT tare_metrics_options
TARE_OPTION_TABLE(, tare_metrics_table, TARE_METRICS_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- beginning */

bool tare_metric_begin_in(tare_metric_job *job, const tare_metric_def *def, const char *scope,
                          tare_tensor labels, tare_tensor predictions, tare_metric_common common) {
    const tare_tensor operands[] = {predictions, labels, common.weights};
    tare_graph *graph = tare_graph_of(operands, sizeof operands / sizeof *operands);
    *job = (tare_metric_job){.blame = {graph, def->name, ""},
                             .common = common,
                             .labels = labels,
                             .predictions = predictions};
    if (tare_layer_begin(graph, scope, common.name, TARE_REUSE_INHERIT, &job->layer) != TARE_OK)
        return false;
    job->blame.node = tare_graph_variable_scope(graph);
    tare_graph_hidden_begin(graph);
    job->hidden = true;
    return (!def->labels || tare_operand_given(&job->blame, labels, def->labels)) &&
           tare_operand_given(&job->blame, predictions, def->predictions);
}

bool tare_metric_begin(tare_metric_job *job, const tare_metric_def *def, tare_tensor labels,
                       tare_tensor predictions, tare_metric_common common) {
    return tare_metric_begin_in(job, def, def->scope, labels, predictions, common);
}

bool tare_metric_option_positive(const tare_metric_job *job, const char *what, int64_t number) {
    if (number >= 1) return true;
    char got[96];
    tare_print(got, sizeof got, "%s %lld", what, (long long)number);
    tare_build_fail(job->blame.graph, TARE_ERROR_ARGUMENT, job->blame.op, job->blame.node, got,
                    "1 or more");
    return false;
}

/* ---- operands */

void tare_metric_fit_weights(tare_metric_job *job, int rank) {
    tare_tensor *weights = &job->common.weights;
    const int given = tare_tensor_shape(*weights).rank;
    if (!weights->node || given <= 0 || rank < 0) return;
    *weights = tare_operand_squeezed(*weights, rank);
    if (given == rank - 1) *weights = tare_expand_dims(*weights, -1);
}

bool tare_metric_align(tare_metric_job *job) {
    job->predictions = tare_operand_squeezed(job->predictions, tare_tensor_shape(job->labels).rank);
    job->labels = tare_operand_squeezed(job->labels, tare_tensor_shape(job->predictions).rank);
    if (!tare_operand_same_shape(&job->blame, job->labels, "labels", job->predictions,
                                 "predictions"))
        return false;
    tare_metric_fit_weights(job, tare_tensor_shape(job->predictions).rank);
    return tare_graph_status(job->blame.graph) == TARE_OK;
}

tare_tensor tare_metric_weights(const tare_metric_job *job, tare_tensor values) {
    const tare_tensor given = job->common.weights;
    if (!given.graph && !given.immediate) return TARE_NULL;
    const tare_tensor like = tare_operand_as(values, TARE_FLOAT32); /* its shape alone counts */
    const tare_tensor weights = tare_check_weights(tare_operand_as(given, TARE_FLOAT32), like);
    return tare_broadcast_like(weights, like, TARE_NO_LIST, false);
}

tare_tensor tare_metric_weigh(const tare_metric_job *job, tare_tensor x) {
    const tare_tensor weights = tare_metric_weights(job, x);
    return weights.graph ? tare_mul(x, weights) : x;
}

tare_tensor tare_metric_variable(const tare_metric_job *job, const char *name, tare_shape shape,
                                 tare_dtype dtype) {
    return tare_variable(job->blame.graph, name, shape, .dtype = dtype, .initializer = TARE_ZEROS,
                         .trainable = false, .local = true, .collection = TARE_METRIC_VARIABLES);
}

/* ---- ending */

static void collect(tare_graph *graph, const char *collection, tare_tensor item) {
    if (collection && collection[0] && tare_graph_status(graph) == TARE_OK)
        tare_add_to_collection(graph, collection, item);
}

tare_metric tare_metric_end(tare_metric_job *job, tare_metric made, const char *value_name,
                            const char *update_name) {
    tare_graph *graph = job->blame.graph;
    if (job->hidden) tare_graph_hidden_end(graph);
    if (job->layer.open && tare_graph_status(graph) == TARE_OK) {
        made.value = tare_identity(made.value, .name = value_name);
        made.update_op = tare_identity(made.update_op, .name = update_name);
        collect(graph, job->common.metrics_collection, made.value);
        collect(graph, job->common.updates_collection, made.update_op);
    }
    made.value = tare_layer_end(&job->layer, made.value);
    if (!made.value.node) made.update_op = made.value;
    return made;
}
