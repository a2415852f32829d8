/* SPDX-License-Identifier: Apache-2.0 */
/* The dtypes of safetensors. */
#include "model/safetensors.h"

#include <string.h>

static const tare_safetensors_type types[] = {
    {"F64", 8, TARE_FLOAT64},        {"F32", 4, TARE_FLOAT32},    {"F16", 2, TARE_DTYPE_NONE},
    {"BF16", 2, TARE_BFLOAT16},      {"I64", 8, TARE_INT64},      {"I32", 4, TARE_INT32},
    {"I16", 2, TARE_DTYPE_NONE},     {"I8", 1, TARE_INT8},        {"U64", 8, TARE_DTYPE_NONE},
    {"U32", 4, TARE_DTYPE_NONE},     {"U16", 2, TARE_DTYPE_NONE}, {"U8", 1, TARE_UINT8},
    {"BOOL", 1, TARE_BOOL},          {"C64", 8, TARE_DTYPE_NONE}, {"F8_E4M3", 1, TARE_DTYPE_NONE},
    {"F8_E5M2", 1, TARE_DTYPE_NONE},
};
enum { TYPES = sizeof types / sizeof *types };

const tare_safetensors_type *tare_safetensors_type_named(const char *name) {
    for (int i = 0; i < TYPES; i++)
        if (strcmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}

const tare_safetensors_type *tare_safetensors_type_of(tare_dtype dtype) {
    for (int i = 0; i < TYPES; i++)
        if (dtype != TARE_DTYPE_NONE && types[i].dtype == dtype) return &types[i];
    return NULL;
}
