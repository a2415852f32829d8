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
/* What prepare chooses from; also a def's run. */
tare_status tare_unary_step(const tare_run *run);
tare_status tare_binary_step(const tare_run *run);

#endif
