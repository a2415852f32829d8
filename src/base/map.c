/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from text to int64_t: open addressing with linear probing in a power of two of
 * slots, at most three quarters full; a removal shifts back what probed past it, so there are no
 * tombstones. Keys lie one behind the other in one buffer; slots refer to them by offset. Bytes of
 * removed keys are won back when the buffer has to grow.
 */
#include "base/map.h"
#include "base/memory.h"

#include <string.h>

#define EMPTY (-1)

typedef struct slot {
    uint64_t hash;
    int64_t key; /* offset into keys, or EMPTY */
    int64_t value;
} slot;

struct tare_map {
    tare_allocator allocator;
    slot *slots;
    int64_t capacity, count; /* capacity: 0 or a power of two */
    char *keys;
    int64_t key_bytes, key_capacity, key_waste;
};

/* FNV-1a with a final mixing, so that the low bits depend on every byte. */
static uint64_t hash_of(const char *key) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *key != '\0'; key++) hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
    hash ^= hash >> 32;
    hash *= UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}

tare_map *tare_map_new(const tare_allocator *allocator) {
    tare_map *map = tare_allocate_zeroed(allocator, sizeof *map);
    if (map == NULL) return NULL;
    map->allocator = allocator == NULL ? tare_default_allocator : *allocator;
    return map;
}

void tare_map_free(tare_map *map) {
    if (map == NULL) return;
    const tare_allocator allocator = map->allocator;
    tare_release(&allocator, map->slots, (size_t)map->capacity * sizeof *map->slots);
    tare_release(&allocator, map->keys, (size_t)map->key_capacity);
    tare_release(&allocator, map, sizeof *map);
}

static int64_t home(const tare_map *map, uint64_t hash) {
    return (int64_t)(hash & (uint64_t)(map->capacity - 1));
}

static int64_t after(const tare_map *map, int64_t at) { return (at + 1) & (map->capacity - 1); }

/* The slot of key, or the empty one where it would go. The table is not full. */
static slot *find(const tare_map *map, const char *key, uint64_t hash) {
    int64_t at = home(map, hash);
    for (;; at = after(map, at)) {
        slot *here = &map->slots[at];
        if (here->key == EMPTY) return here;
        if (here->hash == hash && strcmp(map->keys + here->key, key) == 0) return here;
    }
}

/* Room for one more slot. */
static bool reserve_slot(tare_map *map) {
    if (map->capacity > 0 && map->count < map->capacity / 4 * 3) return true;
    const int64_t capacity = map->capacity == 0 ? 16 : 2 * map->capacity;
    slot *slots = tare_allocate_array(&map->allocator, capacity, sizeof *slots);
    if (slots == NULL) return false;
    for (int64_t i = 0; i < capacity; i++) slots[i].key = EMPTY;

    slot *old = map->slots;
    const int64_t old_capacity = map->capacity;
    map->slots = slots;
    map->capacity = capacity;
    for (int64_t i = 0; i < old_capacity; i++) {
        if (old[i].key == EMPTY) continue;
        int64_t at = home(map, old[i].hash);
        while (slots[at].key != EMPTY) at = after(map, at);
        slots[at] = old[i];
    }
    tare_release(&map->allocator, old, (size_t)old_capacity * sizeof *old);
    return true;
}

/* Copies the keys that are in use into a buffer of `capacity` bytes, which is enough. */
static bool move_keys(tare_map *map, int64_t capacity) {
    char *keys = tare_allocate(&map->allocator, (size_t)capacity);
    if (keys == NULL) return false;
    int64_t used = 0;
    for (int64_t i = 0; i < map->capacity; i++) {
        slot *here = &map->slots[i];
        if (here->key == EMPTY) continue;
        const int64_t bytes = (int64_t)strlen(map->keys + here->key) + 1;
        memcpy(keys + used, map->keys + here->key, (size_t)bytes);
        here->key = used;
        used += bytes;
    }
    tare_release(&map->allocator, map->keys, (size_t)map->key_capacity);
    map->keys = keys;
    map->key_capacity = capacity;
    map->key_bytes = used;
    map->key_waste = 0;
    return true;
}

/* Room for a key of so many bytes. */
static bool reserve_key(tare_map *map, int64_t bytes) {
    int64_t wanted;
    if (!tare_add_sizes(map->key_bytes, bytes, &wanted)) return false;
    if (wanted <= map->key_capacity) return true;
    int64_t live = wanted - map->key_waste;
    if (!tare_multiply_sizes(live, 2, &live)) return false;
    return move_keys(map, live < 256 ? 256 : live);
}

bool tare_map_set(tare_map *map, const char *key, int64_t value) {
    const uint64_t hash = hash_of(key);
    if (map->count > 0) {
        slot *here = find(map, key, hash);
        if (here->key != EMPTY) {
            here->value = value;
            return true;
        }
    }
    const int64_t bytes = (int64_t)strlen(key) + 1;
    if (!reserve_key(map, bytes) || !reserve_slot(map)) return false;
    slot *here = find(map, key, hash);
    *here = (slot){.hash = hash, .key = map->key_bytes, .value = value};
    memcpy(map->keys + map->key_bytes, key, (size_t)bytes);
    map->key_bytes += bytes;
    map->count++;
    return true;
}

int64_t tare_map_get(const tare_map *map, const char *key, int64_t otherwise) {
    if (map->count == 0) return otherwise;
    const slot *here = find(map, key, hash_of(key));
    return here->key == EMPTY ? otherwise : here->value;
}

bool tare_map_has(const tare_map *map, const char *key) {
    return map->count > 0 && find(map, key, hash_of(key))->key != EMPTY;
}

void tare_map_remove(tare_map *map, const char *key) {
    if (map->count == 0) return;
    slot *here = find(map, key, hash_of(key));
    if (here->key == EMPTY) return;
    map->key_waste += (int64_t)strlen(map->keys + here->key) + 1;
    map->count--;

    int64_t hole = here - map->slots;
    for (int64_t at = after(map, hole); map->slots[at].key != EMPTY; at = after(map, at)) {
        /* What lies at `at` may move back to the hole unless its home is beyond the hole. */
        const int64_t mask = map->capacity - 1;
        const int64_t from_home = (at - home(map, map->slots[at].hash)) & mask;
        if (from_home < ((at - hole) & mask)) continue;
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->slots[hole].key = EMPTY;
}

int64_t tare_map_count(const tare_map *map) { return map->count; }

bool tare_map_next(const tare_map *map, int64_t *position, const char **key, int64_t *value) {
    for (; *position < map->capacity; (*position)++) {
        const slot *here = &map->slots[*position];
        if (here->key == EMPTY) continue;
        if (key != NULL) *key = map->keys + here->key;
        if (value != NULL) *value = here->value;
        (*position)++;
        return true;
    }
    return false;
}
