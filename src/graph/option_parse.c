/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options from text: what command lines, examples and files say.
 *
 *     boolean true | integer 3 | real 0.5 | text anything | list 1,2 or [1, 2]; [] is the empty
 * list choice same | dtype float32 | shape ?,784 or [?, 784]; [] is a scalar, ... any shape tensor
 * 0.5 or true | initializer zeros, constant(0.5), random_uniform(-1, 1), he_normal regularizer
 * none, l1(0.1), l2(0.1), l1_l2(0.1, 0.2) | constraint unit_norm
 */
#include "graph/option_words.h"

#include "base/status.h"
#include "base/text.h"

#include <string.h>

/* A text being read, and whom to blame. */
typedef struct reader {
    const char *name, *value, *at;
    tare_error *error;
} reader;

static tare_status refuse(const reader *r, const char *need) {
    char got[224];
    tare_print(got, sizeof got, "'%s'", r->value);
    return tare_fail_at(r->error, TARE_ERROR_ARGUMENT, "option", r->name, got, need);
}

static void skip_spaces(reader *r) { r->at += strspn(r->at, " \t"); }

static bool take(reader *r, char c) {
    skip_spaces(r);
    if (*r->at != c) return false;
    r->at++;
    return true;
}

static bool at_end(reader *r) {
    skip_spaces(r);
    return *r->at == '\0';
}

/* ---- one function per kind; field points into the struct */

static tare_status parse_boolean(reader *r, const tare_option *option, void *field) {
    (void)option;
    bool *flag = field;
    if (tare_same_text(r->value, "true") || tare_same_text(r->value, "1"))
        *flag = true;
    else if (tare_same_text(r->value, "false") || tare_same_text(r->value, "0"))
        *flag = false;
    else
        return refuse(r, "true or false");
    return TARE_OK;
}

static tare_status parse_integer(reader *r, const tare_option *option, void *field) {
    (void)option;
    int64_t number = 0;
    skip_spaces(r);
    if (!tare_parse_integer(&r->at, &number) || !at_end(r)) return refuse(r, "a whole number");
    *(int64_t *)field = number;
    return TARE_OK;
}

static tare_status parse_real(reader *r, const tare_option *option, void *field) {
    (void)option;
    double number = 0;
    skip_spaces(r);
    if (!tare_parse_double(&r->at, &number) || !at_end(r)) return refuse(r, "a number");
    *(double *)field = number;
    return TARE_OK;
}

/* The text itself is kept, not a copy. */
static tare_status parse_text(reader *r, const tare_option *option, void *field) {
    (void)option;
    *(const char **)field = r->value;
    return TARE_OK;
}

/* "1,2" or "[1, 2]"; `any`, where it is not 0, is what "?" stands for. -1: not such a list. */
static int32_t parse_numbers(reader *r, int64_t *numbers, int64_t any) {
    const bool bracketed = take(r, '[');
    int32_t count = 0;
    if (bracketed && take(r, ']')) return at_end(r) ? 0 : -1;
    do {
        if (count == TARE_MAX_RANK) return -1;
        skip_spaces(r);
        if (any && take(r, '?'))
            numbers[count] = any;
        else if (!tare_parse_integer(&r->at, &numbers[count]))
            return -1;
        count++;
    } while (take(r, ','));
    if (bracketed && !take(r, ']')) return -1;
    return at_end(r) ? count : -1;
}

static tare_status parse_list(reader *r, const tare_option *option, void *field) {
    (void)option;
    tare_list list = {.count = 0};
    list.count = parse_numbers(r, list.values, 0);
    if (list.count < 0) return refuse(r, "up to eight whole numbers, such as 1,2");
    if (list.count == 0) list = TARE_EMPTY_LIST;
    *(tare_list *)field = list;
    return TARE_OK;
}

static tare_status parse_shape(reader *r, const tare_option *option, void *field) {
    (void)option;
    tare_shape shape = TARE_ANY_SHAPE;
    if (!tare_same_text(r->value, "...")) shape.rank = parse_numbers(r, shape.extents, TARE_ANY);
    for (int32_t i = 0; i < shape.rank; i++)
        if (shape.extents[i] < TARE_ANY) shape.rank = -2;
    if (shape.rank < 0 && !tare_same_text(r->value, "..."))
        return refuse(r, "a shape such as [?, 784], or ... for any");
    *(tare_shape *)field = shape;
    return TARE_OK;
}

static tare_status parse_choice(reader *r, const tare_option *option, void *field) {
    const int index = option->words ? tare_word_index(option->words, r->value) : -1;
    if (index < 0) {
        char need[200];
        tare_print(need, sizeof need, "one of %s", option->words ? option->words : "no words");
        return refuse(r, need);
    }
    *(int *)field = index;
    return TARE_OK;
}

static tare_status parse_dtype(reader *r, const tare_option *option, void *field) {
    (void)option;
    const tare_dtype dtype = tare_dtype_named(r->value);
    if (dtype == TARE_DTYPE_NONE) return refuse(r, "a dtype such as float32");
    *(tare_dtype *)field = dtype;
    return TARE_OK;
}

