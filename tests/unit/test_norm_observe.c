/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of numbers, and quantising with ranges that lack or are none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "norm/observer.h"

#define FOLDER TARE_SOURCE_DIR "/tests/golden/data/tflite/"

typedef struct trial {
    tare_observe_options options;
    tare_observer observer;
    double bins[TARE_OBSERVER_ROOM];
} trial;

static trial *begin(int kind) {
    trial *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->options = (tare_observe_options){TARE_OBSERVE_DEFAULTS};
    t->options.observer = kind;
    t->observer.options = &t->options;
    if (tare_observer_needs_bins(&t->options)) t->observer.bins = t->bins;
    return t;
}

static tare_tflite_range end(trial *t) {
    const tare_tflite_range range = tare_observer_range(&t->observer);
    free(t);
    return range;
}

static void assert_range(tare_tflite_range range, double min, double max, double tolerance) {
    assert_true(range.known);
    if (!(fabs(range.min - min) <= tolerance && fabs(range.max - max) <= tolerance))
        fail_msg("%.9g to %.9g, wanted %.9g to %.9g", range.min, range.max, min, max);
}

static void minmax_takes_all_numbers(void **state) {
    (void)state;
    const float a[] = {1, 2}, b[] = {-.5F, 1.5F};
    trial *t = begin(TARE_OBSERVER_MINMAX);
    assert_true(tare_observer_see(&t->observer, a, 2));
    assert_true(tare_observer_see(&t->observer, b, 2));
    assert_true(tare_observer_see(&t->observer, NULL, 0));
    assert_range(end(t), -.5, 2, 0);
    assert_false(end(begin(TARE_OBSERVER_MINMAX)).known);
}

static void average_moves_by_a_thousandth(void **state) {
    (void)state;
    const float a[] = {-1, 4}, b[] = {-2, 14};
    trial *t = begin(TARE_OBSERVER_AVERAGE);
    assert_true(tare_observer_see(&t->observer, a, 2));
    assert_true(tare_observer_see(&t->observer, b, 2));
    assert_range(end(t), -1.001, 4.01, 1e-12);
}

static void percentile_leaves_the_same_share_out_at_both_ends(void **state) {
    (void)state;
    enum { COUNT = 20001 };
    static float numbers[COUNT];
    for (int i = 0; i < COUNT; i++) numbers[i] = (float)(i - 10000) / 10000;
    for (int order = 0; order < 2; order++) {
        trial *t = begin(TARE_OBSERVER_PERCENTILE);
        t->options.percentile = 98;
        /* In the other order the reach has to grow, many times over. */
        for (int i = 0; i < COUNT; i++) {
            const int at = order == 0 ? i : (i % 2 ? 10000 - i / 2 : 10000 + i / 2);
            assert_true(tare_observer_see(&t->observer, &numbers[at], 1));
        }
        assert_range(end(t), -.98, .98, 1e-3);
    }
    /* Far numbers that are rarer than the share are left out altogether. */
    trial *t = begin(TARE_OBSERVER_PERCENTILE);
    const float far[] = {1000, 0, 0};
    assert_true(tare_observer_see(&t->observer, numbers, COUNT));
    assert_true(tare_observer_see(&t->observer, far, 3));
    const tare_tflite_range range = end(t);
    assert_true(range.max < 2 && range.min == -1);
}

/* Two outliers in a bell of 10^5 are given up; a uniform spread is kept whole; zeros do not count.
 */
static void entropy_gives_up_outliers_alone(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    static float numbers[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const double u = (i + .5) / COUNT;
        numbers[i] = (float)(log(u / (1 - u)) / 4); /* logistic: -3 .. 3 */
    }
    trial *t = begin(TARE_OBSERVER_ENTROPY);
    const float outliers[] = {-100, 100};
    assert_true(tare_observer_see(&t->observer, numbers, COUNT));
    assert_true(tare_observer_see(&t->observer, outliers, 2));
    tare_tflite_range range = end(t);
    assert_true(range.max > 1.5 && range.max < 20 && range.min < -1.5 && range.min > -20);

    for (int i = 0; i < COUNT; i++) numbers[i] = i % 2 ? 0 : (float)i / COUNT;
    t = begin(TARE_OBSERVER_ENTROPY);
    assert_true(tare_observer_see(&t->observer, numbers, COUNT));
    range = end(t);
    assert_range(range, 0, 1, .02);
}

static void numbers_that_are_not_finite_are_told(void **state) {
    (void)state;
    for (int kind = TARE_OBSERVER_MINMAX; kind <= TARE_OBSERVER_ENTROPY; kind++) {
        trial *t = begin(kind);
        const float bad[] = {1, NAN}, worse[] = {INFINITY};
        assert_false(tare_observer_see(&t->observer, bad, 2));
        assert_false(tare_observer_see(&t->observer, worse, 1));
        free(t);
    }
}

/* ----------------------------------------------------------------------------------- quantising */

enum { TENSORS = 32 };

typedef struct model {
    tare_tflite *model;
    tare_tflite_range ranges[TENSORS];
    tare_error error;
} model;

