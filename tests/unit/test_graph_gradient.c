/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditionals and gradients: in which branch nodes land, and what the built gradients come to.
 * Graphs of scalars are evaluated here by a few lines of their own, which refuse to compute a node
 * whose branch is not taken.
 */
#include "graph_toys.h"

/* --------------------------------------------------------------------------- evaluation */

typedef struct value {
    const char *name; /* of a placeholder; NULL ends the list */
    double number;
} value;

/* Both hand on their input; one lets no gradient through, the other refuses one. */
static const tare_op_def stopper = {.name = "toy_stop",
                                    .node_name = "Stop",
                                    .min_inputs = 1,
                                    .max_inputs = 1,
                                    .output_count = 1,
                                    .infer = toy_infer};
static const tare_op_def refuser = {.name = "toy_refuse",
                                    .node_name = "Refuse",
                                    .min_inputs = 1,
                                    .max_inputs = 1,
                                    .output_count = 1,
                                    .infer = toy_infer,
                                    .no_gradient = "an op that is smooth"};

static double evaluate(const tare_graph *g, tare_edge edge, const value *feeds);

static void check_taken(const tare_graph *g, const tare_node *node, const value *feeds) {
    for (int32_t b = node->branch; b; b = tare_graph_branch(g, b)->parent) {
        const tare_branch_side *side = tare_graph_branch(g, b);
        if ((evaluate(g, side->predicate, feeds) != 0) != side->side)
            fail_msg("%s is needed and its branch is not taken", node->name);
    }
}

static double evaluate_merge(const tare_graph *g, const tare_node *node, const value *feeds) {
    return evaluate(g, node->inputs[evaluate(g, node->inputs[0], feeds) != 0 ? 1 : 2], feeds);
}

static double fed(const tare_node *node, const value *feeds) {
    for (; feeds->name; feeds++)
        if (strcmp(feeds->name, node->name) == 0) return feeds->number;
    fail_msg("%s is not fed", node->name);
    return 0;
}

/* Small graphs only: it goes down the graph by recursion. */
static double evaluate(const tare_graph *g, tare_edge edge, const value *feeds) {
    const tare_node *node = tare_graph_node(g, edge.node);
    const char *op = node->def->name;
    check_taken(g, node, feeds);
    if (node->def->flags & TARE_OP_PLACEHOLDER) return fed(node, feeds);
    if (node->def->flags & TARE_OP_CONSTANT)
        return tare_array_number(((const tare_constant_node_options *)node->options)->array, 0);
    if (node->def->flags & TARE_OP_MERGE) return evaluate_merge(g, node, feeds);
    if (strcmp(op, "zeros_like") == 0)
        return check_taken(g, tare_graph_node(g, node->inputs[0].node), feeds), 0;
    if (strcmp(op, "ones_like") == 0) return 1;
    if (node->def == &stopper || node->def == &refuser) return evaluate(g, node->inputs[0], feeds);
    const bool adds = strcmp(op, "toy_add") == 0 || strcmp(op, "add_n") == 0;
    if (!adds && strcmp(op, "toy_mul") != 0) fail_msg("no rule for %s", op);
    double result = adds ? 0 : 1;
    for (int32_t i = 0; i < node->input_count; i++) {
        const double input = evaluate(g, node->inputs[i], feeds);
        result = adds ? result + input : result * input;
    }
    return result;
}

#define FEEDS(...) ((const value[]){__VA_ARGS__, {NULL, 0}})

static void assert_value(tare_tensor tensor, const value *feeds, double wanted) {
    assert_fine(tensor.graph);
    assert_true(tare_tensor_is_valid(tensor));
    const double got = evaluate(tensor.graph, (tare_edge){tensor.node, tensor.output}, feeds);
    if (got != wanted) fail_msg("%s: got %g, wanted %g", tare_tensor_name(tensor), got, wanted);
}

static tare_tensor gradient_of(tare_tensor y, tare_tensor x) {
    tare_tensor gradient = TARE_NULL;
    tare_gradients(&y, 1, &x, 1, NULL, &gradient);
    return gradient;
}

static tare_tensor predicate(tare_graph *g, const char *name) {
    return tare_placeholder(g, TARE_BOOL, TARE_SCALAR, .name = name);
}

static int32_t branch_of(tare_tensor tensor) { return tare_tensor_node(tensor)->branch; }

