# SPDX-License-Identifier: Apache-2.0
"""What the peers share: options, batches, measuring, the result. The same as ../workload.c and ../peer.c do for Tare."""

import argparse
import gzip
import itertools
import json
import math
import os
import statistics
import sys
import time

BATCH = {
    "seed": 2,
    "mlp_bn": 128,
    "lenet_bn": 256,
    "resnet20": 128,
    "resnet20_batch1": 1,
    "conv3d": 8,
    "heatmap": 32,
    "resnet50": 16,
    "resnet50_batch1": 1,
    "bn_alone": 32,
    "bn_alone_small": 128,
}
INPUT = {  # of a network: one example
    "seed": (1,),
    "mlp_bn": (784,),
    "lenet_bn": (28, 28, 1),
    "resnet20": (32, 32, 3),
    "conv3d": (16, 56, 56, 3),
    "heatmap": (64, 64, 1),
    "resnet50": (224, 224, 3),
    "bn_alone": (56, 56, 64),
    "bn_alone_small": (32, 32, 16),
}
CLASSES = {"resnet20": 10, "conv3d": 10, "resnet50": 1000}
FIRST_KERNELS = (1.4059724, 0.13)  # of seed: with them given, every program computes the same losses
LOSS_EVERY = 1000  # steps
WARM_UP_SECONDS, WARM_UP_STEPS = 0.35, 3


