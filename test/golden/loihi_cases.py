#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random golden cases of the format `ranvier-golden-loihi`, with expected results from an implementation of their own.

What a case means is written down once more here, in numpy and from the format's description alone; it shares nothing with the
compiler or the emulator. `loihi_cases.py SEED OUT.h5` writes the case of a seed; test/e2e/test_golden.py replays many of them.
"""

import sys

import h5py
import numpy as np

HALF = 1 << 23  # u wraps into (-HALF, HALF], v is clipped to +-(HALF - 1)


SCALES = ("small", "strong", "delays", "large")


class OutOfDomain(Exception):
    """A sum beyond what the format's cases keep to: |a << 6| < 2^31 and |u| < 3 * 2^23 before the correction."""


def effective_sign_mode(mode, weights):
    if mode != "AUTO":
        return mode
    return "EXCITATORY" if not (weights < 0).any() else "INHIBITORY" if not (weights > 0).any() else "MIXED"


def truncated(weights, mode, bits):
    """Weights as they act: clipped, then without their lowest bits."""
    w = weights.astype(np.int64)
    mode = effective_sign_mode(mode, w)
    if mode == "INHIBITORY":
        k = 8 - bits
        return -((np.clip(-w, 0, 255) >> k) << k)
    low, k = (-256, 9 - bits) if mode == "MIXED" else (0, 8 - bits)
    return (np.clip(w, low, 255) >> k) << k


def towards_zero(x, shift):
    return np.sign(x) * (np.abs(x) >> shift)


def shifted(total, exponent):
    return total << exponent if exponent >= 0 else total >> -exponent


class Connection:
    """Buffers the spikes of a step; `arrive` hands over what acts in the step it is asked for."""

    def __init__(self, spec):
        self.weights = truncated(spec["weights"], spec["sign_mode"], spec["num_weight_bits"])
        self.exponent = spec["weight_exp"]
        self.delays = spec["delays"].astype(np.int64) if spec["kind"] == "delay" else None
        self.slots = 2 + (int(self.delays.max()) if self.delays is not None and self.delays.size else 0)
        self.buffer = np.zeros((self.slots, self.weights.shape[0]), np.int64)

    def arrive(self, step):
        row = self.buffer[step % self.slots]
        total = row.copy()
        row[:] = 0
        return total

    def take(self, step, spikes):
        sources = np.flatnonzero(spikes)
        if not sources.size:
            return
        if self.delays is None:
            self.buffer[(step + 1) % self.slots] += shifted(self.weights[:, sources].sum(axis=1), self.exponent)
            return
        # A sum for each pair of emission step and arrival step, shifted by itself.
        sums = np.zeros_like(self.buffer)
        targets = np.broadcast_to(np.arange(self.weights.shape[0])[:, None], (self.weights.shape[0], sources.size))
        np.add.at(sums, ((step + 1 + self.delays[:, sources]) % self.slots, targets), self.weights[:, sources])
        self.buffer += shifted(sums, self.exponent)


def simulate(case, corners=None):
    """{group: (s, u, v)}, each [T, n]. Counts in `corners` how often u wraps either way and v is cut at either end."""
    steps, groups = case["steps"], case["groups"]
    connections = [(c["src"], c["dst"], Connection(c)) for c in case["connections"]]
    u = {name: np.zeros(g["n"], np.int64) for name, g in groups.items()}
    v = {name: np.zeros(g["n"], np.int64) for name, g in groups.items()}
    bias = {name: np.array([m << e if e >= 0 else m >> -e for m, e in zip(g["bias_mant"].tolist(), g["bias_exp"].tolist())], np.int64)
            for name, g in groups.items()}
    out = {name: tuple(np.zeros((steps, g["n"]), np.int64) for _ in range(3)) for name, g in groups.items()}
    for step in range(1, steps + 1):
        a = {name: np.zeros(g["n"], np.int64) for name, g in groups.items()}
        for _, target, connection in connections:
            a[target] += connection.arrive(step)
        spikes = {name: array[step - 1] for name, array in case["inputs"].items()}
        for name, g in groups.items():
            if (np.abs(a[name] << 6) >= 1 << 31).any():
                raise OutOfDomain
            current = towards_zero(u[name] * (4096 - g["du"] - 1), 12) + (a[name] << 6)
            if (np.abs(current) >= 3 * HALF).any():
                raise OutOfDomain
            high, low = current > HALF, current <= -HALF
            current = np.where(high, current - 2 * HALF, np.where(low, current + 2 * HALF, current))
            whole = towards_zero(v[name] * (4096 - g["dv"]), 12) + current + bias[name]
            voltage = np.clip(whole, 1 - HALF, HALF - 1)
            if corners is not None:
                for key, reached in (("wraps down", high), ("wraps up", low), ("cut above", whole > voltage), ("cut below", whole < voltage)):
                    corners[key] = corners.get(key, 0) + int(reached.sum())
            fired = voltage > (g["vth"] << 6)
            u[name], v[name] = current, np.where(fired, 0, voltage)
            spikes[name] = fired
            for array, row in zip(out[name], (fired, u[name], v[name])):
                array[step - 1] = row
        for source, _, connection in connections:
            connection.take(step, spikes[source])
    return out


