/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare quantise: the int8 model of a float one. Ranges come from data, from the file itself, or
 * from the default that was given; without them TensorFlow's sentence for each array, and what
 * Tare knows.
 */
#include "array/array.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "cli/answers.h"
#include "cli/arguments.h"
#include "cli/examples.h"
#include "cli/say.h"
#include "cli/table.h"
#include "cli/workshop.h"
#include "report/json.h"
#include <tare/norm.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* clang-format off */
#define TARE_QUANTISE_FIELDS(field)                                                               \
    field(text, output, NULL, "int8 model to write, .tflite")                                     \
    field(text, data, NULL, "arrays (.npy, .npz, idx), or a data set's name: ranges come from it") \
    field(integer, limit, 1000, "the first N examples only; 0: all")                              \
    field(choice, observer, TARE_OBSERVER_MINMAX, "how ranges follow from the data")              \
    field(real, percentile, 99.99, "percent of the numbers that a range holds")                   \
    field(text, default_ranges, NULL, "MIN,MAX for arrays without a range")                       \
    field(boolean, per_tensor, false, "one scale for all channels of a convolution's weights")    \
    field(boolean, uint8, false, "uint8 numbers, one asymmetric scale for a layer's weights")     \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(boolean, json, false, "print the report as JSON")
/* clang-format on */
TARE_OPTIONS(quantise_options, TARE_QUANTISE_FIELDS);
#define TARE_TABLE_STRUCT   quantise_options
#define TARE_WORDS_observer TARE_OBSERVER_WORDS
TARE_OPTION_TABLE(static, quantise_table, TARE_QUANTISE_FIELDS);

/* Answers of the int8 model against those of the float one. */
typedef struct comparison {
    int64_t examples; /* 0: none */
    double worst, mean, range;
    int64_t agreeing; /* examples with the same greatest answer */
} comparison;

typedef struct job {
    const char *path;
    quantise_options options;
    tare_tflite *model, *quantised;
    tare_dataset *examples; /* NULL: none */
    size_t count;
    tare_tflite_range *ranges, *seen; /* [count]; seen: on the data, where there is a default too */
    tare_tflite_range fallback;
    comparison found;
    tare_error error;
} job;

/* ---------------------------------------------------------------------------------------- ranges
 */

/* "0,6" */
static bool parse_fallback(job *j) {
    const char *text = j->options.default_ranges;
    tare_tflite_range *range = &j->fallback;
    if (text == NULL) return true;
    range->known = tare_parse_double(&text, &range->min) && *text++ == ',' &&
                   tare_parse_double(&text, &range->max) && *text == '\0' &&
                   range->min <= range->max;
    return range->known;
}

static tare_status observe(job *j) {
    tare_observe_options options = {TARE_OBSERVE_DEFAULTS};
    options.observer = j->options.observer;
    options.percentile = j->options.percentile;
    return tare_tflite_observe_with(j->model, j->examples, &options, j->seen, &j->error);
}

/* The file's own first; then the data's, unless a default was given; then the default. */
static tare_status find_ranges(job *j) {
    j->count = tare_tflite_tensor_count(j->model);
    const int64_t room = (int64_t)j->count + 1;
    j->ranges = tare_allocate_array(NULL, room, sizeof *j->ranges);
    j->seen = tare_allocate_array(NULL, room, sizeof *j->seen);
    if (j->ranges == NULL || j->seen == NULL) return tare_fail_memory(&j->error);
    for (size_t i = 0; i < j->count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(j->model, i);
        j->ranges[i] = (tare_tflite_range){told->ranged, told->min, told->max};
        j->seen[i] = (tare_tflite_range){.known = false};
    }
    if (j->examples != NULL) TARE_TRY(observe(j));
    for (size_t i = 0; i < j->count; i++) {
        if (!j->ranges[i].known && !j->fallback.known) j->ranges[i] = j->seen[i];
        if (!j->ranges[i].known) j->ranges[i] = j->fallback;
    }
    return TARE_OK;
}

/* TensorFlow's sentences, then what is known here and what helps. */
static int say_lacking(const job *j, char *sentences) {
    for (char *line = sentences; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        *end = '\0';
        (void)tare_say_failure("%s", line);
        line = end + 1;
    }
    tare_say_note("no range reached these arrays: the file holds none and no data were given. "
                  "Either --data FILE takes them from data; or train with "
                  "fake_quant_with_min_max_vars, whose ranges 'tare export' keeps; or "
                  "--default-ranges MIN,MAX guesses one for all: tare quantise %s --data x.npy",
                  j->path);
    return TARE_EXIT_FAILURE;
}

