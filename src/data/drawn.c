/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets that are drawn from a seed, example by example. */
#include "data/drawn.h"
#include "array/array.h"
#include "array/shape.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"

#include <inttypes.h>

#define EXAMPLE_STREAM UINT64_C(0x696d616765)
#define MOST_EXAMPLES  ((int64_t)10000000)

static tare_status choose_count(const tare_drawn *drawn, const tare_dataset_options *options,
                                int64_t *count, tare_error *error) {
    *count = options->count;
    if (*count == 0) *count = options->test ? drawn->test_count : drawn->training_count;
    if (*count >= 1 && *count <= MOST_EXAMPLES) return TARE_OK;
    char got[TARE_NUMBER_TEXT], need[64];
    tare_print(got, sizeof got, "%" PRId64, *count);
    tare_print(need, sizeof need, "1 to %" PRId64 " examples", MOST_EXAMPLES);
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, drawn->name, "count", got, need);
}

/* [count, shape of one] */
static tare_status make_array(tare_dtype dtype, int64_t count, tare_shape one, tare_array **array,
                              tare_error *error) {
    tare_shape shape = {.rank = one.rank + 1, .extents = {count}};
    for (int i = 0; i < one.rank; i++) shape.extents[i + 1] = one.extents[i];
    const tare_status status = tare_array_new(dtype, shape, NULL, array);
    return status == TARE_OK ? TARE_OK : tare_fail_memory(error);
}

static void draw_all(const tare_drawn *drawn, const tare_random *random, double *numbers,
                     tare_array *inputs, tare_array *labels) {
    const int64_t count = inputs->shape.extents[0];
    const int64_t input = (int64_t)inputs->bytes / count, label = (int64_t)labels->bytes / count;
    for (int64_t i = 0; i < count; i++) {
        tare_random_fill_uniform(random, i * drawn->numbers, drawn->numbers, 0, 1, numbers);
        drawn->draw(drawn->context, numbers, (char *)inputs->data + i * input,
                    (char *)labels->data + i * label);
    }
}

tare_status tare_dataset_draw(const tare_drawn *drawn, const tare_dataset_options *options,
                              tare_dataset **dataset, tare_error *error) {
    int64_t count = 0;
    TARE_TRY(choose_count(drawn, options, &count, error));
    tare_array *inputs = NULL, *labels = NULL;
    const size_t bytes = (size_t)drawn->numbers * sizeof(double);
    double *numbers = tare_allocate(NULL, bytes);
    tare_status status = numbers != NULL ? TARE_OK : tare_fail_memory(error);
    if (status == TARE_OK)
        status = make_array(drawn->input_dtype, count, drawn->input_shape, &inputs, error);
    if (status == TARE_OK)
        status = make_array(drawn->label_dtype, count, drawn->label_shape, &labels, error);
    if (status == TARE_OK) {
        const tare_random random = {.key = tare_random_key((uint64_t)options->seed, EXAMPLE_STREAM),
                                    .stream = options->test};
        draw_all(drawn, &random, numbers, inputs, labels);
        status = tare_dataset_new(inputs, labels, dataset, error);
    }
    tare_release(NULL, numbers, bytes);
    tare_array_free(inputs);
    tare_array_free(labels);
    return status;
}
