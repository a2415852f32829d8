/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tare as one of the programs that a benchmark compares: runs one workload, measures it and prints
 * one JSON line.
 *
 *     tare_peer WORKLOAD [--mode train|infer|int8] [--threads N] [--batch B] [--seconds S]
 *               [--repeats R] [--interleave] [--data FOLDER] [--no-bn] [--pin]
 *               [--profile] [--model FILE] [--write-model FILE]
 *
 * With --interleave it says `ready` after the warm-up; then `go` on standard input makes it do one
 * repeat, tell its seconds a step with the peak measured after it, and say `done`, `again` the same
 * in place of the last one, and `end` (or the end of the input) ends it. --no-bn leaves out batch
 * normalisation, --pin keeps it on one core, --profile also tells where the time
 * goes by kind of step. --write-model writes the network's model in float32,
 * for the engines among the peers, says `written` and measures nothing. Every repeat is checked
 * after its time is taken; a wrong number ends the program.
 */
#include "arithmetic.h"
#include "kinds.h"
#include "machine.h"
#include "quantised.h"
#include "statistics.h"
#include "workload.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SUCCESS = 0, FAILURE = 1, MISUSE = 2, MOST_REPEATS = 1000 };

#define WARM_UP_SECONDS .35
#define WARM_UP_STEPS   3

typedef struct peer_options {
    const bench_workload *workload;
    bench_setup setup;
    double seconds;
    int64_t repeats;
    bool interleave, pin, profile;
    const char *model; /* to write and no more; NULL: measure */
} peer_options;

/* ------------------------------------------------------------------------------------- options */

static int misuse(const char *what, const char *which) {
    fprintf(stderr, "tare_peer: %s%s\n", what, which);
    fputs("usage: tare_peer WORKLOAD [--mode train|infer|int8] [--threads N] [--batch B]\n"
          "                 [--seconds S] [--repeats R] [--interleave] [--data FOLDER] [--no-bn]\n"
          "                 [--pin] [--profile] [--model FILE] [--write-model FILE]\nworkloads:",
          stderr);
    const char *name;
    for (size_t i = 0; (name = bench_workload_name(i)) != NULL; i++) fprintf(stderr, " %s", name);
    fputc('\n', stderr);
    return MISUSE;
}

static bool parse_whole(const char *text, int64_t least, int64_t most, int64_t *value) {
    char *end;
    *value = strtoll(text, &end, 10);
    return end != text && *end == '\0' && *value >= least && *value <= most;
}

static bool parse_mode(const char *text, bench_setup *setup) {
    setup->training = strcmp(text, "train") == 0;
    setup->int8 = strcmp(text, "int8") == 0;
    return setup->training || setup->int8 || strcmp(text, "infer") == 0;
}

static bool parse_seconds(const char *text, double *seconds) {
    char *end;
    *seconds = strtod(text, &end);
    return end != text && *end == '\0' && *seconds > 0 && *seconds < 1e4;
}

/* One option that takes a value; false: unknown, or a value that will not do. */
static bool parse_option(peer_options *options, const char *name, const char *value) {
    if (value == NULL) return false;
    if (strcmp(name, "--mode") == 0) return parse_mode(value, &options->setup);
    if (strcmp(name, "--threads") == 0) return parse_whole(value, 1, 1024, &options->setup.threads);
    if (strcmp(name, "--batch") == 0) return parse_whole(value, 0, 1 << 20, &options->setup.batch);
    if (strcmp(name, "--seconds") == 0) return parse_seconds(value, &options->seconds);
    if (strcmp(name, "--repeats") == 0)
        return parse_whole(value, 1, MOST_REPEATS, &options->repeats);
    if (strcmp(name, "--model") == 0) {
        options->setup.model = value;
        return true;
    }
    if (strcmp(name, "--write-model") == 0) {
        options->model = value;
        return true;
    }
    if (strcmp(name, "--data") == 0) {
        options->setup.folder = value;
        return true;
    }
    return false;
}

/* One option that takes none; false: unknown. */
static bool parse_flag(peer_options *options, const char *name) {
    const struct {
        const char *name;
        bool *place;
    } flags[] = {
        {"--interleave", &options->interleave},
        {"--no-bn", &options->setup.no_bn},
        {"--pin", &options->pin},
        {"--profile", &options->profile},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(name, flags[i].name) == 0) return *flags[i].place = true;
    return false;
}

