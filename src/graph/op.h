/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an op is. An op is one const tare_op_def: how its outputs' shapes follow, how it is
 * differentiated, what simpler ops it stands for when planned, how its kernel is prepared and run,
 * and what the merge pass may ask of it. Declared here and filled by src/op; the plan and the
 * session call it without knowing any kind.
 */
#ifndef TARE_SRC_GRAPH_OP_H
#define TARE_SRC_GRAPH_OP_H

#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "kernel/convolution_riders.h"
#include "kernel/elementwise.h"
#include "kernel/normalisation_fold.h"
#include <tare/graph.h>

#define TARE_MAX_OUTPUTS 64

/* What is known of a value before it is computed. */
typedef struct tare_type {
    tare_dtype dtype;
    tare_shape shape;
} tare_type;

/* ------------------------------------------------------------------- infer: shapes and dtypes */

/*
 * Called when a node is built (shapes partly known) and again when it is planned (shapes known).
 * Inputs that were not given have dtype TARE_DTYPE_NONE. Fills outputs[0..output_count-1];
 * output_count starts at the def's and may be changed.
 */
typedef struct tare_infer {
    const char *op, *node;
    const void *options;
    int32_t input_count;
    const tare_type *inputs;
    int32_t output_count; /* 0 .. TARE_MAX_OUTPUTS */
    tare_type *outputs;
    tare_error *error;
} tare_infer;

/* "op 'node': got GOT; needs NEED". got and need are whole phrases. */
tare_status tare_infer_refuse(const tare_infer *infer, tare_status status, const char *got,
                              const char *need);
/* Checks that recur; each leaves a sentence. what: "logits", "filter". */
tare_status tare_infer_rank(const tare_infer *infer, int input, int rank,
                            const char *what); /* unknown rank passes */
tare_status tare_infer_rank_at_least(const tare_infer *infer, int input, int rank,
                                     const char *what);
tare_status tare_infer_floating(const tare_infer *infer, int input,
                                const char *what);           /* float32 or float64 */
tare_status tare_infer_same_dtypes(const tare_infer *infer); /* of all given inputs */
/* An axis within rank, negative counted from the end; rank must be known. */
tare_status tare_infer_axis(const tare_infer *infer, int64_t axis, int rank, int *result);
/* Several axes: sorted out into a mask of bits; list not given: all axes; repeated ones are
 * refused. */
tare_status tare_infer_axes(const tare_infer *infer, tare_list axes, int rank, uint32_t *mask);

/* --------------------------------------------------------------------- gradient: builds nodes */

/*
 * output_gradients[i] is a null tensor where nothing flows. Set input_gradients[i] where wanted[i];
 * leave it null where the op does not depend on that input differentiably. Gradients are built with
 * the public builders.
 */
typedef struct tare_gradient {
    tare_graph *graph;
    const char *node;
    const void *options;
    int32_t input_count, output_count;
    const tare_tensor *inputs, *outputs, *output_gradients;
    const bool *wanted;
    tare_tensor *input_gradients;
    tare_error *error;
} tare_gradient;

/* ------------------------------------------------------- lower: an op stands for simpler ones */

typedef int32_t tare_value; /* a value of the plan being made; TARE_NO_VALUE where there is none */
#define TARE_NO_VALUE (-1)

typedef struct tare_op_def tare_op_def;
typedef struct tare_lower tare_lower;
struct tare_lower {
    const char *node;
    const void *options;
    int32_t input_count, output_count;
    const tare_value *inputs;
    tare_value *outputs; /* to be set (TARE_NO_VALUE is allowed where wanted[i] is false) */
    const bool *wanted;  /* which outputs anybody uses */
    /* Type of a value, its shape fully known. */
    const tare_type *(*type)(const tare_lower *lower, tare_value value);
    /* True when the value is a boolean whose truth is known now (fed, defaulted or constant
     * scalar). */
    bool (*known)(const tare_lower *lower, tare_value value, bool *truth);
    /* Adds a node; outputs get its values. name of an op in the registry. */
    tare_status (*emit)(tare_lower *lower, const char *op, const void *options,
                        const tare_value *inputs, int32_t input_count, tare_value *outputs,
                        int32_t output_count);
    tare_error *error;
};

/* ------------------------------------------------------------------ prepare and run: a step */

