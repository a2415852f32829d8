/* SPDX-License-Identifier: Apache-2.0 */
/* Immediates, `tare_number(0.5)` and TARE_TRUE, where they meet a graph: hidden constants. */
#include "graph/state.h"

/* Floating dtypes round; whole ones hold the number or refuse it. */
static bool holds(const tare_array *array, double number) {
    const tare_dtype dtype = tare_array_dtype(array);
    if (dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64 || dtype == TARE_BFLOAT16) return true;
    return tare_array_number(array, 0) == number;
}

static tare_tensor refuse_number(tare_graph *graph, double number, tare_dtype dtype) {
    char text[TARE_NUMBER_TEXT], got[96], need[96];
    tare_print(got, sizeof got, "the number %s", tare_double_text(text, number));
    tare_print(need, sizeof need, "a number that %s can hold", tare_dtype_name(dtype));
    return tare_build_fail(graph, TARE_ERROR_TYPE, "constant", "", got, need);
}

static tare_tensor build_constant(tare_graph *graph, const tare_array *array) {
    const tare_placement placement = {.hidden = true, .free_of_controls = true};
    const tare_constant_node_options options = {.struct_size = sizeof options, .array = array};
    return tare_build_placed(graph, &tare_graph_ops[TARE_GRAPH_OP_CONSTANT], &placement, NULL, 0,
                             &options);
}

static tare_tensor build_scalar(tare_graph *graph, double number, tare_dtype dtype) {
    tare_array *array = NULL;
    if (tare_array_new(dtype, TARE_SCALAR, &graph->allocator, &array)) {
        tare_graph_fail_memory(graph);
        return tare_graph_null(graph);
    }
    tare_array_set_number(array, 0, number);
    const tare_tensor scalar =
        holds(array, number) ? build_constant(graph, array) : refuse_number(graph, number, dtype);
    tare_array_free(array);
    return scalar;
}

tare_tensor tare_build_immediate(tare_graph *graph, tare_tensor immediate,
                                 tare_dtype number_dtype) {
    const bool is_bool = immediate.immediate == 2;
    return build_scalar(graph, is_bool ? immediate.number != 0 : immediate.number,
                        is_bool ? TARE_BOOL : number_dtype);
}
