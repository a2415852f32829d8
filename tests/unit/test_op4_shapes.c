/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that move and choose numbers: slices with strides, blocks, segments, the greatest, places. */
#include "op4_trial.h"

static void a_strided_slice_takes_what_python_takes(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(2, 3, 4));
    /* x[1, ::-2, 1:3] */
    EXPECT(&t,
           tare_strided_slice(x, .begin = TARE_LIST(1, 0, 1), .end = TARE_LIST(2, 0, 3),
                              .strides = TARE_LIST(1, -2, 1), .begin_mask = 2, .end_mask = 2,
                              .shrink_axis_mask = 1),
           21, 22, 13, 14);
    /* x[..., -1] */
    const tare_tensor last =
        tare_strided_slice(x, .begin = TARE_LIST(0, -1), .end = TARE_LIST(0, 0), .ellipsis_mask = 1,
                           .shrink_axis_mask = 2);
    trial_expect_shape(last, TARE_SHAPE(2, 3));
    EXPECT(&t, last, 3, 7, 11, 15, 19, 23);
    /* x[0, newaxis, 2:0:-1, 3] */
    const tare_tensor wide = tare_strided_slice(
        x, .begin = TARE_LIST(0, 0, 2, 3), .end = TARE_LIST(1, 0, 0, 4),
        .strides = TARE_LIST(1, 1, -1, 1), .shrink_axis_mask = 9, .new_axis_mask = 2);
    trial_expect_shape(wide, TARE_SHAPE(1, 2));
    EXPECT(&t, wide, 11, 7);
    trial_end(&t);
}

/* Numbers beyond the ends are cut, as in Python; the result may be empty. */
static void ranges_of_a_strided_slice_are_cut_to_what_is_there(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_INT32, TARE_SHAPE(5));
    EXPECT(&t, tare_strided_slice(x, .begin = TARE_LIST(-9), .end = TARE_LIST(99)), 0, 1, 2, 3, 4);
    EXPECT(&t, tare_strided_slice(x, .begin = TARE_LIST(-4), .end = TARE_LIST(-2)), 1, 2);
    EXPECT(&t,
           tare_strided_slice(x, .begin = TARE_LIST(99), .end = TARE_LIST(-99),
                              .strides = TARE_LIST(-3)),
           4, 1);
    trial_expect_shape(tare_strided_slice(x, .begin = TARE_LIST(4), .end = TARE_LIST(2)),
                       TARE_SHAPE(0));
    trial_end(&t);
}

static void unstack_needs_num_where_the_extent_is_not_known(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = tare_placeholder(t.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2));
    tare_unstack(x);
    trial_must_refuse(&t, "num, where the extent of the axis is not known");
    tare_graph_clear_error(t.graph);
    trial_expect_shape(tare_output(tare_unstack(x, .num = 3), 2), TARE_SHAPE(2));
    trial_end(&t);
}

static void gradients_of_unstack_take_zeros_where_nothing_flows(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(3, 2));
    const tare_tensor middle = tare_output(tare_unstack(x), 1);
    tare_tensor gradient;
    tare_gradients(&middle, 1, &x, 1, NULL, &gradient);
    EXPECT(&t, gradient, 0, 0, 1, 1, 0, 0);
    trial_end(&t);
}

static void depth_becomes_blocks_of_pixels(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(1, 1, 2, 4));
    const tare_tensor y = tare_depth_to_space(x, 2);
    trial_expect_shape(y, TARE_SHAPE(1, 2, 4, 1));
    EXPECT(&t, y, 0, 1, 4, 5, 2, 3, 6, 7);
    EXPECT(&t, tare_space_to_depth(y, 2), 0, 1, 2, 3, 4, 5, 6, 7);
    trial_end(&t);
}

static void pixels_of_a_block_become_samples(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_INT32, TARE_SHAPE(1, 2, 3, 1));
    const tare_tensor y = tare_space_to_batch(x, TARE_LIST(2, 2), .before = TARE_LIST(0, 1),
                                              .after = TARE_LIST(0, 0));
    trial_expect_shape(y, TARE_SHAPE(4, 1, 2, 1));
    EXPECT(&t, y, 0, 1, 0, 2, 0, 4, 3, 5);
    const tare_tensor back = tare_batch_to_space(y, TARE_LIST(2, 2), .before = TARE_LIST(0, 1),
                                                 .after = TARE_LIST(0, 0));
    EXPECT(&t, back, 0, 1, 2, 3, 4, 5);
    trial_end(&t);
}

static void ids_below_0_belong_to_no_segment(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(4, 2));
    const tare_tensor ids = trial_numbers(&t, TARE_INT32, TARE_SHAPE(4), NUMBERS(2, -1, 0, 2));
    const tare_tensor y = tare_unsorted_segment_sum(x, ids, 3);
    tare_tensor gradient;
    EXPECT(&t, y, 4, 5, 0, 0, 6, 8);
    tare_gradients(&y, 1, &x, 1, NULL, &gradient);
    EXPECT(&t, gradient, 1, 1, 0, 0, 1, 1, 1, 1);
    trial_end(&t);
}

