/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of the zoo trained with fake quantisation: the int8 model that comes out answers as the
 * graph that was trained does in inference mode.
 *
 * Each layer by itself, on the int8 model's own inputs: both round the same sums to the same
 * quanta, so that results differ, by one quantum, only where the sum lies at the middle between
 * two to within the rounding of the arithmetic: of float32 sums; of the bias, half a step of scale
 * x times scale w, a hundredth of the result's step or less; of TensorFlow Lite's multiplier, which
 * rounds twice, the first time to 1/2^k of a step, which takes one sum in 2^(k+1) to the other
 * side. k is 6 and more behind a product; 1 or 2 in a mean of 9. The others take six in a thousand.
 *
 * From end to end such a difference changes the sums behind it by a part of a step, which changes
 * one rounding in a few: the share of results that differ about doubles from layer to layer, like
 * that of any change of the input by a step. In a few layers the answer stays within a step; in
 * twenty its numbers are a step apart in the mean.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tare/norm.h>
#include <tare/op.h>
#include <tare/tflite.h>
#include <tare/zoo.h>

#include "base/random.h"
#include "graph/op.h"

enum { ROWS = 64, STEPS = 12 };

typedef struct trial {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
} trial;

static void build(trial *t, const char *name, const char *const settings[][2],
                  const tare_quantise_training_options *quantise) {
    const tare_option_table *table = tare_zoo_option_table(name);
    tare_error error = {0};
    void *options = calloc(1, table->size);
    assert_non_null(options);
    table->set_defaults(options);
    for (int i = 0; settings[i][0]; i++)
        if (tare_option_parse(table, options, settings[i][0], settings[i][1], &error))
            fail_msg("%s", error.message);
    *t = (trial){.graph = tare_graph_new(), .network = {.struct_size = sizeof t->network}};
    tare_graph_set_seed(t->graph, 5);
    if (tare_zoo_build_quantised(t->graph, name, options, quantise, &t->network, &error))
        fail_msg("%s", error.message);
    assert_int_equal(tare_session_new(t->graph, &t->session, .threads = 2), TARE_OK);
    assert_int_equal(tare_session_initialize(t->session), TARE_OK);
    free(options);
}

static void end(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
}

/* Images with something in them: smooth waves from 0 to 1, of a kind for each class. */
static tare_array *draw(tare_shape shape, int64_t seed, tare_array **labels) {
    tare_array *images = NULL;
    int32_t kinds[ROWS];
    shape.extents[0] = ROWS;
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &images), TARE_OK);
    const int64_t size = tare_array_count(images) / ROWS;
    const tare_random random = {.key = (uint64_t)seed};
    for (int64_t n = 0; n < ROWS; n++) {
        double noise[2];
        tare_random_fill_normal(&random, 2 * n, 2, 0, 1, noise);
        kinds[n] = (int32_t)((n * 7 + seed) % 10);
        for (int64_t i = 0; i < size; i++) {
            const double wave =
                sin((kinds[n] + 1) * (double)i / 29 + noise[0]) * cos(noise[1] + (double)i);
            tare_array_set_number(images, n * size + i, .5 + .5 * wave);
        }
    }
    assert_int_equal(tare_array_copy_of(TARE_INT32, TARE_SHAPE(ROWS), kinds, labels), TARE_OK);
    return images;
}

