/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs without memory, and very long ones. */
#include "graph_toys.h"

#include "failing_allocator.h"

/* As deep as scopes go before their stack must grow, and deeper. */
static void build_deep(tare_graph *g, int depth) {
    TARE_NAME_SCOPE (g, "deep") {
        TARE_VARIABLE_SCOPE (g, "er") {
            if (depth > 0) build_deep(g, depth - 1);
        }
    }
}

/* Leaves its scopes open when it fails, as an attempt may. */
static void build_attempt(tare_graph *g) {
    const tare_graph_attempt attempt = tare_graph_attempt_begin(g);
    int open = 0;
    while (open < 40 && tare_name_scope_begin(g, "tried") == TARE_OK) open++;
    while (open > 0 && tare_graph_status(g) == TARE_OK) open -= tare_name_scope_end(g) == TARE_OK;
    tare_graph_attempt_end(g, &attempt);
}

/* Something of everything a graph can be asked to do; goes on after a failure, as a program that
 * looks at the end does. */
static void build_everything(tare_graph *g) {
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2), .name = "x");
    const tare_tensor p = tare_placeholder_with_default(g, TARE_FALSE, .name = "p");
    tare_tensor w = TARE_NULL, y = TARE_NULL, gradients[2];
    build_deep(g, 7);
    build_attempt(g);
    for (int i = 0; i < 3; i++) {
        TARE_VARIABLE_SCOPE_REUSE(g, "a", TARE_REUSE_AUTO) {
            tare_variable_scope_begin(g, NULL, "dense", TARE_REUSE_INHERIT);
            w = tare_get_variable(g, "kernel", TARE_SHAPE(2), .collection = "mine");
            tare_variable_scope_end(g);
            TARE_NAME_SCOPE (g, "n") {
                y = toy_sum(x, tare_number(i), "sum");
            }
        }
    }
    tare_variable(g, "v", TARE_SCALAR,
                  .initializer = TARE_INITIALIZER_1(TARE_INITIALIZER_ONES, 0, 0));
    TARE_CONTROL_DEPENDENCIES (g, &y, 1) {
        tare_cond_begin(g, p);
        const tare_tensor yes = toy_product(y, w);
        tare_cond_otherwise(g);
        const tare_tensor no = toy_product(y, y);
        tare_cond_end(g);
        y = tare_cond_merge(g, yes, no);
    }
    const tare_tensor xs[2] = {x, w};
    const tare_tensor weight =
        toy_identity(y); /* weighs y, so that no op of the library is asked for */
    tare_gradients(&y, 1, xs, 1, &weight, gradients);
    tare_add_to_collection(g, "mine", y);
    for (int i = 0; i < 300; i++) y = toy_identity(y);
}

/* Asking must do without memory too. */
static void ask_everything(const tare_graph *g) {
    tare_tensor items[4];
    tare_text_free(tare_graph_text(g));
    tare_text_free(tare_graph_dot(g));
    (void)tare_tensor_named(g, "x:0");
    (void)tare_collection_matching(g, "mine", "a/.*", items, 4);
    (void)tare_collection_count(g, "mine", "a");
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    int64_t failures = 0;
    for (int64_t nth = 1;; nth++) {
        failing_allocator allocator;
        tare_graph *g = tare_graph_new_with(failing_allocator_start(&allocator, nth));
        if (g) {
            build_everything(g);
            const tare_status status = tare_graph_status(g);
            const bool failed = allocator.calls >= nth;
            if (failed && status != TARE_ERROR_MEMORY)
                fail_msg("call %d: %s", (int)nth, tare_message(g));
            if (!failed && status != TARE_OK) fail_msg("%s", tare_message(g));
            assert_int_equal(tare_graph_open_scopes(g, NULL), 0);
            ask_everything(g);
            tare_graph_free(g);
            failures += failed;
            if (!failed && allocator.calls < nth) {
                assert_true(failing_allocator_is_clean(&allocator));
                break;
            }
        }
        if (!failing_allocator_is_clean(&allocator))
            fail_msg("call %d: %d blocks left, %d of a wrong size", (int)nth, (int)allocator.blocks,
                     (int)allocator.wrong_sizes);
    }
    assert_true(failures > 40);
}

