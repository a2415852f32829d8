/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group program: whole small networks over several steps, one builder per name, each the program of
 * that name in the whole set's groups/program.py.
 */
#include "golden.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------- what they have in
 * common */

static double real(const golden_case *c, const char *field, double otherwise) {
    return golden_real(c->spec, field, otherwise);
}

/* Extents of a field, after an open batch. */
static tare_shape batch_of(const golden_case *c, const char *field, tare_shape otherwise) {
    const json_t *list = json_object_get(c->spec, field);
    tare_shape shape = list ? golden_shape(list) : otherwise, batched = {.rank = shape.rank + 1};
    batched.extents[0] = TARE_ANY;
    for (int32_t i = 0; i < shape.rank; i++) batched.extents[i + 1] = shape.extents[i];
    return batched;
}

static void typed_inputs(golden_case *c, golden_training *p, tare_shape shape, tare_dtype dtype,
                         tare_shape labels, tare_tensor *x, tare_tensor *y) {
    *x = tare_placeholder(c->graph, golden_dtype(c), shape, .name = "x");
    *y = tare_placeholder(c->graph, dtype, labels, .name = "y");
    p->training = tare_placeholder_with_default(c->graph, TARE_FALSE, .name = "training");
    golden_training_feed(p, "x", *x);
    golden_training_feed(p, "y", *y);
}

/* Inputs and class numbers. */
static void inputs(golden_case *c, golden_training *p, tare_shape shape, tare_tensor *x,
                   tare_tensor *y) {
    typed_inputs(c, p, shape, TARE_INT32, TARE_SHAPE(TARE_ANY), x, y);
}

/* Mean cross-entropy of class numbers. */
static tare_tensor cross_entropy(tare_tensor labels, tare_tensor logits) {
    return tare_reduce_mean(tare_sparse_softmax_cross_entropy_with_logits(labels, logits));
}

static tare_optimizer optimizer_of(golden_case *c, const char *otherwise) {
    tare_optimizer optimizer = {.graph = c->graph};
    json_t *options = json_copy(json_object_get(c->spec, "optimizer_options"));
    if (!options) options = json_object();
    json_object_set_new(options, "learning_rate", json_real(real(c, "rate", 0.1)));
    golden_build_optimizer(c, golden_text(c->spec, "optimizer", otherwise), options, &optimizer);
    json_decref(options);
    return optimizer;
}

/* Which variance reaches moving_variance: in float64, which TensorFlow does not fuse, that of the
 * float32 program it stands for. */
static int moving_variance(const golden_case *c, tare_tensor x) {
    return c->wide && tare_tensor_shape(x).rank == 4 ? TARE_MOVING_VARIANCE_UNBIASED
                                                     : TARE_MOVING_VARIANCE_BY_FUSED;
}

/* Members of UPDATE_OPS from `first` on, at most `room`. */
static size_t update_ops(const golden_case *c, size_t first, tare_tensor *items, size_t room) {
    size_t count = tare_collection_count(c->graph, TARE_UPDATE_OPS, NULL), taken = 0;
    for (size_t i = first; i < count && taken < room; i++)
        items[taken++] = tare_collection_item(c->graph, TARE_UPDATE_OPS, NULL, i);
    return taken;
}

/* minimize behind UPDATE_OPS, the way TensorFlow's manual recommends. */
static void train_op(golden_case *c, golden_training *p) {
    tare_tensor updates[16];
    size_t count = update_ops(c, 0, updates, 16);
    tare_optimizer optimizer = optimizer_of(c, "train.GradientDescentOptimizer");
    tare_control_dependencies_begin(c->graph, updates, count);
    p->runs[0].operations[0] = tare_minimize(optimizer, p->cost, .updates = TARE_UPDATES_MANUAL);
    tare_control_dependencies_end(c->graph);
    p->runs[0].count = p->run_count = 1;
}

static void watch(golden_training *p, const char *name, tare_tensor tensor) {
    golden_watch_add(&p->watch, "out", name, tensor);
}

