/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from text to a whole number: names of nodes, scopes, variables. Keys are copied. */
#ifndef TARE_SRC_BASE_MAP_H
#define TARE_SRC_BASE_MAP_H

#include <tare/base.h>

typedef struct tare_map tare_map;
tare_map *tare_map_new(const tare_allocator *allocator); /* NULL: no memory */
void tare_map_free(tare_map *map);
/* Sets key to value, new or not; false: no memory. */
bool tare_map_set(tare_map *map, const char *key, int64_t value);
/* The value of key, or otherwise when it is not there. */
int64_t tare_map_get(const tare_map *map, const char *key, int64_t otherwise);
bool tare_map_has(const tare_map *map, const char *key);
void tare_map_remove(tare_map *map, const char *key);
int64_t tare_map_count(const tare_map *map);
/* Visits entries in unspecified order: start with *position = 0; false after the last. */
bool tare_map_next(const tare_map *map, int64_t *position, const char **key, int64_t *value);

#endif
