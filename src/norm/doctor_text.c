/* SPDX-License-Identifier: Apache-2.0 */
/* A diagnosis as text and as JSON. */
#include "norm/doctor.h"
#include "report/json.h"

#include <string.h>

#define LAYERS_TOLD        3
#define SIGNIFICANT_DIGITS 4
#define INDENT             2

/* -------------------------------------------------------------------------------- text */

static void add_layers(tare_text *text, const tare_finding *finding) {
    tare_text names = {.allocator = text->allocator};
    if (finding->layer_count == 0) return;
    for (size_t i = 0; i < finding->layer_count && i < LAYERS_TOLD; i++)
        tare_text_format(&names, "%s%s", i > 0 ? ", " : "", finding->layers[i]);
    if (finding->layer_count > LAYERS_TOLD)
        tare_text_format(&names, " and %zu more", finding->layer_count - LAYERS_TOLD);
    if (!names.failed)
        tare_text_wrap(text, INDENT,
                       finding->layer_count == 1 ? "layer: " : "layers: ", names.data);
    text->failed |= names.failed;
    tare_text_clear(&names);
}

static void add_evidence(tare_text *text, const tare_finding *finding) {
    char number[TARE_NUMBER_TEXT];
    if (finding->evidence_count > 0) tare_text_format(text, "%*sevidence:\n", INDENT, "");
    for (size_t i = 0; i < finding->evidence_count; i++)
        tare_text_format(
            text, "%*s%s = %s\n", INDENT + 2, "", finding->evidence[i].name,
            tare_significant_text(number, finding->evidence[i].value, SIGNIFICANT_DIGITS));
}

static void add_finding(tare_text *text, const tare_finding *finding) {
    tare_text_format(text, "%s %s %s\n", tare_severity_name(finding->severity), finding->id,
                     finding->check);
    tare_text_wrap(text, INDENT, "", finding->sentence);
    add_layers(text, finding);
    add_evidence(text, finding);
    tare_text_wrap(text, INDENT, "cure: ", finding->fix);
    tare_text_add(text, "\n");
}

static void add_tally(tare_text *text, size_t count, const char *one, const char *more) {
    tare_text_format(text, "%zu %s", count, count == 1 ? one : more);
}

static void add_summary(tare_text *text, const tare_diagnosis *diagnosis) {
    add_tally(text, tare_diagnosis_tally(diagnosis, TARE_SEVERITY_ERROR), "error", "errors");
    tare_text_add(text, ", ");
    add_tally(text, tare_diagnosis_tally(diagnosis, TARE_SEVERITY_WARNING), "warning", "warnings");
    tare_text_add(text, ", ");
    add_tally(text, tare_diagnosis_tally(diagnosis, TARE_SEVERITY_REMARK), "remark", "remarks");
    tare_text_add(text, "; ");
    add_tally(text, diagnosis->checks_run, "check", "checks");
    tare_text_add(text, " of ");
    add_tally(text, diagnosis->layers, "layer", "layers");
    if (diagnosis->probe.done) {
        tare_text_add(text, " and ");
        add_tally(text, (size_t)diagnosis->probe.batches, "batch", "batches");
        tare_text_add(text, " of ");
        add_tally(text, (size_t)diagnosis->probe.batch, "example", "examples");
    }
    tare_text_add(text, "\n");
    if (diagnosis->layers == 0) {
        tare_text_add(text, "there is no layer of batch normalisation; what is made by hand of "
                            "other ops is not looked into\n");
        return;
    }
    for (size_t i = 0; i < diagnosis->left_out_count; i++)
        tare_text_format(text, "%s%s", i == 0 ? "left out for want of data: " : ", ",
                         diagnosis->left_out[i]->about.name);
    if (diagnosis->left_out_count > 0) tare_text_add(text, "\n");
}

char *tare_diagnosis_text(const tare_diagnosis *diagnosis) {
    if (!diagnosis) return NULL;
    tare_text text = {.allocator = &diagnosis->allocator};
    for (size_t i = 0; i < diagnosis->count; i++) add_finding(&text, diagnosis->findings[i]);
    add_summary(&text, diagnosis);
    return tare_text_hand_out(&text);
}

/* -------------------------------------------------------------------------------- JSON */

static void finding_json(tare_json *json, const tare_finding *finding) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "id", finding->id);
    tare_json_member_text(json, "check", finding->check);
    tare_json_member_text(json, "severity", tare_severity_name(finding->severity));
    tare_json_key(json, "layers");
    tare_json_begin_array(json);
    for (size_t i = 0; i < finding->layer_count; i++) tare_json_text(json, finding->layers[i]);
    tare_json_end_array(json);
    tare_json_member_text(json, "sentence", finding->sentence);
    tare_json_key(json, "evidence");
    tare_json_begin_object(json);
    for (size_t i = 0; i < finding->evidence_count; i++)
        tare_json_member_double(json, finding->evidence[i].name, finding->evidence[i].value);
    tare_json_end_object(json);
    tare_json_member_text(json, "fix", finding->fix);
    tare_json_end_object(json);
}

static void probe_json(tare_json *json, const tare_probe *probe) {
    tare_json_key(json, "probe");
    tare_json_begin_object(json);
    tare_json_member_integer(json, "batches", probe->batches);
    tare_json_member_integer(json, "batch", probe->batch);
    tare_json_member_double(json, "batch_loss", probe->batch_loss);
    tare_json_member_double(json, "stored_loss", probe->stored_loss);
    tare_json_member_double(json, "estimated_loss", probe->estimated_loss);
    tare_json_end_object(json);
}

char *tare_diagnosis_json(const tare_diagnosis *diagnosis) {
    if (!diagnosis) return NULL;
    tare_json json = {.text = {.allocator = &diagnosis->allocator}};
    tare_json_begin_object(&json);
    tare_json_member_integer(&json, "layers", (int64_t)diagnosis->layers);
    tare_json_member_integer(&json, "checks", (int64_t)diagnosis->checks_run);
    if (diagnosis->probe.done) probe_json(&json, &diagnosis->probe);
    tare_json_key(&json, "findings");
    tare_json_begin_array(&json);
    for (size_t i = 0; i < diagnosis->count; i++) finding_json(&json, diagnosis->findings[i]);
    tare_json_end_array(&json);
    tare_json_key(&json, "left_out");
    tare_json_begin_array(&json);
    for (size_t i = 0; i < diagnosis->left_out_count; i++)
        tare_json_text(&json, diagnosis->left_out[i]->about.name);
    tare_json_end_array(&json);
    tare_json_end_object(&json);
    tare_text_add(&json.text, "\n");
    return tare_text_hand_out(&json.text);
}
