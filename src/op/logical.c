/* SPDX-License-Identifier: Apache-2.0 */
/* And, or, exclusive or of booleans, with broadcasting (not is in unary.c). */
#include "op/elementwise.h"
#include "op/order.h"
#include <tare/op.h>

enum { TEST = TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN };
static const tare_example examples_of_all[] = {
    {"bool[3,4] bool[4]", "", 0, 0, NULL, TEST}, {"bool[] bool[5]", "", 0, 0, NULL, TEST},
    {"bool[0] bool[1]", "", 0, 0, NULL, TEST},   {"bool[2] [2]", "", 0, 0, "one dtype", 0},
    {"[2] [2]", "", 0, 0, "needs bool", 0},      {NULL, NULL, 0, 0, NULL, 0}};

/* op(name, node name, kernel) */
/* clang-format off */
#define LOGICALS(op)                           \
    op(logical_and, "LogicalAnd", LOGICAL_AND) \
    op(logical_or, "LogicalOr", LOGICAL_OR)    \
    op(logical_xor, "LogicalXor", LOGICAL_XOR)
/* clang-format on */

extern const tare_op_def tare_logical_ops[];

#define PLACE(name, node, which) AT_##name,
enum { LOGICALS(PLACE) AT_END };
#define FUNCTIONS(name, node, which)                                                               \
    TARE_BINARY_FUNCTIONS(name, which, tare_logical_ops, tare_prepare_plain_binary)
LOGICALS(FUNCTIONS)
#define DEF(name_, node, which)                                                                    \
    [AT_##name_] = {.name = #name_,                                                                \
                    .node_name = node,                                                             \
                    .min_inputs = 2,                                                               \
                    .max_inputs = 2,                                                               \
                    .output_count = 1,                                                             \
                    .infer = name_##_infer,                                                        \
                    .prepare = name_##_prepare,                                                    \
                    .run = tare_binary_step,                                                       \
                    .can = &tare_elementwise_can,                                                  \
                    .examples = examples_of_all},
const tare_op_def tare_logical_ops[] = {LOGICALS(DEF)[AT_END] = {.name = NULL}};
