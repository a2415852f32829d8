/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines by tables of options: --learning-rate .1, --learning-rate=.1, --json, --no-shuffle.
 * A name's underscores are written as hyphens. Options and other words may stand in any order; "--"
 * ends the options.
 */
#ifndef TARE_SRC_CLI_ARGUMENTS_H
#define TARE_SRC_CLI_ARGUMENTS_H

#include "cli/command.h"
#include "graph/op.h"

#define TARE_MOST_GROUPS 4
#define TARE_MOST_WORDS  32

/* Options that belong together; of equal names the first group's counts. */
typedef struct tare_option_group {
    const char *title; /* "Options of lenet_bn" */
    const tare_option_table *table;
    void *options; /* a struct of the table's, filled */
    const char
        *hidden; /* names with commas around them, ",seed,divisor,": not offered; NULL: none */
} tare_option_group;

typedef struct tare_arguments {
    const tare_command *command;
    tare_option_group groups[TARE_MOST_GROUPS];
    int group_count;
    const char *bare; /* names with commas around them, ",profile,": options that may stand without
                         a value and are "" then; NULL: none */
    int most_words;
    const char *words[TARE_MOST_WORDS]; /* what is no option */
    int word_count;
} tare_arguments;

/* -1: go on. Otherwise an exit status: --help was printed, or something was refused with a
 * sentence. */
int tare_arguments_parse(tare_arguments *arguments, int count, char **texts);

/* Usage, options with their defaults, examples. */
void tare_arguments_help(const tare_arguments *arguments);

/* True when --help is among them. */
bool tare_arguments_ask_help(int count, char **texts);

#endif
