/* SPDX-License-Identifier: Apache-2.0 */
/* Folding: the answers stay, layers are left to do nothing, and what must not be folded is not. */
#include "failing_allocator.h"
#include "product_forms.h"
#include "scratch_files.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tare/batch_norm.h>
#include <tare/layer.h>
#include <tare/norm.h>
#include <tare/op.h>
#include <tare/zoo.h>

#include "array/array.h"
#include "graph/graph.h"
#include "op/rules.h"

#define WORST 2e-6 /* of the outputs' range, in float32 */

/* A network of one chain, in float32 or float64 with the same numbers. */
typedef struct chain {
    tare_graph *graph;
    tare_session *session;
    tare_network network;
    tare_dtype dtype;
} chain;

/* ------------------------------------------------------------------------------------- numbers */

static double number(int64_t i, int64_t seed) {
    return (double)(float)sin((double)(3 * i * i + i + 100 * seed));
}

/* Numbers that float32 holds: those of layers as training leaves them. */
static void set_variables(tare_graph *graph, tare_session *session) {
    const size_t count = tare_collection_count(graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t v = 0; v < count; v++) {
        const tare_tensor variable = tare_collection_item(graph, TARE_GLOBAL_VARIABLES, NULL, v);
        const char *name = tare_tensor_name(variable);
        tare_array *array = NULL;
        if (!tare_dtype_is_floating(tare_tensor_dtype(variable), NULL)) continue;
        assert_int_equal(
            tare_array_new(tare_tensor_dtype(variable), tare_tensor_shape(variable), NULL, &array),
            TARE_OK);
        for (int64_t i = 0; i < tare_array_count(array); i++) {
            const double some = number(i, (int64_t)v);
            const bool positive = strstr(name, "variance") || strstr(name, "gamma");
            tare_array_set_number(array, i, (double)(float)(positive ? .5 + fabs(some) : some));
        }
        assert_int_equal(tare_session_set(session, name, array), TARE_OK);
        tare_array_free(array);
    }
}

static tare_array *inputs_of(tare_dtype dtype, tare_shape shape, int64_t count) {
    tare_array *array = NULL;
    shape.extents[0] = count;
    assert_int_equal(tare_array_new(dtype, shape, NULL, &array), TARE_OK);
    for (int64_t i = 0; i < tare_array_count(array); i++)
        tare_array_set_number(array, i, number(i, 7));
    return array;
}

static tare_array *run(tare_session *session, tare_tensor x, tare_tensor y, int64_t count) {
    tare_array *result = NULL, *copy = NULL;
    tare_array *inputs = inputs_of(tare_tensor_dtype(x), tare_tensor_shape(x), count);
    const tare_feed feed = {x, inputs};
    if (tare_session_run(session, &feed, 1, &y, 1, &result))
        fail_msg("%s", tare_session_message(session));
    assert_int_equal(tare_array_copy_of(tare_array_dtype(result), tare_array_shape(result),
                                        tare_array_const_data(result), &copy),
                     TARE_OK);
    tare_array_free(inputs);
    return copy;
}

/* The greatest difference, in shares of b's range. */
static double difference(const tare_array *a, const tare_array *b) {
    double worst = 0, least = INFINITY, most = -INFINITY;
    assert_int_equal(tare_array_count(a), tare_array_count(b));
    for (int64_t i = 0; i < tare_array_count(a); i++) {
        const double y = tare_array_number(b, i), apart = fabs(tare_array_number(a, i) - y);
        if (!(apart <= worst)) worst = apart;
        least = fmin(least, y);
        most = fmax(most, y);
    }
    assert_true(most > least);
    return worst / (most - least);
}

/* -------------------------------------------------------------------------------------- chains */

static chain begin(tare_dtype dtype, tare_shape shape, const tare_allocator *allocator) {
    chain c = {.graph = tare_graph_new_with(allocator), .dtype = dtype};
    c.network.struct_size = sizeof c.network;
    c.network.inputs = tare_placeholder(c.graph, dtype, shape, .name = "x");
    c.network.training = tare_placeholder_with_default(c.graph, TARE_FALSE, .name = "training");
    return c;
}

