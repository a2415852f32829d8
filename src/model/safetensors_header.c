/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a .safetensors file: JSON whose every claim is checked before it is believed. Names
 * are unique (jansson refuses a key twice), nesting is bounded before jansson sees the text,
 * extents multiply without overflow, and the tensors, sorted by their offsets, cover the data
 * without gap or overlap.
 */
#include "array/shape.h"
#include "base/status.h"
#include "model/json_depth.h"
#include "model/safetensors.h"

#ifdef TARE_HAVE_JANSSON
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define DEEPEST 4 /* the format needs 3 */

typedef struct parser {
    tare_safetensors *file;
    const char *path;
    int64_t data_bytes;
    tare_error *error;
} parser;

static tare_status refuse(const parser *p, const char *name, const char *sentence) {
    return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path, "tensor '%.120s': %s", name,
                          sentence);
}

static tare_status check_depth(const parser *p, const char *text, size_t bytes) {
    const int64_t place = tare_json_too_deep(text, bytes, DEEPEST);
    if (place < 0) return TARE_OK;
    return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path,
                          "byte %" PRId64 " of the header: nested deeper than safetensors are",
                          place);
}

/* ----------------------------------------------------------------------------------- metadata */

static tare_status take_metadata(parser *p, json_t *pairs) {
    tare_safetensors *file = p->file;
    if (!json_is_object(pairs))
        return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path,
                              "__metadata__ is no object of texts");
    file->metadata = tare_arena_allocate_array(file->arena, (int64_t)json_object_size(pairs) + 1,
                                               sizeof *file->metadata);
    if (file->metadata == NULL) return tare_fail_memory(p->error);
    const char *key;
    json_t *value;
    json_object_foreach(pairs, key, value) {
        if (!json_is_string(value))
            return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path,
                                  "__metadata__: the value of '%.120s' is no text", key);
        tare_metadata *pair = &file->metadata[file->metadata_count++];
        pair->key = tare_arena_text(file->arena, key);
        pair->value = tare_arena_text(file->arena, json_string_value(value));
        if (pair->key == NULL || pair->value == NULL) return tare_fail_memory(p->error);
    }
    return TARE_OK;
}

/* ------------------------------------------------------------------------------------ tensors */

static tare_status take_dtype(const parser *p, json_t *fields, tare_safetensors_entry *entry) {
    const char *name = json_string_value(json_object_get(fields, "dtype"));
    if (name == NULL) return refuse(p, entry->name, "has no text 'dtype'");
    entry->type = tare_safetensors_type_named(name);
    if (entry->type != NULL) return TARE_OK;
    return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path,
                          "tensor '%.120s': there is no dtype '%.40s'", entry->name, name);
}

static tare_status take_shape(const parser *p, json_t *fields, tare_safetensors_entry *entry) {
    json_t *extents = json_object_get(fields, "shape");
    if (!json_is_array(extents)) return refuse(p, entry->name, "has no list 'shape'");
    const size_t rank = json_array_size(extents);
    if (rank > TARE_MAX_RANK)
        return tare_fail_file(p->error, TARE_ERROR_UNSUPPORTED, p->path,
                              "tensor '%.120s' has %zu dimensions; at most %d can be read",
                              entry->name, rank, TARE_MAX_RANK);
    entry->shape.rank = (int32_t)rank;
    for (size_t i = 0; i < rank; i++) {
        json_t *extent = json_array_get(extents, i);
        if (!json_is_integer(extent) || json_integer_value(extent) < 0)
            return refuse(p, entry->name, "an extent is no whole number of at least 0");
        entry->shape.extents[i] = json_integer_value(extent);
    }
    return TARE_OK;
}

static tare_status take_offsets(const parser *p, json_t *fields, tare_safetensors_entry *entry) {
    json_t *offsets = json_object_get(fields, "data_offsets");
    json_t *first = json_array_get(offsets, 0), *behind = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(behind))
        return refuse(p, entry->name, "has no two whole 'data_offsets'");
    const int64_t begin = json_integer_value(first), end = json_integer_value(behind);
    if (begin < 0 || end < begin || end > p->data_bytes)
        return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path,
                              "tensor '%.120s' goes from byte %" PRId64 " to %" PRId64
                              " of the data, which has %" PRId64 " bytes",
                              entry->name, begin, end, p->data_bytes);
    entry->begin = begin;
    entry->bytes = end - begin;
    return TARE_OK;
}

/* dtype and shape must need as many bytes as the offsets give. */
static tare_status check_size(const parser *p, const tare_safetensors_entry *entry) {
    int64_t needed;
    const int64_t count = tare_shape_count(entry->shape);
    if (count < 0 || !tare_multiply_sizes(count, entry->type->size, &needed))
        return refuse(p, entry->name, "the product of its extents is more than can be counted");
    if (needed == entry->bytes) return TARE_OK;
    char shape[TARE_SHAPE_TEXT];
    return tare_fail_file(
        p->error, TARE_ERROR_FORMAT, p->path,
        "tensor '%.120s': %s of shape %s takes %" PRId64 " bytes, its offsets give %" PRId64,
        entry->name, entry->type->name, tare_shape_text(shape, entry->shape), needed, entry->bytes);
}

