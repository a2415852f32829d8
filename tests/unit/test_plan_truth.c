/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merged plans of the zoo's networks against the truth: one step of each in float64 without
 * merging, in float32 without and with. The logits, the statistics of every normalisation and every
 * gradient of the merged plan are as near to the truth as those of the plain one: off by at most
 * twice as much and 4 units of rounding.
 *
 * In a deep network an error may be small by luck. So the step is taken with the examples in many
 * orders, which change sums by nothing but rounding; an error is the root of the mean square. For
 * the same reason the logits stand for the loss, whose one number may be right by chance. Where
 * rectifiers follow one another many times, rounding opens and closes some, and those decide:
 * there the normalisations' offsets are set so high that all are open.
 */
#include "network_trial.h"

#include "graph/graph.h"

/* ------------------------------------------------------------------- the network in float64 */

static tare_array *widened(const tare_array *narrow) {
    tare_array *wide = NULL;
    const tare_dtype dtype = tare_array_dtype(narrow);
    assert_int_equal(tare_array_new(dtype == TARE_FLOAT32 ? TARE_FLOAT64 : dtype,
                                    tare_array_shape(narrow), NULL, &wide),
                     TARE_OK);
    for (int64_t i = 0; i < tare_array_count(narrow); i++)
        tare_array_set_number(wide, i, tare_array_number(narrow, i));
    return wide;
}

enum { MOST_NODES = 4096, MOST_FETCHES = 1024, ORDERS = 8 };

/* The same nodes computing in float64; variables are placeholders, fed what the session of the
 * float32 ones holds. Nodes that write variables, and what depends on those, are left out. */
typedef struct truth {
    tare_graph *graph;
    tare_tensor nodes[MOST_NODES]; /* output 0, by id of the original; null: left out */
    tare_feed feeds[MOST_NODES];
    size_t feed_count;
    tare_array *constants[MOST_NODES];
    size_t constant_count;
} truth;

static tare_dtype wide_dtype(tare_dtype dtype) {
    return dtype == TARE_FLOAT32 ? TARE_FLOAT64 : dtype;
}

static void feed_truth(truth *t, int32_t id, const tare_node *node, const tare_array *numbers) {
    t->nodes[id] =
        tare_placeholder(t->graph, wide_dtype(node->outputs[0].dtype), node->outputs[0].shape);
    t->feeds[t->feed_count++] = (tare_feed){t->nodes[id], widened(numbers)};
}

/* A node's options with float64 for float32. */
static void *wide_options(truth *t, const tare_node *node) {
    const tare_option_table *table = tare_op_table(node->def);
    void *options = malloc(table->size);
    assert_non_null(options);
    memcpy(options, node->options, table->size);
    for (const tare_option *o = table->options; o->name; o++) {
        void *field = (char *)options + o->offset;
        if (o->kind == TARE_OPTION_dtype) *(tare_dtype *)field = wide_dtype(*(tare_dtype *)field);
    }
    if (node->def->flags & TARE_OP_CONSTANT) {
        tare_constant_node_options *constant = options;
        t->constants[t->constant_count] = widened(constant->array);
        constant->array = t->constants[t->constant_count++];
    }
    return options;
}

static void copy_node(truth *t, int32_t id, const tare_node *node) {
    tare_tensor inputs[64];
    assert_in_range(node->input_count, 0, 64);
    for (int32_t i = 0; i < node->input_count; i++) {
        const tare_edge edge = node->inputs[i];
        inputs[i] = TARE_NULL;
        if (edge.node == 0) continue;
        if (!t->nodes[edge.node].graph) return;
        inputs[i] = t->nodes[edge.node];
        inputs[i].output = edge.output;
    }
    void *options = wide_options(t, node);
    t->nodes[id] =
        tare_build_node(t->graph, node->def, NULL, inputs, (size_t)node->input_count, options);
    free(options);
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
}

static truth *truth_of(const network_trial *original, tare_session *session) {
    truth *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->graph = tare_graph_new();
    const int64_t count = tare_graph_node_count(original->graph);
    assert_true(count < MOST_NODES);
    for (int32_t id = 1; id <= count; id++) {
        const tare_node *node = tare_graph_node(original->graph, id);
        const tare_array *fed = NULL;
        for (size_t f = 0; f < original->feed_count; f++)
            if (tare_tensor_node(original->feeds[f].tensor) == node) fed = original->feeds[f].array;
        tare_array *held = NULL;
        if (node->def->flags & TARE_OP_VARIABLE)
            assert_int_equal(tare_session_get(session, node->name, &held), TARE_OK);
        if (fed || held)
            feed_truth(t, id, node, fed ? fed : held);
        else if (!node->def->writes && node->output_count > 0)
            copy_node(t, id, node);
        tare_array_free(held);
    }
    return t;
}

