/* SPDX-License-Identifier: Apache-2.0 */
/* What is measured of a trained variant of `tare channelwise`. */
#include "base/status.h"
#include "base/text.h"
#include "study/channelwise.h"

#include <math.h>

/* --------------------------------------------------------------------------------- losses */

/* Cuts a data set into batches in its own order. */
static tare_status cut(const tare_dataset *dataset, int64_t batch, tare_batches **batches,
                       tare_error *error) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = batch;
    options.shuffle = false;
    options.input_shape = TARE_SHAPE(28, 28, 1);
    return tare_batches_new_with(dataset, &options, batches, error);
}

/* An answer may depend on its batch here, so that each is measured in batches of its own size. */
static tare_status measure_losses(tare_study *study, tare_channelwise_variant *v,
                                  const tare_channelwise_data *data) {
    const tare_workshop *w = v->workshop;
    const tare_dataset *test = data->all.test;
    tare_channelwise_measures *found = &v->found;
    const int64_t per_class = tare_dataset_count(test) / tare_dataset_classes(test);
    const int64_t one_class = per_class < 1 ? 1 : per_class < v->batch ? per_class : v->batch;
    TARE_TRY(tare_study_measure(study, w, data->sample, true, &found->training_loss, NULL));
    TARE_TRY(tare_study_measure_in_batches(study, w, data->sample, v->batch, false,
                                           &found->inference_loss, NULL));
    TARE_TRY(tare_study_measure_in_batches(study, w, test, v->batch, false, &found->test_loss,
                                           &found->accuracy));
    TARE_TRY(tare_study_measure_in_batches(study, w, test, 1, false, NULL, &found->alone));
    return tare_study_measure_in_batches(study, w, data->sorted, one_class, false, NULL,
                                         &found->sorted);
}

/* ------------------------------------------------------------------------------- activations */

/* A tensor for the first `count` images, in inference mode; the session's until its next run. */
static tare_status fetch_first(tare_study *study, const tare_workshop *w,
                               const tare_dataset *dataset, int64_t count, tare_tensor tensor,
                               tare_array **result) {
    tare_batches *batches = NULL;
    tare_batch batch;
    *result = NULL;
    TARE_TRY(cut(dataset, count, &batches, &study->error));
    tare_status status = tare_batches_get(batches, 0, 0, &batch);
    if (status != TARE_OK)
        (void)tare_fail_memory(&study->error); /* nothing else can be lacking */
    else if (tare_session_run(w->session, TARE_FEEDS({w->network.inputs, batch.inputs}),
                              TARE_FETCHES(tensor), result) != TARE_OK)
        status = tare_study_session_failed(study, w->session);
    tare_batches_free(batches);
    return status;
}

static void widen(double range[2], double number) {
    range[0] = fmin(range[0], number);
    range[1] = fmax(range[1], number);
}

/* An image's logits alone and among others. */
static tare_status measure_dependence(tare_study *study, tare_channelwise_variant *v,
                                      const tare_dataset *test) {
    enum { CLASSES = 10 };
    const tare_workshop *w = v->workshop;
    double alone[CLASSES], apart = 0, most = 0;
    tare_array *logits;
    TARE_TRY(fetch_first(study, w, test, 1, w->network.logits, &logits));
    for (int i = 0; i < CLASSES; i++) alone[i] = tare_array_number(logits, i);
    TARE_TRY(fetch_first(study, w, test, v->batch, w->network.logits, &logits));
    for (int i = 0; i < CLASSES; i++) {
        apart = fmax(apart, fabs(alone[i] - tare_array_number(logits, i)));
        most = fmax(most, fabs(alone[i]));
    }
    v->found.dependence = apart / most;
    return TARE_OK;
}

/* sum (x - mean)^2 over every stride-th number from `first` to `end`. */
static double squares(const float *numbers, int64_t first, int64_t end, int64_t stride) {
    double sum = 0, result = 0, count = 0;
    for (int64_t i = first; i < end; i += stride, count++) sum += (double)numbers[i];
    for (int64_t i = first; i < end; i += stride)
        result += ((double)numbers[i] - sum / count) * ((double)numbers[i] - sum / count);
    return result;
}

