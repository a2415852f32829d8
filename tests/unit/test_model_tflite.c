/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow's own .tflite files: read, and run to the bits of its reference kernels. */
#include "model/tflite.h"
#include "scratch_folder.h"
#include "tflite_trial.h"

#include <stdlib.h>

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/norm.h>
#include <tare/op.h>
#include <tare/quantise.h>
#include <tare/session.h>

enum { MOST_TENSORS = 64 };

/* A model, its graph, a session. */
typedef struct trial {
    tare_tflite *model;
    tare_graph *graph;
    tare_session *session;
    tare_tensor input, output, tensors[MOST_TENSORS];
} trial;

static trial open_trial(const char *file) {
    trial t = {.graph = tare_graph_new()};
    tare_error error = {0};
    if (tare_tflite_open(file, &t.model, &error)) fail_msg("%s", error.message);
    assert_true(tare_tflite_tensor_count(t.model) <= MOST_TENSORS);
    if (tare_tflite_build(t.model, t.graph, &t.input, &t.output, t.tensors, &error))
        fail_msg("%s", error.message);
    assert_int_equal(tare_session_new(t.graph, &t.session, .threads = 2), TARE_OK);
    return t;
}

static void close_trial(trial *t) {
    tare_session_free(t->session);
    tare_graph_free(t->graph);
    tare_tflite_close(t->model);
}

/* What is in a model, as text. */
static void describe(const tare_tflite *model, FILE *to) {
    const tare_tflite_tensor *tensor;
    tare_tflite_step step;
    for (size_t i = 0; (tensor = tare_tflite_tensor_at(model, i)) != NULL; i++) {
        fprintf(to, "%s %s %d %lld:", tensor->name, tensor->type, tensor->constant,
                (long long)tensor->quantised);
        for (int d = 0; d < tensor->shape.rank; d++)
            fprintf(to, " %lld", (long long)tensor->shape.extents[d]);
        for (int64_t k = 0; k < tensor->scale_count; k++)
            fprintf(to, " (%a %lld)", (double)tensor->scales[k], (long long)tensor->zero_points[k]);
        fputc('\n', to);
    }
    for (size_t i = 0; tare_tflite_operator_at(model, i, &step); i++) {
        char *options = tare_tflite_operator_options(model, i);
        fprintf(to, "%s %lld {%s}", step.name, (long long)step.version, options);
        for (int64_t k = 0; k < step.input_count; k++) fprintf(to, " %d", (int)step.inputs[k]);
        fprintf(to, " ->");
        for (int64_t k = 0; k < step.output_count; k++) fprintf(to, " %d", (int)step.outputs[k]);
        fputc('\n', to);
        tare_text_free(options);
    }
    fprintf(to, "%d %d\n", (int)tare_tflite_input(model, 0), (int)tare_tflite_output(model, 0));
}

static char *description(const tare_tflite *model) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    assert_non_null(to);
    describe(model, to);
    fclose(to);
    return text;
}

static const tare_array *run(trial *t, const tare_array *x, tare_tensor fetch) {
    tare_array *result = NULL;
    const tare_feed feed = {t->input, x};
    if (tare_session_run(t->session, &feed, 1, &fetch, 1, &result))
        fail_msg("%s", tare_session_message(t->session));
    return result;
}

/* ---- from one scale to another */

/* Multiplier and shift of a factor, a product rounded twice, halves away from 0: as TensorFlow's
 * specification has them, in plain words. */
static int64_t rescaled(int64_t x, double factor) {
    int shift = 0;
    int64_t q = llround(frexp(factor, &shift) * 2147483648.0);
    if (q == INT64_C(1) << 31) {
        q /= 2;
        shift++;
    }
    const int64_t size = x < 0 ? -x : x;
    const int64_t product = size * (INT64_C(1) << (shift > 0 ? shift : 0)) * q;
    int64_t number = (product + (INT64_C(1) << 30)) >> 31;
    if (x < 0) number = (product + (INT64_C(1) << 30) - 1) >> 31;
    if (shift < 0) number = (number + (INT64_C(1) << (-shift - 1))) >> -shift;
    return x < 0 ? -number : number;
}

