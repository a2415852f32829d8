/* SPDX-License-Identifier: Apache-2.0 */
/* One case: its arrays, its session, its verdict. */
#include "golden.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------- verdicts */

void golden_fail(golden_case *c, const char *format, ...) {
    va_list arguments;
    printf("FAIL %s/%s: ", c->file, c->name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    c->failures++;
}

void golden_lack(golden_case *c, const char *what) {
    if (!c->lacks[0]) snprintf(c->lacks, sizeof c->lacks, "%s", what);
}

bool golden_ok(golden_case *c, tare_status status, const char *doing) {
    if (status == TARE_OK) return true;
    const char *message = tare_session_message(c->session);
    if (!message[0]) message = tare_message(c->graph);
    golden_fail(c, "%s: %s: %s", doing, tare_status_name(status), message);
    return false;
}

bool golden_built(golden_case *c, const char *doing) {
    if (tare_graph_status(c->graph) == TARE_OK) return true;
    golden_fail(c, "%s: %s: %s", doing, tare_status_name(tare_graph_status(c->graph)),
                tare_message(c->graph));
    return false;
}

/* --------------------------------------------------------------------------------------- arrays */

static size_t find_entry(const golden_case *c, const char *when, const char *role,
                         const char *name) {
    const json_t *arrays = json_object_get(c->spec, "arrays");
    size_t count = json_array_size(arrays);
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(arrays, i);
        if (!strcmp(golden_text(entry, "name", ""), name) &&
            !strcmp(golden_text(entry, "when", ""), when) &&
            !strcmp(golden_text(entry, "role", ""), role))
            return i;
    }
    return count;
}

const json_t *golden_entry(const golden_case *c, const char *when, const char *role,
                           const char *name) {
    const json_t *arrays = json_object_get(c->spec, "arrays");
    return json_array_get(arrays, find_entry(c, when, role, name));
}

tare_array *golden_keep(golden_case *c, tare_array *array) {
    if (!array) return NULL;
    tare_array **grown = realloc(c->kept, (c->kept_count + 1) * sizeof *grown);
    if (!grown) {
        golden_fail(c, "no memory");
        tare_array_free(array);
        return NULL;
    }
    c->kept = grown;
    return c->kept[c->kept_count++] = array;
}

static tare_array *read_entry(golden_case *c, const json_t *entry) {
    tare_array *array = NULL;
    tare_error error = {.status = TARE_OK};
    const char *key = golden_text(entry, "key", "");
    if (tare_npz_read(c->npz, key, &array, &error) != TARE_OK)
        golden_fail(c, "array %s: %s", key, error.message);
    return array;
}

/* The same numbers in another dtype. */
static tare_array *converted(golden_case *c, const tare_array *array, tare_dtype dtype) {
    tare_array *other = NULL;
    if (tare_array_new(dtype, tare_array_shape(array), NULL, &other) != TARE_OK)
        golden_fail(c, "no memory");
    for (int64_t i = 0; other && i < tare_array_count(array); i++)
        tare_array_set_number(other, i, tare_array_number(array, i));
    return other;
}

/* Takes an array that was read, float32 as it was recorded, for what may be wide. */
static tare_array *widened(golden_case *c, tare_array *array, tare_dtype dtype) {
    const bool narrow = array && tare_array_dtype(array) == TARE_FLOAT32;
    if (!c->wide || !narrow || dtype != TARE_FLOAT64) return array;
    tare_array *wide = converted(c, array, dtype);
    tare_array_free(array);
    return wide;
}

tare_array *golden_array(golden_case *c, const char *when, const char *role, const char *name) {
    const json_t *entry = golden_entry(c, when, role, name);
    if (entry) return golden_keep(c, widened(c, read_entry(c, entry), TARE_FLOAT64));
    golden_fail(c, "the case has no array %s/%s/%s", when, role, name);
    return NULL;
}

tare_dtype golden_dtype(const golden_case *c) {
    const tare_dtype dtype = tare_dtype_named(golden_text(c->spec, "dtype", "float32"));
    return c->wide && dtype == TARE_FLOAT32 ? TARE_FLOAT64 : dtype;
}

