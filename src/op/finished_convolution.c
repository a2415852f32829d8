/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finished_convolution(x, filter, bias?, addend?) and pack_filter(filter), for shapes whose kernel
 * carries riders (kernel/convolution_riders.h); see op/finished.h.
 */
#include "op/finished.h"

#include "kernel/convolution_geometry.h"
#include "kernel/convolution_riders.h"
#include "op/data_format.h"

#define TARE_WORDS_padding     TARE_PADDING_WORDS
#define TARE_WORDS_data_format TARE_DATA_FORMAT_WORDS
#define TARE_TABLE_STRUCT      tare_finished_convolution_options
TARE_OPTION_TABLE(static, finished_table, TARE_FINISHED_CONVOLUTION_FIELDS);
#undef TARE_TABLE_STRUCT
#define TARE_TABLE_STRUCT tare_pack_filter_options
TARE_OPTION_TABLE(static, pack_table, TARE_PACK_FILTER_FIELDS);
#undef TARE_TABLE_STRUCT

/* The options that make a convolution, from one struct that has them to another. */
#define COPY_CONVOLUTION(to, from)                                                                 \
    (to)->strides = (from)->strides, (to)->padding = (from)->padding,                              \
    (to)->dilations = (from)->dilations, (to)->before = (from)->before,                            \
    (to)->after = (from)->after, (to)->groups = (from)->groups

static tare_list list_of(tare_shape shape) {
    tare_list list = {.count = shape.rank};
    for (int d = 0; d < shape.rank; d++) list.values[d] = shape.extents[d];
    return list;
}
static tare_shape shape_of(tare_list list) {
    tare_shape shape = {.rank = list.count};
    for (int d = 0; d < list.count; d++) shape.extents[d] = list.values[d];
    return shape;
}

/* ---- finished_convolution */

static tare_shape filter_of(const tare_finished_convolution_options *options, tare_shape input) {
    return options->filter.count > 0 ? shape_of(options->filter) : input;
}

static tare_nn_conv_options convolution_options(const tare_finished_convolution_options *options) {
    tare_nn_conv_options plain = {TARE_NN_CONV_DEFAULTS};
    COPY_CONVOLUTION(&plain, options);
    return plain;
}

static tare_status finished_infer(tare_infer *infer) {
    const tare_finished_convolution_options *options = infer->options;
    const tare_nn_conv_options plain = convolution_options(options);
    const tare_shape filter = filter_of(options, infer->inputs[FINISHED_WEIGHTS].shape);
    infer->outputs[0].dtype = infer->inputs[FINISHED_X].dtype;
    return tare_infer_convolution(infer, &plain, infer->inputs[FINISHED_X].shape, filter,
                                  &infer->outputs[0].shape);
}

typedef struct finished {
    tare_convolution convolution; /* first: what tare_convolution_flops reads */
    tare_ending ending;
    bool packed;
} finished;

static tare_status finished_step(const tare_run *run) {
    const finished *state = run->state;
    tare_ending ending = state->ending;
    ending.addend = run->inputs[FINISHED_ADDEND];
    const float *weights = run->inputs[FINISHED_WEIGHTS];
    const tare_riders riders = {.ending = &ending, .packed = state->packed ? weights : NULL};
    tare_convolution_forward_riding_f32(&state->convolution, run->inputs[FINISHED_X], weights,
                                        run->inputs[FINISHED_BIAS], run->outputs[0], &riders,
                                        run->scratch, run->pool);
    return TARE_OK;
}