static void truth_free(truth *t) {
    for (size_t f = 0; f < t->feed_count; f++) tare_array_free((tare_array *)t->feeds[f].array);
    tare_graph_free(t->graph);
    for (size_t c = 0; c < t->constant_count; c++) tare_array_free(t->constants[c]);
    free(t);
}

/* ------------------------------------------------------------------------------- comparing */

typedef struct fetches {
    tare_tensor narrow[MOST_FETCHES], wide[MOST_FETCHES];
    tare_array *wanted[MOST_FETCHES];
    double plain[MOST_FETCHES], merged[MOST_FETCHES]; /* sums of squares of errors */
    size_t count;
} fetches;

/* The logits, and all that variables are changed by: gradients and batch statistics. */
static void choose_fetches(const network_trial *original, const truth *t, fetches *f) {
    f->narrow[f->count] = original->network.logits;
    f->wide[f->count++] = t->nodes[tare_tensor_node(original->network.logits)->id];
    for (int32_t id = 1; id <= tare_graph_node_count(original->graph); id++) {
        const tare_node *node = tare_graph_node(original->graph, id);
        for (int32_t i = 0; node->def->writes && i < node->input_count; i++) {
            const tare_edge edge = node->inputs[i];
            if (edge.node == 0 || !t->nodes[edge.node].graph) continue;
            const tare_node *made = tare_graph_node(original->graph, edge.node);
            if (made->outputs[edge.output].dtype != TARE_FLOAT32 ||
                (made->def->flags & (TARE_OP_VARIABLE | TARE_OP_CONSTANT)))
                continue;
            assert_true(f->count < MOST_FETCHES);
            f->narrow[f->count] = tare_graph_tensor(original->graph, edge.node, edge.output);
            f->wide[f->count] = t->nodes[edge.node];
            f->wide[f->count++].output = edge.output;
        }
    }
}

/* The square of the length of got - wanted. */
static double distance(const tare_array *got, const tare_array *wanted) {
    double sum = 0;
    for (int64_t i = 0; i < tare_array_count(wanted); i++) {
        const double d = tare_array_number(got, i) - tare_array_number(wanted, i);
        sum += d * d;
    }
    return sum;
}

/* The length of an array whose numbers are all a unit of rounding of the largest. */
static double unit_of(const tare_array *wanted) {
    double largest = 0;
    for (int64_t i = 0; i < tare_array_count(wanted); i++)
        largest = fmax(largest, fabs(tare_array_number(wanted, i)));
    return ldexp(largest, -23) * sqrt((double)tare_array_count(wanted));
}

static void compare(const char *name, const fetches *f) {
    for (size_t i = 0; i < f->count; i++) {
        const double unit = unit_of(f->wanted[i]);
        const double plain = sqrt(f->plain[i] / ORDERS), merged = sqrt(f->merged[i] / ORDERS);
        if (!(merged <= 2 * plain + 4 * unit))
            fail_msg("%s: %s is off by %.3g merged, %.3g plain; a unit is %.3g", name,
                     tare_tensor_name(f->narrow[i]), merged, plain, unit);
    }
}

static void run(tare_session *session, const tare_feed *feeds, size_t feed_count,
                const tare_tensor *what, size_t count, tare_array **into) {
    if (tare_session_run(session, feeds, feed_count, what, count, into))
        fail_msg("%s", tare_session_message(session));
}

/* Moves the first example behind the last. */
static void rotate(const tare_array *batch) {
    unsigned char *bytes = tare_array_data((tare_array *)(uintptr_t)batch);
    const size_t all = tare_array_bytes(batch);
    const size_t one = all / (size_t)tare_array_shape(batch).extents[0];
    unsigned char *first = malloc(one);
    assert_non_null(first);
    memcpy(first, bytes, one);
    memmove(bytes, bytes + one, all - one);
    memcpy(bytes + all - one, first, one);
    free(first);
}

static void add_errors(const network_trial *trial, tare_session *session, const fetches *f,
                       double *errors) {
    tare_array *got[MOST_FETCHES] = {NULL};
    run(session, trial->feeds, trial->feed_count, f->narrow, f->count, got);
    for (size_t i = 0; i < f->count; i++) errors[i] += distance(got[i], f->wanted[i]);
}

