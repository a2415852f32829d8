/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading into a session, in three parts: match tensors and variables and check everything; read
 * all numbers and make room for them; copy. Only the last part changes the session and the graph's
 * ranges, and when it fails, of memory for the ranges, it has changed nothing yet.
 */
#include "array/shape.h"
#include "base/crc32c.h"
#include "base/status.h"
#include "base/text.h"
#include "model/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#define CHUNK_BYTES 65536
#define NAMES_TOLD  4

typedef struct loading {
    tare_session *session;
    const char *path;
    bool lenient;
    tare_safetensors *file;
    tare_arena *arena;
    tare_saved_variables variables;
    int64_t *entries;    /* [variables] index of the tensor, -1: none */
    bool *used;          /* [tensors] */
    tare_array **arrays; /* [variables] what was read; NULL: nothing */
    tare_checkpoint_facts facts;
    tare_tensor_facts tensor_facts;
    const struct tare_counted **counted; /* [nodes + 1] of that variable, NULL: not told */
    tare_error *error;
} loading;

/* ----------------------------------------------------------------------------------- matching */

/* A list of names in a sentence: 'a', 'b' and 3 more. */
typedef struct name_list {
    tare_text text;
    int64_t count;
} name_list;

static void add_name(name_list *list, const char *name) {
    if (list->count < NAMES_TOLD)
        tare_text_format(&list->text, "%s'%.60s'", list->count > 0 ? ", " : "", name);
    list->count++;
}

static void end_list(name_list *list) {
    if (list->count > NAMES_TOLD)
        tare_text_format(&list->text, " and %" PRId64 " more", list->count - NAMES_TOLD);
    tare_text_add(&list->text, ""); /* never without data */
}

static tare_status check_type(const loading *l, const tare_node *variable,
                              const tare_safetensors_entry *entry) {
    const tare_type *type = &variable->outputs[0];
    const bool same_dtype = entry->type->dtype == type->dtype;
    if (same_dtype && tare_shape_same(entry->shape, type->shape)) return TARE_OK;
    char got[TARE_SHAPE_TEXT + 32], need[TARE_SHAPE_TEXT + 32], shape[TARE_SHAPE_TEXT];
    tare_print(got, sizeof got, "%s %s in the file", entry->type->name,
               tare_shape_text(shape, entry->shape));
    const tare_safetensors_type *wanted = tare_safetensors_type_of(type->dtype);
    tare_print(need, sizeof need, "%s %s", wanted == NULL ? "another dtype" : wanted->name,
               tare_shape_text(shape, type->shape));
    return tare_fail_at(l->error, same_dtype ? TARE_ERROR_SHAPE : TARE_ERROR_TYPE, "checkpoint",
                        variable->name, got, need);
}

static tare_status refuse_names(const loading *l, const name_list *missing,
                                const name_list *foreign) {
    if (missing->text.failed || foreign->text.failed) return tare_fail_memory(l->error);
    const char *advice = "was the network built with the same options? (A lenient load takes what "
                         "fits)";
    if (foreign->count == 0)
        return tare_fail_file(l->error, TARE_ERROR_NAME, l->path,
                              "%" PRId64 " of the variables have no tensor here (%s); %s",
                              missing->count, missing->text.data, advice);
    if (missing->count == 0)
        return tare_fail_file(l->error, TARE_ERROR_NAME, l->path,
                              "%" PRId64 " of the tensors belong to no variable (%s); %s",
                              foreign->count, foreign->text.data, advice);
    return tare_fail_file(l->error, TARE_ERROR_NAME, l->path,
                          "%" PRId64 " of the variables have no tensor here (%s), %" PRId64
                          " of the tensors belong to no variable (%s); %s",
                          missing->count, missing->text.data, foreign->count, foreign->text.data,
                          advice);
}

/* Finds the tensor of every variable; lists what has none. */
static tare_status match(loading *l, name_list *missing, name_list *foreign) {
    for (size_t i = 0; i < l->variables.count; i++) {
        const tare_node *variable = l->variables.nodes[i];
        l->entries[i] = tare_safetensors_find(l->file, variable->name);
        if (l->entries[i] < 0) {
            add_name(missing, variable->name);
            continue;
        }
        l->used[l->entries[i]] = true;
        TARE_TRY(check_type(l, variable, &l->file->entries[l->entries[i]]));
    }
    for (size_t i = 0; i < l->file->count; i++)
        if (!l->used[i]) add_name(foreign, l->file->entries[i].name);
    l->facts.skipped = missing->count;
    if (l->lenient || missing->count + foreign->count == 0) return TARE_OK;
    end_list(missing);
    end_list(foreign);
    return refuse_names(l, missing, foreign);
}

static tare_status match_all(loading *l) {
    name_list missing = {0}, foreign = {0};
    const int64_t variables = (int64_t)l->variables.count, tensors = (int64_t)l->file->count;
    l->entries = tare_arena_allocate_array(l->arena, variables + 1, sizeof *l->entries);
    l->arrays = tare_arena_allocate_array(l->arena, variables + 1, sizeof *l->arrays);
    l->used = tare_arena_allocate_array(l->arena, tensors + 1, sizeof *l->used);
    if (l->entries == NULL || l->arrays == NULL || l->used == NULL)
        return tare_fail_memory(l->error);
    const tare_status status = match(l, &missing, &foreign);
    tare_text_clear(&missing.text);
    tare_text_clear(&foreign.text);
    return status;
}

/* ----------------------------------------------------------------------------------- checksum */

