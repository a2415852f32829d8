/* SPDX-License-Identifier: Apache-2.0 */
/* Writing event files: scalars, histograms, images, texts, and what summary ops computed. */
#include "array/array.h"
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "kernel/image_bytes.h"
#include "op/summary.h"
#include "report/event_writer.h"
#include "report/png.h"

#include <inttypes.h>
#include <string.h>

static tare_status refuse(tare_event_writer *writer, tare_status status, const char *tag,
                          const char *got, const char *need) {
    return tare_fail_at(&writer->error, status, "event_writer", tag, got, need);
}

/* ------------------------------------------------------------------------------------- scalars */

tare_status tare_event_writer_scalars(tare_event_writer *writer, const tare_event_scalar *scalars,
                                      size_t count, int64_t step) {
    if (writer == NULL || (scalars == NULL && count > 0)) return TARE_ERROR_ARGUMENT;
    tare_event_value *values = tare_allocate_array(NULL, (int64_t)count, sizeof *values);
    if (values == NULL) return tare_fail_memory(&writer->error);
    for (size_t i = 0; i < count; i++)
        values[i] = (tare_event_value){
            .tag = scalars[i].tag, .kind = TARE_VALUE_SCALAR, .number = scalars[i].value};
    const tare_status status = tare_event_writer_values(writer, values, count, step);
    tare_release(NULL, values, count * sizeof *values);
    return status;
}

tare_status tare_event_writer_scalar(tare_event_writer *writer, const char *tag, double value,
                                     int64_t step) {
    if (writer == NULL) return TARE_ERROR_ARGUMENT;
    const tare_event_value scalar = {.tag = tag, .kind = TARE_VALUE_SCALAR, .number = value};
    return tare_event_writer_values(writer, &scalar, 1, step);
}

tare_status tare_event_writer_text(tare_event_writer *writer, const char *tag, const char *text,
                                   int64_t step) {
    if (writer == NULL) return TARE_ERROR_ARGUMENT;
    if (text == NULL || !tare_is_utf8(text, strlen(text)))
        return refuse(writer, TARE_ERROR_ARGUMENT, tag,
                      text == NULL ? "no text" : "a text that is not UTF-8", "a text in UTF-8");
    const tare_event_value value = {.tag = tag, .kind = TARE_VALUE_TEXT, .text = text};
    return tare_event_writer_values(writer, &value, 1, step);
}

/* ---------------------------------------------------------------------------------- gathering */

/* Values of an event and, in the arena, what they point to. Zero at first. */
typedef struct gathering {
    tare_event_writer *writer;
    tare_arena *arena;
    TARE_VECTOR(tare_event_value) values;
} gathering;

static tare_status begin(gathering *g, tare_event_writer *writer) {
    *g = (gathering){.writer = writer, .arena = tare_arena_new(NULL)};
    return g->arena == NULL ? tare_fail_memory(&writer->error) : TARE_OK;
}

/* Writes what was gathered unless gathering failed, and frees it. */
static tare_status end(gathering *g, tare_status status, int64_t step) {
    if (status == TARE_OK)
        status =
            tare_event_writer_values(g->writer, g->values.items, (size_t)g->values.count, step);
    tare_vector_free(NULL, &g->values);
    tare_arena_free(g->arena);
    return status;
}

static tare_status no_memory(gathering *g) { return tare_fail_memory(&g->writer->error); }

static tare_status add_value(gathering *g, tare_event_value value) {
    if (!tare_vector_reserve(NULL, &g->values, 1)) return no_memory(g);
    g->values.items[g->values.count++] = value;
    return TARE_OK;
}

