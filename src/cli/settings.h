/* SPDX-License-Identifier: Apache-2.0 */
/* Options as one line of text, "batch=128,epochs=3": recipes, and what checkpoints remember. */
#ifndef TARE_SRC_CLI_SETTINGS_H
#define TARE_SRC_CLI_SETTINGS_H

#include "base/text.h"
#include "cli/arguments.h"

/* Sets each option in the first of the groups that has it; *error tells what cannot be set. */
tare_status tare_settings_apply(const char *settings, const tare_option_group *groups, int count,
                                tare_error *error);
/* All options of a struct as such a line. */
void tare_settings_text(tare_text *text, const tare_option_table *table, const void *options);

#endif
