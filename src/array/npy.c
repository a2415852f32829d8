/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The .npy format, versions 1.0 to 3.0:
 *
 *     0  "\x93NUMPY"   6  major, minor   8  bytes of the header, 2 (from version 2 on 4),
 * little-endian header: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } spaces, newline
 *     the numbers, to the end of the file
 *
 * Source: NumPy's documentation, numpy.lib.format.
 */
#include "array/npy.h"
#include "array/array.h"
#include "array/shape.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "numbers are stored as they lie in memory");

#define MAGIC          "\x93NUMPY"
#define MAGIC_BYTES    6
#define LONGEST_HEADER 65536

/* What a header says. */
typedef struct npy_header {
    tare_dtype dtype;
    tare_shape shape;
    bool fortran_order;
    int64_t data; /* where the numbers begin */
} npy_header;

/* A header being read. */
typedef struct header_parser {
    const tare_npy_source *source;
    tare_error *error;
    const char *text, *at; /* NUL-terminated */
    int64_t start;         /* of text in the source */
    npy_header *header;
} header_parser;

tare_status tare_npy_fail(const tare_npy_source *source, tare_error *error, tare_status status,
                          const char *format, ...) {
    char sentence[480];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (length < 0) sentence[0] = '\0';
    if (source->member[0] == '\0')
        return tare_fail_file(error, status, source->path, "%s", sentence);
    return tare_fail_file(error, status, source->path, "member '%s': %s", source->member, sentence);
}

/* ------------------------------------------------------------------------------- the header */

static tare_status refuse(const header_parser *parser, const char *need) {
    return tare_npy_fail(parser->source, parser->error, TARE_ERROR_FORMAT,
                         "the header needs %s at byte %lld", need,
                         (long long)(parser->start + (parser->at - parser->text)));
}

static void skip_spaces(header_parser *parser) { parser->at += strspn(parser->at, " \t\r\n"); }

/* Moves over a character, with spaces around it. */
static bool take(header_parser *parser, char wanted) {
    skip_spaces(parser);
    if (*parser->at != wanted) return false;
    parser->at++;
    skip_spaces(parser);
    return true;
}

static bool take_word(header_parser *parser, const char *word) {
    const size_t length = strlen(word);
    if (strncmp(parser->at, word, length) != 0) return false;
    parser->at += length;
    return true;
}

/* A string in either kind of quotes, without escapes. */
static bool take_string(header_parser *parser, char *string, size_t size) {
    const char quote = *parser->at;
    if (quote != '\'' && quote != '"') return false;
    const char *start = parser->at + 1;
    const char *end = strchr(start, quote);
    if (end == NULL || (size_t)(end - start) >= size) return false;
    memcpy(string, start, (size_t)(end - start));
    string[end - start] = '\0';
    parser->at = end + 1;
    return memchr(string, '\\', (size_t)(end - start)) == NULL;
}

static const struct {
    const char *code; /* kind and bytes of one number */
    tare_dtype dtype;
} npy_dtypes[] = {
    {"f4", TARE_FLOAT32}, {"f8", TARE_FLOAT64}, {"i4", TARE_INT32}, {"i8", TARE_INT64},
    {"u1", TARE_UINT8},   {"b1", TARE_BOOL},    {"i1", TARE_INT8},
};
#define NPY_DTYPES (sizeof npy_dtypes / sizeof *npy_dtypes)

/* '<', '=' and '|' say little-endian, as this machine, and does not matter; the last for bytes
 * alone. */
static bool understand_dtype(const char *descr, tare_dtype *dtype) {
    if (descr[0] == '\0' || strchr("<=|>", descr[0]) == NULL) return false;
    for (size_t i = 0; i < NPY_DTYPES; i++) {
        if (strcmp(descr + 1, npy_dtypes[i].code) != 0) continue;
        *dtype = npy_dtypes[i].dtype;
        return tare_dtype_size(*dtype) == 1 || descr[0] == '<' || descr[0] == '=';
    }
    return false;
}

