/* SPDX-License-Identifier: Apache-2.0 */
/* no_op, which does nothing, and group: a no_op that waits for other operations. */
#include "op/rules.h"
#include <tare/op.h>

static tare_status no_op_infer(tare_infer *infer) {
    infer->output_count = 0;
    return TARE_OK;
}

static tare_status no_op_step(const tare_run *run) {
    (void)run;
    return TARE_OK;
}

const tare_op_def tare_group_ops[] = {
    {.name = "no_op",
     .node_name = "NoOp",
     .min_inputs = 0,
     .max_inputs = 0,
     .output_count = 0,
     .infer = no_op_infer,
     .run = no_op_step},
    {.name = NULL},
};

/* The options' name, or else TensorFlow's for a group. */
tare_tensor tare_group_with(tare_graph *graph, const tare_tensor *operations, size_t count,
                            const tare_op_options *options) {
    if (!graph) graph = tare_graph_of(operations, count);
    if (!graph) return TARE_NULL;
    const char *name = options && options->name ? NULL : "group_deps";
    tare_control_dependencies_begin(graph, operations, count);
    const tare_tensor group = tare_build_node(graph, &tare_group_ops[0], name, NULL, 0, options);
    tare_control_dependencies_end(graph);
    return group;
}
