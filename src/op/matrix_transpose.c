/* SPDX-License-Identifier: Apache-2.0 */
/* matrix_transpose: the last two axes of x change places, by transpose. */
#include "op/rules.h"
#include <tare/op.h>

tare_tensor tare_matrix_transpose_with(tare_tensor x, const tare_op_options *options) {
    const char *name = options && options->name ? options->name : "matrix_transpose";
    const tare_shape shape = tare_tensor_shape(x);
    if (!tare_tensor_is_valid(x)) return (tare_tensor){.graph = x.graph};
    if (shape.rank < 2) {
        char text[TARE_SHAPE_TEXT], got[TARE_SHAPE_TEXT + 32];
        tare_print(got, sizeof got, "x of shape %s", tare_shape_text(text, shape));
        return tare_build_fail(x.graph, TARE_ERROR_SHAPE, "matrix_transpose", name, got,
                               "a known rank of 2 or more");
    }
    tare_list perm = {.count = shape.rank};
    for (int d = 0; d < shape.rank; d++) perm.values[d] = d;
    perm.values[shape.rank - 2] = shape.rank - 1;
    perm.values[shape.rank - 1] = shape.rank - 2;
    return tare_transpose(x, .perm = perm, .name = name);
}
