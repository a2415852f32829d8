/* SPDX-License-Identifier: Apache-2.0 */
/* tare bench: how near the kernels come to what this machine can do. */
#include "cli/arguments.h"
#include "cli/bench_measure.h"
#include "cli/say.h"
#include "cli/table.h"
#include "kernel/isa.h"
#include "report/json.h"

#include <inttypes.h>
#include <string.h>

/* clang-format off */
#define TARE_BENCH_FIELDS(field)                                                                  \
    field(boolean, kernels, false, "time the kernels, shape by shape")                            \
    field(text, filter, NULL, "only lines that hold this text: '3x3', 'data', 'dense'")           \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(integer, repeats, 5, "times that each is measured, in turns; odd numbers have a middle") \
    field(real, seconds, .05, "that each runs in a repeat, at least once")                        \
    field(integer, batch, 0, "samples in a batch; 0: each shape's own")                           \
    field(boolean, json, false, "print JSON")
/* clang-format on */
TARE_OPTIONS(bench_options, TARE_BENCH_FIELDS);
#define TARE_TABLE_STRUCT bench_options
TARE_OPTION_TABLE(static, bench_table, TARE_BENCH_FIELDS);

typedef struct job {
    bench_options options;
    tare_bench_plan plan, single; /* on all threads, on one */
    tare_table table;
    tare_json json;
    int64_t lines;
} job;

/* "convolution 128 x 32x32x16 3x3 -> 16 forward": what a filter is looked for in. */
static bool is_wanted(const job *j, const tare_bench_family *family, const char *shape,
                      const char *pass) {
    if (j->options.filter == NULL) return true;
    tare_text line = {0};
    tare_text_format(&line, "%s %s %s", family->name, shape, pass);
    const bool wanted = !line.failed && strstr(line.data, j->options.filter) != NULL;
    tare_text_clear(&line);
    return wanted;
}

/* ---- ceilings */

static void add_number(tare_table *table, double number, int decimals) {
    char text[TARE_NUMBER_TEXT];
    tare_table_cell(table, tare_fixed_text(text, number, decimals));
}

static void add_rate(job *j, const char *key, const tare_bench_rate *rate) {
    tare_json_key(&j->json, key);
    tare_json_begin_object(&j->json);
    tare_json_member_double(&j->json, "median", rate->median);
    tare_json_member_double(&j->json, "least", rate->least);
    tare_json_member_double(&j->json, "greatest", rate->greatest);
    tare_json_end_object(&j->json);
}

static void add_ceiling(job *j, const char *what, const tare_bench_plan *plan, const char *unit,
                        const tare_bench_rate *rate) {
    const int64_t threads = tare_pool_threads(plan->pool);
    if (j->options.json) {
        tare_json_begin_object(&j->json);
        tare_json_member_text(&j->json, "what", what);
        tare_json_member_integer(&j->json, "threads", threads);
        tare_json_member_text(&j->json, "unit", unit);
        add_rate(j, "per_second", rate);
        tare_json_end_object(&j->json);
        return;
    }
    tare_table_cell(&j->table, what);
    tare_table_integer(&j->table, threads);
    tare_table_cell(&j->table, unit);
    add_number(&j->table, rate->median / 1e9, 1);
    add_number(&j->table, rate->least / 1e9, 1);
    add_number(&j->table, rate->greatest / 1e9, 1);
}

static bool measure_ceilings(job *j, const tare_bench_plan *plan) {
    const tare_bench_rate peak = tare_bench_multiply_add(plan, false);
    const tare_bench_rate whole = tare_bench_multiply_add(plan, true);
    add_ceiling(j, "multiply-add", plan, "GFLOP", &peak);
    add_ceiling(j, "multiply-add of int8", plan, "GOP", &whole);
    for (int i = 0; i < TARE_BENCH_COPIES; i++) {
        char what[TARE_NUMBER_TEXT];
        tare_bench_rate rate;
        if (!tare_bench_copy(plan, tare_bench_copies[i], &rate)) return false;
        tare_print(what, sizeof what, "copy within %" PRId64 " KiB", tare_bench_copies[i] >> 10);
        add_ceiling(j, what, plan, "GB", &rate);
    }
    return true;
}

