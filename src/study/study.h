/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A study: several trainings side by side that tell one story, the table of what came out, and what
 * is to be learned from it. Its command says which variants there are; here is what all studies
 * have in common: options, progress, checkpoints, logs, the table, JSON.
 */
#ifndef TARE_SRC_STUDY_STUDY_H
#define TARE_SRC_STUDY_STUDY_H

#include "base/memory.h"
#include "cli/arguments.h"
#include "cli/table.h"
#include "cli/workshop.h"
#include "report/json.h"
#include "study/curves.h"

/* A command gives its own defaults to epochs, batch and learning_rate before it parses. */
/* clang-format off */
#define TARE_STUDY_FIELDS(field)                                                                  \
    field(integer, seed, 1, "of weights, data and order of examples")                             \
    field(integer, epochs, 1, "times that every example is seen, by each variant")                \
    field(integer, batch, 32, "examples in a step")                                               \
    field(real, learning_rate, 1e-3, "size of a step, at first; also --lr")                       \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(text, save, NULL, "folder for each variant's checkpoint, VARIANT.safetensors")          \
    field(boolean, resume, false, "go on from the checkpoints in that folder")                    \
    field(text, log, NULL, "folder for each variant's event files, for TensorBoard")              \
    field(text, plot, NULL, "file for the learning curves of what is trained, SVG")               \
    field(boolean, json, false, "print the result as JSON")                                       \
    field(boolean, quiet, false, "show no progress")
/* clang-format on */
TARE_OPTIONS(tare_study_options, TARE_STUDY_FIELDS);

/* A column of the table of results. */
typedef struct tare_study_column {
    const char *name;  /* in JSON: "inference_loss" */
    const char *title; /* in the table: "inference loss"; NULL: stands in JSON alone */
} tare_study_column;
#define TARE_STUDY_COLUMNS (TARE_TABLE_COLUMNS - 1)

typedef struct tare_study_row {
    char variant[64];
    double values[TARE_STUDY_COLUMNS]; /* NaN: does not apply */
} tare_study_row;

/* What was learned of a variant: a name that stays ("few-updates") and sentences. */
typedef struct tare_study_finding {
    char variant[64], id[48], text[1024];
} tare_study_finding;

/* What a study says before its table; functions NULL: nothing. */
typedef struct tare_study_part {
    void (*add_text)(tare_text *text, const void *user);
    void (*add_json)(tare_json *json, const void *user); /* members of the result's object */
    const void *user;
} tare_study_part;

#define TARE_STUDY_FACTS 4

/* Zero at first but for command, columns and options; tare_study_end in any case. */
typedef struct tare_study {
    const tare_command *command;
    const tare_study_column *columns; /* ends with name NULL */
    tare_study_options options;
    tare_study_part before;
    /* What checkpoints say beside study, variant and options: their network, for eval and predict.
     * Ends with key NULL. */
    tare_metadata facts[TARE_STUDY_FACTS + 1];
    TARE_VECTOR(tare_study_row) rows;
    TARE_VECTOR(tare_study_finding) findings;
    tare_text path; /* of the checkpoint being written */
    tare_text log;  /* the folder of the variant's event files */
    tare_curves curves;
    const tare_dataset *held; /* evaluated after every epoch for log and plot; NULL: nothing */
    bool brief;               /* many short trainings: their epochs are not shown */
    bool stopped;             /* by Ctrl-C: what follows is not to be run */
    tare_error error;
} tare_study;

/* Fills the common options with their defaults. */
void tare_study_begin(tare_study *study, const tare_command *command,
                      const tare_study_column *columns);

/* Reads the command line; own: the command's own options, table NULL: none. -1: go on; else an exit
 * status. */
int tare_study_parse(tare_study *study, tare_option_group own, int count, char **texts);

/*
 * Trains one variant with progress, its name before it, checkpoint and log. The session's variables
 * have values. network, options and data that decide the numbers are told apart in checkpoints by
 * `settings` (NULL: none).
 */
tare_status tare_study_fit(tare_study *study, const char *variant, const char *settings,
                           tare_session *session, const tare_network *network,
                           const tare_dataset *examples, tare_fit_result *result);

/* Makes a session's error the study's; its status. */
tare_status tare_study_session_failed(tare_study *study, const tare_session *session);

/* Adds a row: one value for each column. Memory running out is an error of the study. */
tare_status tare_study_row_add(tare_study *study, const char *variant, const double *values);
/* Adds a finding, formatted as tare_print does. */
tare_status tare_study_find(tare_study *study, const char *variant, const char *id,
                            const char *format, ...) TARE_PRINTF(4, 5);

/* Four significant digits, the shortest way: "0.01235", "2.1e-05"; "-" for NaN. */
char *tare_study_number(char buffer[TARE_NUMBER_TEXT], double number);

/* Says table and findings, or the error, or JSON; frees what the study holds. An exit status. */
int tare_study_end(tare_study *study, tare_status status);

#endif
