/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What every other header stands on: version, status codes, errors, allocators and keyword options.
 */
#ifndef TARE_BASE_H
#define TARE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#include <initializer_list>
#endif

#define TARE_VERSION_MAJOR 0
#define TARE_VERSION_MINOR 1
#define TARE_VERSION_PATCH 0
#define TARE_VERSION       "0.1.0"

#if defined(__GNUC__)
#define TARE_API                 __attribute__((visibility("default")))
#define TARE_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define TARE_API
#define TARE_PRINTF(text, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The library's version as text, "0.1.0"; equal to TARE_VERSION when headers and library match. */
TARE_API const char *tare_version(void);

/* ---------------------------------------------------------------------------------- status */

/** What a call came to. The values are fixed: part of the binary interface. */
typedef enum tare_status {
    TARE_OK = 0,
    TARE_ERROR_ARGUMENT = 1,      /* NULL, or a value outside its range */
    TARE_ERROR_MEMORY = 2,        /* the allocator answered NULL */
    TARE_ERROR_SHAPE = 3,         /* shapes that do not fit the op or the tensor */
    TARE_ERROR_TYPE = 4,          /* dtypes that do not fit */
    TARE_ERROR_NAME = 5,          /* a name that is unknown, taken, or of another kind */
    TARE_ERROR_UNINITIALIZED = 6, /* a variable is read before it has a value */
    TARE_ERROR_FEED = 7,          /* a placeholder without a feed, or a feed that cannot be taken */
    TARE_ERROR_STATE = 8,     /* not now: closed session, graph with an error, unbalanced scope */
    TARE_ERROR_BUSY = 9,      /* the session is running in another thread */
    TARE_ERROR_GRADIENT = 10, /* nothing to differentiate, or an op without a gradient */
    TARE_ERROR_FILE = 11,     /* the operating system refused to open, read or write */
    TARE_ERROR_FORMAT = 12,   /* a file's contents are not what its format demands */
    TARE_ERROR_UNSUPPORTED = 13, /* legal, but not built in or not known to this version */
    TARE_ERROR_CANCELLED = 14,   /* tare_session_cancel was called */
    TARE_ERROR_LIMIT = 15,       /* the session's memory limit would be passed */
    TARE_ERROR_SYSTEM = 16       /* threads or other means of the system are lacking */
} tare_status;

/** The code's name, "TARE_ERROR_SHAPE"; "unknown status" for a number that is none. Never NULL. */
TARE_API const char *tare_status_name(tare_status status);

/**
 * A failure: its code, its parts, and one sentence made of them. Fields that do not apply are "".
 * Functions that have no object to keep a sentence in take a `tare_error *`, which may be NULL.
 */
typedef struct tare_error {
    tare_status status;
    char op[48];       /* kind of op: "conv2d" */
    char node[160];    /* name of the node, variable or file */
    char got[224];     /* what was given */
    char need[224];    /* what would have been right */
    char message[720]; /* the sentence */
} tare_error;

/** Frees a text that the library handed out. NULL allowed. */
TARE_API void tare_text_free(char *text);

/* ------------------------------------------------------------------------------- allocators */

/**
 * Where memory comes from. Every call gets `user`. Blocks are aligned to 64 bytes.
 * allocate  returns NULL when there is none; bytes is never 0.
 * resize    as realloc for a block of old_bytes; the new block keeps min(old, new) bytes; NULL
 * leaves the old block alone. free      block is never NULL; bytes is what it was allocated or last
 * resized with. Shared by threads when the object that uses it is.
 */
typedef struct tare_allocator {
    void *(*allocate)(void *user, size_t bytes);
    void *(*resize)(void *user, void *block, size_t old_bytes, size_t bytes);
    void (*free)(void *user, void *block, size_t bytes);
    void *user;
} tare_allocator;

/* ---------------------------------------------------------------------------- option lists */

/* Lists and shapes stand by value inside options; an extent is at most 2^62. */
#define TARE_MAX_RANK 8

/** Up to eight whole numbers: axes, strides, kernel sizes. count 0: not given. */
typedef struct tare_list {
    int32_t count;
    int64_t values[TARE_MAX_RANK];
} tare_list;