/* The model becomes one QUANTIZE, from tensor 10's numbers to others of the same shape. */
static void make_rescaling(tare_tflite *model, const float scales[2], const int64_t zeros[2]) {
    static const int32_t ends[] = {10, 11};
    model->tensors[11].told.shape = model->tensors[10].told.shape;
    model->tensors[11].signature = model->tensors[10].signature;
    for (int i = 0; i < 2; i++) {
        model->tensors[ends[i]].told.scales = &scales[i];
        model->tensors[ends[i]].told.zero_points = &zeros[i];
    }
    model->operators[0] = (tare_tflite_operator){.kind = tare_tflite_kind_of(TARE_TFLITE_QUANTIZE),
                                                 .code = TARE_TFLITE_QUANTIZE,
                                                 .version = 2,
                                                 .inputs = &ends[0],
                                                 .outputs = &ends[1],
                                                 .input_count = 1,
                                                 .output_count = 1};
    model->inputs = &ends[0];
    model->outputs = &ends[1];
    model->operator_count = 1;
}

static void check_rescaling(const float scales[2], const int64_t zeros[2]) {
    trial t = {.graph = tare_graph_new()};
    tare_error error = {0};
    tare_array *x;
    assert_int_equal(tare_tflite_open(FOLDER "lenet_int8.tflite", &t.model, &error), TARE_OK);
    make_rescaling(t.model, scales, zeros);
    if (tare_tflite_build(t.model, t.graph, &t.input, &t.output, t.tensors, &error))
        fail_msg("%s", error.message);
    assert_int_equal(tare_session_new(t.graph, &t.session, .threads = 2), TARE_OK);
    assert_int_equal(tare_array_new(TARE_INT8, t.model->tensors[10].told.shape, NULL, &x), TARE_OK);
    int8_t *numbers = tare_array_data(x);
    for (int64_t i = 0; i < tare_array_count(x); i++) numbers[i] = (int8_t)(i % 256 - 128);
    const int8_t *got = tare_array_const_data(run(&t, x, t.output));
    for (int64_t i = 0; i < 256; i++) {
        const double factor = (double)scales[0] / (double)scales[1];
        const int64_t number = rescaled(numbers[i] - zeros[0], factor) + zeros[1];
        assert_int_equal(got[i], number > 127 ? 127 : number < -128 ? -128 : number);
    }
    tare_array_free(x);
    close_trial(&t);
}

static void another_scale_answers_to_the_bit(void **state) {
    (void)state;
    static const float scales[][2] = {{.25F, .25F}, {.05F, .125F}, {.125F, .05F}, {1, 3},
                                      {3, 1},       {1, 2},        {.5F, .001F}};
    static const int64_t zeros[][2] = {{-128, 0}, {0, 0}, {-7, 3}, {127, -128}};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        for (size_t k = 0; k < sizeof zeros / sizeof *zeros; k++)
            check_rescaling(scales[i], zeros[k]);
}

/* The greatest difference of two arrays of one shape. */
static double distance(const tare_array *a, const tare_array *b) {
    double worst = 0;
    assert_int_equal(tare_array_count(a), tare_array_count(b));
    for (int64_t i = 0; i < tare_array_count(a); i++) {
        const double apart = fabs(tare_array_number(a, i) - tare_array_number(b, i));
        if (!(apart <= worst)) worst = apart;
    }
    return worst;
}

#ifdef TARE_HAVE_ZLIB
/* Example `row` of an array, as a batch of one. */
static tare_array *row_of(const tare_array *all, int64_t row) {
    tare_shape shape = tare_array_shape(all);
    const size_t bytes = tare_array_bytes(all) / (size_t)shape.extents[0];
    tare_array *one = NULL;
    shape.extents[0] = 1;
    assert_int_equal(
        tare_array_copy_of(tare_array_dtype(all), shape,
                           (const char *)tare_array_const_data(all) + (size_t)row * bytes, &one),
        TARE_OK);
    return one;
}

