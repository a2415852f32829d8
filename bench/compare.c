/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark: Tare and its peers on the same workloads, interleaved; tables, and where Tare
 * loses; and studies of Tare alone. tools/bench builds what this needs, starts it and tells its
 * options.
 */
#include "generate.h"
#include "list.h"
#include "machine.h"
#include "pairs.h"
#include "round.h"
#include "study.h"
#include "table.h"
#include "workload.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SUCCESS = 0, FAILURE = 1, MISUSE = 2, PATH_BYTES = 1024 };

#define PEERS "tf,torch,onnxruntime,openvino,litert"

typedef struct compare_options {
    const char *workloads, *modes, *threads; /* lists; NULL: as the workloads say */
    const char *study, *pairs, *profile;     /* study NULL: the comparison with peers */
    const char *peers, *data, *folder, *tare, *python_tf, *python_torch, *python_litert,
        *python_openvino, *seconds, *patience, *repeats;
} compare_options;

/* ------------------------------------------------------------------------------------- options */

static int misuse(const char *what, const char *which) {
    fprintf(stderr, "tools/bench: %s%s; tools/bench --help tells what there is\n", what, which);
    return MISUSE;
}

/* Where the value of that option goes; NULL: no such option. */
static const char **option_place(compare_options *options, const char *name) {
    const struct {
        const char *name, **place;
    } table[] = {
        {"--workloads", &options->workloads},
        {"--modes", &options->modes},
        {"--threads", &options->threads},
        {"--study", &options->study},
        {"--pairs", &options->pairs},
        {"--profile", &options->profile},
        {"--peers", &options->peers},
        {"--data", &options->data},
        {"--folder", &options->folder},
        {"--seconds", &options->seconds},
        {"--repeats", &options->repeats},
        {"--patience", &options->patience},
        {"--tare", &options->tare},
        {"--python-tf", &options->python_tf},
        {"--python-torch", &options->python_torch},
        {"--python-litert", &options->python_litert},
        {"--python-openvino", &options->python_openvino},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0) return table[i].place;
    return NULL;
}

/* Negative: the text is no time. */
static double seconds_of(const char *text) {
    char *end;
    const double value = strtod(text, &end);
    return end != text && *end == '\0' && value < 1e4 ? value : -1;
}

typedef bool is_known(const char *word);
static bool is_workload(const char *word) { return bench_workload_named(word) != NULL; }
static bool is_mode(const char *word) { return bench_in_list("train,infer,int8", word); }
static bool is_threads(const char *word) { return bench_whole_number(word, 1024) > 0; }
static bool is_peer(const char *word) { return bench_in_list("none," PEERS, word); }

/* -1: every word of the list is known; else an exit status. */
static int check_list(const char *list, is_known *known, const char *what) {
    char item[BENCH_WORD_BYTES] = "";
    int count = 0;
    if (list == NULL) return -1;
    for (; bench_list_item(list, count, item, sizeof item); count++)
        if (!known(item)) return misuse(what, item);
    return count > 0 ? -1 : misuse(what, list);
}

/* -1: go on; else an exit status. */
static int parse(compare_options *options, int count, char **texts) {
    for (int i = 1; i < count; i += 2) {
        const char **place = option_place(options, texts[i]);
        if (place == NULL) return misuse("no such option: ", texts[i]);
        if (i + 1 == count) return misuse("a value is missing after ", texts[i]);
        *place = texts[i + 1];
    }
    int status = check_list(options->workloads, is_workload, "no such workload: ");
    if (status < 0) status = check_list(options->modes, is_mode, "no such mode: ");
    if (status < 0) status = check_list(options->threads, is_threads, "not a number of threads: ");
    if (status < 0) status = check_list(options->peers, is_peer, "no such peer: ");
    if (status < 0 && bench_whole_number(options->repeats, 100) == 0)
        status = misuse("not a number of repeats: ", options->repeats);
    if (status < 0 && options->study != NULL && bench_study_named(options->study) == NULL)
        status = misuse("no such study: ", options->study);
    if (status < 0 && bench_whole_number(options->pairs, BENCH_MOST_PAIRS) < BENCH_LEAST_VALUES)
        status = misuse("not a number of pairs from 6 to 200: ", options->pairs);
    if (status < 0 && !(seconds_of(options->seconds) > 0))
        status = misuse("not a time in seconds: ", options->seconds);
    if (status < 0 && !(seconds_of(options->patience) >= 0))
        status = misuse("not a time in seconds: ", options->patience);
    return status;
}

