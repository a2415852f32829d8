/* SPDX-License-Identifier: Apache-2.0 */
/* The words that options are read and printed with. */
#ifndef TARE_SRC_GRAPH_OPTION_WORDS_H
#define TARE_SRC_GRAPH_OPTION_WORDS_H

#include <tare/graph.h>

/* Initialisers by name: what a and b are when left out, and how many of the two may be given. Ends
 * with name NULL. */
typedef struct tare_initializer_word {
    const char *name;
    tare_initializer value;
    int numbers;
} tare_initializer_word;
extern const tare_initializer_word tare_initializer_words[];

/* In the order of tare_constraint. */
#define TARE_CONSTRAINT_WORDS "none,non_negative,unit_norm,max_norm_2"

/* Place of word among "words,with,commas"; -1: it is not among them. */
int tare_word_index(const char *words, const char *word);
/* Word number index, *length bytes long and not terminated; NULL: there are not so many. */
const char *tare_word_at(const char *words, int index, size_t *length);

#endif
