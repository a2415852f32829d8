/* SPDX-License-Identifier: Apache-2.0 */
/* Names, scopes, variables and collections: the cases of the golden group `names` that need no
 * layer, and refusals. */
#include "graph_toys.h"

/* --------------------------------------------------------------------- names of nodes */

static void golden_unique_ops(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), one = tare_number(1);
    assert_named(x, "x:0");
    assert_named(toy_sum(x, one, "sum"), "sum:0");
    assert_named(toy_sum(x, one, "sum"), "sum_1:0");
    assert_named(toy_sum(x, one, "sum"), "sum_2:0");
    assert_named(toy_sum(x, one, "SUM"), "SUM_3:0");
    assert_fine(g);
    tare_graph_free(g);
}

static void a_wish_for_a_numbered_name_is_respected(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    assert_named(scalar_placeholder(g, "x_1"), "x_1:0");
    assert_named(scalar_placeholder(g, "x"), "x:0");
    assert_named(scalar_placeholder(g, "x"), "x_2:0");
    assert_named(scalar_placeholder(g, "x_1"), "x_1_1:0");
    assert_named(scalar_placeholder(g, NULL), "Placeholder:0");
    assert_named(scalar_placeholder(g, NULL), "Placeholder_1:0");
    assert_fine(g);
    tare_graph_free(g);
}

static void names_are_refused_unless_tensorflow_takes_them(void **state) {
    (void)state;
    const char *const bad[] = {"", "_x", "a b", "a:0", "~x", "a/", "/a", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tare_graph *g = tare_graph_new();
        const tare_tensor x = scalar_placeholder(g, bad[i]);
        assert_false(tare_tensor_is_valid(x));
        assert_ptr_equal(x.graph, g);
        assert_refused(g, TARE_ERROR_NAME, "placeholder", "letters");
        assert_int_equal(tare_graph_size(g), 0);
        tare_graph_free(g);
    }
    tare_graph *g = tare_graph_new();
    TARE_NAME_SCOPE (g, "a") {
        assert_named(scalar_placeholder(g, "_x.-/1"), "a/_x.-/1:0");
    }
    assert_fine(g);
    tare_graph_free(g);
}

static void tensors_and_operations_are_found_by_name(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "X"), y = toy_sum(x, tare_number(2), NULL);
    const tare_tensor operation = tare_build_node(g, &toy_operation, "go", NULL, 0, NULL);
    assert_int_equal(tare_tensor_named(g, "X:0").node, x.node);
    assert_int_equal(tare_tensor_named(g, "X").node, x.node);
    assert_int_equal(tare_tensor_named(g, "go").node, operation.node);
    assert_named(operation, "go");
    const char *const unknown[] = {"x:0",      "X:1",   "go:0", "nothing:0",
                                   "X:",       "X:0:0", "",     "X:99999999999999999999",
                                   "~Const_9", "~"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_false(tare_tensor_is_valid(tare_tensor_named(g, unknown[i])));
    /* A hidden constant was made for the number; it can be asked for by the name it is printed
     * with. */
    const tare_node *constant = tare_graph_node(g, tare_tensor_node(y)->inputs[1].node);
    assert_string_equal(constant->name, "~Const_2");
    assert_int_equal(tare_tensor_named(g, "~Const_2:0").node, constant->id);
    assert_fine(g);
    tare_graph_free(g);
}

static void hidden_nodes_take_no_names(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    TARE_NAME_SCOPE (g, "n") {
        tare_graph_hidden_begin(g);
        tare_graph_hidden_begin(g);
        assert_named(toy_identity(x), "n/~Add_2:0");
        tare_graph_hidden_end(g);
        assert_named(tare_build_node(g, &toy_add, "a/b", &x, 1, NULL), "n/a/~b_3:0");
        tare_graph_hidden_end(g);
        assert_named(toy_identity(x), "n/Add:0");
    }
    assert_fine(g);
    tare_graph_free(g);
}

/* ------------------------------------------------------------------------------ scopes */