/* Sets the offset of every normalisation: so many deviations. */
static void set_offsets(const network_trial *trial, tare_session *session, double offset) {
    for (int32_t id = 1; id <= tare_graph_node_count(trial->graph); id++) {
        const tare_node *node = tare_graph_node(trial->graph, id);
        const char *last = strrchr(node->name, '/');
        tare_array *beta = NULL;
        if (!(node->def->flags & TARE_OP_VARIABLE) || !last || strcmp(last, "/beta") != 0) continue;
        assert_int_equal(tare_session_get(session, node->name, &beta), TARE_OK);
        for (int64_t c = 0; c < tare_array_count(beta); c++) tare_array_set_number(beta, c, offset);
        assert_int_equal(tare_session_set(session, node->name, beta), TARE_OK);
        tare_array_free(beta);
    }
}

/* merged: what the merged plan must say somewhere, up to NULL. */
static void hold_against_truth(const char *name, const char *settings, double offset,
                               const char *const *merged) {
    network_trial trial = network_begin(name, settings, ORDERS);
    tare_session *plain = trial_session(trial.graph, false);
    tare_session *with = trial_session(trial.graph, true);
    if (offset != 0) {
        set_offsets(&trial, plain, offset);
        set_offsets(&trial, with, offset);
    }
    truth *t = truth_of(&trial, plain);
    tare_session *wide = trial_session(t->graph, false);
    fetches *f = calloc(1, sizeof *f);
    assert_non_null(f);
    choose_fetches(&trial, t, f);
    assert_true(f->count > 6);
    run(wide, t->feeds, t->feed_count, f->wide, f->count, f->wanted);
    for (int order = 0; order < ORDERS; order++) {
        add_errors(&trial, plain, f, f->plain);
        add_errors(&trial, with, f, f->merged);
        rotate(trial.feeds[0].array);
        rotate(trial.feeds[1].array);
        rotate(f->wanted[0]); /* the logits; the others are sums over the batch */
    }
    compare(name, f);
    char *plan = NULL;
    assert_int_equal(
        tare_session_plan_text(with, trial.feeds, trial.feed_count, f->narrow, f->count, &plan),
        TARE_OK);
    for (; *merged; merged++)
        if (!strstr(plan, *merged)) fail_msg("%s: no %s in the plan", name, *merged);
    tare_text_free(plan);
    free(f);
    tare_session_free(plain);
    tare_session_free(with);
    tare_session_free(wide);
    truth_free(t);
    network_end(&trial);
}

enum { MOST_MERGED = 4 };
#define RESIDUAL "channel_moments '", "', add 'Add', relu 'Relu", " add_n '"

/* Every network of the zoo with convolutions. */
static const struct {
    const char *name, *settings;
    double offset;
    const char *merged[MOST_MERGED];
} networks[] = {
    {"lenet_bn", "", 0, {"channel_moments '"}},
    {"fashion", "", 0, {"channel_moments '"}},
    {"channelwise", "", 0, {"merged: "}},
    {"heatmap", "size=16,width=8", 0, {"channel_moments '"}},
    {"action3d", "", 0, {"merged: "}},
    {"resnet20", "size=12", 6, {RESIDUAL}},
    {"resnet50", "size=32,channels=1,classes=10", 6, {RESIDUAL}},
    {"conv3d", "size=8,depth=4", 0, {"channel_moments '"}},
    {"mobilenet", "", 0, {"channel_moments '"}},
};

static void merged_plans_are_as_near_to_the_truth(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        hold_against_truth(networks[i].name, networks[i].settings, networks[i].offset,
                           networks[i].merged);
}

static void every_network_is_there_or_has_no_convolution(void **state) {
    (void)state;
    static const char *const without[] = {"question", "mlp_bn", "house_prices"};
    for (size_t i = 0; tare_zoo_name(i); i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof networks / sizeof *networks; k++)
            known = known || !strcmp(networks[k].name, tare_zoo_name(i));
        for (size_t k = 0; k < sizeof without / sizeof *without; k++)
            known = known || !strcmp(without[k], tare_zoo_name(i));
        if (!known) fail_msg("%s is not tried", tare_zoo_name(i));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merged_plans_are_as_near_to_the_truth),
        cmocka_unit_test(every_network_is_there_or_has_no_convolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
