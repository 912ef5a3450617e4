# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Synapse cores (`compile --split`, docs/spec/population-tables.md, section 10): the same spikes and states bit for bit as without, their times counted on both sides, and a report that
says what they are for."""

import json
import subprocess
import sys

import h5py
import numpy as np

from ranvier import ROOT, Case

ACCESS, PACKET, SYNAPSE, TRANSFER, SENT, TAKEN = 875_000, 1_925_000, 75_000, 500_000, 7_600, 32_600  # ps


class Split(Case):
    def network(self, name="net", learns=False):
        """Two populations over several cores and an input, both receptors, delays beyond the ring buffers, and weights that saturate them."""
        text = self.tmp / f"{name}.mlir"
        text.write_text("""snn.network @net dt 1.0e-3 seed 5 {
  snn.input @in shape [300] source #snn.poisson<[80.0], seed = 11>
  snn.population @a model @if_curr_exp shape [600] params {i_offset = #snn.uniform<0.6, 1.0, seed = 1>} init {v = #snn.uniform<-65.0, -50.0, seed = 2>}
  snn.population @b model @if_curr_exp shape [300] params {i_offset = 0.4}
  snn.connect @in_a from @in to @a receptor "excitatory" delay #snn.uniform<1.0, 40.0, seed = 3> "fixed_probability" {p = 0.2} weights #snn.uniform<0.0, 0.4, seed = 4> seed 5
  snn.connect @a_a from @a to @a receptor "inhibitory" delay #snn.uniform<1.0, 12.0, seed = 6> "fixed_probability" {p = 0.1} weights 0.08 seed 7
  snn.connect @a_b from @a to @b receptor "excitatory" delay 3 "fixed_probability" {p = 0.3} weights #snn.uniform<0.0, 3.0, seed = 8> seed 9
  snn.connect @b_a from @b to @a receptor "excitatory" delay 2 "fixed_probability" {p = 0.05} weights 0.1 seed 10
%s}
""" % ("  snn.plasticity @p of @b_a rule @stdp_pair_additive\n" if learns else ""))
        return text

    def record(self, image, steps=300, *more):
        out = self.tmp / f"{image.stem}.h5"
        self.json("run", image, "--steps", steps, "--timing", "off", "-o", out, "--record", "v,isyn_exc", *more)
        with h5py.File(out) as file:
            found = {}
            file.visititems(lambda name, item: found.update({name: item[...]}) if isinstance(item, h5py.Dataset) else None)
        return found

    def assertSame(self, expected, found):
        self.assertEqual(expected.keys(), found.keys())
        for name, values in expected.items():
            self.assertTrue(np.array_equal(values, found[name]), name)

    def test_no_split_changes_a_spike_or_a_state(self):
        text, plain = self.network(), self.tmp / "plain.rvi"
        self.json("compile", text, "--target", "spinnaker1", "-o", plain)
        expected = self.record(plain)
        self.assertGreater(sum(len(values) for name, values in expected.items() if name.endswith("spike_steps")), 3000)
        for split in ("1", "2", "5", "auto"):
            image = self.tmp / f"split{split}.rvi"
            options = ["--split", split] + (["--spikes-per-second", 400] if split == "auto" else [])
            mapping = self.json("compile", text, "--target", "spinnaker1", *options, "-o", image)["mapping"]
            self.assertGreater(mapping["cores"]["synapse_cores"], 0)
            self.assertEqual(mapping["cores"]["used"], mapping["load"]["cores"])
            self.assertSame(expected, self.record(image))
            self.assertTrue(self.json("verify", image, text)["equal"])
        cores = self.json("inspect", image, "--full")["cores"]
        feeding = [core for core in cores if "feeds" in core]
        self.assertTrue(feeding)
        for core in feeding:
            fed = cores[core["feeds"]]
            self.assertEqual((core["slices"], core["neurons"], fed["in_axons"]), ([], 0, 0))
            self.assertEqual(core["core"] // 17, fed["core"] // 17)
        # Other executor, other threads, and a run in two parts: what is under way to a synapse core is kept.
        two = self.tmp / "split2.rvi"
        self.assertSame(expected, self.record(two, 300, "--executor", "interp", "--threads", 1))
        mark = self.tmp / "half.rvc"
        self.json("run", two, "--steps", 150, "--timing", "off", "--checkpoint", mark, "--checkpoint-every", 150)
        whole = self.json("run", plain, "--steps", 300, "--timing", "off")["populations"]
        self.assertEqual(self.json("run", two, "--steps", 300, "--timing", "off", "--resume", mark)["populations"], whole)

    def test_a_stage_remembers_its_synapse_cores(self):
        text, whole, stage, resumed = self.network(), self.tmp / "whole.rvi", self.tmp / "stage.mlir", self.tmp / "resumed.rvi"
        self.json("compile", text, "--target", "spinnaker1", "--split", 3, "-o", whole)
        self.json("compile", text, "--target", "spinnaker1", "--split", 3, "--emit", "fabric", "-o", stage)
        self.assertIn("synapses ", stage.read_text())
        self.json("compile", stage, "-o", resumed)
        first, second = (self.json("inspect", image, "--full") for image in (whole, resumed))
        self.assertEqual(first["cores"], second["cores"])

    def test_what_is_loaded_leaves_room_for_the_sums(self):
        """Blocks and sums of a tile lie one after another, and every core takes as much of the tile's memory as was foretold."""
        image, folder = self.tmp / "loaded.rvi", self.tmp / "loaded"
        foretold = self.json("compile", self.network(), "--target", "spinnaker1", "--split", 2, "-o", image)["mapping"]["memories"]
        self.json("export", image, "--sdram", folder)
        cores, ends, taken = json.loads((folder / "index.json").read_text())["cores"], {}, {}
        for core in cores:
            tile = (core["x"], core["y"])
            regions = [(core["address"], core["bytes"])]
            if "feeds" in core:
                sums = 2 ** (core["fields"]["index_bits"] + core["fields"]["type_bits"])
                self.assertEqual((core["sums"]["bytes"], core["slices"], core["dtcm"]["parts"]["neurons"]), (2 * sums, [], 0))
                regions.append((core["sums"]["address"], core["sums"]["bytes"]))
                self.assertEqual((cores[core["feeds"]]["x"], cores[core["feeds"]]["y"]), tile)
            for address, size in regions:
                self.assertEqual(address, ends.get(tile, 0x60000000) + 8)
                ends[tile] = address + size
            taken[tile] = taken.get(tile, 0) + core["sdram"]["bytes"]
        self.assertEqual({tile: end - 0x60000000 for tile, end in ends.items()}, taken)
        self.assertEqual(foretold["sdram_tile"]["used"], max(taken.values()))
        self.assertEqual(foretold["sdram_tile"]["all_tiles"], sum(taken.values()))
        self.assertIn(f"synapses of core {cores[0]['p'] - 1}", self.call("inspect", image).stdout)

    def test_times_count_on_both_sides_and_are_foretold(self):
        text, image, out, folder, steps = self.network(), self.tmp / "timed.rvi", self.tmp / "timed.h5", self.tmp / "report", 200
        self.json("compile", text, "--target", "spinnaker1", "--split", 2, "-o", image)
        self.json("run", image, "--steps", steps, "--timing", "off", "-o", out)
        load = self.json("compile", text, "--target", "spinnaker1", "--split", 2, "--profile", out, "-o", image)["mapping"]["load"]
        result = self.json("run", image, "--steps", steps, "--timing", "fast", "--report", folder)
        report = json.loads((folder / "report.json").read_text())
        cores = self.json("inspect", image, "--full")["cores"]
        arrivals = events = 0
        for core, times in zip(cores, report["cores"]):
            feeders = sum(other.get("feeds") == number for other in cores for number in [cores.index(core)])
            sums = core["accumulators"]
            self.assertEqual(times["soma_ps"], steps * (core["neurons"] * ACCESS + feeders * (TRANSFER + sums * TAKEN)))
            self.assertEqual(times["axon_out_ps"], steps * (TRANSFER + sums * SENT) if "feeds" in core else 0)
            arrivals += times["axon_in_ps"] // PACKET
            events += times["synapse_ps"] // SYNAPSE
            self.assertEqual(times["axon_in_ps"] == 0, "feeds" not in core)
        self.assertEqual((arrivals, events), (result["totals"]["arrivals"], result["totals"]["synaptic_events"]))
        # The busiest core of each population, foretold by the rates of the very run; inputs fire by their own.
        at = {core["core"]: times for core, times in zip(cores, report["cores"])}
        for entry in load["populations"]:
            busiest = entry["busiest"]
            times = at[busiest["core"]]
            self.assertEqual(times["soma_ps"] + times["axon_out_ps"], round(steps * 1000 * (busiest["neurons_ns"] + busiest["transfers_ns"])))
            self.assertAlmostEqual(times["axon_in_ps"], steps * 1000 * busiest["packets_ns"], delta=0.05 * times["axon_in_ps"] + 1)
        self.assertEqual(load["synapse_cores"], sum("feeds" in core for core in cores))

    def test_auto_splits_where_packets_fill_the_step_and_says_so(self):
        """A twentieth of the microcircuit at 80 spikes a second brings as many packets to a core as the whole does at 4."""
        text = self.tmp / "circuit.mlir"
        with text.open("w") as out:
            subprocess.run([sys.executable, str(ROOT / "examples/microcircuit/generate.py"), "--model", "if_curr_exp", "--scale", "0.05"], stdout=out, check=True)
        slow = self.json("compile", text, "--target", "spinnaker1", "--split", "auto", "--spikes-per-second", 4, "-o", self.tmp / "slow.rvi")["mapping"]
        self.assertNotIn("unsplit", slow["load"])  # halves are enough
        self.assertEqual(slow["load"]["cores_over"], {"mean": 0, "peak": 0})
        busy = self.json("compile", text, "--target", "spinnaker1", "--split", "auto", "--spikes-per-second", 80, "-o", self.tmp / "busy.rvi")["mapping"]
        load, unsplit = busy["load"], busy["load"]["unsplit"]
        self.assertEqual(load["cores_over"], {"mean": 0, "peak": 0})
        self.assertGreater(load["synapse_cores"], 0)
        self.assertEqual(unsplit["cores"] + load["synapse_cores"], load["cores"])
        self.assertGreater(unsplit["cores_over"]["peak"], 0)
        self.assertGreater(unsplit["busiest"]["peak_ns"], 100_000)
        packets = unsplit["busiest"]["packets"]
        self.assertAlmostEqual(unsplit["packets_alone_ns"]["mean"], packets * 1925)
        self.assertAlmostEqual(unsplit["packets_alone_ns"]["peak"], packets * 1925 + 5 * 1925 * packets ** 0.5)
        line = self.call("check", text, "--target", "spinnaker1", "--split", "auto", "--spikes-per-second", 80).stdout
        self.assertIn("synapse cores; without them", line)

    def test_what_cannot_be_split_is_refused(self):
        text, image = self.network(), self.tmp / "x.rvi"
        self.assertIn("memories", self.fails("compile", text, "--target", "reference", "--split", "auto", "-o", image, code=3, rnv=6110))
        self.fails("compile", text, "--target", "spinnaker1", "--split", 17, "-o", image, code=3, rnv=6110)
        self.fails("compile", self.network("learns", True), "--target", "spinnaker1", "--split", 1, "-o", image, code=1, rnv=6111)
        self.fails("compile", text, "--target", "spinnaker1", "--split", 1, "--partition", "multilevel", "-o", image, code=2, rnv=8043)
        self.fails("compile", text, "--target", "spinnaker1", "--split", "some", "-o", image, code=2)
        self.json("compile", text, "--target", "spinnaker1", "--split", 1, "-o", image)
        self.fails("run", image, "--steps", 5, "--timing", "off", "--dry-run-ranks", 2, code=1, rnv=7045)
        self.fails("run", image, "--steps", 5, "--timing", "detailed", code=1, rnv=7042)
