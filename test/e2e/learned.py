# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs of networks whose synapses change, for test_plasticity.py and test_rewiring.py."""

import csv

import h5py
import numpy as np


def run(case, text, target, steps, *options):
    """(state `got` of population `cells` [steps, neurons] in its own unit, rows of --save-weights, the image) of a network."""
    path, image, recording, weights = (case.tmp / f"net.{kind}" for kind in ("mlir", "rvi", "h5", "csv"))
    path.write_text(text)
    case.json("compile", path, "--target", target, "-o", image)
    case.json("run", image, "--steps", steps, "--timing", "off", "-o", recording, "--save-weights", weights, *options)
    with h5py.File(recording) as file:
        states = file["populations/cells/got"]
        got = np.array(states, np.float64) * states.attrs.get("scale", 1.0)
    with open(weights, newline="") as file:
        return got, list(csv.DictReader(file)), image
