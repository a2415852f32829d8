/* SPDX-License-Identifier: Apache-2.0 */
/* Building nodes: immediates, options, refusals, control dependencies, attempts, texts, and NULL
 * for every argument. */
#include "graph_toys.h"

#include "base/status.h"
#include "base/text.h"

static const tare_node *input_node(tare_tensor tensor, int i) {
    const tare_node *node = tare_tensor_node(tensor);
    return tare_graph_node(tensor.graph, node->inputs[i].node);
}

static const tare_array *constant_of(const tare_node *node) {
    assert_true(node->def->flags & TARE_OP_CONSTANT);
    return ((const tare_constant_node_options *)node->options)->array;
}

/* -------------------------------------------------------------------------- immediates */

static void numbers_take_the_dtype_of_their_partner(void **state) {
    (void)state;
    const tare_dtype dtypes[] = {TARE_FLOAT32, TARE_FLOAT64, TARE_INT32, TARE_INT64, TARE_UINT8};
    tare_graph *g = tare_graph_new();
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        const tare_tensor x = tare_placeholder(g, dtypes[i], TARE_SHAPE(TARE_ANY, 2));
        const tare_tensor y = toy_sum(x, tare_number(3), NULL);
        const tare_array *three = constant_of(input_node(y, 1));
        assert_int_equal(tare_array_dtype(three), dtypes[i]);
        assert_int_equal(tare_array_shape(three).rank, 0);
        assert_true(tare_array_number(three, 0) == 3);
    }
    assert_fine(g);
    tare_graph_free(g);
}

static tare_status chooser_infer(tare_infer *infer) {
    infer->outputs[0] = infer->inputs[1];
    return TARE_OK;
}
static const tare_op_def chooser = {.name = "toy_choose",
                                    .node_name = "Choose",
                                    .min_inputs = 3,
                                    .max_inputs = 3,
                                    .output_count = 1,
                                    .optional = 1u << 2,
                                    .infer = chooser_infer};

static void booleans_stay_and_do_not_decide(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor flag = tare_placeholder(g, TARE_BOOL, TARE_SCALAR);
    const tare_tensor inputs[3] = {flag, tare_number(0.5), TARE_TRUE};
    const tare_tensor y = tare_build_node(g, &chooser, NULL, inputs, 3, NULL);
    assert_int_equal(tare_tensor_dtype(y),
                     TARE_FLOAT32); /* not bool: a flag is no partner of a number */
    assert_int_equal(tare_array_dtype(constant_of(input_node(y, 2))), TARE_BOOL);
    assert_fine(g);
    tare_graph_free(g);
}

static void numbers_that_do_not_fit_are_refused(void **state) {
    (void)state;
    const double bad[] = {1.5, 256, -1, 0.0 / 0.0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tare_graph *g = tare_graph_new();
        const tare_tensor x = tare_placeholder(g, TARE_UINT8, TARE_SCALAR);
        assert_false(tare_tensor_is_valid(toy_sum(x, tare_number(bad[i]), NULL)));
        assert_refused(g, TARE_ERROR_TYPE, "number", "uint8");
        assert_int_equal(tare_graph_size(g), 1);
        tare_graph_free(g);
    }
}

/* ---------------------------------------------------------------------------- refusals */

static void wrong_inputs_are_refused_and_leave_nothing(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new(), *other = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), foreign = scalar_placeholder(other, "x");
    const tare_tensor go = tare_build_node(g, &toy_operation, NULL, NULL, 0, NULL);
    const tare_tensor wild = {.graph = g, .node = 99},
                      output = {.graph = g, .node = x.node, .output = 1};
    const struct {
        tare_tensor input;
        tare_status status;
        const char *part;
    } cases[] = {
        {foreign, TARE_ERROR_ARGUMENT, "another graph"},
        {TARE_NULL, TARE_ERROR_ARGUMENT, "not given"},
        {wild, TARE_ERROR_ARGUMENT, "no builder made"},
        {output, TARE_ERROR_ARGUMENT, "no builder made"},
        {go, TARE_ERROR_TYPE, "no value"},
    };
    const int64_t size = tare_graph_size(g);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* The number makes a hidden constant first, which goes away again. */
        const tare_tensor inputs[3] = {x, tare_number(1), cases[i].input};
        const tare_tensor y = tare_build_node(g, &toy_add, "y", inputs, 3, NULL);
        assert_false(tare_tensor_is_valid(y));
        assert_refused(g, cases[i].status, "toy_add 'y'", "input 2", cases[i].part);
        assert_int_equal(tare_graph_size(g), size);
        tare_graph_clear_error(g);
    }
    assert_named(tare_build_node(g, &toy_add, "y", &x, 1, NULL), "y:0");
    tare_graph_free(g);
    tare_graph_free(other);
}

