/* SPDX-License-Identifier: Apache-2.0 */
/* Folding the batch normalisations of a session's variables into the products beside them. */
#include "norm/folding.h"

#include "base/status.h"

#include <string.h>

#define TARE_TABLE_STRUCT tare_fold_options
TARE_OPTION_TABLE(static, fold_table, TARE_FOLD_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_folding *folding_new(const tare_allocator *allocator) {
    tare_folding *made = tare_allocate_zeroed(allocator, sizeof *made);
    if (!made) return NULL;
    made->allocator = *allocator;
    made->difference.struct_size = sizeof made->difference;
    made->arena = tare_arena_new(allocator);
    if (made->arena) return made;
    tare_folding_free(made);
    return NULL;
}

void tare_folding_free(tare_folding *folding) {
    if (!folding) return;
    tare_arena_free(folding->arena);
    const tare_allocator allocator = folding->allocator;
    tare_release(&allocator, folding, sizeof *folding);
}

static tare_status fold_all(tare_folding *folding) {
    for (size_t i = 0; i < folding->count; i++)
        if (folding->places[i].product) TARE_TRY(tare_fold_numbers(folding, &folding->places[i]));
    return TARE_OK;
}

static tare_status fold(tare_folding *folding, const tare_dataset *data,
                        const tare_fold_options *options) {
    tare_fold_trial trial = {.folding = folding};
    tare_status status = tare_fold_find(folding);
    if (status == TARE_OK) status = tare_fold_trial_begin(&trial, data, options);
    if (status == TARE_OK) status = fold_all(folding);
    if (status == TARE_OK) status = tare_fold_trial_compare(&trial);
    tare_fold_trial_end(&trial);
    return status;
}

tare_status tare_fold_with(tare_session *session, const tare_network *network,
                           const tare_dataset *data, const tare_fold_options *options,
                           tare_folding **folding, tare_error *error) {
    tare_fold_options all;
    if (folding) *folding = NULL;
    if (!session || !network || !folding)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "fold needs a session, a network and a place for the report");
    if (!tare_tensor_node(network->logits) || network->logits.graph != session->graph)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "fold needs a network whose logits are of the session's graph");
    tare_options_adopt(&fold_table, options, &all);
    if (all.examples < 0)
        return tare_fail_at(error, TARE_ERROR_ARGUMENT, "fold", "examples", "a negative number",
                            "0 or more");
    tare_folding *made = folding_new(&session->given);
    if (!made) return tare_fail_memory(error);
    made->session = session;
    made->graph = session->graph;
    made->network = network;
    made->error = error;
    const tare_status status = fold(made, data, &all);
    made->error = NULL;
    if (status == TARE_OK)
        *folding = made;
    else
        tare_folding_free(made);
    return status;
}

/* ------------------------------------------------------------------------------------ the report
 */

size_t tare_folding_count(const tare_folding *folding) { return folding ? folding->count : 0; }

const tare_folded_layer *tare_folding_layer(const tare_folding *folding, size_t i) {
    return folding && i < folding->count ? &folding->places[i].told : NULL;
}

tare_status tare_folding_difference(const tare_folding *folding, tare_fold_difference *difference) {
    if (!folding || !difference || difference->struct_size < sizeof difference->struct_size)
        return TARE_ERROR_ARGUMENT;
    const size_t size =
        difference->struct_size < sizeof *difference ? difference->struct_size : sizeof *difference;
    memcpy((char *)difference + sizeof(size_t), (const char *)&folding->difference + sizeof(size_t),
           size - sizeof(size_t));
    return TARE_OK;
}
