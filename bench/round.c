/* SPDX-License-Identifier: Apache-2.0 */
/* One round: starts the programs, lets them take turns, takes their results. */
#include "round.h"

#include "turn.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

const bench_program bench_programs[BENCH_PROGRAMS] = {
    [BENCH_TARE] = {.name = "Tare", .modes = "train,infer,int8"},
    {"TensorFlow session.run", "tf", "bench/peers/tensorflow_v1.py", .modes = "train,infer"},
    {"PyTorch eager", "torch", "bench/peers/pytorch.py", .modes = "train,infer"},
    {"torch.compile", "torch", "bench/peers/pytorch.py", "--compile", .modes = "train,infer"},
    {"ONNX Runtime", "onnxruntime", "bench/peers/onnx_runtime.py", .modes = "infer",
     .model = ".onnx"},
    {"OpenVINO", "openvino", "bench/peers/openvino_runtime.py", .modes = "infer",
     .model = ".tflite"},
    {"Tare float32", .modes = "int8", .as = "infer"},
    {"LiteRT", "litert", "bench/peers/litert.py", .modes = "infer,int8", .model = ".tflite"},
};

bool bench_takes_part(const bench_program *program, const char *mode) {
    return strstr(program->modes, mode) != NULL;
}

/* A program during the round. */
typedef struct contestant {
    bench_runner runner;
    double others; /* most cores that other processes used during a repeat that counts */
    int again;     /* repeats that were done once more */
} contestant;

/* ------------------------------------------------------------------------------------ starting */

static void complain(const bench_settings *settings, const bench_row *row, size_t program,
                     const char *what) {
    fprintf(stderr, "%s: %s in %s %s, %d threads; its words are in %s/program-%zu.log\n",
            bench_programs[program].name, what, row->workload, row->mode, row->threads,
            settings->folder, program);
}

static bool start(const bench_settings *settings, const bench_row *row, size_t i,
                  bench_runner *runner) {
    const bench_program *program = &bench_programs[i];
    const char *arguments[20], *mode = program->as != NULL ? program->as : row->mode;
    const bool int8 = strcmp(mode, "int8") == 0, infer = strcmp(mode, "infer") == 0;
    const char *ending = int8 ? ".tflite" : infer ? program->model : NULL;
    char threads[16], log[1024], model[1024];
    size_t n = 0;
    snprintf(threads, sizeof threads, "%d", row->threads);
    snprintf(log, sizeof log, "%s/program-%zu.log", settings->folder, i);
    arguments[n++] = settings->executables[i];
    if (program->script != NULL) arguments[n++] = program->script;
    arguments[n++] = row->workload;
    if (program->option != NULL) arguments[n++] = program->option;
    const char *const common[] = {"--mode", mode,           "--threads",
                                  threads,  "--seconds",    settings->seconds,
                                  "--data", settings->data, "--interleave"};
    for (size_t k = 0; k < sizeof common / sizeof *common; k++) arguments[n++] = common[k];
    if (ending != NULL) {
        snprintf(model, sizeof model, "%s/%s%s", settings->folder, row->workload, ending);
        arguments[n++] = "--model";
        arguments[n++] = model;
    }
    arguments[n] = NULL;
    char *texts[20]; /* posix_spawn wants them changeable, and changes none */
    memcpy(texts, arguments, sizeof texts);
    return bench_runner_start(runner, texts, log);
}

/* The int8 model is written by Tare, the first to begin, which runs it too. The float32 one is for
 * engines alone: a process of its own writes it, so that Tare's start and memory are not burdened.
 */
static void write_model(const bench_settings *settings, const bench_row *row) {
    char log[1024], model[1024];
    bench_runner runner = {.process = 0};
    snprintf(log, sizeof log, "%s/model.log", settings->folder);
    snprintf(model, sizeof model, "%s/%s.tflite", settings->folder, row->workload);
    const char *const words[] = {settings->executables[BENCH_TARE],
                                 row->workload,
                                 "--mode",
                                 "infer",
                                 "--data",
                                 settings->data,
                                 "--write-model",
                                 model,
                                 NULL};
    char *texts[sizeof words / sizeof *words];
    memcpy(texts, words, sizeof texts);
    const bool good = bench_runner_start(&runner, texts, log) &&
                      bench_runner_wait_for(&runner, "written", BENCH_WARM_UP_PATIENCE);
    if (!good) fprintf(stderr, "no model of %s for the engines; %s tells\n", row->workload, log);
    bench_runner_stop(&runner);
}

static bool wants_model(const bench_settings *settings, const bench_row *row) {
    for (size_t i = 0; i < BENCH_PROGRAMS; i++)
        if (settings->executables[i] != NULL && bench_programs[i].model != NULL &&
            strcmp(row->mode, "infer") == 0)
            return true;
    return false;
}

/* Starts one after the other, so that nobody's warm-up is disturbed by another's. */
static void start_all(const bench_settings *settings, const bench_row *row,
                      contestant seats[BENCH_PROGRAMS]) {
    if (wants_model(settings, row)) write_model(settings, row);
    for (size_t i = 0; i < BENCH_PROGRAMS; i++) {
        bench_runner *runner = &seats[i].runner;
        if (settings->executables[i] == NULL) continue;
        if (!bench_takes_part(&bench_programs[i], row->mode)) continue;
        if (start(settings, row, i, runner) &&
            bench_runner_wait_for(runner, "ready", BENCH_WARM_UP_PATIENCE))
            continue;
        complain(settings, row, i, "could not begin");
        bench_runner_stop(runner);
    }
}

