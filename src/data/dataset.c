/* SPDX-License-Identifier: Apache-2.0 */
/* Data sets: two arrays with the same number of examples, checked once, and parts of them. */
#include "data/dataset.h"
#include "array/array.h"
#include "array/shape.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>

int64_t tare_row_elements(const tare_array *array) {
    int64_t elements = 1;
    for (int i = 1; i < array->shape.rank; i++) elements *= array->shape.extents[i];
    return elements;
}

int64_t tare_dataset_row(const tare_dataset *dataset, int64_t i) {
    return dataset->rows == NULL ? i : dataset->rows[i];
}

/* ------------------------------------------------------------------------------------ checks */

static bool is_floating(tare_dtype dtype) { return dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64; }

/* Refuses the first NaN or infinity among floats. */
static tare_status check_finite(const tare_array *array, const char *what, tare_error *error) {
    if (!is_floating(array->dtype)) return TARE_OK;
    const int64_t elements = tare_row_elements(array);
    for (int64_t i = 0; i < array->count; i++) {
        const double number = tare_array_number(array, i);
        if (isfinite(number)) continue;
        char text[TARE_NUMBER_TEXT];
        return tare_fail(error, TARE_ERROR_FORMAT,
                         "%s: example %" PRId64 " (counted from 0) has %s at element %" PRId64
                         "; needs numbers that are finite",
                         what, i / elements, tare_double_text(text, number), i % elements);
    }
    return TARE_OK;
}

static tare_status check_inputs(const tare_array *inputs, tare_error *error) {
    char text[TARE_SHAPE_TEXT];
    if (inputs->dtype != TARE_UINT8 && !is_floating(inputs->dtype))
        return tare_fail_at(error, TARE_ERROR_TYPE, "dataset", "inputs",
                            tare_dtype_name(inputs->dtype), "uint8, float32 or float64");
    if (inputs->shape.rank < 1 || inputs->count == 0)
        return tare_fail_at(error, TARE_ERROR_SHAPE, "dataset", "inputs",
                            tare_shape_text(text, inputs->shape), "at least one example");
    return check_finite(inputs, "inputs", error);
}

/* Whole numbers must be [n]; *classes is the greatest + 1. */
static tare_status check_classes(const tare_array *labels, int64_t *classes, tare_error *error) {
    char text[TARE_SHAPE_TEXT];
    if (labels->shape.rank != 1)
        return tare_fail_at(error, TARE_ERROR_SHAPE, "dataset", "labels",
                            tare_shape_text(text, labels->shape),
                            "one class for each example, [n]");
    *classes = 0;
    for (int64_t i = 0; i < labels->count; i++) {
        const double label = tare_array_number(labels, i);
        if (label < 0 || label >= INT32_MAX)
            return tare_fail(error, TARE_ERROR_FORMAT,
                             "labels: example %" PRId64 " (counted from 0) has class %" PRId64
                             "; needs 0 to %d",
                             i, (int64_t)label, INT32_MAX - 1);
        if (*classes <= (int64_t)label) *classes = (int64_t)label + 1;
    }
    return TARE_OK;
}

static tare_status check_labels(const tare_array *inputs, const tare_array *labels,
                                int64_t *classes, tare_error *error) {
    if (labels->shape.rank < 1 || labels->shape.extents[0] != inputs->shape.extents[0]) {
        char images[TARE_SHAPE_TEXT], classes_text[TARE_SHAPE_TEXT], got[2 * TARE_SHAPE_TEXT + 32];
        tare_print(got, sizeof got, "inputs %s and labels %s",
                   tare_shape_text(images, inputs->shape),
                   tare_shape_text(classes_text, labels->shape));
        return tare_fail_at(error, TARE_ERROR_SHAPE, "dataset", NULL, got,
                            "as many labels as inputs");
    }
    *classes = 0;
    if (is_floating(labels->dtype)) return check_finite(labels, "labels", error);
    if (labels->dtype == TARE_BOOL || labels->dtype == TARE_BFLOAT16)
        return tare_fail_at(error, TARE_ERROR_TYPE, "dataset", "labels",
                            tare_dtype_name(labels->dtype), "whole numbers, float32 or float64");
    return check_classes(labels, classes, error);
}