static void wrong_counts_of_inputs_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), three[3] = {x, x, x};
    tare_build_node(g, &toy_mul, NULL, three, 3, NULL);
    assert_refused(g, TARE_ERROR_ARGUMENT, "toy_mul 'Mul'", "got 3 inputs", "needs 2");
    tare_graph_clear_error(g);
    tare_build_node(g, &toy_add, NULL, NULL, 0, NULL);
    assert_refused(g, TARE_ERROR_ARGUMENT, "got 0 inputs", "at least 1");
    tare_graph_free(g);
}

static void only_variables_are_written(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor v = tare_get_variable(g, "v", TARE_SCALAR), x = scalar_placeholder(g, "x");
    assert_true(tare_tensor_is_valid(tare_build_node(g, &toy_write, NULL, &v, 1, NULL)));
    tare_build_node(g, &toy_write, NULL, &x, 1, NULL);
    assert_refused(g, TARE_ERROR_TYPE, "'x'", "a variable");
    tare_graph_free(g);
}

static void the_first_error_stands(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    const tare_tensor n = tare_placeholder(g, TARE_INT32, TARE_SCALAR, .name = "n");
    assert_null(tare_graph_error(g));
    assert_string_equal(tare_message(g), "");
    const tare_tensor y = toy_sum(x, n, "y");
    assert_refused(g, TARE_ERROR_TYPE, "toy_add 'y'", "float32 and int32", "one dtype");
    const tare_error *error = tare_graph_error(g);
    assert_string_equal(error->op, "toy_add");
    assert_string_equal(error->node, "y");
    assert_string_equal(error->need, "inputs of one dtype");
    /* What failed may be passed on; nothing more is built, and no other error is noted. */
    assert_false(tare_tensor_is_valid(toy_sum(y, x, "z")));
    assert_false(tare_tensor_is_valid(scalar_placeholder(g, "not a name")));
    assert_refused(g, TARE_ERROR_TYPE, "toy_add 'y'");
    assert_int_equal(tare_graph_size(g), 2);
    tare_graph_clear_error(g);
    assert_int_equal(tare_graph_status(g), TARE_OK);
    assert_named(toy_sum(x, x, "y"), "y:0");
    /* After clearing, a null tensor kept from before is a mistake of its own. */
    assert_false(tare_tensor_is_valid(toy_sum(y, x, "z")));
    assert_refused(g, TARE_ERROR_ARGUMENT, "a builder that failed");
    tare_graph_free(g);
}

static void unknown_ops_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_build(g, "no_such_op", NULL, 0, NULL);
    assert_refused(g, TARE_ERROR_NAME, "no_such_op");
    tare_graph_clear_error(g);
    tare_build(g, NULL, NULL, 0, NULL);
    assert_refused(g, TARE_ERROR_NAME, "does not exist");
    tare_graph_free(g);
    assert_null(tare_op_option_table("no_such_op"));
    assert_non_null(tare_op_option_table("constant"));
}

static void kinds_of_ops_are_listed_once_each(void **state) {
    (void)state;
    bool placeholder = false;
    for (size_t i = 0; tare_op_kind(i); i++) {
        assert_non_null(tare_op_find(tare_op_kind(i)));
        if (strcmp(tare_op_kind(i), "placeholder") == 0) placeholder = true;
        for (size_t j = 0; j < i; j++) assert_string_not_equal(tare_op_kind(i), tare_op_kind(j));
    }
    assert_true(placeholder);
}

/* ----------------------------------------------------------------------------- sources */

