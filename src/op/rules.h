/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about dtypes and shapes that several op families share, and keeping a step's state. */
#ifndef TARE_SRC_OP_RULES_H
#define TARE_SRC_OP_RULES_H

#include "array/shape.h"
#include "base/status.h"
#include "base/text.h"
#include "graph/op.h"

/* Output 0 has input 0's dtype and shape. */
tare_status tare_infer_like_first(tare_infer *infer);
/* Output 0 has input 0's dtype and the shape that all inputs have; they must agree. */
tare_status tare_infer_all_alike(tare_infer *infer);
/* "got WHAT of dtype int32; needs float32 or float64": refuses input i's dtype unless
 * allowed[dtype]. */
typedef bool (*tare_dtype_test)(tare_dtype dtype, const void *user);
tare_status tare_infer_dtype(const tare_infer *infer, int input, const char *what,
                             tare_dtype_test allowed, const void *user);
bool tare_dtype_is_number(tare_dtype dtype, const void *unused);   /* f32 f64 i32 i64 */
bool tare_dtype_is_floating(tare_dtype dtype, const void *unused); /* f32 f64 */
bool tare_dtype_is_index(tare_dtype dtype, const void *unused);    /* i32 i64 */
bool tare_dtype_is_bool(tare_dtype dtype, const void *unused);
bool tare_dtype_is_any(tare_dtype dtype, const void *unused);
/* "got shapes [2, 3] and [4]; needs NEED". */
tare_status tare_infer_refuse_shapes(const tare_infer *infer, int first, int second,
                                     const char *need);
/* "got x of shape [2, 3]; needs NEED". */
tare_status tare_infer_refuse_shape(const tare_infer *infer, int input, const char *what,
                                    const char *need);
/* A list with a value for every axis of input 0, each at least `least`. */
tare_status tare_infer_list(const tare_infer *infer, const char *name, tare_list list, int rank,
                            int64_t least);
/* Fails when the product of the extents of output i does not fit. */
tare_status tare_infer_countable(const tare_infer *infer, int output);

/* Input i of a node that is lowered; TARE_NO_VALUE where it is not given. */
tare_value tare_given_value(const tare_lower *lower, int input);

/* Product of extents begin..end-1 of a known shape. */
int64_t tare_extents_product(tare_shape shape, int begin, int end);
/* [outer, extent of axis, inner] of a known shape. */
typedef struct tare_middle {
    int64_t outer, count, inner;
} tare_middle;
tare_middle tare_shape_around(tare_shape shape, int axis);

/* Copies state into the plan's arena and hangs it on the step. */
tare_status tare_prepare_state(tare_prepare *prepare, const void *state, size_t bytes);
/* Elements and bytes of input or output i, whose shape is known. */
int64_t tare_input_count(const tare_prepare *prepare, int i);
int64_t tare_output_count(const tare_prepare *prepare, int i);
size_t tare_input_bytes(const tare_prepare *prepare, int i);
size_t tare_output_bytes(const tare_prepare *prepare, int i);

/* The step of ops whose output is their input's bytes (prepare sets alias): never called. */
tare_status tare_alias_step(const tare_run *run);
tare_status tare_alias_prepare(tare_prepare *prepare); /* output 0 is input 0 */
/* Copies input 0 into output 0; state: a size_t of bytes. */
tare_status tare_copy_step(const tare_run *run);

#endif
