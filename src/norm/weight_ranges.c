/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges of a network's weights by channel, before and after folding, and their picture. */
#include "norm/weight_ranges.h"

#include "base/file.h"
#include "base/status.h"
#include "norm/median.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { WEIGHTS = 1, DIGITS = 3, BEFORE = 0, AFTER = 1 };

/* What was folded into these weights; NULL: nothing, or something before them. */
static const tare_folded_layer *folded_into(const tare_folding *folding, const char *weights,
                                            int64_t channels) {
    for (size_t i = 0; i < tare_folding_count(folding); i++) {
        const tare_folded_layer *layer = tare_folding_layer(folding, i);
        if (layer->product && !layer->before && layer->channel_count == channels &&
            strcmp(layer->weights, weights) == 0)
            return layer;
    }
    return NULL;
}

/* How far a channel reaches from 0. */
static double reach(const tare_channel_range *c, int when) {
    return when == BEFORE ? fmax(-c->before_min, c->before_max) : fmax(-c->after_min, c->after_max);
}

/* "channel 13: gamma / sigma 9.1, the median 1.8"; NULL: no memory. */
static const char *note_of(tare_arena *arena, const tare_folded_layer *layer, int64_t channel) {
    char number[TARE_NUMBER_TEXT];
    tare_text text = {.allocator = NULL};
    double *scales = tare_arena_allocate_array(arena, layer->channel_count + 1, sizeof *scales);
    if (!scales) return NULL;
    for (int64_t c = 0; c < layer->channel_count; c++) scales[c] = fabs(layer->channels[c].scale);
    tare_text_format(&text, "channel %" PRId64 ": gamma / sigma %s", channel,
                     tare_significant_text(number, scales[channel], DIGITS));
    const double middle = tare_median(arena, scales, layer->channel_count);
    tare_text_format(&text, ", the median %s", tare_significant_text(number, middle, DIGITS));
    const char *note = text.failed ? NULL : tare_arena_text(arena, text.data);
    tare_text_clear(&text);
    return note;
}

/* Marks the channels that folding makes stand out, and notes the farthest. */
static tare_status mark(tare_arena *arena, const tare_folded_layer *layer,
                        tare_channel_range *channels, tare_range_row *row, tare_error *error) {
    const int64_t count = layer->channel_count;
    double *reaches = tare_arena_allocate_array(arena, count + 1, sizeof *reaches);
    double middles[2];
    int64_t farthest = -1;
    if (!reaches) return tare_fail_memory(error);
    for (int when = BEFORE; when <= AFTER; when++) {
        for (int64_t c = 0; c < count; c++) reaches[c] = reach(&channels[c], when);
        middles[when] = tare_median(arena, reaches, count);
    }
    for (int64_t c = 0; c < count; c++) {
        const double after = reach(&channels[c], AFTER), before = reach(&channels[c], BEFORE);
        channels[c].marked = after >= TARE_RANGE_EXPLODES * middles[AFTER] &&
                             after * middles[BEFORE] > before * middles[AFTER];
        if (!channels[c].marked) continue;
        if (farthest < 0 || after > reach(&channels[farthest], AFTER)) farthest = c;
    }
    if (farthest < 0) return TARE_OK;
    row->note = note_of(arena, layer, farthest);
    return row->note ? TARE_OK : tare_fail_memory(error);
}

static tare_status add_row(tare_weight_ranges *ranges, const tare_tflite *model,
                           const tare_tflite_operator *op, const tare_folding *folding,
                           tare_error *error) {
    const tare_tflite_array *weights = &model->tensors[op->inputs[WEIGHTS]];
    const tare_tflite_channels view = tare_tflite_channels_of(op->kind, weights);
    const tare_folded_layer *layer = folded_into(folding, weights->told.name, view.count);
    tare_range_row *row = &ranges->rows[ranges->count++];
    tare_channel_range *channels =
        tare_arena_allocate_array(ranges->arena, view.count + 1, sizeof *channels);
    if (!channels) return tare_fail_memory(error);
    for (int64_t c = 0; c < view.count; c++)
        channels[c] = (tare_channel_range){.after_min = INFINITY, .after_max = -INFINITY};
    for (int64_t i = 0; i < tare_tflite_value_count(weights); i++) {
        tare_channel_range *c = &channels[i / view.span % view.count];
        c->after_min = fmin(c->after_min, tare_tflite_value(weights, i));
        c->after_max = fmax(c->after_max, tare_tflite_value(weights, i));
    }
    for (int64_t c = 0; c < view.count; c++) {
        channels[c].before_min = layer ? layer->channels[c].before_min : channels[c].after_min;
        channels[c].before_max = layer ? layer->channels[c].before_max : channels[c].after_max;
    }
    *row = (tare_range_row){
        .name = weights->told.name, .channels = channels, .count = (size_t)view.count};
    return layer ? mark(ranges->arena, layer, channels, row, error) : TARE_OK;
}

tare_status tare_weight_ranges_find(tare_weight_ranges *ranges, const tare_tflite *model,
                                    const tare_folding *folding, tare_error *error) {
    ranges->arena = tare_arena_new(NULL);
    if (!ranges->arena) return tare_fail_memory(error);
    ranges->rows =
        tare_arena_allocate_array(ranges->arena, model->operator_count + 1, sizeof *ranges->rows);
    if (!ranges->rows) return tare_fail_memory(error);
    for (int64_t i = 0; i < model->operator_count; i++) {
        const tare_tflite_operator *op = &model->operators[i];
        if (!op->kind || !op->kind->has_weights || op->inputs[WEIGHTS] < 0) continue;
        if (tare_tflite_value_count(&model->tensors[op->inputs[WEIGHTS]]) > 0)
            TARE_TRY(add_row(ranges, model, op, folding, error));
    }
    return TARE_OK;
}

void tare_weight_ranges_end(tare_weight_ranges *ranges) { tare_arena_free(ranges->arena); }

tare_status tare_weight_ranges_save(const tare_weight_ranges *ranges, const char *network,
                                    const char *path, tare_error *error) {
    tare_text svg = {.allocator = NULL}, title = {.allocator = NULL}, mark = {.allocator = NULL};
    tare_text_format(&title, "Weights of %s by channel, before and after folding", network);
    tare_text_format(&mark, "folding stretches it to %d times the median", TARE_RANGE_EXPLODES);
    if (!title.failed && !mark.failed)
        tare_range_plot_svg(title.data, mark.data, ranges->rows, ranges->count, &svg);
    const tare_status status = title.failed || mark.failed || svg.failed
                                   ? tare_fail_memory(error)
                                   : tare_file_write_all(path, svg.data, svg.length, error);
    tare_text_clear(&svg);
    tare_text_clear(&title);
    tare_text_clear(&mark);
    return status;
}
