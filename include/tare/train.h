/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Training: optimisers, gradients, clipping, moving averages of weights, the global step.
 *
 * TensorFlow 1's optimisers, with its slots, names and roundings. A hyperparameter is a number or a
 * floating scalar tensor (a placeholder, a schedule); numbers are float32 whatever the variable's
 * dtype, so that 1 - beta2 is 1 - 0.999f. Slots and powers are variables: they are initialised,
 * saved and restored with the others. Formulas stand in src/kernel/update.c.
 *
 *     tare_tensor train = tare_minimize(tare_adam(graph, .learning_rate = rate), loss);
 */
#ifndef TARE_TRAIN_H
#define TARE_TRAIN_H

#include <tare/op.h>
#include <tare/schedule.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------- optimisers */

/** An optimiser of a graph, which owns it. Used twice it keeps its slots. node 0: a failed one. */
typedef struct tare_optimizer {
    tare_graph *graph;
    int32_t node;
} tare_optimizer;

/* clang-format off */
#define TARE_GRADIENT_DESCENT_FIELDS(field)                                                        \
    field(tensor, learning_rate, TARE_NULL, "must be given")                                       \
    field(text, name, NULL, "of the train op")
/* clang-format on */
TARE_OPTIONS(tare_gradient_descent_options, TARE_GRADIENT_DESCENT_FIELDS);
#define TARE_GRADIENT_DESCENT_DEFAULTS                                                             \
    TARE_DEFAULTS(tare_gradient_descent_options, TARE_GRADIENT_DESCENT_FIELDS)
/** w -= learning_rate g. tf.train.GradientDescentOptimizer. */
TARE_API tare_optimizer tare_gradient_descent_with(tare_graph *graph,
                                                   const tare_gradient_descent_options *options);
#define tare_gradient_descent(...)                                                                 \
    TARE_KW1(tare_gradient_descent_with, tare_gradient_descent_options,                            \
             TARE_GRADIENT_DESCENT_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_MOMENTUM_FIELDS(field)                                                                \
    field(tensor, learning_rate, TARE_NULL, "must be given")                                       \
    field(tensor, momentum, TARE_NULL, "share of the old step; must be given")                     \
    field(boolean, use_nesterov, false, "look one step ahead")                                     \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_momentum_options, TARE_MOMENTUM_FIELDS);
#define TARE_MOMENTUM_DEFAULTS TARE_DEFAULTS(tare_momentum_options, TARE_MOMENTUM_FIELDS)
/** a = momentum a + g; w -= learning_rate a. Slot momentum. tf.train.MomentumOptimizer. */
TARE_API tare_optimizer tare_momentum_with(tare_graph *graph, const tare_momentum_options *options);
#define tare_momentum(...)                                                                         \
    TARE_KW1(tare_momentum_with, tare_momentum_options, TARE_MOMENTUM_DEFAULTS, __VA_ARGS__,       \
             .reserved = 0)

/* clang-format off */
#define TARE_ADAM_FIELDS(field)                                                                    \
    field(tensor, learning_rate, tare_number(0.001), "size of a step")                             \
    field(tensor, beta1, tare_number(0.9), "decay of the mean")                                    \
    field(tensor, beta2, tare_number(0.999), "decay of the mean square")                           \
    field(tensor, epsilon, tare_number(1e-8), "added to the root")                                 \
    field(boolean, use_nesterov, false, "Nadam: look one step ahead")                              \
    field(boolean, amsgrad, false, "divide by the largest mean square so far")                     \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_adam_options, TARE_ADAM_FIELDS);
#define TARE_ADAM_DEFAULTS TARE_DEFAULTS(tare_adam_options, TARE_ADAM_FIELDS)
/**
 * Kingma and Ba 2014, arXiv:1412.6980, with epsilon outside the bias-corrected root ("epsilon
 * hat"). Slots m, v (, vhat); variables beta1_power, beta2_power, multiplied after the updates.
 * Elsewhere  PyTorch and Keras' paper form add epsilon inside the correction.
 * tf.train.AdamOptimizer.
 */
