/* SPDX-License-Identifier: Apache-2.0 */
/* The words that options are read and printed with; defaults of initialisers are TensorFlow's
 * (ops/init_ops.py). */
#include "graph/option_words.h"

#include <string.h>

#define SCALING(scale, fan_, distribution_)                                                        \
    {                                                                                              \
        .kind = TARE_INITIALIZER_VARIANCE_SCALING, .a = (scale), .fan = TARE_FAN_##fan_,           \
        .distribution = TARE_DISTRIBUTION_##distribution_                                          \
    }

const tare_initializer_word tare_initializer_words[] = {
    {"default", {.kind = TARE_INITIALIZER_DEFAULT}, 0},
    {"zeros", {.kind = TARE_INITIALIZER_ZEROS}, 0},
    {"ones", {.kind = TARE_INITIALIZER_ONES}, 0},
    {"constant", {.kind = TARE_INITIALIZER_CONSTANT}, 1},
    {"random_uniform", {.kind = TARE_INITIALIZER_RANDOM_UNIFORM, .b = 1}, 2},
    {"random_normal", {.kind = TARE_INITIALIZER_RANDOM_NORMAL, .b = 1}, 2},
    {"truncated_normal", {.kind = TARE_INITIALIZER_TRUNCATED_NORMAL, .b = 1}, 2},
    {"glorot_uniform", SCALING(1, AVERAGE, UNIFORM), 0},
    {"glorot_normal", SCALING(1, AVERAGE, TRUNCATED_NORMAL), 0},
    {"he_uniform", SCALING(2, IN, UNIFORM), 0},
    {"he_normal", SCALING(2, IN, TRUNCATED_NORMAL), 0},
    {"lecun_uniform", SCALING(1, IN, UNIFORM), 0},
    {"lecun_normal", SCALING(1, IN, TRUNCATED_NORMAL), 0},
    {"variance_scaling", SCALING(1, IN, TRUNCATED_NORMAL), 1},
    {"orthogonal", {.kind = TARE_INITIALIZER_ORTHOGONAL, .a = 1}, 1},
    {"identity", {.kind = TARE_INITIALIZER_IDENTITY, .a = 1}, 1},
    {NULL, {.kind = TARE_INITIALIZER_DEFAULT}, 0},
};

const char *tare_word_at(const char *words, int index, size_t *length) {
    for (; index > 0; index--) {
        words = strchr(words, ',');
        if (!words) return NULL;
        words++;
    }
    *length = strcspn(words, ",");
    return index < 0 ? NULL : words;
}

int tare_word_index(const char *words, const char *word) {
    size_t length = 0;
    const char *at = NULL;
    for (int i = 0; (at = tare_word_at(words, i, &length)); i++)
        if (strlen(word) == length && memcmp(at, word, length) == 0) return i;
    return -1;
}