static tare_array *run(const trial *t, bool training, tare_tensor wanted, tare_array *images,
                       tare_array *labels) {
    tare_array *result = NULL, *copy = NULL, *mode = NULL;
    assert_int_equal(tare_array_copy_of(TARE_BOOL, TARE_SCALAR, &training, &mode), TARE_OK);
    const tare_feed feeds[] = {
        {t->network.inputs, images}, {t->network.training, mode}, {t->network.labels, labels}};
    if (tare_session_run(t->session, feeds, 3, &wanted, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    if (result)
        assert_int_equal(tare_array_copy_of(tare_array_dtype(result), tare_array_shape(result),
                                            tare_array_const_data(result), &copy),
                         TARE_OK);
    tare_array_free(mode);
    return copy;
}

static void train(const trial *t) {
    for (int step = 0; step < STEPS; step++) {
        tare_array *labels = NULL,
                   *images = draw(tare_tensor_shape(t->network.inputs), step, &labels);
        tare_array_free(run(t, true, t->network.train, images, labels));
        tare_array_free(images);
        tare_array_free(labels);
    }
}

/* Training's own ranges, and no data. */
static tare_tflite *quantised_model(trial *t, bool per_channel) {
    tare_tflite *model = NULL, *quantised = NULL;
    tare_folding *folding = NULL;
    tare_error error = {0};
    if (tare_quantise_trained(t->session, &t->network, &error) ||
        tare_fold(t->session, &t->network, NULL, &folding, &error, .examples = 0) ||
        tare_tflite_export(t->session, t->network.inputs, t->network.logits, &model, &error))
        fail_msg("%s", error.message);
    const size_t count = tare_tflite_tensor_count(model);
    tare_tflite_range *ranges = calloc(count, sizeof *ranges);
    assert_non_null(ranges);
    for (size_t i = 0; i < count; i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(model, i);
        ranges[i] = (tare_tflite_range){told->ranged, told->min, told->max};
    }
    char *lacking = tare_tflite_lacking(model, ranges);
    assert_string_equal(lacking, "");
    tare_text_free(lacking);
    if (tare_tflite_quantise(model, ranges, &quantised, &error, .per_channel = per_channel))
        fail_msg("%s", error.message);
    free(ranges);
    tare_folding_free(folding);
    tare_tflite_close(model);
    return quantised;
}

/* The int8 model, run, beside the trained graph. */
typedef struct pair {
    const trial *trained;
    const tare_tflite *model;
    tare_array **values;  /* by tensor of the model: int8; NULL: none */
    tare_array **numbers; /* the same as the trained graph has them */
    tare_tensor *rounded; /* by tensor of the model: in the trained graph; null: none */
    size_t count;
    tare_array *images, *labels;
} pair;

static const tare_tflite_tensor *told_of(const pair *p, size_t i) {
    return tare_tflite_tensor_at(p->model, i);
}

static tare_array *quantised_images(const pair *p) {
    const tare_tflite_tensor *x = told_of(p, (size_t)tare_tflite_input(p->model, 0));
    tare_array *whole = NULL;
    assert_int_equal(tare_array_new(TARE_INT8, tare_array_shape(p->images), NULL, &whole), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(p->images); i++) {
        const double q = round(tare_array_number(p->images, i) / (double)x->scales[0]) +
                         (double)x->zero_points[0];
        tare_array_set_number(whole, i, fmin(fmax(q, INT8_MIN), INT8_MAX));
    }
    return whole;
}

/* (q - zero) scale */
static tare_array *numbers_of(const pair *p, size_t i) {
    const tare_tflite_tensor *told = told_of(p, i);
    const tare_array *q = p->values[i];
    tare_array *numbers = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, tare_array_shape(q), NULL, &numbers), TARE_OK);
    for (int64_t k = 0; k < tare_array_count(q); k++)
        tare_array_set_number(
            numbers, k,
            (tare_array_number(q, k) - (double)told->zero_points[0]) * (double)told->scales[0]);
    return numbers;
}

