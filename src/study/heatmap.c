/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare heatmap: a regression network whose labels are near 1e-2, trained in the ways that make it
 * predict the mean, and in one that works; what each came to, and why.
 */
#include "base/memory.h"
#include "base/status.h"
#include "cli/say.h"
#include "study/network.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define TARE_HEATMAP_STUDY_FIELDS(field)                                                          \
    field(integer, size, 32, "side of the images, a multiple of 4, 24 or more")                   \
    field(integer, width, 16, "channels of the first convolution")                                \
    field(integer, images, 2048, "to train on")                                                   \
    field(integer, test_images, 512, "held out")                                                  \
    field(text, only, NULL, "run these variants alone, separated by commas")
/* clang-format on */
TARE_OPTIONS(heatmap_study_options, TARE_HEATMAP_STUDY_FIELDS);
#define TARE_TABLE_STRUCT heatmap_study_options
TARE_OPTION_TABLE(static, heatmap_study_table, TARE_HEATMAP_STUDY_FIELDS);

/* One way to train the network. */
typedef struct variant {
    const char *name;
    const char *settings;  /* of the network's options; the others keep their defaults */
    int64_t batch_divisor; /* batches so many times as small, for as many steps */
} variant;

static const variant variants[] = {
    {"output-norm", "output_norm=true,label_scale=1", 1},
    {"small-labels", "label_scale=1", 1},
    {"no-updates", "updates=manual", 1},
    {"slow-momentum", "momentum=0.9999", 1},
    {"tiny-batches", "", 4},
    {"cured", "", 1},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static const tare_study_column columns[] = {
    {"training_loss", "training loss"}, {"inference_loss", "inference loss"},
    {"mean_loss", "mean predictor"},    {"better", "times better"},
    {"peaks", "peaks found %"},         {NULL, NULL}};

typedef struct job {
    tare_study study;
    heatmap_study_options options;
    tare_study_data data;
    double mean_loss; /* of the mean label, pixel by pixel, on the test images */
} job;

/* ------------------------------------------------------------------------------ the mean label */

static int64_t pixels_of(const job *j) { return j->options.size * j->options.size; }

/* All examples of a data set as one batch, in their order. */
static tare_status take_all(job *j, const tare_dataset *dataset, tare_batches **batches,
                            tare_batch *batch) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = tare_dataset_count(dataset);
    options.shuffle = false;
    TARE_TRY(tare_batches_new_with(dataset, &options, batches, &j->study.error));
    return tare_batches_get(*batches, 0, 0, batch);
}

/* mean: [pixels], zero at first */
static void add_labels(const tare_batch *batch, int64_t pixels, double *mean) {
    const float *labels = tare_array_const_data(batch->labels);
    for (int64_t i = 0; i < batch->count * pixels; i++)
        mean[i % pixels] += (double)labels[i] / (double)batch->count;
}

static double loss_of(const tare_batch *batch, int64_t pixels, const double *mean) {
    const float *labels = tare_array_const_data(batch->labels);
    double sum = 0;
    for (int64_t i = 0; i < batch->count * pixels; i++) {
        const double difference = (double)labels[i] - mean[i % pixels];
        sum += difference * difference;
    }
    return sum / (double)(batch->count * pixels);
}

static tare_status find_mean_loss(job *j) {
    tare_batches *training = NULL, *test = NULL;
    tare_batch batch;
    const size_t bytes = (size_t)pixels_of(j) * sizeof(double);
    double *mean = tare_allocate_zeroed(NULL, bytes);
    tare_status status = mean != NULL ? TARE_OK : tare_fail_memory(&j->study.error);
    if (status == TARE_OK) status = take_all(j, j->data.training, &training, &batch);
    if (status == TARE_OK) add_labels(&batch, pixels_of(j), mean);
    if (status == TARE_OK) status = take_all(j, j->data.test, &test, &batch);
    if (status == TARE_OK) j->mean_loss = loss_of(&batch, pixels_of(j), mean);
    tare_batches_free(training);
    tare_batches_free(test);
    tare_release(NULL, mean, bytes);
    return status;
}

/* --------------------------------------------------------------------------------- the peaks */

static int64_t highest(const float *map, int64_t pixels) {
    int64_t best = 0;
    for (int64_t i = 1; i < pixels; i++)
        if (map[i] > map[best]) best = i;
    return best;
}

/* Whether a map has a peak to speak of: above its mean by a tenth of the label's height. */
static bool has_peak(const float *map, int64_t pixels, int64_t peak, double height) {
    double mean = 0;
    for (int64_t i = 0; i < pixels; i++) mean += (double)map[i] / (double)pixels;
    return (double)map[peak] - mean > height / 10;
}

/* Maps with a peak, within one pixel of the label's. */
static int64_t count_peaks(const job *j, const tare_batch *batch, const tare_array *answer) {
    const float *labels = tare_array_const_data(batch->labels);
    const float *maps = tare_array_const_data(answer);
    const int64_t side = j->options.size, pixels = side * side;
    int64_t found = 0;
    for (int64_t i = 0; i < batch->count; i++) {
        const int64_t a = highest(labels + i * pixels, pixels);
        const int64_t b = highest(maps + i * pixels, pixels);
        found += llabs(a % side - b % side) <= 1 && llabs(a / side - b / side) <= 1 &&
                 has_peak(maps + i * pixels, pixels, b, (double)labels[i * pixels + a]);
    }
    return found;
}

