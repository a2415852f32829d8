/* SPDX-License-Identifier: Apache-2.0 */
/* How far new statistics are from the old ones, as text and as JSON. */
#include "norm/recalibrate.h"
#include "report/json.h"

#include <inttypes.h>
#include <string.h>

#define SIGNIFICANT_DIGITS 3
#define LAYER_HEAD         "layer"

static int name_width(const tare_recalibration *recalibration) {
    size_t width = strlen(LAYER_HEAD);
    for (size_t i = 0; i < recalibration->count; i++) {
        const size_t length = strlen(recalibration->layers[i].name);
        if (length > width) width = length;
    }
    return (int)width;
}

static void add_layer(tare_text *text, const tare_recalibrated_layer *layer, int width) {
    char shift[TARE_NUMBER_TEXT], ratio[TARE_NUMBER_TEXT];
    if (layer->reason) {
        tare_text_format(text, "%-*s  %8" PRId64 "  stays: %s\n", width, layer->name,
                         layer->channels, layer->reason);
        return;
    }
    tare_text_format(text, "%-*s  %8" PRId64 "  %10s  %14s\n", width, layer->name, layer->channels,
                     tare_significant_text(shift, layer->mean_shift, SIGNIFICANT_DIGITS),
                     tare_significant_text(ratio, layer->variance_ratio, SIGNIFICANT_DIGITS));
}

static void add_loss(tare_text *text, const char *head, double loss) {
    char number[TARE_NUMBER_TEXT];
    tare_text_format(text, "%s%s", head, tare_significant_text(number, loss, SIGNIFICANT_DIGITS));
}

static void add_losses(tare_text *text, const tare_recalibration_losses *losses) {
    char number[TARE_NUMBER_TEXT];
    const double examples = (double)losses->batches * (double)losses->batch;
    add_loss(text, "loss ", losses->before);
    add_loss(text, " before, ", losses->after);
    add_loss(text, " after; ", losses->by_batch);
    tare_text_format(text, " by the batch's statistics (%" PRId64 " %s of %" PRId64 " examples)\n",
                     losses->batches, losses->batches == 1 ? "batch" : "batches", losses->batch);
    if (losses->correct_before < 0) return;
    const double before = (double)losses->correct_before / examples;
    const double after = (double)losses->correct_after / examples;
    tare_text_format(text, "accuracy %s before,", tare_fixed_text(number, before, 4));
    tare_text_format(text, " %s after\n", tare_fixed_text(number, after, 4));
}

char *tare_recalibration_text(const tare_recalibration *recalibration) {
    if (!recalibration) return NULL;
    tare_text text = {.allocator = &recalibration->allocator};
    const int width = name_width(recalibration);
    tare_text_format(&text, "%-*s  channels  mean shift  variance ratio\n", width, LAYER_HEAD);
    for (size_t i = 0; i < recalibration->count; i++)
        add_layer(&text, &recalibration->layers[i], width);
    if (recalibration->losses.batches > 0) add_losses(&text, &recalibration->losses);
    return tare_text_hand_out(&text);
}

static void layer_json(tare_json *json, const tare_recalibrated_layer *layer) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "layer", layer->name);
    tare_json_member_integer(json, "channels", layer->channels);
    tare_json_member_text(json, "reason", layer->reason);
    tare_json_member_double(json, "mean_shift", layer->mean_shift);
    tare_json_member_double(json, "variance_ratio", layer->variance_ratio);
    tare_json_end_object(json);
}

static void losses_json(tare_json *json, const tare_recalibration_losses *losses) {
    tare_json_member_integer(json, "batches", losses->batches);
    tare_json_member_integer(json, "batch", losses->batch);
    if (losses->batches == 0) return;
    tare_json_key(json, "loss");
    tare_json_begin_object(json);
    tare_json_member_double(json, "by_batch", losses->by_batch);
    tare_json_member_double(json, "before", losses->before);
    tare_json_member_double(json, "after", losses->after);
    tare_json_end_object(json);
    if (losses->correct_before < 0) return;
    tare_json_key(json, "correct");
    tare_json_begin_object(json);
    tare_json_member_integer(json, "before", losses->correct_before);
    tare_json_member_integer(json, "after", losses->correct_after);
    tare_json_end_object(json);
}

char *tare_recalibration_json(const tare_recalibration *recalibration) {
    if (!recalibration) return NULL;
    tare_json json = {.text = {.allocator = &recalibration->allocator}};
    tare_json_begin_object(&json);
    tare_json_key(&json, "layers");
    tare_json_begin_array(&json);
    for (size_t i = 0; i < recalibration->count; i++) layer_json(&json, &recalibration->layers[i]);
    tare_json_end_array(&json);
    losses_json(&json, &recalibration->losses);
    tare_json_end_object(&json);
    tare_text_add(&json.text, "\n");
    return tare_text_hand_out(&json.text);
}