/* Fills numbers from a list nested as deep as the shape; false when the list is ragged. */
static bool flatten(const json_t *values, tare_shape shape, int32_t depth, tare_array *array,
                    int64_t *place) {
    if (depth == shape.rank) {
        double number =
            json_is_boolean(values) ? json_boolean_value(values) : json_number_value(values);
        return tare_array_set_number(array, (*place)++, number);
    }
    if ((int64_t)json_array_size(values) != shape.extents[depth]) return false;
    for (size_t i = 0; i < json_array_size(values); i++)
        if (!flatten(json_array_get(values, i), shape, depth + 1, array, place)) return false;
    return true;
}

tare_array *golden_numbers(golden_case *c, const json_t *values, tare_dtype dtype) {
    tare_shape shape = TARE_SCALAR;
    for (const json_t *at = values; json_is_array(at) && shape.rank < TARE_MAX_RANK;
         at = json_array_get(at, 0))
        shape.extents[shape.rank++] = (int64_t)json_array_size(at);
    tare_array *array = NULL;
    int64_t place = 0;
    if (tare_array_new(dtype, shape, NULL, &array) != TARE_OK ||
        !flatten(values, shape, 0, array, &place)) {
        golden_fail(c, "a list of numbers in the case cannot be made an array");
        tare_array_free(array);
        return NULL;
    }
    return golden_keep(c, array);
}

/* "[1,2]" of element i of an array. */
static void print_place(const tare_array *array, int64_t i, char *text, size_t size) {
    tare_shape shape = tare_array_shape(array);
    int64_t places[TARE_MAX_RANK];
    for (int32_t axis = shape.rank - 1; axis >= 0; axis--) {
        places[axis] = i % shape.extents[axis];
        i /= shape.extents[axis];
    }
    size_t at = 0;
    text[0] = 0;
    for (int32_t axis = 0; axis < shape.rank && at < size; axis++)
        at += (size_t)snprintf(text + at, size - at, "%s%lld", axis ? "," : "",
                               (long long)places[axis]);
}

static void print_type(const tare_array *array, char *text, size_t size) {
    tare_shape shape = tare_array_shape(array);
    size_t at = (size_t)snprintf(text, size, "%s[", tare_dtype_name(tare_array_dtype(array)));
    for (int32_t axis = 0; axis < shape.rank && at < size; axis++)
        at += (size_t)snprintf(text + at, size - at, "%s%lld", axis ? "," : "",
                               (long long)shape.extents[axis]);
    if (at < size) snprintf(text + at, size - at, "]");
}

static void tell_difference(golden_case *c, const char *key, const golden_difference *found,
                            const tare_array *got, const tare_array *want) {
    char place[128], got_type[128] = "nothing", want_type[128];
    if (!found->comparable) {
        if (got) print_type(got, got_type, sizeof got_type);
        print_type(want, want_type, sizeof want_type);
        golden_fail(c, "%s: got %s, wanted %s", key, got_type, want_type);
        return;
    }
    print_place(want, found->worst, place, sizeof place);
    golden_fail(c,
                "%s: worst element [%s]: got %.9g, wanted %.9g (off by %.3g, allowed %.3g); %lld "
                "of %lld wrong",
                key, place, found->got, found->want, fabs(found->got - found->want), found->allowed,
                (long long)found->wrong, (long long)tare_array_count(want));
}

/* Where the case has second/exact/NAME, TensorFlow's own second/grad/NAME is shown, not judged. */
static bool shown_only(const golden_case *c, const json_t *entry) {
    return !strcmp(golden_text(entry, "when", ""), "second") &&
           !strcmp(golden_text(entry, "role", ""), "grad") &&
           golden_entry(c, "second", "exact", golden_text(entry, "name", ""));
}

/*
 * Cases marked exact only move numbers, so bits are compared; but where TensorFlow's own float32
 * result differs from its float64 one (`measured`), it did not move but add up (the gradient of
 * tile or of a mirrored pad), and the entry's tolerance holds.
 */
static bool is_exact(const golden_case *c, const json_t *entry) {
    return golden_boolean(c->spec, "exact", false) && golden_real(entry, "measured", 0) == 0;
}