static void an_id_beyond_the_segments_fails_the_run(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(3));
    const tare_tensor ids = trial_numbers(&t, TARE_INT64, TARE_SHAPE(3), NUMBERS(0, 2, 1));
    trial_must_fail(&t, tare_unsorted_segment_sum(x, ids, 2), "segment id 2 at position 1");
    trial_end(&t);
}

static void of_equals_the_first_leads_and_nan_leads_all(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_numbers(&t, TARE_FLOAT32, TARE_SHAPE(2, 5),
                                        NUMBERS(1, 3, 3, 2, 3, INFINITY, -1, NAN, 5, NAN));
    const tare_tensor top = tare_top_k(x, 4);
    EXPECT(&t, top, 3, 3, 3, 2, NAN, NAN, (double)INFINITY, 5);
    EXPECT(&t, tare_output(top, 1), 1, 2, 4, 3, 2, 4, 0, 3);
    trial_end(&t);
}

static int descending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static void the_greatest_of_long_rows_are_those_of_a_sort(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    for (int64_t k = 1; k <= COUNT; k *= 10) {
        trial t = trial_begin();
        double sorted[COUNT];
        const tare_tensor x = trial_draw(&t, TARE_FLOAT64, TARE_SHAPE(COUNT));
        for (int i = 0; i < COUNT; i++) sorted[i] = tare_array_number(t.arrays[0], i);
        qsort(sorted, COUNT, sizeof *sorted, descending);
        const tare_tensor top = tare_top_k(x, k);
        trial_expect(&t, top, sorted, (size_t)k, 0);
        trial_expect(&t, tare_gather(x, tare_output(top, 1)), sorted, (size_t)k, 0);
        trial_end(&t);
    }
}

static void an_index_out_of_range_fails_the_gradient_of_top_k(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor dy = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(2, 1));
    const tare_tensor indices = trial_numbers(&t, TARE_INT32, TARE_SHAPE(2, 1), NUMBERS(2, -1));
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(2, 3));
    const tare_tensor inputs[] = {dy, indices, x}, picked[] = {x, indices};
    trial_must_fail(&t, tare_build(t.graph, "top_k_gradient", inputs, 3, NULL),
                    "index -1 at position 1");
    trial_must_fail(&t, tare_build(t.graph, "top_k_pick", picked, 2, NULL), "indices in 0..2");
    trial_end(&t);
}

static void equals_of_the_kth_are_within_and_rows_that_are_not_finite_are_out(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x =
        trial_numbers(&t, TARE_FLOAT32, TARE_SHAPE(5, 3),
                      NUMBERS(3, 2, 2, 3, 2, 1, 1, 2, INFINITY, 1, 2, NAN, 1, 2, 3));
    const tare_tensor targets =
        trial_numbers(&t, TARE_INT32, TARE_SHAPE(5), NUMBERS(2, 2, 1, 1, 3));
    EXPECT(&t, tare_in_top_k(x, targets, 2), 1, 0, 0, 0, 0);
    trial_end(&t);
}

static void places_are_listed_in_row_major_order(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor condition =
        trial_numbers(&t, TARE_BOOL, TARE_SHAPE(2, 3), NUMBERS(0, 1, 0, 1, 0, 1));
    const tare_tensor places = tare_argwhere(condition);
    EXPECT(&t, places, 0, 1, 1, 0, 1, 2, -1, -1, -1, -1, -1, -1);
    EXPECT(&t, tare_output(places, 1), 3);
    EXPECT(&t, tare_argwhere(condition, .size = 3), 0, 1, 1, 0, 1, 2);
    trial_must_fail(&t, tare_argwhere(condition, .size = 2), "holds at 3 places; needs 2");
    trial_must_fail(&t, tare_argwhere(condition, .size = 4), "holds at 3 places; needs 4");
    trial_end(&t);
}

static void a_diagonal_of_four_axes_has_two(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_INT64, TARE_SHAPE(2, 2, 2, 2));
    EXPECT(&t, tare_diag_part(x), 0, 5, 10, 15);
    EXPECT(&t, tare_diag(trial_count(&t, TARE_INT64, TARE_SHAPE(2))), 0, 0, 0, 1);
    EXPECT(&t, tare_rank_of(x), 4);
    trial_end(&t);
}

static void the_last_two_axes_change_places(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_INT32, TARE_SHAPE(2, 2, 3));
    EXPECT(&t, tare_matrix_transpose(x), 0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11);
    tare_matrix_transpose(trial_count(&t, TARE_INT32, TARE_SHAPE(3)));
    trial_must_refuse(&t, "a known rank of 2 or more");
    trial_end(&t);
}

