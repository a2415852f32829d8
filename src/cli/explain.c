/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare explain: training steps of a network with the arithmetic of every batch normalisation, then
 * what inference makes of the statistics. Every number is computed here and now.
 */
#include "cli/explain.h"
#include "base/memory.h"
#include "base/status.h"
#include "cli/say.h"

#include <string.h>

/* clang-format off */
#define TARE_EXPLAIN_FIELDS(field)                                                                \
    field(text, set, NULL,                                                                        \
          "VARIABLE=NUMBER[,NUMBER...] before the first step; may be repeated")                   \
    field(text, x, NULL, "inputs, separated by commas; with --batch, batch after batch")   \
    field(text, y, NULL, "labels or targets of the batch")                                        \
    field(integer, steps, 1, "training steps")                                                    \
    field(integer, batch, 0, "examples in the batch; 0: the recipe's")                            \
    field(text, data, NULL, "data set or file; by default the network's own")                     \
    field(text, folder, NULL, "folder of Fashion-MNIST's files")                                  \
    field(text, label, "label", "column of the labels in a .csv file")                            \
    field(integer, channels, 4, "channels shown of each layer; 0: all")                           \
    field(integer, seed, 1, "of first values and of the batch")                                   \
    field(integer, threads, 1, "that compute; 0: one per processor")                              \
    field(boolean, json, false, "print JSON")
/* clang-format on */
TARE_OPTIONS(explain_options, TARE_EXPLAIN_FIELDS);
#define TARE_TABLE_STRUCT explain_options
TARE_OPTION_TABLE(static, explain_table, TARE_EXPLAIN_FIELDS);

enum { MOST_SETS = 64, MOST_NUMBERS = 4096 };

typedef struct job {
    explain_options options;
    tare_workshop workshop;
    const char *sets[MOST_SETS];
    int set_count;
    tare_dataset *examples;
    tare_batches *batches;
    tare_batch batch;
    tare_array *x, *y;           /* given on the command line */
    tare_array *x_part, *y_part; /* of them, for one step */
    tare_array *yes, *no;
    tare_array *activation;   /* the session's */
    tare_explanation **steps; /* [options.steps] */
    tare_explanation *inference;
    tare_error error;
} job;

/* ------------------------------------------------------------------------ the command line */

/* Takes every "--set VARIABLE=VALUE" out of the words, because it may stand there more than once.
 */
static int take_sets(job *j, int count, char **texts, int *left) {
    *left = 0;
    for (int i = 0; i < count; i++) {
        const bool apart = strcmp(texts[i], "--set") == 0;
        const bool joined = strncmp(texts[i], "--set=", 6) == 0;
        if (!apart && !joined) {
            texts[(*left)++] = texts[i];
            continue;
        }
        if (apart && i + 1 >= count) return tare_say_misuse("--set: needs VARIABLE=NUMBER");
        if (j->set_count == MOST_SETS)
            return tare_say_misuse("--set: got more than %d of them", MOST_SETS);
        j->sets[j->set_count++] = joined ? texts[i] + 6 : texts[++i];
    }
    return -1;
}

/* Numbers separated by commas; -1: something else stands there, or too many. */
static int64_t read_numbers(const char *text, float *numbers) {
    int64_t count = 0;
    for (;;) {
        double number = 0;
        if (count == MOST_NUMBERS || !tare_parse_double(&text, &number)) return -1;
        numbers[count++] = (float)number;
        if (*text == '\0') return count;
        if (*text++ != ',') return -1;
    }
}

static tare_status refuse_numbers(job *j, const char *what, const char *text) {
    return tare_fail_at(&j->error, TARE_ERROR_ARGUMENT, NULL, what, text,
                        "numbers separated by commas");
}