/* Every activation that training rounded is in the model too, under the name it had. */
static void run_model(pair *p) {
    tare_graph *graph = tare_graph_new();
    tare_session *session = NULL;
    tare_tensor x, y, *tensors = calloc(p->count, sizeof *tensors);
    tare_error error = {0};
    tare_array *whole = quantised_images(p);
    assert_non_null(tensors);
    if (tare_tflite_build(p->model, graph, &x, &y, tensors, &error)) fail_msg("%s", error.message);
    assert_int_equal(tare_session_new(graph, &session, .threads = 2), TARE_OK);
    const tare_feed feed = {x, whole};
    for (size_t i = 0; i < p->count; i++) {
        char name[256];
        tare_array *result = NULL;
        snprintf(name, sizeof name, "quantised/%s/act_quant:0", told_of(p, i)->name);
        p->rounded[i] = tare_tensor_named(p->trained->graph, name);
        if (told_of(p, i)->constant || !p->rounded[i].node || !tensors[i].node) continue;
        if (tare_session_run(session, &feed, 1, &tensors[i], 1, &result))
            fail_msg("%s", tare_session_message(session));
        assert_int_equal(tare_array_copy_of(TARE_INT8, tare_array_shape(result),
                                            tare_array_const_data(result), &p->values[i]),
                         TARE_OK);
        p->numbers[i] = numbers_of(p, i);
    }
    tare_array_free(whole);
    tare_session_free(session);
    tare_graph_free(graph);
    free(tensors);
}

static pair begin_pair(const trial *t, const tare_tflite *model) {
    pair p = {.trained = t, .model = model, .count = tare_tflite_tensor_count(model)};
    p.values = calloc(p.count, sizeof *p.values);
    p.numbers = calloc(p.count, sizeof *p.numbers);
    p.rounded = calloc(p.count, sizeof *p.rounded);
    assert_true(p.values && p.numbers && p.rounded);
    p.images = draw(tare_tensor_shape(t->network.inputs), 100, &p.labels);
    run_model(&p);
    return p;
}

static void end_pair(pair *p) {
    for (size_t i = 0; i < p->count; i++) {
        tare_array_free(p->values[i]);
        tare_array_free(p->numbers[i]);
    }
    tare_array_free(p->images);
    tare_array_free(p->labels);
    free(p->values);
    free(p->numbers);
    free(p->rounded);
}

/* How far results are apart, in steps of the model's. */
typedef struct agreement {
    double count, equal, near, sum; /* near: a step at most */
} agreement;

static agreement compare(const pair *p, size_t i, const tare_array *numbers) {
    const tare_tflite_tensor *told = told_of(p, i);
    agreement found = {.count = (double)tare_array_count(numbers)};
    assert_int_equal(tare_array_count(numbers), tare_array_count(p->values[i]));
    for (int64_t k = 0; k < tare_array_count(numbers); k++) {
        const double q = round(tare_array_number(numbers, k) / (double)told->scales[0]) +
                         (double)told->zero_points[0];
        const double apart = fabs(q - tare_array_number(p->values[i], k));
        found.equal += apart == 0;
        found.near += apart <= 1;
        found.sum += apart;
    }
    return found;
}

/* The trained graph's result where everything else that is rounded is the int8 model's. */
static agreement compare_alone(const pair *p, size_t i) {
    tare_feed feeds[96];
    size_t count = 0;
    tare_array *result = NULL;
    for (size_t k = 0; k < p->count; k++) {
        if (k == i || !p->numbers[k]) continue;
        assert_true(count + 1 < sizeof feeds / sizeof *feeds);
        feeds[count++] = (tare_feed){p->rounded[k], p->numbers[k]};
    }
    feeds[count++] = (tare_feed){p->trained->network.inputs, p->images};
    if (tare_session_run(p->trained->session, feeds, count, &p->rounded[i], 1, &result))
        fail_msg("%s", tare_session_message(p->trained->session));
    return compare(p, i, result);
}

/* Of the sums that a multiplier rounds twice: 1 in 2^(k+1), k being the multiplier's. */
static double share_of(double multiplier, int bits) {
    int shift = 0;
    (void)frexp(multiplier, &shift);
    return ldexp(1, shift - bits - 1);
}