static tare_status parse_descr(header_parser *parser) {
    char descr[32];
    if (*parser->at == '[')
        return tare_npy_fail(parser->source, parser->error, TARE_ERROR_UNSUPPORTED,
                             "got records of several fields; needs an array of plain numbers");
    if (!take_string(parser, descr, sizeof descr)) return refuse(parser, "a dtype in quotes");
    if (understand_dtype(descr, &parser->header->dtype)) return TARE_OK;
    if (strchr(descr, 'O') != NULL)
        return tare_npy_fail(
            parser->source, parser->error, TARE_ERROR_UNSUPPORTED,
            "got an array of Python objects ('%s'), which is never unpickled; needs "
            "plain numbers",
            descr);
    if (descr[0] == '>')
        return tare_npy_fail(parser->source, parser->error, TARE_ERROR_UNSUPPORTED,
                             "got big-endian numbers ('%s'); needs little-endian ones", descr);
    return tare_npy_fail(
        parser->source, parser->error, TARE_ERROR_UNSUPPORTED,
        "got dtype '%s'; needs float32, float64, int32, int64, int8, uint8 or bool", descr);
}

static tare_status parse_order(header_parser *parser) {
    if (take_word(parser, "True"))
        parser->header->fortran_order = true;
    else if (!take_word(parser, "False"))
        return refuse(parser, "True or False");
    return TARE_OK;
}

/* A tuple: (), (3,), (2, 3), (2, 3,). */
static tare_status parse_shape(header_parser *parser) {
    tare_shape shape = TARE_SCALAR;
    bool comma = true;
    if (!take(parser, '(')) return refuse(parser, "a shape in parentheses");
    while (!take(parser, ')')) {
        int64_t extent;
        if (!comma) return refuse(parser, "a comma or a closing parenthesis");
        if (*parser->at < '0' || *parser->at > '9') return refuse(parser, "an extent");
        if (!tare_parse_integer(&parser->at, &extent))
            return refuse(parser, "an extent below 2^63");
        if (shape.rank == TARE_MAX_RANK)
            return tare_npy_fail(parser->source, parser->error, TARE_ERROR_UNSUPPORTED,
                                 "got more than %d dimensions; needs at most %d", TARE_MAX_RANK,
                                 TARE_MAX_RANK);
        shape.extents[shape.rank++] = extent;
        comma = take(parser, ',');
    }
    if (shape.rank == 1 && !comma) return refuse(parser, "a comma behind the only extent");
    parser->header->shape = shape;
    return TARE_OK;
}

static const struct {
    const char *key;
    tare_status (*parse)(header_parser *parser);
} header_entries[] = {
    {"descr", parse_descr},
    {"fortran_order", parse_order},
    {"shape", parse_shape},
};
#define HEADER_ENTRIES ((int)(sizeof header_entries / sizeof *header_entries))

/* One entry of the dictionary; `seen` has a bit for each that was there. */
static tare_status parse_entry(header_parser *parser, unsigned *seen) {
    char key[32];
    const char *start = parser->at;
    if (!take_string(parser, key, sizeof key)) return refuse(parser, "a key in quotes");
    int found = 0;
    while (found < HEADER_ENTRIES && strcmp(key, header_entries[found].key) != 0) found++;
    if (found == HEADER_ENTRIES || (*seen >> found & 1) != 0) {
        parser->at = start;
        return refuse(parser, "one each of descr, fortran_order and shape, and no other key,");
    }
    *seen |= 1u << found;
    if (!take(parser, ':')) return refuse(parser, "a colon");
    return header_entries[found].parse(parser);
}

static tare_status parse_header(header_parser *parser) {
    unsigned seen = 0;
    bool comma = true;
    if (!take(parser, '{')) return refuse(parser, "an opening brace");
    while (!take(parser, '}')) {
        if (!comma) return refuse(parser, "a comma or a closing brace");
        TARE_TRY(parse_entry(parser, &seen));
        comma = take(parser, ',');
    }
    if (seen != (1u << HEADER_ENTRIES) - 1)
        return refuse(parser, "descr, fortran_order and shape before the brace");
    if (*parser->at != '\0') return refuse(parser, "nothing but spaces");
    return TARE_OK;
}