/* --set VARIABLE=NUMBERS: as many numbers as the variable has, or one for all. */
static tare_status set_variable(job *j, const char *text) {
    char name[256];
    float numbers[MOST_NUMBERS];
    const char *equals = strchr(text, '=');
    if (!equals || (size_t)(equals - text) >= sizeof name)
        return tare_fail_at(&j->error, TARE_ERROR_ARGUMENT, NULL, "--set", text, "VARIABLE=NUMBER");
    tare_print(name, sizeof name, "%.*s", (int)(equals - text), text);
    const int64_t given = read_numbers(equals + 1, numbers);
    if (given < 1) return refuse_numbers(j, name, equals + 1);
    tare_array *array = NULL;
    tare_status status = tare_session_get(j->workshop.session, name, &array);
    const int64_t count = tare_array_count(array);
    if (status == TARE_OK && given != 1 && given != count) {
        char got[64], need[64];
        tare_print(got, sizeof got, "%lld numbers", (long long)given);
        tare_print(need, sizeof need, "1 or %lld", (long long)count);
        tare_array_free(array);
        return tare_fail_at(&j->error, TARE_ERROR_SHAPE, "variable", name, got, need);
    }
    for (int64_t i = 0; status == TARE_OK && i < count; i++)
        tare_array_set_number(array, i, (double)numbers[given == 1 ? 0 : i]);
    if (status == TARE_OK) status = tare_session_set(j->workshop.session, name, array);
    tare_array_free(array);
    if (status != TARE_OK) j->error = *tare_session_error(j->workshop.session);
    return status;
}

/* Numbers of the command line as an array [n / size of one, ...] like the placeholder. */
static tare_status make_given(job *j, const char *what, const char *text, tare_tensor like,
                              tare_array **array) {
    float numbers[MOST_NUMBERS];
    tare_shape shape = tare_tensor_shape(like);
    const int64_t count = read_numbers(text, numbers);
    if (count < 1) return refuse_numbers(j, what, text);
    int64_t one = 1;
    for (int32_t d = 1; d < shape.rank; d++) one *= shape.extents[d];
    if (shape.rank < 1 || one < 1 || count % one != 0) {
        char need[64];
        tare_print(need, sizeof need, "a multiple of %lld numbers", (long long)one);
        return tare_fail_at(&j->error, TARE_ERROR_SHAPE, NULL, what, text, need);
    }
    shape.extents[0] = count / one;
    TARE_TRY(tare_array_new(tare_tensor_dtype(like), shape, NULL, array));
    for (int64_t i = 0; i < count; i++) tare_array_set_number(*array, i, (double)numbers[i]);
    return TARE_OK;
}

/* -------------------------------------------------------------------------------- working */

static int64_t batch_size(const job *j) {
    if (j->options.batch > 0) return j->options.batch;
    /* A batch of two is what the question had; more channels and examples want more. */
    return strcmp(j->workshop.name, "question") == 0 ? 2 : 32;
}

static tare_status load_examples(job *j) {
    const tare_data_request request = {.data = j->options.data ? j->options.data
                                                               : tare_zoo_data(j->workshop.name),
                                       .label = j->options.label,
                                       .folder = j->options.folder,
                                       .size = tare_workshop_image_size(&j->workshop)};
    TARE_TRY(tare_workshop_load(&request, &j->examples, &j->error));
    tare_batches_options options = {TARE_BATCHES_DEFAULTS};
    options.batch = batch_size(j);
    options.seed = j->options.seed;
    options.shuffle = tare_dataset_count(j->examples) > options.batch;
    const tare_shape input = tare_tensor_shape(j->workshop.network.inputs);
    options.input_shape.rank = input.rank - 1;
    for (int32_t d = 1; d < input.rank; d++) options.input_shape.extents[d - 1] = input.extents[d];
    return tare_batches_new_with(j->examples, &options, &j->batches, &j->error);
}

/* Rows of what was given, and how many make a batch: all of them unless --batch says fewer. */
static int64_t given_batch(const job *j, const tare_array *all) {
    const int64_t rows = tare_array_shape(all).extents[0];
    return j->options.batch > 0 && j->options.batch < rows ? j->options.batch : rows;
}

