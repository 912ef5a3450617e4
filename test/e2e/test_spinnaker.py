# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks on `spinnaker1`: the standard models in s16.15 and ring buffers of 16 bits against integers that know the equations and clauses S1 to S3 of
docs/spec/target-semantics.md, not the compiler; what the chip cannot hold; how far s16.15 is from float."""

import math

import h5py
import numpy as np

from ranvier import ROOT, Case
from standard_models import BRIAN, MODELS, BrianCase, Standard, text

FRACTION, TOP = 15, 65535


def away(values):
    """To the nearest integer, ties away from zero."""
    values = np.asarray(values, np.float64)
    return (np.sign(values) * np.floor(np.abs(values) + 0.5)).astype(np.int64)


class Number:
    """Words of s16.15; operators as clauses S1 and S2 have them. A parameter (`Constant`) has the form that its use asks for. Everything saturates
    here: where the intervals exclude that it matters, the program may do without."""

    def __init__(self, words):
        self.words = np.clip(words, -(2**31), 2**31 - 1)

    @staticmethod
    def of(value):
        return value.words if isinstance(value, Number) else value.encoded(FRACTION)

    def __add__(self, other):
        return Number(self.words + Number.of(other))

    __radd__ = __add__

    def __sub__(self, other):
        return Number(self.words - Number.of(other))

    def __rsub__(self, other):
        return Number(Number.of(other) - self.words)

    def __mul__(self, other):
        words, fraction = (other.words, FRACTION) if isinstance(other, Number) else other.factor()
        return Number((self.words * words + (1 << (fraction - 1))) >> fraction)

    __rmul__ = __mul__

    def __le__(self, other):
        return self.words <= Number.of(other)

    def __ge__(self, other):
        return self.words >= Number.of(other)


class Constant:
    def __init__(self, real):
        self.real = np.asarray(real, np.float64)

    def encoded(self, fraction):
        return away(np.ldexp(self.real, fraction))

    def factor(self):
        fraction = 31 if np.floor(np.ldexp(np.abs(self.real).max(), 31) + 0.5) < 2**31 else FRACTION
        return self.encoded(fraction), fraction

    def __add__(self, other):
        return other + self

    def __sub__(self, other):
        return other.__rsub__(self)

    def __mul__(self, other):
        return other * self


class Fixed(dict):
    def __getattr__(self, name):
        return self[name]

    def __call__(self, value):
        return Constant(value)

    def initial(self, value):
        return Number(np.full(len(self["i_offset"]), away(math.ldexp(value, FRACTION))))

    @staticmethod
    def where(condition, yes, no):
        return Number(np.where(condition, Number.of(yes), Number.of(no)))


class RingBuffer:
    """Clause S3 for a one-to-one projection: a sum is one weight at most."""

    def __init__(self, weights, dt):
        rate = 30 * dt
        bound = max([weights.max(), *(weights * 2.0**-14), *(rate * weights + 5 * np.sqrt(rate * weights * weights.max()))])
        power = -40
        while 2.0**power <= bound:
            power += 1
        self.unit = max(2.0 ** (power - 16), 2.0**-FRACTION)
        self.words = np.minimum(away(weights / self.unit), TOP)
        self.shift = int(math.log2(self.unit)) + FRACTION

    def __call__(self, fired):
        return Number(np.minimum(self.words * fired, TOP) << self.shift)


class OnSpinnaker(Standard):
    def on_spinnaker(self, *case):
        """({state: words [steps, neurons]}, spikes) with delays of one step; what is sent in step s acts in s + 1."""
        return self.run_on("spinnaker1", 1, *case)


class Spinnaker(OnSpinnaker):
    def one(self, model, seed, dt):
        make, ranges, heaviest = MODELS[model]
        choose, count, steps = np.random.default_rng(seed), 60, 400
        parameters = Fixed({name: choose.uniform(*ends, count) for name, ends in ranges.items()})
        spikes = [choose.random((steps, count)) < rate for rate in (0.06, 0.04)]
        weights = [choose.uniform(0, most, count) for most in heaviest]
        rings = [RingBuffer(weight, dt) for weight in weights]
        twin = make(parameters, dt)
        states, fired = self.on_spinnaker(model, dt, parameters, spikes, weights, list(make.initial))
        for step in range(steps):
            arrived = [ring(given[step - 1] if step else np.zeros(count, bool)) for ring, given in zip(rings, spikes)]
            expected = twin(arrived)
            for name in make.initial:
                differ = np.flatnonzero(states[name][step] != twin.state[name].words)
                self.assertEqual(differ.tolist(), [], f"{name}, step {step + 1}: {states[name][step][differ[:1]]}, expected {twin.state[name].words[differ[:1]]}")
            self.assertEqual(np.flatnonzero(fired[step]).tolist(), np.flatnonzero(expected).tolist(), f"step {step + 1}")
        self.assertGreater(int(fired.any(axis=0).sum()), count // 3, "too few neurons fire for this to mean much")

    def test_every_model_in_every_word(self):
        for number, model in enumerate(MODELS):
            for dt in (1e-3, 1e-4):
                with self.subTest(model=model, dt=dt):
                    self.one(model, 10 * number + 2, dt)

    def test_ring_buffers_saturate(self):
        """300 spikes of one step onto one neuron: more than the estimate of the largest sum, so the sum stops at 2^16 - 1 units."""
        sources, weight = 300, 1.0
        rate = 30e-3
        bound = rate * sources * weight + 5 * math.sqrt(rate * sources * weight * weight)
        unit = 2.0 ** (math.floor(math.log2(bound)) + 1 - 16)
        self.assertGreater(sources * away(weight / unit), TOP)
        network, image, recording = (self.tmp / f"saturates.{suffix}" for suffix in ("mlir", "rvi", "h5"))
        network.write_text(f'''snn.network @saturates dt 1.0e-3 seed 1 {{
  snn.input @in shape [{sources}] source #snn.spike_list<[{", ".join(["1"] * sources)}], [{", ".join(map(str, range(sources)))}]>
  snn.population @cells model @if_curr_delta shape [1] params {{v_thresh = 90.0, tau_m = 20.0, cm = 20.0}}
  snn.connect @all from @in to @cells receptor "excitatory" delay 1 "all_to_all" {{}} weights {weight}
  snn.output @out from @cells
}}
''')
        self.json("compile", network, "--target", "spinnaker1", "-o", image)
        self.json("run", image, "--steps", 2, "--timing", "off", "-o", recording, "--record", "v")
        current = Number(np.array([int(TOP * unit * 2**FRACTION)]))  # R is 1
        decay = Constant(np.exp(-1 / 20))
        goal = current * Constant([1.0]) + Constant([-65.0])
        expected = goal - decay * (goal - Constant([-65.0]))
        with h5py.File(recording) as file:
            self.assertEqual(file["populations/cells/v"][1].tolist(), expected.words.tolist())

    def test_receptors_of_both_signs_are_divided(self):
        """Dense weights of both signs onto a model with one receptor, against the same with two receptors by hand; biases stay."""
        choose = np.random.default_rng(9)
        weights, steps = np.round(choose.uniform(-3, 3, (30, 20)), 3), 200
        rows = lambda values: "dense<[" + ", ".join("[" + ", ".join(map(repr, row.tolist())) + "]" for row in values) + "]> : tensor<30x20xf32>"
        bias = "dense<[" + ", ".join(f"{value:.2f}" for value in choose.uniform(0, 0.3, 30)) + "]> : tensor<30xf32>"
        head = """  snn.input @in shape [20] source #snn.poisson<[60.0], seed = 5>
