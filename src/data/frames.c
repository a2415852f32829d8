/* SPDX-License-Identifier: Apache-2.0 */
/* Videos with their frames in another order. */
#include "data/frames.h"
#include "array/array.h"
#include "array/shape.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/status.h"
#include "data/dataset.h"

#include <string.h>

/* Keeps these orders apart from other streams of the same seed. */
#define FRAMES_STREAM UINT64_C(0x6672616d6573)

/* The videos, one after the other, as bytes. */
typedef struct reordering {
    const tare_dataset *videos;
    tare_frames_order order;
    uint64_t seed;
    int64_t frames;     /* of a video */
    size_t frame_bytes; /* of a frame */
    size_t label_bytes; /* of a label */
    int64_t *places;    /* [frames] which frame comes when */
} reordering;

static void draw_places(const reordering *r, int64_t video) {
    const tare_random random = {.key = tare_random_key(r->seed, FRAMES_STREAM),
                                .stream = (uint64_t)video};
    tare_random_permutation(&random, r->frames, r->places);
    if (r->order != TARE_FRAMES_ONE) return;
    for (int64_t t = 1; t < r->frames; t++) r->places[t] = r->places[0];
}

/* *array receives [count, extents of a row of `from`]. */
static tare_status new_rows(const reordering *r, const tare_array *from, tare_array **array) {
    tare_shape shape = from->shape;
    shape.extents[0] = r->videos->count;
    return tare_array_new(from->dtype, shape, NULL, array);
}

static void copy(const reordering *r, tare_array *inputs, tare_array *labels) {
    const tare_dataset *videos = r->videos;
    char *into = inputs->data, *label = labels->data;
    for (int64_t i = 0; i < videos->count; i++) {
        const size_t row = (size_t)tare_dataset_row(videos, i);
        const char *video =
            (const char *)videos->inputs->data + row * (size_t)r->frames * r->frame_bytes;
        draw_places(r, i);
        for (int64_t t = 0; t < r->frames; t++, into += r->frame_bytes)
            memcpy(into, video + (size_t)r->places[t] * r->frame_bytes, r->frame_bytes);
        memcpy(label, (const char *)videos->labels->data + row * r->label_bytes, r->label_bytes);
        label += r->label_bytes;
    }
}

static tare_status reorder(reordering *r, tare_dataset **reordered, tare_error *error) {
    tare_array *inputs = NULL, *labels = NULL;
    r->places = tare_allocate_array(NULL, r->frames, sizeof *r->places);
    tare_status status = TARE_OK;
    if (r->places == NULL || new_rows(r, r->videos->inputs, &inputs) != TARE_OK ||
        new_rows(r, r->videos->labels, &labels) != TARE_OK)
        status = tare_fail_memory(error);
    if (status == TARE_OK) {
        copy(r, inputs, labels);
        status = tare_dataset_new(inputs, labels, reordered, error);
    }
    if (r->places != NULL) tare_release(NULL, r->places, (size_t)r->frames * sizeof *r->places);
    tare_array_free(inputs);
    tare_array_free(labels);
    return status;
}

tare_status tare_frames_reorder(const tare_dataset *videos, tare_frames_order order, uint64_t seed,
                                tare_dataset **reordered, tare_error *error) {
    const tare_array *inputs = videos->inputs, *labels = videos->labels;
    char text[TARE_SHAPE_TEXT];
    *reordered = NULL;
    if (inputs->shape.rank < 2 || inputs->shape.extents[1] < 1)
        return tare_fail_at(error, TARE_ERROR_SHAPE, "frames", NULL,
                            tare_shape_text(text, inputs->shape), "videos [count, frames, ..]");
    reordering r = {.videos = videos,
                    .order = order,
                    .seed = seed,
                    .frames = inputs->shape.extents[1],
                    .label_bytes =
                        (size_t)tare_row_elements(labels) * tare_dtype_size(labels->dtype)};
    r.frame_bytes = (size_t)(tare_row_elements(inputs) / r.frames) * tare_dtype_size(inputs->dtype);
    return reorder(&r, reordered, error);
}
