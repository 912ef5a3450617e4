# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products of crossbars on one thread, a fresh vector each: `scripts/bench crossbar`."""

from bench.common import call, machine

# CrossSim (commit 0a6c8e6f, NumPy), products per processor second on one thread, recorded on two Zen 3 virtual cores, not in this run.
PEERS = {"pairs": {"128": 8001, "512": 1681, "1024": 369}, "pairs_batch_256": {"128": 66600, "512": 5720, "1024": 1340},
         "bit_serial": {"128": 1252, "512": 194, "1024": 46}, "four_slices_bit_serial": {"128": 419, "512": 61, "1024": 17},
         "read_noise": {"128": 670, "512": 46, "1024": 13}, "wires": {"128": 217, "512": 5.1}}
TARGETS = {"pairs": 10, "pairs_batch_256": 3, "bit_serial": 20, "four_slices_bit_serial": 20, "read_noise": 8, "wires": 3000}


def crossbar(root):
    result = call(root / "build/release/bench/bench-crossbar")[0]
    result.pop("machine")
    times = {name: {size: result[name][size] / peer for size, peer in sizes.items()} for name, sizes in PEERS.items()}
    return {"benchmark": "crossbar", **result, "times_the_peer": times, "target_times_the_peer": {**TARGETS, "wires": "3000 at 512"},
            "target_wires_programming_seconds": {"512": 20}, "peer": {"source": "CrossSim 0a6c8e6f on two Zen 3 virtual cores", **PEERS}, "machine": machine()}
