/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group names: small programs as lists of statements, and the names, collections or error that
 * follow. A statement is known by its first key.
 */
#include "golden.h"

#include <stdio.h>
#include <string.h>

#define MAX_KEPT 64

typedef struct script {
    golden_case *c;
    struct {
        const char *key;
        tare_tensor tensor;
        bool layer; /* result of a layer: its name lies inside the layer's scope */
    } kept[MAX_KEPT];
    size_t kept_count;
    tare_status status; /* of a run; building errors are the graph's */
} script;

static bool do_statements(script *s, const json_t *statements);

/* ---------------------------------------------------------------------------------------- values
 */

static void keep(script *s, const json_t *statement, tare_tensor tensor, bool layer) {
    const char *key = golden_text(statement, "as", NULL);
    if (!key || !tare_tensor_is_valid(tensor)) return;
    size_t i = 0;
    while (i < s->kept_count && strcmp(s->kept[i].key, key)) i++;
    if (i == MAX_KEPT) {
        golden_fail(s->c, "more tensors than the driver keeps");
        return;
    }
    if (i == s->kept_count) s->kept_count++;
    s->kept[i].key = key, s->kept[i].tensor = tensor, s->kept[i].layer = layer;
}

static tare_tensor find_kept(const script *s, const char *key) {
    for (size_t i = 0; i < s->kept_count; i++)
        if (!strcmp(s->kept[i].key, key)) return s->kept[i].tensor;
    return TARE_NULL;
}

/* A kept tensor, a number or a truth value. */
static tare_tensor tensor_of(const script *s, const json_t *value) {
    if (json_is_string(value)) return find_kept(s, json_string_value(value));
    if (json_is_boolean(value)) return json_boolean_value(value) ? TARE_TRUE : TARE_FALSE;
    if (json_is_number(value)) return tare_number(json_number_value(value));
    return TARE_NULL;
}

static const json_t *options_of(const json_t *statement) {
    return json_object_get(statement, "options");
}

/* ------------------------------------------------------------------------------------ statements
 */

static bool do_placeholder(script *s, const json_t *st) {
    tare_op_options options = {TARE_OP_DEFAULTS};
    options.name = golden_text(st, "placeholder", NULL);
    tare_dtype dtype = tare_dtype_named(golden_text(st, "dtype", "float32"));
    keep(s, st,
         tare_placeholder_with(s->c->graph, dtype, golden_shape(json_object_get(st, "shape")),
                               &options),
         false);
    return true;
}

static bool do_placeholder_with_default(script *s, const json_t *st) {
    tare_placeholder_with_default_options options = {TARE_PLACEHOLDER_WITH_DEFAULT_DEFAULTS};
    options.name = golden_text(st, "name", NULL);
    tare_tensor value = tensor_of(s, json_object_get(st, "placeholder_with_default"));
    keep(s, st, tare_placeholder_with_default_with(s->c->graph, value, &options), false);
    return true;
}

static tare_reuse reuse_of(const json_t *st) {
    const json_t *reuse = json_object_get(st, "reuse");
    if (json_is_string(reuse)) return TARE_REUSE_AUTO;
    if (json_is_boolean(reuse))
        return json_boolean_value(reuse) ? TARE_REUSE_TRUE : TARE_REUSE_FALSE;
    return TARE_REUSE_INHERIT;
}

static bool do_variable_scope(script *s, const json_t *st) {
    tare_variable_scope_begin(s->c->graph, golden_text(st, "variable_scope", NULL),
                              golden_text(st, "default_name", NULL), reuse_of(st));
    bool fine = do_statements(s, json_object_get(st, "do"));
    tare_variable_scope_end(s->c->graph);
    return fine;
}

static bool do_name_scope(script *s, const json_t *st) {
    tare_name_scope_begin(s->c->graph, golden_text(st, "name_scope", NULL));
    bool fine = do_statements(s, json_object_get(st, "do"));
    tare_name_scope_end(s->c->graph);
    return fine;
}

static bool do_get_variable(script *s, const json_t *st) {
    keep(s, st,
         tare_get_variable_with(s->c->graph, golden_text(st, "get_variable", NULL),
                                golden_shape(json_object_get(st, "shape")), NULL),
         false);
    return true;
}

static bool do_variable(script *s, const json_t *st) {
    tare_variable_options options = {TARE_VARIABLE_DEFAULTS};
    options.initializer = TARE_CONSTANT(json_number_value(json_object_get(st, "variable")));
    keep(s, st,
         tare_variable_with(s->c->graph, golden_text(options_of(st), "name", NULL), TARE_SCALAR,
                            &options),
         false);
    return true;
}