static void placeholders_know_their_defaults(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor training = tare_placeholder_with_default(g, TARE_FALSE, .name = "training");
    assert_named(training, "training:0");
    assert_int_equal(tare_tensor_dtype(training), TARE_BOOL);
    assert_int_equal(tare_tensor_shape(training).rank, 0);
    assert_true(tare_array_number(constant_of(input_node(training, 0)), 0) == 0);
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(2, 3));
    const tare_tensor same = tare_placeholder_with_default(g, x);
    assert_true(tare_shape_same(tare_tensor_shape(same), TARE_SHAPE(2, 3)));
    assert_named(same, "PlaceholderWithDefault:0");
    const tare_tensor open = tare_placeholder_with_default(g, x, .shape = TARE_SHAPE(TARE_ANY, 3));
    assert_true(tare_shape_same(tare_tensor_shape(open), TARE_SHAPE(TARE_ANY, 3)));
    assert_fine(g);
    tare_placeholder_with_default(g, x, .shape = TARE_SHAPE(TARE_ANY, 4));
    assert_refused(g, TARE_ERROR_SHAPE, "[2, 3]", "[?, 4]");
    tare_graph_clear_error(g);
    tare_placeholder(g, TARE_DTYPE_NONE, TARE_SCALAR);
    assert_refused(g, TARE_ERROR_TYPE, "no dtype");
    tare_graph_clear_error(g);
    tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(2, -7));
    assert_refused(g, TARE_ERROR_SHAPE, "negative");
    tare_graph_free(g);
}

static void constants_hold_their_array(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_array *array = NULL;
    assert_int_equal(
        tare_array_copy_of(TARE_FLOAT64, TARE_SHAPE(2), (const double[]){1, 2}, &array), TARE_OK);
    const tare_tensor c = tare_constant(g, array), d = tare_constant(g, array, .name = "d");
    tare_array_free(array);
    assert_named(c, "Const:0");
    assert_named(d, "d:0");
    assert_int_equal(tare_tensor_dtype(c), TARE_FLOAT64);
    assert_true(tare_array_number(constant_of(tare_tensor_node(c)), 1) == 2);
    tare_constant(g, NULL);
    assert_refused(g, TARE_ERROR_ARGUMENT, "no array");
    tare_graph_free(g);
}

/* ------------------------------------------------------------------------ infer's checks */

static void recurring_checks_of_ops_say_what_is_wrong(void **state) {
    (void)state;
    tare_error error = {0};
    const tare_type types[3] = {{TARE_FLOAT32, TARE_SHAPE(2, 3)},
                                {TARE_INT32, TARE_ANY_SHAPE},
                                {TARE_DTYPE_NONE, TARE_ANY_SHAPE}};
    tare_infer infer = {
        .op = "op", .node = "node", .input_count = 3, .inputs = types, .error = &error};
    int axis = 0;
    uint32_t mask = 0;
    assert_int_equal(tare_infer_rank(&infer, 0, 2, "x"), TARE_OK);
    assert_int_equal(tare_infer_rank(&infer, 1, 4, "x"), TARE_OK); /* unknown passes */
    assert_int_equal(tare_infer_rank(&infer, 0, 4, "image"), TARE_ERROR_SHAPE);
    assert_string_equal(error.message,
                        "op 'node': got image of shape [2, 3]; needs image of rank 4");
    assert_int_equal(tare_infer_rank_at_least(&infer, 0, 2, "x"), TARE_OK);
    assert_int_equal(tare_infer_rank_at_least(&infer, 0, 3, "x"), TARE_ERROR_SHAPE);
    assert_string_equal(error.need, "x of at least rank 3");
    assert_int_equal(tare_infer_floating(&infer, 0, "x"), TARE_OK);
    assert_int_equal(tare_infer_floating(&infer, 1, "x"), TARE_ERROR_TYPE);
    assert_string_equal(error.got, "x of dtype int32");
    assert_int_equal(tare_infer_same_dtypes(&infer), TARE_ERROR_TYPE);
    infer.inputs = types + 1, infer.input_count = 2;
    assert_int_equal(tare_infer_same_dtypes(&infer),
                     TARE_OK); /* what is not given does not count */
    assert_int_equal(tare_infer_axis(&infer, -1, 3, &axis), TARE_OK);
    assert_int_equal(axis, 2);
    assert_int_equal(tare_infer_axis(&infer, 3, 3, &axis), TARE_ERROR_ARGUMENT);
    assert_string_equal(error.need, "an axis in -3..2, for rank 3");
    assert_int_equal(tare_infer_axes(&infer, TARE_LIST(0, -1), 3, &mask), TARE_OK);
    assert_int_equal(mask, 5);
    assert_int_equal(tare_infer_axes(&infer, TARE_NO_LIST, 3, &mask), TARE_OK);
    assert_int_equal(mask, 7);
    assert_int_equal(tare_infer_axes(&infer, TARE_EMPTY_LIST, 3, &mask), TARE_OK);
    assert_int_equal(mask, 0);
    assert_int_equal(tare_infer_axes(&infer, TARE_LIST(2, -1), 3, &mask), TARE_ERROR_ARGUMENT);
    assert_string_equal(error.got, "[2, -1]");
}

