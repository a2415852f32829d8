/* SPDX-License-Identifier: Apache-2.0 */
/* One training of the study of house prices: from rows to errors. */
#include "base/status.h"
#include "cli/settings.h"
#include "study/house_prices.h"
#include "study/network.h"
#include "zoo/house_prices.h"

#include <math.h>

/* What one training holds. */
typedef struct training {
    tare_prices *prices;
    const tare_prices_variant *variant;
    const tare_prices_rows *rows;
    tare_standardizer *standardizer;
    tare_dataset *examples, *held; /* held NULL: nothing is held out */
    tare_workshop workshop;
    tare_text settings;
    char *eyes; /* the standardizer as text */
} training;

/* --------------------------------------------------------------------------------------- data */

tare_status tare_prices_standardize(tare_prices *prices, const tare_prices_rows *rows, bool raw,
                                    tare_standardizer **standardizer) {
    tare_standardizer_options how = {TARE_STANDARDIZER_DEFAULTS};
    how.target = prices->options.target;
    how.log_target = true;
    how.scale = !raw;
    how.categories = prices->options.categories;
    how.except = prices->ignored.data;
    return tare_standardizer_fit_with(prices->frame, rows->rows, rows->training, &how, standardizer,
                                      &prices->study.error);
}

static tare_status make_examples(const training *t, const int64_t *rows, int64_t count,
                                 tare_dataset **dataset) {
    const tare_data_frame *frame = t->prices->frame;
    tare_error *error = &t->prices->study.error;
    tare_array *inputs = NULL, *targets = NULL;
    tare_status status =
        tare_standardizer_inputs(t->standardizer, frame, rows, count, &inputs, NULL, error);
    if (status == TARE_OK)
        status = tare_standardizer_targets(t->standardizer, frame, rows, count, &targets, error);
    if (status == TARE_OK) status = tare_dataset_new(inputs, targets, dataset, error);
    tare_array_free(inputs);
    tare_array_free(targets);
    return status;
}

static tare_status prepare_data(training *t) {
    const tare_prices_rows *rows = t->rows;
    TARE_TRY(tare_prices_standardize(t->prices, rows, t->variant->raw, &t->standardizer));
    TARE_TRY(make_examples(t, rows->rows, rows->training, &t->examples));
    if (rows->held == 0) return TARE_OK;
    return make_examples(t, rows->rows + rows->training, rows->held, &t->held);
}

/* ------------------------------------------------------------------------------------ network */

static void set_options(const training *t, tare_house_prices_options *options) {
    const tare_prices *prices = t->prices;
    const int64_t batch = prices->study.options.batch;
    options->features = tare_standardizer_features(t->standardizer);
    options->hidden = t->variant->hidden_layers ? prices->options.hidden : 0;
    options->layers = prices->options.layers;
    options->batch_norm = t->variant->batch_norm;
    options->weight_decay = prices->options.weight_decay;
    options->dropout = prices->options.dropout;
    options->learning_rate = prices->study.options.learning_rate;
    options->steps = prices->study.options.epochs * ((t->rows->training + batch - 1) / batch);
}

static tare_status build(training *t) {
    tare_study *study = &t->prices->study;
    if (tare_workshop_begin(&t->workshop, "house_prices") >= 0)
        return tare_fail_memory(&study->error);
    set_options(t, t->workshop.options);
    return tare_study_build(study, &t->workshop);
}

/* The checkpoint tells all that a prediction needs. */
static tare_status fit(training *t, const char *name) {
    tare_study *study = &t->prices->study;
    TARE_TRY(tare_standardizer_text(t->standardizer, &t->eyes, &study->error));
    tare_settings_text(&t->settings, t->workshop.table, t->workshop.options);
    if (t->settings.failed) return tare_fail_memory(&study->error);
    study->facts[0] = (tare_metadata){"network", t->workshop.name};
    study->facts[1] = (tare_metadata){TARE_STANDARDIZER_KEY, t->eyes};
    tare_fit_result result;
    return tare_study_fit(study, name, t->settings.data, t->workshop.session, &t->workshop.network,
                          t->examples, &result);
}

/* The loss is of standardised targets. */
static tare_status measure(const training *t, const tare_dataset *dataset, double *root) {
    double loss;
    TARE_TRY(tare_study_measure(&t->prices->study, &t->workshop, dataset, false, &loss, NULL));
    *root = sqrt(loss) * tare_standardizer_target_deviation(t->standardizer);
    return TARE_OK;
}

static tare_status train_and_measure(training *t, const char *name, tare_prices_errors *errors) {
    TARE_TRY(prepare_data(t));
    TARE_TRY(build(t));
    TARE_TRY(fit(t, name));
    if (t->prices->study.stopped) return TARE_OK;
    TARE_TRY(measure(t, t->examples, &errors->training));
    return t->held == NULL ? TARE_OK : measure(t, t->held, &errors->held);
}

static void end_training(training *t) {
    tare_workshop_end(&t->workshop);
    tare_dataset_free(t->examples);
    tare_dataset_free(t->held);
    tare_standardizer_free(t->standardizer);
    tare_text_clear(&t->settings);
    tare_text_free(t->eyes);
}

tare_status tare_prices_train(tare_prices *prices, const tare_prices_variant *variant,
                              const char *name, const tare_prices_rows *rows,
                              tare_prices_errors *errors) {
    *errors = (tare_prices_errors){.training = (double)NAN, .held = (double)NAN};
    training t = {.prices = prices, .variant = variant, .rows = rows};
    const tare_status status = train_and_measure(&t, name, errors);
    end_training(&t);
    return status;
}

/* ----------------------------------------------------------------------------------- the mean */

static tare_status guess(const tare_prices *prices, const tare_standardizer *standardizer,
                         const tare_prices_rows *rows, tare_error *error, double *root) {
    tare_array *targets = NULL;
    double squares = 0;
    TARE_TRY(tare_standardizer_targets(standardizer, prices->frame, rows->rows + rows->training,
                                       rows->held, &targets, error));
    for (int64_t i = 0; i < rows->held; i++)
        squares += tare_array_number(targets, i) * tare_array_number(targets, i);
    tare_array_free(targets);
    *root = sqrt(squares / (double)rows->held) * tare_standardizer_target_deviation(standardizer);
    return TARE_OK;
}

tare_status tare_prices_guess(tare_prices *prices, const tare_prices_rows *rows,
                              tare_prices_errors *errors) {
    tare_standardizer *standardizer = NULL;
    TARE_TRY(tare_prices_standardize(prices, rows, false, &standardizer));
    errors->training = tare_standardizer_target_deviation(standardizer);
    const tare_status status =
        guess(prices, standardizer, rows, &prices->study.error, &errors->held);
    tare_standardizer_free(standardizer);
    return status;
}