static void golden_nested_scopes(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    TARE_VARIABLE_SCOPE (g, "a") {
        TARE_VARIABLE_SCOPE (g, "b") {
            assert_named(tare_get_variable(g, "w", TARE_SHAPE(2)), "a/b/w:0");
            assert_string_equal(tare_graph_name_scope(g), "a/b/");
            TARE_VARIABLE_SCOPE (g, "c") {
                assert_named(tare_get_variable(g, "w", TARE_SHAPE(2)), "a/b/c/w:0");
                assert_named(toy_identity(x), "a/b/c/Add:0");
            }
        }
    }
    TARE_VARIABLE_SCOPE (g, "a") {
        assert_named(tare_get_variable(g, "w", TARE_SHAPE(2)), "a/w:0");
        assert_named(toy_identity(x), "a_1/Add:0");
    }
    assert_collection(g, TARE_GLOBAL_VARIABLES, NULL, NAMES("a/b/w:0", "a/b/c/w:0", "a/w:0"));
    assert_fine(g);
    tare_graph_free(g);
}

static void golden_scope_entered_twice_auto(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    tare_tensor w[2];
    for (int i = 0; i < 2; i++) {
        TARE_VARIABLE_SCOPE_REUSE(g, "a", TARE_REUSE_AUTO) {
            tare_variable_scope_begin(g, NULL, "dense", TARE_REUSE_INHERIT);
            w[i] = tare_get_variable(g, "kernel", TARE_SHAPE(4, 3));
            assert_string_equal(tare_graph_variable_scope(g), "a/dense");
            assert_named(toy_identity(x), i ? "a_1/dense/Add:0" : "a/dense/Add:0");
            tare_variable_scope_end(g);
        }
    }
    assert_int_equal(w[0].node, w[1].node);
    assert_collection(g, TARE_GLOBAL_VARIABLES, NULL, NAMES("a/dense/kernel:0"));
    assert_fine(g);
    tare_graph_free(g);
}

static void golden_default_name_scopes(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    for (int i = 0; i < 3; i++) {
        tare_variable_scope_begin(g, NULL, "block", TARE_REUSE_INHERIT);
        tare_get_variable(g, "w", TARE_SHAPE(1));
        tare_variable_scope_end(g);
    }
    assert_collection(g, TARE_GLOBAL_VARIABLES, NULL,
                      NAMES("block/w:0", "block_1/w:0", "block_2/w:0"));
    assert_fine(g);
    tare_graph_free(g);
}

static void leaving_a_scope_lets_its_default_names_start_anew(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    for (int i = 0; i < 2; i++) {
        TARE_VARIABLE_SCOPE_REUSE(g, "a", TARE_REUSE_AUTO) {
            tare_variable_scope_begin(g, NULL, "dense", TARE_REUSE_INHERIT);
            assert_string_equal(tare_graph_variable_scope(g), "a/dense");
            tare_variable_scope_end(g);
            tare_variable_scope_begin(g, NULL, "dense", TARE_REUSE_INHERIT);
            assert_string_equal(tare_graph_variable_scope(g), "a/dense_1");
            tare_variable_scope_end(g);
        }
    }
    assert_fine(g);
    tare_graph_free(g);
}

static void golden_name_scope_does_not_name_variables(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    TARE_NAME_SCOPE (g, "n") {
        assert_named(tare_get_variable(g, "w", TARE_SHAPE(2)), "w:0");
        assert_named(toy_sum(x, tare_number(1), NULL), "n/Add:0");
    }
    TARE_NAME_SCOPE (g, "n/") { /* the very scope, as in TensorFlow */
        assert_named(toy_sum(x, tare_number(1), NULL), "n/Add_1:0");
    }
    TARE_NAME_SCOPE (g, "n") {
        assert_named(toy_sum(x, tare_number(1), NULL), "n_1/Add:0");
    }
    assert_fine(g);
    tare_graph_free(g);
}

static void golden_variable_in_name_scope(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    TARE_NAME_SCOPE (g, "n") {
        assert_named(tare_variable(g, "v", TARE_SCALAR), "n/v:0");
    }
    assert_named(tare_variable(g, "v", TARE_SCALAR), "v:0");
    assert_named(tare_variable(g, NULL, TARE_SCALAR), "Variable:0");
    assert_named(tare_variable(g, "v", TARE_SCALAR), "v_1:0");
    assert_collection(g, TARE_TRAINABLE_VARIABLES, NULL,
                      NAMES("n/v:0", "v:0", "Variable:0", "v_1:0"));
    assert_fine(g);
    tare_graph_free(g);
}

