# SPDX-License-Identifier: Apache-2.0
"""TensorFlow as a program of TensorFlow 1 uses it: graph, session.run, tf.layers."""

import os
import time
import warnings

import workload

options = workload.parse_options()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
warnings.filterwarnings("ignore")
begin = time.perf_counter()
import tensorflow.compat.v1 as tf  # noqa: E402

tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)
import_seconds = time.perf_counter() - begin


def batch_norm(x, training, momentum, epsilon):
    return tf.layers.batch_normalization(x, training=training, momentum=momentum, epsilon=epsilon)


def seed(x, training):
    for i, kernel in enumerate(workload.FIRST_KERNELS):
        if i > 0:
            x = tf.nn.relu(x)
        x = tf.layers.dense(x, 1, use_bias=False, kernel_initializer=tf.constant_initializer(kernel))
        x = batch_norm(x, training, 0.5, 1e-3)
    return x


def mlp_bn(x, training):
    for _ in range(2):
        x = tf.layers.dense(x, 256, use_bias=False)
        x = tf.nn.relu(batch_norm(x, training, 0.99, 1e-3))
    return tf.layers.dense(x, 10)


def lenet_bn(x, training):
    for filters in (6, 16):
        x = tf.layers.conv2d(x, filters, 5)
        x = tf.nn.sigmoid(batch_norm(x, training, 0.9, 1e-5))
        x = tf.layers.average_pooling2d(x, 2, 2)
    x = tf.layers.flatten(x)
    for units in (120, 84):
        x = tf.layers.dense(x, units)
        x = tf.nn.sigmoid(batch_norm(x, training, 0.9, 1e-5))
    return tf.layers.dense(x, 10)


def conv_norm(x, training, filters, kernel, stride=1, conv=tf.layers.conv2d):
    x = conv(x, filters, kernel, stride, "same", use_bias=False)
    return batch_norm(x, training, 0.99, 1e-3)


def residual(x, training, layers):
    """relu(branch(x) + shortcut(x)); layers: filters, kernel and stride of the branch's convolutions."""
    y = x
    for i, layer in enumerate(layers):
        y = conv_norm(tf.nn.relu(y) if i > 0 else y, training, *layer)
    filters, stride = layers[-1][0], max(layer[2] for layer in layers)
    same = int(x.shape[-1]) == filters and stride == 1
    return tf.nn.relu(y + (x if same else conv_norm(x, training, filters, 1, stride)))


def resnet20(x, training):
    x = tf.nn.relu(conv_norm(x, training, 16, 3))
    for width in (16, 32, 64):
        for block in range(3):
            stride = 2 if block == 0 and width > 16 else 1
            x = residual(x, training, [(width, 3, stride), (width, 3, 1)])
    return tf.layers.dense(tf.reduce_mean(x, [1, 2]), 10)


def resnet50(x, training):
    x = tf.nn.relu(conv_norm(x, training, 64, 7, 2))
    x = tf.layers.max_pooling2d(x, 3, 2, "same")
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if block == 0 and width > 64 else 1
            x = residual(x, training, [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)])
    return tf.layers.dense(tf.reduce_mean(x, [1, 2]), 1000)


def conv3d(x, training):
    for filters, pool in ((32, (1, 2, 2)), (64, 2), (128, 2)):
        x = tf.nn.relu(conv_norm(x, training, filters, 3, conv=tf.layers.conv3d))
        x = tf.layers.max_pooling3d(x, pool, pool)
    return tf.layers.dense(tf.reduce_mean(x, [1, 2, 3]), 10)


def heatmap(x, training):
    def convolve(x, filters):
        return tf.nn.relu(conv_norm(x, training, filters, 3))

    def grow(x, side):
        return tf.image.resize_nearest_neighbor(x, [side, side])

    x = tf.layers.max_pooling2d(convolve(x, 32), 2, 2)
    x = tf.layers.max_pooling2d(convolve(x, 64), 2, 2)
    x = grow(convolve(x, 128), 32)
    x = grow(convolve(x, 64), 64)
    return tf.layers.conv2d(convolve(x, 32), 1, 3, 1, "same")


def build(name):
    """Placeholders x, y, training; the output; the loss; the training op."""
    momentum = tf.train.MomentumOptimizer(0.01, 0.9)
    network, optimizer = {
        "seed": (seed, tf.train.AdamOptimizer(1e-3)),
        "mlp_bn": (mlp_bn, tf.train.AdamOptimizer(1e-3)),
        "lenet_bn": (lenet_bn, tf.train.GradientDescentOptimizer(1.0)),
        "resnet20": (resnet20, momentum),
        "resnet50": (resnet50, momentum),
        "conv3d": (conv3d, momentum),
        "heatmap": (heatmap, tf.train.AdamOptimizer(1e-3)),
    }[name]
    training = tf.placeholder_with_default(False, ())
    x = tf.placeholder(tf.float32, (None,) + workload.INPUT[name])
    output = network(x, training)
    if name in ("seed", "heatmap"):
        y = tf.placeholder(tf.float32, output.shape)
        loss = tf.reduce_mean(tf.square(output - y))
    else:
        y = tf.placeholder(tf.int64, (None,))
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=output))
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    return x, y, training, output, loss, tf.group(optimizer.minimize(loss), *updates)


def start_session():
    session = tf.Session(
        config=tf.ConfigProto(intra_op_parallelism_threads=options.threads, inter_op_parallelism_threads=1)
    )
    session.run(tf.global_variables_initializer())
    return session


def bn_alone(batches):
    """A training step of batch normalisation alone: x and dy stay where they are, as fast as can be."""
    x, dy = map(tf.Variable, batches[0])
    gamma, beta = tf.Variable(tf.ones(x.shape[-1:])), tf.Variable(tf.zeros(x.shape[-1:]))
    y, _, _ = tf.nn.fused_batch_norm(x, gamma, beta, epsilon=1e-3, is_training=True)
    # Fetched, for a tf.group of them would be pruned away.
    run = start_session().make_callable(tf.gradients(y, [x, gamma, beta], dy))
    return lambda batch_x, batch_y, look: run()[1].mean()


def main():
    tf.set_random_seed(1)
    batches = workload.load_batches(options)
    if options.network.startswith("bn_alone"):
        work = workload.Work(options, batches, bn_alone(batches))
        return workload.measure(options, "tensorflow", tf.__version__, work, import_seconds)
    x, y, training, output, loss, train_op = build(options.network)
    session = start_session()

    def train(batch_x, batch_y, look):
        feeds = {x: batch_x, y: batch_y, training: True}
        return session.run((train_op, loss), feeds)[1] if look else session.run(train_op, feeds)

    def infer(batch_x):
        return session.run(output, {x: batch_x})

    work = workload.Work(options, batches, train, infer)
    workload.measure(options, "tensorflow", tf.__version__, work, import_seconds)


main()