/* ---------------------------------------------------------------------------- making, freeing */

/* A reference to array when it has that dtype already, else a copy that has. */
static tare_status as_dtype(tare_array *array, tare_dtype dtype, tare_array **same) {
    if (array->dtype == dtype) {
        *same = tare_array_retain(array);
        return TARE_OK;
    }
    TARE_TRY(tare_array_new(dtype, array->shape, NULL, same));
    for (int64_t i = 0; i < array->count; i++)
        (void)tare_array_set_number(*same, i, tare_array_number(array, i)); /* i is within */
    return TARE_OK;
}

tare_status tare_dataset_new(tare_array *inputs, tare_array *labels, tare_dataset **dataset,
                             tare_error *error) {
    if (dataset != NULL) *dataset = NULL;
    if (inputs == NULL || labels == NULL || dataset == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "a data set needs inputs, labels and a place for itself");
    int64_t classes = 0;
    TARE_TRY(check_inputs(inputs, error));
    TARE_TRY(check_labels(inputs, labels, &classes, error));
    tare_dataset *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) return tare_fail_memory(error);
    made->count = inputs->shape.extents[0];
    made->classes = classes;
    made->inputs = tare_array_retain(inputs);
    const tare_dtype dtype = is_floating(labels->dtype) ? TARE_FLOAT32 : TARE_INT32;
    if (as_dtype(labels, dtype, &made->labels) != TARE_OK) {
        tare_dataset_free(made);
        return tare_fail_memory(error);
    }
    *dataset = made;
    return TARE_OK;
}

void tare_dataset_free(tare_dataset *dataset) {
    if (dataset == NULL) return;
    if (dataset->rows != NULL)
        tare_release(NULL, dataset->rows, (size_t)dataset->count * sizeof *dataset->rows);
    tare_array_free(dataset->inputs);
    tare_array_free(dataset->labels);
    tare_release(NULL, dataset, sizeof *dataset);
}

/* ------------------------------------------------------------------------------------- asking */

int64_t tare_dataset_count(const tare_dataset *dataset) {
    return dataset == NULL ? 0 : dataset->count;
}

tare_shape tare_dataset_input_shape(const tare_dataset *dataset) {
    if (dataset == NULL) return TARE_ANY_SHAPE;
    tare_shape shape = {.rank = dataset->inputs->shape.rank - 1};
    for (int i = 0; i < shape.rank; i++) shape.extents[i] = dataset->inputs->shape.extents[i + 1];
    return shape;
}

int64_t tare_dataset_classes(const tare_dataset *dataset) {
    return dataset == NULL ? 0 : dataset->classes;
}

int64_t tare_dataset_label(const tare_dataset *dataset, int64_t i) {
    if (dataset == NULL || dataset->classes == 0 || i < 0 || i >= dataset->count) return -1;
    return ((const int32_t *)dataset->labels->data)[tare_dataset_row(dataset, i)];
}

/* -------------------------------------------------------------------------------------- parts */

/* The examples that rows names; takes over rows, also on failure. */
static tare_status make_part(const tare_dataset *whole, int64_t *rows, int64_t count,
                             tare_dataset **part, tare_error *error) {
    tare_dataset *made = tare_allocate_zeroed(NULL, sizeof *made);
    if (made == NULL) {
        tare_release(NULL, rows, (size_t)count * sizeof *rows);
        return tare_fail_memory(error);
    }
    made->inputs = tare_array_retain(whole->inputs);
    made->labels = tare_array_retain(whole->labels);
    made->rows = rows;
    made->count = count;
    made->classes = whole->classes;
    *part = made;
    return TARE_OK;
}