/* -1: go on; else an exit status. */
static int parse(peer_options *options, int count, char **texts) {
    if (count < 2) return misuse("the workload is missing", "");
    options->workload = bench_workload_named(texts[1]);
    if (options->workload == NULL) return misuse("no such workload: ", texts[1]);
    for (int i = 2; i < count; i++) {
        if (parse_flag(options, texts[i])) continue;
        if (!parse_option(options, texts[i], i + 1 < count ? texts[i + 1] : NULL))
            return misuse("cannot take ", texts[i]);
        i++;
    }
    return -1;
}

/* ----------------------------------------------------------------------------------- measuring */

/* How long ago the process was started; negative where the system does not tell. */
static double seconds_since_start(void) {
    enum { FIELD = 20 }; /* starttime, counted from the state, which follows the name in brackets */
    char line[1024];
    struct timespec now;
    const char *at =
        bench_read_line("/proc/self/stat", line, sizeof line) ? strrchr(line, ')') : NULL;
    for (int i = 0; at != NULL && i < FIELD; i++) at = strchr(at + 1, ' ');
    if (at == NULL || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return -1;
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec -
           strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK);
}

typedef struct peer_result {
    double seconds_per_step[MOST_REPEATS];
    double peak[MOST_REPEATS]; /* right after the repeat, on as many threads; operations a second */
    int count;
    double operations; /* of a step */
    double startup;    /* seconds from the start of the process to the end of the first step */
    /* What that consists of, in seconds: loading the program (its processor time before main),
     * graph and session, making the data, the first step. */
    double program, setup, data, first_step;
    double resident; /* megabytes before the first step */
} peer_result;

/* Runs count steps, takes the time, then checks them. */
static tare_status timed(bench_work *work, int64_t count, double *seconds, tare_error *error) {
    tare_status status = bench_work_reserve(work, count, error);
    if (status != TARE_OK) return status;
    const double begin = bench_seconds();
    status = bench_work_run(work, count, error);
    *seconds = bench_seconds() - begin;
    return status == TARE_OK ? bench_work_check(work, error) : status;
}

/* Steps until they have taken long enough; *per_repeat: how many fill a repeat. */
static tare_status warm_up(bench_work *work, double repeat, int64_t *per_repeat,
                           tare_error *error) {
    double all = 0, seconds = 0;
    int64_t done = 0, count = 1;
    while (done < WARM_UP_STEPS || all < WARM_UP_SECONDS) {
        const tare_status status = timed(work, count, &seconds, error);
        if (status != TARE_OK) return status;
        all += seconds;
        done += count;
        *per_repeat = (int64_t)(repeat * (double)count / seconds + .5);
        if (seconds < WARM_UP_SECONDS / 4) count *= 2;
    }
    if (*per_repeat < 1) *per_repeat = 1;
    return TARE_OK;
}

static tare_status repeat_once(bench_work *work, int64_t count, peer_result *result,
                               tare_error *error) {
    double seconds;
    const tare_status status = timed(work, count, &seconds, error);
    if (status != TARE_OK) return status;
    result->peak[result->count] = bench_peak(work);
    result->seconds_per_step[result->count++] = seconds / (double)count;
    return TARE_OK;
}

/* Repeats as standard input says. */
static tare_status repeat_when_told(bench_work *work, int64_t count, peer_result *result,
                                    tare_error *error) {
    char word[16];
    puts("ready");
    fflush(stdout);
    while (result->count < MOST_REPEATS && fgets(word, sizeof word, stdin) != NULL) {
        if (strcmp(word, "again\n") == 0 && result->count > 0)
            result->count--;
        else if (strcmp(word, "go\n") != 0)
            break;
        const tare_status status = repeat_once(work, count, result, error);
        if (status != TARE_OK) return status;
        const int latest = result->count - 1;
        printf("step %.9g peak %.9g\ndone\n", result->seconds_per_step[latest],
               result->peak[latest]);
        fflush(stdout);
    }
    return TARE_OK;
}

static tare_status write_model(const peer_options *options, bench_work *work, tare_error *error) {
    tare_status status = bench_work_begin(work, options->workload, &options->setup, error);
    if (status == TARE_OK) status = bench_write_model(work, options->model, error);
    if (status == TARE_OK) puts("written");
    return status;
}

