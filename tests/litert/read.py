# SPDX-License-Identifier: Apache-2.0
"""Runs the models that tests/litert/write.c wrote in LiteRT and compares the answers with Tare's.

    python read.py FOLDER < LIST

LIST has the models' names, a line each, among lines of other text, which are printed. What must hold:

    float   within 1e-5 of the greatest answer, with every choice of kernels
    uint8   the bits of LiteRT's optimised kernels, which are those of TensorFlow 2.15; behind softmax or
            bilinear resizing, which are float there, within one step
    int8    the bits of LiteRT's reference kernels but for dense layers, which TensorFlow 2.15 rounds twice
            and LiteRT once: within one step
    others  int8 with optimised kernels, which round halves up, and everything with the default delegate,
            which computes in float: within 2 steps and one more for every 5 operators

Ends with `N passed, N failed`.
"""
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

KERNELS = {
    "reference": OpResolverType.BUILTIN_REF,
    "optimised": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    "default": OpResolverType.AUTO,
}


def answers(path, x, resolver):
    """One example at a time; also the operators' names."""
    interpreter = Interpreter(path, experimental_op_resolver_type=resolver, num_threads=1)
    interpreter.allocate_tensors()
    operators = [o["op_name"] for o in interpreter._get_ops_details()]
    feed, fetch = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = []
    for row in x:
        interpreter.set_tensor(feed["index"], row[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(fetch["index"])[0].copy())
    return np.stack(rows), operators


def bound(dtype, kernels, operators):
    """Steps that answers may be apart; of float ones, a share of the greatest."""
    if dtype == np.float32:
        return 1e-5
    if dtype == np.uint8 and kernels == "optimised":
        return int("SOFTMAX" in operators or "RESIZE_BILINEAR" in operators)
    if dtype == np.int8 and kernels == "reference":
        return 1
    return 2 + len(operators) // 5


def compare(name, kernels, folder, tally):
    path = os.path.join(folder, name + ".tflite")
    x, y = (np.load(os.path.join(folder, f"{name}.{what}.npy")) for what in "xy")
    got, operators = answers(path, x, KERNELS[kernels])
    apart = np.abs(got.astype(np.float64) - y.astype(np.float64))
    worst = apart.max() / (np.abs(y).max() if y.dtype == np.float32 else 1)
    right = worst <= bound(y.dtype, kernels, operators) and got.dtype == y.dtype
    if not right:
        print(f"FAILED: {name}, {kernels} kernels: {worst:.3g} apart")
    seen = tally.setdefault((y.dtype.name, kernels), [0, 0, 0, 0, 0.0])
    for i, count in enumerate((1, int(not apart.any()), apart.size, int((apart > 0).sum()))):
        seen[i] += count
    seen[4] = max(seen[4], worst)
    return right


def main():
    folder, tally, passed, failed = sys.argv[1], {}, 0, 0
    for line in sys.stdin:
        name = line.strip()
        if not os.path.exists(os.path.join(folder, name + ".tflite")):
            print(name)
            continue
        for kernels in KERNELS:
            right = compare(name, kernels, folder, tally)
            passed += right
            failed += not right
    for (dtype, kernels), (models, equal, numbers, unequal, worst) in sorted(tally.items()):
        print(f"{dtype}, {kernels} kernels: {equal} of {models} models equal, "
              f"{numbers - unequal} of {numbers} answers, worst {worst:.3g}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