typedef struct tare_run tare_run;
typedef tare_status (*tare_step_function)(const tare_run *run);

/* Called once per plan and node with all shapes known. */
typedef struct tare_prepare {
    const char *op, *node;
    const void *options;
    int32_t input_count, output_count;
    const tare_type *inputs, *outputs;
    const bool *wanted; /* outputs that anybody reads; the others have no memory */
    int threads;
    uint64_t random_key; /* of graph and op seeds, for ops with TARE_OP_RANDOM */
    tare_arena *arena;   /* memory that lives as long as the plan */
    /* to be set where it applies: */
    void *state;           /* what run wants to know, from arena */
    int64_t scratch_bytes; /* memory for the time of the step, aligned to 64 */
    double flops;  /* what the step computes, a multiply and an add counted as two; 0 (the start)
                      where memory is all that counts */
    int64_t bytes; /* that it must read and write; 0 (the start): inputs and outputs once */
    tare_step_function run; /* chosen kernel; starts as the def's run */
    int32_t in_place; /* input whose memory an output may take over when nobody needs it any more;
                         -1 (the start) for none */
    int32_t in_place_output; /* which one; 0 (the start) */
    int32_t alias;           /* input of which output 0 is the same bytes in another shape (reshape,
                                identity); -1 for none. run is then not called */
    tare_error *error;
} tare_prepare;

/*
 * What became of one moving average: kept by the session for each variable that an op with
 * TARE_OP_COUNTS averages into, and only ever counted up while steps run. N: elements that a value
 * averaged in was a statistic of, per channel.
 */
typedef struct tare_update_counts {
    int64_t updates;
    int64_t last, least, most; /* N; 0: not known */
    int64_t not_finite;        /* updates whose value held a NaN or an infinity */
} tare_update_counts;

/* One step while it runs. Pointers of inputs not given and of outputs nobody wants are NULL. Inputs
 * named by the def's `writes` are variables, changed in place. No allocation, no decision. */
struct tare_run {
    void **inputs;
    void **outputs;
    const void *state;
    void *scratch;
    tare_pool *pool;
    union {                            /* what few ops want, and none of them both */
        const uint64_t *random_stream; /* of this run; TARE_OP_RANDOM only */
        tare_update_counts *counts;    /* of the variable that input 0 is; TARE_OP_COUNTS only */
    };
    tare_step_function function; /* what runs it: the plan calls step->function(step) */
    tare_error *error;           /* for the rare step that can fail (label out of range) */
};

/* --------------------------------------------------------- capabilities: what merging may ask */

/*
 * y = scale_c x + shift_c along the last axis of input 0. Either may be TARE_NO_VALUE (1, 0). The
 * values are emitted through lower and depend on inputs other than 0 only.
 */
typedef struct tare_affine {
    tare_value scale, shift;
} tare_affine;

/*
 * y = x W + b in some form: input 0 is x, input 1 the weights W, input 2, where there is one, the
 * bias, one number per channel of y.
 */
typedef struct tare_product {
    tare_weights_view by_output; /* W by the channels of y */
    tare_weights_view by_input;  /* W by the channels of x */
    bool channels_first;         /* the channels of x and y are axis 1; else the last */
    /* Why (scale x + shift) W + b is no product of x, "it pads its input"; NULL: it is one. */
    const char *not_by_input;
} tare_product;

/* What lets a gradient dy through where y is above 0, else 0: `gated`; and the node that made y. */
typedef struct tare_gate {
    tare_value gated, dy;
    const tare_op_def *maker;
    const void *maker_options;
    const tare_value *maker_inputs;
} tare_gate;

/*
 * What follows a product: made becomes clamp(made + addend, low, high), see kernel/ending.h. addend
 * may be TARE_NO_VALUE, the bounds infinite.
 */
typedef struct tare_finish {
    tare_value made, addend;
    double low, high;
} tare_finish;

/* A node as it is, and as it would be on inputs whose axes stand elsewhere: axis k of what it has
 * now is axis perm[k] of what it would get. */
typedef struct tare_reordering {
    tare_list perm;
    void *options;    /* a copy of the node's, to be changed */
    uint32_t outputs; /* bits of outputs whose axes follow the inputs'; starts as output 0 */
} tare_reordering;