static tare_status find_peaks(job *j, const tare_workshop *workshop, double *percent) {
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.shuffle = false;
    tare_batches *batches = NULL;
    TARE_TRY(tare_batches_new_with(j->data.test, &options, &batches, &j->study.error));
    tare_status status = TARE_OK;
    int64_t found = 0;
    for (int64_t i = 0; status == TARE_OK && i < tare_batches_count(batches); i++) {
        tare_batch batch;
        tare_array *answer = NULL;
        status = tare_batches_get(batches, 0, i, &batch);
        if (status != TARE_OK) break;
        status = tare_session_run(workshop->session,
                                  TARE_FEEDS({workshop->network.inputs, batch.inputs}),
                                  TARE_FETCHES(workshop->network.logits), &answer);
        if (status == TARE_OK)
            found += count_peaks(j, &batch, answer);
        else
            (void)tare_study_session_failed(&j->study, workshop->session); /* status is that */
    }
    tare_batches_free(batches);
    *percent = 100 * (double)found / (double)tare_dataset_count(j->data.test);
    return status;
}

/* ------------------------------------------------------------------------------- one variant */

static tare_status add_row(job *j, const variant *v, const tare_workshop *workshop,
                           const tare_fit_result *result) {
    double loss = 0, peaks = 0;
    TARE_TRY(tare_study_measure(&j->study, workshop, j->data.test, false, &loss, NULL));
    TARE_TRY(find_peaks(j, workshop, &peaks));
    const double values[] = {result->loss, loss, j->mean_loss, j->mean_loss / loss, peaks};
    return tare_study_row_add(&j->study, v->name, values);
}

static tare_status train(job *j, const variant *v, tare_workshop *workshop) {
    tare_fit_result result;
    tare_text settings = {0};
    tare_text_format(&settings, "size=%" PRId64 ",width=%" PRId64 "%s%s", j->options.size,
                     j->options.width, v->settings[0] != '\0' ? "," : "", v->settings);
    tare_status status =
        settings.failed ? tare_fail_memory(&j->study.error)
                        : tare_study_open(&j->study, "heatmap", settings.data, &j->data, workshop);
    tare_text_clear(&settings);
    if (status == TARE_OK)
        status = tare_study_train(&j->study, v->name, workshop, &j->data, &result);
    if (status != TARE_OK || j->study.stopped) return status;
    TARE_TRY(add_row(j, v, workshop, &result));
    return tare_study_examine(&j->study, v->name, workshop, &j->data);
}

static tare_status run_variant(job *j, const variant *v) {
    tare_workshop workshop = {.name = NULL};
    tare_study_options *options = &j->study.options;
    const tare_study_options asked = *options;
    options->batch = asked.batch / v->batch_divisor > 0 ? asked.batch / v->batch_divisor : 1;
    options->epochs = asked.epochs * options->batch / asked.batch;
    if (options->epochs < 1) options->epochs = 1;
    const tare_status status = train(j, v, &workshop);
    tare_workshop_end(&workshop);
    *options = asked;
    return status;
}

/* --------------------------------------------------------------------------------- the study */

/* Whether --only names a variant, or is not given. */
static bool is_wanted(const job *j, const char *name) {
    const size_t length = strlen(name);
    if (j->options.only == NULL) return true;
    for (const char *at = j->options.only; *at != '\0';) {
        const size_t word = strcspn(at, ",");
        if (word == length && strncmp(at, name, word) == 0) return true;
        at += word + (at[word] == ',');
    }
    return false;
}

static tare_status run_all(job *j) {
    const tare_data_request request = {
        .data = "heatmap", .limit = j->options.images, .size = j->options.size};
    TARE_TRY(tare_study_load(&j->study, request, j->options.test_images, &j->data));
    TARE_TRY(find_mean_loss(j));
    for (int i = 0; i < VARIANTS && !j->study.stopped; i++)
        if (is_wanted(j, variants[i].name)) TARE_TRY(run_variant(j, &variants[i]));
    return TARE_OK;
}

static int check(const job *j) {
    const heatmap_study_options *options = &j->options;
    if (options->size < 24 || options->size % 4 != 0)
        return tare_say_misuse("--size: needs a multiple of 4, 24 or more");
    if (options->width < 1) return tare_say_misuse("--width: needs 1 or more");
    if (options->images < 1 || options->test_images < 1)
        return tare_say_misuse("--images and --test-images: need 1 or more");
    int wanted = 0, asked = options->only != NULL;
    for (int i = 0; i < VARIANTS; i++) wanted += is_wanted(j, variants[i].name);
    for (const char *at = options->only; at != NULL && *at != '\0'; at++) asked += *at == ',';
    if (asked > 0 && wanted != asked)
        return tare_say_misuse("--only: got '%s'; needs some of output-norm, small-labels, "
                               "no-updates, slow-momentum, tiny-batches and cured",
                               options->only);
    return -1;
}

static int run(int count, char **texts) {
    job j = {.mean_loss = 0};
    tare_study_begin(&j.study, &tare_command_heatmap, columns);
    j.study.options.epochs = 8;
    j.study.options.batch = 8;
    j.study.options.learning_rate = 1e-2;
    heatmap_study_table.set_defaults(&j.options);
    const tare_option_group own = {"Options of the study", &heatmap_study_table, &j.options, NULL};
    int status = tare_study_parse(&j.study, own, count, texts);
    if (status < 0) status = check(&j);
    if (status < 0) status = tare_study_end(&j.study, run_all(&j));
    tare_study_data_end(&j.data);
    return status;
}

const tare_command tare_command_heatmap = {
    .name = "heatmap",
    .summary = "study: why a regression network with batch norm predicts the mean",
    .usage = "[options]",
    .examples = "  tare heatmap                                 the whole study, a minute or two\n"
                "  tare heatmap --only cured --save runs        one variant, its checkpoint kept\n"
                "  tare heatmap --size 64 --width 32 --json     larger images; results as JSON\n",
    .run = run,
};