static int64_t element(const json_t *list, size_t i, int64_t otherwise) {
    const json_t *value = json_array_get(list, i);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

/* -------------------------------------------------------------------------------------- programs
 */

/* LeNet with batch normalisation before every sigmoid, as in the textbook. */
static void lenet(golden_case *c, golden_training *p) {
    static const int64_t default_filters[] = {6, 16}, default_units[] = {120, 84};
    const json_t *filters = json_object_get(c->spec, "filters");
    const json_t *units = json_object_get(c->spec, "units");
    double momentum = real(c, "momentum", 0.9), epsilon = real(c, "epsilon", 1e-5);
    bool average = strcmp(golden_text(c->spec, "pool", "avg"), "max") != 0;
    tare_tensor x, y, h;
    inputs(c, p, batch_of(c, "image", TARE_SHAPE(28, 28, 1)), &x, &y);
    h = x;
    for (size_t i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "pool%zu", i);
        h = tare_conv2d(h, element(filters, i, default_filters[i]), TARE_LIST(5));
        h = tare_sigmoid(tare_batch_norm(h, .moving_variance = moving_variance(c, h),
                                         .training = p->training, .momentum = momentum,
                                         .epsilon = epsilon));
        h = average ? tare_nn_avg_pool2d(h) : tare_nn_max_pool2d(h);
        watch(p, name, h);
    }
    h = tare_flatten(h);
    for (size_t i = 0; i < 2; i++) {
        h = tare_dense(h, element(units, i, default_units[i]));
        h = tare_sigmoid(tare_batch_norm(h, .moving_variance = moving_variance(c, h),
                                         .training = p->training, .momentum = momentum,
                                         .epsilon = epsilon));
    }
    tare_tensor logits = tare_dense(h, golden_integer(c->spec, "classes", 10));
    p->cost = cross_entropy(y, logits);
    watch(p, "logits", logits);
    watch(p, "cost", p->cost);
    train_op(c, p);
}

/* y normalised with moments over axes, by hand. */
static tare_tensor by_moments(tare_tensor x, tare_list axes, bool keep, tare_tensor scale,
                              tare_tensor offset, tare_tensor *mean) {
    *mean = tare_moments(x, .axes = axes, .keep_dims = keep);
    return tare_batch_normalization(x, *mean, tare_output(*mean, 1), offset, scale);
}

/* Three ways to normalise one convolution, of which the option `way` is trained on. */
static void channel_wise(golden_case *c, golden_training *p) {
    tare_tensor x, y, mean, mean2;
    tare_shape image = batch_of(c, "image", TARE_SHAPE(5, 5, 2));
    inputs(c, p, image, &x, &y);
    tare_tensor kernel = tare_get_variable(
        c->graph, "kernel", TARE_SHAPE(3, 3, image.extents[3], 4), .dtype = golden_dtype(c));
    tare_tensor conv = tare_nn_conv2d(x, kernel, .padding = TARE_PADDING_SAME);
    tare_variable_scope_begin(c->graph, "by_hand", NULL, TARE_REUSE_INHERIT);
    tare_tensor scale = tare_get_variable(c->graph, "scale", TARE_SHAPE(4),
                                          .dtype = golden_dtype(c), .initializer = TARE_ONES);
    tare_tensor offset = tare_get_variable(c->graph, "offset", TARE_SHAPE(4),
                                           .dtype = golden_dtype(c), .initializer = TARE_ZEROS);
    tare_tensor channel = by_moments(conv, TARE_LIST(0, 1, 2), false, scale, offset, &mean);
    tare_tensor instance = by_moments(conv, TARE_LIST(1, 2), true, scale, offset, &mean2);
    tare_variable_scope_end(c->graph);
    tare_tensor slim = tare_slim_batch_norm(conv, .scale = true, .decay = real(c, "decay", 0.9),
                                            .is_training = p->training);
    const char *way = golden_text(c->spec, "way", "slim");
    tare_tensor chosen = !strcmp(way, "slim") ? slim : !strcmp(way, "channel") ? channel : instance;
    tare_tensor pooled = tare_reduce_mean(tare_relu(chosen), .axis = TARE_LIST(1, 2));
    tare_tensor logits = tare_dense(pooled, golden_integer(c->spec, "classes", 3));
    p->cost = cross_entropy(y, logits);
    watch(p, "channel", channel);
    watch(p, "instance", instance);
    watch(p, "slim", slim);
    watch(p, "mean", mean);
    watch(p, "variance", tare_output(mean, 1));
    watch(p, "logits", logits);
    watch(p, "cost", p->cost);
    train_op(c, p);
}

