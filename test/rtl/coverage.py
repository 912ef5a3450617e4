# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Coverage of everything under rtl/: random networks on the chip, and the benches of the blocks, added up in one folder."""

import json
import os
import shutil

import flow
from modules import MODULES

# Random networks on meshes whose nodes turn and branch differently; together they hit every bin (found by trying).
RUNS = {"full": (("1x1", 40, 1, "all"), ("2x2", 30, 300, "all"), ("2x2", 100, 1000, "bins"), ("3x3", 60, 400, "bins"), ("4x4", 40, 500, "bins")),
        "brief": (("1x1", 6, 1, "all"),)}
BRIEF_BLOCKS = ("rv_fifo", "rv_tcam", "rv_crossbar_tile")


def block_data(folder, extent):
    """Runs the bench of every block that has one (or of three), on a model that counts, and puts what it counted into the folder."""
    cycles = 120000 if extent == "full" else 20000
    for module in MODULES:
        for parameters in module.parameters if module.bench and (extent == "full" or module.name in BRIEF_BLOCKS) else ():
            program = flow.program(module.name, parameters, flow.readable(module.name, parameters), flow.benches(module.bench), coverage=True)
            flow.must([program, 1, min(cycles, module.cycles)], cwd=program.parent)
            for number, path in enumerate(sorted(program.parent.glob("coverage-*.dat"))):
                shutil.copyfile(path, folder / f"block-{flow.identifier(module.name, parameters)}-{number}.dat")


def chip_data(folder, runs):
    """Runs random networks; returns the coverage that `ranvier cosim` says the folder then has."""
    for grid, networks, seed, what in runs:
        command = [os.path.join(os.environ["RANVIER_BIN"], "ranvier"), "cosim", "--random", networks, "--seed", seed, "--grid", grid, "--coverage", folder, "--coverage-of", what, "--json",
                   "--quiet", "--report", folder / "report"]
        code, text = flow.run(command, timeout=4 * 3600)
        if code != 0:
            raise flow.Failed(text)
    return json.loads(text)["coverage"]


def collect(folder, extent):
    """All of it: folder/index.html. Blocks first, since the chip's runs write the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    block_data(folder, extent)
    return chip_data(folder, RUNS[extent])
