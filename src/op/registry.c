/* SPDX-License-Identifier: Apache-2.0 */
/* Every op there is: one line per family. */
#include "graph/op.h"

extern const tare_op_def tare_graph_ops[];
extern const tare_op_def tare_apply_ops[], tare_assign_mul_ops[], tare_constrain_ops[];
extern const tare_op_def tare_update_average_ops[], tare_schedule_ops[];
extern const tare_op_def tare_batch_norm_ops[], tare_batch_norm_gradient_ops[];
extern const tare_op_def tare_batch_normalization_ops[], tare_moments_ops[], tare_statistics_ops[];
extern const tare_op_def tare_moving_average_ops[], tare_normalisation_steps[];

const tare_op_def *const tare_op_families[] = {
    tare_graph_ops,
    tare_apply_ops,
    tare_assign_mul_ops,
    tare_constrain_ops,
    tare_update_average_ops,
    tare_schedule_ops,
    tare_batch_norm_ops,
    tare_batch_norm_gradient_ops,
    tare_batch_normalization_ops,
    tare_moments_ops,
    tare_statistics_ops,
    tare_moving_average_ops,
    tare_normalisation_steps,
    NULL,
};
