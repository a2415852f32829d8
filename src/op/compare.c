/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons, with broadcasting; the result is bool. A NaN is equal to nothing, less and greater
 * than nothing. No gradient flows.
 */
#include "op/elementwise.h"
#include "op/order.h"
#include <tare/op.h>

enum { TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
#define COMPARED                                                                                   \
    {"[3,4] [4]", "", -2, 2, NULL, TEST}, {"int32[3,4] int32[4]", "", 0, 3, NULL, TEST},           \
        {"int64[5] int64[5]", "", 0, 3, NULL, TEST}, {"uint8[5] uint8[5]", "", 0, 3, NULL, TEST},  \
        {"[0,3] [3]", "", 0, 0, NULL, TEST}, {"[3,4] [3]", "", 0, 0, "shapes that broadcast", 0},  \
    {                                                                                              \
        "[3] int32[3]", "", 0, 0, "one dtype", 0                                                   \
    }
static const tare_example equality[] = {
    COMPARED, {"bool[3,4] bool[4]", "", 0, 0, NULL, TEST}, {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example order[] = {
    COMPARED, {"bool[2] bool[2]", "", 0, 0, "of dtype", 0}, {NULL, NULL, 0, 0, NULL, 0}};

/* op(name, node name, kernel, examples) */
/* clang-format off */
#define COMPARISONS(op)                                     \
    op(equal, "Equal", EQUAL, equality)                     \
    op(not_equal, "NotEqual", NOT_EQUAL, equality)          \
    op(less, "Less", LESS, order)                           \
    op(less_equal, "LessEqual", LESS_EQUAL, order)          \
    op(greater, "Greater", GREATER, order)                  \
    op(greater_equal, "GreaterEqual", GREATER_EQUAL, order)
/* clang-format on */

extern const tare_op_def tare_compare_ops[];

#define PLACE(name, node, which, examples) AT_##name,
enum { COMPARISONS(PLACE) AT_END };
#define FUNCTIONS(name, node, which, examples)                                                     \
    TARE_BINARY_FUNCTIONS(name, which, tare_compare_ops, tare_prepare_plain_binary)
COMPARISONS(FUNCTIONS)
#define DEF(name_, node, which, examples_)                                                         \
    [AT_##name_] = {.name = #name_,                                                                \
                    .node_name = node,                                                             \
                    .min_inputs = 2,                                                               \
                    .max_inputs = 2,                                                               \
                    .output_count = 1,                                                             \
                    .infer = name_##_infer,                                                        \
                    .prepare = name_##_prepare,                                                    \
                    .run = tare_binary_step,                                                       \
                    .can = &tare_elementwise_can,                                                  \
                    .examples = examples_},
const tare_op_def tare_compare_ops[] = {COMPARISONS(DEF)[AT_END] = {.name = NULL}};
