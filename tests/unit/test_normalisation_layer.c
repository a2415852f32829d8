/* SPDX-License-Identifier: Apache-2.0 */
/* The layer batch_norm: which statistics normalise, which are kept, and what every option does. */
#include "normalisation_trial.h"

/* Four samples of two channels: means 2.5 and 5; variances, dividing by N, 1.25 and 125. */
static const float four[] = {1, -10, 2, 0, 3, 10, 4, 20};
static const double mean_of[2] = {2.5, 5}, variance_of[2] = {1.25, 125};
static const double unbiased = 4. / 3; /* N / (N - 1) */

static double normalised(int sample, int channel, double epsilon) {
    return ((double)four[2 * sample + channel] - mean_of[channel]) /
           sqrt(variance_of[channel] + epsilon);
}

static trial four_samples(void) {
    trial t = trial_of(TARE_SHAPE(4, 2));
    trial_feed(&t, four);
    return t;
}

/* The same numbers as images of one pixel: rank 4, which is fused. */
static trial four_images(void) {
    trial t = trial_of(TARE_SHAPE(4, 1, 1, 2));
    trial_feed(&t, four);
    return t;
}

/* ------------------------------------------------------------------------- modes */

static void training_normalises_by_the_batch_and_updates_towards_it(void **state) {
    (void)state;
    trial t = four_samples();
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .momentum = .75);
    trial_open(&t);
    const float *values = trial_run(&t, y, NULL, 0);
    for (int i = 0; i < 8; i++) assert_near(values[i], normalised(i / 2, i % 2, 1e-3), 1e-6);
    assert_near(trial_variable(&t, "batch_normalization/moving_mean", 0), 0, 0);
    trial_update(&t);
    for (int c = 0; c < 2; c++) {
        assert_near(trial_variable(&t, "batch_normalization/moving_mean", c), mean_of[c] / 4, 1e-6);
        assert_near(trial_variable(&t, "batch_normalization/moving_variance", c),
                    .75 + variance_of[c] / 4, 1e-5);
    }
    trial_close(&t);
}

static void inference_normalises_by_the_moving_averages_and_writes_nothing(void **state) {
    (void)state;
    trial t = four_samples();
    const tare_tensor y = tare_batch_norm(t.x, .moving_mean_initializer = TARE_CONSTANT(3),
                                          .moving_variance_initializer = TARE_CONSTANT(4));
    assert_int_equal(update_count(&t), 0);
    trial_open(&t);
    const float *values = trial_run(&t, y, NULL, 0);
    for (int i = 0; i < 8; i++)
        assert_near(values[i], ((double)four[i] - 3) / sqrt(4 + 1e-3), 1e-6);
    trial_close(&t);
}

/* A fed truth, a default, and a truth that is computed in the run. */
static void a_tensor_decides_the_mode_in_each_run(void **state) {
    (void)state;
    trial t = four_samples();
    const tare_tensor number = tare_placeholder_with_default(t.graph, tare_number(-1));
    const tare_tensor training = tare_greater(number, tare_number(0));
    const tare_tensor y = tare_batch_norm(t.x, .training = training, .momentum = .5);
    trial_open(&t);
    tare_array *one = tare_array_float(1);
    const tare_feed train = {number, one};
    assert_near(trial_run(&t, y, NULL, 0)[7], 20 / sqrt(1.001), 1e-5);
    assert_near(trial_run(&t, y, &train, 1)[7], normalised(3, 1, 1e-3), 1e-6);
    trial_update(&t); /* the default: not training */
    assert_near(trial_variable(&t, "batch_normalization/moving_mean", 1), 0, 0);
    const tare_tensor update = tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, 0);
    assert_near(trial_run(&t, update, &train, 1)[1], 2.5, 1e-6);
    assert_near(trial_variable(&t, "batch_normalization/moving_mean", 1), 2.5, 1e-6);
    tare_array_free(one);
    trial_close(&t);
}

static void a_frozen_layer_infers_though_it_is_told_to_train(void **state) {
    (void)state;
    trial t = four_samples();
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .frozen = true);
    assert_int_equal(update_count(&t), 0);
    assert_int_equal(tare_collection_count(t.graph, TARE_TRAINABLE_VARIABLES, NULL), 2);
    trial_open(&t);
    assert_near(trial_run(&t, y, NULL, 0)[6], 4 / sqrt(1.001), 1e-6);
    trial_close(&t);
}

