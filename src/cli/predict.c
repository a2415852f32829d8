/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare predict: what the network of a checkpoint says of new rows or images, as a .csv file. A
 * checkpoint that holds a standardiser reads tables of mixed columns and answers in the target's
 * own unit; others read arrays, and answer with the class where the network tells classes apart.
 */
#include "array/array.h"
#include "base/file.h"
#include "base/status.h"
#include "cli/examples.h"
#include "cli/say.h"
#include "cli/workshop.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* clang-format off */
#define TARE_PREDICT_FIELDS(field)                                                                \
    field(text, data, NULL, "rows (.csv) or arrays (.npy, .npz, idx), or a data set's name")      \
    field(text, output, NULL, "file for the predictions; none given: standard output")            \
    field(text, network, NULL, "network of the zoo; by default the one the file names")           \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(integer, limit, 0, "the first N examples only; 0: all")                                 \
    field(integer, batch, 500, "examples in a batch")                                             \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(boolean, quiet, false, "do not tell what is missing or unknown in the rows")
/* clang-format on */
TARE_OPTIONS(predict_options, TARE_PREDICT_FIELDS);
#define TARE_TABLE_STRUCT predict_options
TARE_OPTION_TABLE(static, predict_table, TARE_PREDICT_FIELDS);

typedef struct job {
    const char *path;
    predict_options options;
    tare_safetensors *file;
    tare_workshop workshop;
    tare_standardizer *standardizer; /* NULL: inputs are arrays */
    tare_dataset *examples;          /* labels are zeros, or are not looked at */
    tare_array *outputs;
    tare_text text; /* the predictions as csv */
    tare_error error;
} job;

/* --------------------------------------------------------------------------------------- data */

/* What the rows lacked, in a sentence each. */
static void tell_facts(const tare_standardizer_facts *facts) {
    if (facts->missing_columns > 0)
        tare_say_note("columns of training that the file has not: %" PRId64
                      ", the first is '%.80s'; their values count as missing",
                      facts->missing_columns, facts->missing_column);
    if (facts->unknown > 0)
        tare_say_note(
            "values that training never saw: %" PRId64 ", the first is '%.80s' in row %" PRId64
            ", column '%.80s'; they count as none of the categories",
            facts->unknown, facts->unknown_name, facts->unknown_row, facts->unknown_column);
}

static tare_status load_rows(job *j) {
    tare_data_frame *frame = NULL;
    tare_array *inputs = NULL;
    tare_standardizer_facts facts = {.struct_size = sizeof facts};
    tare_status status = tare_data_frame_read_with(j->options.data, NULL, &frame, &j->error);
    if (status == TARE_OK)
        status =
            tare_standardizer_inputs(j->standardizer, frame, NULL, 0, &inputs, &facts, &j->error);
    if (status == TARE_OK) status = tare_examples_of(inputs, &j->examples, &j->error);
    if (status == TARE_OK && !j->options.quiet) tell_facts(&facts);
    tare_array_free(inputs);
    tare_data_frame_free(frame);
    return status;
}

static tare_status load(job *j) {
    const char *eyes = tare_safetensors_metadata(j->file, TARE_STANDARDIZER_KEY);
    TARE_TRY(tare_workshop_restore(&j->workshop, j->path, j->options.threads, &j->error));
    if (eyes != NULL) TARE_TRY(tare_standardizer_from_text(eyes, &j->standardizer, &j->error));
    TARE_TRY(eyes != NULL
                 ? load_rows(j)
                 : tare_examples_load(j->options.data, j->options.folder, &j->examples, &j->error));
    return tare_workshop_limit(&j->examples, j->options.limit, &j->error);
}

/* ------------------------------------------------------------------------------------ answers */

/* A field as csv has it: in quotes where it needs them. */
static void add_field(tare_text *text, const char *field) {
    if (strpbrk(field, ",\"\r\n") == NULL) {
        tare_text_add(text, field);
        return;
    }
    tare_text_add(text, "\"");
    for (; *field != '\0'; field++) {
        if (*field == '"') tare_text_add(text, "\"");
        tare_text_add_bytes(text, field, 1);
    }
    tare_text_add(text, "\"");
}

/* Index of the greatest of a row, the first of equals. */
static int64_t greatest(const tare_array *outputs, int64_t row, int64_t count) {
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (tare_array_number(outputs, row * count + i) >
            tare_array_number(outputs, row * count + best))
            best = i;
    return best;
}

