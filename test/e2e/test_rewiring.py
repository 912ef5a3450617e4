# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Synapses that come and go (docs/spec/structural-plasticity.md): everything that arrives, and every synapse at the end, against the rules worked out anew (rewiring.py) for
1,000 random neurons, on `reference` and `spinnaker1`."""

import csv
import json
import math
import unittest

import numpy as np
import learned
import plasticity
import rewiring

from ranvier import ROOT, Case
from test_plasticity import CELLS, DT, listed, trains

RULE = {"p_form_forward": 0.5, "sigma_form_forward": 6.0, "p_form_lateral": 0.9, "sigma_form_lateral": 4.0, "threshold": 0.375, "prob_elim_depressed": 0.3,
        "prob_elim_potentiated": 0.05}
PAIR = {"tau_plus": 16.8, "tau_minus": 33.7, "a_plus": 0.08, "a_minus": 0.06, "w_min": 0.0, "w_max": 1.0}


def probabilities(p, lateral, unit):
    kind = "lateral" if lateral else "forward"
    chance, sigma = p[f"p_form_{kind}"], p[f"sigma_form_{kind}"]
    return (lambda d2: chance * math.exp(-d2 / (2.0 * (sigma * sigma))),
            lambda weight: p["prob_elim_depressed"] if float(weight) * unit < p["threshold"] else p["prob_elim_potentiated"])


class Rewiring(Case):
    def network(self, sources, targets, pre, post, start, partner, lateral, how, learns=None):
        """`start`: (source, target, weight, delay)."""
        start = sorted(start, key=lambda synapse: (synapse[1], synapse[0]))
        rows = np.searchsorted([target for _, target, _, _ in start], np.arange(targets + 1)).tolist()
        n = len(start)
        numbers = ", ".join(f"{name} = {value!r}" for name, value in how["rule"].items())
        grid = how["grid"]
        learning = ""
        if learns:
            values = ", ".join(f"{name} = {value!r}" for name, value in learns.items())
            learning = f"  snn.plasticity @learning of @edges rule @stdp_pair_additive params {{{values}}}\n"
        return CELLS + f"""snn.network @net dt {DT!r} seed 5 {{
  snn.input @pre shape [{sources}] source {listed(pre)}
  snn.input @tell shape [{targets}] source {listed([[step - 1 for step in train] for train in post])}
  snn.population @cells model @told shape [{targets}]
  snn.connect @telling from @tell to @cells receptor "drive" delay 1 "one_to_one" {{}} weights 1.0
  snn.sparse @edges from @{"cells" if lateral else "pre"} to @cells receptor "x" delay dense<{[s[3] for s in start]}> : tensor<{n}xi32>
    row_ptr dense<{rows}> : tensor<{targets + 1}xi64> columns dense<{[s[0] for s in start]}> : tensor<{n}xi32> weights dense<{[s[2] for s in start]}> : tensor<{n}xf64>
{learning}  snn.rewiring @growth of @edges rule @distance_by_weight params {{{numbers}}} partner "{partner}" grid [{grid[0]}, {grid[1]}] attempts {how["attempts"]}
    every {how["every"]} most {how["most"]} weight {how["weight"]!r} delay {how["delay"]} seed {how["seed"]}
  snn.probe @watch of @cells ["got"]
  snn.output @out from @cells
}}
"""

    def run_it(self, text, target, steps, *options):
        got, rows, image = learned.run(self, text, target, steps, *options)
        table = {(int(row["source"]), int(row["target"])): (int(row["delay"]), float(row["weight"])) for row in rows}
        return got, table, self.json("inspect", image)["learning"][0]

    def compare(self, target, partner, lateral, learns=None, sources=300, targets=1000, steps=200, attempts=300):
        rng = np.random.default_rng(17 + 2 * lateral + (partner == "last"))
        if lateral:
            sources = targets
        pre, post = trains(rng, sources, steps, 0.03), trains(rng, targets, steps, 0.03)
        how = {"rule": RULE, "grid": (32, 32), "attempts": attempts, "every": 2 if lateral else 1, "most": 6, "weight": 0.5, "delay": 3, "seed": 9}
        start = []
        for neuron in range(targets):  # 64ths, so that sums in binary32 do not depend on their order
            for source in rng.choice(sources, rng.integers(0, how["most"] + 1), replace=False):
                start.append((int(source), neuron, int(rng.integers(1, 64)) / 64, int(rng.integers(1, 8))))
        got, table, image = self.run_it(self.network(sources, targets, pre, post, start, partner, lateral, how, learns), target, steps)
        exact = target != "reference"
        unit = image["weight_scale"] if exact else 1.0
        stored = (lambda w: int(math.floor(w / unit + 0.5))) if exact else np.float32
        weights = rewiring.Static()
        if learns:
            arithmetic = plasticity.Fixed(DT, image["weight_shift"]) if exact else plasticity.Float(DT)
            weights = rewiring.Learning(plasticity.Rule(arithmetic, "pair", "additive", learns), sources, targets, 16 if exact else None)
        form, eliminate = probabilities(how["rule"], lateral, unit)
        p = {**how, "partner": partner, "weight": stored(how["weight"]), "form": form, "eliminate": eliminate, "seed": rewiring.stream("growth", 9, 5)}
        model = rewiring.Places(p, sources, targets, [(s, t, stored(w), d) for s, t, w, d in start], weights)
        arrived, last = model.run(post if lateral else pre, post, steps)
        self.assertGreater(model.formed, 500)
        self.assertGreater(model.eliminated, 500)
        tolerance = 2e-5 if learns and not exact else 0.0
        self.assertEqual(set(table), set(last))
        self.assertEqual(image["rewiring"]["joined"], len(start))
        for pair, (delay, weight) in last.items():
            self.assertEqual(table[pair][0], delay, pair)
            self.assertAlmostEqual(table[pair][1], float(weight) * unit, delta=tolerance, msg=str(pair))
        np.testing.assert_allclose(got, arrived * unit, rtol=0, atol=tolerance)
        # Timed, the same synapses, and events of those alone that there were when a spike was sent.
        net, timed = self.tmp / "net.rvi", self.tmp / "timed.csv"
        for threads in (1, 2):
            totals = self.json("run", net, "--steps", steps, "--timing", "fast", "--threads", threads, "--save-weights", timed)["totals"]
            self.assertEqual(timed.read_text(), (self.tmp / "net.csv").read_text())
            self.assertEqual(totals["synaptic_events"], model.events + sum(1 < step <= steps + 1 for train in post for step in train))

    def test_random_partners(self):
        for target in ("reference", "spinnaker1"):
            with self.subTest(target):
                self.compare(target, "random", False)

    def test_partners_that_spiked_last(self):
        for target in ("reference", "spinnaker1"):
            with self.subTest(target):
                self.compare(target, "last", False)

    def test_lateral_projections(self):
        for target in ("reference", "spinnaker1"):
            with self.subTest(target):
                self.compare(target, "last", True, attempts=600)

    def test_synapses_that_learn_as_well(self):
        for target in ("reference", "spinnaker1"):
            with self.subTest(target):
                self.compare(target, "last", False, learns=PAIR, sources=500, targets=500, steps=250)

    def small(self, partner="last", count=120, steps=160):
        rng = np.random.default_rng(4)
        pre, post = trains(rng, count, steps, 0.05), trains(rng, count, steps, 0.05)
        how = {"rule": RULE, "grid": (12, 10), "attempts": 60, "every": 1, "most": 5, "weight": 0.5, "delay": 3, "seed": 2}
        start = [(int(source), neuron, 0.25, 2) for neuron in range(count) for source in rng.choice(count, 3, replace=False)]
        return self.network(count, count, pre, post, start, partner, False, how, PAIR), steps

    def compiled(self, text, target, *options):
        source, image = self.tmp / "small.mlir", self.tmp / f"{target}.rvi"
        source.write_text(text)
        self.json("compile", source, "--target", target, "-o", image, *options)
        return image

    def synapses(self, image, steps, *options):
        path = self.tmp / "synapses.csv"
        path.unlink(missing_ok=True)
        self.json("run", image, "--steps", steps, "--timing", "off", "--save-weights", path, *options)
        return path.read_text()

    def test_threads_executors_and_cores_do_not_show(self):
        text, steps = self.small()
        for target in ("reference", "spinnaker1"):
            image = self.compiled(text, target)
            first = self.synapses(image, steps)
            for options in (("--executor", "interp"), ("--threads", "3")):
                self.assertEqual(self.synapses(image, steps, *options), first, f"{target} {options}")
            cores, mapping = len(self.json("inspect", image)["cores"]), self.tmp / "mapping.json"
            keys = ("population", "first", "count", "chip", "core")
            mapping.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": [dict(zip(keys, ("cells", 20 * k, 20, 0, 2 * k))) for k in range(6)]}))
            other = self.compiled(text, target, "--mapping", mapping)
            self.assertNotEqual(len(self.json("inspect", other)["cores"]), cores)
            self.assertEqual(self.synapses(other, steps), first, target)
            self.assertEqual(self.synapses(other, steps, "--threads", "3"), first, target)

    def test_ranks_spike_alike(self):
        """A population that hears what was rewired, over several cores and ranks."""
        text, steps = self.small("random")
        text = text.replace("snn.model @told", """snn.model @listening {
  %x = snn.receive "x" range [0.0, 64.0] : f32
  %one = arith.constant 0.5 : f32
  %fire = arith.cmpf ogt, %x, %one : f32
  snn.spike %fire
}
snn.model @told""").replace("  snn.probe", """  snn.population @ears model @listening shape [120]
  snn.connect @hear from @cells to @ears delay 1 "fixed_probability" {p = 0.01} weights 0.3 seed 4
  snn.rewiring @too of @hear rule @distance_by_weight params {threshold = 0.5, p_form_forward = 1.0, sigma_form_forward = 9.0} partner "last" grid [12, 10] attempts 40 every 1 most 9
    weight 0.4 delay 2
  snn.output @heard from @ears
  snn.probe""", 1)
        for target in ("reference", "spinnaker1"):
            mapping = self.tmp / "mapping.json"
            keys = ("population", "first", "count", "chip", "core")
            slices = [dict(zip(keys, (name, 20 * k, 20, 0, 2 * k + (name == "ears")))) for k in range(6) for name in ("cells", "ears")]
            mapping.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": slices}))
            image = self.compiled(text, target, "--mapping", mapping)
            one = self.json("run", image, "--steps", steps, "--timing", "off")["populations"]
            self.assertGreater(one["ears"]["spikes"], 50)
            several = self.json("run", image, "--steps", steps, "--timing", "off", "--dry-run-ranks", 3)
            self.assertEqual(several["populations"], one, target)

    def test_resumed_runs_rewire_on(self):
        text, steps = self.small()
        for target in ("reference", "spinnaker1"):
            image, kept = self.compiled(text, target), self.tmp / f"{target}.rvc"
            whole = self.synapses(image, steps)
            self.json("run", image, "--steps", 97, "--timing", "off", "--checkpoint", kept, "--checkpoint-every", 97)
            self.assertEqual(self.synapses(image, steps, "--resume", kept), whole, target)
            self.assertEqual(self.synapses(image, steps, "--resume", kept, "--threads", "2"), whole, target)

    def test_lowered_text_rewires_alike(self):
        text, steps = self.small()
        for target in ("reference", "spinnaker1"):
            image, middle, other = self.compiled(text, target), self.tmp / "middle.mlir", self.tmp / "other.rvi"
            self.json("compile", self.tmp / "small.mlir", "--target", target, "--emit", "quantised", "-o", middle)
            self.json("compile", middle, "--target", target, "-o", other)
            self.assertEqual(self.synapses(other, steps), self.synapses(image, steps), target)

    def test_page_example(self):
        text = (ROOT / "docs" / "spec" / "structural-plasticity.md").read_text().split("```mlir\n")[1].split("```")[0]
        for target in ("reference", "spinnaker1"):
            image = self.compiled(text, target)
            self.assertNotEqual(self.synapses(image, 1), self.synapses(image, 300))

    def test_memories_have_room_for_every_pair(self):
        """64 rows of 64 words and a header of 3; 16 places of 4 bytes for each of 64 neurons, an estimate that the report names."""
        text = (ROOT / "docs" / "spec" / "structural-plasticity.md").read_text().split("```mlir\n")[1].split("```")[0]
        memories = self.json("inspect", self.compiled(text, "spinnaker1"))["mapping"]["memories"]
        self.assertEqual(memories["sdram_core"]["parts"]["rows"], 64 * (64 + 3) * 4)
        self.assertEqual(memories["sdram_core"]["parts"]["places"], 64 * 16 * 4)
        self.assertIn("places", memories["estimates"])
        still = "\n".join(line for line in text.splitlines() if "snn.rewiring" not in line and "most 16" not in line)
        memories = self.json("inspect", self.compiled(still, "spinnaker1"))["mapping"]["memories"]
        self.assertNotIn("places", memories["sdram_core"]["parts"])
        self.assertNotIn("places", memories["estimates"])

    def test_rules_compare_as_the_target_stores(self):
        """A synapse whose weight is the very number it is compared with is at it, not above, on either side of rounding (W2)."""
        rule = """snn.rewiring_rule @above {
  %none = arith.constant 0.0 : f32
  %all = arith.constant 1.0 : f32
  %edge = snn.parameter "edge" : f32
  %w = snn.current_weight : f32
  %above = arith.cmpf ogt, %w, %edge : f32
  %gone = arith.select %above, %all, %none : f32
  snn.form %none : f32
  snn.eliminate %gone : f32
}
"""
        page = (ROOT / "docs" / "spec" / "structural-plasticity.md").read_text().split("```mlir\n")[1].split("```")[0]
        page = page.replace("@distance_by_weight params {threshold = 0.25, p_form_forward = 0.8}", "@above params {edge = EDGE}").replace("attempts 10", "attempts 5000")
        for edge, stays in (("0.3", True), ("0.29999", False), ("0.30001", True)):
            rows = self.synapses(self.compiled(rule + page.replace("EDGE", edge), "reference"), 20).splitlines()
            self.assertEqual(len(rows) > 400, stays, f"edge {edge}: {len(rows)}")
            self.assertTrue(stays or len(rows) == 1, f"edge {edge}: {len(rows)}")
        for edge, stays in (("0.3125", True), ("0.31249", False), ("0.31251", True)):  # 0.3125 is a whole number of units
            text = rule + page.replace("EDGE", edge).replace("weights 0.3 ", "weights 0.3125 ")
            rows = self.synapses(self.compiled(text, "spinnaker1"), 20).splitlines()
            self.assertEqual(len(rows) > 400, stays, f"edge {edge}: {len(rows)}")

    def test_no_synapse_at_the_start(self):
        """Everything that is there has been formed, on each target alike, because no weight differs."""
        text = (ROOT / "docs" / "spec" / "structural-plasticity.md").read_text().split("```mlir\n")[1].split("```")[0].replace("{p = 0.1}", "{p = 0.0}")
        found = []
        for target in ("reference", "spinnaker1"):
            rows = list(csv.DictReader(self.synapses(self.compiled(text, target), 300).splitlines()))
            self.assertGreater(len(rows), 20)
            self.assertTrue(all(row["delay"] == "2" and abs(float(row["weight"]) - 0.2) < 1e-3 for row in rows))
            found.append([(row["source"], row["target"]) for row in rows])
        self.assertEqual(*found)

    def test_refusals(self):
        text = (ROOT / "docs" / "spec" / "structural-plasticity.md").read_text().split("```mlir\n")[1].split("```")[0]
        source = self.tmp / "net.mlir"

        def refused(rnv, target, old, new, code=1):
            self.assertIn(old, text)
            source.write_text(text.replace(old, new))
            message = self.fails("compile", source, "--target", target, "-o", self.tmp / "none.rvi", rnv=rnv, code=code)
            self.assertFalse((self.tmp / "none.rvi").exists())
            return message

        self.assertIn("@distance_by_weight", refused(5338, "loihi2", "x", "x", code=3))
        self.assertIn("5338", str(self.json("check", source, "--target", "loihi2", code=3)))
        self.assertIn("elimination", refused(5339, "reference", "threshold = 0.25", "threshold = 0.25, prob_elim_depressed = 1.5"))
        self.assertIn("formation", refused(5339, "spinnaker1", "p_form_forward = 0.8", "p_form_forward = -0.5"))
        refused(5341, "reference", '"fixed_probability" {p = 0.1}', '"fixed_in_degree" {k = 15}')
        self.assertIn("neuron", refused(5342, "spinnaker1", "most 16", "most 4"))
        refused(5336, "spinnaker1", "weights 0.3", "weights -0.3", code=3)
        refused(5337, "reference", "delay 1 \"fixed", "delay 0 \"fixed")
        big = text.replace("shape [64]", "shape [5000]").replace("grid [8, 8]", "grid [100, 50]").replace("{p = 0.1}", "{p = 0.001}")
        source.write_text(big)
        self.fails("compile", source, "--target", "reference", "-o", self.tmp / "none.rvi", rnv=5340)
        image = self.compiled(text, "spinnaker1")
        self.fails("run", image, "--steps", 3, "--timing", "detailed", rnv=7044)
        self.fails("run", image, "--steps", 3, "--timing", "fast", "--dry-run-ranks", 2, rnv=7044)
        self.fails("export", image, "--sdram", self.tmp / "tables", rnv=3030)


if __name__ == "__main__":
    unittest.main()
