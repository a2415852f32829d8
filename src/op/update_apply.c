/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ops "apply_adam" and its kin: one step of an optimiser on one variable, by the rules whose
 * formulas stand in kernel/update.c. The variable and its slots are changed in place; the numbers
 * are read when the step runs, so a rate may be fed or computed.
 *
 * Source: TensorFlow r1.15, core/kernels/training_ops.cc (ApplyAdam and so on).
 */
#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "kernel/update.h"
#include "op/update.h"

#include <string.h>

#define PREFIX "apply_"

#define TARE_TABLE_STRUCT tare_apply_options
TARE_OPTION_TABLE(static, apply_table, TARE_APPLY_FIELDS);
#undef TARE_TABLE_STRUCT

static const tare_update_rule *rule_of(const char *op) {
    return tare_update_rule_named(op + strlen(PREFIX));
}

/* ---- infer */

static tare_status check_like_variable(const tare_infer *infer, int input, const char *what) {
    const tare_type *given = &infer->inputs[input], *variable = &infer->inputs[TARE_APPLY_VARIABLE];
    if (given->dtype == variable->dtype && tare_shape_compatible(given->shape, variable->shape))
        return TARE_OK;
    char shape[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 48], need[TARE_SHAPE_TEXT + 48];
    tare_print(got, sizeof got, "%s %s %s", what, tare_dtype_name(given->dtype),
               tare_shape_text(shape, given->shape));
    tare_print(need, sizeof need, "%s %s, like its variable", tare_dtype_name(variable->dtype),
               tare_shape_text(shape, variable->shape));
    const bool types = given->dtype != variable->dtype;
    return tare_infer_refuse(infer, types ? TARE_ERROR_TYPE : TARE_ERROR_SHAPE, got, need);
}

static tare_status apply_infer(tare_infer *infer) {
    const tare_update_rule *rule = rule_of(infer->op);
    const int first_number = TARE_APPLY_SLOTS + rule->slots;
    TARE_TRY(tare_infer_floating(infer, TARE_APPLY_VARIABLE, "variable"));
    TARE_TRY(check_like_variable(infer, TARE_APPLY_GRADIENT, "gradient"));
    for (int i = TARE_APPLY_SLOTS; i < first_number; i++)
        TARE_TRY(check_like_variable(infer, i, "slot"));
    for (int i = first_number; i < infer->input_count; i++) {
        TARE_TRY(tare_infer_floating(infer, i, "hyperparameter"));
        TARE_TRY(tare_infer_rank(infer, i, 0, "hyperparameter"));
    }
    return TARE_OK;
}

/* ---- run */

typedef struct apply_state {
    const tare_update_rule *rule;
    tare_update_function function;
    int64_t count;
    tare_dtype number_dtypes[TARE_UPDATE_MOST_NUMBERS];
} apply_state;

static tare_status apply_prepare(tare_prepare *prepare) {
    apply_state *state = tare_arena_allocate(prepare->arena, sizeof *state);
    if (!state) return tare_fail_memory(prepare->error);
    const tare_type *variable = &prepare->inputs[TARE_APPLY_VARIABLE];
    state->rule = rule_of(prepare->op);
    state->function =
        variable->dtype == TARE_FLOAT64 ? state->rule->f64 : tare_update_function_f32(state->rule);
    state->count = tare_shape_count(variable->shape);
    for (int i = 0; i < state->rule->numbers; i++)
        state->number_dtypes[i] = prepare->inputs[TARE_APPLY_SLOTS + state->rule->slots + i].dtype;
    prepare->state = state;
    return TARE_OK;
}

static inline void fill_update(const tare_run *run, tare_update *update) {
    const apply_state *state = run->state;
    const tare_update_rule *rule = state->rule;
    void **input = run->inputs + TARE_APPLY_SLOTS;
    update->variable = run->inputs[TARE_APPLY_VARIABLE];
    update->gradient = run->inputs[TARE_APPLY_GRADIENT];
    update->count = state->count;
    for (int i = 0; i < rule->slots; i++) update->slots[i] = *input++;
    for (int i = 0; i < rule->numbers; i++)
        update->numbers[i] = tare_read_scalar(*input++, state->number_dtypes[i]);
}

static tare_status apply_run(const tare_run *run) {
    const apply_state *state = run->state;
    tare_update update;
    fill_update(run, &update);
    tare_update_run(state->rule, state->function, &update, run->pool);
    return TARE_OK;
}

static void apply_elements(const tare_run *run, int64_t begin, int64_t end) {
    const apply_state *state = run->state;
    tare_update update;
    fill_update(run, &update);
    state->function(&update, begin, end);
}

/* ---- the family */

#define CAN(rule, slots, numbers, cost)                                                            \
    static const tare_element_update rule##_elements = {cost, apply_elements};                     \
    static const tare_capabilities rule##_can = {.updates = &rule##_elements};
TARE_UPDATE_RULES(CAN)

#define APPLY(rule, slots, numbers, cost)                                                          \
    {.name = PREFIX #rule,                                                                         \
     .node_name = PREFIX #rule,                                                                    \
     .table = &apply_table,                                                                        \
     .min_inputs = TARE_APPLY_SLOTS + (slots) + (numbers),                                         \
     .max_inputs = TARE_APPLY_SLOTS + (slots) + (numbers),                                         \
     .writes = 1u << TARE_APPLY_VARIABLE | ((1u << (slots)) - 1) << TARE_APPLY_SLOTS,              \
     .infer = apply_infer,                                                                         \
     .prepare = apply_prepare,                                                                     \
     .run = apply_run,                                                                             \
     .can = &rule##_can},

const tare_op_def tare_apply_ops[] = {TARE_UPDATE_RULES(APPLY){.name = NULL}};
