/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution, depthwise convolution and dense layer of whole numbers. Each lowers to the
 * multipliers of its scales and to packed weights, which a plan makes once, and a step of its own:
 *
 *     factor[f] = x_scale weights_scale[f] / y_scale
 *     y = y_zero + factor (bias + sum of (x - x_zero) (w - w_zero)), within least..most
 *
 * (kernel/int8_product.h.) w_zero is 0 in int8 models; weights of uint8 ones have one. TensorFlow
 * Lite multiplies the scales of x and weights in double, but in float for dense layers and for
 * uint8. Its uint8 matrix products (all but depthwise) round halves up where the factor is applied,
 * not away from 0.
 *
 * Source: TensorFlow Lite, kernels/conv.cc, depthwise_conv.cc, fully_connected.cc, kernel_util.cc.
 */
#include "kernel/int8_product.h"

#include "kernel/convolution_geometry.h"
#include "kernel/fixed_point.h"
#include "op/int8.h"

#define TARE_TABLE_STRUCT  tare_int8_product_options
#define TARE_WORDS_padding TARE_PADDING_WORDS
TARE_OPTION_TABLE(static, product_table, TARE_INT8_PRODUCT_FIELDS);
#undef TARE_TABLE_STRUCT

enum { X, WEIGHTS, SCALE, BIAS, INPUTS };
enum { PACKED = SCALE, STEP_INPUTS }; /* what the step has; of its weights the shape only */

/* ------------------------------------------------------------------------------------- shapes */

/* What differs: results of weights [..], and where its numbers lie. */
typedef struct product_form {
    int rank;     /* of x and weights */
    int results;  /* axis of the weights */
    bool windows; /* axes 1 and 2 of both are spatial */
} product_form;
static const product_form conv_form = {4, 0, true}, depthwise_form = {4, 3, true},
                          dense_form = {2, 0, false};

static tare_int8_windows windows_of(const tare_int8_product_options *o, tare_shape weights) {
    return (tare_int8_windows){.strides = o->strides,
                               .dilations = o->dilations,
                               .padding = o->padding,
                               .window = {weights.extents[1], weights.extents[2]}};
}

static tare_status check_channels(const tare_infer *infer, const product_form *form) {
    const tare_shape x = infer->inputs[X].shape, w = infer->inputs[WEIGHTS].shape;
    const int64_t results = w.extents[form->results];
    if (results < 1 || w.extents[w.rank - 1] < 1)
        return tare_infer_refuse_shape(infer, WEIGHTS, "weights", "channels on both sides");
    if (x.rank < 0 || x.extents[x.rank - 1] < 0) return TARE_OK;
    const int64_t channels = x.extents[x.rank - 1], depth = w.extents[w.rank - 1];
    if (form->results == w.rank - 1) {
        if (w.extents[0] == 1 && channels > 0 && results % channels == 0) return TARE_OK;
        return tare_infer_refuse_shapes(infer, X, WEIGHTS,
                                        "weights [1, H, W, C M] for C channels of x");
    }
    const bool whole = form->windows ? channels > 0 && channels % depth == 0 : channels == depth;
    if (whole && results % (channels / depth) == 0) return TARE_OK;
    return tare_infer_refuse_shapes(infer, X, WEIGHTS,
                                    "channels of x that the weights' last axis divides, and "
                                    "filters that divide into as many groups");
}

static tare_status check_per_result(const tare_infer *infer, int i, const char *what,
                                    int64_t results, bool one_for_all) {
    const tare_shape shape = infer->inputs[i].shape;
    char need[96];
    TARE_TRY(tare_infer_rank(infer, i, 1, what));
    const int64_t count = shape.rank == 1 ? shape.extents[0] : TARE_ANY;
    if (count == TARE_ANY || count == results || (one_for_all && count == 1)) return TARE_OK;
    tare_print(need, sizeof need, "%lld numbers%s", (long long)results,
               one_for_all ? ", or 1" : "");
    return tare_infer_refuse_shape(infer, i, what, need);
}

static bool has_bias(const tare_infer *infer) {
    return infer->input_count > BIAS && infer->inputs[BIAS].dtype != TARE_DTYPE_NONE;
}

