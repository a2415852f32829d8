/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every op of the registry, with every example it brings: built, refused, run in float32 and
 * float64, with known and unknown shapes, differentiated once and twice against differences, and
 * fed NaN. An op needs no line here; it is swept because it is registered.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "array/shape.h"
#include "base/random.h"
#include "graph/graph.h"
#include <tare/op.h>
#include <tare/session.h>

enum { MOST_INPUTS = 16, MOST_OUTPUTS = 8, MOST_TENSORS = 64, PROBES = 12 };

/* ------------------------------------------------------------------------------- one example */

typedef struct input {
    tare_type type;
    bool given, variable, shape_only;
    tare_tensor tensor;
    tare_array *array;
} input;

/* An op built in a graph of its own, with a session and numbers for its inputs. */
typedef struct trial {
    const tare_op_def *def;
    const tare_example *example;
    const char *kind; /* "float64, unknown shapes" */
    void *options;
    tare_graph *graph;
    tare_session *session;
    input inputs[MOST_INPUTS];
    int input_count, output_count;
    tare_tensor outputs[MOST_OUTPUTS];
    tare_feed feeds[MOST_TENSORS];
    size_t feed_count;
    tare_array *owned[MOST_TENSORS];
    size_t owned_count;
} trial;

/* What is wrong is printed and counted, and the walk goes on with the next example. */
static jmp_buf next_example;
static int flaws;

__attribute__((format(printf, 2, 3), noreturn)) static void flaw(const trial *t, const char *format,
                                                                 ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s {%s} {%s}, %s: ", t->def->name, t->example->shapes,
            t->example->options ? t->example->options : "", t->kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    flaws++;
    longjmp(next_example, 1);
}

/* "[2,3]", "int32[4]", "-": moves *text on. Without a dtype it is floating. */
static bool next_input(const char **text, tare_dtype floating, input *in) {
    *text += strspn(*text, " ");
    if (!**text) return false;
    *in = (input){.given = **text != '-', .type = {floating, {0}}};
    if (!in->given) {
        ++*text;
        return true;
    }
    char name[32];
    const size_t length = strcspn(*text, "[");
    snprintf(name, sizeof name, "%.*s", (int)length, *text);
    if (length) in->type.dtype = tare_dtype_named(name);
    *text += length + 1;
    while (**text && **text != ']') {
        char *end = NULL;
        in->type.shape.extents[in->type.shape.rank++] = strtoll(*text, &end, 10);
        *text = *end == ',' ? end + 1 : end;
    }
    ++*text;
    return true;
}

/* "axis=1,2,keepdims=true": a comma ends a value only before another name. */
static void set_options(const trial *t, const tare_option_table *table) {
    static char text[256]; /* options that are text point into it until the op is built */
    snprintf(text, sizeof text, "%s", t->example->options ? t->example->options : "");
    for (char *at = text; *at;) {
        char *value = strchr(at, '=');
        if (!value) flaw(t, "option without a value");
        *value++ = '\0';
        char *end = value;
        for (;;) {
            end += strcspn(end, ",");
            if (!*end) break;
            const size_t name = strspn(end + 1, "abcdefghijklmnopqrstuvwxyz_0123456789");
            if (end[1 + name] == '=' && (end[1] < '0' || end[1] > '9')) break;
            end++;
        }
        char *next = *end ? end + 1 : end;
        *end = '\0';
        tare_error error = {0};
        if (tare_option_parse(table, t->options, at, value, &error) != TARE_OK)
            flaw(t, "%s", error.message);
        at = next;
    }
}

static tare_shape forget(tare_shape shape) {
    for (int d = 0; d < shape.rank; d++) shape.extents[d] = TARE_ANY;
    return shape;
}