/*
 * Riding: a step carries others while its own numbers are in the cache (kernel/convolution_riders.h
 * has the terms). A rider is a node that makes an input of its host while that is read, looks at
 * the host's result as soon as some of it is whole, or changes it in place. One that makes or
 * changes numbers does so by the arithmetic of its own step, so no bit changes.
 */
enum { TARE_HOST_INPUTS = 2 }; /* of a host, from the first on, that riders may make */

/* The bit, among those of inputs that riders make, that says that input i is made in memory too,
 * for others who read it later. */
#define TARE_KEEPS(i) (1U << (TARE_HOST_INPUTS + (i)))

typedef struct tare_carried {
    tare_reader readers[TARE_HOST_INPUTS];
    tare_maker makers[TARE_HOST_INPUTS]; /* of those that are kept */
    tare_finisher finisher;              /* of output 0 */
} tare_carried;

typedef struct tare_host {
    uint32_t reads; /* bits of inputs that riders may make, and keep */
    bool finishes;  /* it can tell of its results */
    /* Whether riders may change them in this use: it costs less than a pass. NULL: never. */
    bool (*changes)(const tare_lower *node);
    /* Whether the kernel of this use carries riders, of which some make the inputs `reads`. */
    bool (*carries)(const tare_lower *node, uint32_t reads);
    /* As an op's prepare; slices: by which results are told of. */
    tare_status (*prepare)(tare_prepare *prepare, uint32_t reads, int64_t *slices);
    void (*run)(const tare_run *run, const tare_carried *carried);
} tare_host;

typedef struct tare_rider {
    int32_t input; /* its input that the host makes, or has for its own */
    bool either;   /* of one that does not read: or the input behind that one */
    /* Output 0 is the host's input; output 0 is what becomes of the host's result; neither: it
     * looks on. */
    bool reads, changes;
    int most_hosts; /* of one that reads: made for more, it costs more than a pass */
    bool (*rides)(const tare_lower *node);                          /* whether in this use */
    tare_status (*prepare)(tare_prepare *prepare, int64_t slices);  /* as an op's prepare */
    tare_reader (*reader)(const tare_run *run);                     /* of one that reads */
    tare_finisher (*finisher)(const tare_run *run, float *numbers); /* numbers: the host makes */
    void (*end)(const tare_run *run); /* when the host has finished; NULL: nothing is left to do */
} tare_rider;

/* How a step changes elements begin .. end - 1 of its variables, input 0 and others of its shape;
 * cost: operations an element, roughly. */
typedef struct tare_element_update {
    int cost;
    void (*run)(const tare_run *run, int64_t begin, int64_t end);
} tare_element_update;

typedef struct tare_capabilities {
    /* "Others can ride on me"; "I can ride". NULL: never. */
    const tare_host *host;
    const tare_rider *rider;
    /* "Here I am an affine map of input 0 along its last axis": false when it is not in this use.
     * NULL: never. */
    bool (*as_affine)(const tare_lower *node);
    tare_status (*make_affine)(tare_lower *node, tare_affine *affine);
    /* "I can take an affine map of my output into my own inputs": emits the node that does, returns
     * its value (outputs[0]); false / NULL: cannot. */
    bool (*absorbs_affine)(const tare_lower *node);
    tare_status (*absorb_affine)(tare_lower *node, const tare_affine *affine);
    /* "I am a product": how. false: not in this use. NULL: never. Shapes may be known in part, but
     * for those of the weights. */
    bool (*as_product)(const tare_lower *node, tare_product *product);
    /* "I am input 0 where it is above 0, else 0"; "I am input 0 where input 1 is above 0, else 0".
     */
    bool is_rectifier, is_gate;
    /* "I can rectify what I make": emits the node that does, with outputs[0]; sets no output where
     * it cannot. NULL: never. */
    tare_status (*absorb_rectifier)(tare_lower *node);
    /* "I am this function of each element of input 0"; NULL: of none. "I can do that to what I
     * make": as above. */
    const tare_unary *activation;
    tare_status (*absorb_activation)(tare_lower *node, tare_unary activation);
    /* "I can do with dy before the gate": emits the node that does, with all its outputs. NULL:
     * never. */
    tare_status (*absorb_gate)(tare_lower *node, const tare_gate *gate);
    /* "I am input 0 + input 1"; "I am input 0 kept between two bounds". */
    bool is_sum;
    const double *clamps; /* low, high; NULL: never */
    /* "I can do that to what I make": emits the node that does, with outputs[0]; sets no output
     * where it cannot. NULL: never. */
    tare_status (*absorb_finish)(tare_lower *node, const tare_finish *finish);
    /* "I can read my weights, input 1, packed by a step of its own": emits both, with outputs[0]
     * in place of result. Sets no output where there is nothing to pack. NULL: never. */
    tare_status (*pack_weights)(tare_lower *node, tare_value result);
    /* "I only move axes": axis perm[k] of input 0 is axis k of my output, for every axis. */
    void (*as_transpose)(const tare_lower *node, tare_list *perm);
    /* "I do not mind in which order the axes of these inputs stand" (a bit each; all of them in one
     * order), where reorder agrees: it says which outputs follow and changes what of its options
     * counts axes. NULL: never. */
    uint32_t any_order;
    bool (*reorder)(const tare_lower *node, tare_reordering *to);
    /* "I make element k of output 0 of elements k of my inputs, broadcast by NumPy's rules, so
     * that I do the same when I am prepared for a part of the elements in a row": in this use.
     * NULL: never. */
    bool (*is_elementwise)(const tare_lower *node);
    /* "I change the elements of my variables one by one, and have no output": how. NULL: never. */
    const tare_element_update *updates;
} tare_capabilities;