static tare_status check_inputs(const tare_infer *infer, const product_form *form) {
    TARE_TRY(tare_infer_exact_dtype(infer, X, "x", TARE_INT8));
    TARE_TRY(tare_infer_exact_dtype(infer, WEIGHTS, "weights", TARE_INT8));
    TARE_TRY(tare_infer_rank(infer, X, form->rank, "x"));
    TARE_TRY(tare_infer_rank(infer, WEIGHTS, form->rank, "weights"));
    if (has_bias(infer)) TARE_TRY(tare_infer_exact_dtype(infer, BIAS, "bias", TARE_INT32));
    const tare_shape w = infer->inputs[WEIGHTS].shape;
    if (!tare_shape_known(w)) return TARE_OK;
    TARE_TRY(check_channels(infer, form));
    if (!has_bias(infer)) return TARE_OK;
    return check_per_result(infer, BIAS, "bias", w.extents[form->results], false);
}

static tare_status infer_result(tare_infer *infer, const product_form *form) {
    const tare_int8_product_options *o = infer->options;
    const tare_shape x = infer->inputs[X].shape, w = infer->inputs[WEIGHTS].shape;
    const int64_t batch = x.rank < 0 ? TARE_ANY : x.extents[0];
    tare_shape y = {.rank = form->rank, .extents = {batch, TARE_ANY, TARE_ANY, TARE_ANY}};
    infer->outputs[0] = (tare_type){TARE_INT8, y};
    if (!tare_shape_known(w)) return TARE_OK;
    if (form->windows) {
        const tare_int8_windows windows = windows_of(o, w);
        TARE_TRY(tare_infer_int8_windows(infer, &windows, &y));
    }
    y.extents[y.rank - 1] = w.extents[form->results];
    infer->outputs[0].shape = y;
    return tare_infer_countable(infer, 0);
}

static tare_status infer_product(tare_infer *infer, const product_form *form) {
    const tare_int8_product_options *o = infer->options;
    TARE_TRY(tare_infer_scale(infer, "x", o->x_scale, o->x_zero));
    TARE_TRY(tare_infer_scale(infer, "weights", 1, o->w_zero));
    TARE_TRY(tare_infer_scale(infer, "the result", o->y_scale, o->y_zero));
    TARE_TRY(tare_infer_bounds(infer, o->least, o->most));
    TARE_TRY(check_inputs(infer, form));
    TARE_TRY(tare_infer_floating(infer, SCALE, "weights_scale"));
    const tare_shape w = infer->inputs[WEIGHTS].shape;
    if (tare_shape_known(w))
        TARE_TRY(check_per_result(infer, SCALE, "weights_scale", w.extents[form->results], true));
    return infer_result(infer, form);
}

static tare_status infer_step(tare_infer *infer, const product_form *form) {
    return infer_result(infer, form);
}

/* -------------------------------------------------------------------------------------- steps */

static tare_status product_step(const tare_run *run) {
    tare_int8_product_run(run->state, run->inputs[X], run->inputs[PACKED], run->outputs[0],
                          run->scratch, run->pool);
    return TARE_OK;
}

static tare_convolution dense_geometry(tare_shape x, tare_shape w) {
    return (tare_convolution){.batch = x.extents[0],
                              .channels = x.extents[1],
                              .filters = w.extents[0],
                              .groups = 1,
                              .in = {1, 1, 1},
                              .out = {1, 1, 1},
                              .kernel = {1, 1, 1},
                              .stride = {1, 1, 1},
                              .dilation = {1, 1, 1}};
}

/* Groups of c, and where the weights lie. */
static void place_weights(tare_int8_product *p, tare_shape w, bool depthwise) {
    const int64_t depth = w.extents[w.rank - 1];
    p->c.groups = depthwise ? p->c.channels : p->c.channels / depth;
    p->filter_step = depthwise ? 1 : tare_extents_product(w, 1, w.rank);
    p->tap_step = depth;
}

static tare_status prepare_step(tare_prepare *prepare, const product_form *form) {
    const tare_int8_product_options *o = prepare->options;
    const tare_shape x = prepare->inputs[X].shape, w = prepare->inputs[WEIGHTS].shape;
    tare_int8_product p = {.x_zero = (int32_t)o->x_zero,
                           .w_zero = (int32_t)o->w_zero,
                           .y_zero = (int32_t)o->y_zero,
                           .halves_up = o->uint8 && form->results != w.rank - 1,
                           .least = (int32_t)o->least,
                           .most = (int32_t)o->most};
    const tare_int8_windows windows = windows_of(o, w);
    p.c = form->windows ? tare_int8_geometry(&windows, x, prepare->outputs[0].shape)
                        : dense_geometry(x, w);
    place_weights(&p, w, form->results == w.rank - 1);
    prepare->flops = tare_convolution_flops(&p.c);
    prepare->scratch_bytes = tare_int8_product_scratch(&p);
    return tare_prepare_state(prepare, &p, sizeof p);
}