static void an_untrainable_layer_normalises_by_the_batch_and_updates_nothing(void **state) {
    (void)state;
    trial t = four_samples();
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .trainable = false);
    assert_int_equal(update_count(&t), 0);
    assert_int_equal(tare_collection_count(t.graph, TARE_TRAINABLE_VARIABLES, NULL), 0);
    trial_open(&t);
    assert_near(trial_run(&t, y, NULL, 0)[6], normalised(3, 0, 1e-3), 1e-6);
    trial_close(&t);
}

/* ---------------------------------------------------------------------- which variance */

static double averaged_variance(trial t, tare_moving_variance which, int fused) {
    tare_batch_norm(t.x, .training = TARE_TRUE, .momentum = 0, .moving_variance = (int)which,
                    .fused = fused);
    trial_open(&t);
    trial_update(&t);
    const double variance = trial_variable(&t, "batch_normalization/moving_variance", 1);
    trial_close(&t);
    return variance;
}

static void the_averaged_variance_follows_fused_or_the_option(void **state) {
    (void)state;
    const double biased = variance_of[1], other = biased * unbiased;
    const tare_moving_variance by_fused = TARE_MOVING_VARIANCE_BY_FUSED;
    assert_near(averaged_variance(four_samples(), by_fused, TARE_FUSED_AUTO), biased, 1e-4);
    assert_near(averaged_variance(four_images(), by_fused, TARE_FUSED_AUTO), other, 1e-4);
    assert_near(averaged_variance(four_images(), by_fused, TARE_FUSED_FALSE), biased, 1e-4);
    assert_near(averaged_variance(four_samples(), TARE_MOVING_VARIANCE_UNBIASED, TARE_FUSED_AUTO),
                other, 1e-4);
    assert_near(averaged_variance(four_images(), TARE_MOVING_VARIANCE_BIASED, TARE_FUSED_AUTO),
                biased, 1e-4);
}

static void rank_five_is_fused_as_tensorflow_two_only_on_request(void **state) {
    (void)state;
    static const int fused[] = {TARE_FUSED_AUTO, TARE_FUSED_TRUE, TARE_FUSED_TF2};
    for (int k = 0; k < 3; k++) {
        trial t = trial_of(TARE_SHAPE(4, 1, 1, 1, 2));
        trial_feed(&t, four);
        assert_near(averaged_variance(t, TARE_MOVING_VARIANCE_BY_FUSED, fused[k]),
                    variance_of[1] * (fused[k] == TARE_FUSED_TF2 ? unbiased : 1), 1e-4);
    }
}

/* A channel without variance: epsilon 0 would divide by 0. */
static void a_fused_layer_raises_epsilon(void **state) {
    (void)state;
    const float constant[] = {7, 7, 7, 7, 7, 7, 7, 7};
    trial fused = four_images(), plain = four_samples();
    trial_feed(&fused, constant);
    trial_feed(&plain, constant);
    const tare_tensor a = tare_batch_norm(fused.x, .training = TARE_TRUE, .epsilon = 0);
    const tare_tensor b = tare_batch_norm(plain.x, .training = TARE_TRUE, .epsilon = 0);
    trial_open(&fused);
    trial_open(&plain);
    assert_near(trial_run(&fused, a, NULL, 0)[0], 0, 0);
    assert_true(isnan(trial_run(&plain, b, NULL, 0)[0]));
    trial_close(&fused);
    trial_close(&plain);
}

static void one_sample_is_its_own_mean_and_has_no_variance(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(1, 2));
    const float one[] = {5, -3};
    trial_feed(&t, one);
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .momentum = 0,
                                          .beta_initializer = TARE_CONSTANT(.25),
                                          .moving_variance = TARE_MOVING_VARIANCE_UNBIASED);
    trial_open(&t);
    assert_near(trial_run(&t, y, NULL, 0)[1], .25, 0);
    trial_update(&t);
    assert_near(trial_variable(&t, "batch_normalization/moving_variance", 0), 0, 0);
    trial_close(&t);
}

/* ------------------------------------------------------------------- kinds of averages */

/* Three batches of one channel whose means are 3, 9 and -6. */
static const float batches[3][2] = {{2, 4}, {7, 11}, {-6, -6}};
static const double batch_means[3] = {3, 9, -6}, batch_variances[3] = {1, 4, 0};

static void cumulative_averages_are_means_of_all_batches(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(2, 1));
    tare_batch_norm(t.x, .training = TARE_TRUE, .cumulative = true);
    trial_open(&t);
    double mean = 0, variance = 0;
    for (int b = 0; b < 3; b++) {
        trial_feed(&t, batches[b]);
        trial_update(&t);
        mean += batch_means[b];
        variance += batch_variances[b];
        assert_near(trial_variable(&t, "batch_normalization/moving_mean", 0), mean / (b + 1), 1e-5);
        assert_near(trial_variable(&t, "batch_normalization/moving_variance", 0),
                    variance / (b + 1), 1e-5);
    }
    assert_near(trial_variable(&t, "batch_normalization/moving_mean/local_step", 0), 3, 0);
    trial_close(&t);
}