void golden_judge(golden_case *c, const char *when, const char *role, const char *name,
                  const tare_array *got) {
    size_t place = find_entry(c, when, role, name);
    const json_t *entry = json_array_get(json_object_get(c->spec, "arrays"), place);
    if (!entry) {
        golden_fail(c, "the case has no array %s/%s/%s", when, role, name);
        return;
    }
    tare_array *want = read_entry(c, entry), *rounded = NULL;
    if (!want) return;
    if (c->wide && got && tare_array_dtype(got) == TARE_FLOAT64)
        got = rounded = converted(c, got, tare_array_dtype(want));
    const char *key = golden_text(entry, "key", "") + strlen(c->name) + 1;
    double atol = golden_real(entry, "atol", 0) + golden_loss_cancels(c, entry);
    golden_difference found =
        golden_compare(got, want, atol, golden_real(entry, "rtol", 0), is_exact(c, entry));
    c->judged[place] = true;
    c->judgements++;
    if (c->verbose && found.comparable)
        printf("%s/%s: %s: %.2f of the tolerance\n", c->file, c->name, key, found.share);
    if (shown_only(c, entry)) {
        if (c->verbose && found.comparable && found.wrong)
            printf("note %s/%s: %s: TensorFlow says %.9g, the exact value is judged: %.9g\n",
                   c->file, c->name, key, found.want, found.got);
    } else if (!found.comparable || found.wrong) {
        tell_difference(c, key, &found, got, want);
    }
    tare_array_free(rounded);
    tare_array_free(want);
}

void golden_judge_names(golden_case *c, const char *what, const json_t *wanted,
                        const tare_tensor *items, size_t count) {
    c->judgements++;
    size_t wanted_count = json_array_size(wanted);
    if (count != wanted_count)
        golden_fail(c, "%s: got %zu names, wanted %zu", what, count, wanted_count);
    for (size_t i = 0; i < count || i < wanted_count; i++) {
        const char *got = i < count ? tare_tensor_name(items[i]) : "nothing";
        const char *want =
            i < wanted_count ? json_string_value(json_array_get(wanted, i)) : "nothing";
        if (!strcmp(got, want)) continue;
        golden_fail(c, "%s: name %zu: got %s, wanted %s", what, i, got, want);
        return;
    }
}