static void check_float(const char *net) {
    char path[512];
    snprintf(path, sizeof path, FOLDER "%s_float.tflite", net);
    trial t = open_trial(path);
    tare_array *x = read_array(net, "input"), *want = read_array(net, "output_float");
    const double apart = distance(run(&t, x, t.output), want);
    if (!(apart <= 1e-5)) fail_msg("%s: %g from TensorFlow Lite", path, apart);
    tare_array_free(x);
    tare_array_free(want);
    close_trial(&t);
}

/* Every activation of the first example, then the answers to all of them. */
static void check_whole(const char *net, const char *kind) {
    char path[512], name[96];
    int stored = 0;
    snprintf(path, sizeof path, FOLDER "%s_%s.tflite", net, kind);
    trial t = open_trial(path);
    snprintf(name, sizeof name, "input_%s", kind);
    tare_array *x = read_array(net, name);
    snprintf(name, sizeof name, "output_%s_reference", kind);
    tare_array *want = read_array(net, name), *first = row_of(x, 0);
    assert_true(x && want);
    for (int i = 0; strcmp(kind, "int8") == 0 && i < MOST_TENSORS; i++) {
        snprintf(name, sizeof name, "tensor_%d", i);
        tare_array *activation = read_array(net, name);
        if (!activation) continue;
        stored++;
        const double apart = distance(run(&t, first, t.tensors[i]), activation);
        if (apart != 0)
            fail_msg("%s: tensor %d, %s: %g apart", path, i,
                     tare_tflite_tensor_at(t.model, (size_t)i)->name, apart);
        tare_array_free(activation);
    }
    assert_true(stored > 4 || strcmp(kind, "int8") != 0);
    const double apart = distance(run(&t, x, t.output), want);
    if (apart != 0) fail_msg("%s: answers are %g apart", path, apart);
    tare_array_free(x);
    tare_array_free(want);
    tare_array_free(first);
    close_trial(&t);
}

/* The greatest difference of answers to x, one example at a time. */
static double distance_by_row(trial *t, const tare_array *x, const tare_array *want) {
    double worst = 0;
    for (int64_t row = 0; row < tare_array_shape(x).extents[0]; row++) {
        tare_array *one = row_of(x, row), *answer = row_of(want, row);
        const tare_array *got = run(t, one, t->output);
        assert_int_equal(tare_array_dtype(got), tare_array_dtype(want));
        const double apart = distance(got, answer);
        if (!(apart <= worst)) worst = apart;
        tare_array_free(one);
        tare_array_free(answer);
    }
    return worst;
}

/* ------------------------------------------------------------------------------------ quantising
 */

/* The tensor of that name; each name stands once. */
static const tare_tflite_tensor *named(const tare_tflite *model, const char *name) {
    const tare_tflite_tensor *tensor;
    for (size_t i = 0; (tensor = tare_tflite_tensor_at(model, i)); i++)
        if (strcmp(tensor->name, name) == 0) return tensor;
    fail_msg("there is no tensor '%s'", name);
    return NULL;
}