/* A normalisation layer called twice: its updates do not commute, so each call's are a run. */
static void residual(golden_case *c, golden_training *p) {
    double momentum = real(c, "momentum", 0.9);
    int64_t width = golden_integer(c->spec, "width", 3);
    tare_tensor x, y;
    inputs(c, p, batch_of(c, "image", TARE_SHAPE(6, 6, 2)), &x, &y);
    tare_tensor first = tare_conv2d(x, width, TARE_LIST(3), .padding = TARE_PADDING_SAME,
                                    .use_bias = false, .name = "conv1");
    tare_tensor h =
        tare_relu(tare_batch_norm(first, .moving_variance = moving_variance(c, first),
                                  .training = p->training, .momentum = momentum, .name = "shared"));
    tare_tensor second = tare_conv2d(h, width, TARE_LIST(3), .padding = TARE_PADDING_SAME,
                                     .use_bias = false, .name = "conv2");
    h = tare_batch_norm(second, .moving_variance = moving_variance(c, second),
                        .training = p->training, .momentum = momentum, .name = "shared",
                        .reuse = TARE_REUSE_TRUE);
    h = tare_relu(tare_add(h, first));
    tare_variable_scope_begin(c->graph, "out", NULL, TARE_REUSE_INHERIT);
    h = tare_batch_norm(h, .moving_variance = moving_variance(c, h), .training = p->training,
                        .momentum = momentum);
    tare_variable_scope_end(c->graph);
    tare_tensor pooled = tare_reduce_mean(h, .axis = TARE_LIST(1, 2));
    tare_tensor logits = tare_dense(pooled, golden_integer(c->spec, "classes", 3));
    p->cost = cross_entropy(y, logits);
    watch(p, "first", first);
    watch(p, "second", second);
    watch(p, "logits", logits);
    watch(p, "cost", p->cost);
    p->runs[0].count = update_ops(c, 0, p->runs[0].operations, 2);
    p->runs[1].count = update_ops(c, 2, p->runs[1].operations, 16);
    p->runs[2].operations[0] = tare_minimize(optimizer_of(c, "train.MomentumOptimizer"), p->cost,
                                             .updates = TARE_UPDATES_MANUAL);
    p->runs[2].count = 1;
    p->run_count = 3;
}

/* Clipped gradients applied behind UPDATE_OPS with a decaying rate, then averages of the weights.
 */
static void apply_everything(golden_case *c, golden_training *p) {
    tare_tensor variables[16], gradients[16], updates[16];
    size_t count = tare_collection_count(c->graph, TARE_TRAINABLE_VARIABLES, NULL);
    for (size_t i = 0; i < count && i < 16; i++)
        variables[i] = tare_collection_item(c->graph, TARE_TRAINABLE_VARIABLES, NULL, i);
    tare_tensor step = tare_global_step(c->graph);
    tare_tensor rate =
        tare_exponential_decay(tare_number(real(c, "rate", 0.05)), step, .decay_steps = 3,
                               .decay_rate = 0.7, .staircase = true);
    tare_optimizer adam = tare_adam(c->graph, .learning_rate = rate);
    tare_gradients(&p->cost, 1, variables, count, NULL, gradients);
    tare_tensor norm = tare_clip_by_global_norm(gradients, count,
                                                tare_number(real(c, "clip_norm", 0.5)), gradients);
    size_t update_count = update_ops(c, 0, updates, 16);
    tare_control_dependencies_begin(c->graph, updates, update_count);
    tare_tensor apply =
        tare_apply_gradients(adam, gradients, variables, count, .global_step = step);
    tare_control_dependencies_end(c->graph);
    tare_average average = tare_exponential_moving_average(
        c->graph, tare_number(real(c, "average", 0.9)), .num_updates = step);
    tare_control_dependencies_begin(c->graph, &apply, 1);
    p->runs[0].operations[0] = tare_average_apply(average, variables, count);
    tare_control_dependencies_end(c->graph);
    p->runs[0].count = p->run_count = 1;
    watch(p, "norm", norm);
    watch(p, "rate", rate);
}

