/* SPDX-License-Identifier: Apache-2.0 */
/* tare help: the commands, or one of them. */
#include "cli/command.h"
#include "cli/say.h"

#include <string.h>

static int longest_name(void) {
    int longest = 0;
    const tare_command *command;
    for (size_t i = 0; (command = tare_command_at(i)) != NULL; i++) {
        const int length = (int)strlen(command->name);
        if (length > longest) longest = length;
    }
    return longest;
}

static void say_commands(void) {
    tare_text text = {0};
    const int width = longest_name();
    tare_text_add(&text, "tare: networks with batch normalisation: train, explain, inspect\n\n"
                         "tare COMMAND [options]\n\nCommands\n");
    const tare_command *command;
    for (size_t i = 0; (command = tare_command_at(i)) != NULL; i++)
        tare_text_format(&text, "  %-*s  %s\n", width, command->name, command->summary);
    tare_text_add(&text, "\n'tare help COMMAND' or 'tare COMMAND --help' tells more; 'tare list' "
                         "names networks and data sets;\n'tare --version' prints the version.\n");
    if (!tare_say_text(&text)) tare_say_note("no memory for the help text");
}

static int run(int count, char **arguments) {
    static char ask[] = "--help";
    char *help[] = {ask};
    if (count > 1) return tare_say_misuse("'%s' is one word too many", arguments[1]);
    if (count == 0) {
        say_commands();
        return TARE_EXIT_SUCCESS;
    }
    const tare_command *command = tare_command_named(arguments[0]);
    if (command == NULL && arguments[0][0] == '-') {
        say_commands();
        return TARE_EXIT_SUCCESS;
    }
    if (command == NULL) return tare_command_refuse(arguments[0]);
    if (command == &tare_command_help) {
        say_commands();
        return TARE_EXIT_SUCCESS;
    }
    return command->run(1, help);
}

const tare_command tare_command_help = {
    .name = "help",
    .summary = "the commands, or one of them",
    .usage = "[COMMAND]",
    .examples = "  tare help train\n",
    .run = run,
};
