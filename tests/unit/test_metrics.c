/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: sums over batches, beginning anew, what TensorFlow 2.15.1 says of options that the
 * recorded cases leave out, refusals, names and collections. */
#include "failing_allocator.h"
#include "loss_trial.h"

static const char *const kinds[] = {"mean",
                                    "mean_tensor",
                                    "accuracy",
                                    "mean_absolute_error",
                                    "mean_squared_error",
                                    "root_mean_squared_error",
                                    "percentage_below",
                                    "true_positives",
                                    "false_positives",
                                    "true_negatives",
                                    "false_negatives",
                                    "precision",
                                    "recall",
                                    "precision_at_thresholds",
                                    "recall_at_thresholds",
                                    "auc",
                                    "confusion_matrix",
                                    "mean_iou",
                                    "mean_per_class_accuracy",
                                    "recall_at_k",
                                    "precision_at_k"};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void add_batch(trial *t, tare_metric metric) {
    if (tare_session_run(t->session, t->feeds, t->count, &metric.update_op, 1, NULL))
        fail_msg("%s", tare_session_message(t->session));
}

/* ---- over batches */

static const double truths[] = {1, 0, 1, 1, 0, 0, 1, 0};
static const double probabilities[] = {.9, .8, .7, .55, .5, .3, .2, .1};
static const double weights_8[] = {1, 2, .5, 1, 1, 3, .25, 1};

static void a_metric_adds_up_batches_and_begins_anew(void **state) {
    (void)state;
    trial t = trial_new();
    static const double first[] = {1, 2, 3, 6}, second[] = {10, 10, 10, 10};
    const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(4), first);
    const tare_metric mean = tare_metrics_mean(x);
    const tare_tensor w = tare_get_variable(t.graph, "w", TARE_SHAPE(1), .initializer = TARE_ZEROS);
    const tare_tensor grow = tare_assign_add(w, tare_ones_like(w));
    trial_open(&t);
    assert_true(trial_number(&t, mean.value) == 0); /* of nothing */
    assert_true(trial_number(&t, mean.update_op) == 3);
    for (int i = 0; i < 4; i++) tare_array_set_number(t.arrays[0], i, second[i]);
    assert_true(trial_number(&t, mean.update_op) == 6.5);
    assert_true(trial_number(&t, mean.value) == 6.5);
    assert_true(trial_number(&t, grow) == 1);
    assert_int_equal(tare_session_initialize_collection(t.session, TARE_LOCAL_VARIABLES), TARE_OK);
    assert_true(trial_number(&t, mean.value) == 0);
    assert_true(trial_number(&t, w) == 1); /* not a local one */
    trial_free(&t);
}

static void the_value_of_a_run_does_not_see_its_batch(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), probabilities);
    const tare_metric mean = tare_metrics_mean(x);
    const tare_tensor fetches[] = {mean.value, mean.update_op};
    tare_array *results[] = {NULL, NULL};
    trial_open(&t);
    assert_int_equal(tare_session_run(t.session, t.feeds, 1, fetches, 2, results), TARE_OK);
    assert_true(tare_array_number(results[0], 0) == 0);
    trial_near(tare_array_number(results[1], 0), 4.05 / 8, 1e-6);
    trial_free(&t);
}

static void collections_are_initialised_by_name(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor x = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), probabilities);
    const tare_metric mean = tare_metrics_mean(x, .metrics_collection = "mine");
    assert_int_equal(tare_session_new(t.graph, &t.session), TARE_OK);
    tare_array *result = NULL;
    assert_int_equal(trial_try(&t, mean.update_op, &result), TARE_ERROR_UNINITIALIZED);
    assert_int_equal(tare_session_initialize_collection(t.session, "no such"), TARE_OK);
    assert_int_equal(tare_session_initialize_collection(t.session, NULL), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_initialize_collection(NULL, "mine"), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_session_initialize_collection(t.session, "mine"), TARE_ERROR_ARGUMENT);
    assert_string_equal(tare_session_message(t.session),
                        "collection 'mine': got mean/value; needs variables only");
    assert_int_equal(tare_session_initialize_collection(t.session, TARE_METRIC_VARIABLES), TARE_OK);
    add_batch(&t, mean);
    trial_free(&t);
}