/* A float model of TensorFlow's quantised by us on its samples is its int8 model. */
static void check_quantised(const char *net, const char *kind) {
    char path[512];
    tare_tflite *model = NULL, *ours = NULL, *theirs = NULL;
    tare_tflite_range ranges[MOST_TENSORS];
    tare_error error = {0};
    tare_dataset *data = samples();
    snprintf(path, sizeof path, FOLDER "%s_float.tflite", net);
    assert_int_equal(tare_tflite_open(path, &model, NULL), TARE_OK);
    snprintf(path, sizeof path, FOLDER "%s_%s.tflite", net, kind);
    assert_int_equal(tare_tflite_open(path, &theirs, NULL), TARE_OK);
    if (tare_tflite_observe(model, data, ranges, &error)) fail_msg("%s", error.message);
    if (tare_tflite_quantise(model, ranges, &ours, &error,
                             .per_channel = strcmp(kind, "int8") == 0))
        fail_msg("%s", error.message);
    const tare_tflite_tensor *tensor;
    for (size_t i = 0; (tensor = tare_tflite_tensor_at(ours, i)); i++)
        if (tensor->name[0]) assert_same_scales(tensor, named(theirs, tensor->name));
    assert_int_equal(tare_tflite_save(ours, scratch("ours.tflite"), NULL), TARE_OK);
    trial t = open_trial(scratch("ours.tflite"));
    snprintf(path, sizeof path, "input_%s", kind);
    tare_array *x = read_array(net, path);
    snprintf(path, sizeof path, "output_%s_reference", kind);
    tare_array *want = read_array(net, path);
    const double apart = distance(run(&t, x, t.output), want);
    if (apart != 0) fail_msg("%s %s: answers are %g apart", net, kind, apart);
    tare_array_free(x);
    tare_array_free(want);
    close_trial(&t);
    tare_tflite_close(model);
    tare_tflite_close(ours);
    tare_tflite_close(theirs);
    tare_dataset_free(data);
}

static void quantised_models_have_tensorflows_scales_and_answers(void **state) {
    (void)state;
    check_quantised("lenet", "int8");
    check_quantised("depthwise", "int8");
    check_quantised("lenet", "int8_per_tensor");
    check_quantised("depthwise", "int8_per_tensor");
}

/* The float model with toco's ranges: 0 to 6, or those of the fake quantisation of the file. */
static void check_uint8(const char *file, tare_tflite_range logits) {
    char path[512];
    tare_tflite *model = NULL, *ours = NULL, *theirs = NULL;
    tare_tflite_range ranges[MOST_TENSORS];
    tare_error error = {0};
    assert_int_equal(tare_tflite_open(FOLDER "depthwise_float.tflite", &model, NULL), TARE_OK);
    snprintf(path, sizeof path, FOLDER "%s.tflite", file);
    assert_int_equal(tare_tflite_open(path, &theirs, NULL), TARE_OK);
    for (size_t i = 0; i < MOST_TENSORS; i++) ranges[i] = (tare_tflite_range){true, 0, 6};
    ranges[tare_tflite_input(model, 0)] = (tare_tflite_range){true, -.5, 1.5};
    ranges[tare_tflite_output(model, 0)] = logits;
    if (tare_tflite_quantise(model, ranges, &ours, &error, .uint8 = true))
        fail_msg("%s", error.message);
    assert_same_steps(ours, theirs);
    assert_int_equal(tare_tflite_save(ours, scratch("ours.tflite"), NULL), TARE_OK);
    trial t = open_trial(scratch("ours.tflite"));
    tare_array *x = read_array("uint8", "input");
    snprintf(path, sizeof path, "output_%s", file);
    tare_array *want = read_array("uint8", path);
    const double apart = distance_by_row(&t, x, want);
    if (apart != 0) fail_msg("%s: answers are %g apart", file, apart);
    tare_array_free(x);
    tare_array_free(want);
    close_trial(&t);
    tare_tflite_close(model);
    tare_tflite_close(ours);
    tare_tflite_close(theirs);
}

static void uint8_models_have_tocos_scales_and_answers(void **state) {
    (void)state;
    check_uint8("uint8_ranges_toco", (tare_tflite_range){true, 0, 6});
    check_uint8("uint8_fakequant_toco", (tare_tflite_range){true, -12, 12});
    check_uint8("uint8_fakequant_ranges_toco", (tare_tflite_range){true, -12, 12});
}

static void float_models_answer_as_tensorflow_lite(void **state) {
    (void)state;
    check_float("lenet");
    check_float("depthwise");
}

static void int8_models_answer_to_the_bit(void **state) {
    (void)state;
    check_whole("lenet", "int8");
    check_whole("depthwise", "int8");
}

/* Asymmetric weights, with default ranges and with those of fake quantisation, by both converters;
 * "uint8" alone, which had no ranges, is uint8 at its input and float behind it. */
