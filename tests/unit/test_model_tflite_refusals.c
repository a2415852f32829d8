/* SPDX-License-Identifier: Apache-2.0 */
/* What quantising and exporting .tflite models refuse, each with its sentence. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tare/layer.h>
#include <tare/op.h>
#include <tare/quantise.h>
#include <tare/session.h>
#include <tare/tflite.h>

#define FOLDER TARE_SOURCE_DIR "/tests/golden/data/tflite/"
enum { MOST_TENSORS = 32 };

static void assert_says(const tare_error *error, const char *part) {
    if (!strstr(error->message, part)) fail_msg("wanted '%s', got: %s", part, error->message);
}

/* ------------------------------------------------------------------------------- what is tried */

/* x [?, 4] -> dense 3, relu -> dense 2, in a session. */
typedef struct network {
    tare_graph *graph;
    tare_session *session;
    tare_tensor x, y;
} network;

static network make_network(void) {
    network n = {.graph = tare_graph_new()};
    tare_graph_set_seed(n.graph, 7);
    n.x = tare_placeholder(n.graph, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4), .name = "x");
    n.y = tare_dense(tare_relu(tare_dense(n.x, 3, .name = "first"), .name = "inner"), 2,
                     .name = "last");
    if (tare_graph_status(n.graph)) fail_msg("%s", tare_message(n.graph));
    assert_int_equal(tare_session_new(n.graph, &n.session, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(n.session), TARE_OK);
    return n;
}

static void end_network(network *n) {
    tare_session_free(n->session);
    tare_graph_free(n->graph);
}

static tare_tflite *export_network(const network *n) {
    tare_tflite *model = NULL;
    tare_error error = {0};
    if (tare_tflite_export(n->session, n->x, n->y, &model, &error)) fail_msg("%s", error.message);
    return model;
}

static size_t index_of(const tare_tflite *model, const char *name) {
    const tare_tflite_tensor *tensor;
    for (size_t i = 0; (tensor = tare_tflite_tensor_at(model, i)); i++)
        if (strcmp(tensor->name, name) == 0) return i;
    fail_msg("there is no tensor '%s'", name);
    return 0;
}

static void set_all(tare_tflite_range ranges[MOST_TENSORS], double min, double max) {
    for (int i = 0; i < MOST_TENSORS; i++) ranges[i] = (tare_tflite_range){true, min, max};
}

static void refuses(const tare_tflite *model, const tare_tflite_range *ranges, tare_status status,
                    const char *sentence) {
    for (int uint8 = 0; uint8 < 2; uint8++) {
        tare_tflite *made = NULL;
        tare_error error = {0};
        assert_int_equal(tare_tflite_quantise(model, ranges, &made, &error, .uint8 = uint8 != 0),
                         status);
        assert_null(made);
        assert_says(&error, sentence);
    }
}

/* ------------------------------------------------------------------------------------ the ranges
 */

