/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics estimated once, after training, in `tare channelwise`. */
#include "base/status.h"
#include "study/channelwise.h"

#include <math.h>
#include <string.h>

tare_status tare_channelwise_moving(tare_study *study, const tare_workshop *w, size_t i, int *kind,
                                    const char **name, tare_array **value) {
    static const char *const ends[] = {"/moving_mean:0", "/moving_variance:0"};
    *name = tare_tensor_name(tare_collection_item(w->graph, TARE_GLOBAL_VARIABLES, NULL, i));
    *kind = -1;
    *value = NULL;
    const size_t length = strlen(*name);
    for (int k = 0; k < 2; k++) {
        const size_t end = strlen(ends[k]);
        if (length > end && strcmp(*name + length - end, ends[k]) == 0) *kind = k;
    }
    if (*kind < 0 || tare_session_get(w->session, *name, value) == TARE_OK) return TARE_OK;
    return tare_study_session_failed(study, w->session);
}

/* Multiplies the moving averages. */
static tare_status scale_averages(tare_study *study, const tare_workshop *w, double factor) {
    const size_t count = tare_collection_count(w->graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        int kind;
        const char *name;
        tare_array *value;
        TARE_TRY(tare_channelwise_moving(study, w, i, &kind, &name, &value));
        if (kind < 0) continue;
        for (int64_t k = 0; k < tare_array_count(value); k++) /* k is within */
            (void)tare_array_set_number(value, k, factor * tare_array_number(value, k));
        const tare_status status = tare_session_set(w->session, name, value);
        tare_array_free(value);
        if (status != TARE_OK) return tare_study_session_failed(study, w->session);
    }
    return TARE_OK;
}

static tare_status run_updates(tare_study *study, const tare_workshop *w, tare_batches *batches,
                               const tare_array *training) {
    for (int64_t i = 0; i < tare_batches_count(batches); i++) {
        tare_batch batch;
        if (tare_batches_get(batches, 0, i, &batch) != TARE_OK)
            return tare_fail_memory(&study->error); /* nothing else can be lacking */
        const tare_feed feeds[] = {{w->network.inputs, batch.inputs},
                                   {w->network.training, training}};
        if (tare_session_run_collection(w->session, feeds, 2, TARE_UPDATE_OPS) != TARE_OK)
            return tare_study_session_failed(study, w->session);
    }
    return TARE_OK;
}

tare_status tare_channelwise_calibrate(tare_study *study, const tare_workshop *workshop,
                                       const tare_dataset *examples, double momentum) {
    tare_batches *batches = NULL;
    TARE_TRY(scale_averages(study, workshop, 0));
    tare_batches_options cut = {TARE_BATCHES_DEFAULTS};
    cut.batch = study->options.batch;
    cut.input_shape = TARE_SHAPE(28, 28, 1);
    TARE_TRY(tare_batches_new_with(examples, &cut, &batches, &study->error));
    tare_array *training = tare_array_bool(true);
    tare_status status = training == NULL ? tare_fail_memory(&study->error) : TARE_OK;
    if (status == TARE_OK) status = run_updates(study, workshop, batches, training);
    const double left = pow(momentum, (double)tare_batches_count(batches));
    if (status == TARE_OK) status = scale_averages(study, workshop, 1 / (1 - left));
    tare_array_free(training);
    tare_batches_free(batches);
    return status;
}
