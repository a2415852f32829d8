/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Models in files: safetensors, and checkpoints made of it.
 *
 * A file is checked wholly before anything of it is used, and written beside its target, synced
 * and renamed over it: at every moment there is the old file or the new one. Needs jansson;
 * without it everything here answers TARE_ERROR_UNSUPPORTED.
 */
#ifndef TARE_MODEL_H
#define TARE_MODEL_H

#include <tare/data_frame.h>
#include <tare/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------- safetensors */

/** The directory of a .safetensors file, kept open. Owned by the caller. */
typedef struct tare_safetensors tare_safetensors;

/**
 * Opens a file and checks its header: length, JSON (no key twice, no deep nesting), dtypes,
 * extents, offsets that cover the data without gap or overlap and end where the file ends.
 * Errors  TARE_ERROR_FILE; TARE_ERROR_FORMAT with the place; TARE_ERROR_UNSUPPORTED without
 *         jansson.
 * Source  github.com/huggingface/safetensors, "Format".
 */
TARE_API tare_status tare_safetensors_open(const char *path, tare_safetensors **file,
                                           tare_error *error);
/** NULL allowed. */
TARE_API void tare_safetensors_close(tare_safetensors *file);
/** Number of tensors; they are in the order of their data. */
TARE_API size_t tare_safetensors_count(const tare_safetensors *file);
/** Name of tensor i; NULL beyond the last. */
TARE_API const char *tare_safetensors_name(const tare_safetensors *file, size_t i);
/** dtype as the file spells it, "F32". NULL beyond the last. */
TARE_API const char *tare_safetensors_dtype(const tare_safetensors *file, size_t i);
TARE_API tare_shape tare_safetensors_shape(const tare_safetensors *file, size_t i);
TARE_API int64_t tare_safetensors_bytes(const tare_safetensors *file, size_t i);
/** Number, keys and values of the metadata; NULL beyond the last, or for an unknown key. */
TARE_API size_t tare_safetensors_metadata_count(const tare_safetensors *file);
TARE_API const char *tare_safetensors_metadata_key(const tare_safetensors *file, size_t i);
TARE_API const char *tare_safetensors_metadata(const tare_safetensors *file, const char *key);
/**
 * Reads one tensor. dtypes F64 F32 I64 I32 U8 I8 BOOL BF16; others are listed but cannot be read
 * (TARE_ERROR_UNSUPPORTED).
 * Errors  TARE_ERROR_NAME: no such tensor; TARE_ERROR_FORMAT: a BOOL that is neither 0 nor 1.
 */
TARE_API tare_status tare_safetensors_read(tare_safetensors *file, const char *name,
                                           tare_array **array, tare_error *error);

/** A pair of the metadata. */
typedef struct tare_metadata {
    const char *key, *value;
} tare_metadata;

/**
 * Writes count arrays by name, with metadata. The same arguments give the same bytes.
 * Errors  a name that is there twice, empty, or "__metadata__"; what writing can fail of.
 */
TARE_API tare_status tare_safetensors_write(const char *path, size_t count,
                                            const char *const *names,
                                            const tare_array *const *arrays, size_t metadata_count,
                                            const tare_metadata *metadata, tare_error *error);

/* --------------------------------------------------------------------------------- checkpoints */

/*
 * A checkpoint is a .safetensors file: every variable of the session that is not local, under its
 * name, and in the metadata
 *   format                   "tare.checkpoint"
 *   tare.version             of the library that wrote it
 *   tare.random_draws        of the session
 *   tare.epoch, tare.batch   the next batch to train on
 *   tare.crc32c              of all tensors' bytes, in the order of the file; hexadecimal
 *   tare.facts               JSON: ranges of tensors, counters of batch norm layers, by name
 * and whatever pairs the caller gives.
 */

/* clang-format off */
#define TARE_CHECKPOINT_SAVE_FIELDS(field)                                                        \
    field(integer, epoch, 0, "epoch of the next batch to train on, from 0")                       \
    field(integer, batch, 0, "number of that batch in its epoch, from 0")
/* clang-format on */
#ifdef __cplusplus
struct tare_checkpoint_save_options {
    size_t struct_size = sizeof(tare_checkpoint_save_options);
    TARE_CHECKPOINT_SAVE_FIELDS(TARE_FIELD_MEMBER)
    const tare_metadata *metadata = nullptr;
    size_t metadata_count = 0;
    int reserved = 0;
};
#else
typedef struct tare_checkpoint_save_options {
    size_t struct_size;
    TARE_CHECKPOINT_SAVE_FIELDS(TARE_FIELD_MEMBER)
    const tare_metadata *metadata; /* pairs of the caller's; keys must not begin with "tare." */
    size_t metadata_count;
    int reserved;
} tare_checkpoint_save_options;
#endif
#define TARE_CHECKPOINT_SAVE_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_checkpoint_save_options, TARE_CHECKPOINT_SAVE_FIELDS)

