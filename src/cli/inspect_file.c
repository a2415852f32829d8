/* SPDX-License-Identifier: Apache-2.0 */
/* Files of arrays: .npy, .npz and .safetensors, told by how they begin, as event files and .tflite
 * models are. */
#include "array/array.h"
#include "array/shape.h"
#include "base/file.h"
#include "base/status.h"
#include "cli/inspect.h"
#include "cli/say.h"
#include "cli/table.h"
#include "report/event_record.h"
#include "report/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* One line of the listing. */
typedef struct line {
    const char *name, *dtype;
    tare_shape shape;
    const tare_array *array; /* its numbers; NULL: not read */
} line;

typedef struct listing {
    const tare_inspect_options *options;
    tare_table table;
    tare_json json;
    int64_t arrays, numbers;
} listing;

/* ----------------------------------------------------------------------------------- numbers */

typedef struct summary {
    double least, greatest, mean;
    int64_t not_finite;
} summary;

/* Of the finite numbers. */
static summary summarise(const tare_array *array) {
    summary s = {.least = (double)INFINITY, .greatest = (double)-INFINITY};
    int64_t finite = 0;
    for (int64_t i = 0; i < array->count; i++) {
        const double number = tare_array_number(array, i);
        if (!isfinite(number)) {
            s.not_finite++;
            continue;
        }
        finite++;
        s.mean += (number - s.mean) / (double)finite;
        if (number < s.least) s.least = number;
        if (number > s.greatest) s.greatest = number;
    }
    return s;
}

static void cell_number(tare_table *table, double number) {
    char text[TARE_NUMBER_TEXT];
    tare_table_cell(table, isfinite(number) ? tare_float_text(text, (float)number) : "");
}

static void add_summary_cells(tare_table *table, const tare_array *array) {
    const summary s = array == NULL
                          ? (summary){(double)INFINITY, (double)INFINITY, (double)INFINITY, 0}
                          : summarise(array);
    cell_number(table, s.least);
    cell_number(table, s.greatest);
    cell_number(table, isfinite(s.least) ? s.mean : (double)INFINITY);
    if (s.not_finite > 0) {
        tare_table_integer(table, s.not_finite);
    } else {
        tare_table_cell(table, "");
    }
}

static void add_json_summary(tare_json *json, const tare_array *array) {
    if (array == NULL) return;
    const summary s = summarise(array);
    tare_json_member_double(json, "least", s.least);
    tare_json_member_double(json, "greatest", s.greatest);
    tare_json_member_double(json, "mean", isfinite(s.least) ? s.mean : (double)NAN);
    tare_json_member_integer(json, "not_finite", s.not_finite);
}

/* ------------------------------------------------------------------------------------ listing */

static void begin_listing(listing *l, const char *path) {
    static const char *const heads[] = {"name",  "dtype",    "shape", "numbers",
                                        "least", "greatest", "mean",  "not finite"};
    l->table.columns = l->options->numbers ? 8 : 4;
    for (int i = 3; i < 8; i++) l->table.right[i] = true;
    for (int i = 0; i < l->table.columns; i++) tare_table_cell(&l->table, heads[i]);
    tare_json_begin_object(&l->json);
    tare_json_member_text(&l->json, "file", path);
    tare_json_key(&l->json, "arrays");
    tare_json_begin_array(&l->json);
}

static void add_line(listing *l, const line *what) {
    char shape[TARE_SHAPE_TEXT];
    const int64_t count = tare_shape_count(what->shape);
    tare_table_cell(&l->table, what->name);
    tare_table_cell(&l->table, what->dtype);
    tare_table_cell(&l->table, tare_shape_text(shape, what->shape));
    tare_table_integer(&l->table, count);
    if (l->options->numbers) add_summary_cells(&l->table, what->array);
    tare_json_begin_object(&l->json);
    tare_json_member_text(&l->json, "name", what->name);
    tare_json_member_text(&l->json, "dtype", what->dtype);
    tare_json_member_shape(&l->json, "shape", what->shape);
    if (l->options->numbers) add_json_summary(&l->json, what->array);
    tare_json_end_object(&l->json);
    l->arrays++;
    l->numbers += count;
}

/* Prints what was gathered; metadata of the file, if any, stand first. */
static int end_listing(listing *l, const tare_safetensors *file) {
    tare_text text = {0};
    const char *key;
    tare_json_end_array(&l->json);
    tare_json_key(&l->json, "metadata");
    tare_json_begin_object(&l->json);
    for (size_t i = 0; (key = tare_safetensors_metadata_key(file, i)) != NULL; i++) {
        const char *value = tare_safetensors_metadata(file, key);
        tare_json_member_text(&l->json, key, value);
        tare_text_format(&text, "%s = %s\n", key, value);
    }
    tare_json_end_object(&l->json);
    tare_json_end_object(&l->json);
    tare_text_add(&l->json.text, "\n");
    if (text.length > 0) tare_text_add(&text, "\n");
    tare_table_end(&l->table, &text);
    tare_text_format(&text, "\n%" PRId64 " arrays, %" PRId64 " numbers\n", l->arrays, l->numbers);
    tare_text *chosen = l->options->json ? &l->json.text : &text;
    const bool said = tare_say_text(chosen);
    tare_text_clear(&text);
    tare_text_clear(&l->json.text);
    return said ? TARE_EXIT_SUCCESS : tare_say_failure("no memory for the listing");
}

