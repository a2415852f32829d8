/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a second thread gains: the time of a step on one thread over that on two, and beside it what
 * multiply-adds in registers gain from the second thread in the same turns. A machine's second core
 * seldom doubles them: the clock falls, or the host lends less of it.
 */
#include "grid.h"
#include "list.h"
#include "pairs.h"
#include "study.h"
#include "turn.h"
#include "workload.h"

#include <string.h>

enum { ONE, TWO, MOST_ROWS = 24 };

#define ASKED .93 /* of the ceiling's gain, where arithmetic bounds the work */
/* That it does is told by one thread's part of the ceiling: below it memory, or steps that compute
 * little, take much of the time. */
#define ARITHMETIC_BOUND .6

/* A row of the table. */
typedef struct row {
    const char *workload, *mode;
    bool measured;
    double seconds[2];
    double gain, ceiling;   /* medians */
    double fraction;        /* of the ceiling, on one thread */
    bench_interval of_this; /* gain over the ceiling's gain */
    double others;
} row;

static size_t choose_rows(const bench_study_options *options, row rows[MOST_ROWS]) {
    static const char *const modes[] = {"train", "infer"};
    const char *name;
    size_t count = 0;
    for (size_t i = 0; (name = bench_workload_name(i)) != NULL; i++) {
        const bench_workload *workload = bench_workload_named(name);
        if (workload->in_microseconds) continue; /* too short to be shared */
        if (options->workloads != NULL && !bench_in_list(options->workloads, name)) continue;
        for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
            if (count == MOST_ROWS) return count;
            if (bench_in_list(options->modes, modes[m]) && bench_in_list(workload->modes, modes[m]))
                rows[count++] = (row){.workload = name, .mode = modes[m]};
        }
    }
    return count;
}

static const char *verdict(const row *r) {
    if (r->fraction < ARITHMETIC_BOUND) return "-";
    if (r->of_this.median >= ASKED) return "holds";
    return r->of_this.high >= ASKED ? "within the noise" : "MISSED";
}

static bool write_row(const bench_settings *settings, const bench_pairs *pairs, row *r) {
    double gains[BENCH_MOST_PAIRS], ceilings[BENCH_MOST_PAIRS], parts[BENCH_MOST_PAIRS];
    for (int i = 0; i < pairs->count; i++) {
        gains[i] = pairs->seconds[ONE][i] / pairs->seconds[TWO][i];
        ceilings[i] = pairs->peak[TWO][i] / pairs->peak[ONE][i];
        parts[i] = gains[i] / ceilings[i];
    }
    r->gain = bench_median(gains, pairs->count);
    r->ceiling = bench_median(ceilings, pairs->count);
    r->fraction =
        pairs->operations / bench_pairs_seconds(pairs, ONE) / bench_pairs_peak(pairs, ONE);
    json_t *line = bench_pairs_line("scaling", pairs, parts, &r->of_this);
    if (json_object_set_new(line, "gain", json_real(r->gain)) != 0 ||
        json_object_set_new(line, "ceiling_gain", json_real(r->ceiling)) != 0 ||
        json_object_set_new(line, "of_peak", json_real(r->fraction)) != 0 ||
        json_object_set_new(line, "asked", json_real(ASKED)) != 0 ||
        json_object_set_new(line, "verdict", json_string(verdict(r))) != 0) {
        json_decref(line);
        line = NULL;
    }
    return bench_pairs_write(settings, line);
}

static bool run_row(const bench_settings *settings, int wanted, row *r) {
    bench_pairs pairs = {.workload = r->workload,
                         .mode = r->mode,
                         .sides = {{.threads = 1}, {.threads = 2}},
                         .wanted = wanted};
    r->measured = bench_pairs_run(settings, &pairs) && write_row(settings, &pairs, r);
    bench_pairs_end(&pairs);
    if (!r->measured) return false;
    r->others = pairs.others;
    for (int side = 0; side < 2; side++) r->seconds[side] = bench_pairs_seconds(&pairs, side);
    fprintf(stderr, "%s %s: two threads gain %.3f, the ceiling %.3f\n", r->workload, r->mode,
            r->gain, r->ceiling);
    return true;
}

static void add_row(bench_grid *grid, const row *r) {
    bench_grid_add(grid, "%s", r->workload);
    bench_grid_add(grid, "%s", r->mode);
    for (int side = 0; side < 2; side++) bench_grid_add_number(grid, 1e3 * r->seconds[side]);
    bench_grid_add(grid, "%.2f", r->gain);
    bench_grid_add(grid, "%.2f", r->ceiling);
    bench_grid_add(grid, "%.3f", r->of_this.median);
    bench_grid_add(grid, "%.3f to %.3f", r->of_this.low, r->of_this.high);
    if (r->fraction >= .01)
        bench_grid_add(grid, "%.0f %%", 100 * r->fraction);
    else
        bench_grid_add(grid, "-");
    bench_grid_add(grid, "%s", verdict(r));
    bench_grid_end_row(grid);
}

static void print_rows(const row *rows, size_t count, int pairs) {
    static const char *const head[] = {"workload", "mode",          "1 thread, ms", "2 threads, ms",
                                       "gain",     "ceiling gains", "part of it",   "95 % interval",
                                       "of peak",  "verdict"};
    bench_grid grid = {.rows = 0};
    bench_grid_add_head(&grid, head, sizeof head / sizeof *head);
    for (size_t i = 0; i < count; i++)
        if (rows[i].measured) add_row(&grid, &rows[i]);
    bench_grid_print(&grid, sizeof head / sizeof *head);
    printf(
        "\nMedians of %d pairs. ceiling gains: what multiply-adds in registers gained from the "
        "second thread\nin the same turns. part of it: the median of the pairs' gain / ceiling's "
        "gain, with the interval\nof order statistics that covers it at 95 %% or more. of peak: "
        "one thread's part of its ceiling;\nwhere that is %.0f %% or more, arithmetic bounds the "
        "work, and a part of %.2f is asked.\n",
        pairs, 100 * ARITHMETIC_BOUND, ASKED);
    for (size_t i = 0; i < count; i++)
        if (rows[i].others > BENCH_TOLERATED_CORES)
            printf("%s %s was disturbed: other processes used up to %.2f cores.\n",
                   rows[i].workload, rows[i].mode, rows[i].others);
}

bool bench_study_scaling(const bench_settings *settings, const bench_study_options *options) {
    row rows[MOST_ROWS];
    const size_t count = choose_rows(options, rows);
    bool all = count > 0;
    for (size_t i = 0; i < count; i++) all = run_row(settings, options->pairs, &rows[i]) && all;
    print_rows(rows, count, options->pairs);
    return all;
}
