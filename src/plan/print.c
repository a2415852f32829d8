/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as text: its steps in order, where their results lie, and what was merged into what. */
#include "array/shape.h"
#include "plan/plan.h"

static void print_slot(tare_slot slot, tare_text *text) {
    static const char *const places[] = {
        [TARE_PLACE_NOWHERE] = "-",         [TARE_PLACE_ARENA] = "arena",
        [TARE_PLACE_PERSISTENT] = "kept",   [TARE_PLACE_FEED] = "feed",
        [TARE_PLACE_VARIABLE] = "variable", [TARE_PLACE_CONSTANT] = "constant"};
    tare_text_add(text, places[slot.place]);
    if (slot.place == TARE_PLACE_ARENA || slot.place == TARE_PLACE_PERSISTENT ||
        slot.place == TARE_PLACE_FEED)
        tare_text_format(text, "+%lld", (long long)slot.at);
}

static void print_step(const tare_plan *plan, int64_t index, tare_text *text) {
    const tare_step *step = &plan->steps[index];
    char shape[TARE_SHAPE_TEXT];
    tare_text_format(text, "%4lld  %-24s %-40s", (long long)index, step->op, step->name);
    for (int32_t o = 0; o < step->output_count; o++) {
        if (step->outputs[o].place == TARE_PLACE_NOWHERE) continue;
        tare_text_format(text, " %s%s @", tare_dtype_name(step->output_types[o].dtype),
                         tare_shape_text(shape, step->output_types[o].shape));
        print_slot(step->outputs[o], text);
    }
    if (step->guard >= 0) tare_text_format(text, "  if condition %d", (int)step->guard);
    if (index < plan->preamble_count) tare_text_add(text, "  (only after a variable has changed)");
    tare_text_add(text, "\n");
    if (step->note) tare_text_format(text, "      %s\n", step->note);
}

void tare_plan_print(const tare_plan *plan, tare_text *text) {
    tare_text_format(text, "%lld steps, arena %lld bytes, kept %lld bytes\n",
                     (long long)plan->step_count, (long long)plan->arena_bytes,
                     (long long)plan->persistent_bytes);
    if (plan->cancelled_transposes > 0)
        tare_text_format(text, "%lld transposes met their inverse or their like\n",
                         (long long)plan->cancelled_transposes);
    for (int64_t s = 0; s < plan->step_count; s++) print_step(plan, s, text);
}
