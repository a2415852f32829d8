/* SPDX-License-Identifier: Apache-2.0 */
/* The command-line tool: finds the command and runs it. */
#include "base/file.h"
#include "cli/command.h"
#include "cli/say.h"

#include <stdlib.h>
#include <string.h>

#define SLOWEST_WRITES 10000000

/* TARE_TEST_SLOW_WRITES, microseconds for each KiB written, lets a test kill the program inside a
 * save. */
static void slow_writes(void) {
    const char *text = getenv("TARE_TEST_SLOW_WRITES");
    int64_t microseconds = 0;
    if (text == NULL || !tare_parse_integer(&text, &microseconds)) return;
    if (microseconds > 0 && microseconds <= SLOWEST_WRITES) tare_writer_slow((int)microseconds);
}

static bool is_one_of(const char *text, const char *a, const char *b) {
    return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

static int run(int count, char **arguments) {
    if (count < 1) {
        tare_say_note("a command is missing; 'tare help' lists those there are");
        return TARE_EXIT_MISUSE;
    }
    const char *name = arguments[0];
    if (is_one_of(name, "--version", "-V")) {
        tare_say("tare " TARE_VERSION "\n");
        return TARE_EXIT_SUCCESS;
    }
    if (is_one_of(name, "--help", "-h")) return tare_command_help.run(0, arguments);
    if (name[0] == '-') return tare_say_misuse("there is no option '%s' before the command", name);
    const tare_command *command = tare_command_named(name);
    if (command == NULL) return tare_command_refuse(name);
    return command->run(count - 1, arguments + 1);
}

int main(int count, char **arguments) {
    slow_writes();
    return tare_say_end(run(count - 1, arguments + 1));
}