static void uint8_models_answer_to_the_bit(void **state) {
    (void)state;
    static const char *const models[] = {"uint8_ranges",
                                         "uint8_ranges_toco",
                                         "uint8_fakequant",
                                         "uint8_fakequant_toco",
                                         "uint8_fakequant_ranges",
                                         "uint8_fakequant_ranges_toco",
                                         "uint8"};
    tare_array *x = read_array("uint8", "input");
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char path[512], name[96];
        snprintf(path, sizeof path, FOLDER "%s.tflite", models[i]);
        snprintf(name, sizeof name, "output_%s", models[i]);
        trial t = open_trial(path);
        tare_array *want = read_array("uint8", name);
        const double apart = distance_by_row(&t, x, want);
        if (!(apart <= (strcmp(models[i], "uint8") == 0 ? 1e-5 : 0)))
            fail_msg("%s: %g apart", path, apart);
        tare_array_free(want);
        close_trial(&t);
    }
    tare_array_free(x);
}

/* A model that Tare wrote: grouped and transposed convolutions, resizing, padding, sigmoid, tanh,
 * softmax; the answers are those of LiteRT 2.3's reference kernels. */
static void other_forms_answer_to_the_bit(void **state) {
    (void)state;
    static const char *const kinds[] = {"int8", "uint8"};
    for (int i = 0; i < 2; i++) {
        char path[512], name[32];
        snprintf(path, sizeof path, FOLDER "forms_%s.tflite", kinds[i]);
        trial t = open_trial(path);
        snprintf(name, sizeof name, "x_%s", kinds[i]);
        tare_array *x = read_array("forms", name);
        snprintf(name, sizeof name, "y_%s", kinds[i]);
        tare_array *want = read_array("forms", name);
        const double apart = distance_by_row(&t, x, want);
        if (apart != 0) fail_msg("%s: %g apart", path, apart);
        tare_array_free(x);
        tare_array_free(want);
        close_trial(&t);
    }
}

static void int8_models_of_one_scale_a_tensor_answer_to_the_bit(void **state) {
    (void)state;
    check_whole("lenet", "int8_per_tensor");
    check_whole("depthwise", "int8_per_tensor");
}
#endif

/* Our writer's files say the same as those they were read from; written twice, the same bytes. */
static void what_is_written_reads_back(void **state) {
    (void)state;
    static const char *const files[] = {"lenet_float",           "lenet_int8",
                                        "lenet_int8_per_tensor", "depthwise_float",
                                        "depthwise_int8",        "uint8_ranges_toco"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        tare_tflite *model = NULL, *again = NULL;
        tare_error error = {0};
        snprintf(path, sizeof path, FOLDER "%s.tflite", files[i]);
        assert_int_equal(tare_tflite_open(path, &model, NULL), TARE_OK);
        if (tare_tflite_save(model, scratch("copy.tflite"), &error)) fail_msg("%s", error.message);
        if (tare_tflite_open(scratch("copy.tflite"), &again, &error))
            fail_msg("%s: %s", files[i], error.message);
        char *before = description(model), *after = description(again);
        assert_string_equal(before, after);
        free(before);
        free(after);
        tare_tflite_close(model);
        tare_tflite_close(again);
    }
}

#ifdef TARE_HAVE_ZLIB
static void what_is_written_answers_to_the_bit(void **state) {
    (void)state;
    tare_tflite *model = NULL;
    assert_int_equal(tare_tflite_open(FOLDER "lenet_int8.tflite", &model, NULL), TARE_OK);
    assert_int_equal(tare_tflite_save(model, scratch("copy.tflite"), NULL), TARE_OK);
    tare_tflite_close(model);
    trial t = open_trial(scratch("copy.tflite"));
    tare_array *x = read_array("lenet", "input_int8"),
               *want = read_array("lenet", "output_int8_reference");
    assert_true(distance(run(&t, x, t.output), want) == 0);
    tare_array_free(x);
    tare_array_free(want);
    close_trial(&t);
}
#endif

/* ------------------------------------------------------------------------------------- exporting
 */

