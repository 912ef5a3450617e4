# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ranvier check` against `ranvier compile`: what compiling refuses is reported before, by its code and place, and what it changes is said;
where check finds no error, compiling has none."""

import json
import random
import re

import numpy as np

import snn_models
from ranvier import ROOT
from snn_model import Input, Junction, Network, Population, Projection
from snn_networks import Runner
from test_time import counting, random_graph, ranged

LIF = {"tau": 0.01, "v_threshold": 1.0}

SLOW = """snn.model @divides {
  %x = snn.receive "x" : f32
  %v = snn.state "v" range [-4.0, 4.0] : f32
  %one = arith.constant 1.0 : f32
  %d = arith.addf %x, %one : f32
  %q = arith.divf %v, %d : f32
  snn.update "v" = %q : f32
}"""
BARE = """snn.model @grows {
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %v1 = arith.addf %v, %x : f32
  snn.update "v" = %v1 : f32
}"""
WIDE = """snn.model @wide {
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %vw = arith.extf %v : f32 to f64
  %vv = arith.mulf %vw, %vw : f64
  %v1 = arith.truncf %vv : f64 to f32
  snn.update "v" = %v1 : f32
}"""
ZERO = """snn.model @zero {
  %p = snn.parameter "p" : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %one = arith.constant 1.0 : f32
  %q = arith.divf %one, %p : f32
  %v1 = arith.mulf %x, %q : f32
  snn.update "v" = %v1 : f32
}"""
model = lambda name, text: snn_models.Model(name, text, {}, {"v": 0.0}, ["x"], None, None)


def net(*items, name="checked", outputs=(), probes=()):
    made = Network(name)
    for item in items:
        made.add(item)
    made.outputs, made.probes = list(outputs), list(probes)
    return made


def to(source, target, name="e", **fields):
    return Projection(name, "dense", source, target, weights=np.full((target.count, source.count), 0.5), **fields)


class Against(Runner):
    """Both commands on one network and target."""

    def chip(self, base="loihi1", **changes):
        """A user's chip: a shipped description with some values replaced."""
        text = (ROOT / "hw-models" / "chips" / f"{base}.yaml").read_text()
        text = text.replace(f"name: {base}", "name: mine", 1)
        for key, value in changes.items():
            text, count = re.subn(rf"(?m)^(\s+{key}: )(\{{value: )?[\w.-]+", lambda m: f"{m[1]}{m[2] or ''}{value}", text, count=1)
            self.assertEqual(count, 1, key)
        path = self.tmp / "mine.yaml"
        path.write_text(text)
        return path

    def both(self, network, target):
        text = self.tmp / f"{network.name}.mlir"
        text.write_text(network.text())
        checked = self.call("check", text, "--target", target, "--json")
        compiled = self.call("compile", text, "--target", target, "-o", self.tmp / "c.rvi", "--json")
        self.assertIn(checked.returncode, (0, 3), checked.stderr)
        return json.loads(checked.stdout), compiled.returncode, json.loads(compiled.stdout)

    def assertRefused(self, network, target, code, op=None):
        found, status, compiled = self.both(network, target)
        self.assertNotEqual(status, 0, "compile takes it")
        self.assertEqual(compiled["error"]["code"], f"RNV{code}", compiled)
        errors = [f for f in found["findings"] if f["severity"] == "error"]
        self.assertFalse(found["runs"])
        self.assertIn(f"RNV{code}", [f.get("code") for f in errors], errors)
        if op:
            self.assertIn(op, [f["op"] for f in errors], errors)
        return errors

    def assertSaid(self, network, target, op, words, severity="warning"):
        found, status, _ = self.both(network, target)
        self.assertEqual(status, 0)
        self.assertTrue(found["runs"])
        self.assertTrue(any(f["severity"] == severity and f["op"] == op and words in f["message"] for f in found["findings"]), found["findings"])


