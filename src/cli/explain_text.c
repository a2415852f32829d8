/* SPDX-License-Identifier: Apache-2.0 */
/* How tare explain tells what it found: the steps, then the two things that readers stumble over.
 */
#include "cli/explain.h"

#include <math.h>
#include <string.h>

static void add_float(tare_text *text, double number) { tare_text_float(text, (float)number); }

/* "[0, 1.404974, ...]": the first numbers of an array. */
static void add_list(tare_text *text, const tare_array *array, int64_t most) {
    const int64_t count = tare_array_count(array);
    tare_text_add(text, count == 1 ? "" : "[");
    for (int64_t i = 0; i < count && i < most; i++) {
        if (i > 0) tare_text_add(text, ", ");
        add_float(text, tare_array_number(array, i));
    }
    if (count > most) tare_text_add(text, ", ...");
    tare_text_add(text, count == 1 ? "" : "]");
}

static void add_line(tare_text *text, const char *label, const tare_array *array) {
    if (!array) return;
    tare_text_format(text, "  %-16s ", label);
    add_list(text, array, 8);
    tare_text_add(text, "\n");
}

/* ---------------------------------------------------------------- what is printed after */

static const tare_explained_update *update_of(const tare_explained_layer *layer, bool variance) {
    for (size_t u = 0; u < layer->update_count; u++)
        if (layer->updates[u].is_variance == variance) return &layer->updates[u];
    return NULL;
}

/* The batch before the step beside the same input computed afterwards. */
static void add_both_sides(tare_text *text, const tare_explained_layer *step,
                           const tare_explained_layer *after) {
    tare_text_add(text, "  its input in the step, which the statistics are of: ");
    add_list(text, step->x, 8);
    tare_text_add(text, "\n  its input computed after the step, new weights:     ");
    add_list(text, after->x, 8);
    tare_text_add(text, "\n");
}

/* (0 - 0.3514931) / sqrt(0.74709475 + 0.001) x 0.999 + -0.001 = -0.40697935 */
static void add_inference(tare_text *text, const tare_explained_layer *layer) {
    if (!layer->x || !layer->y || !layer->mean || !layer->variance) return;
    tare_text_add(text, "  inference, first element: (");
    add_float(text, tare_array_number(layer->x, 0));
    tare_text_add(text, " - ");
    add_float(text, tare_array_number(layer->mean, 0));
    tare_text_add(text, ") / sqrt(");
    add_float(text, tare_array_number(layer->variance, 0));
    tare_text_add(text, " + ");
    tare_text_double(text, layer->epsilon);
    tare_text_add(text, ")");
    if (layer->gamma_after) {
        tare_text_add(text, " x ");
        add_float(text, tare_array_number(layer->gamma_after, 0));
    }
    if (layer->beta_after) {
        const double beta = tare_array_number(layer->beta_after, 0);
        tare_text_add(text, beta < 0 ? " - " : " + ");
        add_float(text, fabs(beta));
    }
    tare_text_add(text, " = ");
    add_float(text, tare_array_number(layer->y, 0));
    tare_text_add(text, "\n");
}

static void add_move(tare_text *text, const char *name, const tare_array *before,
                     const tare_array *after) {
    if (!before || !after) return;
    const double moved = tare_array_number(after, 0) - tare_array_number(before, 0);
    tare_text_format(text, "  %s: ", name);
    add_float(text, tare_array_number(before, 0));
    tare_text_add(text, " -> ");
    add_float(text, tare_array_number(after, 0));
    tare_text_add(text, ", moved by ");
    add_float(text, moved);
    tare_text_add(text, "\n");
}

static const tare_explained_layer *same_layer(const tare_explanation *explanation,
                                              const char *name) {
    for (size_t i = 0; i < tare_explanation_count(explanation); i++)
        if (strcmp(tare_explanation_layer(explanation, i)->name, name) == 0)
            return tare_explanation_layer(explanation, i);
    return NULL;
}