TARE_API tare_optimizer tare_adam_with(tare_graph *graph, const tare_adam_options *options);
#define tare_adam(...)                                                                             \
    TARE_KW1(tare_adam_with, tare_adam_options, TARE_ADAM_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_ADAMAX_FIELDS(field)                                                                  \
    field(tensor, learning_rate, tare_number(0.001), "size of a step")                             \
    field(tensor, beta1, tare_number(0.9), "decay of the mean")                                    \
    field(tensor, beta2, tare_number(0.999), "decay of the largest gradient")                      \
    field(tensor, epsilon, tare_number(1e-8), "added to the largest gradient")                     \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_adamax_options, TARE_ADAMAX_FIELDS);
#define TARE_ADAMAX_DEFAULTS TARE_DEFAULTS(tare_adamax_options, TARE_ADAMAX_FIELDS)
/** Adam with the infinity norm, section 7.1 of its paper. Slots m, v; variable beta1_power. */
TARE_API tare_optimizer tare_adamax_with(tare_graph *graph, const tare_adamax_options *options);
#define tare_adamax(...)                                                                           \
    TARE_KW1(tare_adamax_with, tare_adamax_options, TARE_ADAMAX_DEFAULTS, __VA_ARGS__,             \
             .reserved = 0)

/* clang-format off */
#define TARE_RMSPROP_FIELDS(field)                                                                 \
    field(tensor, learning_rate, TARE_NULL, "must be given")                                       \
    field(tensor, decay, tare_number(0.9), "of the mean square")                                   \
    field(tensor, momentum, tare_number(0), "share of the old step")                               \
    field(tensor, epsilon, tare_number(1e-10), "added under the root")                             \
    field(boolean, centered, false, "divide by the deviation, not the root mean square")           \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_rmsprop_options, TARE_RMSPROP_FIELDS);
#define TARE_RMSPROP_DEFAULTS TARE_DEFAULTS(tare_rmsprop_options, TARE_RMSPROP_FIELDS)
/** Slots rms (from one on), mg when centered, momentum. tf.train.RMSPropOptimizer. */
TARE_API tare_optimizer tare_rmsprop_with(tare_graph *graph, const tare_rmsprop_options *options);
#define tare_rmsprop(...)                                                                          \
    TARE_KW1(tare_rmsprop_with, tare_rmsprop_options, TARE_RMSPROP_DEFAULTS, __VA_ARGS__,          \
             .reserved = 0)

/* clang-format off */
#define TARE_ADAGRAD_FIELDS(field)                                                                 \
    field(tensor, learning_rate, TARE_NULL, "must be given")                                       \
    field(real, initial_accumulator_value, 0.1, "of the sum of squares; above 0")                  \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_adagrad_options, TARE_ADAGRAD_FIELDS);
#define TARE_ADAGRAD_DEFAULTS TARE_DEFAULTS(tare_adagrad_options, TARE_ADAGRAD_FIELDS)
/** Duchi, Hazan and Singer 2011. Slot accumulator. tf.train.AdagradOptimizer. */
TARE_API tare_optimizer tare_adagrad_with(tare_graph *graph, const tare_adagrad_options *options);
#define tare_adagrad(...)                                                                          \
    TARE_KW1(tare_adagrad_with, tare_adagrad_options, TARE_ADAGRAD_DEFAULTS, __VA_ARGS__,          \
             .reserved = 0)

/* clang-format off */
#define TARE_ADADELTA_FIELDS(field)                                                                \
    field(tensor, learning_rate, tare_number(0.001), "size of a step")                             \
    field(tensor, rho, tare_number(0.95), "decay of both mean squares")                            \
    field(tensor, epsilon, tare_number(1e-8), "added under the roots")                             \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_adadelta_options, TARE_ADADELTA_FIELDS);
#define TARE_ADADELTA_DEFAULTS TARE_DEFAULTS(tare_adadelta_options, TARE_ADADELTA_FIELDS)
/** Zeiler 2012, arXiv:1212.5701. Slots accum, accum_update. tf.train.AdadeltaOptimizer. */
TARE_API tare_optimizer tare_adadelta_with(tare_graph *graph, const tare_adadelta_options *options);
#define tare_adadelta(...)                                                                         \
    TARE_KW1(tare_adadelta_with, tare_adadelta_options, TARE_ADADELTA_DEFAULTS, __VA_ARGS__,       \
             .reserved = 0)