class Refusals(Against):
    """Every reason for which compiling refuses a network that parses. The codes stand in docs/errors."""

    def test_models(self):
        a = Input("a", [3])
        for target, what, code in (("loihi1", snn_models.DUAL, 5304), ("loihi1", snn_models.GRADED, 5305), ("reference", model("wide", WIDE), 5105),
                                   ("loihi2", model("divides", SLOW), 5403), ("loihi2", model("grows", BARE), 5402)):
            params = {"theta": 0.5} if what is snn_models.GRADED else {}
            b = Population("b", what, [2], params)
            with self.subTest(target=target, model=what.name):
                # Graded models are not the native form either: the payload is what check names first.
                if code == 5305:
                    found, status, _ = self.both(net(a, b, to(a, b)), target)
                    self.assertNotEqual(status, 0)
                    self.assertTrue(any("graded spikes" in f["message"] and f["op"] == "b" for f in found["findings"]), found)
                else:
                    self.assertRefused(net(a, b, to(a, b)), target, code)
        b = Population("b", model("zero", ZERO), [2], {"p": 0.0})
        for target in ("reference", "loihi2"):
            self.assertRefused(net(a, b, to(a, b)), target, 5101)
        b = Population("b", snn_models.LIF, [2], {"tau": 0.01, "v_threshold": 1e39})
        self.assertRefused(net(a, b, to(a, b)), "reference", 5102)

    def test_graded_events_on_a_programmable_chip_without_them(self):
        a, b = Input("a", [3]), Population("b", snn_models.GRADED, [2], {"theta": 0.5})
        self.assertRefused(net(a, b, to(a, b)), self.chip("loihi2", graded_spikes="false"), 5305, "b")
        self.assertRefused(net(a, b, to(a, b)), self.chip("reference", graded_spikes="false"), 5305)

    def test_graded_events_in_a_loop(self):
        a = Input("a", [3])
        b, c = (Population(n, snn_models.GRADED, [2], {"theta": 0.5}) for n in "bc")
        loop = net(a, b, c, to(a, b), to(b, c, "bc"), to(c, b, "cb", delay=1))
        self.assertRefused(loop, "loihi2", 5324, "b")
        # With a plain neuron in between it is no such loop, in either order of declaration.
        d = Population("d", snn_models.LIF, [2], LIF)
        for order in ((b, d), (d, b)):
            found, status, _ = self.both(net(a, *order, to(a, b), to(b, d, "bd"), to(d, b, "db", delay=1)), "loihi2")
            self.assertEqual((status, found["runs"]), (0, True), found)

    def test_forbidden_operations(self):
        a, b = Input("a", [3]), Population("b", ranged(snn_models.DUAL), [2])
        for base, operation in (("loihi2", "mulsh"), ("reference", "fmul")):
            text = self.chip(base)
            text.write_text(re.sub(r"(?m)^(  profile: \w+)$", rf"\1\n  forbidden_ops: [{operation}]", text.read_text(), count=1))
            errors = self.assertRefused(net(a, b, to(a, b)), text, 5405)
            self.assertTrue(any(operation in f["message"] for f in errors))

    def test_delays(self):
        a, b = Input("a", [3]), counting("b", 3)
        self.assertRefused(net(a, b, to(a, b, delay=64)), "loihi1", 5712, "e")
        self.assertRefused(net(a, b, to(a, b, delay=np.array([1, 2, 65]))), "loihi2", 5712, "e")

    def test_sums_without_a_neuron(self):
        a, b, j = Input("a", [3]), counting("b", 3), Junction("j", [2])
        for target in ("loihi1", "loihi2"):
            self.assertRefused(net(a, b, j, to(a, b), to(b, j, "bj"), outputs=[("out", j)]), target, 5713, "out")
        found, status, _ = self.both(net(a, b, j, to(a, b), to(b, j, "bj"), outputs=[("out", j)]), "reference")
        self.assertEqual((status, found["runs"]), (0, True))

    def test_one_neuron_at_the_limit_and_one_beyond(self):
        for limits, code, sources in (({"fan_in": 40}, 6013, 40), ({"axons_in": 40}, 6011, 40)):
            chip = self.chip(**limits)
            for size, fits in ((sources, True), (sources + 1, False)):
                a, b = Input("a", [size]), counting("b", 3)
                if fits:
                    found, status, _ = self.both(net(a, b, to(a, b)), chip)
                    self.assertEqual((status, found["runs"]), (0, True), found)
                else:
                    self.assertRefused(net(a, b, to(a, b)), chip, code, "b")
        a, b = Input("a", [200]), counting("b", 1)
        self.assertRefused(net(a, b, to(a, b)), self.chip(synaptic_memory_bits=64), 6010, "b")

    def test_too_many_neurons(self):
        a = Input("a", [1])
        chip = self.chip(neurons=2, tiles_x=1, tiles_y=1, cores_per_tile=2, max_chips=1)
        for size, fits in ((4, True), (5, False)):
            b = counting("b", size)
            if fits:
                found, status, _ = self.both(net(a, b, to(a, b)), chip)
                self.assertEqual((status, found["runs"]), (0, True), found)
            else:
                self.assertRefused(net(a, b, to(a, b)), chip, 6016, "checked")

    def test_too_many_synapses(self):
        a, b = Input("a", [100000]), counting("b", 100000)
        rule = Projection("e", "connect", a, b, rule="fixed_probability", params={"p": 0.6}, weights=1.0)
        self.assertRefused(net(a, b, rule), "reference", 5703, "e")

    def test_numbers_of_another_target(self):
        a, b = Input("a", [3]), counting("b", 3)
        made = net(a, b, to(a, b))
        (self.tmp / "q.mlir").write_text(made.text())
        self.json("compile", self.tmp / "q.mlir", "--target", "loihi1", "--emit", "quantised", "-o", self.tmp / "loihi1.mlir")
        found = self.json("check", self.tmp / "loihi1.mlir", "--target", "reference", code=3)
        self.assertIn("RNV5714", [f.get("code") for f in found["findings"] if f["severity"] == "error"])
        narrow = self.chip(max_exponent=-7)
        found = self.json("check", self.tmp / "loihi1.mlir", "--target", narrow, code=3)
        self.assertTrue(any(f["op"] == "e" and f["parameter"] == "exponent" for f in found["findings"]), found)

    def test_gains_that_share_weights(self):
        a = Input("a", [1, 4, 4])
        b = Population("b", snn_models.LIF, [1, 4, 4], {"tau": np.linspace(0.01, 0.02, 16), "v_threshold": 1.0})
        kernel = Projection("k", "conv2d", a, b, weights=np.ones((1, 1, 3, 3)), input=[1, 4, 4], stride=[1, 1], padding=[1, 1], dilation=[1, 1])
        self.assertRefused(net(a, b, kernel), "loihi1", 5306)

    def test_the_rules_alone_are_quick(self):
        a = Input("a", [1, 4, 4])
        b = Population("b", snn_models.LIF, [1, 4, 4], {"tau": np.linspace(0.01, 0.02, 16), "v_threshold": 1.0})
        kernel = Projection("k", "conv2d", a, b, weights=np.ones((1, 1, 3, 3)), input=[1, 4, 4], stride=[1, 1], padding=[1, 1], dilation=[1, 1])
        (self.tmp / "quick.mlir").write_text(net(a, b, kernel).text())
        self.assertTrue(self.json("check", self.tmp / "quick.mlir", "--target", "loihi1", "--quick")["runs"])