/* ----------------------------------------------------------------------------- branches */

static void nodes_belong_to_the_branch_they_are_built_in(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), p = predicate(g, "p"), q = predicate(g, "q");
    tare_cond_begin(g, p);
    const tare_tensor yes = toy_product(x, tare_number(2));
    const tare_tensor v =
        tare_get_variable(g, "v", TARE_SCALAR, .regularizer = TARE_REGULARIZER(0, 1));
    tare_cond_begin(g, q);
    const tare_tensor deep = toy_sum(yes, x, NULL);
    tare_cond_otherwise(g);
    const tare_tensor shallow = toy_identity(yes);
    tare_cond_end(g);
    const tare_tensor inner = tare_cond_merge(g, deep, shallow);
    tare_cond_otherwise(g);
    const tare_tensor no = toy_product(x, tare_number(5));
    tare_cond_end(g);
    const tare_tensor y = tare_cond_merge(g, inner, no);
    assert_fine(g);
    assert_int_equal(branch_of(y), 0);
    /* Variables and their penalties are there whatever is taken. */
    assert_int_equal(branch_of(v), 0);
    assert_int_equal(branch_of(tare_collection_item(g, TARE_REGULARIZATION_LOSSES, NULL, 0)), 0);
    assert_int_equal(branch_of(inner), branch_of(yes));
    assert_int_equal(tare_graph_branch(g, branch_of(deep))->parent, branch_of(yes));
    assert_true(tare_graph_branch(g, branch_of(yes))->side);
    assert_false(tare_graph_branch(g, branch_of(no))->side);
    assert_int_equal(tare_graph_branch(g, branch_of(no))->predicate.node, p.node);
    assert_named(yes, "cond/Mul:0");
    assert_named(inner, "cond/cond/Merge:0");
    assert_named(y, "cond/Merge:0");
    assert_value(y, FEEDS({"x", 3}, {"p", 1}, {"q", 1}), 9);
    assert_value(y, FEEDS({"x", 3}, {"p", 1}, {"q", 0}), 6);
    assert_value(y, FEEDS({"x", 3}, {"p", 0}), 15);
    tare_graph_free(g);
}

static void values_do_not_leave_their_branch_unmerged(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), p = predicate(g, "p");
    tare_cond_begin(g, p);
    const tare_tensor yes = toy_identity(x);
    tare_cond_otherwise(g);
    toy_identity(yes);
    assert_refused(g, TARE_ERROR_STATE, "cond/Add", "tare_cond_merge");
    tare_graph_clear_error(g);
    const tare_tensor no = toy_identity(x);
    tare_cond_end(g);
    toy_identity(yes);
    assert_refused(g, TARE_ERROR_STATE, "cond/Add");
    tare_graph_clear_error(g);
    tare_cond_merge(g, no, yes); /* the wrong way round */
    assert_refused(g, TARE_ERROR_STATE, "merge 'cond/Merge'");
    tare_graph_clear_error(g);
    assert_true(tare_tensor_is_valid(tare_cond_merge(g, yes, no)));
    assert_fine(g);
    tare_graph_free(g);
}

static void a_known_predicate_is_decided_while_building(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    for (int truth = 0; truth < 2; truth++) {
        tare_cond_begin(g, truth ? TARE_TRUE : TARE_FALSE);
        const tare_tensor yes = toy_identity(x);
        tare_cond_otherwise(g);
        const tare_tensor no = toy_identity(x);
        tare_cond_end(g);
        const tare_tensor y = tare_cond_merge(g, yes, no), taken = truth ? yes : no;
        assert_int_equal(y.node, taken.node); /* no merge at all */
        assert_int_equal(branch_of(taken), 0);
        assert_null(strstr(tare_tensor_name(taken), "cond")); /* nor a scope for it */
        assert_int_not_equal(branch_of(truth ? no : yes), 0);
        assert_value(tare_cond_merge(g, tare_number(1), tare_number(2)), FEEDS({"x", 1}),
                     truth ? 1 : 2);
    }
    tare_array *array = tare_array_bool(false);
    tare_cond_begin(g, tare_constant(g, array));
    const tare_tensor yes = toy_identity(x);
    tare_cond_otherwise(g);
    const tare_tensor no = toy_identity(x);
    tare_cond_end(g);
    assert_int_equal(tare_cond_merge(g, yes, no).node, no.node);
    tare_array_free(array);
    assert_fine(g);
    tare_graph_free(g);
}