/* -------------------------------------------------------------------- control dependencies */

static void control_dependencies_reach_every_node_inside(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    const tare_tensor a = tare_build_node(g, &toy_operation, "a", NULL, 0, NULL);
    const tare_tensor b = tare_build_node(g, &toy_operation, "b", NULL, 0, NULL);
    tare_tensor inner = TARE_NULL, v = TARE_NULL, outer = TARE_NULL;
    TARE_CONTROL_DEPENDENCIES (g, &a, 1) {
        TARE_CONTROL_DEPENDENCIES (g, ((const tare_tensor[]){a, b}), 2) {
            tare_graph_hidden_begin(g);
            inner = toy_sum(x, tare_number(1), NULL);
            tare_graph_hidden_end(g);
            v = tare_get_variable(g, "v", TARE_SCALAR);
        }
        outer = toy_identity(x);
    }
    const tare_node *node = tare_tensor_node(inner);
    assert_int_equal(node->control_count, 2);
    assert_int_equal(node->controls[0], a.node);
    assert_int_equal(node->controls[1], b.node);
    assert_int_equal(input_node(inner, 1)->control_count,
                     0); /* the number itself waits for nothing */
    assert_int_equal(tare_tensor_node(v)->control_count, 0); /* variables are there whatever runs */
    assert_int_equal(tare_tensor_node(outer)->control_count, 1);
    assert_int_equal(tare_tensor_node(toy_identity(x))->control_count, 0);
    assert_fine(g);
    TARE_CONTROL_DEPENDENCIES (g, &TARE_NULL, 1) {}
    assert_refused(g, TARE_ERROR_ARGUMENT, "control_dependencies");
    tare_graph_free(g);
}

/* ---------------------------------------------------------------------------- attempts */

static void a_failed_attempt_leaves_the_graph_as_it_was(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    tare_get_variable(g, "first", TARE_SCALAR);
    char *before = tare_graph_text(g);
    for (int round = 0; round < 3; round++) {
        const tare_graph_attempt outer = tare_graph_attempt_begin(g);
        tare_variable_scope_begin(g, NULL, "layer", TARE_REUSE_INHERIT);
        const tare_tensor w = tare_get_variable(g, "w", TARE_SHAPE(2));
        const tare_graph_attempt inner = tare_graph_attempt_begin(g);
        assert_named(toy_identity(x), "layer/Add:0");
        assert_named(toy_identity(x), "layer/Add_1:0");
        tare_add_to_collection(g, "mine", x);
        tare_graph_attempt_end(g, &inner); /* went well: stays unless the outer one fails */
        assert_int_equal(tare_collection_count(g, "mine", NULL), 1);
        assert_true(tare_tensor_is_valid(w));
        tare_name_scope_begin(g, "left_open");
        toy_product(x, w);
        if (round < 2) tare_build_fail(g, TARE_ERROR_SHAPE, "layer", "w", "this", "that");
        if (round == 2) tare_name_scope_end(g);
        if (round == 2) tare_variable_scope_end(g);
        tare_graph_attempt_end(g, &outer);
        if (round == 2) break;
        assert_refused(g, TARE_ERROR_SHAPE, "layer 'w'");
        assert_int_equal(tare_graph_open_scopes(g, NULL), 0);
        assert_collection(g, TARE_GLOBAL_VARIABLES, NULL, NAMES("first:0"));
        assert_int_equal(tare_collection_count(g, "mine", NULL), 0);
        assert_int_equal(tare_graph_variable_count(g), 1);
        char *after = tare_graph_text(g);
        assert_string_equal(after, before);
        tare_text_free(after);
        tare_graph_clear_error(g);
    }
    assert_fine(g);
    assert_collection(g, TARE_GLOBAL_VARIABLES, NULL, NAMES("first:0", "layer/w:0"));
    tare_text_free(before);
    tare_graph_free(g);
}

