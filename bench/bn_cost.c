/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What batch normalisation costs: the time of a training step with it over that without, where
 * layers have a bias instead. Same network, same kernels, same turns.
 */
#include "grid.h"
#include "list.h"
#include "pairs.h"
#include "study.h"
#include "turn.h"
#include "workload.h"

#include <math.h>
#include <string.h>

enum { WITH, WITHOUT, MOST_ROWS = 24, MOST_THREADS = 1024 };

/* What a step on one thread may cost at most with batch normalisation. */
static const struct {
    const char *workload;
    double most;
} bounds[] = {
    {"resnet20", 1.02}, {"heatmap", 1.03}, {"conv3d", 1.03}, {"mlp_bn", 1.05}, {"chain1x1", 1.07},
};

/* A row of the table. */
typedef struct row {
    const char *workload;
    int threads;
    double most; /* 0: there is no bound */
    bool measured;
    double seconds[2];
    bench_interval cost;
    double others;
} row;

static double bound_of(const char *workload) {
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (strcmp(bounds[i].workload, workload) == 0) return bounds[i].most;
    return 0;
}

static size_t choose_rows(const bench_study_options *options, row rows[MOST_ROWS]) {
    const char *threads = options->threads == NULL ? "1,2" : options->threads, *name;
    char number[BENCH_WORD_BYTES];
    size_t count = 0;
    for (size_t i = 0; (name = bench_workload_name(i)) != NULL; i++) {
        const double most = bound_of(name);
        if (options->workloads == NULL ? most == 0 : !bench_in_list(options->workloads, name))
            continue;
        for (int t = 0; bench_list_item(threads, t, number, sizeof number); t++) {
            if (count == MOST_ROWS) return count;
            const int these = bench_whole_number(number, MOST_THREADS);
            rows[count++] =
                (row){.workload = name, .threads = these, .most = these == 1 ? most : 0};
        }
    }
    return count;
}

static bool holds(const row *r) { return r->cost.low <= r->most; }

/* By op: milliseconds of a step with and without. */
static json_t *kinds_of(const bench_pairs *pairs) {
    json_t *kinds = json_object();
    for (int side = 0; side < 2; side++) {
        const char *op;
        json_t *sum;
        json_object_foreach(pairs->kinds[side], op, sum) {
            json_t *both = json_pack("[f, f]", bench_pairs_kind(pairs, WITH, op),
                                     bench_pairs_kind(pairs, WITHOUT, op));
            if (json_object_set_new(kinds, op, both) != 0) {
                json_decref(kinds);
                return NULL;
            }
        }
    }
    return kinds;
}

static bool write_row(const bench_settings *settings, const bench_pairs *pairs, row *r) {
    double ratios[BENCH_MOST_PAIRS];
    for (int i = 0; i < pairs->count; i++)
        ratios[i] = pairs->seconds[WITH][i] / pairs->seconds[WITHOUT][i];
    json_t *line = bench_pairs_line("bn-cost", pairs, ratios, &r->cost);
    if (pairs->profile && json_object_set_new(line, "kinds_ms", kinds_of(pairs)) != 0) {
        json_decref(line);
        line = NULL;
    }
    if (r->most > 0 && (json_object_set_new(line, "bound", json_real(r->most)) != 0 ||
                        json_object_set_new(line, "holds", json_boolean(holds(r))) != 0)) {
        json_decref(line);
        line = NULL;
    }
    return bench_pairs_write(settings, line);
}