/* -------------------------------------------------------------------------------- multipliers */

/* Op int8_multipliers: weights_scale -> int32 [2, results], multipliers and shifts. */
#define MULTIPLIERS_FIELDS(field)                                                                  \
    field(real, x_scale, 1, "scale of x") field(real, y_scale, 1, "scale of the result")           \
        field(boolean, float_scale, false, "scale of x times weights rounds to float32")           \
            field(integer, results, 1, "channels of the result")                                   \
                field(text, name, NULL, "name of the node")
TARE_OPTIONS(multipliers_options, MULTIPLIERS_FIELDS);
#define TARE_TABLE_STRUCT multipliers_options
TARE_OPTION_TABLE(static, multipliers_table, MULTIPLIERS_FIELDS);
#undef TARE_TABLE_STRUCT

typedef struct multipliers_state {
    double x_scale, y_scale;
    int64_t results;
    bool one_for_all, float_scale;
} multipliers_state;

static tare_status multipliers_infer(tare_infer *infer) {
    const multipliers_options *o = infer->options;
    infer->outputs[0] = (tare_type){TARE_INT32, TARE_SHAPE(2, o->results)};
    return TARE_OK;
}

#define MULTIPLIERS_STEP(NUMBER, T)                                                                \
    static tare_status multipliers_##T##_step(const tare_run *run) {                               \
        const multipliers_state *state = run->state;                                               \
        const NUMBER *scale = run->inputs[0];                                                      \
        int32_t *out = run->outputs[0];                                                            \
        for (int64_t i = 0; i < state->results; i++) {                                             \
            double product = state->x_scale * (double)scale[state->one_for_all ? 0 : i];           \
            if (state->float_scale) product = (double)(float)product;                              \
            const tare_multiplier by = tare_multiplier_of(product / state->y_scale);               \
            out[i] = by.multiplier;                                                                \
            out[state->results + i] = by.shift;                                                    \
        }                                                                                          \
        return TARE_OK;                                                                            \
    }
MULTIPLIERS_STEP(float, f32)
MULTIPLIERS_STEP(double, f64)

static tare_status multipliers_prepare(tare_prepare *prepare) {
    const multipliers_options *o = prepare->options;
    const multipliers_state state = {.x_scale = o->x_scale,
                                     .y_scale = o->y_scale,
                                     .results = o->results,
                                     .float_scale = o->float_scale,
                                     .one_for_all = tare_input_count(prepare, 0) == 1};
    if (prepare->inputs[0].dtype == TARE_FLOAT64) prepare->run = multipliers_f64_step;
    return tare_prepare_state(prepare, &state, sizeof state);
}

/* ------------------------------------------------------------------------------------ packing */

/* Op int8_pack: weights, multipliers, bias -> the weights as the kernels read them, bytes. */
enum { PACK_WEIGHTS, PACK_MULTIPLIERS, PACK_BIAS, PACK_INPUTS };
/* clang-format off */
#define PACK_FIELDS(field)                                                                         \
    field(integer, channels, 1, "channels of x")                                                   \
    field(boolean, depthwise, false, "weights lie as [1, H, W, C M]")                              \
    field(integer, dilation, 1, "of the last axis")                                                \
    field(integer, x_zero, 0, "zero of x")                                                         \
    field(integer, w_zero, 0, "zero of the weights")                                               \
    field(boolean, halves_up, false, "round halves up")                                            \
    field(integer, y_zero, 0, "zero of the result")                                                \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(pack_options, PACK_FIELDS);
#define TARE_TABLE_STRUCT pack_options
TARE_OPTION_TABLE(static, pack_table, PACK_FIELDS);
#undef TARE_TABLE_STRUCT

static tare_int8_product packed_product(const pack_options *o, tare_shape w) {
    tare_int8_product p = {.x_zero = (int32_t)o->x_zero,
                           .w_zero = (int32_t)o->w_zero,
                           .halves_up = o->halves_up,
                           .y_zero = (int32_t)o->y_zero};
    p.c = (tare_convolution){.channels = o->channels,
                             .filters = w.extents[o->depthwise ? w.rank - 1 : 0],
                             .kernel = {1, 1, 1},
                             .dilation = {1, 1, o->dilation}};
    for (int axis = 1; axis + 1 < w.rank; axis++) p.c.kernel[axis] = w.extents[axis];
    place_weights(&p, w, o->depthwise);
    return p;
}

static tare_status pack_infer(tare_infer *infer) {
    const tare_int8_product p = packed_product(infer->options, infer->inputs[PACK_WEIGHTS].shape);
    infer->outputs[0] = (tare_type){TARE_INT8, TARE_SHAPE(tare_int8_packed_bytes(&p))};
    return TARE_OK;
}