/* A network of every form that export knows. */
static tare_tensor build_network(tare_graph *g, tare_tensor x, tare_tensor training) {
    (void)g;
    tare_tensor y = tare_conv2d(x, 6, TARE_LIST(3, 2), .strides = TARE_LIST(2, 1),
                                .padding = TARE_PADDING_SAME);
    y = tare_relu(tare_batch_norm(y, .training = training));
    y = tare_depthwise_conv2d(y, TARE_LIST(3), .depth_multiplier = 2, .use_bias = false);
    y = tare_relu6(tare_batch_norm(y, .training = training));
    const tare_tensor pooled = tare_max_pooling2d(y, TARE_LIST(2), TARE_LIST(1));
    const tare_tensor point = tare_conv2d(pooled, 12, TARE_LIST(1), .use_bias = false);
    y = tare_add(pooled, tare_tanh(tare_batch_norm(point, .training = training)));
    y = tare_average_pooling2d(y, TARE_LIST(2), TARE_LIST(2));
    y = tare_sigmoid(tare_batch_norm(tare_dense(tare_flatten(y), 7), .training = training));
    return tare_softmax(tare_dense(y, 4));
}

static tare_array *waves(tare_shape shape) {
    tare_array *array = NULL;
    assert_int_equal(tare_array_new(TARE_FLOAT32, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, sin((double)(i * i + 3 * i)));
    return array;
}

/* Groups, padding by numbers, resizing, transposed convolution: one example at a time. */
static tare_tensor build_forms(tare_graph *g, tare_tensor x, tare_tensor training) {
    tare_tensor y = tare_conv2d(x, 8, TARE_LIST(3), .groups = 2);
    y = tare_relu(tare_batch_norm(y, .training = training));
    const tare_tensor filter = tare_get_variable(g, "filter", TARE_SHAPE(3, 3, 8, 6));
    y = tare_nn_conv2d(y, filter, .padding = TARE_PADDING_EXPLICIT, .before = TARE_LIST(1, 0),
                       .after = TARE_LIST(2, 1));
    y = tare_resize_bilinear(y, TARE_LIST(13, 11), .half_pixel_centers = true);
    y = tare_conv2d_transpose(y, 5, TARE_LIST(3), .strides = TARE_LIST(2));
    y = tare_resize_nearest_neighbor(y, TARE_LIST(15, 20), .align_corners = true);
    y = tare_conv2d_transpose(y, 4, TARE_LIST(2, 3), .strides = TARE_LIST(2),
                              .padding = TARE_PADDING_SAME, .use_bias = false);
    y = tare_pad(y, .before = TARE_LIST(0, 1, 0, 0), .after = TARE_LIST(0, 0, 2, 0));
    y = tare_conv2d(y, 3, TARE_LIST(3), .strides = TARE_LIST(2));
    return tare_mul(tare_div(y, tare_number(3)), tare_number(1.25));
}

static tare_tensor build_volume(tare_graph *g, tare_tensor x, tare_tensor training) {
    (void)g;
    tare_tensor y = tare_conv3d(x, 3, TARE_LIST(2, 3, 3), .strides = TARE_LIST(1, 2, 1),
                                .padding = TARE_PADDING_SAME);
    y = tare_relu(tare_batch_norm(y, .training = training));
    return tare_dense(tare_reduce_mean(y, .axis = TARE_LIST(1, 2, 3)), 4);
}

static void check_exported(tare_tensor (*build)(tare_graph *g, tare_tensor x, tare_tensor training),
                           tare_shape shape, size_t operators) {
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_error error = {0};
    tare_network network = {.struct_size = sizeof network};
    tare_shape open = shape;
    open.extents[0] = TARE_ANY;
    tare_graph_set_seed(g, 4);
    network.inputs = tare_placeholder(g, TARE_FLOAT32, open);
    network.training = tare_placeholder_with_default(g, TARE_FALSE);
    network.logits = build(g, network.inputs, network.training);
    if (tare_graph_status(g)) fail_msg("%s", tare_message(g));
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    tare_array *x = waves(shape), *answer = NULL, *want = NULL;
    const tare_feed feed = {network.inputs, x};
    assert_int_equal(tare_session_run(s, &feed, 1, &network.logits, 1, &answer), TARE_OK);
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, tare_array_shape(answer),
                                        tare_array_const_data(answer), &want),
                     TARE_OK);

    tare_tflite *model = NULL;
    assert_int_equal(tare_tflite_export(s, network.inputs, network.logits, &model, &error),
                     TARE_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "not folded"));
    tare_folding *folding = NULL;
    assert_int_equal(tare_fold(s, &network, NULL, &folding, NULL, .examples = 0), TARE_OK);
    tare_folding_free(folding);
    if (tare_tflite_export(s, network.inputs, network.logits, &model, &error))
        fail_msg("%s", error.message);
    assert_int_equal(tare_tflite_operator_count(model), operators);
    assert_int_equal(tare_tflite_save(model, scratch("exported.tflite"), NULL), TARE_OK);
    tare_tflite_close(model);
    trial t = open_trial(scratch("exported.tflite"));
    const double apart = distance(run(&t, x, t.output), want);
    if (!(apart <= 1e-6)) fail_msg("%g apart", apart);
    close_trial(&t);
    tare_array_free(x);
    tare_array_free(want);
    tare_session_free(s);
    tare_graph_free(g);
}