/* The kinds of step that differ by more than a thousandth of a step, those that cost most first. */
static void print_kinds(const bench_pairs *pairs) {
    static const char *const head[] = {"step", "with, ms", "without, ms", "more", "of a step"};
    const double whole = 1e3 * bench_pairs_seconds(pairs, WITHOUT);
    json_t *kinds = kinds_of(pairs);
    bench_grid grid = {.rows = 0};
    bench_grid_add_head(&grid, head, sizeof head / sizeof *head);
    for (;;) {
        const char *op, *most = NULL;
        double difference = 0;
        json_t *both;
        json_object_foreach(kinds, op, both) {
            const double more = json_number_value(json_array_get(both, WITH)) -
                                json_number_value(json_array_get(both, WITHOUT));
            if (fabs(more) > 1e-3 * whole && (most == NULL || more > difference)) {
                most = op;
                difference = more;
            }
        }
        if (most == NULL) break;
        bench_grid_add(&grid, "%s", most);
        for (int side = 0; side < 2; side++)
            bench_grid_add_number(&grid, bench_pairs_kind(pairs, side, most));
        bench_grid_add(&grid, "%+.2f", difference);
        bench_grid_add(&grid, "%+.1f %%", 100 * difference / whole);
        bench_grid_end_row(&grid);
        (void)json_object_del(kinds, most);
    }
    printf("%s, %d thread%s:\n\n", pairs->workload, pairs->sides[WITH].threads,
           pairs->sides[WITH].threads == 1 ? "" : "s");
    bench_grid_print(&grid, sizeof head / sizeof *head);
    putchar('\n');
    json_decref(kinds);
}

static bool run_row(const bench_settings *settings, const bench_study_options *options, row *r) {
    bench_pairs pairs = {.workload = r->workload,
                         .mode = "train",
                         .sides = {{.threads = r->threads}, {.threads = r->threads, .no_bn = true}},
                         .wanted = options->pairs,
                         .profile = options->profile};
    r->measured = bench_pairs_run(settings, &pairs) && write_row(settings, &pairs, r);
    if (r->measured && options->profile) print_kinds(&pairs);
    bench_pairs_end(&pairs);
    if (!r->measured) return false;
    r->others = pairs.others;
    for (int side = 0; side < 2; side++) r->seconds[side] = bench_pairs_seconds(&pairs, side);
    fprintf(stderr, "%s, %d thread%s: batch normalisation costs %.4f (%.4f to %.4f)\n", r->workload,
            r->threads, r->threads == 1 ? "" : "s", r->cost.median, r->cost.low, r->cost.high);
    return true;
}

static void add_row(bench_grid *grid, const row *r) {
    bench_grid_add(grid, "%s", r->workload);
    bench_grid_add(grid, "%d", r->threads);
    bench_grid_add_number(grid, 1e3 * r->seconds[WITH]);
    bench_grid_add_number(grid, 1e3 * r->seconds[WITHOUT]);
    bench_grid_add(grid, "%.3f", r->cost.median);
    bench_grid_add(grid, "%.3f to %.3f", r->cost.low, r->cost.high);
    if (r->most > 0) {
        bench_grid_add(grid, "%.2f", r->most);
        bench_grid_add(grid, "%s", holds(r) ? "holds" : "MISSED");
    } else {
        bench_grid_add(grid, "-");
        bench_grid_add(grid, "-");
    }
    bench_grid_end_row(grid);
}

static void print_rows(const row *rows, size_t count, int pairs) {
    static const char *const head[] = {"workload", "threads",       "with, ms", "without, ms",
                                       "cost",     "95 % interval", "bound",    "verdict"};
    bench_grid grid = {.rows = 0};
    bench_grid_add_head(&grid, head, sizeof head / sizeof *head);
    for (size_t i = 0; i < count; i++)
        if (rows[i].measured) add_row(&grid, &rows[i]);
    bench_grid_print(&grid, sizeof head / sizeof *head);
    printf("\nA training step with batch normalisation and without, medians of %d pairs. cost: the "
           "median of\nthe pairs' ratios, with the interval of order statistics that covers it at "
           "95 %% or more. A\nbound holds when the interval's lower end does not exceed it. One "
           "thread is kept on one core.\n",
           pairs);
    for (size_t i = 0; i < count; i++)
        if (rows[i].others > BENCH_TOLERATED_CORES)
            printf("%s, threads %d, was disturbed: other processes used up to %.2f cores.\n",
                   rows[i].workload, rows[i].threads, rows[i].others);
}

bool bench_study_bn_cost(const bench_settings *settings, const bench_study_options *options) {
    row rows[MOST_ROWS];
    const size_t count = choose_rows(options, rows);
    bool all = count > 0;
    for (size_t i = 0; i < count; i++) all = run_row(settings, options, &rows[i]) && all;
    print_rows(rows, count, options->pairs);
    return all;
}