/* ---- areas; numbers of TensorFlow */

static double area(int curve, int method) {
    trial t = trial_new();
    const tare_tensor z = trial_fed(&t, TARE_BOOL, TARE_SHAPE(8), truths);
    const tare_tensor p = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), probabilities);
    const tare_tensor w = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), weights_8);
    const tare_metric auc = tare_metrics_auc(z, p, .weights = w, .curve = curve,
                                             .summation_method = method, .num_thresholds = 5);
    trial_open(&t);
    add_batch(&t, auc);
    const double value = trial_number(&t, auc.value);
    trial_free(&t);
    return value;
}

static void areas_follow_the_curve_and_the_method(void **state) {
    (void)state;
    static const double wanted[2][4] = {
        {.7077922821044922, .7077922821044922, .6493507623672485, .7662338018417358},
        {.5110379457473755, .39794740080833435, .3286714255809784, .6934044361114502}};
    for (int curve = 0; curve < 2; curve++)
        for (int method = 0; method < 4; method++)
            trial_near(area(curve, method), wanted[curve][method], 2e-7);
}

static void thresholds_of_an_area_may_be_given(void **state) {
    (void)state;
    trial t = trial_new();
    static const float numbers[] = {.25f, .6f, .75f};
    tare_array *list = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(3), numbers, &list), TARE_OK);
    const tare_tensor z = trial_fed(&t, TARE_BOOL, TARE_SHAPE(8), truths);
    const tare_tensor p = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), probabilities);
    const tare_metric auc = tare_metrics_auc(z, p, .thresholds = list);
    tare_array_free(list);
    trial_open(&t);
    add_batch(&t, auc);
    trial_near(trial_number(&t, auc.value), .5624999403953552, 2e-7);
    trial_free(&t);
}

/* The outermost thresholds lie outside 0..1: a prediction of 0 is positive at the lowest. */
static void predictions_at_the_ends_count(void **state) {
    (void)state;
    static const double ends[] = {0, 1};
    for (int end = 0; end < 2; end++) {
        trial t = trial_new();
        const double same[] = {ends[end], ends[end], ends[end], ends[end]};
        const tare_tensor z = trial_fed(&t, TARE_BOOL, TARE_SHAPE(4), truths);
        const tare_tensor p = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(4), same);
        const tare_metric auc = tare_metrics_auc(z, p);
        trial_open(&t);
        trial_near(trial_number(&t, auc.update_op), .5, 1e-5); /* of a coin */
        trial_free(&t);
    }
}

/* ---- the highest predictions; numbers of TensorFlow */

static const double scores[] = {.1, .5, .2, .7, .9, .3, .4, .2, .25, .3, .1, .6};

static double at_k(bool recall, int64_t k, bool several) {
    static const double one[] = {1, 3, 0}, two[] = {1, 3, 2, 1, 0, 2}, weights[] = {1, 2, .5};
    trial t = trial_new();
    const tare_tensor p = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(3, 4), scores);
    const tare_tensor z = several ? trial_fed(&t, TARE_INT64, TARE_SHAPE(3, 2), two)
                                  : trial_fed(&t, TARE_INT64, TARE_SHAPE(3), one);
    const tare_tensor w = several ? trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(3), weights) : TARE_NULL;
    const tare_metric made = recall ? tare_metrics_recall_at_k(z, p, .k = k, .weights = w)
                                    : tare_metrics_precision_at_k(z, p, .k = k, .weights = w);
    trial_open(&t);
    assert_true(isnan(trial_number(&t, made.value)));
    assert_int_equal(tare_tensor_dtype(made.value), TARE_FLOAT64);
    add_batch(&t, made);
    const double value = trial_number(&t, made.value);
    trial_free(&t);
    return value;
}