static void open_chain(chain *c, tare_tensor logits, bool merge) {
    tare_session_options options = {TARE_SESSION_DEFAULTS};
    options.threads = 1;
    options.merge = merge;
    c->network.logits = logits;
    if (tare_graph_status(c->graph)) fail_msg("%s", tare_message(c->graph));
    assert_int_equal(tare_session_new_with(c->graph, &options, &c->session, NULL), TARE_OK);
    assert_int_equal(tare_session_initialize(c->session), TARE_OK);
    set_variables(c->graph, c->session);
}

static void close_chain(chain *c) {
    tare_session_free(c->session);
    tare_graph_free(c->graph);
}

static tare_folding *fold(const chain *c) {
    tare_folding *folding = NULL;
    tare_error error = {0};
    if (tare_fold(c->session, &c->network, NULL, &folding, &error, .examples = 0))
        fail_msg("%s", error.message);
    return folding;
}

static const tare_folded_layer *only_layer(const tare_folding *folding) {
    assert_int_equal(tare_folding_count(folding), 1);
    assert_null(tare_folding_layer(folding, 1));
    return tare_folding_layer(folding, 0);
}

/* Folds the only layer and wants it to stay, for that reason. */
static void assert_stays(chain *c, const char *reason) {
    tare_array *before = run(c->session, c->network.inputs, c->network.logits, 3);
    tare_folding *folding = fold(c);
    const tare_folded_layer *layer = tare_folding_layer(folding, 0);
    assert_non_null(layer);
    if (layer->product || !layer->reason || !strstr(layer->reason, reason))
        fail_msg("wanted it to stay for '%s', got '%s'", reason,
                 layer->reason ? layer->reason : "nothing");
    tare_array *after = run(c->session, c->network.inputs, c->network.logits, 3);
    assert_memory_equal(tare_array_const_data(after), tare_array_const_data(before),
                        tare_array_bytes(before));
    tare_array_free(before);
    tare_array_free(after);
    tare_folding_free(folding);
    close_chain(c);
}

/* One way to put product and layer together. */
typedef struct way {
    const form *form;
    bool first, biased, before; /* channels first; a bias; the layer stands before the product */
} way;

static chain build(const way *w, tare_dtype dtype, bool merge) {
    const int data_format = w->first ? TARE_CHANNELS_FIRST : TARE_CHANNELS_LAST;
    chain c = begin(dtype, input_shape(w->form, w->first), NULL);
    const tare_list axis = w->first ? TARE_LIST(1) : TARE_LIST(-1);
    tare_tensor y = c.network.inputs;
    if (w->before) y = tare_batch_norm(y, .axis = axis, .training = c.network.training);
    y = w->form->build(y, data_format, w->biased);
    if (!w->before) y = tare_batch_norm(y, .axis = axis, .training = c.network.training);
    open_chain(&c, y, merge);
    return c;
}

static void check_way(const way *w, tare_dtype dtype) {
    chain c = build(w, dtype, true), exact = build(w, TARE_FLOAT64, false);
    tare_array *want = run(exact.session, exact.network.inputs, exact.network.logits, 3);
    tare_folding *folding = fold(&c);
    const tare_folded_layer *layer = only_layer(folding);
    if (!layer->product) fail_msg("%s stays: %s", w->form->name, layer->reason);
    assert_int_equal(layer->before, w->before);
    tare_array *got = run(c.session, c.network.inputs, c.network.logits, 3);
    const double worst = difference(got, want);
    if (!(worst <= (dtype == TARE_FLOAT64 ? 1e-14 : WORST)))
        fail_msg("%s: %g of the range", w->form->name, worst);
    tare_array_free(want);
    tare_array_free(got);
    tare_folding_free(folding);
    close_chain(&c);
    close_chain(&exact);
}

static void every_product_takes_the_layer_behind_it(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (int which = 0; which < 8; which++) {
            const way w = {&forms[i], .first = which >> 1 & 1, .biased = which >> 2 & 1};
            if (w.first && !w.form->spatial) continue;
            check_way(&w, which & 1 ? TARE_FLOAT64 : TARE_FLOAT32);
        }
}

