/* SPDX-License-Identifier: Apache-2.0 */
/* tare inspect: a network of the zoo, a file of arrays, a .tflite model, or an event file. */
#include "cli/inspect.h"
#include "base/file.h"
#include "base/nearest.h"
#include "cli/say.h"

#define TARE_TABLE_STRUCT tare_inspect_options
#define TARE_WORDS_graph  TARE_GRAPH_WORDS
#define TARE_WORDS_mode   TARE_MODE_WORDS
TARE_OPTION_TABLE(static, inspect_table, TARE_INSPECT_FIELDS);

static int check(const tare_inspect_options *options) {
    if (options->batch < 1) return tare_say_misuse("--batch: needs 1 or more");
    if (options->threads < 0) return tare_say_misuse("--threads: needs 0 or more");
    if (options->json && options->graph != TARE_GRAPH_NONE)
        return tare_say_misuse("--json: shows variables and plans; --graph has forms of its own");
    return -1;
}

/* A network, whose own options may be given too. */
static int inspect_network(int count, char **texts) {
    tare_inspect_options options;
    tare_workshop workshop = {.name = NULL};
    int status = tare_workshop_begin(&workshop, texts[0]);
    inspect_table.set_defaults(&options);
    if (status < 0) {
        tare_arguments arguments = {
            .command = &tare_command_inspect,
            .groups = {{"Options", &inspect_table, &options, ",numbers,"},
                       {"Options of the network", workshop.table, workshop.options, NULL}},
            .group_count = 2};
        status = tare_arguments_parse(&arguments, count - 1, texts + 1);
    }
    if (status < 0) status = check(&options);
    if (status < 0) status = tare_inspect_network(&workshop, &options);
    tare_workshop_end(&workshop);
    return status;
}

/* Neither a file nor a network. */
static int refuse(const char *name) {
    tare_nearest nearest = {.word = name};
    const char *known;
    for (size_t i = 0; (known = tare_zoo_name(i)) != NULL; i++) tare_nearest_offer(&nearest, known);
    if (nearest.best != NULL)
        return tare_say_failure("there is neither a file nor a network '%s'; did you mean '%s'?",
                                name, nearest.best);
    return tare_say_failure("there is neither a file nor a network '%s'; 'tare list' names the "
                            "networks",
                            name);
}

/* The network that a checkpoint is of. */
static int inspect_network_of(const char *path, const tare_inspect_options *options) {
    tare_error error = {0};
    tare_safetensors *file = NULL;
    tare_workshop workshop = {.name = NULL};
    if (tare_safetensors_open(path, &file, &error) != TARE_OK)
        return tare_say_misuse("--plan and --graph: need the name of a network or a checkpoint of "
                               "one, got '%s'",
                               path);
    int status = check(options);
    if (status < 0) status = tare_workshop_recall(&workshop, file, path, NULL, &error);
    if (status < 0) status = tare_inspect_network(&workshop, options);
    tare_workshop_end(&workshop);
    tare_safetensors_close(file);
    return status;
}

/* Files one after the other, each under its name; the worst status. */
static int inspect_files(const tare_arguments *arguments, const tare_inspect_options *options) {
    int worst = TARE_EXIT_SUCCESS;
    if (arguments->word_count > 1 && options->json)
        return tare_say_misuse("--json: tells of one file, got %d", arguments->word_count);
    for (int i = 0; i < arguments->word_count; i++) {
        const char *path = arguments->words[i];
        tare_text name = {.allocator = NULL};
        tare_text_format(&name, "%s%s:\n", i > 0 ? "\n" : "", path);
        if (arguments->word_count > 1 && !tare_say_text(&name))
            return tare_say_failure("no memory");
        const int status = tare_file_exists(path) ? tare_inspect_file(path, options) : refuse(path);
        if (status > worst) worst = status;
        tare_text_clear(&name);
    }
    return worst;
}

/* A file or several; or nothing that is known. */
static int inspect_file(int count, char **texts) {
    tare_inspect_options options;
    inspect_table.set_defaults(&options);
    tare_arguments arguments = {.command = &tare_command_inspect,
                                .groups = {{"Options", &inspect_table, &options, NULL}},
                                .group_count = 1,
                                .most_words = TARE_MOST_WORDS};
    const int status = tare_arguments_parse(&arguments, count, texts);
    if (status >= 0) return status;
    if (arguments.word_count < 1)
        return tare_say_misuse("a file's or a network's name is missing: tare inspect "
                               "NAME|FILE... [options]");
    if (options.plan || options.graph != TARE_GRAPH_NONE)
        return arguments.word_count == 1 ? inspect_network_of(arguments.words[0], &options)
                                         : tare_say_misuse("--plan and --graph: need one name");
    return inspect_files(&arguments, &options);
}

static int run(int count, char **texts) {
    const bool is_network = count > 0 && tare_zoo_help(texts[0]) != NULL;
    return is_network ? inspect_network(count, texts) : inspect_file(count, texts);
}

const tare_command tare_command_inspect = {
    .name = "inspect",
    .summary = "show a network's variables, graph and plan, or what a file holds",
    .usage = "NAME|FILE... [options]",
    .examples = "  tare inspect lenet_bn\n"
                "  tare inspect lenet_bn --plan --mode train --batch 256\n"
                "  tare inspect lenet.safetensors --plan --json\n"
                "  tare inspect lenet_bn --graph dot | dot -Tsvg > lenet.svg\n"
                "  tare inspect lenet.safetensors --numbers\n"
                "  tare inspect model.tflite\n"
                "  tare inspect runs/lenet/events.out.tfevents.*\n",
    .run = run,
};
