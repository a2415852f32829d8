/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a checkpoint, and which variables belong there. */
#include "model/checkpoint.h"
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"

#include <string.h>

static bool is_local(const tare_node *variable) {
    return ((const tare_variable_node_options *)variable->options)->local;
}

tare_status tare_saved_variables_list(const tare_graph *graph, tare_arena *arena,
                                      tare_saved_variables *variables, tare_error *error) {
    const int64_t count = tare_graph_variable_count(graph);
    variables->count = 0;
    variables->nodes = tare_arena_allocate_array(arena, count + 1, sizeof *variables->nodes);
    if (variables->nodes == NULL) return tare_fail_memory(error);
    for (int64_t i = 0; i < count; i++) {
        const tare_node *node = tare_graph_node(graph, tare_graph_variable(graph, i));
        if (!is_local(node)) variables->nodes[variables->count++] = node;
    }
    return TARE_OK;
}

tare_status tare_checkpoint_enter(tare_session *session, tare_error *error) {
    const tare_status status = tare_session_enter(session);
    if (status == TARE_OK || error == NULL) return status;
    if (status == TARE_ERROR_BUSY) /* the session's sentence is the other call's */
        return tare_fail(error, status, "the session is running in another thread");
    *error = session->error;
    return status;
}

tare_status tare_checkpoint_leave(tare_session *session, tare_status status, tare_error *error) {
    const tare_status left = tare_session_leave(session, status);
    if (left != status && error != NULL) *error = session->error;
    return left;
}

/* A whole number of at least 0 under key; 0 when there is none. */
static tare_status read_number(const tare_safetensors *file, const char *path, const char *key,
                               int64_t *number, tare_error *error) {
    const char *value = tare_safetensors_metadata(file, key);
    *number = 0;
    if (value == NULL) return TARE_OK;
    const char *cursor = value;
    if (tare_parse_integer(&cursor, number) && *cursor == '\0' && *number >= 0) return TARE_OK;
    return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                          "the metadata's '%s' is '%.40s'; needs a whole number of at least 0", key,
                          value);
}

tare_status tare_checkpoint_read_facts(const tare_safetensors *file, const char *path, bool must,
                                       tare_checkpoint_facts *facts, tare_error *error) {
    const char *format = tare_safetensors_metadata(file, TARE_KEY_FORMAT);
    if (must && !tare_same_text(format, TARE_CHECKPOINT_FORMAT))
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "no checkpoint: the metadata's 'format' is not '%s'",
                              TARE_CHECKPOINT_FORMAT);
    facts->variables = (int64_t)file->count;
    for (size_t i = 0; i < file->count; i++)
        facts->numbers += tare_shape_count(file->entries[i].shape);
    TARE_TRY(read_number(file, path, TARE_KEY_RANDOM_DRAWS, &facts->random_draws, error));
    TARE_TRY(read_number(file, path, TARE_KEY_EPOCH, &facts->epoch, error));
    return read_number(file, path, TARE_KEY_BATCH, &facts->batch, error);
}

void tare_checkpoint_give_facts(const tare_checkpoint_facts *from, tare_checkpoint_facts *to) {
    if (to == NULL) return;
    const size_t bytes = to->struct_size < sizeof *from ? to->struct_size : sizeof *from;
    const size_t begin = sizeof to->struct_size;
    if (bytes > begin) memcpy((char *)to + begin, (const char *)from + begin, bytes - begin);
}

tare_status tare_checkpoint_inspect(const char *path, tare_checkpoint_facts *facts,
                                    tare_error *error) {
    if (path == NULL || facts == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "checkpoint_inspect needs a path and a place for the facts");
    tare_safetensors *file = NULL;
    TARE_TRY(tare_safetensors_open(path, &file, error));
    tare_checkpoint_facts found = {0};
    const tare_status status = tare_checkpoint_read_facts(file, path, true, &found, error);
    tare_safetensors_close(file);
    if (status == TARE_OK) tare_checkpoint_give_facts(&found, facts);
    return status;
}
