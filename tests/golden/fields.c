/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a case: JSON values as numbers, shapes and the text of options. */
#include "golden.h"

#include <stdlib.h>
#include <string.h>

const char *golden_text(const json_t *object, const char *field, const char *otherwise) {
    const json_t *value = json_object_get(object, field);
    return json_is_string(value) ? json_string_value(value) : otherwise;
}

int64_t golden_integer(const json_t *object, const char *field, int64_t otherwise) {
    const json_t *value = json_object_get(object, field);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

double golden_real(const json_t *object, const char *field, double otherwise) {
    const json_t *value = json_object_get(object, field);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool golden_boolean(const json_t *object, const char *field, bool otherwise) {
    const json_t *value = json_object_get(object, field);
    return json_is_boolean(value) ? json_boolean_value(value) : otherwise;
}

tare_shape golden_shape(const json_t *list) {
    tare_shape shape = TARE_ANY_SHAPE;
    if (!json_is_array(list) || json_array_size(list) > TARE_MAX_RANK) return shape;
    shape.rank = (int32_t)json_array_size(list);
    for (int32_t i = 0; i < shape.rank; i++) {
        const json_t *extent = json_array_get(list, (size_t)i);
        shape.extents[i] =
            json_is_integer(extent) ? (int64_t)json_integer_value(extent) : (int64_t)TARE_ANY;
    }
    return shape;
}

bool golden_has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; length && (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return true;
    return false;
}

/* jansson prints numbers with a point under any locale and enough digits to read them back. */
bool golden_option_text(const json_t *value, char *text, size_t size) {
    char *printed = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
    size_t length = printed ? strlen(printed) : size;
    if (length < size) memcpy(text, printed, length + 1);
    free(printed);
    return length < size;
}

bool golden_set_option(golden_case *c, const tare_option_table *table, void *options,
                       const char *name, const json_t *value) {
    char buffer[256];
    const char *text = json_string_value(value); /* a text is kept, so it must be the case's own */
    tare_error error = {.status = TARE_OK};
    if (!text && !golden_option_text(value, buffer, sizeof buffer)) {
        golden_fail(c, "option %s is longer than the driver takes", name);
        return false;
    }
    if (!text) text = buffer;
    if (tare_option_parse(table, options, name, text, &error) == TARE_OK) return true;
    golden_fail(c, "option %s = %s: %s", name, text, error.message);
    return false;
}

bool golden_set_options(golden_case *c, const tare_option_table *table, void *options,
                        const json_t *values, const char *except) {
    const char *name;
    json_t *value;
    bool fine = true;
    json_object_foreach((json_t *)(uintptr_t)values, name, value) {
        if (json_is_null(value) || golden_has_word(except, name)) continue;
        fine = golden_set_option(c, table, options, name, value) && fine;
    }
    return fine;
}
