# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks against an independent implementation: what the quantiser chose (docs/spec/target-semantics.md, Q1 to Q8), what the emulator
computes from it (U1, U3; microcode for generic models), and that nothing overflows that is promised not to (Q3, F6). Each case is a function of its
number, which a failure names; RANVIER_CASES=1000 runs more of them than the suite does."""

import json
import os
import re

import numpy as np

from integer_case import IntegerCase

CASES = int(os.environ.get("RANVIER_CASES", "40"))
STEPS = 60
DT = 1e-3

ADAPTIVE = """
snn.model @adaptive {
  %tau = snn.parameter "tau" : f32
  %base = snn.parameter "v_threshold" : f32
  %v = snn.state "v" : f32
  %b = snn.state "b" range [0.0, 4.0] : f32
  %x = snn.receive "x" : f32
  %y = snn.receive "y" range [-2.0, 2.0] : f32
  %dt = snn.timestep : f32
  %a = arith.divf %dt, %tau : f32
  %xy = arith.addf %x, %y : f32
  %d = arith.subf %xy, %v : f32
  %dv = arith.mulf %a, %d : f32
  %v1 = arith.addf %v, %dv : f32
  %keep = arith.constant 0.95 : f32
  %jump = arith.constant 0.25 : f32
  %zero = arith.constant 0.0 : f32
  %threshold = arith.addf %base, %b : f32
  %fire = arith.cmpf ogt, %v1, %threshold : f32
  %v2 = arith.select %fire, %zero, %v1 : f32
  %b0 = arith.mulf %b, %keep : f32
  %up = arith.addf %b0, %jump : f32
  %b1 = arith.select %fire, %up, %b0 : f32
  snn.update "v" = %v2 : f32
  snn.update "b" = %b1 : f32
  snn.spike %fire
}
"""


def text_of(values):
    values = np.asarray(values)
    inner = lambda v: "[" + ", ".join(inner(x) if np.ndim(x) else repr(float(x)) if values.dtype.kind == "f" else str(int(x)) for x in v) + "]"
    kind = "f32" if values.dtype.kind == "f" else "i64" if values.dtype == np.int64 else "i32"
    return f"dense<{inner(values)}> : tensor<{'x'.join(map(str, values.shape))}x{kind}>"


class Network:
    """A random network as snn text, with what a test needs to know about it."""

    NATIVE = ("lif", "cuba_lif", "if", "threshold")

    def __init__(self, seed, target=None):
        self.random = random = np.random.default_rng(seed)
        self.target = target or ("loihi2" if random.random() < 0.4 else "loihi1")
        self.bits = int(random.integers(1, 9))
        self.inputs = int(random.choice([random.integers(1, 12), 60], p=[0.8, 0.2]))
        self.populations, self.projections, lines = {}, {}, []
        models = list(self.NATIVE) + (["adaptive", "lif_subtract", "li"] if self.target in ("loihi2", "ranvier-n1") else [])
        for k in range(int(random.integers(1, 4))):
            self.population(f"p{k}", models[random.integers(len(models))])
        names = ["in"] + list(self.populations)
        for target in self.populations:
            for source in {names[random.integers(len(names))] for _ in range(2)} | ({"in"} if target == "p0" else set()):
                if self.populations.get(source, {}).get("model") == "li" and names.index(source) >= names.index(target):
                    continue  # no values in feedback loops (RNV5324)
                self.projection(f"w{len(self.projections)}", source, target)
        lines += [entry["text"] for entry in self.populations.values()] + [entry["text"] for entry in self.projections.values()]
        self.text = (ADAPTIVE if any(p["model"] == "adaptive" for p in self.populations.values()) else "") + f"snn.network @net dt 1.0e-3 {{\n  snn.input @in shape [{self.inputs}]\n" + \
            "\n".join("  " + line for line in lines) + "\n  snn.output @out from @p0\n}\n"
        self.fired = random.random((STEPS, self.inputs)) < random.choice([0.05, 0.3, 1.0])

    def number(self, low, high, count, same):
        values = self.random.uniform(low, high, 1 if same or self.random.random() < 0.5 else count)
        return values if len(values) > 1 else float(values[0])

    def population(self, name, model):
        count, random = int(self.random.integers(1, 9)), self.random
        same = random.random() < 0.5  # then neurons may share weights
        params = {}
        if model in ("lif", "lif_subtract", "adaptive", "li"):
            params["tau"] = self.number(1.1 * DT, 40 * DT, count, same)
        if model in ("lif", "lif_subtract", "li"):
            params |= {"r": self.number(0.5, 20, count, same), "v_leak": self.number(-0.3, 0.3, count, same)}
        if model == "cuba_lif":
            params |= {"tau_syn": self.number(1.05 * DT, 20 * DT, count, same), "tau_mem": self.number(1.1 * DT, 40 * DT, count, same),
                       "r": self.number(0.5, 5, count, same), "w_in": self.number(0.3, 3, count, same), "v_leak": self.number(-0.3, 0.3, count, same)}
        if model == "if":
            params["r"] = self.number(0.5, 2, count, same)
        if model == "threshold":
            params["threshold"] = self.number(0.05, 1, count, same)
        elif model != "li":
            params["v_threshold"] = self.number(0.5, 5, count, same)
        if model in ("lif", "cuba_lif", "if") and random.random() < 0.5:
            params["v_reset"] = self.number(-0.6, 0.4, count, same)
        init = {"v": self.number(-0.2, 0.4, count, same)} if model not in ("threshold", "adaptive", "li") and random.random() < 0.5 else {}
        shown = lambda values: ", ".join(f"{k} = {text_of(np.asarray(v)).replace('f32', 'f64') if np.ndim(v) else repr(v)}" for k, v in values.items())
        text = f"snn.population @{name} model @{model} shape [{count}] params {{{shown(params)}}}" + (f" init {{{shown(init)}}}" if init else "")
        self.populations[name] = {"model": model, "count": count, "same": same, "params": params, "init": init, "text": text}

    def weights(self, shape):
        values = self.random.normal(0, 1, shape) * 10 ** self.random.uniform(-1.5, 1.0)
        sign = self.random.integers(4)
        return np.float32(np.abs(values) if sign == 0 else -np.abs(values) if sign == 1 else values)

    def projection(self, name, source, target):
        random, to = self.random, self.populations[target]
        sources, targets = self.inputs if source == "in" else self.populations[source]["count"], to["count"]
        receptor = ' receptor "y"' if to["model"] == "adaptive" and random.random() < 0.3 else ""
        head, entry = f"@{name} from @{source} to @{target}", {"source": source, "target": target}
        kind = ["dense", "dense", "sparse", "rule"][random.integers(4)]
        if kind == "rule" and not to["same"]:
            kind = "sparse"
        delay = ["", f" delay {random.integers(0, 9)}", "per source", "drawn"][random.integers(4)]
        if kind == "dense":
            weights = self.weights((targets, sources))
            if delay == "per source":
                delay = f" delay {text_of(random.integers(0, 7, sources).astype(np.int32))}"
            elif delay == "drawn":
                delay = f" delay {text_of(random.integers(0, 7, (targets, sources)).astype(np.int32))}"
            bias = f" bias {text_of(np.float32(random.normal(0, 0.2, targets)))}" if random.random() < 0.4 else ""
            entry |= {"weights": weights, "text": f"snn.dense {head}{receptor}{delay} weights {text_of(weights)}{bias}"}
        elif kind == "sparse":
            present = random.random((targets, sources)) < 0.5
            rows, columns = np.concatenate([[0], present.sum(axis=1).cumsum()]), np.nonzero(present)[1].astype(np.int32)
            weights = self.weights(len(columns))
            if not len(columns):
                return self.projection(name, source, target)
            if delay in ("per source", "drawn"):
                delay = f" delay {text_of(random.integers(0, 7, len(columns)).astype(np.int32))}"
            whole = np.zeros((targets, sources), np.float32)
            whole[present] = weights
            entry |= {"weights": whole, "present": present,
                      "text": f"snn.sparse {head}{receptor}{delay} row_ptr {text_of(rows.astype(np.int64))} columns {text_of(columns)} weights {text_of(weights)}"}
        else:
            rule = ['"all_to_all" {}', '"fixed_probability" {p = 0.4}', '"fixed_in_degree" {k = 3}', '"fixed_total_number" {n = 9}'][random.integers(4)]
            delay = "" if delay in ("", "per source") else ' delay #snn.uniform<0.0, 6.0, seed = 2>' if delay == "drawn" else delay
            drawn = '#snn.normal<0.2, 0.4, clip = [-1.0, 2.0], seed = 8>' if random.random() < 0.5 else repr(float(random.normal(0, 1)))
            if delay.startswith(" delay #") and source == target:
                delay = ' delay #snn.uniform<1.0, 6.0, seed = 2>'
            entry |= {"text": f"snn.connect {head}{receptor}{delay} {rule} weights {drawn} seed {random.integers(100)}"}
        self.projections[name] = entry


class Numbers(IntegerCase):
    def check_native_numbers(self, network, name, report, model):
        """Q1 to Q8 for one population, from the text's own numbers."""
        entry, population = network.populations[name], model.populations[name]
        (said,) = [p for p in report["populations"] if p["name"] == name]
        count, params = entry["count"], entry["params"]
        value = lambda key, default: np.broadcast_to(np.asarray(params.get(key, default), np.float64), count)
        kind, single = entry["model"], lambda x: np.float64(np.float32(x))
        leak, reset = value("v_leak", 0.0), value("v_reset", 0.0)
        if kind == "cuba_lif":
            am, asyn = DT / value("tau_mem", 1), DT / value("tau_syn", 1)
            a, b, g, h, d = 1 - asyn, 1 - am, asyn * value("w_in", 1.0), am * value("r", 1.0), am * leak
        elif kind == "lif":
            am = DT / value("tau", 1)
            a, b, g, h, d = 0 * am, 1 - am, am * value("r", 1.0), 1 + 0 * am, am * leak
        elif kind == "if":
            a, b, g, h, d = np.zeros(count), np.ones(count), value("r", 1.0), np.ones(count), np.zeros(count)
        else:
            a, b, g, h, d = (np.full(count, x, np.float64) for x in (0, 0, 1, 1, 0))
        theta = value("threshold" if kind == "threshold" else "v_threshold", 1)
        word = lambda x: np.floor(x + 0.5)
        unit = model.unit
        full, offset, vstep = 1 << unit["decay_bits"], unit["current_decay_offset"], 1 << unit["threshold_shift"]
        np.testing.assert_array_equal(population.params["du"], np.clip(word(full * (1 - single(a))) - offset, 0, full - 1), "Q1")
        np.testing.assert_array_equal(population.params["dv"], np.clip(word(full * (1 - single(b))), 0, full - 1), "Q1")
        scale = said["scale"]
        bias = np.zeros(count)
        for projection in network.projections.values():
            if projection["target"] == name and " bias " in projection["text"]:
                listed = re.search(r" bias dense<\[(.*?)\]>", projection["text"]).group(1)
                bias += np.float64(np.float32([float(x) for x in listed.split(",")]))
        level = np.zeros(count)
        if kind == "cuba_lif":
            level = g * bias / (1 - a)  # K
        else:
            d = d + g * bias
        total = d + h * level - (1 - b) * reset
        # The bias is to half a grain of its exponent; scale and gains are known to binary32.
        grain = np.maximum(1, 2.0 ** np.ceil(np.log2(np.maximum(np.abs(scale * total), 1) / ((1 << (unit["bias_mantissa_bits"] - 1)) - 1))))
        parts = np.abs(d) + np.abs(h * level) + np.abs((1 - b) * reset)
        self.assertTrue((np.abs(population.params["bias"] - scale * total) <= 0.5 * grain + 4e-6 * scale * parts).all(), "Q6")
        # Models compute in binary32, so the threshold is known to half a unit in its last place.
        known = 2.0 ** -24 * scale * (np.abs(theta) + np.abs(reset)) / vstep
        self.assertTrue((np.abs(population.params["vth"] - scale * (theta - reset) / vstep) <= 0.5 + 1e-4 + known).all(), "Q5")
        if np.ptp(theta - reset) == 0:
            np.testing.assert_allclose(population.params["vth"] * vstep, scale * (theta - reset), rtol=1e-6, err_msg="Q4")
        for projection, given in network.projections.items():
            if given["target"] != name or "weights" not in given or network.populations.get(given["source"], {}).get("model") == "li":
                continue
            (numbers,) = [p for p in report["projections"] if p["name"] == projection]
            step = 1 if numbers["mode"] == "signed" else 2 ** (8 - network.bits + (numbers["mode"] == "mixed"))
            top = 2 ** network.bits - 1 if numbers["mode"] == "signed" else 255 // step * step
            low, high = {"mixed": (-256, top), "excitatory": (0, top), "inhibitory": (-top, 0), "signed": (-top, top)}[numbers["mode"]]
            real = given["weights"].astype(np.float64) * (g * h)[:, None] * scale / 2.0 ** (unit["input_shift"] + numbers["exponent"]) / step
            expected = np.clip(np.copysign(np.floor(np.abs(real) + 0.5), real) * step, low, high)
            words = np.zeros((count, network.inputs if given["source"] == "in" else network.populations[given["source"]]["count"]))
            rows = model.synapses.get(projection, np.zeros((0, 4), np.int64))
            words[rows[:, 1], rows[:, 0]] = rows[:, 3]
            tie = np.abs(np.abs(real) % 1 - 0.5) < 1e-5
            np.testing.assert_array_equal(words[~tie], expected[~tie], f"Q8: {projection}")

    def random_networks(self, first, target=None):
        """As many random networks as the suite runs; how often what was seen in them."""
        seen = {"native": 0, "fixed-point": 0, "negative exponent": 0, "bias": 0, "floor": 0, "spikes": 0, "graded": 0, "refused": 0}
        for case in range(first, first + CASES):
            network = Network(case, target)
            source, image = self.tmp / "net.mlir", self.tmp / "net.rvi"
            source.write_text(network.text)
            with self.subTest(case=case, target=network.target, bits=network.bits):
                done = self.call("compile", source, "--target", network.target, "--weight-bits", network.bits, "-o", image, "--json")
                if done.returncode:
                    # Some dynamic ranges do not fit; anything else has to work.
                    self.assertRegex(done.stderr, "RNV5303", network.text)
                    seen["refused"] += 1
                    continue
                report = json.loads(done.stdout)["quantisation"]
                self.assertTrue(self.json("verify", image, source)["equal"])
                model = self.compare(image, network.fired)
                self.assertEqual(model.overflows, [], "F6")
                self.assertEqual(model.wraps, [], "Q3")
                for entry in report["populations"]:
                    seen[entry["form"]] += 1
                    if entry["form"] == "native":
                        self.check_native_numbers(network, entry["name"], report, model)
                        seen["bias"] += int((model.populations[entry["name"]].params["bias"] != 0).any())
                        seen["floor"] += int((model.states[entry["name"]]["v"] == -(1 << 23) + 1).any())
                seen["negative exponent"] += sum(p["exponent"] < 0 for p in report["projections"])
                seen["graded"] += sum(p["model"] == "li" for p in network.populations.values())
                seen["spikes"] += sum(int(model.spikes[name].sum()) for name in network.populations)
        print(f"random networks on {target or 'loihi1 and loihi2'}: " + ", ".join(f"{count} {what}" for what, count in seen.items()))
        self.assertLess(seen["refused"], CASES / 4)
        return seen

    def test_random_networks(self):
        seen = self.random_networks(0)
        for what in ("native", "fixed-point", "negative exponent", "bias", "graded", "spikes"):
            self.assertGreater(seen[what], 0, what)

    def test_random_networks_on_ranvier_n1(self):
        """Its unit has no offset of the decay and saturates (U6); nothing may come near where it does."""
        seen = self.random_networks(7000, "ranvier-n1")
        for what in ("native", "fixed-point", "bias", "graded", "spikes"):
            self.assertGreater(seen[what], 0, what)
        self.assertEqual(seen["negative exponent"], 0)

    @staticmethod
    def chip(seed):
        """A chip with one fixed unit of drawn widths."""
        random = np.random.default_rng(2000 + seed)
        draw = lambda low, high: int(random.integers(low, high + 1))
        state = draw(12, 31)
        threshold_shift = draw(0, 6)
        least = draw(-8, 0)
        native = {"decay_bits": draw(4, 16), "current_decay_offset": draw(0, 2), "input_shift": draw(0, 8), "state_bits": state,
                  "current_wraps": str(bool(draw(0, 1))).lower(), "threshold_bits": draw(8, min(20, 31 - threshold_shift)), "threshold_shift": threshold_shift,
                  "bias_mantissa_bits": draw(4, 16), "bias_exponent_bits": draw(0, 4)}
        said = 'source: "drawn", status: defined'
        return f"""format: ranvier-chip
version: 1
name: drawn
arithmetic: {{profile: int, programmable: false, state_bits: {state}, {said}}}
delays: {{min_steps: 1, max_steps: 40, {said}}}
weights: {{min_bits: 1, max_bits: 8, min_exponent: {least}, max_exponent: {draw(least, 7)}, sign_modes: {str(bool(draw(0, 1))).lower()}, {said}}}
core: {{neurons: {{value: 64, {said}}}}}
native: {{form: cuba_lif, {", ".join(f"{k}: {v}" for k, v in native.items())}, {said}}}
topology: {{kind: mesh, tiles_x: 2, tiles_y: 2, {said}}}
"""

    def test_random_units(self):
        """The same on chips whose unit has other widths: nothing in Q and U is 24, 12 or 6 by itself."""
        refused, chip, source, image = 0, self.tmp / "drawn.yaml", self.tmp / "net.mlir", self.tmp / "net.rvi"
        for case in range(CASES):
            network = Network(5000 + case, target="drawn")
            chip.write_text(self.chip(case))
            source.write_text(network.text)
            with self.subTest(case=case, bits=network.bits):
                done = self.call("compile", source, "--target", chip, "--weight-bits", network.bits, "-o", image, "--json")
                if done.returncode:
                    self.assertRegex(done.stderr, "RNV5303", network.text)
                    refused += 1
                    continue
                self.assertTrue(self.json("verify", image, source)["equal"])
                model = self.compare(image, network.fired)
                self.assertEqual((model.overflows, model.wraps), ([], []), "Q3")
                report = json.loads(done.stdout)["quantisation"]
                for entry in report["populations"]:
                    self.check_native_numbers(network, entry["name"], report, model)
        print(f"random units: {CASES} chips, {refused} networks that did not fit")
        self.assertLess(refused, CASES / 2)

    def integer_network(self, case, program):
        """Integer words drawn at random, near and at their limits, straight into the unit (I1 to I5)."""
        random = np.random.default_rng(1000 + case)
        sources, count = int(random.integers(1, 10)), int(random.integers(1, 10))
        words = lambda low, high, n: text_of(random.choice([random.integers(low, high + 1, n), random.choice([low, high], n)]).astype(np.int32))

        def weights(shape):
            kind = random.integers(3)
            values = random.integers(0, 256, shape) if kind < 2 else 2 * random.integers(-128, 128, shape)
            return text_of((-values if kind == 1 else values).astype(np.int32))

        bias = random.integers(-4095, 4096, count) << random.integers(0, 8, count)
        return program + f"""
snn.network @net dt 1.0e-3 target "loihi1" {{
  snn.input @in shape [{sources}]
  snn.population @p model @{re.search("@([A-Za-z0-9_]+)", program).group(1)} shape [{count}] params {{du = {words(0, 4095, count)}, dv = {words(0, 4095, count)},
    vth = {words(0, 131071, count)}, bias = {text_of(bias.astype(np.int32))}}} init {{u = {words(-(1 << 23), (1 << 23) - 1, count)}, v = {words(-(1 << 23), (1 << 23) - 1, count)}}}
  snn.dense @feed from @in to @p delay {text_of(random.integers(1, 9, (count, sources)).astype(np.int32))} exponent {random.integers(-8, 8)} weights {weights((count, sources))}
  snn.dense @back from @p to @p delay {text_of(random.integers(1, 64, (count, count)).astype(np.int32))} exponent {random.integers(-8, 8)} weights {weights((count, count))}
  snn.output @out from @p
}}
""", random.random((STEPS, sources)) < 0.5

    def test_random_integer_networks(self):
        source, image = self.tmp / "one.mlir", self.tmp / "integer.rvi"
        source.write_text("snn.network @n dt 1.0e-3 {\n  snn.population @p model @lif shape [1] params {tau = 0.1, v_threshold = 1.0}\n}\n")
        self.json("compile", source, "--target", "loihi1", "--emit", "quantised", "-o", self.tmp / "one.quantised.mlir")
        program = re.search(r"snn\.program @\w+ .*", (self.tmp / "one.quantised.mlir").read_text()).group(0)
        wraps = floors = spikes = 0
        for case in range(CASES):
            text, fired = self.integer_network(case, program)
            source.write_text(text)
            with self.subTest(case=case):
                self.json("compile", source, "--target", "loihi1", "-o", image)
                model = self.compare(image, fired)
                wraps += len(model.wraps)
                floors += int((np.abs(model.states["p"]["v"]) == (1 << 23) - 1).sum())
        print(f"random integer networks: {CASES} networks, {wraps} steps in which a current wrapped, {floors} saturated voltages")
        self.assertGreater(wraps, 0)
        self.assertGreater(floors, 0)
