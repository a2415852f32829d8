/* SPDX-License-Identifier: Apache-2.0 */
/* Op "moving_range": inputs x, min, max, count; outputs the last three after this batch. */
#ifndef TARE_SRC_OP_MOVING_RANGE_H
#define TARE_SRC_OP_MOVING_RANGE_H

#include "graph/op.h"

/* clang-format off */
#define TARE_MOVING_RANGE_FIELDS(field)                                                           \
    field(real, decay, .999, "weight of the old value, below 1")                                  \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_moving_range_options, TARE_MOVING_RANGE_FIELDS);
#define TARE_MOVING_RANGE_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_moving_range_options, TARE_MOVING_RANGE_FIELDS)

enum { TARE_MOVING_RANGE_X, TARE_MOVING_RANGE_MIN, TARE_MOVING_RANGE_MAX, TARE_MOVING_RANGE_COUNT };

#endif
