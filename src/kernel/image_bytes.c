/* SPDX-License-Identifier: Apache-2.0 */
/* Images of any numbers as bytes; image_bytes.h gives the rule. */
#include "kernel/image_bytes.h"

#include <math.h>
#include <string.h>

#define LEAST_DIVISOR 1e-6f

static const uint8_t not_finite[4] = {255, 0, 0, 255};

bool tare_image_takes(tare_dtype dtype) {
    return dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64 || dtype == TARE_UINT8;
}

/* The numbers of an image, whichever floats they are. */
typedef struct pixels {
    const float *floats; /* or */
    const double *doubles;
    int64_t count, channels;
} pixels;

static double number_at(const pixels *image, int64_t i) {
    return image->floats ? (double)image->floats[i] : image->doubles[i];
}

static bool is_finite(const pixels *image, int64_t pixel) {
    for (int64_t c = 0; c < image->channels; c++)
        if (!isfinite(number_at(image, pixel * image->channels + c))) return false;
    return true;
}

static void find_range(const pixels *image, float *least, float *greatest) {
    *least = INFINITY;
    *greatest = -INFINITY;
    for (int64_t p = 0; p < image->count; p++) {
        if (!is_finite(image, p)) continue;
        for (int64_t c = 0; c < image->channels; c++) {
            const float number = (float)number_at(image, p * image->channels + c);
            if (number < *least) *least = number;
            if (number > *greatest) *greatest = number;
        }
    }
}

typedef struct scale {
    float factor, offset;
} scale;

static scale choose_scale(const pixels *image) {
    float least, greatest;
    find_range(image, &least, &greatest);
    const bool negative = least < 0;
    const float divisor = negative ? fmaxf(-least, fabsf(greatest)) : greatest;
    const float most = negative ? 127.0f : 255.0f;
    return (scale){divisor < LEAST_DIVISOR ? 0.0f : most / divisor, negative ? 128.0f : 0.0f};
}

/* In the precision of the image. Rounding may pass 255 by less than 1, which is cut off too. */
static uint8_t scaled(const pixels *image, scale s, int64_t i) {
    if (image->floats) return (uint8_t)(image->floats[i] * s.factor + s.offset);
    return (uint8_t)(image->doubles[i] * (double)s.factor + (double)s.offset);
}

void tare_image_bytes(tare_dtype dtype, const void *image, int64_t count, int64_t channels,
                      uint8_t *bytes) {
    if (dtype == TARE_UINT8) {
        memcpy(bytes, image, (size_t)(count * channels));
        return;
    }
    const pixels numbers = {.floats = dtype == TARE_FLOAT32 ? image : NULL,
                            .doubles = image,
                            .count = count,
                            .channels = channels};
    const scale s = choose_scale(&numbers);
    for (int64_t p = 0; p < count; p++) {
        const bool finite = is_finite(&numbers, p);
        for (int64_t c = 0; c < channels; c++) {
            const int64_t i = p * channels + c;
            bytes[i] = finite ? scaled(&numbers, s, i) : not_finite[c];
        }
    }
}