/* ----------------------------------------------------------------------------- options */

#define SAMPLE_FIELDS(field)                                                                       \
    field(text, name, NULL, "name") field(boolean, flag, true, "flag")                             \
        field(integer, count, 3, "count") field(real, rate, 0.5, "rate")                           \
            field(list, axes, TARE_NO_LIST, "axes") field(choice, padding, 0, "padding")           \
                field(dtype, dtype, TARE_FLOAT32, "dtype")                                         \
                    field(shape, shape, TARE_SCALAR, "shape")                                      \
                        field(tensor, momentum, TARE_NULL, "momentum")                             \
                            field(initializer, start, TARE_ZEROS, "start")                         \
                                field(regularizer, penalty, TARE_NO_REGULARIZER, "penalty")        \
                                    field(constraint, limit, TARE_NO_CONSTRAINT, "limit")          \
                                        field(array, table, NULL, "table")
TARE_OPTIONS(sample_options, SAMPLE_FIELDS);
#define TARE_TABLE_STRUCT  sample_options
#define TARE_WORDS_padding "valid,same"
TARE_OPTION_TABLE(static, sample_table, SAMPLE_FIELDS);
#undef TARE_TABLE_STRUCT

static void options_of_an_older_header_keep_later_defaults(void **state) {
    (void)state;
    /* Its closing `reserved` lies where the library's struct has `rate`. */
    struct {
        size_t struct_size;
        const char *name;
        bool flag;
        int64_t count;
        int reserved;
    } old = {.struct_size = sizeof old, .name = "old", .flag = false, .count = 7};
    sample_options all;
    tare_options_adopt(&sample_table, &old, &all);
    assert_string_equal(all.name, "old");
    assert_false(all.flag);
    assert_int_equal(all.count, 7);
    assert_true(all.rate == 0.5);
    assert_int_equal(all.struct_size, sizeof all);
    tare_options_adopt(&sample_table, NULL, &all);
    assert_null(all.name);
    assert_true(all.flag);
}

