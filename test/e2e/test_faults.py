# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Machines with dead parts and with multicast trees through the command line: neither changes a spike, what is dead is never used, hops of
a run are those that an independent recount gives, images and mappings that use a dead part are refused, and every error names its cause."""

import json
import re

import h5py
import numpy as np

from ranvier import ROOT, Case

LOIHI = ROOT / "hw-models" / "chips" / "loihi1.yaml"


def chip_file(path, extra="", **numbers):
    """loihi1 with other numbers in its sections, and more text at its end."""
    text = LOIHI.read_text()
    for key, value in numbers.items():
        text, count = re.subn(rf"(\n  {key}: {{value: )\w+", rf"\g<1>{value}", text)
        assert count == 1, key
    path.write_text(text + extra)
    return path


def faults_file(path, **lists):
    path.write_text("format: ranvier-faults\nversion: 1\nfaults: " + json.dumps(lists) + "\n")
    return path


def recurrent(path, neurons, degree, seed):
    path.write_text(f"""snn.network @net dt 1.0e-3 seed {seed} {{
  snn.input @in shape [20] source #snn.poisson<[120.0], seed = 5>
  snn.population @cells model @lif shape [{neurons}] params {{tau = 0.02, r = 20.0, v_threshold = 1.0}}
  snn.connect @drive from @in to @cells "fixed_in_degree" {{k = 4}} weights 0.3
  snn.connect @loop from @cells to @cells delay 1 "fixed_in_degree" {{k = {degree}}} weights 0.1
  snn.output @out from @cells
}}
""")
    return path


class Machine:
    """Ways of messages, worked out here alone: east or west first, then north or south. `chip`: the numbers of a mesh."""

    def __init__(self, tiles_x, tiles_y, per_tile, chips_y):
        self.tiles_x, self.tiles_y, self.per_tile, self.chips_y = tiles_x, tiles_y, per_tile, chips_y

    def tile(self, chip, core):
        number = core // self.per_tile
        return chip // self.chips_y * self.tiles_x + number // self.tiles_y, chip % self.chips_y * self.tiles_y + number % self.tiles_y

    def way(self, source, target):
        """Links as (x, y, dx, dy)."""
        (x, y), (goal_x, goal_y), links = self.tile(*source), self.tile(*target), []
        while x != goal_x:
            step = 1 if goal_x > x else -1
            links.append((x, y, step, 0))
            x += step
        while y != goal_y:
            step = 1 if goal_y > y else -1
            links.append((x, y, 0, step))
            y += step
        return links

    def kind(self, link):
        x, y, dx, dy = link
        here, there = (x // self.tiles_x, y // self.tiles_y), ((x + dx) // self.tiles_x, (y + dy) // self.tiles_y)
        return "chip_hop" if here != there else "hops_east_west" if dx else "hops_north_south"


def recount(full, run, machine, trees):
    """Hops of a run by kind, from the tables of its image and its spikes."""
    with h5py.File(run) as f:
        spikes = {name: np.bincount(f[f"populations/{name}/spike_neurons"][...], minlength=int(f[f"populations/{name}"].attrs["n"]))
                  for name in f["populations"]}
    places = [(core["chip"], core["core"]) for core in full["cores"]]
    home = {(s["population"], n): place for core, place in zip(full["cores"], places) for s in core["slices"]
            for n in range(s["first"], s["first"] + s["count"])}
    reached = {}
    for core, place in zip(full["cores"], places):
        for axon in core["in_axon_table"]:
            reached.setdefault((axon["population"], axon["neuron"]), set()).add(place)
    totals = {"hops_east_west": 0, "hops_north_south": 0, "chip_hop": 0}
    for source, targets in reached.items():
        if source not in home:
            continue  # Inputs come from the host.
        links = [link for target in sorted(targets) for link in machine.way(home[source], target)]
        for link in set(links) if trees else links:
            totals[machine.kind(link)] += int(spikes[source[0]][source[1]])
    return totals


class Faults(Case):
    def compiled(self, network, chip, name, *options):
        image = self.tmp / f"{name}.rvi"
        return image, self.json("compile", network, "--target", chip, "-o", image, *options)

    def run_of(self, image, steps=40):
        out = image.with_suffix(".h5")
        report = image.with_suffix(".report")
        self.json("run", image, "--steps", steps, "-o", out, "--report", report)
        return out, json.loads((report / "report.json").read_text())["totals"]

    def test_dead_parts_are_avoided_and_change_no_spike(self):
        chip = chip_file(self.tmp / "small.yaml", neurons=8, tiles_x=4, tiles_y=2, cores_per_tile=2, max_chips=8, chips_y=2)
        network = recurrent(self.tmp / "net.mlir", 8 * 18, 3, 1)
        faults = faults_file(self.tmp / "faults.yaml", chips=[1], cores=[{"chip": 0, "core": 3}, {"chip": 2, "core": 0}],
                             links=[{"chip": 0, "x": 1, "y": 0, "direction": "east"}, {"chip": 0, "x": 2, "y": 1, "direction": "south"}])
        machine = Machine(4, 2, 2, 2)
        whole, _ = self.compiled(network, chip, "whole")
        run, _ = self.run_of(whole)
        for name, options in (("auto", []), ("sequential", ["--partition", "sequential"]), ("multilevel", ["--partition", "multilevel"]),
                              ("seed", ["--seed", 4])):
            image, result = self.compiled(network, chip, name, "--faults", faults, *options)
            self.assertEqual({k: result["mapping"]["faults"][k] for k in ("chips", "cores", "links")}, {"chips": 1, "cores": 2, "links": 2})
            self.assertEqual(result["mapping"]["cores"]["available"], 7 * 16 - 2)
            full = self.json("inspect", image, "--full")
            places = {(core["chip"], core["core"]) for core in full["cores"]}
            self.assertFalse(places & {(0, 3), (2, 0)})
            self.assertNotIn(1, {chip for chip, _ in places})
            dead = {(1, 0, 1, 0), (2, 1, 0, -1)}
            for core in full["cores"]:
                for axon in core["in_axon_table"]:
                    for sender in full["cores"]:
                        if any(s["population"] == axon["population"] and s["first"] <= axon["neuron"] < s["first"] + s["count"] for s in sender["slices"]):
                            way = machine.way((sender["chip"], sender["core"]), (core["chip"], core["core"]))
                            self.assertFalse(dead & set(way))
                            self.assertFalse([link for link in way if (link[0] + link[2]) // 4 == 0 and (link[1] + link[3]) // 2 == 1])
            out, totals = self.run_of(image)
            self.assertTrue(self.json("diff", run, out)["equal"])
            expected = recount(full, out, machine, False)
            self.assertGreater(sum(expected.values()), 0)
            self.assertEqual({"hops_east_west": totals["hops_east_west"], "hops_north_south": totals["hops_north_south"], "chip_hop": totals["chip_hops"]},
                             expected)
            self.assertTrue(self.json("verify", image, network)["equal"])
        picture = self.tmp / "picture.svg"
        self.json("inspect", self.tmp / "auto.rvi", "--picture", picture)
        self.assertIn("dead: chip 0, core 3", picture.read_text())
        self.assertIn("dead link: chip 0, tile (1,0), east", picture.read_text())
        self.assertIn("2 cores, 2 links of the machine", self.call("compile", network, "--target", chip, "--faults", faults, "-o", picture).stdout)

    def test_hops_of_trees_and_of_single_messages_are_those_of_a_recount(self):
        numbers = dict(neurons=8, tiles_x=4, tiles_y=2, cores_per_tile=2, max_chips=8, chips_y=2)
        machine = Machine(4, 2, 2, 2)
        for seed in range(4):
            network = recurrent(self.tmp / f"trees{seed}.mlir", 100 + 20 * seed, 4, seed)
            runs, sums = [], {}
            for trees in (False, True):
                chip = chip_file(self.tmp / f"trees-{trees}.yaml", **numbers)
                text, count = re.subn(r"(\n  multicast_trees: )false", rf"\g<1>{str(trees).lower()}", chip.read_text())
                self.assertEqual(count, 1)
                chip.write_text(text)
                image, result = self.compiled(network, chip, f"trees-{trees}", "--seed", seed)
                self.assertEqual(result["mapping"]["hops"].get("multicast_trees", False), trees)
                out, totals = self.run_of(image)
                full = self.json("inspect", image, "--full")
                expected = recount(full, out, machine, trees)
                self.assertEqual({"hops_east_west": totals["hops_east_west"], "hops_north_south": totals["hops_north_south"],
                                  "chip_hop": totals["chip_hops"]}, expected)
                if trees:
                    self.assertGreater(totals["arrivals"], totals["messages"] + totals["input_messages"])
                else:
                    self.assertEqual(totals["arrivals"], totals["messages"] + totals["input_messages"])
                sums[trees] = sum(expected.values())
                # What the report says of the mapping: every neuron once.
                once = self.tmp / "once.h5"
                with h5py.File(out) as old, h5py.File(once, "w") as new:
                    for name in old["populations"]:
                        size = int(old[f"populations/{name}"].attrs["n"])
                        group = new.create_group(f"populations/{name}")
                        group.attrs["n"] = size
                        group["spike_neurons"] = np.arange(size)
                self.assertEqual(result["mapping"]["hops"]["total"], sum(recount(full, once, machine, trees).values()))
                runs.append(out)
                more = self.tmp / "threads.h5"
                self.json("run", image, "--steps", 40, "--threads", 2, "-o", more)
                self.assertTrue(self.json("diff", out, more)["equal"])
            self.assertTrue(self.json("diff", *runs)["equal"])
            self.assertLess(sums[True], sums[False])

    def test_costlier_links_between_chips_change_places_and_no_spike(self):
        numbers = dict(neurons=8, tiles_x=2, tiles_y=2, cores_per_tile=2, max_chips=8, chips_y=2)
        network = recurrent(self.tmp / "costly.mlir", 150, 4, 8)
        plain = chip_file(self.tmp / "even.yaml", **numbers)
        costly = self.tmp / "costly.yaml"
        costly.write_text(plain.read_text().replace("  multicast_trees: false", "  multicast_trees: false\n  chip_link_cost: {value: 20, source: test, status: defined}"))
        runs, reports = [], []
        for name, chip in (("even", plain), ("costly", costly)):
            image, result = self.compiled(network, chip, name)
            reports.append((result["mapping"]["hops"], result["partition"]["spikes_hops"]))
            runs.append(self.run_of(image)[0])
        (even, _), (hops, cost) = reports
        self.assertNotIn("weighted", even)
        self.assertEqual(hops["weighted"], {"chip_link_cost": 20, "total": hops["total"] + 19 * hops["between_chips"]})
        self.assertEqual(cost, hops["weighted"]["total"])
        self.assertLess(hops["between_chips"], even["between_chips"])
        self.assertTrue(self.json("diff", *runs)["equal"])

    def test_the_chip_file_and_the_option_mean_the_same(self):
        numbers = dict(neurons=8, tiles_x=4, tiles_y=2, cores_per_tile=2, max_chips=2, chips_y=1)
        network = recurrent(self.tmp / "same.mlir", 60, 2, 2)
        (self.tmp / "a").mkdir()
        cores = [{"chip": 0, "core": 0}, {"chip": 0, "core": 5}]
        own = chip_file(self.tmp / "a" / "chip.yaml", "faults: " + json.dumps({"cores": cores}) + "\n", **numbers)
        plain = chip_file(self.tmp / "chip.yaml", **numbers)
        images = []
        for name, chip, options in (("own", own, []), ("given", plain, ["--faults", faults_file(self.tmp / "given.yaml", cores=cores)])):
            image, _ = self.compiled(network, chip, name, *options)
            images.append(self.json("inspect", image, "--full"))
        for image in images:
            image.pop("provenance")
        self.assertEqual(images[0]["cores"], images[1]["cores"])
        self.assertIn("faults_hash", self.json("inspect", self.tmp / "given.rvi")["provenance"])

    def test_a_mapping_or_a_stage_on_dead_parts_is_refused(self):
        chip = chip_file(self.tmp / "hand.yaml", neurons=8, tiles_x=4, tiles_y=2, cores_per_tile=2, max_chips=2, chips_y=1)
        network = recurrent(self.tmp / "hand.mlir", 16, 2, 3)
        image, stage = self.tmp / "hand.rvi", self.tmp / "hand.fabric.mlir"
        mapping = self.tmp / "map.json"
        mapping.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": [
            {"population": "cells", "first": 8 * i, "count": 8, "chip": 0, "core": core} for i, core in enumerate((2, 14))]}))
        dead_core = faults_file(self.tmp / "core.yaml", cores=[{"chip": 0, "core": 14}])
        dead_chip = faults_file(self.tmp / "chip-dead.yaml", chips=[0])
        dead_link = faults_file(self.tmp / "link.yaml", links=[{"chip": 0, "x": 2, "y": 1, "direction": "east"}])
        for faults, rnv, code, parts in ((dead_core, 6081, 1, ("slices[1].core", "map.json")), (dead_chip, 6081, 1, ("slices[0].chip",)),
                                         (dead_link, 6082, 3, ("dead link: chip 0, tile (2,1), east", "population 'cells', neuron"))):
            message = self.fails("compile", network, "--target", chip, "--mapping", mapping, "--faults", faults, "-o", image, code=code, rnv=rnv)
            for part in parts:
                self.assertIn(part, message)
            self.assertFalse(image.exists())
        self.json("compile", network, "--target", chip, "--mapping", mapping, "--emit", "fabric", "-o", stage)
        self.fails("compile", stage, "--faults", dead_core, "-o", image, rnv=6081)
        other = faults_file(self.tmp / "other.yaml", cores=[{"chip": 1, "core": 0}])
        self.json("compile", stage, "--faults", other, "-o", image)
        self.assertEqual(self.json("inspect", image)["mapping"]["faults"]["cores"], 1)

    def test_partitioners_without_open_ways_say_why(self):
        chip = chip_file(self.tmp / "one.yaml", neurons=8, tiles_x=2, tiles_y=2, cores_per_tile=1, max_chips=1, chips_y=1)
        faults = faults_file(self.tmp / "way.yaml", links=[{"chip": 0, "x": 0, "y": 0, "direction": "east"}])
        full = recurrent(self.tmp / "all.mlir", 8 * 4, 20, 4)
        arguments = ["map", "partition", full, "--target", chip, "--faults", faults, "--seeds", 1, "--only", "ranvier,sequential"]
        reason = "its way is closed: dead link: chip 0, tile (0,0), east"
        for entry in self.json(*arguments)["partitioners"]:
            self.assertFalse(entry["fits"])
            self.assertIn(reason, entry["reason"])
        text = self.call(*arguments).stdout
        self.assertEqual(text.count(reason), 2)
        self.assertNotIn("repaired\n", text)

    def test_what_cannot_be_done_names_its_cause(self):
        chip = chip_file(self.tmp / "two.yaml", neurons=8, tiles_x=2, tiles_y=2, cores_per_tile=1, max_chips=2, chips_y=1)
        image = self.tmp / "never.rvi"
        full = recurrent(self.tmp / "full.mlir", 8 * 8, 6, 4)
        joints = [{"chip": 0, "x": 1, "y": y, "direction": "east"} for y in (0, 1)]
        cases = ((dict(cores=[{"chip": 0, "core": 0}]), 6016, 3, "at most 7 cores (2 chips of 4, less 1 dead)"),
                 (dict(chips=[0, 1]), 2016, 1, "every core of 'loihi1' is dead"),
                 (dict(links=joints), 6083, 3, "chip 0 is isolated"),
                 (dict(links=joints[:1]), 6082, 3, "dead link: chip 0, tile (1,0), east"),
                 (dict(chips=[2]), 2014, 1, "expected an integer from 0 to 1, found '2'"),
                 (dict(cores=[{"chip": 0, "core": 4}]), 2014, 1, "line 3, key 'faults.cores[0].core'"),
                 (dict(chips=[1, 1]), 2015, 1, "named twice"))
        for lists, rnv, code, part in cases:
            faults = faults_file(self.tmp / "cause.yaml", **lists)
            message = self.fails("compile", full, "--target", chip, "--faults", faults, "-o", image, code=code, rnv=rnv)
            self.assertIn(part, message)
            if rnv < 3000:
                self.assertIn("cause.yaml", message)
            self.assertFalse(image.exists())
        none = chip_file(self.tmp / "whole.yaml", "faults: {chips: [0, 1]}\n", neurons=8, max_chips=2)
        self.assertIn("whole.yaml", self.fails("compile", full, "--target", none, "-o", image, rnv=2016))
        self.fails("compile", full, "--target", chip, "--faults", self.tmp / "absent.yaml", "-o", image, rnv=9001)
        reference = faults_file(self.tmp / "reference.yaml", links=[{"chip": 0, "x": 0, "y": 0, "direction": "east"}])
        self.fails("compile", full, "--target", "reference", "--faults", reference, "-o", image, rnv=2017)
        self.fails("compile", full, "--target", chip, "--faults", reference, "-o", reference, code=2, rnv=8025)
        done = self.call("compile", full, "--target", chip, "--faults", reference, "--emit", "snn", "-o", image)
        self.assertIn("--faults has no effect", done.stderr)
        placed = self.tmp / "placed.mlir"
        self.json("compile", full, "--target", chip, "--emit", "fabric", "-o", placed)
        again = self.json("compile", placed, "--faults", faults_file(self.tmp / "some.yaml", cores=[{"chip": 0, "core": 0}]), "--emit", "fabric", "-o", self.tmp / "again.mlir")
        self.assertEqual(again["warnings"], ["--faults has no effect: compilation starts and ends at 'fabric'"])