static void products_that_pad_nothing_take_the_layer_before_them(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (int which = 0; which < 4; which++) {
            const way w = {&forms[i], .first = which >> 1 & 1, .biased = true, .before = true};
            if (!w.form->exact || (w.first && !w.form->spatial)) continue;
            check_way(&w, which & 1 ? TARE_FLOAT64 : TARE_FLOAT32);
        }
}

/* After folding the layer gives its input back, or its input and the shift. */
static void a_folded_layer_leaves_its_input_as_it_is(void **state) {
    (void)state;
    static const double epsilons[] = {0, 1e-5, 1.001e-5, 1e-3, .1, .3, .5, .7, .999};
    for (size_t i = 0; i < sizeof epsilons / sizeof *epsilons; i++)
        for (int wide = 0; wide < 2; wide++) {
            chain c = begin(wide ? TARE_FLOAT64 : TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
            const tare_tensor x = tare_dense(c.network.inputs, 5);
            const tare_tensor y =
                tare_batch_norm(x, .training = c.network.training, .epsilon = epsilons[i],
                                .fused = TARE_FUSED_FALSE);
            open_chain(&c, y, false);
            tare_folding_free(fold(&c));
            tare_array *a = run(c.session, c.network.inputs, x, 4),
                       *b = run(c.session, c.network.inputs, y, 4);
            assert_memory_equal(a->data, b->data, a->bytes);
            tare_array_free(a);
            tare_array_free(b);
            close_chain(&c);
        }
}

/* Without beta the shift has a place all the same. */
static void a_layer_without_gamma_and_beta_is_folded_too(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT64, TARE_SHAPE(ANY, 6), NULL);
    const tare_tensor y =
        tare_batch_norm(tare_dense(c.network.inputs, 5, .use_bias = false),
                        .training = c.network.training, .center = false, .scale = false);
    open_chain(&c, y, false);
    tare_array *before = run(c.session, c.network.inputs, y, 4);
    tare_folding *folding = fold(&c);
    assert_non_null(only_layer(folding)->product);
    tare_array *after = run(c.session, c.network.inputs, y, 4);
    assert_true(difference(after, before) <= 1e-14);
    tare_array_free(before);
    tare_array_free(after);
    tare_folding_free(folding);
    close_chain(&c);
}

/* ---------------------------------------------------------------------------------------- links */

static tare_tensor variable_of(tare_tensor y, const char *name) {
    const tare_shape shape = tare_tensor_shape(y);
    return tare_get_variable(y.graph, name, TARE_SHAPE(shape.extents[shape.rank - 1]),
                             .dtype = tare_tensor_dtype(y));
}

/* A product, what the letters say, and a normalisation: Multiply, Add, Subtract, Bias, Normalise,
 * normalise Plainly, without gamma and beta; a stroke stands for the normalisation where it is not
 * the last. */
static chain build_links(const char *letters, bool spatial, bool biased, tare_dtype dtype,
                         bool merge) {
    const tare_shape shape = spatial ? TARE_SHAPE(ANY, 5, 4, 2) : TARE_SHAPE(ANY, 6);
    chain c = begin(dtype, shape, NULL);
    tare_tensor y = spatial ? tare_conv2d(c.network.inputs, 3, TARE_LIST(3),
                                          .padding = TARE_PADDING_SAME, .use_bias = biased)
                            : tare_dense(c.network.inputs, 5, .use_bias = biased);
    const bool last = strchr(letters, '/') == NULL;
    for (int i = 0; letters[i] != 0; i++) {
        char name[32];
        snprintf(name, sizeof name, "link_%c%d", letters[i], i);
        switch (letters[i]) {
        case 'm':
            y = tare_mul(y, variable_of(y, name));
            break;
        case 'a':
            y = tare_add(y, variable_of(y, name));
            break;
        case 's':
            y = tare_sub(y, variable_of(y, name));
            break;
        case 'b':
            y = tare_bias_add(y, variable_of(y, name));
            break;
        case 'p':
            y = tare_batch_norm(y, .training = c.network.training, .center = false, .scale = false);
            break;
        default:
            y = tare_batch_norm(y, .training = c.network.training);
            break;
        }
    }
    if (last) y = tare_batch_norm(y, .training = c.network.training);
    open_chain(&c, y, merge);
    return c;
}

