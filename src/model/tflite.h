/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a .tflite model. A kind of operator is one const struct: its code, its options
 * spelt out by name, field number and type, and how it is built in a graph; one line in the table
 * of tflite_kinds.c. Reading, printing and writing go by these tables.
 */
#ifndef TARE_SRC_MODEL_TFLITE_H
#define TARE_SRC_MODEL_TFLITE_H

#include "base/memory.h"
#include "graph/graph.h"
#include "model/tflite_schema.h"
#include <tare/tflite.h>

#define TARE_TFLITE_MOST_OPTIONS 8

/* One number among an operator's options. */
typedef struct tare_tflite_field {
    const char *name; /* NULL: the end */
    int number;
    tare_tflite_number type;
    double initial;
    const char *words; /* of an enumeration, "same,valid"; NULL: a number */
} tare_tflite_field;

typedef struct tare_tflite_import tare_tflite_import;
typedef struct tare_tflite_operator tare_tflite_operator;
typedef struct tare_tflite_kind {
    const char *name;
    int32_t code, options_type; /* BuiltinOperator, BuiltinOptions */
    int32_t min_inputs, max_inputs;
    const tare_tflite_field *fields; /* in the order of an operator's options */
    tare_status (*build)(tare_tflite_import *import, const tare_tflite_operator *op);
    /* for quantising: */
    const char *toco;     /* as TensorFlow's converter calls it, "Conv" */
    int64_t int8_version; /* of the operator with int8 numbers; 0: has none to be made */
    bool same_scale;      /* inputs and result have one scale and zero point */
    double fixed_scale;   /* of the result; 0: from its range */
    int64_t fixed_zero, fixed_zero_uint8;
    bool has_weights;     /* then: */
    int x, weights, bias; /* which inputs those are; the bias may lack */
    bool each_channel;    /* weights have a scale for each entry of axis `channels` */
    int channels;
} tare_tflite_kind;
const tare_tflite_kind *tare_tflite_kind_of(int64_t code); /* NULL: not known */

struct tare_tflite_operator {
    const tare_tflite_kind *kind; /* NULL: not known */
    int64_t code, version;
    const char *custom; /* name of a custom operator; NULL */
    const int32_t *inputs, *outputs;
    int64_t input_count, output_count;
    double options[TARE_TFLITE_MOST_OPTIONS];
};

/* A tensor as a file has it. */
typedef struct tare_tflite_array {
    tare_tflite_tensor told;
    int64_t type;              /* TensorType */
    const unsigned char *data; /* of a constant; NULL: computed */
    int64_t data_bytes;
    tare_shape signature; /* as shape, -1 where it may be anything */
    bool produced;        /* an operator gives it, or it is an input */
} tare_tflite_array;

struct tare_tflite {
    tare_allocator allocator;
    tare_arena *arena;
    const char *path;
    char *bytes;
    int64_t size;
    int64_t version;
    const char *description;
    tare_tflite_array *tensors;
    tare_tflite_operator *operators;
    const int32_t *inputs, *outputs;
    int64_t tensor_count, operator_count, input_count, output_count;
};

/* tflite_quantise.c: quantising needs the tensor's range, and it is not known. */
bool tare_tflite_lacks(const tare_tflite *model, const tare_tflite_range *ranges, int32_t tensor);
/* tflite_read.c: an empty model. NULL: no memory. */
tare_tflite *tare_tflite_new(const char *path);
/* Its name and type for a TensorType. */
tare_dtype tare_tflite_type(int64_t code, const char **name);
/* tflite_read.c: fills a model whose bytes are there. */
tare_status tare_tflite_parse(tare_tflite *model, tare_error *error);

/* Numbers of a constant, and number i as it is meant: (q - zero point) scale where it is quantised.
 * Of types other than float32, int8 and uint8 there are none. */
int64_t tare_tflite_value_count(const tare_tflite_array *array);
double tare_tflite_value(const tare_tflite_array *array, int64_t i);
/* Channels of an operator's weights: number i is of channel i / span % count. */
typedef struct tare_tflite_channels {
    int64_t count, span;
} tare_tflite_channels;
tare_tflite_channels tare_tflite_channels_of(const tare_tflite_kind *kind,
                                             const tare_tflite_array *weights);
/* tflite_write.c: bytes of its file. */
tare_status tare_tflite_file_bytes(const tare_tflite *model, int64_t *bytes, tare_error *error);

/* ---- building a graph of it */

struct tare_tflite_import {
    const tare_tflite *model;
    tare_graph *graph;
    tare_tensor *tensors; /* by index; null where nothing has made it yet */
    tare_error *error;
};

/* "op 'NAME': got GOT; needs NEED" for the operator and its first output's name. */
tare_status tare_tflite_refuse(const tare_tflite_import *import, const tare_tflite_operator *op,
                               tare_status status, const char *got, const char *need);
/* Input i as a tensor of the graph (constants are made when first asked for) and as the file has
 * it; NULL where it is left out. */
tare_status tare_tflite_operand(tare_tflite_import *import, const tare_tflite_operator *op, int i,
                                tare_tensor *tensor);
const tare_tflite_array *tare_tflite_operand_array(const tare_tflite_import *import,
                                                   const tare_tflite_operator *op, int i);
const tare_tflite_array *tare_tflite_output_array(const tare_tflite_import *import,
                                                  const tare_tflite_operator *op);
/* Says that the operator's output 0 is y. */
tare_status tare_tflite_set_output(tare_tflite_import *import, const tare_tflite_operator *op,
                                   tare_tensor y);
/* The tensor that the graph has for a tensor of the file: uint8 numbers are int8 ones there, 128
 * less. */
tare_dtype tare_tflite_dtype(const tare_tflite_array *array);
/* An option of the operator by name, which its kind has. */
double tare_tflite_option(const tare_tflite_operator *op, const char *name);

#endif
