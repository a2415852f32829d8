/* SPDX-License-Identifier: Apache-2.0 */
/**
 * TensorFlow Lite's model files (.tflite), float, int8 and uint8: what is in them, and running
 * them.
 *
 * A number q of a quantised tensor stands for (q - zero_point) scale.
 */
#ifndef TARE_TFLITE_H
#define TARE_TFLITE_H

#include <tare/session.h>

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
    bool ranged; /* the file says of which numbers it is: min to max */
    double min, max;
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
 * int8 models give the bits of TensorFlow Lite's reference kernels, uint8 ones those of its
 * optimised kernels. Between a uint8 model's ends the graph has int8 numbers, 128 less.
 * Errors  an operator, type or option that Tare does not run, by name; the graph's own.
 */
TARE_API tare_status tare_tflite_build(const tare_tflite *model, tare_graph *graph,
                                       tare_tensor *inputs, tare_tensor *outputs,
                                       tare_tensor *tensors, tare_error *error);

/* ---------------------------------------------------------------------------------- exporting */

/**
 * What a session computes from input to output as a float model, its batch open: conv2d (with
 * groups), depthwise_conv2d, conv2d_transpose, conv3d, dense, pools in two dimensions, means,
 * reshapes, padding with zeros, resizing, sums, softmax, rectifiers, sigmoid, tanh. Batch
 * normalisations must have been folded (tare_fold); biases, rectifiers and numbers that multiply or
 * divide go into the products before them. Tensors bear the names of nodes. With a conv2d_transpose
 * in it the model takes one example at a time, for the file states the extents of its result; a
 * conv3d has no int8 form.
 * Errors  TARE_ERROR_UNSUPPORTED: a node without a form in .tflite, by name; a variable without a
 *         value.
 */
TARE_API tare_status tare_tflite_export(tare_session *session, tare_tensor input,
                                        tare_tensor output, tare_tflite **model, tare_error *error);

/* --------------------------------------------------------------------------------- quantising */

/** The numbers that a tensor takes. */
typedef struct tare_tflite_range {
    bool known;
    double min, max;
} tare_tflite_range;

/* clang-format off */
#define TARE_TFLITE_QUANTISE_FIELDS(field)                                                         \
    field(boolean, per_channel, true, "a scale for each channel of a convolution's weights")       \
    field(boolean, uint8, false, "uint8 numbers, as TensorFlow 1's converter wrote them")
/* clang-format on */
TARE_OPTIONS(tare_tflite_quantise_options, TARE_TFLITE_QUANTISE_FIELDS);
#define TARE_TFLITE_QUANTISE_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_tflite_quantise_options, TARE_TFLITE_QUANTISE_FIELDS)

/**
 * The int8 model of a float one, as TensorFlow Lite's specification has it: weights symmetric in
 * -127..127, activations in -128..127 of their range widened to hold 0, biases int32 of scale
 * input x weights, results of softmax, logistic and tanh of fixed scales, pools and what only moves
 * numbers with their input's. Its ends are int8. An all-zero channel takes the scale of its whole
 * tensor.
 *
 * uint8  activations and weights are 0..255 of their range widened to hold 0, one range for all
 *        weights of a layer, of 0..1 where all are 0; tanh has zero point 127. So toco wrote them.
 * ranges  one for each tensor of the file, by index; of constants none is looked at.
 * Errors  TARE_ERROR_STATE: ranges that lack; error then has TensorFlow's sentence for the first
 *         array, and tare_tflite_lacking names them all; TARE_ERROR_ARGUMENT: a range that is none,
 *         or of no width; TARE_ERROR_UNSUPPORTED: an operator without an int8 form.
 */
TARE_API tare_status tare_tflite_quantise_with(const tare_tflite *model,
                                               const tare_tflite_range *ranges,
                                               const tare_tflite_quantise_options *options,
                                               tare_tflite **quantised, tare_error *error);
#define tare_tflite_quantise(...) tare_tflite_quantise_(__VA_ARGS__, .reserved = 0)
#define tare_tflite_quantise_(model, ranges, quantised, error, ...)                                \
    TARE_KW(tare_tflite_quantise_with(                                                             \
        model, ranges,                                                                             \
        &(tare_tflite_quantise_options){TARE_TFLITE_QUANTISE_DEFAULTS, __VA_ARGS__}, quantised,    \
        error))
/**
 * What TensorFlow's converter says of each array whose range lacks, a line each, in the order of
 * the operators; "" when none does. Free with tare_text_free; NULL: no memory.
 */
TARE_API char *tare_tflite_lacking(const tare_tflite *model, const tare_tflite_range *ranges);

#ifdef __cplusplus
}
#endif

#endif
