/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that the tests of graphs bring themselves, so that they depend on no op of the library. */
#ifndef TARE_TESTS_GRAPH_TOYS_H
#define TARE_TESTS_GRAPH_TOYS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "array/shape.h"
#include "graph/graph.h"

/* Every output is like input 0. */
static inline tare_status toy_infer(tare_infer *infer) {
    for (int32_t i = 0; i < infer->output_count; i++) infer->outputs[i] = infer->inputs[0];
    return tare_infer_same_dtypes(infer);
}

static inline tare_status toy_add_gradient(tare_gradient *gradient) {
    for (int32_t i = 0; i < gradient->input_count; i++)
        gradient->input_gradients[i] = gradient->output_gradients[0];
    return TARE_OK;
}

static const tare_op_def toy_add = {.name = "toy_add",
                                    .node_name = "Add",
                                    .min_inputs = 1,
                                    .max_inputs = -1,
                                    .output_count = 1,
                                    .infer = toy_infer,
                                    .gradient = toy_add_gradient};

static inline tare_status toy_mul_gradient(tare_gradient *gradient);
static const tare_op_def toy_mul = {.name = "toy_mul",
                                    .node_name = "Mul",
                                    .min_inputs = 2,
                                    .max_inputs = 2,
                                    .output_count = 1,
                                    .infer = toy_infer,
                                    .gradient = toy_mul_gradient};

static inline tare_tensor toy_product(tare_tensor a, tare_tensor b) {
    const tare_tensor inputs[2] = {a, b};
    return tare_build_node(NULL, &toy_mul, NULL, inputs, 2, NULL);
}

static inline tare_status toy_mul_gradient(tare_gradient *gradient) {
    for (int32_t i = 0; i < 2; i++)
        if (gradient->wanted[i])
            gradient->input_gradients[i] =
                toy_product(gradient->output_gradients[0], gradient->inputs[1 - i]);
    return TARE_OK;
}

static inline tare_tensor toy_sum(tare_tensor a, tare_tensor b, const char *name) {
    const tare_tensor inputs[2] = {a, b};
    return tare_build_node(NULL, &toy_add, name, inputs, 2, NULL);
}

static inline tare_tensor toy_identity(tare_tensor a) {
    return tare_build_node(NULL, &toy_add, NULL, &a, 1, NULL);
}

/* An operation: no outputs. */
static inline tare_status toy_nothing_infer(tare_infer *infer) {
    infer->output_count = 0;
    return TARE_OK;
}
static const tare_op_def toy_operation = {
    .name = "toy_operation", .node_name = "Operation", .infer = toy_nothing_infer};

/* Writes its input 0. */
static const tare_op_def toy_write = {.name = "toy_write",
                                      .node_name = "Write",
                                      .min_inputs = 1,
                                      .max_inputs = 1,
                                      .output_count = 1,
                                      .writes = 1,
                                      .infer = toy_infer};

static inline tare_tensor scalar_placeholder(tare_graph *graph, const char *name) {
    return tare_placeholder(graph, TARE_FLOAT32, TARE_SCALAR, .name = name);
}

#define assert_fine(graph)                                                                         \
    do {                                                                                           \
        if (tare_graph_status(graph) != TARE_OK) fail_msg("%s", tare_message(graph));              \
    } while (0)

/* The graph has that error, and its sentence contains each text. */
#define assert_refused(graph, status, ...)                                                         \
    do {                                                                                           \
        const char *const parts_[] = {__VA_ARGS__};                                                \
        assert_int_equal(tare_graph_status(graph), status);                                        \
        for (size_t part_ = 0; part_ < sizeof parts_ / sizeof *parts_; part_++)                    \
            if (!strstr(tare_message(graph), parts_[part_]))                                       \
                fail_msg("'%s' lacks '%s'", tare_message(graph), parts_[part_]);                   \
    } while (0)

#define assert_named(tensor, name) assert_string_equal(tare_tensor_name(tensor), name)

/* The collection's names are exactly these, in order; NULL ends them. */
static inline void assert_collection(const tare_graph *graph, const char *key, const char *scope,
                                     const char *const *names) {
    size_t count = 0;
    for (; names[count]; count++)
        assert_named(tare_collection_item(graph, key, scope, count), names[count]);
    assert_int_equal(tare_collection_count(graph, key, scope), count);
}
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_NAMES   ((const char *const[]){NULL})

#endif