/* How optimisers name slots: golden two_adams and slots_adam_in_scope. */
static tare_tensor slot(tare_graph *g, const char *primary, const char *name) {
    char wished[64];
    tare_tensor made = TARE_NULL;
    snprintf(wished, sizeof wished, "%s/%s", primary, name);
    tare_variable_scope_begin(g, NULL, wished, TARE_REUSE_INHERIT);
    made = tare_get_variable(g, "", TARE_SHAPE(2), .trainable = false);
    tare_variable_scope_end(g);
    return made;
}

static void a_variable_may_bear_its_scopes_own_name(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    TARE_VARIABLE_SCOPE (g, "dense") {
        tare_get_variable(g, "kernel", TARE_SHAPE(2));
    }
    assert_named(slot(g, "dense/kernel", "Adam"), "dense/kernel/Adam:0");
    assert_named(slot(g, "dense/kernel", "Adam"), "dense/kernel/Adam_1:0");
    assert_named(slot(g, "dense/kernel", "Adam"), "dense/kernel/Adam_2:0");
    TARE_VARIABLE_SCOPE (g, "model") {
        assert_named(slot(g, "model/dense/kernel", "Adam"), "model/model/dense/kernel/Adam:0");
        assert_named(tare_variable(g, "beta1_power", TARE_SCALAR), "model/beta1_power:0");
    }
    assert_fine(g);
    tare_graph_free(g);
}

static void scopes_out_of_turn_are_refused_by_name(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const char *innermost = NULL;
    assert_int_equal(tare_variable_scope_end(g), TARE_ERROR_STATE);
    assert_refused(g, TARE_ERROR_STATE, "variable_scope", "without a begin");
    tare_graph_clear_error(g);
    tare_variable_scope_begin(g, "outer", NULL, TARE_REUSE_INHERIT);
    tare_name_scope_begin(g, "inner");
    assert_int_equal(tare_graph_open_scopes(g, &innermost), 2);
    assert_string_equal(innermost, "outer/inner/");
    assert_int_equal(tare_variable_scope_end(g), TARE_ERROR_STATE);
    assert_refused(g, TARE_ERROR_STATE, "outer", "inner");
    /* Both are closed now, so what follows is in balance again. */
    assert_int_equal(tare_graph_open_scopes(g, &innermost), 0);
    tare_graph_clear_error(g);
    assert_named(scalar_placeholder(g, "x"), "x:0");
    tare_graph_free(g);
}

static void a_block_closes_its_scope_though_it_could_not_begin(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    TARE_NAME_SCOPE (g, "fine") {
        TARE_VARIABLE_SCOPE (g, "not a name") {
            TARE_CONTROL_DEPENDENCIES (g, NULL, 3) {
                assert_int_equal(tare_graph_open_scopes(g, NULL), 3);
            }
        }
        assert_refused(g, TARE_ERROR_NAME, "variable_scope", "not a name");
        tare_graph_clear_error(g);
        assert_named(scalar_placeholder(g, "x"), "fine/x:0");
    }
    assert_int_equal(tare_graph_open_scopes(g, NULL), 0);
    assert_fine(g);
    tare_graph_free(g);
}

static tare_tensor leave_early(tare_graph *g) {
    TARE_VARIABLE_SCOPE (g, "a") {
        TARE_NAME_SCOPE (g, "b") {
            return scalar_placeholder(g, "x");
        }
    }
    return TARE_NULL;
}

static void a_block_left_by_return_closes_its_scopes(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    assert_named(leave_early(g), "a/b/x:0");
    assert_int_equal(tare_graph_open_scopes(g, NULL), 0);
    assert_fine(g);
    tare_graph_free(g);
}