static void the_k_highest_are_held_against_the_labels(void **state) {
    (void)state;
    static const double recall[] = {0, 1. / 3, 2. / 3}, precision[] = {0, 1. / 6, 2. / 9};
    static const double recalls[] = {1. / 7, 4. / 7, 13. / 14};
    static const double precisions[] = {2. / 7, 4. / 7, 13. / 21};
    for (int k = 1; k <= 3; k++) {
        trial_near(at_k(true, k, false), recall[k - 1], 1e-15);
        trial_near(at_k(false, k, false), precision[k - 1], 1e-15);
        trial_near(at_k(true, k, true), recalls[k - 1], 1e-15);
        trial_near(at_k(false, k, true), precisions[k - 1], 1e-15);
    }
}

/* ---- classes */

static void the_confusion_matrix_adds_up(void **state) {
    (void)state;
    static const double z_numbers[] = {0, 1, 2, 2}, p_numbers[] = {0, 2, 2, 1};
    static const double weights[] = {1, .5, 1, 2};
    static const double wanted[] = {2, 0, 0, 0, 0, 1, 0, 4, 2};
    trial t = trial_new();
    const tare_tensor z = trial_fed(&t, TARE_INT32, TARE_SHAPE(4), z_numbers);
    const tare_tensor p = trial_fed(&t, TARE_INT64, TARE_SHAPE(4, 1), p_numbers);
    const tare_tensor w = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(4), weights);
    const tare_metric matrix = tare_metrics_confusion_matrix(z, p, .num_classes = 3, .weights = w);
    double got[TRIAL_NUMBERS];
    trial_open(&t);
    add_batch(&t, matrix);
    add_batch(&t, matrix);
    assert_int_equal(trial_run(&t, matrix.value, got), 9);
    for (int i = 0; i < 9; i++) assert_true(got[i] == wanted[i]);
    trial_free(&t);
}

static void weights_of_whole_counts_lose_their_fractions(void **state) {
    (void)state;
    static const double classes[] = {0, 1, 1}, weights[] = {.9, 1.9, 1.9};
    static const double wanted[] = {0, 0, 0, 2};
    trial t = trial_new();
    const tare_tensor z = trial_fed(&t, TARE_INT32, TARE_SHAPE(3), classes);
    const tare_tensor w = trial_fed(&t, TARE_FLOAT64, TARE_SHAPE(3), weights);
    const tare_tensor matrix = tare_confusion_matrix(z, z, 2, .weights = w);
    double got[TRIAL_NUMBERS];
    trial_open(&t);
    assert_int_equal(tare_tensor_dtype(matrix), TARE_INT32);
    assert_int_equal(trial_run(&t, matrix, got), 4);
    for (int i = 0; i < 4; i++) assert_true(got[i] == wanted[i]);
    trial_free(&t);
}

/* ---- operands */

static void an_axis_too_many_is_taken_away_and_a_number_weighs_all(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor z = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), truths);
    const tare_tensor p = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), probabilities);
    const tare_tensor w = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), weights_8);
    const tare_tensor p1 = tare_expand_dims(p, 1), z1 = tare_expand_dims(z, 1);
    const tare_tensor w1 = tare_expand_dims(w, 1);
    const tare_metric plain = tare_metrics_mean_absolute_error(z, p, .weights = w);
    const tare_metric others[] = {tare_metrics_mean_absolute_error(z, p1, .weights = w),
                                  tare_metrics_mean_absolute_error(z1, p, .weights = w1),
                                  tare_metrics_mean_absolute_error(z1, p1, .weights = w)};
    const tare_metric twice = tare_metrics_true_positives(z, p, .weights = tare_number(2));
    trial_open(&t);
    const double wanted = trial_number(&t, plain.update_op);
    for (int i = 0; i < 3; i++) trial_near(trial_number(&t, others[i].update_op), wanted, 1e-6);
    assert_true(trial_number(&t, twice.update_op) == 8);
    trial_free(&t);
}

