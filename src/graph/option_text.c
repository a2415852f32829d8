/* SPDX-License-Identifier: Apache-2.0 */
/* Options as text, in the form that tare_option_parse reads. */
#include "graph/option_words.h"
#include "graph/state.h"

#include "array/shape.h"

/* One function per kind; field points into the struct. */
static void boolean_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    tare_text_add(text, *(const bool *)field ? "true" : "false");
}

static void integer_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    tare_text_format(text, "%lld", (long long)*(const int64_t *)field);
}

static void real_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    tare_text_double(text, *(const double *)field);
}

static void text_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    const char *const *value = field;
    tare_text_add(text, *value ? *value : "none");
}

static void list_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    const tare_list *list = field;
    char buffer[TARE_SHAPE_TEXT];
    tare_text_add(text, list->count == 0 ? "none" : tare_list_text(buffer, *list));
}

static void choice_text(tare_text *text, const tare_option *option, const void *field) {
    const int value = *(const int *)field;
    size_t length = 0;
    const char *word = option->words ? tare_word_at(option->words, value, &length) : NULL;
    if (word)
        tare_text_add_bytes(text, word, length);
    else
        tare_text_format(text, "%d", value);
}

static void dtype_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    tare_text_add(text, tare_dtype_name(*(const tare_dtype *)field));
}

static void shape_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    const tare_shape *shape = field;
    char buffer[TARE_SHAPE_TEXT];
    tare_text_add(text, shape->rank < 0 ? "..." : tare_shape_text(buffer, *shape));
}

static void tensor_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    const tare_tensor *tensor = field;
    if (tensor->immediate == 2)
        tare_text_add(text, tensor->number != 0 ? "true" : "false");
    else if (tensor->immediate)
        tare_text_double(text, tensor->number);
    else
        tare_text_add(text, tare_tensor_is_valid(*tensor) ? tare_tensor_name(*tensor) : "none");
}

static void array_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    const tare_array *const *array = field;
    char buffer[TARE_SHAPE_TEXT];
    if (!*array)
        tare_text_add(text, "none");
    else if (tare_array_dtype(*array) == TARE_BOOL && tare_array_shape(*array).rank == 0)
        tare_text_add(text, tare_array_number(*array, 0) != 0 ? "true" : "false");
    else if (tare_array_dtype(*array) == TARE_FLOAT32 && tare_array_shape(*array).rank == 0)
        tare_text_float(text, (float)tare_array_number(*array, 0));
    else if (tare_array_shape(*array).rank == 0)
        tare_text_double(text, tare_array_number(*array, 0));
    else
        tare_text_format(text, "%s %s", tare_dtype_name(tare_array_dtype(*array)),
                         tare_shape_text(buffer, tare_array_shape(*array)));
}

static bool is_word_for(const tare_initializer_word *known, const tare_initializer *initializer) {
    if (known->value.kind != initializer->kind) return false;
    if (initializer->kind != TARE_INITIALIZER_VARIANCE_SCALING) return true;
    return known->value.fan == initializer->fan &&
           known->value.distribution == initializer->distribution &&
           (known->numbers || known->value.a == initializer->a);
}

static void initializer_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    const tare_initializer *initializer = field;
    const tare_initializer_word *known = tare_initializer_words;
    while (known->name && !is_word_for(known, initializer)) known++;
    tare_text_add(text, known->name ? known->name : "variance_scaling");
    if (initializer->kind == TARE_INITIALIZER_VARIABLE || initializer->array ||
        (known->name && !known->numbers))
        return;
    tare_text_add(text, "(");
    tare_text_double(text, initializer->a);
    if (known->name && known->numbers == 2) {
        tare_text_add(text, ", ");
        tare_text_double(text, initializer->b);
    }
    tare_text_add(text, ")");
}

static void regularizer_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    const tare_regularizer *regularizer = field;
    if (regularizer->l1 == 0 && regularizer->l2 == 0) {
        tare_text_add(text, "none");
        return;
    }
    tare_text_add(text, regularizer->l2 == 0 ? "l1(" : regularizer->l1 == 0 ? "l2(" : "l1_l2(");
    tare_text_double(text, regularizer->l1 != 0 ? regularizer->l1 : regularizer->l2);
    if (regularizer->l1 != 0 && regularizer->l2 != 0) {
        tare_text_add(text, ", ");
        tare_text_double(text, regularizer->l2);
    }
    tare_text_add(text, ")");
}

static void constraint_text(tare_text *text, const tare_option *option, const void *field) {
    (void)option;
    const tare_option choice = {.words = TARE_CONSTRAINT_WORDS};
    choice_text(text, &choice, field);
}

typedef void (*text_function)(tare_text *text, const tare_option *option, const void *field);
static const text_function text_of[] = {
    [TARE_OPTION_boolean] = boolean_text,
    [TARE_OPTION_integer] = integer_text,
    [TARE_OPTION_real] = real_text,
    [TARE_OPTION_text] = text_text,
    [TARE_OPTION_list] = list_text,
    [TARE_OPTION_choice] = choice_text,
    [TARE_OPTION_dtype] = dtype_text,
    [TARE_OPTION_shape] = shape_text,
    [TARE_OPTION_tensor] = tensor_text,
    [TARE_OPTION_array] = array_text,
    [TARE_OPTION_initializer] = initializer_text,
    [TARE_OPTION_regularizer] = regularizer_text,
    [TARE_OPTION_constraint] = constraint_text,
};

void tare_option_text(tare_text *text, const tare_option *option, const void *options) {
    text_of[option->kind](text, option, (const char *)options + option->offset);
}