static void add_answer(const job *j, tare_text *text, int64_t row, int64_t width, bool classes) {
    if (classes) {
        tare_text_format(text, "%" PRId64, greatest(j->outputs, row, width));
        return;
    }
    const double output = tare_array_number(j->outputs, row);
    tare_text_float(text, (float)(j->standardizer == NULL
                                      ? output
                                      : tare_standardizer_answer(j->standardizer, output)));
}

static const char *answer_name(const job *j, bool classes) {
    const char *target = tare_standardizer_target(j->standardizer);
    if (target != NULL) return target;
    return classes ? "class" : "output";
}

static tare_status write_answers(job *j) {
    const bool classes = tare_tensor_dtype(j->workshop.network.labels) == TARE_INT32;
    const int64_t rows = tare_dataset_count(j->examples);
    const int64_t width = tare_array_count(j->outputs) / rows;
    if (width < 1 || (!classes && width > 1))
        return tare_fail(&j->error, TARE_ERROR_SHAPE,
                         "the network says %" PRId64 " numbers of every example; needs one, or "
                         "one for each class",
                         width);
    tare_text_add(&j->text, "row,");
    add_field(&j->text, answer_name(j, classes));
    for (int64_t i = 0; i < rows; i++) {
        tare_text_format(&j->text, "\n%" PRId64 ",", i + 1);
        add_answer(j, &j->text, i, width, classes);
    }
    tare_text_add(&j->text, "\n");
    return j->text.failed ? tare_fail_memory(&j->error) : TARE_OK;
}

static tare_status save(job *j) {
    tare_writer *writer = NULL;
    TARE_TRY(tare_writer_open(j->options.output, &writer, &j->error));
    const tare_status status = tare_writer_write(writer, j->text.data, j->text.length, &j->error);
    if (status == TARE_OK) return tare_writer_commit(writer, &j->error);
    tare_writer_abandon(writer);
    return status;
}

/* ----------------------------------------------------------------------------------- together */

static tare_status predict(job *j) {
    tare_evaluate_options options = {TARE_EVALUATE_DEFAULTS};
    options.batch = j->options.batch;
    TARE_TRY(load(j));
    TARE_TRY(tare_predict_with(j->workshop.session, &j->workshop.network, j->examples, &options,
                               &j->outputs, &j->error));
    return write_answers(j);
}

static int work(job *j) {
    if (j->options.data == NULL)
        return tare_say_misuse("the data is missing: tare predict MODEL --data FILE");
    if (j->options.limit < 0 || j->options.threads < 0)
        return tare_say_misuse("--limit and --threads: need 0 or more");
    if (tare_safetensors_open(j->path, &j->file, &j->error) != TARE_OK)
        return tare_say_error(&j->error);
    const int status =
        tare_workshop_recall(&j->workshop, j->file, j->path, j->options.network, &j->error);
    if (status >= 0) return status;
    if (predict(j) != TARE_OK) return tare_say_error(&j->error);
    if (j->options.output != NULL)
        return save(j) == TARE_OK ? TARE_EXIT_SUCCESS : tare_say_error(&j->error);
    if (!tare_say_text(&j->text)) return tare_say_failure("no memory for the predictions");
    return TARE_EXIT_SUCCESS;
}

static void end(job *j) {
    tare_safetensors_close(j->file);
    tare_workshop_end(&j->workshop);
    tare_standardizer_free(j->standardizer);
    tare_dataset_free(j->examples);
    tare_array_free(j->outputs);
    tare_text_clear(&j->text);
}

static int run(int count, char **texts) {
    job j = {.path = NULL};
    predict_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_predict,
                                .groups = {{"Options", &predict_table, &j.options, NULL}},
                                .group_count = 1,
                                .most_words = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status < 0 && arguments.word_count < 1)
        status = tare_say_misuse("the model's file is missing: tare predict MODEL --data FILE");
    if (status >= 0) return status;
    j.path = arguments.words[0];
    status = work(&j);
    end(&j);
    return status;
}

const tare_command tare_command_predict = {
    .name = "predict",
    .summary = "what a checkpoint's network says of new data, as csv",
    .usage = "MODEL --data FILE [--output FILE]",
    .examples = "  tare predict models/linear.safetensors --data rows.csv\n"
                "  tare predict lenet.safetensors --data x.npy --output classes.csv\n",
    .run = run,
};