static void open_extents_are_counted_in_every_run(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor z = trial_input(&t, TARE_BOOL, TARE_SHAPE(TARE_ANY), TARE_SHAPE(8), truths);
    const tare_tensor p =
        trial_input(&t, TARE_FLOAT32, TARE_SHAPE(TARE_ANY), TARE_SHAPE(8), probabilities);
    const tare_tensor w =
        trial_input(&t, TARE_FLOAT32, TARE_SHAPE(TARE_ANY), TARE_SHAPE(1), weights_8);
    const tare_metric mean = tare_metrics_mean(p, .weights = w);
    const tare_metric auc = tare_metrics_auc(z, p, .weights = w);
    trial_open(&t);
    trial_near(trial_number(&t, mean.update_op), 4.05 / 8, 1e-6);
    trial_near(trial_number(&t, auc.update_op), 11. / 16, 1e-5); /* of pairs in order */
    trial_free(&t);
}

/* ---- refusals */

static void operands_are_refused_with_a_sentence(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor a = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), probabilities);
    const tare_tensor b = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(4), probabilities);
    const int64_t size = tare_graph_size(t.graph);
    tare_metrics_accuracy(b, a);
    trial_refused(&t, TARE_ERROR_SHAPE,
                  "accuracy 'accuracy': got labels of shape [4] and predictions of shape [8]; "
                  "needs one shape");
    tare_metrics_root_mean_squared_error(b, a);
    trial_refused(&t, TARE_ERROR_SHAPE, "root_mean_squared_error 'root_mean_squared_error'");
    tare_metrics_precision(TARE_NULL, a, .name = "hits");
    trial_refused(&t, TARE_ERROR_ARGUMENT, "precision 'hits': got no labels; needs a tensor");
    tare_metrics_mean(a, .weights = b);
    trial_refused(&t, TARE_ERROR_SHAPE, "weights that are a scalar, or have the values' axes");
    const tare_tensor open = tare_placeholder(t.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY));
    tare_metrics_mean_tensor(open);
    trial_refused(&t, TARE_ERROR_SHAPE, "a shape whose extents are all known");
    tare_metrics_recall_at_k(b, a, .k = 1);
    trial_refused(&t, TARE_ERROR_TYPE,
                  "recall_at_k 'recall_at_1': got labels of dtype float32; needs int32 or int64");
    tare_metrics_precision_at_k(tare_placeholder(t.graph, TARE_INT32, TARE_SCALAR),
                                tare_expand_dims(a, 1), .k = 1);
    trial_refused(&t, TARE_ERROR_SHAPE, "got labels of rank 0 and predictions of rank 2");
    tare_metrics_of_kind("median", a, a, NULL);
    trial_refused(&t, TARE_ERROR_NAME, "metric 'median': got a kind that does not exist");
    assert_int_equal(tare_graph_size(t.graph), size + 3);
    assert_int_equal(tare_collection_count(t.graph, TARE_LOCAL_VARIABLES, NULL), 0);
    trial_free(&t);
}

static void options_are_refused_with_a_sentence(void **state) {
    (void)state;
    trial t = trial_new();
    static const float numbers[] = {.5f, .25f};
    tare_array *falling = NULL, *none = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2), numbers, &falling), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(0), NULL, &none), TARE_OK);
    const tare_tensor z = trial_fed(&t, TARE_INT64, TARE_SHAPE(8), truths);
    const tare_tensor a = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), probabilities);
    tare_metrics_mean_iou(z, z);
    trial_refused(&t, TARE_ERROR_ARGUMENT,
                  "mean_iou 'mean_iou': got num_classes 0; needs 1 or more");
    tare_metrics_mean_per_class_accuracy(z, z, .num_classes = -1);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got num_classes -1; needs 1 or more");
    tare_metrics_percentage_below(a);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got no threshold; needs a tensor");
    tare_metrics_recall_at_k(z, tare_expand_dims(a, 1), .k = -3);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got k -3; needs 1 or more");
    tare_metrics_precision_at_k(z, a, .k = 9);
    trial_refused(&t, TARE_ERROR_SHAPE, "a last axis of k numbers at least");
    tare_metrics_precision_at_thresholds(z, a);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got no thresholds; needs an array of rank 1");
    tare_metrics_recall_at_thresholds(z, a, .thresholds = none);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got thresholds that are no list of numbers");
    tare_metrics_auc(z, a, .thresholds = falling);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "auc 'auc': got thresholds that fall");
    tare_metrics_auc(z, a, .num_thresholds = 1);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got fewer than 2 thresholds");
    tare_metrics_auc(z, a, .curve = 2);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got an unknown curve");
    tare_metrics_auc(z, a, .summation_method = -1);
    trial_refused(&t, TARE_ERROR_ARGUMENT, "got an unknown summation method");
    tare_array_free(falling);
    tare_array_free(none);
    trial_free(&t);
}

