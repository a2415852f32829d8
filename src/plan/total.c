/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan amounts to, by op and altogether. */
#include "plan/plan.h"

static void add(tare_plan_total *total, const tare_step *step) {
    total->steps++;
    total->bytes += step->bytes;
    total->flops += step->flops;
}

/* Whether a stands before b. Among equals the op that came first stays first. */
static bool is_before(const tare_plan_total *a, const tare_plan_total *b) {
    return a->flops != b->flops ? a->flops > b->flops : a->bytes > b->bytes;
}

/* Few ops, so that inserting them one by one is quick. */
static void order(tare_plan_total *kinds, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        const tare_plan_total moved = kinds[i];
        int64_t at = i;
        for (; at > 0 && is_before(&moved, &kinds[at - 1]); at--) kinds[at] = kinds[at - 1];
        kinds[at] = moved;
    }
}

int64_t tare_plan_totals(const tare_plan *plan, tare_plan_total *kinds) {
    tare_plan_total all = {.op = NULL};
    int64_t count = 0;
    for (int64_t s = 0; s < plan->step_count; s++) {
        const tare_step *step = &plan->steps[s];
        int64_t kind = 0;
        while (kind < count && kinds[kind].op != step->op) kind++;
        if (kind == count) kinds[count++] = (tare_plan_total){.op = step->op};
        add(&kinds[kind], step);
        add(&all, step);
    }
    order(kinds, count);
    kinds[count] = all;
    return count;
}
