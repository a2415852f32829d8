/* SPDX-License-Identifier: Apache-2.0 */
/* Every op there is: one line per family. */
#include "graph/op.h"

extern const tare_op_def tare_graph_ops[];

const tare_op_def *const tare_op_families[] = {
    tare_graph_ops,
    NULL,
};