static void merges_of_operations_are_operations(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_cond_begin(g, predicate(g, "p"));
    const tare_tensor yes = tare_build_node(g, &toy_operation, NULL, NULL, 0, NULL);
    tare_cond_otherwise(g);
    const tare_tensor no = tare_build_node(g, &toy_operation, NULL, NULL, 0, NULL);
    tare_cond_end(g);
    const tare_tensor both = tare_cond_merge(g, yes, no);
    assert_fine(g);
    const tare_node *node = tare_tensor_node(both);
    assert_named(both, "cond/Merge");
    assert_int_equal(node->output_count, 0);
    assert_int_equal(node->control_count, 2);
    assert_int_equal(node->controls[0], yes.node);
    assert_int_equal(node->branch, 0);
    tare_cond_merge(g, yes, tare_number(1));
    assert_refused(g, TARE_ERROR_TYPE, "no value");
    tare_graph_free(g);
}

static void merges_know_what_both_sides_know(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor a = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(2, 3, TARE_ANY));
    const tare_tensor b = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(2, 4, 5));
    const tare_tensor n = tare_placeholder(g, TARE_INT32, TARE_SHAPE(2, 4, 5));
    tare_cond_begin(g, predicate(g, "p"));
    tare_cond_otherwise(g);
    tare_cond_end(g);
    const tare_tensor y = tare_cond_merge(g, a, b);
    assert_true(tare_shape_same(tare_tensor_shape(y), TARE_SHAPE(2, TARE_ANY, TARE_ANY)));
    assert_int_equal(tare_tensor_shape(tare_cond_merge(g, a, tare_number(0))).rank,
                     TARE_UNKNOWN_RANK);
    assert_fine(g);
    tare_cond_merge(g, a, n);
    assert_refused(g, TARE_ERROR_TYPE, "float32", "int32");
    tare_graph_free(g);
}

static void conditionals_out_of_order_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), p = predicate(g, "p");
    tare_cond_merge(g, x, x);
    assert_refused(g, TARE_ERROR_STATE, "no conditional");
    tare_graph_clear_error(g);
    tare_cond_otherwise(g);
    assert_refused(g, TARE_ERROR_STATE, "without an open");
    tare_graph_clear_error(g);
    tare_cond_end(g);
    assert_refused(g, TARE_ERROR_STATE, "without a begin");
    tare_graph_clear_error(g);
    tare_cond_begin(g, x);
    assert_refused(g, TARE_ERROR_TYPE, "float32", "bool");
    tare_cond_end(g); /* it was opened all the same */
    tare_graph_clear_error(g);
    tare_cond_begin(g, tare_number(1));
    assert_refused(g, TARE_ERROR_TYPE, "a number");
    tare_cond_end(g);
    tare_graph_clear_error(g);
    tare_cond_begin(g, p);
    tare_cond_otherwise(g);
    tare_cond_otherwise(g);
    assert_refused(g, TARE_ERROR_STATE, "second");
    tare_cond_end(g);
    assert_int_equal(tare_graph_open_scopes(g, NULL), 0);
    tare_graph_free(g);
}

/* user: x. */
static tare_tensor doubled(tare_graph *g, void *user) {
    (void)g;
    return toy_product(*(tare_tensor *)user, tare_number(2));
}
static tare_tensor squared(tare_graph *g, void *user) {
    (void)g;
    return toy_product(*(tare_tensor *)user, *(tare_tensor *)user);
}
static tare_tensor broken(tare_graph *g, void *user) {
    (void)user;
    tare_get_variable(g, "half_made", TARE_SCALAR);
    return tare_build(g, "no_such_op", NULL, 0, NULL);
}

static void branches_may_be_functions(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_tensor x = scalar_placeholder(g, "x");
    const tare_tensor p = predicate(g, "p"), y = tare_cond(g, p, doubled, squared, &x);
    assert_value(y, FEEDS({"x", 3}, {"p", 1}), 6);
    assert_value(y, FEEDS({"x", 3}, {"p", 0}), 9);
    const int64_t size = tare_graph_size(g);
    assert_value(tare_cond(g, TARE_FALSE, broken, squared, &x), FEEDS({"x", 3}),
                 9); /* the other is not called */
    assert_int_equal(tare_graph_size(g), size + 1);
    assert_false(tare_tensor_is_valid(tare_cond(g, p, squared, broken, &x)));
    assert_refused(g, TARE_ERROR_NAME, "no_such_op");
    assert_int_equal(tare_graph_size(g), size + 1);
    assert_collection(g, TARE_GLOBAL_VARIABLES, NULL, NO_NAMES);
    assert_int_equal(tare_graph_open_scopes(g, NULL), 0);
    tare_graph_free(g);
}

