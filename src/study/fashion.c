/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare fashion: MLP and LeNet on images of clothes, without batch normalisation, with the layer,
 * and with it written from scratch; one image predicted; batches of 2 to 256.
 */
#include "base/status.h"
#include "cli/say.h"
#include "study/network.h"

#include <inttypes.h>
#include <math.h>

/* clang-format off */
#define TARE_FASHION_STUDY_FIELDS(field)                                                          \
    field(text, data, NULL, "data set or .npz of 28 x 28 images; Fashion-MNIST where installed")  \
    field(integer, limit, 0, "train on the first N examples only; 0: on all")                     \
    field(integer, test_limit, 0, "test on the first N examples only; 0: on all")                 \
    field(integer, image, 0, "test image to predict, counted from 0")                             \
    field(integer, sweep, 5120, "examples that each batch size of the sweep sees; 0: no sweep")
/* clang-format on */
TARE_OPTIONS(own_options, TARE_FASHION_STUDY_FIELDS);
#define TARE_TABLE_STRUCT own_options
TARE_OPTION_TABLE(static, own_table, TARE_FASHION_STUDY_FIELDS);

typedef struct variant {
    const char *name, *settings;
} variant;

static const variant variants[] = {
    {"mlp", "model=mlp,norm=none"},
    {"mlp-bn", "model=mlp,norm=layer"},
    {"mlp-bn-by-hand", "model=mlp,norm=by-hand"},
    {"lenet", "model=lenet,norm=none"},
    {"lenet-bn", "model=lenet,norm=layer"},
    {"lenet-bn-by-hand", "model=lenet,norm=by-hand"},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static const tare_study_column columns[] = {{"training_loss", "training loss"},
                                            {"test_loss", "test loss"},
                                            {"test_accuracy", "accuracy"},
                                            {"training_mode_accuracy", "in training mode"},
                                            {"batch", "batch"},
                                            {"images_per_second", "images/s"},
                                            {NULL, NULL}};

typedef struct job {
    tare_study study;
    own_options own;
    tare_study_data data;
} job;

/* ------------------------------------------------------------------------------ one network */

/* Loss and accuracy on the test images. */
static tare_status measure(job *j, const tare_workshop *workshop, bool training_mode, double *loss,
                           double *accuracy) {
    tare_evaluate_options options = {TARE_EVALUATE_DEFAULTS};
    tare_evaluation found = {.struct_size = sizeof found};
    options.batch = j->study.options.batch;
    options.training_mode = training_mode;
    TARE_TRY(tare_evaluate_with(workshop->session, &workshop->network, j->data.test, &options,
                                &found, &j->study.error));
    if (loss != NULL) *loss = found.loss;
    *accuracy = (double)found.correct / (double)found.count;
    return TARE_OK;
}

static tare_status add_row(job *j, const char *name, const tare_workshop *workshop,
                           const tare_fit_result *result) {
    double loss = 0, accuracy = 0, training_mode = 0;
    TARE_TRY(measure(j, workshop, false, &loss, &accuracy));
    TARE_TRY(measure(j, workshop, true, NULL, &training_mode));
    const double speed =
        result->seconds > 0 ? (double)result->images / result->seconds : (double)NAN;
    const double values[] = {
        result->loss, loss, accuracy, training_mode, (double)j->study.options.batch, speed};
    return tare_study_row_add(&j->study, name, values);
}

/* --------------------------------------------------------------------------------- one image */

/* The class with the greatest logit, and its probability: softmax in double. */
static int64_t choose_class(const tare_array *logits, double *probability) {
    const int64_t classes = tare_array_count(logits);
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++)
        if (tare_array_number(logits, c) > tare_array_number(logits, best)) best = c;
    double sum = 0;
    for (int64_t c = 0; c < classes; c++)
        sum += exp(tare_array_number(logits, c) - tare_array_number(logits, best));
    *probability = 1 / sum;
    return best;
}

static tare_status predict(job *j, const tare_workshop *workshop, const tare_array *image,
                           bool training, int64_t *class, double *probability) {
    tare_array *mode = tare_array_bool(training), *logits = NULL;
    if (mode == NULL) return tare_fail_memory(&j->study.error);
    const tare_status status = tare_session_run(
        workshop->session,
        TARE_FEEDS({workshop->network.inputs, image}, {workshop->network.training, mode}),
        TARE_FETCHES(workshop->network.logits), &logits);
    if (status == TARE_OK) *class = choose_class(logits, probability);
    if (status != TARE_OK) j->study.error = *tare_session_error(workshop->session);
    tare_array_free(mode);
    return status;
}