static void debiased_averages_begin_with_the_first_batch(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(2, 1));
    tare_batch_norm(t.x, .training = TARE_TRUE, .zero_debias = true, .momentum = .9);
    trial_open(&t);
    double biased = 0, power = 1;
    for (int b = 0; b < 3; b++) {
        trial_feed(&t, batches[b]);
        trial_update(&t);
        biased = .9 * biased + .1 * batch_means[b];
        power *= .9;
        assert_near(trial_variable(&t, "batch_normalization/moving_mean", 0), biased / (1 - power),
                    2e-5);
        if (b == 0)
            assert_near(trial_variable(&t, "batch_normalization/moving_variance", 0),
                        batch_variances[0], 1e-5);
    }
    trial_close(&t);
}

static void a_layer_called_twice_updates_twice_in_order(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(2, 1));
    tare_batch_norm(t.x, .training = TARE_TRUE, .momentum = .5, .name = "bn");
    const tare_tensor moved = tare_add(t.x, tare_number(8));
    tare_batch_norm(moved, .training = TARE_TRUE, .momentum = .5, .name = "bn",
                    .reuse = TARE_REUSE_TRUE);
    assert_int_equal(update_count(&t), 4);
    trial_open(&t);
    trial_feed(&t, batches[0]);
    trial_update(&t);
    assert_near(trial_variable(&t, "bn/moving_mean", 0), (0 + 3) / 2. / 2 + 11 / 2., 1e-6);
    trial_close(&t);
}

/* ------------------------------------------------------------------------------ renorm */

static void renorm_corrects_by_the_averages_of_before_the_run(void **state) {
    (void)state;
    trial t = four_samples();
    const tare_tensor y =
        tare_batch_norm(t.x, .training = TARE_TRUE, .renorm = true, .renorm_momentum = .5,
                        .momentum = .75, .epsilon = .01, .renorm_rmax = 3, .renorm_dmax = 4);
    trial_open(&t);
    const float *values = trial_run(&t, y, NULL, 0);
    for (int c = 0; c < 2; c++) {
        const double stddev = sqrt(variance_of[c] + .01);
        const double r = stddev < 3 ? stddev : 3, d = mean_of[c] < 4 ? mean_of[c] : 4;
        assert_near(values[c], normalised(0, c, .01) * r + d, 1e-5);
    }
    /* Either update alone has the corrections' averages updated before it. */
    trial_run(&t, tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, 1), NULL, 0);
    for (int c = 0; c < 2; c++) {
        const double stddev = sqrt(variance_of[c] + .01), moving = .75 + stddev / 4;
        assert_near(trial_variable(&t, "batch_normalization/renorm_mean", c), mean_of[c] / 2, 1e-6);
        assert_near(trial_variable(&t, "batch_normalization/renorm_stddev", c), .5 + stddev / 2,
                    1e-6);
        assert_near(trial_variable(&t, "batch_normalization/moving_stddev", c), moving, 1e-6);
        assert_near(trial_variable(&t, "batch_normalization/moving_variance", c),
                    moving * moving - .01, 1e-5);
        assert_near(trial_variable(&t, "batch_normalization/moving_mean", c), 0, 0);
    }
    trial_close(&t);
}

static void renorm_starts_from_the_root_of_the_variances_initializer(void **state) {
    (void)state;
    trial t = four_samples();
    tare_batch_norm(t.x, .renorm = true, .moving_variance_initializer = TARE_CONSTANT(9));
    trial_open(&t);
    assert_near(trial_variable(&t, "batch_normalization/moving_stddev", 1), 3, 0);
    assert_near(trial_variable(&t, "batch_normalization/renorm_stddev", 0), 3, 0);
    trial_close(&t);
}

/* ---------------------------------------------------------------------- virtual batches */

static void ghost_batches_take_every_so_many_th_sample(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 1));
    const float samples[] = {1, 10, 3, 30};
    trial_feed(&t, samples);
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .virtual_batch_size = 2,
                                          .momentum = 0, .epsilon = 0);
    trial_open(&t);
    const float *values = trial_run(&t, y, NULL, 0); /* ghosts {1, 3} and {10, 30} */
    for (int i = 0; i < 4; i++) assert_near(values[i], i < 2 ? -1 : 1, 1e-6);
    trial_update(&t);
    assert_near(trial_variable(&t, "batch_normalization/moving_mean", 0), 11, 1e-5);
    assert_near(trial_variable(&t, "batch_normalization/moving_variance", 0), 50.5, 1e-4);
    trial_close(&t);
}