/* ---------------------------------------------------------------------------- gradients */

static void gradients_add_up_over_uses(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), z = scalar_placeholder(g, "z");
    const tare_tensor square = toy_product(x, x);
    const tare_tensor y =
        toy_sum(toy_product(square, z), toy_sum(x, square, NULL), NULL); /* x^2 z + x + x^2 */
    const int64_t names = tare_graph_size(g);
    tare_tensor gradients[3];
    const tare_tensor xs[3] = {x, z, y}, ys[2] = {y, square};
    assert_int_equal(tare_gradients(&y, 1, xs, 3, NULL, gradients), TARE_OK);
    assert_value(gradients[0], FEEDS({"x", 3}, {"z", 5}), 2 * 3 * 5 + 1 + 2 * 3);
    assert_value(gradients[1], FEEDS({"x", 3}, {"z", 5}), 9);
    assert_value(gradients[2], FEEDS({"x", 3}, {"z", 5}), 1);
    for (int64_t id = names + 1; id <= tare_graph_size(g); id++)
        assert_int_equal(tare_graph_node(g, (int32_t)id)->name[0], '~'); /* they take no names */
    /* Several ys, weighed. */
    const tare_tensor weights[2] = {tare_number(2), z};
    assert_int_equal(tare_gradients(ys, 2, &x, 1, weights, gradients), TARE_OK);
    assert_value(gradients[0], FEEDS({"x", 3}, {"z", 5}), 2 * (2 * 3 * 5 + 1 + 2 * 3) + 5 * 2 * 3);
    /* Again: d/dx (2 x z + 1 + 2 x) = 2 z + 2. */
    assert_value(gradient_of(gradient_of(y, x), x), FEEDS({"x", 3}, {"z", 5}), 12);
    tare_graph_free(g);
}

static void gradients_through_an_x_reach_the_xs_below_it(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor a = scalar_placeholder(g, "a"), b = toy_product(a, a), y = toy_product(b, b);
    const tare_tensor xs[2] = {a, b};
    tare_tensor gradients[2];
    assert_int_equal(tare_gradients(&y, 1, xs, 2, NULL, gradients), TARE_OK);
    assert_value(gradients[0], FEEDS({"a", 3}), 4 * 27);
    assert_value(gradients[1], FEEDS({"a", 3}), 18);
    tare_graph_free(g);
}

static void what_does_not_depend_has_no_gradient(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), z = scalar_placeholder(g, "z");
    const tare_tensor stopped = tare_build_node(g, &stopper, NULL, &x, 1, NULL);
    const tare_tensor refused = tare_build_node(g, &refuser, NULL, &z, 1, NULL);
    const tare_tensor y = toy_sum(stopped, refused, NULL);
    const int64_t size = tare_graph_size(g);
    assert_false(tare_tensor_is_valid(gradient_of(x, z)));
    assert_fine(g);
    assert_int_equal(tare_graph_size(g), size);
    /* Stopped, and the refusing op does not lie on a way to x. */
    assert_false(tare_tensor_is_valid(gradient_of(y, x)));
    assert_fine(g);
    /* Nor does it when its own output is the x. */
    assert_value(gradient_of(toy_product(y, refused), refused), FEEDS({"x", 3}, {"z", 5}), 13);
    assert_false(tare_tensor_is_valid(gradient_of(y, z)));
    assert_refused(g, TARE_ERROR_GRADIENT, "toy_refuse 'Refuse'", "an op that is smooth");
    tare_graph_free(g);
}