/* Rows of the table that were asked for, in its order; 0: none, or too many. */
static size_t choose_rows(const compare_options *options, bench_round rounds[BENCH_MOST_ROUNDS]) {
    size_t count = 0;
    const char *name;
    for (size_t i = 0; (name = bench_workload_name(i)) != NULL; i++) {
        const bench_workload *workload = bench_workload_named(name);
        const bool share = options->threads != NULL && !workload->in_microseconds;
        const char *threads = share ? options->threads : workload->threads;
        if (options->workloads != NULL && !bench_in_list(options->workloads, name)) continue;
        if (workload->ours) continue;
        char number[16];
        static const char *const modes[] = {"train", "infer", "int8"};
        for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
            const char *mode = modes[m];
            if (!bench_in_list(options->modes, mode) || !bench_in_list(workload->modes, mode))
                continue;
            for (int t = 0; bench_list_item(threads, t, number, sizeof number); t++) {
                if (count == BENCH_MOST_ROUNDS) return 0;
                rounds[count++].row = (bench_row){name, mode, bench_whole_number(number, 1024)};
            }
        }
    }
    return count;
}

/* ---------------------------------------------------------------------------------------- data */

static bool has_images(const char *folder) {
    char path[PATH_BYTES];
    for (int zipped = 0; zipped < 2; zipped++) {
        snprintf(path, sizeof path, "%s/train-images-idx3-ubyte%s", folder, zipped ? ".gz" : "");
        if (access(path, R_OK) == 0) return true;
    }
    return false;
}

/* Finds the images, or makes them; false: neither. made: room for the name of a folder. */
static bool find_images(const compare_options *options, bench_settings *settings,
                        char made[PATH_BYTES]) {
    const bool installed = has_images(TARE_FASHION_MNIST_FOLDER);
    const char *wanted = options->data != NULL ? options->data
                         : installed           ? "fashion-mnist"
                                               : "generated";
    tare_error error = {.status = TARE_OK};
    if (strcmp(wanted, "fashion-mnist") == 0) {
        settings->data = TARE_FASHION_MNIST_FOLDER;
        settings->data_name = "Fashion-MNIST";
    } else if (strcmp(wanted, "generated") == 0) {
        snprintf(made, PATH_BYTES, "%s/generated", options->folder);
        settings->data = made;
        settings->data_name = "generated images of Fashion-MNIST's size";
        if (mkdir(made, 0777) != 0 && errno != EEXIST) return false;
        if (!has_images(made) && bench_generate_images(made, &error) != TARE_OK)
            fprintf(stderr, "tools/bench: %s\n", error.message);
    } else {
        settings->data = wanted;
        settings->data_name = wanted;
    }
    if (has_images(settings->data)) return true;
    fprintf(stderr, "tools/bench: there are no images in %s\n", settings->data);
    return false;
}

/* ------------------------------------------------------------------------------------- running */

/* The first line of the results. */
static bool write_head(const bench_settings *settings, const char *processor) {
    json_t *head = json_pack("{s:s, s:i, s:s, s:i, s:s}", "processor", processor, "cores",
                             (int)sysconf(_SC_NPROCESSORS_ONLN), "data", settings->data_name,
                             "repeats", settings->repeats, "seconds", settings->seconds);
    const bool good = head != NULL && json_dumpf(head, settings->results, 0) == 0 &&
                      fputc('\n', settings->results) != EOF;
    json_decref(head);
    return good;
}

/* The file of this run's results, named after the time. */
static FILE *open_results(const char *folder, char path[PATH_BYTES]) {
    const time_t now = time(NULL);
    struct tm local;
    char stamp[32] = "results";
    if (localtime_r(&now, &local) != NULL) strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    snprintf(path, PATH_BYTES, "%s/%s.jsonl", folder, stamp);
    FILE *file = fopen(path, "w");
    if (file == NULL) fprintf(stderr, "tools/bench: %s cannot be written\n", path);
    return file;
}

/* The Python that runs a family's scripts. */
static const char *python_of(const compare_options *options, const char *family) {
    const struct {
        const char *family, *python;
    } table[] = {
        {"tf", options->python_tf},
        {"torch", options->python_torch},
        {"onnxruntime", options->python_torch}, /* PyTorch writes its models */
        {"openvino", options->python_openvino},
        {"litert", options->python_litert},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].family, family) == 0) return table[i].python;
    return NULL;
}

static void choose_programs(const compare_options *options, bench_settings *settings) {
    for (size_t i = 0; i < BENCH_PROGRAMS; i++) {
        const char *family = bench_programs[i].family;
        if (family == NULL)
            settings->executables[i] = options->tare;
        else if (bench_in_list(options->peers, family))
            settings->executables[i] = python_of(options, family);
    }
}

