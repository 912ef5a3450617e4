# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks that use everything the dialect offers, against the numpy simulation of its specification: every spike, every payload
and every bit of every state. Also what is drawn: connectivity, weights and delays of an image equal those of the specification's
formulas, and have the statistics that their rules promise."""

import json
import math
import random

import h5py
import numpy as np

import snn_models
from snn_model import F32, Input, Junction, Network, Normal, Population, Projection, Uniform
from snn_networks import EVERYTHING, STEPS, Generator, Runner


class RandomNetworks(Runner):
    def test_every_spike_and_every_state(self):
        used, activity = set(), []
        for seed in range(60):
            made = Generator(seed).make()
            net = made.net
            with self.subTest(seed=seed):
                image, compiled = self.compile(net, mix=random.Random(seed))
                spikes, states = net.simulate(STEPS, made.external)
                options = (["--executor", "interp"], ["--threads", 3], ["--timing", "off"], ["--threads", 2, "--executor", "interp"])[seed % 4]
                result, recorded = self.record(net, image, made.external, STEPS, *options)
                self.assertSameRun(recorded, net, spikes, states, STEPS)
                _, closing = net.expanded()
                self.assertEqual(compiled["semantics"]["time"]["closing_edges"], closing)
                self.assertEqual([(p["name"], p["population"], p["variables"]) for p in result["probes"]],
                                 [(name, node.name, variables) for name, node, variables in net.probes])
                activity += [len(spikes[n.name]) / (STEPS * n.count) for n in net.nodes if isinstance(n, Population)]
            used |= made.used
        self.assertEqual(EVERYTHING - used, set(), "features that no network used")
        self.assertEqual(used - EVERYTHING - {"output"}, set(), "features that EVERYTHING lacks")
        # Networks that are silent or saturated would compare nothing.
        lively = sum(0.01 < rate < 0.99 for rate in activity)
        self.assertGreater(lively, len(activity) / 2, activity)


class ImageCase(Runner):
    """Reads synapses back from images."""

    def synapses(self, image):
        """{projection: sorted [(source, target, delay, weight)]} of an image, read down to single synapses."""
        described = self.json("inspect", image, "--full")
        found = {p["name"]: [] for p in described["projections"]}
        for core in described["cores"]:
            place = {}
            for part in core["slices"]:
                inputs = next(len(p["inputs"]) for p in described["programs"] for q in described["populations"]
                              if q["name"] == part["population"] and q["program"] == p["name"])
                for i in range(inputs * part["count"]):
                    place[part["accumulator_base"] + i] = part["first"] + i % part["count"]
            for axon in core["in_axon_table"]:
                for row in axon["rows"]:
                    found[row["projection"]] += [(axon["neuron"], place[a], d, float(w)) for a, d, w in row["synapses"]]
        return {name: sorted(list_) for name, list_ in found.items()}

    def expected(self, net):
        synapses, _ = net.expanded()
        return {name: sorted((s, t, d, float(F32(w))) for s, t, w, d in list_) for name, list_ in synapses.items()}

    def assertDrawnAsSpecified(self, net, **options):
        image, _ = self.compile(net, self.listing(), **options)
        found, expected = self.synapses(image), self.expected(net)
        self.assertEqual(set(found), set(expected))
        for name in expected:
            self.assertEqual(len(found[name]), len(expected[name]), name)
            self.assertEqual(found[name], expected[name], name)
        return image, expected


class Drawn(ImageCase):
    """Connectivity, weights and delays as they stand in an image."""

    def rules(self, seed=3, sources=120, targets=150):
        net = Network("rules")
        a = net.add(Input("a", [10, sources // 10]))
        b = net.add(Population("b", snn_models.DUAL, [15, targets // 15]))
        flat = net.add(Population("c", snn_models.DUAL, [sources]))
        weights, delay = Normal(0.5, 0.25, -0.25, 1.5, seed + 1), Uniform(1.0, 9.0, seed + 2)
        add = lambda name, source, target, rule, autapses=True, **params: net.add(
            Projection(name, "connect", source, target, delay=delay, receptor="exc", rule=rule, params=params, weights=weights, seed=seed, autapses=autapses))
        add("one", a, flat, "one_to_one")
        add("all", a, b, "all_to_all")
        for k, p in enumerate((0.003, 0.1, 0.5, 0.9, 1.0, 0.0)):
            add(f"p{k}", a, b, "fixed_probability", p=p)
        add("degree", a, b, "fixed_in_degree", k=17)
        add("degree0", a, b, "fixed_in_degree", k=0)
        add("total", a, b, "fixed_total_number", n=2345)
        add("near", a, b, "distance_dependent", p_max=0.8, scale=2.5)
        for rule, params in (("one_to_one", {}), ("all_to_all", {}), ("fixed_probability", {"p": 0.3}), ("fixed_in_degree", {"k": 5}),
                             ("fixed_total_number", {"n": 900}), ("distance_dependent", {"p_max": 1.0, "scale": 3.0})):
            for autapses in (True, False):
                net.add(Projection(f"{rule}_{autapses}", "connect", flat, flat, delay=1, rule=rule, params=params, weights=0.25, seed=seed, autapses=autapses))
        return net

    def test_every_rule_draws_what_the_specification_says(self):
        image, expected = self.assertDrawnAsSpecified(self.rules())
        self.assertTrue(all(s != t for name, list_ in expected.items() if name.endswith("_False") for s, t, _, _ in list_))
        self.assertTrue(any(s == t for name, list_ in expected.items() if name.endswith("_True") for s, t, _, _ in list_))
        # The same on any number of threads, and on another mapping.
        again = self.tmp / "again.rvi"
        self.json("compile", self.tmp / "rules.mlir", "--target", self.listing(), "-o", again)
        self.assertEqual(again.read_bytes(), image.read_bytes())
        slices = [{"population": "b", "first": 0, "count": 70, "chip": 0, "core": 9}, {"population": "b", "first": 70, "count": 80, "chip": 2, "core": 1},
                  {"population": "c", "first": 0, "count": 1, "chip": 0, "core": 0}, {"population": "c", "first": 1, "count": 119, "chip": 1, "core": 5}]
        (self.tmp / "map.json").write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
        other, _ = self.compile(self.rules(), self.listing(), "--mapping", self.tmp / "map.json", name="mapped")
        self.assertEqual(self.synapses(other), expected)

    def test_the_statistics_are_those_of_the_rules(self):
        net = self.rules(seed=11)
        synapses = self.synapses(self.compile(net, self.listing(), name="statistics")[0])
        pairs = 120 * 150
        for name, p in (("p0", 0.003), ("p1", 0.1), ("p2", 0.5), ("p3", 0.9)):
            self.assertLess(abs(len(synapses[name]) - p * pairs), 5 * math.sqrt(pairs * p * (1 - p)), name)
            self.assertEqual(len({s[:2] for s in synapses[name]}), len(synapses[name]), "a pair twice")
            # Rows and columns are binomial, too: no row is drawn like its neighbour.
            for axis, size, others in ((0, 120, 150), (1, 150, 120)):
                counts = np.bincount([s[axis] for s in synapses[name]], minlength=size)
                self.assertLess(abs(counts.var() - others * p * (1 - p)), 5 * others * p * (1 - p) * math.sqrt(2 / size) + 0.2, (name, axis))
        self.assertEqual(len(synapses["p4"]), pairs)
        self.assertEqual(len(synapses["p5"]), 0)
        self.assertEqual(np.bincount([t for _, t, _, _ in synapses["degree"]], minlength=150).tolist(), [17] * 150)
        self.assertLess(len({s[:2] for s in synapses["degree"]}), 17 * 150, "17 of 120 with replacement repeat some")
        self.assertEqual(len(synapses["total"]), 2345)
        for axis, size in ((0, 120), (1, 150)):
            counts = np.bincount([s[axis] for s in synapses["total"]], minlength=size)
            chi = ((counts - 2345 / size) ** 2 / (2345 / size)).sum()
            self.assertLess(abs(chi - (size - 1)), 5 * math.sqrt(2 * (size - 1)), "not uniform")
        near = sum(math.hypot(s // 12 - t // 10, s % 12 - t % 10) < 2 for s, t, _, _ in synapses["near"])
        far = sum(math.hypot(s // 12 - t // 10, s % 12 - t % 10) > 8 for s, t, _, _ in synapses["near"])
        self.assertGreater(near, 20 * far)
        weights = np.array([w for *_, w in synapses["all"]])
        self.assertLess(abs(weights.mean() - 0.5), 5 * 0.25 / math.sqrt(pairs) + 0.001)
        self.assertLess(abs(weights.std() - 0.25), 0.01)
        self.assertTrue(((weights >= -0.25) & (weights <= 1.5)).all())
        delays = np.bincount([d for _, _, d, _ in synapses["all"]], minlength=10) / pairs
        self.assertEqual(delays[0], 0)
        np.testing.assert_allclose(delays[1:10], [1 / 16] + [1 / 8] * 7 + [1 / 16], atol=5 * math.sqrt(1 / 8 / pairs))

    def test_seeds_make_different_networks(self):
        one, other = (self.expected(self.rules(seed=seed)) for seed in (1, 2))
        self.assertNotEqual(one["p1"], other["p1"])

    def test_delays_of_equal_length(self):
        """As many delays as source neurons, and by chance as many synapses: which is meant follows from the kind alone."""
        net = Network("equal")
        a = net.add(Input("a", [1, 4, 4]))
        b = net.add(Population("b", snn_models.LIF, [8], {"tau": 0.01, "v_threshold": 1.0}))
        c = net.add(Population("c", snn_models.LIF, [4, 2, 2], {"tau": 0.01, "v_threshold": 1.0}))
        delays = np.arange(16)
        net.add(Projection("total", "connect", a, b, delay=delays, rule="fixed_total_number", params={"n": 16}, weights=1.0, seed=5))
        net.add(Projection("degree", "connect", a, b, delay=delays, rule="fixed_in_degree", params={"k": 2}, weights=1.0, seed=5))
        net.add(Projection("kernel", "conv2d", a, c, delay=delays, weights=np.ones((4, 1, 1, 1)), input=[1, 4, 4], stride=[2, 2], padding=[0, 0], dilation=[1, 1]))
        rows = np.arange(0, 17, 2)
        net.add(Projection("listed", "sparse", a, b, delay=delays, row_ptr=rows, columns=[0, 9] * 8, weights=np.ones(16)))
        self.assertDrawnAsSpecified(net)


class Chips(ImageCase):
    """Integer targets see the synapses that `reference` sees: the same pairs, delays shifted by the depths of the two ends."""

    def test_chips_hold_the_same_synapses(self):
        net = Network("chips")
        a, lif = net.add(Input("a", [4, 5])), {"tau": 0.01, "v_threshold": 1.0}
        b, c = net.add(Population("b", snn_models.LIF, [5, 6], lif)), net.add(Population("c", snn_models.LIF, [20], lif))
        drawn, listed = Uniform(0.1, 1.0, 9), Uniform(0.0, 4.0, 8)
        for target, delay in ((b, None), (c, listed)):
            for rule, params in (("all_to_all", {}), ("fixed_probability", {"p": 0.3}), ("fixed_in_degree", {"k": 12}), ("fixed_total_number", {"n": 300})):
                net.add(Projection(f"{rule}_{target.name}", "connect", a, target, delay=delay, rule=rule, params=params, weights=drawn, seed=3))
        net.add(Projection("near", "connect", a, b, delay=np.arange(20), rule="distance_dependent", params={"p_max": 0.9, "scale": 2.0}, weights=drawn, seed=3))
        net.add(Projection("nothing", "connect", a, b, rule="fixed_probability", params={"p": 1e-7}, weights=drawn, seed=3))
        net.add(Projection("dense", "dense", b, c, delay=np.random.default_rng(1).integers(0, 5, (20, 30)), weights=np.full((20, 30), 0.5)))
        net.add(Projection("per_source", "dense", b, c, delay=np.arange(30), weights=np.full((20, 30), 0.25)))
        net.add(Projection("one", "connect", c, c, delay=Normal(2.0, 1.0, 1.0, 5.0, 4), rule="one_to_one", params={}, weights=np.linspace(0.1, 1, 20)))
        net.add(Projection("none", "connect", c, c, delay=1, rule="one_to_one", params={}, weights=1.0, autapses=False))
        synapses, _ = net.expanded()
        self.assertEqual((synapses["nothing"], synapses["none"]), ([], []))
        for target in ("loihi1", "loihi2"):
            image, compiled = self.compile(net, target)
            found, depth = self.synapses(image), compiled["semantics"]["time"]["depth_steps"] | {"a": 0}
            self.assertEqual(depth["b"], 1)
            self.assertEqual(depth["c"], 2)
            for p in net.projections:
                shift = depth[p.target.name] - depth[p.source.name]
                expected = sorted((s, t, max(1, d + shift)) for s, t, _, d in synapses[p.name])
                self.assertEqual([s[:3] for s in found[p.name]], expected, (target, p.name))
            self.assertTrue(self.json("verify", image, self.tmp / "chips.mlir")["equal"])


class Probes(Runner):
    """A probe decides what `run` records, and is named wherever it matters."""

    def network(self):
        net = Network("probed")
        a = net.add(Input("a", [4], ("regular", [2], [1])))
        j = net.add(Junction("j", [4]))
        native = snn_models.Model("cuba_lif", "", {}, {"i": 0.0, "v": 0.0}, ["x"], None, None)  # Only its text is used.
        b = net.add(Population("b", native, [4], {"tau_syn": 0.005, "tau_mem": 0.01, "v_threshold": 1.0}))
        c = net.add(Population("c", snn_models.LIF, [4], {"tau": 0.01, "v_threshold": 1.0}))
        for name, source, target in (("aj", a, j), ("jb", j, b), ("bc", b, c)):
            net.add(Projection(name, "connect", source, target, rule="one_to_one", params={}, weights=3.0))
        net.probes += [("current", b, ["i"]), ("watch", c, ["spikes", "v"])]
        return net, j

    def recorded(self, image, *options):
        out = self.tmp / "probes.h5"
        result = self.json("run", image, "--steps", 9, "-o", out, *options)
        with h5py.File(out) as f:
            return result, {name: {key for key in group if not key.startswith("spike_")} for name, group in f["populations"].items()}

    def test_run_records_what_probes_name(self):
        net, _ = self.network()
        for target, names in (("reference", {"a": set(), "j": set(), "b": {"i"}, "c": {"v"}}), ("loihi2", {"a": set(), "b": {"i"}, "c": {"v"}})):
            image, _ = self.compile(net, target)
            variable = "i" if target == "reference" else "u"  # The chip's unit has names of its own; recordings keep the network's.
            probes = [{"name": "current", "population": "b", "variables": [variable]}, {"name": "watch", "population": "c", "variables": ["spikes", "v"]}]
            self.assertEqual(self.json("inspect", image)["probes"], probes)
            result, states = self.recorded(image)
            self.assertEqual(states, names)
            self.assertEqual(result["probes"], probes)
            self.assertEqual(self.recorded(image, "--record", "spikes")[1], {name: set() for name in names})
            self.assertEqual(self.recorded(image, "--record", "v,probes")[1], {n: s | ({"v"} if n in "bc" else set()) for n, s in names.items()})
            self.assertTrue(self.json("verify", image, self.tmp / "probed.mlir")["equal"])
        self.fails("run", image, "--steps", 1, "-o", self.tmp / "x.h5", "--record", "w", rnv=8030)

    def test_a_probe_is_part_of_the_network_that_verify_compares(self):
        net, _ = self.network()
        image, _ = self.compile(net)
        net.probes.pop()
        (self.tmp / "other.mlir").write_text(net.text())
        self.assertEqual(self.call("verify", image, self.tmp / "other.mlir").returncode, 1)

    def test_a_probe_of_a_junction(self):
        net, j = self.network()
        net.probes = [("sum", j, ["spikes"])]
        image, compiled = self.compile(net)
        self.assertEqual(compiled["warnings"], [])
        self.assertEqual(self.recorded(image)[0]["populations"]["j"]["spikes"], 20)
        for target in ("loihi1", "loihi2"):
            _, compiled = self.compile(net, target)
            self.assertTrue(any("probe sum records nothing" in w for w in compiled["warnings"]), compiled["warnings"])
            findings = self.json("check", self.tmp / "probed.mlir", "--target", target)["findings"]
            self.assertEqual([f["severity"] for f in findings if f["op"] == "sum"], ["warning"])
        self.assertEqual([f for f in self.json("check", self.tmp / "probed.mlir", "--target", "reference")["findings"] if f["op"] == "sum"], [])


class Forms(Runner):
    """Text, generic text and bytecode of one network compile to one image, apart from the hash of the file."""

    def test_bytecode_compiles_like_text(self):
        made = Generator(4).make()
        image, _ = self.compile(made.net)
        text = self.tmp / f"{made.net.name}.mlir"
        # ranvier-opt verifies what it reads, so the shipped models that the text names are put into the module first.
        whole = self.tmp / "whole.mlir"
        self.json("compile", text, "--emit", "snn", "-o", whole)
        described = self.json("inspect", image, "--full")
        for form, options in (("text", []), ("generic", ["--mlir-print-op-generic"]), ("bytecode", ["--emit-bytecode"])):
            path = self.tmp / f"form.{form}"
            done = self.call(whole, *options, "-o", path, tool="ranvier-opt")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(path.read_bytes()[:4] == b"ML\xefR", form == "bytecode")
            other = self.tmp / f"form-{form}.rvi"
            self.json("compile", path, "--target", "reference", "-o", other)
            self.assertTrue(self.json("verify", other, path)["equal"])
            again = self.json("inspect", other, "--full")
            for key in described:
                if key != "provenance":
                    self.assertEqual(again[key], described[key], (form, key))
            found = self.json("check", path, "--target", "reference")
            self.assertTrue(found["runs"])
