/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays: making, sharing, freeing, and single elements as doubles. */
#include "array/array.h"
#include "array/shape.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

#define MOST_BYTES ((int64_t)1 << 62)

/* A header with one reference and no data; checks dtype and shape. */
static tare_status new_header(tare_dtype dtype, tare_shape shape, const tare_allocator *allocator,
                              tare_array **array) {
    if (array == NULL) return TARE_ERROR_ARGUMENT;
    *array = NULL;
    const size_t size = tare_dtype_size(dtype);
    if (size == 0) return TARE_ERROR_TYPE;
    const int64_t count = tare_shape_count(shape);
    int64_t bytes;
    if (count < 0 || !tare_multiply_sizes(count, (int64_t)size, &bytes)) return TARE_ERROR_SHAPE;
    if (bytes > MOST_BYTES) return TARE_ERROR_SHAPE;
    if ((uint64_t)bytes > SIZE_MAX) return TARE_ERROR_MEMORY;

    tare_array *made = tare_allocate_zeroed(allocator, sizeof *made);
    if (made == NULL) return TARE_ERROR_MEMORY;
    made->dtype = dtype;
    made->shape = shape;
    made->count = count;
    made->bytes = (size_t)bytes;
    made->references = 1;
    made->allocator = allocator == NULL ? tare_default_allocator : *allocator;
    *array = made;
    return TARE_OK;
}

static void free_header(tare_array *array) {
    const tare_allocator allocator = array->allocator;
    tare_release(&allocator, array, sizeof *array);
}

tare_status tare_array_new(tare_dtype dtype, tare_shape shape, const tare_allocator *allocator,
                           tare_array **array) {
    const tare_status status = new_header(dtype, shape, allocator, array);
    if (status != TARE_OK) return status;
    void *data = tare_allocate_zeroed(allocator, (*array)->bytes);
    if (data == NULL) {
        free_header(*array);
        *array = NULL;
        return TARE_ERROR_MEMORY;
    }
    (*array)->data = data;
    (*array)->owns_data = true;
    return TARE_OK;
}

tare_status tare_array_copy_of(tare_dtype dtype, tare_shape shape, const void *data,
                               tare_array **array) {
    const tare_status status = tare_array_new(dtype, shape, NULL, array);
    if (status != TARE_OK || (*array)->bytes == 0) return status;
    if (data == NULL) {
        tare_array_free(*array);
        *array = NULL;
        return TARE_ERROR_ARGUMENT;
    }
    memcpy((*array)->data, data, (*array)->bytes);
    return TARE_OK;
}

tare_status tare_array_view(tare_dtype dtype, tare_shape shape, void *data,
                            const tare_allocator *allocator, tare_array **array) {
    const tare_status status = new_header(dtype, shape, allocator, array);
    if (status == TARE_OK) (*array)->data = data;
    return status;
}

tare_status tare_array_over(tare_dtype dtype, tare_shape shape, void *data, tare_array **array) {
    const tare_status status = tare_array_view(dtype, shape, data, NULL, array);
    if (status != TARE_OK) return status;
    tare_array *made = *array;
    const bool aligned = (uintptr_t)data % tare_dtype_size(dtype) == 0;
    if (made->count > 0 && (data == NULL || !aligned)) {
        free_header(made);
        *array = NULL;
        return TARE_ERROR_ARGUMENT;
    }
    if (data == NULL) made->data = made; /* empty: any valid address will do */
    return TARE_OK;
}

tare_array *tare_array_float(float value) {
    tare_array *array = NULL;
    (void)tare_array_copy_of(TARE_FLOAT32, TARE_SCALAR, &value, &array); /* NULL tells */
    return array;
}

tare_array *tare_array_bool(bool value) {
    const uint8_t byte = value ? 1 : 0;
    tare_array *array = NULL;
    (void)tare_array_copy_of(TARE_BOOL, TARE_SCALAR, &byte, &array); /* NULL tells */
    return array;
}

tare_array *tare_array_retain(tare_array *array) {
    if (array != NULL) (void)__atomic_add_fetch(&array->references, 1, __ATOMIC_RELAXED);
    return array;
}