static void add_after(tare_text *text, const tare_explained_run *run) {
    const tare_explanation *last = run->steps[run->step_count - 1];
    tare_text_add(text, "\nAfter the last step, in inference mode on the same batch\n");
    for (size_t i = 0; i < tare_explanation_count(last); i++) {
        const tare_explained_layer *step = tare_explanation_layer(last, i);
        const tare_explained_layer *after = same_layer(run->inference, step->name);
        if (!after) continue;
        tare_text_format(text, "%s\n", step->name);
        add_both_sides(text, step, after);
        add_move(text, "gamma", step->gamma_before, step->gamma_after);
        add_move(text, "beta", step->beta_before, step->beta_after);
        add_inference(text, after);
    }
}

/* What a program of the reader's would print: tensors that have a name of their own. */
static void add_printed(tare_text *text, const tare_explained_run *run) {
    const tare_explanation *last = run->steps[run->step_count - 1];
    const tare_explained_layer *step = tare_explanation_layer(last, 0);
    const tare_explained_layer *after = step ? same_layer(run->inference, step->name) : NULL;
    if (!after) return;
    const tare_explained_update *mean = update_of(step, false), *variance = update_of(step, true);
    tare_array *kernel = NULL;
    char name[256];
    const char *slash = strchr(step->name, '/');
    tare_print(name, sizeof name, "%.*s/dense/kernel", slash ? (int)(slash - step->name) : 0,
               step->name);
    if (tare_session_get(run->workshop->session, name, &kernel) != TARE_OK) kernel = NULL;
    tare_text_format(text, "\nWhat a program prints of %s after the step\n", step->name);
    add_line(text, "W", kernel);
    add_line(text, "hidden", after->x);
    add_line(text, "bn_1", after->y);
    add_line(text, "relu", run->activation);
    add_line(text, "moving_mean", mean ? mean->after : NULL);
    add_line(text, "moving_variance", variance ? variance->after : NULL);
    add_line(text, "gamma", step->gamma_after);
    add_line(text, "beta", step->beta_after);
    tare_array_free(kernel);
}

static const char closing[] = "\n"
                              "Where the numbers come from\n"
                              "  A step reads the weights as they were, computes the statistics of "
                              "that batch, and moves the\n"
                              "  averages; then the optimiser changes the weights. What is printed "
                              "afterwards is computed with\n"
                              "  the new weights, so it is not what the statistics are of.\n"
                              "  The first batch counts already, with weight 1 - momentum; "
                              "momentum does not wait for a second.\n";

static const char first_adam[] = "  Adam's first step moves a parameter by the learning rate, "
                                 "whatever the size of its gradient.\n";

void tare_explained_text(const tare_explained_run *run, tare_text *text) {
    for (int64_t i = 0; i < run->step_count; i++) {
        char *step = tare_explanation_text(run->steps[i], run->channels);
        tare_text_format(text, "%sStep %lld\n", i > 0 ? "\n" : "", (long long)i + 1);
        tare_text_add(text, step ? step : "");
        if (!step) text->failed = true;
        tare_text_free(step);
    }
    add_after(text, run);
    const bool question = strcmp(run->workshop->name, "question") == 0;
    if (question) add_printed(text, run);
    tare_text_add(text, closing);
    if (question && run->step_count == 1) tare_text_add(text, first_adam);
}

void tare_explained_json(const tare_explained_run *run, tare_text *text) {
    tare_text_format(text, "{\"network\": \"%s\", \"steps\": [", run->workshop->name);
    for (int64_t i = 0; i <= run->step_count; i++) {
        const bool last = i == run->step_count;
        char *part = tare_explanation_json(last ? run->inference : run->steps[i], run->channels);
        if (last)
            tare_text_add(text, "], \"inference\": ");
        else if (i > 0)
            tare_text_add(text, ", ");
        tare_text_add(text, part ? part : "null");
        if (!part) text->failed = true;
        tare_text_free(part);
    }
    tare_text_add(text, "}\n");
}