/* Deviation of each image of a batch, of all channels together, as a share of the batch's. */
static tare_status measure_deviations(tare_study *study, tare_channelwise_variant *v,
                                      const tare_dataset *test) {
    tare_array *result;
    const tare_tensor sums = tare_tensor_named(v->workshop->graph, "conv1/Conv2D:0");
    TARE_TRY(fetch_first(study, v->workshop, test, v->batch, sums, &result));
    const tare_shape shape = tare_array_shape(result);
    const int64_t images = shape.extents[0], channels = shape.extents[3];
    const int64_t count = tare_array_count(result), image = count / images;
    const float *numbers = tare_array_const_data(result);
    double all = 0;
    for (int64_t c = 0; c < channels; c++) all += squares(numbers, c, count, channels);
    v->found.deviation[0] = (double)INFINITY;
    v->found.deviation[1] = 0;
    for (int64_t first = 0; first < count; first += image) {
        double own = 0;
        for (int64_t c = 0; c < channels; c++)
            own += squares(numbers, first + c, first + image, channels);
        widen(v->found.deviation, sqrt(own * (double)images / all));
    }
    return TARE_OK;
}

/* --------------------------------------------------------------------------------- statistics */

static void note_statistics(tare_channelwise_measures *found, int kind, const tare_array *value) {
    const int64_t count = tare_array_count(value);
    if (kind == 0 && found->statistics == 0) found->values /= count;
    found->statistics += count;
    for (int64_t i = 0; i < count; i++) found->untouched += tare_array_number(value, i) == kind;
}

static tare_status measure_statistics(tare_study *study, tare_channelwise_variant *v) {
    const tare_workshop *w = v->workshop;
    const size_t count = tare_collection_count(w->graph, TARE_GLOBAL_VARIABLES, NULL);
    const tare_shape sums = tare_tensor_shape(tare_tensor_named(w->graph, "conv1/Conv2D:0"));
    v->found.values = v->batch * sums.extents[1] * sums.extents[2] * sums.extents[3];
    for (size_t i = 0; i < count; i++) {
        int kind;
        const char *name;
        tare_array *value;
        TARE_TRY(tare_channelwise_moving(study, w, i, &kind, &name, &value));
        if (kind >= 0) note_statistics(&v->found, kind, value);
        tare_array_free(value);
    }
    return TARE_OK;
}

/* The range of gamma or beta over both convolutions; untouched where there is none. */
static tare_status measure_range(tare_study *study, const tare_workshop *w, const char *parameter,
                                 double range[2]) {
    range[0] = range[1] = (double)NAN; /* which fmin and fmax pass over */
    for (int conv = 1; conv <= 2; conv++) {
        char name[32];
        tare_array *value = NULL;
        tare_print(name, sizeof name, "conv%d/%s", conv, parameter);
        if (!tare_tensor_is_valid(tare_tensor_named(w->graph, name))) continue;
        if (tare_session_get(w->session, name, &value) != TARE_OK)
            return tare_study_session_failed(study, w->session);
        for (int64_t i = 0; i < tare_array_count(value); i++)
            widen(range, tare_array_number(value, i));
        tare_array_free(value);
    }
    return TARE_OK;
}

tare_status tare_channelwise_measure(tare_study *study, tare_channelwise_variant *variant,
                                     const tare_channelwise_data *data) {
    TARE_TRY(measure_losses(study, variant, data));
    TARE_TRY(measure_dependence(study, variant, data->all.test));
    TARE_TRY(measure_deviations(study, variant, data->all.test));
    TARE_TRY(measure_range(study, variant->workshop, "gamma", variant->found.gamma));
    TARE_TRY(measure_range(study, variant->workshop, "beta", variant->found.beta));
    return measure_statistics(study, variant);
}
