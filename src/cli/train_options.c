/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `tare train`. It is read twice: first to learn the recipe, then, the recipe
 * applied, for good, so that options override recipes wherever they stand.
 */
#include "cli/train_options.h"
#include "cli/say.h"
#include "cli/settings.h"
#include "train/fit_network.h"

#include <string.h>

#define TARE_TABLE_STRUCT tare_train_options
TARE_OPTION_TABLE(static, train_table, TARE_TRAIN_FIELDS);
#undef TARE_TABLE_STRUCT

static const tare_recipe *find_recipe(const char *network, const char *name) {
    const tare_recipe *recipe;
    for (size_t i = 0; (recipe = tare_zoo_recipe(network, i)) != NULL; i++)
        if (strcmp(recipe->name, name) == 0) return recipe;
    return NULL;
}

static int refuse_recipe(const char *network, const char *name) {
    tare_text text = {0};
    const tare_recipe *recipe;
    for (size_t i = 0; (recipe = tare_zoo_recipe(network, i)) != NULL; i++)
        tare_text_format(&text, "%s%s", i > 0 ? ", " : "", recipe->name);
    const int status = tare_say_misuse("%s has no recipe '%s'; it has %s", network, name,
                                       text.data == NULL ? "none" : text.data);
    tare_text_clear(&text);
    return status;
}

static void set_defaults(tare_training *training) {
    train_table.set_defaults(&training->options);
    training->fit = (tare_fit_options){TARE_FIT_DEFAULTS};
    training->workshop.table->set_defaults(training->workshop.options);
}

/* Sets the recipe that was asked for. */
static int apply_recipe(tare_training *training, const tare_arguments *arguments) {
    const tare_recipe *recipe = find_recipe(training->workshop.name, training->options.recipe);
    if (recipe == NULL) return refuse_recipe(training->workshop.name, training->options.recipe);
    tare_error error = {0};
    set_defaults(training);
    if (tare_settings_apply(recipe->settings, arguments->groups, arguments->group_count, &error) !=
        TARE_OK)
        return tare_say_error(&error);
    return -1;
}

/* How the network is to be quantised. */
static int set_quantise(tare_training *training) {
    const tare_train_options *options = &training->options;
    const tare_quantise_training_options usual = {TARE_QUANTISE_TRAINING_DEFAULTS};
    tare_quantise_training_options *how = &training->workshop.quantise;
    const bool asked = options->quantise_delay != usual.delay ||
                       options->freeze_delay != usual.freeze_delay || options->per_tensor;
    if (asked && !options->quantise)
        return tare_say_misuse(
            "--quantise-delay, --freeze-delay and --per-tensor: need --quantise");
    if (options->quantise_delay < 0 || options->freeze_delay < 0)
        return tare_say_misuse("--quantise-delay and --freeze-delay: need 0 or more");
    training->workshop.quantised = options->quantise;
    how->delay = options->quantise_delay;
    how->freeze_delay = options->freeze_delay;
    how->per_channel = !options->per_tensor;
    return -1;
}

static int check(tare_training *training) {
    const tare_train_options *options = &training->options;
    if (options->limit < 0 || options->test_limit < 0 || options->held_back < 0 ||
        options->threads < 0)
        return tare_say_misuse("--limit, --test-limit, --held-back and --threads: got a negative "
                               "number; needs 0 or more");
    if (training->fit.epochs < 1) return tare_say_misuse("--epochs: needs 1 or more");
    if (training->fit.batch < 1) return tare_say_misuse("--batch: needs 1 or more");
    if (training->fit.resume && training->fit.checkpoint == NULL)
        return tare_say_misuse("--resume: needs --checkpoint FILE to resume from");
    if (training->fit.log_steps < 1) return tare_say_misuse("--log-steps: needs 1 or more");
    if (training->fit.log_histograms && training->fit.log == NULL)
        return tare_say_misuse("--log-histograms: needs --log FOLDER to write to");
    if (training->fit.checkpoint_steps > 0 && training->fit.checkpoint == NULL)
        return tare_say_misuse("--checkpoint-steps: needs --checkpoint FILE to save to");
    return set_quantise(training);
}

static const char hidden_of_fit[] = ",seed,divisor,", bare[] = ",profile,";

/* Help without a network shows what all have in common. */
static int help_without_network(void) {
    tare_train_options options;
    tare_fit_options fit = {TARE_FIT_DEFAULTS};
    train_table.set_defaults(&options);
    const tare_arguments arguments = {
        .command = &tare_command_train,
        .groups =
            {{"Options", &train_table, &options, NULL},
             {"Options of training ('tare train NAME --help' shows NAME's defaults and its own)",
              &tare_fit_table, &fit, hidden_of_fit}},
        .group_count = 2,
        .bare = bare};
    tare_arguments_help(&arguments);
    return TARE_EXIT_SUCCESS;
}

int tare_training_parse(tare_training *training, int count, char **texts) {
    if (count > 0 && texts[0][0] == '-' && tare_arguments_ask_help(count, texts))
        return help_without_network();
    if (count < 1 || texts[0][0] == '-')
        return tare_say_misuse("the network's name is missing: tare train NAME [options]; 'tare "
                               "list' names those there are");
    int status = tare_workshop_begin(&training->workshop, texts[0]);
    if (status >= 0) return status;
    tare_arguments arguments = {
        .command = &tare_command_train,
        .groups = {{"Options", &train_table, &training->options, NULL},
                   {"Options of the network", training->workshop.table, training->workshop.options,
                    ",steps,"},
                   {"Options of training", &tare_fit_table, &training->fit, hidden_of_fit}},
        .group_count = 3,
        .bare = bare};
    set_defaults(training);
    if (tare_arguments_ask_help(count, texts)) {
        status = apply_recipe(training, &arguments);
        if (status >= 0) return status;
    }
    status = tare_arguments_parse(&arguments, count - 1, texts + 1);
    if (status < 0) status = apply_recipe(training, &arguments);
    if (status < 0) status = tare_arguments_parse(&arguments, count - 1, texts + 1);
    return status < 0 ? check(training) : status;
}