static tare_status check_given(job *j, const char *what, const tare_array *all) {
    const int64_t rows = tare_array_shape(all).extents[0], batch = given_batch(j, all);
    char got[64], need[64];
    if (rows % batch == 0) return TARE_OK;
    tare_print(got, sizeof got, "%lld examples", (long long)rows);
    tare_print(need, sizeof need, "a multiple of the batch, %lld", (long long)batch);
    return tare_fail_at(&j->error, TARE_ERROR_SHAPE, NULL, what, got, need);
}

static tare_status load_data(job *j) {
    const tare_network *network = &j->workshop.network;
    if (!j->options.x || !j->options.y) TARE_TRY(load_examples(j));
    if (j->options.x) {
        TARE_TRY(make_given(j, "--x", j->options.x, network->inputs, &j->x));
        TARE_TRY(check_given(j, "--x", j->x));
    }
    if (j->options.y) {
        TARE_TRY(make_given(j, "--y", j->options.y, network->labels, &j->y));
        TARE_TRY(check_given(j, "--y", j->y));
    }
    return TARE_OK;
}

/* The rows of a step: batch after batch, and from the first again after the last. */
static tare_status slice(job *j, const tare_array *all, int64_t step, tare_array **part) {
    const int64_t batch = given_batch(j, all);
    tare_shape shape = tare_array_shape(all);
    const int64_t at = step % (shape.extents[0] / batch) * batch;
    const size_t row = tare_array_bytes(all) / (size_t)shape.extents[0];
    const char *numbers = tare_array_const_data(all);
    shape.extents[0] = batch;
    tare_array_free(*part);
    *part = NULL;
    if (tare_array_copy_of(tare_array_dtype(all), shape, numbers + (size_t)at * row, part) !=
        TARE_OK)
        return tare_fail_memory(&j->error);
    return TARE_OK;
}

static tare_status take_batch(job *j, int64_t step) {
    if (j->batches)
        TARE_TRY(tare_batches_get(j->batches, 0, step % tare_batches_count(j->batches), &j->batch));
    if (j->x) {
        TARE_TRY(slice(j, j->x, step, &j->x_part));
        j->batch.inputs = j->x_part;
    }
    if (j->y) {
        TARE_TRY(slice(j, j->y, step, &j->y_part));
        j->batch.labels = j->y_part;
    }
    return TARE_OK;
}

static tare_status prepare(job *j) {
    TARE_TRY(tare_workshop_build(&j->workshop, j->options.seed, &j->error));
    TARE_TRY(tare_workshop_open(&j->workshop, j->options.threads, &j->error));
    if (tare_session_initialize(j->workshop.session) != TARE_OK) {
        j->error = *tare_session_error(j->workshop.session);
        return j->error.status;
    }
    for (int i = 0; i < j->set_count; i++) TARE_TRY(set_variable(j, j->sets[i]));
    TARE_TRY(load_data(j));
    j->yes = tare_array_bool(true);
    j->no = tare_array_bool(false);
    j->steps = tare_allocate_array(NULL, j->options.steps, sizeof *j->steps);
    return j->yes && j->no && j->steps ? TARE_OK : tare_fail_memory(&j->error);
}

static tare_status explain_run(job *j, bool training, tare_explanation **explanation) {
    const tare_network *network = &j->workshop.network;
    const tare_feed feeds[] = {{network->inputs, j->batch.inputs},
                               {network->training, training ? j->yes : j->no},
                               {network->labels, j->batch.labels}};
    const tare_tensor fetch = training ? network->train : network->logits;
    const tare_status status =
        tare_explain(j->workshop.session, feeds, training ? 3 : 2, &fetch, 1, NULL, explanation);
    if (status != TARE_OK && tare_session_error(j->workshop.session))
        j->error = *tare_session_error(j->workshop.session);
    return status;
}

