/* SPDX-License-Identifier: Apache-2.0 */
/* Printing what the rounds came to. */
#include "table.h"

#include "grid.h"
#include "turn.h"

#include <math.h>
#include <string.h>

/* Losses after 1000 steps in float32 with the operations in another order: so much of the larger.
 */
#define SAME_LOSS 1e-3

/* Every round has a row in a table, every program a column. */
_Static_assert(BENCH_MOST_ROUNDS + 1 <= BENCH_MOST_GRID_ROWS, "rows of a table");
_Static_assert(7 + BENCH_PROGRAMS <= BENCH_MOST_GRID_COLUMNS, "columns of a table");

/* ------------------------------------------------------------------------------------- columns */

static const bench_score *measured(const bench_round *rounds, size_t count, size_t program) {
    for (size_t i = 0; i < count; i++)
        if (rounds[i].scores[program].measured) return &rounds[i].scores[program];
    return NULL;
}

static void add_row_headings(bench_grid *grid) {
    bench_grid_add(grid, "workload");
    bench_grid_add(grid, "mode");
    bench_grid_add(grid, "threads");
}

static void add_row(bench_grid *grid, const bench_row *row) {
    bench_grid_add(grid, "%s", row->workload);
    bench_grid_add(grid, "%s", row->mode);
    bench_grid_add(grid, "%d", row->threads);
}

/* Names and versions of the programs that were measured at all. */
static void add_program_headings(bench_grid *grid, const bench_round *rounds, size_t count) {
    for (size_t i = 0; i < BENCH_PROGRAMS; i++) {
        const bench_score *score = measured(rounds, count, i);
        if (score == NULL) continue;
        /* A version such as 2.15.0+cpu also names a build; the number is enough here. */
        const int digits = (int)strcspn(score->version, "+");
        bench_grid_add(grid, "%s %.*s", bench_programs[i].name, digits, score->version);
    }
}

typedef void add_score(bench_grid *grid, const bench_score *score);

static void add_scores(bench_grid *grid, const bench_round *rounds, size_t count,
                       const bench_round *round, add_score *add) {
    for (size_t i = 0; i < BENCH_PROGRAMS; i++) {
        if (measured(rounds, count, i) == NULL) continue;
        if (round->scores[i].measured)
            add(grid, &round->scores[i]);
        else
            bench_grid_add(grid, "-");
    }
}

/* --------------------------------------------------------------------------------------- speed */

static const char *unit_of(const bench_round *round) {
    for (size_t i = 0; i < BENCH_PROGRAMS; i++)
        if (round->scores[i].measured)
            return round->scores[i].in_microseconds ? "us/step" : "images/s";
    return "-";
}

static void add_median(bench_grid *grid, const bench_score *score) {
    bench_grid_add_number(grid, score->median);
}

/* Time of the fastest peer / time of Tare; NaN without one of them. */
static double ratio_of(const bench_round *round) {
    const bench_score *tare = &round->scores[BENCH_TARE], *peer = bench_round_fastest_peer(round);
    return tare->measured && peer != NULL ? bench_score_time(peer) / bench_score_time(tare) : NAN;
}

static double noise_of(const bench_round *round) {
    const bench_score *tare = &round->scores[BENCH_TARE], *peer = bench_round_fastest_peer(round);
    const double own = tare->measured ? bench_score_noise(tare) : 0;
    return peer == NULL ? own : fmax(own, bench_score_noise(peer));
}

/* Of the smallest networks it says nothing: less than a hundredth. */
static void add_fraction(bench_grid *grid, const bench_score *tare) {
    if (tare->measured && tare->fraction >= .01)
        bench_grid_add(grid, "%.0f %%", 100 * tare->fraction);
    else
        bench_grid_add(grid, "-");
}

void bench_print_speed(const bench_round *rounds, size_t count) {
    bench_grid grid = {.rows = 0};
    add_row_headings(&grid);
    bench_grid_add(&grid, "unit");
    add_program_headings(&grid, rounds, count);
    bench_grid_add(&grid, "ratio");
    bench_grid_add(&grid, "noise");
    bench_grid_add(&grid, "of peak");
    const size_t columns = grid.columns;
    bench_grid_end_row(&grid);
    for (size_t i = 0; i < count; i++) {
        const double ratio = ratio_of(&rounds[i]);
        add_row(&grid, &rounds[i].row);
        bench_grid_add(&grid, "%s", unit_of(&rounds[i]));
        add_scores(&grid, rounds, count, &rounds[i], add_median);
        if (isnan(ratio))
            bench_grid_add(&grid, "-");
        else
            bench_grid_add_number(&grid, ratio);
        bench_grid_add(&grid, "%.0f %%", 100 * noise_of(&rounds[i]));
        add_fraction(&grid, &rounds[i].scores[BENCH_TARE]);
        bench_grid_end_row(&grid);
    }
    bench_grid_print(&grid, columns);
    puts("\nMedians of the repeats. ratio: time of the fastest peer / time of Tare, above 1 where "
         "Tare is\nfaster. noise: half of what the repeats spread over, the larger of Tare's and "
         "the fastest peer's.\nof peak: Tare's operations a second over those of multiply-adds in "
         "registers, measured after each repeat.");
}

void bench_print_gains(const bench_round *rounds, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const bench_row *row = &rounds[i].row;
        const bench_score *whole = &rounds[i].scores[BENCH_TARE];
        for (size_t k = 0; k < BENCH_PROGRAMS; k++) {
            const bench_score *other = &rounds[i].scores[k];
            if (bench_programs[k].as == NULL || !other->measured || !whole->measured) continue;
            printf("%s with %s, %d thread%s, is %.2f times as fast as %s.\n", row->workload,
                   row->mode, row->threads, row->threads == 1 ? "" : "s",
                   bench_score_time(other) / bench_score_time(whole), bench_programs[k].name);
        }
    }
}

