/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as text: its steps in order with the bytes that they read and write and the operations
 * that they do, where their results lie, what was merged into what; and totals by op.
 */
#include "array/shape.h"
#include "plan/plan.h"

#include <string.h>

/* Columns of names are as wide as their longest, up to this. */
enum { WIDEST = 64, NUMBER = 11 };

typedef struct widths {
    int op, name;
} widths;

static int wider(int width, const char *text) {
    const size_t length = strlen(text);
    if (length >= WIDEST) return WIDEST;
    return (int)length > width ? (int)length : width;
}

static widths measure(const tare_plan *plan) {
    widths w = {0, 0};
    for (int64_t s = 0; s < plan->step_count; s++) {
        w.op = wider(w.op, plan->steps[s].op);
        w.name = wider(w.name, plan->steps[s].name);
    }
    return w;
}

void tare_slot_text(tare_slot slot, tare_text *text) {
    static const char *const places[] = {
        [TARE_PLACE_NOWHERE] = "-",         [TARE_PLACE_ARENA] = "arena",
        [TARE_PLACE_PERSISTENT] = "kept",   [TARE_PLACE_FEED] = "feed",
        [TARE_PLACE_VARIABLE] = "variable", [TARE_PLACE_CONSTANT] = "constant"};
    tare_text_add(text, places[slot.place]);
    if (slot.place == TARE_PLACE_ARENA || slot.place == TARE_PLACE_PERSISTENT ||
        slot.place == TARE_PLACE_FEED)
        tare_text_format(text, "+%lld", (long long)slot.at);
}

/* "25.1 kB    1.81 MFLOP"; nothing where there is none. */
static void print_work(int64_t bytes, double flops, tare_text *text) {
    char number[TARE_NUMBER_TEXT];
    tare_text_format(text, "  %*s", NUMBER,
                     bytes > 0 ? tare_scaled_text(number, (double)bytes, "B") : "");
    tare_text_format(text, "  %*s", NUMBER,
                     flops > 0 ? tare_scaled_text(number, flops, "FLOP") : "");
}

/* Without the blanks that stand where nothing follows. */
static void end_line(tare_text *text) {
    while (text->length > 0 && text->data[text->length - 1] == ' ')
        text->data[--text->length] = '\0';
    tare_text_add(text, "\n");
}

static void print_step(const tare_plan *plan, int64_t index, widths w, tare_text *text) {
    const tare_step *step = &plan->steps[index];
    char shape[TARE_SHAPE_TEXT];
    tare_text_format(text, "%4lld  %-*s  %-*s", (long long)index, w.op, step->op, w.name,
                     step->name);
    print_work(step->bytes, step->flops, text);
    tare_text_add(text, " ");
    for (int32_t o = 0; o < step->output_count; o++) {
        if (step->outputs[o].place == TARE_PLACE_NOWHERE) continue;
        tare_text_format(text, " %s%s @", tare_dtype_name(step->output_types[o].dtype),
                         tare_shape_text(shape, step->output_types[o].shape));
        tare_slot_text(step->outputs[o], text);
    }
    if (step->gradient_of) tare_text_format(text, "  gradient of '%s'", step->gradient_of);
    if (step->guard >= 0) tare_text_format(text, "  if condition %d", (int)step->guard);
    if (index < plan->preamble_count) tare_text_add(text, "  (only after a variable has changed)");
    end_line(text);
    if (step->note) tare_text_format(text, "      %s\n", step->note);
}

static void print_total(const tare_plan_total *total, int width, tare_text *text) {
    tare_text_format(text, "%-*s  %6lld", width, total->op ? total->op : "all",
                     (long long)total->steps);
    print_work(total->bytes, total->flops, text);
    end_line(text);
}

static void print_totals(const tare_plan *plan, int width, tare_text *text) {
    const size_t bytes = ((size_t)plan->step_count + 1) * sizeof(tare_plan_total);
    tare_plan_total *kinds = tare_allocate(plan->allocator, bytes);
    if (!kinds) {
        text->failed = true;
        return;
    }
    const int64_t count = tare_plan_totals(plan, kinds);
    tare_text_format(text, "\n%-*s  %6s  %*s  %*s\n", width, "op", "steps", NUMBER, "bytes", NUMBER,
                     "operations");
    for (int64_t i = 0; i <= count; i++) print_total(&kinds[i], width, text);
    char arena[TARE_NUMBER_TEXT], kept[TARE_NUMBER_TEXT];
    tare_text_format(text, "memory: arena %s, kept %s\n",
                     tare_scaled_text(arena, (double)plan->arena_bytes, "B"),
                     tare_scaled_text(kept, (double)plan->persistent_bytes, "B"));
    tare_release(plan->allocator, kinds, bytes);
}

void tare_plan_print(const tare_plan *plan, tare_text *text) {
    const widths w = measure(plan);
    tare_text_format(text, "%lld steps, arena %lld bytes, kept %lld bytes\n",
                     (long long)plan->step_count, (long long)plan->arena_bytes,
                     (long long)plan->persistent_bytes);
    if (plan->cancelled_transposes > 0)
        tare_text_format(text, "%lld transposes met their inverse or their like\n",
                         (long long)plan->cancelled_transposes);
    for (int64_t s = 0; s < plan->step_count; s++) print_step(plan, s, w, text);
    print_totals(plan, w.op > 3 ? w.op : 3, text);
}
