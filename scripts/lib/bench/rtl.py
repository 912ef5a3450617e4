# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Verilated chip, one thread, with full cores that fire: `scripts/bench rtl`."""

import json
import pathlib
import tempfile

from bench.common import call, machine, ranvier

# The measured cases of other digital designs in Verilator, -O3, on two Zen 3 virtual cores, not in this run; the larger ones idle or smaller.
PEERS = {"source": "recorded on two Zen 3 virtual cores", "tinyodin_1_core_mcycles_per_second": [2.9, 3.6], "catalyst_1_core_mcycles_per_second": 1.9,
         "catalyst_4_cores_mcycles_per_second": 0.43, "catalyst_16_cores_mcycles_per_second": 0.073}
TARGETS = {1: 2.5, 4: 0.8, 16: 0.25}
SIDES = {1: 1, 4: 2, 16: 4}


def network(cores):
    """256 neurons a core, driven above threshold, with as many synapses as a core's 64 KiB hold: all from the core itself, or half of them from the
    core before. A row of 1 + 256 p words for every source."""
    lines = [f"snn.network @full dt 1.0e-3 seed {cores} {{", "  snn.input @in shape [64]"]
    lines += [f"  snn.population @p{k} model @lif shape [256] params {{tau = 0.01, r = 1.0, v_leak = 2.0, v_threshold = 1.0}}" for k in range(cores)]
    for k in range(cores):
        if k == 0:
            lines.append('  snn.connect @feed from @in to @p0 "fixed_probability" {p = 0.01} weights 0.5')
        sources = [(k, 0.238)] if cores == 1 else [(k, 0.12), ((k + cores - 1) % cores, 0.12)]
        lines += [f'  snn.connect @e{k}_{source} from @p{source} to @p{k} delay {1 + (source != k) * 4} "fixed_probability" {{p = {p}}} '
                  f"weights #snn.normal<0.0, 0.3, clip = [-0.9, 0.9], seed = {k}>" for source, p in sources]
    return "\n".join([*lines, *(f"  snn.output @o{k} from @p{k}" for k in range(cores)), "}"]) + "\n"


def full_cores(root, cores, folder):
    text, places, image = folder / "full.mlir", folder / "places.json", folder / "full.rvi"
    text.write_text(network(cores))
    side = SIDES[cores]
    slices = [{"population": f"p{k}", "first": 0, "count": 256, "chip": 0, "core": k // side * 4 + k % side} for k in range(cores)]
    places.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
    ranvier(root, "compile", text, "--target", "ranvier-n1", "--mapping", places, "-o", image)
    # Models are made by what comes first; the time of that is not the bench's.
    return call(root / "build/release/bench/bench-rtl", image, "--steps", 200 if cores == 1 else 50 if cores == 4 else 12)[0]


def rtl(root):
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        figures = {cores: full_cores(root, cores, folder) for cores in TARGETS}
        image = folder / "digits.rvi"
        ranvier(root, "compile", root / "examples/digits/network.nir", "--target", "ranvier-n1", "-o", image)
        digits = call(root / "build/release/bench/bench-rtl", image, "--steps", 400)[0]
    mcycles = {f"mcycles_per_second_{cores}_cores": result["mcycles_per_second"] for cores, result in figures.items()}
    return {"benchmark": "rtl", **mcycles, "digits_steps_per_second": digits["steps_per_second"], "digits_emulator_times_as_fast": digits["emulator_times_as_fast"],
            **{f"{cores}_cores": result for cores, result in figures.items()}, "digits": digits,
            "target": {f"mcycles_per_second_{cores}_cores": target for cores, target in TARGETS.items()}, "peer": PEERS,
            "machine": machine()}