/* Buckets as TensorFlow writes them: a run of empty ones stands as one, with its last limit. */
static tare_status add_histogram(gathering *g, const char *tag, const double *limits,
                                 const tare_histogram *from) {
    double *ends = tare_arena_allocate_array(g->arena, TARE_HISTOGRAM_BUCKETS, sizeof *ends);
    double *counts = tare_arena_allocate_array(g->arena, TARE_HISTOGRAM_BUCKETS, sizeof *counts);
    if (ends == NULL || counts == NULL) return no_memory(g);
    size_t count = 0;
    for (int i = 0; i < TARE_HISTOGRAM_BUCKETS; i++) {
        const bool goes_on = count > 0 && !(from->buckets[i] > 0) && !(counts[count - 1] > 0);
        if (!goes_on) counts[count++] = from->buckets[i];
        ends[count - 1] = limits[i];
    }
    return add_value(g, (tare_event_value){.tag = tag,
                                           .kind = TARE_VALUE_HISTOGRAM,
                                           .histogram = {.least = from->least,
                                                         .greatest = from->greatest,
                                                         .count = from->count,
                                                         .sum = from->sum,
                                                         .sum_squares = from->sum_squares,
                                                         .buckets = count,
                                                         .limits = ends,
                                                         .counts = counts}});
}

/* The limits of histograms' buckets; NULL: no memory. */
static const double *make_limits(gathering *g) {
    double *limits = tare_arena_allocate_array(g->arena, TARE_HISTOGRAM_BUCKETS, sizeof *limits);
    if (limits != NULL) tare_histogram_limits(limits);
    return limits;
}

static tare_status add_picture(gathering *g, const char *tag, const tare_picture *picture) {
    tare_text png = {.allocator = NULL};
    if (!tare_png_add(&png, picture))
        return refuse(g->writer, TARE_ERROR_SHAPE, tag, "an image without pixels",
                      "one of at least 1 x 1");
    char *bytes = png.failed ? NULL : tare_arena_allocate(g->arena, png.length);
    const size_t count = png.length;
    if (bytes != NULL) memcpy(bytes, png.data, count);
    tare_text_clear(&png);
    if (bytes == NULL) return no_memory(g);
    return add_value(g, (tare_event_value){.tag = tag,
                                           .kind = TARE_VALUE_IMAGE,
                                           .image = {.height = picture->height,
                                                     .width = picture->width,
                                                     .channels = picture->channels,
                                                     .bytes = (const unsigned char *)bytes,
                                                     .count = count}});
}

/* ---------------------------------------------------------------------------------- histograms */

static tare_status check_counted(tare_event_writer *writer, const char *tag, int64_t place,
                                 int64_t count) {
    if (place == count) return TARE_OK;
    char got[96];
    tare_print(got, sizeof got, "a number that is not finite at place %" PRId64 " of %" PRId64,
               place, count);
    return refuse(writer, TARE_ERROR_ARGUMENT, tag, got, "finite numbers to count");
}

static tare_status gather_numbers(gathering *g, const char *tag, const tare_array *numbers) {
    const double *limits = make_limits(g);
    tare_histogram *histogram = tare_arena_allocate(g->arena, sizeof *histogram);
    if (limits == NULL || histogram == NULL) return no_memory(g);
    tare_histogram_clear(histogram);
    const int64_t place =
        tare_histogram_add(histogram, limits, numbers->dtype, numbers->data, numbers->count);
    TARE_TRY(check_counted(g->writer, tag, place, numbers->count));
    return add_histogram(g, tag, limits, histogram);
}

tare_status tare_event_writer_histogram(tare_event_writer *writer, const char *tag,
                                        const tare_array *numbers, int64_t step) {
    if (writer == NULL) return TARE_ERROR_ARGUMENT;
    if (numbers == NULL || !tare_histogram_counts(numbers->dtype))
        return refuse(writer, TARE_ERROR_TYPE, tag,
                      numbers == NULL ? "no array" : tare_dtype_name(numbers->dtype),
                      "float32, float64, int8, uint8, int32 or int64");
    gathering g;
    tare_status status = begin(&g, writer);
    if (status == TARE_OK) status = gather_numbers(&g, tag, numbers);
    return end(&g, status, step);
}

/* -------------------------------------------------------------------------------------- images */