static void options_are_read_from_text(void **state) {
    (void)state;
    sample_options o;
    sample_table.set_defaults(&o);
    const char *const good[][2] = {
        {"flag", "false"},
        {"count", "-12"},
        {"rate", "1e-3"},
        {"axes", "[1, -1]"},
        {"padding", "same"},
        {"name", "any text"},
        {"dtype", "int64"},
        {"shape", "?,784"},
        {"momentum", "0.9"},
        {"start", "random_uniform(-1, 0.5)"},
        {"penalty", "l1_l2(0.1,0.2)"},
        {"limit", "unit_norm"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(tare_option_parse(&sample_table, &o, good[i][0], good[i][1], NULL),
                         TARE_OK);
    assert_false(o.flag);
    assert_int_equal(o.count, -12);
    assert_true(o.rate == 1e-3);
    assert_true(o.axes.count == 2 && o.axes.values[0] == 1 && o.axes.values[1] == -1);
    assert_int_equal(o.padding, 1);
    assert_string_equal(o.name, "any text");
    assert_int_equal(o.dtype, TARE_INT64);
    assert_true(tare_shape_same(o.shape, TARE_SHAPE(TARE_ANY, 784)));
    assert_true(o.momentum.immediate == 1 && o.momentum.number == 0.9);
    assert_true(o.start.kind == TARE_INITIALIZER_RANDOM_UNIFORM && o.start.a == -1 &&
                o.start.b == 0.5);
    assert_true(o.penalty.l1 == 0.1 && o.penalty.l2 == 0.2);
    assert_int_equal(o.limit, TARE_UNIT_NORM);
    tare_option_parse(&sample_table, &o, "axes", "[]", NULL);
    assert_int_equal(o.axes.count, -1);
    tare_option_parse(&sample_table, &o, "axes", "3", NULL);
    assert_true(o.axes.count == 1 && o.axes.values[0] == 3);
    tare_option_parse(&sample_table, &o, "momentum", "true", NULL);
    assert_true(o.momentum.immediate == 2 && o.momentum.number == 1);
    tare_option_parse(&sample_table, &o, "shape", "...", NULL);
    assert_int_equal(o.shape.rank, TARE_UNKNOWN_RANK);
}

static void text_that_is_no_option_is_refused(void **state) {
    (void)state;
    const char *const bad[][2] = {
        {"flag", "yes"},
        {"count", "1.5"},
        {"count", ""},
        {"rate", "0,5"},
        {"rate", "1x"},
        {"axes", "1,"},
        {"axes", "[1"},
        {"axes", "1,2,3,4,5,6,7,8,9"},
        {"padding", "sam"},
        {"dtype", "f32"},
        {"shape", "-2"},
        {"shape", "a"},
        {"momentum", "fast"},
        {"start", "zeros(1)"},
        {"start", "constant(1"},
        {"start", "nothing"},
        {"penalty", "l2"},
        {"penalty", "l2(0.1,2)"},
        {"limit", "none,unit_norm"},
        {"table", "1"},
        {"nobody", "1"},
        {"start", "random_uniform(1, 2, 3)"},
        {"axes", "99999999999999999999"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sample_options o, untouched;
        tare_error error = {0};
        sample_table.set_defaults(&o);
        sample_table.set_defaults(&untouched);
        if (tare_option_parse(&sample_table, &o, bad[i][0], bad[i][1], &error) == TARE_OK)
            fail_msg("%s=%s was taken", bad[i][0], bad[i][1]);
        assert_non_null(strstr(error.message, bad[i][0]));
        assert_memory_equal(&o.rate, &untouched.rate, sizeof o.rate);
        assert_int_equal(o.count, untouched.count);
        assert_int_equal(o.axes.count, untouched.axes.count);
    }
    assert_int_equal(tare_option_parse(NULL, NULL, NULL, NULL, NULL), TARE_ERROR_ARGUMENT);
}

/* ------------------------------------------------------------------------------- texts */

static const tare_op_def sample_op = {.name = "sample",
                                      .node_name = "Sample",
                                      .table = &sample_table,
                                      .min_inputs = 1,
                                      .max_inputs = 2,
                                      .optional = 2,
                                      .output_count = 2,
                                      .infer = toy_infer};

/* A graph with one of everything that can be printed. */
static tare_graph *sample_graph(void) {
    tare_graph *g = tare_graph_new();
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2), .name = "x");
    const tare_tensor p = tare_placeholder(g, TARE_BOOL, TARE_SCALAR, .name = "p");
    const tare_tensor v = tare_get_variable(g, "v", TARE_SHAPE(2), .initializer = TARE_HE_NORMAL);
    const tare_tensor write = tare_build_node(g, &toy_write, "write", &v, 1, NULL);
    const tare_tensor inputs[2] = {x, TARE_NULL};
    sample_options options;
    sample_table.set_defaults(&options);
    options.padding = 1;
    options.axes = TARE_LIST(0, 1);
    options.start = TARE_CONSTANT(0.1);
    options.momentum = tare_number(0.9);
    tare_tensor s = TARE_NULL;
    TARE_CONTROL_DEPENDENCIES (g, &write, 1) {
        s = tare_build_node(g, &sample_op, "s", inputs, 2, &options);
    }
    tare_cond_begin(g, p);
    toy_sum(tare_output(s, 1), tare_number(2), "inside");
    tare_cond_otherwise(g);
    tare_cond_end(g);
    assert_fine(g);
    return g;
}

static void graphs_print_a_node_a_line(void **state) {
    (void)state;
    tare_graph *g = sample_graph();
    char *text = tare_graph_text(g);
    assert_string_equal(text,
                        "x = placeholder() shape=[?, 2] -> float32 [?, 2]\n"
                        "p = placeholder() dtype=bool -> bool []\n"
                        "v = variable() shape=[2] initializer=he_normal -> float32 [2]\n"
                        "write = toy_write(v) -> float32 [2]\n"
                        "s = sample(x, -) axes=[0, 1] padding=same momentum=0.9 start=constant(0.1)"
                        " -> float32 [?, 2], float32 [?, 2] after write\n"
                        "cond/~Const_6 = constant() array=2 -> float32 [] if p\n"
                        "cond/inside = toy_add(s:1, cond/~Const_6) -> float32 [?, 2] if p\n");
    tare_text_free(text);
    tare_graph_free(g);
}

static void graphs_print_for_graphviz(void **state) {
    (void)state;
    tare_graph *g = sample_graph();
    char *dot = tare_graph_dot(g);
    assert_non_null(strstr(dot, "digraph tare {\n"));
    assert_non_null(
        strstr(dot, "n1 [shape=invhouse, label=\"x\\nplaceholder\\nfloat32 [?, 2]\"];\n"));
    assert_non_null(strstr(dot, "n1 -> n5;\n"));
    assert_non_null(strstr(dot, "n4 -> n5 [style=dashed];\n"));
    assert_non_null(strstr(dot, " if p\"];\n"));
    assert_string_equal(dot + strlen(dot) - 2, "}\n");
    tare_text_free(dot);
    tare_graph_free(g);
}

static void options_print_as_they_are_read(void **state) {
    (void)state;
    const char *const texts[][2] = {{"start", "zeros"},
                                    {"start", "constant(0.25)"},
                                    {"start", "truncated_normal(0, 0.1)"},
                                    {"start", "glorot_uniform"},
                                    {"start", "variance_scaling(3)"},
                                    {"start", "orthogonal(2)"},
                                    {"penalty", "none"},
                                    {"penalty", "l1(0.1)"},
                                    {"penalty", "l2(0.1)"},
                                    {"penalty", "l1_l2(0.1, 0.2)"},
                                    {"limit", "max_norm_2"},
                                    {"padding", "valid"},
                                    {"momentum", "true"},
                                    {"axes", "[]"},
                                    {"shape", "..."},
                                    {"shape", "[?, 3]"},
                                    {"rate", "0.001"}};
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sample_options o;
        sample_table.set_defaults(&o);
        o.start = TARE_ONES, o.penalty = TARE_REGULARIZER(9, 9), o.limit = TARE_NON_NEGATIVE,
        o.padding = 1;
        assert_int_equal(tare_option_parse(&sample_table, &o, texts[i][0], texts[i][1], NULL),
                         TARE_OK);
        tare_build_node(g, &sample_op, NULL, &x, 1, &o);
        char wanted[96];
        snprintf(wanted, sizeof wanted, " %s=%s ", texts[i][0], texts[i][1]);
        char *text = tare_graph_text(g);
        const bool is_default = strcmp(texts[i][1], "zeros") == 0 ||
                                strcmp(texts[i][1], "none") == 0 ||
                                strcmp(texts[i][1], "valid") == 0;
        if (!strstr(text, wanted) != is_default) fail_msg("'%s' in\n%s", wanted, text);
        tare_text_free(text);
    }
    assert_fine(g);
    tare_graph_free(g);
}