/* Of a mean's results, or in the mean over the channels of a product's. */
static double share_rounded_twice(const pair *p, size_t i) {
    tare_tflite_step step;
    double sum = 0;
    for (size_t o = 0; tare_tflite_operator_at(p->model, o, &step); o++) {
        if (step.outputs[0] != (int32_t)i) continue;
        const tare_tflite_tensor *x = told_of(p, (size_t)step.inputs[0]);
        const double scale = (double)x->scales[0] / (double)told_of(p, i)->scales[0];
        const int64_t count = x->shape.extents[1] * x->shape.extents[2];
        int bits = 0;
        while (count >> (bits + 1)) bits++;
        if (strcmp(step.name, "MEAN") == 0) return share_of(scale, bits);
        if (step.input_count < 2 || !told_of(p, (size_t)step.inputs[1])->constant) return 0;
        const tare_tflite_tensor *w = told_of(p, (size_t)step.inputs[1]);
        for (int64_t c = 0; c < w->scale_count; c++)
            sum += share_of(scale * (double)w->scales[c], 0) / (double)w->scale_count;
    }
    return sum;
}

static size_t check_layers(const pair *p) {
    size_t layers = 0;
    for (size_t i = 0; i < p->count; i++) {
        if (!p->numbers[i]) continue;
        const double equal = .994 - share_rounded_twice(p, i);
        const agreement found = compare_alone(p, i);
        if (found.near < found.count || found.equal < equal * found.count)
            fail_msg("%s: of %g numbers %g are equal, %g a step apart at most", told_of(p, i)->name,
                     found.count, found.equal, found.near);
        layers++;
    }
    return layers;
}

/* near: the share of the answers that is a step apart at most; apart: their distance in the mean.
 */
static void check(const char *name, const char *const settings[][2], bool per_channel,
                  size_t layers, double near, double apart) {
    tare_quantise_training_options options = {TARE_QUANTISE_TRAINING_DEFAULTS};
    trial t;
    options.per_channel = per_channel;
    build(&t, name, settings, &options);
    train(&t);
    /* Folding changes variables: to this graph folded weights, behind which layers are left to do
     * nothing, are the same numbers. */
    const tare_tensor trained = t.network.logits;
    tare_tflite *model = quantised_model(&t, per_channel);
    pair p = begin_pair(&t, model);
    assert_int_equal(check_layers(&p), layers);
    tare_array *answers = run(&t, false, trained, p.images, p.labels);
    const agreement found = compare(&p, (size_t)tare_tflite_output(model, 0), answers);
    if (found.near < near * found.count || found.sum > apart * found.count)
        fail_msg("%s: of %g answers %g are a step apart at most, in the mean %g", name, found.count,
                 found.near, found.sum / found.count);
    tare_array_free(answers);
    end_pair(&p);
    tare_tflite_close(model);
    end(&t);
}

static void dense_networks_become_what_was_trained(void **state) {
    (void)state;
    static const char *const settings[][2] = {{"momentum", "0.5"}, {NULL, NULL}};
    check("mlp_bn", settings, true, 4, .99, .1);
}

static void convolutions_become_what_was_trained(void **state) {
    (void)state;
    static const char *const settings[][2] = {{"momentum", "0.5"}, {NULL, NULL}};
    check("lenet_bn", settings, true, 12, .99, .5);
    check("lenet_bn", settings, false, 12, .99, .5);
}

static void depthwise_convolutions_become_what_was_trained(void **state) {
    (void)state;
    static const char *const settings[][2] = {
        {"momentum", "0.5"}, {"size", "16"}, {"width", "4"}, {NULL, NULL}};
    check("mobilenet", settings, true, 14, .8, 1);
    check("mobilenet", settings, false, 14, .8, 1);
}

static void residual_networks_become_what_was_trained(void **state) {
    (void)state;
    static const char *const settings[][2] = {{"momentum", "0.5"}, {"size", "12"}, {NULL, NULL}};
    check("resnet20", settings, true, 33, .8, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_networks_become_what_was_trained),
        cmocka_unit_test(convolutions_become_what_was_trained),
        cmocka_unit_test(depthwise_convolutions_become_what_was_trained),
        cmocka_unit_test(residual_networks_become_what_was_trained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