static void reuse_of_a_default_name_is_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_variable_scope_begin(g, NULL, "block", TARE_REUSE_TRUE);
    assert_refused(g, TARE_ERROR_ARGUMENT, "block", "default name");
    tare_variable_scope_end(g);
    tare_graph_clear_error(g);
    tare_variable_scope_begin(g, "block", NULL, (tare_reuse)9);
    assert_refused(g, TARE_ERROR_ARGUMENT, "tare_reuse");
    tare_graph_free(g);
}

/* --------------------------------------------------------------------------- variables */

static void golden_error_variable_exists(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    for (int i = 0; i < 2; i++)
        TARE_VARIABLE_SCOPE (g, "a") {
            tare_get_variable(g, "w", TARE_SHAPE(2));
        }
    assert_refused(g, TARE_ERROR_NAME, "a/w", "taken", "TARE_REUSE_AUTO");
    assert_collection(g, TARE_GLOBAL_VARIABLES, NULL, NAMES("a/w:0"));
    tare_graph_free(g);
}

static void golden_error_reuse_shape(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    TARE_VARIABLE_SCOPE (g, "a") {
        tare_get_variable(g, "w", TARE_SHAPE(2));
    }
    TARE_VARIABLE_SCOPE_REUSE(g, "a", TARE_REUSE_TRUE) {
        const tare_tensor v = tare_get_variable(g, "w", TARE_SHAPE(TARE_ANY));
        assert_named(v, "a/w:0"); /* an unknown extent fits */
        assert_false(tare_tensor_is_valid(tare_get_variable(g, "w", TARE_SHAPE(3))));
    }
    assert_refused(g, TARE_ERROR_SHAPE, "a/w", "[3]", "[2]");
    tare_graph_clear_error(g);
    TARE_VARIABLE_SCOPE_REUSE(g, "a", TARE_REUSE_AUTO) {
        tare_get_variable(g, "w", TARE_SHAPE(2), .dtype = TARE_INT32);
    }
    assert_refused(g, TARE_ERROR_TYPE, "a/w", "int32", "float32");
    assert_collection(g, TARE_GLOBAL_VARIABLES, NULL, NAMES("a/w:0"));
    tare_graph_free(g);
}

static void golden_reuse_missing(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    TARE_VARIABLE_SCOPE_REUSE(g, "a", TARE_REUSE_TRUE) {
        TARE_VARIABLE_SCOPE_REUSE(g, "d", TARE_REUSE_FALSE) { /* false inherits, as in TensorFlow */
            assert_false(tare_tensor_is_valid(tare_get_variable(g, "kernel", TARE_SHAPE(4, 3))));
        }
    }
    assert_refused(g, TARE_ERROR_NAME, "a/d/kernel", "no such variable");
    assert_collection(g, TARE_GLOBAL_VARIABLES, NULL, NO_NAMES);
    assert_int_equal(tare_graph_variable_count(g), 0);
    tare_graph_free(g);
}

static void variables_of_unknown_shape_or_dtype_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_get_variable(g, "w", TARE_SHAPE(2, TARE_ANY));
    assert_refused(g, TARE_ERROR_SHAPE, "'w'", "[2, ?]");
    tare_graph_clear_error(g);
    tare_get_variable(g, "w", TARE_SCALAR, .dtype = TARE_DTYPE_NONE);
    assert_refused(g, TARE_ERROR_TYPE, "'w'");
    tare_graph_clear_error(g);
    tare_get_variable(g, NULL, TARE_SCALAR);
    assert_refused(g, TARE_ERROR_NAME, "no name");
    tare_graph_clear_error(g);
    tare_get_variable(g, "w", TARE_SCALAR, .initializer.kind = (tare_initializer_kind)77);
    assert_refused(g, TARE_ERROR_ARGUMENT, "'w'", "initialiser");
    tare_graph_clear_error(g);
    tare_variable(g, "w", TARE_SHAPE(2), .initializer.kind = TARE_INITIALIZER_VARIABLE,
                  .initializer.variable = scalar_placeholder(g, "p"));
    assert_refused(g, TARE_ERROR_ARGUMENT, "'w'", "no variable");
    tare_graph_clear_error(g);
    assert_named(tare_get_variable(g, "w", TARE_SCALAR), "w:0");
    tare_graph_free(g);
}

