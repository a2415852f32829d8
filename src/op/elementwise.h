/* SPDX-License-Identifier: Apache-2.0 */
/* Infer and prepare of elementwise ops, for every function of kernel/elementwise.h. */
#ifndef TARE_SRC_OP_ELEMENTWISE_H
#define TARE_SRC_OP_ELEMENTWISE_H

#include "kernel/elementwise.h"
#include "op/rules.h"

tare_status tare_infer_unary(tare_infer *infer, tare_unary which);
tare_status tare_prepare_unary(tare_prepare *prepare, tare_unary which, double parameter);
/* Broadcasts. */
tare_status tare_infer_binary(tare_infer *infer, tare_binary which);
/* Both inputs have one shape. */
tare_status tare_infer_pair(tare_infer *infer, tare_binary which);
tare_status tare_prepare_binary(tare_prepare *prepare, tare_binary which, double parameter);
tare_status tare_prepare_plain_binary(tare_prepare *prepare, tare_binary which);
/* What prepare chooses from; also a def's run. */
tare_status tare_unary_step(const tare_run *run);
tare_status tare_binary_step(const tare_run *run);

/*
 * Infer, prepare and the public function of the op `name`, which is the function `which` of the
 * kernels alone and stands at AT_name of its family's `ops`. how: prepares it.
 */
#define TARE_UNARY_FUNCTIONS(name, which, ops)                                                     \
    static tare_status name##_infer(tare_infer *infer) {                                           \
        return tare_infer_unary(infer, TARE_UNARY_##which);                                        \
    }                                                                                              \
    static tare_status name##_prepare(tare_prepare *prepare) {                                     \
        return tare_prepare_unary(prepare, TARE_UNARY_##which, 0);                                 \
    }                                                                                              \
    tare_tensor tare_##name##_with(tare_tensor x, const tare_op_options *options) {                \
        return tare_build_node(NULL, &(ops)[AT_##name], NULL, &x, 1, options);                     \
    }
#define TARE_BINARY_FUNCTIONS(name, which, ops, how)                                               \
    static tare_status name##_infer(tare_infer *infer) {                                           \
        return tare_infer_binary(infer, TARE_BINARY_##which);                                      \
    }                                                                                              \
    static tare_status name##_prepare(tare_prepare *prepare) {                                     \
        return how(prepare, TARE_BINARY_##which);                                                  \
    }                                                                                              \
    tare_tensor tare_##name##_with(tare_tensor x, tare_tensor y, const tare_op_options *options) { \
        const tare_tensor inputs[] = {x, y};                                                       \
        return tare_build_node(NULL, &(ops)[AT_##name], NULL, inputs, 2, options);                 \
    }

#endif
