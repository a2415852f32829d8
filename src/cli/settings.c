/* SPDX-License-Identifier: Apache-2.0 */
/* Options as one line of text. */
#include "cli/settings.h"
#include "base/status.h"
#include "graph/state.h"

#include <string.h>

#define LONGEST_SETTING 200

/* "name=value" cut in two; false when it is nothing of the kind. */
static bool split(const char *setting, size_t length, char text[LONGEST_SETTING], char **value) {
    if (length >= LONGEST_SETTING) return false;
    memcpy(text, setting, length);
    text[length] = '\0';
    char *equals = strchr(text, '=');
    if (equals == NULL) return false;
    *equals = '\0';
    *value = equals + 1;
    return true;
}

static bool has(const tare_option_table *table, const char *name) {
    for (const tare_option *option = table->options; option->name != NULL; option++)
        if (strcmp(option->name, name) == 0) return option->kind != TARE_OPTION_text;
    return false;
}

/* Texts point to where they were read, so only options of other kinds are taken. */
static tare_status apply_one(const char *name, const char *value, const tare_option_group *groups,
                             int count, tare_error *error) {
    for (int i = 0; i < count; i++)
        if (has(groups[i].table, name))
            return tare_option_parse(groups[i].table, groups[i].options, name, value, error);
    return tare_fail_at(error, TARE_ERROR_NAME, "setting", name, "a name that is no option",
                        "an option of the network or of training");
}

tare_status tare_settings_apply(const char *settings, const tare_option_group *groups, int count,
                                tare_error *error) {
    while (*settings != '\0') {
        const size_t length = strcspn(settings, ",");
        char text[LONGEST_SETTING], *value = NULL;
        if (!split(settings, length, text, &value))
            return tare_fail(error, TARE_ERROR_FORMAT, "'%.100s' are no settings such as a=1,b=2",
                             settings);
        TARE_TRY(apply_one(text, value, groups, count, error));
        settings += length + (settings[length] == ',');
    }
    return TARE_OK;
}

void tare_settings_text(tare_text *text, const tare_option_table *table, const void *options) {
    const char *comma = "";
    for (const tare_option *option = table->options; option->name != NULL; option++) {
        tare_text_format(text, "%s%s=", comma, option->name);
        tare_option_text(text, option, options);
        comma = ",";
    }
}
