/* SPDX-License-Identifier: Apache-2.0 */
/* What saving and loading checkpoints share: the variables of a session that belong in a file, and
 * the keys of the metadata. */
#ifndef TARE_SRC_MODEL_CHECKPOINT_H
#define TARE_SRC_MODEL_CHECKPOINT_H

#include "model/safetensors.h"
#include "session/session.h"

#define TARE_CHECKPOINT_FORMAT "tare.checkpoint"
#define TARE_KEY_FORMAT        "format"
#define TARE_KEY_OURS          "tare." /* the caller's keys do not begin so */
#define TARE_KEY_VERSION       "tare.version"
#define TARE_KEY_RANDOM_DRAWS  "tare.random_draws"
#define TARE_KEY_EPOCH         "tare.epoch"
#define TARE_KEY_BATCH         "tare.batch"
#define TARE_KEY_CRC32C        "tare.crc32c"
#define TARE_KEY_FACTS         "tare.facts"

/* Variables of the graph that are not local, in order of creation. */
typedef struct tare_saved_variables {
    size_t count;
    const tare_node **nodes;
} tare_saved_variables;
tare_status tare_saved_variables_list(const tare_graph *graph, tare_arena *arena,
                                      tare_saved_variables *variables, tare_error *error);

/* Enters the session (see session/session.h), its sentence copied to error when it refuses. */
tare_status tare_checkpoint_enter(tare_session *session, tare_error *error);
/* Leaves it; when the memory limit was the reason of a failure, error says so. */
tare_status tare_checkpoint_leave(tare_session *session, tare_status status, tare_error *error);

/* What the metadata say; TARE_ERROR_FORMAT when a number is none, or the file is no checkpoint and
 * `must` says it should be. */
tare_status tare_checkpoint_read_facts(const tare_safetensors *file, const char *path, bool must,
                                       tare_checkpoint_facts *facts, tare_error *error);
/*
 * Facts of tensors and variables by name, the value of TARE_KEY_FACTS: JSON,
 *
 *     {"conv/Relu:0": {"range": [0, 6]},
 *      "bn/moving_mean": {"updates": 9, "elements": [32, 16, 32], "not_finite": 0,
 *                         "complete": true}}
 *
 * elements: N last, least, most. Moving averages that nothing in the graph updates are left out.
 */
/* NULL in *text: there are none. In the arena. */
tare_status tare_tensor_facts_text(const tare_session *session, tare_arena *arena,
                                   const char **text, tare_error *error);
/* What such a text says, as far as the graph has the names. In the arena. */
typedef struct tare_tensor_facts {
    tare_edge_range *ranges;
    struct tare_counted {
        int32_t variable; /* node id */
        tare_update_counts counts;
        bool complete;
    } * counted;
    int64_t range_count, counted_count;
} tare_tensor_facts;
/* text: NULL: nothing. lenient: ranges of unknown tensors are passed over, else refused. */
tare_status tare_tensor_facts_read(const tare_graph *graph, const char *path, const char *text,
                                   bool lenient, tare_arena *arena, tare_tensor_facts *facts,
                                   tare_error *error);

/* Copies what the caller's struct has room for; to may be NULL. */
void tare_checkpoint_give_facts(const tare_checkpoint_facts *from, tare_checkpoint_facts *to);

#endif