static void variables_know_what_they_were_made_with(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_graph_set_seed(g, 7);
    tare_array *numbers = NULL;
    assert_int_equal(
        tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2), (const float[]){1, 2}, &numbers), TARE_OK);
    const tare_tensor v = tare_get_variable(g, "v", TARE_SHAPE(2), .initializer.array = numbers,
                                            .initializer.kind = TARE_INITIALIZER_CONSTANT,
                                            .constraint = TARE_UNIT_NORM, .local = true);
    tare_array_free(numbers); /* the variable holds its own reference */
    const tare_tensor w = tare_get_variable(g, "w", TARE_SHAPE(2));
    assert_fine(g);
    const tare_variable_node_options *options = tare_tensor_node(v)->options;
    assert_int_equal(options->constraint, TARE_UNIT_NORM);
    assert_false(options->trainable); /* local variables never are */
    assert_true(tare_array_number(options->initializer.array, 1) == 2);
    assert_int_equal(options->struct_size, sizeof *options);
    assert_int_not_equal(tare_tensor_node(v)->seed, tare_tensor_node(w)->seed);
    assert_int_equal(tare_graph_variable_count(g), 2);
    assert_int_equal(tare_graph_variable(g, 1), w.node);
    assert_collection(g, TARE_LOCAL_VARIABLES, NULL, NAMES("v:0"));
    assert_collection(g, TARE_TRAINABLE_VARIABLES, NULL, NAMES("w:0"));
    tare_graph_free(g);
}

static void first_values_of_another_shape_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_array *numbers = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(3), NULL, &numbers), TARE_OK);
    tare_get_variable(g, "v", TARE_SHAPE(2), .initializer.array = numbers,
                      .initializer.kind = TARE_INITIALIZER_CONSTANT);
    assert_refused(g, TARE_ERROR_SHAPE, "'v'", "[3]", "[2]");
    tare_array_free(numbers);
    tare_graph_free(g);
}

static void golden_regularization_losses(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    for (int i = 0; i < 2; i++) {
        TARE_VARIABLE_SCOPE_REUSE(g, "a", i ? TARE_REUSE_TRUE : TARE_REUSE_INHERIT) {
            TARE_VARIABLE_SCOPE (g, "d") {
                tare_graph_hidden_begin(g); /* the member keeps its name whoever makes it */
                tare_get_variable(g, "kernel", TARE_SHAPE(4, 3),
                                  .regularizer = TARE_REGULARIZER(0, 0.1));
                tare_graph_hidden_end(g);
            }
        }
    }
    assert_fine(g);
    assert_collection(g, TARE_REGULARIZATION_LOSSES, NULL, NAMES("a/d/kernel/Regularizer/mul:0"));
    tare_get_variable(g, "b", TARE_SHAPE(3), .regularizer = TARE_REGULARIZER(0.5, 0.1));
    assert_fine(g);
    assert_collection(g, TARE_REGULARIZATION_LOSSES, "b", NAMES("b/Regularizer/add:0"));
    tare_get_variable(g, "c", TARE_SHAPE(3), .regularizer = TARE_REGULARIZER(-1, 0));
    assert_refused(g, TARE_ERROR_ARGUMENT, "'c'", "negative");
    assert_int_equal(tare_collection_count(g, TARE_GLOBAL_VARIABLES, NULL), 2);
    tare_graph_free(g);
}

/* ------------------------------------------------------------------------- collections */

