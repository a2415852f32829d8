/* SPDX-License-Identifier: Apache-2.0 */
/* Saving a session: its variables' numbers straight from where they lie, no copy of them. */
#include "base/crc32c.h"
#include "base/status.h"
#include "base/text.h"
#include "model/checkpoint.h"

#include <inttypes.h>
#include <string.h>

typedef struct saving {
    tare_session *session;
    const char *path;
    const tare_checkpoint_save_options *options;
    tare_arena *arena;
    tare_saved_variables variables;
    const char **names;        /* [variables] */
    const tare_array **arrays; /* [variables] */
    tare_metadata *metadata;
    size_t metadata_count;
    tare_error *error;
} saving;

static tare_status collect(saving *s) {
    TARE_TRY(tare_saved_variables_list(s->session->graph, s->arena, &s->variables, s->error));
    const int64_t count = (int64_t)s->variables.count;
    s->names = tare_arena_allocate_array(s->arena, count + 1, sizeof *s->names);
    s->arrays = tare_arena_allocate_array(s->arena, count + 1, sizeof *s->arrays);
    if (s->names == NULL || s->arrays == NULL) return tare_fail_memory(s->error);
    for (int64_t i = 0; i < count; i++) {
        const tare_node *node = s->variables.nodes[i];
        const bool known = node->id < s->session->variables.count;
        const tare_variable_state *state = known ? &s->session->variables.items[node->id] : NULL;
        if (state == NULL || !state->initialized)
            return tare_fail_at(s->error, TARE_ERROR_UNINITIALIZED, "checkpoint", node->name,
                                "a variable without a value",
                                "tare_session_initialize or tare_session_set first");
        s->names[i] = node->name;
        s->arrays[i] = state->array;
    }
    return TARE_OK;
}

/* The checksum of all tensors in the order of the file. */
static tare_status checksum(const saving *s, uint32_t *crc) {
    const size_t count = s->variables.count;
    size_t *order = tare_arena_allocate_array(s->arena, (int64_t)count + 1, sizeof *order);
    if (order == NULL) return tare_fail_memory(s->error);
    tare_safetensors_order(count, s->arrays, order);
    *crc = 0;
    for (size_t i = 0; i < count; i++)
        *crc = tare_crc32c(*crc, s->arrays[order[i]]->data, s->arrays[order[i]]->bytes);
    return TARE_OK;
}

/* There is room for OUR_PAIRS; a value of NULL stands for lack of memory. */
static void add_pair(saving *s, const char *key, const char *value) {
    s->metadata[s->metadata_count++] = (tare_metadata){key, tare_arena_text(s->arena, value)};
}

static void add_number(saving *s, const char *key, int64_t number) {
    char text[TARE_NUMBER_TEXT];
    add_pair(s, key, tare_print(text, sizeof text, "%" PRId64, number));
}

enum { OUR_PAIRS = 7 };

static tare_status add_our_pairs(saving *s) {
    uint32_t crc = 0;
    const char *facts = NULL;
    char text[TARE_NUMBER_TEXT];
    TARE_TRY(checksum(s, &crc));
    TARE_TRY(tare_tensor_facts_text(s->session, s->arena, &facts, s->error));
    add_pair(s, TARE_KEY_FORMAT, TARE_CHECKPOINT_FORMAT);
    add_pair(s, TARE_KEY_VERSION, tare_version());
    add_number(s, TARE_KEY_RANDOM_DRAWS, (int64_t)s->session->random_draws);
    add_number(s, TARE_KEY_EPOCH, s->options->epoch);
    add_number(s, TARE_KEY_BATCH, s->options->batch);
    add_pair(s, TARE_KEY_CRC32C, tare_print(text, sizeof text, "%08" PRIx32, crc));
    if (facts != NULL) add_pair(s, TARE_KEY_FACTS, facts);
    for (size_t i = 0; i < s->metadata_count; i++)
        if (s->metadata[i].value == NULL) return tare_fail_memory(s->error);
    return TARE_OK;
}

static tare_status make_metadata(saving *s) {
    const size_t given = s->options->metadata_count;
    s->metadata =
        given > SIZE_MAX / 4 / sizeof *s->metadata
            ? NULL
            : tare_arena_allocate_array(s->arena, (int64_t)given + OUR_PAIRS, sizeof *s->metadata);
    if (s->metadata == NULL) return tare_fail_memory(s->error);
    TARE_TRY(add_our_pairs(s));
    for (size_t i = 0; i < given; i++) {
        const char *key = s->options->metadata[i].key;
        if (key != NULL && strncmp(key, TARE_KEY_OURS, strlen(TARE_KEY_OURS)) == 0)
            return tare_fail_file(s->error, TARE_ERROR_NAME, s->path,
                                  "the metadata's key '%.80s' begins with '%s', which the library "
                                  "keeps for itself",
                                  key, TARE_KEY_OURS);
        s->metadata[s->metadata_count++] = s->options->metadata[i];
    }
    return TARE_OK;
}

static tare_status save(saving *s) {
    TARE_TRY(collect(s));
    TARE_TRY(make_metadata(s));
    return tare_safetensors_write_with(s->path, &s->session->given, s->variables.count, s->names,
                                       s->arrays, s->metadata_count, s->metadata, s->error);
}

/* Fills `into` with defaults and what the caller's older or equal struct holds. */
static tare_status adopt(const tare_checkpoint_save_options *user,
                         tare_checkpoint_save_options *into, tare_error *error) {
    *into = (tare_checkpoint_save_options){TARE_CHECKPOINT_SAVE_DEFAULTS};
    if (user != NULL)
        memcpy(into, user, user->struct_size < sizeof *into ? user->struct_size : sizeof *into);
    if (into->epoch < 0 || into->batch < 0)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "checkpoint", "epoch, batch",
                            "a negative number", "0 or more");
    if (into->metadata_count > 0 && into->metadata == NULL)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "checkpoint", "metadata", "nothing",
                            "as many pairs as metadata_count says");
    return TARE_OK;
}

tare_status tare_checkpoint_save_with(tare_session *session, const char *path,
                                      const tare_checkpoint_save_options *options,
                                      tare_error *error) {
    if (session == NULL || path == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "checkpoint_save needs a session and a path");
    tare_checkpoint_save_options all;
    TARE_TRY(adopt(options, &all, error));
    TARE_TRY(tare_checkpoint_enter(session, error));
    saving s = {.session = session,
                .path = path,
                .options = &all,
                .arena = tare_arena_new(&session->given),
                .error = error};
    const tare_status status = s.arena == NULL ? tare_fail_memory(error) : save(&s);
    tare_arena_free(s.arena);
    return tare_checkpoint_leave(session, status, error);
}
