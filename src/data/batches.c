/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches: rows of a data set gathered as float32 into two arrays that are used again and again.
 * The order of an epoch is the Philox permutation of (seed, epoch), so batch i of epoch e depends
 * on nothing that happened before.
 */
#include "array/array.h"
#include "array/shape.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/options.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Keeps the epochs' orders apart from other streams of the same seed. */
#define ORDER_STREAM UINT64_C(0x6f72646572)

struct tare_batches {
    const tare_dataset *dataset;
    tare_batches_options options;
    int64_t count;          /* batches in an epoch */
    int64_t full, rest;     /* examples in a full batch, in the last one */
    int64_t input_elements; /* of one example */
    int64_t label_elements;
    tare_array *inputs[2]; /* of a full batch and of the last one */
    tare_array *labels[2];
    int64_t *order;    /* [examples] of the epoch; NULL: not shuffled */
    int64_t epoch;     /* that order is of; -1: none yet */
    float pixels[256]; /* a byte divided by the divisor */
};

/* ------------------------------------------------------------------------------------- making */

static tare_status refuse_batch(const tare_batches *batches, const char *need, tare_error *error) {
    char got[96];
    tare_print(got, sizeof got, "batch %" PRId64 " of %" PRId64 " examples", batches->options.batch,
               batches->dataset->count);
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, "batches", NULL, got, need);
}

/* Works out how many batches there are, and how large. */
static tare_status count_batches(tare_batches *batches, tare_error *error) {
    const int64_t examples = batches->dataset->count, batch = batches->options.batch;
    if (batch < 1) return refuse_batch(batches, "at least 1", error);
    const int64_t whole = examples / batch, over = examples % batch;
    batches->full = batch;
    batches->rest = batch;
    batches->count = whole + (over > 0);
    switch ((tare_last_batch)batches->options.last) {
    case TARE_LAST_KEEP:
        if (over > 0) batches->rest = over;
        if (whole == 0) batches->full = over;
        return TARE_OK;
    case TARE_LAST_DROP:
        batches->count = whole;
        if (whole > 0) return TARE_OK;
        return refuse_batch(batches, "at least one whole batch where the last one is dropped",
                            error);
    case TARE_LAST_WRAP:
        return TARE_OK;
    }
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, "batches", "last", "another number",
                        "keep, drop or wrap");
}

static tare_status choose_divisor(tare_batches *batches, tare_error *error) {
    double *divisor = &batches->options.divisor;
    char text[TARE_NUMBER_TEXT];
    if (!isfinite(*divisor))
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "batches", "divisor",
                            tare_double_text(text, *divisor), "a finite number");
    if (*divisor == 0) *divisor = batches->dataset->inputs->dtype == TARE_UINT8 ? 255 : 1;
    const float by = (float)*divisor;
    for (int i = 0; i < 256; i++) batches->pixels[i] = (float)i / by;
    return TARE_OK;
}

/* [count, extents of one example]. */
static tare_status new_rows(tare_dtype dtype, int64_t count, tare_shape example,
                            tare_array **array) {
    tare_shape shape = {.rank = example.rank + 1, .extents = {count}};
    for (int i = 0; i < example.rank; i++) shape.extents[i + 1] = example.extents[i];
    return tare_array_new(dtype, shape, NULL, array);
}

static tare_status make_arrays(tare_batches *batches, tare_shape input, tare_error *error) {
    const tare_array *labels = batches->dataset->labels;
    tare_shape label = {.rank = labels->shape.rank - 1};
    for (int i = 0; i < label.rank; i++) label.extents[i] = labels->shape.extents[i + 1];
    const int64_t sizes[2] = {batches->full, batches->rest};
    for (int i = 0; i < 2; i++) {
        if (new_rows(TARE_FLOAT32, sizes[i], input, &batches->inputs[i]) != TARE_OK ||
            new_rows(labels->dtype, sizes[i], label, &batches->labels[i]) != TARE_OK)
            return tare_fail_memory(error);
    }
    if (!batches->options.shuffle) return TARE_OK;
    batches->order = tare_allocate_array(NULL, batches->dataset->count, sizeof *batches->order);
    return batches->order == NULL ? tare_fail_memory(error) : TARE_OK;
}