class Generator:
    """Draws a case. `scale`: "small" (any shape, every extreme), "strong" (as strong as the format allows: u wraps), "delays" (long
    runs over long delays), "large" (thousands of neurons)."""

    def __init__(self, seed, scale):
        self.rng = np.random.default_rng([seed, SCALES.index(scale)])
        self.seed, self.scale = seed, scale

    def pick(self, *values):
        return values[self.rng.integers(len(values))]

    def whole(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def size(self):
        if self.scale == "large":
            return self.whole(1000, 4000)
        if self.scale == "strong":
            return self.whole(40, 150)
        return self.pick(1, self.whole(1, 5), self.whole(2, 60), self.whole(2, 60))

    def bias(self, n):
        kind = self.pick("none", "few", "all", "all", "huge")
        mantissa = self.rng.integers(-4096, 4096, n)
        exponent = self.rng.integers(-6, 8, n)
        if kind == "none":
            mantissa[:] = 0
        elif kind == "few":
            mantissa[self.rng.random(n) < 0.8] = 0
        elif kind == "huge":  # into saturation within a step or two
            exponent = self.rng.integers(8, 19, n)
        return mantissa, exponent

    def group(self):
        n = self.size()
        mantissa, exponent = self.bias(n)
        return {"n": n, "du": self.pick(0, 4095, self.whole(0, 4095), self.whole(0, 4095)),
                "dv": self.pick(0, 4095, self.whole(0, 4095), self.whole(0, 600)),
                "vth": self.pick(0, 131071, self.whole(0, 131071), self.whole(1, 6000), self.whole(1, 6000)),
                "bias_mant": mantissa, "bias_exp": exponent}

    def weights(self, post, pre, mode):
        low, high = {"MIXED": (-256, 255), "EXCITATORY": (0, 255), "INHIBITORY": (-255, 0)}[mode]
        style = self.pick("uniform", "extreme") if self.scale == "strong" or self.rng.random() < 0.6 else self.pick("beyond", "small", "zero")
        if style == "uniform":
            w = self.rng.integers(low, high + 1, (post, pre))
        elif style == "extreme":
            w = self.rng.choice([low, high, 0], (post, pre))
        elif style == "beyond":  # to be clipped
            w = self.rng.integers(-700, 701, (post, pre))
        elif style == "small":
            w = self.rng.integers(max(low, -9), min(high, 9) + 1, (post, pre))
        else:
            w = np.zeros((post, pre), np.int64)
        density = self.pick(0.002, 0.01) if self.scale == "large" else self.pick(1.0, 1.0, 0.5, 0.1)
        return np.where(self.rng.random((post, pre)) < density, w, 0)

    def connection(self, src, dst, pre, post):
        mode = self.pick("AUTO", "MIXED", "EXCITATORY", "INHIBITORY")
        spec = {"src": src, "dst": dst, "kind": self.pick("dense", "delay"), "sign_mode": mode, "weight_exp": self.whole(-8, 7),
                "num_weight_bits": self.pick(8, 8, self.whole(0, 8))}
        spec["weights"] = self.weights(post, pre, self.pick("MIXED", "EXCITATORY", "INHIBITORY") if mode == "AUTO" else mode)
        if self.scale == "strong":
            spec["weight_exp"] = 7  # make() goes down from here to where the format is defined.
        if self.scale == "delays":
            spec["kind"] = self.pick("delay", "delay", "delay", "dense")
        if spec["kind"] == "delay":
            longest = 62 if self.scale == "delays" else self.pick(0, 1, self.whole(0, 62), 62)
            spec["delays"] = self.rng.integers(0, longest + 1, (post, pre))
            if self.rng.random() < 0.2:
                spec["delays"][:] = longest
            if self.scale == "large":  # Keeps the file small: the delay of a weight of 0 means nothing.
                spec["delays"] *= spec["weights"] != 0
        return spec

    def draw(self):
        steps = {"small": self.whole(1, 60), "strong": self.whole(30, 60), "delays": self.whole(100, 200), "large": self.whole(8, 20)}[self.scale]
        inputs = {}
        for k in range(self.pick(0, 1, 1, 2, 3) if self.scale == "small" else self.whole(1, 2)):
            n = self.size()
            rate = self.pick(0.0, 0.05, 0.3, 0.3, 1.0) if self.scale == "small" else self.pick(0.1, 0.5)
            inputs[f"in{k}"] = (self.rng.random((steps, n)) < rate).astype(np.int8)
        groups = {f"g{k}": self.group() for k in range(self.whole(1, 2 if self.scale == "large" else 4))}
        sizes = {**{name: a.shape[1] for name, a in inputs.items()}, **{name: g["n"] for name, g in groups.items()}}
        connections = []
        for k in range(self.whole(1, 3) if self.scale == "large" else self.whole(0, 8) if self.scale == "small" else self.whole(3, 8)):
            # Several connections into one group and groups that feed themselves come by chance.
            src, dst = self.pick(*(inputs if k == 0 and inputs else sizes)), self.pick(*groups)
            connections.append(self.connection(src, dst, sizes[src], sizes[dst]))
        return {"name": f"random {self.scale} {self.seed}", "steps": steps, "inputs": inputs, "groups": groups, "connections": connections}

    def make(self):
        """The case with `expected`: {group: (s, u, v)} of all neurons, and `recorded`: {group: columns of u and v}."""
        case = self.draw()
        while True:
            case["corners"] = {}
            try:
                case["expected"] = simulate(case, case["corners"])
                break
            except OutOfDomain:  # Weaker until the sums stay where the format is defined.
                for connection in case["connections"]:
                    if connection["weight_exp"] > -8:
                        connection["weight_exp"] -= 1
                    else:
                        connection["weights"] = connection["weights"] // 2
        case["recorded"] = {}
        for name, g in case["groups"].items():
            chosen = self.pick("all", "all", "some", "none", "absent")
            if chosen == "some":
                case["recorded"][name] = np.sort(self.rng.permutation(g["n"])[: self.whole(1, g["n"])])
            elif chosen != "absent":
                case["recorded"][name] = np.arange(g["n"] if chosen == "all" else 0)
        if not case["recorded"]:
            first = next(iter(case["groups"]))
            case["recorded"][first] = np.arange(case["groups"][first]["n"])
        return case

    def stored(self, array):
        """The array in one of the types and layouts that hold it."""
        fitting = [t for t in (np.int8, np.int16, np.int32, np.int64, np.uint8)
                   if not array.size or np.iinfo(t).min <= array.min() and array.max() <= np.iinfo(t).max]
        array = array.astype(self.pick(*fitting))
        if array.dtype == np.int8 and array.size and array.min() >= 0 and array.max() <= 1 and self.rng.random() < 0.5:
            array = array.astype(bool)
        return {"data": array, **({"compression": "gzip"} if array.size and self.rng.random() < 0.5 else {})}

    def write(self, case, path):
        with h5py.File(path, "w") as f:
            f.attrs.update({"format": "ranvier-golden-loihi", "version": 1, "kind": "inference", "name": case["name"],
                            "description": "drawn at random", "num_steps": case["steps"], "producer": "test/golden/loihi_cases.py",
                            "producer_commit": ""})
            for part in ("inputs", "groups", "connections", "expected"):
                f.create_group(part)
            for name, spikes in case["inputs"].items():
                group = f.create_group(f"inputs/{name}")
                group.attrs["n"] = spikes.shape[1]
                group.create_dataset("spikes", **self.stored(spikes))
            for name, g in case["groups"].items():
                group = f.create_group(f"groups/{name}")
                group.attrs["model"] = "LIF"
                for key in ("n", "du", "dv", "vth"):
                    group.attrs[key] = self.pick(np.int32, np.int64, np.uint32)(g[key])
                for key in ("bias_mant", "bias_exp"):
                    group.create_dataset(key, **self.stored(g[key]))
            for number, c in enumerate(case["connections"]):
                group = f.create_group(f"connections/{number:02d}")
                group.attrs["num_message_bits"] = 0
                for key in ("src", "dst", "kind", "sign_mode", "weight_exp", "num_weight_bits"):
                    group.attrs[key] = np.bytes_(c[key]) if isinstance(c[key], str) and self.rng.random() < 0.5 else c[key]
                for key in ("weights", "delays"):
                    if key in c:
                        group.create_dataset(key, **self.stored(c[key]))
            for name, columns in case["recorded"].items():
                s, u, v = case["expected"][name]
                group = f.create_group(f"expected/{name}")
                group.attrs["all_neurons"] = len(columns) == s.shape[1]
                for key, array in (("s", s), ("u", u[:, columns]), ("v", v[:, columns]), ("recorded", columns)):
                    group.create_dataset(key, **self.stored(array))


def write_case(seed, scale, path):
    generator = Generator(seed, scale)
    case = generator.make()
    generator.write(case, path)
    return case


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: loihi_cases.py SEED OUT.h5 [small|strong|delays|large]")
    write_case(int(sys.argv[1]), sys.argv[3] if len(sys.argv) == 4 else "small", sys.argv[2])
