# SPDX-License-Identifier: Apache-2.0
"""LiteRT, TensorFlow Lite's interpreter, with its default delegate: the model that Tare wrote, float32 or int8."""

import time

import workload

options = workload.parse_options(model={"help": "the .tflite file", "required": True})
begin = time.perf_counter()
from importlib.metadata import version  # noqa: E402

from ai_edge_litert.interpreter import Interpreter  # noqa: E402

import_seconds = time.perf_counter() - begin


def as_told(x, told):
    """The batch in the type that the model takes."""
    import numpy as np

    if told["dtype"] is np.float32:
        return x
    scale, zero = told["quantization"]
    return np.clip(np.round(x / np.float32(scale)) + zero, -128, 127).astype(np.int8)


def main():
    interpreter = Interpreter(model_path=options.model, num_threads=options.threads)
    entry = interpreter.get_input_details()[0]
    batches = [(as_told(x, entry), y) for x, y in workload.load_batches(options)]
    interpreter.resize_tensor_input(entry["index"], batches[0][0].shape)
    interpreter.allocate_tensors()
    answer = interpreter.get_output_details()[0]["index"]

    def infer(x):
        interpreter.set_tensor(entry["index"], x)
        interpreter.invoke()
        return interpreter.get_tensor(answer)

    work = workload.Work(options, batches, infer=infer)
    workload.measure(options, "litert", version("ai-edge-litert"), work, import_seconds)


main()