/* The shape that one input is given: as asked for, if that has as many elements. */
static tare_status choose_shape(tare_batches *batches, tare_shape *shape, tare_error *error) {
    const tare_shape own = tare_dataset_input_shape(batches->dataset);
    *shape = batches->options.input_shape;
    if (shape->rank == TARE_UNKNOWN_RANK) *shape = own;
    batches->input_elements = tare_row_elements(batches->dataset->inputs);
    batches->label_elements = tare_row_elements(batches->dataset->labels);
    if (shape->rank < TARE_MAX_RANK && tare_shape_count(*shape) == batches->input_elements)
        return TARE_OK;
    char got[TARE_SHAPE_TEXT + 32], need[TARE_SHAPE_TEXT + 48], text[TARE_SHAPE_TEXT];
    tare_print(got, sizeof got, "examples of shape %s", tare_shape_text(text, own));
    tare_print(need, sizeof need, "examples that fit into %s", tare_shape_text(text, *shape));
    return tare_fail_at(error, TARE_ERROR_SHAPE, "batches", NULL, got, need);
}

static tare_status fill(tare_batches *batches, tare_error *error) {
    tare_shape shape;
    batches->epoch = -1;
    TARE_TRY(count_batches(batches, error));
    TARE_TRY(choose_divisor(batches, error));
    TARE_TRY(choose_shape(batches, &shape, error));
    return make_arrays(batches, shape, error);
}

tare_status tare_batches_new_with(const tare_dataset *dataset, const tare_batches_options *options,
                                  tare_batches **batches, tare_error *error) {
    if (batches != NULL) *batches = NULL;
    if (dataset == NULL || batches == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "batches need a data set and a place for themselves");
    tare_batches *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    made->dataset = dataset;
    tare_options_adopt(&tare_batches_table, options, &made->options);
    const tare_status status = fill(made, error);
    if (status != TARE_OK) {
        tare_batches_free(made);
        return status;
    }
    *batches = made;
    return TARE_OK;
}

void tare_batches_free(tare_batches *batches) {
    if (batches == NULL) return;
    for (int i = 0; i < 2; i++) {
        tare_array_free(batches->inputs[i]);
        tare_array_free(batches->labels[i]);
    }
    if (batches->order != NULL)
        tare_release(NULL, batches->order,
                     (size_t)batches->dataset->count * sizeof *batches->order);
    tare_release(NULL, batches, sizeof *batches);
}

int64_t tare_batches_count(const tare_batches *batches) {
    return batches == NULL ? 0 : batches->count;
}

/* ---------------------------------------------------------------------------------- gathering */

static void order_epoch(tare_batches *batches, int64_t epoch) {
    if (batches->order == NULL || batches->epoch == epoch) return;
    const tare_random random = {.key =
                                    tare_random_key((uint64_t)batches->options.seed, ORDER_STREAM),
                                .stream = (uint64_t)epoch};
    tare_random_permutation(&random, batches->dataset->count, batches->order);
    batches->epoch = epoch;
}

/* The row of example number `place` of the epoch; places beyond the last wrap round. */
static int64_t row_at(const tare_batches *batches, int64_t place) {
    const int64_t example = place % batches->dataset->count;
    return tare_dataset_row(batches->dataset,
                            batches->order == NULL ? example : batches->order[example]);
}

/* One input as float32, divided. */
static void copy_input(const tare_batches *batches, int64_t row, float *into) {
    const tare_array *inputs = batches->dataset->inputs;
    const int64_t n = batches->input_elements, first = row * n;
    const float divisor = (float)batches->options.divisor;
    if (inputs->dtype == TARE_UINT8) {
        const uint8_t *from = (const uint8_t *)inputs->data + first;
        for (int64_t i = 0; i < n; i++) into[i] = batches->pixels[from[i]];
    } else if (inputs->dtype == TARE_FLOAT32) {
        const float *from = (const float *)inputs->data + first;
        for (int64_t i = 0; i < n; i++) into[i] = from[i] / divisor;
    } else {
        const double *from = (const double *)inputs->data + first;
        for (int64_t i = 0; i < n; i++) into[i] = (float)(from[i] / batches->options.divisor);
    }
}

tare_status tare_batches_get(tare_batches *batches, int64_t epoch, int64_t i, tare_batch *batch) {
    if (batches == NULL || batch == NULL || epoch < 0 || i < 0 || i >= batches->count)
        return TARE_ERROR_ARGUMENT;
    order_epoch(batches, epoch);
    const int last = i == batches->count - 1;
    batch->count = last ? batches->rest : batches->full;
    batch->inputs = batches->inputs[last];
    batch->labels = batches->labels[last];
    float *into = batch->inputs->data;
    char *labels = batch->labels->data;
    const char *all_labels = batches->dataset->labels->data;
    const size_t label_bytes =
        (size_t)batches->label_elements * tare_dtype_size(batch->labels->dtype);
    for (int64_t k = 0; k < batch->count; k++) {
        const int64_t row = row_at(batches, i * batches->full + k);
        copy_input(batches, row, into + k * batches->input_elements);
        memcpy(labels + (size_t)k * label_bytes, all_labels + (size_t)row * label_bytes,
               label_bytes);
    }
    return TARE_OK;
}