static void begin_ceilings(job *j) {
    if (j->options.json) {
        tare_json_key(&j->json, "ceilings");
        tare_json_begin_array(&j->json);
        return;
    }
    static const char *const head[] = {"ceiling", "threads", "per second",
                                       "median",  "least",   "greatest"};
    j->table = (tare_table){.columns = 6, .right = {[1] = true, [3] = true, true, true}};
    for (int i = 0; i < j->table.columns; i++) tare_table_cell(&j->table, head[i]);
}

/* ---- kernels */

/* What a second has so many of. */
static const char *unit_of(const tare_bench_family *family) {
    if (family->is_memory_bound) return "GB";
    return family->is_whole ? "GOP" : "GFLOP";
}

static void begin_family(job *j, const tare_bench_family *family) {
    j->table = (tare_table){.columns = 7, .right = {[2] = true, true, true, true, true}};
    char rate[16];
    tare_print(rate, sizeof rate, "%s/s", unit_of(family));
    const char *const head[] = {family->name, "pass", rate, "least", "greatest", "ceiling", "%"};
    for (int i = 0; i < j->table.columns; i++) tare_table_cell(&j->table, head[i]);
}

static void add_line(job *j, const tare_bench_family *family, const char *shape, int pass,
                     const tare_bench_result *result) {
    const tare_bench_rate *rate = &result->pass[pass];
    const double fraction = rate->median / result->ceiling.median;
    j->lines++;
    if (j->options.json) {
        tare_json_begin_object(&j->json);
        tare_json_member_text(&j->json, "kernel", family->name);
        tare_json_member_text(&j->json, "shape", shape);
        tare_json_member_text(&j->json, "pass", family->passes[pass]);
        tare_json_member_text(&j->json, "unit", unit_of(family));
        add_rate(j, "per_second", rate);
        add_rate(j, "ceiling", &result->ceiling);
        tare_json_member_double(&j->json, "fraction", fraction);
        tare_json_end_object(&j->json);
        return;
    }
    tare_table_cell(&j->table, shape);
    tare_table_cell(&j->table, family->passes[pass]);
    add_number(&j->table, rate->median / 1e9, 1);
    add_number(&j->table, rate->least / 1e9, 1);
    add_number(&j->table, rate->greatest / 1e9, 1);
    add_number(&j->table, result->ceiling.median / 1e9, 1);
    add_number(&j->table, 100 * fraction, 1);
}

/* Its name, and which passes the filter lets through; false: no memory. */
static bool choose(const job *j, const tare_bench_family *family, int64_t shape, tare_text *name,
                   uint32_t *passes) {
    *passes = 0;
    family->describe(shape, j->plan.batch, name);
    for (int pass = 0; !name->failed && pass < TARE_BENCH_PASSES && family->passes[pass]; pass++)
        if (is_wanted(j, family, name->data, family->passes[pass])) *passes |= UINT32_C(1) << pass;
    return !name->failed;
}

static bool measure_shape(job *j, const tare_bench_family *family, int64_t shape) {
    tare_text name = {0};
    tare_bench_result result;
    uint32_t passes;
    bool good = choose(j, family, shape, &name, &passes);
    if (good && passes != 0) {
        good = tare_bench_shape(&j->plan, family, shape, passes, &result);
        for (int pass = 0; good && pass < TARE_BENCH_PASSES; pass++)
            if (result.pass[pass].median > 0) add_line(j, family, name.data, pass, &result);
    }
    tare_text_clear(&name);
    return good;
}

/* Whether the filter lets anything through, before time is spent on ceilings. */
static bool any_wanted(const job *j) {
    const tare_bench_family *family;
    for (size_t i = 0; (family = tare_bench_family_at(i)) != NULL; i++) {
        for (int64_t shape = 0; shape < family->shapes; shape++) {
            tare_text name = {0};
            uint32_t passes;
            choose(j, family, shape, &name, &passes);
            tare_text_clear(&name);
            if (passes != 0) return true;
        }
    }
    return false;
}

/* What was measured so far, so that a long run shows its way. */
static bool say_table(job *j) {
    tare_text text = {0};
    tare_table_end(&j->table, &text);
    tare_text_add(&text, "\n");
    return tare_say_text(&text);
}