static tare_status pack_prepare(tare_prepare *prepare) {
    const tare_int8_product p =
        packed_product(prepare->options, prepare->inputs[PACK_WEIGHTS].shape);
    return tare_prepare_state(prepare, &p, sizeof p);
}

static tare_status pack_step(const tare_run *run) {
    const tare_int8_weights weights = {.w = run->inputs[PACK_WEIGHTS],
                                       .multipliers = run->inputs[PACK_MULTIPLIERS],
                                       .bias = run->inputs[PACK_BIAS]};
    tare_int8_pack(run->state, &weights, run->outputs[0]);
    return TARE_OK;
}

/* ----------------------------------------------------------------------------------- lowering */

static tare_status emit_packed(tare_lower *lower, const product_form *form, tare_value *packed) {
    const tare_int8_product_options *given = lower->options;
    const tare_shape x = lower->type(lower, lower->inputs[X])->shape,
                     w = lower->type(lower, lower->inputs[WEIGHTS])->shape;
    multipliers_options scaling = {TARE_DEFAULTS(multipliers_options, MULTIPLIERS_FIELDS)};
    pack_options packing = {TARE_DEFAULTS(pack_options, PACK_FIELDS)};
    tare_value inputs[PACK_INPUTS] = {lower->inputs[WEIGHTS], TARE_NO_VALUE,
                                      tare_given_value(lower, BIAS)};
    int64_t dilations[TARE_SPATIAL];
    tare_spread_spatial(given->dilations, 2, dilations);
    scaling.x_scale = given->x_scale;
    scaling.y_scale = given->y_scale;
    scaling.float_scale = given->uint8 || !form->windows;
    scaling.results = w.extents[form->results];
    packing.channels = x.extents[x.rank - 1];
    packing.depthwise = form->results == w.rank - 1;
    packing.dilation = form->windows ? dilations[TARE_SPATIAL - 1] : 1;
    packing.x_zero = given->x_zero;
    packing.w_zero = given->w_zero;
    packing.halves_up = given->uint8 && !packing.depthwise;
    packing.y_zero = given->y_zero;
    TARE_TRY(lower->emit(lower, "int8_multipliers", &scaling, &lower->inputs[SCALE], 1,
                         &inputs[PACK_MULTIPLIERS], 1));
    return lower->emit(lower, "int8_pack", &packing, inputs, PACK_INPUTS, packed, 1);
}

static tare_status lower_product(tare_lower *lower, const product_form *form, const char *step) {
    tare_value inputs[STEP_INPUTS] = {lower->inputs[X], lower->inputs[WEIGHTS], TARE_NO_VALUE};
    TARE_TRY(emit_packed(lower, form, &inputs[PACKED]));
    return lower->emit(lower, step, lower->options, inputs, STEP_INPUTS, lower->outputs, 1);
}

/* ---------------------------------------------------------------------------------- the family */

#define FORM(form)                                                                                 \
    static tare_status form##_infer(tare_infer *infer) {                                           \
        return infer_product(infer, &form##_form);                                                 \
    }                                                                                              \
    static tare_status form##_step_infer(tare_infer *infer) {                                      \
        return infer_step(infer, &form##_form);                                                    \
    }                                                                                              \
    static tare_status form##_prepare(tare_prepare *prepare) {                                     \
        return prepare_step(prepare, &form##_form);                                                \
    }
FORM(conv)
FORM(depthwise)
FORM(dense)

static tare_status conv_lower(tare_lower *lower) {
    return lower_product(lower, &conv_form, "int8_conv2d_step");
}
static tare_status depthwise_lower(tare_lower *lower) {
    return lower_product(lower, &depthwise_form, "int8_depthwise_conv2d_step");
}
static tare_status dense_lower(tare_lower *lower) {
    return lower_product(lower, &dense_form, "int8_dense_step");
}

