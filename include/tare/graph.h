/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Graphs: tensors, placeholders, variables, scopes, collections, control dependencies,
 * conditionals, gradients.
 *
 * Building errors are sticky: the first mistake is kept in the graph (tare_graph_status,
 * tare_message, tare_graph_error); builders then return null tensors, which may be passed on. A
 * graph belongs to one thread while it is built; afterwards many may read it. Names are TensorFlow
 * 1's.
 */
#ifndef TARE_GRAPH_H
#define TARE_GRAPH_H

#include <tare/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A dataflow graph; owns its nodes and every name handed out. Lives longer than the sessions made
 * from it. */
typedef struct tare_graph tare_graph;

/**
 * A symbolic value, passed by value: output `output` of node `node` of `graph`; or an immediate
 * scalar (graph NULL, immediate != 0) that becomes a constant where it is used. All zero: not
 * given. A failed builder returns a tensor with node 0 that keeps its graph. A node without outputs
 * (a train op, an update) is a tensor that stands for the operation.
 */
typedef struct tare_tensor {
    tare_graph *graph;
    int32_t node;
    int32_t output;
    int32_t immediate; /* 0 none, 1 number, 2 boolean */
    double number;
} tare_tensor;

#ifdef __cplusplus
} /* extern "C" */
static inline tare_tensor tare_immediate(int32_t kind, double number) {
    tare_tensor tensor = {};
    tensor.immediate = kind;
    tensor.number = number;
    return tensor;
}
extern "C" {
#define tare_number(value) tare_immediate(1, (double)(value))
#define TARE_TRUE          tare_immediate(2, 1)
#define TARE_FALSE         tare_immediate(2, 0)
#define TARE_NULL          tare_tensor()
#else
/** An immediate scalar: `.learning_rate = tare_number(1e-3)`. Takes the dtype of what it meets. */
#define tare_number(value) ((tare_tensor){.immediate = 1, .number = (double)(value)})
#define TARE_TRUE          ((tare_tensor){.immediate = 2, .number = 1})
#define TARE_FALSE         ((tare_tensor){.immediate = 2, .number = 0})
#define TARE_NULL          ((tare_tensor){.node = 0})
#endif

/** A new, empty graph, owned by the caller; NULL: no memory. allocator: NULL for the C library's;
 * copied. */
TARE_API tare_graph *tare_graph_new(void);
TARE_API tare_graph *tare_graph_new_with(const tare_allocator *allocator);
/** Frees a graph; its sessions must be freed before. NULL allowed. */
TARE_API void tare_graph_free(tare_graph *graph);

/** TARE_OK, or the code of the first building error. NULL: TARE_ERROR_ARGUMENT. */
TARE_API tare_status tare_graph_status(const tare_graph *graph);
/** The sentence of the first building error, "" when there is none. Never NULL. */
TARE_API const char *tare_message(const tare_graph *graph);
/** The first building error in its parts; owned by the graph. NULL when there is none. */
TARE_API const tare_error *tare_graph_error(const tare_graph *graph);
/** Forgets the building error; nodes made before it stay usable. */
TARE_API void tare_graph_clear_error(tare_graph *graph);
/** Seed of everything random in the graph from now on (weights, dropout); 0 by default. TF1's
 * tf.set_random_seed. */
TARE_API void tare_graph_set_seed(tare_graph *graph, uint64_t seed);

/* ------------------------------------------------------------------------------ asking tensors */

/** True for a tensor that a builder really made. */
TARE_API bool tare_tensor_is_valid(tare_tensor tensor);
TARE_API tare_dtype tare_tensor_dtype(tare_tensor tensor);
/** Its partly known shape; TARE_ANY_SHAPE for a null tensor. */
TARE_API tare_shape tare_tensor_shape(tare_tensor tensor);
/** Its name, "hidden1/dense/kernel:0"; of an operation without outputs "train". Owned by the graph;
 * "" for a null tensor. */
TARE_API const char *tare_tensor_name(tare_tensor tensor);
/** Output `index` of the node that made tensor: the variance beside a mean. */
TARE_API tare_tensor tare_output(tare_tensor tensor, int index);
/** The tensor "name:0", or the operation "name". Errors (not sticky): a null tensor. */
TARE_API tare_tensor tare_tensor_named(const tare_graph *graph, const char *name);

/* ---------------------------------------------------------------------------------- ranges */

/**
 * Says that a tensor's numbers lie in min..max: a fact about it, which changes no run and which
 * quantising will read. Kept by the graph under the tensor's name ("conv/Relu:0", or "conv/Relu"
 * for output 0), the latest one only; saved in checkpoints and loaded with them. Sessions that
 * share the graph may do so at the same time.
 * Errors  TARE_ERROR_NAME: no such tensor; TARE_ERROR_ARGUMENT: NaN, an infinity, min > max; no
 *         memory. A refusal changes nothing and is not the graph's building error.
 */
TARE_API tare_status tare_graph_set_range(tare_graph *graph, const char *tensor, double min,
                                          double max, tare_error *error);
/** The range of a tensor; false, and min and max as they were, when none is known. */
TARE_API bool tare_graph_range(const tare_graph *graph, const char *tensor, double *min,
                               double *max);
/** The name of the tensor of range i, "conv/Relu:0", in the graph's order; NULL beyond the last. */
TARE_API const char *tare_graph_range_name(const tare_graph *graph, size_t i);

/* --------------------------------------------------------------------------------- sources */

/* Options of ops that have a name and nothing else. */
#define TARE_OP_FIELDS(field)                                                                      \
    field(text, name, NULL, "name of the node; by default the op's own, made unique")
TARE_OPTIONS(tare_op_options, TARE_OP_FIELDS);
#define TARE_OP_DEFAULTS TARE_DEFAULTS(tare_op_options, TARE_OP_FIELDS)

/** A value that every run must feed. Shapes  as given, TARE_ANY where any extent will do. Source
 * tf.placeholder. */
TARE_API tare_tensor tare_placeholder_with(tare_graph *graph, tare_dtype dtype, tare_shape shape,
                                           const tare_op_options *options);
#define tare_placeholder(...) tare_placeholder_(__VA_ARGS__, .reserved = 0)
#define tare_placeholder_(graph, dtype, shape, ...)                                                \
    TARE_KW(tare_placeholder_with(graph, dtype, shape,                                             \
                                  &(tare_op_options){TARE_OP_DEFAULTS, __VA_ARGS__}))

/** A value that a run may feed; otherwise it is value (a tensor or an immediate). Source
 * tf.placeholder_with_default. */
#define TARE_PLACEHOLDER_WITH_DEFAULT_FIELDS(field)                                                \
    field(text, name, NULL, "name of the node")                                                    \
        field(shape, shape, TARE_SCALAR, "shape a feed must fit; the value's own by default")
TARE_OPTIONS(tare_placeholder_with_default_options, TARE_PLACEHOLDER_WITH_DEFAULT_FIELDS);
#define TARE_PLACEHOLDER_WITH_DEFAULT_DEFAULTS                                                     \
    TARE_DEFAULTS(tare_placeholder_with_default_options, TARE_PLACEHOLDER_WITH_DEFAULT_FIELDS)
TARE_API tare_tensor tare_placeholder_with_default_with(
    tare_graph *graph, tare_tensor value, const tare_placeholder_with_default_options *options);
#define tare_placeholder_with_default(...)                                                         \
    tare_placeholder_with_default_(__VA_ARGS__, .reserved = 0)
#define tare_placeholder_with_default_(graph, value, ...)                                          \
    TARE_KW(tare_placeholder_with_default_with(                                                    \
        graph, value,                                                                              \
        &(tare_placeholder_with_default_options){TARE_PLACEHOLDER_WITH_DEFAULT_DEFAULTS,           \
                                                 __VA_ARGS__}))

/** A constant with the numbers of array (retained, so it must not be written any more). Source
 * tf.constant. */
TARE_API tare_tensor tare_constant_with(tare_graph *graph, const tare_array *array,
                                        const tare_op_options *options);
#define tare_constant(...) tare_constant_(__VA_ARGS__, .reserved = 0)
#define tare_constant_(graph, array, ...)                                                          \
    TARE_KW(tare_constant_with(graph, array, &(tare_op_options){TARE_OP_DEFAULTS, __VA_ARGS__}))

/* -------------------------------------------------------------------------------- variables */

/** How a variable gets its first value. The values are fixed. */
typedef enum tare_initializer_kind {
    TARE_INITIALIZER_DEFAULT = 0, /* glorot uniform; zeros for whole numbers and booleans */
    TARE_INITIALIZER_ZEROS = 1,
    TARE_INITIALIZER_ONES = 2,
    TARE_INITIALIZER_CONSTANT = 3,
    TARE_INITIALIZER_RANDOM_UNIFORM = 4,
    TARE_INITIALIZER_RANDOM_NORMAL = 5,
    TARE_INITIALIZER_TRUNCATED_NORMAL = 6,
    TARE_INITIALIZER_VARIANCE_SCALING = 7,
    TARE_INITIALIZER_ORTHOGONAL = 8,
    TARE_INITIALIZER_IDENTITY = 9,
    TARE_INITIALIZER_VARIABLE =
        10 /* the first value of another variable (shadows of moving averages) */
} tare_initializer_kind;

typedef enum tare_fan { TARE_FAN_IN = 0, TARE_FAN_OUT = 1, TARE_FAN_AVERAGE = 2 } tare_fan;
typedef enum tare_distribution {
    TARE_DISTRIBUTION_TRUNCATED_NORMAL = 0,
    TARE_DISTRIBUTION_UNTRUNCATED_NORMAL = 1,
    TARE_DISTRIBUTION_UNIFORM = 2
} tare_distribution;

/**
 * An initialiser by value. a, b: low and high, mean and deviation, scale, gain, or the constant.
 * Fans and formulas as in TensorFlow (init_ops.py): variance scaling draws with variance scale /
 * max(1, fan); a truncated normal's deviation is divided by .87962566103423978.
 */
typedef struct tare_initializer {
    tare_initializer_kind kind;
    double a, b;
    tare_fan fan;
    tare_distribution distribution;
    uint64_t seed; /* 0: from the graph's seed and the variable's place */
    const tare_array
        *array; /* TARE_INITIALIZER_CONSTANT: numbers instead of a; retained by the variable */
    tare_tensor variable; /* TARE_INITIALIZER_VARIABLE */
} tare_initializer;

#ifdef __cplusplus
} /* extern "C" */
static inline tare_initializer
tare_initializer_of(tare_initializer_kind kind, double a = 0, double b = 0,
                    tare_fan fan = TARE_FAN_IN,
                    tare_distribution distribution = TARE_DISTRIBUTION_TRUNCATED_NORMAL) {
    tare_initializer initializer = {};
    initializer.kind = kind;
    initializer.a = a;
    initializer.b = b;
    initializer.fan = fan;
    initializer.distribution = distribution;
    return initializer;
}
extern "C" {
#define TARE_INITIALIZER(kind, a, b, fan, distribution)                                            \
    tare_initializer_of(kind, a, b, fan, distribution)
#else
#define TARE_INITIALIZER(kind_, a_, b_, fan_, distribution_)                                       \
    ((tare_initializer){                                                                           \
        .kind = kind_, .a = a_, .b = b_, .fan = fan_, .distribution = distribution_})
#endif
#define TARE_INITIALIZER_1(kind, a, b)                                                             \
    TARE_INITIALIZER(kind, a, b, TARE_FAN_IN, TARE_DISTRIBUTION_TRUNCATED_NORMAL)
#define TARE_DEFAULT_INITIALIZER TARE_INITIALIZER_1(TARE_INITIALIZER_DEFAULT, 0, 0)
#define TARE_ZEROS               TARE_INITIALIZER_1(TARE_INITIALIZER_ZEROS, 0, 0)
#define TARE_ONES                TARE_INITIALIZER_1(TARE_INITIALIZER_ONES, 0, 0)
#define TARE_CONSTANT(value)     TARE_INITIALIZER_1(TARE_INITIALIZER_CONSTANT, value, 0)
#define TARE_RANDOM_UNIFORM(low, high)                                                             \
    TARE_INITIALIZER_1(TARE_INITIALIZER_RANDOM_UNIFORM, low, high)
#define TARE_RANDOM_NORMAL(mean, deviation)                                                        \
    TARE_INITIALIZER_1(TARE_INITIALIZER_RANDOM_NORMAL, mean, deviation)
#define TARE_TRUNCATED_NORMAL(mean, deviation)                                                     \
    TARE_INITIALIZER_1(TARE_INITIALIZER_TRUNCATED_NORMAL, mean, deviation)
#define TARE_VARIANCE_SCALING(scale, fan, distribution)                                            \
    TARE_INITIALIZER(TARE_INITIALIZER_VARIANCE_SCALING, scale, 0, fan, distribution)
#define TARE_GLOROT_UNIFORM TARE_VARIANCE_SCALING(1, TARE_FAN_AVERAGE, TARE_DISTRIBUTION_UNIFORM)
#define TARE_GLOROT_NORMAL                                                                         \
    TARE_VARIANCE_SCALING(1, TARE_FAN_AVERAGE, TARE_DISTRIBUTION_TRUNCATED_NORMAL)
#define TARE_HE_UNIFORM       TARE_VARIANCE_SCALING(2, TARE_FAN_IN, TARE_DISTRIBUTION_UNIFORM)
#define TARE_HE_NORMAL        TARE_VARIANCE_SCALING(2, TARE_FAN_IN, TARE_DISTRIBUTION_TRUNCATED_NORMAL)
#define TARE_LECUN_UNIFORM    TARE_VARIANCE_SCALING(1, TARE_FAN_IN, TARE_DISTRIBUTION_UNIFORM)
#define TARE_LECUN_NORMAL     TARE_VARIANCE_SCALING(1, TARE_FAN_IN, TARE_DISTRIBUTION_TRUNCATED_NORMAL)
#define TARE_ORTHOGONAL(gain) TARE_INITIALIZER_1(TARE_INITIALIZER_ORTHOGONAL, gain, 0)
#define TARE_IDENTITY(gain)   TARE_INITIALIZER_1(TARE_INITIALIZER_IDENTITY, gain, 0)

/** A penalty l1 sum |w| + l2 sum w^2 added to the collection regularization_losses. All zero: none.
 * Source  keras.regularizers. */
typedef struct tare_regularizer {
    double l1, l2;
} tare_regularizer;
#ifdef __cplusplus
#define TARE_REGULARIZER(l1, l2)                                                                   \
    tare_regularizer { l1, l2 }
#define TARE_NO_REGULARIZER tare_regularizer()
#else
#define TARE_REGULARIZER(l1_, l2_) ((tare_regularizer){.l1 = l1_, .l2 = l2_})
#define TARE_NO_REGULARIZER        ((tare_regularizer){.l1 = 0})
#endif

/** What an optimiser does to a variable after its update. Source  keras.constraints. */
typedef enum tare_constraint {
    TARE_NO_CONSTRAINT = 0,
    TARE_NON_NEGATIVE = 1,
    TARE_UNIT_NORM = 2, /* over axis 0 */
    TARE_MAX_NORM_2 = 3 /* over axis 0, at most 2 */
} tare_constraint;

#define TARE_VARIABLE_FIELDS(field)                                                                \
    field(dtype, dtype, TARE_FLOAT32, "dtype of the numbers")                                      \
        field(initializer, initializer, TARE_DEFAULT_INITIALIZER, "first value")                   \
            field(regularizer, regularizer, TARE_NO_REGULARIZER,                                   \
                  "penalty added to regularization_losses")                                        \
                field(constraint, constraint, TARE_NO_CONSTRAINT,                                  \
                      "applied by optimisers after an update")                                     \
                    field(boolean, trainable, true, "whether optimisers change it")                \
                        field(boolean, local, false, "in local_variables instead of variables")    \
                            field(text, collection, NULL,                                          \
                                  "a further collection to be added to, such as model_variables")
TARE_OPTIONS(tare_variable_options, TARE_VARIABLE_FIELDS);
#define TARE_VARIABLE_DEFAULTS TARE_DEFAULTS(tare_variable_options, TARE_VARIABLE_FIELDS)

/**
 * The variable of that name in the current variable scope, new or shared as the scope's reuse says.
 * Name scopes do not name it; name "" gives it the variable scope's own name, as optimiser slots
 * have it. Errors  exists already, does not exist, another shape or dtype; unknown extents.
 * Source  tf.get_variable.
 */
TARE_API tare_tensor tare_get_variable_with(tare_graph *graph, const char *name, tare_shape shape,
                                            const tare_variable_options *options);
#define tare_get_variable(...) tare_get_variable_(__VA_ARGS__, .reserved = 0)
#define tare_get_variable_(graph, name, shape, ...)                                                \
    TARE_KW(tare_get_variable_with(graph, name, shape,                                             \
                                   &(tare_variable_options){TARE_VARIABLE_DEFAULTS, __VA_ARGS__}))

/** A new variable that is never shared; name (NULL: "Variable") is made unique within the name
 * scope. Source  tf.Variable. */
TARE_API tare_tensor tare_variable_with(tare_graph *graph, const char *name, tare_shape shape,
                                        const tare_variable_options *options);
#define tare_variable(...) tare_variable_(__VA_ARGS__, .reserved = 0)
#define tare_variable_(graph, name, shape, ...)                                                    \
    TARE_KW(tare_variable_with(graph, name, shape,                                                 \
                               &(tare_variable_options){TARE_VARIABLE_DEFAULTS, __VA_ARGS__}))

/* ----------------------------------------------------------------------------------- scopes */

/**
 * Reuse of a variable scope. INHERIT takes the surrounding scope's. So does FALSE, as in
 * TensorFlow, where reuse once begun holds for every scope inside.
 */
typedef enum tare_reuse {
    TARE_REUSE_INHERIT = 0,
    TARE_REUSE_FALSE = 1,
    TARE_REUSE_TRUE = 2,
    TARE_REUSE_AUTO = 3
} tare_reuse;

/**
 * Opens a variable scope and the name scope that goes with it. name NULL: default_name, made unique
 * among the scopes beside it. Ends with tare_variable_scope_end. Source  tf.variable_scope.
 */
TARE_API tare_status tare_variable_scope_begin(tare_graph *graph, const char *name,
                                               const char *default_name, tare_reuse reuse);
/** Closes the innermost scope; TARE_ERROR_STATE (sticky) when that is not a variable scope. */
TARE_API tare_status tare_variable_scope_end(tare_graph *graph);
/**
 * Name scopes name nodes and tf.Variable's, not tf.get_variable's. name is made unique; with a
 * slash at its end it is the full name of a scope to be opened again. Source  tf.name_scope.
 */
TARE_API tare_status tare_name_scope_begin(tare_graph *graph, const char *name);
TARE_API tare_status tare_name_scope_end(tare_graph *graph);
/** Nodes made until the matching end run after each of count operations. Nested blocks add up.
 * Source  tf.control_dependencies. */
TARE_API tare_status tare_control_dependencies_begin(tare_graph *graph,
                                                     const tare_tensor *operations, size_t count);
TARE_API tare_status tare_control_dependencies_end(tare_graph *graph);

/* A block that closes its scope on every way out: return, break, goto. gcc and clang. */
#if defined(__GNUC__) && !defined(__cplusplus)
typedef struct tare_scope_guard {
    tare_graph *graph;
    int once;
} tare_scope_guard;
static inline void tare_variable_scope_leave_(tare_scope_guard *guard) {
    tare_variable_scope_end(guard->graph);
}
static inline void tare_name_scope_leave_(tare_scope_guard *guard) {
    tare_name_scope_end(guard->graph);
}
static inline void tare_control_dependencies_leave_(tare_scope_guard *guard) {
    tare_control_dependencies_end(guard->graph);
}
#define TARE_SCOPE_BLOCK_(leave, graph_, begin) TARE_SCOPE_BLOCK_AT_(__LINE__, leave, graph_, begin)
#define TARE_SCOPE_BLOCK_AT_(line, leave, graph_, begin)                                           \
    TARE_SCOPE_BLOCK_BY_(line, leave, graph_, begin)
/* A guard of its own name on every line, so that blocks nest without -Wshadow. */
#define TARE_SCOPE_BLOCK_BY_(line, leave, graph_, begin)                                           \
    for (tare_scope_guard tare_guard_##line                                                        \
         __attribute__((cleanup(leave))) = {(begin, (graph_)), 1};                                 \
         tare_guard_##line.once; tare_guard_##line.once = 0)
#define TARE_VARIABLE_SCOPE(graph, name)                                                           \
    TARE_SCOPE_BLOCK_(tare_variable_scope_leave_, graph,                                           \
                      (void)tare_variable_scope_begin(graph, name, NULL, TARE_REUSE_INHERIT))
#define TARE_VARIABLE_SCOPE_REUSE(graph, name, reuse)                                              \
    TARE_SCOPE_BLOCK_(tare_variable_scope_leave_, graph,                                           \
                      (void)tare_variable_scope_begin(graph, name, NULL, reuse))
#define TARE_NAME_SCOPE(graph, name)                                                               \
    TARE_SCOPE_BLOCK_(tare_name_scope_leave_, graph, (void)tare_name_scope_begin(graph, name))
#define TARE_CONTROL_DEPENDENCIES(graph, operations, count)                                        \
    TARE_SCOPE_BLOCK_(tare_control_dependencies_leave_, graph,                                     \
                      (void)tare_control_dependencies_begin(graph, operations, count))
#endif

/* ------------------------------------------------------------------------------ collections */

/* TensorFlow's keys. */
#define TARE_GLOBAL_VARIABLES         "variables"
#define TARE_LOCAL_VARIABLES          "local_variables"
#define TARE_MODEL_VARIABLES          "model_variables"
#define TARE_TRAINABLE_VARIABLES      "trainable_variables"
#define TARE_UPDATE_OPS               "update_ops"
#define TARE_LOSSES                   "losses"
#define TARE_REGULARIZATION_LOSSES    "regularization_losses"
#define TARE_MOVING_AVERAGE_VARIABLES "moving_average_variables"
#define TARE_METRIC_VARIABLES         "metric_variables"
#define TARE_SUMMARIES                "summaries"
#define TARE_GLOBAL_STEP              "global_step"
#define TARE_TRAIN_OP                 "train_op"

/** Appends a tensor or an operation to a collection. */
TARE_API tare_status tare_add_to_collection(tare_graph *graph, const char *key, tare_tensor item);
/** How many members of the collection match scope (see tare_collection_item). */
TARE_API size_t tare_collection_count(const tare_graph *graph, const char *key, const char *scope);
/**
 * Member i, in the order they were added, of those whose name lies in scope: NULL for all; a prefix
 * by path component, "hidden1" matches hidden1/w and not hidden10/w. tare_collection_matching takes
 * TensorFlow's rule instead, a (POSIX extended) regular expression anchored at the start, under
 * which "hidden1" matches hidden10/w too.
 */
TARE_API tare_tensor tare_collection_item(const tare_graph *graph, const char *key,
                                          const char *scope, size_t i);
TARE_API size_t tare_collection_matching(const tare_graph *graph, const char *key,
                                         const char *expression, tare_tensor *items,
                                         size_t capacity);

/* ---------------------------------------------------------------------------- conditionals */

/**
 * TensorFlow 1's tf.cond by blocks: nodes built between begin and otherwise run only when predicate
 * is true, those between otherwise and end only when it is false; nodes built outside always run.
 * Returns one tensor per pair through tare_cond_merge, called after end. predicate: scalar bool
 * tensor or immediate; an immediate or a constant is decided while building. Variables made inside
 * belong to no side. Errors  a value of one side used outside it by anything but its merge.
 */
TARE_API tare_status tare_cond_begin(tare_graph *graph, tare_tensor predicate);
TARE_API tare_status tare_cond_otherwise(tare_graph *graph);
TARE_API tare_status tare_cond_end(tare_graph *graph);
/** true_value where the predicate of the conditional just ended holds, else false_value; same
 * dtype; shape: what both know. Operations without outputs give an operation. */
TARE_API tare_tensor tare_cond_merge(tare_graph *graph, tare_tensor true_value,
                                     tare_tensor false_value);

/** A branch as a function: builds and returns its result. */
typedef tare_tensor (*tare_branch)(tare_graph *graph, void *user);
/** tf.cond with functions. */
TARE_API tare_tensor tare_cond(tare_graph *graph, tare_tensor predicate, tare_branch true_branch,
                               tare_branch false_branch, void *user);

/* -------------------------------------------------------------------------------- gradients */

/**
 * Gradients of the sum of ys (each weighed by its grad_y; NULL: ones) for each x, as nodes of the
 * graph, so they can be differentiated again. gradients[i] is a null tensor where y does not depend
 * on x[i] (no error). Errors  an op on the way has no gradient; dtypes that are not floating.
 * Source  tf.gradients.
 */
TARE_API tare_status tare_gradients(const tare_tensor *ys, size_t y_count, const tare_tensor *xs,
                                    size_t x_count, const tare_tensor *grad_ys,
                                    tare_tensor *gradients);

/* ----------------------------------------------------------------- any op, and what it takes */

/** Kinds of option fields, for programs that set options by name. */
typedef enum tare_option_kind {
    TARE_OPTION_boolean,
    TARE_OPTION_integer,
    TARE_OPTION_real,
    TARE_OPTION_text,
    TARE_OPTION_list,
    TARE_OPTION_choice,
    TARE_OPTION_dtype,
    TARE_OPTION_shape,
    TARE_OPTION_tensor,
    TARE_OPTION_array,
    TARE_OPTION_initializer,
    TARE_OPTION_regularizer,
    TARE_OPTION_constraint
} tare_option_kind;

/** One field of an options struct. */
typedef struct tare_option {
    const char *name;
    tare_option_kind kind;
    size_t offset;
    const char *help;
    const char *words; /* choice: its words, "valid,same", value 0 first; else NULL */
} tare_option;

/** An options struct described: tables of ops, layers, optimisers and networks are all of this
 * form. */
typedef struct tare_option_table {
    size_t size;                     /* of the struct */
    const tare_option *options;      /* ends with name NULL */
    void (*set_defaults)(void *all); /* fills a whole struct of that size */
} tare_option_table;

/** Sets one field of a struct that table describes from text ("0.5", "true", "1,2", "same"). */
TARE_API tare_status tare_option_parse(const tare_option_table *table, void *options,
                                       const char *name, const char *value, tare_error *error);

/** The table of the op of that kind ("conv2d"); NULL when there is none. */
TARE_API const tare_option_table *tare_op_option_table(const char *op);
/** Kinds of ops, in order; NULL beyond the last. */
TARE_API const char *tare_op_kind(size_t i);
/**
 * One node of any op: inputs as its documentation says (a null tensor for an optional one left
 * out), options as its table describes them (NULL: defaults). Returns output 0. What all builders
 * call, and the way to ops added by oneself.
 */
TARE_API tare_tensor tare_build(tare_graph *graph, const char *op, const tare_tensor *inputs,
                                size_t count, const void *options);

/* -------------------------------------------------------------------------------- printing */

/** The graph as text, a node a line, or in Graphviz' language; to be freed with tare_text_free.
 * NULL: no memory. */
TARE_API char *tare_graph_text(const tare_graph *graph);
TARE_API char *tare_graph_dot(const tare_graph *graph);
/** Number of nodes. */
TARE_API int64_t tare_graph_size(const tare_graph *graph);

#ifdef __cplusplus
}
#endif

#endif