/* ----------------------------------------------------------------------------------- footprint */

static void add_footprint(bench_grid *grid, const bench_score *score) {
    bench_grid_add(grid, "%.*f / %.0f / %.0f", score->startup < 1 ? 3 : 1, score->startup,
                   score->megabytes, score->step_adds);
}

static double megabytes_of(const bench_score *score) { return score->megabytes; }
static double step_adds_of(const bench_score *score) { return score->step_adds; }

/* Tare's / the least of the peers that were measured. */
static void add_part_of_least(bench_grid *grid, const bench_round *round,
                              double (*of)(const bench_score *score)) {
    const bench_score *tare = &round->scores[BENCH_TARE];
    double least = NAN; /* fmin passes over NaN */
    for (size_t i = 0; i < BENCH_PROGRAMS; i++)
        if (bench_programs[i].family != NULL && round->scores[i].measured)
            least = fmin(least, of(&round->scores[i]));
    const double part = tare->measured ? of(tare) / least : NAN;
    if (isnan(part))
        bench_grid_add(grid, "-");
    else
        bench_grid_add(grid, "%.3f", part);
}

void bench_print_footprint(const bench_round *rounds, size_t count) {
    bench_grid grid = {.rows = 0};
    add_row_headings(&grid);
    add_program_headings(&grid, rounds, count);
    bench_grid_add(&grid, "peak memory");
    bench_grid_add(&grid, "steps add");
    const size_t columns = grid.columns;
    bench_grid_end_row(&grid);
    for (size_t i = 0; i < count; i++) {
        add_row(&grid, &rounds[i].row);
        add_scores(&grid, rounds, count, &rounds[i], add_footprint);
        add_part_of_least(&grid, &rounds[i], megabytes_of);
        add_part_of_least(&grid, &rounds[i], step_adds_of);
        bench_grid_end_row(&grid);
    }
    bench_grid_print(&grid, columns);
    puts("\nSeconds from the start of the process to the end of the first step / megabytes of "
         "memory at most /\nof these what steps added to what the process had before the first; "
         "reading the data included.\npeak memory, steps add: Tare's megabytes / the least of the "
         "peers.");
}

void bench_print_start(const bench_round *rounds, size_t count) {
    static const char *const head[] = {"program", "graph, session", "planning", "ready", "data"};
    bench_grid grid = {.rows = 0};
    add_row_headings(&grid);
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) bench_grid_add(&grid, "%s", head[i]);
    const size_t columns = grid.columns;
    bench_grid_end_row(&grid);
    for (size_t i = 0; i < count; i++) {
        const bench_score *tare = &rounds[i].scores[BENCH_TARE];
        if (!tare->measured || isnan(tare->ready)) continue;
        const double parts[] = {tare->program, tare->setup, tare->planning, tare->ready,
                                tare->data};
        add_row(&grid, &rounds[i].row);
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            bench_grid_add_number(&grid, parts[k]);
        bench_grid_end_row(&grid);
    }
    if (grid.rows == 1) return;
    puts("");
    bench_grid_print(&grid, columns);
    puts("\nMilliseconds until Tare's steps run as they always will: loading the program, making "
         "graph and\nsession, what the first step took more than others; ready: all three. data: "
         "making the batches.");
}

/* -------------------------------------------------------------------------------------- losses */

void bench_print_losses(const bench_round *rounds, size_t count) {
    size_t lost = 0, compared = 0;
    for (size_t i = 0; i < count; i++) {
        const double ratio = ratio_of(&rounds[i]), noise = noise_of(&rounds[i]);
        compared += isnan(ratio) ? 0 : 1;
        if (isnan(ratio) || ratio >= 1) continue;
        const bench_row *row = &rounds[i].row;
        printf("Tare LOSES %s %s, %d thread%s: %.2f times the speed of the fastest peer%s.\n",
               row->workload, row->mode, row->threads, row->threads == 1 ? "" : "s", ratio,
               1 - ratio <= noise ? ", a difference within the noise" : "");
        lost++;
    }
    if (compared > 0 && lost == 0)
        printf("Tare loses none of these %zu comparisons.\n", compared);
    else if (compared > 0)
        printf("Tare loses %zu of these %zu comparisons.\n", lost, compared);
}

void bench_print_disturbances(const bench_round *rounds, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const bench_row *row = &rounds[i].row;
        double others = 0;
        for (size_t k = 0; k < BENCH_PROGRAMS; k++)
            others = fmax(others, rounds[i].scores[k].others);
        if (others > BENCH_TOLERATED_CORES)
            printf("%s %s, threads %d, was disturbed: other processes used up to %.2f cores.\n",
                   row->workload, row->mode, row->threads, others);
    }
}

void bench_print_agreement(const bench_round *rounds, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const bench_row *row = &rounds[i].row;
        double least = INFINITY, greatest = -INFINITY;
        size_t told = 0;
        for (size_t k = 0; k < BENCH_PROGRAMS; k++) {
            const bench_score *score = &rounds[i].scores[k];
            if (!score->measured || isnan(score->loss_at_1000)) continue;
            least = fmin(least, score->loss_at_1000);
            greatest = fmax(greatest, score->loss_at_1000);
            told++;
        }
        if (told < 2) continue;
        const double apart = (greatest - least) / greatest;
        printf("%s %s: the loss of step 1000 is %.6g to %.6g in the %zu programs: %s.\n",
               row->workload, row->mode, least, greatest, told,
               apart <= SAME_LOSS ? "the same arithmetic" : "NOT the same arithmetic");
    }
}
