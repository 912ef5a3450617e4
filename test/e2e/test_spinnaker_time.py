# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time and energy of `spinnaker1`: hops of multicast trees on the triangular torus counted anew from spikes and places, times and joules from counts and the
constants of docs/spec/timing-and-energy.md."""

import json

import h5py
import numpy as np

from ranvier import Case

SIDE, CORES = 12, 17  # chips along an axis of the torus, cores of a chip
PLACES = [(0, 0, 0), (0, 0, 1), (11, 6, 0), (4, 0, 4), (10, 10, 3), (10, 8, 16), (6, 5, 2), (1, 11, 7)]
ACCESS, SYNAPSE, AXON, HOP = (29.75e-9, 875_000), (2.55e-9, 75_000), (65.45e-9, 1_925_000), (1e-9, 166_700)  # J, ps


def links(start, goal):
    """Of a message: (chip, direction) for each, the diagonal first, then x, then y. No two ways round are equally long between PLACES."""
    dx, dy = ((g - s + SIDE // 2) % SIDE - SIDE // 2 for s, g in zip(start, goal))
    lengths = {(dx + wx, dy + wy): max(abs(dx + wx), abs(dy + wy)) if (dx + wx) * (dy + wy) > 0 else abs(dx + wx) + abs(dy + wy)
               for wx in (-SIDE, 0, SIDE) for wy in (-SIDE, 0, SIDE)}
    least = min(lengths.values())
    (dx, dy), = [way for way, length in lengths.items() if length == least]
    steps = []
    if dx * dy > 0:
        sign = 1 if dx > 0 else -1
        steps += [(sign, sign)] * min(abs(dx), abs(dy))
    taken = len(steps) * (steps[0][0] if steps else 0)
    steps += [(int(np.sign(dx - taken)), 0)] * abs(dx - taken) + [(0, int(np.sign(dy - taken)))] * abs(dy - taken)
    assert len(steps) == least
    out, (x, y) = [], start
    for step in steps:
        out.append((x, y, step))
        x, y = (x + step[0]) % SIDE, (y + step[1]) % SIDE
    assert (x, y) == goal
    return out


class SpinnakerTime(Case):
    def build(self):
        rng = np.random.default_rng(2)
        lines = ["snn.network @net dt 1.0e-3 seed 3 {"]
        for k in range(len(PLACES)):
            lines.append(f"  snn.population @p{k} model @if_curr_exp shape [40] params {{i_offset = #snn.uniform<0.7, 1.2, seed = {k}>}} "
                         f"init {{v = #snn.uniform<-65.0, -50.0, seed = {k + 50}>}}")
        edges = [(s, t) for s in range(len(PLACES)) for t in range(len(PLACES)) if rng.random() < 0.5]
        for s, t in edges:
            lines.append(f'  snn.connect @e{s}_{t} from @p{s} to @p{t} receptor "excitatory" delay 2 "fixed_probability" {{p = 0.3}} weights 0.01 seed {10 * s + t}')
        text, places, image = self.tmp / "net.mlir", self.tmp / "places.json", self.tmp / "net.rvi"
        text.write_text("\n".join([*lines, "  snn.output @out from @p0", "}"]) + "\n")
        keys = ("population", "first", "count", "chip", "core")
        slices = [dict(zip(keys, (f"p{k}", 0, 40, 0, (x * SIDE + y) * CORES + core))) for k, (x, y, core) in enumerate(PLACES)]
        places.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
        self.json("compile", text, "--target", "spinnaker1", "--mapping", places, "-o", image)
        return image

    def test_counts_times_and_joules_are_those_of_a_recount(self):
        image, recording, folder, steps = self.build(), self.tmp / "run.h5", self.tmp / "report", 60
        result = self.json("run", image, "--steps", steps, "-o", recording, "--report", folder)
        full = self.json("inspect", image, "--full")
        place = {core["slices"][0]["population"]: (core["core"] // CORES // SIDE, core["core"] // CORES % SIDE) for core in full["cores"]}
        core_of = {core["slices"][0]["population"]: number for number, core in enumerate(full["cores"])}
        rows = {}  # (population, neuron) -> {core: synapses}
        for number, core in enumerate(full["cores"]):
            for axon in core["in_axon_table"]:
                rows.setdefault((axon["population"], axon["neuron"]), {})[number] = sum(len(row["synapses"]) for row in axon["rows"])
        with h5py.File(recording) as file:
            spikes = {name: list(zip(file[f"populations/{name}/spike_steps"][...].tolist(), file[f"populations/{name}/spike_neurons"][...].tolist()))
                      for name in file["populations"]}
        self.assertGreater(sum(map(len, spikes.values())), 300)
        home = {number: place[name] for name, number in core_of.items()}
        east_west = north_south = arrivals = events = 0
        taken = np.zeros((steps + 1, len(PLACES)), np.int64)  # by step and core, of messages and synapses [ps]
        loads = [dict() for _ in range(steps + 1)]
        for name, fired in spikes.items():
            for step, neuron in fired:
                reached = rows.get((name, neuron), {})
                tree = set().union(*(links(place[name], home[core]) for core in reached)) if reached else set()
                for x, y, direction in tree:
                    east_west += direction[0] != 0
                    north_south += direction[0] == 0
                    loads[step][x, y, direction] = loads[step].get((x, y, direction), 0) + 1
                for core, synapses in reached.items():
                    arrivals += 1
                    events += synapses
                    taken[step, core] += AXON[1] + synapses * SYNAPSE[1]
        totals = result["totals"]
        self.assertEqual((totals["hops_east_west"], totals["hops_north_south"], totals["chip_hops"], totals["arrivals"], totals["synaptic_events"]),
                         (east_west, north_south, 0, arrivals, events))
        each = [max([40 * ACCESS[1], *taken[step].tolist(), *(load * HOP[1] for load in loads[step].values())]) for step in range(1, steps + 1)]
        report = json.loads((folder / "report.json").read_text())
        self.assertEqual([step["picoseconds"] for step in report["per_step"]], each)
        joules = steps * 40 * len(PLACES) * ACCESS[0] + events * SYNAPSE[0] + arrivals * AXON[0] + (east_west + north_south) * HOP[0]
        self.assertAlmostEqual(result["energy"]["total_j"], joules, delta=1e-9 * joules)
        self.assertEqual(result["machine"]["costs"]["name"], "estimate")
        self.assertEqual(result["energy"]["unknown"], ["soma_spike", "axon_out"])

    def test_detailed_is_refused(self):
        self.assertIn("triangular_torus", self.fails("run", self.build(), "--steps", 2, "--timing", "detailed", rnv=7006))
