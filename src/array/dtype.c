/* SPDX-License-Identifier: Apache-2.0 */
/* Names and sizes of dtypes. */
#include <tare/array.h>

#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [TARE_DTYPE_NONE] = {"none", 0},   [TARE_FLOAT32] = {"float32", 4},
    [TARE_FLOAT64] = {"float64", 8},   [TARE_INT32] = {"int32", 4},
    [TARE_INT64] = {"int64", 8},       [TARE_UINT8] = {"uint8", 1},
    [TARE_BOOL] = {"bool", 1},         [TARE_INT8] = {"int8", 1},
    [TARE_BFLOAT16] = {"bfloat16", 2},
};

static const int dtype_count = (int)(sizeof dtypes / sizeof *dtypes);

/* A number from outside may be no dtype at all. */
static int row(tare_dtype dtype) {
    const int64_t index = (int64_t)dtype;
    return index > 0 && index < dtype_count ? (int)index : (int)TARE_DTYPE_NONE;
}

const char *tare_dtype_name(tare_dtype dtype) { return dtypes[row(dtype)].name; }

size_t tare_dtype_size(tare_dtype dtype) { return dtypes[row(dtype)].size; }

tare_dtype tare_dtype_named(const char *name) {
    if (name == NULL) return TARE_DTYPE_NONE;
    for (int i = 1; i < dtype_count; i++)
        if (strcmp(dtypes[i].name, name) == 0) return (tare_dtype)i;
    return TARE_DTYPE_NONE;
}
