/* SPDX-License-Identifier: Apache-2.0 */
/* Ops resize_nearest_neighbor and resize_bilinear: their options, as ops and models use them. */
#ifndef TARE_SRC_OP_RESIZE_H
#define TARE_SRC_OP_RESIZE_H

#include <tare/op.h>

#define TARE_RESIZE_NODE_FIELDS(field)                                                             \
    field(list, size, TARE_NO_LIST, "height and width of the result")                              \
        field(boolean, align_corners, false, "corner pixels keep their places")                    \
            field(boolean, half_pixel_centers, false, "pixels are read at their centers")          \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(tare_resize_node_options, TARE_RESIZE_NODE_FIELDS);

#endif