static void golden_scope_filter_is_a_prefix(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const char *const key = TARE_GLOBAL_VARIABLES;
    TARE_VARIABLE_SCOPE (g, "hidden1") {
        tare_get_variable(g, "w", TARE_SHAPE(1));
    }
    TARE_VARIABLE_SCOPE (g, "hidden10") {
        tare_get_variable(g, "w", TARE_SHAPE(1));
    }
    TARE_VARIABLE_SCOPE (g, "other") {
        TARE_VARIABLE_SCOPE (g, "hidden1") {
            tare_get_variable(g, "w", TARE_SHAPE(1));
        }
    }
    /* By path component. */
    assert_collection(g, key, "hidden1", NAMES("hidden1/w:0"));
    assert_collection(g, key, "hidden1/", NAMES("hidden1/w:0"));
    assert_collection(g, key, "hidden1/w", NAMES("hidden1/w:0"));
    assert_collection(g, key, "", NAMES("hidden1/w:0", "hidden10/w:0", "other/hidden1/w:0"));
    assert_collection(g, key, "hid", NO_NAMES);
    /* By TensorFlow's regular expression. */
    tare_tensor found[3];
    assert_int_equal(tare_collection_matching(g, key, "hidden1", found, 3), 2);
    assert_named(found[1], "hidden10/w:0");
    assert_int_equal(tare_collection_matching(g, key, "hidden1/", found, 3), 1);
    assert_int_equal(tare_collection_matching(g, key, ".*hidden1/", found, 1), 2);
    assert_named(found[0], "hidden1/w:0");
    assert_int_equal(tare_collection_matching(g, key, "a|other", found, 3), 1);
    assert_int_equal(tare_collection_matching(g, key, "(", found, 3), 0);
    assert_fine(g);
    tare_graph_free(g);
}

static void collections_keep_order_and_take_operations(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    const tare_tensor go = tare_build_node(g, &toy_operation, "a/go", NULL, 0, NULL);
    assert_int_equal(tare_add_to_collection(g, TARE_UPDATE_OPS, go), TARE_OK);
    assert_int_equal(tare_add_to_collection(g, TARE_UPDATE_OPS, x), TARE_OK);
    assert_int_equal(tare_add_to_collection(g, TARE_UPDATE_OPS, go), TARE_OK);
    assert_collection(g, TARE_UPDATE_OPS, NULL, NAMES("a/go", "x:0", "a/go"));
    assert_collection(g, TARE_UPDATE_OPS, "a/go", NAMES("a/go", "a/go"));
    assert_int_equal(tare_collection_count(g, "nobody's", NULL), 0);
    assert_false(tare_tensor_is_valid(tare_collection_item(g, TARE_UPDATE_OPS, NULL, 3)));
    assert_int_equal(tare_add_to_collection(g, TARE_UPDATE_OPS, TARE_NULL), TARE_ERROR_ARGUMENT);
    assert_refused(g, TARE_ERROR_ARGUMENT, "update_ops");
    tare_graph_clear_error(g);
    assert_int_equal(tare_add_to_collection(g, NULL, x), TARE_ERROR_ARGUMENT);
    tare_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_unique_ops),
        cmocka_unit_test(a_wish_for_a_numbered_name_is_respected),
        cmocka_unit_test(names_are_refused_unless_tensorflow_takes_them),
        cmocka_unit_test(tensors_and_operations_are_found_by_name),
        cmocka_unit_test(hidden_nodes_take_no_names),
        cmocka_unit_test(golden_nested_scopes),
        cmocka_unit_test(golden_scope_entered_twice_auto),
        cmocka_unit_test(golden_default_name_scopes),
        cmocka_unit_test(leaving_a_scope_lets_its_default_names_start_anew),
        cmocka_unit_test(golden_name_scope_does_not_name_variables),
        cmocka_unit_test(golden_variable_in_name_scope),
        cmocka_unit_test(a_variable_may_bear_its_scopes_own_name),
        cmocka_unit_test(scopes_out_of_turn_are_refused_by_name),
        cmocka_unit_test(a_block_closes_its_scope_though_it_could_not_begin),
        cmocka_unit_test(a_block_left_by_return_closes_its_scopes),
        cmocka_unit_test(reuse_of_a_default_name_is_refused),
        cmocka_unit_test(golden_error_variable_exists),
        cmocka_unit_test(golden_error_reuse_shape),
        cmocka_unit_test(golden_reuse_missing),
        cmocka_unit_test(variables_of_unknown_shape_or_dtype_are_refused),
        cmocka_unit_test(variables_know_what_they_were_made_with),
        cmocka_unit_test(first_values_of_another_shape_are_refused),
        cmocka_unit_test(golden_regularization_losses),
        cmocka_unit_test(golden_scope_filter_is_a_prefix),
        cmocka_unit_test(collections_keep_order_and_take_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
