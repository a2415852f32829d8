/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Learning rates that change with the step: one scalar tensor each, to be given to an optimiser.
 *
 * learning_rate: a number (float32) or a floating scalar; the result has its dtype. global_step: a
 * scalar of whole or floating numbers, such as tare_global_step. Everything is computed in the
 * dtype of the learning rate, as TensorFlow does; no gradient flows. Below r is the learning rate,
 * t the step, S decay_steps, q = t / S (rounded down when staircase), u = min(t, S) / S.
 *
 * Errors  decay_steps not above 0; a step or a rate that is no scalar.
 * Source  TensorFlow r1.15, python/training/learning_rate_decay.py; keras/optimizer_v2/
 * learning_rate_schedule.py.
 */
#ifndef TARE_SCHEDULE_H
#define TARE_SCHEDULE_H

#include <tare/op.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
#define TARE_DECAY_FIELDS(field)                                                                   \
    field(real, decay_steps, 0, "steps after which decay_rate has been applied once")              \
    field(real, decay_rate, 0, "how much the rate decays in decay_steps")                          \
    field(boolean, staircase, false, "at multiples of decay_steps only")                           \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_decay_options, TARE_DECAY_FIELDS);
#define TARE_DECAY_DEFAULTS TARE_DEFAULTS(tare_decay_options, TARE_DECAY_FIELDS)

/** r decay_rate^q. tf.train.exponential_decay. */
TARE_API tare_tensor tare_exponential_decay_with(tare_tensor learning_rate, tare_tensor global_step,
                                                 const tare_decay_options *options);
#define tare_exponential_decay(...)                                                                \
    TARE_KW2(tare_exponential_decay_with, tare_decay_options, TARE_DECAY_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)
/** r / (1 + decay_rate q). tf.train.inverse_time_decay. */
TARE_API tare_tensor tare_inverse_time_decay_with(tare_tensor learning_rate,
                                                  tare_tensor global_step,
                                                  const tare_decay_options *options);
#define tare_inverse_time_decay(...)                                                               \
    TARE_KW2(tare_inverse_time_decay_with, tare_decay_options, TARE_DECAY_DEFAULTS, __VA_ARGS__,   \
             .reserved = 0)
/** r (e^-decay_rate)^q. tf.train.natural_exp_decay. */
TARE_API tare_tensor tare_natural_exp_decay_with(tare_tensor learning_rate, tare_tensor global_step,
                                                 const tare_decay_options *options);
#define tare_natural_exp_decay(...)                                                                \
    TARE_KW2(tare_natural_exp_decay_with, tare_decay_options, TARE_DECAY_DEFAULTS, __VA_ARGS__,    \
             .reserved = 0)

/* clang-format off */
#define TARE_POLYNOMIAL_DECAY_FIELDS(field)                                                        \
    field(real, decay_steps, 0, "steps in which the rate falls to end_learning_rate")              \
    field(real, end_learning_rate, 1e-4, "the least rate")                                         \
    field(real, power, 1, "of the polynomial; 1: a straight line")                                 \
    field(boolean, cycle, false, "start anew beyond decay_steps, over the next multiple of them")  \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_polynomial_decay_options, TARE_POLYNOMIAL_DECAY_FIELDS);
#define TARE_POLYNOMIAL_DECAY_DEFAULTS                                                             \
    TARE_DEFAULTS(tare_polynomial_decay_options, TARE_POLYNOMIAL_DECAY_FIELDS)
/**
 * (r - end) (1 - u)^power + end; with cycle S is multiplied by ceil(t / S), by 1 at step 0, instead
 * of t being bounded. tf.train.polynomial_decay.
 */
TARE_API tare_tensor tare_polynomial_decay_with(tare_tensor learning_rate, tare_tensor global_step,
                                                const tare_polynomial_decay_options *options);
#define tare_polynomial_decay(...)                                                                 \
    TARE_KW2(tare_polynomial_decay_with, tare_polynomial_decay_options,                            \
             TARE_POLYNOMIAL_DECAY_DEFAULTS, __VA_ARGS__, .reserved = 0)

/**
 * values[0] up to and with step boundaries[0], then values[1] up to boundaries[1], and so on;
 * values has one more than boundaries. float32. tf.train.piecewise_constant.
 * Errors  boundaries that do not rise; no boundary.
 */
TARE_API tare_tensor tare_piecewise_constant_with(tare_tensor global_step, const double *boundaries,
                                                  const double *values, size_t boundary_count,
                                                  const tare_op_options *options);
#define tare_piecewise_constant(...)                                                               \
    TARE_KW4(tare_piecewise_constant_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__,         \
             .reserved = 0)

/* clang-format off */
#define TARE_COSINE_DECAY_FIELDS(field)                                                            \
    field(real, decay_steps, 0, "steps of half a cosine")                                          \
    field(real, alpha, 0, "the least rate as a share of the first")                                \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_cosine_decay_options, TARE_COSINE_DECAY_FIELDS);