static tare_status check_image(tare_event_writer *writer, const char *tag,
                               const tare_array *image) {
    if (image == NULL) return refuse(writer, TARE_ERROR_ARGUMENT, tag, "no array", "an image");
    if (!tare_image_takes(image->dtype))
        return refuse(writer, TARE_ERROR_TYPE, tag, tare_dtype_name(image->dtype),
                      "float32, float64 or uint8");
    const int64_t channels = image->shape.rank == 3 ? image->shape.extents[2] : 0;
    if (channels == 1 || channels == 3 || channels == 4) return TARE_OK;
    char shape[TARE_SHAPE_TEXT];
    return refuse(writer, TARE_ERROR_SHAPE, tag, tare_shape_text(shape, image->shape),
                  "[height, width, channels], 1, 3 or 4 channels");
}

static tare_status gather_image(gathering *g, const char *tag, const tare_array *image) {
    const int64_t *extents = image->shape.extents;
    uint8_t *bytes = tare_arena_allocate(g->arena, (size_t)image->count);
    if (bytes == NULL) return no_memory(g);
    tare_image_bytes(image->dtype, image->data, extents[0] * extents[1], extents[2], bytes);
    return add_picture(g, tag, &(tare_picture){extents[1], extents[0], extents[2], bytes});
}

tare_status tare_event_writer_image(tare_event_writer *writer, const char *tag,
                                    const tare_array *image, int64_t step) {
    if (writer == NULL) return TARE_ERROR_ARGUMENT;
    TARE_TRY(check_image(writer, tag, image));
    gathering g;
    tare_status status = begin(&g, writer);
    if (status == TARE_OK) status = gather_image(&g, tag, image);
    return end(&g, status, step);
}

/* ----------------------------------------------------------------------------------- summaries */

/* "TAG/image", numbered "TAG/image/0" */
static const char *image_tag(tare_arena *arena, const tare_summary_record *record, int64_t i) {
    const size_t room = strlen(record->tag) + 32;
    char *tag = tare_arena_allocate(arena, room);
    if (tag == NULL) return NULL;
    if (!record->images->numbered) return tare_print(tag, room, "%s/image", record->tag);
    return tare_print(tag, room, "%s/image/%" PRId64, record->tag, i);
}

static tare_status gather_images(gathering *g, const tare_summary_record *record) {
    const tare_summary_images *images = record->images;
    const int64_t bytes = images->height * images->width * images->channels;
    for (int64_t i = 0; i < images->count; i++) {
        const char *tag = image_tag(g->arena, record, i);
        if (tag == NULL) return no_memory(g);
        const tare_picture picture = {images->width, images->height, images->channels,
                                      record->pixels + i * bytes};
        TARE_TRY(add_picture(g, tag, &picture));
    }
    return TARE_OK;
}

static tare_status gather_record(gathering *g, const double *limits,
                                 const tare_summary_record *record) {
    if (record->kind == TARE_SUMMARY_HISTOGRAM)
        return add_histogram(g, record->tag, limits, record->histogram);
    if (record->kind == TARE_SUMMARY_IMAGES) return gather_images(g, record);
    return add_value(g, (tare_event_value){.tag = record->tag,
                                           .kind = TARE_VALUE_SCALAR,
                                           .number = record->number});
}

static tare_status gather_records(gathering *g, const tare_array *summary) {
    const double *limits = make_limits(g);
    if (limits == NULL) return no_memory(g);
    int64_t at = 0;
    bool sound = true;
    tare_summary_record record;
    while (tare_summary_next(summary, &at, &record, &sound))
        TARE_TRY(gather_record(g, limits, &record));
    return sound ? TARE_OK
                 : refuse(g->writer, TARE_ERROR_ARGUMENT, NULL, "bytes that are no summary",
                          "what a run computed for a summary op or a merge of them");
}

tare_status tare_event_writer_summary(tare_event_writer *writer, const tare_array *summary,
                                      int64_t step) {
    if (writer == NULL) return TARE_ERROR_ARGUMENT;
    if (summary == NULL || summary->dtype != TARE_UINT8 || summary->shape.rank != 1)
        return refuse(writer, TARE_ERROR_TYPE, NULL,
                      summary == NULL ? "no array" : "an array that is no summary",
                      "what a run computed for a summary op or a merge of them");
    gathering g;
    tare_status status = begin(&g, writer);
    if (status == TARE_OK) status = gather_records(&g, summary);
    return end(&g, status, step);
}