static tare_status find_prediction(job *j, const char *name, const tare_workshop *workshop,
                                   const tare_array *image, int64_t label) {
    char shares[2][TARE_NUMBER_TEXT];
    int64_t classes[2] = {0};
    for (int training = 0; training < 2; training++) {
        double probability = 0;
        TARE_TRY(predict(j, workshop, image, training, &classes[training], &probability));
        tare_fixed_text(shares[training], probability, 3);
    }
    return tare_study_find(&j->study, name, "one-image",
                           "test image %" PRId64 " is of class %" PRId64 "; alone it is taken for "
                           "%" PRId64 " (probability %s) in inference mode, for %" PRId64
                           " (%s) with the switch left on training",
                           j->own.image, label, classes[0], shares[0], classes[1], shares[1]);
}

/* Predicts the one image that was asked for, in both modes. */
static tare_status predict_image(job *j, const char *name, const tare_workshop *workshop) {
    tare_dataset *one = NULL;
    tare_batches *batches = NULL;
    tare_batch batch;
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    const tare_shape inputs = tare_tensor_shape(workshop->network.inputs);
    options.input_shape = inputs.rank == 2 ? TARE_SHAPE(784) : TARE_SHAPE(28, 28, 1);
    tare_status status = tare_dataset_part(j->data.test, j->own.image, 1, &one, &j->study.error);
    if (status == TARE_OK) status = tare_batches_new_with(one, &options, &batches, &j->study.error);
    if (status == TARE_OK) status = tare_batches_get(batches, 0, 0, &batch);
    if (status == TARE_OK)
        status = find_prediction(j, name, workshop, batch.inputs, tare_dataset_label(one, 0));
    tare_batches_free(batches);
    tare_dataset_free(one);
    return status;
}

/* --------------------------------------------------------------------------------- the study */

static tare_status run_variant(job *j, const char *name, const char *settings, bool predicts) {
    tare_workshop workshop = {.name = NULL};
    tare_fit_result result;
    tare_status status = tare_study_open(&j->study, "fashion", settings, &j->data, &workshop);
    if (status == TARE_OK) status = tare_study_train(&j->study, name, &workshop, &j->data, &result);
    if (status == TARE_OK && !j->study.stopped) status = add_row(j, name, &workshop, &result);
    if (status == TARE_OK && !j->study.stopped && predicts)
        status = predict_image(j, name, &workshop);
    tare_workshop_end(&workshop);
    return status;
}

/* LeNet with the layer, in batches of 2 to 256, over the same examples. */
static tare_status sweep(job *j) {
    const tare_study_options asked = j->study.options;
    tare_dataset *all = j->data.training, *part = NULL;
    const int64_t count =
        j->own.sweep < tare_dataset_count(all) ? j->own.sweep : tare_dataset_count(all);
    TARE_TRY(tare_dataset_part(all, 0, count, &part, &j->study.error));
    j->data.training = part;
    j->study.options.epochs = 1;
    tare_status status = TARE_OK;
    for (int64_t batch = 2; status == TARE_OK && batch <= 256 && !j->study.stopped; batch *= 2) {
        char name[48];
        j->study.options.batch = batch;
        tare_print(name, sizeof name, "lenet-bn-batch-%" PRId64, batch);
        status = run_variant(j, name, "model=lenet,norm=layer", false);
    }
    j->study.options = asked;
    j->data.training = all;
    tare_dataset_free(part);
    return status;
}

static tare_status run_all(job *j) {
    const tare_data_request request = {
        .data = j->own.data, .label = "label", .limit = j->own.limit};
    TARE_TRY(tare_study_load(&j->study, request, j->own.test_limit, &j->data));
    for (int i = 0; i < VARIANTS && !j->study.stopped; i++)
        TARE_TRY(run_variant(j, variants[i].name, variants[i].settings, true));
    return j->own.sweep > 0 && !j->study.stopped ? sweep(j) : TARE_OK;
}

static int check(const own_options *own) {
    if (own->limit < 0 || own->test_limit < 0 || own->sweep < 0 || own->image < 0)
        return tare_say_misuse("--limit, --test-limit, --image and --sweep: need 0 or more");
    return -1;
}

static int run(int count, char **texts) {
    job j = {.data.name = NULL};
    own_table.set_defaults(&j.own);
    tare_study_begin(&j.study, &tare_command_fashion, columns);
    j.study.options.epochs = 3;
    j.study.options.batch = 128;
    j.study.options.learning_rate = 5e-3;
    const tare_option_group own = {"Options of this study", &own_table, &j.own, NULL};
    int status = tare_study_parse(&j.study, own, count, texts);
    if (status < 0) status = check(&j.own);
    if (status < 0) status = tare_study_end(&j.study, run_all(&j));
    tare_study_data_end(&j.data);
    return status;
}

const tare_command tare_command_fashion = {
    .name = "fashion",
    .summary = "study: MLP and LeNet without batch norm, with the layer, from scratch; batch sizes",
    .usage = "[options]",
    .examples = "  tare fashion                                 all of it, a minute or two\n"
                "  tare fashion --data synthetic --limit 4000   without any file, faster\n"
                "  tare fashion --image 7 --sweep 0             another image, no batch sizes\n"
                "  tare train fashion --model mlp --norm by-hand\n"
                "                                               one variant by itself\n",
    .run = run,
};