static void make_input(trial *t, int i, bool known) {
    input *in = &t->inputs[i];
    char name[16];
    snprintf(name, sizeof name, "input%d", i);
    in->variable = t->def->writes >> i & 1;
    in->shape_only = t->def->shape_only >> i & 1;
    if (!in->given)
        in->tensor = TARE_NULL;
    else if (in->variable)
        in->tensor = tare_variable(t->graph, name, in->type.shape, .dtype = in->type.dtype,
                                   .initializer = TARE_ZEROS);
    else
        in->tensor =
            tare_placeholder(t->graph, in->type.dtype,
                             known ? in->type.shape : forget(in->type.shape), .name = name);
}

/* Builds the op; its status is the graph's. */
static void build(trial *t, const tare_op_def *def, const tare_example *example,
                  tare_dtype floating, bool known) {
    *t = (trial){.def = def, .example = example, .graph = tare_graph_new()};
    t->kind = floating == TARE_FLOAT64 ? (known ? "float64" : "float64, unknown extents")
                                       : (known ? "float32" : "float32, unknown extents");
    const tare_option_table *table = tare_op_option_table(def->name);
    t->options = calloc(1, table->size);
    assert_non_null(t->options);
    table->set_defaults(t->options);
    set_options(t, table);
    const char *at = example->shapes;
    while (t->input_count < MOST_INPUTS && next_input(&at, floating, &t->inputs[t->input_count]))
        make_input(t, t->input_count++, known);
    tare_tensor tensors[MOST_INPUTS];
    for (int i = 0; i < t->input_count; i++) tensors[i] = t->inputs[i].tensor;
    t->outputs[0] = tare_build(t->graph, def->name, tensors, (size_t)t->input_count, t->options);
    const tare_node *node = tare_tensor_node(t->outputs[0]);
    for (int i = 0; node && i < node->output_count && i < MOST_OUTPUTS; i++)
        t->outputs[t->output_count++] = tare_output(t->outputs[0], i);
}

static void drop(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    for (size_t i = 0; i < t->owned_count; i++) tare_array_free(t->owned[i]);
    free(t->options);
}

/* ------------------------------------------------------------------------------------ numbers */

static bool is_floating(tare_dtype dtype) { return dtype == TARE_FLOAT32 || dtype == TARE_FLOAT64; }

/* Random numbers of the example's range; the same for float32 and float64, exactly. */
static tare_array *numbers(trial *t, tare_type type, uint64_t stream, double low, double high) {
    tare_array *array = NULL;
    const tare_random random = {.key = 7, .stream = stream};
    assert_int_equal(tare_array_new(type.dtype, type.shape, NULL, &array), TARE_OK);
    assert_true(t->owned_count < MOST_TENSORS);
    t->owned[t->owned_count++] = array;
    if (low == 0 && high == 0) low = -2, high = is_floating(type.dtype) ? 2 : 3;
    for (int64_t i = 0; i < tare_array_count(array); i++) {
        double number = 0;
        tare_random_fill_uniform(&random, i, 1, low, high, &number);
        if (type.dtype == TARE_BOOL)
            number = number < (low + high) / 2;
        else
            number = is_floating(type.dtype) ? (double)(float)number : floor(number);
        tare_array_set_number(array, i, number);
    }
    return array;
}

static void feed(trial *t, tare_tensor tensor, const tare_array *array) {
    assert_true(t->feed_count < MOST_TENSORS);
    t->feeds[t->feed_count++] = (tare_feed){tensor, array};
}

static void open_session(trial *t, int threads) {
    if (tare_session_new(t->graph, &t->session, .threads = threads) != TARE_OK ||
        tare_session_initialize(t->session) != TARE_OK)
        flaw(t, "%s", t->session ? tare_session_message(t->session) : tare_message(t->graph));
}

/* Builds an example that must be accepted, with numbers for its inputs. */
static void start(trial *t, const tare_op_def *def, const tare_example *example,
                  tare_dtype floating, bool known) {
    build(t, def, example, floating, known);
    if (tare_graph_status(t->graph) != TARE_OK) flaw(t, "%s", tare_message(t->graph));
    for (int i = 0; i < t->input_count; i++) {
        input *in = &t->inputs[i];
        if (!in->given) continue;
        in->array = numbers(t, in->type, (uint64_t)i, example->low, example->high);
        if (!in->variable) feed(t, in->tensor, in->array);
    }
}

