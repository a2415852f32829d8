/* SPDX-License-Identifier: Apache-2.0 */
/* Running a network on batches: what training and evaluation share. */
#include "train/fit_network.h"
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define TARE_TABLE_STRUCT tare_evaluate_options
TARE_OPTION_TABLE(, tare_evaluate_table, TARE_EVALUATE_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_fit_options
#define TARE_WORDS_last   TARE_LAST_BATCH_WORDS
TARE_OPTION_TABLE(, tare_fit_table, TARE_FIT_FIELDS);
#undef TARE_TABLE_STRUCT

#define LEAST_NETWORK offsetof(tare_network, rate)

/* One tensor that must have been built. */
static tare_status check_tensor(tare_tensor tensor, const char *what, tare_error *error) {
    if (tare_tensor_is_valid(tensor)) return TARE_OK;
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, "network", what, "no tensor",
                        "the tensor that its builder made");
}

static tare_status check_network(const tare_network *network, bool training, tare_error *error) {
    TARE_TRY(check_tensor(network->inputs, "inputs", error));
    TARE_TRY(check_tensor(network->labels, "labels", error));
    TARE_TRY(check_tensor(network->logits, "logits", error));
    TARE_TRY(check_tensor(network->loss, "loss", error));
    if (training) TARE_TRY(check_tensor(network->train, "train", error));
    return TARE_OK;
}

tare_status tare_runner_begin(tare_runner *runner, tare_session *session,
                              const tare_network *network, bool training, tare_error *error) {
    *runner = (tare_runner){.session = session, .error = error};
    if (network->struct_size < LEAST_NETWORK)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "network", "struct_size",
                            "a smaller number than the struct's size", "sizeof(tare_network)");
    /* Those that know of fewer members have none of the others. */
    memcpy(&runner->network, network,
           network->struct_size < sizeof *network ? network->struct_size : sizeof *network);
    TARE_TRY(check_network(network, training, error));
    const tare_dtype dtype = tare_tensor_dtype(network->loss);
    runner->mode = tare_array_bool(training);
    if (runner->mode == NULL || tare_array_new(dtype, TARE_SCALAR, NULL, &runner->loss) != TARE_OK)
        return tare_fail_memory(error);
    return TARE_OK;
}

void tare_runner_end(tare_runner *runner) {
    tare_array_free(runner->mode);
    tare_array_free(runner->loss);
}

tare_status tare_runner_run_many(tare_runner *runner, const tare_batch *batch,
                                 const tare_tensor *fetches, size_t count, tare_array **results,
                                 double *loss) {
    const tare_network *network = &runner->network;
    const tare_feed feeds[] = {{network->inputs, batch->inputs},
                               {network->labels, batch->labels},
                               {network->training, runner->mode}};
    const size_t feed_count = tare_tensor_is_valid(network->training) ? 3 : 2;
    tare_tensor all[TARE_RUNNER_FETCHES + 1];
    tare_array *fetched[TARE_RUNNER_FETCHES + 1];
    assert(count <= TARE_RUNNER_FETCHES);
    memcpy(all, fetches, count * sizeof *all);
    memcpy(fetched, results, count * sizeof *fetched);
    all[count] = network->loss;
    fetched[count] = runner->loss;
    const tare_status status =
        tare_session_run(runner->session, feeds, feed_count, all, count + 1, fetched);
    if (status != TARE_OK) {
        const tare_error *said = tare_session_error(runner->session);
        if (runner->error != NULL && said != NULL) *runner->error = *said;
        return status;
    }
    memcpy(results, fetched, count * sizeof *fetched);
    *loss = tare_array_number(runner->loss, 0);
    return TARE_OK;
}

tare_status tare_runner_run(tare_runner *runner, const tare_batch *batch, tare_tensor fetch,
                            tare_array **result, double *loss) {
    tare_array *ignored = NULL;
    return tare_runner_run_many(runner, batch, &fetch, 1, result == NULL ? &ignored : result, loss);
}

tare_shape tare_runner_example_shape(const tare_network *network) {
    const tare_shape whole = tare_tensor_shape(network->inputs);
    if (whole.rank < 1) return TARE_ANY_SHAPE;
    tare_shape shape = {.rank = whole.rank - 1};
    for (int i = 0; i < shape.rank; i++) shape.extents[i] = whole.extents[i + 1];
    return tare_shape_known(shape) ? shape : TARE_ANY_SHAPE;
}

/* The first example whose label is none of so many classes; -1: there is none, though a data set
 * that this one is a part of may have one. */
static int64_t first_beyond(const tare_dataset *dataset, int64_t classes) {
    for (int64_t i = 0; i < tare_dataset_count(dataset); i++)
        if (tare_dataset_label(dataset, i) >= classes) return i;
    return -1;
}

tare_status tare_runner_check_classes(const tare_network *network, const tare_dataset *dataset,
                                      tare_error *error) {
    const tare_shape logits = tare_tensor_shape(network->logits);
    const int64_t classes = tare_dataset_classes(dataset);
    if (classes == 0 || logits.rank < 1) return TARE_OK;
    const int64_t most = logits.extents[logits.rank - 1];
    if (most < 0 || classes <= most) return TARE_OK;
    char got[96], need[64];
    const int64_t at = first_beyond(dataset, most);
    if (at < 0) return TARE_OK;
    tare_print(got, sizeof got, "label %" PRId64 " of example %" PRId64 " (counted from 0)",
               tare_dataset_label(dataset, at), at);
    tare_print(need, sizeof need, "labels from 0 to %" PRId64, most - 1);
    return tare_fail_at(error, TARE_ERROR_SHAPE, "network", tare_tensor_name(network->logits), got,
                        need);
}