static tare_status take_tensor(parser *p, const char *name, json_t *fields) {
    tare_safetensors_entry *entry = &p->file->entries[p->file->count];
    entry->name = tare_arena_text(p->file->arena, name);
    if (entry->name == NULL) return tare_fail_memory(p->error);
    if (!json_is_object(fields)) return refuse(p, name, "is no object");
    TARE_TRY(take_dtype(p, fields, entry));
    TARE_TRY(take_shape(p, fields, entry));
    TARE_TRY(take_offsets(p, fields, entry));
    TARE_TRY(check_size(p, entry));
    p->file->count++;
    return TARE_OK;
}

/* ------------------------------------------------------------------------------ order, coverage */

static bool lies_before(const tare_safetensors_entry *a, const tare_safetensors_entry *b) {
    if (a->begin != b->begin) return a->begin < b->begin;
    if (a->bytes != b->bytes) return a->bytes < b->bytes; /* empty ones first */
    return strcmp(a->name, b->name) < 0;
}

/* Lets the entry at `root` sink until no child lies behind it. */
static void sink(tare_safetensors_entry *entries, size_t root, size_t count) {
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && lies_before(&entries[child], &entries[child + 1])) child++;
        if (!lies_before(&entries[root], &entries[child])) return;
        const tare_safetensors_entry entry = entries[root];
        entries[root] = entries[child];
        entries[child] = entry;
        root = child;
    }
}

/* Heapsort: in place, and never slow, whatever a file may bring. */
static void sort_entries(tare_safetensors_entry *entries, size_t count) {
    for (size_t root = count / 2; root-- > 0;) sink(entries, root, count);
    for (size_t last = count; last-- > 1;) {
        const tare_safetensors_entry entry = entries[0];
        entries[0] = entries[last];
        entries[last] = entry;
        sink(entries, 0, last);
    }
}

/* Sorted by offset, each tensor must begin where the one before it ends, and the last end with the
 * file. */
static tare_status check_coverage(const parser *p) {
    int64_t at = 0;
    for (size_t i = 0; i < p->file->count; i++) {
        const tare_safetensors_entry *entry = &p->file->entries[i];
        if (entry->begin != at)
            return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path,
                                  "tensor '%.120s' begins at byte %" PRId64
                                  " of the data, the one before it ends at byte %" PRId64,
                                  entry->name, entry->begin, at);
        at += entry->bytes;
    }
    if (at == p->data_bytes) return TARE_OK;
    return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path,
                          "the last tensor ends at byte %" PRId64 " of the data, which has %" PRId64
                          " bytes",
                          at, p->data_bytes);
}

static tare_status index_names(const parser *p) {
    tare_safetensors *file = p->file;
    file->places = tare_map_new(&file->allocator);
    if (file->places == NULL) return tare_fail_memory(p->error);
    for (size_t i = 0; i < file->count; i++)
        if (!tare_map_set(file->places, file->entries[i].name, (int64_t)i))
            return tare_fail_memory(p->error);
    return TARE_OK;
}

static tare_status take_all(parser *p, json_t *root) {
    tare_safetensors *file = p->file;
    if (!json_is_object(root))
        return tare_fail_file(p->error, TARE_ERROR_FORMAT, p->path, "the header is no JSON object");
    file->entries = tare_arena_allocate_array(file->arena, (int64_t)json_object_size(root) + 1,
                                              sizeof *file->entries);
    if (file->entries == NULL) return tare_fail_memory(p->error);
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value) {
        const bool is_metadata = strcmp(name, TARE_SAFETENSORS_METADATA) == 0;
        TARE_TRY(is_metadata ? take_metadata(p, value) : take_tensor(p, name, value));
    }
    sort_entries(file->entries, file->count);
    TARE_TRY(check_coverage(p));
    return index_names(p);
}

tare_status tare_safetensors_parse(tare_safetensors *file, const char *path, const char *header,
                                   size_t bytes, int64_t data_bytes, tare_error *error) {
    parser p = {.file = file, .path = path, .data_bytes = data_bytes, .error = error};
    TARE_TRY(check_depth(&p, header, bytes));
    json_error_t where;
    json_t *root = json_loadb(header, bytes, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        return tare_fail_file(error, TARE_ERROR_FORMAT, path,
                              "byte %d of the header is not JSON as it should be: %.120s",
                              where.position, where.text);
    const tare_status status = take_all(&p, root);
    json_decref(root);
    return status;
}

#else

tare_status tare_safetensors_parse(tare_safetensors *file, const char *path, const char *header,
                                   size_t bytes, int64_t data_bytes, tare_error *error) {
    (void)file;
    (void)header;
    (void)bytes;
    (void)data_bytes;
    return tare_fail_file(error, TARE_ERROR_UNSUPPORTED, path,
                          "this library was built without jansson, which reads safetensors");
}

#endif