def parse_options(**more):
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices=sorted(BATCH))
    parser.add_argument("--mode", default="train", choices=("train", "infer", "int8"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a repeat")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--interleave", action="store_true", help="repeats as standard input says")
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    for name, keywords in more.items():
        parser.add_argument("--" + name, **keywords)
    options = parser.parse_args()
    options.training = options.mode == "train"
    options.network = options.workload.removesuffix("_batch1")
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(options.threads)
    return options


# ---------------------------------------------------------------------------------------------- batches


def synthetic(seed, count):
    """Elements in [-1, 1): splitmix64 (Steele, Lea and Flood 2014), its top 24 bits."""
    import numpy as np

    with np.errstate(over="ignore"):
        z = np.arange(count, dtype=np.uint64) + np.uint64((seed << 32) + 0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float32) / np.float32(2**23) - np.float32(1)


def question_batches():
    """x = {0, 1}, y = {3, 4}, each number moved a little and otherwise in every batch."""
    import numpy as np

    count = 1024
    move = np.float32(0.125)
    x = np.array([[0], [1]], np.float32) + move * synthetic(1, 2 * count).reshape(count, 2, 1)
    y = np.array([[3], [4]], np.float32) + move * synthetic(2, 2 * count).reshape(count, 2, 1)
    return list(zip(x, y))


def read_idx(path):
    """The bytes of an idx file, gzipped or not, with their extents."""
    import numpy as np

    with (open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz")) as file:
        content = file.read()
    rank = content[3]
    extents = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(extents)


def image_batches(options):
    """Consecutive slices (of one shuffled copy for training); the last, incomplete one is dropped."""
    import numpy as np

    kind = "train" if options.training else "t10k"
    images = read_idx(os.path.join(options.data, kind + "-images-idx3-ubyte"))
    labels = read_idx(os.path.join(options.data, kind + "-labels-idx1-ubyte")).astype(np.int64)
    if options.training:
        order = np.random.default_rng(1).permutation(len(images))
        images, labels = images[order], labels[order]
    batch = BATCH[options.workload]
    x = (images.astype(np.float32) / np.float32(255)).reshape((-1,) + INPUT[options.network])
    return [(x[i : i + batch], labels[i : i + batch]) for i in range(0, len(x) - batch + 1, batch)]


def synthetic_batches(options):
    """One batch that never changes; labels are targets cut into as many classes as the network has."""
    import numpy as np

    shape = (BATCH[options.workload],) + INPUT[options.network]
    x = synthetic(1, int(np.prod(shape))).reshape(shape)
    if options.network not in CLASSES:
        return [(x, synthetic(2, x.size).reshape(shape))]
    target = synthetic(2, shape[0]).astype(np.float64)
    return [(x, np.floor((target + 1) * CLASSES[options.network] / 2).astype(np.int64))]


def load_batches(options):
    if options.workload == "seed":
        return question_batches()
    return image_batches(options) if options.workload in ("mlp_bn", "lenet_bn") else synthetic_batches(options)


# -------------------------------------------------------------------------------------------- measuring


def seconds_since_start():
    """How long ago the process was started."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def megabytes(key):
    """Memory of this process, as Linux counts it: VmRSS is now, VmHWM at most so far."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key + ":"))


class Work:
    """Steps over the batches, and what is read back of them.

    train(x, y, look) trains a step and returns the loss where look is true; infer(x) returns the output as an array.
    """

    def __init__(self, options, batches, train=None, infer=None):
        self.training, self.train, self.infer = options.training, train, infer
        self.batches = itertools.cycle(batches)
        self.steps, self.losses, self.output, self.loss_at_1000 = 0, [], None, None
        self.same_start = options.workload == "seed"

    def run(self, count):
        """Runs count steps; returns their seconds, and checks what was read back."""
        begin = time.perf_counter()
        if self.training:
            for i in range(1, count + 1):
                x, y = next(self.batches)
                look = (self.steps + i) % LOSS_EVERY == 0 or i == count
                loss = self.train(x, y, look)
                if look:
                    self.losses.append((self.steps + i, loss))
        else:
            for _ in range(count):
                self.output = self.infer(next(self.batches)[0])
        seconds = time.perf_counter() - begin
        self.steps += count
        self.check()
        return seconds

    def check(self):
        for step, loss in self.losses:
            if not math.isfinite(loss):
                sys.exit("the loss of step %d is not finite" % step)
            if step == LOSS_EVERY and self.same_start:
                self.loss_at_1000 = loss
        self.losses.clear()
        if self.output is not None and not math.isfinite(self.output.sum()):
            sys.exit("the output of step %d is not finite" % self.steps)


def warm_up(work, repeat_seconds):
    """Steps until they have taken long enough; returns how many fill a repeat."""
    seconds, count, done = 0, 1, 0
    while done < WARM_UP_STEPS or seconds < WARM_UP_SECONDS:
        took = work.run(count)
        seconds, done = seconds + took, done + count
        per_repeat = max(1, round(repeat_seconds * count / took))
        if took < WARM_UP_SECONDS / 4:
            count *= 2
    return per_repeat


def repeat(options, work, count):
    """Seconds per step of every repeat."""
    if not options.interleave:
        return [work.run(count) / count for _ in range(options.repeats)]
    values = []
    print("ready", flush=True)
    for word in map(str.strip, sys.stdin):
        if word == "again" and values:
            values.pop()
        elif word != "go":
            break
        values.append(work.run(count) / count)
        print("done", flush=True)
    return values


def measure(options, peer, version, work, import_seconds):
    """Measures the work and prints the result, one line of JSON."""
    resident = megabytes("VmRSS")
    work.run(1)
    startup = seconds_since_start()
    values = repeat(options, work, warm_up(work, options.seconds))
    in_microseconds = options.workload == "seed"
    batch = BATCH[options.workload]
    values = [1e6 * v if in_microseconds else batch / v for v in values]
    line = {
        "peer": peer,
        "version": version,
        "workload": options.workload,
        "mode": options.mode,
        "bn": True,
        "threads": options.threads,
        "batch": batch,
        "us_per_step" if in_microseconds else "images_per_second": {
            "median": statistics.median(values),
            "min": min(values),
            "max": max(values),
        },
        "repeats": len(values),
        "import_s": import_seconds,
        "startup_s": startup,
        "peak_rss_mb": megabytes("VmHWM"),
        "step_rss_mb": megabytes("VmHWM") - resident,
    }
    if work.loss_at_1000 is not None:
        line["loss_at_1000"] = float(work.loss_at_1000)
    print(json.dumps(line), flush=True)
