/* SPDX-License-Identifier: Apache-2.0 */
/* The table of data sets by name: one line each. */
#include "base/nearest.h"
#include "base/status.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/options.h"

#include <string.h>

/* clang-format off */
static const tare_source *const sources[] = {
    &tare_source_fashion_mnist,
    &tare_source_synthetic,
    &tare_source_heatmap,
    &tare_source_moving,
    &tare_source_question,
    &tare_source_houses,
    &tare_source_npz,
    &tare_source_csv,
};
/* clang-format on */
enum { SOURCES = sizeof sources / sizeof *sources };

/* A source whose name begins with a point takes every file whose name ends so. */
static bool takes(const tare_source *source, const char *name) {
    if (source->name[0] != '.') return strcmp(name, source->name) == 0;
    const size_t length = strlen(name), end = strlen(source->name);
    return length > end && strcmp(name + length - end, source->name) == 0;
}

const char *tare_dataset_name(size_t i) { return i < SOURCES ? sources[i]->name : NULL; }

const char *tare_dataset_help(size_t i) { return i < SOURCES ? sources[i]->help : NULL; }

static tare_status refuse_name(const char *name, tare_error *error) {
    tare_nearest nearest = {.word = name};
    for (size_t i = 0; i < SOURCES; i++) tare_nearest_offer(&nearest, sources[i]->name);
    if (nearest.best != NULL)
        return tare_fail(error, TARE_ERROR_NAME, "there is no data set '%.80s'; did you mean '%s'?",
                         name, nearest.best);
    tare_text known = {0};
    for (size_t i = 0; i < SOURCES; i++)
        if (sources[i]->name[0] != '.') tare_text_format(&known, "%s, ", sources[i]->name);
    const tare_status status =
        tare_fail(error, TARE_ERROR_NAME,
                  "there is no data set '%.80s'; there are %sand files that end in .npz or .csv",
                  name, known.data != NULL ? known.data : "");
    tare_text_clear(&known);
    return status;
}

tare_status tare_dataset_load_with(const char *name, const tare_dataset_options *options,
                                   tare_dataset **dataset, tare_error *error) {
    if (dataset != NULL) *dataset = NULL;
    if (name == NULL || dataset == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "dataset_load needs a name and a place for the data set");
    tare_dataset_options all;
    tare_options_adopt(&tare_dataset_table, options, &all);
    for (size_t i = 0; i < SOURCES; i++)
        if (takes(sources[i], name)) return sources[i]->load(name, &all, dataset, error);
    return refuse_name(name, error);
}
