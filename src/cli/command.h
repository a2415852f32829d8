/* SPDX-License-Identifier: Apache-2.0 */
/* A command of the tool: one const struct, one file, one line in the table of commands.c. */
#ifndef TARE_SRC_CLI_COMMAND_H
#define TARE_SRC_CLI_COMMAND_H

#include <stddef.h>

/* Exit statuses. */
enum { TARE_EXIT_SUCCESS = 0, TARE_EXIT_FAILURE = 1, TARE_EXIT_MISUSE = 2 };

typedef struct tare_command {
    const char *name;
    const char *summary;  /* one line, for the list of commands */
    const char *usage;    /* "NAME [options]" */
    const char *examples; /* a command line each, and what it does, ended by line feeds */
    /* arguments: behind the command's name. Returns an exit status. */
    int (*run)(int count, char **arguments);
} tare_command;

extern const tare_command tare_command_train;
extern const tare_command tare_command_explain;
extern const tare_command tare_command_doctor;
extern const tare_command tare_command_recalibrate;
extern const tare_command tare_command_fold;
extern const tare_command tare_command_export;
extern const tare_command tare_command_eval;
extern const tare_command tare_command_channelwise;
extern const tare_command tare_command_predict;
extern const tare_command tare_command_run;
extern const tare_command tare_command_quantise;
extern const tare_command tare_command_house_prices;
extern const tare_command tare_command_inspect;
extern const tare_command tare_command_heatmap;
extern const tare_command tare_command_fashion;
extern const tare_command tare_command_action3d;
extern const tare_command tare_command_bench;
extern const tare_command tare_command_list;
extern const tare_command tare_command_help;

/* Command i, in order; NULL beyond the last. */
const tare_command *tare_command_at(size_t i);
/* The command of that name; NULL: there is none. */
const tare_command *tare_command_named(const char *name);
/* "tare: there is no command 'trian'; did you mean 'train'?"; returns TARE_EXIT_MISUSE. */
int tare_command_refuse(const char *name);

#endif