/* -------------------------------------------------------------------------------- NULL */

static void every_function_takes_null(void **state) {
    (void)state;
    tare_tensor none = TARE_NULL;
    tare_graph_free(NULL);
    tare_graph_clear_error(NULL);
    tare_graph_set_seed(NULL, 1);
    tare_text_free(NULL);
    assert_int_equal(tare_graph_status(NULL), TARE_ERROR_ARGUMENT);
    assert_string_equal(tare_message(NULL), "");
    assert_null(tare_graph_error(NULL));
    assert_false(tare_tensor_is_valid(none));
    assert_int_equal(tare_tensor_dtype(none), TARE_DTYPE_NONE);
    assert_int_equal(tare_tensor_shape(none).rank, TARE_UNKNOWN_RANK);
    assert_string_equal(tare_tensor_name(none), "");
    assert_false(tare_tensor_is_valid(tare_output(none, 0)));
    assert_false(tare_tensor_is_valid(tare_tensor_named(NULL, "x")));
    assert_false(
        tare_tensor_is_valid(tare_placeholder_with(NULL, TARE_FLOAT32, TARE_SCALAR, NULL)));
    assert_false(tare_tensor_is_valid(tare_placeholder_with_default_with(NULL, TARE_TRUE, NULL)));
    assert_false(tare_tensor_is_valid(tare_constant_with(NULL, NULL, NULL)));
    assert_false(tare_tensor_is_valid(tare_get_variable_with(NULL, "v", TARE_SCALAR, NULL)));
    assert_false(tare_tensor_is_valid(tare_variable_with(NULL, "v", TARE_SCALAR, NULL)));
    assert_int_equal(tare_variable_scope_begin(NULL, "a", NULL, TARE_REUSE_INHERIT),
                     TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_variable_scope_end(NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_name_scope_begin(NULL, "a"), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_name_scope_end(NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_control_dependencies_begin(NULL, NULL, 0), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_control_dependencies_end(NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_add_to_collection(NULL, "k", none), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_collection_count(NULL, "k", NULL), 0);
    assert_false(tare_tensor_is_valid(tare_collection_item(NULL, "k", NULL, 0)));
    assert_int_equal(tare_collection_matching(NULL, "k", "a", NULL, 0), 0);
    assert_int_equal(tare_cond_begin(NULL, TARE_TRUE), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_cond_otherwise(NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_cond_end(NULL), TARE_ERROR_ARGUMENT);
    assert_false(tare_tensor_is_valid(tare_cond_merge(NULL, none, none)));
    assert_false(tare_tensor_is_valid(tare_cond(NULL, TARE_TRUE, NULL, NULL, NULL)));
    assert_int_equal(tare_gradients(NULL, 1, NULL, 1, NULL, &none), TARE_ERROR_ARGUMENT);
    assert_false(tare_tensor_is_valid(tare_build(NULL, "placeholder", NULL, 0, NULL)));
    assert_null(tare_op_option_table(NULL));
    assert_null(tare_graph_text(NULL));
    assert_null(tare_graph_dot(NULL));
    assert_int_equal(tare_graph_size(NULL), 0);
}

static void null_arguments_beside_a_graph_are_taken_too(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    assert_named(tare_placeholder_with(g, TARE_FLOAT32, TARE_SCALAR, NULL), "Placeholder:0");
    assert_named(tare_variable_with(g, NULL, TARE_SCALAR, NULL), "Variable:0");
    assert_false(tare_tensor_is_valid(tare_tensor_named(g, NULL)));
    assert_int_equal(tare_collection_count(g, NULL, NULL), 0);
    assert_int_equal(tare_collection_matching(g, TARE_GLOBAL_VARIABLES, NULL, NULL, 0), 0);
    assert_int_equal(tare_collection_matching(g, TARE_GLOBAL_VARIABLES, "V", NULL, 0), 1);
    assert_fine(g);
    tare_name_scope_begin(g, NULL);
    assert_refused(g, TARE_ERROR_NAME, "no name");
    tare_name_scope_end(g);
    tare_graph_clear_error(g);
    tare_variable_scope_begin(g, NULL, NULL, TARE_REUSE_INHERIT);
    assert_refused(g, TARE_ERROR_NAME, "no name");
    tare_variable_scope_end(g);
    tare_graph_clear_error(g);
    tare_cond(g, scalar_placeholder(g, "p"), NULL, NULL, NULL);
    assert_refused(g, TARE_ERROR_ARGUMENT, "NULL for a branch");
    tare_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_take_the_dtype_of_their_partner),
        cmocka_unit_test(booleans_stay_and_do_not_decide),
        cmocka_unit_test(numbers_that_do_not_fit_are_refused),
        cmocka_unit_test(wrong_inputs_are_refused_and_leave_nothing),
        cmocka_unit_test(wrong_counts_of_inputs_are_refused),
        cmocka_unit_test(only_variables_are_written),
        cmocka_unit_test(the_first_error_stands),
        cmocka_unit_test(unknown_ops_are_refused),
        cmocka_unit_test(kinds_of_ops_are_listed_once_each),
        cmocka_unit_test(placeholders_know_their_defaults),
        cmocka_unit_test(constants_hold_their_array),
        cmocka_unit_test(recurring_checks_of_ops_say_what_is_wrong),
        cmocka_unit_test(control_dependencies_reach_every_node_inside),
        cmocka_unit_test(a_failed_attempt_leaves_the_graph_as_it_was),
        cmocka_unit_test(options_of_an_older_header_keep_later_defaults),
        cmocka_unit_test(options_are_read_from_text),
        cmocka_unit_test(text_that_is_no_option_is_refused),
        cmocka_unit_test(graphs_print_a_node_a_line),
        cmocka_unit_test(graphs_print_for_graphviz),
        cmocka_unit_test(options_print_as_they_are_read),
        cmocka_unit_test(every_function_takes_null),
        cmocka_unit_test(null_arguments_beside_a_graph_are_taken_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
