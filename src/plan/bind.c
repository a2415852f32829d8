/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: a plan knows offsets, a running step wants pointers. Bound once per arena, and per
 * feed when it moves. */
#include "plan/plan.h"

typedef struct bases {
    const tare_plan *plan;
    char *arena;
    const tare_variable_places *variables;
} bases;

static void *resolve(const bases *b, tare_slot slot) {
    switch (slot.place) {
    case TARE_PLACE_ARENA:
        return b->arena + slot.at;
    case TARE_PLACE_PERSISTENT:
        return (char *)b->plan->persistent + slot.at;
    case TARE_PLACE_VARIABLE:
        return b->variables->numbers(b->variables->user, (int32_t)slot.at);
    case TARE_PLACE_CONSTANT: {
        /* Steps take inputs as void *; a constant is only ever an input that is read. */
        union {
            const void *read;
            void *pointer;
        } numbers = {.read = slot.numbers};
        return numbers.pointer;
    }
    case TARE_PLACE_FEED:
    case TARE_PLACE_NOWHERE:
        break;
    }
    return NULL;
}

void tare_plan_bind(tare_plan *plan, void *base, tare_pool *pool, const uint64_t *random_stream,
                    tare_error *error, const tare_variable_places *variables) {
    const bases b = {plan, base, variables};
    for (int64_t s = 0; s < plan->step_count; s++) {
        tare_step *step = &plan->steps[s];
        for (int32_t i = 0; i < step->input_count; i++)
            step->run.inputs[i] = resolve(&b, step->inputs[i]);
        for (int32_t o = 0; o < step->output_count; o++)
            step->run.outputs[o] = resolve(&b, step->outputs[o]);
        /* Never NULL: kernels of empty arrays add 0 to it. */
        step->run.scratch = (char *)base + (step->scratch_at >= 0 ? step->scratch_at : 0);
        step->run.pool = pool;
        step->run.random_stream = random_stream;
        step->run.error = error;
        if (step->counted) step->run.counts = variables->counts(variables->user, step->counted);
    }
    for (int32_t g = 0; g < plan->guard_count; g++)
        plan->guards[g].truth = resolve(&b, plan->guards[g].predicate);
    for (size_t f = 0; f < plan->fetch_count; f++)
        plan->fetches[f].numbers = resolve(&b, plan->fetches[f].slot);
    for (size_t f = 0; f < plan->feed_count; f++) plan->feeds[f].bound = NULL;
    plan->bound_arena = base;
}

void tare_plan_bind_feed(tare_plan *plan, size_t i, const void *numbers) {
    tare_plan_feed_use *use = &plan->feeds[i];
    union {
        const void *read;
        void *pointer;
    } address = {.read = numbers};
    for (int64_t p = 0; p < use->patch_count; p++) *use->patches[p].where = address.pointer;
    for (int32_t g = 0; g < plan->guard_count; g++)
        if (plan->guards[g].predicate.place == TARE_PLACE_FEED &&
            plan->guards[g].predicate.at == (int64_t)i)
            plan->guards[g].truth = numbers;
    use->bound = numbers;
}