void golden_judge_collection(golden_case *c, const char *field, const char *collection) {
    const json_t *wanted = json_object_get(c->spec, field);
    if (!json_is_array(wanted)) return;
    size_t count = tare_collection_count(c->graph, collection, NULL);
    tare_tensor items[GOLDEN_MAX_ITEMS];
    if (count > GOLDEN_MAX_ITEMS) {
        golden_fail(c, "%s: %zu members are more than the driver takes", field, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        items[i] = tare_collection_item(c->graph, collection, NULL, i);
    golden_judge_names(c, field, wanted, items, count);
}

/* ----------------------------------------------------------------------------------------- runs */

void golden_feed(golden_feeds *feeds, tare_tensor tensor, const tare_array *array) {
    if (!array || feeds->count == GOLDEN_MAX_ITEMS) return;
    feeds->items[feeds->count++] = (tare_feed){tensor, array};
}

void golden_feed_recorded(golden_case *c, golden_feeds *feeds, tare_tensor tensor, const char *when,
                          const char *name) {
    golden_feed(feeds, tensor, golden_array(c, when, "in", name));
}

void golden_watch_add(golden_watch *watch, const char *role, const char *name, tare_tensor tensor) {
    if (watch->count == GOLDEN_MAX_ITEMS) return;
    size_t i = watch->count++;
    snprintf(watch->items[i].role, sizeof watch->items[i].role, "%s", role);
    snprintf(watch->items[i].name, sizeof watch->items[i].name, "%s", name);
    watch->tensors[i] = tensor;
}

bool golden_open_session(golden_case *c) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    tare_error error = {.status = TARE_OK};
    options.threads = c->threads;
    tare_status status = tare_session_new_with(c->graph, &options, &c->session, &error);
    if (status != TARE_OK) {
        golden_fail(c, "session: %s: %s", tare_status_name(status), error.message);
        return false;
    }
    return golden_ok(c, tare_session_initialize(c->session), "initialise");
}

bool golden_assign_initial(golden_case *c) {
    const json_t *arrays = json_object_get(c->spec, "arrays");
    bool fine = true;
    for (size_t i = 0; i < json_array_size(arrays); i++) {
        const json_t *entry = json_array_get(arrays, i);
        if (strcmp(golden_text(entry, "when", ""), "initial") ||
            strcmp(golden_text(entry, "role", ""), "var"))
            continue;
        const char *name = golden_text(entry, "name", "");
        const tare_tensor variable = tare_tensor_named(c->graph, name);
        tare_array *value = widened(c, read_entry(c, entry), tare_tensor_dtype(variable));
        c->judged[i] = true;
        fine = value && golden_ok(c, tare_session_set(c->session, name, value), name) && fine;
        tare_array_free(value);
    }
    return fine;
}

/* A gradient that the library has none for is 0 everywhere; that must be TensorFlow's answer too.
 */
static void judge_zeros(golden_case *c, const char *when, const char *role, const char *name) {
    const json_t *entry = golden_entry(c, when, role, name);
    tare_array *zeros = NULL;
    if (!strcmp(role, "out"))
        golden_fail(c, "%s/%s/%s: no such tensor", when, role, name);
    else if (tare_array_new(tare_dtype_named(golden_text(entry, "dtype", "")),
                            golden_shape(json_object_get(entry, "shape")), NULL, &zeros) != TARE_OK)
        golden_fail(c, "%s/%s/%s: no zeros to compare with", when, role, name);
    else
        golden_judge(c, when, role, name, zeros);
    tare_array_free(zeros);
}

bool golden_run_watch(golden_case *c, const char *when, const golden_feeds *feeds,
                      const golden_watch *watch) {
    tare_array *results[GOLDEN_MAX_ITEMS] = {NULL};
    tare_tensor fetches[GOLDEN_MAX_ITEMS] = {{.node = 0}};
    size_t places[GOLDEN_MAX_ITEMS], count = 0;
    for (size_t i = 0; i < watch->count; i++)
        if (tare_tensor_is_valid(watch->tensors[i]))
            fetches[count] = watch->tensors[i], places[count++] = i;
        else
            judge_zeros(c, when, watch->items[i].role, watch->items[i].name);
    tare_status status =
        tare_session_run(c->session, feeds->items, feeds->count, fetches, count, results);
    if (!golden_ok(c, status, when)) return false;
    for (size_t i = 0; i < count; i++)
        golden_judge(c, when, watch->items[places[i]].role, watch->items[places[i]].name,
                     results[i]);
    return true;
}

bool golden_run_operations(golden_case *c, const golden_feeds *feeds, const tare_tensor *operations,
                           size_t count) {
    return golden_ok(
        c, tare_session_run(c->session, feeds->items, feeds->count, operations, count, NULL),
        "update");
}

void golden_judge_variables(golden_case *c, const char *when) {
    const json_t *arrays = json_object_get(c->spec, "arrays");
    for (size_t i = 0; i < json_array_size(arrays); i++) {
        const json_t *entry = json_array_get(arrays, i);
        if (strcmp(golden_text(entry, "when", ""), when) ||
            strcmp(golden_text(entry, "role", ""), "var"))
            continue;
        const char *name = golden_text(entry, "name", "");
        tare_array *value = NULL;
        if (golden_ok(c, tare_session_get(c->session, name, &value), name))
            golden_judge(c, when, "var", name, value);
        tare_array_free(value);
    }
}

/* ------------------------------------------------------------------------------------ the verdict
 */

/* Every array that is not an input must have been judged. */
static void find_forgotten(golden_case *c) {
    const json_t *arrays = json_object_get(c->spec, "arrays");
    for (size_t i = 0; i < json_array_size(arrays); i++) {
        const json_t *entry = json_array_get(arrays, i);
        if (!c->judged[i] && strcmp(golden_text(entry, "role", ""), "in") && !shown_only(c, entry))
            golden_fail(c, "%s was not computed", golden_text(entry, "key", ""));
    }
}

static void close_case(golden_case *c) {
    tare_session_free(c->session);
    tare_graph_free(c->graph);
    for (size_t i = 0; i < c->kept_count; i++) tare_array_free(c->kept[i]);
    free(c->kept);
    free(c->judged);
}

bool golden_run_case(golden_case *c, golden_driver drive) {
    size_t count = json_array_size(json_object_get(c->spec, "arrays"));
    c->judged = calloc(count + 1, sizeof *c->judged);
    c->graph = tare_graph_new();
    if (c->judged && c->graph) {
        drive(c);
        if (!c->failures && !c->lacks[0]) find_forgotten(c);
        if (!c->failures && !c->lacks[0] && !c->judgements) golden_fail(c, "nothing was compared");
    } else {
        golden_fail(c, "no memory");
    }
    close_case(c);
    return !c->failures && !c->lacks[0];
}
