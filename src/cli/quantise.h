/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of tare quantise: options, the work in hand, and what becomes of it. */
#ifndef TARE_SRC_CLI_QUANTISE_H
#define TARE_SRC_CLI_QUANTISE_H

#include "cli/answers_apart.h"
#include "cli/folded.h"
#include "report/json.h"

/* clang-format off */
#define TARE_QUANTISE_FIELDS(field)                                                               \
    field(text, output, NULL, "int8 model to write, .tflite")                                     \
    field(text, data, NULL, "arrays (.npy, .npz, idx), or a data set's name: ranges come from it") \
    field(integer, limit, 1000, "ranges from the first N examples only; 0: all")                  \
    field(choice, observer, TARE_OBSERVER_MINMAX, "how ranges follow from the data")              \
    field(real, percentile, 99.99, "percent of the numbers that a range holds")                   \
    field(text, default_ranges, NULL, "MIN,MAX for arrays without a range")                       \
    field(boolean, per_tensor, false, "one scale for all channels of a convolution's weights")    \
    field(boolean, uint8, false, "uint8 numbers, one asymmetric scale for a layer's weights")     \
    field(boolean, compare, false, "what each choice costs: accuracy, differences, size, time")   \
    field(text, trained, NULL, "checkpoint trained with fake quantisation, to compare with")      \
    field(integer, test_limit, 0, "compare on the first N test examples only; 0: all")            \
    field(text, plot, NULL, "picture of the weights' ranges before and after folding, SVG")       \
    field(text, network, NULL, "network of a checkpoint; by default the one the file names")      \
    field(text, folder, NULL, "folder of Fashion-MNIST's files; also TARE_FASHION_MNIST")         \
    field(text, label, "label", "column of the labels in a .csv file")                            \
    field(integer, threads, 0, "that compute; 0: one per processor")                              \
    field(boolean, json, false, "print the report as JSON")
/* clang-format on */
TARE_OPTIONS(tare_quantise_options, TARE_QUANTISE_FIELDS);

enum { TARE_QUANTISE_BATCH = 100 };

/* A float model and the int8 one made of it. Zero at first; tare_quantise_end in any case. */
typedef struct tare_quantise_job {
    const char *path;
    tare_quantise_options options;
    tare_safetensors *file; /* of a checkpoint; NULL: the path is a .tflite model's */
    tare_workshop workshop;
    tare_folding *folding;
    tare_tflite *model, *quantised;
    tare_dataset *examples; /* that ranges come from; NULL: none */
    size_t count;
    tare_tflite_range *ranges, *seen; /* [count]; seen: on the examples */
    tare_tflite_range fallback;
    tare_apart found;
    tare_error error;
} tare_quantise_job;

/* quantise_job.c */
void tare_quantise_end(tare_quantise_job *job);
/* Opens the .tflite model, or the checkpoint and its session. -1: go on; else an exit status. */
int tare_quantise_open(tare_quantise_job *job);
/* The float model of a checkpoint that is open. */
tare_status tare_quantise_fold(tare_quantise_job *job);
/* The picture of the float model's weights, if it is wanted. */
tare_status tare_quantise_plot(tare_quantise_job *job);

/* quantise_ranges.c: "0,6" into fallback; false: the text is no such range. */
bool tare_quantise_parse_fallback(tare_quantise_job *job, const char *text);
/* The file's own first; then the data's, unless a default was given; then the default. */
tare_status tare_quantise_find_ranges(tare_quantise_job *job);
/* Says which ranges lack, and what helps. -1: none lacks; else an exit status. */
int tare_quantise_say_lacking(const tare_quantise_job *job);
/* Says how far numbers of the data lie outside the default, and how many. */
tare_status tare_quantise_warn_clipped(tare_quantise_job *job);

/* quantise_report.c: the one model's tensors and its answers. */
void tare_quantise_add_text(const tare_quantise_job *job, tare_text *text);
void tare_quantise_add_json(const tare_quantise_job *job, tare_json *json);

/* quantise_compare.c: what each choice costs; an exit status. */
int tare_quantise_compare(tare_quantise_job *job);

#endif