static void ghost_batches_infer_by_the_moving_averages(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(4, 2));
    const tare_tensor training = tare_placeholder_with_default(t.graph, TARE_FALSE);
    const tare_tensor y = tare_batch_norm(t.x, .training = training, .virtual_batch_size = 2,
                                          .moving_mean_initializer = TARE_CONSTANT(1));
    trial_open(&t);
    trial_feed(&t, four);
    const float *values = trial_run(&t, y, NULL, 0);
    for (int i = 0; i < 8; i++) assert_near(values[i], ((double)four[i] - 1) / sqrt(1.001), 2e-6);
    trial_close(&t);
}

/* ------------------------------------------------------------------ weights, mask, adjustment */

static void masked_positions_do_not_count(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(2, 3, 1));
    const float x[] = {1, 3, 100, 5, -7, -9};
    const float kept[] = {1, 1, 0, 1, 0, 0}; /* of 1, 3 and 5: mean 3, variance 8 / 3 */
    trial_feed(&t, x);
    const tare_tensor mask =
        tare_placeholder(t.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 3), .name = "mask");
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .momentum = 0,
                                          .mask = tare_cast(mask, TARE_BOOL));
    const tare_tensor mean = tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, 0);
    const tare_tensor variance = tare_collection_item(t.graph, TARE_UPDATE_OPS, NULL, 1);
    trial_open(&t);
    tare_array *fed = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2, 3), kept, &fed), TARE_OK);
    const tare_feed feed = {mask, fed};
    assert_near(trial_run(&t, y, &feed, 1)[2], 97 / sqrt(8. / 3 + 1e-3), 1e-4);
    assert_near(trial_run(&t, mean, &feed, 1)[0], 3, 1e-6);
    assert_near(trial_run(&t, variance, &feed, 1)[0], 8. / 3, 1e-6);
    memset(tare_array_data(fed), 0, tare_array_bytes(fed));
    assert_near(trial_run(&t, mean, &feed, 1)[0], 0, 0);
    assert_near(trial_run(&t, variance, &feed, 1)[0], 0, 0);
    tare_array_free(fed);
    trial_close(&t);
}

static void a_sample_of_weight_two_counts_as_two(void **state) {
    (void)state;
    trial t = trial_of(TARE_SHAPE(3, 1));
    const float x[] = {1, 4, -3}, weights[] = {1, 2, 1}; /* of 1, 4, 4, -3: mean 1.5, 33 / 4 */
    tare_array *array = NULL;
    trial_feed(&t, x);
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(3), weights, &array), TARE_OK);
    const tare_tensor y = tare_batch_norm(t.x, .training = TARE_TRUE, .momentum = 0, .epsilon = 0,
                                          .batch_weights = tare_constant(t.graph, array));
    trial_open(&t);
    assert_near(trial_run(&t, y, NULL, 0)[1], 2.5 / sqrt(33. / 4), 1e-6);
    trial_update(&t);
    assert_near(trial_variable(&t, "batch_normalization/moving_mean", 0), 1.5, 1e-6);
    assert_near(trial_variable(&t, "batch_normalization/moving_variance", 0), 33. / 4, 1e-5);
    tare_array_free(array);
    trial_close(&t);
}

/* Scale 2 and bias N, the batch size, read from the shape that the callback is given. */
static tare_status adjust(void *user, tare_tensor shape, tare_tensor *scale, tare_tensor *bias) {
    int *calls = user;
    ++*calls;
    *scale = tare_number(2);
    *bias = tare_cast(tare_reshape(tare_slice(shape, TARE_LIST(0), TARE_LIST(1)), TARE_SCALAR),
                      TARE_FLOAT32);
    return TARE_OK;
}

static void an_adjustment_changes_what_training_normalises_only(void **state) {
    (void)state;
    int calls = 0;
    trial t = four_samples();
    const tare_tensor training = tare_placeholder_with_default(t.graph, TARE_TRUE);
    const tare_tensor y =
        tare_batch_norm(t.x, .training = training, .beta_initializer = TARE_CONSTANT(.5),
                        .adjustment = adjust, .adjustment_user = &calls);
    assert_int_equal(calls, 1);
    trial_open(&t);
    tare_array *no = tare_array_bool(false);
    const tare_feed infer = {training, no};
    assert_near(trial_run(&t, y, NULL, 0)[7], normalised(3, 1, 1e-3) * 2 + 4 + .5, 1e-5);
    assert_near(trial_run(&t, y, &infer, 1)[7], 20 / sqrt(1.001) + .5, 1e-5);
    tare_array_free(no);
    trial_close(&t);
}

