/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: one line each. */
#include "base/nearest.h"
#include "cli/command.h"
#include "cli/say.h"

#include <string.h>

/* clang-format off */
static const tare_command *const commands[] = {
    &tare_command_explain,
    &tare_command_doctor,
    &tare_command_recalibrate,
    &tare_command_fold,
    &tare_command_export,
    &tare_command_train,
    &tare_command_eval,
    &tare_command_channelwise,
    &tare_command_predict,
    &tare_command_run,
    &tare_command_quantise,
    &tare_command_house_prices,
    &tare_command_inspect,
    &tare_command_heatmap,
    &tare_command_fashion,
    &tare_command_action3d,
    &tare_command_bench,
    &tare_command_list,
    &tare_command_help,
};
/* clang-format on */
enum { COMMANDS = sizeof commands / sizeof *commands };

const tare_command *tare_command_at(size_t i) { return i < COMMANDS ? commands[i] : NULL; }

const tare_command *tare_command_named(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

int tare_command_refuse(const char *name) {
    tare_nearest nearest = {.word = name};
    for (size_t i = 0; i < COMMANDS; i++) tare_nearest_offer(&nearest, commands[i]->name);
    if (nearest.best != NULL)
        return tare_say_misuse("there is no command '%s'; did you mean '%s'?", name, nearest.best);
    return tare_say_misuse("there is no command '%s'; 'tare help' lists those there are", name);
}