static tare_status parse_tensor(reader *r, const tare_option *option, void *field) {
    bool truth = false;
    double number = 0;
    if (!tare_same_text(r->value, "0") && !tare_same_text(r->value, "1") &&
        parse_boolean(&(reader){.name = r->name, .value = r->value}, option, &truth) == TARE_OK) {
        *(tare_tensor *)field = (tare_tensor){.immediate = 2, .number = truth};
        return TARE_OK;
    }
    skip_spaces(r);
    if (!tare_parse_double(&r->at, &number) || !at_end(r))
        return refuse(r, "a number, true or false");
    *(tare_tensor *)field = tare_number(number);
    return TARE_OK;
}

static tare_status parse_array(reader *r, const tare_option *option, void *field) {
    (void)option;
    (void)field;
    return refuse(r, "an array, which text cannot give");
}

/* "word(1, 2)": the word, of at most room - 1 bytes, and up to two numbers; -1: not of that form.
 */
static int parse_call(reader *r, char *word, size_t room, double numbers[2]) {
    skip_spaces(r);
    const size_t length = strcspn(r->at, "( \t");
    int count = 0;
    if (length == 0 || length >= room) return -1;
    memcpy(word, r->at, length);
    word[length] = '\0';
    r->at += length;
    if (!take(r, '(')) return at_end(r) ? 0 : -1;
    do {
        skip_spaces(r);
        if (count == 2 || !tare_parse_double(&r->at, &numbers[count])) return -1;
        count++;
    } while (take(r, ','));
    return take(r, ')') && at_end(r) ? count : -1;
}

static tare_status parse_initializer(reader *r, const tare_option *option, void *field) {
    (void)option;
    char word[32];
    double numbers[2];
    const int count = parse_call(r, word, sizeof word, numbers);
    for (const tare_initializer_word *known = tare_initializer_words; known->name && count >= 0;
         known++) {
        if (strcmp(known->name, word) != 0 || count > known->numbers) continue;
        tare_initializer *initializer = field;
        *initializer = known->value;
        if (count > 0) initializer->a = numbers[0];
        if (count > 1) initializer->b = numbers[1];
        return TARE_OK;
    }
    return refuse(
        r, "an initialiser such as zeros, constant(0.5), truncated_normal(0, 0.1) or he_normal");
}

static tare_status parse_regularizer(reader *r, const tare_option *option, void *field) {
    (void)option;
    char word[32];
    double numbers[2];
    const int count = parse_call(r, word, sizeof word, numbers);
    tare_regularizer *regularizer = field;
    if (count == 0 && strcmp(word, "none") == 0)
        *regularizer = TARE_NO_REGULARIZER;
    else if (count == 1 && strcmp(word, "l1") == 0)
        *regularizer = TARE_REGULARIZER(numbers[0], 0);
    else if (count == 1 && strcmp(word, "l2") == 0)
        *regularizer = TARE_REGULARIZER(0, numbers[0]);
    else if (count == 2 && strcmp(word, "l1_l2") == 0)
        *regularizer = TARE_REGULARIZER(numbers[0], numbers[1]);
    else
        return refuse(r, "none, l1(0.1), l2(0.1) or l1_l2(0.1, 0.2)");
    return TARE_OK;
}

static tare_status parse_constraint(reader *r, const tare_option *option, void *field) {
    (void)option;
    const int index = tare_word_index(TARE_CONSTRAINT_WORDS, r->value);
    if (index < 0) return refuse(r, "one of " TARE_CONSTRAINT_WORDS);
    *(tare_constraint *)field = (tare_constraint)index;
    return TARE_OK;
}

typedef tare_status (*parse_function)(reader *r, const tare_option *option, void *field);
static const parse_function parse[] = {
    [TARE_OPTION_boolean] = parse_boolean,
    [TARE_OPTION_integer] = parse_integer,
    [TARE_OPTION_real] = parse_real,
    [TARE_OPTION_text] = parse_text,
    [TARE_OPTION_list] = parse_list,
    [TARE_OPTION_choice] = parse_choice,
    [TARE_OPTION_dtype] = parse_dtype,
    [TARE_OPTION_shape] = parse_shape,
    [TARE_OPTION_tensor] = parse_tensor,
    [TARE_OPTION_array] = parse_array,
    [TARE_OPTION_initializer] = parse_initializer,
    [TARE_OPTION_regularizer] = parse_regularizer,
    [TARE_OPTION_constraint] = parse_constraint,
};

tare_status tare_option_parse(const tare_option_table *table, void *options, const char *name,
                              const char *value, tare_error *error) {
    if (!table || !options || !name || !value)
        return tare_fail(error, TARE_ERROR_ARGUMENT,
                         "tare_option_parse: got NULL; needs a table, options, a name and a value");
    for (const tare_option *option = table->options; option->name; option++) {
        if (strcmp(option->name, name) != 0) continue;
        reader r = {.name = name, .value = value, .at = value, .error = error};
        return parse[option->kind](&r, option, (char *)options + option->offset);
    }
    return tare_fail_at(error, TARE_ERROR_NAME, "option", name, "a name that is no option",
                        "one of the table's names");
}