/* The checksum of the file's data as they are. */
static tare_status file_checksum(const loading *l, uint32_t *crc) {
    const int64_t size = tare_file_size(l->file->file);
    char *chunk = tare_arena_allocate(l->arena, CHUNK_BYTES);
    if (chunk == NULL) return tare_fail_memory(l->error);
    *crc = 0;
    for (int64_t at = l->file->data_at; at < size;) {
        const int64_t left = size - at;
        const size_t bytes = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        TARE_TRY(tare_file_read_at(l->file->file, at, chunk, bytes, l->error));
        *crc = tare_crc32c(*crc, chunk, bytes);
        at += (int64_t)bytes;
    }
    return TARE_OK;
}

static tare_status check_checksum(const loading *l) {
    const char *wanted = tare_safetensors_metadata(l->file, TARE_KEY_CRC32C);
    if (wanted == NULL) return TARE_OK;
    uint32_t crc = 0;
    char text[TARE_NUMBER_TEXT];
    TARE_TRY(file_checksum(l, &crc));
    if (tare_same_text(wanted, tare_print(text, sizeof text, "%08" PRIx32, crc))) return TARE_OK;
    return tare_fail_file(l->error, TARE_ERROR_FORMAT, l->path,
                          "the tensors' CRC-32C is %s, the metadata say %.16s: the file is damaged",
                          text, wanted);
}

/* ------------------------------------------------------------------------------------ loading */

/* The facts of tensors, and memory for the counts among them. */
static tare_status read_tensor_facts(loading *l) {
    const tare_graph *graph = l->session->graph;
    tare_tensor_facts *facts = &l->tensor_facts;
    TARE_TRY(tare_tensor_facts_read(graph, l->path,
                                    tare_safetensors_metadata(l->file, TARE_KEY_FACTS), l->lenient,
                                    l->arena, facts, l->error));
    l->counted =
        tare_arena_allocate_array(l->arena, tare_graph_node_count(graph) + 1, sizeof *l->counted);
    if (l->counted == NULL) return tare_fail_memory(l->error);
    for (int64_t i = 0; i < facts->counted_count; i++) {
        tare_update_counts *counts;
        l->counted[facts->counted[i].variable] = &facts->counted[i];
        if (tare_session_counts(l->session, facts->counted[i].variable, &counts) != TARE_OK)
            return tare_fail_memory(l->error);
    }
    return TARE_OK;
}

/* Reads every tensor, and makes sure that every variable has memory. */
static tare_status read_all(loading *l) {
    for (size_t i = 0; i < l->variables.count; i++) {
        if (l->entries[i] < 0) continue;
        tare_variable_state *state;
        TARE_TRY(tare_safetensors_read_entry(l->file, l->entries[i], &l->arrays[i], l->error));
        if (tare_session_variable(l->session, l->variables.nodes[i]->id, &state) != TARE_OK)
            return tare_fail_memory(l->error);
    }
    return TARE_OK;
}

static tare_status set_all(loading *l) {
    if (!tare_graph_set_ranges(l->session->graph, l->tensor_facts.ranges,
                               l->tensor_facts.range_count))
        return tare_fail_memory(l->error);
    for (size_t i = 0; i < l->variables.count; i++) {
        if (l->arrays[i] == NULL) continue;
        tare_variable_state *state = &l->session->variables.items[l->variables.nodes[i]->id];
        memcpy(state->array->data, l->arrays[i]->data, l->arrays[i]->bytes);
        state->initialized = true;
        const struct tare_counted *counted = l->counted[l->variables.nodes[i]->id];
        tare_session_renew_counts(state, counted == NULL ? NULL : &counted->counts,
                                  counted == NULL || !counted->complete);
    }
    l->session->epoch++; /* what plans keep of variables is stale */
    if (tare_safetensors_metadata(l->file, TARE_KEY_RANDOM_DRAWS) != NULL)
        l->session->random_draws = (uint64_t)l->facts.random_draws;
    return TARE_OK;
}

static tare_status load(loading *l) {
    const tare_allocator *allocator = &l->session->given;
    TARE_TRY(tare_safetensors_open_with(l->path, allocator, &l->file, l->error));
    l->arena = tare_arena_new(allocator);
    if (l->arena == NULL) return tare_fail_memory(l->error);
    TARE_TRY(tare_checkpoint_read_facts(l->file, l->path, false, &l->facts, l->error));
    TARE_TRY(tare_saved_variables_list(l->session->graph, l->arena, &l->variables, l->error));
    TARE_TRY(match_all(l));
    TARE_TRY(check_checksum(l));
    TARE_TRY(read_tensor_facts(l));
    TARE_TRY(read_all(l));
    return set_all(l);
}

static void release(loading *l) {
    for (size_t i = 0; l->arrays != NULL && i < l->variables.count; i++)
        tare_array_free(l->arrays[i]);
    tare_arena_free(l->arena);
    tare_safetensors_close(l->file);
}

tare_status tare_checkpoint_load_with(tare_session *session, const char *path,
                                      const tare_checkpoint_load_options *options,
                                      tare_checkpoint_facts *facts, tare_error *error) {
    if (session == NULL || path == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "checkpoint_load needs a session and a path");
    const size_t lenient_end = offsetof(tare_checkpoint_load_options, lenient) + sizeof(bool);
    const bool has_lenient = options != NULL && options->struct_size >= lenient_end;
    TARE_TRY(tare_checkpoint_enter(session, error));
    loading l = {.session = session,
                 .path = path,
                 .lenient = has_lenient && options->lenient,
                 .error = error};
    const tare_status status = load(&l);
    release(&l);
    if (status == TARE_OK) tare_checkpoint_give_facts(&l.facts, facts);
    return tare_checkpoint_leave(session, status, error);
}