/* ------------------------------------------------------------------------------- the op itself */

/* An input shape is all that a bit of `shape_only` says matters: the value need not be computed. */
enum {
    TARE_OP_RANDOM = 1 << 0,       /* draws numbers: never merged with its like, never folded */
    TARE_OP_NOT_FEEDABLE = 1 << 1, /* its outputs cannot be fed */
    TARE_OP_STATEFUL = 1 << 2,     /* runs once per run even if two look alike */
    TARE_OP_INTERNAL = 1 << 3,     /* exists in plans only; tare_build refuses it */
    TARE_OP_CAN_FAIL = 1 << 4,     /* run may return an error (others never do) */
    TARE_OP_VARIABLE = 1 << 5,     /* the node whose array lives in the session */
    TARE_OP_PLACEHOLDER = 1 << 6,  /* must be fed unless it has an input (its default) */
    TARE_OP_CONSTANT = 1 << 7,     /* its numbers are its option `array` */
    TARE_OP_MERGE =
        1 << 8, /* the end of a conditional: inputs predicate, true value, false value */
    TARE_OP_OVERWRITES =
        1 << 9,               /* input 0 is a variable that need not have a value before (assign) */
    TARE_OP_COUNTS = 1 << 10, /* counts what it averages into the variable that input 0 is */
    TARE_OP_NEEDS_RESULT = 1 << 11 /* output 0 has memory even where nobody reads it */
};

/* One example for the sweep test: shapes of the inputs, options as text "axis=1,keepdims=true", and
 * what is expected. */
typedef struct tare_example {
    const char
        *shapes; /* "[2,3] [3]"; a dtype may precede: "int32[4]"; "-" for an input left out */
    const char *options; /* "" for defaults */
    double low, high;    /* range of random inputs; 0, 0: -2..2 */
    const char *refused; /* NULL: accepted; else a part of the sentence that refuses it */
    unsigned flags;      /* TARE_EXAMPLE_* */
} tare_example;
enum {
    TARE_EXAMPLE_NO_GRADIENT = 1, /* not differentiated (whole-number outputs, steps, kinks) */
    TARE_EXAMPLE_NO_SECOND_GRADIENT = 2, /* only the first gradient is held against differences */
    TARE_EXAMPLE_NO_NAN = 4,             /* a NaN input need not come out as NaN */
    TARE_EXAMPLE_FIRST_OUTPUT = 8        /* gradients are those of output 0 alone */
};