/* The run of a metric fails with that sentence and adds nothing. */
static void fails_with(trial *t, tare_metric metric, const char *part) {
    tare_array *result = NULL;
    trial_open(t);
    assert_int_equal(trial_try(t, metric.update_op, &result), TARE_ERROR_ARGUMENT);
    if (!strstr(tare_session_message(t->session), part))
        fail_msg("got \"%s\", wanted \"%s\" in it", tare_session_message(t->session), part);
    double value[TRIAL_NUMBERS];
    const int64_t count = trial_run(t, metric.value, value);
    for (int64_t i = 0; i < count; i++) assert_true(value[i] == 0);
}

static void numbers_out_of_range_fail_their_run(void **state) {
    (void)state;
    static const double high[] = {0, 1.5}, unknown[] = {.5, (double)NAN};
    static const double classes[] = {0, 3}, low[] = {-1, 0};
    trial t = trial_new();
    const tare_tensor z = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2), truths);
    const tare_tensor p = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(2), high);
    const tare_metric auc = tare_metrics_auc(z, p, .summation_method = TARE_SUMMATION_MINORING,
                                             .curve = TARE_CURVE_ROC);
    tare_array *result = NULL;
    trial_open(&t);
    assert_int_equal(trial_try(&t, auc.update_op, &result), TARE_ERROR_ARGUMENT);
    assert_non_null(strstr(tare_session_message(t.session),
                           "got prediction 1.5 at position 1; needs predictions from 0 to 1"));
    tare_array_set_number(t.arrays[1], 1, unknown[1]);
    assert_int_equal(trial_try(&t, auc.update_op, &result), TARE_ERROR_ARGUMENT);
    assert_non_null(strstr(tare_session_message(t.session), "got prediction nan at position 1"));
    trial_free(&t);

    t = trial_new();
    const tare_tensor c = trial_fed(&t, TARE_INT32, TARE_SHAPE(2), classes);
    const tare_tensor l = trial_fed(&t, TARE_INT32, TARE_SHAPE(2), low);
    fails_with(&t, tare_metrics_mean_iou(c, l, .num_classes = 3),
               "got prediction -1 at position 0; needs class numbers from 0 to 2");
    fails_with(&t, tare_metrics_confusion_matrix(c, c, .num_classes = 3),
               "got label 3 at position 1; needs class numbers from 0 to 2");
    fails_with(&t, tare_metrics_mean_per_class_accuracy(c, c, .num_classes = 3), "segment id 3");
    trial_free(&t);
}

/* ---- names, collections, the table */

static void names_and_collections_are_tensorflows(void **state) {
    (void)state;
    trial t = trial_new();
    const tare_tensor z = trial_fed(&t, TARE_INT64, TARE_SHAPE(8), truths);
    const tare_tensor p = trial_fed(&t, TARE_FLOAT32, TARE_SHAPE(8), probabilities);
    const tare_metric first =
        tare_metrics_accuracy(z, z, .metrics_collection = "m", .updates_collection = "u");
    const tare_metric second = tare_metrics_accuracy(z, z);
    const tare_metric root = tare_metrics_root_mean_squared_error(z, p, .metrics_collection = "m");
    assert_string_equal(tare_tensor_name(first.value), "accuracy/value:0");
    assert_string_equal(tare_tensor_name(first.update_op), "accuracy/update_op:0");
    assert_string_equal(tare_tensor_name(second.value), "accuracy_1/value:0");
    assert_string_equal(tare_tensor_name(root.value), "Sqrt:0");
    assert_string_equal(tare_tensor_name(root.update_op), "Sqrt_1:0");
    const tare_metric count = tare_metrics_false_negatives(z, p, .name = "missed");
    assert_string_equal(tare_tensor_name(count.value), "missed/Identity:0");
    assert_string_equal(tare_tensor_name(count.update_op), "missed/AssignAdd:0");
    assert_int_equal(tare_collection_count(t.graph, "m", NULL), 2);
    assert_int_equal(tare_collection_item(t.graph, "m", NULL, 1).node, root.value.node);
    assert_int_equal(tare_collection_item(t.graph, "u", NULL, 0).node, first.update_op.node);
    assert_int_equal(tare_collection_count(t.graph, TARE_GLOBAL_VARIABLES, NULL), 0);
    assert_int_equal(tare_collection_count(t.graph, TARE_TRAINABLE_VARIABLES, NULL), 0);
    assert_int_equal(tare_collection_count(t.graph, TARE_LOCAL_VARIABLES, NULL), 7);
    assert_int_equal(tare_collection_count(t.graph, TARE_METRIC_VARIABLES, NULL), 7);
    assert_int_equal(tare_collection_count(t.graph, TARE_LOCAL_VARIABLES, "accuracy_1"), 2);
    trial_free(&t);
}

