/* SPDX-License-Identifier: Apache-2.0 */
/* The report of tare quantise --compare: the variants, the layers, and where most is lost. */
#include "cli/quantise_compare.h"
#include "cli/table.h"

#include <inttypes.h>
#include <math.h>

enum { DIGITS = 3 };

static double accuracy_of(const tare_quantise_comparison *c, const tare_quantise_variant *v) {
    const bool told = tare_dataset_classes(c->test) > 0 && v->apart.examples > 0;
    return told ? (double)v->correct / (double)v->apart.examples : (double)NAN;
}

static double microseconds_of(const tare_quantise_variant *v) {
    return v->apart.examples > 0 ? 1e6 * v->seconds / (double)v->apart.examples : (double)NAN;
}

static void cell_fixed(tare_table *table, double number, int decimals) {
    char text[TARE_NUMBER_TEXT];
    tare_table_cell(table, isfinite(number) ? tare_fixed_text(text, number, decimals) : "");
}

static void cell_significant(tare_table *table, double number) {
    char text[TARE_NUMBER_TEXT];
    tare_table_cell(table, isfinite(number) ? tare_significant_text(text, number, DIGITS) : "");
}

/* ---------------------------------------------------------------------------------------- text */

static void add_head(const tare_quantise_comparison *c, tare_text *text) {
    const tare_quantise_job *j = c->job;
    tare_text_format(text,
                     "%s on %" PRId64 " test examples of %s; ranges from %" PRId64
                     " training examples\n\n",
                     j->file != NULL ? j->workshop.name : j->path, tare_dataset_count(c->test),
                     c->data, tare_dataset_count(j->examples));
}

static void add_variants(const tare_quantise_comparison *c, tare_text *text) {
    static const char *const heads[] = {"",     "accuracy %", "change",        "worst difference",
                                        "mean", "bytes",      "us per example"};
    tare_table table = {.columns = 7, .right = {false, true, true, true, true, true, true}};
    for (int i = 0; i < table.columns; i++) tare_table_cell(&table, heads[i]);
    for (int i = 0; i < c->variant_count; i++) {
        const tare_quantise_variant *v = &c->variants[i];
        const double accuracy = 100 * accuracy_of(c, v);
        tare_table_cell(&table, v->name);
        cell_fixed(&table, accuracy, 2);
        cell_fixed(&table, i == 0 ? (double)NAN : accuracy - 100 * accuracy_of(c, c->variants), 2);
        cell_significant(&table, i == 0 ? (double)NAN : v->apart.worst);
        cell_significant(&table, i == 0 ? (double)NAN : v->apart.mean);
        if (v->bytes < 0)
            tare_table_cell(&table, "");
        else
            tare_table_integer(&table, v->bytes);
        cell_significant(&table, microseconds_of(v));
    }
    tare_table_end(&table, text);
    char number[TARE_NUMBER_TEXT];
    tare_text_format(text, "the float outputs span %s\n\n",
                     tare_significant_text(number, c->variants[0].apart.range, DIGITS));
}

static void add_layers(const tare_quantise_comparison *c, tare_text *text) {
    static const char *const heads[] = {"dB by layer", "operator",   "weights",
                                        "per channel", "per tensor", "default"};
    tare_table table = {.columns = 3 + TARE_QUANTISE_LOSSES,
                        .right = {false, false, false, true, true, true}};
    const tare_noise_report *first = &c->losses[0].report;
    for (int i = 0; i < table.columns; i++) tare_table_cell(&table, heads[i]);
    for (size_t k = 0; k < first->count; k++) {
        const tare_noise *layer = &first->layers[k];
        tare_table_cell(&table, layer->name);
        tare_table_cell(&table, layer->kind != NULL ? layer->kind : "");
        tare_table_cell(&table, layer->weights != NULL ? layer->weights : "");
        for (int i = 0; i < TARE_QUANTISE_LOSSES; i++)
            cell_fixed(&table, tare_noise_decibels(&c->losses[i].report.layers[k]), 1);
    }
    tare_table_end(&table, text);
    tare_text_add(text, "\n");
}