/* -------------------------------------------------------------------------------- slim */

static void slim_without_a_collection_updates_when_its_result_is_read(void **state) {
    (void)state;
    trial t = four_samples();
    const tare_tensor y =
        tare_slim_batch_norm(t.x, .updates_collections = NULL, .decay = .5, .scale = true);
    assert_int_equal(update_count(&t), 0);
    trial_open(&t);
    assert_near(trial_run(&t, y, NULL, 0)[7], normalised(3, 1, 1e-3), 1e-6);
    assert_near(trial_variable(&t, "BatchNorm/moving_mean", 1), 2.5, 1e-6);
    assert_near(trial_variable(&t, "BatchNorm/moving_variance", 1),
                .5 + variance_of[1] * unbiased / 2, 1e-4);
    trial_close(&t);
}

static void slim_lists_its_variables_and_activates(void **state) {
    (void)state;
    trial t = four_samples();
    const tare_tensor y = tare_slim_batch_norm(t.x, .activation = TARE_ACTIVATION_RELU);
    assert_int_equal(tare_collection_count(t.graph, TARE_MODEL_VARIABLES, NULL), 3);
    trial_open(&t);
    assert_near(trial_run(&t, y, NULL, 0)[0], 0, 0);
    trial_close(&t);
}

/* ------------------------------------------------------------------------------ folding */

static void inference_folds_into_the_product_before_and_training_never(void **state) {
    (void)state;
    for (int training = 0; training < 2; training++) {
        trial t = four_samples();
        const tare_tensor hidden = tare_dense(t.x, 3, .kernel_initializer = TARE_CONSTANT(.5));
        const tare_tensor y = tare_batch_norm(hidden, .training = training ? TARE_TRUE : TARE_FALSE,
                                              .moving_mean_initializer = TARE_CONSTANT(2),
                                              .moving_variance_initializer = TARE_CONSTANT(4));
        trial_open(&t);
        char *plan = NULL;
        const tare_feed feed = {t.x, t.fed};
        assert_int_equal(tare_session_plan_text(t.session, &feed, 1, &y, 1, &plan), TARE_OK);
        assert_true((strstr(plan, "normalise 'batch_normalization/batchnorm/add_1' into") !=
                     NULL) == (training == 0));
        tare_text_free(plan);
        if (!training) assert_near(trial_run(&t, y, NULL, 0)[9], (12 - 2) / sqrt(4.001), 1e-5);
        trial_close(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_normalises_by_the_batch_and_updates_towards_it),
        cmocka_unit_test(inference_normalises_by_the_moving_averages_and_writes_nothing),
        cmocka_unit_test(a_tensor_decides_the_mode_in_each_run),
        cmocka_unit_test(a_frozen_layer_infers_though_it_is_told_to_train),
        cmocka_unit_test(an_untrainable_layer_normalises_by_the_batch_and_updates_nothing),
        cmocka_unit_test(the_averaged_variance_follows_fused_or_the_option),
        cmocka_unit_test(rank_five_is_fused_as_tensorflow_two_only_on_request),
        cmocka_unit_test(a_fused_layer_raises_epsilon),
        cmocka_unit_test(one_sample_is_its_own_mean_and_has_no_variance),
        cmocka_unit_test(cumulative_averages_are_means_of_all_batches),
        cmocka_unit_test(debiased_averages_begin_with_the_first_batch),
        cmocka_unit_test(a_layer_called_twice_updates_twice_in_order),
        cmocka_unit_test(renorm_corrects_by_the_averages_of_before_the_run),
        cmocka_unit_test(renorm_starts_from_the_root_of_the_variances_initializer),
        cmocka_unit_test(ghost_batches_take_every_so_many_th_sample),
        cmocka_unit_test(ghost_batches_infer_by_the_moving_averages),
        cmocka_unit_test(masked_positions_do_not_count),
        cmocka_unit_test(a_sample_of_weight_two_counts_as_two),
        cmocka_unit_test(an_adjustment_changes_what_training_normalises_only),
        cmocka_unit_test(slim_without_a_collection_updates_when_its_result_is_read),
        cmocka_unit_test(slim_lists_its_variables_and_activates),
        cmocka_unit_test(inference_folds_into_the_product_before_and_training_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