/* One refused allocation, then memory again: what is built afterwards is what would have been built
 * without it. */
static void a_refused_allocation_leaves_names_and_nodes_as_they_were(void **state) {
    (void)state;
    for (int64_t nth = 1;; nth++) {
        failing_allocator allocator;
        tare_graph *g = tare_graph_new_with(failing_allocator_start(&allocator, 0));
        const tare_tensor x = scalar_placeholder(g, "x");
        char *before = tare_graph_text(g);
        allocator.fail_at = allocator.calls + nth;
        const tare_tensor w = tare_get_variable(g, "w", TARE_SHAPE(2), .collection = "mine");
        const tare_tensor y = toy_sum(x, tare_number(1), "x");
        allocator.fail_at = 0;
        const bool failed = tare_graph_status(g) != TARE_OK;
        if (failed && !tare_tensor_is_valid(w)) {
            char *after = tare_graph_text(g);
            assert_string_equal(before, after);
            tare_text_free(after);
            assert_int_equal(tare_collection_count(g, "mine", NULL), 0);
            assert_int_equal(tare_graph_variable_count(g), 0);
        }
        tare_graph_clear_error(g);
        if (!tare_tensor_is_valid(w)) assert_named(tare_get_variable(g, "w", TARE_SHAPE(2)), "w:0");
        assert_named(tare_tensor_is_valid(y) ? y : toy_sum(x, tare_number(1), "x"), "x_1:0");
        assert_fine(g);
        tare_text_free(before);
        tare_graph_free(g);
        assert_true(failing_allocator_is_clean(&allocator));
        if (!failed) break;
    }
}

static void a_scope_begun_without_memory_is_ended_in_its_turn(void **state) {
    (void)state;
    failing_allocator allocator;
    tare_graph *g = tare_graph_new_with(failing_allocator_start(&allocator, 0));
    int open = 0;
    while (open < 100) { /* until the stack of scopes has to grow */
        allocator.fail_at = allocator.calls + 1;
        if (tare_control_dependencies_begin(g, NULL, 0) != TARE_OK) break;
        open++;
    }
    allocator.fail_at = 0;
    assert_refused(g, TARE_ERROR_MEMORY, "memory");
    tare_name_scope_begin(g, "inner");
    assert_int_equal(tare_graph_open_scopes(g, NULL), open + 2);
    tare_name_scope_end(g);
    tare_control_dependencies_end(g);
    assert_int_equal(tare_graph_open_scopes(g, NULL), open);
    tare_graph_clear_error(g);
    while (open-- > 0) assert_int_equal(tare_control_dependencies_end(g), TARE_OK);
    assert_fine(g);
    tare_graph_free(g);
    assert_true(failing_allocator_is_clean(&allocator));
}

static void a_chain_of_a_million_builds_differentiates_and_frees(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    const tare_tensor x = scalar_placeholder(g, "x");
    tare_tensor y = x, gradient = TARE_NULL;
    for (int i = 0; i < 1000000; i++) y = toy_identity(y);
    assert_fine(g);
    assert_named(y, "Add_999999:0");
    assert_int_equal(tare_graph_size(g), 1000001);
    assert_int_equal(tare_tensor_named(g, "Add_500000:0").node, 500002);
    const tare_tensor weight = toy_identity(x);
    assert_int_equal(tare_gradients(&y, 1, &x, 1, &weight, &gradient), TARE_OK);
    assert_int_equal(gradient.node, weight.node);
    tare_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_refused_allocation_leaves_names_and_nodes_as_they_were),
        cmocka_unit_test(a_scope_begun_without_memory_is_ended_in_its_turn),
        cmocka_unit_test(a_chain_of_a_million_builds_differentiates_and_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