static bool do_layer(script *s, const json_t *st) {
    tare_tensor input = find_kept(s, golden_text(st, "input", "")), output;
    golden_layer_call call = {.name = golden_text(st, "layer", ""),
                              .input = input,
                              .options = options_of(st),
                              .training = TARE_FALSE};
    const json_t *training = json_object_get(call.options, "training");
    if (training) call.training = tensor_of(s, training);
    if (!golden_build_layer(s->c, &call, &output)) return false;
    keep(s, st, output, true);
    return true;
}

static bool do_op(script *s, const json_t *st) {
    golden_arguments arguments = {.count = 0};
    const json_t *inputs = json_object_get(st, "inputs");
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const json_t *value = json_array_get(inputs, i);
        tare_tensor tensor = tensor_of(s, value);
        arguments.items[i].value = value;
        arguments.items[i].tensors[0] = tensor;
        arguments.items[i].count = tare_tensor_is_valid(tensor) ? 1 : 0;
        arguments.count++;
    }
    tare_tensor output = TARE_NULL;
    if (!golden_build_op(s->c, golden_text(st, "op", ""), &arguments, options_of(st), &output, 1))
        return false;
    keep(s, st, output, false);
    return true;
}

/* The tensors of a list of keys, at most `room`; returns how many. */
static size_t kept_list(const script *s, const json_t *list, tare_tensor *tensors, size_t room) {
    size_t count = json_array_size(list) < room ? json_array_size(list) : room;
    for (size_t i = 0; i < count; i++) tensors[i] = tensor_of(s, json_array_get(list, i));
    return count;
}

static bool do_minimize(script *s, const json_t *st) {
    tare_tensor variables[16];
    size_t count = kept_list(s, json_object_get(st, "var_list"), variables, 16);
    tare_optimizer optimizer;
    if (!golden_build_optimizer(s->c, golden_text(st, "minimize", ""), options_of(st), &optimizer))
        return false;
    tare_minimize_options options = {TARE_MINIMIZE_DEFAULTS};
    if (count) options.var_list = variables, options.var_count = count;
    keep(s, st, tare_minimize_with(optimizer, find_kept(s, golden_text(st, "loss", "")), &options),
         false);
    return true;
}

static bool do_average(script *s, const json_t *st) {
    tare_tensor sources[16];
    size_t count = kept_list(s, json_object_get(st, "of"), sources, 16);
    tare_average average = tare_exponential_moving_average_with(
        s->c->graph, tare_number(golden_real(st, "average", 0)), NULL);
    keep(s, st, tare_average_apply(average, count ? sources : NULL, count), false);
    return true;
}

static bool do_initialize(script *s, const json_t *st) {
    (void)st;
    if (!s->c->session && !golden_open_session(s->c)) return false;
    s->status = tare_session_initialize(s->c->session);
    return true;
}

/* A session without initialised variables: what a program has that forgets to. */
static bool need_session(script *s) {
    if (s->c->session) return true;
    tare_error error = {.status = TARE_OK};
    s->status = tare_session_new_with(s->c->graph, NULL, &s->c->session, &error);
    return s->status == TARE_OK;
}

static void feed_all(script *s, const json_t *feed, golden_feeds *feeds) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)feed, key, value) {
        tare_tensor tensor = find_kept(s, key);
        golden_feed(feeds, tensor, golden_numbers(s->c, value, tare_tensor_dtype(tensor)));
    }
}

/* Fetches are kept tensors, names, or "@COLLECTION". */
static bool do_run(script *s, const json_t *st) {
    if (!need_session(s)) return true;
    golden_feeds feeds = {.count = 0};
    feed_all(s, json_object_get(st, "feed"), &feeds);
    const json_t *fetches = json_object_get(st, "run");
    for (size_t i = 0; i < json_array_size(fetches) && s->status == TARE_OK; i++) {
        const char *name = json_string_value(json_array_get(fetches, i));
        tare_tensor tensor = find_kept(s, name ? name : "");
        tare_array *result = NULL;
        if (name && name[0] == '@')
            s->status = tare_session_run_collection(s->c->session, feeds.items, feeds.count,
                                                    TARE_UPDATE_OPS);
        else if (tare_tensor_is_valid(tensor))
            s->status =
                tare_session_run(s->c->session, feeds.items, feeds.count, &tensor, 1, &result);
        else
            s->status =
                tare_session_run_named(s->c->session, feeds.items, feeds.count, name, &result);
    }
    return true;
}