/* One line when a round is over, for whoever waits. */
static void print_progress(const bench_round *round, size_t done, size_t count) {
    const bench_row *row = &round->row;
    const bench_score *tare = &round->scores[BENCH_TARE];
    fprintf(stderr, "%zu of %zu: %s %s, threads %d: Tare %.6g %s\n", done, count, row->workload,
            row->mode, row->threads, tare->median, tare->in_microseconds ? "us/step" : "images/s");
}

/* True when every program that was asked for was measured. */
static bool is_whole(const bench_settings *settings, const bench_round *round) {
    for (size_t i = 0; i < BENCH_PROGRAMS; i++)
        if (settings->executables[i] != NULL && !round->scores[i].measured &&
            bench_takes_part(&bench_programs[i], round->row.mode))
            return false;
    return true;
}

static void print_results(const bench_settings *settings, const char *processor,
                          const bench_round *rounds, size_t count) {
    printf("\n%s, %ld cores; %s; %d repeats of %s s, interleaved\n\n", processor,
           sysconf(_SC_NPROCESSORS_ONLN), settings->data_name, settings->repeats,
           settings->seconds);
    bench_print_speed(rounds, count);
    bench_print_gains(rounds, count);
    putchar('\n');
    bench_print_footprint(rounds, count);
    bench_print_start(rounds, count);
    putchar('\n');
    bench_print_agreement(rounds, count);
    bench_print_disturbances(rounds, count);
    bench_print_losses(rounds, count);
}

/* Runs all rounds; false: something failed. */
static bool run_rounds(const bench_settings *settings, const char *processor, bench_round *rounds,
                       size_t count) {
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        bench_round_run(settings, &rounds[i]);
        print_progress(&rounds[i], i + 1, count);
        all = is_whole(settings, &rounds[i]) && all;
    }
    print_results(settings, processor, rounds, count);
    return all;
}

/* Runs the study that was asked for; false: something failed. */
static bool run_study(const compare_options *options, const bench_settings *settings,
                      const char *processor) {
    const bench_study_options asked = {
        .workloads = options->workloads,
        .modes = options->modes,
        .threads = options->threads,
        .pairs = bench_whole_number(options->pairs, BENCH_MOST_PAIRS),
        .profile = options->profile != NULL,
    };
    printf("%s, %ld cores; %s; repeats of %s s, interleaved\n\n", processor,
           sysconf(_SC_NPROCESSORS_ONLN), settings->data_name, settings->seconds);
    return bench_study_named(options->study)(settings, &asked);
}

/* Runs all rounds, or the study; an exit status. */
static int run(const compare_options *options, bench_round *rounds, size_t count) {
    char made[PATH_BYTES], path[PATH_BYTES], processor[128];
    bench_settings settings = {.folder = options->folder,
                               .seconds = options->seconds,
                               .patience = seconds_of(options->patience),
                               .repeats = bench_whole_number(options->repeats, 100)};
    if (!find_images(options, &settings, made)) return FAILURE;
    choose_programs(options, &settings);
    settings.results = open_results(options->folder, path);
    if (settings.results == NULL) return FAILURE;
    bench_processor(processor, sizeof processor);
    bool all = write_head(&settings, processor);
    if (options->study != NULL)
        all = run_study(options, &settings, processor) && all;
    else
        all = run_rounds(&settings, processor, rounds, count) && all;
    printf("All numbers: %s\n", path);
    return fclose(settings.results) == 0 && all ? SUCCESS : FAILURE;
}

int main(int count, char **texts) {
    compare_options options = {.modes = "train,infer,int8",
                               .peers = PEERS,
                               .folder = "build/bench",
                               .seconds = ".3",
                               .patience = "10",
                               .repeats = "9",
                               .pairs = "30",
                               .tare = "build/release/bench/tare_peer",
                               .python_tf = "build/peers/tf/bin/python",
                               .python_torch = "build/peers/torch/bin/python",
                               .python_litert = "build/peers/litert/bin/python",
                               .python_openvino = "build/peers/openvino/bin/python"};
    const int status = parse(&options, count, texts);
    if (status >= 0) return status;
    signal(SIGPIPE, SIG_IGN); /* a program that died is told of, and the others go on */
    static bench_round rounds[BENCH_MOST_ROUNDS];
    const size_t rows = choose_rows(&options, rounds);
    if (rows == 0 && options.study == NULL)
        return misuse("nothing to measure, or too much at once", "");
    return run(&options, rounds, rows);
}
