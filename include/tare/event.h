/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Event files, which TensorBoard shows: events.out.tfevents.* with scalars, histograms, images,
 * texts and the graph by step. Written and read; those of TensorFlow and PyTorch too.
 *
 * A build without protobuf-c (-DTARE_PROTOBUF=OFF) answers TARE_ERROR_UNSUPPORTED to both.
 */
#ifndef TARE_EVENT_H
#define TARE_EVENT_H

#include <tare/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------------------------------- writing */

/** A file that grows event by event. Owned by the caller; serves one thread at a time. */
typedef struct tare_event_writer tare_event_writer;

/* clang-format off */
#define TARE_EVENT_WRITER_FIELDS(field)                                                           \
    field(text, suffix, NULL, "put at the end of the file's name")
/* clang-format on */
TARE_OPTIONS(tare_event_writer_options, TARE_EVENT_WRITER_FIELDS);
#define TARE_EVENT_WRITER_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_event_writer_options, TARE_EVENT_WRITER_FIELDS)

/**
 * Begins a new file in folder, which is made if it is not there:
 * events.out.tfevents.SECONDS.HOST; one that exists is never touched. Several files in one folder
 * are one run to TensorBoard, so training that goes on writes to the folder it began in.
 * Errors  TARE_ERROR_FILE; TARE_ERROR_UNSUPPORTED in a build without protobuf-c. *writer is NULL
 *         then.
 */
TARE_API tare_status tare_event_writer_new_with(const char *folder,
                                                const tare_event_writer_options *options,
                                                tare_event_writer **writer, tare_error *error);
#define tare_event_writer_new(...) tare_event_writer_new_(__VA_ARGS__, .reserved = 0)
#define tare_event_writer_new_(folder, writer, error, ...)                                         \
    TARE_KW(tare_event_writer_new_with(                                                            \
        folder, &(tare_event_writer_options){TARE_EVENT_WRITER_DEFAULTS, __VA_ARGS__}, writer,     \
        error))

/** What a run computed for a summary or a merge of them (tare/summary.h), as one event. */
TARE_API tare_status tare_event_writer_summary(tare_event_writer *writer, const tare_array *summary,
                                               int64_t step);

/** A number with its tag. */
typedef struct tare_event_scalar {
    const char *tag;
    double value; /* kept as float32 */
} tare_event_scalar;
/** Numbers of one step, as one event. */
TARE_API tare_status tare_event_writer_scalars(tare_event_writer *writer,
                                               const tare_event_scalar *scalars, size_t count,
                                               int64_t step);
TARE_API tare_status tare_event_writer_scalar(tare_event_writer *writer, const char *tag,
                                              double value, int64_t step);
/** Errors  numbers that are not finite; dtypes that tare_summary_histogram refuses. */
TARE_API tare_status tare_event_writer_histogram(tare_event_writer *writer, const char *tag,
                                                 const tare_array *numbers, int64_t step);
/** One image [height, width, channels], scaled as tare_summary_image does. */
TARE_API tare_status tare_event_writer_image(tare_event_writer *writer, const char *tag,
                                             const tare_array *image, int64_t step);
/** Markdown, as tf.summary.text. */
TARE_API tare_status tare_event_writer_text(tare_event_writer *writer, const char *tag,
                                            const char *text, int64_t step);
/** The graph: names, kinds, edges, dtypes and shapes; numbers of constants are left out. */
TARE_API tare_status tare_event_writer_graph(tare_event_writer *writer, const tare_graph *graph);
/**
 * Tells that training begins again with this step, so that TensorBoard forgets what an earlier file
 * of the folder holds from there on.
 */
TARE_API tare_status tare_event_writer_restart(tare_event_writer *writer, int64_t step);

/** To the disk. Events are in the file without it, for whoever reads along. */
TARE_API tare_status tare_event_writer_flush(tare_event_writer *writer);
/** The path of the file; owned by the writer. "" for NULL. */
TARE_API const char *tare_event_writer_path(const tare_event_writer *writer);
/** The sentence of the last failed call, "" when none failed. Never NULL. */
TARE_API const char *tare_event_writer_message(const tare_event_writer *writer);
TARE_API const tare_error *tare_event_writer_error(const tare_event_writer *writer);
/** Flushes, closes and, in any case, frees. NULL allowed. */
TARE_API tare_status tare_event_writer_close(tare_event_writer *writer, tare_error *error);

/* -------------------------------------------------------------------------------------- reading */

/** What an event is about. The values are fixed. */
typedef enum tare_event_kind {
    TARE_EVENT_OTHER = 0,   /* something that this version does not look into */
    TARE_EVENT_VERSION = 1, /* of the file, in `text`: the first event */
    TARE_EVENT_GRAPH = 2,   /* `nodes` */
    TARE_EVENT_VALUES = 3,  /* of summaries */
    TARE_EVENT_SESSION = 4  /* start, stop or checkpoint of a session, in `text` */
} tare_event_kind;

/** What a value is. The values are fixed. */
typedef enum tare_event_value_kind {
    TARE_VALUE_OTHER = 0, /* sound, tensors: `text` names the plug-in that shows them */
    TARE_VALUE_SCALAR = 1,
    TARE_VALUE_HISTOGRAM = 2,
    TARE_VALUE_IMAGE = 3,
    TARE_VALUE_TEXT = 4
} tare_event_value_kind;

/** Counts of numbers: counts[i] of those from limits[i - 1] up to below limits[i]. Runs of empty
 * buckets stand as one. */
typedef struct tare_event_histogram {
    double least, greatest, count, sum, sum_squares;
    size_t buckets;
    const double *limits, *counts;
} tare_event_histogram;

/** An image as a file of its own, PNG as a rule. */
typedef struct tare_event_image {
    int64_t height, width, channels;
    const unsigned char *bytes;
    size_t count;
} tare_event_image;

/** A value of a step; the fields of its kind alone are set. */
typedef struct tare_event_value {
    const char *tag;
    tare_event_value_kind kind;
    double number;
    const char *text;
    tare_event_histogram histogram;
    tare_event_image image;
} tare_event_value;

/** An event of a file. What it points to is valid until the next one is read. */
typedef struct tare_event {
    size_t struct_size; /* set by the caller */
    tare_event_kind kind;
    double wall_time; /* seconds since 1970 */
    int64_t step;
    const char *text;
    int64_t nodes;
    size_t value_count;
    const tare_event_value *values;
} tare_event;

/** A file read event by event. Owned by the caller. */
typedef struct tare_event_reader tare_event_reader;
/** Errors  TARE_ERROR_FILE; TARE_ERROR_FORMAT: no event file; TARE_ERROR_UNSUPPORTED. */
TARE_API tare_status tare_event_reader_open(const char *path, tare_event_reader **reader,
                                            tare_error *error);
/**
 * The next event; *found is false at the end. Lengths are compared with the file's, checksums are
 * checked, before anything is believed.
 * Errors  TARE_ERROR_FORMAT with the place: a record that is cut, as the last one of a file may be
 *         that is still written; a checksum that is wrong; what is no event.
 */
TARE_API tare_status tare_event_reader_next(tare_event_reader *reader, tare_event *event,
                                            bool *found, tare_error *error);
TARE_API void tare_event_reader_close(tare_event_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
