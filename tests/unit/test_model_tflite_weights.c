/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way from trained variables to int8: TensorFlow's weights in networks of ours, folded,
 * exported, quantised on its samples, give the scales, zero points and answers of its int8 files.
 */
#include "tflite_trial.h"

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/norm.h>
#include <tare/op.h>
#include <tare/session.h>

enum { MOST_TENSORS = 32 };

/* --------------------------------------------------------------------------------- the networks */

static tare_tensor normed(tare_tensor x, tare_tensor training, const char *name) {
    return tare_batch_norm(x, .training = training, .momentum = .9, .name = name);
}

static tare_tensor build_lenet(tare_graph *g, tare_tensor x, tare_tensor training) {
    tare_tensor h = x;
    TARE_VARIABLE_SCOPE (g, "lenet") {
        h = tare_conv2d(h, 6, TARE_LIST(5), .padding = TARE_PADDING_SAME, .use_bias = false,
                        .name = "conv1");
        h = tare_relu(normed(h, training, "bn1"));
        h = tare_max_pooling2d(h, TARE_LIST(2), TARE_LIST(2));
        h = tare_conv2d(h, 16, TARE_LIST(5), .use_bias = false, .name = "conv2");
        h = tare_relu(normed(h, training, "bn2"));
        h = tare_flatten(tare_max_pooling2d(h, TARE_LIST(2), TARE_LIST(2)));
        h = tare_dense(h, 32, .use_bias = false, .name = "fc1");
        h = tare_relu(normed(h, training, "bn3"));
        h = tare_dense(h, 10, .name = "fc2");
    }
    return tare_softmax(h);
}

static tare_tensor build_depthwise(tare_graph *g, tare_tensor x, tare_tensor training) {
    const tare_list two = TARE_LIST(2);
    tare_tensor h = x;
    TARE_VARIABLE_SCOPE (g, "net") {
        tare_tensor w = tare_get_variable(g, "conv/kernel", TARE_SHAPE(3, 3, 1, 8));
        h = tare_nn_conv2d(h, w, .strides = two, .padding = TARE_PADDING_SAME);
        h = tare_relu6(normed(h, training, "bn1"));
        w = tare_get_variable(g, "depthwise/kernel", TARE_SHAPE(3, 3, 8, 1));
        h = tare_nn_depthwise_conv2d(h, w, .strides = two, .padding = TARE_PADDING_SAME);
        h = tare_relu6(normed(h, training, "bn2"));
        w = tare_get_variable(g, "point/kernel", TARE_SHAPE(1, 1, 8, 12));
        h = tare_nn_conv2d(h, w, .padding = TARE_PADDING_SAME);
        h = tare_relu6(normed(h, training, "bn3"));
        h = tare_reduce_mean(h, .axis = TARE_LIST(1, 2));
        h = tare_dense(h, 10, .name = "fc");
    }
    return h;
}

/* ------------------------------------------------------------------------------------ the numbers
 */

/* Every array of the file into the variable of its name, a point for each stroke; how many. */
static size_t set_variables(tare_session *session, const char *net) {
    char path[512], name[128];
    tare_npz *npz = NULL;
    snprintf(path, sizeof path, FOLDER "%s_weights.npz", net);
    assert_int_equal(tare_npz_open(path, &npz, NULL), TARE_OK);
    for (size_t i = 0; i < tare_npz_count(npz); i++) {
        tare_array *array = NULL;
        assert_int_equal(tare_npz_read(npz, tare_npz_name(npz, i), &array, NULL), TARE_OK);
        snprintf(name, sizeof name, "%s", tare_npz_name(npz, i));
        for (char *at = name; *at; at++)
            if (*at == '.') *at = '/';
        if (tare_session_set(session, name, array)) fail_msg("%s", tare_session_message(session));
        tare_array_free(array);
    }
    const size_t count = tare_npz_count(npz);
    tare_npz_close(npz);
    return count;
}

/* ---------------------------------------------------------------------------------- the models */

