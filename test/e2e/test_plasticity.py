# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Synapses that learn (docs/spec/plasticity.md): every weight with which a spike is sent, and every weight at the end, against rules worked out anew
(plasticity.py), for random trains of spikes, on `reference` and `spinnaker1`."""

import csv
import json
import unittest

import h5py
import numpy as np
import learned
import plasticity

from ranvier import ROOT, Case

# A target that fires when it is told to, and keeps what its synapses brought.
CELLS = """snn.model @told {
  %drive = snn.receive "drive" range [0.0, 1.0] : f32
  %x = snn.receive "x" : f32
  %got = snn.state "got" : f32
  %half = arith.constant 0.5 : f32
  %fire = arith.cmpf ogt, %drive, %half : f32
  snn.update "got" = %x : f32
  snn.spike %fire
}
"""
PAIR = {"tau_plus": 16.8, "tau_minus": 33.7, "a_plus": 0.11, "a_minus": 0.07, "w_min": 0.0, "w_max": 1.0}
TRIPLET = {"tau_plus": 16.8, "tau_minus": 33.7, "tau_x": 40.0, "tau_y": 55.0, "a2_plus": 0.03, "a2_minus": 0.05, "a3_plus": 0.06, "a3_minus": 0.04,
           "w_min": 0.0, "w_max": 1.0}
RULES = [(kind, weights, TRIPLET if kind == "triplet" else PAIR) for kind in ("pair", "nearest", "triplet") for weights in ("additive", "multiplicative")]
DT = 1e-3


def listed(trains):
    spikes = sorted({(step, neuron) for neuron, train in enumerate(trains) for step in train})
    return f"#snn.spike_list<{[step for step, _ in spikes]}, {[neuron for _, neuron in spikes]}>"


def network(kind, weights, p, pre, post, initial, delays, backprop=True, count=None):
    """Synapse k from source k to target k. `post`: steps in which targets fire, from 2 on."""
    count = count or len(pre)
    numbers = ", ".join(f"{name} = {value!r}" for name, value in p.items())
    rows = list(range(count + 1))
    return CELLS + f"""snn.network @net dt {DT!r} {{
  snn.input @pre shape [{count}] source {listed(pre)}
  snn.input @tell shape [{count}] source {listed([[step - 1 for step in train] for train in post])}
  snn.population @cells model @told shape [{count}]
  snn.connect @telling from @tell to @cells receptor "drive" delay 1 "one_to_one" {{}} weights 1.0
  snn.sparse @edges from @pre to @cells receptor "x" delay dense<{delays}> : tensor<{count}xi32> row_ptr dense<{rows}> : tensor<{count + 1}xi64>
    columns dense<{rows[:-1]}> : tensor<{count}xi32> weights dense<{initial}> : tensor<{count}xf64>
  snn.plasticity @learning of @edges rule @stdp_{kind}_{weights} params {{{numbers}}} backprop {"true" if backprop else "false"}
  snn.probe @watch of @cells ["got"]
  snn.output @out from @cells
}}
"""


def trains(rng, count, steps, rate):
    """Some neurons fire rarely, some often, some in bursts."""
    rates = rate * rng.choice([0.1, 0.5, 1.0, 4.0], count)
    fired = rng.random((steps, count)) < rates[None, :]
    return [[int(step) + 2 for step in np.flatnonzero(fired[:-2, neuron])] for neuron in range(count)]


class Plasticity(Case):
    def learn(self, text, target, steps, *options):
        return learned.run(self, text, target, steps, *options)

    def learner(self, image):
        return self.json("inspect", image)["learning"][0]

    def compare(self, target, kind, weights, p, rng, count, steps, backprop, rate=0.04):
        pre, post = trains(rng, count, steps, rate), trains(rng, count, steps, rate)
        delays = [int(d) for d in rng.integers(1, 16, count)]
        start = [float(w) for w in rng.uniform(p["w_min"], p["w_max"], count)]
        text = network(kind, weights, p, pre, post, start, delays, backprop)
        got, table, image = self.learn(text, target, steps)
        learner = self.learner(image)
        for k in range(count):
            if target == "reference":
                arithmetic, first, unit, history = plasticity.Float(DT), np.float32(start[k]), 1.0, None
            else:
                unit, history = learner["weight_scale"], 16
                arithmetic, first = plasticity.Fixed(DT, learner["weight_shift"]), int(np.floor(start[k] / unit + 0.5))
            rule = plasticity.Rule(arithmetic, kind, weights, p)
            sent, last = plasticity.synapse(rule, first, pre[k], post[k], delays[k], backprop, steps, history)
            tolerance = 2e-6 if target == "reference" else 0.0
            arrived = [float(got[step + delays[k] - 1, k]) for step in pre[k] if step + delays[k] <= steps]
            expected = [float(w) * unit for w in sent][: len(arrived)]
            np.testing.assert_allclose(arrived, expected, rtol=0, atol=tolerance, err_msg=f"{kind} {weights} synapse {k}")
            self.assertEqual((int(table[k]["source"]), int(table[k]["target"]), int(table[k]["delay"])), (k, k, delays[k]))
            self.assertAlmostEqual(float(table[k]["weight"]), float(last) * unit, delta=tolerance, msg=f"{kind} {weights} synapse {k}")

    def reward(self, target):
        """The rule that waits for a reward: eligibility and rewards that last for seconds, and targets that are rewarded at times."""
        p = {"tau_plus": 20.0, "tau_minus": 30.0, "tau_c": 1000.0, "tau_d": 200.0, "a_plus": 0.02, "a_minus": 0.015, "w_min": 0.0, "w_max": 1.0}
        rng, count, steps = np.random.default_rng(9), 1000, 2500
        pre, post, given = (trains(rng, count, steps, rate) for rate in (0.01, 0.01, 0.0015))
        delays = [int(d) for d in rng.integers(1, 16, count)]
        start = [float(w) for w in rng.uniform(0.2, 0.8, count)]
        numbers = ", ".join(f"{name} = {value!r}" for name, value in p.items())
        text = network("pair", "additive", PAIR, pre, post, start, delays).replace('%x = snn.receive "x"', '%reward = snn.receive "reward" : f32\n  %x = snn.receive "x"')
        begin, end = text.index("@stdp_pair"), text.index("} backprop") + 1
        text = text[:begin] + f"@stdp_rewarded_additive params {{{numbers}}}" + text[end:]
        text = text.replace("  snn.plasticity", f"""  snn.input @bowl shape [{count}] source {listed([[step - 1 for step in train] for train in given])}
  snn.connect @feeding from @bowl to @cells receptor "reward" delay 1 "one_to_one" {{}} weights 0.375
  snn.plasticity""", 1)
        got, table, image = self.learn(text, target, steps)
        learner = self.learner(image)
        changed = 0
        for k in range(count):
            if target == "reference":
                a, first, unit, history, amount = plasticity.Float(DT), np.float32(start[k]), 1.0, None, np.float32(0.375)
            else:
                unit, history = learner["weight_scale"], 16
                a, first = plasticity.Fixed(DT, learner["weight_shift"]), int(np.floor(start[k] / unit + 0.5))
                amount = int(0.375 * 2**15)
            sent, last = plasticity.rewarded(a, p, first, pre[k], post[k], [(step, amount) for step in given[k]], delays[k], steps, history)
            tolerance = 2e-5 if target == "reference" else 0.0
            arrived = [float(got[step + delays[k] - 1, k]) for step in pre[k] if step + delays[k] <= steps]
            np.testing.assert_allclose(arrived, [float(w) * unit for w in sent][: len(arrived)], rtol=0, atol=tolerance, err_msg=f"synapse {k}")
            self.assertAlmostEqual(float(table[k]["weight"]), float(last) * unit, delta=tolerance, msg=f"synapse {k}")
            changed += abs(float(last) - float(first)) * unit > 0.01
        self.assertGreater(changed, count // 4)

    def test_reward_on_reference(self):
        self.reward("reference")

    def test_reward_on_spinnaker1(self):
        self.reward("spinnaker1")

    def every_rule(self, target):
        for number, (kind, weights, p) in enumerate(RULES):
            for backprop in (True, False):
                with self.subTest(kind=kind, weights=weights, backprop=backprop):
                    self.compare(target, kind, weights, p, np.random.default_rng(number), 500, 400, backprop)

    def test_every_rule_on_reference(self):
        self.every_rule("reference")

    def test_every_rule_on_spinnaker1(self):
        self.every_rule("spinnaker1")


class Known(Plasticity):
    """What is known without a simulation."""

    test_every_rule_on_reference = test_every_rule_on_spinnaker1 = test_reward_on_reference = test_reward_on_spinnaker1 = None

    def test_the_curve_is_its_closed_form(self):
        """One spike of each end, the target's `apart` steps later: a_plus exp(-apart / tau_plus), or -a_minus exp(apart / tau_minus) from 0 down."""
        p = {"tau_plus": 20.0, "tau_minus": 30.0, "a_plus": 0.1, "a_minus": 0.08, "w_min": 0.0, "w_max": 1.0}
        aparts = np.arange(-80, 81)
        text = network("pair", "additive", p, [[200, 900]] * len(aparts), [[200 + int(apart)] for apart in aparts], [0.5] * len(aparts), [1] * len(aparts), backprop=False)
        closed = np.where(aparts > 0, p["a_plus"] * np.exp(-aparts / p["tau_plus"]), -p["a_minus"] * np.exp(aparts / p["tau_minus"]))
        for target, error in (("reference", 1e-6), ("spinnaker1", 0.1 * 2**-11 + 3 * 2**-15)):  # a table's rounding, and those of three words
            got, _, _ = self.learn(text, target, 1000)
            np.testing.assert_allclose(got[900] - 0.5, closed, rtol=0, atol=error, err_msg=target)

    def test_a_balanced_network_stays_stable(self):
        """1,000 neurons whose excitatory synapses onto each other learn while they run, depression a little stronger: after ten seconds it neither bursts nor dies,
        and weights lie between their bounds."""
        lines = ["snn.network @balanced dt 1.0e-3 seed 11 {"]
        for number, (name, count) in enumerate((("exc", 800), ("inh", 200))):
            lines += [f"  snn.input @noise_{name} shape [{count}] source #snn.poisson<[400.0], seed = {number + 1}>",
                      f"  snn.population @{name} model @if_curr_exp shape [{count}] params {{tau_refrac = 2.0, cm = 0.25, tau_m = 10.0, tau_syn_E = 2.0, tau_syn_I = 2.0}} "
                      f"init {{v = #snn.uniform<-65.0, -50.0, seed = {number + 3}>}}",
                      f'  snn.connect @drive_{name} from @noise_{name} to @{name} receptor "excitatory" delay 1 "one_to_one" {{}} weights 0.6']
        for number, (source, target, receptor, weight) in enumerate((("exc", "exc", "excitatory", 0.03), ("exc", "inh", "excitatory", 0.03), ("inh", "exc", "inhibitory", 0.15),
                                                                      ("inh", "inh", "inhibitory", 0.15))):
            lines.append(f'  snn.connect @{source}_{target} from @{source} to @{target} receptor "{receptor}" delay #snn.uniform<1.0, 5.0, seed = {number + 20}> '
                         f'"fixed_probability" {{p = 0.1}} weights {weight} seed {number + 6} autapses false')
        lines += ["  snn.plasticity @learn of @exc_exc rule @stdp_pair_additive params {a_plus = 0.0003, a_minus = 0.00032, w_max = 0.06}", "  snn.output @out from @exc", "}"]
        source, image, recording, weights = (self.tmp / f"balanced.{kind}" for kind in ("mlir", "rvi", "h5", "csv"))
        source.write_text("\n".join(lines) + "\n")
        for target in ("reference", "spinnaker1"):
            self.json("compile", source, "--target", target, "-o", image)
            self.json("run", image, "--steps", 10000, "--timing", "off", "-o", recording, "--save-weights", weights)
            with h5py.File(recording) as file:
                rates = np.histogram(file["populations/exc/spike_steps"][...], bins=10, range=(0, 10000))[0] / 800
            self.assertTrue((rates > 0.6 * rates[0]).all() and (rates < 1.5 * rates[0]).all(), f"{target}: {rates} Hz")
            with open(weights, newline="") as file:
                learned = np.array([float(row["weight"]) for row in csv.DictReader(file)])
            self.assertGreater(learned.std(), 0.001)
            self.assertLess(np.mean((learned < 0.0006) | (learned > 0.0594)), 0.05, target)


