/* SPDX-License-Identifier: Apache-2.0 */
/* tare list: networks with their recipes, and data sets. */
#include "cli/arguments.h"
#include "cli/say.h"
#include "cli/table.h"
#include "report/json.h"
#include <tare/zoo.h>

#define TARE_LIST_FIELDS(field) field(boolean, json, false, "print JSON")
TARE_OPTIONS(list_options, TARE_LIST_FIELDS);
#define TARE_TABLE_STRUCT list_options
TARE_OPTION_TABLE(static, list_table, TARE_LIST_FIELDS);

static void add_networks(tare_text *text) {
    tare_table table = {.columns = 2};
    const char *name;
    for (size_t i = 0; (name = tare_zoo_name(i)) != NULL; i++) {
        tare_table_cell(&table, name);
        tare_table_cell(&table, tare_zoo_help(name));
        const tare_recipe *recipe;
        for (size_t k = 0; (recipe = tare_zoo_recipe(name, k)) != NULL; k++) {
            tare_text line = {0};
            tare_text_format(&line, "recipe %s: %s (%s)", recipe->name, recipe->help,
                             recipe->settings);
            tare_table_cell(&table, "");
            tare_table_cell(&table, line.failed ? recipe->name : line.data);
            tare_text_clear(&line);
        }
    }
    tare_text_add(text, "Networks\n");
    tare_table_end(&table, text);
}

static void add_data_sets(tare_text *text) {
    tare_table table = {.columns = 2};
    for (size_t i = 0; tare_dataset_name(i) != NULL; i++) {
        tare_table_cell(&table, tare_dataset_name(i));
        tare_table_cell(&table, tare_dataset_help(i));
    }
    tare_text_add(text, "\nData sets\n");
    tare_table_end(&table, text);
}

static void add_json_recipes(tare_json *json, const char *name) {
    const tare_recipe *recipe;
    tare_json_key(json, "recipes");
    tare_json_begin_array(json);
    for (size_t k = 0; (recipe = tare_zoo_recipe(name, k)) != NULL; k++) {
        tare_json_begin_object(json);
        tare_json_member_text(json, "name", recipe->name);
        tare_json_member_text(json, "help", recipe->help);
        tare_json_member_text(json, "settings", recipe->settings);
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
}

static void add_json(tare_json *json) {
    const char *name;
    tare_json_begin_object(json);
    tare_json_key(json, "networks");
    tare_json_begin_array(json);
    for (size_t i = 0; (name = tare_zoo_name(i)) != NULL; i++) {
        tare_json_begin_object(json);
        tare_json_member_text(json, "name", name);
        tare_json_member_text(json, "help", tare_zoo_help(name));
        add_json_recipes(json, name);
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
    tare_json_key(json, "data");
    tare_json_begin_array(json);
    for (size_t i = 0; tare_dataset_name(i) != NULL; i++) {
        tare_json_begin_object(json);
        tare_json_member_text(json, "name", tare_dataset_name(i));
        tare_json_member_text(json, "help", tare_dataset_help(i));
        tare_json_end_object(json);
    }
    tare_json_end_array(json);
    tare_json_end_object(json);
}

static int run(int count, char **texts) {
    list_options options;
    list_table.set_defaults(&options);
    tare_arguments arguments = {.command = &tare_command_list,
                                .groups = {{"Options", &list_table, &options, NULL}},
                                .group_count = 1};
    const int status = tare_arguments_parse(&arguments, count, texts);
    if (status >= 0) return status;
    tare_json json = {.depth = 0};
    if (options.json) {
        add_json(&json);
        tare_text_add(&json.text, "\n");
    } else {
        add_networks(&json.text);
        add_data_sets(&json.text);
    }
    if (!tare_say_text(&json.text)) return tare_say_failure("no memory");
    return TARE_EXIT_SUCCESS;
}

const tare_command tare_command_list = {
    .name = "list",
    .summary = "networks with their recipes, and data sets",
    .usage = "[--json]",
    .examples = "  tare list\n",
    .run = run,
};