/* y[i, j] = sum of a[p, i, q] b[q, j, p], in float32, float64 and int32. */
static void tensordot_sums_over_pairs_of_axes(void **state) {
    (void)state;
    const tare_dtype dtypes[] = {TARE_FLOAT32, TARE_FLOAT64, TARE_INT32};
    for (int k = 0; k < 3; k++) {
        trial t = trial_begin();
        double wanted[3 * 4] = {0};
        const tare_tensor a = trial_count(&t, dtypes[k], TARE_SHAPE(2, 3, 5));
        const tare_tensor b = trial_count(&t, dtypes[k], TARE_SHAPE(5, 4, 2));
        for (int p = 0; p < 2; p++)
            for (int q = 0; q < 5; q++)
                for (int i = 0; i < 12; i++)
                    wanted[i] += ((p * 3 + i / 4) * 5 + q) * ((q * 4 + i % 4) * 2 + p);
        trial_expect(&t,
                     tare_tensordot(a, b, .a_axes = TARE_LIST(2, 0), .b_axes = TARE_LIST(0, -1)),
                     wanted, 12, 0);
        trial_end(&t);
    }
}

/* The names that nodes have in a TensorFlow program that gives none. */
static void nodes_bear_tensorflows_names(void **state) {
    (void)state;
    trial t = trial_begin();
    const tare_tensor x = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(2, 2)),
                      image = trial_count(&t, TARE_FLOAT32, TARE_SHAPE(1, 4, 4, 4)),
                      i = trial_count(&t, TARE_INT32, TARE_SHAPE(2)),
                      truth = trial_count(&t, TARE_BOOL, TARE_SHAPE(2));
    const struct {
        tare_tensor tensor;
        const char *name;
    } nodes[] = {
        {tare_strided_slice(x), "StridedSlice:0"},
        {tare_unstack(x), "unstack:0"},
        {tare_depth_to_space(image, 2), "DepthToSpace:0"},
        {tare_space_to_depth(image, 2), "SpaceToDepth:0"},
        {tare_space_to_batch(x, TARE_LIST(2)), "SpaceToBatchND:0"},
        {tare_batch_to_space(x, TARE_LIST(2)), "BatchToSpaceND:0"},
        {tare_diag_part(x), "DiagPart:0"},
        {tare_diag(x), "Diag:0"},
        {tare_unsorted_segment_sum(x, i, 2), "UnsortedSegmentSum:0"},
        {tare_top_k(x, 1), "TopKV2:0"},
        {tare_in_top_k(x, i, 1), "in_top_k/InTopKV2:0"},
        {tare_argwhere(truth), "Where:0"},
        {tare_rank_of(x), "Rank:0"},
        {tare_tensordot(x, x, .axes = 1), "Tensordot:0"},
        {tare_lrn(image), "LRN:0"},
        {tare_resize_bilinear(image, TARE_LIST(2, 2)), "ResizeBilinear:0"},
        {tare_resize_nearest_neighbor(image, TARE_LIST(2, 2)), "ResizeNearestNeighbor:0"},
        {tare_l2_normalize(x), "l2_normalize:0"},
        {tare_l2_normalize(x, .name = "unit"), "unit:0"},
    };
    trial_must_build(&t);
    for (size_t k = 0; k < sizeof nodes / sizeof *nodes; k++)
        assert_string_equal(tare_tensor_name(nodes[k].tensor), nodes[k].name);
    trial_end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_strided_slice_takes_what_python_takes),
        cmocka_unit_test(ranges_of_a_strided_slice_are_cut_to_what_is_there),
        cmocka_unit_test(unstack_needs_num_where_the_extent_is_not_known),
        cmocka_unit_test(gradients_of_unstack_take_zeros_where_nothing_flows),
        cmocka_unit_test(depth_becomes_blocks_of_pixels),
        cmocka_unit_test(pixels_of_a_block_become_samples),
        cmocka_unit_test(ids_below_0_belong_to_no_segment),
        cmocka_unit_test(an_id_beyond_the_segments_fails_the_run),
        cmocka_unit_test(of_equals_the_first_leads_and_nan_leads_all),
        cmocka_unit_test(the_greatest_of_long_rows_are_those_of_a_sort),
        cmocka_unit_test(an_index_out_of_range_fails_the_gradient_of_top_k),
        cmocka_unit_test(equals_of_the_kth_are_within_and_rows_that_are_not_finite_are_out),
        cmocka_unit_test(places_are_listed_in_row_major_order),
        cmocka_unit_test(a_diagonal_of_four_axes_has_two),
        cmocka_unit_test(the_last_two_axes_change_places),
        cmocka_unit_test(tensordot_sums_over_pairs_of_axes),
        cmocka_unit_test(nodes_bear_tensorflows_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