/* The activation behind the question's first layer, in inference: what its author printed last. */
static void fetch_activation(job *j) {
    const tare_feed feeds[] = {{j->workshop.network.inputs, j->batch.inputs},
                               {j->workshop.network.training, j->no}};
    if (!tare_tensor_is_valid(tare_tensor_named(j->workshop.graph, "hidden1/Relu:0"))) return;
    if (tare_session_run_named(j->workshop.session, feeds, 2, "hidden1/Relu:0", &j->activation) !=
        TARE_OK)
        j->activation = NULL;
}

static tare_status explain_all(job *j) {
    TARE_TRY(prepare(j));
    for (int64_t step = 0; step < j->options.steps; step++) {
        TARE_TRY(take_batch(j, step));
        TARE_TRY(explain_run(j, true, &j->steps[step]));
    }
    TARE_TRY(explain_run(j, false, &j->inference));
    fetch_activation(j);
    return TARE_OK;
}

static int say(job *j) {
    tare_explained_run run = {.workshop = &j->workshop,
                              .steps = j->steps,
                              .step_count = j->options.steps,
                              .inference = j->inference,
                              .activation = j->activation,
                              .channels = j->options.channels};
    tare_text text = {0};
    if (j->options.json)
        tare_explained_json(&run, &text);
    else
        tare_explained_text(&run, &text);
    return tare_say_text(&text) ? TARE_EXIT_SUCCESS : tare_say_failure("no memory for the result");
}

static void end(job *j) {
    for (int64_t i = 0; j->steps && i < j->options.steps; i++) tare_explanation_free(j->steps[i]);
    if (j->steps) tare_release(NULL, j->steps, (size_t)j->options.steps * sizeof *j->steps);
    tare_explanation_free(j->inference);
    tare_batches_free(j->batches);
    tare_dataset_free(j->examples);
    tare_array_free(j->x);
    tare_array_free(j->y);
    tare_array_free(j->x_part);
    tare_array_free(j->y_part);
    tare_array_free(j->yes);
    tare_array_free(j->no);
    tare_workshop_end(&j->workshop);
}

static int check(const job *j) {
    if (j->options.steps < 1 || j->options.steps > 1000000)
        return tare_say_misuse("--steps: needs 1 to 1000000");
    if (j->options.batch < 0) return tare_say_misuse("--batch: needs 0 or more");
    if (j->options.channels < 0) return tare_say_misuse("--channels: needs 0 or more");
    return -1;
}

/* The network's name is the first word that is no option; its options are known only then. */
static const char *find_network(int count, char **texts) {
    return count > 0 && texts[0][0] != '-' ? texts[0] : NULL;
}

static int run(int count, char **texts) {
    job j = {.set_count = 0};
    explain_table.set_defaults(&j.options);
    int left = 0;
    int status = take_sets(&j, count, texts, &left);
    if (status >= 0) return status;
    tare_arguments arguments = {.command = &tare_command_explain,
                                .groups = {{"Options", &explain_table, &j.options, ",set,"}},
                                .group_count = 1,
                                .most_words = 1};
    const char *name = find_network(left, texts);
    if (name) {
        status = tare_workshop_begin(&j.workshop, name);
        if (status >= 0) return status;
        arguments.groups[arguments.group_count++] = (tare_option_group){
            "Options of the network", j.workshop.table, j.workshop.options, NULL};
    }
    status = tare_arguments_parse(&arguments, left, texts);
    if (status < 0 && !name)
        status = tare_say_misuse("the network is missing: tare explain NAME [options]");
    if (status < 0) status = check(&j);
    if (status < 0) status = explain_all(&j) == TARE_OK ? say(&j) : tare_say_error(&j.error);
    end(&j);
    return status;
}

const tare_command tare_command_explain = {
    .name = "explain",
    .summary = "every batch normalisation of a network with its arithmetic",
    .usage = "NAME [options]",
    .examples =
        "  tare explain question                      the question's program, step and arithmetic\n"
        "  tare explain question --steps 3 --momentum 0.9\n"
        "  tare explain question --set hidden1/dense/kernel=0.8 --x 0,1,2 --y 3,4,5\n"
        "  tare explain lenet_bn --data synthetic --channels 2\n",
    .run = run,
};