/* How far numbers of the data lie outside the default. */
static void warn_clipped(const job *j) {
    for (size_t i = 0; i < j->count && j->fallback.known; i++) {
        const tare_tflite_range *seen = &j->seen[i], *used = &j->ranges[i];
        const double below = used->min - seen->min, above = seen->max - used->max;
        const double clipped = below > above ? below : above;
        char number[TARE_NUMBER_TEXT];
        if (!seen->known || !(clipped > 0)) continue;
        tare_say_note("the default range clips array %s by up to %s",
                      tare_tflite_tensor_at(j->model, i)->name,
                      tare_significant_text(number, clipped, 3));
    }
}

/* ------------------------------------------------------------------------------------ comparing */

static int64_t greatest(const float *row, int64_t width) {
    int64_t best = 0;
    for (int64_t i = 1; i < width; i++)
        if (row[i] > row[best]) best = i;
    return best;
}

static void compare_answers(comparison *found, const tare_array *a, const tare_array *b) {
    const float *want = a->data, *got = b->data;
    const int64_t rows = a->shape.extents[0], width = rows > 0 ? a->count / rows : 0;
    double least = INFINITY, most = -INFINITY;
    found->examples = rows;
    for (int64_t i = 0; i < a->count; i++) {
        const double apart = fabs((double)want[i] - (double)got[i]);
        if (!(apart <= found->worst)) found->worst = apart;
        found->mean += apart / (double)a->count;
        least = (double)want[i] < least ? (double)want[i] : least;
        most = (double)want[i] > most ? (double)want[i] : most;
    }
    for (int64_t row = 0; row < rows && width > 0; row++)
        found->agreeing +=
            greatest(want + row * width, width) == greatest(got + row * width, width);
    found->range = most > least ? most - least : 0;
}

static tare_status compare(job *j) {
    enum { BATCH = 100 };
    tare_array *whole = NULL, *answers = NULL;
    const int64_t threads = j->options.threads;
    if (j->examples == NULL) return TARE_OK;
    tare_status status =
        tare_answers(j->model, j->path, j->examples, BATCH, threads, &answers, &j->error);
    if (status == TARE_OK)
        status =
            tare_answers(j->quantised, j->path, j->examples, BATCH, threads, &whole, &j->error);
    if (status == TARE_OK) compare_answers(&j->found, answers, whole);
    tare_array_free(answers);
    tare_array_free(whole);
    return status;
}

/* --------------------------------------------------------------------------------------- report */

static void cell_number(tare_table *table, double number, bool known) {
    char text[TARE_NUMBER_TEXT];
    tare_table_cell(table, known ? tare_significant_text(text, number, 6) : "");
}

static void add_text(const job *j, tare_text *text) {
    static const char *const heads[] = {"tensor", "min", "max", "scale", "zero"};
    tare_table table = {.columns = 5, .right = {false, true, true, true, true}};
    char a[TARE_NUMBER_TEXT], b[TARE_NUMBER_TEXT];
    for (int i = 0; i < 5; i++) tare_table_cell(&table, heads[i]);
    for (size_t i = 0; i < j->count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(j->quantised, i);
        if (told->constant || told->scale_count != 1) continue;
        tare_table_cell(&table, told->name);
        cell_number(&table, j->ranges[i].min, j->ranges[i].known);
        cell_number(&table, j->ranges[i].max, j->ranges[i].known);
        cell_number(&table, (double)told->scales[0], true);
        tare_table_integer(&table, told->zero_points[0]);
    }
    tare_table_end(&table, text);
    if (j->found.examples == 0) return;
    tare_text_format(text, "\n%" PRId64 " examples: worst difference %s, mean %s",
                     j->found.examples, tare_significant_text(a, j->found.worst, 3),
                     tare_significant_text(b, j->found.mean, 3));
    tare_text_format(
        text, ", of answers that span %s; the greatest answer stays in %s %%\n",
        tare_significant_text(a, j->found.range, 3),
        tare_fixed_text(b, 100. * (double)j->found.agreeing / (double)j->found.examples, 2));
}