/**
 * A list from its values: `.strides = TARE_LIST(2, 2)`. `TARE_EMPTY_LIST` is a given list without
 * values, which is not the same as no list: reduce_sum over no axis at all keeps every axis.
 */
#ifdef __cplusplus
} /* extern "C" */
static inline tare_list tare_list_of(std::initializer_list<int64_t> values) {
    tare_list list = {};
    for (int64_t value : values)
        if (list.count < TARE_MAX_RANK) list.values[list.count++] = value;
    return list;
}
static inline tare_list tare_list_empty() {
    tare_list list = {};
    list.count = -1;
    return list;
}
extern "C" {
#define TARE_LIST(...)  tare_list_of({__VA_ARGS__})
#define TARE_EMPTY_LIST tare_list_empty()
#define TARE_NO_LIST    tare_list()
#else
#define TARE_LIST(...)                                                                             \
    ((tare_list){.count = (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),           \
                 .values = {__VA_ARGS__}})
#define TARE_EMPTY_LIST ((tare_list){.count = -1})
#define TARE_NO_LIST    ((tare_list){.count = 0})
#endif

/* -------------------------------------------------------------------------- keyword options */

/*
 * Every builder's options are one list of fields, `field(kind, name, initial, help)`, from which
 * come the C struct and its defaults, the C++ struct with default member initialisers, and the
 * library's table of options (printing,
 * --json, command line flags, documentation). Kinds and their C types:
 */
#define TARE_TYPE_boolean     bool
#define TARE_TYPE_integer     int64_t
#define TARE_TYPE_real        double
#define TARE_TYPE_text        const char *
#define TARE_TYPE_list        tare_list
#define TARE_TYPE_choice      int /* an enum of the op; the table knows the words */
#define TARE_TYPE_dtype       tare_dtype
#define TARE_TYPE_shape       tare_shape
#define TARE_TYPE_tensor      tare_tensor
#define TARE_TYPE_array       const tare_array *
#define TARE_TYPE_initializer tare_initializer
#define TARE_TYPE_regularizer tare_regularizer
#define TARE_TYPE_constraint  tare_constraint

#ifdef __cplusplus
#define TARE_FIELD_MEMBER(kind, name, initial, help) TARE_TYPE_##kind name = initial;
#define TARE_OPTIONS(type, FIELDS)                                                                 \
    struct type {                                                                                  \
        size_t struct_size = sizeof(type);                                                         \
        FIELDS(TARE_FIELD_MEMBER) int reserved = 0;                                                \
    }
#else
#define TARE_FIELD_MEMBER(kind, name, initial, help) TARE_TYPE_##kind name;
#define TARE_OPTIONS(type, FIELDS)                                                                 \
    typedef struct type {                                                                          \
        size_t struct_size;                                                                        \
        FIELDS(TARE_FIELD_MEMBER) int reserved;                                                    \
    } type
#endif
#define TARE_FIELD_INITIAL(kind, name, initial, help) .name = initial,
/** The defaults of an options struct as designated initialisers: `{
 * TARE_DEFAULTS(tare_dense_options, FIELDS) }`. */
#define TARE_DEFAULTS(type, FIELDS)                                                                \
    .struct_size = sizeof(type), FIELDS(TARE_FIELD_INITIAL).reserved = 0

/*
 * A keyword call swallows all arguments and adds a last member, so that no option need be given;
 * only the warning about a default being overridden is silenced, and only here. gcc and clang;
 * elsewhere call the _with functions.
 */
#if defined(__GNUC__) && !defined(__cplusplus)
#if defined(__clang__)
#define TARE_IGNORE_OVERRIDE_ _Pragma("GCC diagnostic ignored \"-Woverride-init\"")
#else
#define TARE_IGNORE_OVERRIDE_                                                                      \
    _Pragma("GCC diagnostic ignored \"-Woverride-init\"")                                          \
    _Pragma("GCC diagnostic ignored \"-Woverride-init-side-effects\"")
#endif
#define TARE_KW(call)                                                                              \
    __extension__({                                                                                \
        _Pragma("GCC diagnostic push")                                                             \
        TARE_IGNORE_OVERRIDE_ call;                                                                \
        _Pragma("GCC diagnostic pop")                                                              \
    })
#endif

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