static bool do_close(script *s, const json_t *st) {
    (void)st;
    if (need_session(s)) s->status = tare_session_close(s->c->session);
    return true;
}

/* TensorFlow's filter: a regular expression anchored at the start. */
static bool do_collection(script *s, const json_t *st) {
    const char *key = golden_text(st, "collection", ""), *scope = golden_text(st, "scope", "");
    tare_tensor items[GOLDEN_MAX_ITEMS];
    size_t count = tare_collection_matching(s->c->graph, key, scope, items, GOLDEN_MAX_ITEMS);
    const char *name = golden_text(st, "as", "");
    golden_judge_names(s->c, name,
                       json_object_get(json_object_get(s->c->spec, "collections"), name), items,
                       count);
    return true;
}

static const struct {
    const char *key;
    bool (*run)(script *s, const json_t *st);
} statements_by_key[] = {
    {"placeholder", do_placeholder},
    {"placeholder_with_default", do_placeholder_with_default},
    {"variable_scope", do_variable_scope},
    {"name_scope", do_name_scope},
    {"layer", do_layer},
    {"get_variable", do_get_variable},
    {"variable", do_variable},
    {"op", do_op},
    {"minimize", do_minimize},
    {"average", do_average},
    {"initialize", do_initialize},
    {"run", do_run},
    {"close", do_close},
    {"collection", do_collection},
};

/* False when the driver cannot say the statement (the case has been told so). */
static bool do_statement(script *s, const json_t *st) {
    const char *key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)st));
    for (size_t i = 0; i < sizeof statements_by_key / sizeof *statements_by_key; i++)
        if (key && !strcmp(key, statements_by_key[i].key)) return statements_by_key[i].run(s, st);
    golden_fail(s->c, "statement %s is unknown to the driver", key ? key : "(none)");
    return false;
}

static bool do_statements(script *s, const json_t *statements) {
    for (size_t i = 0; i < json_array_size(statements); i++)
        if (!do_statement(s, json_array_get(statements, i))) return false;
    return true;
}

/* ---------------------------------------------------------------------------------------- errors
 */

#define BIT(status) (1u << (status))

/*
 * What Python raises and the statuses that mean the same here. The first line whose type and words
 * fit is taken; lines without words are for sentences not foreseen.
 */
static const struct {
    const char *type, *words;
    unsigned statuses;
} kinds[] = {
    {"ValueError", "Cannot feed value of shape", BIT(TARE_ERROR_FEED) | BIT(TARE_ERROR_SHAPE)},
    {"ValueError", "already exists", BIT(TARE_ERROR_NAME)},
    {"ValueError", "does not exist", BIT(TARE_ERROR_NAME)},
    {"ValueError", "Trying to share variable", BIT(TARE_ERROR_SHAPE)},
    {"ValueError", "No gradients provided", BIT(TARE_ERROR_GRADIENT)},
    {"ValueError", "No variables to optimize", BIT(TARE_ERROR_GRADIENT)},
    {"ValueError", "last dimension of the inputs", BIT(TARE_ERROR_SHAPE)},
    {"ValueError", "is incompatible with the layer", BIT(TARE_ERROR_SHAPE)},
    {"ValueError", "Invalid value for `axis`", BIT(TARE_ERROR_ARGUMENT)},
    {"ValueError", "Duplicate axis", BIT(TARE_ERROR_ARGUMENT)},
    {"ValueError", "Invalid reduction dimension", BIT(TARE_ERROR_ARGUMENT)},
    {"ValueError", "undefined `axis` dimension", BIT(TARE_ERROR_SHAPE)},
    {"ValueError", "Dimensions must be equal", BIT(TARE_ERROR_SHAPE)},
    {"ValueError", "evenly divisible", BIT(TARE_ERROR_SHAPE)},
    {"ValueError", "",
     BIT(TARE_ERROR_ARGUMENT) | BIT(TARE_ERROR_SHAPE) | BIT(TARE_ERROR_NAME) |
         BIT(TARE_ERROR_FEED) | BIT(TARE_ERROR_GRADIENT)},
    {"InvalidArgumentError", "You must feed", BIT(TARE_ERROR_FEED)},
    {"InvalidArgumentError", "",
     BIT(TARE_ERROR_FEED) | BIT(TARE_ERROR_SHAPE) | BIT(TARE_ERROR_ARGUMENT)},
    {"FailedPreconditionError", "", BIT(TARE_ERROR_UNINITIALIZED)},
    {"RuntimeError", "closed Session", BIT(TARE_ERROR_STATE)},
    {"RuntimeError", "", BIT(TARE_ERROR_STATE)},
    {"TypeError", "", BIT(TARE_ERROR_TYPE)},
};

