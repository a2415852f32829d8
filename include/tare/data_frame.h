/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tables of mixed columns, and the standardiser that makes inputs of a network from them.
 *
 * A data frame is what stands in a .csv file: columns of numbers, columns of names, missing
 * values. A standardiser learns from the training rows, and from them alone, what each column
 * becomes; it is kept with the model, so that a prediction sees its rows through the same eyes.
 */
#ifndef TARE_DATA_FRAME_H
#define TARE_DATA_FRAME_H

#include <tare/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------- frames */

/** Rows and columns of texts, some of which are numbers. Immutable; owned by the caller. */
typedef struct tare_data_frame tare_data_frame;

/** What the values of a column are. The values are fixed. */
typedef enum tare_column_kind {
    TARE_COLUMN_NUMBERS = 0, /* nothing but numbers, or nothing at all */
    TARE_COLUMN_NAMES = 1,   /* words, no more than half of them numbers */
    TARE_COLUMN_MIXED = 2    /* numbers for the greater part, and words: surely a fault */
} tare_column_kind;

/* clang-format off */
#define TARE_DATA_FRAME_FIELDS(field)                                                             \
    field(text, separator, ",", "one character between fields")                                   \
    field(text, missing, "NA", "a word that means missing, beside the empty field")
/* clang-format on */
TARE_OPTIONS(tare_data_frame_options, TARE_DATA_FRAME_FIELDS);
#define TARE_DATA_FRAME_DEFAULTS TARE_DEFAULTS(tare_data_frame_options, TARE_DATA_FRAME_FIELDS)

/**
 * Reads a file of separated values (RFC 4180: quotes, doubled quotes; line ends \n, \r\n or \r,
 * mixed), plain or gzipped. Row 1 names the columns; one without a name is called "column N".
 * Blanks around a value do not belong to it.
 * Errors  TARE_ERROR_FORMAT, with row and column: a row with more or fewer fields than the first,
 *         an open quote, a byte 0, bytes that are not UTF-8, a number where a column's name should
 *         be, a name that is there twice; no rows.
 */
TARE_API tare_status tare_data_frame_read_with(const char *path,
                                               const tare_data_frame_options *options,
                                               tare_data_frame **frame, tare_error *error);
#define tare_data_frame_read(...) tare_data_frame_read_(__VA_ARGS__, .reserved = 0)
#define tare_data_frame_read_(path, frame, error, ...)                                             \
    TARE_KW(tare_data_frame_read_with(                                                             \
        path, &(tare_data_frame_options){TARE_DATA_FRAME_DEFAULTS, __VA_ARGS__}, frame, error))
/**
 * Houses and their prices, drawn from the seed: numbers from 0 to 30000, names, missing values; a
 * stand-in for data of that kind where there is no file. House i is the same whatever count is.
 * Errors  count outside 1 to 10^6.
 */
TARE_API tare_status tare_data_frame_houses(int64_t count, uint64_t seed, tare_data_frame **frame,
                                            tare_error *error);
/** NULL allowed. */
TARE_API void tare_data_frame_free(tare_data_frame *frame);

TARE_API int64_t tare_data_frame_rows(const tare_data_frame *frame);
TARE_API int64_t tare_data_frame_columns(const tare_data_frame *frame);
/** Name of a column, in order; NULL beyond the last. */
TARE_API const char *tare_data_frame_name(const tare_data_frame *frame, int64_t column);
/** The column of that name; -1: there is none. */
TARE_API int64_t tare_data_frame_find(const tare_data_frame *frame, const char *name);
TARE_API tare_column_kind tare_data_frame_kind(const tare_data_frame *frame, int64_t column);
/** A value as it stands there; NULL: missing, or no such place. Rows count from 0. */
TARE_API const char *tare_data_frame_text(const tare_data_frame *frame, int64_t row,
                                          int64_t column);
/** A value as a number; NaN: missing, or none. */
TARE_API double tare_data_frame_number(const tare_data_frame *frame, int64_t row, int64_t column);

/* ------------------------------------------------------------------------------------- folds */

/**
 * Rows 0 .. count - 1 for fold `fold` (from 0) of `folds`: rows[count] receives the training rows
 * and, behind them, the *held rows that are held out. Each row is held out in exactly one fold;
 * folds differ by one row at most; the seed alone decides which.
 * Errors  folds outside 2 to count; fold outside 0 to folds - 1.
 */
TARE_API tare_status tare_fold_rows(int64_t count, int64_t folds, int64_t fold, uint64_t seed,
                                    int64_t *rows, int64_t *held, tare_error *error);

/* ------------------------------------------------------------------------------ standardisers */

/**
 * What becomes of each column. A number x becomes one feature, a name as many as the column has
 * categories:
 *
 *     number     (x - mean) / deviation; missing: 0, as if it were the mean; 0 when deviation is 0
 *     name       1 at its category, 0 at all others; one that is unknown: 0 at all
 *     missing    a category like any other, where the training rows have it
 *
 * mean and deviation (divided by N) are those of the training rows' numbers, categories those that
 * occur in the training rows, in the order of their bytes.
 */