void tare_array_free(tare_array *array) {
    if (array == NULL) return;
    /* Release: our reads and writes come before the freeing, whichever thread does it; acquire: see
     * theirs. */
    if (__atomic_sub_fetch(&array->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    const tare_allocator allocator = array->allocator;
    if (array->owns_data) tare_release(&allocator, array->data, array->bytes);
    free_header(array);
}

tare_dtype tare_array_dtype(const tare_array *array) {
    return array == NULL ? TARE_DTYPE_NONE : array->dtype;
}

tare_shape tare_array_shape(const tare_array *array) {
    return array == NULL ? TARE_ANY_SHAPE : array->shape;
}

int64_t tare_array_count(const tare_array *array) { return array == NULL ? 0 : array->count; }

size_t tare_array_bytes(const tare_array *array) { return array == NULL ? 0 : array->bytes; }

void *tare_array_data(tare_array *array) { return array == NULL ? NULL : array->data; }

const void *tare_array_const_data(const tare_array *array) {
    return array == NULL ? NULL : array->data;
}

/* ------------------------------------------------------------------------ single elements */

/*
 * To bfloat16, the upper half of a float32, with one rounding. The double becomes a float whose
 * last bit is set when anything was lost (rounding to odd), so that the second rounding sees no
 * false tie.
 */
static uint16_t to_bfloat16(double value) {
    float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40);
    if (isinf(narrow) && !isinf(value)) bits--; /* back to the largest float, which is odd */
    memcpy(&narrow, &bits, sizeof narrow);
    if ((double)narrow != value && (bits & 1) == 0) {
        const bool too_large = fabs((double)narrow) > fabs(value);
        bits = too_large ? bits - 1 : bits + 1;
    }
    bits += 0x7FFF + (bits >> 16 & 1);
    return (uint16_t)(bits >> 16);
}

static double from_bfloat16(uint16_t half) {
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* To the nearest whole number, ties to even, held within least..most; NaN gives 0. */
static int64_t to_integer(double value, int64_t least, int64_t most) {
    if (isnan(value)) return 0;
    const double rounded = rint(value);
    if (rounded <= (double)least) return least;
    if (rounded >= (double)most)
        return most; /* (double)INT64_MAX is 2^63: nothing below it overflows */
    return (int64_t)rounded;
}

static bool in_range(const tare_array *array, int64_t i) {
    return array != NULL && array->data != NULL && i >= 0 && i < array->count;
}

double tare_array_number(const tare_array *array, int64_t i) {
    if (!in_range(array, i)) return (double)NAN;
    const void *data = array->data;
    switch (array->dtype) {
    case TARE_FLOAT32:
        return (double)((const float *)data)[i];
    case TARE_FLOAT64:
        return ((const double *)data)[i];
    case TARE_INT32:
        return ((const int32_t *)data)[i];
    case TARE_INT64:
        return (double)((const int64_t *)data)[i];
    case TARE_UINT8:
        return ((const uint8_t *)data)[i];
    case TARE_BOOL:
        return ((const uint8_t *)data)[i] != 0;
    case TARE_INT8:
        return ((const int8_t *)data)[i];
    case TARE_BFLOAT16:
        return from_bfloat16(((const uint16_t *)data)[i]);
    case TARE_DTYPE_NONE:
        break;
    }
    return (double)NAN;
}

bool tare_array_set_number(tare_array *array, int64_t i, double value) {
    if (!in_range(array, i)) return false;
    void *data = array->data;
    switch (array->dtype) {
    case TARE_FLOAT32:
        ((float *)data)[i] = (float)value;
        return true;
    case TARE_FLOAT64:
        ((double *)data)[i] = value;
        return true;
    case TARE_INT32:
        ((int32_t *)data)[i] = (int32_t)to_integer(value, INT32_MIN, INT32_MAX);
        return true;
    case TARE_INT64:
        ((int64_t *)data)[i] = to_integer(value, INT64_MIN, INT64_MAX);
        return true;
    case TARE_UINT8:
        ((uint8_t *)data)[i] = (uint8_t)to_integer(value, 0, UINT8_MAX);
        return true;
    case TARE_BOOL:
        ((uint8_t *)data)[i] = value != 0;
        return true;
    case TARE_INT8:
        ((int8_t *)data)[i] = (int8_t)to_integer(value, INT8_MIN, INT8_MAX);
        return true;
    case TARE_BFLOAT16:
        ((uint16_t *)data)[i] = to_bfloat16(value);
        return true;
    case TARE_DTYPE_NONE:
        break;
    }
    return false;
}