static tare_status finished_prepare(tare_prepare *prepare) {
    const tare_finished_convolution_options *options = prepare->options;
    const tare_nn_conv_options plain = convolution_options(options);
    const tare_shape filter = filter_of(options, prepare->inputs[FINISHED_WEIGHTS].shape);
    finished state = {.packed = options->filter.count > 0};
    state.convolution = tare_convolution_of(&plain, prepare->inputs[FINISHED_X].shape, filter,
                                            prepare->outputs[0].shape);
    const tare_riding riding = tare_convolution_forward_riding(&state.convolution, false);
    const int64_t spared = state.packed ? riding.packed * (int64_t)sizeof(float) : 0;
    prepare->scratch_bytes = riding.scratch - spared;
    prepare->flops = tare_convolution_flops(&state.convolution);
    tare_prepare_finish(prepare, options->low, options->high, &state.ending);
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ---- pack_filter */

static tare_status pack_convolution(const tare_infer *infer,
                                    const tare_pack_filter_options *options, tare_shape filter,
                                    tare_convolution *c) {
    tare_nn_conv_options plain = {TARE_NN_CONV_DEFAULTS};
    tare_shape y;
    COPY_CONVOLUTION(&plain, options);
    TARE_TRY(tare_infer_convolution(infer, &plain, shape_of(options->x), filter, &y));
    *c = tare_convolution_of(&plain, shape_of(options->x), filter, y);
    return TARE_OK;
}

static tare_status pack_infer(tare_infer *infer) {
    tare_convolution c;
    TARE_TRY(pack_convolution(infer, infer->options, infer->inputs[0].shape, &c));
    const int64_t numbers = tare_convolution_forward_riding(&c, false).packed;
    infer->outputs[0] = (tare_type){TARE_FLOAT32, TARE_SHAPE(numbers)};
    return TARE_OK;
}

static tare_status pack_step(const tare_run *run) {
    tare_convolution_pack_f32(run->state, run->inputs[0], run->outputs[0], run->pool);
    return TARE_OK;
}

static tare_status pack_prepare(tare_prepare *prepare) {
    const tare_infer infer = {.op = prepare->op, .node = prepare->node, .error = prepare->error};
    tare_convolution c;
    TARE_TRY(pack_convolution(&infer, prepare->options, prepare->inputs[0].shape, &c));
    return tare_prepare_state(prepare, &c, sizeof c);
}

/* ---- made from convolutions, finished before or not */

/* Options as those of a finished convolution; false: its kernel cannot finish. */
static bool finishes(const tare_lower *node, tare_value result,
                     tare_finished_convolution_options *options) {
    const tare_type *x = node->type(node, node->inputs[FINISHED_X]);
    const tare_shape w = node->type(node, node->inputs[FINISHED_WEIGHTS])->shape;
    const tare_shape y = node->type(node, result)->shape;
    const tare_nn_conv_options plain = convolution_options(options);
    if (x->dtype != TARE_FLOAT32) return false;
    const tare_convolution c = tare_convolution_of(&plain, x->shape, filter_of(options, w), y);
    return tare_convolution_forward_riding(&c, false).possible;
}

static tare_status absorb_finish(tare_lower *node, const tare_finish *finish,
                                 tare_finished_convolution_options *options) {
    tare_value inputs[FINISHED_INPUTS];
    if (!finishes(node, finish->made, options) ||
        !tare_finish_joins(node, finish, &options->low, &options->high))
        return TARE_OK;
    tare_finished_inputs(node, finish->addend, inputs);
    return node->emit(node, "finished_convolution", options, inputs, FINISHED_INPUTS, node->outputs,
                      1);
}

static tare_status pack_weights(tare_lower *node, tare_value result,
                                tare_finished_convolution_options *options) {
    tare_pack_filter_options pack = {
        TARE_DEFAULTS(tare_pack_filter_options, TARE_PACK_FILTER_FIELDS)};
    tare_value inputs[FINISHED_INPUTS];
    if (options->filter.count > 0 || !finishes(node, result, options)) return TARE_OK;
    tare_finished_inputs(node, TARE_NO_VALUE, inputs);
    COPY_CONVOLUTION(&pack, options);
    pack.x = list_of(node->type(node, inputs[FINISHED_X])->shape);
    options->filter = list_of(node->type(node, inputs[FINISHED_WEIGHTS])->shape);
    const tare_value weights = inputs[FINISHED_WEIGHTS];
    TARE_TRY(node->emit(node, "pack_filter", &pack, &weights, 1, &inputs[FINISHED_WEIGHTS], 1));
    return node->emit(node, "finished_convolution", options, inputs, FINISHED_INPUTS, node->outputs,
                      1);
}

static tare_finished_convolution_options options_of(const tare_lower *node) {
    const tare_nn_conv_options *plain = node->options;
    tare_finished_convolution_options options = {
        TARE_DEFAULTS(tare_finished_convolution_options, TARE_FINISHED_CONVOLUTION_FIELDS)};
    COPY_CONVOLUTION(&options, plain);
    return options;
}

tare_status tare_convolution_absorb_finish(tare_lower *node, const tare_finish *finish) {
    tare_finished_convolution_options options = options_of(node);
    return absorb_finish(node, finish, &options);
}
tare_status tare_convolution_pack_weights(tare_lower *node, tare_value result) {
    tare_finished_convolution_options options = options_of(node);
    return pack_weights(node, result, &options);
}

static tare_status finished_absorb_finish(tare_lower *node, const tare_finish *finish) {
    tare_finished_convolution_options options =
        *(const tare_finished_convolution_options *)node->options;
    return absorb_finish(node, finish, &options);
}
static tare_status finished_pack_weights(tare_lower *node, tare_value result) {
    tare_finished_convolution_options options =
        *(const tare_finished_convolution_options *)node->options;
    return pack_weights(node, result, &options);
}

static const tare_capabilities finished_can = {.absorb_finish = finished_absorb_finish,
                                               .pack_weights = finished_pack_weights};

const tare_op_def tare_finished_convolution_ops[] = {
    {.name = "finished_convolution",
     .node_name = "FinishedConvolution",
     .table = &finished_table,
     .min_inputs = FINISHED_INPUTS,
     .max_inputs = FINISHED_INPUTS,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .optional = 1u << FINISHED_BIAS | 1u << FINISHED_ADDEND,
     .infer = finished_infer,
     .prepare = finished_prepare,
     .run = finished_step,
     .can = &finished_can},
    {.name = "pack_filter",
     .node_name = "PackFilter",
     .table = &pack_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .infer = pack_infer,
     .prepare = pack_prepare,
     .run = pack_step},
    {.name = NULL},
};
