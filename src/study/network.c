/* SPDX-License-Identifier: Apache-2.0 */
/* What studies do with networks of the zoo and with data. */
#include "study/network.h"
#include "base/status.h"
#include "cli/say.h"
#include "cli/settings.h"

#include <tare/norm.h>

/* --------------------------------------------------------------------------------------- data */

static tare_status load(tare_study *study, tare_data_request request, int64_t test_limit,
                        tare_study_data *data) {
    data->name = request.data;
    TARE_TRY(tare_workshop_load(&request, &data->training, &study->error));
    request.test = true;
    request.limit = test_limit;
    return tare_workshop_load(&request, &data->test, &study->error);
}

tare_status tare_study_load(tare_study *study, tare_data_request request, int64_t test_limit,
                            tare_study_data *data) {
    if (request.data != NULL) return load(study, request, test_limit, data);
    request.data = "fashion-mnist";
    if (load(study, request, test_limit, data) == TARE_OK) return TARE_OK;
    if (study->error.status != TARE_ERROR_FILE || request.folder != NULL)
        return study->error.status;
    if (!study->options.quiet)
        tare_say_note("Fashion-MNIST is not installed; the built-in generator serves instead");
    tare_study_data_end(data);
    tare_error_clear(&study->error);
    request.data = "synthetic";
    return load(study, request, test_limit, data);
}

void tare_study_data_end(tare_study_data *data) {
    tare_dataset_free(data->training);
    tare_dataset_free(data->test);
    data->training = data->test = NULL;
}

/* ------------------------------------------------------------------------------------ networks */

static int64_t count_steps(const tare_study *study, const tare_study_data *data) {
    const int64_t count = tare_dataset_count(data->training), batch = study->options.batch;
    return study->options.epochs * ((count + batch - 1) / batch);
}

static tare_status choose_options(tare_study *study, const char *settings,
                                  tare_workshop *workshop) {
    char rate[TARE_NUMBER_TEXT], common[TARE_NUMBER_TEXT + 32];
    const tare_option_group group = {.table = workshop->table, .options = workshop->options};
    tare_print(common, sizeof common, "learning_rate=%s",
               tare_double_text(rate, study->options.learning_rate));
    TARE_TRY(tare_settings_apply(common, &group, 1, &study->error));
    if (settings == NULL) return TARE_OK;
    return tare_settings_apply(settings, &group, 1, &study->error);
}

tare_status tare_study_open(tare_study *study, const char *network, const char *settings,
                            const tare_study_data *data, tare_workshop *workshop) {
    if (tare_workshop_begin(workshop, network) >= 0) return tare_fail_memory(&study->error);
    TARE_TRY(choose_options(study, settings, workshop));
    tare_zoo_set_steps(network, workshop->options, count_steps(study, data));
    TARE_TRY(tare_workshop_build(workshop, study->options.seed, &study->error));
    TARE_TRY(tare_workshop_open(workshop, study->options.threads, &study->error));
    if (tare_session_initialize(workshop->session) == TARE_OK) return TARE_OK;
    study->error = *tare_session_error(workshop->session);
    return study->error.status;
}

tare_status tare_study_train(tare_study *study, const char *variant, const tare_workshop *workshop,
                             const tare_study_data *data, tare_fit_result *result) {
    tare_text settings = {0};
    tare_settings_text(&settings, workshop->table, workshop->options);
    study->facts[0] = (tare_metadata){"network", workshop->name};
    study->facts[1] = (tare_metadata){"data", data->name};
    const tare_status status =
        settings.failed ? tare_fail_memory(&study->error)
                        : tare_study_fit(study, variant, settings.data, workshop->session,
                                         &workshop->network, data->training, result);
    tare_text_clear(&settings);
    return status;
}

/* -------------------------------------------------------------------------------- examining */

tare_status tare_study_examine(tare_study *study, const char *variant,
                               const tare_workshop *workshop, const tare_study_data *data) {
    tare_examine_options options = {TARE_EXAMINE_DEFAULTS};
    tare_diagnosis *diagnosis = NULL;
    options.batch = study->options.batch;
    options.learning_rate = study->options.learning_rate;
    TARE_TRY(tare_examine_with(workshop->session, &workshop->network, data->training, &options,
                               &diagnosis, &study->error));
    tare_status status = TARE_OK;
    const tare_finding *found;
    for (size_t i = 0; status == TARE_OK && (found = tare_diagnosis_finding(diagnosis, i)); i++)
        if (found->severity > TARE_SEVERITY_REMARK)
            status = tare_study_find(study, variant, found->check, "%s Cure: %s", found->sentence,
                                     found->fix);
    tare_diagnosis_free(diagnosis);
    return status;
}
