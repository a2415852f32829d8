/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Summaries: what a run tells about its tensors, for a chart. A summary is a tensor like any other:
 * its value, an array of bytes that explains itself, is fetched in a run and given to
 * tare_event_writer_summary. Fetching one changes no number of the run.
 *
 * Tags are TensorFlow 1's: the node's name with its scopes, made unique, after the family if there
 * is one. Characters that a name may not have become '_'. Summaries are added to the collection
 * `summaries`.
 */
#ifndef TARE_SUMMARY_H
#define TARE_SUMMARY_H

#include <tare/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define TARE_SUMMARY_FIELDS(field)                                                                \
    field(text, family, NULL, "put before the tag, so that charts stand together")                \
    field(text, collection, TARE_SUMMARIES, "that it is added to; \"\": none")
/* clang-format on */
TARE_OPTIONS(tare_summary_options, TARE_SUMMARY_FIELDS);
#define TARE_SUMMARY_DEFAULTS TARE_DEFAULTS(tare_summary_options, TARE_SUMMARY_FIELDS)

/**
 * One number, rounded to float32.
 * Shapes  x [] -> bytes [?].
 * Errors  x of rank > 0, or no number (float32, float64, int8, uint8, int32, int64).
 * Source  tf.summary.scalar.
 */
TARE_API tare_tensor tare_summary_scalar_with(const char *name, tare_tensor x,
                                              const tare_summary_options *options);
#define tare_summary_scalar(...) tare_summary_scalar_(__VA_ARGS__, .reserved = 0)
#define tare_summary_scalar_(name, x, ...)                                                         \
    TARE_KW(tare_summary_scalar_with(name, x,                                                      \
                                     &(tare_summary_options){TARE_SUMMARY_DEFAULTS, __VA_ARGS__}))

/**
 * How the numbers of a tensor are spread: least, greatest, sums, and counts in TensorFlow's
 * buckets, whose limits grow by a tenth from 1e-12 to 1e20 on either side of 0.
 * Shapes  x any -> bytes [?].
 * Errors  x of no number's dtype; in the run, a number that is not finite, as in TensorFlow.
 * Source  tf.summary.histogram.
 */
TARE_API tare_tensor tare_summary_histogram_with(const char *name, tare_tensor x,
                                                 const tare_summary_options *options);
#define tare_summary_histogram(...) tare_summary_histogram_(__VA_ARGS__, .reserved = 0)
#define tare_summary_histogram_(name, x, ...)                                                      \
    TARE_KW(tare_summary_histogram_with(                                                           \
        name, x, &(tare_summary_options){TARE_SUMMARY_DEFAULTS, __VA_ARGS__}))

/* clang-format off */
#define TARE_SUMMARY_IMAGE_FIELDS(field)                                                          \
    TARE_SUMMARY_FIELDS(field)                                                                    \
    field(integer, max_outputs, 3, "the first so many images of the batch")
/* clang-format on */
TARE_OPTIONS(tare_summary_image_options, TARE_SUMMARY_IMAGE_FIELDS);
#define TARE_SUMMARY_IMAGE_DEFAULTS                                                                \
    TARE_DEFAULTS(tare_summary_image_options, TARE_SUMMARY_IMAGE_FIELDS)

/**
 * The first images of a batch, each scaled to bytes for itself: by 255 over its greatest number
 * or, where there are negative ones, by 127 over the greatest magnitude around 128; uint8 stays as
 * it is. Pixels that are not finite become red. Tags end in "/image", with max_outputs > 1 in
 * "/image/0" and so on.
 * Shapes  x [N, height, width, 1, 3 or 4] -> bytes [?].
 * Errors  another rank or number of channels; other dtypes than float32, float64, uint8;
 *         max_outputs < 1; images of 2^29 pixels or more.
 * Source  tf.summary.image.
 */
TARE_API tare_tensor tare_summary_image_with(const char *name, tare_tensor x,
                                             const tare_summary_image_options *options);
#define tare_summary_image(...) tare_summary_image_(__VA_ARGS__, .reserved = 0)
#define tare_summary_image_(name, x, ...)                                                          \
    TARE_KW(tare_summary_image_with(                                                               \
        name, x, &(tare_summary_image_options){TARE_SUMMARY_IMAGE_DEFAULTS, __VA_ARGS__}))

/* clang-format off */
#define TARE_SUMMARY_MERGE_FIELDS(field)                                                          \
    field(text, name, NULL, "name of the scope; by default Merge, made unique")                   \
    field(text, collection, NULL, "that the result is added to; NULL: none")
/* clang-format on */
TARE_OPTIONS(tare_summary_merge_options, TARE_SUMMARY_MERGE_FIELDS);
#define TARE_SUMMARY_MERGE_DEFAULTS                                                                \
    TARE_DEFAULTS(tare_summary_merge_options, TARE_SUMMARY_MERGE_FIELDS)

/**
 * Several summaries as one, to be fetched and written together.
 * Errors  a tensor that is no summary; one that is there twice; none at all.
 * Source  tf.summary.merge.
 */
TARE_API tare_tensor tare_summary_merge_with(const tare_tensor *summaries, size_t count,
                                             const tare_summary_merge_options *options);
#define tare_summary_merge(...) tare_summary_merge_(__VA_ARGS__, .reserved = 0)
#define tare_summary_merge_(summaries, count, ...)                                                 \
    TARE_KW(tare_summary_merge_with(                                                               \
        summaries, count,                                                                          \
        &(tare_summary_merge_options){TARE_SUMMARY_MERGE_DEFAULTS, __VA_ARGS__}))

/* clang-format off */
#define TARE_SUMMARY_MERGE_ALL_FIELDS(field)                                                      \
    field(text, key, TARE_SUMMARIES, "the collection")                                            \
    field(text, scope, NULL, "only those whose names lie in this scope")                          \
    field(text, name, NULL, "name of the scope; by default Merge, made unique")
/* clang-format on */
TARE_OPTIONS(tare_summary_merge_all_options, TARE_SUMMARY_MERGE_ALL_FIELDS);
#define TARE_SUMMARY_MERGE_ALL_DEFAULTS                                                            \
    TARE_DEFAULTS(tare_summary_merge_all_options, TARE_SUMMARY_MERGE_ALL_FIELDS)

/**
 * All summaries made so far as one; TARE_NULL when there are none.
 * Source  tf.summary.merge_all.
 */
TARE_API tare_tensor tare_summary_merge_all_with(tare_graph *graph,
                                                 const tare_summary_merge_all_options *options);
#define tare_summary_merge_all(...) tare_summary_merge_all_(__VA_ARGS__, .reserved = 0)
#define tare_summary_merge_all_(graph, ...)                                                        \
    TARE_KW(tare_summary_merge_all_with(                                                           \
        graph, &(tare_summary_merge_all_options){TARE_SUMMARY_MERGE_ALL_DEFAULTS, __VA_ARGS__}))

#ifdef __cplusplus
}
#endif

#endif