static void everything(golden_case *c, golden_training *p) {
    /* weight_decay * l2_loss(w) = weight_decay / 2 * sum w^2 */
    const tare_regularizer decay = TARE_REGULARIZER(0, real(c, "weight_decay", 0.01) / 2);
    tare_tensor x, y;
    inputs(c, p, TARE_SHAPE(TARE_ANY, golden_integer(c->spec, "features", 6)), &x, &y);
    tare_tensor h = tare_dense(x, 5, .use_bias = false, .kernel_regularizer = decay);
    h = tare_elu(tare_batch_norm(h, .moving_variance = moving_variance(c, h),
                                 .training = p->training, .momentum = real(c, "momentum", 0.8),
                                 .gamma_regularizer = decay));
    tare_tensor logits =
        tare_dense(h, golden_integer(c->spec, "classes", 3), .kernel_regularizer = decay);
    tare_tensor penalty = tare_regularization_loss(c->graph, NULL);
    p->cost = tare_add(cross_entropy(y, logits), penalty);
    watch(p, "logits", logits);
    watch(p, "cost", p->cost);
    watch(p, "penalty", penalty);
    apply_everything(c, p);
}

/* The usual block; no bias, since batch normalisation would cancel it. */
static tare_tensor conv_norm_relu(const golden_case *c, tare_tensor x, int64_t filters,
                                  tare_tensor training, double momentum) {
    const tare_tensor h =
        tare_conv2d(x, filters, TARE_LIST(3), .padding = TARE_PADDING_SAME, .use_bias = false);
    return tare_relu(tare_batch_norm(h, .moving_variance = moving_variance(c, h),
                                     .training = training, .momentum = momentum));
}

/* Regression of a per-pixel heat map: a small encoder and decoder, mean squared error. */
static void heat_map(golden_case *c, golden_training *p) {
    const int64_t size = golden_integer(c->spec, "size", 8);
    const int64_t width = golden_integer(c->spec, "width", 4);
    const double momentum = real(c, "momentum", 0.9);
    tare_tensor x, y;
    typed_inputs(c, p, TARE_SHAPE(TARE_ANY, size, size, 3), golden_dtype(c),
                 TARE_SHAPE(TARE_ANY, size, size, 1), &x, &y);
    const tare_tensor down = conv_norm_relu(c, x, width, p->training, momentum);
    const tare_tensor pooled = tare_nn_max_pool2d(down, .padding = TARE_PADDING_SAME);
    const tare_tensor deep = conv_norm_relu(c, pooled, 2 * width, p->training, momentum);
    tare_tensor up = tare_conv2d_transpose(deep, width, TARE_LIST(2), .strides = TARE_LIST(2),
                                           .padding = TARE_PADDING_SAME, .use_bias = false);
    up = tare_relu(tare_batch_norm(up, .moving_variance = moving_variance(c, up),
                                   .training = p->training, .momentum = momentum));
    const tare_tensor both[] = {down, up};
    const tare_tensor map =
        tare_conv2d(tare_concat(both, 2, 3), 1, TARE_LIST(3), .padding = TARE_PADDING_SAME);
    p->cost = tare_reduce_mean(tare_square(tare_sub(map, y)));
    watch(p, "down", down);
    watch(p, "deep", deep);
    watch(p, "up", up);
    watch(p, "map", map);
    watch(p, "cost", p->cost);
    train_op(c, p);
}

/* The moments of this batch, their averages updated, or those averages, by the run's mode. */
static void choose_moments(golden_case *c, tare_tensor training, double decay,
                           tare_tensor moments[2]) {
    const tare_average average = tare_exponential_moving_average(c->graph, tare_number(decay));
    tare_tensor fresh[2], kept[2];
    tare_cond_begin(c->graph, training);
    const tare_tensor update = tare_average_apply(average, moments, 2);
    tare_control_dependencies_begin(c->graph, &update, 1);
    for (int i = 0; i < 2; i++) fresh[i] = tare_identity(moments[i]);
    tare_control_dependencies_end(c->graph);
    tare_cond_otherwise(c->graph);
    for (int i = 0; i < 2; i++) kept[i] = tare_average_of(average, moments[i]);
    tare_cond_end(c->graph);
    for (int i = 0; i < 2; i++) moments[i] = tare_cond_merge(c->graph, fresh[i], kept[i]);
}

/* Batch normalisation from tf.nn.moments and moving averages, as written by hand before tf.layers.
 * TensorFlow's moments are two nodes of its own, which the averages are named after. */
