/* SPDX-License-Identifier: Apache-2.0 */
/* Fake quantisation against its formula and TensorFlow's own cases, and its gradients. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tare/op.h>
#include <tare/quantise.h>
#include <tare/session.h>

typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_feed feeds[4];
    size_t count;
} trial;

static tare_tensor input(trial *t, tare_shape shape, const float *numbers) {
    const tare_tensor x = tare_placeholder(t->graph, TARE_FLOAT32, shape);
    tare_array *array = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, shape, numbers, &array), TARE_OK);
    t->feeds[t->count++] = (tare_feed){x, array};
    return x;
}

static const float *run(trial *t, tare_tensor y) {
    tare_array *result = NULL;
    if (tare_graph_status(t->graph)) fail_msg("%s", tare_message(t->graph));
    if (!t->session)
        assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 3), TARE_OK);
    if (tare_session_run(t->session, t->feeds, t->count, &y, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    return tare_array_const_data(result);
}

static void end(trial *t) {
    for (size_t i = 0; i < t->count; i++) tare_array_free((tare_array *)t->feeds[i].array);
    tare_session_free(t->session);
    tare_graph_free(t->graph);
}

/* ------------------------------------------------------------------------------------ the values
 */

/* The cases of TensorFlow's fake_quant_ops_test.cc: a range moved down, moved up, left as it is;
 * numbers below it, at its ends and between, at a quarter and at three quarters of a step. */
static void ranges_are_nudged_as_in_tensorflow(void **state) {
    (void)state;
    static const struct {
        float min, max;
        int64_t bits;
        bool narrow;
        float low, high, step;
    } cases[] = {
        {-.1F, 63.65F, 8, false, 0, 63.75F, .25F}, {-.125F, 63.625F, 8, false, -.25F, 63.5F, .25F},
        {-.1F, 63.4F, 8, true, 0, 63.5F, .25F},    {-.125F, 63.375F, 8, true, -.25F, 63.25F, .25F},
        {-.1F, 7.4F, 4, false, 0, 7.5F, .5F},      {-.1F, 6.9F, 4, true, 0, 7, .5F},
        {-10, 27.5F, 4, false, -10, 27.5F, 2.5F},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trial t = {.graph = tare_graph_new()};
        const float low = cases[i].low, high = cases[i].high, step = cases[i].step;
        const float x[] = {low - .1F,          low,  low + step / 4, low + 3 * step / 4,
                           high - .01F * step, high, high + .1F};
        const float want[] = {low, low, low, low + step, high, high, high};
        enum { NUMBERS = sizeof x / sizeof *x };
        const tare_tensor in = input(&t, TARE_SHAPE(NUMBERS), x);
        const tare_tensor min = input(&t, TARE_SCALAR, &cases[i].min),
                          max = input(&t, TARE_SCALAR, &cases[i].max);
        const tare_tensor forms[] = {
            tare_fake_quant_with_min_max_vars(in, min, max, .num_bits = cases[i].bits,
                                              .narrow_range = cases[i].narrow),
            tare_fake_quant_with_min_max_args(
                in, .min = (double)cases[i].min, .max = (double)cases[i].max,
                .num_bits = cases[i].bits, .narrow_range = cases[i].narrow)};
        for (int form = 0; form < 2; form++) {
            const float *y = run(&t, forms[form]);
            for (int k = 0; k < NUMBERS; k++)
                if (!(fabsf(y[k] - want[k]) <= 1e-6F * (1 + fabsf(want[k]))))
                    fail_msg("case %d, form %d, number %d: %.9g, wanted %.9g", (int)i, form, k,
                             (double)y[k], (double)want[k]);
        }
        end(&t);
    }
}

static void zero_is_always_a_quantum(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        trial t = {.graph = tare_graph_new()};
        const float zero = 0, min = -(float)fabs(sin(i + 1.)),
                    max = (float)fabs(cos(3. * i)) + .01F;
        const tare_tensor y = tare_fake_quant_with_min_max_vars(
            input(&t, TARE_SCALAR, &zero), input(&t, TARE_SCALAR, &min),
            input(&t, TARE_SCALAR, &max), .narrow_range = i % 2);
        assert_true(*run(&t, y) == 0);
        end(&t);
    }
}

static void an_empty_range_gives_zeros(void **state) {
    (void)state;
    trial t = {.graph = tare_graph_new()};
    const float x[] = {-3, 0, 5}, zero = 0, bounds[] = {0, 0, 0};
    const tare_tensor in = input(&t, TARE_SHAPE(1, 3), x), range = input(&t, TARE_SCALAR, &zero);
    const tare_tensor ranges = input(&t, TARE_SHAPE(3), bounds);
    const float *y = run(&t, tare_fake_quant_with_min_max_vars(in, range, range));
    for (int i = 0; i < 3; i++) assert_true(y[i] == 0);
    y = run(&t, tare_fake_quant_with_min_max_vars_per_channel(in, ranges, ranges));
    for (int i = 0; i < 3; i++) assert_true(y[i] == 0);
    end(&t);
}

