/* SPDX-License-Identifier: Apache-2.0 */
/* Adding values and nodes to the plan that is being made, lowering ops into simpler ones on the
 * way. */
#include "plan/draft.h"

#include <string.h>

#include "array/shape.h"
#include "base/status.h"

enum { DEEPEST_LOWERING = 8 };

tare_value tare_draft_add_value(tare_draft *draft, tare_type type) {
    if (!tare_vector_reserve(draft->allocator, &draft->values, 1)) return TARE_NO_VALUE;
    const tare_value value = (tare_value)draft->values.count++;
    draft->values.items[value] =
        (tare_draft_value){.type = type, .producer = -1, .root = value, .first = -1, .last = -1};
    return value;
}

int32_t tare_draft_add_node(tare_draft *draft, tare_draft_like like, const tare_op_def *def,
                            const void *options, const tare_value *inputs, int32_t input_count) {
    if (!tare_vector_reserve(draft->allocator, &draft->nodes, 1)) return -1;
    tare_value *copy = tare_arena_allocate_array(draft->work, input_count + 1, sizeof(tare_value));
    if (!copy) return -1;
    for (int32_t i = 0; i < input_count; i++) copy[i] = inputs[i];
    const int32_t index = (int32_t)draft->nodes.count++;
    draft->nodes.items[index] = (tare_draft_node){.def = def,
                                                  .name = like.name,
                                                  .options = options,
                                                  .inputs = copy,
                                                  .input_count = input_count,
                                                  .origin = like.origin,
                                                  .guard = like.guard,
                                                  .seed = like.seed,
                                                  .replaced_by = -1};
    return index;
}

bool tare_draft_run_after(tare_draft *draft, int32_t node, int32_t before) {
    if (!tare_vector_reserve(draft->allocator, &draft->nodes.items[node].after, 1)) return false;
    tare_draft_node *self = &draft->nodes.items[node];
    self->after.items[self->after.count++] = before;
    return true;
}

tare_status tare_draft_inherit_order(tare_draft *draft, int32_t node, int32_t from) {
    for (int64_t i = 0; i < draft->nodes.items[from].after.count; i++)
        if (!tare_draft_run_after(draft, node, draft->nodes.items[from].after.items[i]))
            return tare_fail_memory(draft->error);
    return TARE_OK;
}

/* A value that changes only when a variable changes that this plan does not write. */
static bool is_persistent(const tare_draft *draft, const tare_draft_node *node) {
    const unsigned never = TARE_OP_RANDOM | TARE_OP_STATEFUL | TARE_OP_CAN_FAIL;
    if (!draft->persistence_known || node->guard >= 0 || node->def->writes ||
        (node->def->flags & never))
        return false;
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != TARE_NO_VALUE && !draft->values.items[node->inputs[i]].persistent)
            return false;
    return true;
}