/* Links multiply by 1 and add 0 now; one of them may add the shift. */
static void assert_links_rest(const chain *c, bool biased) {
    int shifts = 0;
    const size_t count = tare_collection_count(c->graph, TARE_GLOBAL_VARIABLES, NULL);
    for (size_t v = 0; v < count; v++) {
        const char *name =
            tare_tensor_name(tare_collection_item(c->graph, TARE_GLOBAL_VARIABLES, NULL, v));
        tare_array *array = NULL;
        if (strncmp(name, "link_", 5) != 0) continue;
        assert_int_equal(tare_session_get(c->session, name, &array), TARE_OK);
        const double rest = name[5] == 'm';
        bool rests = true;
        for (int64_t i = 0; i < array->count; i++)
            rests = rests && tare_array_number(array, i) == rest;
        if (!rests && name[5] == 'm') fail_msg("%s still multiplies", name);
        shifts += !rests;
        tare_array_free(array);
    }
    assert_true(shifts <= !biased);
}

static void check_links(const char *letters, bool spatial, bool biased, tare_dtype dtype) {
    chain c = build_links(letters, spatial, biased, dtype, true),
          exact = build_links(letters, spatial, biased, TARE_FLOAT64, false);
    tare_array *want = run(exact.session, exact.network.inputs, exact.network.logits, 3);
    tare_folding *folding = fold(&c);
    for (size_t i = 0; i < tare_folding_count(folding); i++) {
        const tare_folded_layer *layer = tare_folding_layer(folding, i);
        if (!layer->product) fail_msg("%s: %s stays: %s", letters, layer->name, layer->reason);
    }
    tare_array *got = run(c.session, c.network.inputs, c.network.logits, 3);
    const double worst = difference(got, want);
    if (!(worst <= (dtype == TARE_FLOAT64 ? 1e-14 : WORST)))
        fail_msg("%s: %g of the range", letters, worst);
    assert_links_rest(&c, biased);
    tare_array_free(want);
    tare_array_free(got);
    tare_folding_free(folding);
    close_chain(&c);
    close_chain(&exact);
}

static void links_between_a_product_and_its_layer_join_it(void **state) {
    (void)state;
    static const char *const chains[] = {"m",    "a",   "s",    "b",    "ma",    "am",   "bm",
                                         "sm",   "n",   "nn",   "pn",   "p",     "mnas", "bnmp",
                                         "anmn", "mab", "bb",   "ss",   "msm",   "mmaa", "/m",
                                         "/a",   "/sm", "m/ab", "a/mn", "/mana", "p/nm", "s/pss"};
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++)
        for (int which = 0; which < 8; which++)
            check_links(chains[i], which & 1, which & 2, which & 4 ? TARE_FLOAT64 : TARE_FLOAT32);
}

static tare_tensor normal(const chain *c, tare_tensor x) {
    return tare_batch_norm(x, .training = c->network.training, .name = "bn");
}

static void links_that_are_none_of_the_channels_keep_a_layer(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    tare_tensor y = tare_dense(c.network.inputs, 4);
    y = tare_mul(y, tare_get_variable(c.graph, "one", TARE_SHAPE(1)));
    open_chain(&c, normal(&c, y), true);
    assert_stays(&c, "has not one number for each channel");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 2, 5, 4), NULL);
    y = tare_conv2d(c.network.inputs, 4, TARE_LIST(1), .data_format = TARE_CHANNELS_FIRST);
    y = tare_mul(y, tare_get_variable(c.graph, "last", TARE_SHAPE(4)));
    open_chain(&c, tare_batch_norm(y, .axis = TARE_LIST(1), .training = c.network.training), true);
    assert_stays(&c, "has not one number for each channel");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    y = tare_dense(c.network.inputs, 4);
    const tare_tensor v = tare_get_variable(c.graph, "v", TARE_SHAPE(4));
    open_chain(&c, tare_add(normal(&c, tare_mul(y, v)), v), true);
    assert_stays(&c, "is no product");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    y = tare_mul(tare_dense(c.network.inputs, 4), tare_get_variable(c.graph, "v", TARE_SHAPE(4)));
    open_chain(&c, tare_add(normal(&c, y), y), true);
    assert_stays(&c, "'Mul' is read elsewhere too, as it is");
}

