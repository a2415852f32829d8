/* SPDX-License-Identifier: Apache-2.0 */
/* What studies do with networks of the zoo and with data. */
#include "study/network.h"
#include "base/status.h"
#include "cli/say.h"
#include "cli/settings.h"
#include "train/fit_network.h"

#include <math.h>
#include <tare/norm.h>

#define STANDARD_ERRORS 3

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

tare_status tare_study_sample(tare_study *study, const tare_study_data *data,
                              tare_dataset **sample) {
    const int64_t all = tare_dataset_count(data->training), test = tare_dataset_count(data->test);
    return tare_dataset_part(data->training, 0, test < all ? test : all, sample, &study->error);
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

tare_status tare_study_build(tare_study *study, tare_workshop *workshop) {
    TARE_TRY(tare_workshop_build(workshop, study->options.seed, &study->error));
    TARE_TRY(tare_workshop_open(workshop, study->options.threads, &study->error));
    if (tare_session_initialize(workshop->session) == TARE_OK) return TARE_OK;
    return tare_study_session_failed(study, workshop->session);
}

tare_status tare_study_open(tare_study *study, const char *network, const char *settings,
                            const tare_study_data *data, tare_workshop *workshop) {
    if (tare_workshop_begin(workshop, network) >= 0) return tare_fail_memory(&study->error);
    TARE_TRY(choose_options(study, settings, workshop));
    tare_zoo_set_steps(network, workshop->options, count_steps(study, data));
    return tare_study_build(study, workshop);
}

/* A variable of one network gets its value in the other. */
static tare_status copy_value(tare_study *study, const tare_workshop *from, const tare_workshop *to,
                              const char *name) {
    tare_array *value = NULL;
    const tare_session *failed = from->session;
    tare_status status = tare_session_get(from->session, name, &value);
    if (status == TARE_OK) {
        failed = to->session;
        status = tare_session_set(to->session, name, value);
    }
    tare_array_free(value);
    return status == TARE_OK ? TARE_OK : tare_study_session_failed(study, failed);
}

tare_status tare_study_copy_weights(tare_study *study, const tare_workshop *from,
                                    const tare_workshop *to) {
    const size_t count = tare_collection_count(from->graph, TARE_TRAINABLE_VARIABLES, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *name =
            tare_tensor_name(tare_collection_item(from->graph, TARE_TRAINABLE_VARIABLES, NULL, i));
        if (tare_tensor_is_valid(tare_tensor_named(to->graph, name)))
            TARE_TRY(copy_value(study, from, to, name));
    }
    return TARE_OK;
}

tare_status tare_study_begin_as(tare_study *study, const char *settings,
                                const tare_study_data *data, const tare_workshop *workshop) {
    tare_workshop other = {.name = NULL};
    tare_status status = tare_study_open(study, workshop->name, settings, data, &other);
    if (status == TARE_OK) status = tare_study_copy_weights(study, &other, workshop);
    tare_workshop_end(&other);
    return status;
}

static tare_status try_examples(const tare_network *network, const tare_dataset *examples,
                                tare_error *error) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    tare_batches *batches = NULL;
    options.batch = 1;
    options.input_shape = tare_runner_example_shape(network);
    if (tare_dataset_classes(examples) == 0 && tare_tensor_dtype(network->labels) == TARE_INT32)
        return tare_fail_at(error, TARE_ERROR_TYPE, "network", tare_tensor_name(network->labels),
                            "targets", "classes, which are whole numbers");
    TARE_TRY(tare_runner_check_classes(network, examples, error));
    const tare_status status = tare_batches_new_with(examples, &options, &batches, error);
    tare_batches_free(batches);
    return status;
}

/* Refuses examples that the network cannot take, before anything is trained or written. */
static tare_status check_examples(tare_study *study, const tare_network *network,
                                  const tare_study_data *data) {
    const tare_dataset *const sets[] = {data->training, data->test};
    static const char *const names[] = {"training", "test"};
    for (int i = 0; i < 2; i++) {
        tare_error error = {0};
        const tare_status status = try_examples(network, sets[i], &error);
        if (status != TARE_OK)
            return tare_fail(&study->error, status, "'%s', %s examples: %s", data->name, names[i],
                             error.message);
    }
    return TARE_OK;
}

tare_status tare_study_train(tare_study *study, const char *variant, const tare_workshop *workshop,
                             const tare_study_data *data, tare_fit_result *result) {
    tare_text settings = {0};
    TARE_TRY(check_examples(study, &workshop->network, data));
    tare_settings_text(&settings, workshop->table, workshop->options);
    study->facts[0] = (tare_metadata){"network", workshop->name};
    study->facts[1] = (tare_metadata){"data", data->name};
    study->held = data->test;
    const tare_status status =
        settings.failed ? tare_fail_memory(&study->error)
                        : tare_study_fit(study, variant, settings.data, workshop->session,
                                         &workshop->network, data->training, result);
    study->held = NULL;
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

/* ----------------------------------------------------------------------------------- measuring */

tare_status tare_study_measure_in_batches(tare_study *study, const tare_workshop *workshop,
                                          const tare_dataset *examples, int64_t batch,
                                          bool training_mode, double *loss, double *accuracy) {
    tare_evaluate_options options = {TARE_EVALUATE_DEFAULTS};
    tare_evaluation found = {.struct_size = sizeof found};
    options.training_mode = training_mode;
    options.batch = batch;
    TARE_TRY(tare_evaluate_with(workshop->session, &workshop->network, examples, &options, &found,
                                &study->error));
    if (loss != NULL) *loss = found.loss;
    if (accuracy != NULL) *accuracy = (double)found.correct / (double)found.count;
    return TARE_OK;
}

tare_status tare_study_measure(tare_study *study, const tare_workshop *workshop,
                               const tare_dataset *examples, bool training_mode, double *loss,
                               double *accuracy) {
    const tare_evaluate_options usual = {TARE_EVALUATE_DEFAULTS}; /* nothing depends on it */
    const int64_t batch = training_mode ? study->options.batch : usual.batch;
    return tare_study_measure_in_batches(study, workshop, examples, batch, training_mode, loss,
                                         accuracy);
}

tare_status tare_study_training_loss(tare_study *study, const tare_workshop *workshop,
                                     const tare_study_data *data, double *loss) {
    tare_dataset *sample = NULL;
    TARE_TRY(tare_study_sample(study, data, &sample));
    const tare_status status = tare_study_measure(study, workshop, sample, true, loss, NULL);
    tare_dataset_free(sample);
    return status;
}

double tare_study_noise(const tare_dataset *examples, double accuracy) {
    const double count = (double)tare_dataset_count(examples);
    return STANDARD_ERRORS * sqrt(fmax(accuracy * (1 - accuracy), 1 / count) / count);
}
