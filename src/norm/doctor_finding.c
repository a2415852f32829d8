/* SPDX-License-Identifier: Apache-2.0 */
/* Findings while checks make them. */
#include "base/status.h"
#include "norm/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#define SIGNIFICANT_DIGITS 3

/* A draft with room for what it may hold; NULL: no memory. */
static tare_finding_draft *make_draft(tare_arena *arena, size_t layers) {
    const int64_t most = (int64_t)layers + 1;
    tare_finding_draft *draft = tare_arena_allocate(arena, sizeof *draft);
    if (!draft) return NULL;
    draft->layers = tare_arena_allocate_array(arena, most, sizeof *draft->layers);
    draft->badness = tare_arena_allocate_array(arena, most, sizeof *draft->badness);
    draft->evidence = tare_arena_allocate_array(arena, TARE_MOST_EVIDENCE, sizeof *draft->evidence);
    return draft->layers && draft->badness && draft->evidence ? draft : NULL;
}

tare_finding_draft *tare_finding_begin(const tare_check *check, tare_patient *patient,
                                       tare_severity severity) {
    tare_finding_draft *draft = make_draft(patient->arena, patient->layer_count);
    if (!draft) {
        (void)tare_fail_memory(patient->error);
        return NULL;
    }
    draft->diagnosis = patient->diagnosis;
    draft->error = patient->error;
    draft->sentence.allocator = &patient->diagnosis->allocator;
    draft->finding = (tare_finding){.id = check->about.id,
                                    .check = check->about.name,
                                    .severity = severity,
                                    .layers = draft->layers,
                                    .fix = check->fix,
                                    .evidence = draft->evidence};
    *patient->diagnosis->last = draft;
    patient->diagnosis->last = &draft->next;
    return draft;
}

void tare_finding_layer(tare_finding_draft *draft, const tare_patient_layer *layer,
                        double badness) {
    if (!draft) return;
    size_t place = draft->finding.layer_count++;
    for (; place > 0 && draft->badness[place - 1] < badness; place--) {
        draft->badness[place] = draft->badness[place - 1];
        draft->layers[place] = draft->layers[place - 1];
    }
    draft->badness[place] = badness;
    draft->layers[place] = layer->name;
}

void tare_finding_evidence(tare_finding_draft *draft, const char *name, double value) {
    if (!draft || draft->finding.evidence_count == TARE_MOST_EVIDENCE) return;
    draft->evidence[draft->finding.evidence_count++] = (tare_evidence){name, value};
}

void tare_finding_say(tare_finding_draft *draft, const char *format, ...) {
    char part[512];
    va_list values;
    if (!draft) return;
    va_start(values, format);
    vsnprintf(part, sizeof part, format, values);
    va_end(values);
    tare_text_add(&draft->sentence, part);
}

void tare_finding_number(tare_finding_draft *draft, double number) {
    char text[TARE_NUMBER_TEXT];
    if (draft)
        tare_text_add(&draft->sentence, tare_significant_text(text, number, SIGNIFICANT_DIGITS));
}

tare_status tare_finding_end(tare_finding_draft *draft) {
    if (!draft) return TARE_ERROR_MEMORY; /* said when it was begun */
    if (draft->sentence.failed) return tare_fail_memory(draft->error);
    draft->finding.sentence = draft->sentence.data ? draft->sentence.data : "";
    return TARE_OK;
}