static tare_status refuse_count(const char *what, int64_t first, int64_t count, int64_t most,
                                tare_error *error) {
    char got[96], need[64];
    tare_print(got, sizeof got, "%" PRId64 " examples from number %" PRId64, count, first);
    tare_print(need, sizeof need, "at least one, within 0 to %" PRId64, most - 1);
    return tare_fail_at(error, TARE_ERROR_ARGUMENT, what, NULL, got, need);
}

tare_status tare_dataset_part(const tare_dataset *dataset, int64_t first, int64_t count,
                              tare_dataset **part, tare_error *error) {
    if (part != NULL) *part = NULL;
    if (dataset == NULL || part == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "dataset_part needs a data set and a place for the part");
    if (first < 0 || count < 1 || first >= dataset->count || count > dataset->count - first)
        return refuse_count("dataset_part", first, count, dataset->count, error);
    int64_t *rows = tare_allocate_array(NULL, count, sizeof *rows);
    if (rows == NULL) return tare_fail_memory(error);
    for (int64_t i = 0; i < count; i++) rows[i] = tare_dataset_row(dataset, first + i);
    return make_part(dataset, rows, count, part, error);
}

/* Its own constant keeps the split's order apart from the epochs' orders of the same seed. */
#define SPLIT_STREAM UINT64_C(0x73706c6974)

/* The dataset's rows in a random order. */
static int64_t *shuffled_rows(const tare_dataset *dataset, uint64_t seed) {
    int64_t *order = tare_allocate_array(NULL, dataset->count, sizeof *order);
    if (order == NULL) return NULL;
    const tare_random random = {.key = tare_random_key(seed, SPLIT_STREAM), .stream = 0};
    tare_random_permutation(&random, dataset->count, order);
    for (int64_t i = 0; i < dataset->count; i++) order[i] = tare_dataset_row(dataset, order[i]);
    return order;
}

tare_status tare_dataset_split(const tare_dataset *dataset, int64_t held_back, uint64_t seed,
                               tare_dataset **rest, tare_dataset **held, tare_error *error) {
    if (rest != NULL) *rest = NULL;
    if (held != NULL) *held = NULL;
    if (dataset == NULL || rest == NULL || held == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "dataset_split needs a data set and places for both parts");
    if (held_back < 1 || held_back >= dataset->count)
        return refuse_count("dataset_split", 0, held_back, dataset->count - 1, error);
    int64_t *order = shuffled_rows(dataset, seed);
    if (order == NULL) return tare_fail_memory(error);
    tare_dataset *shuffled = NULL;
    TARE_TRY(make_part(dataset, order, dataset->count, &shuffled, error));
    tare_status status = tare_dataset_part(shuffled, 0, held_back, held, error);
    if (status == TARE_OK)
        status = tare_dataset_part(shuffled, held_back, dataset->count - held_back, rest, error);
    if (status != TARE_OK) {
        tare_dataset_free(*held);
        *held = NULL;
    }
    tare_dataset_free(shuffled);
    return status;
}

tare_status tare_dataset_by_class(const tare_dataset *dataset, tare_dataset **ordered,
                                  tare_error *error) {
    const int64_t count = dataset->count, classes = dataset->classes;
    *ordered = NULL;
    if (classes == 0)
        return tare_fail_at(error, TARE_ERROR_TYPE, "dataset", NULL, "targets", "classes");
    int64_t *rows = tare_allocate_array(NULL, count, sizeof *rows), placed = 0;
    if (rows == NULL) return tare_fail_memory(error);
    for (int64_t class = 0; class < classes; class ++)
        for (int64_t i = 0; i < count; i++)
            if (tare_dataset_label(dataset, i) == class)
                rows[placed++] = tare_dataset_row(dataset, i);
    return make_part(dataset, rows, count, ordered, error);
}