/* The float model of TensorFlow's variables. */
static tare_tflite *export_trained(const char *net, size_t variables,
                                   tare_tensor (*build)(tare_graph *g, tare_tensor x,
                                                        tare_tensor training)) {
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_folding *folding = NULL;
    tare_tflite *model = NULL;
    tare_error error = {0};
    tare_network network = {.struct_size = sizeof network};
    network.inputs = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 28, 28, 1));
    network.training = tare_placeholder_with_default(g, TARE_FALSE);
    network.logits = build(g, network.inputs, network.training);
    if (tare_graph_status(g)) fail_msg("%s", tare_message(g));
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    assert_int_equal(set_variables(s, net), variables);
    if (tare_fold(s, &network, NULL, &folding, &error, .examples = 0))
        fail_msg("%s", error.message);
    if (tare_tflite_export(s, network.inputs, network.logits, &model, &error))
        fail_msg("%s", error.message);
    tare_folding_free(folding);
    tare_session_free(s);
    tare_graph_free(g);
    return model;
}

/* The greatest difference of the answers, in steps. */
static double steps_apart(const tare_tflite *model, const tare_array *x, const tare_array *want) {
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tensor input, output;
    tare_array *y = NULL;
    double worst = 0;
    assert_int_equal(tare_tflite_build(model, g, &input, &output, NULL, NULL), TARE_OK);
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    const tare_feed feed = {input, x};
    assert_int_equal(tare_session_run(s, &feed, 1, &output, 1, &y), TARE_OK);
    assert_int_equal(tare_array_count(y), tare_array_count(want));
    for (int64_t i = 0; i < tare_array_count(y); i++)
        worst = fmax(worst, fabs(tare_array_number(y, i) - tare_array_number(want, i)));
    tare_session_free(s);
    tare_graph_free(g);
    return worst;
}

static void check(const char *net, size_t variables,
                  tare_tensor (*build)(tare_graph *g, tare_tensor x, tare_tensor training)) {
    static const char *const kinds[] = {"int8", "int8_per_tensor"};
    tare_tflite *model = export_trained(net, variables, build);
    tare_tflite_range ranges[MOST_TENSORS];
    tare_dataset *data = samples();
    assert_true(tare_tflite_tensor_count(model) <= MOST_TENSORS);
    assert_int_equal(tare_tflite_observe(model, data, ranges, NULL), TARE_OK);
    for (int i = 0; i < 2; i++) {
        char text[512];
        tare_tflite *ours = NULL, *theirs = NULL;
        snprintf(text, sizeof text, FOLDER "%s_%s.tflite", net, kinds[i]);
        assert_int_equal(tare_tflite_open(text, &theirs, NULL), TARE_OK);
        assert_int_equal(tare_tflite_quantise(model, ranges, &ours, NULL, .per_channel = i == 0),
                         TARE_OK);
        assert_same_steps(ours, theirs);
        snprintf(text, sizeof text, "input_%s", kinds[i]);
        tare_array *x = read_array(net, text);
        snprintf(text, sizeof text, "output_%s_reference", kinds[i]);
        tare_array *want = read_array(net, text);
        const double apart = steps_apart(ours, x, want);
        if (apart != 0) fail_msg("%s %s: answers are %g steps apart", net, kinds[i], apart);
        tare_array_free(x);
        tare_array_free(want);
        tare_tflite_close(ours);
        tare_tflite_close(theirs);
    }
    tare_dataset_free(data);
    tare_tflite_close(model);
}

static void tensorflows_lenet_becomes_its_int8_models(void **state) {
    (void)state;
    check("lenet", 17, build_lenet);
}

static void tensorflows_depthwise_network_becomes_its_int8_models(void **state) {
    (void)state;
    check("depthwise", 17, build_depthwise);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensorflows_lenet_becomes_its_int8_models),
        cmocka_unit_test(tensorflows_depthwise_network_becomes_its_int8_models),
    };
#ifdef TARE_HAVE_ZLIB
    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    (void)tests;
    return 0;
#endif
}