static void set_variables(trial *t) {
    for (int i = 0; i < t->input_count; i++)
        if (t->inputs[i].variable &&
            tare_session_set(t->session, tare_tensor_name(t->inputs[i].tensor),
                             t->inputs[i].array) != TARE_OK)
            flaw(t, "%s", tare_session_message(t->session));
}

/* Fetches into results, which are the session's until its next run. */
static void run(trial *t, const tare_tensor *fetches, size_t count, tare_array **results) {
    for (size_t i = 0; i < count; i++) results[i] = NULL;
    set_variables(t);
    if (tare_session_run(t->session, t->feeds, t->feed_count, fetches, count, results) != TARE_OK)
        flaw(t, "%s", tare_session_message(t->session));
}

/* ----------------------------------------------------------------------------------- the walk */

typedef void (*examination)(const tare_op_def *def, const tare_example *example);

static void examine(examination look, const tare_op_def *def, const tare_example *example) {
    if (setjmp(next_example) == 0) look(def, example);
}

static void for_each_example(examination look) {
    flaws = 0;
    for (const tare_op_def *const *family = tare_op_families; *family; family++)
        for (const tare_op_def *def = *family; def->name; def++)
            for (const tare_example *e = def->examples; e && e->shapes; e++)
                if (!(def->flags & TARE_OP_INTERNAL)) examine(look, def, e);
    if (flaws > 0) fail_msg("%d examples are not as promised", flaws);
}

/* ------------------------------------------------------------------------------------ promises */

/* But sources, ops that write variables (tested by what they are for) and what only plans know. */
static void every_op_brings_examples(void **state) {
    (void)state;
    const uint32_t exempt = TARE_OP_VARIABLE | TARE_OP_PLACEHOLDER | TARE_OP_CONSTANT |
                            TARE_OP_MERGE | TARE_OP_INTERNAL;
    int missing = 0;
    for (const tare_op_def *const *family = tare_op_families; *family; family++)
        for (const tare_op_def *def = *family; def->name; def++) {
            if (def->examples || (def->flags & exempt) || def->writes || def->output_count == 0)
                continue;
            print_error("%s brings no example\n", def->name);
            missing++;
        }
    assert_int_equal(missing, 0);
}

static void look_at_refusal(const tare_op_def *def, const tare_example *example) {
    if (!example->refused) return;
    trial t;
    build(&t, def, example, TARE_FLOAT32, true);
    const tare_error *error = tare_graph_error(t.graph);
    if (!error) flaw(&t, "is accepted; expected '%s'", example->refused);
    if (!strstr(error->message, example->refused))
        flaw(&t, "got \"%s\", expected '%s' in it", error->message, example->refused);
    if (strcmp(error->op, def->name) != 0 || !error->node[0] || !error->got[0] || !error->need[0])
        flaw(&t, "a part is missing in \"%s\"", error->message);
    drop(&t);
}

static void refusals_name_op_node_got_and_need(void **state) {
    (void)state;
    for_each_example(look_at_refusal);
}

/* The result has the inferred type, and no known extent was promised that it does not have. */
static void look_at_types(const tare_op_def *def, const tare_example *example) {
    if (example->refused) return;
    for (int known = 0; known < 2; known++) {
        trial t;
        tare_array *results[MOST_OUTPUTS];
        start(&t, def, example, TARE_FLOAT32, known);
        open_session(&t, 1);
        run(&t, t.outputs, (size_t)t.output_count, results);
        for (int i = 0; i < t.output_count; i++) {
            assert_int_equal(tare_array_dtype(results[i]), tare_tensor_dtype(t.outputs[i]));
            if (!tare_shape_compatible(tare_array_shape(results[i]),
                                       tare_tensor_shape(t.outputs[i])))
                flaw(&t, "output %d has another shape than was inferred", i);
            if (known && !tare_shape_known(tare_tensor_shape(t.outputs[i])))
                flaw(&t, "output %d has an unknown shape from known ones", i);
        }
        drop(&t);
    }
}

