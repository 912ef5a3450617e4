# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Connectors that stay rules in images for `spinnaker1`: whoever opens one finds the tables, bytes and spikes of the same synapses listed one by one, which NumPy draws from
the dialect's page alone."""

import json
import re
import types

import h5py
import numpy as np

from ranvier import Case
from snn_model import Input, Network, Normal, Population, Projection, Uniform

CELL = types.SimpleNamespace(name="if_curr_exp", source="")
SIGNED = types.SimpleNamespace(name="signed", source="""snn.model @signed {
  %keep = arith.constant 0.9 : f32
  %v = snn.state "v" range [-100.0, 100.0] : f32
  %sum = snn.receive "x" : f32
  %kept = arith.mulf %keep, %v : f32
  %moved = arith.addf %kept, %sum : f32
  %top = arith.constant 5.0 : f32
  %zero = arith.constant 0.0 : f32
  %fire = arith.cmpf ogt, %moved, %top : f32
  %next = arith.select %fire, %zero, %moved : f32
  snn.update "v" = %next : f32
  snn.spike %fire
}
""")


class Source(Input):
    def text(self):
        return f"snn.input @{self.name} shape [{self.count}] source #snn.poisson<[60.0], seed = 11>"


def listed(projection):
    """The same projection as an snn.sparse."""
    synapses = sorted(projection.synapses(), key=lambda one: (one[1], one[0]))
    rows = np.searchsorted([t for _, t, _, _ in synapses], np.arange(projection.target.count + 1)).tolist()
    return Projection(projection.name, "sparse", projection.source, projection.target, delay=np.array([d for _, _, _, d in synapses], dtype=np.int32),
                      receptor=projection.receptor, row_ptr=rows, columns=[s for s, _, _, _ in synapses],
                      weights=np.array([w for _, _, w, _ in synapses], dtype=np.float32))