/* --------------------------------------------------------------------------------- taking turns */

/* One repeat that counts: disturbed ones are done again, as often as there are repeats. */
static bool take_turn(const bench_settings *settings, contestant *seat) {
    const double patience = settings->patience;
    const int most = patience > 0 ? settings->repeats : 0;
    bench_turn turn;
    bool good = bench_take_turn(&seat->runner, "go", patience, &turn);
    while (good && turn.others > BENCH_TOLERATED_CORES && seat->again < most) {
        seat->again++;
        good = bench_take_turn(&seat->runner, "again", patience, &turn);
    }
    seat->others = fmax(seat->others, turn.others);
    return good;
}

static void take_turns(const bench_settings *settings, const bench_row *row,
                       contestant seats[BENCH_PROGRAMS]) {
    for (int turn = 0; turn < settings->repeats; turn++) {
        for (size_t i = 0; i < BENCH_PROGRAMS; i++) {
            if (seats[i].runner.process == 0 || take_turn(settings, &seats[i])) continue;
            complain(settings, row, i, "failed");
            bench_runner_stop(&seats[i].runner);
        }
    }
}

/* ------------------------------------------------------------------------------------- results */

static double number(const json_t *object, const char *key, double otherwise) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

/* Operations a second over the peak. A program that infers int8 is not told against multiply-adds
 * of float32. */
static double fraction_of_peak(const json_t *said, const bench_score *score) {
    const char *mode = json_string_value(json_object_get(said, "mode"));
    const double gflop = number(said, "gflop", NAN), peak = number(said, "peak_gflops", NAN);
    const double seconds =
        score->in_microseconds ? 1e-6 * score->median : number(said, "batch", NAN) / score->median;
    return mode != NULL && strcmp(mode, "int8") == 0 ? NAN : gflop / seconds / peak;
}

/* False: it is not what a program of this benchmark says. */
static bool read_score(const json_t *said, bench_score *score) {
    const json_t *values = json_object_get(said, "us_per_step");
    const char *version = json_string_value(json_object_get(said, "version"));
    score->in_microseconds = values != NULL;
    if (values == NULL) values = json_object_get(said, "images_per_second");
    score->median = number(values, "median", 0);
    score->least = number(values, "min", 0);
    score->greatest = number(values, "max", 0);
    score->startup = number(said, "startup_s", NAN);
    score->megabytes = number(said, "peak_rss_mb", NAN);
    score->step_adds = number(said, "step_rss_mb", NAN);
    const json_t *start = json_object_get(said, "start_ms");
    score->ready = number(start, "ready", NAN);
    score->program = number(start, "program", NAN);
    score->setup = number(start, "setup", NAN);
    score->planning = number(start, "planning", NAN);
    score->data = number(start, "data", NAN);
    score->fraction = fraction_of_peak(said, score);
    score->loss_at_1000 = number(said, "loss_at_1000", NAN);
    snprintf(score->version, sizeof score->version, "%s", version == NULL ? "" : version);
    score->measured = score->median > 0;
    return score->measured;
}

/* Its line, with what it cannot know itself. */
static bool write_line(const bench_settings *settings, size_t program, const contestant *seat,
                       json_t *said) {
    if (json_object_set_new(said, "program", json_string(bench_programs[program].name)) != 0 ||
        json_object_set_new(said, "data", json_string(settings->data_name)) != 0 ||
        json_object_set_new(said, "others_cores_max", json_real(seat->others)) != 0 ||
        json_object_set_new(said, "repeated", json_integer(seat->again)) != 0)
        return false;
    return json_dumpf(said, settings->results, JSON_REAL_PRECISION(6)) == 0 &&
           fputc('\n', settings->results) != EOF && fflush(settings->results) == 0;
}

static bool finish(const bench_settings *settings, size_t program, contestant *seat,
                   bench_score *score) {
    const char *line = bench_runner_say(&seat->runner, "end")
                           ? bench_runner_line(&seat->runner, BENCH_REPEAT_PATIENCE)
                           : NULL;
    json_t *said = line == NULL ? NULL : json_loads(line, 0, NULL);
    const bool good = said != NULL && read_score(said, score);
    score->others = seat->others;
    if (good && !write_line(settings, program, seat, said))
        fprintf(stderr, "the results cannot be written to %s\n", settings->folder);
    json_decref(said);
    return good;
}

void bench_round_run(const bench_settings *settings, bench_round *round) {
    contestant seats[BENCH_PROGRAMS] = {{.others = 0}};
    start_all(settings, &round->row, seats);
    take_turns(settings, &round->row, seats);
    for (size_t i = 0; i < BENCH_PROGRAMS; i++) {
        if (seats[i].runner.process == 0) continue;
        if (!finish(settings, i, &seats[i], &round->scores[i]))
            complain(settings, &round->row, i, "gave no result");
        bench_runner_stop(&seats[i].runner);
    }
}

double bench_score_time(const bench_score *score) {
    return score->in_microseconds ? score->median : 1 / score->median;
}

double bench_score_noise(const bench_score *score) {
    return (score->greatest - score->least) / (2 * score->median);
}

const bench_score *bench_round_fastest_peer(const bench_round *round) {
    const bench_score *fastest = NULL;
    for (size_t i = 0; i < BENCH_PROGRAMS; i++) {
        const bench_score *score = &round->scores[i];
        if (bench_programs[i].family == NULL || !score->measured) continue;
        if (fastest == NULL || bench_score_time(score) < bench_score_time(fastest)) fastest = score;
    }
    return fastest;
}