static bool measure_family(job *j, const tare_bench_family *family) {
    const int64_t before = j->lines;
    bool good = true;
    begin_family(j, family);
    for (int64_t shape = 0; good && shape < family->shapes; shape++)
        good = measure_shape(j, family, shape);
    if (good && !j->options.json && j->lines > before) good = say_table(j);
    tare_text_clear(&j->table.cells);
    return good;
}

static bool measure_kernels(job *j) {
    const tare_bench_family *family;
    bool good = true;
    if (j->options.json) {
        tare_json_end_array(&j->json);
        tare_json_key(&j->json, "kernels");
        tare_json_begin_array(&j->json);
    } else {
        good = say_table(j);
    }
    for (size_t i = 0; good && (family = tare_bench_family_at(i)) != NULL; i++)
        good = measure_family(j, family);
    return good;
}

/* ---- the command */

static int misuse(const bench_options *options) {
    if (!options->kernels) return tare_say_misuse("what to measure is missing: --kernels");
    if (options->threads < 0) return tare_say_misuse("--threads: needs 0 or more");
    if (options->batch < 0) return tare_say_misuse("--batch: needs 0 or more");
    if (options->repeats < 1 || options->repeats > TARE_BENCH_MOST_REPEATS)
        return tare_say_misuse("--repeats: needs 1 to %d", TARE_BENCH_MOST_REPEATS);
    if (!(options->seconds >= 0 && options->seconds <= 60))
        return tare_say_misuse("--seconds: needs 0 to 60");
    return -1;
}

static int measure(job *j) {
    if (j->options.json) {
        tare_json_begin_object(&j->json);
        tare_json_member_text(&j->json, "isa", tare_isa_name(tare_isa_used()));
        tare_json_member_integer(&j->json, "threads", tare_pool_threads(j->plan.pool));
        tare_json_member_integer(&j->json, "repeats", j->options.repeats);
    } else {
        tare_say("Instruction set ");
        tare_say(tare_isa_name(tare_isa_used()));
        tare_say("; medians of repeats in turns with the ceiling\n\n");
    }
    begin_ceilings(j);
    bool good = measure_ceilings(j, &j->single);
    if (good && tare_pool_threads(j->plan.pool) > 1) good = measure_ceilings(j, &j->plan);
    good = good && measure_kernels(j);
    if (good && j->options.json) {
        tare_json_end_array(&j->json);
        tare_json_end_object(&j->json);
        tare_text_add(&j->json.text, "\n");
        good = tare_say_text(&j->json.text);
    }
    tare_text_clear(&j->json.text);
    tare_text_clear(&j->table.cells);
    if (!good) return tare_say_failure("no memory");
    return tare_say_end(TARE_EXIT_SUCCESS);
}

static int run(int count, char **texts) {
    job j = {.lines = 0};
    bench_table.set_defaults(&j.options);
    tare_arguments arguments = {.command = &tare_command_bench,
                                .groups = {{"Options", &bench_table, &j.options, NULL}},
                                .group_count = 1};
    int status = tare_arguments_parse(&arguments, count, texts);
    if (status < 0) status = misuse(&j.options);
    if (status >= 0) return status;
    tare_error error = {.status = TARE_OK};
    const int64_t threads = j.options.threads > 0 ? j.options.threads : tare_processor_count();
    if (threads > 1024) return tare_say_misuse("--threads: needs at most 1024");
    j.single = (tare_bench_plan){
        .repeats = j.options.repeats, .seconds = j.options.seconds, .batch = j.options.batch};
    j.plan = j.single;
    if (threads > 1 &&
        tare_pool_new(NULL, (int)threads, NULL, NULL, &j.plan.pool, &error) != TARE_OK)
        return tare_say_error(&error);
    status = any_wanted(&j) ? measure(&j)
                            : tare_say_failure("no kernel's line holds '%s'", j.options.filter);
    tare_pool_free(j.plan.pool);
    return status;
}

const tare_command tare_command_bench = {
    .name = "bench",
    .summary = "how near the kernels come to what this machine can do",
    .usage = "--kernels [options]",
    .examples = "  tare bench --kernels                       every kernel, on all processors\n"
                "  tare bench --kernels --threads 1 --filter 3x3\n"
                "  tare bench --kernels --filter 'dense' --json\n"
                "  TARE_ISA=avx2 tare bench --kernels         another instruction set\n",
    .run = run,
};