/**
 * Saves a session's variables.
 * Errors  a variable without a value; what writing can fail of, the old file staying as it was.
 */
TARE_API tare_status tare_checkpoint_save_with(tare_session *session, const char *path,
                                               const tare_checkpoint_save_options *options,
                                               tare_error *error);
#define tare_checkpoint_save(...) tare_checkpoint_save_(__VA_ARGS__, .reserved = 0)
#define tare_checkpoint_save_(session, path, error, ...)                                           \
    TARE_KW(tare_checkpoint_save_with(                                                             \
        session, path,                                                                             \
        &(tare_checkpoint_save_options){TARE_CHECKPOINT_SAVE_DEFAULTS, __VA_ARGS__}, error))

/** What stands in a checkpoint beside its variables. */
typedef struct tare_checkpoint_facts {
    size_t struct_size; /* set by the caller */
    int64_t variables;  /* tensors in the file */
    int64_t numbers;    /* their elements, all together */
    int64_t random_draws, epoch, batch;
    int64_t skipped; /* after a lenient load: variables of the session that kept their values */
} tare_checkpoint_facts;

#define TARE_CHECKPOINT_LOAD_FIELDS(field)                                                         \
    field(boolean, lenient, false,                                                                 \
          "variables missing in the file keep their values, tensors without a variable are "       \
          "passed over")
TARE_OPTIONS(tare_checkpoint_load_options, TARE_CHECKPOINT_LOAD_FIELDS);
#define TARE_CHECKPOINT_LOAD_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_checkpoint_load_options, TARE_CHECKPOINT_LOAD_FIELDS)

/**
 * Loads a checkpoint, or any .safetensors file whose tensors bear the names of variables.
 * Everything is read and checked, the checksum too where there is one, before the first variable
 * is set. facts: NULL, or receives what stands beside.
 * Errors  TARE_ERROR_NAME with the lists of what is missing and what has no variable;
 *         TARE_ERROR_SHAPE, TARE_ERROR_TYPE; TARE_ERROR_FORMAT: a checksum that does not match.
 */
TARE_API tare_status tare_checkpoint_load_with(tare_session *session, const char *path,
                                               const tare_checkpoint_load_options *options,
                                               tare_checkpoint_facts *facts, tare_error *error);
#define tare_checkpoint_load(...) tare_checkpoint_load_(__VA_ARGS__, .reserved = 0)
#define tare_checkpoint_load_(session, path, facts, error, ...)                                    \
    TARE_KW(tare_checkpoint_load_with(                                                             \
        session, path,                                                                             \
        &(tare_checkpoint_load_options){TARE_CHECKPOINT_LOAD_DEFAULTS, __VA_ARGS__}, facts,        \
        error))

/**
 * What a checkpoint says of itself, without a session.
 * Errors  TARE_ERROR_FORMAT: a .safetensors file that is no checkpoint.
 */
TARE_API tare_status tare_checkpoint_inspect(const char *path, tare_checkpoint_facts *facts,
                                             tare_error *error);

/* ------------------------------------------------------------------------------- standardisers */

/** The key under which a checkpoint's metadata hold the standardiser of its network's inputs. */
#define TARE_STANDARDIZER_KEY "standardizer"

/**
 * A standardiser as text, for metadata; tare_text_free frees it. Numbers read back to the same
 * bits, so that a prediction sees what training saw.
 *
 *     {"scale": true, "target": {"name": "price", "log": true, "mean": .., "deviation": ..},
 *      "columns": [{"name": "area", "mean": .., "deviation": ..},
 *                  {"name": "zoning", "categories": ["RL", "RM"]}, ..]}
 *
 * target is null where there is none.
 */
TARE_API tare_status tare_standardizer_text(const tare_standardizer *standardizer, char **text,
                                            tare_error *error);
/**
 * The standardiser that a text holds.
 * Errors  TARE_ERROR_FORMAT: no such JSON, numbers that are not finite, a deviation below 0, a name
 *         that is there twice; TARE_ERROR_ARGUMENT: more than 65536 features;
 *         TARE_ERROR_UNSUPPORTED without jansson.
 */
TARE_API tare_status tare_standardizer_from_text(const char *text, tare_standardizer **standardizer,
                                                 tare_error *error);

#ifdef __cplusplus
}
#endif

#endif