static void gradients_need_floating_tensors_of_one_graph(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new(), *other = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), foreign = scalar_placeholder(other, "x");
    const tare_tensor n = tare_placeholder(g, TARE_INT32, TARE_SCALAR, .name = "n");
    gradient_of(x, n);
    assert_refused(g, TARE_ERROR_GRADIENT, "int32", "as x 0");
    tare_graph_clear_error(g);
    gradient_of(n, x);
    assert_refused(g, TARE_ERROR_GRADIENT, "as y 0");
    tare_graph_clear_error(g);
    gradient_of(x, foreign);
    assert_refused(g, TARE_ERROR_GRADIENT, "no tensor of this graph");
    tare_graph_clear_error(g);
    tare_tensor gradient = TARE_NULL;
    assert_int_equal(tare_gradients(&x, 1, &x, 1, &n, &gradient), TARE_ERROR_GRADIENT);
    assert_refused(g, TARE_ERROR_GRADIENT, "grad_y");
    assert_ptr_equal(gradient.graph, g);
    tare_graph_free(g);
    tare_graph_free(other);
}

static tare_status wrong_gradient(tare_gradient *gradient) {
    gradient->input_gradients[0] = tare_placeholder(gradient->graph, TARE_FLOAT32, TARE_SHAPE(7));
    return TARE_OK;
}
static tare_status failing_gradient(tare_gradient *gradient) {
    tare_build(gradient->graph, "no_such_op", NULL, 0, NULL);
    return tare_graph_status(gradient->graph);
}

static void a_gradient_that_fails_leaves_nothing(void **state) {
    (void)state;
    tare_op_def op = toy_add;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    const tare_tensor y = toy_identity(toy_product(x, tare_build_node(g, &op, "op", &x, 1, NULL)));
    const int64_t size = tare_graph_size(g);
    op.gradient = wrong_gradient;
    assert_false(tare_tensor_is_valid(gradient_of(y, x)));
    assert_refused(g, TARE_ERROR_GRADIENT, "'op'", "[7]", "input 0");
    assert_int_equal(tare_graph_size(g), size);
    tare_graph_clear_error(g);
    op.gradient = failing_gradient;
    assert_false(tare_tensor_is_valid(gradient_of(y, x)));
    assert_refused(g, TARE_ERROR_NAME, "no_such_op");
    assert_int_equal(tare_graph_size(g), size);
    tare_graph_free(g);
}

static void gradients_wait_for_control_dependencies(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), y = toy_product(x, x);
    const tare_tensor go = tare_build_node(g, &toy_operation, NULL, NULL, 0, NULL);
    const int64_t size = tare_graph_size(g);
    TARE_CONTROL_DEPENDENCIES (g, &go, 1) {
        gradient_of(y, x);
    }
    assert_true(tare_graph_size(g) > size);
    for (int64_t id = size + 1; id <= tare_graph_size(g); id++)
        assert_int_equal(tare_graph_node(g, (int32_t)id)->controls[0], go.node);
    tare_graph_free(g);
}

/* -------------------------------------------------------- gradients through conditionals */

/* y = x * (p ? (q ? a x : x^2) : 5 a): dy/dx = p ? (q ? 2 a x : 3 x^2) : 5 a; dy/da = p ? (q ? x^2
 * : 0) : 5 x. */
static tare_tensor nested(tare_graph *g, tare_tensor x, tare_tensor a) {
    const tare_tensor p = predicate(g, "p"), q = predicate(g, "q");
    tare_cond_begin(g, p);
    tare_cond_begin(g, q);
    const tare_tensor product = toy_product(a, x);
    tare_cond_otherwise(g);
    const tare_tensor square = toy_product(x, x);
    tare_cond_end(g);
    const tare_tensor inner = tare_cond_merge(g, product, square);
    tare_cond_otherwise(g);
    const tare_tensor five = toy_product(a, tare_number(5));
    tare_cond_end(g);
    return toy_product(x, tare_cond_merge(g, inner, five));
}