static void ranges_that_are_none_are_refused(void **state) {
    (void)state;
    network n = make_network();
    tare_tflite *model = export_network(&n);
    tare_tflite_range ranges[MOST_TENSORS];
    const struct {
        double min, max;
        const char *sentence;
    } cases[] = {
        {2, 1, "range 'inner': got min 2 and max 1; needs finite numbers, min no more than max"},
        {(double)NAN, 1, "got min nan and max 1"},
        {0, (double)NAN, "got min 0 and max nan"},
        {-(double)INFINITY, 1, "got min -inf and max 1"},
        {0, (double)INFINITY, "got min 0 and max inf"},
        {0, 0, "range 'inner': got a range of no width; needs numbers apart from 0"},
        {0, 1e-60, "a range of no width"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_all(ranges, -1, 1);
        ranges[index_of(model, "inner")] = (tare_tflite_range){true, cases[i].min, cases[i].max};
        refuses(model, ranges, TARE_ERROR_ARGUMENT, cases[i].sentence);
    }
    tare_tflite_close(model);
    end_network(&n);
}

static void a_range_apart_from_0_is_widened(void **state) {
    (void)state;
    network n = make_network();
    tare_tflite *model = export_network(&n), *made = NULL;
    tare_tflite_range ranges[MOST_TENSORS];
    set_all(ranges, 2, 5.1);
    assert_int_equal(tare_tflite_quantise(model, ranges, &made, NULL), TARE_OK);
    const tare_tflite_tensor *inner = tare_tflite_tensor_at(made, index_of(made, "inner"));
    assert_true(fabs((double)inner->scales[0] - .02) < 1e-9 && inner->zero_points[0] == -128);
    tare_tflite_close(model);
    tare_tflite_close(made);
    end_network(&n);
}

/* A sentence of TensorFlow's for each array and each operator that reads it. */
static void ranges_that_lack_are_told_one_by_one(void **state) {
    (void)state;
    network n = make_network();
    tare_tflite *model = export_network(&n);
    tare_tflite_range ranges[MOST_TENSORS] = {{false, 0, 0}};
    static const char *const sentences[] = {
        "Array x, which is an input to the FullyConnected operator producing the output array "
        "inner, "
        "is lacking min/max data, which is necessary for quantization. If accuracy matters, either "
        "target a non-quantized output format, or run quantized training with your model from a "
        "floating point checkpoint to change the input graph to contain min/max information. If "
        "you "
        "don't care about accuracy, you can pass --default_ranges_min= and --default_ranges_max= "
        "for "
        "easy experimentation.\n",
        "Array inner, which is an input to the FullyConnected operator producing the output array "
        "last/BiasAdd, is lacking min/max data",
        "Array last/BiasAdd, which is an output of the model, is lacking min/max data, which is "
        "necessary for quantization.\n"};
    char *lacking = tare_tflite_lacking(model, ranges);
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (!strstr(lacking, sentences[i])) fail_msg("no '%s' in %s", sentences[i], lacking);
    tare_text_free(lacking);
    refuses(model, ranges, TARE_ERROR_STATE, "Array x, which is an input to the FullyConnected");
    set_all(ranges, 0, 1);
    ranges[index_of(model, "inner")].known = false;
    refuses(model, ranges, TARE_ERROR_STATE, "Array inner, which is an input");
    set_all(ranges, 0, 1);
    lacking = tare_tflite_lacking(model, ranges);
    assert_string_equal(lacking, "");
    tare_text_free(lacking);
    assert_null(tare_tflite_lacking(NULL, ranges));
    tare_tflite_close(model);
    end_network(&n);
}

/* ----------------------------------------------------------------------------------- the weights
 */

static void set_weights(const network *n, const char *name, int64_t at, double number) {
    tare_array *array = NULL;
    assert_int_equal(tare_session_get(n->session, name, &array), TARE_OK);
    tare_array_set_number(array, at, number);
    assert_int_equal(tare_session_set(n->session, name, array), TARE_OK);
    tare_array_free(array);
}

static void weights_that_are_no_numbers_are_refused(void **state) {
    (void)state;
    network n = make_network();
    tare_tflite_range ranges[MOST_TENSORS];
    const double numbers[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    set_all(ranges, -1, 1);
    for (int i = 0; i < 3; i++) {
        set_weights(&n, "first/kernel", 5, numbers[i]);
        tare_tflite *model = export_network(&n);
        refuses(model, ranges, TARE_ERROR_ARGUMENT,
                "weights 'first/kernel': got a number that is not finite; needs finite numbers");
        tare_tflite_close(model);
    }
    end_network(&n);
}

/* A filter of zeros takes the scale of the whole tensor, and gives its bias. */
static void a_channel_of_zeros_is_quantised(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tflite *model = NULL, *made = NULL;
    tare_tflite_range ranges[MOST_TENSORS];
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2, 2, 1));
    const tare_tensor y = tare_conv2d(x, 3, TARE_LIST(1), .bias_initializer = TARE_ONES,
                                      .kernel_initializer = TARE_ONES, .name = "c");
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    const network n = {g, s, x, y};
    for (int all = 0; all < 2; all++) {
        set_weights(&n, "c/kernel", 1, 0);
        if (all) set_weights(&n, "c/kernel", 0, 0);
        if (all) set_weights(&n, "c/kernel", 2, 0);
        set_all(ranges, -1, 2);
        model = export_network(&n);
        for (int uint8 = 0; uint8 < 2; uint8++) {
            assert_int_equal(tare_tflite_quantise(model, ranges, &made, NULL, .uint8 = uint8 != 0),
                             TARE_OK);
            const tare_tflite_tensor *w = tare_tflite_tensor_at(made, index_of(made, "c/kernel"));
            assert_int_equal(w->scale_count, uint8 ? 1 : 3);
            for (int64_t i = 0; i < w->scale_count; i++)
                assert_true(w->scales[i] > 0 && isfinite(w->scales[i]));
            if (!uint8) assert_true(w->scales[1] == w->scales[0]);
            if (uint8 && all) assert_true(fabs((double)w->scales[0] - 1. / 255) < 1e-9);
            tare_tflite_close(made);
        }
        tare_tflite_close(model);
    }
    tare_session_free(s);
    tare_graph_free(g);
}

/* ------------------------------------------------------------------------------- what has no form
 */

