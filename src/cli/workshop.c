/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that work with a network of the zoo need. */
#include "cli/workshop.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/status.h"
#include "base/text.h"
#include "cli/say.h"
#include "cli/settings.h"
#include "norm/quantising.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int refuse_name(const char *name) {
    tare_nearest nearest = {.word = name};
    const char *known;
    for (size_t i = 0; (known = tare_zoo_name(i)) != NULL; i++) tare_nearest_offer(&nearest, known);
    if (nearest.best != NULL)
        return tare_say_misuse("there is no network '%s'; did you mean '%s'?", name, nearest.best);
    return tare_say_misuse("there is no network '%s'; 'tare list' names those there are", name);
}

int tare_workshop_begin(tare_workshop *workshop, const char *name) {
    workshop->name = name;
    workshop->network.struct_size = sizeof workshop->network;
    workshop->table = tare_zoo_option_table(name);
    if (workshop->table == NULL) return refuse_name(name);
    workshop->quantise = (tare_quantise_training_options){TARE_QUANTISE_TRAINING_DEFAULTS};
    workshop->options = tare_allocate_zeroed(NULL, workshop->table->size);
    if (workshop->options == NULL) return tare_say_failure("no memory");
    workshop->table->set_defaults(workshop->options);
    return -1;
}

/* -1: go on. */
static int recall(const char *settings, const char *path, const tare_option_group *group,
                  tare_error *error) {
    if (settings == NULL || tare_settings_apply(settings, group, 1, error) == TARE_OK) return -1;
    return tare_say_failure("'%s': %s", path, error->message);
}

int tare_workshop_recall(tare_workshop *workshop, const tare_safetensors *file, const char *path,
                         const char *named, tare_error *error) {
    const char *name = named != NULL ? named : tare_safetensors_metadata(file, "network");
    if (name == NULL)
        return tare_say_failure("'%s' does not say which network it is of; name it with --network",
                                path);
    int status = tare_workshop_begin(workshop, name);
    const char *quantise = tare_safetensors_metadata(file, TARE_QUANTISE_KEY);
    const tare_option_group how = {.table = &tare_quantise_training_table,
                                   .options = &workshop->quantise};
    workshop->quantised = quantise != NULL;
    if (status < 0) status = recall(quantise, path, &how, error);
    if (status >= 0 || named != NULL) return status;
    const tare_option_group own = {.table = workshop->table, .options = workshop->options};
    return recall(tare_safetensors_metadata(file, "options"), path, &own, error);
}

tare_status tare_workshop_build(tare_workshop *workshop, int64_t seed, tare_error *error) {
    workshop->graph = tare_graph_new();
    if (workshop->graph == NULL) return tare_fail_memory(error);
    tare_graph_set_seed(workshop->graph, (uint64_t)seed);
    return tare_zoo_build_quantised(workshop->graph, workshop->name, workshop->options,
                                    workshop->quantised ? &workshop->quantise : NULL,
                                    &workshop->network, error);
}

tare_status tare_workshop_open(tare_workshop *workshop, int64_t threads, tare_error *error) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.threads = threads;
    return tare_session_new_with(workshop->graph, &options, &workshop->session, error);
}

tare_status tare_workshop_restore(tare_workshop *workshop, const char *path, int64_t threads,
                                  tare_error *error) {
    TARE_TRY(tare_workshop_build(workshop, 0, error));
    TARE_TRY(tare_workshop_open(workshop, threads, error));
    return tare_checkpoint_load_with(workshop->session, path, NULL, NULL, error);
}

tare_status tare_workshop_save(const tare_workshop *workshop, const tare_safetensors *file,
                               const tare_checkpoint_facts *at, const char *path,
                               tare_error *error) {
    const size_t count = tare_safetensors_metadata_count(file);
    tare_metadata *pairs = tare_allocate_array(NULL, (int64_t)count + 1, sizeof *pairs);
    tare_checkpoint_save_options options = {TARE_CHECKPOINT_SAVE_DEFAULTS};
    if (pairs == NULL) return tare_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        const char *key = tare_safetensors_metadata_key(file, i);
        if (strncmp(key, "tare.", strlen("tare.")) == 0 || strcmp(key, "format") == 0) continue;
        pairs[options.metadata_count++] =
            (tare_metadata){key, tare_safetensors_metadata(file, key)};
    }
    options.metadata = pairs;
    if (at != NULL) {
        options.epoch = at->epoch;
        options.batch = at->batch;
    }
    const tare_status status = tare_checkpoint_save_with(workshop->session, path, &options, error);
    tare_release(NULL, pairs, (count + 1) * sizeof *pairs);
    return status;
}

void tare_workshop_end(tare_workshop *workshop) {
    tare_session_free(workshop->session);
    tare_graph_free(workshop->graph);
    if (workshop->options != NULL) tare_release(NULL, workshop->options, workshop->table->size);
}

const char *tare_workshop_data(const tare_workshop *workshop, const tare_safetensors *file,
                               const char *asked) {
    const char *data = asked;
    if (data == NULL && file != NULL) data = tare_safetensors_metadata(file, "data");
    return data != NULL ? data : tare_zoo_data(workshop->name);
}

int64_t tare_workshop_batch(const tare_safetensors *file) {
    static const char key[] = "batch=";
    const char *fit = file == NULL ? NULL : tare_safetensors_metadata(file, "fit");
    int64_t batch = 0;
    if (fit == NULL || strncmp(fit, key, strlen(key)) != 0) return 0;
    fit += strlen(key);
    return tare_parse_integer(&fit, &batch) ? batch : 0;
}

int64_t tare_workshop_image_size(const tare_workshop *workshop) {
    for (const tare_option *o = workshop->table->options; o->name != NULL; o++)
        if (o->kind == TARE_OPTION_integer && tare_same_text(o->name, "size"))
            return *(const int64_t *)((const char *)workshop->options + o->offset);
    return 0;
}

tare_status tare_workshop_limit(tare_dataset **dataset, int64_t count, tare_error *error) {
    tare_dataset *part = NULL;
    if (count == 0 || count >= tare_dataset_count(*dataset)) return TARE_OK;
    TARE_TRY(tare_dataset_part(*dataset, 0, count, &part, error));
    tare_dataset_free(*dataset);
    *dataset = part;
    return TARE_OK;
}

tare_status tare_workshop_load(const tare_data_request *request, tare_dataset **dataset,
                               tare_error *error) {
    tare_dataset_options options = {TARE_DATASET_DEFAULTS};
    options.test = request->test;
    options.folder = request->folder != NULL ? request->folder : getenv("TARE_FASHION_MNIST");
    options.size = request->size;
    options.count = request->limit; /* what is drawn, is drawn one by one */
    if (request->label != NULL) options.label = request->label;
    TARE_TRY(tare_dataset_load_with(request->data, &options, dataset, error));
    return tare_workshop_limit(dataset, request->limit, error);
}

void tare_workshop_result(tare_text *text, const char *what, const tare_evaluation *found,
                          bool has_classes) {
    char number[TARE_NUMBER_TEXT];
    if (has_classes) {
        const double accuracy = (double)found->correct / (double)found->count;
        tare_text_format(text, "%s accuracy %s (%" PRId64 " of %" PRId64 ")\n", what,
                         tare_fixed_text(number, accuracy, 4), found->correct, found->count);
    } else {
        tare_text_format(text, "%s loss %s (%" PRId64 " examples)\n", what,
                         tare_float_text(number, (float)found->loss), found->count);
    }
}
