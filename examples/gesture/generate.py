#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a convolutional network of the shape of a DVS gesture classifier, with drawn weights, as snn text:

    generate.py [--seed 1] > gesture.mlir

--seed  of weights, drives and initial values

What it is and where its shape comes from: README.md beside this file.
"""

import argparse
import random
import struct
import sys

# 18,678 neurons in all. Each layer: name, shape, drive (the potential that a neuron without input settles at, drawn between two values;
# above the threshold of 1 it fires of its own accord), and the convolution from the layer before: kernel, stride, padding, groups, largest weight.
LAYERS = [
    ("pixels", (1, 32, 32), (0.0, 1.62), None),
    ("features", (16, 30, 30), (0.0, 1.6), (15, 1, 6, 1, 0.004)),
    ("motion", (16, 13, 13), (0.0, 2.0), (9, 2, 2, 4, 0.004)),
    ("parts", (11, 7, 7), (0.0, 1.5), (3, 2, 1, 1, 0.004)),
]
CLASSES = 11
DT, TAU = 1e-3, 0.02


def size(shape):
    count = 1
    for extent in shape:
        count *= extent
    return count


def taps(extent, out, kernel, stride, padding):
    """Pairs of an output and an input position along one axis that a kernel connects."""
    return sum(0 <= o * stride - padding + k < extent for o in range(out) for k in range(kernel))


def neurons():
    return sum(size(shape) for _, shape, _, _ in LAYERS) + CLASSES


def synapses():
    count = size(LAYERS[-1][1]) * CLASSES
    for (_, before, _, _), (_, shape, _, (kernel, stride, padding, groups, largest)) in zip(LAYERS, LAYERS[1:]):
        count += shape[0] * before[0] // groups * taps(before[1], shape[1], kernel, stride, padding) * taps(before[2], shape[2], kernel, stride, padding)
    return count


def blob(choose, count, width):
    """Binary32 weights in [0, width) as the hexadecimal blob of a dense resource."""
    return "0x04000000" + struct.pack(f"<{count}f", *(choose.uniform(0, width) for _ in range(count))).hex().upper()


def network(seed=1):
    choose = random.Random(seed)
    lines, resources = [f"snn.network @gesture dt {DT:e} seed {seed} {{"], []

    def population(number, name, shape, drive):
        lines.append(f"  snn.population @{name} model @lif shape {list(shape)} params {{tau = {TAU}, r = {TAU / DT}, v_threshold = 1.0, "
                     f"v_leak = #snn.uniform<{drive[0]}, {drive[1]}, seed = {number}>}} init {{v = #snn.uniform<0.0, 1.0, seed = {100 + number}>}}")

    def weights(name, shape, width):
        resources.append(f'{name}: "{blob(choose, size(shape), width)}"')
        return f"dense_resource<{name}> : tensor<{'x'.join(map(str, shape))}xf32>"

    for number, (name, shape, drive, _) in enumerate(LAYERS):
        population(number + 1, name, shape, drive)
    population(len(LAYERS) + 1, "gestures", (CLASSES,), (0.0, 1.2))
    for (source, before, _, _), (target, shape, _, (kernel, stride, padding, groups, largest)) in zip(LAYERS, LAYERS[1:]):
        held = weights(f"w_{target}", (shape[0], before[0] // groups, kernel, kernel), largest)
        lines.append(f"  snn.conv2d @to_{target} from @{source} to @{target} delay 1 weights {held} input {list(before)} stride [{stride}, {stride}] "
                     f"padding [{padding}, {padding}] dilation [1, 1] groups {groups}")
    held = weights("w_gestures", (CLASSES, size(LAYERS[-1][1])), 0.003)
    lines.append(f"  snn.dense @to_gestures from @{LAYERS[-1][0]} to @gestures delay 1 weights {held}")
    lines += ["  snn.output @class from @gestures", "}", "", "{-#", "  dialect_resources: {", "    builtin: {",
              "      " + ",\n      ".join(resources), "    }", "  }", "#-}", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of weights, drives and initial values")
    sys.stdout.write(network(parser.parse_args().seed))


if __name__ == "__main__":
    main()