/* ------------------------------------------------------------------------------------- refusals */

static void what_others_read_is_not_folded(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    const tare_tensor x = tare_dense(c.network.inputs, 6);
    open_chain(&c, tare_add(normal(&c, x), x), true);
    assert_stays(&c, "'dense/BiasAdd' is read elsewhere too");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    const tare_tensor w = tare_get_variable(c.graph, "w", TARE_SHAPE(6, 6));
    const tare_tensor first = tare_matmul(c.network.inputs, w);
    open_chain(&c, tare_matmul(normal(&c, first), w), true);
    assert_stays(&c, "the weights of 'MatMul' are no variable of its own");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    const tare_tensor fed = tare_matmul(
        c.network.inputs, tare_square(tare_get_variable(c.graph, "w", TARE_SHAPE(6, 6))));
    open_chain(&c, normal(&c, fed), true);
    assert_stays(&c, "no variable of its own");
}

static void a_layer_in_two_places_is_not_folded(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    const tare_tensor a = normal(&c, tare_dense(c.network.inputs, 5));
    const tare_tensor b =
        tare_batch_norm(tare_dense(c.network.inputs, 5), .training = c.network.training,
                        .name = "bn", .reuse = TARE_REUSE_TRUE);
    open_chain(&c, tare_add(a, b), true);
    assert_stays(&c, "it stands in several places");
}

static void padding_and_a_missing_bias_keep_a_layer_before_its_product(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 5, 5, 2), NULL);
    open_chain(
        &c,
        tare_conv2d(normal(&c, c.network.inputs), 3, TARE_LIST(3), .padding = TARE_PADDING_SAME),
        true);
    assert_stays(&c, "cannot take it: it pads its input");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 5, 5, 2), NULL);
    open_chain(&c, tare_conv2d_transpose(normal(&c, c.network.inputs), 3, TARE_LIST(3)), true);
    assert_stays(&c, "do not all reach every place");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    open_chain(&c, tare_dense(normal(&c, c.network.inputs), 3, .use_bias = false), true);
    assert_stays(&c, "has no bias to take its shift");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    open_chain(&c, tare_dense(tare_relu(normal(&c, c.network.inputs)), 3), true);
    assert_stays(&c, "what it normalises, 'x', is no product; what follows, 'Relu', is none");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    open_chain(&c, normal(&c, c.network.inputs), true);
    assert_stays(&c, "nothing follows that could take it");
}

static void layers_that_are_not_affine_maps_of_the_channels_stay(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 5, 5, 2), NULL);
    const tare_tensor x = tare_conv2d(c.network.inputs, 3, TARE_LIST(3));
    open_chain(&c, tare_batch_norm(x, .training = c.network.training, .axis = TARE_LIST(1)), true);
    assert_stays(&c, "it does not normalise the channels of 'conv2d/Conv2D'");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    open_chain(&c, tare_batch_norm(tare_dense(c.network.inputs, 3), .training = TARE_TRUE), true);
    assert_stays(&c, "not on the way to the network's answer");

    c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    open_chain(&c,
               tare_batch_norm(tare_dense(c.network.inputs, 3), .training = c.network.training,
                               .epsilon = 1),
               true);
    assert_stays(&c, "epsilon of 1");
}

static void numbers_that_are_not_finite_stay_where_they_are(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    open_chain(&c, normal(&c, tare_dense(c.network.inputs, 2)), true);
    const float bad[] = {1, -2};
    tare_array *variance = NULL;
    assert_int_equal(tare_array_copy_of(TARE_FLOAT32, TARE_SHAPE(2), bad, &variance), TARE_OK);
    assert_int_equal(tare_session_set(c.session, "bn/moving_variance", variance), TARE_OK);
    tare_array_free(variance);
    assert_stays(&c, "not finite");
}