static unsigned statuses_of(const json_t *error) {
    const char *type = golden_text(error, "type", ""), *words = golden_text(error, "message", "");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].type, type) && strstr(words, kinds[i].words)) return kinds[i].statuses;
    return 0;
}

/* An error must come at the statement where TensorFlow's came, be of its kind, and say something.
 */
static void judge_error(script *s, size_t statement, tare_status status, const char *message) {
    golden_case *c = s->c;
    const json_t *error = json_object_get(c->spec, "error");
    c->judgements++;
    if (!error) {
        golden_fail(c, "statement %zu: %s: %s; TensorFlow has no error", statement,
                    tare_status_name(status), message);
        return;
    }
    int64_t wanted = golden_integer(error, "statement", -1);
    if ((int64_t)statement != wanted)
        golden_fail(c, "error at statement %zu, wanted at %lld: %s", statement, (long long)wanted,
                    message);
    if (!(statuses_of(error) & BIT(status)))
        golden_fail(c, "%s where TensorFlow has %s (%s): %s", tare_status_name(status),
                    golden_text(error, "type", ""), golden_text(error, "message", ""), message);
    if (!message[0]) golden_fail(c, "the error has no sentence");
    if (c->verbose) printf("note %s/%s: %s\n", c->file, c->name, message);
}

/* ----------------------------------------------------------------------------------------- names
 */

/*
 * The part of a layer's output name that is the layer's own: what follows names nodes that
 * TensorFlow makes inside ("batch_normalization/batchnorm/add_1:0" -> "batch_normalization/").
 */
static size_t layer_part(const char *name) {
    static const char *const inner[] = {"batchnorm/", "cond/",   "FusedBatchNorm",
                                        "BiasAdd",    "MatMul",  "Conv2D",
                                        "MaxPool",    "Reshape", "Identity"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        const char *found = strstr(name, inner[i]);
        if (found && (size_t)(found - name) < length) length = (size_t)(found - name);
    }
    return length;
}

static void judge_kept_names(const script *s) {
    const json_t *wanted = json_object_get(s->c->spec, "names");
    for (size_t i = 0; i < s->kept_count; i++) {
        const char *want = golden_text(wanted, s->kept[i].key, NULL);
        const char *got = tare_tensor_name(s->kept[i].tensor);
        if (!want) continue;
        bool same = s->kept[i].layer ? !strncmp(got, want, layer_part(want)) : !strcmp(got, want);
        s->c->judgements++;
        if (!same) golden_fail(s->c, "name of %s: got %s, wanted %s", s->kept[i].key, got, want);
    }
}

static void judge_count(golden_case *c, const char *field, const char *collection) {
    size_t got = tare_collection_count(c->graph, collection, NULL);
    size_t want = json_array_size(json_object_get(c->spec, field));
    c->judgements++;
    if (got != want) golden_fail(c, "%s: got %zu, wanted %zu", field, got, want);
}

void golden_names(golden_case *c) {
    script s = {.c = c, .status = TARE_OK};
    const json_t *statements = json_object_get(c->spec, "do");
    bool failed = false;
    for (size_t i = 0; i < json_array_size(statements) && !failed; i++) {
        if (!do_statement(&s, json_array_get(statements, i))) return;
        tare_status built = tare_graph_status(c->graph);
        failed = built != TARE_OK || s.status != TARE_OK;
        if (built != TARE_OK)
            judge_error(&s, i, built, tare_message(c->graph));
        else if (failed)
            judge_error(&s, i, s.status, tare_session_message(c->session));
    }
    if (!failed && json_object_get(c->spec, "error"))
        golden_fail(c, "no error where TensorFlow has: %s",
                    golden_text(json_object_get(c->spec, "error"), "message", ""));
    golden_judge_collection(c, "variables", TARE_GLOBAL_VARIABLES);
    golden_judge_collection(c, "trainable_variables", TARE_TRAINABLE_VARIABLES);
    golden_judge_collection(c, "losses", TARE_LOSSES);
    judge_count(c, "update_ops", TARE_UPDATE_OPS);
    golden_judge_collection(c, "regularization_losses", TARE_REGULARIZATION_LOSSES);
    judge_kept_names(&s);
}
