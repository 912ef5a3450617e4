# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The networks of examples/balanced as arrays, drawn with numpy as docs/spec/snn-dialect.md says, so that a peer simulates exactly ours."""

import math
import re
import statistics

import numpy as np

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def words(seed, a, b, draw=0):
    """word(seed, a, b, draw) of the specification for arrays a and b of u32 (broadcast)."""
    return block(seed, a, b, draw)[0]


def block(seed, a, b, draw=0):
    """Both words of its Threefry block."""
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32(((seed >> 32) + draw * 0x9E3779B9) & 0xFFFFFFFF)
    keys = (k0, k1, np.uint32(0x1BD11BDA) ^ k0 ^ k1)
    x0, x1 = np.broadcast_arrays(np.asarray(a, np.uint32), np.asarray(b, np.uint32))
    with np.errstate(over="ignore"):
        x0, x1 = x0 + k0, x1 + k1
        for turn in range(20):
            left = ROTATIONS[turn % 8]
            x0 = x0 + x1
            x1 = (x1 << np.uint32(left) | x1 >> np.uint32(32 - left)) ^ x0
            if turn % 4 == 3:
                group = turn // 4 + 1
                x0, x1 = x0 + keys[group % 3], x1 + keys[(group + 1) % 3] + np.uint32(group)
    return x0, x1


def below_one(w):
    return w.astype(np.float64) / 2.0 ** 32


def between(w):
    return (w.astype(np.float64) + 0.5) / 2.0 ** 32


def uniform(low, high, seed, numbers):
    """Of the first `numbers` numbers, or of an array of them below 2^32; likewise normal()."""
    at = np.arange(numbers) if np.ndim(numbers) == 0 else numbers
    return np.minimum(low + (high - low) * below_one(words(seed, at, 0)), np.nextafter(high, low))


def normal(mean, deviation, low, high, seed, numbers):
    at = np.arange(numbers) if np.ndim(numbers) == 0 else numbers
    inverse = statistics.NormalDist().inv_cdf  # By AS 241, as the specification wants.
    z = np.array([inverse(p) for p in between(words(seed, at, 0)).tolist()])
    return np.clip(mean + deviation * z, low, high)


def fixed_probability(p, seed, sources, targets, at_once=1000):
    """(source, target) of every synapse, sorted by both; 0 < p < 1."""
    draws = math.ceil(p * targets + 10 * math.sqrt(p * targets) + 20)
    out = []
    for first in range(0, sources, at_once):
        rows = np.arange(first, min(first + at_once, sources))
        skips = 1 + np.floor(np.log(between(words(seed, rows[:, None], np.arange(draws)[None, :]))) * (1 / math.log1p(-p)))
        at = np.cumsum(skips, axis=1) - 1
        assert (at[:, -1] >= targets).all(), "too few draws: more than ten deviations"
        row, column = np.nonzero(at < targets)
        out.append((rows[row], at[row, column].astype(np.int64)))
    return np.concatenate([s for s, _ in out]), np.concatenate([t for _, t in out])


def balanced(text):
    """{neurons, excitatory, v, e_source, e_target, i_source, i_target} of a text of examples/balanced/generate.py; neurons numbered through, E first."""
    sizes, values = {}, []
    for name, size, kind, numbers in re.findall(r"snn\.population @(\w+) .*? shape \[(\d+)\].*?\n +init \{v = #snn\.(\w+)<([^>]*)>", text):
        figures = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", numbers)]
        sizes[name] = int(size)
        values.append({"uniform": uniform, "normal": normal}[kind](*figures[:-1], int(figures[-1]), int(size)))
    first = {"E": 0, "I": sizes["E"]}
    synapses = {"E": [], "I": []}
    for source, target, p, seed in re.findall(r'snn\.connect @\w+ from @(\w+) to @(\w+).*?"fixed_probability" \{p = ([^}]+)\}.*? seed (\d+)', text):
        s, t = fixed_probability(float(p), int(seed), sizes[source], sizes[target])
        synapses[source].append((s + first[source], t + first[target]))
    assert len(synapses["E"]) == len(synapses["I"]) == 2, "expected four connectors by probability"
    out = {"neurons": sum(sizes.values()), "excitatory": sizes["E"], "v": np.concatenate(values)}
    for source, parts in synapses.items():
        s, t = (np.concatenate(column) for column in zip(*parts))
        order = np.argsort(s, kind="stable")  # By source; of one source the targets already ascend.
        out[f"{source.lower()}_source"], out[f"{source.lower()}_target"] = s[order].astype(np.int32), t[order].astype(np.int32)
    return out
