/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and predictions: what losses and metrics ask of them before they compute. */
#include "train/operand.h"

#include "array/shape.h"
#include "base/text.h"

#include <tare/op.h>

static bool refuse(const tare_blame *blame, tare_status status, const char *got, const char *need) {
    tare_build_fail(blame->graph, status, blame->op, blame->node, got, need);
    return false;
}

bool tare_operand_given(const tare_blame *blame, tare_tensor tensor, const char *what) {
    char got[96];
    if (tare_graph_status(blame->graph)) return false;
    if (tare_tensor_is_valid(tensor)) return true;
    tare_print(got, sizeof got, "%s %s", tensor.immediate ? "a number as" : "no", what);
    return refuse(blame, TARE_ERROR_ARGUMENT, got, "a tensor");
}

bool tare_operand_same_shape(const tare_blame *blame, tare_tensor a, const char *a_name,
                             tare_tensor b, const char *b_name) {
    const tare_shape first = tare_tensor_shape(a), second = tare_tensor_shape(b);
    if (tare_shape_compatible(first, second)) return true;
    char got[2 * TARE_SHAPE_TEXT + 96], text[TARE_SHAPE_TEXT], other[TARE_SHAPE_TEXT];
    tare_print(got, sizeof got, "%s of shape %s and %s of shape %s", a_name,
               tare_shape_text(text, first), b_name, tare_shape_text(other, second));
    return refuse(blame, TARE_ERROR_SHAPE, got, "one shape");
}

tare_tensor tare_operand_as(tare_tensor tensor, tare_dtype dtype) {
    return tensor.immediate || tare_tensor_dtype(tensor) == dtype ? tensor
                                                                  : tare_cast(tensor, dtype);
}

tare_tensor tare_operand_floating(tare_tensor tensor) {
    const tare_dtype dtype = tare_tensor_dtype(tensor);
    return dtype == TARE_FLOAT64 ? tensor : tare_operand_as(tensor, TARE_FLOAT32);
}

tare_tensor tare_operand_squeezed(tare_tensor tensor, int rank) {
    const tare_shape shape = tare_tensor_shape(tensor);
    if (rank < 0 || shape.rank != rank + 1) return tensor;
    const int64_t last = shape.extents[rank];
    return last == 1 || last == TARE_ANY ? tare_squeeze(tensor, .axis = TARE_LIST(rank)) : tensor;
}
