/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Quantisation: training that sees numbers rounded as whole-number arithmetic will round them.
 */
#ifndef TARE_QUANTISE_H
#define TARE_QUANTISE_H

#include <tare/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------- fake quantisation */

/* clang-format off */
#define TARE_FAKE_QUANT_FIELDS(field)                                                              \
    field(integer, num_bits, 8, "bits of a quantum, 2 to 16")                                      \
    field(boolean, narrow_range, false, "quanta 1..2^num_bits - 1 instead of 0..")                 \
    field(text, name, NULL, "name of the node")
#define TARE_FAKE_QUANT_ARGS_FIELDS(field)                                                         \
    field(real, min, -6, "least number of the range")                                              \
    field(real, max, 6, "greatest number of the range")                                            \
    TARE_FAKE_QUANT_FIELDS(field)
/* clang-format on */
TARE_OPTIONS(tare_fake_quant_options, TARE_FAKE_QUANT_FIELDS);
#define TARE_FAKE_QUANT_DEFAULTS TARE_DEFAULTS(tare_fake_quant_options, TARE_FAKE_QUANT_FIELDS)
TARE_OPTIONS(tare_fake_quant_args_options, TARE_FAKE_QUANT_ARGS_FIELDS);
#define TARE_FAKE_QUANT_ARGS_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_fake_quant_args_options, TARE_FAKE_QUANT_ARGS_FIELDS)

/**
 * Rounds x to the quanta of the range min..max, which is nudged so that 0 is one of them.
 *
 *     scale = (max - min) / (most - least)          least, most: 0 or 1, and 2^num_bits - 1
 *     low   = (least - zero) scale, high = (most - zero) scale     zero: nearest to least - min /
 * scale y     = floor((clip(x, low, high) - low) / scale + 1/2) scale + low
 *
 * min = max = 0 gives 0 for every x.
 *
 * Shapes     min, max: scalars; as x.
 * Gradients  x: dy within low..high, else 0. min: sum of dy below low. max: sum of dy above high.
 * Errors     num_bits outside 2..16.
 * Source     tf.quantization.fake_quant_with_min_max_vars (r1.15), whose dtype is float32 alone.
 */
TARE_API tare_tensor tare_fake_quant_with_min_max_vars_with(tare_tensor x, tare_tensor min,
                                                            tare_tensor max,
                                                            const tare_fake_quant_options *options);
#define tare_fake_quant_with_min_max_vars(...)                                                     \
    TARE_KW3(tare_fake_quant_with_min_max_vars_with, tare_fake_quant_options,                      \
             TARE_FAKE_QUANT_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The same with a range for each entry of x's last axis: min, max [C].
 * tf.quantization.fake_quant_with_min_max_vars_per_channel. */
TARE_API tare_tensor tare_fake_quant_with_min_max_vars_per_channel_with(
    tare_tensor x, tare_tensor min, tare_tensor max, const tare_fake_quant_options *options);
#define tare_fake_quant_with_min_max_vars_per_channel(...)                                         \
    TARE_KW3(tare_fake_quant_with_min_max_vars_per_channel_with, tare_fake_quant_options,          \
             TARE_FAKE_QUANT_DEFAULTS, __VA_ARGS__, .reserved = 0)
/** The same with a range that is known while building; multiplies by 1 / scale instead of dividing.
 * Errors  !(min < max). tf.quantization.fake_quant_with_min_max_args. */
TARE_API tare_tensor
tare_fake_quant_with_min_max_args_with(tare_tensor x, const tare_fake_quant_args_options *options);
#define tare_fake_quant_with_min_max_args(...)                                                     \
    TARE_KW1(tare_fake_quant_with_min_max_args_with, tare_fake_quant_args_options,                 \
             TARE_FAKE_QUANT_ARGS_DEFAULTS, __VA_ARGS__, .reserved = 0)

#ifdef __cplusplus
}
#endif

#endif
