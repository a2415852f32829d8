# SPDX-License-Identifier: Apache-2.0
"""Reads what write.c and `tare train --log` wrote with TensorBoard's own reader and compares.

    read.py EXPECTED.json FOLDER TRAINING_FOLDER STEPS
"""
import bisect
import io
import json
import math
import struct
import sys

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

passed = failed = 0


def check(what, truth):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print("FAIL", what)


def load(folder):
    accumulator = EventAccumulator(folder, {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0})
    accumulator.Reload()
    return accumulator


def single(number):
    """The nearest float32."""
    return struct.unpack("f", struct.pack("f", number))[0]


def bucket_limits():
    """TensorFlow's default buckets, by their definition."""
    positive, limit = [], 1e-12
    while limit < 1e20:
        positive.append(limit)
        limit *= 1.1
    positive.append(sys.float_info.max)
    return [-x for x in reversed(positive)] + [0.0] + positive


def histogram(numbers, limits):
    """(limit, count) of every bucket, runs of empty ones as one."""
    counts = [0.0] * len(limits)
    for number in numbers:
        counts[bisect.bisect_right(limits, number)] += 1
    written = []
    for limit, count in zip(limits, counts):
        if written and count == 0 and written[-1][1] == 0:
            written[-1] = (limit, 0.0)
        else:
            written.append((limit, count))
    return written


def pixels(numbers):
    """One image by TensorFlow's rule. Products round in float32; where that decides, either is right."""
    low, high = min(numbers), max(numbers)
    factor, offset = (127 / max(-low, abs(high)), 128) if low < 0 else (255 / high, 0)
    return [number * factor + offset for number in numbers]


def check_image(what, event, numbers, height, width):
    image = Image.open(io.BytesIO(event.encoded_image_string))
    check(what + " size", (event.height, event.width, image.size, image.mode) == (height, width, (width, height), "RGB"))
    got = image.tobytes()
    check(what, all(int(w - 1e-4) <= g <= int(w + 1e-4) for g, w in zip(got, pixels(numbers), strict=True)))


def check_step(accumulator, wanted, expected, limits):
    step, numbers = wanted["step"], wanted["numbers"]

    def at(events):
        return next(e for e in events if e.step == step)

    check(f"by hand {step}", at(accumulator.Scalars("by hand")).value == single(math.sqrt(step)))
    mean = math.fsum(numbers) / len(numbers)
    check(f"average {step}", math.isclose(at(accumulator.Scalars("watched/average")).value, mean, rel_tol=1e-5))
    value = at(accumulator.Histograms("watched/numbers")).histogram_value
    check(f"ends {step}", (value.min, value.max, value.num) == (min(numbers), max(numbers), len(numbers)))
    total = squares = 0.0
    for number in numbers:
        total, squares = total + number, squares + number * number
    check(f"sums {step}", (value.sum, value.sum_squares) == (total, squares))
    check(f"buckets {step}", list(zip(value.bucket_limit, value.bucket)) == histogram(numbers, limits))
    size = expected["height"] * expected["width"] * 3
    for i in range(2):
        check_image(f"image {step} {i}", at(accumulator.Images(f"watched/picture/image/{i}")),
                    wanted["picture"][i * size:(i + 1) * size], expected["height"], expected["width"])


def check_graph(graph, count):
    names = [node.name for node in graph.node]
    check("graph: nodes", len(names) == count and len(set(names)) == count)
    inputs = [i.lstrip("^").split(":")[0] for node in graph.node for i in node.input]
    check("graph: edges", inputs and set(inputs) <= set(names))
    kinds = {node.name: node.op for node in graph.node}
    check("graph: kinds", kinds.get("numbers") == "Placeholder" and kinds.get("watched/numbers") == "HistogramSummary")


def check_training(folder, steps):
    """Interrupted and gone on with: every step once, in order."""
    accumulator = load(folder)
    for tag in ("loss", "accuracy", "learning_rate", "images_per_second"):
        check(f"training: {tag}", [e.step for e in accumulator.Scalars(tag)] == list(range(1, steps + 1)))
    check("training: test", [e.step for e in accumulator.Scalars("test/accuracy")] == [steps])
    check("training: graph", len(accumulator.Graph().node) > 20)
    check("training: histograms", "batch_normalization/gamma" in accumulator.Tags()["histograms"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        expected = json.load(file)
    accumulator, limits = load(sys.argv[2]), bucket_limits()
    for wanted in expected["steps"]:
        check_step(accumulator, wanted, expected, limits)
    check("number of steps", len(accumulator.Scalars("by hand")) == len(expected["steps"]))
    note = tensor_util.make_ndarray(accumulator.Tensors("note")[0].tensor_proto).item()
    check("text", note == b"gamma *and* beta")
    check("text's plug-in", "note" in accumulator.PluginTagToContent("text"))
    check_graph(accumulator.Graph(), expected["nodes"])
    check_training(sys.argv[3], int(sys.argv[4]))
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
