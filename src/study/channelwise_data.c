/* SPDX-License-Identifier: Apache-2.0 */
/* The images of `tare channelwise`: the test's again in another order. */
#include "base/status.h"
#include "base/text.h"
#include "data/dataset.h"
#include "study/channelwise.h"

#include <inttypes.h>

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

tare_status tare_channelwise_data_derive(tare_study *study, tare_channelwise_data *data) {
    tare_error *error = &study->error;
    TARE_TRY(check(data->all.training, error));
    TARE_TRY(check(data->all.test, error));
    TARE_TRY(tare_study_sample(study, &data->all, &data->sample));
    return tare_dataset_by_class(data->all.test, &data->sorted, error);
}

void tare_channelwise_data_end(tare_channelwise_data *data) {
    tare_study_data_end(&data->all);
    tare_dataset_free(data->sample);
    tare_dataset_free(data->sorted);
}