static void add_worst(const tare_quantise_loss *loss, tare_text *text) {
    const tare_noise_report *report = &loss->report;
    tare_text words = {.allocator = text->allocator}, head = {.allocator = text->allocator};
    tare_text_format(&head, "%s  ", loss->name);
    if (report->worst == report->count)
        tare_text_add(&words, "no layer loses anything");
    else
        tare_text_format(&words, "'%s' loses most: %s", report->layers[report->worst].name,
                         loss->reason.data);
    text->failed |= head.failed || words.failed || loss->reason.failed;
    if (!text->failed) tare_text_wrap(text, 0, head.data, words.data);
    tare_text_clear(&head);
    tare_text_clear(&words);
}

void tare_quantise_compare_text(const tare_quantise_comparison *c, tare_text *text) {
    add_head(c, text);
    add_variants(c, text);
    add_layers(c, text);
    for (int i = 0; i < TARE_QUANTISE_LOSSES; i++) add_worst(&c->losses[i], text);
}

/* ---------------------------------------------------------------------------------------- JSON */

static void variant_json(const tare_quantise_comparison *c, const tare_quantise_variant *v,
                         tare_json *json) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "name", v->name);
    tare_json_member_double(json, "accuracy", accuracy_of(c, v));
    tare_json_member_double(json, "worst", v->apart.worst);
    tare_json_member_double(json, "mean", v->apart.mean);
    tare_json_member_integer(json, "agreeing", v->apart.agreeing);
    if (v->bytes >= 0) tare_json_member_integer(json, "bytes", v->bytes);
    tare_json_member_double(json, "microseconds", microseconds_of(v));
    tare_json_end_object(json);
}

static void layer_json(const tare_noise *layer, tare_json *json) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "name", layer->name);
    tare_json_member_text(json, "operator", layer->kind);
    tare_json_member_text(json, "weights", layer->weights);
    tare_json_member_double(json, "decibels", tare_noise_decibels(layer));
    tare_json_member_double(json, "added", layer->added);
    tare_json_member_double(json, "clipping", layer->clipping);
    tare_json_member_double(json, "rounding", layer->rounding);
    tare_json_member_double(json, "weight_rounding", layer->weighing);
    tare_json_member_integer(json, "numbers", layer->count);
    tare_json_member_integer(json, "clipped", layer->clipped);
    tare_json_member_double(json, "min", layer->min);
    tare_json_member_double(json, "max", layer->max);
    tare_json_end_object(json);
}

static void loss_json(const tare_quantise_loss *loss, tare_json *json) {
    const tare_noise_report *report = &loss->report;
    const bool found = report->worst < report->count;
    tare_json_begin_object(json);
    tare_json_member_text(json, "name", loss->name);
    tare_json_member_text(json, "worst", found ? report->layers[report->worst].name : NULL);
    tare_json_member_text(json, "reason", found ? loss->reason.data : NULL);
    tare_json_key(json, "layers");
    tare_json_begin_array(json);
    for (size_t k = 0; k < report->count; k++) layer_json(&report->layers[k], json);
    tare_json_end_array(json);
    tare_json_end_object(json);
}

void tare_quantise_compare_json(const tare_quantise_comparison *c, tare_json *json) {
    const tare_quantise_job *j = c->job;
    tare_json_begin_object(json);
    tare_json_member_text(json, "network", j->file != NULL ? j->workshop.name : NULL);
    tare_json_member_text(json, "data", c->data);
    tare_json_member_integer(json, "examples", tare_dataset_count(c->test));
    tare_json_member_integer(json, "range_examples", tare_dataset_count(j->examples));
    tare_json_member_double(json, "range", c->variants[0].apart.range);
    tare_json_key(json, "variants");
    tare_json_begin_array(json);
    for (int i = 0; i < c->variant_count; i++) variant_json(c, &c->variants[i], json);
    tare_json_end_array(json);
    tare_json_key(json, "losses");
    tare_json_begin_array(json);
    for (int i = 0; i < TARE_QUANTISE_LOSSES; i++) loss_json(&c->losses[i], json);
    tare_json_end_array(json);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}
