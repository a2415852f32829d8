/* SPDX-License-Identifier: Apache-2.0 */
/* What the ops that change variables after a step take: updates, averages, constraints. */
#ifndef TARE_SRC_OP_UPDATE_H
#define TARE_SRC_OP_UPDATE_H

#include "graph/op.h"

/*
 * Ops "apply_RULE", RULE one of kernel/update.h. Inputs: variable, gradient, slots, then the
 * rule's numbers as floating scalars; variable and slots are written. No outputs.
 */
/* clang-format off */
#define TARE_APPLY_FIELDS(field)                                                                   \
    field(integer, owner, 0, "node of the optimiser that the update belongs to")                   \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_apply_options, TARE_APPLY_FIELDS);
#define TARE_APPLY_DEFAULTS TARE_DEFAULTS(tare_apply_options, TARE_APPLY_FIELDS)

/* Positions of an apply op's inputs. */
enum { TARE_APPLY_VARIABLE, TARE_APPLY_GRADIENT, TARE_APPLY_SLOTS };

/*
 * Op "update_average": inputs shadow, value, decay, then what is optional: number of updates,
 * biased average, its count of steps. Shadow, biased and count are written. No outputs.
 */
/* clang-format off */
#define TARE_UPDATE_AVERAGE_FIELDS(field)                                                          \
    field(integer, owner, 0, "node of the moving average that the update belongs to")              \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_update_average_options, TARE_UPDATE_AVERAGE_FIELDS);
#define TARE_UPDATE_AVERAGE_DEFAULTS                                                               \
    TARE_DEFAULTS(tare_update_average_options, TARE_UPDATE_AVERAGE_FIELDS)

enum {
    TARE_AVERAGE_SHADOW,
    TARE_AVERAGE_VALUE,
    TARE_AVERAGE_DECAY,
    TARE_AVERAGE_UPDATES,
    TARE_AVERAGE_BIASED,
    TARE_AVERAGE_STEPS,
    TARE_AVERAGE_INPUTS
};

/* Op "constrain": input variable, which is written. No outputs. */
/* clang-format off */
#define TARE_CONSTRAIN_FIELDS(field)                                                               \
    field(constraint, constraint, TARE_NO_CONSTRAINT, "what the variable must satisfy")            \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_constrain_options, TARE_CONSTRAIN_FIELDS);
#define TARE_CONSTRAIN_DEFAULTS TARE_DEFAULTS(tare_constrain_options, TARE_CONSTRAIN_FIELDS)

/* Op "assign_mul": variable *= value, a scalar of its dtype; both inputs scalars. No outputs. */

extern const tare_op_def tare_apply_ops[], tare_update_average_ops[], tare_constrain_ops[],
    tare_assign_mul_ops[];

/* A floating scalar as a double, which holds both types exactly. */
static inline double tare_read_scalar(const void *number, tare_dtype dtype) {
    return dtype == TARE_FLOAT64 ? *(const double *)number : (double)*(const float *)number;
}

#endif
