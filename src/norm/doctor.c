/* SPDX-License-Identifier: Apache-2.0 */
/* Examining a session: the patient is looked at once, then every check says what it finds. */
#include "norm/doctor.h"

#include "base/nearest.h"
#include "base/status.h"
#include "train/fit_network.h"

#include <stdlib.h>
#include <string.h>

const char *tare_severity_name(tare_severity severity) {
    static const char *const names[] = {"remark", "warning", "error"};
    return severity >= TARE_SEVERITY_REMARK && severity <= TARE_SEVERITY_ERROR ? names[severity]
                                                                               : "";
}

/* -------------------------------------------------------------------------- suppression */

/* The next word of a list separated by commas; false: there is none left. */
static bool next_word(const char **list, char *word, size_t size) {
    if (!*list || !**list) return false;
    const size_t length = strcspn(*list, ",");
    tare_print(word, size, "%.*s", (int)(length < size ? length : size - 1), *list);
    *list += length;
    if (**list == ',') ++*list;
    return true;
}

bool tare_check_is_suppressed(const tare_check *check, const char *list) {
    char word[64];
    while (next_word(&list, word, sizeof word))
        if (tare_same_text(word, check->about.id) || tare_same_text(word, check->about.name))
            return true;
    return false;
}

static bool is_known(const char *word, tare_nearest *nearest) {
    const tare_check *check;
    for (size_t i = 0; (check = tare_check_of_table(i)); i++) {
        if (tare_same_text(word, check->about.id) || tare_same_text(word, check->about.name))
            return true;
        tare_nearest_offer(nearest, check->about.name);
    }
    return false;
}

static tare_status check_suppressed(const char *list, tare_error *error) {
    char word[64], need[128];
    while (next_word(&list, word, sizeof word)) {
        tare_nearest nearest = {.word = word};
        if (is_known(word, &nearest)) continue;
        if (nearest.best)
            tare_print(need, sizeof need, "the id or name of one; did you mean '%s'?",
                       nearest.best);
        else
            tare_print(need, sizeof need, "the id or name of one");
        return tare_fail_at(error, TARE_ERROR_NAME, "suppress", word, "a check that there is not",
                            need);
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------ the examination */

#define TARE_TABLE_STRUCT tare_examine_options
TARE_OPTION_TABLE(static, examine_table, TARE_EXAMINE_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_status check_options(const tare_examine_options *options, tare_error *error) {
    if (options->batch < 0 || options->batches < 1 || options->steps < 0 ||
        !(options->learning_rate >= 0))
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "examine", "options",
                            "a number out of range",
                            "batch, steps and learning_rate of at least 0, batches of at least 1");
    return check_suppressed(options->suppress, error);
}

static tare_status look(tare_patient *patient) {
    TARE_TRY(tare_patient_find_layers(patient));
    TARE_TRY(tare_patient_find_training(patient));
    tare_patient_find_output(patient);
    patient->diagnosis->layers = patient->layer_count;
    if (!patient->network || !patient->data || patient->layer_count == 0) return TARE_OK;
    TARE_TRY(tare_patient_probe(patient));
    patient->diagnosis->probe = patient->probe;
    return TARE_OK;
}

static tare_status run_checks(tare_patient *patient) {
    tare_diagnosis *diagnosis = patient->diagnosis;
    const tare_check *check;
    size_t count = 0;
    while (tare_check_of_table(count)) count++;
    diagnosis->left_out =
        tare_arena_allocate_array(patient->arena, (int64_t)count, sizeof *diagnosis->left_out);
    if (!diagnosis->left_out) return tare_fail_memory(patient->error);
    for (size_t i = 0; (check = tare_check_of_table(i)); i++) {
        if (tare_check_is_suppressed(check, patient->options.suppress)) continue;
        if (check->about.wants_data && !patient->probe.done) {
            diagnosis->left_out[diagnosis->left_out_count++] = check;
            continue;
        }
        diagnosis->checks_run++;
        TARE_TRY(check->run(check, patient));
    }
    return TARE_OK;
}

/* Errors first; within a severity the order of the checks. */
static tare_status sort(tare_patient *patient) {
    tare_diagnosis *diagnosis = patient->diagnosis;
    size_t count = 0;
    for (const tare_finding_draft *d = diagnosis->first; d; d = d->next) count++;
    diagnosis->findings =
        tare_arena_allocate_array(patient->arena, (int64_t)count + 1, sizeof *diagnosis->findings);
    if (!diagnosis->findings) return tare_fail_memory(patient->error);
    for (int severity = TARE_SEVERITY_ERROR; severity >= TARE_SEVERITY_REMARK; severity--)
        for (const tare_finding_draft *d = diagnosis->first; d; d = d->next)
            if ((int)d->finding.severity == severity)
                diagnosis->findings[diagnosis->count++] = &d->finding;
    return TARE_OK;
}

static tare_status examine(tare_patient *patient) {
    TARE_TRY(look(patient));
    TARE_TRY(run_checks(patient));
    return sort(patient);
}

static tare_diagnosis *diagnosis_new(const tare_allocator *allocator) {
    tare_diagnosis *made = tare_allocate_zeroed(allocator, sizeof *made);
    if (!made) return NULL;
    made->allocator = *allocator;
    made->last = &made->first;
    made->arena = tare_arena_new(allocator);
    if (made->arena) return made;
    tare_diagnosis_free(made);
    return NULL;
}

tare_status tare_examine_with(tare_session *session, const tare_network *network,
                              const tare_dataset *data, const tare_examine_options *options,
                              tare_diagnosis **diagnosis, tare_error *error) {
    if (!session || !diagnosis)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "examine needs a session and a place for the diagnosis");
    *diagnosis = NULL;
    tare_patient patient = {.session = session,
                            .graph = session->graph,
                            .network = network,
                            .data = data,
                            .error = error};
    tare_options_adopt(&examine_table, options, &patient.options);
    TARE_TRY(check_options(&patient.options, error));
    patient.diagnosis = diagnosis_new(&session->given);
    if (!patient.diagnosis) return tare_fail_memory(error);
    patient.arena = patient.diagnosis->arena;
    const tare_status status = examine(&patient);
    if (status == TARE_OK)
        *diagnosis = patient.diagnosis;
    else
        tare_diagnosis_free(patient.diagnosis);
    return status;
}

/* --------------------------------------------------------------------------- the diagnosis */

void tare_diagnosis_free(tare_diagnosis *diagnosis) {
    if (!diagnosis) return;
    for (tare_finding_draft *d = diagnosis->first; d; d = d->next) tare_text_clear(&d->sentence);
    tare_arena_free(diagnosis->arena);
    const tare_allocator allocator = diagnosis->allocator;
    tare_release(&allocator, diagnosis, sizeof *diagnosis);
}

size_t tare_diagnosis_count(const tare_diagnosis *diagnosis) {
    return diagnosis ? diagnosis->count : 0;
}

const tare_finding *tare_diagnosis_finding(const tare_diagnosis *diagnosis, size_t i) {
    return diagnosis && i < diagnosis->count ? diagnosis->findings[i] : NULL;
}

size_t tare_diagnosis_tally(const tare_diagnosis *diagnosis, tare_severity severity) {
    size_t tally = 0;
    for (size_t i = 0; diagnosis && i < diagnosis->count; i++)
        tally += diagnosis->findings[i]->severity == severity;
    return tally;
}