#define TARE_COSINE_DECAY_DEFAULTS                                                                 \
    TARE_DEFAULTS(tare_cosine_decay_options, TARE_COSINE_DECAY_FIELDS)
/** r ((1 - alpha) (1 + cos(pi u)) / 2 + alpha). tf.train.cosine_decay. */
TARE_API tare_tensor tare_cosine_decay_with(tare_tensor learning_rate, tare_tensor global_step,
                                            const tare_cosine_decay_options *options);
#define tare_cosine_decay(...)                                                                     \
    TARE_KW2(tare_cosine_decay_with, tare_cosine_decay_options, TARE_COSINE_DECAY_DEFAULTS,        \
             __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_COSINE_DECAY_RESTARTS_FIELDS(field)                                                   \
    field(real, first_decay_steps, 0, "steps before the first restart")                            \
    field(real, t_mul, 2, "each period is so many times the one before")                           \
    field(real, m_mul, 1, "each period starts at so much of the one before")                       \
    field(real, alpha, 0, "the least rate as a share of the first")                                \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_cosine_decay_restarts_options, TARE_COSINE_DECAY_RESTARTS_FIELDS);
#define TARE_COSINE_DECAY_RESTARTS_DEFAULTS                                                        \
    TARE_DEFAULTS(tare_cosine_decay_restarts_options, TARE_COSINE_DECAY_RESTARTS_FIELDS)
/**
 * r ((1 - alpha) m_mul^i (1 + cos(pi v)) / 2 + alpha) in period i, v the share of it that is over.
 * Loshchilov and Hutter 2016, arXiv:1608.03983. tf.train.cosine_decay_restarts.
 */
TARE_API tare_tensor
tare_cosine_decay_restarts_with(tare_tensor learning_rate, tare_tensor global_step,
                                const tare_cosine_decay_restarts_options *options);
#define tare_cosine_decay_restarts(...)                                                            \
    TARE_KW2(tare_cosine_decay_restarts_with, tare_cosine_decay_restarts_options,                  \
             TARE_COSINE_DECAY_RESTARTS_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_LINEAR_COSINE_DECAY_FIELDS(field)                                                     \
    field(real, decay_steps, 0, "steps of the decay")                                              \
    field(real, num_periods, 0.5, "periods of the cosine in them")                                 \
    field(real, alpha, 0, "added to the line")                                                     \
    field(real, beta, 1e-3, "added to the rate's factor")                                          \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_linear_cosine_decay_options, TARE_LINEAR_COSINE_DECAY_FIELDS);
#define TARE_LINEAR_COSINE_DECAY_DEFAULTS                                                          \
    TARE_DEFAULTS(tare_linear_cosine_decay_options, TARE_LINEAR_COSINE_DECAY_FIELDS)
/** r ((alpha + 1 - u) (1 + cos(2 pi num_periods u)) / 2 + beta). tf.train.linear_cosine_decay. */
TARE_API tare_tensor tare_linear_cosine_decay_with(tare_tensor learning_rate,
                                                   tare_tensor global_step,
                                                   const tare_linear_cosine_decay_options *options);
#define tare_linear_cosine_decay(...)                                                              \
    TARE_KW2(tare_linear_cosine_decay_with, tare_linear_cosine_decay_options,                      \
             TARE_LINEAR_COSINE_DECAY_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_NOISY_LINEAR_COSINE_DECAY_FIELDS(field)                                               \
    field(real, decay_steps, 0, "steps of the decay")                                              \
    field(real, initial_variance, 1, "of the noise at step 0")                                     \
    field(real, variance_decay, 0.55, "power of 1 + step that the variance falls with")            \
    field(real, num_periods, 0.5, "periods of the cosine")                                         \
    field(real, alpha, 0, "added to the line")                                                     \
    field(real, beta, 1e-3, "added to the rate's factor")                                          \
    field(integer, seed, 0, "0: of the graph")                                                     \
    field(text, name, NULL, "name of the node")
/* clang-format on */
TARE_OPTIONS(tare_noisy_linear_cosine_decay_options, TARE_NOISY_LINEAR_COSINE_DECAY_FIELDS);
#define TARE_NOISY_LINEAR_COSINE_DECAY_DEFAULTS                                                    \
    TARE_DEFAULTS(tare_noisy_linear_cosine_decay_options, TARE_NOISY_LINEAR_COSINE_DECAY_FIELDS)
/**
 * The same with normal noise of variance initial_variance / (1 + t)^variance_decay added to the
 * line, new in every run. tf.train.noisy_linear_cosine_decay.
 */
TARE_API tare_tensor
tare_noisy_linear_cosine_decay_with(tare_tensor learning_rate, tare_tensor global_step,
                                    const tare_noisy_linear_cosine_decay_options *options);
#define tare_noisy_linear_cosine_decay(...)                                                        \
    TARE_KW2(tare_noisy_linear_cosine_decay_with, tare_noisy_linear_cosine_decay_options,          \
             TARE_NOISY_LINEAR_COSINE_DECAY_DEFAULTS, __VA_ARGS__, .reserved = 0)

#ifdef __cplusplus
}
#endif

#endif