"""
        model = lambda name, receivers: f"""snn.model @{name} {{
  %keep = arith.constant 0.9 : f32
  %v = snn.state "v" range [-100.0, 100.0] : f32
{receivers}  %kept = arith.mulf %keep, %v : f32
  %moved = arith.addf %kept, %sum : f32
  %top = arith.constant 5.0 : f32
  %zero = arith.constant 0.0 : f32
  %fire = arith.cmpf ogt, %moved, %top : f32
  %next = arith.select %fire, %zero, %moved : f32
  snn.update "v" = %next : f32
  snn.spike %fire
}}
"""
        one = model("one", '  %sum = snn.receive "x" : f32\n') + f"""snn.network @net dt 1.0e-3 seed 1 {{
{head}  snn.population @cells model @one shape [30]
  snn.dense @w from @in to @cells delay 1 weights {rows(weights)} bias {bias}
  snn.output @out from @cells
}}
"""
        two = model("two", '  %plus = snn.receive "x" : f32\n  %minus = snn.receive "y" : f32\n  %sum = arith.subf %plus, %minus : f32\n') + f"""snn.network @net dt 1.0e-3 seed 1 {{
{head}  snn.population @cells model @two shape [30]
  snn.dense @w from @in to @cells receptor "x" delay 1 weights {rows(np.maximum(weights, 0))} bias {bias}
  snn.dense @m from @in to @cells receptor "y" delay 1 weights {rows(np.maximum(-weights, 0))}
  snn.output @out from @cells
}}
"""
        recordings = []
        for name, source in (("one", one), ("two", two)):
            network, image, recording = (self.tmp / f"{name}.{suffix}" for suffix in ("mlir", "rvi", "h5"))
            network.write_text(source)
            self.json("compile", network, "--target", "spinnaker1", "-o", image)
            self.json("run", image, "--steps", steps, "--timing", "off", "-o", recording, "--record", "spikes,v")
            recordings.append(recording)
        with h5py.File(recordings[0]) as first, h5py.File(recordings[1]) as second:
            self.assertTrue((first["populations/cells/v"][()] == second["populations/cells/v"][()]).all())
            self.assertEqual(first["populations/cells/spike_steps"][()].tolist(), second["populations/cells/spike_steps"][()].tolist())
            self.assertGreater(len(first["populations/cells/spike_steps"]), 200)
            self.assertLess(int(first["populations/cells/v"][()].min()), 0)

    def test_digits(self):
        """The network of examples/digits, from NIR: one receptor for both signs."""
        image = self.tmp / "digits.rvi"
        self.json("compile", ROOT / "examples" / "digits" / "network.nir", "--target", "spinnaker1", "-o", image)
        accuracy = self.json("eval", image, "--data", ROOT / "examples" / "digits" / "test_set.h5", "--timing", "off")["accuracy"]
        self.assertEqual(self.call("verify", image, ROOT / "examples" / "digits" / "network.nir").returncode, 0)
        notes = self.call("check", ROOT / "examples" / "digits" / "network.nir", "--target", "spinnaker1")
        self.assertEqual(notes.returncode, 0)
        self.assertIn("at most 16 bits and a sign, state to 32 bits, of which 15 are fraction", notes.stdout + notes.stderr)
        print(f"digits on spinnaker1: {100 * accuracy:.2f} %")
        self.assertGreaterEqual(accuracy, 0.975)

    def test_any_number_of_cores_and_threads_gives_the_same(self):
        """1,000 neurons on four cores and on ten, whose weights have the same units: they are the population's."""
        network = self.tmp / "many.mlir"
        network.write_text('''snn.network @many dt 1.0e-3 seed 3 {
  snn.input @in shape [200] source #snn.poisson<[40.0], seed = 5>
  snn.population @cells model @if_curr_exp shape [1000] params {i_offset = #snn.uniform<0.0, 0.8, seed = 2>}
  snn.connect @from_in from @in to @cells receptor "excitatory" delay 1 "fixed_probability" {p = 0.1} weights #snn.uniform<0.1, 0.5, seed = 4>
  snn.connect @inner from @cells to @cells receptor "inhibitory" delay 3 "fixed_probability" {p = 0.05} weights 0.05
  snn.output @out from @cells
}
''')
        small = self.tmp / "small.yaml"
        small.write_text((ROOT / "hw-models" / "chips" / "spinnaker1.yaml").read_text().replace("neurons: {value: 256,", "neurons: {value: 100,"))
        recordings = []
        for chip, threads in (("spinnaker1", 1), ("spinnaker1", 2), (small, 2)):
            image, recording = self.tmp / "many.rvi", self.tmp / f"many{len(recordings)}.h5"
            cores = self.json("compile", network, "--target", chip, "-o", image)["mapping"]["cores"]["used"]
            self.json("run", image, "--steps", 300, "--threads", threads, "--timing", "off", "-o", recording, "--record", "spikes,v")
            recordings.append(recording)
            self.assertEqual(cores, 10 if chip == small else 4)
        for other in recordings[1:]:
            self.assertEqual(self.call("diff", recordings[0], other).returncode, 0)
        with h5py.File(recordings[0]) as file:
            self.assertGreater(len(file["populations/cells/spike_steps"]), 1000)

    def test_what_it_cannot_hold_is_refused_by_name(self):
        def network(connect, model="if_curr_exp", given=""):
            path = self.tmp / "refused.mlir"
            path.write_text(f"snn.network @refused dt 1.0e-3 seed 1 {{\n  snn.input @in shape [4]\n  snn.population @cells model @{model} shape [4] params {{{given}}}\n"
                            f"  snn.connect @c from @in to @cells {connect}\n  snn.output @out from @cells\n}}\n")
            return path

        out = self.tmp / "refused.rvi"
        compile_ = lambda path, *more: ("compile", path, "--target", "spinnaker1", "-o", out, *more)
        ranged = network('delay 1 "one_to_one" {} weights -1.0', model="ranged")
        ranged.write_text('snn.model @ranged {\n  %v = snn.state "v" range [-9.0, 9.0] : f32\n  %x = snn.receive "x" range [-2.0, 2.0] : f32\n  snn.update "v" = %x : f32\n}\n' + ranged.read_text())
        self.assertIn("x_inhibitory", self.fails(*compile_(ranged), code=3, rnv=5325))
        self.fails(*compile_(network('delay 145 "one_to_one" {} weights 1.0')), code=3)
        wide = network('delay 1 "one_to_one" {} weights 1.0', model="wide")
        wide.write_text('snn.model @wide {\n  %v = snn.state "v" range [0.0, 40000.0] : f32\n  %x = snn.receive "x" : f32\n  snn.update "v" = %x : f32\n}\n' + wide.read_text())
        self.assertIn("15 fraction bits", self.fails(*compile_(wide), code=3, rnv=5404))
        self.fails(*compile_(network('delay 1 "one_to_one" {} weights 1.0'), "--weight-bits", 8), rnv=5322)
        self.assertFalse(out.exists())


class FixedPointInBrian(OnSpinnaker, BrianCase):
    def test_100_neurons_over_a_second_in_fixed_point(self):
        """A constant current each, 1 ms: LIF neurons within a step of Brian2; how far the others are in a second is printed."""
        for model in BRIAN:
            with self.subTest(model=model):
                parameters, spikes, weights = self.drive(model, 1e-3, with_spikes=False)
                _, ours = self.on_spinnaker(model, 1e-3, parameters, spikes, weights, [])
                counts, furthest, near = self.apart(ours, self.brian(model, 1e-3, parameters["i_offset"], spikes, weights, constant=True))
                print(f"{model} in s16.15: {counts} neurons with another number of spikes, furthest {furthest} steps, {100 * near:.1f} % within one")
                self.assertGreater(int(ours.sum()), 1000)
                if not model.startswith("izk"):
                    self.assertEqual((counts, furthest <= 1), (0, True))
