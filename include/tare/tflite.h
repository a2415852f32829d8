/* SPDX-License-Identifier: Apache-2.0 */
/**
 * TensorFlow Lite's model files (.tflite), float and int8: what is in them, and running them.
 *
 * A number q of a quantised tensor stands for (q - zero_point) scale.
 */
#ifndef TARE_TFLITE_H
#define TARE_TFLITE_H

#include <tare/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model read from a file. Owned by the caller. */
typedef struct tare_tflite tare_tflite;

/**
 * Reads a .tflite file of at most 2 GiB and checks all of it that Tare uses: offsets, vtables,
 * shapes, constants as long as their shapes say, indices of tensors, operators after what they
 * read. Nothing in the file is trusted.
 * Errors  TARE_ERROR_FILE; TARE_ERROR_FORMAT with the place; TARE_ERROR_UNSUPPORTED: several
 *         subgraphs, sparse or variable tensors.
 * Source  tensorflow/lite/schema/schema.fbs, version 3.
 */
TARE_API tare_status tare_tflite_open(const char *path, tare_tflite **model, tare_error *error);
/**
 * Writes a model: what was read and more than Tare knows (metadata, signatures) is left out.
 * Errors  TARE_ERROR_UNSUPPORTED: an operator or a type that Tare does not know; what writing can
 *         fail of, the old file staying as it was.
 */
TARE_API tare_status tare_tflite_save(const tare_tflite *model, const char *path,
                                      tare_error *error);
/** NULL allowed. */
TARE_API void tare_tflite_close(tare_tflite *model);

/** One tensor. Everything belongs to the model. */
typedef struct tare_tflite_tensor {
    const char *name; /* "" where the file has none */
    const char *type; /* as the schema spells it, "INT8" */
    tare_dtype dtype; /* TARE_DTYPE_NONE: a type that Tare has not */
    tare_shape shape;
    bool constant;
    int64_t scale_count; /* 0: not quantised; 1; or the extent of axis `quantised` */
    const float *scales;
    const int64_t *zero_points; /* as many */
    int64_t quantised;
} tare_tflite_tensor;

/** One operator. */
typedef struct tare_tflite_step {
    const char
        *name; /* "CONV_2D"; of a custom one its own name; NULL: one that Tare does not know */
    int64_t code, version;
    const int32_t *inputs, *outputs; /* indices of tensors; -1: left out */
    int64_t input_count, output_count;
} tare_tflite_step;

TARE_API size_t tare_tflite_tensor_count(const tare_tflite *model);
/** Tensor i; NULL beyond the last. */
TARE_API const tare_tflite_tensor *tare_tflite_tensor_at(const tare_tflite *model, size_t i);
TARE_API size_t tare_tflite_operator_count(const tare_tflite *model);
/** Operator i, in running order; false beyond the last. */
TARE_API bool tare_tflite_operator_at(const tare_tflite *model, size_t i, tare_tflite_step *step);
/** The operator's options as text, "padding=same, stride_w=1"; free with tare_text_free. */
TARE_API char *tare_tflite_operator_options(const tare_tflite *model, size_t i);
/** Indices of the tensors that go in and come out; -1 beyond the last. */
TARE_API int64_t tare_tflite_input(const tare_tflite *model, size_t i);
TARE_API int64_t tare_tflite_output(const tare_tflite *model, size_t i);

/**
 * Builds the model in a graph: its inputs as placeholders of its own types, its constants, and one
 * node or a few for each operator. inputs and outputs receive as many tensors as the model has; the
 * batch may be of any size where the file says so. tensors: NULL, or room for every tensor of the
 * file: null where nothing in the graph is it.
 *
 * int8 models give the bits of TensorFlow Lite's reference kernels.
 * Errors  an operator, type or option that Tare does not run, by name; the graph's own.
 */
TARE_API tare_status tare_tflite_build(const tare_tflite *model, tare_graph *graph,
                                       tare_tensor *inputs, tare_tensor *outputs,
                                       tare_tensor *tensors, tare_error *error);

#ifdef __cplusplus
}
#endif

#endif