class Changes(Against):
    """What compiling does to a network without refusing it."""

    def test_everything_is_said(self):
        a, b, c, j = Input("a", [3]), counting("b", 3), counting("c", 3), Junction("j", [3])
        ring = net(a, b, c, to(a, b, "ab"), to(b, c, "bc"), to(c, b, "cb"))
        self.assertSaid(ring, "reference", "cb", "closes a cycle", "note")
        self.assertSaid(ring, "loihi1", "cb", "feedback through b, c takes one step per edge on loihi1: 1 step later")
        skip = net(a, b, c, to(a, b, "ab"), to(b, c, "bc"), to(a, c, "ac"))
        self.assertSaid(skip, "loihi1", "ac", "gets a balancing delay of 1 step", "note")
        self.assertSaid(skip, "loihi1", "checked", "3 projections act in fewer steps than the 1 that every edge takes", "note")
        self.assertSaid(skip, "loihi1", "checked", "weights are rounded to at most 8 bits", "note")
        self.assertSaid(skip, "reference", "checked", "energy and time", "note")
        biased = net(a, b, to(a, b, "ab", bias=[0.1, 0.2, 0.3]))
        self.assertSaid(biased, "loihi1", "ab", "a bias acts from step 1 on")
        watched = net(a, b, j, to(a, j, "aj"), to(j, b, "jb"), probes=[("p", j, ["spikes"])])
        self.assertSaid(watched, "loihi1", "p", "this probe records nothing")

    def test_everything_at_once(self):
        """Not the first reason only: all of them."""
        a, j = Input("a", [5000]), Junction("j", [2])
        b, c = Population("b", snn_models.GRADED, [2], {"theta": 0.5}), counting("c", 2)
        found, status, _ = self.both(net(a, b, c, j, to(a, b), to(a, c, "far", delay=70), to(c, j, "cj"), outputs=[("out", j)]), "loihi1")
        self.assertNotEqual(status, 0)
        errors = {(f["op"], f.get("code")) for f in found["findings"] if f["severity"] == "error"}
        self.assertLessEqual({("b", "RNV5305"), ("far", "RNV5712"), ("out", "RNV5713"), ("b", "RNV6011"), ("c", "RNV6011")}, errors)


class Agreement(Against):
    def test_check_and_compile_agree(self):
        """Random networks on random chips with narrow limits: check runs if and only if compile does."""
        r = random.Random(7)
        outcomes = {True: 0, False: 0}
        for seed in range(60):
            made, _ = random_graph(seed, feedback=seed % 3 == 0, longest=r.choice([2, 6]))
            chip = self.chip("loihi1", max_steps=r.choice([5, 63, 63, 63]), fan_in=r.choice([12, 4096, 4096, 4096]),
                             axons_in=r.choice([12, 4096, 4096, 4096]), neurons=r.choice([5, 1024, 1024]), tiles_x=1, tiles_y=1,
                             cores_per_tile=r.choice([1, 4, 16]), max_chips=r.choice([1, 3]),
                             synaptic_memory_bits=r.choice([512, 1048576, 1048576, 1048576]))
            with self.subTest(seed=seed):
                found, status, compiled = self.both(made, chip)
                self.assertEqual(found["runs"], status == 0, (found["findings"], compiled.get("error")))
                outcomes[status == 0] += 1
                if status == 0 or not any(f["severity"] == "error" for f in found["findings"]):
                    continue
                # The rules alone are never wrong about an error.
                quick = self.call("check", self.tmp / f"{made.name}.mlir", "--target", chip, "--quick", "--json")
                self.assertTrue(json.loads(quick.stdout)["runs"] or status != 0)
        self.assertGreater(min(outcomes.values()), 10, outcomes)