static tare_status measure(const peer_options *options, bench_work *work, peer_result *result,
                           tare_error *error) {
    int64_t per_repeat = 1;
    const double begin = bench_seconds();
    tare_status status = bench_work_begin(work, options->workload, &options->setup, error);
    result->data = work->data_seconds;
    result->setup = bench_seconds() - begin - result->data;
    result->resident = bench_megabytes("VmRSS");
    if (status == TARE_OK) status = timed(work, 1, &result->first_step, error);
    result->startup = seconds_since_start();
    if (status == TARE_OK) result->operations = bench_operations(work);
    if (status == TARE_OK) status = warm_up(work, options->seconds, &per_repeat, error);
    if (status == TARE_OK && options->profile) status = bench_kinds_begin(work, error);
    if (status == TARE_OK && options->interleave)
        return repeat_when_told(work, per_repeat, result, error);
    while (status == TARE_OK && result->count < options->repeats)
        status = repeat_once(work, per_repeat, result, error);
    return status;
}

/* -------------------------------------------------------------------------------------- result */

/* Seconds per step in the unit of the workload. */
static double in_unit(const peer_options *options, const bench_work *work, double seconds) {
    return options->workload->in_microseconds ? 1e6 * seconds : (double)work->batch / seconds;
}

/* Milliseconds. ready: from the start of the process until a step runs as it always will, but for
 * making the data: what the first step takes more than others is its planning. */
static void print_start(const peer_result *result, double step) {
    const double planning = fmax(0, result->first_step - step);
    printf(", \"start_ms\": {\"ready\": %.3f, \"program\": %.3f, \"setup\": %.3f, "
           "\"planning\": %.3f, \"data\": %.3f}",
           1e3 * (result->program + result->setup + planning), 1e3 * result->program,
           1e3 * result->setup, 1e3 * planning, 1e3 * result->data);
}

/* seconds_per_step are in the workload's unit afterwards. */
static void print_values(const peer_options *options, const bench_work *work, peer_result *result) {
    double *values = result->seconds_per_step;
    const int n = result->count;
    for (int i = 0; i < n; i++) values[i] = in_unit(options, work, values[i]);
    const double median = bench_median(values, n);
    printf("\"%s\": {\"median\": %.3f, \"min\": %.3f, \"max\": %.3f}",
           options->workload->in_microseconds ? "us_per_step" : "images_per_second", median,
           values[0], values[n - 1]);
}

static void print_result(const peer_options *options, bench_work *work, peer_result *result) {
    const double peak = bench_megabytes("VmHWM");
    const double step = bench_median(result->seconds_per_step, result->count);
    printf("{\"peer\": \"tare\", \"version\": \"%s\", \"workload\": \"%s\", \"mode\": \"%s\", "
           "\"variant\": \"\", \"bn\": %s, \"threads\": %" PRId64 ", \"batch\": %" PRId64 ", ",
           tare_version(), options->workload->name,
           work->training ? "train"
           : work->int8   ? "int8"
                          : "infer",
           options->setup.no_bn ? "false" : "true", options->setup.threads, work->batch);
    print_values(options, work, result);
    printf(", \"repeats\": %d, \"import_s\": 0", result->count);
    printf(", \"gflop\": %.6g, \"peak_gflops\": %.6g", 1e-9 * result->operations,
           1e-9 * bench_median(result->peak, result->count));
    if (result->startup >= 0) printf(", \"startup_s\": %.3f", result->startup);
    if (!isnan(work->loss_at_1000)) printf(", \"loss_at_1000\": %.7g", work->loss_at_1000);
    print_start(result, step);
    if (options->profile) {
        fputs(", \"kinds_us\": ", stdout);
        bench_kinds_print(work);
    }
    printf(", \"peak_rss_mb\": %.1f, \"step_rss_mb\": %.1f}\n", peak, peak - result->resident);
}

int main(int count, char **texts) {
    peer_options options = {
        .setup = {.training = true, .threads = 1, .folder = getenv("TARE_FASHION_MNIST")},
        .seconds = .5,
        .repeats = 5};
    const int exit_status = parse(&options, count, texts);
    if (exit_status >= 0) return exit_status;
    if (options.pin && !bench_pin()) {
        fputs("tare_peer: this system cannot keep a process on one core\n", stderr);
        return FAILURE;
    }
    bench_work work = {.workload = NULL};
    peer_result result = {.program = bench_own_seconds()};
    tare_error error = {.status = TARE_OK};
    const tare_status status = options.model != NULL ? write_model(&options, &work, &error)
                                                     : measure(&options, &work, &result, &error);
    if (status != TARE_OK)
        fprintf(stderr, "tare_peer: %s\n", error.message);
    else if (result.count > 0)
        print_result(&options, &work, &result);
    bench_work_end(&work);
    return status == TARE_OK ? SUCCESS : FAILURE;
}