static void channels_are_rounded_as_each_by_itself(void **state) {
    (void)state;
    enum { ROWS = 40000, CHANNELS = 3 };
    trial t = {.graph = tare_graph_new()};
    float *x = malloc(sizeof(float[ROWS * CHANNELS])), *column = malloc(sizeof(float[ROWS]));
    const float min[] = {-1, 0, -.3F}, max[] = {.5F, 2, 0};
    assert_true(x && column);
    for (int i = 0; i < ROWS * CHANNELS; i++) x[i] = (float)sin(i * .7);
    const tare_tensor in = input(&t, TARE_SHAPE(ROWS, CHANNELS), x);
    const tare_tensor low = input(&t, TARE_SHAPE(CHANNELS), min),
                      high = input(&t, TARE_SHAPE(CHANNELS), max);
    const float *all = run(&t, tare_fake_quant_with_min_max_vars_per_channel(in, low, high));
    for (int c = 0; c < CHANNELS; c++) {
        trial one = {.graph = tare_graph_new()};
        for (int row = 0; row < ROWS; row++) column[row] = x[row * CHANNELS + c];
        const tare_tensor part = tare_fake_quant_with_min_max_vars(
            input(&one, TARE_SHAPE(ROWS), column), input(&one, TARE_SCALAR, &min[c]),
            input(&one, TARE_SCALAR, &max[c]));
        const float *y = run(&one, part);
        for (int row = 0; row < ROWS; row++) assert_true(y[row] == all[row * CHANNELS + c]);
        end(&one);
    }
    end(&t);
    free(x);
    free(column);
}

/* ------------------------------------------------------------------------------------- gradients
 */

static void assert_numbers(const float *got, const float *want, int count) {
    for (int i = 0; i < count; i++)
        if (got[i] != want[i])
            fail_msg("number %d: %.9g, wanted %.9g", i, (double)got[i], (double)want[i]);
}

static void gradients_pass_within_the_nudged_range(void **state) {
    (void)state;
    trial t = {.graph = tare_graph_new()};
    /* -0.1..63.65 is nudged to 0..63.75 */
    const float x[] = {-.1F, 0, 1, 63.75F, 63.8F, 70}, dy[] = {1, 2, 4, 8, 16, 32};
    const float min = -.1F, max = 63.65F;
    const float dx[] = {0, 2, 4, 8, 0, 0}, dmin = 1, dmax = 48;
    tare_tensor xs[] = {input(&t, TARE_SHAPE(6), x), input(&t, TARE_SCALAR, &min),
                        input(&t, TARE_SCALAR, &max)};
    const tare_tensor flow = input(&t, TARE_SHAPE(6), dy);
    const tare_tensor ys[] = {tare_fake_quant_with_min_max_vars(xs[0], xs[1], xs[2]),
                              tare_fake_quant_with_min_max_args(xs[0], .min = -.1, .max = 63.65)};
    tare_tensor dxs[3];
    assert_int_equal(tare_gradients(&ys[0], 1, xs, 3, &flow, dxs), TARE_OK);
    assert_numbers(run(&t, dxs[0]), dx, 6);
    assert_numbers(run(&t, dxs[1]), &dmin, 1);
    assert_numbers(run(&t, dxs[2]), &dmax, 1);
    assert_int_equal(tare_gradients(&ys[1], 1, xs, 1, &flow, dxs), TARE_OK);
    assert_numbers(run(&t, dxs[0]), dx, 6);
    end(&t);
}

static void gradients_of_channels_are_summed_by_channel(void **state) {
    (void)state;
    trial t = {.graph = tare_graph_new()};
    const float x[] = {-2, -2, 9, .5F, 9, 9}, dy[] = {1, 2, 4, 8, 16, 32};
    const float min[] = {-1, -3, 0}, max[] = {1, 1, 0};
    const float dx[] = {0, 2, 4, 8, 0, 32}, dmin[] = {1, 0, 0}, dmax[] = {0, 16, 0};
    tare_tensor xs[] = {input(&t, TARE_SHAPE(2, 3), x), input(&t, TARE_SHAPE(3), min),
                        input(&t, TARE_SHAPE(3), max)},
                dxs[3];
    const tare_tensor flow = input(&t, TARE_SHAPE(2, 3), dy);
    const tare_tensor y = tare_fake_quant_with_min_max_vars_per_channel(xs[0], xs[1], xs[2]);
    assert_int_equal(tare_gradients(&y, 1, xs, 3, &flow, dxs), TARE_OK);
    assert_numbers(run(&t, dxs[0]), dx, 6);
    assert_numbers(run(&t, dxs[1]), dmin, 3);
    assert_numbers(run(&t, dxs[2]), dmax, 3);
    end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_nudged_as_in_tensorflow),
        cmocka_unit_test(zero_is_always_a_quantum),
        cmocka_unit_test(an_empty_range_gives_zeros),
        cmocka_unit_test(channels_are_rounded_as_each_by_itself),
        cmocka_unit_test(gradients_pass_within_the_nudged_range),
        cmocka_unit_test(gradients_of_channels_are_summed_by_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