class Connectors(Case):
    def network(self):
        """Every rule; drawn and fixed weights and delays, of either sign where one receptor takes both, and lists beside them."""
        net = Network("net", dt=1e-3, seed=5)
        source = net.add(Source("in", [120]))
        a = net.add(Population("a", CELL, [20, 16], {"i_offset": Uniform(0.6, 1.1, 1)}, {"v": Uniform(-65.0, -50.0, 2)}))
        b = net.add(Population("b", CELL, [300], {"i_offset": 0.4}))
        c = net.add(Population("c", SIGNED, [270]))
        connect = lambda name, start, end, rule, params, **more: net.add(Projection(name, "connect", start, end, rule=rule, params=params, **more))
        exc, inh = {"receptor": "excitatory"}, {"receptor": "inhibitory"}
        connect("in_a", source, a, "fixed_probability", {"p": 0.2}, delay=Uniform(1.0, 40.0, 3), weights=Uniform(0.0, 0.4, 4), seed=5, **exc)
        connect("a_a", a, a, "distance_dependent", {"p_max": 0.5, "scale": 2.5}, delay=Normal(4.0, 2.0, 1.0, 9.0, 6), weights=0.08, seed=7, autapses=False, **inh)
        connect("a_b", a, b, "fixed_total_number", {"n": 9000}, delay=3, weights=Normal(0.2, 0.05, 0.0, 1.0, 8), seed=9, **exc)
        connect("b_a", b, a, "fixed_in_degree", {"k": 12}, delay=Normal(2.0, 1.0, 1.0, 16.0, 10), weights=Normal(0.1, 0.03, 0.01, 0.2, 12), seed=13, **inh)
        net.add(listed(Projection("more", "connect", b, a, rule="fixed_in_degree", params={"k": 3}, delay=2, weights=0.1, seed=14, receptor="excitatory")))
        connect("b_b", b, b, "one_to_one", {}, delay=1, weights=0.25, **inh)
        connect("a_c", a, c, "fixed_probability", {"p": 0.05}, delay=2, weights=Uniform(0.5, 2.0, 15), seed=16)
        connect("b_c", b, c, "fixed_in_degree", {"k": 20}, delay=Uniform(1.0, 5.0, 17), weights=Normal(-0.6, 0.2, -2.0, -0.01, 18), seed=19)
        connect("in_c", source, c, "fixed_probability", {"p": 0.1}, delay=4, weights=Uniform(-1.0, 1.0, 20), seed=21)  # of both signs: a list
        connect("c_c", c, c, "fixed_total_number", {"n": 700}, delay=2, weights=-0.3, seed=22, autapses=False)
        return net

    def write(self, name, net):
        path = self.tmp / f"{name}.mlir"
        path.write_text(net.text())
        return path

    def run_of(self, image, *options):
        out = self.tmp / f"{image.stem}.h5"
        self.json("run", image, "--steps", 250, *(options or ("--timing", "off")), "-o", out, "--record", "spikes,v")
        with h5py.File(out) as file:
            found = {}
            file.visititems(lambda name, item: found.update({name: item[...]}) if isinstance(item, h5py.Dataset) else None)
        return found

    def test_images_of_rules_are_those_of_lists(self):
        net = self.network()
        rules, lists = self.write("rules", net), Network("net", dt=1e-3, seed=5)
        lists.nodes, lists.projections = net.nodes, [listed(p) if p.kind == "connect" else p for p in net.projections]
        lists = self.write("lists", lists)
        images, tables, folders, runs, loads = [], [], [], [], []
        for text in (rules, lists):
            image, folder = text.with_suffix(".rvi"), self.tmp / text.stem
            compiled = self.json("compile", text, "--target", "spinnaker1", "--partition", "sequential", "-o", image)["mapping"]
            self.assertTrue(self.json("verify", image, text)["equal"])
            loads.append((compiled["memories"], compiled["load"]))
            self.assertEqual(self.json("inspect", image)["mapping"]["load"], compiled["load"])
            images.append(image)
            tables.append(self.json("inspect", image, "--full"))
            self.json("export", image, "--sdram", folder)
            folders.append(folder)
            runs.append(self.run_of(image))
        self.assertEqual(*loads)
        kept = {one["projection"]: one for one in tables[0]["connectors"]}
        self.assertEqual(sorted(kept), ["a_a", "a_b", "a_c", "b_a", "b_b", "b_c_inhibitory", "c_c_inhibitory", "in_a"])
        self.assertLess(kept["b_c_inhibitory"]["unit"], 0)
        self.assertEqual(tables[1]["connectors"], [])
        for key in ("cores", "projections", "populations"):
            self.assertEqual(tables[0][key], tables[1][key], key)
        self.assertGreater(sum(core["synapses"] if isinstance(core["synapses"], int) else len(core["synapses"]) for core in tables[0]["cores"]), 30_000)
        self.assertLess(10 * images[0].stat().st_size, 9 * images[1].stat().st_size)
        names = sorted(path.name for path in folders[0].iterdir())
        self.assertEqual(names, sorted(path.name for path in folders[1].iterdir()))
        self.assertGreater(len(names), 6)  # four cores and more, a router and the index
        for name in names:
            first, second = ((folder / name).read_bytes() for folder in folders)
            if name.endswith(".json"):
                first, second = ({k: v for k, v in json.loads(text).items() if k not in ("image", "provenance")} for text in (first, second))
            self.assertEqual(first, second, name)
        self.assertEqual(runs[0].keys(), runs[1].keys())
        for name, values in runs[0].items():
            self.assertTrue(np.array_equal(values, runs[1][name]), name)
        for population in "abc":
            self.assertGreater(len(runs[0][f"populations/{population}/spike_steps"]), 100, population)
        for options in (("--timing", "fast", "--threads", 2), ("--timing", "detailed", "--lossless")):
            for name, values in self.run_of(images[0], *options).items():
                self.assertTrue(np.array_equal(values, runs[0][name]), name)

    def test_stages_cores_and_split_change_nothing(self):
        text = self.write("stages", self.network())
        whole, stage, again = self.tmp / "whole.rvi", self.tmp / "stage.mlir", self.tmp / "again.rvi"
        self.json("compile", text, "--target", "spinnaker1", "-o", whole)
        expected = self.run_of(whole)
        for emit in ("quantised", "fabric"):
            self.json("compile", text, "--target", "spinnaker1", "--emit", emit, "-o", stage)
            self.json("compile", stage, "--target", "spinnaker1", "-o", again)
            self.assertEqual(self.json("inspect", whole, "--full")["cores"], self.json("inspect", again, "--full")["cores"])
            if emit == "quantised":
                broken = self.tmp / "broken.mlir"
                broken.write_text(re.sub(r"snn.weight_unit = [^,}]*", "snn.weight_unit = 0.0 : f64", stage.read_text(), count=1))
                self.assertIn("snn.weight_unit", self.fails("compile", broken, "--target", "spinnaker1", "-o", again, rnv=5350))
        # Synapse cores have a share of the sources each, and lists.
        self.json("compile", text, "--target", "spinnaker1", "--split", "2", "-o", again)
        self.assertEqual(self.json("inspect", again)["connectors"], [])
        for name, values in self.run_of(again).items():
            self.assertTrue(np.array_equal(values, expected[name]), name)

    def test_what_learns_is_listed(self):
        text = self.tmp / "learns.mlir"
        text.write_text("""snn.network @net dt 1.0e-3 seed 5 {
  snn.input @in shape [50] source #snn.poisson<[40.0], seed = 11>
  snn.population @a model @if_curr_exp shape [60]
  snn.connect @in_a from @in to @a receptor "excitatory" delay 2 "fixed_probability" {p = 0.5} weights #snn.uniform<0.1, 0.4, seed = 4> seed 5
  snn.connect @a_a from @a to @a receptor "inhibitory" delay 2 "fixed_probability" {p = 0.2} weights 0.1 seed 6
  snn.plasticity @p of @in_a rule @stdp_pair_additive
}
""")
        image = self.tmp / "learns.rvi"
        self.json("compile", text, "--target", "spinnaker1", "-o", image)
        self.assertEqual(self.json("inspect", image)["connectors"], [])
