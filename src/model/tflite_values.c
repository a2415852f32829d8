/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of a .tflite model's constants, as they are meant. */
#include "base/bytes.h"
#include "model/tflite.h"

#include <string.h>

/* Numbers that one step along an axis spans. */
static int64_t span_of(tare_shape shape, int64_t axis) {
    int64_t span = 1;
    for (int k = (int)axis + 1; k < shape.rank; k++) span *= shape.extents[k];
    return span;
}

static double number_of_float(const unsigned char *data, int64_t i) {
    const uint32_t bits = tare_get_32(data + i * (int64_t)sizeof bits);
    float number;
    memcpy(&number, &bits, sizeof number);
    return (double)number;
}

int64_t tare_tflite_value_count(const tare_tflite_array *array) {
    if (array->data == NULL) return 0;
    if (array->told.dtype == TARE_FLOAT32) return array->data_bytes / (int64_t)sizeof(float);
    const bool whole = array->told.dtype == TARE_INT8 || array->told.dtype == TARE_UINT8;
    return whole && array->told.scale_count > 0 ? array->data_bytes : 0;
}

double tare_tflite_value(const tare_tflite_array *array, int64_t i) {
    const tare_tflite_tensor *told = &array->told;
    if (told->dtype == TARE_FLOAT32) return number_of_float(array->data, i);
    const int64_t quantum =
        told->dtype == TARE_INT8 ? (int64_t)(int8_t)array->data[i] : (int64_t)array->data[i];
    const int64_t c =
        told->scale_count > 1 ? i / span_of(told->shape, told->quantised) % told->scale_count : 0;
    return (double)(quantum - told->zero_points[c]) * (double)told->scales[c];
}

tare_tflite_channels tare_tflite_channels_of(const tare_tflite_kind *kind,
                                             const tare_tflite_array *weights) {
    const tare_shape shape = weights->told.shape;
    if (kind->channels >= shape.rank) return (tare_tflite_channels){1, 1};
    return (tare_tflite_channels){shape.extents[kind->channels], span_of(shape, kind->channels)};
}
