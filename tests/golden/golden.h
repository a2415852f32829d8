/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The golden driver: one case while its graph is built, run and judged against TensorFlow's
 * numbers.
 *
 * A group's driver is a function over a golden_case. It reads the case's fields from `spec`, builds
 * a graph, and hands every computed array to golden_judge; arrays of the index that nobody judged
 * fail the case, so nothing is left out by forgetting it.
 */
#ifndef TARE_TESTS_GOLDEN_GOLDEN_H
#define TARE_TESTS_GOLDEN_GOLDEN_H

#include <jansson.h>
#include <tare/tare.h>

#define GOLDEN_MAX_ITEMS 256
#define GOLDEN_NAME      128

typedef struct golden_case {
    const char *file;   /* the group's file without its ending: "op_conv" */
    const char *name;   /* the case's */
    const json_t *spec; /* the case as the index has it */
    tare_npz *npz;      /* NULL when the group has no arrays */
    int threads;
    bool verbose;
    bool wide; /* float32 cases are computed in float64, and rounded before they are judged */

    tare_graph *graph;
    tare_session *session;
    tare_array **kept; /* arrays freed with the case */
    size_t kept_count;
    bool *judged; /* of every entry of spec's `arrays` */
    int judgements, failures;
    char lacks[GOLDEN_NAME]; /* what would be needed to express the case; "" when nothing */
} golden_case;

/* A driver of a group. */
typedef void (*golden_driver)(golden_case *c);
void golden_batch_norm(golden_case *c);
void golden_initializer(golden_case *c);
void golden_metric(golden_case *c);
void golden_names(golden_case *c);
void golden_op(golden_case *c);
void golden_optimizer(golden_case *c);
void golden_program(golden_case *c);
void golden_schedule(golden_case *c); /* the part of optimizer that is schedules */
void golden_seed_program(golden_case *c);

/* ------------------------------------------------------------------------------------- verdicts */

/* Prints one line and fails the case. */
void golden_fail(golden_case *c, const char *format, ...) TARE_PRINTF(2, 3);
/* The case needs something this library does not have ("nn.conv3d"); it counts as failed. */
void golden_lack(golden_case *c, const char *what);
/* True for TARE_OK; otherwise fails the case with the session's or the graph's sentence. */
bool golden_ok(golden_case *c, tare_status status, const char *doing);
/* True while the graph has no error; otherwise fails the case with its sentence. */
bool golden_built(golden_case *c, const char *doing);
/* Opens the case, runs the driver, and closes it; true when it passed. */
bool golden_run_case(golden_case *c, golden_driver drive);

/* --------------------------------------------------------------------------------------- fields */

const char *golden_text(const json_t *object, const char *field, const char *otherwise);
int64_t golden_integer(const json_t *object, const char *field, int64_t otherwise);
double golden_real(const json_t *object, const char *field, double otherwise);
bool golden_boolean(const json_t *object, const char *field, bool otherwise);
/* A shape from a JSON list; null extents are open. null or no list at all: any shape. */
tare_shape golden_shape(const json_t *list);
/* A value that is no text as tare_option_parse reads it: 0.5 -> "0.5", [1, 2] -> "[1,2]". */
bool golden_option_text(const json_t *value, char *text, size_t size);
/* Sets a field of an options struct from a JSON value; fails the case when it cannot. */
bool golden_set_option(golden_case *c, const tare_option_table *table, void *options,
                       const char *name, const json_t *value);
/* Sets all fields of `options` of the case's spec, but those named in `except` ("a b c"). */
bool golden_set_options(golden_case *c, const tare_option_table *table, void *options,
                        const json_t *values, const char *except);
/*
 * The table of a public options struct from its field list: `#define GOLDEN_STRUCT type` around
 * `static const tare_option fields[] = {TYPE_FIELDS(GOLDEN_FIELD) GOLDEN_LAST_FIELD};`
 */
