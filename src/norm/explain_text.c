/* SPDX-License-Identifier: Apache-2.0 */
/* An explanation as text and as JSON. Numbers are the shortest that read back to the same float. */
#include "array/array.h"
#include "norm/explain.h"
#include "report/json.h"

#include <string.h>

static void add_number(tare_text *text, const tare_array *array, int64_t i) {
    if (array->dtype == TARE_FLOAT64)
        tare_text_double(text, tare_array_number(array, i));
    else
        tare_text_float(text, (float)tare_array_number(array, i));
}

/* The weight of the new value as anybody would write it: 0.01, where 1 - 0.99 in binary is
 * 0.010000000000000009. */
static void add_decay(tare_text *text, double momentum) {
    tare_text_float(text, (float)(1 - momentum));
}

static int64_t shown(const tare_array *array, int64_t channels) {
    return channels > 0 && channels < array->count ? channels : array->count;
}

/* "moving_mean" of "hidden1/batch_normalization/moving_mean" */
static const char *last_part(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static void add_update(tare_text *text, const tare_explained_update *update, int64_t channels) {
    const char *name = last_part(update->variable);
    if (!update->before || !update->batch || !update->after) return;
    for (int64_t c = 0; c < shown(update->before, channels); c++) {
        tare_text_format(text, "  %s", name);
        if (update->before->count > 1) tare_text_format(text, "[%lld]", (long long)c);
        tare_text_add(text, ": ");
        if (update->written) {
            tare_text_double(text, update->momentum);
            tare_text_add(text, " x ");
            add_number(text, update->before, c);
            tare_text_add(text, " + ");
            add_decay(text, update->momentum);
            tare_text_add(text, " x ");
            add_number(text, update->batch, c);
            tare_text_add(text, " = ");
            add_number(text, update->after, c);
        } else {
            add_number(text, update->before, c);
            tare_text_add(text, ", not written: inference");
        }
        tare_text_add(text, "\n");
    }
}

static void add_statistics(tare_text *text, const tare_explained_layer *layer, int64_t channels) {
    if (!layer->mean || !layer->variance) return;
    const char *of = layer->training ? "batch" : "moving";
    for (int64_t c = 0; c < shown(layer->mean, channels); c++) {
        tare_text_format(text, "  %s mean", of);
        if (layer->mean->count > 1) tare_text_format(text, "[%lld]", (long long)c);
        tare_text_add(text, " ");
        add_number(text, layer->mean, c);
        tare_text_format(text, ", %s variance ", of);
        add_number(text, layer->variance, c);
        tare_text_add(text, layer->training ? " (divided by N)\n" : "\n");
    }
}

static bool any_unbiased(const tare_explained_layer *layer) {
    for (size_t u = 0; u < layer->update_count; u++)
        if (layer->updates[u].unbiased) return true;
    return false;
}

static void add_layer(tare_text *text, const tare_explained_layer *layer, int64_t channels) {
    tare_text_format(text, "%s  (%s, N = %lld, epsilon ", layer->name,
                     layer->training ? "training" : "inference", (long long)layer->elements);
    tare_text_double(text, layer->epsilon);
    tare_text_add(text, ")\n");
    add_statistics(text, layer, channels);
    if (layer->training && layer->update_count > 0 && any_unbiased(layer))
        tare_text_format(
            text, "  fused: moving_variance gets the variance times N / (N - 1) = %lld / %lld\n",
            (long long)layer->elements, (long long)(layer->elements > 1 ? layer->elements - 1 : 1));
    for (size_t u = 0; u < layer->update_count; u++) add_update(text, &layer->updates[u], channels);
    if (layer->training && layer->update_count == 0)
        tare_text_add(text, "  no moving average is updated by this run\n");
    if (layer->mean && shown(layer->mean, channels) < layer->mean->count)
        tare_text_format(text, "  ... %lld more channels\n",
                         (long long)(layer->mean->count - shown(layer->mean, channels)));
}

char *tare_explanation_text(const tare_explanation *explanation, int64_t channels) {
    if (!explanation) return NULL;
    tare_text text = {.allocator = &explanation->allocator};
    for (size_t i = 0; i < explanation->count && !text.failed; i++)
        add_layer(&text, &explanation->layers[i], channels);
    if (explanation->count == 0)
        tare_text_add(&text, "no batch normalisation on the way of this run\n");
    return tare_text_hand_out(&text);
}

/* ------------------------------------------------------------------------------- JSON */

static void member_array(tare_json *json, const char *key, const tare_array *array,
                         int64_t channels) {
    if (!array) return;
    tare_json_key(json, key);
    tare_json_begin_array(json);
    for (int64_t c = 0; c < shown(array, channels); c++) {
        if (array->dtype == TARE_FLOAT64)
            tare_json_double(json, tare_array_number(array, c));
        else
            tare_json_float(json, (float)tare_array_number(array, c));
    }
    tare_json_end_array(json);
}

static void update_json(tare_json *json, const tare_explained_update *update, int64_t channels) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "variable", update->variable);
    tare_json_member_double(json, "momentum", update->momentum);
    tare_json_member_boolean(json, "written", update->written);
    tare_json_member_boolean(json, "unbiased", update->unbiased);
    member_array(json, "before", update->before, channels);
    member_array(json, "batch", update->batch, channels);
    member_array(json, "after", update->after, channels);
    tare_json_end_object(json);
}

static void layer_json(tare_json *json, const tare_explained_layer *layer, int64_t channels) {
    tare_json_begin_object(json);
    tare_json_member_text(json, "name", layer->name);
    tare_json_member_boolean(json, "training", layer->training);
    tare_json_member_integer(json, "elements", layer->elements);
    tare_json_member_double(json, "epsilon", layer->epsilon);
    member_array(json, "mean", layer->mean, channels);
    member_array(json, "variance", layer->variance, channels);
    member_array(json, "gamma_before", layer->gamma_before, channels);
    member_array(json, "gamma_after", layer->gamma_after, channels);
    member_array(json, "beta_before", layer->beta_before, channels);
    member_array(json, "beta_after", layer->beta_after, channels);
    tare_json_key(json, "updates");
    tare_json_begin_array(json);
    for (size_t u = 0; u < layer->update_count; u++)
        update_json(json, &layer->updates[u], channels);
    tare_json_end_array(json);
    tare_json_end_object(json);
}

char *tare_explanation_json(const tare_explanation *explanation, int64_t channels) {
    if (!explanation) return NULL;
    tare_json json = {.text = {.allocator = &explanation->allocator}};
    tare_json_begin_object(&json);
    tare_json_key(&json, "layers");
    tare_json_begin_array(&json);
    for (size_t i = 0; i < explanation->count; i++)
        layer_json(&json, &explanation->layers[i], channels);
    tare_json_end_array(&json);
    tare_json_end_object(&json);
    tare_text_add(&json.text, "\n");
    return tare_text_hand_out(&json.text);
}
