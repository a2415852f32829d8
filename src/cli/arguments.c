/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines by tables of options. */
#include "cli/arguments.h"
#include "base/nearest.h"
#include "base/text.h"
#include "cli/say.h"
#include "graph/state.h"

#include <string.h>

#define LONGEST_NAME 64
#define HELP_COLUMN  28

/* Short names of long options. */
static const struct { const char *name, *stands_for; } aliases[] = {{"lr", "learning_rate"}};

/* --------------------------------------------------------------------------------- finding */

/* Whether a name is among names with commas around them; NULL: none. */
static bool is_among(const char *names, const char *name) {
    char wanted[LONGEST_NAME + 4];
    tare_print(wanted, sizeof wanted, ",%s,", name);
    return names != NULL && strstr(names, wanted) != NULL;
}

/* Options that a command line cannot say have no place there. */
static bool is_offered(const tare_option_group *group, const tare_option *option) {
    return option->kind != TARE_OPTION_tensor && option->kind != TARE_OPTION_array &&
           !is_among(group->hidden, option->name);
}

static const tare_option *find_in(const tare_option_group *group, const char *name) {
    for (const tare_option *option = group->table->options; option->name != NULL; option++)
        if (strcmp(option->name, name) == 0 && is_offered(group, option)) return option;
    return NULL;
}

static const tare_option *find(const tare_arguments *arguments, const char *name,
                               const tare_option_group **group) {
    for (int i = 0; i < arguments->group_count; i++) {
        *group = &arguments->groups[i];
        const tare_option *option = find_in(*group, name);
        if (option != NULL) return option;
    }
    return NULL;
}

/* "--learning-rate" to "learning_rate"; length of the name up to '='. False: too long. */
static bool read_name(const char *text, char name[LONGEST_NAME]) {
    const size_t length = strcspn(text, "=");
    if (length >= LONGEST_NAME) return false;
    for (size_t i = 0; i < length; i++) name[i] = text[i] == '-' ? '_' : text[i];
    name[length] = '\0';
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(name, aliases[i].name) == 0)
            tare_print(name, LONGEST_NAME, "%s", aliases[i].stands_for);
    return true;
}

/* "learning_rate" to "learning-rate". */
static const char *written(const char *name, char buffer[LONGEST_NAME]) {
    tare_print(buffer, LONGEST_NAME, "%s", name);
    for (char *at = buffer; *at != '\0'; at++)
        if (*at == '_') *at = '-';
    return buffer;
}

static int refuse_name(const tare_arguments *arguments, const char *name) {
    char spelt[LONGEST_NAME], best[LONGEST_NAME];
    tare_nearest nearest = {.word = name};
    for (int i = 0; i < arguments->group_count; i++) {
        const tare_option_group *group = &arguments->groups[i];
        for (const tare_option *option = group->table->options; option->name != NULL; option++)
            if (is_offered(group, option)) tare_nearest_offer(&nearest, option->name);
    }
    if (nearest.best != NULL)
        return tare_say_misuse("there is no option '--%s'; did you mean '--%s'?",
                               written(name, spelt), written(nearest.best, best));
    return tare_say_misuse("there is no option '--%s'; 'tare help %s' lists those there are",
                           written(name, spelt), arguments->command->name);
}

/* --------------------------------------------------------------------------------- parsing */

static int set(const tare_option_group *group, const char *name, const char *value) {
    tare_error error = {0};
    if (tare_option_parse(group->table, group->options, name, value, &error) == TARE_OK) return -1;
    char spelt[LONGEST_NAME];
    return tare_say_misuse("option '--%s': got '%s'; needs %s", written(name, spelt), value,
                           error.need[0] != '\0' ? error.need : "another value");
}

/* "--no-shuffle" for a boolean; NULL when text is nothing of the kind. */
static const tare_option *find_negated(const tare_arguments *arguments, const char *name,
                                       const tare_option_group **group) {
    if (strncmp(name, "no_", 3) != 0) return NULL;
    const tare_option *option = find(arguments, name + 3, group);
    return option != NULL && option->kind == TARE_OPTION_boolean ? option : NULL;
}

/* One option; *next is what may be its value, NULL when there is nothing. *used: whether it was. */
static int parse_option(const tare_arguments *arguments, const char *text, const char *next,
                        bool *used) {
    char name[LONGEST_NAME];
    const tare_option_group *group = NULL;
    const char *equals = strchr(text, '=');
    *used = false;
    if (!read_name(text, name)) return tare_say_misuse("there is no option '--%s'", text);
    const tare_option *option = find(arguments, name, &group);
    if (option == NULL && equals == NULL) {
        option = find_negated(arguments, name, &group);
        if (option != NULL) return set(group, option->name, "false");
    }
    if (option == NULL) return refuse_name(arguments, name);
    if (equals != NULL) return set(group, name, equals + 1);
    if (option->kind == TARE_OPTION_boolean) return set(group, name, "true");
    if (is_among(arguments->bare, option->name) && (next == NULL || next[0] == '-'))
        return set(group, name, "");
    if (next == NULL) {
        char spelt[LONGEST_NAME];
        return tare_say_misuse("option '--%s': got nothing behind it; needs a value",
                               written(name, spelt));
    }
    *used = true;
    return set(group, name, next);
}