static tare_tensor primitive_norm(golden_case *c, tare_tensor x, tare_tensor training,
                                  const char *name, double decay) {
    const tare_shape shape = tare_tensor_shape(x);
    const tare_shape channels = TARE_SHAPE(shape.extents[shape.rank - 1]);
    tare_list axes = {.count = shape.rank - 1};
    for (int axis = 0; axis < axes.count; axis++) axes.values[axis] = axis;
    tare_variable_scope_begin(c->graph, name, NULL, TARE_REUSE_INHERIT);
    const tare_tensor beta = tare_get_variable(c->graph, "beta", channels, .dtype = golden_dtype(c),
                                               .initializer = TARE_ZEROS);
    const tare_tensor gamma = tare_get_variable(c->graph, "gamma", channels,
                                                .dtype = golden_dtype(c), .initializer = TARE_ONES);
    const tare_tensor mean = tare_moments(x, .axes = axes);
    tare_tensor moments[2] = {tare_identity(mean, .name = "moments/Squeeze"),
                              tare_identity(tare_output(mean, 1), .name = "moments/Squeeze_1")};
    choose_moments(c, training, decay, moments);
    const tare_tensor y = tare_batch_normalization(x, moments[0], moments[1], beta, gamma);
    tare_variable_scope_end(c->graph);
    return y;
}

/* 3-D convolutions over a clip, normalisation from primitives, max pooling, a dense classifier. */
static void action(golden_case *c, golden_training *p) {
    const int64_t width = golden_integer(c->spec, "width", 3);
    const int64_t classes = golden_integer(c->spec, "classes", 3);
    const double decay = real(c, "decay", 0.5);
    const tare_shape clip = batch_of(c, "clip", TARE_SHAPE(4, 6, 6, 2));
    tare_tensor x, y;
    inputs(c, p, clip, &x, &y);
    const tare_tensor kernel = tare_get_variable(
        c->graph, "conv1", TARE_SHAPE(3, 3, 3, clip.extents[4], width), .dtype = golden_dtype(c));
    const tare_tensor conv1 = tare_nn_conv3d(x, kernel, .padding = TARE_PADDING_SAME);
    const tare_tensor norm1 = primitive_norm(c, conv1, p->training, "norm1", decay);
    const tare_tensor pool1 = tare_nn_max_pool3d(tare_relu(norm1), .padding = TARE_PADDING_SAME);
    const tare_tensor flat = tare_flatten(pool1);
    const int64_t features = tare_tensor_shape(flat).extents[1];
    const tare_tensor hidden =
        tare_matmul(flat, tare_get_variable(c->graph, "dense1", TARE_SHAPE(features, 5),
                                            .dtype = golden_dtype(c)));
    const tare_tensor norm2 = tare_relu(primitive_norm(c, hidden, p->training, "norm2", decay));
    const tare_tensor weights =
        tare_get_variable(c->graph, "dense2", TARE_SHAPE(5, classes), .dtype = golden_dtype(c));
    const tare_tensor biases =
        tare_get_variable(c->graph, "bias2", TARE_SHAPE(classes), .dtype = golden_dtype(c));
    const tare_tensor logits = tare_add(tare_matmul(norm2, weights), biases);
    p->cost = cross_entropy(y, logits);
    watch(p, "conv1", conv1);
    watch(p, "norm1", norm1);
    watch(p, "pool1", pool1);
    watch(p, "logits", logits);
    watch(p, "cost", p->cost);
    train_op(c, p);
}

static const struct {
    const char *name;
    void (*build)(golden_case *c, golden_training *p);
} programs[] = {
    {"lenet", lenet},           {"channel_wise", channel_wise}, {"residual", residual},
    {"everything", everything}, {"heat_map", heat_map},         {"action", action},
};

void golden_program(golden_case *c) {
    const char *name = golden_text(c->spec, "program", "");
    size_t i = 0, count = sizeof programs / sizeof *programs;
    while (i < count && strcmp(programs[i].name, name)) i++;
    if (i == count) {
        golden_lack(c, name);
        return;
    }
    golden_training program = {.run_count = 0};
    programs[i].build(c, &program);
    if (golden_built(c, name)) golden_train(c, &program);
}