static void exported_networks_answer_as_the_session(void **state) {
    (void)state;
    check_exported(build_network, TARE_SHAPE(5, 9, 8, 3), 12);
    check_exported(build_forms, TARE_SHAPE(1, 9, 8, 4), 9);
    check_exported(build_volume, TARE_SHAPE(3, 4, 6, 5, 2), 3);
}

/* Trained with fake quantisation, a model brings its ranges along. */
static void ranges_of_fake_quantisation_stay_in_the_file(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tflite *model = NULL, *quantised = NULL;
    tare_error error = {0};
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    tare_tensor y = tare_fake_quant_with_min_max_args(x, .min = -1, .max = 1.55);
    y = tare_relu(tare_dense(y, 3));
    const tare_tensor min = tare_get_variable(g, "min", TARE_SCALAR, .initializer = TARE_ZEROS),
                      max = tare_get_variable(g, "max", TARE_SCALAR, .initializer = TARE_ONES);
    y = tare_fake_quant_with_min_max_vars(y, min, max);
    if (tare_graph_status(g)) fail_msg("%s", tare_message(g));
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    if (tare_tflite_export(s, x, y, &model, &error)) fail_msg("%s", error.message);
    assert_int_equal(tare_tflite_save(model, scratch("ranged.tflite"), NULL), TARE_OK);
    tare_tflite_close(model);
    assert_int_equal(tare_tflite_open(scratch("ranged.tflite"), &model, NULL), TARE_OK);
    tare_tflite_range ranges[MOST_TENSORS];
    for (size_t i = 0; i < tare_tflite_tensor_count(model); i++) {
        const tare_tflite_tensor *told = tare_tflite_tensor_at(model, i);
        ranges[i] = (tare_tflite_range){told->ranged, told->min, told->max};
    }
    if (tare_tflite_quantise(model, ranges, &quantised, &error)) fail_msg("%s", error.message);
    const tare_tflite_tensor *in = tare_tflite_tensor_at(quantised,
                                                         (size_t)tare_tflite_input(quantised, 0)),
                             *out = tare_tflite_tensor_at(quantised,
                                                          (size_t)tare_tflite_output(quantised, 0));
    assert_true(fabs((double)in->scales[0] - .01) < 1e-8 && in->zero_points[0] == -28);
    assert_true(fabs((double)out->scales[0] - 1. / 255) < 1e-9 && out->zero_points[0] == -128);
    tare_tflite_close(model);
    tare_tflite_close(quantised);
    tare_session_free(s);
    tare_graph_free(g);
}

static void assert_names_differ(const tare_tflite *model) {
    for (size_t i = 0; i < tare_tflite_tensor_count(model); i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(tare_tflite_tensor_at(model, i)->name,
                       tare_tflite_tensor_at(model, k)->name) == 0)
                fail_msg("two tensors are called '%s'", tare_tflite_tensor_at(model, i)->name);
}

