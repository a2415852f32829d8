/* SPDX-License-Identifier: Apache-2.0 */
/* Folded weights as a file for others: what the answer depends on, without the layers that went. */
#include "array/array.h"
#include "base/status.h"
#include "base/text.h"
#include "norm/folding.h"

#include <string.h>

/* Arrays by name, for a file. */
typedef struct weights {
    const char **names;
    const tare_array **arrays;
    tare_array **made; /* biases that folding gave */
    size_t count, made_count;
} weights;

static bool was_folded_away(const tare_folding *f, const tare_node *variable) {
    for (size_t i = 0; i < f->count; i++) {
        const tare_fold_place *place = &f->places[i];
        if (place->told.product &&
            (variable == place->statistics.mean || variable == place->statistics.variance ||
             variable == place->gamma || variable == place->beta))
            return true;
    }
    return false;
}

static void add(weights *w, const char *name, const tare_array *array) {
    w->names[w->count] = name;
    w->arrays[w->count++] = array;
}

/* "conv2d/bias" beside "conv2d/kernel"; the kernel's name and "_bias" where that is taken. */
static const char *bias_name(const tare_folding *f, const char *kernel) {
    tare_text text = {.allocator = &f->allocator};
    const char *last = strrchr(kernel, '/');
    tare_text_add_bytes(&text, kernel, last ? (size_t)(last + 1 - kernel) : 0);
    tare_text_add(&text, "bias");
    if (!text.failed && tare_session_variable_named(f->session, text.data) != 0) {
        text.length = 0;
        tare_text_format(&text, "%s_bias", kernel);
    }
    const char *name = text.failed ? NULL : tare_arena_text(f->arena, text.data);
    tare_text_clear(&text);
    return name;
}

/* The shift that a product without a bias left to its layer. */
static tare_status add_shift(const tare_folding *f, const tare_fold_place *place, weights *w) {
    const tare_node *from = place->beta ? place->beta : place->statistics.mean;
    const tare_array *numbers = f->session->variables.items[from->id].array;
    const char *name = bias_name(f, place->weights->name);
    tare_array *bias = NULL;
    if (!name || tare_array_new(numbers->dtype, TARE_SHAPE(numbers->count), &f->allocator, &bias))
        return tare_fail_memory(f->error);
    for (int64_t i = 0; i < numbers->count; i++)
        tare_array_set_number(bias, i, (place->beta ? 1 : -1) * tare_array_number(numbers, i));
    w->made[w->made_count++] = bias;
    add(w, name, bias);
    return TARE_OK;
}

/* What the answer reads, in the order of the variables; then the biases that are new. */
static tare_status gather(tare_folding *f, weights *w) {
    const int64_t variables = tare_graph_variable_count(f->graph);
    const int64_t most = variables + (int64_t)f->count + 1;
    w->names = tare_arena_allocate_array(f->arena, most, sizeof *w->names);
    w->arrays = tare_arena_allocate_array(f->arena, most, sizeof *w->arrays);
    w->made = tare_arena_allocate_array(f->arena, most, sizeof *w->made);
    if (!w->names || !w->arrays || !w->made) return tare_fail_memory(f->error);
    for (int64_t i = 0; i < variables; i++) {
        const tare_node *variable = tare_graph_node(f->graph, tare_graph_variable(f->graph, i));
        if (f->uses[variable->id] > 0 && !was_folded_away(f, variable))
            add(w, variable->name, f->session->variables.items[variable->id].array);
    }
    for (size_t i = 0; i < f->count; i++)
        if (f->places[i].told.product && !f->places[i].bias && !tare_fold_shift_link(&f->places[i]))
            TARE_TRY(add_shift(f, &f->places[i], w));
    return TARE_OK;
}

tare_status tare_folding_save_weights(tare_folding *folding, const char *path, tare_error *error) {
    if (!folding || !path)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "folded weights need a folding and a path");
    static const tare_metadata about[] = {{"format", "tare.weights"}};
    weights w = {.count = 0};
    folding->error = error;
    tare_status status = gather(folding, &w);
    if (status == TARE_OK)
        status = tare_safetensors_write(path, w.count, w.names, w.arrays,
                                        sizeof about / sizeof *about, about, error);
    for (size_t i = 0; i < w.made_count; i++) tare_array_free(w.made[i]);
    folding->error = NULL;
    return status;
}