/* Length of the header's text, and how many bytes come before it. */
static tare_status read_preamble(const tare_npy_source *source, int64_t *length, int64_t *start,
                                 tare_error *error) {
    unsigned char bytes[12] = {0};
    *start = 10;
    if (source->size < *start)
        return tare_npy_fail(source, error, TARE_ERROR_FORMAT,
                             "ends at byte %lld; a .npy header needs %lld", (long long)source->size,
                             (long long)*start);
    TARE_TRY(source->read(source->user, bytes, 10, error));
    if (memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
        return tare_npy_fail(source, error, TARE_ERROR_FORMAT,
                             "does not begin as a .npy does; needs \"\\x93NUMPY\" at byte 0");
    const int major = bytes[6], minor = bytes[7];
    if (major < 1 || major > 3 || minor != 0)
        return tare_npy_fail(source, error, TARE_ERROR_UNSUPPORTED,
                             "got .npy format %d.%d at byte 6; needs 1.0, 2.0 or 3.0", major,
                             minor);
    *length = tare_get_16(bytes + 8);
    if (major > 1 && source->size >= 12) {
        *start = 12;
        TARE_TRY(source->read(source->user, bytes + 10, 2, error));
        *length = tare_get_32(bytes + 8);
    }
    if (*length > source->size - *start || *length > LONGEST_HEADER)
        return tare_npy_fail(source, error, TARE_ERROR_FORMAT,
                             "the header of %lld bytes at byte %lld is longer than %s",
                             (long long)*length, (long long)*start,
                             *length > LONGEST_HEADER ? "any that is needed" : "what there is");
    return TARE_OK;
}

static tare_status read_header(const tare_npy_source *source, npy_header *header,
                               tare_error *error) {
    int64_t length = 0, start = 0;
    TARE_TRY(read_preamble(source, &length, &start, error));
    char *text = tare_allocate_zeroed(NULL, (size_t)length + 1);
    if (text == NULL) return tare_fail_memory(error);
    tare_status status = source->read(source->user, text, (size_t)length, error);
    if (status == TARE_OK) {
        header_parser parser = {source, error, text, text, start, header};
        *header = (npy_header){.data = start + length};
        if (memchr(text, '\0', (size_t)length) != NULL)
            status = tare_npy_fail(source, error, TARE_ERROR_FORMAT,
                                   "the header at byte %lld holds a zero byte", (long long)start);
        else
            status = parse_header(&parser);
    }
    tare_release(NULL, text, (size_t)length + 1);
    return status;
}

/* ------------------------------------------------------------------------------ the numbers */

/* The shape must account for every byte that is left; asked before anything is allocated for it. */
static tare_status check_size(const tare_npy_source *source, const npy_header *header,
                              tare_error *error) {
    const int64_t left = source->size - header->data;
    const int64_t count = tare_shape_count(header->shape);
    int64_t bytes;
    char shape[TARE_SHAPE_TEXT];
    tare_shape_text(shape, header->shape);
    if (count < 0 || !tare_multiply_sizes(count, (int64_t)tare_dtype_size(header->dtype), &bytes))
        return tare_npy_fail(source, error, TARE_ERROR_FORMAT,
                             "shape %s is beyond all memory, the data at byte %lld are %lld bytes",
                             shape, (long long)header->data, (long long)left);
    if (bytes != left)
        return tare_npy_fail(source, error, TARE_ERROR_FORMAT,
                             "%s of shape %s needs %lld bytes at byte %lld, there are %lld",
                             tare_dtype_name(header->dtype), shape, (long long)bytes,
                             (long long)header->data, (long long)left);
    return TARE_OK;
}

/* Numbers in Fortran order (first index fastest) to C order (last index fastest). */
static void reorder(const tare_array *array, const char *from) {
    const size_t size = tare_dtype_size(array->dtype);
    const int rank = array->shape.rank;
    int64_t strides[TARE_MAX_RANK], index[TARE_MAX_RANK] = {0};
    for (int i = 0; i < rank; i++)
        strides[i] = i == 0 ? 1 : strides[i - 1] * array->shape.extents[i - 1];
    char *to = array->data;
    int64_t offset = 0;
    for (int64_t n = 0; n < array->count; n++, to += size) {
        memcpy(to, from + (size_t)offset * size, size);
        for (int i = rank - 1; i >= 0; i--) {
            offset += strides[i];
            if (++index[i] < array->shape.extents[i]) break;
            offset -= strides[i] * array->shape.extents[i];
            index[i] = 0;
        }
    }
}

static tare_status read_fortran(const tare_npy_source *source, tare_array *array,
                                tare_error *error) {
    char *numbers = tare_allocate(NULL, array->bytes);
    if (numbers == NULL) return tare_fail_memory(error);
    const tare_status status = source->read(source->user, numbers, array->bytes, error);
    if (status == TARE_OK) reorder(array, numbers);
    tare_release(NULL, numbers, array->bytes);
    return status;
}

/* Any byte that is not 0 is true; in memory true is 1. */
static void make_true_one(tare_array *array) {
    uint8_t *bytes = array->data;
    for (int64_t i = 0; i < array->count; i++) bytes[i] = bytes[i] != 0;
}

tare_status tare_npy_read_from(const tare_npy_source *source, tare_array **array,
                               tare_error *error) {
    npy_header header;
    *array = NULL;
    TARE_TRY(read_header(source, &header, error));
    TARE_TRY(check_size(source, &header, error));
    tare_array *made;
    tare_status status = tare_array_new(header.dtype, header.shape, NULL, &made);
    if (status == TARE_ERROR_MEMORY) return tare_fail_memory(error);
    if (status != TARE_OK)
        return tare_npy_fail(source, error, status, "the header at byte 10 makes no array");
    if (header.fortran_order && header.shape.rank > 1)
        status = read_fortran(source, made, error);
    else
        status = source->read(source->user, made->data, made->bytes, error);
    if (status != TARE_OK) {
        tare_array_free(made);
        return status;
    }
    if (made->dtype == TARE_BOOL) make_true_one(made);
    *array = made;
    return TARE_OK;
}

/* A file, read from first to last. */
typedef struct file_reader {
    tare_file *file;
    int64_t offset;
} file_reader;

static tare_status read_file(void *user, void *into, size_t bytes, tare_error *error) {
    file_reader *reader = user;
    TARE_TRY(tare_file_read_at(reader->file, reader->offset, into, bytes, error));
    reader->offset += (int64_t)bytes;
    return TARE_OK;
}

tare_status tare_npy_read(const char *path, tare_array **array, tare_error *error) {
    if (array == NULL) return tare_fail(error, TARE_ERROR_ARGUMENT, "no place for the new array");
    *array = NULL;
    file_reader reader = {0};
    TARE_TRY(tare_file_open(path, &reader.file, error));
    const tare_npy_source source = {path, "", tare_file_size(reader.file), read_file, &reader};
    const tare_status status = tare_npy_read_from(&source, array, error);
    tare_file_close(reader.file);
    return status;
}

/* ---------------------------------------------------------------------------------- writing */

static const char *npy_code(tare_dtype dtype) {
    for (size_t i = 0; i < NPY_DTYPES; i++)
        if (npy_dtypes[i].dtype == dtype) return npy_dtypes[i].code;
    return NULL;
}

/* Appends to text in a header, which is large enough for eight extents of 19 digits. */
static size_t append(char *header, size_t length, const char *text) {
    const size_t count = strlen(text);
    memcpy(header + length, text, count);
    return length + count;
}

tare_status tare_npy_header(const tare_array *array, char *header, size_t *bytes,
                            tare_error *error) {
    if (array == NULL || array->data == NULL)
        return tare_fail(error, TARE_ERROR_ARGUMENT, "got no array; needs one to write");
    const char *code = npy_code(array->dtype);
    if (code == NULL)
        return tare_fail(error, TARE_ERROR_UNSUPPORTED,
                         "got %s, which NumPy does not have; needs another dtype",
                         tare_dtype_name(array->dtype));
    size_t length = append(header, 0, MAGIC "\x01");
    header[length] = '\0'; /* minor version */
    length = append(header, 10, "{'descr': '");
    length = append(header, length, tare_dtype_size(array->dtype) == 1 ? "|" : "<");
    length = append(header, length, code);
    length = append(header, length, "', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < array->shape.rank; i++) {
        char extent[32];
        tare_print(extent, sizeof extent, i == 0 ? "%lld," : " %lld,",
                   (long long)array->shape.extents[i]);
        length = append(header, length, extent);
    }
    if (array->shape.rank > 1) length--; /* only a single extent keeps its comma */
    length = append(header, length, "), }");
    const size_t whole = (length + 1 + 63) / 64 * 64;
    memset(header + length, ' ', whole - length);
    header[whole - 1] = '\n';
    (void)tare_put_16((unsigned char *)header + 8, (uint16_t)(whole - 10));
    *bytes = whole;
    return TARE_OK;
}

tare_status tare_npy_write(const char *path, const tare_array *array, tare_error *error) {
    char header[TARE_NPY_HEADER];
    size_t bytes;
    tare_writer *writer;
    TARE_TRY(tare_npy_header(array, header, &bytes, error));
    TARE_TRY(tare_writer_open(path, &writer, error));
    tare_status status = tare_writer_write(writer, header, bytes, error);
    if (status == TARE_OK) status = tare_writer_write(writer, array->data, array->bytes, error);
    if (status == TARE_OK) return tare_writer_commit(writer, error);
    tare_writer_abandon(writer);
    return status;
}