static void arguments_are_checked(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    tare_error error = {0};
    tare_folding *folding = NULL;
    open_chain(&c, normal(&c, tare_dense(c.network.inputs, 2)), true);
    assert_int_equal(tare_fold(NULL, &c.network, NULL, &folding, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_fold(c.session, NULL, NULL, &folding, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_fold(c.session, &c.network, NULL, NULL, &error), TARE_ERROR_ARGUMENT);
    assert_int_equal(tare_fold(c.session, &c.network, NULL, &folding, &error, .examples = -1),
                     TARE_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "examples"));
    tare_session *blank = NULL;
    assert_int_equal(tare_session_new(c.graph, &blank, .threads = 1), TARE_OK);
    assert_int_equal(tare_fold(blank, &c.network, NULL, &folding, &error, .examples = 0),
                     TARE_ERROR_UNINITIALIZED);
    assert_null(folding);
    tare_session_free(blank);
    c.network.logits = TARE_NULL;
    assert_int_equal(tare_fold(c.session, &c.network, NULL, &folding, &error), TARE_ERROR_ARGUMENT);
    close_chain(&c);
}

/* --------------------------------------------------------------------------- networks of the zoo
 */

/* The nodes that logits need once more in float64, in a graph of its own. */
typedef struct twin {
    tare_graph *from, *to;
    const tare_session *numbers;
    tare_tensor *nodes; /* by id of `from` */
} twin;

static tare_tensor double_constant(const twin *t, const tare_array *array) {
    tare_array *wide = NULL;
    if (array->dtype != TARE_FLOAT32) return tare_constant(t->to, array);
    assert_int_equal(tare_array_new(TARE_FLOAT64, array->shape, NULL, &wide), TARE_OK);
    for (int64_t i = 0; i < array->count; i++)
        tare_array_set_number(wide, i, tare_array_number(array, i));
    const tare_tensor constant = tare_constant(t->to, wide);
    tare_array_free(wide);
    return constant;
}

static tare_tensor twin_of(twin *t, const tare_node *node) {
    tare_tensor inputs[8];
    if (node->def->flags & TARE_OP_VARIABLE) {
        tare_array *value = NULL;
        assert_int_equal(tare_session_get((tare_session *)t->numbers, node->name, &value), TARE_OK);
        const tare_tensor constant = double_constant(t, value);
        tare_array_free(value);
        return constant;
    }
    if (node->def->flags & TARE_OP_CONSTANT)
        return double_constant(t, ((const tare_constant_node_options *)node->options)->array);
    if (node->def->flags & TARE_OP_PLACEHOLDER) {
        if (node->outputs[0].dtype == TARE_BOOL)
            return tare_placeholder_with_default(t->to, TARE_FALSE);
        return tare_placeholder(t->to, TARE_FLOAT64, node->outputs[0].shape, .name = "x");
    }
    assert_true(node->input_count <= 8);
    for (int32_t i = 0; i < node->input_count; i++) {
        const tare_edge edge = node->inputs[i];
        inputs[i] = edge.node ? tare_output(t->nodes[edge.node], edge.output) : TARE_NULL;
    }
    return tare_build(t->to, node->def->name, inputs, (size_t)node->input_count, node->options);
}

static tare_array *run_double(const chain *c, int64_t count) {
    const int64_t nodes = tare_graph_node_count(c->graph);
    twin t = {.from = c->graph, .to = tare_graph_new(), .numbers = c->session};
    char *needed = calloc((size_t)nodes + 1, 1);
    t.nodes = calloc((size_t)nodes + 1, sizeof *t.nodes);
    assert_true(needed && t.nodes);
    const tare_node *logits = tare_tensor_node(c->network.logits);
    needed[logits->id] = 1;
    for (int32_t id = (int32_t)nodes; id > 0; id--)
        for (int32_t i = 0; needed[id] && i < tare_graph_node(c->graph, id)->input_count; i++)
            needed[tare_graph_node(c->graph, id)->inputs[i].node] = 1;
    for (int32_t id = 1; id <= nodes; id++)
        if (needed[id]) t.nodes[id] = twin_of(&t, tare_graph_node(c->graph, id));
    if (tare_graph_status(t.to)) fail_msg("%s", tare_message(t.to));
    tare_session *session = NULL;
    assert_int_equal(tare_session_new(t.to, &session, .threads = 1, .merge = false), TARE_OK);
    tare_array *result =
        run(session, t.nodes[tare_tensor_node(c->network.inputs)->id], t.nodes[logits->id], count);
    tare_session_free(session);
    tare_graph_free(t.to);
    free(needed);
    free(t.nodes);
    return result;
}

static void networks_of_the_zoo_keep_their_answers(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t layers;
    } networks[] = {{"mlp_bn", 2},  {"lenet_bn", 4},   {"heatmap", 5},
                    {"fashion", 4}, {"mobilenet", 11}, {"resnet20", 21}};
    for (size_t n = 0; n < sizeof networks / sizeof *networks; n++) {
        chain c = {.graph = tare_graph_new()};
        c.network.struct_size = sizeof c.network;
        tare_graph_set_seed(c.graph, 5);
        assert_int_equal(tare_zoo_build(c.graph, networks[n].name, NULL, &c.network, NULL),
                         TARE_OK);
        open_chain(&c, c.network.logits, true);
        tare_array *want = run_double(&c, 2);
        tare_folding *folding = NULL;
        tare_error error = {0};
        if (tare_fold(c.session, &c.network, NULL, &folding, &error, .examples = 2))
            fail_msg("%s", error.message);
        assert_int_equal(tare_folding_count(folding), networks[n].layers);
        for (size_t i = 0; i < networks[n].layers; i++)
            assert_non_null(tare_folding_layer(folding, i)->product);
        tare_array *got = run(c.session, c.network.inputs, c.network.logits, 2);
        const double worst = difference(got, want);
        if (!(worst <= WORST)) fail_msg("%s: %g of the range", networks[n].name, worst);
        tare_fold_difference told = {.struct_size = sizeof told};
        assert_int_equal(tare_folding_difference(folding, &told), TARE_OK);
        assert_true(told.drawn && told.examples == 2 && told.range > 0);
        assert_true(told.worst <= 2 * WORST * told.range);
        tare_array_free(want);
        tare_array_free(got);
        tare_folding_free(folding);
        close_chain(&c);
    }
}