static void results_have_the_inferred_types(void **state) {
    (void)state;
    for_each_example(look_at_types);
}

/* Known or unknown extents, one thread or three: the same bits. */
static void look_at_bits(const tare_op_def *def, const tare_example *example) {
    if (example->refused || (def->flags & TARE_OP_RANDOM)) return;
    trial one, other;
    tare_array *first[MOST_OUTPUTS], *second[MOST_OUTPUTS];
    start(&one, def, example, TARE_FLOAT32, true);
    start(&other, def, example, TARE_FLOAT32, false);
    open_session(&one, 1);
    open_session(&other, 3);
    run(&one, one.outputs, (size_t)one.output_count, first);
    run(&other, other.outputs, (size_t)other.output_count, second);
    for (int i = 0; i < one.output_count; i++) {
        assert_int_equal(tare_array_bytes(first[i]), tare_array_bytes(second[i]));
        if (memcmp(tare_array_const_data(first[i]), tare_array_const_data(second[i]),
                   tare_array_bytes(first[i])) != 0)
            flaw(&one, "output %d has other bits with unknown extents and three threads", i);
    }
    drop(&one);
    drop(&other);
}

static void bits_do_not_depend_on_known_extents_or_threads(void **state) {
    (void)state;
    for_each_example(look_at_bits);
}

static void look_at_precision(const tare_op_def *def, const tare_example *example) {
    if (example->refused || (def->flags & TARE_OP_RANDOM)) return;
    trial narrow, wide;
    tare_array *a[MOST_OUTPUTS], *b[MOST_OUTPUTS];
    start(&narrow, def, example, TARE_FLOAT32, true);
    start(&wide, def, example, TARE_FLOAT64, true);
    open_session(&narrow, 1);
    open_session(&wide, 1);
    run(&narrow, narrow.outputs, (size_t)narrow.output_count, a);
    run(&wide, wide.outputs, (size_t)wide.output_count, b);
    for (int i = 0; i < narrow.output_count; i++) {
        assert_int_equal(tare_array_count(a[i]), tare_array_count(b[i]));
        for (int64_t k = 0; k < tare_array_count(a[i]); k++) {
            const double got = tare_array_number(a[i], k), wanted = tare_array_number(b[i], k);
            if (got == wanted || (isnan(got) && isnan(wanted))) continue;
            if (!(fabs(got - wanted) <= 2e-5 * (1 + fabs(wanted))))
                flaw(&narrow, "output %d [%d] is %g in float32, %g in float64", i, (int)k, got,
                     wanted);
        }
    }
    drop(&narrow);
    drop(&wide);
}

static void float32_agrees_with_float64(void **state) {
    (void)state;
    for_each_example(look_at_precision);
}

/* ---------------------------------------------------------------------------------- gradients */

/* A weighed sum of tensors and its gradients, all in one graph. */
typedef struct slopes {
    tare_tensor ys[MOST_TENSORS], weights[MOST_TENSORS]; /* what is summed, and by which weights */
    tare_array *weight_arrays[MOST_TENSORS];
    size_t y_count;
    tare_tensor xs[MOST_TENSORS], gradients[MOST_TENSORS];
    tare_array *x_arrays[MOST_TENSORS];
    size_t x_count;
} slopes;

static void add_y(trial *t, slopes *s, tare_tensor y, tare_shape shape, uint64_t stream) {
    const size_t i = s->y_count++;
    const tare_type type = {TARE_FLOAT64, shape};
    s->ys[i] = y;
    s->weights[i] = tare_placeholder(t->graph, TARE_FLOAT64, tare_tensor_shape(y));
    s->weight_arrays[i] = numbers(t, type, 100 + stream, -1, 1);
    feed(t, s->weights[i], s->weight_arrays[i]);
}

static void add_x(slopes *s, tare_tensor x, tare_array *array) {
    s->xs[s->x_count] = x;
    s->x_arrays[s->x_count++] = array;
}

