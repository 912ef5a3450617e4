# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The reservoir: weights as a device forms them or as software draws them, its network as snn text, its features by `ranvier` and by NumPy.

    v(t) = decay v(t-1) (1 - s(t-1)) + W_in x(t) + W_rec s(t-1);  s(t) = 1 where v(t) > threshold;  feature = sum of s over t

that is models/lif.mlir with tau = dt / (1 - decay), r = 1 / (1 - decay), reset to 0. Weights are const times a conductance in uS. Parameters: Lin et al. 2025, as
given in README.md.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import h5py
import numpy as np

NEURONS = 200
SIGMA = 6.6  # uS of a pair, inferred from the numbers of the authors' code
MODALITIES = {
    "image": {"inputs": 256, "steps": 50, "dt": 6e-3, "decay": 0.9, "threshold": 5.0, "const": 0.07},
    "sound": {"inputs": 64, "steps": 129, "dt": 8e-3, "decay": 0.97, "threshold": 5.3, "const": 0.08},
}


def formed(draw, shape, voltage, middle=3.6, spread=0.15, least=50.0):
    """Conductances [uS] of cells after one pulse of so many volts.

    A cell breaks down where its own voltage, normal about `middle`, lies below; it then conducts more than 50 uS (less than 20 kohm), with a spread that gives pairs
    a deviation of 6.6 uS; else it stays at 0.1 uS (10 Mohm). `middle`, `spread` and the middle of the broken cells are estimates.
    """
    broken = draw.normal(middle, spread, shape) < voltage
    conductance = np.maximum(draw.normal(65.0, SIGMA / np.sqrt(2), shape), least)
    return np.where(broken, conductance, 0.1)


def resistive(seed, inputs, const, voltage=4.3):
    """W_in [neurons, inputs], W_rec [neurons, neurons]: differences of two cells each, scaled so that sparser ones have the same power."""
    draw = np.random.default_rng((seed, 10))
    pair = formed(draw, (2, NEURONS, inputs + NEURONS), voltage)
    weights = pair[0] - pair[1]
    weights *= const * SIGMA / max(weights.std(), 1e-9)
    return weights[:, :inputs].astype(np.float32), weights[:, inputs:].astype(np.float32)


def software(seed, inputs, const):
    """The same of a normal distribution."""
    weights = np.random.default_rng((seed, 11)).normal(0, SIGMA * const, (NEURONS, inputs + NEURONS)).astype(np.float32)
    return weights[:, :inputs], weights[:, inputs:]


def text(weights, modality):
    """The network as snn text; weights stand at its end, bit by bit."""
    m, blob = MODALITIES[modality], {}
    for name, values in zip(("w_in", "w_rec"), weights):
        blob[name] = '"0x' + ((4).to_bytes(4, "little") + np.ascontiguousarray(values, "<f4").tobytes()).hex().upper() + '"'
    n, k = NEURONS, m["inputs"]
    tau, gain = m["dt"] / (1 - m["decay"]), 1 / (1 - m["decay"])
    return f"""snn.network @{modality}_reservoir dt {m["dt"]!r} seed 1 {{
  snn.input @in shape [{k}]
  snn.population @reservoir model @lif shape [{n}] params {{tau = {tau!r}, r = {gain!r}, v_threshold = {m["threshold"]!r}}}
  snn.dense @w_in from @in to @reservoir weights dense_resource<w_in> : tensor<{n}x{k}xf32>
  snn.dense @w_rec from @reservoir to @reservoir delay 1 weights dense_resource<w_rec> : tensor<{n}x{n}xf32>
  snn.output @features from @reservoir
}}

{{-#
  dialect_resources: {{
    builtin: {{
      w_in: {blob["w_in"]},
      w_rec: {blob["w_rec"]}
    }}
  }}
#-}}
"""


def simulate(weights, spikes, modality, read=None):
    """Counts [samples, neurons] in binary32. Sums are in NumPy's order, so that a few counts of ten thousand differ from the tool's; `read` makes products of weights and spikes [samples, inputs] some other way."""
    m = MODALITIES[modality]
    w_in, w_rec = weights
    read = read or (lambda x, s: x @ w_in.T + s @ w_rec.T)
    v = np.zeros((len(spikes), len(w_in)), np.float32)
    s, counts = np.zeros_like(v), np.zeros_like(v)
    decay, threshold = np.float32(m["decay"]), np.float32(m["threshold"])
    for t in range(spikes.shape[1]):
        v = decay * v * (1 - s) + read(spikes[:, t].astype(np.float32), s).astype(np.float32)
        s = (v > threshold).astype(np.float32)
        counts += s
    return counts


def tool(script):
    """The tool on the path, else that of the release build."""
    built = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "bin" / "ranvier"
    found = shutil.which("ranvier") or (str(built) if os.access(built, os.X_OK) else None)
    if not found:
        sys.exit(f"{script}: expected `ranvier` on PATH or {built}, found neither; scripts/demo builds it")
    return found


class Ranvier:
    """The tool, in a folder of scratch files."""

    def __init__(self, tool, folder):
        self.tool, self.folder = str(tool), pathlib.Path(folder)

    def call(self, *words):
        done = subprocess.run([self.tool, *map(str, words), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"ranvier {' '.join(map(str, words))} failed with code {done.returncode}:\n{done.stderr}")
        return json.loads(done.stdout)

    def compile(self, weights, modality, target, *options):
        source, image = self.folder / f"{modality}.mlir", self.folder / f"{modality}-{pathlib.Path(target).stem}.rvi"
        source.write_text(text(weights, modality))
        return image, self.call("compile", source, "--target", target, "-o", image, *options)

    def features(self, image, data, *options):
        """Counts [samples, neurons] of a set, and the report of `eval`."""
        out = self.folder / "spikes.h5"
        report = self.call("eval", image, "--data", data, "--spikes", out, *options)
        with h5py.File(out) as f:
            return f["reservoir"][()].sum(1, dtype=np.int64).astype(np.float32), report
