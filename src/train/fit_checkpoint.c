/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints of training. Beside the caller's pairs one pair of fit's own is kept, "fit", with all
 * that decides which examples the next batch holds; a place in the data means nothing without it.
 */
#include "train/fit_checkpoint.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define FIT_KEY  "fit"
#define FIT_TEXT 256

/* "batch=128,seed=0,shuffle=true,last=0,divisor=0,examples=60000" */
static void describe(const tare_fit_options *options, int64_t examples, char text[FIT_TEXT]) {
    char divisor[TARE_NUMBER_TEXT];
    tare_print(text, FIT_TEXT,
               "batch=%" PRId64 ",seed=%" PRId64 ",shuffle=%s,last=%d,divisor=%s,examples=%" PRId64,
               options->batch, options->seed, options->shuffle ? "true" : "false", options->last,
               tare_double_text(divisor, options->divisor), examples);
}

/* The caller's pairs and fit's. Release with release_pairs. */
static tare_metadata *make_pairs(const tare_fit_options *options, const char *fit) {
    const size_t count = options->metadata_count;
    tare_metadata *pairs = tare_allocate_array(NULL, (int64_t)count + 1, sizeof *pairs);
    if (pairs == NULL) return NULL;
    for (size_t i = 0; i < count; i++) pairs[i] = options->metadata[i];
    pairs[count] = (tare_metadata){FIT_KEY, fit};
    return pairs;
}

static void release_pairs(const tare_fit_options *options, tare_metadata *pairs) {
    tare_release(NULL, pairs, (options->metadata_count + 1) * sizeof *pairs);
}

tare_status tare_fit_save(tare_session *session, const tare_fit_options *options, int64_t examples,
                          tare_fit_place place, tare_error *error) {
    char fit[FIT_TEXT];
    describe(options, examples, fit);
    tare_metadata *pairs = make_pairs(options, fit);
    if (pairs == NULL) return tare_fail_memory(error);
    tare_checkpoint_save_options how = {TARE_CHECKPOINT_SAVE_DEFAULTS};
    how.epoch = place.epoch;
    how.batch = place.batch;
    how.metadata = pairs;
    how.metadata_count = options->metadata_count + 1;
    const tare_status status = tare_checkpoint_save_with(session, options->checkpoint, &how, error);
    release_pairs(options, pairs);
    return status;
}

/* Every pair of ours must stand in the file as it is now. */
static tare_status compare_pairs(const tare_safetensors *file, const char *path,
                                 const tare_metadata *pairs, size_t count, tare_error *error) {
    for (size_t i = 0; i < count; i++) {
        const char *saved = tare_safetensors_metadata(file, pairs[i].key);
        if (tare_same_text(saved, pairs[i].value)) continue;
        return tare_fail_file(error, TARE_ERROR_STATE, path,
                              "was saved with %.40s '%.160s', training now has '%.160s'; go on "
                              "with the same options, or start without resuming",
                              pairs[i].key, saved == NULL ? "" : saved, pairs[i].value);
    }
    return TARE_OK;
}

static tare_status check_pairs(const char *path, const tare_fit_options *options, int64_t examples,
                               tare_error *error) {
    char fit[FIT_TEXT];
    describe(options, examples, fit);
    tare_metadata *pairs = make_pairs(options, fit);
    if (pairs == NULL) return tare_fail_memory(error);
    tare_safetensors *file = NULL;
    tare_status status = tare_safetensors_open(path, &file, error);
    if (status == TARE_OK)
        status = compare_pairs(file, path, pairs, options->metadata_count + 1, error);
    tare_safetensors_close(file);
    release_pairs(options, pairs);
    return status;
}

tare_status tare_fit_load(tare_session *session, const tare_fit_options *options, int64_t examples,
                          tare_fit_place *place, bool *found, tare_error *error) {
    const char *path = options->checkpoint;
    *found = tare_file_exists(path);
    if (!*found) return TARE_OK;
    tare_checkpoint_facts facts = {.struct_size = sizeof facts};
    TARE_TRY(tare_checkpoint_inspect(path, &facts, error));
    TARE_TRY(check_pairs(path, options, examples, error));
    TARE_TRY(tare_checkpoint_load_with(session, path, NULL, &facts, error));
    *place = (tare_fit_place){.epoch = facts.epoch, .batch = facts.batch};
    return TARE_OK;
}