static void differentiate(trial *t, slopes *s) {
    if (tare_gradients(s->ys, s->y_count, s->xs, s->x_count, s->weights, s->gradients) != TARE_OK)
        flaw(t, "%s", tare_message(t->graph));
}

/* Shapes of the outputs when run. */
static void output_shapes(trial *t, tare_shape *shapes) {
    tare_array *results[MOST_OUTPUTS];
    open_session(t, 1);
    run(t, t->outputs, (size_t)t->output_count, results);
    for (int i = 0; i < t->output_count; i++) shapes[i] = tare_array_shape(results[i]);
    tare_session_free(t->session);
    t->session = NULL;
}

static double weighed_sum(trial *t, const slopes *s) {
    tare_array *results[MOST_TENSORS];
    double sum = 0;
    run(t, s->ys, s->y_count, results);
    for (size_t i = 0; i < s->y_count; i++)
        for (int64_t k = 0; k < tare_array_count(results[i]); k++)
            sum += tare_array_number(results[i], k) * tare_array_number(s->weight_arrays[i], k);
    return sum;
}

/* Holds the gradient for x against central differences at some elements. */
static void compare_x(trial *t, const slopes *s, size_t x, const double *gradient) {
    tare_array *array = s->x_arrays[x];
    const int64_t count = tare_array_count(array), step = count > PROBES ? count / PROBES : 1;
    for (int64_t k = 0; k < count; k += step) {
        const double at = tare_array_number(array, k), h = 1e-5;
        tare_array_set_number(array, k, at + h);
        const double above = weighed_sum(t, s);
        tare_array_set_number(array, k, at - h);
        const double below = weighed_sum(t, s), wanted = (above - below) / (2 * h);
        tare_array_set_number(array, k, at);
        if (!(fabs(gradient[k] - wanted) <= 1e-6 * (1 + fabs(wanted))))
            flaw(t, "gradient %d [%d] is %.9g, differences say %.9g", (int)x, (int)k, gradient[k],
                 wanted);
    }
}

/* A gradient that is not there stands for zeros. */
static void compare_all(trial *t, const slopes *s) {
    open_session(t, 1);
    for (size_t x = 0; x < s->x_count; x++) {
        const int64_t count = tare_array_count(s->x_arrays[x]);
        double *gradient = calloc((size_t)count + 1, sizeof *gradient);
        assert_non_null(gradient);
        if (s->gradients[x].node) {
            tare_array *result = NULL;
            run(t, &s->gradients[x], 1, &result);
            if (tare_array_count(result) != count)
                flaw(t, "gradient %d has another shape than its input", (int)x);
            for (int64_t k = 0; k < count; k++) gradient[k] = tare_array_number(result, k);
        }
        compare_x(t, s, x, gradient);
        free(gradient);
    }
}

/* The weighed sum of the floating outputs, for the floating inputs. */
static void first_slopes(trial *t, slopes *s) {
    tare_shape shapes[MOST_OUTPUTS];
    *s = (slopes){.y_count = 0};
    output_shapes(t, shapes);
    const int outputs = t->example->flags & TARE_EXAMPLE_FIRST_OUTPUT ? 1 : t->output_count;
    for (int i = 0; i < outputs; i++)
        if (tare_tensor_dtype(t->outputs[i]) == TARE_FLOAT64)
            add_y(t, s, t->outputs[i], shapes[i], (uint64_t)i);
    for (int i = 0; i < t->input_count; i++)
        if (t->inputs[i].given && !t->inputs[i].shape_only && !t->inputs[i].variable &&
            t->inputs[i].type.dtype == TARE_FLOAT64)
            add_x(s, t->inputs[i].tensor, t->inputs[i].array);
    differentiate(t, s);
}

/* Whole-number examples are not. */
static bool is_differentiated(const tare_op_def *def, const tare_example *example) {
    if (example->refused || (example->flags & TARE_EXAMPLE_NO_GRADIENT) || def->no_gradient)
        return false;
    trial t;
    bool in = false, out = false;
    build(&t, def, example, TARE_FLOAT64, true);
    for (int i = 0; i < t.input_count; i++)
        in = in || (t.inputs[i].given && !t.inputs[i].shape_only &&
                    t.inputs[i].type.dtype == TARE_FLOAT64);
    for (int i = 0; i < t.output_count; i++)
        out = out || tare_tensor_dtype(t.outputs[i]) == TARE_FLOAT64;
    drop(&t);
    return in && out;
}