static void the_table_lists_every_kind(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        assert_string_equal(tare_metrics_kind(i), kinds[i]);
        assert_non_null(tare_metrics_option_table(kinds[i]));
    }
    assert_null(tare_metrics_kind(KINDS));
    assert_null(tare_metrics_option_table("median"));
}

/* ---- memory */

static void build_some(tare_tensor z, tare_tensor p) {
    tare_metrics_auc(z, p, .weights = p);
    tare_metrics_precision(z, p);
    tare_metrics_root_mean_squared_error(z, p, .metrics_collection = "m");
    tare_metrics_mean_iou(z, z, .num_classes = 2);
    tare_metrics_precision_at_k(z, tare_expand_dims(p, 1), .k = 1);
    tare_metrics_mean_per_class_accuracy(z, z, .num_classes = 2, .weights = tare_number(2));
}

static void a_failing_allocation_is_a_status(void **state) {
    (void)state;
    int64_t failures = 0;
    for (bool failed = true; failed; failures++) {
        failing_allocator memory;
        tare_graph *graph = tare_graph_new_with(failing_allocator_start(&memory, 0));
        assert_non_null(graph);
        const tare_tensor z = tare_placeholder_with(graph, TARE_INT64, TARE_SHAPE(8), NULL);
        const tare_tensor p = tare_placeholder_with(graph, TARE_FLOAT32, TARE_SHAPE(8), NULL);
        memory.fail_at = memory.calls + failures + 1;
        build_some(z, p);
        failed = tare_graph_status(graph) != TARE_OK;
        if (failed) assert_int_equal(tare_graph_status(graph), TARE_ERROR_MEMORY);
        assert_int_equal(tare_collection_count(graph, TARE_LOCAL_VARIABLES, NULL),
                         tare_collection_count(graph, TARE_METRIC_VARIABLES, NULL));
        tare_graph_free(graph);
        assert_true(failing_allocator_is_clean(&memory));
    }
    assert_true(failures > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_metric_adds_up_batches_and_begins_anew),
        cmocka_unit_test(the_value_of_a_run_does_not_see_its_batch),
        cmocka_unit_test(collections_are_initialised_by_name),
        cmocka_unit_test(areas_follow_the_curve_and_the_method),
        cmocka_unit_test(thresholds_of_an_area_may_be_given),
        cmocka_unit_test(predictions_at_the_ends_count),
        cmocka_unit_test(the_k_highest_are_held_against_the_labels),
        cmocka_unit_test(the_confusion_matrix_adds_up),
        cmocka_unit_test(weights_of_whole_counts_lose_their_fractions),
        cmocka_unit_test(an_axis_too_many_is_taken_away_and_a_number_weighs_all),
        cmocka_unit_test(open_extents_are_counted_in_every_run),
        cmocka_unit_test(operands_are_refused_with_a_sentence),
        cmocka_unit_test(options_are_refused_with_a_sentence),
        cmocka_unit_test(numbers_out_of_range_fail_their_run),
        cmocka_unit_test(names_and_collections_are_tensorflows),
        cmocka_unit_test(the_table_lists_every_kind),
        cmocka_unit_test(a_failing_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