/* -------------------------------------------------------------------------------------- reports */

static void the_report_names_layers_products_and_reasons(void **state) {
    (void)state;
    chain c = begin(TARE_FLOAT32, TARE_SHAPE(ANY, 6), NULL);
    tare_tensor x = normal(&c, tare_dense(c.network.inputs, 5));
    x = tare_batch_norm(tare_relu(x), .training = c.network.training, .name = "other");
    open_chain(&c, tare_relu(x), true);
    tare_folding *folding = NULL;
    assert_int_equal(tare_fold(c.session, &c.network, NULL, &folding, NULL), TARE_OK);
    char *text = tare_folding_text(folding), *json = tare_folding_json(folding);
    assert_non_null(strstr(text, "bn  into 'dense/MatMul'\n"));
    assert_non_null(strstr(text, "other  stays: what it normalises, 'Relu', is no product"));
    assert_non_null(strstr(text, "1 of 2 batch normalisations folded\nworst difference "));
    assert_non_null(strstr(text, "(64 drawn examples)\n"));
    assert_non_null(strstr(json, "\"layer\": \"bn\", \"folded\": true, \"product\": "
                                 "\"dense/MatMul\", \"before\": false, \"reason\": null"));
    assert_non_null(strstr(json, "\"folded\": 1, \"difference\": {\"examples\": 64, "
                                 "\"drawn\": true, \"worst\": "));
    tare_text_free(text);
    tare_text_free(json);
    tare_folding_free(folding);
    assert_null(tare_folding_text(NULL));
    close_chain(&c);
}