tare_status tare_draft_infer(tare_draft *draft, int32_t index) {
    tare_draft_node *node = &draft->nodes.items[index];
    tare_type types[TARE_MAX_OUTPUTS];
    tare_type *inputs =
        tare_arena_allocate_array(draft->work, node->input_count + 1, sizeof(tare_type));
    if (!inputs) return tare_fail_memory(draft->error);
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != TARE_NO_VALUE) inputs[i] = draft->values.items[node->inputs[i]].type;
    memset(types, 0, sizeof types);
    tare_infer infer = {.op = node->def->name,
                        .node = node->name,
                        .options = node->options,
                        .input_count = node->input_count,
                        .inputs = inputs,
                        .output_count = node->def->output_count,
                        .outputs = types,
                        .error = draft->error};
    if (node->def->infer) TARE_TRY(node->def->infer(&infer));
    node->output_count = infer.output_count;
    node->outputs =
        tare_arena_allocate_array(draft->work, infer.output_count + 1, sizeof(tare_value));
    if (!node->outputs) return tare_fail_memory(draft->error);
    const bool persistent = is_persistent(draft, node);
    for (int32_t o = 0; o < infer.output_count; o++) {
        char got[TARE_SHAPE_TEXT];
        if (!tare_shape_known(types[o].shape))
            return tare_fail_at(draft->error, TARE_ERROR_SHAPE, node->def->name, node->name,
                                tare_shape_text(got, types[o].shape),
                                "a shape that is known once its inputs are");
        const tare_value value = tare_draft_add_value(draft, types[o]);
        if (value == TARE_NO_VALUE) return tare_fail_memory(draft->error);
        draft->values.items[value].producer = index;
        draft->values.items[value].persistent = persistent;
        node->outputs[o] = value;
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------ lowering */

/* A copy that stays where it is while values are added. */
static const tare_type *lower_type(const tare_lower *lower, tare_value value) {
    static const tare_type none = {TARE_DTYPE_NONE, {.rank = 0}};
    const tare_draft *draft = ((const tare_draft_lower *)lower)->draft;
    if (value == TARE_NO_VALUE) return &none;
    tare_type *type = tare_arena_allocate(draft->work, sizeof *type);
    if (!type) return &none;
    *type = draft->values.items[value].type;
    return type;
}

static bool lower_known(const tare_lower *lower, tare_value value, bool *truth) {
    const tare_draft *draft = ((const tare_draft_lower *)lower)->draft;
    if (value == TARE_NO_VALUE || !draft->values.items[value].known) return false;
    *truth = draft->values.items[value].truth;
    return true;
}

static tare_status lower_emit(tare_lower *lower, const char *op, const void *options,
                              const tare_value *inputs, int32_t input_count, tare_value *outputs,
                              int32_t output_count) {
    tare_draft_lower *self = (tare_draft_lower *)lower;
    tare_draft *draft = self->draft;
    const tare_op_def *def = tare_op_find(op);
    if (!def)
        return tare_fail_at(draft->error, TARE_ERROR_UNSUPPORTED, op, self->like.name,
                            "an op to lower to that the registry lacks", "a complete registry");
    const tare_option_table *table = tare_op_table(def);
    void *kept = tare_arena_allocate(draft->plan->arena, table->size);
    if (!kept) return tare_fail_memory(draft->error);
    tare_options_adopt(table, options, kept);
    int32_t made = 0;
    for (int32_t o = 0; o < output_count; o++) outputs[o] = TARE_NO_VALUE;
    return tare_draft_emit(draft, self->like, def, kept, inputs, input_count, NULL, outputs,
                           output_count, &made, self->depth + 1);
}

tare_draft_lower tare_draft_lower_of(tare_draft *draft, tare_draft_like like, const void *options,
                                     const tare_value *inputs, int32_t input_count,
                                     const bool *wanted, tare_value *outputs, int32_t output_count,
                                     int depth) {
    return (tare_draft_lower){.lower = {.node = like.name,
                                        .options = options,
                                        .input_count = input_count,
                                        .output_count = output_count,
                                        .inputs = inputs,
                                        .outputs = outputs,
                                        .wanted = wanted,
                                        .type = lower_type,
                                        .known = lower_known,
                                        .emit = lower_emit,
                                        .error = draft->error},
                              .draft = draft,
                              .like = like,
                              .depth = depth};
}

/* The number of outputs that a node of the op has, from its infer. */
static tare_status count_outputs(tare_draft *draft, tare_draft_like like, const tare_op_def *def,
                                 const void *options, const tare_value *inputs, int32_t input_count,
                                 int32_t *count) {
    tare_type outputs[TARE_MAX_OUTPUTS];
    tare_type *types = tare_arena_allocate_array(draft->work, input_count + 1, sizeof(tare_type));
    if (!types) return tare_fail_memory(draft->error);
    for (int32_t i = 0; i < input_count; i++)
        if (inputs[i] != TARE_NO_VALUE) types[i] = draft->values.items[inputs[i]].type;
    memset(outputs, 0, sizeof outputs);
    tare_infer infer = {.op = def->name,
                        .node = like.name,
                        .options = options,
                        .input_count = input_count,
                        .inputs = types,
                        .output_count = def->output_count,
                        .outputs = outputs,
                        .error = draft->error};
    if (def->infer) TARE_TRY(def->infer(&infer));
    *count = infer.output_count;
    return TARE_OK;
}

/* lowered: false when the op is a step itself in this use. */
static tare_status emit_lowered(tare_draft *draft, tare_draft_like like, const tare_op_def *def,
                                const void *options, const tare_value *inputs, int32_t input_count,
                                const bool *wanted, tare_value *outputs, int32_t capacity,
                                int32_t *output_count, int depth, bool *lowered) {
    tare_value made[TARE_MAX_OUTPUTS];
    bool all[TARE_MAX_OUTPUTS];
    if (depth > DEEPEST_LOWERING)
        return tare_fail_at(draft->error, TARE_ERROR_UNSUPPORTED, def->name, like.name,
                            "an op that lowers to itself", "an end to lowering");
    TARE_TRY(count_outputs(draft, like, def, options, inputs, input_count, output_count));
    for (int i = 0; i < TARE_MAX_OUTPUTS; i++) made[i] = TARE_NO_VALUE, all[i] = true;
    tare_draft_lower lower = tare_draft_lower_of(draft, like, options, inputs, input_count,
                                                 wanted ? wanted : all, made, *output_count, depth);
    TARE_TRY(def->lower(&lower.lower));
    *lowered = *output_count == 0;
    for (int32_t o = 0; o < *output_count; o++) *lowered |= made[o] != TARE_NO_VALUE;
    for (int32_t o = 0; o < capacity && o < *output_count; o++) outputs[o] = made[o];
    return TARE_OK;
}

tare_status tare_draft_emit(tare_draft *draft, tare_draft_like like, const tare_op_def *def,
                            const void *options, const tare_value *inputs, int32_t input_count,
                            const bool *wanted, tare_value *outputs, int32_t capacity,
                            int32_t *output_count, int depth) {
    bool lowered = false;
    if (def->lower)
        TARE_TRY(emit_lowered(draft, like, def, options, inputs, input_count, wanted, outputs,
                              capacity, output_count, depth, &lowered));
    if (lowered) return TARE_OK;
    const int32_t index = tare_draft_add_node(draft, like, def, options, inputs, input_count);
    if (index < 0) return tare_fail_memory(draft->error);
    TARE_TRY(tare_draft_infer(draft, index));
    const tare_draft_node *node = &draft->nodes.items[index];
    *output_count = node->output_count;
    for (int32_t o = 0; o < capacity && o < node->output_count; o++) outputs[o] = node->outputs[o];
    return TARE_OK;
}

/* ----------------------------------------------------------------------- rewriting */

tare_value *tare_draft_map(const tare_draft *draft) {
    const int64_t count = draft->values.count;
    tare_value *map = tare_arena_allocate_array(draft->work, count + 1, sizeof(tare_value));
    for (int64_t v = 0; map && v < count; v++) map[v] = (tare_value)v;
    return map;
}

void tare_draft_rewrite_node(const tare_draft_node *node, const tare_value *map, int64_t count) {
    for (int32_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && node->inputs[i] < count) node->inputs[i] = map[node->inputs[i]];
}

void tare_draft_rewrite_results(tare_draft *draft, const tare_value *map) {
    for (size_t f = 0; f < draft->request->fetch_count; f++)
        if (draft->fetched[f] != TARE_NO_VALUE) draft->fetched[f] = map[draft->fetched[f]];
    for (int64_t g = 0; g < draft->guards.count; g++)
        draft->guards.items[g].predicate.at = map[draft->guards.items[g].predicate.at];
}

tare_draft_like tare_draft_like_of(const tare_draft_node *node) {
    return (tare_draft_like){node->name, node->origin, node->guard, node->seed};
}

tare_status tare_draft_note(tare_draft *draft, int32_t index, const tare_text *text) {
    char *note = text->failed ? NULL : tare_arena_text(draft->plan->arena, text->data);
    if (!note) return tare_fail_memory(draft->error);
    draft->nodes.items[index].note = note;
    return TARE_OK;
}

/* ------------------------------------------------------------------------- copying */

static tare_status copy_infer(tare_infer *infer) {
    infer->outputs[0] = infer->inputs[0];
    return TARE_OK;
}

static tare_status copy_run(const tare_run *run) {
    memcpy(run->outputs[0], run->inputs[0], (size_t) * (const int64_t *)run->state);
    return TARE_OK;
}

static tare_status copy_prepare(tare_prepare *prepare) {
    int64_t *bytes = tare_arena_allocate(prepare->arena, sizeof *bytes);
    if (!bytes) return tare_fail_memory(prepare->error);
    *bytes = tare_shape_count(prepare->inputs[0].shape) *
             (int64_t)tare_dtype_size(prepare->inputs[0].dtype);
    prepare->state = bytes;
    return TARE_OK;
}

/* A copy, so that a fetch or a late reader keeps a value that a later step changes. STATEFUL: never
 * hoisted. */
const tare_op_def tare_draft_copy_def = {.name = "copy",
                                         .node_name = "copy",
                                         .min_inputs = 1,
                                         .max_inputs = 1,
                                         .output_count = 1,
                                         .flags = TARE_OP_INTERNAL | TARE_OP_STATEFUL,
                                         .infer = copy_infer,
                                         .prepare = copy_prepare,
                                         .run = copy_run};

tare_status tare_draft_copy(tare_draft *draft, tare_value value, tare_draft_like like,
                            tare_value *copy) {
    int32_t count = 0;
    return tare_draft_emit(draft, like, &tare_draft_copy_def, NULL, &value, 1, NULL, copy, 1,
                           &count, 0);
}
