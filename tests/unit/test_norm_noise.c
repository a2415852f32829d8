/* SPDX-License-Identifier: Apache-2.0 */
/* What an int8 model loses by layer: the numbers, and the reasons in words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/tare.h>

#include "array/array.h"
#include "norm/noise.h"

enum { EXAMPLES = 40, INPUTS = 4, CHANNELS = 8, WIDE = 5 };

static double number(int64_t i) { return sin((double)(3 * i * i + i)); }

/* x [?, 4] -> dense 8 -> relu, one channel of the weights `factor` times the others. */
typedef struct model {
    tare_tflite *from, *to;
    tare_dataset *data;
} model;

static tare_tflite *export_dense(double factor) {
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    tare_array *kernel = NULL;
    tare_tflite *made = NULL;
    tare_error error = {0};
    const tare_tensor x =
        tare_placeholder(graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, INPUTS), .name = "x");
    const tare_tensor y = tare_relu(tare_dense(x, CHANNELS), .name = "y");
    assert_int_equal(tare_session_new(graph, &session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(session), TARE_OK);
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(INPUTS, CHANNELS), NULL, &kernel),
                     TARE_OK);
    for (int64_t i = 0; i < kernel->count; i++)
        tare_array_set_number(kernel, i, number(i) * (i % CHANNELS == WIDE ? factor : 1));
    assert_int_equal(tare_session_set(session, "dense/kernel", kernel), TARE_OK);
    if (tare_tflite_export(session, x, y, &made, &error)) fail_msg("%s", error.message);
    tare_array_free(kernel);
    tare_session_free(session);
    tare_graph_free(graph);
    return made;
}

static model make(double factor, double max) {
    model m = {.from = export_dense(factor)};
    tare_array *inputs = NULL, *labels = NULL;
    tare_error error = {0};
    tare_tflite_range ranges[16] = {{.known = false}};
    assert_int_equal(tare_array_new(TARE_FLOAT32, TARE_SHAPE(EXAMPLES, INPUTS), NULL, &inputs), 0);
    assert_int_equal(tare_array_new(TARE_INT32, TARE_SHAPE(EXAMPLES), NULL, &labels), 0);
    for (int64_t i = 0; i < inputs->count; i++) tare_array_set_number(inputs, i, number(7 * i + 1));
    memset(labels->data, 0, labels->bytes);
    assert_int_equal(tare_dataset_new(inputs, labels, &m.data, NULL), TARE_OK);
    tare_array_free(inputs);
    tare_array_free(labels);
    if (tare_tflite_observe(m.from, m.data, ranges, &error)) fail_msg("%s", error.message);
    if (max > 0) ranges[tare_tflite_output(m.from, 0)].max = max;
    if (tare_tflite_quantise(m.from, ranges, &m.to, &error)) fail_msg("%s", error.message);
    return m;
}

static void end(model *m) {
    tare_tflite_close(m->from);
    tare_tflite_close(m->to);
    tare_dataset_free(m->data);
}

static tare_noise_report measure(const model *m, int64_t batch) {
    tare_noise_report report = {.count = 0};
    const tare_noise_options options = {.batch = batch, .threads = 1};
    tare_error error = {0};
    if (tare_noise_measure(&report, m->from, m->to, m->data, &options, &error))
        fail_msg("%s", error.message);
    return report;
}

/* relu(x w) of one example in double. */
static double answer(const tare_tflite *from, int64_t row, int64_t channel) {
    double sum = 0;
    for (int64_t i = 0; i < INPUTS; i++)
        sum +=
            (double)(float)number(7 * (row * INPUTS + i) + 1) *
            tare_tflite_value(&from->tensors[from->operators[0].inputs[1]], channel * INPUTS + i);
    return fmax(sum, 0);
}

/* The same in whole numbers: the input and the weights rounded, the result rounded. */
static double rounded(const model *m, int64_t row, int64_t channel) {
    const tare_tflite_operator *op = &m->to->operators[0];
    const tare_tflite_tensor *in = &m->to->tensors[op->inputs[0]].told,
                             *out = &m->to->tensors[op->outputs[0]].told;
    const double step = (double)in->scales[0], result_step = (double)out->scales[0];
    double sum = 0;
    for (int64_t i = 0; i < INPUTS; i++) {
        const double x = (double)(float)number(7 * (row * INPUTS + i) + 1);
        const double q = fmin(fmax(round(x / step) + (double)in->zero_points[0], -128), 127);
        sum += (q - (double)in->zero_points[0]) * step *
               tare_tflite_value(&m->to->tensors[op->inputs[1]], channel * INPUTS + i);
    }
    const double q = round(fmax(sum, 0) / result_step) + (double)out->zero_points[0];
    return (fmin(q, 127) - (double)out->zero_points[0]) * result_step;
}

static void test_signal_to_noise_is_that_of_the_formula(void **state) {
    (void)state;
    model m = make(1, 0);
    for (int64_t batch = 7; batch <= EXAMPLES; batch += EXAMPLES - 7) {
        tare_noise_report report = measure(&m, batch);
        double signal = 0, noise = 0;
        assert_int_equal(report.count, 2);
        for (int64_t row = 0; row < EXAMPLES; row++)
            for (int64_t c = 0; c < CHANNELS; c++) {
                const double want = answer(m.from, row, c), got = rounded(&m, row, c);
                signal += want * want;
                noise += (want - got) * (want - got);
            }
        const tare_noise *layer = &report.layers[1];
        assert_string_equal(layer->name, "y");
        assert_string_equal(layer->kind, "FULLY_CONNECTED");
        assert_string_equal(layer->weights, "dense/kernel");
        assert_int_equal(layer->count, EXAMPLES * CHANNELS);
        assert_int_equal(layer->clipped, 0);
        assert_true(fabs(layer->signal / signal - 1) < 1e-6);
        assert_true(fabs(layer->noise / noise - 1) < 1e-3);
        assert_true(fabs(tare_noise_decibels(layer) - 10 * log10(signal / noise)) < .01);
        const double input = report.layers[0].noise / report.layers[0].signal;
        assert_true(fabs(layer->added - (noise / signal - input)) < 1e-6);
        tare_noise_report_end(&report);
    }
    end(&m);
}

static void assert_reason(const model *m, const char *reason) {
    tare_noise_report report = measure(m, EXAMPLES);
    tare_text text = {.allocator = NULL};
    assert_int_equal(report.worst, 1);
    tare_noise_reason(&report, &report.layers[1], &text);
    if (strstr(text.data, reason) == NULL) fail_msg("no '%s' in '%s'", reason, text.data);
    tare_text_clear(&text);
    tare_noise_report_end(&report);
}

static void test_the_reason_is_the_channel_that_widens_the_range(void **state) {
    (void)state;
    model m = make(100, 0);
    assert_reason(&m, "all channels of 'dense/kernel' have one scale, and channel 5 reaches");
    end(&m);
}

static void test_the_reason_is_what_is_clipped(void **state) {
    (void)state;
    model m = make(1, .25);
    assert_reason(&m, "of its numbers are clipped: they lie beyond 0 to 0.25");
    end(&m);
}

static void test_the_reason_is_a_range_that_is_too_wide(void **state) {
    (void)state;
    model m = make(1, 100);
    assert_reason(&m, "its range 0 to 100 is wide for numbers of");
    end(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signal_to_noise_is_that_of_the_formula),
        cmocka_unit_test(test_the_reason_is_the_channel_that_widens_the_range),
        cmocka_unit_test(test_the_reason_is_what_is_clipped),
        cmocka_unit_test(test_the_reason_is_a_range_that_is_too_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