/* Frees what was gathered when a file turns out to be unsound. */
static int give_up(listing *l, const tare_error *error) {
    tare_text_clear(&l->table.cells);
    tare_text_clear(&l->json.text);
    return tare_say_error(error);
}

/* -------------------------------------------------------------------------------------- files */

static int list_npy(const char *path, listing *l) {
    tare_array *array = NULL;
    tare_error error = {0};
    if (tare_npy_read(path, &array, &error) != TARE_OK) return tare_say_error(&error);
    begin_listing(l, path);
    const line what = {"", tare_dtype_name(array->dtype), array->shape, array};
    add_line(l, &what);
    tare_array_free(array);
    return end_listing(l, NULL);
}

static int list_npz(const char *path, listing *l) {
    tare_npz *npz = NULL;
    tare_error error = {0};
    const char *name;
    tare_status status = tare_npz_open(path, &npz, &error);
    if (status != TARE_OK) return tare_say_error(&error);
    begin_listing(l, path);
    for (size_t i = 0; status == TARE_OK && (name = tare_npz_name(npz, i)) != NULL; i++) {
        tare_array *array = NULL;
        status = tare_npz_read(npz, name, &array, &error);
        if (status != TARE_OK) break;
        const line what = {name, tare_dtype_name(array->dtype), array->shape, array};
        add_line(l, &what);
        tare_array_free(array);
    }
    tare_npz_close(npz);
    return status == TARE_OK ? end_listing(l, NULL) : give_up(l, &error);
}

/* One tensor; its numbers are read when they are asked for and can be. */
static tare_status list_tensor(tare_safetensors *file, size_t i, listing *l, tare_error *error) {
    tare_array *array = NULL;
    line what = {tare_safetensors_name(file, i), tare_safetensors_dtype(file, i),
                 tare_safetensors_shape(file, i), NULL};
    if (l->options->numbers) {
        const tare_status status = tare_safetensors_read(file, what.name, &array, error);
        if (status != TARE_OK && status != TARE_ERROR_UNSUPPORTED) return status;
    }
    what.array = array;
    add_line(l, &what);
    tare_array_free(array);
    return TARE_OK;
}

static int list_safetensors(const char *path, listing *l) {
    tare_safetensors *file = NULL;
    tare_error error = {0};
    tare_status status = tare_safetensors_open(path, &file, &error);
    if (status != TARE_OK) return tare_say_error(&error);
    begin_listing(l, path);
    for (size_t i = 0; status == TARE_OK && i < tare_safetensors_count(file); i++)
        status = list_tensor(file, i, l, &error);
    const int exit_status = status == TARE_OK ? end_listing(l, file) : give_up(l, &error);
    tare_safetensors_close(file);
    return exit_status;
}

/* Formats by their first bytes; what is none of the others is taken for safetensors. */
static const struct {
    const char *magic;
    size_t bytes;
    int (*list)(const char *path, listing *l);
} formats[] = {
    {"\x93NUMPY", 6, list_npy},
    {"PK\x03\x04", 4, list_npz},
    {"PK\x05\x06", 4, list_npz},
    {"", 0, list_safetensors},
};

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Event files begin with a length and its sum. */
static bool is_event_file(const char *path, const unsigned char begin[TARE_RECORD_HEAD]) {
    uint64_t length;
    return strstr(path, ".tfevents") != NULL || tare_record_length(begin, &length);
}

int tare_inspect_file(const char *path, const tare_inspect_options *options) {
    listing l = {.options = options};
    tare_error error = {0};
    tare_file *file = NULL;
    unsigned char begin[TARE_RECORD_HEAD] = {0};
    if (tare_file_open(path, &file, &error) != TARE_OK) return tare_say_error(&error);
    const int64_t size = tare_file_size(file);
    const size_t bytes = size < (int64_t)sizeof begin ? (size_t)size : sizeof begin;
    const tare_status status = tare_file_read_at(file, 0, begin, bytes, &error);
    tare_file_close(file);
    if (status != TARE_OK) return tare_say_error(&error);
    /* A file by its name first, so that a damaged one is refused by its own reader. */
    if (ends_with(path, ".npy")) return list_npy(path, &l);
    if (ends_with(path, ".npz")) return list_npz(path, &l);
    if (ends_with(path, ".safetensors")) return list_safetensors(path, &l);
    if (ends_with(path, ".tflite") || memcmp(begin + 4, "TFL3", 4) == 0)
        return tare_inspect_tflite(path, options);
    if (is_event_file(path, begin)) return tare_inspect_events(path, options);
    size_t i = 0;
    while (memcmp(begin, formats[i].magic, formats[i].bytes) != 0) i++;
    return formats[i].list(path, &l);
}
