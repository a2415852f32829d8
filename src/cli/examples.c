/* SPDX-License-Identifier: Apache-2.0 */
/* Reading examples that are to be answered. */
#include "cli/examples.h"

#include "array/array.h"
#include "base/file.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/workshop.h"

#include <string.h>

tare_status tare_examples_of(tare_array *inputs, tare_dataset **dataset, tare_error *error) {
    tare_array *labels = NULL;
    const int64_t count = inputs->shape.rank < 1 ? 0 : inputs->shape.extents[0];
    if (tare_array_new(TARE_INT32, TARE_SHAPE(count), NULL, &labels) != TARE_OK)
        return tare_fail_memory(error);
    const tare_status status = tare_dataset_new(inputs, labels, dataset, error);
    tare_array_free(labels);
    return status;
}

static tare_status read_npz(const char *path, tare_array **array, tare_error *error) {
    tare_npz *npz = NULL;
    const char *chosen = NULL, *name;
    TARE_TRY(tare_npz_open(path, &npz, error));
    for (size_t i = 0; (name = tare_npz_name(npz, i)) != NULL; i++)
        if (tare_same_text(name, "x_test") || (chosen == NULL && tare_same_text(name, "x")))
            chosen = name;
    const tare_status status =
        chosen != NULL ? tare_npz_read(npz, chosen, array, error)
                       : tare_fail_file(error, TARE_ERROR_FORMAT, path,
                                        "there is neither an array x_test nor an array x");
    tare_npz_close(npz);
    return status;
}

/* Readers of files with one array of inputs, by what stands in the file's name. */
static const struct {
    const char *mark;
    tare_status (*read)(const char *path, tare_array **array, tare_error *error);
} readers[] = {{".npy", tare_npy_read}, {".npz", read_npz}, {"idx", tare_idx_read}};

tare_status tare_examples_load(const char *data, const char *folder, tare_dataset **dataset,
                               tare_error *error) {
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        if (strstr(data, readers[i].mark) == NULL) continue;
        tare_array *inputs = NULL;
        TARE_TRY(readers[i].read(data, &inputs, error));
        const tare_status status = tare_examples_of(inputs, dataset, error);
        tare_array_free(inputs);
        return status;
    }
    const tare_data_request request = {.data = data, .folder = folder, .test = true};
    return tare_workshop_load(&request, dataset, error);
}