class Behaviour(Plasticity):
    """Of one network: the same whatever runs it."""

    test_every_rule_on_reference = test_every_rule_on_spinnaker1 = test_reward_on_reference = test_reward_on_spinnaker1 = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = np.random.default_rng(3)
        cls.steps = 300
        pre, post = trains(rng, 600, cls.steps, 0.05), trains(rng, 600, cls.steps, 0.05)
        cls.text = network("triplet", "multiplicative", TRIPLET, pre, post, [0.5] * 600, [int(d) for d in rng.integers(1, 16, 600)])

    def compiled(self, target, *options, text=None):
        source, image = self.tmp / "net.mlir", self.tmp / f"{target}.rvi"
        source.write_text(text or self.text)
        self.json("compile", source, "--target", target, "-o", image, *options)
        return image

    def weights(self, image, *options):
        path = self.tmp / "weights.csv"
        path.unlink(missing_ok=True)
        self.json("run", image, "--steps", self.steps, "--timing", "off", "--save-weights", path, *options)
        return path.read_text()

    def write_mapping(self, path, slices):
        keys = ("population", "first", "count", "chip", "core")
        path.write_text(json.dumps({"format": "ranvier-mapping", "version": 1, "slices": [dict(zip(keys, part)) for part in slices]}))

    def test_threads_executors_and_cores_do_not_show(self):
        for target in ("reference", "spinnaker1"):
            image = self.compiled(target)
            first = self.weights(image)
            self.assertEqual(len(first.splitlines()), 601)
            for options in (("--executor", "interp"), ("--threads", "3")):
                self.assertEqual(self.weights(image, *options), first, f"{target} {options}")
            cores = self.json("inspect", image)["cores"]
            mapping = self.tmp / "mapping.json"
            self.write_mapping(mapping, [("cells", 75 * k, 75, 0, 3 * k) for k in range(8)])
            other = self.compiled(target, "--mapping", mapping)
            self.assertNotEqual(len(self.json("inspect", other)["cores"]), len(cores))
            self.assertEqual(self.weights(other), first, target)

    def test_resumed_runs_learn_on(self):
        for target in ("reference", "spinnaker1"):
            image, kept = self.compiled(target), self.tmp / f"{target}.rvc"
            whole = self.weights(image)
            self.json("run", image, "--steps", 170, "--timing", "off", "--checkpoint", kept, "--checkpoint-every", 85)
            self.assertEqual(self.weights(image, "--resume", kept), whole, target)
            self.assertEqual(self.weights(image, "--resume", kept, "--executor", "interp"), whole, target)

    def test_ranks_spike_alike(self):
        """Populations that hear what was learned, over several cores and ranks."""
        text = self.text.replace("snn.model @told", """snn.model @listening {
  %x = snn.receive "x" : f32
  %v = snn.state "v" range [-64.0, 64.0] : f32
  %half = arith.constant 0.5 : f32
  %kept = arith.mulf %v, %half : f32
  %v1 = arith.addf %kept, %x : f32
  %one = arith.constant 1.0 : f32
  %fire = arith.cmpf ogt, %v1, %one : f32
  %zero = arith.constant 0.0 : f32
  %v2 = arith.select %fire, %zero, %v1 : f32
  snn.update "v" = %v2 : f32
  snn.spike %fire
}
snn.model @told""").replace("  snn.probe", """  snn.population @ears model @listening shape [600]
  snn.connect @hear from @cells to @ears delay 1 "fixed_in_degree" {k = 9} weights 0.3 seed 4
  snn.plasticity @too of @hear rule @stdp_pair_additive params {w_max = 1.0, a_plus = 0.1, a_minus = 0.05}
  snn.output @heard from @ears
  snn.probe""", 1)
        for target in ("reference", "spinnaker1"):
            image = self.compiled(target, text=text)
            mapping = self.tmp / "mapping.json"
            self.write_mapping(mapping, [(name, 75 * k, 75, 0, 2 * k + (name == "ears")) for k in range(8) for name in ("cells", "ears")])
            image = self.compiled(target, "--mapping", mapping, text=text)
            one = self.json("run", image, "--steps", self.steps, "--timing", "off")["populations"]
            self.assertGreater(one["ears"]["spikes"], 100)
            several = self.json("run", image, "--steps", self.steps, "--timing", "off", "--dry-run-ranks", 3)
            self.assertEqual(several["populations"], one, target)
            self.assertEqual(several["exchange_interval_steps"], 1)

    def test_lowered_text_resumes(self):
        """The quantised stage has an snn.learner, and compiles to the same image."""
        for target in ("reference", "spinnaker1"):
            image = self.compiled(target)
            source, middle = self.tmp / "net.mlir", self.tmp / "middle.mlir"
            self.json("compile", source, "--target", target, "--emit", "quantised", "-o", middle)
            self.assertIn("snn.learner @learning_learner", middle.read_text())
            other = self.tmp / "other.rvi"
            self.json("compile", middle, "--target", target, "-o", other)
            self.assertEqual(self.weights(other), self.weights(image), target)

    def test_run_save_weights(self):
        image = self.compiled("reference")
        self.fails("run", image, "--steps", 3, "--save-weights", self.tmp / "w.csv", "--dry-run-ranks", 2, rnv=8099)
        self.assertFalse((self.tmp / "w.csv").exists())
        self.fails("run", image, "--steps", 3, "--weights", "i16", rnv=7041)
        self.fails("run", image, "--steps", 4000000000, "--save-weights", self.tmp / "no" / "w.csv", rnv=9003)  # before the run
        plain = self.compiled("reference", text="\n".join(line for line in self.text.splitlines() if "snn.plasticity" not in line))
        self.fails("run", plain, "--steps", 3, "--save-weights", self.tmp / "w.csv", rnv=8098)
        self.fails("run", image, "--steps", 3, "--save-weights", image, code=2)

    def test_refusals(self):
        source = self.tmp / "net.mlir"

        def refused(rnv, target, text, code=1):
            source.write_text(text)
            message = self.fails("compile", source, "--target", target, "-o", self.tmp / "none.rvi", rnv=rnv, code=code)
            self.assertFalse((self.tmp / "none.rvi").exists())
            return message

        self.assertIn("@stdp_triplet_multiplicative", refused(5331, "loihi2", self.text, code=3))
        self.assertIn("5331", str(self.json("check", source, "--target", "loihi2", code=3)))
        refused(5332, "reference", self.text.replace("w_min = 0.0", "w_min = 2.0"))
        refused(5333, "spinnaker1", self.text.replace("w_max = 1.0", "w_max = 0.25"))
        refused(5334, "spinnaker1", self.text.replace("tau_x = 40.0", "tau_x = 1000000.0"), code=3)
        refused(5336, "spinnaker1", self.text.replace("a2_plus = 0.03", "a2_plus = 1000000.0"), code=3)
        refused(5336, "spinnaker1", self.text.replace("w_min = 0.0", "w_min = -1.0"), code=3)
        refused(5337, "reference", self.zero_delay())
        odd = """snn.rule @odd {
  %low = arith.constant 0.0 : f32
  %high = arith.constant 1.0 : f32
  %w = snn.weight in [%low, %high] : f32
  %e = math.exp %w : f32
  snn.on "pre" set "weight" = %e : f32
}
"""
        self.assertIn("math.exp", refused(5335, "spinnaker1", odd + self.text.replace("@stdp_triplet_multiplicative params {", "@odd params {").replace(
            self.text[self.text.index("params {") : self.text.index("} backprop") + 1], "params {}"), code=3))

    def zero_delay(self):
        start = self.text.index("delay dense<[")
        return self.text[:start] + "delay 0" + self.text[self.text.index(" row_ptr", start) :]

    def test_page_examples_compile(self):
        page = (ROOT / "docs" / "spec" / "plasticity.md").read_text()
        text = page.split("```mlir\n")[1].split("```")[0]
        for target in ("reference", "spinnaker1"):
            image = self.compiled(target, text=text)
            table = self.weights(image).splitlines()
            self.assertEqual(len(table), 1001)
            self.assertGreater(len(set(line.rsplit(",", 1)[1] for line in table[1:])), 50)


if __name__ == "__main__":
    unittest.main()
