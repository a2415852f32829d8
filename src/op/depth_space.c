/* SPDX-License-Identifier: Apache-2.0 */
/*
 * depth_to_space and space_to_depth: channels of NHWC data as blocks of pixels, and back, b = block
 * size:
 *
 *     depth_to_space  y[n, b i + p, b j + q, c] = x[n, i, j, (b p + q) C + c],  C channels in y
 *     space_to_depth  the way back
 *
 * Each is the other's gradient.
 *
 * Source: TensorFlow r1.15, core/kernels/depthtospace_op.cc, spacetodepth_op.cc.
 */
#include "op/data_format.h"
#include "op/strided.h"
#include <tare/op.h>

extern const tare_op_def tare_depth_space_ops[];
enum { DEPTH_TO_SPACE, SPACE_TO_DEPTH };

#define BLOCK_FIELDS(field)                                                                        \
    field(integer, block_size, 2, "pixels along each side of a block")                             \
        field(choice, data_format, TARE_NHWC, "nhwc, or nchw: channels first")                     \
            field(text, name, NULL, "name of the node")
TARE_OPTIONS(block_options, BLOCK_FIELDS);
#define TARE_TABLE_STRUCT      block_options
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
TARE_OPTION_TABLE(static, block_table, BLOCK_FIELDS);
#undef TARE_TABLE_STRUCT

#define TARE_TABLE_STRUCT tare_depth_space_options
TARE_OPTION_TABLE(static, depth_space_table, TARE_DEPTH_SPACE_FIELDS);
#undef TARE_TABLE_STRUCT

/* ---- shapes */

enum { LARGEST_BLOCK = 1 << 15 }; /* so that its square is a channel count */

static tare_status check(const tare_infer *infer) {
    const block_options *options = infer->options;
    TARE_TRY(tare_infer_rank(infer, 0, 4, "x"));
    if (options->block_size >= 2 && options->block_size <= LARGEST_BLOCK) return TARE_OK;
    char got[64];
    tare_print(got, sizeof got, "block_size %lld", (long long)options->block_size);
    return tare_infer_refuse(infer, TARE_ERROR_ARGUMENT, got, "a block of 2 to 32768 pixels");
}

static int64_t times(int64_t extent, int64_t factor) {
    return extent < 0 ? TARE_ANY : extent * factor;
}
static int64_t part(int64_t extent, int64_t divisor) {
    return extent < 0 ? TARE_ANY : extent / divisor;
}

static tare_status depth_to_space_infer_last(tare_infer *infer) {
    TARE_TRY(check(infer));
    const tare_shape x = infer->inputs[0].shape;
    const int64_t b = ((const block_options *)infer->options)->block_size;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, x};
    tare_shape *y = &infer->outputs[0].shape;
    if (x.rank < 0) return TARE_OK;
    if (x.extents[3] >= 0 && x.extents[3] % (b * b) != 0)
        return tare_infer_refuse_shape(infer, 0, "x", "channels that divide into blocks");
    int64_t product = 0;
    for (int d = 1; d < 3; d++) {
        if (x.extents[d] >= 0 && !tare_multiply_sizes(x.extents[d], b, &product))
            return tare_infer_refuse_shape(infer, 0, "x", "smaller blocks");
        y->extents[d] = times(x.extents[d], b);
    }
    y->extents[3] = part(x.extents[3], b * b);
    return TARE_OK;
}

static tare_status space_to_depth_infer_last(tare_infer *infer) {
    TARE_TRY(check(infer));
    const tare_shape x = infer->inputs[0].shape;
    const int64_t b = ((const block_options *)infer->options)->block_size;
    infer->outputs[0] = (tare_type){infer->inputs[0].dtype, x};
    tare_shape *y = &infer->outputs[0].shape;
    if (x.rank < 0) return TARE_OK;
    int64_t product = 0;
    for (int d = 1; d < 3; d++) {
        if (x.extents[d] >= 0 && x.extents[d] % b != 0)
            return tare_infer_refuse_shape(infer, 0, "x",
                                           "height and width that divide into blocks");
        y->extents[d] = part(x.extents[d], b);
    }
    if (x.extents[3] >= 0 && !tare_multiply_sizes(x.extents[3], b * b, &product))
        return tare_infer_refuse_shape(infer, 0, "x", "smaller blocks");
    y->extents[3] = times(x.extents[3], b * b);
    return TARE_OK;
}

#define FORMATTED(function)                                                                        \
    static tare_status function##_infer(tare_infer *infer) {                                       \
        const block_options *options = infer->options;                                             \
        return tare_infer_formatted(infer, options->data_format, 1, true, function##_infer_last);  \
    }                                                                                              \
    static tare_status function##_lower(tare_lower *lower) {                                       \
        block_options options = *(const block_options *)lower->options;                            \
        if (options.data_format == TARE_NHWC) return TARE_OK;                                      \
        options.data_format = TARE_NHWC;                                                           \
        return tare_lower_channels_first(lower, #function, &options, 1, true);                     \
    }
