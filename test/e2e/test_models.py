# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neuron models that Ranvier does not ship, written as a user writes them from docs/spec/snn-dialect.md, run on `reference` and on `loihi2`
without building anything. On `reference` every spike and state is numpy's binary32 result; on `loihi2` every step stays within the error that
the compiler states (docs/spec/target-semantics.md, F5), and what follows from it for the whole run."""

import shutil

import h5py
import numpy as np

from integer_model import IntegerModel
from ranvier import DIGITS, ROOT, Case

F = np.float32

ADAPTIVE = """
// Leaky integrate-and-fire neuron whose threshold jumps with each spike and decays; reset by subtraction.
snn.model @adaptive_lif {
  %tau = snn.parameter "tau" unit "s" : f32
  %tau_b = snn.parameter "tau_b" default 0.1 unit "s" : f32
  %base = snn.parameter "v_threshold" default 1.0 : f32
  %jump = snn.parameter "jump" default 0.2 : f32
  %v = snn.state "v" : f32
  %b = snn.state "b" range [0.0, 10.0] : f32
  %x = snn.receive "x" : f32
  %dt = snn.timestep : f32

  %a = arith.divf %dt, %tau : f32
  %d = arith.subf %x, %v : f32
  %dv = arith.mulf %a, %d : f32
  %v1 = arith.addf %v, %dv : f32
  %threshold = arith.addf %base, %b : f32
  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %less = arith.subf %v1, %threshold : f32
  %v2 = arith.select %fire, %less, %v1 : f32

  %ab = arith.divf %dt, %tau_b : f32
  %db = arith.mulf %ab, %b : f32
  %b1 = arith.subf %b, %db : f32
  %up = arith.addf %b1, %jump : f32
  %b2 = arith.select %fire, %up, %b1 : f32
  snn.update "v" = %v2 : f32
  snn.update "b" = %b2 : f32
  snn.spike %fire
}
"""

IZHIKEVICH = """
// Izhikevich, IEEE Trans. Neural Networks 14(6), 2003, eq. 1 to 3; millivolts and milliseconds, forward Euler.
snn.model @izhikevich {
  %a = snn.parameter "a" default 0.02 : f32
  %b = snn.parameter "b" default 0.2 : f32
  %c = snn.parameter "c" default -65.0 unit "mV" : f32
  %d = snn.parameter "d" default 8.0 : f32
  %v = snn.state "v" init -65.0 unit "mV" range [-120.0, 60.0] : f32
  %u = snn.state "u" init -13.0 range [-60.0, 60.0] : f32
  %x = snn.receive "x" : f32
  %dt = snn.timestep : f32
  %thousand = arith.constant 1000.0 : f32
  %ms = arith.mulf %dt, %thousand : f32
  %k2 = arith.constant 0.04 : f32
  %k1 = arith.constant 5.0 : f32
  %k0 = arith.constant 140.0 : f32
  %peak = arith.constant 30.0 : f32

  %q0 = arith.mulf %k2, %v : f32
  %q1 = arith.addf %q0, %k1 : f32
  %q2 = arith.mulf %q1, %v : f32
  %s0 = arith.addf %q2, %k0 : f32
  %s1 = arith.subf %s0, %u : f32
  %s2 = arith.addf %s1, %x : f32
  %dv = arith.mulf %ms, %s2 : f32
  %v1 = arith.addf %v, %dv : f32
  %bv = arith.mulf %b, %v : f32
  %w = arith.subf %bv, %u : f32
  %aw = arith.mulf %a, %w : f32
  %du = arith.mulf %ms, %aw : f32
  %u1 = arith.addf %u, %du : f32

  %fire = arith.cmpf oge, %v1, %peak : f32
  %v2 = arith.select %fire, %c, %v1 : f32
  %up = arith.addf %u1, %d : f32
  %u2 = arith.select %fire, %up, %u1 : f32
  snn.update "v" = %v2 : f32
  snn.update "u" = %u2 : f32
  snn.spike %fire
}
"""

SENDER = """
// Sends how far a leaky sum has moved since the last event, as the event's value, once that exceeds a step.
snn.model @delta_sender {
  %tau = snn.parameter "tau" unit "s" : f32
  %step = snn.parameter "step" default 0.5 : f32
  %x = snn.receive "x" : f32
  %v = snn.state "v" : f32
  %sent = snn.state "sent" range [-64.0, 64.0] : f32
  %dt = snn.timestep : f32
  %a = arith.divf %dt, %tau : f32
  %d = arith.subf %x, %v : f32
  %dv = arith.mulf %a, %d : f32
  %v1 = arith.addf %v, %dv : f32
  %moved = arith.subf %v1, %sent : f32
  %size = math.absf %moved : f32
  %fire = arith.cmpf ogt, %size, %step : f32
  %sent1 = arith.select %fire, %v1, %sent : f32
  snn.update "v" = %v1 : f32
  snn.update "sent" = %sent1 : f32
  snn.spike %fire payload %moved : f32
}
snn.model @adder {
  %x = snn.receive "x" : f32
  %v = snn.state "v" range [-64.0, 64.0] : f32
  %v1 = arith.addf %v, %x : f32
  snn.update "v" = %v1 : f32
}
"""


def elements(values):
    rows = "[" + ", ".join(elements(row) if np.ndim(row) else repr(float(row)) for row in values) + "]"
    return rows


def dense(values):
    shape = "x".join(map(str, np.shape(values)))
    return f"dense<{elements(values)}> : tensor<{shape}xf32>"


def sums(weights, fired):
    """[targets] binary32, source neurons in order (T10)."""
    total = np.zeros(weights.shape[0], F)
    for source in np.flatnonzero(fired):
        total = total + weights[:, source]
    return total


class Models(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = cls.tmp / "models"
        cls.models.mkdir()
        for name, text in (("adaptive_lif", ADAPTIVE), ("izhikevich", IZHIKEVICH), ("sender", SENDER)):
            (cls.models / f"{name}.mlir").write_text(text)

    def compiled(self, text, target, *options):
        """An image of a network that names models of the user's folder, and what compile reports."""
        source, image = self.tmp / "network.mlir", self.tmp / f"network-{target}.rvi"
        source.write_text(text)
        report = self.json("compile", source, "--models", self.models, "--target", target, "-o", image, *options)
        self.assertTrue(self.json("verify", image, source, "--models", self.models)["equal"])
        return image, report

    def run_image(self, image, fired, record, executor="jit"):
        """{population: {"spikes": [steps, n], state: [steps, n] real units}}; `fired`: [steps, n] of the one input."""
        csv, out = self.tmp / "spikes.csv", self.tmp / f"out-{executor}.h5"
        csv.write_text("step,neuron\n" + "".join(f"{t + 1},{n}\n" for t, n in np.argwhere(fired)))
        steps = fired.shape[0]
        self.json("run", image, "--input", csv, "--steps", steps, "-o", out, "--record", ",".join(["spikes", *record]), "--executor", executor)
        result = {}
        with h5py.File(out) as f:
            for name, group in f["populations"].items():
                n = int(group.attrs["n"])
                spikes = np.zeros((steps, n), bool)
                spikes[group["spike_steps"][()] - 1, group["spike_neurons"][()]] = True
                entry = result[name] = {"spikes": spikes}
                for state in record:
                    if state in group:
                        words = group[state][()].reshape(steps, n)
                        entry[state] = words if words.dtype == F else words * float(np.ravel(group[state].attrs["scale"])[0])
        return result

    def integer_run(self, image, report, fired, record):
        """Runs an integer image three ways, which must agree bit for bit; returns the emulator's result and, by population, what arrived in each step
        in real units ([steps, n]; populations with one receptor)."""
        found = self.run_image(image, fired, record)
        interpreted = self.run_image(image, fired, record, "interp")
        described = self.call("inspect", image, "--full", "--json").stdout
        model = IntegerModel(described)
        steps = fired.shape[0]
        (source,) = [name for name, population in model.populations.items() if population.program is None]
        arrivals = {name: [] for name in model.populations}
        update = model.update

        def watched(population, arrived, step):
            arrivals[population.name].append(arrived[0].copy())
            return update(population, arrived, step)

        model.update = watched
        spikes, states = model.run({source: fired}, steps)
        self.assertEqual(model.overflows, [], "F6")
        for name, population in model.populations.items():
            np.testing.assert_array_equal(found[name]["spikes"], interpreted[name]["spikes"])
            np.testing.assert_array_equal(found[name]["spikes"], spikes[name], name)
            for state in record:
                if population.program and state in states[name]:
                    np.testing.assert_array_equal(found[name][state], interpreted[name][state])
                    np.testing.assert_array_equal(found[name][state], states[name][state] * population.scale[state], f"{name}.{state}")
        formats = {p["name"]: {f["name"]: f for f in p.get("formats", [])} for p in report["quantisation"]["populations"]}
        real = {}
        for name, population in model.populations.items():
            if population.program:
                unit = formats[name][population.program["inputs"][0]]["unit"]
                real[name] = np.array(arrivals[name]) * unit
        return found, real, formats

    # --- Adaptive threshold ------------------------------------------------------------------------------------------------------

    def adaptive_case(self, seed):
        random = np.random.default_rng(seed)
        weights = {"in": F(random.normal(0.9, 1.5, (40, 24))), "up": F(random.normal(0.5, 2.0, (30, 40))), "back": F(-np.abs(random.normal(0, 1.0, (30, 30))))}
        text = f"""snn.network @adaptive dt 1.0e-3 {{
  snn.input @in shape [24]
  snn.population @cells model @adaptive_lif shape [40] params {{tau = 0.02}}
  snn.population @ring model @adaptive_lif shape [30] params {{tau = 0.01, tau_b = 0.05, jump = 0.1}}
  snn.dense @feed from @in to @cells weights {dense(weights["in"])}
  snn.dense @up from @cells to @ring weights {dense(weights["up"])}
  snn.dense @back from @ring to @ring delay 2 weights {dense(weights["back"])}
  snn.output @out from @ring
}}
"""
        return text, weights, random.random((400, 24)) < 0.3

    @staticmethod
    def adaptive_step(v, b, x, tau, tau_b, jump, real=F):
        """One step of the model, operation by operation; new v, new b, spikes, distance from the threshold."""
        a, ab = real(1e-3 / tau), real(1e-3 / tau_b)
        v1 = v + a * (x - v)
        threshold = real(1.0) + b
        fire = v1 > threshold
        b1 = b - ab * b
        return np.where(fire, v1 - threshold, v1), np.where(fire, b1 + real(jump), b1), fire, v1 - threshold

    CELLS, RING = (0.02, 0.1, F(0.2)), (0.01, 0.05, F(0.1))

    def adaptive_float(self, weights, fired):
        """The network in binary32: edges of delay 0 act in the same step."""
        v, b = [np.zeros(40, F), np.zeros(30, F)], [np.zeros(40, F), np.zeros(30, F)]
        out = {name: {"spikes": [], "v": [], "b": []} for name in ("cells", "ring")}
        for t in range(len(fired)):
            v[0], b[0], cells, _ = self.adaptive_step(v[0], b[0], sums(weights["in"], fired[t]), *self.CELLS)
            # Sums in the order of emission steps: what the ring sent two steps ago comes before what the cells send now.
            x = sums(weights["back"], out["ring"]["spikes"][t - 2]) if t >= 2 else np.zeros(30, F)
            for source in np.flatnonzero(cells):
                x = x + weights["up"][:, source]
            v[1], b[1], ring, _ = self.adaptive_step(v[1], b[1], x, *self.RING)
            for k, (name, spikes) in enumerate((("cells", cells), ("ring", ring))):
                for key, value in (("spikes", spikes), ("v", v[k]), ("b", b[k])):
                    out[name][key].append(value)
        return {name: {key: np.array(rows) for key, rows in columns.items()} for name, columns in out.items()}

    def test_adaptive_threshold_is_exact_on_reference(self):
        text, weights, fired = self.adaptive_case(1)
        wanted = self.adaptive_float(weights, fired)
        image, _ = self.compiled(text, "reference")
        for executor in ("jit", "interp"):
            found = self.run_image(image, fired, ["v", "b"], executor)
            for name in ("cells", "ring"):
                self.assertGreater(wanted[name]["spikes"].sum(), 500, "the case should spike")
                for key in ("spikes", "v", "b"):
                    np.testing.assert_array_equal(found[name][key], wanted[name][key], f"{name}.{key} ({executor})")

    def test_adaptive_threshold_on_loihi2_stays_within_the_stated_error(self):
        text, weights, fired = self.adaptive_case(2)
        image, report = self.compiled(text, "loihi2")
        self.assertEqual({p["form"] for p in report["quantisation"]["populations"]}, {"fixed-point"})
        found, arrived, formats = self.integer_run(image, report, fired, ["v", "b"])
        comparison = {p["name"]: p["comparison_error"] for p in report["quantisation"]["populations"]}
        for name, parameters in (("cells", self.CELLS), ("ring", self.RING)):
            v = np.vstack([np.zeros(found[name]["v"].shape[1]), found[name]["v"][:-1]])
            b = np.vstack([np.zeros(v.shape[1]), found[name]["b"][:-1]])
            v1, b1, fire, distance = self.adaptive_step(v, b, arrived[name], *parameters, real=np.float64)
            clear = np.abs(distance) > comparison[name]
            self.assertGreater(clear.mean(), 0.99)
            np.testing.assert_array_equal(found[name]["spikes"][clear], fire[clear])
            for state, exact in (("v", v1), ("b", b1)):
                # One step from the recorded states and arrivals: off by no more than the report says, wherever the comparison is clear.
                error = np.abs(found[name][state] - exact)[clear].max()
                self.assertLessEqual(error, formats[name][state]["step_error"], f"{name}.{state}")
                self.assertLess(formats[name][state]["step_error"], 1e-5)

    def test_adaptive_threshold_on_loihi2_follows_the_float_run(self):
        text, weights, fired = self.adaptive_case(3)
        wanted = self.adaptive_float(weights, fired)["cells"]
        image, report = self.compiled(text, "loihi2")
        found, arrived, formats = self.integer_run(image, report, fired, ["v", "b"])
        (feed,) = [p for p in report["quantisation"]["projections"] if p["name"] == "feed"]
        # The cells lag by one step. Row t below is the float run's step t.
        lagged = {key: value[1:] for key, value in found["cells"].items()}
        exact = {key: value[:-1] for key, value in wanted.items()}
        sent = fired[:-1].astype(np.float64) @ weights["in"].T.astype(np.float64)
        rounding = np.abs(arrived["cells"][1:] - sent)
        # What arrives is off by no more than the weights that were used, and the accumulator's unit.
        unit = formats["cells"]["x"]["unit"]
        self.assertTrue((rounding <= fired[:-1].sum(axis=1)[:, None] * feed["max_error"] + unit).all())
        # A few weights may be clipped where that serves the others [Q8], so the mean error is held, not the largest.
        self.assertLessEqual(feed["rms_error"], feed["max_weight"] / 127)
        # Until a neuron's first differing spike its voltages are apart by no more than e' = (1 - a) e + a E + s: E as above, s the error of a
        # step on either side.
        a, step = 1e-3 / 0.02, formats["cells"]["v"]["step_error"] + 4 * np.finfo(F).eps * np.abs(exact["v"]).max()
        bound = np.zeros_like(sent)
        for t in range(len(bound)):
            bound[t] = (1 - a) * (bound[t - 1] if t else 0) + a * rounding[t] + step
        self.assertLess(bound.max(), 0.15, "the bound should say something: the threshold is 1")
        same = np.cumsum(lagged["spikes"] != exact["spikes"], axis=0) == 0
        self.assertTrue((np.abs(lagged["v"] - exact["v"])[same] <= bound[same]).all())
        # A first difference is a voltage that close to its threshold, never more.
        differing = np.flatnonzero(~same.all(axis=0))
        for neuron in differing:
            t = int(np.argmin(same[:, neuron]))
            v, b = (exact["v"][t - 1, neuron], exact["b"][t - 1, neuron]) if t else (F(0), F(0))
            distance = self.adaptive_step(v, b, sums(weights["in"], fired[t])[neuron], *self.CELLS)[3]
            self.assertLessEqual(abs(distance), 1.1 * bound[t, neuron] + 1e-5, f"neuron {neuron}, step {t + 1}")
        # Over the run no rate moves by more than the weights do, a relative 2^-7 at most.
        counts = exact["spikes"].sum(axis=0), lagged["spikes"].sum(axis=0)
        self.assertGreater(counts[0].max(), 20)
        self.assertLessEqual(np.abs(counts[0] - counts[1]).max(), 2)
        self.assertLess((lagged["spikes"] != exact["spikes"]).mean(), 0.06) # A spike that moves by a step is two cells.
        print(f"adaptive LIF on loihi2: {int((lagged['spikes'] != exact['spikes']).sum())} of {exact['spikes'].size} cells differ from float, "
              f"{int(counts[0].sum())} spikes; voltages within {bound.max():.3f} until a neuron's first difference ({len(differing)} of 40 have one)")

    # --- Izhikevich --------------------------------------------------------------------------------------------------------------

    KINDS = np.array([[0.02, 0.2, -65, 8], [0.02, 0.2, -55, 4], [0.02, 0.2, -50, 2], [0.1, 0.2, -65, 2], [0.02, 0.25, -65, 2]])

    def izhikevich_case(self):
        random = np.random.default_rng(5)
        kinds = np.repeat(self.KINDS, 4, axis=0)
        weights = F(random.uniform(1, 3, (20, 16)))
        listed = ", ".join(f"{name} = {dense(kinds[:, k])}" for k, name in enumerate("abcd"))
        text = f"""snn.network @cortex dt 0.5e-3 {{
  snn.input @in shape [16]
  snn.population @cells model @izhikevich shape [20] params {{{listed}}}
  snn.dense @feed from @in to @cells weights {dense(weights)}
  snn.output @out from @cells
}}
"""
        return text, kinds, weights, random.random((1200, 16)) < 0.35

    @staticmethod
    def izhikevich_step(v, u, x, kinds, real=F):
        a, b, c, d = (real(F(kinds[:, k])) for k in range(4))
        ms, k2 = real(0.5e-3 * 1000), real(F(0.04))
        v1 = v + ms * ((((k2 * v + real(5)) * v + real(140)) - u) + x)
        u1 = u + ms * (a * (b * v - u))
        fire = v1 >= real(30)
        return np.where(fire, c, v1), np.where(fire, u1 + d, u1), fire, v1 - 30

    def izhikevich_float(self, kinds, weights, fired):
        v, u, rows = np.full(20, -65, F), np.full(20, -13, F), []
        for t in range(len(fired)):
            v, u, fire, _ = self.izhikevich_step(v, u, sums(weights, fired[t]), kinds)
            rows.append((fire, v, u))
        return [np.array(column) for column in zip(*rows)]

    def test_izhikevich_is_exact_on_reference(self):
        text, kinds, weights, fired = self.izhikevich_case()
        spikes, v, u = self.izhikevich_float(kinds, weights, fired)
        self.assertGreater(spikes.sum(axis=0).min(), 3, "every kind should spike")
        image, _ = self.compiled(text, "reference")
        for executor in ("jit", "interp"):
            found = self.run_image(image, fired, ["v", "u"], executor)["cells"]
            np.testing.assert_array_equal(found["spikes"], spikes)
            np.testing.assert_array_equal(found["v"], v)
            np.testing.assert_array_equal(found["u"], u)

    def test_izhikevich_on_loihi2_stays_within_the_stated_error(self):
        text, kinds, weights, fired = self.izhikevich_case()
        spikes, v, _ = self.izhikevich_float(kinds, weights, fired)
        image, report = self.compiled(text, "loihi2")
        found, arrived, formats = self.integer_run(image, report, fired, ["v", "u"])
        cells = found["cells"]
        before = [np.vstack([np.full(20, start), cells[state][:-1]]) for state, start in (("v", -65.0), ("u", -13.0))]
        v1, u1, fire, distance = self.izhikevich_step(*before, arrived["cells"], kinds, real=np.float64)
        clear = np.abs(distance) > report["quantisation"]["populations"][0]["comparison_error"]
        self.assertGreater(clear.mean(), 0.999)
        np.testing.assert_array_equal(cells["spikes"][clear], fire[clear])
        for state, exact in (("v", v1), ("u", u1)):
            low, high = formats["cells"][state]["low"], formats["cells"][state]["high"]
            error = np.abs(cells[state] - np.clip(exact, low, high))[clear].max()
            self.assertLessEqual(error, formats["cells"][state]["step_error"], state)
        self.assertLess(formats["cells"]["v"]["step_error"], 1e-2)
        # The float run with its input one step later, as every edge takes it on the chip: the cells do not start at rest, so shifting the
        # float run itself would compare other trajectories. Until a neuron's first differing spike the two stay within
        #   e_v' = |1 + ms (k2 (v + v') + 5)| e_v + ms (e_u + E) + s,   e_u' = |1 - ms a| e_u + ms a |b| e_v + s
        # with E what rounded weights leave out of the input and s the error of a step; a spike on both sides resets v to the same c.
        late = np.vstack([np.zeros((1, 16), bool), fired[:-1]])
        spikes, v, u = self.izhikevich_float(kinds, weights, late)
        rounding = np.abs(arrived["cells"] - late.astype(np.float64) @ weights.T.astype(np.float64))
        slip = 4 * np.finfo(F).eps * 200  # binary32 sums of terms of up to 200 mV
        step = {state: formats["cells"][state]["step_error"] + slip for state in ("v", "u")}
        a, b, ms = kinds[:, 0], kinds[:, 1], 0.5
        e_v, e_u, held = np.full(20, slip), np.full(20, slip), 0
        old = np.full(20, -65.0), np.full(20, -65.0)
        same = np.cumsum(cells["spikes"] != spikes, axis=0) == 0
        for t in range(len(fired)):
            growth = np.abs(1 + ms * (0.04 * (old[0] + old[1]) + 5))
            e_v, e_u = growth * e_v + ms * (e_u + rounding[t]) + step["v"], np.abs(1 - ms * a) * e_u + ms * a * np.abs(b) * e_v + step["u"]
            e_v = np.where(cells["spikes"][t] & spikes[t], step["v"], e_v)
            told = same[t] & (e_v < 1)  # A bound of more than a millivolt says nothing.
            self.assertTrue((np.abs(cells["v"][t] - v[t]) <= e_v)[told].all(), f"step {t + 1}")
            held += int(told.sum())
            old = cells["v"][t], v[t]
        self.assertGreater(held, 200)
        self.assertLessEqual(np.abs(cells["spikes"].sum(axis=0) - spikes.sum(axis=0)).max(), 2)  # of up to 91

    # --- Values in events --------------------------------------------------------------------------------------------------------

    def test_events_with_values_on_loihi2(self):
        random = np.random.default_rng(7)
        weights, mixing = F(random.normal(0, 2, (12, 10))), F(random.normal(0, 0.5, (6, 12)))
        text = f"""snn.network @delta dt 1.0e-3 {{
  snn.input @in shape [10]
  snn.population @senders model @delta_sender shape [12] params {{tau = 0.02}}
  snn.population @adders model @adder shape [6]
  snn.dense @feed from @in to @senders weights {dense(weights)}
  snn.dense @mix from @senders to @adders weights {dense(mixing)}
  snn.output @out from @adders
}}
"""
        fired = random.random((300, 10)) < 0.3
        image, report = self.compiled(text, "loihi2")
        found, arrived, formats = self.integer_run(image, report, fired, ["v", "sent"])
        self.assertGreater(found["senders"]["spikes"].sum(), 100)
        # A recorded value times its scale is what the state `sent` moved by, to half a payload unit.
        with h5py.File(self.tmp / "out-jit.h5") as f:
            group = f["populations/senders"]
            self.assertEqual(group["spike_values"].attrs["scale"], 2.0 ** -formats["senders"]["payload"]["fraction_bits"])
            moved = np.zeros((301, 12))
            moved[group["spike_steps"][()], group["spike_neurons"][()]] = group["spike_values"][()] * group["spike_values"].attrs["scale"]
            sent = np.vstack([np.zeros(12), group["sent"][()] * group["sent"].attrs["scale"]])
        self.assertLessEqual(np.abs(moved[1:] - np.diff(sent, axis=0)).max(), 0.51 * 2.0 ** -formats["senders"]["payload"]["fraction_bits"])
        # What the adders hold is the mixed sum of what the senders have sent, two steps later: nothing is lost on the way but the
        # rounding of weights and payloads. An event carries `moved` to half a payload unit.
        (mix,) = [p for p in report["quantisation"]["projections"] if p["name"] == "mix"]
        events = found["senders"]["spikes"].sum(axis=0)
        unit = 2.0 ** -formats["senders"]["payload"]["fraction_bits"]
        sent, held = found["senders"]["sent"], found["adders"]["v"]
        mix_error = mix["max_error"] / unit  # the report's unit folds the payload's in
        steps = np.arange(1, len(held))
        wanted = sent[steps - 1] @ mixing.T.astype(np.float64)
        travelled = np.abs(np.diff(np.vstack([np.zeros(12), sent]), axis=0)).sum(axis=0)
        bound = (np.abs(mixing) @ (0.51 * unit * events) + mix_error * travelled.sum()
                 + len(held) * formats["adders"]["v"]["step_error"])
        self.assertTrue((np.abs(held[steps] - wanted) <= bound).all())
        self.assertLess(bound.max(), 0.15 * np.abs(wanted).max(), "the bound should say something")
        # The same network in binary32.
        image, _ = self.compiled(text, "reference")
        exact = self.run_image(image, fired, ["v"])["senders"]
        self.assertLess(np.abs(found["senders"]["v"][1:] - exact["v"][:-1]).max(),
                        10 * report["quantisation"]["projections"][0]["max_error"] + 20 * formats["senders"]["v"]["step_error"] + 1e-5)
        # A chip without values in events says so, by name.
        self.fails("compile", self.tmp / "network.mlir", "--models", self.models, "--target", "loihi1", "-o", self.tmp / "no.rvi", code=3, rnv=5304)
        self.assertFalse((self.tmp / "no.rvi").exists())

    # --- Models and chips are files ----------------------------------------------------------------------------------------------

    def test_the_fixed_unit_refuses_them_by_name(self):
        for text, line in ((self.adaptive_case(1)[0], "adaptive_lif"), (self.izhikevich_case()[0], "izhikevich")):
            source = self.tmp / "refused.mlir"
            source.write_text(text)
            said = self.fails("compile", source, "--models", self.models, "--target", "loihi1", "-o", self.tmp / "no.rvi", code=3, rnv=5304)
            self.assertIn(f"@{line}", said)
            self.assertIn(f"{line}.mlir", said)
            report = self.json("check", source, "--models", self.models, "--target", "loihi1", code=3)
            self.assertFalse(report["runs"])
            self.assertTrue(self.json("check", source, "--models", self.models, "--target", "loihi2")["runs"])

    def test_loihi2_publishes_limits_and_says_what_is_unknown(self):
        text, _, fired = self.adaptive_case(1)[0], None, None
        image, _ = self.compiled(text, "loihi2")
        (chip,) = [c for c in self.json("targets")["targets"] if c["name"] == "loihi2"]
        self.assertEqual(chip["profile"], "int")
        self.assertTrue(chip["programmable"])
        data = self.tmp / "set.h5"
        with h5py.File(data, "w") as f:
            f["input_spikes"] = (np.random.default_rng(1).random((2, 20, 24)) < 0.3).astype(np.uint8)
        result = self.json("eval", image, "--data", data)
        self.assertIsNone(result["energy_uj"])
        self.assertIn("synapse_event", result["unknown_costs"])
        self.assertTrue(all(event["provenance"] == "unknown" for event in result["machine"]["costs"]["events"].values()))

    def data_folder(self, without=()):
        """A copy of the shipped chips and models."""
        folder = self.tmp / "data"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ROOT / "hw-models" / "chips", folder / "chips")
        shutil.copytree(ROOT / "models", folder / "models")
        for name in without:
            (folder / "models" / name).unlink()
        return {"RANVIER_DATA": str(folder)}

    def test_a_shipped_model_disappears_with_its_file(self):
        image, text = self.tmp / "digits.rvi", self.tmp / "text.mlir"
        compile_digits = ("compile", DIGITS / "network.nir", "--target", "loihi1", "-o", image)
        whole = self.data_folder()
        self.json(*compile_digits, env=whole)
        first = image.read_bytes()
        image.unlink()
        less = self.data_folder(without=["lif.mlir"])
        done = self.call(*compile_digits, env=less)
        self.assertEqual(done.returncode, 1)
        self.assertIn("RNV5205", done.stderr)
        self.assertIn("LIF", done.stderr)
        self.assertFalse(image.exists())
        # The same in text: the name means nothing any more, a model that stayed still does.
        text.write_text("snn.network @n dt 1.0e-3 {\n  snn.population @p model @lif shape [1] params {tau = 0.1, v_threshold = 1.0}\n}\n")
        done = self.call("compile", text, "--target", "loihi1", "-o", image, env=less)
        self.assertEqual(done.returncode, 1)
        self.assertIn("@lif", done.stderr)
        text.write_text("snn.network @n dt 1.0e-3 {\n  snn.population @p model @if shape [1] params {v_threshold = 1.0}\n}\n")
        self.json("compile", text, "--target", "loihi1", "-o", image, env=less)
        # And comes back with a file of the user's, which is all that a shipped model is.
        own = self.tmp / "own"
        own.mkdir(exist_ok=True)
        shutil.copy(ROOT / "models" / "lif.mlir", own / "my_neurons.mlir")
        self.json(*compile_digits, "--models", own, env=less)
        self.assertEqual(image.read_bytes(), first)

    def test_a_users_model_of_a_shipped_name_wins(self):
        own = self.tmp / "override"
        own.mkdir(exist_ok=True)
        (own / "if.mlir").write_text((ROOT / "models" / "if.mlir").read_text().replace("arith.cmpf ogt", "arith.cmpf oge"))
        text = self.tmp / "override.mlir"
        text.write_text("""snn.network @n dt 1.0e-3 {
  snn.input @in shape [1]
  snn.population @p model @if shape [1] params {v_threshold = 2.0}
  snn.connect @w from @in to @p "one_to_one" {} weights 1.0
}
""")
        fired, counts = np.ones((6, 1), bool), []
        for options in ((), ("--models", own)):
            self.json("compile", text, "--target", "reference", "-o", self.tmp / "o.rvi", *options)
            counts.append(int(self.run_image(self.tmp / "o.rvi", fired, [])["p"]["spikes"].sum()))
        self.assertEqual(counts, [2, 3])  # above 2: every third step; at 2: every second
        self.assertIn("spikes at v >= threshold", self.fails("compile", text, "--models", own, "--target", "loihi1", "-o", self.tmp / "o2.rvi", code=3, rnv=5304))