static void add_json(const job *j, tare_json *json) {
    tare_json_begin_object(json);
    tare_json_key(json, "tensors");
    tare_json_begin_array(json);
    for (size_t i = 0; i < j->count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(j->quantised, i);
        if (told->constant || told->scale_count != 1) continue;
        tare_json_begin_object(json);
        tare_json_member_text(json, "name", told->name);
        tare_json_member_boolean(json, "ranged", j->ranges[i].known);
        tare_json_member_double(json, "min", j->ranges[i].min);
        tare_json_member_double(json, "max", j->ranges[i].max);
        tare_json_key(json, "scale");
        tare_json_float(json, told->scales[0]);
        tare_json_member_integer(json, "zero_point", told->zero_points[0]);
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
    tare_json_member_integer(json, "examples", j->found.examples);
    tare_json_member_double(json, "worst", j->found.worst);
    tare_json_member_double(json, "mean", j->found.mean);
    tare_json_member_double(json, "range", j->found.range);
    tare_json_member_integer(json, "agreeing", j->found.agreeing);
    tare_json_end_object(json);
    tare_text_add(&json->text, "\n");
}

/* ------------------------------------------------------------------------------------- together */

static tare_status load(job *j) {
    TARE_TRY(tare_tflite_open(j->path, &j->model, &j->error));
    if (j->options.data != NULL) {
        TARE_TRY(tare_examples_load(j->options.data, j->options.folder, &j->examples, &j->error));
        TARE_TRY(tare_workshop_limit(&j->examples, j->options.limit, &j->error));
    }
    return find_ranges(j);
}

static tare_status quantise(job *j) {
    tare_tflite_quantise_options options = {TARE_TFLITE_QUANTISE_DEFAULTS};
    options.per_channel = !j->options.per_tensor;
    options.uint8 = j->options.uint8;
    TARE_TRY(tare_tflite_quantise_with(j->model, j->ranges, &options, &j->quantised, &j->error));
    if (j->options.output != NULL)
        TARE_TRY(tare_tflite_save(j->quantised, j->options.output, &j->error));
    return compare(j);
}

static int work(job *j) {
    tare_json json = {.depth = 0};
    if (load(j) != TARE_OK) return tare_say_error(&j->error);
    char *lacking = tare_tflite_lacking(j->model, j->ranges);
    if (lacking == NULL) return tare_say_failure("no memory");
    const int status = *lacking != '\0' ? say_lacking(j, lacking) : -1;
    tare_text_free(lacking);
    if (status >= 0) return status;
    if (quantise(j) != TARE_OK) return tare_say_error(&j->error);
    warn_clipped(j);
    if (j->options.json)
        add_json(j, &json);
    else
        add_text(j, &json.text);
    return tare_say_text(&json.text) ? TARE_EXIT_SUCCESS : tare_say_failure("no memory");
}

static void end(job *j) {
    const size_t bytes = (j->count + 1) * sizeof *j->ranges;
    if (j->ranges != NULL) tare_release(NULL, j->ranges, bytes);
    if (j->seen != NULL) tare_release(NULL, j->seen, bytes);
    tare_tflite_close(j->model);
    tare_tflite_close(j->quantised);
    tare_dataset_free(j->examples);
}

static int run(int count, char **texts) {
    job j = {.path = NULL};
    quantise_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_quantise,
                                .groups = {{"Options", &quantise_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status < 0 && arguments.word_count < 1)
        status =
            tare_say_misuse("the model's file is missing: tare quantise MODEL.tflite [options]");
    if (status < 0 && !parse_fallback(&j))
        status = tare_say_misuse("--default-ranges: needs MIN,MAX with MIN no more than MAX");
    if (status < 0 && (j.options.limit < 0 || j.options.threads < 0))
        status = tare_say_misuse("--limit and --threads: need 0 or more");
    if (status >= 0) return status;
    j.path = arguments.words[0];
    status = work(&j);
    end(&j);
    return status;
}

const tare_command tare_command_quantise = {
    .name = "quantise",
    .summary = "make the int8 model of a float .tflite model",
    .usage = "MODEL.tflite [options]",
    .examples =
        "  tare quantise model.tflite --data x.npy --output int8.tflite\n"
        "  tare quantise model.tflite --data fashion-mnist --observer entropy --json\n"
        "  tare quantise model.tflite --default-ranges 0,6 --data x.npy     and what it clips\n",
    .run = run,
};
