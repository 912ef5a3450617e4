# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a crossbar computes, written down a second time from docs/spec/crossbar.md: conductances in NumPy, wires as a list of resistors
solved by dense nodal analysis. Shares no code and no method with the emulator. Also writes golden files."""

import json

import h5py
import numpy as np

GENERAL = {"Rmin_ohm": 1e4, "Rmax_ohm": 1e6, "w_max": 1.0, "x_max": 1.0}


def solve(resistors, fixed, read):
    """Current into the fixed node `read` of a network [(node, node, ohm)] with given voltages {node: volt}. 0 ohm joins nodes."""
    names = sorted({n for a, b, _ in resistors for n in (a, b)} | set(fixed))
    number = {name: k for k, name in enumerate(names)}
    parent = list(range(len(names)))

    def root(k):
        while parent[k] != k:
            k = parent[k]
        return k

    for a, b, ohm in resistors:
        if ohm == 0:
            parent[root(number[a])] = root(number[b])
    volts = {root(number[name]): volt for name, volt in fixed.items()}
    wired = [(root(number[a]), root(number[b]), 1 / ohm) for a, b, ohm in resistors if ohm > 0]
    free = sorted({k for a, b, _ in wired for k in (a, b)} - set(volts))
    place = {k: n for n, k in enumerate(free)}
    matrix, right = np.zeros((len(free), len(free))), np.zeros(len(free))
    for a, b, g in wired:
        for k, other in ((a, b), (b, a)):
            if k in place:
                matrix[place[k], place[k]] += g
                if other in place:
                    matrix[place[k], place[other]] -= g
                else:
                    right[place[k]] += g * volts[other]
    if free:
        volts.update(zip(free, np.linalg.solve(matrix, right)))
    at = root(number[read])
    return sum(g * (volts[b] - volts[a] if a == at else volts[a] - volts[b]) for a, b, g in wired if at in (a, b))


def array_currents(plus, minus, x, row, column, interleaved, from_input):
    """[outputs] currents of cells [outputs, inputs], relative to Gmax; wires relative to Rmin."""
    outputs, inputs = plus.shape

    def one(sides):  # [(cells, voltage factor)] on the same output lines
        if not from_input:
            return np.array([line(sides, i) for i in range(outputs)])
        resistors, fixed = [], {}
        for side, (cells, factor) in enumerate(sides):
            for j in range(inputs):
                fixed[f"in {side} {j}"] = factor * x[j]
                for i in range(outputs):
                    before = f"in {side} {j}" if i == 0 else f"row {side} {j} {i - 1}"
                    resistors.append((before, f"row {side} {j} {i}", row))
                    if cells[i, j] > 0:
                        resistors.append((f"row {side} {j} {i}", f"column {j} {i}", 1 / cells[i, j]))
        for i in range(outputs):
            for j in range(inputs):
                resistors.append((f"column {j} {i}", f"column {j + 1} {i}" if j + 1 < inputs else f"end {i}", column))
            fixed[f"end {i}"] = 0.0
        return np.array([solve(resistors, fixed, f"end {i}") for i in range(outputs)])

    def line(sides, i):
        resistors, fixed = [], {"end": 0.0}
        for side, (cells, factor) in enumerate(sides):
            fixed[f"source {side}"] = factor
            for j in range(inputs):
                resistors.append((f"source {side}" if j == 0 else f"s {side} {j - 1}", f"s {side} {j}", row))
                if x[j] and cells[i, j] > 0:
                    resistors.append((f"s {side} {j}", f"c {j}", 1 / cells[i, j]))
        for j in range(inputs):
            resistors.append((f"c {j}", f"c {j + 1}" if j + 1 < inputs else "end", column))
        return solve(grounded(resistors), fixed, "end")

    if minus is None:
        return one([(plus, 1.0)])
    if interleaved:
        return one([(plus, 1.0), (minus, -1.0)])
    return one([(plus, 1.0)]) - one([(minus, 1.0)])


def grounded(resistors):
    """The same; nodes that hang in the air get 1e15 ohm to the end, so that the matrix stays regular."""
    names = {n for a, b, _ in resistors for n in (a, b)} - {"end"}
    return resistors + [(name, "end", 1e15) for name in names if not name.startswith("source")]


class Model:
    def __init__(self, config):
        self.c = {**config}
        self.g0 = 0.0 if config.get("infinite_on_off") else config["Rmin_ohm"] / config["Rmax_ohm"]
        self.dg = 1 - self.g0
        wires = config.get("parasitics") or {}
        self.row = wires.get("Rp_row_ohm", 0.0) / config["Rmin_ohm"]
        self.column = wires.get("Rp_col_ohm", 0.0) / config["Rmin_ohm"]
        self.from_input = wires.get("current_from_input", True)

    def quantised(self, g, bits):
        if not bits:
            return g
        top = 2**bits - 1
        return self.g0 + self.dg * np.rint((g - self.g0) / self.dg * top) / top

    def slices(self, w):
        """[(plus, minus or None, factor)] of normalised weights [outputs, inputs], and the factor of the sum of inputs."""
        c, g0, dg = self.c, self.g0, self.dg
        full = c["w_max"] * c["x_max"]
        bits = c.get("cell_bits")
        if c["mapping"] == "balanced":
            pair = (g0 + dg * (1 + w) / 2, g0 + dg * (1 - w) / 2) if c.get("two_sided") else (g0 + dg * np.maximum(w, 0), g0 + dg * np.maximum(-w, 0))
            return [(self.quantised(pair[0], bits), self.quantised(pair[1], bits), full / dg)], 0.0
        if c["mapping"] == "offset":
            levels = 2**bits - 1 if bits else None
            wr = dg * (levels - 1) / levels if bits else dg
            gb = 1 - wr
            scale = 2 * full / dg  # The reference's gain of (L - 1) / L is part of golden files.
            return [(self.quantised(gb + wr * (w + 1) / 2, bits), None, scale)], 0.0 if c.get("unit_column") else scale * (gb + wr / 2)
        total, count = c["weight_bits"], c["num_slices"]
        s, top = total // count, 2 ** (total - 1) - 1
        out, offset = [], c["slice_mapping"] == "offset"
        k = np.rint(w * top + (2 ** (total - 1) if offset else 0)).astype(int)
        for i in range(count):
            digit = (np.abs(k) >> (s * i)) & (2**s - 1)
            factor = full * (2**s - 1) * 2.0 ** (s * i) / top / dg
            if offset:
                out.append((g0 + dg * digit / (2**s - 1), None, factor))
            else:
                out.append((g0 + dg * np.where(k > 0, digit, 0) / (2**s - 1), g0 + dg * np.where(k < 0, digit, 0) / (2**s - 1), factor))
        shift = sum(f * g0 for _, _, f in out) + full * 2.0 ** (total - 1) / top if offset else 0.0
        return out, shift

    def convert(self, v, i):
        c = self.c
        if "adc_bits" not in c:
            return v
        low, high = c["adc_range"][i] if np.ndim(c["adc_range"]) == 2 else c["adc_range"]
        steps = 2 ** c["adc_bits"] - (2 if c.get("adc_model") == "SignMagnitudeADC" else 1)
        return low + np.rint((np.clip(v, low, high) - low) / (high - low) * steps) * (high - low) / steps

    def parts(self, n, cap):
        if not cap or n <= cap:
            return [(0, n)]
        k = -(-n // cap)
        size = n // k if n % k == 0 and self.c.get("partition") != "max" else cap if self.c.get("partition") == "max" else round(n / k)
        edges = [size * i for i in range(k)] + [n]
        return list(zip(edges[:-1], edges[1:]))

    def currents(self, plus, minus, x):
        if self.row == 0 and self.column == 0:
            return (plus - minus if minus is not None else plus) @ x
        return array_currents(plus, minus, x, self.row, self.column, self.c.get("interleaved", False), self.from_input)

    def tile(self, w, x, disturb):
        c = self.c
        if c.get("unit_column"):
            w = np.vstack([w, np.zeros(w.shape[1])])
        slices, shift = self.slices(w)
        y = np.zeros(len(w))
        for i, (plus, minus, factor) in enumerate(slices):
            plus, minus = disturb(plus), None if minus is None else disturb(minus)
            if c.get("input_bitslicing"):
                top = 2 ** c["dac_bits"] - 1
                k = np.rint(x * top).astype(int)
                each = [self.currents(plus, minus, (k >> b & 1).astype(float)) for b in range(c["dac_bits"])]
                if c.get("adc_per_input_slice"):
                    v = sum(2.0**b * self.convert(e, i) for b, e in enumerate(each)) / top
                else:
                    v = self.convert(sum(2.0**b * e for b, e in enumerate(each)) / top, i)
            else:
                v = self.convert(self.currents(plus, minus, x), i)
            y += factor * (v - v[-1] if c.get("unit_column") else v)
        y -= shift * x.sum()
        return y[:-1] if c.get("unit_column") else y

    def product(self, weights, vectors, disturb=lambda g: g):
        c = self.c
        w = np.clip(weights, -c["w_max"], c["w_max"]) / c["w_max"]
        signed = c.get("input_signed", True)
        x = np.clip(vectors / c["x_max"], -1 if signed else 0, 1)
        if "dac_bits" in c:
            n = 2 ** (c["dac_bits"] - (1 if signed else 0)) - 1
            x = np.rint(x * n) / n
        y = np.zeros((len(x), len(w)))
        for a, b in self.parts(w.shape[1], c.get("tile_inputs")):
            for e, f in self.parts(w.shape[0], c.get("tile_outputs")):
                for v in range(len(x)):
                    y[v, e:f] += self.tile(w[e:f, a:b], x[v, a:b], disturb)
        return y


def write(path, config, weights, vectors, **arrays):
    with h5py.File(path, "w") as f:
        f.attrs["format"] = "ranvier-golden-crossbar"
        f.attrs["version"] = 1
        f.attrs["config"] = json.dumps(config)
        for name, value in {"W": weights, "X": vectors, **arrays}.items():
            f[name] = value
