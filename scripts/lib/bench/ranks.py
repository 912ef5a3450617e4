# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ranks hold and say: `scripts/bench emulator ranks`. The Brunel network by rule, by ranks that are pretended and by those of mpirun, and what
docs/rationale/ranks.md predicts of them."""

import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from bench.common import machine, measured, ranvier, script

SYNAPSES = 1000  # Onto a neuron, from anywhere.
# Root and more ranks than processors are refused by mpirun unless told.
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
       "OMPI_MCA_hwloc_base_binding_policy": "none"}


def predicted(neurons, ranks, delays=1, inputs=0):
    """Bytes of synapses and messages of one rank of a network of equal neurons with `SYNAPSES` synapses each from anywhere, all of a neuron of the same
    weight, one core a rank, no timing: docs/rationale/ranks.md, section "A thousand ranks"."""
    own = neurons / ranks
    axons = neurons * (1 - math.exp(-SYNAPSES * own / neurons))  # sources with a synapse here
    held = SYNAPSES * own
    segments = axons * delays * (1 - math.exp(-held / axons / delays)) if delays > 1 else axons
    return {"synapses": 2 * held + (8 + 4 + 4) * axons + 4 * segments, "messages": 8 * (neurons + inputs) + 8 * axons + 8 * math.ceil(ranks / 64) * own}


def run_ranks(root, image, steps, ranks):
    """The result of mpirun with one thread a rank."""
    done = subprocess.run(["mpirun", "-n", str(ranks), str(root / "build/release/bin/ranvier"), "run", str(image), "--steps", str(steps), "--timing", "off", "--json"],
                          capture_output=True, text=True, env={**os.environ, **MPI})
    if done.returncode:
        sys.exit(f"mpirun failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout)


def ranks(root, options):
    neurons, seconds = round(40_000 * (options.scale or 1.0)), options.seconds or 0.5
    steps = round(seconds / 1e-4)
    generator = script(root / "examples" / "balanced" / "generate.py")
    table = {}
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        with open(folder / "net.mlir", "w") as out:
            generator.write("brunel", neurons, float(SYNAPSES), "number", 1, out)
        text = (root / "hw-models" / "chips" / "reference.yaml").read_text()
        spikes, alone = None, None
        for count in (1, 2, 4, 8):
            # One core a rank, so that what a row costs is seen by itself.
            chip = folder / f"ranks{count}.yaml"
            limit = f"  neurons: {{value: {-(-neurons // count)}, source: \"{count} ranks\", status: defined}}"
            chip.write_text(re.sub(r"^  neurons: \{.*\}$", limit, text, flags=re.M).replace("name: reference", f"name: ranks{count}"))
            image = folder / f"net{count}.rvi"
            ranvier(root, "compile", folder / "net.mlir", "--target", chip, "-o", image)
            dry, _, _ = measured(root, "run", image, "--steps", steps, "--timing", "off", "--dry-run-ranks", count)
            if spikes is None:
                spikes = dry["totals"]["spikes"]
            assert dry["totals"]["spikes"] == spikes, "the number of ranks changed spikes"
            shares = dry["ranks"]
            inputs = 0
            expected = predicted(neurons, count, inputs=inputs)
            entry = {"synapses_per_rank": max(share["synapses"] for share in shares),
                     "memory_mb_per_rank": max(share["memory_bytes"]["total"] for share in shares) / 1e6,
                     "synapses_mb": max(share["memory_bytes"]["synapses"] for share in shares) / 1e6, "synapses_mb_predicted": expected["synapses"] / 1e6,
                     "messages_mb": max(share["memory_bytes"]["messages"] for share in shares) / 1e6, "messages_mb_predicted": expected["messages"] / 1e6,
                     "bytes_sent_per_rank_and_biological_second": max(share["traffic"]["bytes_sent"] for share in shares) / seconds,
                     "exchanges_per_biological_second": shares[0]["traffic"]["exchanges"] / seconds}
            if count <= 4:
                real = run_ranks(root, image, steps, count)
                assert real["totals"]["spikes"] == spikes, "mpirun changed spikes"
                entry["real_time_factor"] = real["wall"]["seconds"] / seconds
                if count == 1:
                    alone = real["wall"]["seconds"]
                else:
                    peaks = [share.pop("peak_process_bytes") for share in real["ranks"]]
                    assert real["ranks"] == shares, "pretended ranks promised something else"
                    entry["peak_process_mb"] = max(peaks) / 1e6
                    entry["faster_than_one_rank"] = alone / real["wall"]["seconds"]
            table[str(count)] = entry
    return {"benchmark": "emulator ranks", "neurons": neurons, "synapses": neurons * SYNAPSES, "biological_seconds": seconds, "ranks": table,
            "peer": {}, "roofline": {}, "machine": machine()}
