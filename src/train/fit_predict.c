/* SPDX-License-Identifier: Apache-2.0 */
/* Prediction: what the network says of each example, labels left out. */
#include "array/array.h"
#include "base/status.h"
#include "train/fit_network.h"

#include <string.h>

typedef struct predicting {
    tare_session *session;
    const tare_network *network;
    tare_batches *batches;
    tare_array *mode;    /* scalar bool: false */
    tare_array *outputs; /* made when the first batch tells the shape */
    int64_t count, done; /* examples */
    tare_error *error;
} predicting;

static tare_status make_outputs(predicting *p, const tare_array *logits) {
    if (logits->shape.rank < 1)
        return tare_fail(p->error, TARE_ERROR_SHAPE,
                         "predict: the network says one number for a whole batch");
    tare_shape shape = logits->shape;
    shape.extents[0] = p->count;
    const tare_status status = tare_array_new(logits->dtype, shape, NULL, &p->outputs);
    return status == TARE_OK ? TARE_OK : tare_fail_memory(p->error);
}

static tare_status predict_batch(predicting *p, int64_t i) {
    tare_batch batch;
    tare_array *logits = NULL;
    TARE_TRY(tare_batches_get(p->batches, 0, i, &batch));
    const tare_feed feeds[] = {{p->network->inputs, batch.inputs}, {p->network->training, p->mode}};
    const size_t count = tare_tensor_is_valid(p->network->training) ? 2 : 1;
    const tare_status status =
        tare_session_run(p->session, feeds, count, &p->network->logits, 1, &logits);
    if (status != TARE_OK) {
        const tare_error *said = tare_session_error(p->session);
        if (p->error != NULL && said != NULL) *p->error = *said;
        return status;
    }
    if (p->outputs == NULL) TARE_TRY(make_outputs(p, logits));
    const size_t row = tare_array_bytes(p->outputs) / (size_t)p->count;
    if (logits->shape.rank < 1 || tare_array_bytes(logits) != row * (size_t)batch.count)
        return tare_fail(p->error, TARE_ERROR_SHAPE,
                         "predict: the network does not say the same of every example");
    memcpy((char *)p->outputs->data + (size_t)p->done * row, logits->data,
           tare_array_bytes(logits));
    p->done += batch.count;
    return TARE_OK;
}

static tare_status predict_all(predicting *p, const tare_dataset *dataset,
                               const tare_evaluate_options *options) {
    tare_batches_options cut = {TARE_BATCHES_DEFAULTS};
    cut.batch = options->batch;
    cut.divisor = options->divisor;
    cut.shuffle = false;
    cut.input_shape = tare_runner_example_shape(p->network);
    p->count = tare_dataset_count(dataset);
    p->mode = tare_array_bool(false);
    if (p->mode == NULL) return tare_fail_memory(p->error);
    TARE_TRY(tare_batches_new_with(dataset, &cut, &p->batches, p->error));
    for (int64_t i = 0; i < tare_batches_count(p->batches); i++) TARE_TRY(predict_batch(p, i));
    return TARE_OK;
}

tare_status tare_predict_with(tare_session *session, const tare_network *network,
                              const tare_dataset *dataset, const tare_evaluate_options *options,
                              tare_array **outputs, tare_error *error) {
    if (outputs != NULL) *outputs = NULL;
    if (session == NULL || network == NULL || dataset == NULL || outputs == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "predict needs a session, a network, a data set and a place for the "
                         "outputs");
    tare_evaluate_options all;
    tare_options_adopt(&tare_evaluate_table, options, &all);
    predicting p = {.session = session, .network = network, .error = error};
    const tare_status status = predict_all(&p, dataset, &all);
    tare_batches_free(p.batches);
    tare_array_free(p.mode);
    if (status == TARE_OK) {
        *outputs = p.outputs;
    } else {
        tare_array_free(p.outputs);
    }
    return status;
}