/* OpenVINO knows tensors by their names. Here layers share their weights, one variable is called
 * as the second copy of them would be, and there is a list that an operator takes. */
static void every_tensor_has_a_name_of_its_own(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tflite *model = NULL;
    tare_error error = {0};
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    const tare_tensor w = tare_get_variable(g, "w", TARE_SHAPE(4, 4)),
                      same = tare_get_variable(g, "w_1", TARE_SHAPE(4, 4));
    tare_tensor y = tare_relu(tare_matmul(tare_relu(tare_matmul(x, w)), w));
    y = tare_relu(tare_matmul(tare_relu(tare_matmul(y, same)), w));
    y = tare_reshape(y, TARE_SHAPE(TARE_ANY, 2, 2));
    if (tare_graph_status(g)) fail_msg("%s", tare_message(g));
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    if (tare_tflite_export(s, x, y, &model, &error)) fail_msg("%s", error.message);
    assert_names_differ(model);
    tare_tflite_close(model);
    tare_session_free(s);
    tare_graph_free(g);
}

static void ops_without_a_form_are_refused(void **state) {
    (void)state;
    tare_graph *g = tare_graph_new();
    tare_session *s = NULL;
    tare_tflite *model = NULL;
    tare_error error = {0};
    const tare_tensor x = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 4));
    const tare_tensor other = tare_relu(x), cubes = tare_pow(x, tare_number(3));
    tare_array *weights = waves(TARE_SHAPE(4, 2));
    const tare_tensor product = tare_matmul(x, tare_constant(g, weights));
    const tare_tensor image = tare_placeholder(g, TARE_FLOAT32, TARE_SHAPE(TARE_ANY, 2, 5, 5));
    const tare_tensor first =
        tare_conv2d(image, 3, TARE_LIST(2), .data_format = TARE_CHANNELS_FIRST);
    assert_int_equal(tare_session_new(g, &s, .threads = 1), TARE_OK);
    assert_int_equal(tare_session_initialize(s), TARE_OK);
    const struct {
        tare_tensor from, to;
        const char *sentence;
    } cases[] = {{x, cubes, "pow 'Pow': got an op without a form in .tflite"},
                 {x, product, "no float32 variable"},
                 {image, first, "channels first"},
                 {x, x, "not computed from the input"},
                 {image, other, "not computed from the network's"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(tare_tflite_export(s, cases[i].from, cases[i].to, &model, &error),
                         TARE_ERROR_UNSUPPORTED);
        assert_null(model);
        if (!strstr(error.message, cases[i].sentence))
            fail_msg("wanted '%s', got: %s", cases[i].sentence, error.message);
    }
    assert_int_equal(tare_tflite_export(s, TARE_NULL, x, &model, &error), TARE_ERROR_ARGUMENT);
    tare_array_free(weights);
    tare_session_free(s);
    tare_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(exported_networks_answer_as_the_session),
        cmocka_unit_test(ranges_of_fake_quantisation_stay_in_the_file),
        cmocka_unit_test(every_tensor_has_a_name_of_its_own),
        cmocka_unit_test(ops_without_a_form_are_refused),
        cmocka_unit_test(another_scale_answers_to_the_bit),
#ifdef TARE_HAVE_ZLIB
        cmocka_unit_test(what_is_written_answers_to_the_bit),
        cmocka_unit_test(quantised_models_have_tensorflows_scales_and_answers),
        cmocka_unit_test(float_models_answer_as_tensorflow_lite),
        cmocka_unit_test(int8_models_answer_to_the_bit),
        cmocka_unit_test(int8_models_of_one_scale_a_tensor_answer_to_the_bit),
        cmocka_unit_test(uint8_models_answer_to_the_bit),
        cmocka_unit_test(other_forms_answer_to_the_bit),
        cmocka_unit_test(uint8_models_have_tocos_scales_and_answers),
#endif
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