static void operators_without_an_int8_form_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tflite_range ranges[MOST_TENSORS];
    tare_tflite *model = NULL;
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 3, 3, 3, 1));
    const tare_tensor y = tare_conv3d(x, 2, TARE_LIST(2), .name = "video");
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    const network n = {g, s, x, y};
    model = export_network(&n);
    set_all(ranges, -1, 1);
    refuses(model, ranges, TARE_ERROR_UNSUPPORTED,
            "CONV_3D 'video/BiasAdd': got an operator without an int8 form; needs one that has it; "
            "the float model runs as it is");
    tare_tflite_close(model);
    assert_int_equal(tare_tflite_open(FOLDER "lenet_int8.tflite", &model, NULL), TARE_OK);
    refuses(model, ranges, TARE_ERROR_STATE,
            "a tensor that is quantised already; needs a model of float numbers");
    tare_tflite_close(model);
    tare_session_free(s);
    tare_graph_free(g);
}

static void shapes_that_are_not_known_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tflite *model = NULL;
    tare_error error = {0};
    const tare_tensor x =
        tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, TARE_ANY, 8, 3), .name = "image");
    const tare_tensor y = tare_relu(x);
    const tare_tensor whole = tare_placeholder(g, TARE_INT32, TARE_SHAPE(TARE_ANY, 4), .name = "i");
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_tflite_export(s, x, y, &model, &error), TARE_ERROR_UNSUPPORTED);
    assert_says(&error,
                "placeholder 'image': got a result float32 [?, ?, 8, 3]; needs float32 whose "
                "extents but the batch are known");
    assert_int_equal(tare_tflite_export(s, whole, tare_identity(whole), &model, &error),
                     TARE_ERROR_UNSUPPORTED);
    assert_says(&error, "placeholder 'i': got a result int32 [?, 4]");
    assert_null(model);
    tare_session_free(s);
    tare_graph_free(g);
}

static void ranges_that_training_left_wrong_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tflite *model = NULL;
    tare_error error = {0};
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    const tare_tensor min = tare_get_variable(g, "min", TARE_SCALAR, .initializer = TARE_ONES),
                      max = tare_get_variable(g, "max", TARE_SCALAR, .initializer = TARE_ZEROS);
    const tare_tensor y = tare_relu(tare_fake_quant_with_min_max_vars(x, min, max));
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    assert_int_equal(tare_tflite_export(s, x, y, &model, &error), TARE_ERROR_UNSUPPORTED);
    assert_says(&error, "got min 1 and max 0; needs finite numbers, min no more than max");
    tare_session_free(s);
    tare_graph_free(g);
}

static void forms_that_a_file_cannot_say_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tflite *model = NULL;
    tare_error error = {0};
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 6, 6, 4));
    const tare_tensor video = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4, 4, 4, 4));
    const tare_tensor flat = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    const tare_tensor wide = tare_get_variable(g, "wide", TARE_SHAPE(3, 3, 2, 4));
    const struct {
        tare_tensor from, to;
        const char *sentence;
    } cases[] = {
        {x,
         tare_nn_max_pool2d(x, .padding = TARE_PADDING_EXPLICIT, .before = TARE_LIST(1, 1),
                            .after = TARE_LIST(1, 1)),
         "explicit padding; needs valid or same"},
        {x,
         tare_pad(x, .before = TARE_LIST(0, 1, 0, 0), .after = TARE_LIST(0, 0, 0, 0),
                  .constant_values = 2),
         "padding by other numbers than 0"},
        {x, tare_nn_conv2d_transpose(x, wide, .dilations = TARE_LIST(2)),
         "another filter, groups or dilations"},
        {video, tare_conv3d(video, 4, TARE_LIST(2), .groups = 2), "another filter, or groups"},
        {flat, tare_mul(flat, tare_number(2)), "other than a product and a number"},
        {flat, tare_mul(tare_dense(flat, 4), flat), "other than a product and a number"},
        {flat, tare_softmax(flat, .axis = 0), "another axis"},
        {video, tare_nn_max_pool3d(video), "an op without a form in .tflite"},
    };
    if (tare_graph_status(g)) fail_msg("%s", tare_message(g));
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(tare_tflite_export(s, cases[i].from, cases[i].to, &model, &error),
                         TARE_ERROR_UNSUPPORTED);
        assert_null(model);
        assert_says(&error, cases[i].sentence);
    }
    tare_session_free(s);
    tare_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_that_are_none_are_refused),
        cmocka_unit_test(a_range_apart_from_0_is_widened),
        cmocka_unit_test(ranges_that_lack_are_told_one_by_one),
        cmocka_unit_test(weights_that_are_no_numbers_are_refused),
        cmocka_unit_test(a_channel_of_zeros_is_quantised),
        cmocka_unit_test(operators_without_an_int8_form_are_refused),
        cmocka_unit_test(shapes_that_are_not_known_are_refused),
        cmocka_unit_test(ranges_that_training_left_wrong_are_refused),
        cmocka_unit_test(forms_that_a_file_cannot_say_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