static void look_at_gradient(const tare_op_def *def, const tare_example *example) {
    if (!is_differentiated(def, example)) return;
    for (int known = 0; known < 2; known++) {
        trial t;
        slopes s;
        start(&t, def, example, TARE_FLOAT64, known);
        first_slopes(&t, &s);
        compare_all(&t, &s);
        drop(&t);
    }
}

static void gradients_agree_with_differences(void **state) {
    (void)state;
    for_each_example(look_at_gradient);
}

/* The weighed sum of the first gradients, for the inputs and for what flowed into the outputs. */
static void look_at_second_gradient(const tare_op_def *def, const tare_example *example) {
    if (!is_differentiated(def, example)) return;
    if (example->flags & TARE_EXAMPLE_NO_SECOND_GRADIENT) return;
    for (int known = 0; known < 2; known++) {
        trial t;
        slopes first, second = {.y_count = 0};
        start(&t, def, example, TARE_FLOAT64, known);
        first_slopes(&t, &first);
        for (size_t i = 0; i < first.x_count; i++)
            if (first.gradients[i].node)
                add_y(&t, &second, first.gradients[i], tare_array_shape(first.x_arrays[i]), 50 + i);
        for (size_t i = 0; i < first.x_count; i++) add_x(&second, first.xs[i], first.x_arrays[i]);
        for (size_t i = 0; i < first.y_count; i++)
            add_x(&second, first.weights[i], first.weight_arrays[i]);
        if (second.y_count > 0) {
            differentiate(&t, &second);
            compare_all(&t, &second);
        }
        drop(&t);
    }
}

static void second_gradients_agree_with_differences(void **state) {
    (void)state;
    for_each_example(look_at_second_gradient);
}

/* ---------------------------------------------------------------------------------------- NaN */

static bool any_nan(const tare_array *array) {
    for (int64_t k = 0; k < tare_array_count(array); k++)
        if (isnan(tare_array_number(array, k))) return true;
    return false;
}

static void look_at_nan(const tare_op_def *def, const tare_example *example) {
    if (example->refused || (example->flags & TARE_EXAMPLE_NO_NAN)) return;
    trial t;
    tare_array *results[MOST_OUTPUTS];
    start(&t, def, example, TARE_FLOAT32, true);
    open_session(&t, 1);
    for (int i = 0; i < t.input_count; i++) {
        const input *in = &t.inputs[i];
        if (!in->given || in->shape_only || !is_floating(in->type.dtype)) continue;
        const int64_t count = tare_array_count(in->array);
        if (count == 0) continue;
        const double kept = tare_array_number(in->array, count / 2);
        tare_array_set_number(in->array, count / 2, NAN);
        run(&t, t.outputs, (size_t)t.output_count, results);
        bool found = false, room = false;
        for (int o = 0; o < t.output_count; o++) {
            found = found || any_nan(results[o]);
            room = room || tare_array_count(results[o]) > 0;
        }
        if (room && !found) flaw(&t, "a NaN in input %d is lost", i);
        tare_array_set_number(in->array, count / 2, kept);
    }
    drop(&t);
}

static void nan_in_gives_nan_out(void **state) {
    (void)state;
    for_each_example(look_at_nan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_brings_examples),
        cmocka_unit_test(refusals_name_op_node_got_and_need),
        cmocka_unit_test(results_have_the_inferred_types),
        cmocka_unit_test(bits_do_not_depend_on_known_extents_or_threads),
        cmocka_unit_test(float32_agrees_with_float64),
        cmocka_unit_test(gradients_agree_with_differences),
        cmocka_unit_test(second_gradients_agree_with_differences),
        cmocka_unit_test(nan_in_gives_nan_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
