/* SPDX-License-Identifier: Apache-2.0 */
/* What was folded, as text and as JSON. */
#include "norm/folding.h"
#include "report/json.h"

#include <inttypes.h>

#define SIGNIFICANT_DIGITS 3

static void add_layer(tare_text *text, const tare_folded_layer *layer) {
    tare_text line = {.allocator = text->allocator};
    if (layer->product)
        tare_text_format(&line, "%s '%s'", layer->before ? "into the next, " : "into",
                         layer->product);
    else
        tare_text_format(&line, "stays: %s", layer->reason);
    tare_text head = {.allocator = text->allocator};
    tare_text_format(&head, "%s  ", layer->name);
    if (!line.failed && !head.failed) tare_text_wrap(text, 0, head.data, line.data);
    text->failed |= line.failed || head.failed;
    tare_text_clear(&line);
    tare_text_clear(&head);
}

static double relative(const tare_fold_difference *d) {
    return d->range > 0 ? d->worst / d->range : 0;
}

static void add_difference(tare_text *text, const tare_fold_difference *d) {
    char number[TARE_NUMBER_TEXT];
    if (d->examples == 0) {
        tare_text_add(text, "difference not measured\n");
        return;
    }
    tare_text_format(text, "worst difference %s",
                     tare_significant_text(number, d->worst, SIGNIFICANT_DIGITS));
    tare_text_format(text, ", %s of the outputs' range",
                     tare_significant_text(number, relative(d), SIGNIFICANT_DIGITS));
    tare_text_format(text, " %s", tare_significant_text(number, d->range, SIGNIFICANT_DIGITS));
    tare_text_format(text, " (%" PRId64 " %sexamples)\n", d->examples, d->drawn ? "drawn " : "");
}

char *tare_folding_text(const tare_folding *folding) {
    if (!folding) return NULL;
    tare_text text = {.allocator = &folding->allocator};
    for (size_t i = 0; i < folding->count; i++) add_layer(&text, &folding->places[i].told);
    tare_text_format(&text, "%zu of %zu batch normalisations folded\n", folding->folded,
                     folding->count);
    add_difference(&text, &folding->difference);
    return tare_text_hand_out(&text);
}

static void layer_json(tare_json *json, const tare_folded_layer *layer) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "layer", layer->name);
    tare_json_member_boolean(json, "folded", layer->product != NULL);
    tare_json_member_text(json, "product", layer->product);
    if (layer->product) tare_json_member_boolean(json, "before", layer->before);
    tare_json_member_text(json, "reason", layer->reason);
    tare_json_end_object(json);
}

static void difference_json(tare_json *json, const tare_fold_difference *d) {
    tare_json_key(json, "difference");
    tare_json_begin_object(json);
    tare_json_member_integer(json, "examples", d->examples);
    tare_json_member_boolean(json, "drawn", d->drawn);
    tare_json_member_double(json, "worst", d->worst);
    tare_json_member_double(json, "range", d->range);
    tare_json_member_double(json, "relative", relative(d));
    tare_json_end_object(json);
}

char *tare_folding_json(const tare_folding *folding) {
    if (!folding) return NULL;
    tare_json json = {.text = {.allocator = &folding->allocator}};
    tare_json_begin_object(&json);
    tare_json_key(&json, "layers");
    tare_json_begin_array(&json);
    for (size_t i = 0; i < folding->count; i++) layer_json(&json, &folding->places[i].told);
    tare_json_end_array(&json);
    tare_json_member_integer(&json, "folded", (int64_t)folding->folded);
    difference_json(&json, &folding->difference);
    tare_json_end_object(&json);
    tare_text_add(&json.text, "\n");
    return tare_text_hand_out(&json.text);
}