static int add_word(tare_arguments *arguments, const char *text) {
    if (arguments->word_count == arguments->most_words)
        return tare_say_misuse("'%s' is one word too many; usage: tare %s %s", text,
                               arguments->command->name, arguments->command->usage);
    arguments->words[arguments->word_count++] = text;
    return -1;
}

bool tare_arguments_ask_help(int count, char **texts) {
    for (int i = 0; i < count && strcmp(texts[i], "--") != 0; i++)
        if (strcmp(texts[i], "--help") == 0 || strcmp(texts[i], "-h") == 0) return true;
    return false;
}

int tare_arguments_parse(tare_arguments *arguments, int count, char **texts) {
    if (tare_arguments_ask_help(count, texts)) {
        tare_arguments_help(arguments);
        return TARE_EXIT_SUCCESS;
    }
    arguments->word_count = 0;
    bool options_end = false;
    for (int i = 0; i < count; i++) {
        int status;
        bool used = false;
        if (!options_end && strcmp(texts[i], "--") == 0) {
            options_end = true;
            continue;
        }
        if (!options_end && strncmp(texts[i], "--", 2) == 0) {
            const char *next = i + 1 < count ? texts[i + 1] : NULL;
            status = parse_option(arguments, texts[i] + 2, next, &used);
        } else if (!options_end && texts[i][0] == '-' && texts[i][1] != '\0') {
            status = tare_say_misuse("there is no option '%s'; options begin with two hyphens",
                                     texts[i]);
        } else {
            status = add_word(arguments, texts[i]);
        }
        if (status >= 0) return status;
        if (used) i++;
    }
    return -1;
}

/* ------------------------------------------------------------------------------------- help */

/* What stands behind the option's name: the words of a choice, or the kind of value. */
static const char *value_hint(const tare_option *option) {
    switch (option->kind) {
    case TARE_OPTION_boolean:
        return "";
    case TARE_OPTION_choice:
        return " WORD";
    case TARE_OPTION_text:
        return " TEXT";
    case TARE_OPTION_integer:
    case TARE_OPTION_real:
        return " N";
    default:
        return " VALUE";
    }
}

static void add_option_help(tare_text *text, const tare_option *option, const void *options,
                            bool bare) {
    char name[LONGEST_NAME], left[LONGEST_NAME + 16];
    tare_print(left, sizeof left, "  --%s%s", written(option->name, name),
               bare ? " [TEXT]" : value_hint(option));
    tare_text_format(text, "%-*s  %s", HELP_COLUMN, left, option->help);
    if (option->words != NULL) tare_text_format(text, " (%s)", option->words);
    tare_text value = {0};
    tare_option_text(&value, option, options);
    const bool off = option->kind == TARE_OPTION_boolean && tare_same_text(value.data, "false");
    if (!value.failed && value.data != NULL && !off && !tare_same_text(value.data, "none"))
        tare_text_format(text, " [%s]", value.data);
    tare_text_clear(&value);
    tare_text_add(text, "\n");
}

/* Whether an earlier group has an option of that name. */
static bool is_shadowed(const tare_arguments *arguments, int group, const char *name) {
    for (int i = 0; i < group; i++)
        if (find_in(&arguments->groups[i], name) != NULL) return true;
    return false;
}

static void add_group_help(tare_text *text, const tare_arguments *arguments, int which) {
    const tare_option_group *group = &arguments->groups[which];
    tare_text_format(text, "\n%s\n", group->title);
    for (const tare_option *option = group->table->options; option->name != NULL; option++)
        if (is_offered(group, option) && !is_shadowed(arguments, which, option->name))
            add_option_help(text, option, group->options, is_among(arguments->bare, option->name));
}

void tare_arguments_help(const tare_arguments *arguments) {
    const tare_command *command = arguments->command;
    tare_text text = {0};
    tare_text_format(&text, "tare %s %s\n\n%s\n", command->name, command->usage, command->summary);
    for (int i = 0; i < arguments->group_count; i++) add_group_help(&text, arguments, i);
    tare_text_format(&text, "\nExamples\n%s", command->examples);
    if (!tare_say_text(&text)) tare_say_note("no memory for the help text");
}
