/* SPDX-License-Identifier: Apache-2.0 */
/* Lists a,b,c as on a command line. */
#ifndef BENCH_LIST_H
#define BENCH_LIST_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_WORD_BYTES = 64 };

/* Item i of a list, copied; false beyond the last, or when it is longer than fits. */
bool bench_list_item(const char *list, int i, char *item, size_t bytes);
bool bench_in_list(const char *list, const char *word);
/* 0: the text is no whole number from 1 to most. */
int bench_whole_number(const char *text, int most);

#endif