FORMATTED(depth_to_space)
FORMATTED(space_to_depth)

/* ---- the step: axes n, i, p, j, q, c */

static tare_status prepare_moves(tare_prepare *prepare, tare_shape deep, bool to_depth) {
    const int64_t b = ((const block_options *)prepare->options)->block_size;
    const int64_t rows = deep.extents[1], columns = deep.extents[2];
    const int64_t channels = deep.extents[3] / (b * b), width = b * columns * channels;
    tare_strided copy = {.rank = 6,
                         .extents = {deep.extents[0], rows, b, columns, b, channels},
                         .to = {b * rows * width, b * width, width, b * channels, channels, 1}};
    const int64_t pixel = b * b * channels, row = columns * pixel;
    const int64_t in_deep[] = {rows * row, row, b * channels, pixel, channels, 1};
    for (int d = 0; d < 6; d++) {
        copy.from[d] = to_depth ? copy.to[d] : in_deep[d];
        if (to_depth) copy.to[d] = in_deep[d];
    }
    return tare_prepare_strided(prepare, &copy);
}

static tare_status depth_to_space_prepare(tare_prepare *prepare) {
    return prepare_moves(prepare, prepare->inputs[0].shape, false);
}
static tare_status space_to_depth_prepare(tare_prepare *prepare) {
    return prepare_moves(prepare, prepare->outputs[0].shape, true);
}

/* ---- gradients */

static tare_status depth_to_space_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_build_node(NULL, &tare_depth_space_ops[SPACE_TO_DEPTH], NULL,
                                            g->output_gradients, 1, g->options);
    return TARE_OK;
}
static tare_status space_to_depth_gradient(tare_gradient *g) {
    g->input_gradients[0] = tare_build_node(NULL, &tare_depth_space_ops[DEPTH_TO_SPACE], NULL,
                                            g->output_gradients, 1, g->options);
    return TARE_OK;
}

/* ---- the family */

enum { MOVES = TARE_EXAMPLE_NO_GRADIENT };
static const tare_example depth_to_space_examples[] = {
    {"[1,2,3,8]", "block_size=2", 0, 0, NULL, 0},
    {"[2,1,2,9]", "block_size=3", 0, 0, NULL, 0},
    {"[0,2,3,8]", "block_size=2", 0, 0, NULL, 0},
    {"[1,8,2,3]", "block_size=2,data_format=nchw", 0, 0, NULL, 0},
    {"uint8[1,2,1,4]", "block_size=2", 0, 9, NULL, MOVES},
    {"[1,2,3,6]", "block_size=2", 0, 0, "channels that divide", 0},
    {"[1,2,3,8]", "block_size=1", 0, 0, "2 to 32768", 0},
    {"[2,3,8]", "block_size=2", 0, 0, "rank 4", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example space_to_depth_examples[] = {
    {"[2,4,6,3]", "block_size=2", 0, 0, NULL, 0},
    {"[1,3,6,1]", "block_size=3", 0, 0, NULL, 0},
    {"[2,0,6,3]", "block_size=2", 0, 0, NULL, 0},
    {"[2,3,4,6]", "block_size=2,data_format=nchw", 0, 0, NULL, 0},
    {"bool[1,2,2,2]", "block_size=2", 0, 0, NULL, MOVES},
    {"[2,4,5,3]", "block_size=2", 0, 0, "height and width", 0},
    {"[2,4,6,3]", "block_size=0", 0, 0, "2 to 32768", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define BLOCK_OP(function, node)                                                                   \
    {                                                                                              \
        .name = #function, .node_name = node, .table = &block_table, .min_inputs = 1,              \
        .max_inputs = 1, .output_count = 1, .infer = function##_infer,                             \
        .gradient = function##_gradient, .lower = function##_lower, .prepare = function##_prepare, \
        .run = tare_strided_step, .examples = function##_examples                                  \
    }

const tare_op_def tare_depth_space_ops[] = {
    [DEPTH_TO_SPACE] = BLOCK_OP(depth_to_space, "DepthToSpace"),
    [SPACE_TO_DEPTH] = BLOCK_OP(space_to_depth, "SpaceToDepth"),
    {.name = NULL},
};

static tare_tensor build(int op, tare_tensor x, int64_t block_size,
                         const tare_depth_space_options *options) {
    block_options all = {TARE_DEFAULTS(block_options, BLOCK_FIELDS)};
    tare_depth_space_options given;
    tare_options_adopt(&depth_space_table, options, &given);
    all.block_size = block_size;
    all.data_format = given.data_format;
    all.name = given.name;
    return tare_build_node(NULL, &tare_depth_space_ops[op], NULL, &x, 1, &all);
}

tare_tensor tare_depth_to_space_with(tare_tensor x, int64_t block_size,
                                     const tare_depth_space_options *options) {
    return build(DEPTH_TO_SPACE, x, block_size, options);
}

tare_tensor tare_space_to_depth_with(tare_tensor x, int64_t block_size,
                                     const tare_depth_space_options *options) {
    return build(SPACE_TO_DEPTH, x, block_size, options);
}