struct tare_op_def {
    const char *name;               /* "reduce_mean": tare_build's, the registry's */
    const char *node_name;          /* TensorFlow's name of a node: "Mean" */
    const tare_option_table *table; /* options; NULL: tare_op_options */
    int32_t min_inputs, max_inputs; /* max -1: any number */
    int32_t output_count;           /* as infer starts with */
    uint32_t flags;                 /* TARE_OP_* */
    uint32_t writes;                /* bit i: input i is a variable that run changes */
    uint32_t shape_only;            /* bit i: only the shape of input i matters */
    uint32_t optional;              /* bit i: input i may be a null tensor */
    tare_status (*infer)(tare_infer *infer);
    tare_status (*gradient)(tare_gradient *gradient); /* NULL: no gradient flows (stop) unless the
                                                         op is refused by no_gradient */
    const char *no_gradient; /* why it cannot be differentiated; NULL: it can, or gradient NULL
                                means zero */
    tare_status (*lower)(tare_lower *lower); /* NULL, or TARE_OK with no output set: it is a step
                                                itself. TARE_OK with outputs set */
    tare_status (*prepare)(tare_prepare *prepare);
    tare_step_function run;
    const tare_capabilities *can;
    const tare_example *examples; /* ends with shapes NULL; NULL: none */
};

/*
 * Tables from a field list. TARE_TABLE_STRUCT is the struct meant, TARE_WORDS_<field> the words of
 * a choice, value 0 first:
 *
 *     #define TARE_TABLE_STRUCT tare_conv_options
 *     #define TARE_WORDS_padding "valid,same"
 *     TARE_OPTION_TABLE(static, conv_table, TARE_CONV_FIELDS);
 *     #undef TARE_TABLE_STRUCT
 */
#define TARE_FIELD_ENTRY(kind, name, initial, help)                                                \
    {#name, TARE_OPTION_##kind, offsetof(TARE_TABLE_STRUCT, name), help,                           \
     TARE_FIELD_WORDS_##kind(name)},
#define TARE_FIELD_WORDS_boolean(name)     NULL
#define TARE_FIELD_WORDS_integer(name)     NULL
#define TARE_FIELD_WORDS_real(name)        NULL
#define TARE_FIELD_WORDS_text(name)        NULL
#define TARE_FIELD_WORDS_list(name)        NULL
#define TARE_FIELD_WORDS_choice(name)      TARE_WORDS_##name
#define TARE_FIELD_WORDS_dtype(name)       NULL
#define TARE_FIELD_WORDS_shape(name)       NULL
#define TARE_FIELD_WORDS_tensor(name)      NULL
#define TARE_FIELD_WORDS_array(name)       NULL
#define TARE_FIELD_WORDS_initializer(name) NULL
#define TARE_FIELD_WORDS_regularizer(name) NULL
#define TARE_FIELD_WORDS_constraint(name)  NULL
#define TARE_OPTION_TABLE(storage, table, FIELDS)                                                  \
    static void table##_defaults(void *all) {                                                      \
        *(TARE_TABLE_STRUCT *)all = (TARE_TABLE_STRUCT){TARE_DEFAULTS(TARE_TABLE_STRUCT, FIELDS)}; \
    }                                                                                              \
    static const tare_option table##_options[] = {                                                 \
        FIELDS(TARE_FIELD_ENTRY){NULL, TARE_OPTION_boolean, 0, NULL, NULL}};                       \
    storage const tare_option_table table = {sizeof(TARE_TABLE_STRUCT), table##_options,           \
                                             table##_defaults}

/* The registry: filled by src/op/registry.c, NULL-terminated array of families, each ended by a def
 * without a name. */
extern const tare_op_def *const tare_op_families[];
const tare_op_def *
tare_op_find(const char *name); /* NULL: unknown. In src/graph; searches the families */
const tare_option_table *tare_op_table(const tare_op_def *def); /* never NULL */
/* Fills `into` (table->size bytes) with defaults and then the user's struct as far as its own
 * struct_size goes. */
void tare_options_adopt(const tare_option_table *table, const void *user, void *into);

/* Builders of src/op: one node of def; inputs may be immediates. Sticky errors; returns output 0.
 */
tare_tensor tare_build_node(tare_graph *graph, const tare_op_def *def, const char *name,
                            const tare_tensor *inputs, size_t count, const void *options);
/* The graph of the first tensor that has one, NULL when all are immediates or not given. */
tare_graph *tare_graph_of(const tare_tensor *tensors, size_t count);
/* Records a sticky building error (the first is kept); returns a null tensor that keeps the graph.
 */
tare_tensor tare_build_fail(tare_graph *graph, tare_status status, const char *op, const char *node,
                            const char *got, const char *need);

#endif