static model open_model(const char *name) {
    model m = {.model = NULL};
    if (tare_tflite_open(name, &m.model, &m.error)) fail_msg("%s", m.error.message);
    assert_true(tare_tflite_tensor_count(m.model) <= TENSORS);
    for (int i = 0; i < TENSORS; i++) m.ranges[i] = (tare_tflite_range){true, -1, 5};
    return m;
}

static void assert_refused(model *m, tare_status status, const char *sentence) {
    tare_tflite *quantised = NULL;
    assert_int_equal(tare_tflite_quantise(m->model, m->ranges, &quantised, &m->error), status);
    assert_null(quantised);
    if (!strstr(m->error.message, sentence))
        fail_msg("wanted '%s', got: %s", sentence, m->error.message);
}

static void arrays_without_ranges_are_named_in_tensorflows_words(void **state) {
    (void)state;
    model m = open_model(FOLDER "depthwise_float.tflite");
    char *nothing = tare_tflite_lacking(m.model, m.ranges);
    assert_string_equal(nothing, "");
    tare_text_free(nothing);
    m.ranges[10].known = false;
    /* The sentence of toco, which the reference data hold, with this file's names. */
    static const char *const sentence =
        "Array net/Relu6;net/bn1/FusedBatchNormV3;net/depthwise;net/Conv2D, which is an input to "
        "the DepthwiseConv operator producing the output array "
        "net/Relu6_1;net/bn2/FusedBatchNormV3;net/depthwise, is lacking min/max data, which is "
        "necessary for quantization. If accuracy matters, either target a non-quantized output "
        "format, or run quantized training with your model from a floating point checkpoint to "
        "change the input graph to contain min/max information. If you don't care about accuracy, "
        "you can pass --default_ranges_min= and --default_ranges_max= for easy experimentation.\n";
    char *lacking = tare_tflite_lacking(m.model, m.ranges);
    assert_string_equal(lacking, sentence);
    tare_text_free(lacking);
    assert_refused(&m, TARE_ERROR_STATE, "Array net/Relu6;net/bn1");
    m.ranges[14].known = false;
    lacking = tare_tflite_lacking(m.model, m.ranges);
    assert_non_null(strstr(lacking, "\nArray logits, which is an output of the model, is lacking"));
    tare_text_free(lacking);
    tare_tflite_close(m.model);
}

static void ranges_that_are_none_are_refused(void **state) {
    (void)state;
    model m = open_model(FOLDER "depthwise_float.tflite");
    m.ranges[13] = (tare_tflite_range){true, 2, 1};
    assert_refused(&m, TARE_ERROR_ARGUMENT, "range 'net/Mean': got min 2 and max 1; needs finite");
    m.ranges[13] = (tare_tflite_range){true, 0, NAN};
    assert_refused(&m, TARE_ERROR_ARGUMENT, "max nan");
    m.ranges[13] = (tare_tflite_range){true, 0, INFINITY};
    assert_refused(&m, TARE_ERROR_ARGUMENT, "max inf");
    m.ranges[13] = (tare_tflite_range){true, 0, 0};
    assert_refused(&m, TARE_ERROR_ARGUMENT, "'net/Mean': got a range of no width");
    tare_tflite_close(m.model);
}

/* A range beside 0 is widened to hold it. */
static void ranges_hold_zero(void **state) {
    (void)state;
    model m = open_model(FOLDER "depthwise_float.tflite");
    tare_tflite *quantised = NULL;
    m.ranges[13] = (tare_tflite_range){true, 2, 5.1};
    m.ranges[14] = (tare_tflite_range){true, -5.1, -2};
    assert_int_equal(tare_tflite_quantise(m.model, m.ranges, &quantised, NULL), TARE_OK);
    const tare_tflite_tensor *mean = tare_tflite_tensor_at(quantised, 13),
                             *logits = tare_tflite_tensor_at(quantised, 14);
    assert_true(mean->scales[0] == .02F && mean->zero_points[0] == -128);
    assert_true(logits->scales[0] == .02F && logits->zero_points[0] == 127);
    tare_tflite_close(quantised);
    tare_tflite_close(m.model);
}

static void models_that_are_quantised_stay_as_they_are(void **state) {
    (void)state;
    model m = open_model(FOLDER "lenet_int8.tflite");
    assert_refused(&m, TARE_ERROR_STATE, "quantised already");
    tare_tflite_close(m.model);
    tare_tflite *none = NULL;
    assert_int_equal(tare_tflite_quantise(NULL, m.ranges, &none, NULL), TARE_ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minmax_takes_all_numbers),
        cmocka_unit_test(average_moves_by_a_thousandth),
        cmocka_unit_test(percentile_leaves_the_same_share_out_at_both_ends),
        cmocka_unit_test(entropy_gives_up_outliers_alone),
        cmocka_unit_test(numbers_that_are_not_finite_are_told),
        cmocka_unit_test(arrays_without_ranges_are_named_in_tensorflows_words),
        cmocka_unit_test(ranges_that_are_none_are_refused),
        cmocka_unit_test(ranges_hold_zero),
        cmocka_unit_test(models_that_are_quantised_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