#define WHOLE (TARE_EXAMPLE_NO_GRADIENT | TARE_EXAMPLE_NO_NAN) /* a scale of NaN counts as 0 */
static const tare_example conv_examples[] = {
    {"int8[2,5,4,3] int8[4,3,2,3] [4] int32[4]",
     "strides=2,1,padding=same,x_scale=0.1,x_zero=3,y_scale=0.2,y_zero=-5,most=9", -9, 9, NULL,
     WHOLE},
    {"int8[1,4,4,4] int8[6,3,3,2] [1]", "dilations=1", .low = 0, .high = 2, NULL, WHOLE},
    {"int8[0,4,4,1] int8[2,3,3,1] [2]", "", 0, 0, NULL, WHOLE},
    {"int8[1,2,2,1] int8[2,3,3,1] [2]", "", 0, 0, "no smaller than the window", 0},
    {"int8[1,4,4,3] int8[2,3,3,2] [2]", "", 0, 0, "last axis divides", 0},
    {"int8[1,4,4,3] int8[2,3,3,3] [3]", "", 0, 0, "2 numbers, or 1", 0},
    {"int8[1,4,4,3] int8[2,3,3,3] [2] int32[3]", "", 0, 0, "bias", 0},
    {"int8[1,4,4,3] int8[2,3,3,3] [2]", "w_zero=-3,y_scale=0.1", -99, 99, NULL, WHOLE},
    {"int8[1,4,4,3] int8[2,3,3,3] [2]", "w_zero=128", 0, 0, "zero of -128 to 127", 0},
    {"int8[1,4,4,3] int8[2,3,3,3] [2]", "y_scale=0", 0, 0, "scale above 0", 0},
    {"int8[1,4,4,3] int8[2,3,3,3] [2]", "x_zero=200", 0, 0, "zero of -128 to 127", 0},
    {"int8[1,4,4,3] int8[2,3,3,3] [2]", "least=5,most=4", 0, 0, "results of 5 to 4", 0},
    {"int32[1,4,4,3] int8[2,3,3,3] [2]", "", 0, 0, "int8", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example depthwise_examples[] = {
    {"int8[2,5,4,3] int8[1,3,2,6] [6] int32[6]", "padding=same,strides=2", -9, 9, NULL, WHOLE},
    {"int8[1,5,4,3] int8[1,3,2,4] [4]", "", 0, 0, "C M", 0},
    {NULL, NULL, 0, 0, NULL, 0}};
static const tare_example dense_examples[] = {
    {"int8[3,5] int8[2,5] [1] int32[2]", "x_zero=-128,y_zero=7", -9, 9, NULL, WHOLE},
    {"int8[3,5] int8[2,4] [1]", "", 0, 0, "last axis divides", 0},
    {"int8[3,5,1] int8[2,5] [1]", "", 0, 0, "rank 2", 0},
    {NULL, NULL, 0, 0, NULL, 0}};

#define PRODUCT(form, op, node)                                                                    \
    {                                                                                              \
        .name = op, .node_name = node, .table = &product_table, .min_inputs = SCALE + 1,           \
        .max_inputs = INPUTS, .output_count = 1, .optional = 1u << BIAS, .infer = form##_infer,    \
        .no_gradient = "whole numbers have no slope", .lower = form##_lower,                       \
        .examples = form##_examples                                                                \
    }
#define PRODUCT_STEP(form, op, node)                                                               \
    {                                                                                              \
        .name = op "_step", .node_name = node "Step", .table = &product_table,                     \
        .min_inputs = STEP_INPUTS, .max_inputs = STEP_INPUTS, .output_count = 1,                   \
        .shape_only = 1u << WEIGHTS, .flags = TARE_OP_INTERNAL, .infer = form##_step_infer,        \
        .prepare = form##_prepare, .run = product_step                                             \
    }

const tare_op_def tare_int8_product_ops[] = {
    PRODUCT(conv, "int8_conv2d", "Int8Conv2D"),
    PRODUCT(depthwise, "int8_depthwise_conv2d", "Int8DepthwiseConv2D"),
    PRODUCT(dense, "int8_dense", "Int8Dense"),
    PRODUCT_STEP(conv, "int8_conv2d", "Int8Conv2D"),
    PRODUCT_STEP(depthwise, "int8_depthwise_conv2d", "Int8DepthwiseConv2D"),
    PRODUCT_STEP(dense, "int8_dense", "Int8Dense"),
    {.name = "int8_multipliers",
     .node_name = "Int8Multipliers",
     .table = &multipliers_table,
     .min_inputs = 1,
     .max_inputs = 1,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .infer = multipliers_infer,
     .prepare = multipliers_prepare,
     .run = multipliers_f32_step},
    {.name = "int8_pack",
     .node_name = "Int8Pack",
     .table = &pack_table,
     .min_inputs = PACK_BIAS,
     .max_inputs = PACK_INPUTS,
     .output_count = 1,
     .flags = TARE_OP_INTERNAL,
     .optional = 1u << PACK_BIAS,
     .infer = pack_infer,
     .prepare = pack_prepare,
     .run = pack_step},
    {.name = NULL},
};
