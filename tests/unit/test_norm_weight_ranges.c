/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges of weights by channel, before and after folding, and their picture. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/tare.h>

#include "array/array.h"
#include "norm/weight_ranges.h"

enum { INPUTS = 3, CHANNELS = 6, STRETCHED = 4, OUTPUTS = 2 };

typedef struct chain {
    tare_graph *graph;
    tare_session *session;
    tare_folding *folding;
    tare_tflite *model;
} chain;

static double weight(int64_t i) { return sin((double)(5 * i + 1)); }

static void set(tare_session *session, const char *name, tare_shape shape,
                double (*number)(int64_t i)) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < array->count; i++) tare_array_set_number(array, i, number(i));
    assert_int_equal(tare_session_set(session, name, array), TARE_OK);
    tare_array_free(array);
}

static double even_variance(int64_t i) {
    (void)i;
    return .25;
}
static double tiny_variance(int64_t i) { return i == STRETCHED ? 1e-4 : .25; }

/* x -> dense 6 -> batch norm -> relu -> dense 2, folded and exported. */
static chain make(double (*variance)(int64_t i)) {
    chain c = {.graph = tare_graph_new()};
    tare_error error = {0};
    tare_network network = {.struct_size = sizeof network};
    network.inputs =
        tare_placeholder(c.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, INPUTS), .name = "x");
    tare_tensor y = tare_dense(network.inputs, CHANNELS, .use_bias = false);
    y = tare_relu(tare_batch_norm(y, .training = TARE_FALSE, .epsilon = 1e-12));
    network.logits = tare_dense(y, OUTPUTS, .name = "logits");
    assert_int_equal(tare_session_new(c.graph, &c.session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(c.session), TARE_OK);
    set(c.session, "dense/kernel", TARE_SHAPE(INPUTS, CHANNELS), weight);
    set(c.session, "batch_normalization/moving_variance", TARE_SHAPE(CHANNELS), variance);
    if (tare_fold(c.session, &network, NULL, &c.folding, &error, .examples = 0))
        fail_msg("%s", error.message);
    if (tare_tflite_export(c.session, network.inputs, network.logits, &c.model, &error))
        fail_msg("%s", error.message);
    return c;
}

static void end(chain *c) {
    tare_tflite_close(c->model);
    tare_folding_free(c->folding);
    tare_session_free(c->session);
    tare_graph_free(c->graph);
}

static tare_weight_ranges find(const chain *c, bool folded) {
    tare_weight_ranges ranges = {.count = 0};
    assert_int_equal(tare_weight_ranges_find(&ranges, c->model, folded ? c->folding : NULL, NULL),
                     TARE_OK);
    assert_int_equal(ranges.count, 2);
    assert_string_equal(ranges.rows[0].name, "dense/kernel");
    assert_string_equal(ranges.rows[1].name, "logits/kernel");
    assert_int_equal(ranges.rows[0].count, CHANNELS);
    assert_int_equal(ranges.rows[1].count, OUTPUTS);
    return ranges;
}

static void near(double got, double want) {
    if (!(fabs(got - want) <= 1e-5 * fabs(want) + 1e-9)) fail_msg("%.9g is not %.9g", got, want);
}

static void test_ranges_are_the_weights_before_and_after(void **state) {
    (void)state;
    chain c = make(tiny_variance);
    tare_weight_ranges ranges = find(&c, true);
    for (int64_t channel = 0; channel < CHANNELS; channel++) {
        const tare_channel_range *r = &ranges.rows[0].channels[channel];
        const double scale = 1 / sqrt(tiny_variance(channel));
        double least = INFINITY, most = -INFINITY;
        for (int64_t i = 0; i < INPUTS; i++) {
            least = fmin(least, weight(i * CHANNELS + channel));
            most = fmax(most, weight(i * CHANNELS + channel));
        }
        near(r->before_min, least);
        near(r->before_max, most);
        near(r->after_min, least * scale);
        near(r->after_max, most * scale);
        assert_int_equal(r->marked, channel == STRETCHED);
    }
    assert_string_equal(ranges.rows[0].note, "channel 4: gamma / sigma 100, the median 2");
    assert_null(ranges.rows[1].note);
    tare_weight_ranges_end(&ranges);
    end(&c);
}

static void test_even_scales_mark_nothing(void **state) {
    (void)state;
    chain c = make(even_variance);
    tare_weight_ranges ranges = find(&c, true);
    assert_null(ranges.rows[0].note);
    for (int64_t channel = 0; channel < CHANNELS; channel++)
        assert_false(ranges.rows[0].channels[channel].marked);
    tare_weight_ranges_end(&ranges);
    ranges = find(&c, false);
    near(ranges.rows[0].channels[1].before_min, ranges.rows[0].channels[1].after_min);
    tare_weight_ranges_end(&ranges);
    end(&c);
}

static size_t times(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) count++;
    return count;
}

static void test_the_picture_has_a_bar_for_each_channel(void **state) {
    (void)state;
    chain c = make(tiny_variance);
    tare_weight_ranges ranges = find(&c, true);
    tare_text svg = {.allocator = NULL};
    tare_range_plot_svg("a <title>", "stretched", ranges.rows, ranges.count, &svg);
    assert_false(svg.failed);
    assert_non_null(strstr(svg.data, "a &lt;title&gt;"));
    assert_non_null(strstr(svg.data, "channel 4: gamma / sigma 100, the median 2"));
    /* One of each colour stands in the legend, and the note has one. */
    assert_int_equal(times(svg.data, "fill=\"#56b4e9\""), CHANNELS + OUTPUTS - 1 + 1);
    assert_int_equal(times(svg.data, "fill=\"#0072b2\""), CHANNELS + OUTPUTS - 1 + 1);
    assert_int_equal(times(svg.data, "fill=\"#d55e00\""), 2 + 1 + 1);
    tare_text_clear(&svg);
    tare_weight_ranges_end(&ranges);
    end(&c);
}

static void test_many_channels_share_bars_and_none_is_lost(void **state) {
    (void)state;
    static tare_channel_range channels[5000];
    for (size_t i = 0; i < 5000; i++) channels[i] = (tare_channel_range){-1, 1, -2, 2, i == 4321};
    const tare_range_row row = {.name = "wide", .channels = channels, .count = 5000};
    tare_text svg = {.allocator = NULL};
    tare_range_plot_svg("t", "m", &row, 1, &svg);
    assert_int_equal(times(svg.data, "fill=\"#d55e00\""), 2 + 1);
    assert_true(times(svg.data, "<rect") < 800);
    tare_text_clear(&svg);
    const tare_range_row none = {.name = "none", .channels = channels, .count = 0};
    tare_range_plot_svg("t", "m", &none, 1, &svg);
    assert_non_null(strstr(svg.data, "none"));
    tare_text_clear(&svg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_are_the_weights_before_and_after),
        cmocka_unit_test(test_even_scales_mark_nothing),
        cmocka_unit_test(test_the_picture_has_a_bar_for_each_channel),
        cmocka_unit_test(test_many_channels_share_bars_and_none_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
