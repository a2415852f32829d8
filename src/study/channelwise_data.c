/* SPDX-License-Identifier: Apache-2.0 */
/* The images of `tare channelwise`: the test's again in another order. */
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "study/channelwise.h"

#include <inttypes.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, CLASSES = 10 };

static tare_status check(const tare_dataset *dataset, tare_error *error) {
    char got[64];
    const tare_shape shape = tare_dataset_input_shape(dataset);
    int64_t pixels = 1;
    for (int i = 0; i < shape.rank && pixels <= PIXELS; i++) pixels *= shape.extents[i];
    if (pixels != PIXELS)
        return tare_fail_at(error, TARE_ERROR_SHAPE, "channelwise", "data",
                            "images of another size", "28 x 28 pixels");
    const int64_t classes = tare_dataset_classes(dataset);
    if (classes >= 1 && classes <= CLASSES) return TARE_OK;
    if (classes == 0)
        tare_print(got, sizeof got, "targets instead of classes");
    else
        tare_print(got, sizeof got, "a label %" PRId64, classes - 1);
    return tare_fail_at(error, TARE_ERROR_SHAPE, "channelwise", "data", got, "labels from 0 to 9");
}

/* Position of each image when they are sorted by class, stable. */
static void sort(const int32_t *labels, int64_t count, int64_t *order) {
    int64_t placed = 0;
    for (int32_t class = 0; class < CLASSES; class ++)
        for (int64_t i = 0; i < count; i++)
            if (labels[i] == class) order[placed++] = i;
}

static void copy(const tare_batch *all, const int64_t *order, tare_array *inputs,
                 tare_array *labels) {
    const float *from = tare_array_const_data(all->inputs);
    const int32_t *class = tare_array_const_data(all->labels);
    float *into = tare_array_data(inputs);
    int32_t *class_into = tare_array_data(labels);
    for (int64_t i = 0; i < all->count; i++) {
        class_into[i] = class[order[i]];
        memcpy(into + i * PIXELS, from + order[i] * PIXELS, PIXELS * sizeof(float));
    }
}

/* The images in that order. */
static tare_status reorder(const tare_batch *all, const int64_t *order, tare_dataset **dataset,
                           tare_error *error) {
    tare_array *inputs = NULL, *labels = NULL;
    tare_status status = TARE_ERROR_MEMORY;
    if (tare_array_new(TARE_FLOAT32, TARE_SHAPE(all->count, SIDE, SIDE), NULL, &inputs) ==
            TARE_OK &&
        tare_array_new(TARE_INT32, TARE_SHAPE(all->count), NULL, &labels) == TARE_OK) {
        copy(all, order, inputs, labels);
        status = tare_dataset_new(inputs, labels, dataset, error);
    } else {
        (void)tare_fail_memory(error); /* status is that already */
    }
    tare_array_free(inputs);
    tare_array_free(labels);
    return status;
}

static tare_status make_sorted(const tare_batch *all, tare_dataset **dataset, tare_error *error) {
    int64_t *order = tare_allocate_array(NULL, all->count, sizeof *order);
    if (order == NULL) return tare_fail_memory(error);
    sort(tare_array_const_data(all->labels), all->count, order);
    const tare_status status = reorder(all, order, dataset, error);
    tare_release(NULL, order, (size_t)all->count * sizeof *order);
    return status;
}

static tare_status take_sample(tare_channelwise_data *data, tare_error *error) {
    const int64_t all = tare_dataset_count(data->all.training),
                  test = tare_dataset_count(data->all.test);
    return tare_dataset_part(data->all.training, 0, all < test ? all : test, &data->sample, error);
}

tare_status tare_channelwise_data_derive(tare_channelwise_data *data, tare_error *error) {
    TARE_TRY(check(data->all.training, error));
    TARE_TRY(check(data->all.test, error));
    TARE_TRY(take_sample(data, error));
    tare_batches_options cut = {TARE_BATCHES_DEFAULTS};
    cut.batch = tare_dataset_count(data->all.test);
    cut.shuffle = false;
    tare_batches *batches = NULL;
    TARE_TRY(tare_batches_new_with(data->all.test, &cut, &batches, error));
    tare_batch all;
    tare_status status = tare_batches_get(batches, 0, 0, &all);
    if (status != TARE_OK) (void)tare_fail_memory(error); /* nothing else can be lacking */
    if (status == TARE_OK) status = make_sorted(&all, &data->sorted, error);
    tare_batches_free(batches);
    return status;
}

void tare_channelwise_data_end(tare_channelwise_data *data) {
    tare_study_data_end(&data->all);
    tare_dataset_free(data->sample);
    tare_dataset_free(data->sorted);
}