#ifdef TARE_HAVE_JANSSON
/* The file alone gives the answer: x kernel + bias. */
static void check_saved_weights(const char *letters) {
    chain c = build_links(letters, false, false, TARE_FLOAT64, false);
    tare_array *x = inputs_of(TARE_FLOAT64, TARE_SHAPE(3, 6), 3), *kernel = NULL, *bias = NULL;
    tare_array *want = run(c.session, c.network.inputs, c.network.logits, 3);
    tare_folding *folding = fold(&c);
    tare_error error = {0};
    tare_safetensors *file = NULL;
    const char *path = scratch("plain.safetensors");
    if (tare_folding_save_weights(folding, path, &error)) fail_msg("%s", error.message);
    assert_int_equal(tare_safetensors_open(path, &file, NULL), TARE_OK);
    assert_int_equal(tare_safetensors_count(file), 2);
    assert_int_equal(tare_safetensors_read(file, "dense/kernel", &kernel, NULL), TARE_OK);
    assert_int_equal(tare_safetensors_read(file, "dense/bias", &bias, NULL), TARE_OK);
    for (int64_t row = 0; row < 3; row++)
        for (int64_t column = 0; column < 5; column++) {
            double sum = tare_array_number(bias, column);
            for (int64_t k = 0; k < 6; k++)
                sum +=
                    tare_array_number(x, row * 6 + k) * tare_array_number(kernel, k * 5 + column);
            const double answer = tare_array_number(want, row * 5 + column);
            if (!(fabs(sum - answer) < 1e-13))
                fail_msg("%s: %.17g, not %.17g", letters, sum, answer);
        }
    tare_safetensors_close(file);
    tare_array_free(x);
    tare_array_free(kernel);
    tare_array_free(bias);
    tare_array_free(want);
    tare_folding_free(folding);
    close_chain(&c);
}

static void saved_weights_need_no_batch_normalisation(void **state) {
    (void)state;
    check_saved_weights("");
    check_saved_weights("n"); /* one bias, whichever layer keeps the shift */
    check_saved_weights("p");
    check_saved_weights("npn");
}
#endif

static void memory_may_fail_at_any_place(void **state) {
    (void)state;
    failing_allocator failing;
    chain c = begin(TARE_FLOAT64, TARE_SHAPE(ANY, 6), failing_allocator_start(&failing, 0));
    open_chain(&c, normal(&c, tare_dense(c.network.inputs, 5)), true);
    tare_array *before = run(c.session, c.network.inputs, c.network.logits, 3);
    tare_folding *folding = NULL;
    tare_status status = TARE_ERROR_MEMORY;
    for (int64_t nth = 1; status != TARE_OK; nth++) {
        const int64_t blocks = failing.blocks;
        failing.fail_at = failing.calls + nth;
        status = tare_fold(c.session, &c.network, NULL, &folding, NULL, .examples = 0);
        failing.fail_at = 0;
        if (status != TARE_OK) {
            assert_int_equal(status, TARE_ERROR_MEMORY);
            assert_null(folding);
            assert_int_equal(failing.blocks, blocks);
        }
        assert_true(nth < 3000);
    }
    tare_array *after = run(c.session, c.network.inputs, c.network.logits, 3);
    assert_true(difference(after, before) <= 1e-13);
    tare_array_free(before);
    tare_array_free(after);
    tare_folding_free(folding);
    close_chain(&c);
    assert_true(failing_allocator_is_clean(&failing));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_product_takes_the_layer_behind_it),
        cmocka_unit_test(products_that_pad_nothing_take_the_layer_before_them),
        cmocka_unit_test(a_folded_layer_leaves_its_input_as_it_is),
        cmocka_unit_test(a_layer_without_gamma_and_beta_is_folded_too),
        cmocka_unit_test(links_between_a_product_and_its_layer_join_it),
        cmocka_unit_test(links_that_are_none_of_the_channels_keep_a_layer),
        cmocka_unit_test(what_others_read_is_not_folded),
        cmocka_unit_test(a_layer_in_two_places_is_not_folded),
        cmocka_unit_test(padding_and_a_missing_bias_keep_a_layer_before_its_product),
        cmocka_unit_test(layers_that_are_not_affine_maps_of_the_channels_stay),
        cmocka_unit_test(numbers_that_are_not_finite_stay_where_they_are),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(networks_of_the_zoo_keep_their_answers),
        cmocka_unit_test(the_report_names_layers_products_and_reasons),
#ifdef TARE_HAVE_JANSSON
        cmocka_unit_test(saved_weights_need_no_batch_normalisation),
#endif
        cmocka_unit_test(memory_may_fail_at_any_place),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