#define GOLDEN_FIELD(kind, name, initial, help)                                                    \
    {#name, TARE_OPTION_##kind, offsetof(GOLDEN_STRUCT, name), help, NULL},
#define GOLDEN_LAST_FIELD                                                                          \
    { NULL, TARE_OPTION_boolean, 0, NULL, NULL }
/* True when word is one of the words of a list separated by spaces. */
bool golden_has_word(const char *words, const char *word);

/* --------------------------------------------------------------------------------------- arrays */

/* The index entry of that array; NULL when the case has none. */
const json_t *golden_entry(const golden_case *c, const char *when, const char *role,
                           const char *name);
/* A recorded array, owned by the case; NULL (and the case fails) when it cannot be read. */
tare_array *golden_array(golden_case *c, const char *when, const char *role, const char *name);
/* Hands an array over to the case, which frees it; returns it. */
tare_array *golden_keep(golden_case *c, tare_array *array);
/* float32 or what the case's `dtype` says; float64 when it is computed wide. */
tare_dtype golden_dtype(const golden_case *c);
/* Numbers of a nested JSON list (or one number) as an array of dtype, owned by the case. */
tare_array *golden_numbers(golden_case *c, const json_t *values, tare_dtype dtype);
/* Compares a computed array with the recorded one within the entry's tolerance. */
void golden_judge(golden_case *c, const char *when, const char *role, const char *name,
                  const tare_array *got);
/* Compares a list of names with a list of the index, exactly and in order. */
void golden_judge_names(golden_case *c, const char *what, const json_t *wanted,
                        const tare_tensor *items, size_t count);
/* The same for a collection and a field of the spec; a field that is not there is not judged. */
void golden_judge_collection(golden_case *c, const char *field, const char *collection);

/* How far got lies from want: found by golden_compare, printed by golden_judge. */
typedef struct golden_difference {
    bool comparable; /* same dtype and shape */
    int64_t wrong;   /* elements beyond the tolerance */
    int64_t worst;   /* index of the element that is furthest beyond it */
    double got, want, allowed;
    double share; /* the largest difference over what is allowed there; 0 where nothing is */
} golden_difference;
golden_difference golden_compare(const tare_array *got, const tare_array *want, double atol,
                                 double rtol, bool exact);

/* ----------------------------------------------------------------------------------------- runs */

/* What is fed in one run. */
typedef struct golden_feeds {
    tare_feed items[GOLDEN_MAX_ITEMS];
    size_t count;
} golden_feeds;
/* Adds a feed; arrays that are NULL (a failure told already) are left out. */
void golden_feed(golden_feeds *feeds, tare_tensor tensor, const tare_array *array);
/* Feeds the array recorded as when/in/name. */
void golden_feed_recorded(golden_case *c, golden_feeds *feeds, tare_tensor tensor, const char *when,
                          const char *name);

/* What is fetched in one run, and under which role and name it was recorded. */
typedef struct golden_watch {
    struct {
        char role[8], name[GOLDEN_NAME];
    } items[GOLDEN_MAX_ITEMS];
    tare_tensor tensors[GOLDEN_MAX_ITEMS];
    size_t count;
} golden_watch;
void golden_watch_add(golden_watch *watch, const char *role, const char *name, tare_tensor tensor);

/* A session over the case's graph, its variables at their first values; false after a failure. */
bool golden_open_session(golden_case *c);
/* Assigns every initial/var/... of the case. */
bool golden_assign_initial(golden_case *c);
/* One run of all that is watched, every result judged under `when`. */
bool golden_run_watch(golden_case *c, const char *when, const golden_feeds *feeds,
                      const golden_watch *watch);
/* One run of operations, results not looked at. */
bool golden_run_operations(golden_case *c, const golden_feeds *feeds, const tare_tensor *operations,
                           size_t count);
/* Judges every when/var/... of the case. */
void golden_judge_variables(golden_case *c, const char *when);

/* ------------------------------------------------------------------------- ops by TensorFlow path
 */

/* Values for the arguments of an op: by name, or, when name is "", by place. */
typedef struct golden_arguments {
    struct {
        char name[GOLDEN_NAME];
        tare_tensor tensors[16]; /* more than one for a list argument */
        size_t count;
        const json_t *value; /* what stands there when it is no tensor */
    } items[16];
    size_t count;
} golden_arguments;

/*
 * Builds the op that TensorFlow calls path ("nn.conv2d") from its arguments and options; outputs
 * gets count tensors. False, with the case failed or lacking, when the driver cannot say it; a
 * builder's error stays in the graph for the caller to look at.
 */
bool golden_build_op(golden_case *c, const char *path, const golden_arguments *arguments,
                     const json_t *options, tare_tensor *outputs, size_t count);

/* The same of tf.losses.KIND, which golden_build_op calls. */
bool golden_build_loss(golden_case *c, const char *kind, const golden_arguments *arguments,
                       const json_t *options, tare_tensor *output);
/* How far a gradient of a loss may lie off because it is what is left when two numbers cancel; 0
 * for all other arrays. */
double golden_loss_cancels(golden_case *c, const json_t *entry);

/* ---------------------------------------------------------------------------- layers, optimisers
 */

/* A call of tf.layers.NAME. */
typedef struct golden_layer_call {
    const char *name; /* "dense" */
    tare_tensor input;
    const json_t *options; /* TensorFlow's, `training` aside */
    tare_tensor training;
} golden_layer_call;
/* False, with the case failed or lacking, when the driver cannot say it; a builder's error stays in
 * the graph. */
bool golden_build_layer(golden_case *c, const golden_layer_call *call, tare_tensor *output);

/* Options of the batch normalisation layer from TensorFlow's, training and reuse aside. */
bool golden_batch_norm_options(golden_case *c, const json_t *json,
                               tare_batch_norm_options *options);

/* The optimiser of that path ("train.AdamOptimizer"); false, with the case failed or lacking, when
 * there is none. */
bool golden_build_optimizer(golden_case *c, const char *path, const json_t *options,
                            tare_optimizer *optimizer);

/* -------------------------------------------------------------------------------- whole programs
 */

/* A program that is trained: what is fed, watched and run in a step. */
typedef struct golden_training {
    golden_feeds feeds; /* arrays are filled in step by step; names say which */
    char feed_names[8][GOLDEN_NAME];
    golden_watch watch;
    tare_tensor cost, training; /* training: null when the program has no mode */
    struct {
        tare_tensor operations[16];
        size_t count;
    } runs[4]; /* runs of one step, in order */
    size_t run_count;
} golden_training;
void golden_training_feed(golden_training *program, const char *name, tare_tensor placeholder);
/* Trains as groups/training.py does, judging every recorded step, then the inference pass. */
void golden_train(golden_case *c, golden_training *program);

#endif
