# SPDX-License-Identifier: Apache-2.0
"""OpenVINO, which only infers: the float32 model that Tare wrote, in float32, for latency."""

import time

import workload

options = workload.parse_options(model={"help": "the .tflite file", "required": True})
begin = time.perf_counter()
import openvino  # noqa: E402

import_seconds = time.perf_counter() - begin
SETTINGS = {
    "INFERENCE_NUM_THREADS": options.threads,
    "NUM_STREAMS": 1,
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_PRECISION_HINT": "f32",
}
if options.workload == "seed":  # its generator of loops fails on arrays of 2 numbers with one thread
    SETTINGS["SNIPPETS_MODE"] = "DISABLE"


def main():
    batches = workload.load_batches(options)
    core = openvino.Core()
    model = core.read_model(options.model)
    model.reshape(list(batches[0][0].shape))
    request = core.compile_model(model, "CPU", SETTINGS).create_infer_request()

    def infer(x):
        return request.infer([x], share_inputs=True)[0]

    work = workload.Work(options, batches, infer=infer)
    workload.measure(options, "openvino", openvino.__version__.split("-")[0], work, import_seconds)


main()