typedef struct tare_standardizer tare_standardizer;

/* clang-format off */
#define TARE_STANDARDIZER_FIELDS(field)                                                           \
    field(text, target, NULL, "name of the column to predict; none: there is none")               \
    field(boolean, log_target, false, "predict the logarithm of the target")                      \
    field(boolean, scale, true,                                                                   \
          "numbers less their mean, over their deviation; false: as they are")                    \
    field(text, categories, NULL,                                                                 \
          "columns whose numbers are names, separated by commas")                                 \
    field(text, except, NULL, "columns to leave out, separated by commas")
/* clang-format on */
TARE_OPTIONS(tare_standardizer_options, TARE_STANDARDIZER_FIELDS);
#define TARE_STANDARDIZER_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_standardizer_options, TARE_STANDARDIZER_FIELDS)

/**
 * Learns from `count` rows of a frame; rows NULL: from all (count is not looked at).
 * Without `scale`, numbers stay as they are and missing ones become the mean. The target, of which
 * no value may be missing, is standardised in any case.
 * Errors  TARE_ERROR_NAME: no such column; TARE_ERROR_FORMAT, with row and column: a mixed column,
 *         a target that is no number, or not above 0 when its logarithm is to be learned;
 *         TARE_ERROR_ARGUMENT: no column is left, more than 65536 features, no rows.
 */
TARE_API tare_status tare_standardizer_fit_with(const tare_data_frame *frame, const int64_t *rows,
                                                int64_t count,
                                                const tare_standardizer_options *options,
                                                tare_standardizer **standardizer,
                                                tare_error *error);
#define tare_standardizer_fit(...) tare_standardizer_fit_(__VA_ARGS__, .reserved = 0)
#define tare_standardizer_fit_(frame, rows, count, standardizer, error, ...)                       \
    TARE_KW(tare_standardizer_fit_with(                                                            \
        frame, rows, count, &(tare_standardizer_options){TARE_STANDARDIZER_DEFAULTS, __VA_ARGS__}, \
        standardizer, error))
/** NULL allowed. */
TARE_API void tare_standardizer_free(tare_standardizer *standardizer);

/** Columns it takes, the target not among them. */
TARE_API int64_t tare_standardizer_columns(const tare_standardizer *standardizer);
/** Numbers that come out of one row. */
TARE_API int64_t tare_standardizer_features(const tare_standardizer *standardizer);
/** Name of a column it takes; NULL beyond the last. */
TARE_API const char *tare_standardizer_name(const tare_standardizer *standardizer, int64_t column);
/** Mean and deviation of a column of numbers; NaN for a column of names. */
TARE_API double tare_standardizer_mean(const tare_standardizer *standardizer, int64_t column);
TARE_API double tare_standardizer_deviation(const tare_standardizer *standardizer, int64_t column);
/** Category i of a column of names, "" for missing; NULL beyond the last, and for numbers. */
TARE_API const char *tare_standardizer_category(const tare_standardizer *standardizer,
                                                int64_t column, int64_t i);
/** Name of the target; NULL: there is none. Its deviation, of the logarithm when that is learned.
 */
TARE_API const char *tare_standardizer_target(const tare_standardizer *standardizer);
TARE_API double tare_standardizer_target_deviation(const tare_standardizer *standardizer);

/** What was met while rows were standardised. */
typedef struct tare_standardizer_facts {
    size_t struct_size;         /* set by the caller */
    int64_t missing_columns;    /* columns that the frame has not; all their values are missing */
    int64_t missing;            /* values that are missing, those columns not counted */
    int64_t unknown;            /* names that no training row had */
    const char *missing_column; /* the first that is missing; NULL: none. The standardiser's text */
    const char *unknown_column; /* of the first unknown name; NULL: none. The standardiser's text */
    const char *unknown_name;   /* the first unknown one. The frame's text */
    int64_t unknown_row;        /* its row as the file counts them, the header being row 1 */
} tare_standardizer_facts;

/**
 * The features of `count` rows (rows NULL: of all), float32 [rows, features]. Columns are found by
 * name; others are passed over. facts may be NULL.
 * Errors  TARE_ERROR_NAME: the frame has none of the columns; TARE_ERROR_FORMAT: text where a
 *         number should be, with row and column.
 */
TARE_API tare_status tare_standardizer_inputs(const tare_standardizer *standardizer,
                                              const tare_data_frame *frame, const int64_t *rows,
                                              int64_t count, tare_array **inputs,
                                              tare_standardizer_facts *facts, tare_error *error);
/** The standardised targets of rows, float32 [rows, 1]. Errors as for inputs, and as in fitting. */
TARE_API tare_status tare_standardizer_targets(const tare_standardizer *standardizer,
                                               const tare_data_frame *frame, const int64_t *rows,
                                               int64_t count, tare_array **targets,
                                               tare_error *error);
/** What a network's output says, in the target's own unit: mean + deviation * output, exp of it
 * where the logarithm is learned. */
TARE_API double tare_standardizer_answer(const tare_standardizer *standardizer, double output);

#ifdef __cplusplus
}
#endif

#endif