static void gradients_leave_nested_branches_merged(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), a = scalar_placeholder(g, "a");
    const tare_tensor dx = gradient_of(nested(g, x, a), x);
    const tare_tensor da = gradient_of(tare_tensor_named(g, "Mul:0"), a);
    assert_int_equal(branch_of(dx), 0);
    assert_int_equal(branch_of(da), 0);
    assert_value(dx, FEEDS({"x", 3}, {"a", 7}, {"p", 1}, {"q", 1}), 2 * 7 * 3);
    assert_value(dx, FEEDS({"x", 3}, {"a", 7}, {"p", 1}, {"q", 0}), 3 * 9);
    assert_value(dx, FEEDS({"x", 3}, {"a", 7}, {"p", 0}), 5 * 7);
    assert_value(da, FEEDS({"x", 3}, {"a", 7}, {"p", 1}, {"q", 1}), 9);
    assert_value(da, FEEDS({"x", 3}, {"a", 7}, {"p", 1}, {"q", 0}), 0);
    assert_value(da, FEEDS({"x", 3}, {"a", 7}, {"p", 0}), 15);
    /* Every gradient node of a node that lives in a branch lives there too: nothing of it runs
     * elsewhere. */
    const tare_tensor second = gradient_of(dx, x);
    assert_value(second, FEEDS({"x", 3}, {"a", 7}, {"p", 1}, {"q", 1}), 2 * 7);
    assert_value(second, FEEDS({"x", 3}, {"a", 7}, {"p", 1}, {"q", 0}), 6 * 3);
    assert_value(second, FEEDS({"x", 3}, {"a", 7}, {"p", 0}, {"q", 1}), 0);
    tare_graph_free(g);
}

static void values_merged_from_outside_get_their_share(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), a = scalar_placeholder(g, "a");
    tare_cond_begin(g, predicate(g, "p"));
    tare_cond_otherwise(g);
    tare_cond_end(g);
    const tare_tensor y = toy_product(tare_cond_merge(g, x, a), x);
    const tare_tensor dx = gradient_of(y, x), da = gradient_of(y, a);
    assert_value(dx, FEEDS({"x", 3}, {"a", 7}, {"p", 1}), 6);
    assert_value(dx, FEEDS({"x", 3}, {"a", 7}, {"p", 0}), 7);
    assert_value(da, FEEDS({"x", 3}, {"a", 7}, {"p", 1}), 0);
    assert_value(da, FEEDS({"x", 3}, {"a", 7}, {"p", 0}), 3);
    tare_graph_free(g);
}

/* Gradients asked for inside a branch run in it only, those of another conditional's nodes where
 * both hold. */
static void gradients_built_in_a_branch_stay_in_it(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x"), a = scalar_placeholder(g, "a"),
                      r = predicate(g, "r");
    const tare_tensor y = nested(g, x, a);
    tare_cond_begin(g, r);
    const tare_tensor before = tare_graph_tensor(g, (int32_t)tare_graph_size(g), 0);
    const tare_tensor dx = gradient_of(y, x);
    assert_fine(g);
    const int32_t branch = branch_of(dx);
    assert_int_equal(tare_graph_branch(g, branch)->predicate.node, r.node);
    for (int64_t id = before.node + 1; id <= tare_graph_size(g); id++) {
        int32_t b = tare_graph_node(g, (int32_t)id)->branch;
        while (b != branch && b) b = tare_graph_branch(g, b)->parent;
        assert_int_equal(b, branch);
    }
    tare_cond_otherwise(g);
    const tare_tensor zero = toy_product(x, tare_number(0));
    tare_cond_end(g);
    const tare_tensor merged = tare_cond_merge(g, dx, zero);
    assert_value(merged, FEEDS({"x", 3}, {"a", 7}, {"p", 1}, {"q", 1}, {"r", 1}), 2 * 7 * 3);
    assert_value(merged, FEEDS({"x", 3}, {"a", 7}, {"p", 0}, {"r", 1}), 5 * 7);
    assert_value(merged, FEEDS({"x", 3}, {"r", 0}), 0);
    tare_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_belong_to_the_branch_they_are_built_in),
        cmocka_unit_test(values_do_not_leave_their_branch_unmerged),
        cmocka_unit_test(a_known_predicate_is_decided_while_building),
        cmocka_unit_test(merges_of_operations_are_operations),
        cmocka_unit_test(merges_know_what_both_sides_know),
        cmocka_unit_test(conditionals_out_of_order_are_refused),
        cmocka_unit_test(branches_may_be_functions),
        cmocka_unit_test(gradients_add_up_over_uses),
        cmocka_unit_test(gradients_through_an_x_reach_the_xs_below_it),
        cmocka_unit_test(what_does_not_depend_has_no_gradient),
        cmocka_unit_test(gradients_need_floating_tensors_of_one_graph),
        cmocka_unit_test(a_gradient_that_fails_leaves_nothing),
        cmocka_unit_test(gradients_wait_for_control_dependencies),
        cmocka_unit_test(gradients_leave_nested_branches_merged),
        cmocka_unit_test(values_merged_from_outside_get_their_share),
        cmocka_unit_test(gradients_built_in_a_branch_stay_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
