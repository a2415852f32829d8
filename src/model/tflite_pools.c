/* SPDX-License-Identifier: Apache-2.0 */
/* Pools and means of .tflite models. */
#include "base/status.h"
#include "base/text.h"
#include "model/tflite_kinds.h"
#include "op/int8.h"
#include <tare/op.h>

/* No network pools more; what a broken file asks for would take for ever. */
#define MOST_WINDOW INT64_C(4096)

static tare_status check_window(const tare_tflite_import *import, const tare_tflite_operator *op,
                                tare_list ksize) {
    char got[96];
    if (ksize.values[0] >= 1 && ksize.values[1] >= 1 && ksize.values[0] <= MOST_WINDOW &&
        ksize.values[1] <= MOST_WINDOW)
        return TARE_OK;
    tare_print(got, sizeof got, "a window of %lld x %lld", (long long)ksize.values[0],
               (long long)ksize.values[1]);
    return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, got, "1 to 4096 on each side");
}

/* Whole numbers keep their scale. */
static tare_status check_same_scale(const tare_tflite_import *import,
                                    const tare_tflite_operator *op, tare_tflite_scale *scale) {
    tare_tflite_scale x;
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_operand_array(import, op, 0), &x));
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_output_array(import, op), scale));
    if (x.scale == scale->scale && x.zero == scale->zero) return TARE_OK;
    return tare_tflite_refuse(import, op, TARE_ERROR_FORMAT, "another scale than the input's",
                              "the same scale and zero point");
}

static tare_status build_pool(tare_tflite_import *import, const tare_tflite_operator *op,
                              bool averages) {
    tare_int8_pool_options options = {TARE_INT8_POOL_DEFAULTS};
    const int activation = (int)tare_tflite_option(op, "activation");
    tare_tflite_scale y;
    tare_tflite_bounds bounds;
    tare_tensor x;
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    TARE_TRY(tare_tflite_operand(import, op, 0, &x));
    TARE_TRY(tare_tflite_windows(import, op, &options.padding, &options.strides));
    options.ksize = TARE_LIST((int64_t)tare_tflite_option(op, "filter_h"),
                              (int64_t)tare_tflite_option(op, "filter_w"));
    TARE_TRY(check_window(import, op, options.ksize));
    if (!whole) {
        tare_nn_pool_options pool = {TARE_NN_POOL_DEFAULTS};
        pool.ksize = options.ksize;
        pool.strides = options.strides;
        pool.padding = options.padding;
        tare_tensor pooled =
            averages ? tare_nn_avg_pool2d_with(x, &pool) : tare_nn_max_pool2d_with(x, &pool);
        TARE_TRY(tare_tflite_activate(import, op, activation, &pooled));
        return tare_tflite_set_output(import, op, pooled);
    }
    TARE_TRY(check_same_scale(import, op, &y));
    TARE_TRY(tare_tflite_bounds_of(import, op, activation, y, &bounds));
    options.least = bounds.least;
    options.most = bounds.most;
    options.halves_up = tare_tflite_operand_array(import, op, 0)->told.dtype == TARE_UINT8;
    const char *kind = averages ? "int8_average_pool" : "int8_max_pool";
    return tare_tflite_set_output(import, op, tare_build(import->graph, kind, &x, 1, &options));
}

TARE_TFLITE_BUILDER(max_pool) { return build_pool(import, op, false); }
TARE_TFLITE_BUILDER(average_pool) { return build_pool(import, op, true); }

TARE_TFLITE_BUILDER(mean) {
    tare_int8_mean_options options = {TARE_INT8_MEAN_DEFAULTS};
    tare_tflite_scale from, to;
    tare_tensor x;
    bool whole = false;
    TARE_TRY(tare_tflite_numbers(import, op, 0, &whole));
    TARE_TRY(tare_tflite_operand(import, op, 0, &x));
    TARE_TRY(tare_tflite_list(import, op, 1, &options.axis));
    options.keepdims = tare_tflite_option(op, "keep_dims") != 0;
    if (!whole)
        return tare_tflite_set_output(
            import, op, tare_reduce_mean(x, .axis = options.axis, .keepdims = options.keepdims));
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_operand_array(import, op, 0), &from));
    TARE_TRY(tare_tflite_one_scale(import, op, tare_tflite_output_array(import, op), &to));
    options.x_scale = from.scale;
    options.x_zero = from.zero;
    options.y_scale = to.scale;
    options.y_zero = to.zero;
    return tare_tflite_set_output(import, op,
                                  tare_build(import->graph, "int8_mean", &x, 1, &options));
}
