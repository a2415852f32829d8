# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime, which only infers: the network as PyTorch exports it."""

import os
import subprocess
import sys
import time

import workload

options = workload.parse_options(model={"help": "the .onnx file, made where it is missing", "required": True})
if not os.path.exists(options.model):  # in a process of its own, whose memory is not this program's
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch.py")
    subprocess.run([sys.executable, script, options.workload, "--mode", "infer", "--export", options.model], check=True)
begin = time.perf_counter()
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402

import_seconds = time.perf_counter() - begin


def channels_first(x):
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if x.ndim > 2 else x


def main():
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    batches = [(channels_first(x), y) for x, y in workload.load_batches(options)]
    work = workload.Work(options, batches, infer=lambda x: session.run(None, {name: x})[0])
    workload.measure(options, "onnxruntime", onnxruntime.__version__, work, import_seconds)


main()