/* clang-format off */
#define TARE_FTRL_FIELDS(field)                                                                    \
    field(tensor, learning_rate, TARE_NULL, "must be given")                                       \
    field(real, learning_rate_power, -0.5, "0 or below; -0.5: the usual root")                     \
    field(real, initial_accumulator_value, 0.1, "of the sum of squares; 0 or above")               \
    field(real, l1_regularization_strength, 0, "draws weights to exactly 0")                       \
    field(real, l2_regularization_strength, 0, "draws weights towards 0")                          \
    field(real, l2_shrinkage_regularization_strength, 0,                                           \
          "of a penalty on the size of the weights themselves")                                    \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_ftrl_options, TARE_FTRL_FIELDS);
#define TARE_FTRL_DEFAULTS TARE_DEFAULTS(tare_ftrl_options, TARE_FTRL_FIELDS)
/** McMahan et al. 2013, "Ad click prediction". Slots accum, linear. tf.train.FtrlOptimizer. */
TARE_API tare_optimizer tare_ftrl_with(tare_graph *graph, const tare_ftrl_options *options);
#define tare_ftrl(...)                                                                             \
    TARE_KW1(tare_ftrl_with, tare_ftrl_options, TARE_FTRL_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_PROXIMAL_GRADIENT_DESCENT_FIELDS(field)                                               \
    field(tensor, learning_rate, TARE_NULL, "must be given")                                       \
    field(real, l1_regularization_strength, 0, "draws weights to exactly 0")                       \
    field(real, l2_regularization_strength, 0, "draws weights towards 0")                          \
    field(text, name, NULL, "of the train op")
/* clang-format on */
TARE_OPTIONS(tare_proximal_gradient_descent_options, TARE_PROXIMAL_GRADIENT_DESCENT_FIELDS);
#define TARE_PROXIMAL_GRADIENT_DESCENT_DEFAULTS                                                    \
    TARE_DEFAULTS(tare_proximal_gradient_descent_options, TARE_PROXIMAL_GRADIENT_DESCENT_FIELDS)
/** Duchi and Singer 2009. tf.train.ProximalGradientDescentOptimizer. */
TARE_API tare_optimizer tare_proximal_gradient_descent_with(
    tare_graph *graph, const tare_proximal_gradient_descent_options *options);
#define tare_proximal_gradient_descent(...)                                                        \
    TARE_KW1(tare_proximal_gradient_descent_with, tare_proximal_gradient_descent_options,          \
             TARE_PROXIMAL_GRADIENT_DESCENT_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_PROXIMAL_ADAGRAD_FIELDS(field)                                                        \
    field(tensor, learning_rate, TARE_NULL, "must be given")                                       \
    field(real, initial_accumulator_value, 0.1, "of the sum of squares; above 0")                  \
    field(real, l1_regularization_strength, 0, "draws weights to exactly 0")                       \
    field(real, l2_regularization_strength, 0, "draws weights towards 0")                          \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_proximal_adagrad_options, TARE_PROXIMAL_ADAGRAD_FIELDS);
#define TARE_PROXIMAL_ADAGRAD_DEFAULTS                                                             \
    TARE_DEFAULTS(tare_proximal_adagrad_options, TARE_PROXIMAL_ADAGRAD_FIELDS)
/** Slot accumulator. tf.train.ProximalAdagradOptimizer. */
TARE_API tare_optimizer tare_proximal_adagrad_with(tare_graph *graph,
                                                   const tare_proximal_adagrad_options *options);
#define tare_proximal_adagrad(...)                                                                 \
    TARE_KW1(tare_proximal_adagrad_with, tare_proximal_adagrad_options,                            \
             TARE_PROXIMAL_ADAGRAD_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* clang-format off */
#define TARE_ADD_SIGN_FIELDS(field)                                                                \
    field(tensor, learning_rate, tare_number(0.1), "size of a step")                               \
    field(tensor, alpha, tare_number(1), "what agreement is added to")                             \
    field(tensor, beta, tare_number(0.9), "decay of the mean")                                     \
    field(tensor, sign_decay, tare_number(1), "weight of agreement")                               \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_add_sign_options, TARE_ADD_SIGN_FIELDS);
#define TARE_ADD_SIGN_DEFAULTS TARE_DEFAULTS(tare_add_sign_options, TARE_ADD_SIGN_FIELDS)
/** Bello et al. 2017, arXiv:1709.07417. Slot m. tf.contrib.opt.AddSignOptimizer. */
TARE_API tare_optimizer tare_add_sign_with(tare_graph *graph, const tare_add_sign_options *options);
#define tare_add_sign(...)                                                                         \
    TARE_KW1(tare_add_sign_with, tare_add_sign_options, TARE_ADD_SIGN_DEFAULTS, __VA_ARGS__,       \
             .reserved = 0)

/* clang-format off */
#define TARE_POWER_SIGN_FIELDS(field)                                                              \
    field(tensor, learning_rate, tare_number(0.1), "size of a step")                               \
    field(real, base, 2.718281828459045, "raised to the power of agreement; above 0")              \
    field(tensor, beta, tare_number(0.9), "decay of the mean")                                     \
    field(tensor, sign_decay, tare_number(1), "weight of agreement")                               \
    field(text, name, NULL, "of the train op and the slots")
/* clang-format on */
TARE_OPTIONS(tare_power_sign_options, TARE_POWER_SIGN_FIELDS);
#define TARE_POWER_SIGN_DEFAULTS TARE_DEFAULTS(tare_power_sign_options, TARE_POWER_SIGN_FIELDS)
/** Bello et al. 2017, arXiv:1709.07417. Slot m. tf.contrib.opt.PowerSignOptimizer. */
TARE_API tare_optimizer tare_power_sign_with(tare_graph *graph,
                                             const tare_power_sign_options *options);
#define tare_power_sign(...)                                                                       \
    TARE_KW1(tare_power_sign_with, tare_power_sign_options, TARE_POWER_SIGN_DEFAULTS, __VA_ARGS__, \
             .reserved = 0)

/** Kinds of optimisers, "adam", in order; NULL beyond the last. */
TARE_API const char *tare_optimizer_kind(size_t i);
/** The table of a kind's options; NULL: there is no such kind. */
TARE_API const tare_option_table *tare_optimizer_option_table(const char *kind);
/** An optimiser by the name of its kind; options: its struct, NULL for defaults. */
TARE_API tare_optimizer tare_optimizer_of_kind(tare_graph *graph, const char *kind,
                                               const void *options);
/**
 * A slot of a variable by TensorFlow's name, "m" or "momentum", or "beta1_power" and its kin. A
 * null tensor (not an error) before the optimiser was applied, or when it has no such slot.
 */
TARE_API tare_tensor tare_optimizer_slot(tare_optimizer optimizer, tare_tensor variable,
                                         const char *slot);

/* ---------------------------------------------------------------------------- training steps */

/** Which members of update_ops a train op runs. */
typedef enum tare_updates {
    TARE_UPDATES_LOSS = 0,  /* those whose layers the loss depends on, and what users added */
    TARE_UPDATES_ALL = 1,   /* all that there are so far */
    TARE_UPDATES_MANUAL = 2 /* none: the program runs them, as TensorFlow's must */
} tare_updates;
#define TARE_UPDATES_WORDS "loss,all,manual"

/* clang-format off */
#define TARE_MINIMIZE_FIELDS(field)                                                                \
    field(tensor, global_step, TARE_NULL, "variable that grows by 1 after all updates")            \
    field(choice, updates, TARE_UPDATES_LOSS, "which of update_ops run too")                       \
    field(text, name, NULL, "of the train op; by default the optimiser's")
/* clang-format on */
#ifdef __cplusplus
struct tare_minimize_options {
    size_t struct_size = sizeof(tare_minimize_options);
    const tare_tensor *var_list = nullptr;
    size_t var_count = 0;
    TARE_MINIMIZE_FIELDS(TARE_FIELD_MEMBER)
    int reserved = 0;
};
#else
typedef struct tare_minimize_options {
    size_t struct_size;
    const tare_tensor *var_list; /* what to change; NULL: all of trainable_variables */
    size_t var_count;
    TARE_MINIMIZE_FIELDS(TARE_FIELD_MEMBER)
    int reserved;
} tare_minimize_options;
#endif
#define TARE_MINIMIZE_DEFAULTS TARE_DEFAULTS(tare_minimize_options, TARE_MINIMIZE_FIELDS)
/**
 * The operation of one training step: gradients of loss, updates of the variables, then their
 * constraints, the optimiser's powers, the global step; beside them the layers' updates. Added to
 * train_op. Variables that the loss does not depend on are left alone. A run that also fetches
 * update_ops runs each update once all the same.
 * Errors  no variable; no gradient for any of them; a loss that is not floating.
 * Source  tf.train.Optimizer.minimize.
 */
TARE_API tare_tensor tare_minimize_with(tare_optimizer optimizer, tare_tensor loss,
                                        const tare_minimize_options *options);
#define tare_minimize(...)                                                                         \
    TARE_KW2(tare_minimize_with, tare_minimize_options, TARE_MINIMIZE_DEFAULTS, __VA_ARGS__,       \
             .reserved = 0)

/** Gradients of loss for each variable; a null tensor where it does not depend on one. */
TARE_API tare_status tare_compute_gradients(tare_optimizer optimizer, tare_tensor loss,
                                            const tare_tensor *variables, size_t count,
                                            tare_tensor *gradients);

/* clang-format off */
#define TARE_APPLY_GRADIENTS_FIELDS(field)                                                         \
    field(tensor, global_step, TARE_NULL, "variable that grows by 1 after all updates")            \
    field(text, name, NULL, "of the train op; by default the optimiser's")
/* clang-format on */
TARE_OPTIONS(tare_apply_gradients_options, TARE_APPLY_GRADIENTS_FIELDS);
#define TARE_APPLY_GRADIENTS_DEFAULTS                                                              \
    TARE_DEFAULTS(tare_apply_gradients_options, TARE_APPLY_GRADIENTS_FIELDS)
/**
 * The second half of tare_minimize, for gradients of one's own: gradients[i] is for variables[i];
 * null ones are passed over. Runs none of update_ops. Source  tf.train.Optimizer.apply_gradients.
 */
TARE_API tare_tensor tare_apply_gradients_with(tare_optimizer optimizer,
                                               const tare_tensor *gradients,
                                               const tare_tensor *variables, size_t count,
                                               const tare_apply_gradients_options *options);
#define tare_apply_gradients(...)                                                                  \
    TARE_KW4(tare_apply_gradients_with, tare_apply_gradients_options,                              \
             TARE_APPLY_GRADIENTS_DEFAULTS, __VA_ARGS__, .reserved = 0)

/** The int64 variable global_step of the collection of that name, made when there is none.
 * tf.train.get_or_create_global_step. */
TARE_API tare_tensor tare_global_step(tare_graph *graph);

/** Sum of the penalties in regularization_losses (those in scope; NULL: all), 0 when there are
 * none. tf.losses.get_regularization_loss. */
TARE_API tare_tensor tare_regularization_loss(tare_graph *graph, const char *scope);

/* -------------------------------------------------------------------------------- clipping */

/* clang-format off */
#define TARE_CLIP_FIELDS(field)                                                                    \
    field(list, axes, TARE_NO_LIST, "axes that a norm is taken over; none given: all")             \
    field(text, name, NULL, "name of the result")
/* clang-format on */
TARE_OPTIONS(tare_clip_options, TARE_CLIP_FIELDS);
#define TARE_CLIP_DEFAULTS TARE_DEFAULTS(tare_clip_options, TARE_CLIP_FIELDS)
/** t clip_norm / max(|t|, clip_norm), |t| the Euclidean norm over axes. Gradient at 0 is finite.
 * tf.clip_by_norm. */
TARE_API tare_tensor tare_clip_by_norm_with(tare_tensor t, tare_tensor clip_norm,
                                            const tare_clip_options *options);
#define tare_clip_by_norm(...)                                                                     \
    TARE_KW2(tare_clip_by_norm_with, tare_clip_options, TARE_CLIP_DEFAULTS, __VA_ARGS__,           \
             .reserved = 0)
/** t clip_norm min(n / |t|, 1 / clip_norm), n elements. tf.clip_by_average_norm. */
TARE_API tare_tensor tare_clip_by_average_norm_with(tare_tensor t, tare_tensor clip_norm,
                                                    const tare_op_options *options);
#define tare_clip_by_average_norm(...)                                                             \
    TARE_KW2(tare_clip_by_average_norm_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__,       \
             .reserved = 0)
/** Root of the sum of all squares of count tensors; null tensors are passed over. tf.global_norm.
 */
TARE_API tare_tensor tare_global_norm_with(const tare_tensor *tensors, size_t count,
                                           const tare_op_options *options);
#define tare_global_norm(...)                                                                      \
    TARE_KW2(tare_global_norm_with, tare_op_options, TARE_OP_DEFAULTS, __VA_ARGS__, .reserved = 0)
/* clang-format off */
#define TARE_CLIP_BY_GLOBAL_NORM_FIELDS(field)                                                     \
    field(tensor, use_norm, TARE_NULL, "the global norm, when it is known already")                \
    field(text, name, NULL, "name of the results, numbered")
/* clang-format on */
TARE_OPTIONS(tare_clip_by_global_norm_options, TARE_CLIP_BY_GLOBAL_NORM_FIELDS);
#define TARE_CLIP_BY_GLOBAL_NORM_DEFAULTS                                                          \
    TARE_DEFAULTS(tare_clip_by_global_norm_options, TARE_CLIP_BY_GLOBAL_NORM_FIELDS)
/**
 * clipped[i] = tensors[i] clip_norm min(1 / norm, 1 / clip_norm), norm the global one, which is
 * returned; where it is not finite all become NaN. Null tensors stay null. clipped may be tensors.
 * tf.clip_by_global_norm.
 */
TARE_API tare_tensor tare_clip_by_global_norm_with(const tare_tensor *tensors, size_t count,
                                                   tare_tensor clip_norm, tare_tensor *clipped,
                                                   const tare_clip_by_global_norm_options *options);
#define tare_clip_by_global_norm(...)                                                              \
    TARE_KW4(tare_clip_by_global_norm_with, tare_clip_by_global_norm_options,                      \
             TARE_CLIP_BY_GLOBAL_NORM_DEFAULTS, __VA_ARGS__, .reserved = 0)

/* ------------------------------------------------------------------ averages of weights */

/** Exponential moving averages of a graph, which owns them. node 0: a failed one. */
typedef struct tare_average {
    tare_graph *graph;
    int32_t node;
} tare_average;

/* clang-format off */
#define TARE_EXPONENTIAL_MOVING_AVERAGE_FIELDS(field)                                              \
    field(tensor, num_updates, TARE_NULL, "a count n that bounds the decay by (1 + n) / (10 + n)") \
    field(boolean, zero_debias, false,                                                             \
          "divide averages of tensors by the weight they have so far")                             \
    field(text, name, NULL, "of the update and the shadows; ExponentialMovingAverage")
/* clang-format on */
TARE_OPTIONS(tare_exponential_moving_average_options, TARE_EXPONENTIAL_MOVING_AVERAGE_FIELDS);
#define TARE_EXPONENTIAL_MOVING_AVERAGE_DEFAULTS                                                   \
    TARE_DEFAULTS(tare_exponential_moving_average_options, TARE_EXPONENTIAL_MOVING_AVERAGE_FIELDS)
/** shadow -= (1 - decay) (shadow - value). tf.train.ExponentialMovingAverage. */
TARE_API tare_average tare_exponential_moving_average_with(
    tare_graph *graph, tare_tensor decay, const tare_exponential_moving_average_options *options);
#define tare_exponential_moving_average(...)                                                       \
    TARE_KW2(tare_exponential_moving_average_with, tare_exponential_moving_average_options,        \
             TARE_EXPONENTIAL_MOVING_AVERAGE_DEFAULTS, __VA_ARGS__, .reserved = 0)
/**
 * Makes shadows (variables w/ExponentialMovingAverage) where there are none yet, and the operation
 * that takes one step of all averages. tensors NULL: trainable_variables. The shadow of a variable
 * starts at its first value, that of another tensor at 0.
 */
TARE_API tare_tensor tare_average_apply(tare_average average, const tare_tensor *tensors,
                                        size_t count);
/** The shadow of a tensor; a null tensor (not an error) when there is none. */
TARE_API tare_tensor tare_average_of(tare_average average, tare_tensor tensor);
/** The name that the shadow has or would have; owned by the graph. */
TARE_API const char *tare_average_name(tare_average average, tare_tensor tensor);

#ifdef __cplusplus
}
#endif

#endif
