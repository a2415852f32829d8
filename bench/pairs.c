/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the two programs, letting them take turns, and what is written of them. */
#include "pairs.h"

#include "turn.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- running */

static bool start(const bench_settings *settings, const bench_pairs *pairs, int side,
                  bench_runner *runner) {
    const bench_side *way = &pairs->sides[side];
    char threads[16], log[1024];
    snprintf(threads, sizeof threads, "%d", way->threads);
    snprintf(log, sizeof log, "%s/program-%d.log", settings->folder, side);
    const char *words[15] = {settings->executables[BENCH_TARE],
                             pairs->workload,
                             "--mode",
                             pairs->mode,
                             "--threads",
                             threads,
                             "--seconds",
                             settings->seconds,
                             "--data",
                             settings->data,
                             "--interleave"};
    size_t n = 11;
    if (way->no_bn) words[n++] = "--no-bn";
    if (way->threads == 1) words[n++] = "--pin";
    if (pairs->profile) words[n++] = "--profile";
    char *texts[sizeof words / sizeof *words]; /* posix_spawn wants them changeable */
    memcpy(texts, words, sizeof texts);
    return bench_runner_start(runner, texts, log) &&
           bench_runner_wait_for(runner, "ready", BENCH_WARM_UP_PATIENCE);
}

/* One turn of each. */
static bool take_turns(const bench_settings *settings, bench_pairs *pairs, bench_runner runners[2],
                       const char *word, double *others) {
    *others = 0;
    for (int turn = 0; turn < 2; turn++) {
        const int side = (turn + pairs->count) % 2;
        bench_turn result;
        if (!bench_take_turn(&runners[side], word, settings->patience, &result) ||
            !(result.seconds > 0 && result.peak > 0))
            return false;
        pairs->seconds[side][pairs->count] = result.seconds;
        pairs->peak[side][pairs->count] = result.peak;
        *others = fmax(*others, result.others);
    }
    return true;
}

/* One pair that counts: disturbed ones are done again, as often as pairs are wanted. */
static bool run_pair(const bench_settings *settings, bench_pairs *pairs, bench_runner runners[2]) {
    const int most = settings->patience > 0 ? pairs->wanted : 0;
    double others;
    bool good = take_turns(settings, pairs, runners, "go", &others);
    while (good && others > BENCH_TOLERATED_CORES && pairs->again < most) {
        pairs->again++;
        good = take_turns(settings, pairs, runners, "again", &others);
    }
    if (!good) return false;
    pairs->others = fmax(pairs->others, others);
    pairs->count++;
    return true;
}

/* Adds what one start of a side says of its kinds of step to what earlier ones said. */
static bool add_kinds(bench_pairs *pairs, int side, const json_t *said) {
    const char *op;
    json_t *us;
    if (pairs->kinds[side] == NULL) pairs->kinds[side] = json_object();
    if (pairs->kinds[side] == NULL || !json_is_object(said)) return false;
    json_object_foreach((json_t *)said, op, us) {
        const double before = json_number_value(json_object_get(pairs->kinds[side], op));
        json_t *sum = json_real(before + json_number_value(us));
        if (json_object_set_new(pairs->kinds[side], op, sum) != 0) return false;
    }
    return true;
}

/* Ends a side and hears how much a step of the first one computes, and where the time went. */
static bool ask_result(bench_runner *runner, bench_pairs *pairs, int side) {
    const char *said =
        bench_runner_say(runner, "end") ? bench_runner_line(runner, BENCH_REPEAT_PATIENCE) : NULL;
    json_t *line = said == NULL ? NULL : json_loads(said, 0, NULL);
    const json_t *gflop = json_object_get(line, "gflop");
    bool good = json_is_number(gflop);
    if (side == 0) pairs->operations = 1e9 * json_number_value(gflop);
    if (pairs->profile) good = good && add_kinds(pairs, side, json_object_get(line, "kinds_us"));
    json_decref(line);
    return good;
}

/* As many pairs as one start of both is for. */
static bool run_start(const bench_settings *settings, bench_pairs *pairs) {
    bench_runner runners[2] = {{.process = 0}};
    const int end = pairs->count + BENCH_PAIRS_PER_START;
    bool good = true;
    for (int side = 0; good && side < 2; side++)
        good = start(settings, pairs, side, &runners[side]);
    while (good && pairs->count < end && pairs->count < pairs->wanted)
        good = run_pair(settings, pairs, runners);
    for (int side = 0; good && side < 2; side++) good = ask_result(&runners[side], pairs, side);
    pairs->starts++;
    for (int side = 0; side < 2; side++) bench_runner_stop(&runners[side]);
    return good;
}

bool bench_pairs_run(const bench_settings *settings, bench_pairs *pairs) {
    while (pairs->count < pairs->wanted) {
        if (!run_start(settings, pairs)) {
            fprintf(stderr, "%s %s failed; its words are in %s/program-0.log and -1.log\n",
                    pairs->workload, pairs->mode, settings->folder);
            return false;
        }
        if (pairs->count < pairs->wanted)
            fprintf(stderr, "%s %s: %d of %d pairs\n", pairs->workload, pairs->mode, pairs->count,
                    pairs->wanted);
    }
    return true;
}

void bench_pairs_end(bench_pairs *pairs) {
    for (int side = 0; side < 2; side++) json_decref(pairs->kinds[side]);
}

/* ------------------------------------------------------------------------------------- results */

static double median_of(const double *values, int count) {
    double copy[BENCH_MOST_PAIRS];
    memcpy(copy, values, (size_t)count * sizeof *values);
    return bench_median(copy, count);
}

double bench_pairs_seconds(const bench_pairs *pairs, int side) {
    return median_of(pairs->seconds[side], pairs->count);
}

double bench_pairs_peak(const bench_pairs *pairs, int side) {
    return median_of(pairs->peak[side], pairs->count);
}

double bench_pairs_kind(const bench_pairs *pairs, int side, const char *op) {
    const json_t *sum = json_object_get(pairs->kinds[side], op);
    return 1e-3 * json_number_value(sum) / (double)pairs->starts;
}

static json_t *numbers(const double *values, int count) {
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        if (json_array_append_new(array, json_real(values[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *side_of(const bench_pairs *pairs, int side) {
    return json_pack("{s:i, s:b, s:f, s:o, s:o}", "threads", pairs->sides[side].threads, "bn",
                     !pairs->sides[side].no_bn, "seconds_median", bench_pairs_seconds(pairs, side),
                     "seconds", numbers(pairs->seconds[side], pairs->count), "peak",
                     numbers(pairs->peak[side], pairs->count));
}

json_t *bench_pairs_line(const char *study, const bench_pairs *pairs, double *values,
                         bench_interval *interval) {
    if (!bench_median_interval(values, pairs->count, interval)) return NULL;
    return json_pack("{s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:[o, o]}", "study",
                     study, "workload", pairs->workload, "mode", pairs->mode, "pairs", pairs->count,
                     "median", interval->median, "low", interval->low, "high", interval->high,
                     "coverage", interval->coverage, "gflop", 1e-9 * pairs->operations,
                     "others_cores_max", pairs->others, "repeated", pairs->again, "sides",
                     side_of(pairs, 0), side_of(pairs, 1));
}

bool bench_pairs_write(const bench_settings *settings, json_t *line) {
    const bool good = line != NULL &&
                      json_dumpf(line, settings->results, JSON_REAL_PRECISION(7)) == 0 &&
                      fputc('\n', settings->results) != EOF && fflush(settings->results) == 0;
    if (!good) fprintf(stderr, "the results cannot be written to %s\n", settings->folder);
    json_decref(line);
    return good;
}
